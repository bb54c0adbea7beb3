"""JSON lines, Excel, Parquet; and files that cannot be written (hostile inputs 9.3 to 9.6)."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from monitor.errors import UsageError
from monitor.reports import COLUMNS, FORMATS, excel, export, rows
from monitor.store import Store
from tests.builders import NOON
from tests.reports.hostile import LONG, LOOKS_LIKE, TEXTS
from tests.reports.mentions import put_case, put_mention
from tests.reports.test_csv import a_row, opened_in_libreoffice
from tests.store.processes import ROOT

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STORED = [text for text in TEXTS if "\0" not in text]


def fill(store: Store, texts: list[str]) -> None:
    with store.write() as conn:
        for number, text in enumerate(texts, 1):
            put_mention(conn, number, text=text, title=text or None, rating=number / 3, topics=[text])
        put_case(conn, 1, answer_seen_at=NOON, due_at=NOON)


def stored_rows(store: Store) -> list[dict[str, Any]]:
    with store.read() as conn:
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows(conn)]


def cells(path: Path, sheet: int = 1) -> list[dict[str, tuple[str, str]]]:
    """Return (type, value) by column for every row of a sheet, read from the bare XML."""
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert root.find(f".//{SHEET}f") is None, "there is a formula"
    found = []
    for row in root.iter(f"{SHEET}row"):
        values = {}
        for cell in row:
            column = re.sub(r"\d", "", cell.attrib["r"])
            text = "".join(part.text or "" for part in cell.iter(f"{SHEET}t"))
            number = cell.findtext(f"{SHEET}v", "")
            values[column] = (cell.attrib.get("t", "n"), _unescaped(text) or number)
        found.append(values)
    return found


def _unescaped(text: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def column_of(name: str) -> str:
    position = list(COLUMNS).index(name)
    return chr(65 + position) if position < 26 else "A" + chr(65 + position - 26)


def test_json_lines_are_objects_with_real_lists(store: Store, tmp_path: Path) -> None:
    fill(store, STORED)

    assert export(store, tmp_path / "a.jsonl") == len(STORED)

    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(STORED)
    for line, row in zip(lines, stored_rows(store), strict=True):
        expected = row | {name: json.loads(row[name]) for name in ("topics", "reasons")}
        expected["answer_seen"] = {"true": True, "false": False, None: None}[row["answer_seen"]]
        assert json.loads(line) == expected


def test_parquet_has_instants_numbers_and_exact_text(store: Store, tmp_path: Path) -> None:
    from pyarrow import parquet

    fill(store, STORED)

    assert export(store, tmp_path / "a.parquet") == len(STORED)

    found = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    for row, expected in zip(found, stored_rows(store), strict=True):
        for name, kind in COLUMNS.items():
            value = expected[name]
            if kind == "time" and value:
                value = datetime.fromisoformat(value)
            if kind == "boolean" and value:
                value = value == "true"
            assert row[name] == value, name


def test_excel_has_text_cells_for_text_whatever_it_looks_like(store: Store, tmp_path: Path) -> None:
    texts = [text for text in STORED if text]
    fill(store, texts)

    assert export(store, tmp_path / "a.xlsx") == len(texts)

    header, *found = cells(tmp_path / "a.xlsx")
    assert [value for _, value in header.values()] == list(COLUMNS)
    for row, expected in zip(found, stored_rows(store), strict=True):
        kind, text = row[column_of("text")]
        assert kind in ("inlineStr", "s", "str")
        assert text.replace("\r\n", "\n") == expected["text"].replace("\r\n", "\n")
        assert row[column_of("rating")][0] == "n"
        assert float(row[column_of("rating")][1]) == pytest.approx(expected["rating"], rel=1e-15)
    assert found[0][column_of("answer_seen")] == ("b", "1")
    assert found[0][column_of("due_at")][0] != "n"
    assert column_of("assignee") not in found[0]


@pytest.mark.parametrize("text", LOOKS_LIKE)
def test_what_looks_like_a_number_or_a_date_is_a_text_cell(text: str, tmp_path: Path) -> None:
    with (tmp_path / "a.xlsx").open("wb") as stream:
        excel.write_xlsx([[a_row(text=text, external_id=text)]], stream)

    row = cells(tmp_path / "a.xlsx")[1]

    assert row[column_of("external_id")] == ("inlineStr", text)
    assert row[column_of("text")] == ("inlineStr", text)


@pytest.mark.parametrize("text", [*TEXTS, "\x01\x1b[31m", "_x000D_", "a_x0041_b"], ids=ascii)
def test_any_text_makes_a_sheet_that_can_be_read(text: str, tmp_path: Path) -> None:
    with (tmp_path / "a.xlsx").open("wb") as stream:
        excel.write_xlsx([[a_row(text=text or "-")]], stream)

    kind, found = cells(tmp_path / "a.xlsx")[1][column_of("text")]

    assert kind == "inlineStr"
    assert found.replace("\r\n", "\n").replace("\r", "\n") == (text or "-").replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("text", "whole"),
    [("x" * 32_766, True), ("x" * 32_767, True), ("x" * 32_768, False), ("🙈" * 16_383, True), ("🙈" * 16_384, False)],
    ids=["limit - 1", "limit", "limit + 1", "astral, limit - 1", "astral, limit + 1"],
)
def test_a_text_over_the_limit_of_a_cell_is_cut_with_a_mark(text: str, whole: bool) -> None:
    shown = excel.fitted(text)

    assert len(shown.encode("utf-16-le")) // 2 <= excel.MAX_CELL
    assert (shown == text) == whole
    if not whole:
        assert shown.endswith(f" [shortened, {len(text)} characters]")
        assert len(shown.encode("utf-16-le")) // 2 >= excel.MAX_CELL - 1


@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{len(text)} of {text[0]!r}")
def test_a_long_text_never_loses_its_row(text: str, tmp_path: Path) -> None:
    with (tmp_path / "a.xlsx").open("wb") as stream:
        assert excel.write_xlsx([[a_row(text=text)]], stream) == 1

    assert cells(tmp_path / "a.xlsx")[1][column_of("text")][1] == excel.fitted(text)


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MAX_ROWS", 4)

    with (tmp_path / "a.xlsx").open("wb") as stream:
        assert excel.write_xlsx([[a_row(id=n) for n in range(7)]], stream) == 7

    found = [[row["A"][1] for row in cells(tmp_path / "a.xlsx", sheet)] for sheet in (1, 2, 3)]
    assert found == [["id", "0", "1", "2"], ["id", "3", "4", "5"], ["id", "6"]]


@pytest.mark.slow
def test_libreoffice_opens_the_workbook_and_finds_no_formula(tmp_path: Path) -> None:
    with (tmp_path / "a.xlsx").open("wb") as stream:
        excel.write_xlsx([[a_row(id=n, text=text) for n, text in enumerate(TEXTS)]], stream)

    content = opened_in_libreoffice(tmp_path / "a.xlsx", "", tmp_path)

    assert "table:formula" not in content
    assert content.count("1+1") > 50


# --- which file, which format --------------------------------------------------------------------


def test_the_format_is_that_of_the_name_unless_it_is_said(file_store: Store, tmp_path: Path) -> None:
    fill(file_store, ["a"])

    for name, start in (
        ("a.csv", b"id,"),
        ("a", b"id,"),
        ("a.JSONL", b'{"id"'),
        ("a.xlsx", b"PK"),
        ("a.parquet", b"PAR1"),
    ):
        export(file_store, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    export(file_store, tmp_path / "b.csv", format="jsonl")
    assert (tmp_path / "b.csv").read_bytes().startswith(b'{"id"')


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "pdf"}, "no format 'pdf'. Known: csv, jsonl, xlsx, parquet"),
        ({"format": "xlsx", "excel": True}, "CSV"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    file_store: Store, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        export(file_store, tmp_path / "a", **options)

    assert not (tmp_path / "a").exists()


def test_progress_is_told(file_store: Store, tmp_path: Path) -> None:
    fill(file_store, ["a", "b"])
    told: list[int] = []

    export(file_store, tmp_path / "a.csv", progress=told.append)

    assert told == [2]


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_in_the_place_of_the_file(file_store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(UsageError, match="is a folder"):
        export(file_store, tmp_path / "out", format=name)


EXPORT = """
import os, resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from monitor.errors import MonitorError
from monitor.reports import export
from monitor.store import open_store
store = open_store(sys.argv[1], now=datetime(2026, 11, 24, tzinfo=UTC))
"""
FULL = """
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try: export(store, Path(sys.argv[2]))
except MonitorError as error: print(error)
"""
KILLED = """
export(store, Path(sys.argv[2]), progress=lambda count: os.kill(os.getpid(), signal.SIGKILL))
"""


def run(code: str, store: Store, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", EXPORT + code, f"sqlite:///{store.path}", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def large(file_store: Store) -> Store:
    with file_store.write() as conn:
        for number in range(1, 1200):
            put_mention(conn, number, text=f"{number} {hash(number)}" * 8)
    return file_store


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "csv" else pytest.mark.slow) for name in FORMATS]
)
def test_a_full_disk_never_leaves_half_a_file(large: Store, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"a.{name}"
    target.write_bytes(b"old")

    ended = run(FULL, large, target)

    assert "was not written: the file would be larger" in ended.stdout, ended.stderr
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_an_export_that_is_killed_half_way_never_leaves_half_a_file(large: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.csv"

    ended = run(KILLED, large, target)

    assert ended.returncode == -signal.SIGKILL
    assert not target.exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(large: Store, tmp_path: Path) -> None:
    import tracemalloc

    def peak(write: Callable[[], object]) -> int:
        tracemalloc.start()
        write()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    from monitor.reports.csv_file import write_csv

    page = [a_row(id=n, text="waited 40 minutes " * 20) for n in range(1000)]
    with (tmp_path / "a.csv").open("wb") as stream:
        write_csv([page], stream)
        one = peak(lambda: write_csv([page], stream))
        forty = peak(lambda: write_csv((page for _ in range(40)), stream))

    assert forty < one * 1.2
