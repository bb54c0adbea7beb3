"""Queries over a day: what was answered, what was praised, how the stars moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import CaseState, Label, Level
from monitor.store import schema as t


def answered(conn: Connection, since: datetime, until: datetime) -> tuple[int, float | None]:
    """Return how many cases were answered in a span, and the minutes the fastest took."""
    c = t.cases.c
    rows = conn.execute(
        sa.select(c.opened_at, c.answered_at).where(c.answered_at >= since, c.answered_at < until)
    ).all()
    minutes = [(row.answered_at - row.opened_at).total_seconds() / 60 for row in rows]
    return len(rows), min(minutes, default=None)


def to_answer(conn: Connection, limit: int = 10) -> tuple[int, list[int]]:
    """Return how many mentions wait for an answer, and the ids of the most pressing."""
    c, m = t.cases.c, t.mentions.c
    busy = c.state.in_((CaseState.OPEN, CaseState.CLAIMED))
    joined = sa.join(t.cases, t.mentions, m.case_id == c.id)
    count = conn.scalar(sa.select(sa.func.count()).select_from(joined).where(busy))
    ids = conn.scalars(sa.select(m.id).select_from(joined).where(busy).order_by(c.due_at, c.id).limit(limit))
    return int(count or 0), list(ids)


def counts(conn: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many mentions of a span go to the digest, and how many ask for thanks."""
    m = t.mentions.c
    rows = conn.execute(
        sa.select(m.level, m.label, sa.func.count())
        .where(m.first_seen_at >= since, m.first_seen_at < until, ~m.own, m.sort_at >= since - timedelta(days=3))
        .group_by(m.level, m.label)
    ).all()
    return {
        "new": sum(number for _, _, number in rows),
        "watch": sum(number for level, _, number in rows if level == Level.WATCH),
        "thanks": sum(number for _, label, number in rows if label == Label.GOOD),
    }


def best(conn: Connection, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the best thing somebody wrote in a span, if there is one: text, rating, rating_best, place."""
    m, v = t.mentions.c, t.versions.c
    rows = conn.execute(
        sa.select(v.text, v.rating, v.rating_best, m.place, m.source)
        .join(t.versions, (v.mention_id == m.id) & (v.version == m.version))
        .where(
            m.first_seen_at >= since,
            m.first_seen_at < until,
            m.label == Label.GOOD,
            v.rating == v.rating_best,
            sa.func.length(v.text).between(12, 200),
        )
        .order_by(sa.func.coalesce(m.badness, 0), m.id.desc())
        .limit(1)
    )
    return [dict(row) for row in rows.mappings()]


def stars(conn: Connection, day: str, month_ago: str) -> list[dict[str, Any]]:
    """Return the newest average of each place, and how it moved in thirty days: source, subject, average, change."""
    s = t.site_totals.c
    rows = conn.execute(
        sa.select(s.source, s.subject, s.day, s.average)
        .where(s.average.is_not(None), s.day >= month_ago, s.day <= day)
        .order_by(s.source, s.subject, s.day)
    ).all()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        first = found.setdefault(
            (row.source, row.subject), {"source": row.source, "subject": row.subject, "first": row.average}
        )
        first["average"] = row.average
    return [{**place, "change": round(place["average"] - place.pop("first"), 2)} for place in found.values()]
