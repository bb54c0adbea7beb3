"""What was erased leaves the files as well: free pages, the write-ahead log, and the copies that we made."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from monitor.errors import MonitorError, StoreError, UsageError
from monitor.store import backups, connecting, copies, dump, standing
from monitor.store.connecting import file_uri, sqlite_told, telling
from monitor.store.engine import Store
from monitor.store.files import replacing_path, still_written
from monitor.store.migrations import OWN

Work = Callable[[Connection], None]

READERS_END = 300  # times a tenth of a second; a read of ours lasts far shorter
COPY_ENDS = 600  # likewise: for a copy to be complete
SCRATCH = ".monitor-erase-"
ROLLBACK = b"\x01"  # in the header: no write-ahead log, as in every copy and in no database that we use
PACKED = frozenset({".zip", ".gz", ".xz", ".bz2", ".7z", ".xlsx", ".parquet", ".ods"})
LARGEST = 1 << 30  # bytes of a foreign file that is looked through
PIECE = 1 << 20
POSTGRES_TABLES = (
    "mentions", "versions", "scores", "replies", "outgoing_replies", "alerts", "case_events", "marks", "quarantine",
    "silences", "asks", "sources", "delivery_alerts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copies:
    """What became of the copies beside the database, by name; `may_hold` are files that are not ours to change."""

    rewritten: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()  # as they were: there was no room
    may_hold: tuple[str, ...] = ()


def scour(store: Store) -> str | None:
    """Take from the files what was erased from the tables. Returns what could not be done, in words, or None.

    SQLite: the file is written anew without its free pages, and the write-ahead log is emptied. PostgreSQL: the
    tables are written anew; what its own log, replicas and backups hold is out of our reach.
    """
    return _scour_sqlite(store.path) if store.path is not None else _scour_postgres(store)


def _scour_sqlite(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(file_uri(path, "rw"), uri=True, timeout=30, isolation_level=None)) as conn:
            conn.execute("PRAGMA secure_delete=ON")
            conn.execute("VACUUM")
            return None if _empty_log(conn) else f"somebody went on reading {path}: its log still holds it; try again"
    except sqlite3.Error as error:
        told = sqlite_told(error, str(path))
        return str(told) if told else f"{path} could not be written anew: {error}"


def _empty_log(conn: sqlite3.Connection) -> bool:
    pause = threading.Event()
    for _ in range(READERS_END):
        (busy, _, _) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
        pause.wait(0.1)
    return False


def _scour_postgres(store: Store) -> str | None:
    engine = store.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as conn:
            conn.execute(sa.text("SET lock_timeout = '30s'"))
            for table in POSTGRES_TABLES:
                conn.execute(sa.text(f"VACUUM (FULL) {table}"))
            conn.execute(sa.text("RESET lock_timeout"))
            conn.execute(sa.text("CHECKPOINT")) if _may_checkpoint(conn) else None
    except OperationalError as error:
        first = str(error.orig).strip().partition("\n")[0]
        return f"the tables could not be written anew ({first}): run VACUUM FULL on the database yourself"
    return None


def _may_checkpoint(conn: Connection) -> bool:
    return bool(conn.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")))


# --- copies --------------------------------------------------------------------------------------


def in_copies(store: Store, folder: Path, work: Work, now: datetime) -> Copies:
    """Do some work in every copy that backups, upgrades and restores left, each written anew; delete what cannot be.

    `folder` is the configuration's, where copies of a PostgreSQL database lie. A copy takes its place when it is whole.
    One for which there is no room stays as it is, and is among `left`.
    """
    rewritten: list[str] = []
    deleted: list[str] = []
    left: list[str] = []
    done: set[Path] = set()
    _clear_away(store, folder)
    while fresh := [path for path in _copies(store, folder) if path not in done]:
        for path in fresh:  # and once more: one may be made meanwhile
            done.add(path)
            try:
                _rewrite(path, work, now)
                rewritten.append(path.name)
            except (UsageError, OSError):
                left.append(path.name)
            except (MonitorError, sqlite3.Error, sa.exc.DBAPIError, zipfile.BadZipFile) as error:
                if isinstance(error, StoreError) and not error.permanent:
                    left.append(path.name)
                    continue
                _delete(path)
                deleted.append(path.name)
    for path in _by_hand(store, folder):  # nobody said that these may go
        with suppress(MonitorError, OSError, sqlite3.Error, sa.exc.DBAPIError, zipfile.BadZipFile):
            _rewrite(path, work, now)
            rewritten.append(path.name)
    return Copies(tuple(rewritten), tuple(deleted), tuple(left))


def _places(store: Store, folder: Path) -> tuple[str, list[Path]]:
    """Return how names of copies begin, and the folders they lie in."""
    beside = store.path.parent if store.path else folder
    name = store.path.name if store.path else copies.POSTGRES_NAME
    return name, [place for place in (beside, beside / "backups") if place.is_dir()]


def _copies(store: Store, folder: Path) -> Iterator[Path]:
    name, places = _places(store, folder)
    for path in (path for place in places for path in sorted(place.iterdir())):
        ours = any(path.name.startswith(f"{name}.{what}-") for what in ("before", "daily", "damaged"))
        if ours and path.is_file() and not path.name.endswith(("-wal", "-shm")):
            yield path


def _by_hand(store: Store, folder: Path) -> Iterator[Path]:
    """Yield what somebody let `monitor backup` write there. A database in use is told from it by its log mode."""
    _, places = _places(store, folder)
    copied = set(_copies(store, folder))
    for path in (path for place in dict.fromkeys([*places, folder]) for path in sorted(place.iterdir())):
        if path in copied or path == store.path or not path.is_file() or path.is_symlink():
            continue
        with suppress(OSError), path.open("rb") as stream:
            head = stream.read(20)
            in_use = head[18:19] != ROLLBACK or path.with_name(f"{path.name}.lock").exists()
            if (head.startswith(standing.MAGIC) and not in_use) or (head.startswith(b"PK") and _is_archive(path)):
                yield path


def _is_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return dump.MANIFEST in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _clear_away(store: Store, folder: Path) -> None:
    """Remove what killed programs left half-made, and wait for a copy that is just being made to have its name."""
    name, places = _places(store, folder)
    pause = threading.Event()
    for place in places:
        for scratch in place.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)
        for _ in range(COPY_ENDS):
            if not still_written(place, f"{name}."):
                break
            pause.wait(0.1)


def _rewrite(path: Path, work: Work, now: datetime) -> None:
    """Do the work in a copy; raises StoreError for one that is damaged or of another version."""
    archive = path.suffix == ".zip"
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=path.parent) as scratch:
        made = backups.as_sqlite(path, Path(scratch))
        if made == path:
            made = Path(scratch) / "copy.db"
            copies.copy_sqlite(path, made)
        if standing.of_file(made, OWN).revision != OWN.head:
            raise StoreError(f"{path} is of another version")
        engine = connecting.sqlite_engine(made, pragmas=(*connecting.PRAGMAS, "PRAGMA journal_mode=MEMORY"))
        try:
            with telling(engine), engine.execution_options(**connecting.WRITING).begin() as conn:
                work(conn)
        finally:
            engine.dispose()
        if (trouble := _scour_sqlite(made)) is not None:
            raise StoreError(trouble)
        if archive:
            with replacing_path(path, private=True) as part:
                backups.as_archive(made, part, now)
        else:
            copies.copy_sqlite(made, path)


def _delete(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


# --- other files ---------------------------------------------------------------------------------


def others(store: Store, folder: Path, words: Sequence[str], but: Collection[str]) -> tuple[str, ...]:
    """Return the files beside the database and the configuration that hold one of the words, or may: packed ones.

    They are exports and databases of others: ours neither to change nor to delete. `but` names those that are done.
    """
    needles = [word.encode() for word in words]
    beside = [store.path.parent, store.path.parent / "backups"] if store.path else []
    ours = {store.path, *_copies(store, folder)} if store.path else set(_copies(store, folder))
    if store.path:
        ours |= {store.path.with_name(f"{store.path.name}{end}") for end in ("-wal", "-shm", ".lock")}
    found = []
    for place in dict.fromkeys([*beside, folder, folder / "backups"]):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if (
                path.is_file()
                and path not in ours
                and path.name not in but
                and (path.suffix in PACKED or _holds(path, needles))
            ):
                found.append(str(path))  # noqa: PERF401  # easier to read so
    return tuple(found)


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    overlap = max((len(needle) for needle in needles), default=1) - 1
    try:
        if path.stat().st_size > LARGEST:
            return True
        with path.open("rb") as stream:
            before = b""
            while piece := stream.read(PIECE):
                held = before + piece
                if any(needle in held for needle in needles):
                    return True
                before = held[-overlap:] if overlap else b""
    except OSError:
        return False
    return False
