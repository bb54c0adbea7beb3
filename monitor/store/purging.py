"""What goes: texts and names of what a site has deleted or of what is old enough, and whole mentions that are erased.

`clear` leaves the figures: stars, times, labels, how long a text was. `erase` leaves nothing but a tombstone, the
hash of source and id, so that the same thing is not taken in again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import CLEARED, NOT_KEPT, CaseState, DeliveryState, Json, Reason
from monitor.store import rereads
from monitor.store import schema as t
from monitor.store.alerts import GONE, WAITING, hashed
from monitor.store.engine import upsert
from monitor.store.mentions import chunks

SHORTEST_NAME = 3  # characters; what is shorter is looked for as a whole value only
SHORTEST_TEXT = 12
AT_A_TIME = 2_000  # rows that are read at once
LEFT = "…"  # stands where a name stood in a note of staff
SENT_DONE = (DeliveryState.SENT, DeliveryState.DEAD)
_OF_THE_DAY = (Reason.DIGEST, Reason.SUMMARY)  # messages about no single mention that quote some


@dataclass(frozen=True, slots=True)
class Words:
    """Names and texts that must be nowhere any more."""

    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    def __or__(self, other: Words) -> Words:
        return Words(self.names | other.names, self.ids | other.ids, self.texts | other.texts)

    def without(self, value: Json) -> Json:
        """Return a JSON value in which none of them is left."""
        if isinstance(value, str):
            return self._cut(value)
        if isinstance(value, list):
            return [self.without(one) for one in value]
        if isinstance(value, dict):
            return {key: self.without(one) for key, one in value.items()}
        return value

    def _cut(self, said: str) -> str:
        if said in self.names or said in self.ids:
            return ""
        for text in self.texts:
            if text in said or (len(said) >= SHORTEST_TEXT and said.rstrip("… ") in text):
                return ""
        for name in self.names:
            if len(name) >= SHORTEST_NAME and name in said:
                said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", LEFT, said)
        return said


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: how many rows, and how many messages about it stand where only people can delete them."""

    keys: frozenset[tuple[str, str]] = frozenset()  # source and external id
    words: Words = field(default_factory=Words)
    cases: frozenset[int] = frozenset()
    mentions: int = 0
    called_off: int = 0
    told: tuple[tuple[str, int], ...] = ()  # channel, how many messages it was sent


# --- what a site has deleted, and what is old ----------------------------------------------------


def clear(conn: Connection, ids: Sequence[int], *, gone: bool) -> None:
    """Take texts, names and addresses of these mentions out of all tables; the rows stay, as figures.

    With `gone` the site no longer shows them: what waits to be sent about them is called off, and their
    fingerprints go, too, so that one that comes back is taken in anew. Without, an unchanged text that the site goes
    on showing is known as before.
    """
    for some in chunks(ids):
        words = _words(conn, some)
        _clear_versions(conn, sa.true(), some, gone=gone)
        _clear_mentions(conn, some, gone=gone)
        conn.execute(t.replies.update().where(t.replies.c.mention_id.in_(some)).values(text="", author=None, url=None))
        conn.execute(t.outgoing_replies.update().where(t.outgoing_replies.c.mention_id.in_(some)).values(text=""))
        _clear_quarantine(conn, some)
        _clear_alerts(conn, some, words)
        if gone:
            _call_off(conn, some)


def clear_old_versions(conn: Connection, ids: Sequence[int], before: datetime) -> int:
    """Take the text of versions seen before then away, where the mention has a newer one. Returns how many."""
    v, m, a = t.versions.c, t.mentions.c, t.alerts.c
    newer = sa.exists().where(m.id == v.mention_id, m.version > v.version)
    count = 0
    for some in chunks(ids):
        count += _clear_versions(conn, sa.and_(v.seen_at < before, v.text != "", newer), some, gone=False)
        for row in conn.execute(sa.select(a.id, a.facts).where(a.mention_id.in_(some), a.created_at < before)).all():
            _keep_facts(conn, row, {key: value for key, value in row.facts.items() if key != "why"})
    return count


