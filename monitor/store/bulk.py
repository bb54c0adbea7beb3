"""Whole batches at once: ids in advance, then one `executemany` a table.

RETURNING gives ids, too, but on SQLite only row by row when their order matters, and SQLAlchemy
looks at each value of each row twice. Both together were half the time of taking in a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

from monitor.store.connecting import dumps
from monitor.store.schema import UtcTime

Row = Mapping[str, Any]


def reserve(conn: Connection, table: sa.Table, count: int) -> list[int]:
    """Return `count` ids of a table that nobody else will use, ascending. Within a write transaction."""
    if count <= 0:
        return []
    if conn.dialect.name == "sqlite":
        # The transaction holds the write lock; AUTOINCREMENT keeps the highest id ever used.
        [*used] = conn.exec_driver_sql("select seq from sqlite_sequence where name = ?", (table.name,))
        first = int(used[0][0] if used else 0) + 1
        return list(range(first, first + count))
    sequence = sa.func.pg_get_serial_sequence(table.name, "id")
    drawn = sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, count).alias())
    return sorted(int(value) for value in conn.scalars(drawn))


def insert_many(conn: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same keys. An empty batch is fine."""
    if not rows:
        return
    if conn.dialect.name != "sqlite":
        conn.execute(table.insert(), [dict(row) for row in rows])
        return
    sql, order, processors = _plan(table, tuple(rows[0]), conn.dialect)
    pick = itemgetter(*order)
    values = [list(pick(row)) for row in rows]
    for place, process in processors:
        last, shown = None, process(None)
        for value in values:
            if value[place] is not last:  # most rows of a batch share the time, and much that is empty
                last = value[place]
                shown = process(last)
            value[place] = shown
    conn.exec_driver_sql(sql, [tuple(value) for value in values])


@lru_cache(maxsize=64)
def _plan(
    table: sa.Table, keys: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...], list[tuple[int, Callable[[Any], Any]]]]:
    """Return the statement, its columns in order, and what turns the values at some places into SQLite's."""
    compiled = table.insert().compile(dialect=dialect, column_keys=list(keys))
    order = compiled.positiontup or list(keys)
    processors: list[tuple[int, Callable[[Any], Any]]] = []
    for place, name in enumerate(order):
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if process is not None:
            processors.append((place, _direct(table.c[name].type, process)))
    return str(compiled), tuple(order), processors


def _direct(kind: sa.types.TypeEngine[Any], process: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a shorter way to what `process` makes of the usual values of a type: it goes through four calls."""
    if isinstance(kind, UtcTime):

        def time(value: datetime | None) -> Any:
            if value is None or value.tzinfo is not UTC:
                return process(value)
            return value.isoformat(timespec="microseconds")

        return time
    if isinstance(kind, sa.JSON):
        return lambda value: process(None) if value is None else dumps(value)
    return process
