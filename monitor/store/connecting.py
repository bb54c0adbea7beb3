"""How connections are made, and what their errors mean.

SQLite: write-ahead log, so that readers and the one writer do not wait for one another;
`synchronous=FULL`, so that what was committed outlives a power cut; `secure_delete`, so that what
was erased is overwritten. A transaction that writes takes the write lock at its first statement:
with a plain BEGIN two writers gave thousands of "database is locked".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from monitor.errors import StoreError

BUSY_SECONDS = 10.0  # how long a writer waits for another process's transaction; a stop must be heard within twenty
CACHE_KIB = 16 * 1024  # pages a connection may keep in memory; what it does not touch costs nothing
LOG_PAGES = 4_000  # of the write-ahead log until it is carried over: a page that many commits touch goes over once
LOG_LIMIT = 64 * 1024 * 1024  # bytes the write-ahead log is cut back to after a large transaction

SQLITE = "sqlite:///"

PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint={LOG_PAGES}",
    f"PRAGMA journal_size_limit={LOG_LIMIT}",
)
# Making a table anew drops the old one, and with foreign keys on that empties the tables below it.
UPGRADE_PRAGMAS = (*PRAGMAS, "PRAGMA foreign_keys=OFF")

WRITING: Mapping[str, Any] = {"writes": True}
READING: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}

KEEPALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms; a line that is cut without a word is noticed by then
}


def address(url: str) -> URL:
    """Return the parsed address of a database. Raises StoreError for what is neither SQLite nor PostgreSQL."""
    if url.startswith(SQLITE):
        return URL.create("sqlite", database=url.removeprefix(SQLITE))  # all of it is the name: it may hold a ?
    try:
        found = sa.make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "the address of the database cannot be read. "
            "Write sqlite:///monitor.db or postgresql+psycopg://user:password@host/name"
        ) from error
    kind = found.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return found.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise StoreError(f"a database of kind {kind!r} is not supported. Use sqlite:///… or postgresql+psycopg://…")
    return found


def sqlite_path(url: URL) -> Path:
    """Return the file of an SQLite address, absolute. Raises StoreError for a database in memory."""
    if not url.database or url.database == ":memory:":
        raise StoreError("a database in memory forgets everything: name a file, as in sqlite:///monitor.db")
    return Path(url.database).expanduser().absolute()


def named(url: URL) -> str:
    """Return the name of a database for people, without a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"PostgreSQL {url.database or ''} at {url.host or url.query.get('host') or 'this machine'}"


def sqlite_engine(path: Path, *, pragmas: tuple[str, ...] = PRAGMAS) -> Engine:
    """Return an engine over an SQLite file that exists; it never makes one."""

    def connect() -> sqlite3.Connection:
        conn = sqlite3.connect(
            file_uri(path, "rw"),
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,  # the listener below begins
            check_same_thread=False,
            cached_statements=256,
        )
        for pragma in pragmas:
            conn.execute(pragma)
        return conn

    engine = sa.create_engine(
        URL.create("sqlite", database=str(path)),
        creator=connect,
        pool_use_lifo=True,  # the busiest connection keeps its warm cache
        max_overflow=60,
        json_serializer=dumps,
        hide_parameters=True,  # they hold texts and tokens; errors are logged
    )
    event.listen(engine, "begin", _begin)
    return engine


def postgres_engine(url: URL) -> Engine:
    """Return an engine over a PostgreSQL database. Raises StoreError without the driver."""
    try:
        return sa.create_engine(
            url,
            connect_args={"application_name": "review-monitor", **KEEPALIVE},
            pool_pre_ping=True,  # a server that was restarted is met again at once
            pool_use_lifo=True,
            max_overflow=20,
            json_serializer=dumps,
            hide_parameters=True,  # they hold texts and tokens; errors are logged
        )
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs one more package: pip install 'review-monitor[postgres]'") from error


def file_uri(path: Path, mode: str) -> str:
    """Return the SQLite address of a file: mode `ro`, `rw` or `rwc`."""
    return f"file:{quote(str(path))}?mode={mode}"


def dumps(value: Any) -> str:
    """Return JSON that people can read, or escaped where a text is no valid Unicode."""
    if value == () or value == []:
        return "[]"  # most lists of most rows
    text = _encode(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(value)
    return text


_encode = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` makes a new encoder at every call


@contextmanager
def telling(engine: Engine) -> Iterator[None]:
    """Turn what the database cannot help into a StoreError with advice; mistakes of ours pass as they are."""
    try:
        yield
    except DBAPIError as error:
        if (told := _told(error, named(engine.url))) is None:
            raise
        raise told from error


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")


def _told(error: DBAPIError, name: str) -> StoreError | None:
    if isinstance(error.orig, sqlite3.Error):
        return sqlite_told(error.orig, name)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        first = str(error.orig).strip().partition("\n")[0]
        return StoreError(f"{name} does not answer as it should: {first}", permanent=False)
    return None


def sqlite_told(error: sqlite3.Error, name: str) -> StoreError | None:
    """Return what an SQLite error means for people, or None for a mistake of ours."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            words = f"another program has kept {name} busy for {BUSY_SECONDS:.0f} seconds"
            return StoreError(words, permanent=False)
        case sqlite3.SQLITE_FULL:
            words = f"no room is left on the disk that holds {name}: free some; nothing stored so far is lost"
            return StoreError(words, permanent=False)
        case sqlite3.SQLITE_READONLY:
            return StoreError(f"{name} or its folder is read-only: give the user that runs this the right to write")
        case sqlite3.SQLITE_CORRUPT:
            return StoreError(f"{name} is damaged: `monitor restore FILE` brings back a copy")
        case sqlite3.SQLITE_NOTADB:
            return StoreError(f"{name} is not an SQLite database: name another file; it was left as it is")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"{name} cannot be opened: it is gone, or its folder may not be written to")
        case sqlite3.SQLITE_IOERR:
            return StoreError(f"the disk that holds {name} reports an error ({error}): look at the disk")
        case _:
            return None