def _clear_versions(conn: Connection, which: sa.ColumnElement[bool], ids: Sequence[int], *, gone: bool) -> int:
    v, s = t.versions.c, t.scores.c
    mine = sa.and_(v.mention_id.in_(ids), which)
    these = sa.exists().where(v.mention_id == s.mention_id, v.version == s.version, which)
    conn.execute(t.scores.update().where(s.mention_id.in_(ids), these).values(reasons=[]))  # they quote
    values = {"title": None, "text": ""} | ({"content_hash": ""} if gone else {})
    return conn.execute(t.versions.update().where(mine).values(values)).rowcount


def _clear_mentions(conn: Connection, ids: Sequence[int], *, gone: bool) -> None:
    m = t.mentions.c
    rows = conn.execute(sa.select(m.id, m.flags).where(m.id.in_(ids)))
    flags = [{"of": row.id, "flags": sorted({*(row.flags or ()), CLEARED})} for row in rows]
    values: dict[str, Any] = {
        "author": None, "author_id": None, "url": None, "answer_url": None, "same_as": None,
        "flags": sa.bindparam("flags"),
    }  # fmt: skip
    if gone:
        values["content_hash"] = ""
    if flags:
        conn.execute(t.mentions.update().where(m.id == sa.bindparam("of")).values(values), flags)


def _clear_quarantine(conn: Connection, ids: Sequence[int]) -> None:
    q, m = t.quarantine.c, t.mentions.c
    same = sa.exists().where(m.source == q.source, m.external_id == q.external_id, m.id.in_(ids))
    conn.execute(t.quarantine.delete().where(same))


def _clear_alerts(conn: Connection, ids: Sequence[int], words: Words) -> None:
    """Take the reasons, which quote, from the alerts about them, and what the summaries of the day quoted of them."""
    a = t.alerts.c
    for row in conn.execute(sa.select(a.id, a.facts).where(a.mention_id.in_(ids))).all():
        facts = {key: words.without(value) for key, value in row.facts.items() if key != "why"}
        _keep_facts(conn, row, facts)
    _scrub(conn, t.alerts, ("facts",), words, a.mention_id.is_(None), a.reason.in_(_OF_THE_DAY))
    cases = list(conn.scalars(sa.select(t.mentions.c.case_id).where(t.mentions.c.id.in_(ids)).distinct()))
    _scrub(conn, t.case_events, ("facts",), words, t.case_events.c.case_id.in_([one for one in cases if one]))


def _keep_facts(conn: Connection, row: Any, facts: dict[str, Json]) -> None:
    if facts != row.facts:
        conn.execute(t.alerts.update().where(t.alerts.c.id == row.id).values(facts=facts))


def _call_off(conn: Connection, ids: Sequence[int]) -> int:
    """Let what waits to be said about these go nowhere, where it says nothing else."""
    d, a, links = t.deliveries.c, t.alerts.c, t.delivery_alerts.c
    about = sa.select(links.delivery_id).join(t.alerts, a.id == links.alert_id).where(a.mention_id.in_(ids))
    waits = (d.id.in_(about), d.state.in_(WAITING), d.alert_count == 1)
    return conn.execute(t.deliveries.update().where(*waits).values(state=DeliveryState.DEAD, held_reason=GONE)).rowcount


def textless(conn: Connection, ids: Collection[int]) -> set[int]:
    """Return those of the mentions whose texts and names are not kept: cleared, or never stored."""
    m = t.mentions.c
    found: set[int] = set()
    for some in chunks(list(ids)):
        rows = conn.execute(sa.select(m.id, m.flags).where(m.id.in_(some), m.flags.is_not(None)))
        found.update(row.id for row in rows if {CLEARED, NOT_KEPT} & set(row.flags or ()))
    return found


