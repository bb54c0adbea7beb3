"""Backups while others write, and the way back."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import StoreError, UsageError
from monitor.store import Store, open_store, schema, upsert
from monitor.store.backups import backup, daily_backup, restore
from monitor.store.migrations import OWN, Migrations
from tests.builders import NOON
from tests.store.rows import everything, fill


def held(url: str) -> dict[str, list[tuple[object, ...]]]:
    with open_store(url, now=NOON) as store, store.read() as conn:
        return everything(conn)


def yes(_: str) -> bool:
    return True


def test_a_backup_brings_everything_back_tokens_included(filled: Store, full_url: str, tmp_path: Path) -> None:
    before = held(full_url)
    made = backup(filled, tmp_path / "backup", NOON)
    with filled.write() as conn:
        conn.execute(schema.mentions.delete())
        conn.execute(schema.tokens.delete())
    filled.close()
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return True

    done = restore(full_url, made, ask, now=NOON, folder=tmp_path)

    assert done
    assert held(full_url) == before
    assert before["tokens"]
    [question] = asked
    assert "the 0 mentions there now" in question
    assert "(12 mentions)" in question


def test_a_backup_is_for_its_owner_only(filled: Store, tmp_path: Path) -> None:
    made = backup(filled, tmp_path / "backup", NOON)

    assert made.stat().st_mode & 0o777 == 0o600


def test_what_a_restore_replaces_is_kept(filled: Store, full_url: str, tmp_path: Path) -> None:
    empty = backup(filled, tmp_path / "backup", NOON)
    with filled.write() as conn:
        upsert(conn, schema.meta, [{"key": "later", "value": 1}], ["key"])
    after = held(full_url)
    filled.close()
    said: list[str] = []

    restore(full_url, empty, yes, now=NOON, say=said.append, folder=tmp_path)
    [kept] = [path for path in tmp_path.iterdir() if "before-restore-20261124T120000Z" in path.name]
    restore(full_url, kept, yes, now=NOON + timedelta(minutes=1), folder=tmp_path)

    assert str(kept) in said[0]
    assert held(full_url) == after


def test_saying_no_changes_nothing(filled: Store, full_url: str, tmp_path: Path) -> None:
    made = backup(filled, tmp_path / "backup", NOON)
    with filled.write() as conn:
        conn.execute(schema.marks.delete())
    before = held(full_url)
    filled.close()

    assert not restore(full_url, made, lambda _: False, now=NOON, folder=tmp_path)

    assert held(full_url) == before
    assert [path for path in tmp_path.iterdir() if "before" in path.name] == []


def test_nothing_is_restored_under_a_running_daemon(filled: Store, full_url: str, tmp_path: Path) -> None:
    made = backup(filled, tmp_path / "backup", NOON)
    filled.lock(NOON)

    with pytest.raises(StoreError, match=r"in use \(pid .*stop that daemon"):
        restore(full_url, made, yes, now=NOON, folder=tmp_path)


def test_a_backup_of_one_kind_goes_into_the_other(
    filled: Store, full_url: str, tmp_path: Path, postgres_url: str
) -> None:
    before = held(full_url)
    made = backup(filled, tmp_path / "backup", NOON)
    other = postgres_url if filled.path else f"sqlite:///{tmp_path}/other.db"

    restore(other, made, yes, now=NOON, folder=tmp_path)

    assert held(other) == before


def test_a_backup_goes_where_nothing_is_yet(filled: Store, full_url: str, database_url: str, tmp_path: Path) -> None:
    before = held(full_url)
    made = backup(filled, tmp_path / "backup", NOON)
    fresh = database_url.replace("monitor.db", "fresh.db")

    restore(fresh, made, yes, now=NOON, folder=tmp_path)

    assert held(fresh) == before


def test_the_copy_from_before_an_upgrade_brings_the_older_tables_back_and_they_are_upgraded(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    filled.close()
    open_store(full_url, now=NOON, copies=tmp_path, migrations=later).close()
    [copy] = [path for path in tmp_path.iterdir() if f"before-{OWN.head}" in path.name]
    with open_store(full_url, now=NOON, migrations=later) as store, store.write() as conn:
        conn.execute(sa.text("DELETE FROM mentions"))

    restore(full_url, copy, yes, now=NOON + timedelta(hours=1), folder=tmp_path, migrations=later)

    with open_store(full_url, now=NOON, migrations=later) as store, store.read() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM mentions WHERE mood = 'calm'")) == 12


def test_a_backup_of_a_newer_version_is_refused(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    filled.close()
    with open_store(full_url, now=NOON, copies=tmp_path, migrations=later) as newer:
        made = backup(newer, tmp_path / "backup", NOON)

    with pytest.raises(StoreError, match=f"tables {later.head}"):
        restore(full_url, made, yes, now=NOON, folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"id,source\n", b"SQLite format 3\x00" + bytes(9000)])
def test_a_file_that_is_no_backup_is_refused(store: Store, full_url: str, content: bytes, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "backup").write_bytes(content)
    before = held(full_url)

    with pytest.raises(StoreError):
        restore(full_url, tmp_path / "backup", yes, now=NOON, folder=tmp_path)

    assert held(full_url) == before


def test_a_backup_that_is_not_there_is_named(store: Store, full_url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such-file"):
        restore(full_url, tmp_path / "no-such-file", yes, now=NOON)


def test_a_damaged_backup_is_refused_before_anything_is_replaced(file_store: Store, tmp_path: Path) -> None:
    with file_store.write() as conn:
        fill(conn, 40)
    made = backup(file_store, tmp_path / "backup", NOON)
    file_store.close()
    content = bytearray(made.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    made.write_bytes(content)

    with pytest.raises(StoreError, match="damaged"):
        restore(f"sqlite:///{file_store.path}", made, yes, now=NOON)


def test_a_damaged_database_is_kept_aside_and_replaced(file_store: Store, tmp_path: Path) -> None:
    with file_store.write() as conn:
        fill(conn)
    url = f"sqlite:///{file_store.path}"
    before = held(url)
    made = backup(file_store, tmp_path / "backup", NOON)
    file_store.close()
    assert file_store.path is not None
    file_store.path.write_bytes(b"not a database any more")
    said: list[str] = []

    restore(url, made, yes, now=NOON, say=said.append)

    assert held(url) == before
    assert (tmp_path / "monitor.db.damaged-20261124T120000Z").read_bytes() == b"not a database any more"
    assert "damaged" in said[0]


def test_a_backup_made_while_others_write_holds_one_state(store: Store, full_url: str, tmp_path: Path) -> None:
    with store.write() as conn:
        upsert(conn, schema.meta, [{"key": "left", "value": 0}, {"key": "right", "value": 0}], ["key"])
        conn.execute(schema.asks.insert(), [{"key": str(n), "at": NOON, "facts": {"x": "y" * 500}} for n in range(400)])
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with store.write() as conn:
                upsert(conn, schema.meta, [{"key": "left", "value": number}], ["key"])
                upsert(conn, schema.meta, [{"key": "right", "value": number}], ["key"])

    writer = threading.Thread(target=write)
    writer.start()
    made = [backup(store, tmp_path / f"backup-{n}", NOON) for n in range(2)]
    stop.set()
    writer.join()
    store.close()

    for number, path in enumerate(made):
        restore(f"sqlite:///{tmp_path}/back-{number}.db", path, yes, now=NOON)
        meta = {row[0]: row[1] for row in held(f"sqlite:///{tmp_path}/back-{number}.db")["meta"]}
        assert meta["left"] == meta["right"]


def test_an_sqlite_backup_is_one_sound_file(file_store: Store, tmp_path: Path) -> None:
    made = backup(file_store, tmp_path / "backup.db", NOON)

    with closing(sqlite3.connect(made)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("backup")) == ["backup.db"]


def test_a_backup_cannot_take_the_place_of_a_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        backup(store, tmp_path, NOON)


def test_one_backup_a_day_and_seven_are_kept(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    name, end = ("monitor.db", "") if store.path else ("monitor-postgresql", ".zip")
    first = daily_backup(store, folder, NOON)
    for day in range(10, 18):
        (folder / f"{name}.daily-202611{day}{end}").touch()

    again = daily_backup(store, folder, NOON + timedelta(hours=3))
    last = daily_backup(store, folder, NOON + timedelta(days=1))

    assert (again, first) == (None, folder / f"{name}.daily-20261124{end}")
    kept = [path.name.removesuffix(end)[-2:] for path in sorted(folder.iterdir())]
    assert kept == ["13", "14", "15", "16", "17", "24", "25"]
    assert last
    assert folder.stat().st_mode & 0o777 == 0o700
