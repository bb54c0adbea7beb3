"""Queries over what was said: mentions, their versions, scores and replies.

All functions take a Connection first and work on whole batches: a poll brings a hundred at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import RowMapping as RowMapping  # noqa: PLC0414  # given on to those who read full rows

from monitor.models import (
    CLEARED,
    Audience,
    Author,
    Kind,
    Label,
    Level,
    Mention,
    Rating,
    Reply,
    ReplyState,
    Score,
    Severity,
    SiteTotal,
    Subject,
    Why,
)
from monitor.store import schema as t
from monitor.store.bulk import insert_many, reserve

T = TypeVar("T")

MAX_IN = 500  # values in one IN list; SQLite takes 32,766 parameters, plans grow long before


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a mention, as far as a decision needs it."""

    id: int
    external_id: str
    version: int
    content_hash: str
    updated_at: datetime | None
    published_at: datetime | None
    first_seen_at: datetime
    label: str
    level: str
    severity: str | None
    badness: float | None
    case_id: int | None
    deleted_at: datetime | None
    why_not_told: str | None
    flags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A mention on its way into the tables, with what was made of it."""

    mention: Mention
    score: Score
    severity: Severity | None
    case_id: int | None = None
    why_not_told: str | None = None


def chunks(values: Sequence[T], size: int = MAX_IN) -> Iterable[Sequence[T]]:
    """Yield the values in pieces that fit into one IN list."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


_KNOWN = (
    t.mentions.c.id,
    t.mentions.c.external_id,
    t.mentions.c.version,
    t.mentions.c.content_hash,
    t.mentions.c.updated_at,
    t.mentions.c.published_at,
    t.mentions.c.first_seen_at,
    t.mentions.c.label,
    t.mentions.c.level,
    t.mentions.c.severity,
    t.mentions.c.badness,
    t.mentions.c.case_id,
    t.mentions.c.deleted_at,
    t.mentions.c.why_not_told,
    t.mentions.c.flags,
)


# Made once: to put it together and to find it among the compiled ones costs more than a look that finds nothing.
_KNOWN_BY_ID = sa.select(*_KNOWN).where(
    t.mentions.c.source == sa.bindparam("source"),
    t.mentions.c.external_id.in_(sa.bindparam("external_ids", expanding=True)),
)


