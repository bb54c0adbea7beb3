"""One row a mention, for files: the current version, its score, the answer, the case and the first alert.

The columns are fixed; new ones are added at the end only, because other programs read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from monitor.models import Label, Reason, ReplyState
from monitor.store import schema as t
from monitor.store.plain import plain

PAGE = 1_000  # rows in memory at a time

# text, json (text that holds JSON), time (ISO text), boolean, integer or float; in the fixed order
COLUMNS: Mapping[str, str] = {
    "id": "integer",
    "source": "text",
    "connector": "text",
    "brand": "text",
    "kind": "text",
    "external_id": "text",
    "url": "text",
    "author": "text",
    "rating": "float",
    "rating_best": "float",
    "title": "text",
    "text": "text",
    "language": "text",
    "published_at": "time",
    "first_seen_at": "time",
    "updated_at": "time",
    "version": "integer",
    "label": "text",
    "badness": "float",
    "severity": "text",
    "topics": "json",
    "reasons": "json",
    "audience": "integer",
    "audience_kind": "text",
    "case_id": "integer",
    "case_status": "text",
    "assignee": "text",
    "alerted_at": "time",
    "replied_at": "time",
    "reply_text": "text",
    "deleted_at": "time",
    "place": "text",
    "product": "text",
    "app_version": "text",
    "country": "text",
    "rating_worst": "float",
    "due_at": "time",
    "claimed_at": "time",
    "answered_at": "time",
    "answer_seen": "boolean",
    "resolution": "text",
    "answer_url": "text",
    "thread_id": "text",
    "parent_id": "text",
    "reply_state": "text",
    "scorer": "text",
}

_m, _v, _s, _r, _c, _a, _b = (
    t.mentions.c,
    t.versions.c,
    t.scores.c,
    t.replies.c,
    t.cases.c,
    t.alerts.c,
    t.mention_brands.c,
)


def pages(
    conn: Connection,
    *,
    columns: Sequence[str] = tuple(COLUMNS),
    since: datetime | None = None,
    bad: bool = False,
    sources: Sequence[str] = (),
    delivery: str | None = None,
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows of mentions in pages of at most `PAGE`, ordered by time and then id.

    Times are ISO text in UTC, JSON is text, and booleans are the texts true and false. `since` looks at
    the time by which they are ordered. `delivery` keeps to what one message was about.
    """
    query = select_mentions(
        conn.dialect.name, columns=columns, since=since, bad=bad, sources=sources, delivery=delivery
    )
    with conn.execute(query.execution_options(stream_results=True)) as result:
        yield from result.partitions(PAGE)


def select_mentions(
    dialect: str,
    *,
    columns: Sequence[str] = tuple(COLUMNS),
    since: datetime | None = None,
    bad: bool = False,
    sources: Sequence[str] = (),
    delivery: str | None = None,
) -> Select[Any]:
    """Return the query behind `pages`."""
    found = _expressions(dialect)
    query = (
        sa.select(*(plain(found[name], dialect, COLUMNS[name]).label(name) for name in columns))
        .select_from(_joined())
        .order_by(_m.sort_at, _m.id)
    )
    if since is not None:
        query = query.where(_m.sort_at >= since)
    if bad:
        query = query.where(_m.label == Label.BAD)
    if sources:
        query = query.where(_m.source.in_(sources))
    if delivery is not None:
        query = query.where(_m.id.in_(_mentions_of(delivery)))
    return query


def _joined() -> sa.FromClause:
    # Outer joins throughout: SQLite then walks the index of times and never sorts a million rows.
    of_version = sa.and_(_v.mention_id == _m.id, _v.version == _m.version)
    other = t.scores.alias()
    any_scorer = (
        sa.select(sa.func.max(other.c.scorer))
        .where(other.c.mention_id == _m.id, other.c.version == _m.version)
        .correlate(t.mentions)
        .scalar_subquery()
    )
    of_score = sa.and_(
        _s.mention_id == _m.id, _s.version == _m.version, _s.scorer == sa.func.coalesce(_m.scorer, any_scorer)
    )
    return (
        t.mentions.outerjoin(t.versions, of_version)
        .outerjoin(t.scores, of_score)
        .outerjoin(t.cases, _c.id == _m.case_id)
        .outerjoin(t.replies, _r.id == _shown_reply())
    )


def _shown_reply() -> ColumnElement[int]:
    """Return the id of the answer that counts: the newest that can be seen, else the newest."""
    other = t.replies.alias()
    unseen = sa.case((other.c.state.in_((ReplyState.GONE, ReplyState.REJECTED)), 1), else_=0)
    return (
        sa.select(other.c.id)
        .where(other.c.mention_id == _m.id)
        .order_by(unseen, sa.func.coalesce(other.c.published_at, other.c.first_seen_at).desc(), other.c.id.desc())
        .limit(1)
        .correlate(t.mentions)
        .scalar_subquery()
    )


def _expressions(dialect: str) -> dict[str, ColumnElement[Any]]:
    found: dict[str, ColumnElement[Any]] = {}
    for table in (t.mentions, t.versions, t.scores, t.cases):
        for column in table.columns:
            if column.name in COLUMNS:
                found.setdefault(column.name, column)
    first_alert = (
        sa.select(sa.func.min(_a.created_at))
        .where(_a.mention_id == _m.id, _a.reason != Reason.TEST)
        .correlate(t.mentions)
        .scalar_subquery()
    )
    return {
        **found,
        "brand": _brands(dialect),
        "updated_at": _m.updated_at,
        "case_status": _c.state,
        "alerted_at": first_alert,
        "replied_at": sa.func.coalesce(_r.published_at, _r.first_seen_at),
        "reply_text": _r.text,
        "reply_state": _r.state,
        "answer_seen": _answer_seen(),
        "scorer": _s.scorer,
    }


def _answer_seen() -> ColumnElement[Any]:
    seen = sa.case((_c.answer_seen_at.is_(None), sa.literal("false")), else_=sa.literal("true"))
    return sa.case((_c.id.is_(None), sa.null()), else_=seen)


def _brands(dialect: str) -> ColumnElement[str]:
    """Return the names of the brands a mention is about, in order, with commas between."""
    if dialect == "sqlite":
        ordered = sa.select(_b.brand).where(_b.mention_id == _m.id).order_by(_b.brand).correlate(t.mentions).subquery()
        return sa.select(sa.func.group_concat(ordered.c.brand, ",")).scalar_subquery()
    comma = aggregate_order_by(sa.literal(",", sa.Text), sa.collate(_b.brand, "C"))
    return (
        sa.select(sa.func.string_agg(_b.brand, comma))
        .where(_b.mention_id == _m.id)
        .correlate(t.mentions)
        .scalar_subquery()
    )


def _mentions_of(delivery: str) -> Select[int]:
    return (
        sa.select(_a.mention_id)
        .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == _a.id)
        .where(t.delivery_alerts.c.delivery_id == delivery, _a.mention_id.is_not(None))
    )
