"""All tables as CSV files and back, exactly, on either database and from one to the other.

`tables.json` says what is in each file. A cell is empty where there is nothing; an empty text is a
lone apostrophe; other texts are guarded as in `monitor.text.cells`. JSON stands as it is stored, times are
ISO text in UTC, numbers are written so that they read back to the last bit.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor import __version__, clock
from monitor.errors import StoreError
from monitor.store import schema
from monitor.store.migrations import PROGRAM_VERSION, VERSION_TABLE
from monitor.store.plain import kind_of, plain
from monitor.text.cells import guard, unguard

MANIFEST = "tables.json"
BATCH = 2_000  # rows in memory at a time

Member = Callable[[str], IO[bytes]]
"""Opens a file of a dump by its name: in a folder or in an archive, to write or to read."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """What a dump holds of one table. `last_id` is the highest number ever given, when the table counts."""

    name: str
    columns: Mapping[str, str]  # name: text, json, time, boolean, integer, float
    rows: int
    last_id: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dump holds, and which version wrote it."""

    program_version: str
    revision: str
    made_at: str
    tables: tuple[TableFile, ...]  # parents before children

    def as_json(self) -> str:
        """Return the text of `tables.json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, member: Member, name: str) -> Manifest:
        """Read it from a dump. Raises StoreError when this is none."""
        try:
            with member(MANIFEST) as stream:
                value = json.loads(stream.read())
            tables = tuple(TableFile(**table) for table in value.pop("tables"))
            return cls(**value, tables=tables)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{name} is no export of this program: its {MANIFEST} is missing or unreadable") from error


def write(conn: Connection, member: Member, *, now: datetime, leave_out: Collection[str] = ()) -> Manifest:
    """Write every table but those of `leave_out`, as of the transaction of `conn`, whatever its revision."""
    tables = [
        _write_table(conn, table, member)
        for table in _tables_of(conn)
        if table.name not in leave_out and table.name != VERSION_TABLE
    ]
    (revision,) = conn.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).one()  # noqa: S608  # our own name
    manifest = Manifest(__version__, revision, now.isoformat(timespec="seconds"), tuple(tables))
    with member(MANIFEST) as stream:
        stream.write(manifest.as_json().encode())
    return manifest


def stop_writers(conn: Connection) -> None:
    """Let nobody else write to a PostgreSQL database until the transaction of `conn` ends."""
    quote = conn.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.name) for table in _tables_of(conn))
    conn.execute(sa.text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def load(conn: Connection, member: Member, manifest: Manifest) -> None:
    """Fill the tables of `conn`, which are those of the dump's revision, replacing what is in them.

    Raises StoreError when a file holds more or less than it should.
    """
    _check_names(conn, manifest)
    kept = _own_meta(conn)
    for table in reversed(manifest.tables):
        conn.execute(sa.table(table.name).delete())
    for table in manifest.tables:
        with member(f"{table.name}.csv") as stream:
            count = _fill(conn, table, _cells(stream, table))
        if count != table.rows:
            raise StoreError(
                f"{table.name}.csv holds {count} rows where {table.rows} were written: nothing was read in"
            )
        _set_counter(conn, table)
    _put_meta(conn, kept)


def _check_names(conn: Connection, manifest: Manifest) -> None:
    # The names come from a file, and become part of statements and of paths.
    tables = sa.inspect(conn)
    known = set(tables.get_table_names()) - {VERSION_TABLE}
    for table in manifest.tables:
        if table.name not in known or set(table.columns) - {c["name"] for c in tables.get_columns(table.name)}:
            raise StoreError(
                f"{MANIFEST} names a table `{table.name}` as this program never had it: nothing was read in"
            )


def _own_meta(conn: Connection) -> list[dict[str, Any]]:
    # Who made these tables is told by the one who did.
    rows = conn.execute(sa.select(schema.meta).where(schema.meta.c.key == PROGRAM_VERSION))
    return [dict(row._mapping) for row in rows]


def _put_meta(conn: Connection, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        conn.execute(schema.meta.delete().where(schema.meta.c.key == row["key"]))
        conn.execute(schema.meta.insert().values(row))


# --- out -----------------------------------------------------------------------------------------


def _tables_of(conn: Connection) -> list[sa.Table]:
    found = sa.MetaData()
    found.reflect(conn)
    return list(found.sorted_tables)


def _kinds(table: sa.Table) -> dict[str, str]:
    # SQLite's own words do not tell a time or JSON from a text; ours do.
    known = schema.metadata.tables.get(table.name)
    kinds = {}
    for column in table.columns:
        own = known.columns.get(column.name) if known is not None else None
        kinds[column.name] = kind_of(own.type if own is not None else column.type)
    return kinds


def _write_table(conn: Connection, table: sa.Table, member: Member) -> TableFile:
    kinds = _kinds(table)
    dialect = conn.dialect.name
    columns = [plain(column, dialect, kinds[column.name]).label(column.name) for column in table.columns]
    key = list(table.primary_key.columns)
    rows = conn.execute(sa.select(*columns).order_by(*key).execution_options(stream_results=True))
    count = 0
    with member(f"{table.name}.csv") as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        writer = csv.writer(text)  # ends rows with CRLF, and so quotes a lone CR as well
        writer.writerow(kinds)
        texts = [number for number, kind in enumerate(kinds.values()) if kind in ("text", "json")]
        booleans = [number for number, kind in enumerate(kinds.values()) if kind == "boolean"]
        for some in rows.partitions(BATCH):
            writer.writerows(_shown(row, texts, booleans) for row in some)
            count += len(some)
        text.detach()
    return TableFile(table.name, kinds, count, _last_id(conn, table))


def _shown(row: Sequence[Any], texts: Sequence[int], booleans: Sequence[int]) -> list[Any]:
    cells = list(row)
    for number in texts:
        if cells[number]:
            cells[number] = guard(cells[number])
        elif cells[number] is not None:
            cells[number] = "'"
    for number in booleans:
        if cells[number] is not None:
            cells[number] = "true" if cells[number] else "false"
    return cells


def _last_id(conn: Connection, table: sa.Table) -> int | None:
    if not _counts(table):
        return None
    if conn.dialect.name == "sqlite":
        given = _sqlite_counter(conn, table.name)
    else:
        from sqlalchemy.dialects.postgresql import REGCLASS

        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        given = conn.scalar(sa.select(sa.func.pg_sequence_last_value(sa.cast(sequence, REGCLASS))))
    highest = conn.scalar(sa.select(sa.func.max(table.c.id)))
    return max(given or 0, highest or 0)


def _sqlite_counter(conn: Connection, name: str) -> int | None:
    counter = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq", sa.Integer))
    return conn.scalar(sa.select(counter.c.seq).where(counter.c.name == name))


def _counts(table: sa.Table) -> bool:
    return [column.name for column in table.primary_key.columns] == ["id"] and kind_of(table.c.id.type) == "integer"


# --- in ------------------------------------------------------------------------------------------


def _cells(stream: IO[bytes], table: TableFile) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)  # a list of all ids of a source is one cell
    rows = csv.reader(io.TextIOWrapper(stream, "utf-8", newline=""))
    header = next(rows, [])
    if header != list(table.columns):
        raise StoreError(f"{table.name}.csv has other columns than {MANIFEST} says: nothing was read in")
    return rows


def _fill(conn: Connection, table: TableFile, rows: Iterator[list[str]]) -> int:
    if conn.dialect.name == "sqlite":
        return _fill_sqlite(conn, table, rows)
    return _fill_postgres(conn, table, rows)


def _fill_sqlite(conn: Connection, table: TableFile, rows: Iterator[list[str]]) -> int:
    readers = [_READERS[kind] for kind in table.columns.values()]
    query = f"INSERT INTO {table.name} ({_names(conn, table)}) VALUES ({', '.join('?' * len(readers))})"  # noqa: S608
    count = 0
    while some := _read_some(rows, readers, table.name):
        conn.exec_driver_sql(query, some)
        count += len(some)
    return count


def _fill_postgres(conn: Connection, table: TableFile, rows: Iterator[list[str]]) -> int:
    # The server reads every kind from its text, to the last bit.
    readers = [unguard if kind in ("text", "json") else str for kind in table.columns.values()]
    count = 0
    cursor: Any = conn.connection.cursor()
    try:
        with cursor, cursor.copy(f"COPY {table.name} ({_names(conn, table)}) FROM STDIN") as copy:
            while some := _read_some(rows, readers, table.name):
                for row in some:
                    copy.write_row(row)
                count += len(some)
    except conn.dialect.loaded_dbapi.DataError as error:
        raise StoreError(f"{table.name}.csv cannot be read: {error}. Nothing was read in") from error
    return count


def _read_some(rows: Iterator[list[str]], readers: Sequence[Callable[[str], Any]], name: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    try:
        for cells in rows:
            found.append(tuple(read(cell) if cell else None for read, cell in zip(readers, cells, strict=True)))
            if len(found) == BATCH:
                break
    except (ValueError, KeyError, csv.Error) as error:
        raise StoreError(
            f"{name}.csv cannot be read near row {len(found) + 1} of a batch: nothing was read in"
        ) from error
    return found


def _instant(cell: str) -> str:
    # As it will be stored: somebody may have saved the file with another program meanwhile.
    return clock.aware(datetime.fromisoformat(cell)).isoformat(timespec="microseconds")


_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": unguard,
    "json": unguard,
    "time": _instant,
    "boolean": {"true": 1, "false": 0}.__getitem__,
    "integer": int,
    "float": float,
}


def _names(conn: Connection, table: TableFile) -> str:
    quote = conn.dialect.identifier_preparer.quote
    return ", ".join(quote(name) for name in table.columns)


def _set_counter(conn: Connection, table: TableFile) -> None:
    if table.last_id is None:
        return
    if conn.dialect.name == "sqlite":
        if schema.metadata.tables[table.name].dialect_options["sqlite"]["autoincrement"]:
            counter = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
            conn.execute(counter.delete().where(counter.c.name == table.name))
            conn.execute(counter.insert().values(name=table.name, seq=table.last_id))
        return
    conn.execute(
        sa.text("SELECT setval(pg_get_serial_sequence(:name, 'id'), greatest(:last, 1), :last > 0)"),
        {"last": table.last_id, "name": table.name},
    )


# --- where a dump lies ---------------------------------------------------------------------------


@contextmanager
def archive_to_write(stream: BinaryIO) -> Iterator[Member]:
    """Give the Member of a new archive."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        yield lambda name: archive.open(name, "w", force_zip64=True)


@contextmanager
def archive_to_read(path: Path) -> Iterator[Member]:
    """Give the Member of an archive. Raises StoreError when it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive.open
    except zipfile.BadZipFile as error:
        raise StoreError(f"{path} is damaged or no backup of this program") from error


def folder_to_write(folder: Path) -> Member:
    """Return the Member of a folder to fill."""
    return lambda name: (folder / name).open("xb")


def folder_to_read(folder: Path) -> Member:
    """Return the Member of a filled folder."""
    return lambda name: (folder / name).open("rb")
