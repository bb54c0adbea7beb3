"""Rows for whole tables: one of each kind of value that has ever gone wrong between two databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import schema
from monitor.store.plain import kind_of

AT = datetime(2026, 11, 24, 12, 0, 0, 7, tzinfo=UTC)

VALUES: dict[str, Sequence[Any]] = {
    "text": (
        "",
        "'",
        "=1+1",
        "x;=1+1\r\n- a list\r\n\ttab",
        "lone\rCR and LF\n",
        "NULL",
        "\\N",
        "nan",
        "00123",
        "naïve 🙈 \U0001f9d1\u200d\U0001f373 \u202eabc",
        'a "quoted" cell, with commas',
        " spaces ",
    ),
    "json": (
        None,
        {},
        [],
        0,
        "",
        "12345678901234567890",
        12345678901234567890,
        0.1,
        {"a": [1, 2.5, None, True], "ü": "=1+1;-2", "gone": "\ud800", "nul": "\x00"},
    ),
    "time": (
        AT,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
    ),
    "integer": (0, 1, 2_147_483_647, -5),
    "float": (0.1, 1e300, 5e-324, 2 / 3, -0.0, 4.0, 1e16),
    "boolean": (True, False),
}


def fill(conn: Connection, count: int = 12) -> None:
    """Put `count` rows into every table; columns that may be empty are so in every third row."""
    for table in schema.metadata.sorted_tables:
        for number in range(1, count + 1) if table.name != "meta" else ():
            conn.execute(table.insert().values(_row(table, number)))
    conn.execute(schema.meta.insert(), [{"key": "since", "value": AT.isoformat()}, {"key": "none", "value": None}])


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: sa.Table, column: sa.Column[Any], number: int) -> Any:
    kind = kind_of(column.type)
    if column.primary_key or column.foreign_keys or column.name == "key" or _in_constraint(table, column):
        return _key(kind, number)
    if column.nullable and number % 3 == 0:
        return sa.null()
    values = VALUES[kind]
    return values[(number + len(column.name)) % len(values)]


def _in_constraint(table: sa.Table, column: sa.Column[Any]) -> bool:
    return any(
        isinstance(constraint, sa.UniqueConstraint) and column.name in constraint.columns
        for constraint in table.constraints
    )


def _key(kind: str, number: int) -> Any:
    return {"text": f"=key-{number}", "integer": number, "time": AT + timedelta(seconds=number)}[kind]


def everything(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is in every table, with JSON as it is stored, so that null and nothing differ."""
    found = {}
    for table in schema.metadata.sorted_tables:
        columns = list(_stored(table))
        rows = conn.execute(sa.select(*columns).order_by(*table.primary_key.columns))
        found[table.name] = [tuple(row) for row in rows]
    return found


def _stored(table: sa.Table) -> Iterator[sa.ColumnElement[Any]]:
    for column in table.columns:
        yield column
        if isinstance(column.type, sa.JSON):
            yield column.is_(sa.null())
