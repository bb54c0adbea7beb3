"""Exported, read back exactly, and run by no spreadsheet (hostile inputs 9.1 to 9.5)."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.reports import COLUMNS, as_csv, export, read_csv, unguard
from monitor.reports.csv_file import write_csv
from monitor.store import Store, schema
from monitor.store.export import pages
from tests.builders import NOON
from tests.reports.hostile import LONG, TEXTS
from tests.reports.mentions import put_case, put_mention, put_reply

DOCS = Path(__file__).parents[2] / "docs" / "csv.md"
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
STORED = [text for text in [*TEXTS, *LONG] if "\0" not in text]  # no database of ours is given a NUL
NULLABLE = (
    "title",
    "url",
    "author",
    "place",
    "product",
    "app_version",
    "country",
    "answer_url",
    "thread_id",
    "parent_id",
)


def a_row(**values: Any) -> tuple[Any, ...]:
    row: dict[str, Any] = {**dict.fromkeys(COLUMNS), "id": 1, "source": "shop", "text": "", "version": 1}
    return tuple({**row, **values}.values())


def csv_of(*rows: Sequence[Any], excel: bool = False) -> bytes:
    return as_csv([rows], excel=excel)


def read_by_hand(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def read_as_documented(path: Path) -> Any:
    """Run the second block of docs/csv.md, which needs nothing but pandas, on a file."""
    code = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    names: dict[str, Any] = {}
    exec(code.replace('"reviews.csv"', repr(str(path))), names)
    return names["frame"]


@pytest.fixture
def hostile_file(store: Store, tmp_path: Path) -> Path:
    """A file with every hostile text in every column of text."""
    with store.write() as conn:
        for number, text in enumerate(STORED, 1):
            put_mention(
                conn,
                number,
                text=text,
                external_id=f"{text[:200]}#{number}",
                topics=[text[:100]],
                reasons=[{"code": "words", "text": text[:100], "words": ["=1+1;-2", text[:20]]}],
                **dict.fromkeys(NULLABLE, text[:5000] or None),
            )
            if number < 20:
                put_reply(conn, number, text or " ")
                put_case(conn, number, assignee=text or None, resolution=text or None)
    export(store, tmp_path / "reviews.csv")
    return tmp_path / "reviews.csv"


def pandas_here(path: Path) -> Any:
    return read_csv(path)


@pytest.mark.parametrize("read", [read_as_documented, pandas_here])
def test_every_hostile_text_is_read_back_exactly_in_every_column(
    store: Store, hostile_file: Path, read: Callable[[Path], Any]
) -> None:
    frame = read(hostile_file)

    with store.read() as conn:
        expected = [row for page in pages(conn) for row in page]
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == len(STORED)
    for position, (name, kind) in enumerate(COLUMNS.items()):
        cells = frame[name].astype(object)
        found = list(cells.where(cells.notna(), None))
        if kind == "time":
            found = [at and at.isoformat(timespec="microseconds") for at in found]
        if kind == "boolean":
            found = [value if value is None else str(value).lower() for value in found]
        assert found == [row[position] for row in expected], name


def test_numbers_stay_numbers(store: Store, tmp_path: Path) -> None:
    with store.write() as conn:
        put_mention(
            conn, 1, rating=2 / 3, badness=0.1, audience=9_007_199_254_740_993, external_id="12345678901234567890"
        )
        put_mention(conn, 2, rating=None, badness=None)

    export(store, tmp_path / "a.csv")
    frame = read_csv(tmp_path / "a.csv")

    assert [str(frame[name].dtype) for name in ("id", "rating", "audience")] == ["Int64", "Float64", "Int64"]
    assert frame["rating"][0] == 2 / 3
    assert frame["badness"][0] == 0.1
    assert frame["audience"][0] == 9_007_199_254_740_993
    assert frame["external_id"][0] == "12345678901234567890"
    assert frame["rating"].isna()[1]


def test_both_databases_give_the_same_bytes(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    from monitor.store import open_store

    written = []
    for number, url in enumerate((sqlite_url, postgres_url)):
        with open_store(url, now=NOON) as store:
            with store.write() as conn:
                for n, text in enumerate(STORED[:60], 1):
                    put_mention(conn, n, text=text, rating=n / 7, updated_at=NOON + timedelta(microseconds=n))
                put_case(conn, 1, answer_seen_at=NOON)
                conn.execute(
                    schema.mention_brands.insert(), [{"mention_id": 1, "brand": b} for b in ("b", "B", "ä", "a")]
                )
            export(store, tmp_path / f"{number}.csv")
            written.append((tmp_path / f"{number}.csv").read_bytes())

    assert written[0] == written[1]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_one_row_stays_one_row_and_the_text_is_whole(text: str) -> None:
    [row] = read_by_hand(csv_of(a_row(text=text, author=text, reasons=text)))

    expected = text.replace("\0", "\ufffd")
    assert [unguard(row[name]) for name in ("text", "author", "reasons")] == [expected] * 3
    assert row["id"] == "1"


@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{len(text)} of {text[0]!r}")
def test_a_long_text_is_whole_in_csv(text: str) -> None:
    csv.field_size_limit(10**9)
    [row] = read_by_hand(csv_of(a_row(text=text)))

    assert unguard(row["text"]) == text


def test_there_is_a_byte_order_mark_for_excel_and_none_otherwise() -> None:
    plain, excel = csv_of(a_row(text="🙈")), csv_of(a_row(text="🙈"), excel=True)

    assert excel == b"\xef\xbb\xbf" + plain
    assert plain.startswith(b"id,source,")


def test_pandas_reads_the_file_for_excel_all_the_same(store: Store, tmp_path: Path) -> None:
    with store.write() as conn:
        put_mention(conn, 1, text="=é🙈")

    export(store, tmp_path / "a.csv", excel=True)

    assert read_as_documented(tmp_path / "a.csv")["text"][0] == "=é🙈"


def test_every_row_ends_with_crlf_and_a_lone_cr_is_quoted() -> None:
    content = csv_of(a_row(text="a\rb"), a_row(text="plain"))

    assert content.count(b"\r\n") == 3
    assert b'"a\rb"' in content


def test_an_export_of_nothing_is_a_header() -> None:
    stream = io.BytesIO()

    assert write_csv([], stream) == 0
    assert stream.getvalue().decode() == ",".join(COLUMNS) + "\r\n"


# --- a real spreadsheet --------------------------------------------------------------------------

SEPARATORS = {"comma": 44, "semicolon": 59, "tab": 9, "bar": 124, "space": 32, "comma, semicolon and tab": "44/59/9"}
RARE = ("bar", "space", "comma, semicolon and tab")


def opened_in_libreoffice(path: Path, separator: int | str, folder: Path) -> str:
    """Return the content of a CSV as LibreOffice understands it, with formulas evaluated where it sees any."""
    if SOFFICE is None:
        pytest.skip("LibreOffice is not installed (Debian: libreoffice-calc-nogui): no spreadsheet to open it with")
    options = f"CSV:{separator},34,76,1,,0,false,true,false,false,false,-1"
    command = [
        SOFFICE,
        "--headless",
        f"-env:UserInstallation=file://{folder}/profile",
        "--convert-to",
        "ods",
        f"--infilter={options}",
        "--outdir",
        str(folder),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(folder / f"{path.stem}.ods") as archive:
        return archive.read("content.xml").decode()


@pytest.fixture(scope="module")
def hostile_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "reviews.csv"
    rows = [a_row(id=n, text=t, author=t, reasons=f'["{t}", "x;=1+1"]') for n, t in enumerate(_sheet_texts(), 1)]
    path.write_bytes(csv_of(*rows))
    return path


def _sheet_texts() -> Iterator[str]:
    yield from TEXTS
    for text in TEXTS:
        yield f"before;{text}"
        yield f"before\t{text}"
        yield f"before\n{text}"


@pytest.mark.parametrize(
    "separator",
    [
        pytest.param(value, id=name, marks=pytest.mark.slow if name in RARE else ())
        for name, value in SEPARATORS.items()
    ],
)
def test_libreoffice_finds_no_formula_whatever_separator_is_chosen(
    hostile_csv: Path, separator: int | str, tmp_path: Path
) -> None:
    content = opened_in_libreoffice(hostile_csv, separator, tmp_path)

    assert content.count("<table:table-row") > len(TEXTS)
    assert "table:formula" not in content


@pytest.mark.slow
def test_libreoffice_would_have_found_formulas_without_the_apostrophes(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text('id,text\n1,=1+1\n2,"x;=1+1"\n')

    assert opened_in_libreoffice(tmp_path / "bad.csv", 44, tmp_path).count("table:formula") == 1
    assert opened_in_libreoffice(tmp_path / "bad.csv", 59, tmp_path).count("table:formula") == 1
