"""Everything out and everything in, exactly, on either database and from one to the other."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import __version__
from monitor.errors import StoreError, UsageError
from monitor.store import Store, open_store, schema
from monitor.store.migrations import OWN, Migrations
from monitor.store.moving import Key, export_all, import_all
from tests.builders import NOON
from tests.store.rows import everything


@pytest.fixture
def exported(filled: Store, tmp_path: Path) -> Path:
    export_all(filled, tmp_path / "out", now=NOON)
    return tmp_path / "out"


def held(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as conn:
        return everything(conn)


def test_every_table_comes_back_exactly_on_either_database(filled: Store, exported: Path, new_store: Store) -> None:
    import_all(new_store, exported)

    found, before = held(new_store), held(filled)

    assert before.pop("tokens")
    assert found.pop("tokens") == []
    for name, rows in before.items():
        assert found[name] == rows, name
        assert rows or name == "meta"


def test_a_null_in_json_and_nothing_at_all_stay_apart(filled: Store, exported: Path) -> None:
    with filled.read() as conn:
        flags = list(conn.execute(sa.select(schema.mentions.c.flags, schema.mentions.c.flags.is_(sa.null()))))
    assert (None, True) in [(value, bool(nothing)) for value, nothing in flags]
    assert (None, False) in [(value, bool(nothing)) for value, nothing in flags]

    with (exported / "mentions.csv").open(newline="", encoding="utf-8") as stream:
        cells = {row["flags"] for row in csv.DictReader(stream)}

    assert {"", "null"} <= cells


def test_tokens_are_never_exported(exported: Path) -> None:
    everything_there = "".join(path.read_text(encoding="utf-8") for path in exported.iterdir())

    assert not (exported / "tokens.csv").exists()
    assert "tokens" not in json.loads((exported / "tables.json").read_text())["tables"]
    assert "tokens.csv" not in everything_there


def test_a_new_row_after_an_import_gets_a_new_number(an_export: Path, new_store: Store) -> None:
    import_all(new_store, an_export)

    with new_store.write() as conn:
        gaps = schema.gaps
        gap_id = conn.scalar(gaps.insert().values(source="s", from_at=NOON, why="x").returning(gaps.c.id))
        case = {"state": "open", "severity": "high", "opened_at": NOON, "ladder": []}
        case_id = conn.scalar(schema.cases.insert().values(case).returning(schema.cases.c.id))
    assert (gap_id, case_id) == (13, 13)


def test_numbers_of_erased_cases_are_not_given_again_after_a_move(
    store: Store, new_store: Store, tmp_path: Path
) -> None:
    case = {"state": "open", "severity": "high", "opened_at": NOON, "ladder": []}
    with store.write() as conn:
        for _ in range(3):
            conn.execute(schema.cases.insert().values(case))
        conn.execute(schema.cases.delete())
    export_all(store, tmp_path / "out", now=NOON)

    import_all(new_store, tmp_path / "out")
    with new_store.write() as conn:
        assert conn.scalar(schema.cases.insert().values(case).returning(schema.cases.c.id)) == 4


def test_no_formula_is_in_any_file_of_an_export(exported: Path) -> None:
    for path in exported.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                for name, cell in row.items():
                    if not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", cell):
                        assert not cell.lstrip().startswith(("=", "+", "-", "@")), (path.name, name, cell)


def test_the_readme_says_how_pandas_reads_it_and_which_keys_to_revoke(filled: Store, tmp_path: Path) -> None:
    keys = [Key('accounts "x-acme": token', "https://x.example, Keys and tokens")]

    export_all(filled, tmp_path / "out", now=NOON, keys=keys)

    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert '- accounts "x-acme": token: https://x.example, Keys and tokens' in text
    assert f"version {__version__}" in text


def test_pandas_reads_every_table_as_the_readme_says(
    filled: Store, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    monkeypatch.chdir(exported)

    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)

    for table in schema.metadata.sorted_tables:
        if table.name == "tokens":
            continue
        frame = names[table.name]
        with filled.read() as conn:
            rows = list(conn.execute(sa.select(table).order_by(*table.primary_key.columns)))
        assert len(frame) == len(rows)  # type: ignore[arg-type]
        for column in table.columns:
            if not isinstance(column.type, sa.JSON):
                cells = frame[column.name].astype(object)  # type: ignore[index]
                read = list(cells.where(cells.notna(), None))
                written = [row._mapping[column.name] for row in rows]
                assert read == written, (table.name, column.name)


def test_a_folder_that_is_not_empty_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    with pytest.raises(UsageError, match="not empty"):
        export_all(store, tmp_path / "out", now=NOON)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_an_export_that_fails_leaves_no_folder(store: Store, tmp_path: Path) -> None:
    with store.write() as conn:
        conn.execute(sa.text("DROP TABLE monitor_version"))

    with pytest.raises(sa.exc.DBAPIError):
        export_all(store, tmp_path / "out", now=NOON)

    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_an_import_goes_only_into_an_empty_database(filled: Store, exported: Path) -> None:
    before = held(filled)

    with pytest.raises(UsageError, match="holds data already"):
        import_all(filled, exported)

    assert held(filled) == before


def changed(an_export: Path, folder: Path, name: str, old: bytes, new: bytes) -> Path:
    shutil.copytree(an_export, folder)
    content = (folder / name).read_bytes()
    assert old in content
    (folder / name).write_bytes(content.replace(old, new))
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("mentions.csv", b"external_id", b"id_external", "other columns"),
        ("cases.csv", b"\r\n12,", b"\r\n12,12,", "cannot be read"),
        ("tables.json", b'"name": "cases"', b'"name": "cases; DROP TABLE cases"', "never had it"),
        ("tables.json", b'"name": "cases"', b'"name": "../cases"', "never had it"),
        ("tables.json", b'"tables"', b'"tabels"', "no export"),
        ("tables.json", b'"rows": 12', b'"rows": 13', "holds 12 rows where 13"),
    ],
)
def test_a_changed_export_is_refused_and_nothing_is_read_in(
    an_export: Path, file_store: Store, tmp_path: Path, name: str, old: bytes, new: bytes, words: str
) -> None:
    folder = changed(an_export, tmp_path / "out", name, old, new)

    with pytest.raises(StoreError, match=words):
        import_all(file_store, folder)

    assert [name for name, rows in held(file_store).items() if rows] == ["meta"]


@pytest.mark.parametrize(
    ("old", "new"), [(b"\r\n12,", b"\r\ntwelve,"), (b"2024-02-29T23", b"2024-02-30T23"), (b",true,", b",perhaps,")]
)
def test_a_value_that_is_none_is_refused_and_nothing_is_read_in(
    an_export: Path, new_store: Store, tmp_path: Path, old: bytes, new: bytes
) -> None:
    folder = changed(an_export, tmp_path / "out", "mentions.csv", old, new)

    with pytest.raises(StoreError, match=r"mentions.csv cannot be read"):
        import_all(new_store, folder)

    assert [name for name, rows in held(new_store).items() if rows] == ["meta"]


def test_a_folder_that_is_no_export_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no export"):
        import_all(store, tmp_path)


def test_an_export_of_an_older_version_is_brought_up_to_date(
    an_export: Path, database_url: str, later: Migrations
) -> None:
    with open_store(database_url, now=NOON, migrations=later) as new:
        manifest = import_all(new, an_export)

        with new.read() as conn:
            assert conn.scalar(sa.text("SELECT count(*) FROM mentions WHERE mood = 'calm'")) == 12
            assert conn.scalar(sa.text("SELECT count(remarks) FROM mentions")) == 8
    assert manifest.revision == OWN.head


def test_an_export_of_a_newer_version_is_refused(store: Store, tmp_path: Path, later: Migrations) -> None:
    with open_store(f"sqlite:///{tmp_path}/newer.db", now=NOON, migrations=later) as newer:
        export_all(newer, tmp_path / "out", now=NOON)

    with pytest.raises(StoreError, match=f"tables {later.head}"):
        import_all(store, tmp_path / "out")
