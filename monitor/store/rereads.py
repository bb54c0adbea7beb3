"""Queries for asking again about all that is stored of a source, in the order of its ids at the site.

That order is served by the index over source and external id, whatever else is stored, and what comes in meanwhile has
its place in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import CLEARED, NOT_KEPT, Json
from monitor.store import schema as t
from monitor.store.sources import put_meta

KEY = "reread:"  # in `meta`, with the source's name: how far the round over it has come


def progress(conn: Connection) -> dict[str, Mapping[str, Json]]:
    """Return how far the rounds over all sources have come, by name."""
    rows = conn.execute(sa.select(t.meta.c.key, t.meta.c.value).where(t.meta.c.key.startswith(KEY, autoescape=True)))
    return {key.removeprefix(KEY): value for key, value in rows if isinstance(value, dict)}


def save(conn: Connection, source: str, value: Mapping[str, Json]) -> None:
    """Write down how far the round over a source has come."""
    put_meta(conn, KEY + source, dict(value))


def count(conn: Connection, source: str) -> int:
    """Return how many rows there are of a source, deleted ones included. Reads an index and no row."""
    query = sa.select(sa.func.count(t.mentions.c.external_id)).where(t.mentions.c.source == source)
    return int(conn.scalar(query) or 0)


def following(conn: Connection, source: str, after: str, limit: int) -> list[Any]:
    """Return the next rows behind an external id. Rows: id, external_id, kept.

    `kept` says whether there is anything that would have to go: the site is known to show it, and its text and
    names are here.
    """
    m = t.mentions.c
    query = (
        sa.select(m.id, m.external_id, m.flags, m.deleted_at)
        .where(m.source == source, m.external_id > after)
        .order_by(m.external_id)
        .limit(limit)
    )
    return [
        (row.id, row.external_id, row.deleted_at is None and not {CLEARED, NOT_KEPT} & set(row.flags or ()))
        for row in conn.execute(query)
    ]
