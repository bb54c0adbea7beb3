"""Queries for scoring again what is stored: what another scorer has scored, and the new score beside the old one.

Nothing here touches an alert, a delivery or a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from monitor.models import Label, Score, Severity
from monitor.store import schema as t
from monitor.store.engine import upsert
from monitor.store.mentions import chunks, full, score_values


@dataclass(frozen=True, slots=True)
class Which:
    """Which mentions are to be scored again: all that `scorer` (an id, "reviews/1") has not scored yet.

    `since` goes by the time of publishing. With `everything` also those that it has scored. What has lost its text is
    left out.
    """

    scorer: str
    source: str | None = None
    since: datetime | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Rescored:
    """A new score of a mention, for the version and beside the scorer that were read."""

    id: int
    version: int
    before: str | None  # the scorer whose score it had
    was: Label
    score: Score
    severity: Severity | None


def _wanted(which: Which) -> list[sa.ColumnElement[bool]]:
    m, v = t.mentions.c, t.versions.c
    # What had a text that is no longer here was judged by it, and cannot be judged so again.
    textless = sa.exists().where(v.mention_id == m.id, v.version == m.version, v.text == "", v.text_length > 0)
    wanted: list[sa.ColumnElement[bool]] = [~textless]
    if not which.everything:
        wanted.append(m.scorer.is_distinct_from(which.scorer))
    if which.source is not None:
        wanted.append(m.source == which.source)
    if which.since is not None:
        wanted.append(m.sort_at >= which.since)
    return wanted


def count(conn: Connection, which: Which) -> int:
    """Return how many mentions are to be scored again."""
    return int(conn.scalar(sa.select(sa.func.count()).select_from(t.mentions).where(*_wanted(which))) or 0)


def batch(conn: Connection, which: Which, below: int | None, limit: int) -> list[RowMapping]:
    """Return the full rows of the next mentions to be scored again, the newest first; all have an id under `below`."""
    m = t.mentions.c
    query = sa.select(m.id).where(*_wanted(which)).order_by(m.id.desc()).limit(limit)
    return _rows(conn, query if below is None else query.where(m.id < below))


def again(conn: Connection, which: Which, ids: Sequence[int]) -> list[RowMapping]:
    """Return the full rows of those of these mentions that are still to be scored again."""
    return [
        row
        for some in chunks(ids)
        for row in _rows(conn, sa.select(t.mentions.c.id).where(*_wanted(which), t.mentions.c.id.in_(some)))
    ]


def _rows(conn: Connection, query: sa.Select[Any]) -> list[RowMapping]:
    ids: list[int] = list(conn.scalars(query))
    rows = full(conn, ids)
    return [rows[mention_id] for mention_id in ids if mention_id in rows]


def put(
    conn: Connection, rescored: Sequence[Rescored], *, why_not_told: str, instead_of: Sequence[str]
) -> list[Rescored]:
    """Write new scores and make them the current ones. Returns those that were written.

    Left out is what somebody else has edited, scored or erased since it was read, or is changing right now: to
    wait for it could make both wait for ever. One that is bad only now has `why_not_told` as the reason why nobody
    was told of it, where it had none or one of `instead_of`.
    """
    written = _unchanged(conn, rescored)
    if not written:
        return []
    upsert(
        conn,
        t.scores,
        [score_values(one.id, one.version, one.score, one.severity) for one in written],
        ("mention_id", "version", "scorer"),
    )
    conn.execute(
        t.mentions.update()
        .where(t.mentions.c.id == sa.bindparam("of"))
        .values({name: sa.bindparam(name) for name in ("label", "level", "severity", "badness", "scorer")}),
        [_current(one) for one in written],
    )
    newly_bad = [one.id for one in written if one.score.label is Label.BAD and one.was is not Label.BAD]
    _give_reason(conn, newly_bad, why_not_told, instead_of)
    return written


def _current(one: Rescored) -> dict[str, Any]:
    return {
        "of": one.id,
        "label": one.score.label,
        "level": one.score.level,
        "severity": one.severity,
        "badness": one.score.badness,
        "scorer": one.score.scorer,
    }


def _unchanged(conn: Connection, rescored: Sequence[Rescored]) -> list[Rescored]:
    m = t.mentions.c
    there: set[tuple[int, int, str | None]] = set()
    for some in chunks([one.id for one in rescored]):
        query = sa.select(m.id, m.version, m.scorer).where(m.id.in_(some)).with_for_update(skip_locked=True)
        there.update((mention_id, version, scorer) for mention_id, version, scorer in conn.execute(query))
    return [one for one in rescored if (one.id, one.version, one.before) in there]


def _give_reason(conn: Connection, ids: Sequence[int], why: str, instead_of: Sequence[str]) -> None:
    m = t.mentions.c
    alerted = sa.exists().where(t.alerts.c.mention_id == m.id)
    open_ = sa.or_(m.why_not_told.in_(instead_of), sa.and_(m.why_not_told.is_(None), ~alerted))
    for some in chunks(ids):
        conn.execute(t.mentions.update().where(m.id.in_(some), open_).values(why_not_told=why))


def oldest_and_newest(conn: Connection) -> tuple[str, str] | None:
    """Return the ids of the scorers of the first and the last mention stored, or None when there is none.

    Scoring again begins with the last one, so the first has a new score when all have.
    """
    m = t.mentions.c
    first, last = (conn.scalar(sa.select(m.scorer).order_by(order).limit(1)) for order in (m.id, m.id.desc()))
    return None if first is None or last is None else (first, last)
