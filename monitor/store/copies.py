"""Copies of a database: before an upgrade, before a restore, every day. Old ones make room by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from monitor.errors import StoreError
from monitor.store import dump
from monitor.store.connecting import file_uri, sqlite_told
from monitor.store.files import replacing, replacing_path

KEPT_BEFORE = 3
POSTGRES_NAME = "monitor-postgresql"


@contextmanager
def before(path: Path, what: str, now: datetime) -> Iterator[Path]:
    """Copy an SQLite file beside itself while something is done to it; the last three such copies are kept.

    When that fails, the database is as it was and the copy goes, so that a start which is tried
    again and again does not push out older ones. Raises StoreError: no room, damaged.
    """
    target = path.with_name(f"{path.name}.before-{what}-{stamp(now)}")
    copy_sqlite(path, target)
    with _kept(target, f"{path.name}.before-"):
        yield target


@contextmanager
def before_postgres(conn: Connection, folder: Path, what: str, now: datetime) -> Iterator[Path]:
    """Do the same for PostgreSQL: everything goes into an archive in a folder. Raises UsageError: no room."""
    target = folder.absolute() / f"{POSTGRES_NAME}.before-{what}-{stamp(now)}.zip"
    dump.stop_writers(conn)
    with replacing(target, private=True) as stream, dump.archive_to_write(stream) as member:
        dump.write(conn, member, now=now)
    with _kept(target, f"{POSTGRES_NAME}.before-"):
        yield target


@contextmanager
def _kept(copy: Path, start: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    keep_newest(copy.parent, start, KEPT_BEFORE)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite file that others may be using, as of one instant, and read the copy through.

    The copy is a single file, for its owner only. Raises StoreError: no room, damaged.
    """
    try:
        with replacing_path(target, private=True) as part:
            _copy(source, part)
            check_sqlite(part)
    except sqlite3.Error as error:
        raise sqlite_told(error, str(target)) or StoreError(f"{source} could not be copied: {error}") from error


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(file_uri(source, "ro"), uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # the copy is one file, without a log beside it


def check_sqlite(path: Path) -> None:
    """Raise StoreError when an SQLite file is damaged. Reads all of it."""
    try:
        with closing(sqlite3.connect(file_uri(path, "ro"), uri=True)) as conn:
            (answer,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise sqlite_told(error, str(path)) or StoreError(f"{path} is damaged: {error}") from error
    if answer != "ok":
        raise StoreError(f"{path} is damaged ({answer}): use another copy")


def keep_newest(folder: Path, start: str, count: int) -> None:
    """Delete all but the newest copies whose names begin like this and end with their time."""
    found = [path for path in folder.iterdir() if path.name.startswith(start) and path.is_file()]
    found.sort(key=lambda path: (path.name.rpartition("-")[2], path.name))
    for path in found[:-count]:
        path.unlink(missing_ok=True)


def stamp(now: datetime) -> str:
    """Return an instant as it stands in file names: 20261124T120000Z."""
    return f"{now:%Y%m%dT%H%M%SZ}"
