"""A clock that was set back: what was to happen soon would otherwise wait for as long as it ran ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import DeliveryState
from monitor.store import schema as t

# What is counted from the moment it was written. What is bound to a time of day (held messages, the
# digest) stays where it is.
_SPANS: tuple[tuple[sa.Table, str, Sequence[str]], ...] = (
    (t.sources, "name", ("next_poll_at", "not_before", "next_full_at", "lease_until")),
    (t.channels, "name", ("not_before",)),
    (t.cases, "id", ("recheck_at",)),
)


def set_back(conn: Connection, span: timedelta, now: datetime) -> None:
    """Bring forward what lies ahead by as much as the clock was set back; what was due is due now."""
    for table, key, names in _SPANS:
        for name in names:
            _bring_forward(conn, table, key, name, span, now)
    d = t.deliveries.c
    was_due = (d.state == DeliveryState.PENDING, d.due_at > now, d.due_at <= now + span)
    conn.execute(t.deliveries.update().where(*was_due).values(due_at=now))


def _bring_forward(conn: Connection, table: sa.Table, key: str, name: str, span: timedelta, now: datetime) -> None:
    column = table.c[name]
    rows = list(conn.execute(sa.select(table.c[key].label("key"), column.label("at")).where(column > now)))
    if rows:
        conn.execute(
            table.update().where(table.c[key] == sa.bindparam("the_key")).values({name: sa.bindparam("at")}),
            [{"the_key": row.key, "at": max(now, row.at - span)} for row in rows],
        )