def known(conn: Connection, source: str, external_ids: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of these ids of a source."""
    found: dict[str, Known] = {}
    for some in chunks(external_ids):
        for row in conn.execute(_KNOWN_BY_ID, {"source": source, "external_ids": some}):
            found[row.external_id] = Known(**row._mapping)
    return found


def known_hashes(conn: Connection, source: str, external_ids: Sequence[str]) -> dict[str, str]:
    """Return the content hash by external id, for what is stored and not deleted."""
    found: dict[str, str] = {}
    for some in chunks(external_ids):
        rows = conn.execute(
            sa.select(t.mentions.c.external_id, t.mentions.c.content_hash).where(
                t.mentions.c.source == source,
                t.mentions.c.external_id.in_(some),
                t.mentions.c.deleted_at.is_(None),
            )
        )
        found.update((external_id, content_hash) for external_id, content_hash in rows)
    return found


def hashes_since(conn: Connection, mention_ids: Sequence[int], since: datetime) -> set[tuple[int, str]]:
    """Return (mention id, content hash) of every version seen since then: caches flap back to old texts."""
    found: set[tuple[int, str]] = set()
    for some in chunks(mention_ids):
        rows = conn.execute(
            sa.select(t.versions.c.mention_id, t.versions.c.content_hash).where(
                t.versions.c.mention_id.in_(some), t.versions.c.seen_at >= since
            )
        )
        found.update((mention_id, content_hash) for mention_id, content_hash in rows)
    return found


def _mention_values(mention_id: int, source: str, connector: str, row: Row, now: datetime) -> dict[str, Any]:
    mention, score = row.mention, row.score
    author, subject, audience = mention.author, mention.subject, mention.audience
    return {
        "id": mention_id,
        "source": source,
        "connector": connector,
        "external_id": mention.external_id,
        "kind": mention.kind,
        "same_as": mention.same_as,
        "url": mention.url,
        "answer_url": mention.answer_url,
        "author": author.name if author else None,
        "author_id": author.id if author else None,
        "place": subject.place,
        "product": subject.product,
        "app_version": subject.app_version,
        "device": subject.device,
        "country": subject.country,
        "thread_id": mention.thread_id,
        "parent_id": mention.parent_id,
        "audience": audience.size if audience else None,
        "audience_kind": audience.kind if audience else None,
        "own": mention.own,
        "flags": list(mention.flags) or None,
        "published_at": mention.published_at,
        "sort_at": mention.published_at or now,
        "first_seen_at": now,
        "last_seen_at": now,
        "updated_at": mention.updated_at,
        "why_not_told": row.why_not_told,
        "case_id": row.case_id,
        "version": 1,
        "content_hash": mention.content_hash,
        "label": score.label,
        "level": score.level,
        "severity": row.severity,
        "badness": score.badness,
        "scorer": score.scorer,
    }


def insert(conn: Connection, source: str, connector: str, rows: Sequence[Row], now: datetime) -> list[int]:
    """Store new mentions with version 1, score and brands. Returns their ids in the order given."""
    if not rows:
        return []
    ids = reserve(conn, t.mentions, len(rows))
    values = [_mention_values(i, source, connector, row, now) for i, row in zip(ids, rows, strict=True)]
    insert_many(conn, t.mentions, values)
    _insert_versions(conn, [(i, 1, row) for i, row in zip(ids, rows, strict=True)], now)
    brands = [
        {"mention_id": i, "brand": brand} for i, row in zip(ids, rows, strict=True) for brand in row.mention.brands
    ]
    insert_many(conn, t.mention_brands, brands)
    return ids


def add_versions(conn: Connection, edits: Sequence[tuple[Known, Row]], now: datetime) -> None:
    """Store the next version of mentions whose text or rating changed, and make it the current one."""
    if not edits:
        return
    _insert_versions(conn, [(before.id, before.version + 1, row) for before, row in edits], now)
    for before, row in edits:
        mention, score = row.mention, row.score
        values: dict[str, Any] = {
            "version": before.version + 1,
            "content_hash": mention.content_hash,
            "label": score.label,
            "level": score.level,
            "severity": row.severity,
            "badness": score.badness,
            "scorer": score.scorer,
            "updated_at": mention.updated_at,
            "last_seen_at": now,
            "looks_missed": 0,
            "deleted_at": None,
        }
        if row.case_id is not None:
            values["case_id"] = row.case_id
        if CLEARED in (before.flags or ()):  # what had been taken away with the text is shown again
            author = mention.author
            values |= {
                "author": author.name if author else None,
                "author_id": author.id if author else None,
                "url": mention.url,
                "answer_url": mention.answer_url,
                "same_as": mention.same_as,
                "flags": list(mention.flags) or sa.null(),
            }
        conn.execute(t.mentions.update().where(t.mentions.c.id == before.id).values(values))


def _insert_versions(conn: Connection, rows: Sequence[tuple[int, int, Row]], now: datetime) -> None:
    versions, scores = [], []
    for mention_id, version, row in rows:
        mention, rating = row.mention, row.mention.rating
        versions.append(
            {
                "mention_id": mention_id,
                "version": version,
                "content_hash": mention.content_hash,
                "seen_at": now,
                "updated_at": mention.updated_at,
                "title": mention.title,
                "text": mention.text,
                "text_length": mention.text_length,
                "language": mention.language or row.score.language,
                "rating": rating.value if rating else None,
                "rating_best": rating.best if rating else None,
                "rating_worst": rating.worst if rating else None,
            }
        )
        scores.append(score_values(mention_id, version, row.score, row.severity))
    insert_many(conn, t.versions, versions)
    insert_many(conn, t.scores, scores)


def score_values(mention_id: int, version: int, score: Score, severity: Severity | None) -> dict[str, Any]:
    """Return the row of a score."""
    return {
        "mention_id": mention_id,
        "version": version,
        "scorer": score.scorer,
        "badness": score.badness,
        "level": score.level,
        "label": score.label,
        "severity": severity,
        "topics": score.topics,
        "dangers": score.dangers,
        "reasons": [why.as_json() for why in score.reasons],
        "language": score.language,
    }


def seen_again(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """Note that these were there again; what had been missed once is no longer missed."""
    for some in chunks(ids):
        conn.execute(
            t.mentions.update()
            .where(t.mentions.c.id.in_(some))
            .values(last_seen_at=now, looks_missed=0, deleted_at=None)
        )


def note_why_not_told(conn: Connection, mention_ids: Sequence[int], why: str) -> None:
    """Record why nobody is told of these."""
    for some in chunks(mention_ids):
        conn.execute(t.mentions.update().where(t.mentions.c.id.in_(some)).values(why_not_told=why))


def told_after_all(conn: Connection, mention_id: int, case_id: int | None) -> None:
    """Take back the reason why nobody was told, and name the case."""
    values = {"why_not_told": None, "case_id": case_id}
    conn.execute(t.mentions.update().where(t.mentions.c.id == mention_id).values(values))


def missed(conn: Connection, source: str, seen: set[str]) -> list[int]:
    """Count a complete look that lacked some mentions; return the ids that two looks have now lacked.

    A single absence proves nothing: pages shift, and sites answer with random holes.
    """
    absent = [
        row
        for row in conn.execute(
            sa.select(t.mentions.c.id, t.mentions.c.external_id, t.mentions.c.looks_missed).where(
                t.mentions.c.source == source, t.mentions.c.deleted_at.is_(None)
            )
        )
        if row.external_id not in seen
    ]
    for some in chunks([row.id for row in absent]):
        conn.execute(
            t.mentions.update().where(t.mentions.c.id.in_(some)).values(looks_missed=t.mentions.c.looks_missed + 1)
        )
    return [row.id for row in absent if row.looks_missed >= 1]


def ids_of(conn: Connection, source: str, external_ids: Sequence[str]) -> list[int]:
    """Return the mention ids of a source's external ids."""
    found: list[int] = []
    for some in chunks(external_ids):
        found += conn.scalars(
            sa.select(t.mentions.c.id).where(t.mentions.c.source == source, t.mentions.c.external_id.in_(some))
        )
    return found


def delete(conn: Connection, ids: Sequence[int], now: datetime) -> list[int]:
    """Note that the site no longer shows these; their texts stay here. Returns those for which that is news."""
    fresh: list[int] = []
    for some in chunks(ids):
        shown = (t.mentions.c.id.in_(some), t.mentions.c.deleted_at.is_(None))
        fresh += conn.scalars(sa.select(t.mentions.c.id).where(*shown))
        conn.execute(t.mentions.update().where(*shown).values(deleted_at=now))
    return fresh


def shown_of_case(conn: Connection, case_id: int) -> bool:
    """Say whether the site still shows a mention that a case is about."""
    m = t.mentions.c
    query = sa.select(m.id).where(m.case_id == case_id, m.deleted_at.is_(None)).limit(1)
    return conn.scalar(query) is not None


def erased(conn: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of the tombstone keys that were erased and must not come back."""
    found: set[str] = set()
    for some in chunks(keys):
        found.update(conn.scalars(sa.select(t.tombstones.c.key).where(t.tombstones.c.key.in_(some))))
    return found


_ANY_TOMBSTONE = sa.select(t.tombstones.c.key).limit(1)


def has_tombstones(conn: Connection) -> bool:
    """Say whether anything was ever erased."""
    return conn.scalar(_ANY_TOMBSTONE) is not None


# --- answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownReply:
    """A stored answer."""

    id: int
    mention_id: int
    external_id: str
    text: str
    state: str
    looks_missed: int
    published_at: datetime | None


def replies_to(conn: Connection, mention_ids: Sequence[int]) -> dict[int, list[KnownReply]]:
    """Return the stored answers by mention id."""
    found: dict[int, list[KnownReply]] = {}
    columns = [t.replies.c[name] for name in KnownReply.__dataclass_fields__]
    for some in chunks(mention_ids):
        for row in conn.execute(sa.select(*columns).where(t.replies.c.mention_id.in_(some))):
            found.setdefault(row.mention_id, []).append(KnownReply(*row))
    return found


def put_reply(conn: Connection, mention_id: int, reply: Reply, now: datetime) -> None:
    """Store a new answer, or what a known one says now."""
    external_id = reply.external_id or ""
    values = {
        "text": reply.text,
        "author": reply.author,
        "url": reply.url,
        "state": reply.state,
        "published_at": reply.published_at,
        "last_seen_at": now,
        "looks_missed": 0,
    }
    where = (t.replies.c.mention_id == mention_id) & (t.replies.c.external_id == external_id)
    if conn.execute(t.replies.update().where(where).values(values)).rowcount:
        return
    key = {"mention_id": mention_id, "external_id": external_id, "first_seen_at": now}
    conn.execute(t.replies.insert().values(values | key))


def miss_reply(conn: Connection, reply: KnownReply) -> bool:
    """Count a look without a known answer; after the second one it is gone. Returns whether it is."""
    gone = reply.looks_missed >= 1
    values: dict[str, Any] = {"looks_missed": reply.looks_missed + 1}
    if gone:
        values["state"] = ReplyState.GONE
    conn.execute(t.replies.update().where(t.replies.c.id == reply.id).values(values))
    return gone


def answered_by(conn: Connection, source: str, external_id: str) -> list[KnownReply]:
    """Return the answers that a post of ours was, as long as it stood there."""
    r, m = t.replies.c, t.mentions.c
    columns = [r[name] for name in KnownReply.__dataclass_fields__]
    rows = conn.execute(
        sa.select(*columns)
        .join(t.mentions, m.id == r.mention_id)
        .where(m.source == source, r.external_id == external_id, r.state != ReplyState.GONE)
    )
    return [KnownReply(*row) for row in rows]


def end_reply(conn: Connection, reply: KnownReply) -> None:
    """Note that the site no longer shows an answer."""
    conn.execute(t.replies.update().where(t.replies.c.id == reply.id).values(state=ReplyState.GONE))


def relatives(conn: Connection, source: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Return the ids of foreign mentions that these external ids or thread ids name."""
    found: dict[str, int] = {}
    for some in chunks(external_ids):
        threads = conn.execute(
            sa.select(t.mentions.c.thread_id, sa.func.min(t.mentions.c.id))
            .where(t.mentions.c.source == source, t.mentions.c.thread_id.in_(some), ~t.mentions.c.own)
            .group_by(t.mentions.c.thread_id)
        )
        found.update((thread_id, mention_id) for thread_id, mention_id in threads)
        direct = conn.execute(
            sa.select(t.mentions.c.external_id, t.mentions.c.id).where(
                t.mentions.c.source == source, t.mentions.c.external_id.in_(some), ~t.mentions.c.own
            )
        )
        found.update((external_id, mention_id) for external_id, mention_id in direct)
    return found


@dataclass(frozen=True, slots=True)
class Twin:
    """A stored mention that shows the same text in another place."""

    id: int
    same_as: str
    case_id: int | None


def twins(conn: Connection, same_as: Sequence[str], *, not_in: str) -> dict[str, Twin]:
    """Return the oldest mention of another source of which somebody was told, by `same_as`."""
    found: dict[str, Twin] = {}
    for some in chunks(same_as):
        rows = conn.execute(
            sa.select(t.mentions.c.id, t.mentions.c.same_as, t.mentions.c.case_id)
            .where(t.mentions.c.same_as.in_(some), t.mentions.c.source != not_in, t.mentions.c.why_not_told.is_(None))
            .order_by(t.mentions.c.id)
        )
        for row in rows:
            found.setdefault(row.same_as, Twin(*row))
    return found


# --- the site's own numbers ----------------------------------------------------------------------


def put_total(conn: Connection, source: str, total: SiteTotal, now: datetime) -> None:
    """Store the site's average and count, once a day; the latest of a day wins."""
    key = {"source": source, "subject": total.subject, "day": now.date().isoformat()}
    values = {"count": total.count, "average": total.average, "best": total.best}
    where = sa.and_(*(t.site_totals.c[name] == value for name, value in key.items()))
    if not conn.execute(t.site_totals.update().where(where).values(values)).rowcount:
        conn.execute(t.site_totals.insert().values(key | values))


def places_of(conn: Connection, source: str) -> set[str]:
    """Return the places or products of which a source has shown a total."""
    s = t.site_totals.c
    return set(conn.scalars(sa.select(s.subject).where(s.source == source).distinct()))


def last_total(conn: Connection, source: str) -> SiteTotal | None:
    """Return the newest stored total of a source, the one with the largest count of that day."""
    row = conn.execute(
        sa.select(t.site_totals)
        .where(t.site_totals.c.source == source)
        .order_by(t.site_totals.c.day.desc(), sa.func.coalesce(t.site_totals.c.count, 0).desc())
        .limit(1)
    ).first()
    return SiteTotal(row[3], row.average, row.best, row.subject) if row else None


# --- reading for people --------------------------------------------------------------------------


def current_texts(conn: Connection, mention_ids: Sequence[int]) -> dict[int, str]:
    """Return what mentions say now, title and text, by id."""
    m, v = t.mentions.c, t.versions.c
    found: dict[int, str] = {}
    for some in chunks(mention_ids):
        rows = conn.execute(
            sa.select(m.id, v.title, v.text)
            .join(t.versions, (v.mention_id == m.id) & (v.version == m.version))
            .where(m.id.in_(some))
        )
        found.update({row.id: f"{row.title}: {row.text}" if row.title else row.text for row in rows})
    return found


def text_of(conn: Connection, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Any]:
    """Return the version rows by (mention id, version)."""
    found: dict[tuple[int, int], Any] = {}
    ids = sorted({mention_id for mention_id, _ in wanted})
    needed = set(wanted)
    for some in chunks(ids):
        for row in conn.execute(sa.select(t.versions).where(t.versions.c.mention_id.in_(some))):
            if (row.mention_id, row.version) in needed:
                found[row.mention_id, row.version] = row
    return found


def full(conn: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """Return mentions with their current version and score as flat rows, by id."""
    found: dict[int, RowMapping] = {}
    v, s = t.versions.c, t.scores.c
    query = (
        sa.select(
            t.mentions,
            v.title, v.text, v.text_length, v.language, v.rating, v.rating_best, v.rating_worst,
            s.topics, s.dangers, s.reasons,
        )
        .join(
            t.versions,
            (v.mention_id == t.mentions.c.id) & (v.version == t.mentions.c.version),
        )
        .outerjoin(
            t.scores,
            (s.mention_id == v.mention_id) & (s.version == v.version) & (s.scorer == t.mentions.c.scorer),
        )
    )  # fmt: skip
    for some in chunks(ids):
        for row in conn.execute(query.where(t.mentions.c.id.in_(some))).mappings():
            found[row["id"]] = row
    return found


def judged_since(conn: Connection, source: str, since: datetime) -> list[RowMapping]:
    """Return the full rows of what a source published since then, our own posts left out."""
    ids = conn.scalars(
        sa.select(t.mentions.c.id).where(
            t.mentions.c.source == source, t.mentions.c.sort_at >= since, ~t.mentions.c.own
        )
    )
    return list(full(conn, list(ids)).values())


def brands_of(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the brands that mentions name, by id."""
    b = t.mention_brands.c
    found: dict[int, tuple[str, ...]] = {}
    for some in chunks(ids):
        for row in conn.execute(sa.select(b.mention_id, b.brand).where(b.mention_id.in_(some)).order_by(b.brand)):
            found[row.mention_id] = (*found.get(row.mention_id, ()), row.brand)
    return found


def as_mention(row: RowMapping, brands: Sequence[str] = ()) -> Mention:
    """Return the Mention a full row holds; the brands it names are rows of their own."""
    author = Author(row["author"], row["author_id"]) if row["author"] or row["author_id"] else None
    audience = Audience(row["audience"], row["audience_kind"]) if row["audience"] is not None else None
    rating = None
    if row["rating"] is not None:
        rating = Rating(row["rating"], row["rating_best"], row["rating_worst"])
    return Mention(
        external_id=row["external_id"],
        kind=Kind(row["kind"]),
        text=row["text"],
        text_length=row["text_length"],
        title=row["title"],
        url=row["url"],
        author=author,
        published_at=row["published_at"],
        updated_at=row["updated_at"],
        rating=rating,
        language=row["language"],
        audience=audience,
        subject=Subject(row["place"], row["product"], row["app_version"], row["device"], row["country"]),
        reply=None,
        answer_url=row["answer_url"],
        thread_id=row["thread_id"],
        parent_id=row["parent_id"],
        same_as=row["same_as"],
        content_hash=row["content_hash"],
        own=row["own"],
        brands=tuple(brands),
        flags=tuple(row["flags"] or ()),
    )


def as_score(row: RowMapping) -> Score:
    """Return the Score a full row holds."""
    return Score(
        badness=row["badness"],
        level=Level(row["level"]),
        label=Label(row["label"]),
        scorer=row["scorer"] or "",
        topics=tuple(row["topics"] or ()),
        dangers=tuple(row["dangers"] or ()),
        reasons=tuple(Why.from_json(why) for why in row["reasons"] or ()),
        language=row["language"],
    )


def rating_of(row: Any) -> Rating | None:
    """Return the rating of a version row."""
    return None if row.rating is None else Rating(row.rating, row.rating_best, row.rating_worst)


def listed(
    conn: Connection,
    *,
    label: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    author: str | None = None,
    batch: str | None = None,
    limit: int | None = 50,
) -> list[int]:
    """Return mention ids, newest first, by what is asked for. `author` is a name or an id as the site writes it."""
    query = sa.select(t.mentions.c.id).order_by(t.mentions.c.sort_at.desc(), t.mentions.c.id.desc())
    if label:
        query = query.where(t.mentions.c.label == label)
    if source:
        query = query.where(t.mentions.c.source == source)
    if since:
        query = query.where(t.mentions.c.sort_at >= since)
    if author:
        query = query.where(sa.or_(t.mentions.c.author == author, t.mentions.c.author_id == author))
    if batch:
        told = (
            sa.select(t.alerts.c.mention_id)
            .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == t.alerts.c.id)
            .where(t.delivery_alerts.c.delivery_id == batch)
        )
        query = query.where(t.mentions.c.id.in_(told))
    return list(conn.scalars(query.limit(limit) if limit else query))


def sources(conn: Connection) -> list[str]:
    """Return the names of all sources of which something is stored, imported files and former ones included."""
    return list(conn.scalars(sa.select(t.mentions.c.source).distinct().order_by(t.mentions.c.source)))


def history(conn: Connection, connector: str, author_id: str, before: int, limit: int = 5) -> list[Any]:
    """Return earlier mentions by the same author on the same kind of site, newest first, with their answers.

    Rows: id, published_at, first_seen_at, rating, rating_best, rating_worst, answered_by.
    """
    answered = (
        sa.select(t.replies.c.author)
        .where(t.replies.c.mention_id == t.mentions.c.id, t.replies.c.state == ReplyState.VISIBLE)
        .limit(1)
        .scalar_subquery()
    )
    v = t.versions.c
    return list(
        conn.execute(
            sa.select(
                t.mentions.c.id, t.mentions.c.published_at, t.mentions.c.first_seen_at,
                v.rating, v.rating_best, v.rating_worst, answered.label("answered_by"),
            )
            .join(t.versions, (v.mention_id == t.mentions.c.id) & (v.version == t.mentions.c.version))
            .where(
                t.mentions.c.connector == connector,
                t.mentions.c.author_id == author_id,
                t.mentions.c.id < before,
                ~t.mentions.c.own,
            )
            .order_by(t.mentions.c.id.desc())
            .limit(limit)
        )
    )  # fmt: skip


def first_look_facts(conn: Connection, source: str, recent: datetime) -> dict[str, Any]:
    """Return what one wants to know of a source that is new: count, average of stars, the worst recent ones."""
    v = t.versions.c
    joined = sa.join(t.mentions, t.versions, (v.mention_id == t.mentions.c.id) & (v.version == t.mentions.c.version))
    stars = 1 + 4 * (v.rating - v.rating_worst) / sa.func.nullif(v.rating_best - v.rating_worst, 0)
    mine = (t.mentions.c.source == source) & ~t.mentions.c.own
    count, average = conn.execute(sa.select(sa.func.count(), sa.func.avg(stars)).select_from(joined).where(mine)).one()
    answered = sa.exists().where(t.replies.c.mention_id == t.mentions.c.id)
    worst = conn.scalars(
        sa.select(t.mentions.c.id)
        .select_from(joined)
        .where(mine, t.mentions.c.label == "bad", t.mentions.c.sort_at >= recent, ~answered)
        .order_by(sa.func.coalesce(t.mentions.c.badness, 0).desc(), t.mentions.c.sort_at.desc())
        .limit(3)
    )
    kinds = list(conn.scalars(sa.select(t.mentions.c.kind).distinct().where(mine)))
    unit = kinds[0] if len(kinds) == 1 else "mention"
    return {"found": count, "unit": unit, "average": average, "worst": list(worst)}


def untold_bad(conn: Connection, older_than: datetime, since: datetime | None = None, limit: int = 1000) -> list[int]:
    """Return bad mentions without an alert and without a recorded reason, for the audit."""
    alerted = sa.exists().where(t.alerts.c.mention_id == t.mentions.c.id)
    query = sa.select(t.mentions.c.id).where(
        t.mentions.c.label == "bad",
        t.mentions.c.why_not_told.is_(None),
        ~t.mentions.c.own,
        t.mentions.c.first_seen_at <= older_than,
        ~alerted,
    )
    if since is not None:
        query = query.where(t.mentions.c.sort_at >= since)
    return list(conn.scalars(query.limit(limit)))