# --- what is old ---------------------------------------------------------------------------------


def stored_between(conn: Connection, after: int, upto: int) -> list[Any]:
    """Return the mentions with an id above `after` up to `upto`, in order, as far as their age is concerned.

    Rows: id, connector, flags, version, first_seen_at, seen_at (of the current version).
    """
    m, v = t.mentions.c, t.versions.c
    query = (
        sa.select(m.id, m.connector, m.flags, m.version, m.first_seen_at, v.seen_at)
        .join(t.versions, (v.mention_id == m.id) & (v.version == m.version))
        .where(m.id > after, m.id <= upto)
        .order_by(m.id)
    )
    return list(conn.execute(query))


def last_id(conn: Connection) -> int:
    """Return the highest id of a mention, or 0."""
    return int(conn.scalar(sa.select(sa.func.max(t.mentions.c.id))) or 0)


def drop_quarantine(conn: Connection, before: datetime, sources: Collection[str] | None = None) -> int:
    """Delete what could not be read before then, of some sources or of all. Returns how many."""
    q = t.quarantine.c
    mine = sa.true() if sources is None else q.source.in_(list(sources))
    return conn.execute(t.quarantine.delete().where(q.at < before, mine)).rowcount


def clear_sent(conn: Connection, before: datetime, limit: int) -> int:
    """Take recipients and receipts from messages sent or given up before then, and the facts from their alerts.

    The rows stay as figures: what was told through which channel, when, and for which reason; so nobody is told of it
    again. Returns how many.
    """
    d, a, links = t.deliveries.c, t.alerts.c, t.delivery_alerts.c
    done = (d.state.in_(SENT_DONE), d.created_at < before, sa.func.coalesce(d.sent_at, d.created_at) < before)
    full = sa.or_(d.target != "", d.receipt.is_not(None), d.last_error.is_not(None))
    ids = list(conn.scalars(sa.select(d.id).where(*done, full).limit(limit)))
    for some in chunks(ids):
        bare = {"target": "", "receipt": sa.null(), "last_error": None}
        conn.execute(t.deliveries.update().where(d.id.in_(some)).values(bare))
        told = sa.exists().where(links.alert_id == a.id, links.delivery_id.in_(some))
        waits = sa.exists().where(links.alert_id == a.id, links.delivery_id == d.id, d.state.not_in(SENT_DONE))
        conn.execute(t.alerts.update().where(told, ~waits).values(facts={}))
    return len(ids)


# --- what is erased ------------------------------------------------------------------------------


def of_author(conn: Connection, author: str, source: str | None) -> list[int]:
    """Return the mentions by somebody: a name or id on one source, or an id wherever it stands."""
    m = t.mentions.c
    named = sa.or_(m.author == author, m.author_id == author) if source else m.author_id == author
    mine = m.source == source if source else sa.true()
    return list(conn.scalars(sa.select(m.id).where(named, mine, ~m.own).order_by(m.id)))


def of_keys(conn: Connection, keys: Collection[tuple[str, str]]) -> list[int]:
    """Return the mentions with these sources and external ids."""
    by_source: dict[str, list[str]] = {}
    for source, external_id in sorted(keys):
        by_source.setdefault(source, []).append(external_id)
    m = t.mentions.c
    return [
        mention_id
        for source, names in by_source.items()
        for some in chunks(names)
        for mention_id in conn.scalars(sa.select(m.id).where(m.source == source, m.external_id.in_(some)))
    ]


