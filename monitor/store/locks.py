"""Who may be the daemon of a database, and who may upgrade it: one at a time, also across processes."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from monitor.errors import StoreError

DAEMON = 0x52766D31  # the first half of PostgreSQL's advisory lock key; the second is the schema
UPGRADE = 0x52766D32

RELEASE_SECONDS = 2  # how long the end of a daemon waits for a server that is silent


class FileLock:
    """The lock of a file beside the database. The system lets go of it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, who: str) -> bool:
        """Try to take the lock, and write into the file who has it."""
        if self._handle is not None:
            return True
        handle = self._open(os.O_RDWR | os.O_CREAT)
        # Whoever only asks for the holder has the lock for an instant, too: that is no reason to give up.
        while not self._locked(handle):
            if self.holder() is not None:
                os.close(handle)
                return False
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{who}\n".encode(), 0)
        self._handle = handle
        return True

    @staticmethod
    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def alive(self) -> bool:
        """Say whether it is held, and still the file of that name."""
        if self._handle is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except OSError:
            return False

    def holder(self) -> str | None:
        """Return what the holder wrote, or None when nobody holds it."""
        try:
            handle = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.read(handle, 500).decode(errors="replace").strip()
        finally:
            os.close(handle)
        return None

    def release(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self, flags: int) -> int:
        try:
            return os.open(self._path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"the lock {self._path} cannot be opened: {error.strerror}") from error


class ServerLock:
    """An advisory lock of PostgreSQL on a line of its own: when that line breaks, the lock is gone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._line: Any = None  # a psycopg connection

    def take(self, who: str) -> bool:
        """Try to take the lock; whoever looks sees `who` as the name of our session."""
        if self._line is not None:
            return True
        line = self._connect()
        key = DAEMON, _schema_key(line)
        if not line.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()[0]:
            line.close()
            return False
        line.execute("SELECT set_config('application_name', %s, false)", (who[:63],))
        self._line = line
        return True

    def alive(self) -> bool:
        """Say whether the line still stands, and with it the lock."""
        if self._line is None:
            return False
        try:
            self._line.execute("SELECT 1")
        except self._line_errors():
            return False
        return True

    def holder(self) -> str | None:
        """Return the session name of the holder, or None when nobody holds it."""
        line = self._connect()
        try:
            found = line.execute(
                "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
                " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (DAEMON, _schema_key(line)),
            ).fetchone()
        finally:
            line.close()
        return str(found[0]) if found else None

    def release(self) -> None:
        """Let go of it; when this returns, the next can have it."""
        line, self._line = self._line, None
        if line is None:
            return
        try:
            # The server notices only later that a line was closed.
            line.pgconn.send_query(b"SELECT pg_advisory_unlock_all()")
            answer = select.poll()
            answer.register(line.fileno(), select.POLLIN)
            answer.poll(RELEASE_SECONDS * 1000)
        except self._line_errors():
            pass  # the line broke, and the lock went with it
        finally:
            line.close()

    def _connect(self) -> Any:
        try:
            pooled = self._engine.raw_connection()
        except DBAPIError as error:
            raise StoreError(f"PostgreSQL does not answer: {error.orig}", permanent=False) from error
        line = pooled.driver_connection
        pooled.detach()
        assert line is not None
        line.autocommit = True
        return line

    def _line_errors(self) -> type[Exception]:
        found: type[Exception] = self._engine.dialect.dbapi.Error  # type: ignore[union-attr]
        return found


def ourselves(now: datetime, doing: str = "") -> str:
    """Return what others read of the holder: "pid 12 on shop upgrading since 2026-11-24T09:00:00Z"."""
    return " ".join(
        filter(None, (f"pid {os.getpid()} on {socket.gethostname()}", doing, f"since {now:%Y-%m-%dT%H:%M:%SZ}"))
    )


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait until nobody else makes or upgrades a database in this folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def server_turn(conn: Connection) -> None:
    """Wait until nobody else makes or upgrades the tables; the turn lasts as long as the transaction of `conn`."""
    line: Any = conn.connection.driver_connection
    line.execute("SELECT pg_advisory_xact_lock(%s, %s)", (UPGRADE, _schema_key(line)))


def _schema_key(line: Any) -> int:
    (schema,) = line.execute("SELECT current_schema()").fetchone()
    return zlib.crc32(str(schema).encode()) & 0x7FFFFFFF
