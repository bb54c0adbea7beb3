"""Making a database, and bringing an older one up to date: one process at a time, after a copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from monitor import __version__
from monitor.errors import StoreError
from monitor.store import connecting, copies, schema, standing
from monitor.store.connecting import telling
from monitor.store.locks import FileLock, ServerLock, folder_lock, ourselves, server_turn
from monitor.store.migrations import PROGRAM_VERSION, Migrations

if TYPE_CHECKING:
    from monitor.store.standing import Standing

Say = Callable[[str], None]


def settle_sqlite(path: Path, migrations: Migrations, *, now: datetime, say: Say) -> None:
    """Leave an SQLite file at the newest revision. Raises StoreError."""
    if path.exists() and path.stat().st_size and standing.of_file(path, migrations).revision == migrations.head:
        return
    with folder_lock(path.parent):
        if not path.exists():
            make_sqlite(path, migrations)
            return
        found = standing.of_file(path, migrations)
        if found.revision != migrations.head:
            _upgrade_sqlite(path, found, migrations, now=now, say=say)


def make_sqlite(path: Path, migrations: Migrations, *, revision: str | None = None) -> None:
    """Make a new SQLite file with all tables. It gets its name when it is complete."""
    part = path.with_name(f".{path.name[:50]}.new")
    for left in (part, part.with_name(f"{part.name}-journal")):
        left.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = connecting.sqlite_engine(part, pragmas=connecting.UPGRADE_PRAGMAS)
    try:
        with telling(engine):
            with engine.execution_options(**connecting.WRITING).begin() as conn:
                climb(conn, migrations, revision or migrations.head)
            _use_log(engine)
    finally:
        engine.dispose()
    part.rename(path)


def _use_log(engine: Engine) -> None:
    line = engine.raw_connection()
    (mode,) = line.driver_connection.execute("PRAGMA journal_mode=WAL").fetchone()  # type: ignore[union-attr]
    line.close()
    if mode != "wal":
        raise StoreError(
            f"the disk that holds {connecting.named(engine.url)} does not allow a write-ahead log. "
            "Put the database on a disk of this machine, or use PostgreSQL"
        )


def _upgrade_sqlite(path: Path, found: Standing, migrations: Migrations, *, now: datetime, say: Say) -> None:
    if found.revision is None:
        raise StoreError(
            f"{path} is an SQLite database without any tables. If it held your data, run `monitor restore FILE`; "
            "if it is a left-over, delete it and start again"
        )
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    _take_lock(lock, str(path), found, now)
    engine = connecting.sqlite_engine(path, pragmas=connecting.UPGRADE_PRAGMAS)
    try:
        # Nobody can write between the copy and the upgrade: the lock comes first.
        with (
            telling(engine),
            engine.execution_options(**connecting.WRITING).connect() as conn,
            conn.begin() as work,
            copies.before(path, found.revision, now) as copy,
        ):
            say(f"Upgrading {path} from tables {found.revision} to {migrations.head}. A copy is kept as {copy}")
            climb(conn, migrations, migrations.head)
            _check_links(conn)
            work.commit()
    finally:
        engine.dispose()
        lock.release()


def _check_links(conn: Connection) -> None:
    if broken := conn.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError(
            f"the upgrade was taken back: a row of `{broken[0]}` would have lost the row of `{broken[2]}` it "
            "belongs to. The database is as it was; please report this"
        )


def settle_postgres(
    engine: Engine, migrations: Migrations, *, now: datetime, say: Say, create: bool, folder: Path
) -> None:
    """Leave a PostgreSQL database at the newest revision. Raises StoreError."""
    where = connecting.named(engine.url)
    with engine.connect() as conn:
        _check_encoding(conn, where)
        found = standing.of_connection(conn, migrations, where=where)
    if found.revision == migrations.head:
        return
    if found.revision is None and not create:
        raise StoreError(f"{where} has no tables yet: `monitor run` makes them, `monitor restore` brings them back")
    with engine.begin() as conn:
        server_turn(conn)
        found = standing.of_connection(conn, migrations, where=where)
        if found.revision is None:
            climb(conn, migrations, migrations.head)
        elif found.revision != migrations.head:
            _upgrade_postgres(conn, found, migrations, now=now, say=say, folder=folder)


def _upgrade_postgres(
    conn: Connection, found: Standing, migrations: Migrations, *, now: datetime, say: Say, folder: Path
) -> None:
    where = connecting.named(conn.engine.url)
    lock = ServerLock(conn.engine)
    _take_lock(lock, where, found, now)
    try:
        assert found.revision is not None
        with copies.before_postgres(conn, folder, found.revision, now) as copy:
            say(f"Upgrading {where} from tables {found.revision} to {migrations.head}. A copy is kept as {copy}")
            climb(conn, migrations, migrations.head)
    finally:
        lock.release()


def _take_lock(lock: FileLock | ServerLock, where: str, found: Standing, now: datetime) -> None:
    if lock.take(ourselves(now, "upgrading")):
        return
    raise StoreError(
        f"{where} has tables of version {found.program or found.revision} and is in use ({lock.holder()}). Stop that "
        "daemon, then start again: the upgrade happens at the start"
    )


def _check_encoding(conn: Connection, where: str) -> None:
    line = conn.connection.driver_connection
    encoding = line.info.parameter_status("server_encoding")  # type: ignore[union-attr]
    if encoding != "UTF8":
        raise StoreError(
            f"{where} stores text as {encoding}, which cannot hold every review. Make one with: "
            "createdb --encoding=UTF8 --template=template0 NAME"
        )


def climb(conn: Connection, migrations: Migrations, revision: str) -> None:
    """Run the steps up to a revision in the transaction of `conn`, and note which version did it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations.folder).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, revision)
    conn.execute(schema.meta.delete().where(schema.meta.c.key == PROGRAM_VERSION))
    conn.execute(schema.meta.insert().values(key=PROGRAM_VERSION, value=__version__))