def with_kin(conn: Connection, ids: Sequence[int]) -> list[int]:
    """Return mentions with what says the same: copies of the text in other places, and posts of ours that answer it."""
    m = t.mentions.c
    found = set(ids)
    for some in chunks(ids):
        rows = list(conn.execute(sa.select(m.source, m.external_id, m.same_as).where(m.id.in_(some))))
        same = {row.same_as for row in rows if row.same_as}
        found.update(conn.scalars(sa.select(m.id).where(m.same_as.in_(same), ~m.own)))
        for source in {row.source for row in rows}:
            names = [row.external_id for row in rows if row.source == source]
            below = sa.or_(m.parent_id.in_(names), m.thread_id.in_(names))
            found.update(conn.scalars(sa.select(m.id).where(m.source == source, m.own, below)))
    return sorted(found)


def only_about(conn: Connection, case_id: int, ids: Collection[int]) -> bool:
    """Say whether a case is about none but these."""
    there = conn.scalars(sa.select(t.mentions.c.id).where(t.mentions.c.case_id == case_id, ~t.mentions.c.own))
    return set(there) <= set(ids)


def erase(conn: Connection, ids: Sequence[int], now: datetime, also: Words | None = None) -> Erased:
    """Delete mentions with all that was said of them, in one transaction, and put up a tombstone for each.

    What waits to be sent about them is called off; a case about nothing else is closed; notes, summaries and unfinished
    walks lose their names and texts, and those of `also`. The bytes go when the file is scoured.
    """
    done = Erased(words=also or Words())
    for some in chunks(ids):
        done = _and(done, _erase(conn, some, now))
    _scrub_all(conn, done.words)
    _forget_places(conn, done.keys)
    _close_empty(conn, done.cases, now)
    return done


def _erase(conn: Connection, ids: Sequence[int], now: datetime) -> Erased:
    m = t.mentions.c
    keys = {
        (row.source, row.external_id) for row in conn.execute(sa.select(m.source, m.external_id).where(m.id.in_(ids)))
    }
    words, told = _words(conn, ids), _told(conn, ids)
    about = conn.scalars(sa.select(m.case_id).where(m.id.in_(ids), m.case_id.is_not(None))).all()
    stones = [{"key": hashed(*key), "at": now, "why": "erased"} for key in sorted(keys)]
    upsert(conn, t.tombstones, stones, ("key",), ())
    _clear_quarantine(conn, ids)
    called_off = _call_off(conn, ids)
    _unfold(conn, ids)
    gone = conn.execute(t.mentions.delete().where(m.id.in_(ids))).rowcount
    return Erased(frozenset(keys), words, frozenset(about), gone, called_off, told)


def _and(one: Erased, other: Erased) -> Erased:
    told = dict(one.told)
    for channel, count in other.told:
        told[channel] = told.get(channel, 0) + count
    return Erased(
        one.keys | other.keys,
        one.words | other.words,
        one.cases | other.cases,
        one.mentions + other.mentions,
        one.called_off + other.called_off,
        tuple(sorted(told.items())),
    )


def _words(conn: Connection, ids: Sequence[int]) -> Words:
    m, v, r = t.mentions.c, t.versions.c, t.replies.c
    people = conn.execute(sa.select(m.author, m.author_id).where(m.id.in_(ids), ~m.own)).all()
    said = conn.execute(sa.select(v.title, v.text).where(v.mention_id.in_(ids))).all()
    answers = conn.scalars(sa.select(r.text).where(r.mention_id.in_(ids))).all()
    texts = {text.strip() for row in said for text in row if text} | {text.strip() for text in answers if text}
    return Words(
        frozenset(row.author for row in people if row.author),
        frozenset(row.author_id for row in people if row.author_id),
        frozenset(text for text in texts if len(text) >= SHORTEST_TEXT),
    )


def _told(conn: Connection, ids: Sequence[int]) -> tuple[tuple[str, int], ...]:
    d, a, links = t.deliveries.c, t.alerts.c, t.delivery_alerts.c
    query = (
        sa.select(d.channel, sa.func.count(d.id.distinct()))
        .join(t.delivery_alerts, links.delivery_id == d.id)
        .join(t.alerts, a.id == links.alert_id)
        .where(a.mention_id.in_(ids), d.state.in_((DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.SENDING)))
        .group_by(d.channel)
    )
    return tuple((channel, int(count)) for channel, count in conn.execute(query.order_by(d.channel)))


