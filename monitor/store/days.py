"""Queries over a day: what was answered, what was praised, how the stars moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import CaseState, Label, Level, Reason
from monitor.store import schema as t


def answered(conn: Connection, since: datetime, until: datetime) -> tuple[int, float | None]:
    """Return how many cases were answered in a span, and the minutes the fastest took."""
    c = t.cases.c
    rows = conn.execute(
        sa.select(c.opened_at, c.answered_at).where(c.answered_at >= since, c.answered_at < until)
    ).all()
    minutes = [(row.answered_at - row.opened_at).total_seconds() / 60 for row in rows]
    return len(rows), min(minutes, default=None)


def in_time(conn: Connection, since: datetime, until: datetime) -> tuple[int, int]:
    """Return how many cases were answered by their time, and how many had one in a span.

    Those of which nobody can know, closed as unverified, are left out.
    """
    c = t.cases.c
    known = sa.or_(c.resolution.is_(None), c.resolution.not_in(("unverified", "deleted")))
    rows = conn.execute(sa.select(c.answered_at, c.due_at).where(c.due_at >= since, c.due_at < until, known)).all()
    met = sum(row.answered_at is not None and row.answered_at <= row.due_at for row in rows)
    return met, len(rows)


def won_back(conn: Connection, since: datetime, until: datetime, limit: int = 5) -> list[dict[str, Any]]:
    """Return what was edited to better in a span: author, rating and rating_best now, and before."""
    a, m, v = t.alerts.c, t.mentions.c, t.versions.c
    rows = conn.execute(
        sa.select(a.facts, a.mention_id, m.author, v.rating, v.rating_best, v.rating_worst)
        .join(t.mentions, m.id == a.mention_id)
        .join(t.versions, (v.mention_id == m.id) & (v.version == a.version))
        .where(a.reason == Reason.WON_BACK, a.created_at >= since, a.created_at < until)
        .order_by(a.id)
        .limit(limit)
    ).all()
    before = {(row.mention_id, row.facts["before"]) for row in rows if row.facts.get("before")}
    earlier = {
        (row.mention_id, row.version): row
        for row in conn.execute(
            sa.select(v.mention_id, v.version, v.rating, v.rating_best, v.rating_worst).where(
                sa.tuple_(v.mention_id, v.version).in_(sorted(before))
            )
        )
    }
    return [
        {"author": row.author, "now": row, "before": earlier.get((row.mention_id, row.facts.get("before")))}
        for row in rows
    ]


def to_answer(conn: Connection, now: datetime, limit: int = 10, *, weekly: bool = False) -> tuple[int, list[int]]:
    """Return how many mentions wait for an answer, and the ids of the most pressing.

    What a site will never show an answer to, and of which the team was reminded twice, is listed weekly only.
    """
    c, m = t.cases.c, t.mentions.c
    busy = c.state.in_((CaseState.OPEN, CaseState.CLAIMED))
    joined = sa.join(t.cases, t.mentions, m.case_id == c.id)
    query = sa.select(m.id).select_from(joined).where(busy, ~m.own, m.deleted_at.is_(None))
    if not weekly:
        query = query.where(c.id.not_in(_reminded_in_vain(conn, now)))
    ids = conn.scalars(query.order_by(c.due_at, c.id)).all()
    return len(ids), list(ids[:limit])


def _reminded_in_vain(conn: Connection, now: datetime) -> list[int]:
    """Return the open cases that only wait to be closed as unverified."""
    c = t.cases.c
    late = (c.state.in_((CaseState.OPEN, CaseState.CLAIMED)), c.due_at < now)
    rows = conn.execute(sa.select(c.id, c.ladder, c.step).where(*late))
    return [row.id for row in rows if [step["to"] for step in row.ladder[row.step :]] == ["unverified"]]


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
