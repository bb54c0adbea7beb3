"""Queries over silences: what is held back for a while, until when, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import Json, Severity
from monitor.store import schema as t


@dataclass(frozen=True, slots=True)
class Silence:
    """`what` has the conditions that must all hold: sources, subjects, brands, topics, words; each a list of text."""

    id: int
    what: Mapping[str, Json]
    why: str
    who: str | None
    from_at: datetime
    until_at: datetime


def add(
    conn: Connection, what: Mapping[str, Json], *, why: str, who: str | None, now: datetime, until: datetime
) -> int:
    """Begin a silence. Returns its number."""
    values = {"what": dict(what), "why": why, "who": who, "from_at": now, "until_at": until}
    [key] = conn.execute(t.silences.insert().values(values)).inserted_primary_key or (0,)
    return int(key)


def active(conn: Connection, now: datetime) -> list[Silence]:
    """Return the silences that hold now, the one that ends last first."""
    s = t.silences.c
    query = sa.select(t.silences).where(s.from_at <= now, s.until_at > now).order_by(s.until_at.desc(), s.id)
    return [Silence(**row._mapping) for row in conn.execute(query)]


def end(conn: Connection, silence_id: int, now: datetime) -> bool:
    """End a silence now. Returns False when there is none of that number that still holds."""
    s = t.silences.c
    result = conn.execute(t.silences.update().where(s.id == silence_id, s.until_at > now).values(until_at=now))
    return bool(result.rowcount)


def holding(conn: Connection, held_reason: str) -> list[tuple[str | None, Severity | None]]:
    """Return of which sources, and of what severity, something is held for a silence."""
    d = t.deliveries.c
    query = sa.select(d.source, d.severity).where(d.state == "held", d.held_reason == held_reason).distinct()
    return [(row.source, Severity(row.severity) if row.severity else None) for row in conn.execute(query)]


def release(
    conn: Connection, held_reason: str, due_at: datetime, *, source: str | None, severity: Severity | None
) -> int:
    """Let what is held for a silence go out at a time. Returns how many messages."""
    d = t.deliveries.c
    where = (d.state == "held", d.held_reason == held_reason, d.source == source, d.severity == severity)
    return conn.execute(t.deliveries.update().where(*where).values(due_at=due_at)).rowcount