def _unfold(conn: Connection, ids: Sequence[int]) -> None:
    """Take these out of the messages about many that still wait."""
    d, a, links = t.deliveries.c, t.alerts.c, t.delivery_alerts.c
    counts = conn.execute(
        sa.select(d.id, d.alert_count, sa.func.count(a.id).label("lost"))
        .join(t.delivery_alerts, links.delivery_id == d.id)
        .join(t.alerts, a.id == links.alert_id)
        .where(a.mention_id.in_(ids), d.state.in_(WAITING), d.alert_count > 1)
        .group_by(d.id, d.alert_count)
    ).all()
    for row in counts:
        left = row.alert_count - row.lost
        values: dict[str, Any] = (
            {"alert_count": left} if left > 0 else {"state": DeliveryState.DEAD, "held_reason": GONE}
        )
        conn.execute(t.deliveries.update().where(d.id == row.id).values(values))


def _close_empty(conn: Connection, case_ids: Collection[int], now: datetime) -> None:
    """Close those of the cases that are about nothing any more, where that did not happen by an event."""
    c = t.cases.c
    about = sa.exists().where(t.mentions.c.case_id == c.id)
    values = {
        "state": CaseState.CLOSED, "closed_at": now, "resolution": "deleted", "snoozed_until": None,
        "next_step_at": None, "recheck_at": None,
    }  # fmt: skip
    for some in chunks(sorted(case_ids)):
        conn.execute(t.cases.update().where(c.id.in_(some), c.state != CaseState.CLOSED, ~about).values(values))


def _scrub_all(conn: Connection, words: Words) -> None:
    _scrub(conn, t.alerts, ("facts",), words)
    _scrub(conn, t.case_events, ("facts", "who"), words)
    _scrub(conn, t.marks, ("note",), words)
    _scrub(conn, t.silences, ("what", "why"), words)
    _scrub(conn, t.asks, ("facts",), words)
    _drop_unread(conn, words)
    walks = conn.execute(sa.select(t.sources.c.name, t.sources.c.walk).where(t.sources.c.walk.is_not(None))).all()
    for row in walks:
        if words.without(row.walk) != row.walk:  # it begins anew
            conn.execute(
                t.sources.update().where(t.sources.c.name == row.name).values(walk=sa.null(), walk_ids=sa.null())
            )


def _forget_places(conn: Connection, keys: Collection[tuple[str, str]]) -> None:
    """Let rounds that stand at one of these begin anew: an id may name who wrote it."""
    for source, one in rereads.progress(conn).items():
        if (source, one.get("after")) in keys:
            conn.execute(t.meta.delete().where(t.meta.c.key == rereads.KEY + source))


def _drop_unread(conn: Connection, words: Words) -> None:
    q = t.quarantine.c
    held = conn.execute(sa.select(q.id, q.raw, q.what)).all()
    ids = [row.id for row in held if any(words.without(part) != part for part in (row.raw, row.what))]
    for some in chunks(ids):
        conn.execute(t.quarantine.delete().where(q.id.in_(some)))


def _scrub(
    conn: Connection, table: sa.Table, columns: Sequence[str], words: Words, *where: sa.ColumnElement[bool]
) -> None:
    key = next(iter(table.primary_key.columns))
    query = sa.select(key, *(table.c[name] for name in columns)).where(*where).order_by(key).limit(AT_A_TIME)
    rows = conn.execute(query).all()
    while rows:
        for row in rows:
            clean = {name: words.without(getattr(row, name)) for name in columns}
            changed = {name: value for name, value in clean.items() if value != getattr(row, name)}
            if changed:
                conn.execute(table.update().where(key == row[0]).values(changed))
        rows = conn.execute(query.where(key > rows[-1][0])).all()
