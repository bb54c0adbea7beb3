"""Columns as the plain values that files carry: text, numbers, and nothing that a driver has to build."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from monitor.store.schema import UtcTime

ISO = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'  # PostgreSQL's words for what SQLite holds as it stands


def kind_of(column_type: Any) -> str:
    """Return text, json, time, boolean, integer or float for a column's type."""
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        ((UtcTime, sa.DateTime), "time"),
        (sa.JSON, "json"),
        (sa.Boolean, "boolean"),
        (sa.Integer, "integer"),
        ((sa.Float, sa.Numeric), "float"),
    ]
    return next((kind for types, kind in kinds if isinstance(column_type, types)), "text")


def plain(column: ColumnElement[Any], dialect: str, kind: str | None = None) -> ColumnElement[Any]:
    """Return a column so that times come as ISO text and JSON as it is stored.

    Times are `2026-11-24T12:00:00.000000+00:00` on both backends, always of that length.
    """
    kind = kind or kind_of(column.type)
    if kind not in ("time", "json"):
        return column
    if dialect == "sqlite":
        return sa.type_coerce(column, sa.String)
    if kind == "json":
        return sa.cast(column, sa.Text)
    return sa.func.to_char(sa.func.timezone("UTC", sa.type_coerce(column, sa.DateTime(timezone=True))), ISO)
