"""Backups while the daemon runs, and the way back."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Connection

from monitor.errors import MonitorError, StoreError, UsageError
from monitor.store import connecting, copies, dump, standing, upgrade
from monitor.store.connecting import file_uri, sqlite_told, telling
from monitor.store.engine import Say, Store, lock_file
from monitor.store.files import replacing
from monitor.store.locks import FileLock, ServerLock, folder_lock, ourselves, server_turn
from monitor.store.migrations import OWN, Migrations

KEPT_DAILY = 7

Ask = Callable[[str], bool]


def backup(store: Store, path: Path, now: datetime) -> Path:
    """Copy the whole database, tokens included, into one file while others use it; return its path.

    An SQLite database becomes an SQLite file, a PostgreSQL database an archive (.zip). The file is
    for its owner only. Raises UsageError or StoreError: no room, a folder, damaged.
    """
    if store.path is not None:
        copies.copy_sqlite(store.path, path)
        return path
    with replacing(path, private=True) as stream, dump.archive_to_write(stream) as member, store.read() as conn:
        dump.write(conn, member, now=now)
    return path


def daily_backup(store: Store, folder: Path, now: datetime) -> Path | None:
    """Make today's backup in a folder unless it is there, and keep the newest seven. Returns what was made."""
    name = store.path.name if store.path else copies.POSTGRES_NAME
    end = "" if store.path else ".zip"
    today = folder / f"{name}.daily-{now:%Y%m%d}{end}"
    if today.exists():
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = backup(store, today, now)
    copies.keep_newest(folder, f"{name}.daily-", KEPT_DAILY)
    return made


def restore(
    url: str,
    path: Path,
    ask: Ask,
    *,
    now: datetime,
    say: Say | None = None,
    folder: Path | None = None,
    migrations: Migrations = OWN,
) -> bool:
    """Put a backup in the place of the database, after asking once. Returns whether it was done.

    What was there is kept: beside an SQLite file, in `folder` for PostgreSQL. A backup of either
    kind goes into a database of either kind. Raises StoreError: damaged, foreign, newer, in use.
    """
    address = connecting.address(url)
    tell = say or print_nothing
    with tempfile.TemporaryDirectory(prefix="monitor-restore-") as scratch:
        if address.get_backend_name() == "sqlite":
            source = as_sqlite(path, Path(scratch), migrations)
            return _into_sqlite(connecting.sqlite_path(address), source, path, ask, now=now, say=tell, own=migrations)
        archive = _as_archive(path, Path(scratch), migrations, now)
        return _into_postgres(address, archive, path, ask, now=now, say=tell, folder=folder or Path(), own=migrations)


def print_nothing(_: str) -> None:
    """Say nothing."""


# --- what was given ------------------------------------------------------------------------------


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def as_sqlite(path: Path, scratch: Path, migrations: Migrations = OWN) -> Path:
    """Return the backup as an SQLite file that is sound and ours."""
    if not _is_archive(path):
        standing.of_file(path, migrations)
        copies.check_sqlite(path)
        return path
    made = scratch / "restored.db"
    with dump.archive_to_read(path) as member:
        manifest = dump.Manifest.read(member, str(path))
        _check_known(manifest, path, migrations)
        upgrade.make_sqlite(made, migrations, revision=manifest.revision)
        with _writing(made) as conn:
            dump.load(conn, member, manifest)
    return made


def as_archive(path: Path, target: Path, now: datetime) -> None:
    """Write what an SQLite file holds as an archive."""
    with target.open("wb") as stream, dump.archive_to_write(stream) as member, _writing(path) as conn:
        dump.write(conn, member, now=now)


def _as_archive(path: Path, scratch: Path, migrations: Migrations, now: datetime) -> Path:
    """Return the backup as an archive."""
    if _is_archive(path):
        return path
    standing.of_file(path, migrations)
    made = scratch / "restored.zip"
    as_archive(path, made, now)
    return made


@contextmanager
def _writing(path: Path) -> Iterator[Connection]:
    engine = connecting.sqlite_engine(path)
    try:
        with telling(engine), engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def _check_known(manifest: dump.Manifest, path: Path, migrations: Migrations) -> None:
    if manifest.revision not in migrations.revisions:
        found = standing.Standing(manifest.revision, manifest.program_version)
        raise StoreError(standing.newer_words(str(path), found, migrations))


# --- into SQLite ---------------------------------------------------------------------------------


