"""Queries over the work for staff: cases and their events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import CaseState, Json, Severity
from monitor.store import schema as t
from monitor.store.bulk import insert_many, reserve
from monitor.store.mentions import chunks

_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # something is planned, in a way that an index can find


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case about to be opened."""

    severity: Severity
    due_at: datetime | None
    team: str | None = None
    ladder: tuple[Mapping[str, Json], ...] = ()
    next_step_at: datetime | None = None
    recheck_at: datetime | None = None
    messages: int = 0
    facts: Mapping[str, Json] = field(default_factory=dict)


def open_cases(conn: Connection, wanted: Sequence[NewCase], now: datetime) -> list[int]:
    """Open cases, each with its first event. Returns their ids in the order given."""
    if not wanted:
        return []
    ids = reserve(conn, t.cases, len(wanted))
    insert_many(
        conn,
        t.cases,
        [
            {
                "id": case_id,
                "state": CaseState.OPEN,
                "severity": case.severity,
                "team": case.team,
                "opened_at": now,
                "due_at": case.due_at,
                "ladder": [dict(step) for step in case.ladder],
                "next_step_at": case.next_step_at,
                "recheck_at": case.recheck_at,
                "messages": case.messages,
            }
            for case_id, case in zip(ids, wanted, strict=True)
        ],
    )
    insert_many(
        conn,
        t.case_events,
        [
            {
                "case_id": case_id,
                "key": f"opened:{case_id}",
                "at": now,
                "event": "opened",
                "through": "watch",
                "facts": dict(case.facts),
            }
            for case_id, case in zip(ids, wanted, strict=True)
        ],
    )
    return ids


def add_event(
    conn: Connection,
    case_id: int,
    event: str,
    *,
    key: str,
    at: datetime,
    through: str,
    who: str | None = None,
    facts: Mapping[str, Json] | None = None,
) -> bool:
    """Put an event on record. Returns False when this very event (by key) is there already."""
    if conn.scalar(sa.select(t.case_events.c.id).where(t.case_events.c.key == key)) is not None:
        return False
    conn.execute(
        t.case_events.insert().values(
            case_id=case_id, key=key, at=at, event=event, who=who, through=through, facts=dict(facts or {})
        )
    )
    return True


def get(conn: Connection, case_id: int) -> Any:
    """Return the row of a case, or None."""
    return conn.execute(sa.select(t.cases).where(t.cases.c.id == case_id)).first()


def held(conn: Connection, case_id: int) -> Any:
    """Return the row of a case, or None; nobody else changes it before this transaction ends."""
    return conn.execute(sa.select(t.cases).where(t.cases.c.id == case_id).with_for_update()).first()


def by_ids(conn: Connection, case_ids: Sequence[int]) -> dict[int, Any]:
    """Return case rows by id."""
    rows = conn.execute(sa.select(t.cases).where(t.cases.c.id.in_(case_ids)))
    return {row.id: row for row in rows}


def update(conn: Connection, case_id: int, **values: Any) -> None:
    """Set columns of a case."""
    conn.execute(t.cases.update().where(t.cases.c.id == case_id).values(**values))


def events(conn: Connection, case_id: int) -> list[Any]:
    """Return the events of a case, oldest first."""
    query = sa.select(t.case_events).where(t.case_events.c.case_id == case_id)
    return list(conn.execute(query.order_by(t.case_events.c.at, t.case_events.c.id)))


def due_rechecks(conn: Connection, now: datetime, *, busy: Collection[str] = (), limit: int = 500) -> list[Any]:
    """Return (case, mention) pairs to be looked at again on the site, the longest waiting first.

    Sources that are `busy`, or that asked us to wait, come later. Rows: case_id, rechecks, mention_id, source.
    """
    c, m, s = t.cases.c, t.mentions.c, t.sources.c
    # The source of a mention as an expression: SQLite would go through all mentions of all sources instead.
    its_source = sa.literal("").concat(m.source)
    return list(
        conn.execute(
            sa.select(
                c.id.label("case_id"), c.rechecks, m.id.label("mention_id"), m.source,
            )
            .join(t.mentions, m.case_id == c.id)
            .join(t.sources, s.name == its_source)
            .where(
                c.recheck_at <= now,
                c.state != CaseState.CLOSED,
                m.deleted_at.is_(None),
                s.active,
                sa.or_(s.not_before.is_(None), s.not_before <= now),
                s.name.not_in(busy),
            )
            .order_by(c.recheck_at)
            .limit(limit)
        )
    )  # fmt: skip


def due_steps(conn: Connection, now: datetime, limit: int = 1000) -> list[Any]:
    """Return the cases whose next step has come, the longest waiting first; nobody else changes them meanwhile.

    One that somebody is at work on in this moment comes a minute later.
    """
    c = t.cases.c
    query = sa.select(t.cases).where(c.next_step_at <= now).order_by(c.next_step_at, c.id).limit(limit)
    return list(conn.execute(query.with_for_update(skip_locked=True)))


def about(conn: Connection, case_ids: Sequence[int]) -> dict[int, Any]:
    """Return the mention each case is about, the first of those that are still shown: id, version, source, flags."""
    m = t.mentions.c
    found: dict[int, Any] = {}
    for some in chunks(case_ids):
        rows = conn.execute(
            sa.select(m.case_id, m.id, m.version, m.source, m.flags)
            .where(m.case_id.in_(some), ~m.own)
            .order_by(m.deleted_at.is_not(None), m.id)
        )
        for row in rows:
            found.setdefault(row.case_id, row)
    return found


