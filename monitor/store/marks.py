"""Queries over what staff have marked: false alarms, missed ones, right ones, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import Label, Level, Rating, Scorable, Score
from monitor.store import schema as t
from monitor.store.engine import upsert
from monitor.store.mentions import chunks, rating_of

FALSE_ALARM, MISSED, RIGHT = "false_alarm", "missed", "right"
MARKS = (FALSE_ALARM, MISSED, RIGHT)
MOST_MARKS = 2000  # of a source, the newest: what staff thought years ago says little, and all are scored again


class Marked(NamedTuple):
    """A mark, and what is marked."""

    mention_id: int
    source: str
    mark: str
    level: Level  # what was thought of it when it was marked
    who: str | None
    note: str | None
    at: datetime

    @property
    def alerted(self) -> bool:
        """Say whether it stood at the alert level."""
        return self.level is Level.ALERT

    @property
    def bad(self) -> bool:
        """Say whether it should have alerted."""
        return self.mark == MISSED or (self.mark == RIGHT and self.alerted)

    @property
    def wrong(self) -> bool:
        """Say whether it alerted and should not have, or the other way round."""
        return self.alerted is not self.bad


def put(
    conn: Connection, mention_ids: Sequence[int], mark: str, *, who: str | None, note: str | None, now: datetime
) -> None:
    """Mark the current version of mentions; an earlier mark of theirs is replaced."""
    m = t.mentions.c
    for some in chunks(mention_ids):
        rows = conn.execute(sa.select(m.id.label("mention_id"), m.version, m.level).where(m.id.in_(some)))
        values = [{**row._mapping, "mark": mark, "who": who, "note": note, "at": now} for row in rows]
        upsert(conn, t.marks, values, ["mention_id"])


def remove(conn: Connection, mention_ids: Sequence[int]) -> None:
    """Take the marks of mentions back."""
    for some in chunks(mention_ids):
        conn.execute(t.marks.delete().where(t.marks.c.mention_id.in_(some)))


def of(conn: Connection, mention_ids: Sequence[int]) -> dict[int, Marked]:
    """Return the marks of mentions, by mention id."""
    found: dict[int, Marked] = {}
    for some in chunks(mention_ids):
        rows = conn.execute(_marked().where(t.marks.c.mention_id.in_(some)))
        found.update((row.mention_id, _read(row)) for row in rows)
    return found


def every(conn: Connection, *, source: str | None = None, since: datetime | None = None) -> list[Marked]:
    """Return the marks made since then, the newest first."""
    query = _marked().order_by(t.marks.c.at.desc(), t.marks.c.mention_id.desc())
    if source is not None:
        query = query.where(t.mentions.c.source == source)
    if since is not None:
        query = query.where(t.marks.c.at >= since)
    return [_read(row) for row in conn.execute(query)]


def texts(conn: Connection, source: str) -> list[tuple[Marked, Scorable]]:
    """Return the newest marks of a source, each with what a scorer is given of the version that was marked."""
    v = t.versions.c
    query = (
        _marked()
        .add_columns(v.title, v.text, v.rating, v.rating_best, v.rating_worst, v.language)
        .join(t.versions, (v.mention_id == t.marks.c.mention_id) & (v.version == t.marks.c.version))
        .where(t.mentions.c.source == source)
        .order_by(t.marks.c.at.desc(), t.marks.c.mention_id.desc())
        .limit(MOST_MARKS)
    )
    found = []
    for row in conn.execute(query):
        text = f"{row.title}\n{row.text}" if row.title else row.text
        found.append((_read(row), Scorable(text, rating_of(row), row.language)))
    return found


def _marked() -> sa.Select[Any]:
    k, m = t.marks.c, t.mentions.c
    columns = (k.mention_id, m.source, k.mark, k.level, k.who, k.note, k.at)
    return sa.select(*columns).join(t.mentions, m.id == k.mention_id)


def _read(row: Any) -> Marked:
    return Marked(row.mention_id, row.source, row.mark, Level(row.level), row.who, row.note, row.at)


# --- offsets -------------------------------------------------------------------------------------


class Stored(NamedTuple):
    """The shift that follows from the marks of a source, for one scorer; 0 while they are too few."""

    shift: float
    marks: int


# Made once, as every look asks.
_OFFSET = sa.select(t.offsets.c.shift, t.offsets.c.marks).where(
    t.offsets.c.source == sa.bindparam("source"), t.offsets.c.scorer == sa.bindparam("scorer")
)


def offset(conn: Connection, source: str, scorer: str) -> Stored | None:
    """Return what is stored for a source and a scorer ("stars-vader/2"), or None where nothing was marked."""
    row = conn.execute(_OFFSET, {"source": source, "scorer": scorer}).first()
    return Stored(row.shift, row.marks) if row else None


def offsets(conn: Connection, scorer: str) -> dict[str, Stored]:
    """Return what is stored for a scorer, by source."""
    o = t.offsets.c
    rows = conn.execute(sa.select(o.source, o.shift, o.marks).where(o.scorer == scorer))
    return {row.source: Stored(row.shift, row.marks) for row in rows}


def put_offset(conn: Connection, source: str, scorer: str, shift: float, marks: int, now: datetime) -> None:
    """Store the offset of a source for one scorer."""
    row = {"source": source, "scorer": scorer, "slope": 1.0, "shift": shift, "marks": marks, "at": now}
    upsert(conn, t.offsets, [row], ["source", "scorer"])


def forget_offsets(conn: Connection, source: str) -> None:
    """Drop the offsets of a source, for every scorer."""
    conn.execute(t.offsets.delete().where(t.offsets.c.source == source))


def unlearned(conn: Connection, scorer: str) -> list[str]:
    """Return the sources with marks from which nothing has been learned for this scorer yet."""
    learned = sa.exists().where(t.offsets.c.source == t.mentions.c.source, t.offsets.c.scorer == scorer)
    query = sa.select(t.mentions.c.source).distinct().join(t.marks, t.marks.c.mention_id == t.mentions.c.id)
    return list(conn.scalars(query.where(~learned).order_by(t.mentions.c.source)))


# --- what alerts, and what would -----------------------------------------------------------------


class Judgement(NamedTuple):
    """What is thought of a mention, as far as another threshold could change it."""

    source: str
    score: Score
    rating: Rating | None


def judgements(conn: Connection, since: datetime, *, source: str | None = None) -> Iterator[Judgement]:
    """Yield what is thought of each mention published since then, our own posts left out."""
    m, v, s = t.mentions.c, t.versions.c, t.scores.c
    query = (
        sa.select(
            m.source, m.badness, m.level, m.label, m.scorer,
            s.dangers, s.language, v.rating, v.rating_best, v.rating_worst,
        )
        .join(t.versions, (v.mention_id == m.id) & (v.version == m.version))
        .join(t.scores, (s.mention_id == m.id) & (s.version == m.version) & (s.scorer == m.scorer))
        .where(m.sort_at >= since, ~m.own)
    )  # fmt: skip
    if source is not None:
        query = query.where(m.source == source)
    for row in conn.execute(query):
        score = Score(
            row.badness, Level(row.level), Label(row.label), row.scorer,
            dangers=tuple(row.dangers or ()), language=row.language,
        )  # fmt: skip
        yield Judgement(row.source, score, rating_of(row))


def oldest(conn: Connection) -> dict[str, datetime]:
    """Return when the oldest stored mention of each source was published, or else first seen."""
    rows = conn.execute(sa.select(t.mentions.c.source, sa.func.min(t.mentions.c.sort_at)).group_by(t.mentions.c.source))
    return {row[0]: row[1] for row in rows}