def _into_sqlite(
    target: Path, source: Path, given: Path, ask: Ask, *, now: datetime, say: Say, own: Migrations
) -> bool:
    standing.check_place(target, create=True)
    lock = FileLock(lock_file(target))
    with _alone(lock, str(target), now):
        if not ask(_question(str(target), given, _count_in(target), _count_in(source))):
            return False
        with folder_lock(target.parent):
            _put_sqlite(target, source, own, now=now, say=say)
    upgrade.settle_sqlite(target, own, now=now, say=say)
    return True


def _put_sqlite(target: Path, source: Path, own: Migrations, *, now: datetime, say: Say) -> None:
    if target.exists() and _is_sound(target, own):
        with copies.before(target, "restore", now) as copy:
            say(f"What was there is kept as {copy}")
            _pour(source, target)
        return
    if target.exists():
        say(f"What was there is damaged; it is kept as {_set_aside(target, now)}")
    copies.copy_sqlite(source, target)
    with closing(sqlite3.connect(target)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")


def _pour(source: Path, target: Path) -> None:
    # Through SQLite, in one transaction: whoever has the file open sees the old or the new, never a mixture.
    try:
        with (
            closing(sqlite3.connect(file_uri(source, "ro"), uri=True)) as old,
            closing(sqlite3.connect(file_uri(target, "rw"), uri=True, timeout=30)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise sqlite_told(error, str(target)) or StoreError(f"{target} was not changed: {error}") from error


def _is_sound(path: Path, own: Migrations) -> bool:
    try:
        standing.of_file(path, own)
        copies.check_sqlite(path)
    except MonitorError:
        return False
    return True


def _set_aside(target: Path, now: datetime) -> Path:
    aside = target.with_name(f"{target.name}.damaged-{copies.stamp(now)}")
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            target.with_name(f"{target.name}{end}").rename(aside.with_name(f"{aside.name}{end}"))
    return target.rename(aside)


def _count_in(path: Path) -> int | None:
    try:
        with closing(sqlite3.connect(file_uri(path, "ro"), uri=True)) as conn:
            return int(conn.execute("SELECT count(*) FROM mentions").fetchone()[0])
    except sqlite3.Error:
        return None


# --- into PostgreSQL -----------------------------------------------------------------------------


def _into_postgres(
    address: URL, archive: Path, given: Path, ask: Ask, *, now: datetime, say: Say, folder: Path, own: Migrations
) -> bool:
    engine = connecting.postgres_engine(address)
    where = connecting.named(address)
    try:
        with telling(engine), _alone(ServerLock(engine), where, now), dump.archive_to_read(archive) as member:
            manifest = dump.Manifest.read(member, str(given))
            _check_known(manifest, given, own)
            with engine.begin() as conn:
                server_turn(conn)
                found = standing.of_connection(conn, own, where=where)
                there = conn.scalar(sa.text("SELECT count(*) FROM mentions")) if found.revision else None
                if not ask(_question(where, given, there, _rows_of(manifest, "mentions"))):
                    return False
                with copies.before_postgres(conn, folder, "restore", now) if found.revision else nullcontext() as copy:
                    if copy:
                        say(f"What was there is kept as {copy}")
                    _renew(conn, member, manifest, own)
    finally:
        engine.dispose()
    return True


def _renew(conn: Connection, member: dump.Member, manifest: dump.Manifest, own: Migrations) -> None:
    old = sa.MetaData()
    old.reflect(conn)
    old.drop_all(conn)
    upgrade.climb(conn, own, manifest.revision)
    dump.load(conn, member, manifest)
    if manifest.revision != own.head:
        upgrade.climb(conn, own, own.head)


def _rows_of(manifest: dump.Manifest, name: str) -> int | None:
    return next((table.rows for table in manifest.tables if table.name == name), None)


# --- both ----------------------------------------------------------------------------------------


@contextmanager
def _alone(lock: FileLock | ServerLock, where: str, now: datetime) -> Iterator[None]:
    if not lock.take(ourselves(now, "restoring")):
        raise StoreError(f"{where} is in use ({lock.holder()}): stop that daemon first; nothing was changed")
    try:
        yield
    finally:
        lock.release()


def _question(where: str, given: Path, there: int | None, then: int | None) -> str:
    before = "what is there now" if there is None else f"the {there} mentions there now"
    after = "" if then is None else f" ({then} mentions)"
    return f"Replace {before} in {where} by {given}{after}? What is there is kept in a copy."
