"""What lies at the address: our database, an older or newer one, another program's, or nothing usable.

Nothing here changes anything, so that a file which is not ours stays as it was.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor import __version__
from monitor.errors import StoreError
from monitor.store.connecting import file_uri, sqlite_told
from monitor.store.migrations import PROGRAM_VERSION, VERSION_TABLE, Migrations

MOUNTS = Path("/proc/self/mounts")
NETWORK = re.compile(
    r"(nfs4?|cifs|smb[23]|smbfs|ncpfs|afs|ceph|davfs|fuse\.(sshfs|rclone|s3fs|davfs|glusterfs|gcsfuse))"
)
MAGIC = b"SQLite format 3\x00"

Ask = Callable[[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which revision a database has (None: no tables yet), and which version of the program made it so."""

    revision: str | None
    program: str | None = None


def check_place(path: Path, *, create: bool, mounts: Path = MOUNTS) -> None:
    """Raise StoreError when an SQLite file cannot be there, or what is there cannot be one."""
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(f"the folder {folder} for the database does not exist: make it, or change `database`")
    if path.is_dir():
        raise StoreError(f"{path} is a folder: name a file in it, as in sqlite:///{path.name}/monitor.db")
    if share := network_share(path, mounts):
        raise StoreError(
            f"{path} is on a network share ({share}), where SQLite's locks do not hold and data gets lost. "
            "Put it on a disk of this machine, or use PostgreSQL"
        )
    if not path.exists() and not create:
        raise StoreError(
            f"there is no database at {path} yet: `monitor run` makes it, `monitor restore` brings it back"
        )
    _check_rights(path)


def _check_rights(path: Path) -> None:
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
        raise StoreError(
            f"the folder {path.parent} is read-only for this user: SQLite keeps its log beside the database. "
            "Give the user that runs this the right to write there"
        )
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise StoreError(f"{path} is read-only for this user: give the user that runs this the right to write it")


def network_share(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the kind of network share a path is on, or None. `mounts` is a file like /proc/self/mounts."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    real = Path(os.path.realpath(path.parent))
    best, kind = -1, ""
    for fields in (line.split(" ") for line in lines if line.count(" ") >= 2):
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1]))
        if len(point.parts) >= best and (point == real or point in real.parents):
            best, kind = len(point.parts), fields[2]
    return kind if NETWORK.fullmatch(kind) else None


def of_file(path: Path, migrations: Migrations) -> Standing:
    """Return how an SQLite file stands. Raises StoreError: not SQLite, empty, foreign, damaged, half-moved."""
    head = path.read_bytes() if path.stat().st_size < len(MAGIC) else _first_bytes(path)
    if not head:
        raise StoreError(
            f"{path} is empty (0 bytes), which no database of ours ever is. If it held your data, run "
            "`monitor restore FILE`; if it is a left-over, delete it and start again"
        )
    if head != MAGIC:
        raise StoreError(f"{path} is not an SQLite database: name another file in `database`; it was left as it is")
    try:
        with closing(sqlite3.connect(file_uri(path, "ro"), uri=True, timeout=30)) as conn:
            return _judge(lambda query: conn.execute(query).fetchall(), str(path), migrations, _SQLITE_TABLES)
    except sqlite3.Error as error:
        raise sqlite_told(error, str(path)) or StoreError(f"{path} cannot be read: {error}") from error


def of_connection(conn: Connection, migrations: Migrations, *, where: str) -> Standing:
    """Return how the database of a connection stands. Raises StoreError: foreign, half-moved."""
    tables = _SQLITE_TABLES if conn.dialect.name == "sqlite" else _POSTGRES_TABLES
    return _judge(lambda query: conn.execute(sa.text(query)).fetchall(), where, migrations, tables)


def newer_words(where: str, found: Standing, migrations: Migrations) -> str:
    """Return why an older program leaves a newer database alone."""
    writer = f"version {found.program}" if found.program else "a newer version"
    return (
        f"{where} was written by {writer} of this program (tables {found.revision}); this is version "
        f"{__version__}, which knows tables up to {migrations.head}. Install that version or a newer one, or "
        "restore a copy from before the upgrade; nothing was changed"
    )


_SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_POSTGRES_TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')"
)


def _judge(ask: Ask, where: str, migrations: Migrations, list_tables: str) -> Standing:
    tables = {str(name) for (name,) in ask(list_tables)}
    if not tables:
        return Standing(None)
    if VERSION_TABLE not in tables:
        raise StoreError(_foreign_words(where, tables))
    stamps = [str(stamp) for (stamp,) in ask(f"SELECT version_num FROM {VERSION_TABLE}")]  # noqa: S608  # our own name
    if len(stamps) != 1 or "meta" not in tables or any(name.startswith("_alembic_tmp") for name in tables):
        raise StoreError(_half_words(where))
    found = Standing(stamps[0], _program(ask))
    if found.revision not in migrations.revisions:
        raise StoreError(newer_words(where, found, migrations))
    if found.revision == migrations.head and not _expected(migrations) <= tables:
        raise StoreError(_half_words(where))
    return found


def _program(ask: Ask) -> str | None:
    for (value,) in ask(f"SELECT value FROM meta WHERE key = '{PROGRAM_VERSION}'"):  # noqa: S608  # our own name
        return str(json.loads(value) if isinstance(value, str) and value.startswith('"') else value)
    return None


def _expected(migrations: Migrations) -> set[str]:
    from monitor.store import schema
    from monitor.store.migrations import OWN

    # Only our own newest shape is known by name; a test's further step is not.
    return set(schema.metadata.tables) if migrations == OWN else set()


def _foreign_words(where: str, tables: set[str]) -> str:
    names = ", ".join(sorted(tables)[:3])
    return (
        f"{where} belongs to another program (it has the tables {names}{' …' if len(tables) > 3 else ''}). "
        "Give the monitor a database of its own in `database`; nothing was changed"
    )


def _half_words(where: str) -> str:
    return (
        f"{where} stopped half-way between two versions: its tables and its version do not fit together. "
        "Bring back the copy from before the upgrade with `monitor restore FILE`; nothing was changed"
    )


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(MAGIC))