def of_assignee(conn: Connection, name: str) -> list[Any]:
    """Return the cases somebody has that wait for an answer; nobody else changes them meanwhile.

    One that somebody is at work on in this moment comes a minute later.
    """
    c = t.cases.c
    waits = c.state.in_((CaseState.CLAIMED, CaseState.SNOOZED))
    query = sa.select(t.cases).where(waits, c.assignee == name).order_by(c.id)
    return list(conn.execute(query.with_for_update(skip_locked=True)))


def put_back(conn: Connection, teams: Sequence[str], now: datetime) -> list[Any]:
    """Return the cases of some teams that have something planned for later."""
    c = t.cases.c
    query = sa.select(t.cases).where(c.next_step_at > now, c.team.in_(teams)).order_by(c.id)
    return list(conn.execute(query.with_for_update()))


def without_next_step(conn: Connection, opened_before: datetime, limit: int = 1000) -> list[int]:
    """Return open cases for which nothing is planned, for the audit."""
    c = t.cases.c
    unanswered = sa.and_(c.state == CaseState.ANSWERED, c.answer_seen_at.is_(None))
    waits = sa.or_(c.state.in_((CaseState.OPEN, CaseState.CLAIMED, CaseState.SNOOZED)), unanswered)
    query = sa.select(c.id).where(waits, c.next_step_at.is_(None), c.opened_at <= opened_before)
    return list(conn.scalars(query.order_by(c.id).limit(limit)))


def waiting_rows(conn: Connection, assignee: str | None = None) -> Sequence[Any]:
    """Return every case that waits for an answer with each mention it is about; those put off are left out.

    Rows: id, mention_id, state, severity, kind, opened_at, sort_at, due_at, assignee, audience, audience_kind.
    """
    c, m = t.cases.c, t.mentions.c
    # What is said to be answered and not seen has something planned, and is found by that: most cases are answered.
    planned = sa.and_(c.next_step_at > _EVER, c.answer_seen_at.is_(None))
    said = sa.select(c.id).where(planned, sa.literal("").concat(c.state) == CaseState.ANSWERED)
    waits = sa.union_all(sa.select(c.id).where(c.state.in_((CaseState.OPEN, CaseState.CLAIMED))), said)
    query = (
        sa.select(
            c.id, m.id.label("mention_id"), c.state, c.severity, m.kind, c.opened_at, m.sort_at, c.due_at, c.assignee,
            m.audience, m.audience_kind,
        )
        .join(t.mentions, m.case_id == c.id)
        .where(c.id.in_(waits), m.deleted_at.is_(None), ~m.own)
        .order_by(c.id, m.id)
    )  # fmt: skip
    if assignee is not None:
        query = query.where(c.assignee == assignee)
    return conn.execute(query).all()


def waiting_facts(conn: Connection, mention_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return what a list shows of mentions and their cases, by mention: as they stand, where, and who.

    Keys: id, state, severity, team, assignee, opened_at, due_at, next_step_at, mention_id, source, place, product,
    kind, author, audience, audience_kind, sort_at, url, answer_url.
    """
    c, m = t.cases.c, t.mentions.c
    found: dict[int, Mapping[str, Any]] = {}
    for some in chunks(mention_ids):
        query = (
            sa.select(
                c.id, c.state, c.severity, c.team, c.assignee, c.opened_at, c.due_at, c.next_step_at,
                m.id.label("mention_id"), m.source, m.place, m.product, m.kind, m.author, m.audience, m.audience_kind,
                m.sort_at, m.url, m.answer_url,
            )
            .join(t.mentions, m.case_id == c.id)
            .where(m.id.in_(some))
        )  # fmt: skip
        found.update((row.mention_id, row._asdict()) for row in conn.execute(query))
    return found


def summary(conn: Connection, now: datetime) -> dict[str, int]:
    """Return how many cases are open, and how many of those are overdue."""
    c = t.cases.c
    busy = c.state.in_((CaseState.OPEN, CaseState.CLAIMED))
    total, overdue = conn.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((c.due_at < now, 1), else_=0)), 0)).where(busy)
    ).one()
    return {"open": total, "overdue": int(overdue)}


def open_list(conn: Connection, limit: int = 50) -> list[Any]:
    """Return open cases with the mention they are about, the most pressing first.

    Rows: id, state, severity, assignee, due_at, mention_id, source, place, product, url.
    """
    c, m = t.cases.c, t.mentions.c
    rank = sa.case(
        (c.severity == Severity.CRITICAL, 0), (c.severity == Severity.HIGH, 1),
        (c.severity == Severity.NORMAL, 2), else_=3,
    )  # fmt: skip
    return list(
        conn.execute(
            sa.select(
                c.id, c.state, c.severity, c.assignee, c.due_at,
                m.id.label("mention_id"), m.source, m.place, m.product, m.url,
            )
            .join(t.mentions, m.case_id == c.id)
            .where(c.state.in_((CaseState.OPEN, CaseState.CLAIMED)))
            .order_by(rank, c.due_at, c.id)
            .limit(limit)
        )
    )  # fmt: skip
