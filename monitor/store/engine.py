"""An opened database: who may read, who may write, and in which turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import sqlite

from monitor.computing import computing
from monitor.errors import StoreError
from monitor.store import connecting, standing, upgrade
from monitor.store.connecting import telling
from monitor.store.locks import FileLock, ServerLock, ourselves
from monitor.store.migrations import OWN, Migrations

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Say = Callable[[str], None]


class Store:
    """An opened database. Many threads read; writers take turns, also across processes.

    `engine` is SQLAlchemy's, for listening to its events. `path` is the SQLite file, or None.
    """

    def __init__(self, engine: Engine, *, path: Path | None, migrations: Migrations = OWN) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.path = path
        self.migrations = migrations
        self._file = _identity(path) if path else None
        self._writer = engine.execution_options(**connecting.WRITING)
        self._reader = engine.execution_options(**connecting.READING[self.dialect])
        self._turn = _Turn() if path else None
        self._lock: FileLock | ServerLock = FileLock(lock_file(path)) if path else ServerLock(engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed when the block ends well.

        On SQLite it has the write lock from its first statement. Raises StoreError: locked for
        ten seconds, no room, gone.
        """
        self._check_file()
        if self._turn is None:
            with telling(self.engine), self._writer.begin() as conn:
                yield conn
            return
        with self._turn, telling(self.engine), self._writer.begin() as conn, computing:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database, whatever others write meanwhile.

        Raises StoreError when the database is gone or does not answer.
        """
        self._check_file()
        with telling(self.engine), self._reader.begin() as conn:
            yield conn

    def lock(self, now: datetime) -> bool:
        """Try to become the one daemon of this database. Held until `unlock`, `close` or death.

        Raises StoreError when another version has upgraded the database in the meantime.
        """
        if not self._lock.take(ourselves(now)):
            return False
        try:
            self._check_version()
        except BaseException:
            self._lock.release()
            raise
        return True

    def lock_alive(self) -> bool:
        """Say whether the lock is still ours: a lost line to PostgreSQL or a deleted lock file ends it."""
        return self._lock.alive()

    def lock_holder(self) -> str | None:
        """Return who is the daemon of this database ("pid 12 on shop since 2026-11-24T09:00:00Z"), or None."""
        return self._lock.holder()

    def unlock(self) -> None:
        """Let another daemon have its turn."""
        self._lock.release()

    def missing(self) -> str | None:
        """Return in words what has happened to the database file while the program runs, or None."""
        if self.path is None or self._file is None or _identity(self.path) == self._file:
            return None
        return (
            f"{self.path} was deleted or replaced while the program runs; nothing more is written. "
            "Stop the program, put the file back or run `monitor restore FILE`, and start again"
        )

    def close(self) -> None:
        """Let go of everything. Calling it twice does no harm."""
        self._lock.release()
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_version(self) -> None:
        name = where(self.engine)
        with self.read() as conn:
            found = standing.of_connection(conn, self.migrations, where=name)
        if found.revision != self.migrations.head:
            raise StoreError(f"{name} was replaced by one of another version meanwhile: start again", permanent=False)

    def _check_file(self) -> None:
        # SQLite would go on writing into the nameless file until the last connection closes.
        if words := self.missing():
            raise StoreError(words)


def open_store(
    url: str,
    *,
    now: datetime,
    say: Say | None = None,
    create: bool = True,
    copies: Path | None = None,
    migrations: Migrations = OWN,
    mounts: Path = standing.MOUNTS,
) -> Store:
    """Open a database, making it when there is none and bringing it up to date when it is older.

    `url` is `sqlite:///FILE` or `postgresql+psycopg://…`. `say` is told in a sentence of anything
    that takes long or is worth knowing. Before an upgrade a copy is made: beside an SQLite file,
    or in the folder `copies` (default: the working folder) for PostgreSQL.
    Raises StoreError, with advice, for a database that cannot be used; it is then left as it was.
    """
    address = connecting.address(url)
    tell = say or _silent
    if address.get_backend_name() == "sqlite":
        path = connecting.sqlite_path(address)
        standing.check_place(path, create=create, mounts=mounts)
        upgrade.settle_sqlite(path, migrations, now=now, say=tell)
        return Store(connecting.sqlite_engine(path), path=path, migrations=migrations)
    engine = connecting.postgres_engine(address)
    try:
        with telling(engine):
            upgrade.settle_postgres(engine, migrations, now=now, say=tell, create=create, folder=copies or Path())
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, path=None, migrations=migrations)


def insert(conn: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return the backend's own insert, which knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    if conn.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # only who has one pays for it: a tenth of the start

    return postgresql.insert(table)


def upsert(
    conn: Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    update: Sequence[str] | None = None,
) -> None:
    """Insert rows; where `keys` (a primary key or unique constraint) are taken, set the columns `update`.

    All rows have the columns of the first. `update` is every column that is no key unless given;
    an empty one leaves known rows as they are.
    """
    if not rows:
        return
    changed = [name for name in rows[0] if name not in keys] if update is None else update
    query = insert(conn, table)
    if changed:
        query = query.on_conflict_do_update(
            index_elements=list(keys), set_={name: query.excluded[name] for name in changed}
        )
    else:
        query = query.on_conflict_do_nothing(index_elements=list(keys))
    conn.execute(query, [dict(row) for row in rows])


def where(engine: Engine) -> str:
    """Return the name of a database for people: the file, or the address without its password."""
    return connecting.named(engine.url)


def lock_file(path: Path) -> Path:
    """Return the file beside an SQLite database whose lock the daemon holds."""
    return path.with_name(f"{path.name}.lock")


class _Turn:
    """One writer at a time in this process: SQLite's own waiting is a sleep that gets longer and longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def __enter__(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("a transaction that writes was begun inside another one of the same thread")
        self._lock.acquire()
        self._owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._owner = None
        self._lock.release()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _silent(_: str) -> None:
    """Say nothing."""
