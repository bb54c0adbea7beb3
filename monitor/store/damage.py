"""Queries of the audit over cases and messages: what cannot be so, however it came to be.

Each is asked every minute, beside a million mentions: it goes through the cases that wait, the newest of the
others, or the messages that have not been sent, by their indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from monitor.models import CaseState, DeliveryState, Reason, ReplyState
from monitor.store import schema as t
from monitor.store.alerts import WAITING
from monitor.store.mentions import chunks

MOST = 1_000  # of one kind at once; the next minute takes the rest
SOON = timedelta(hours=1)  # a message that nothing holds goes out at once
LONGEST = timedelta(days=2)  # nothing but a silence holds one for longer
_WAITS = (CaseState.OPEN, CaseState.CLAIMED, CaseState.SNOOZED)
_SILENCE = "silence %"
_LED_TO = {
    CaseState.CLAIMED: ("claimed", "assigned", "answered_elsewhere"),
    CaseState.SNOOZED: ("snoozed",),
    CaseState.ANSWERED: ("answer_seen", "answered_elsewhere"),
    CaseState.CLOSED: ("closed", "unverified", "deleted"),
}
_BAD = (Reason.NEW, Reason.EDITED_WORSE)
_SETTLED = ("answer_seen", "answer_gone", "reopened", "edited_worse", "deleted")  # somebody has looked at the answer


def without_case(conn: Connection, older_than: datetime, since: datetime | None) -> list[int]:
    """Return mentions that were told as bad and have no case, and those whose case is not there."""
    m = t.mentions.c
    told = sa.exists().where(t.alerts.c.mention_id == m.id, t.alerts.c.reason.in_(_BAD))
    there = sa.exists().where(t.cases.c.id == m.case_id)
    bad = sa.and_(m.label == "bad", m.why_not_told.is_(None), ~m.own, m.deleted_at.is_(None), m.case_id.is_(None), told)
    lost = sa.and_(m.case_id.is_not(None), ~there)
    query = sa.select(m.id).where(m.first_seen_at <= older_than, sa.or_(bad, lost))
    if since is not None:
        query = query.where(m.sort_at >= since)
    return list(conn.scalars(query.limit(MOST)))


def without_mention(conn: Connection) -> list[int]:
    """Return cases that wait and are about nothing, or about what the site no longer shows, of which no event knows.

    What somebody opens again although it was deleted is theirs to close.
    """
    c, m = t.cases.c, t.mentions.c
    about = sa.exists().where(m.case_id == c.id, ~m.own)
    shown = sa.exists().where(m.case_id == c.id, m.deleted_at.is_(None), ~m.own)
    nothing = sa.or_(~about, sa.and_(~shown, ~_has("deleted", "reopened")))
    return list(conn.scalars(sa.select(c.id).where(c.state.in_(_WAITS), nothing).order_by(c.id).limit(MOST)))


def answered_unseen(conn: Connection) -> list[tuple[int, datetime | None]]:
    """Return cases that wait although an answer stands on the site of which no event knows; and since when.

    One that was there before the case is what the author was not content with.
    """
    c, m, r = t.cases.c, t.mentions.c, t.replies.c
    fits = sa.or_(m.version == 1, m.updated_at.is_(None), r.published_at.is_(None), r.published_at >= m.updated_at)
    stands = sa.and_(r.mention_id == m.id, m.deleted_at.is_(None), r.state == ReplyState.VISIBLE, fits)
    answered = sa.exists().where(m.case_id == c.id, stands, r.first_seen_at >= c.opened_at)
    ids = sa.select(c.id).where(c.state.in_(_WAITS), ~_has(*_SETTLED), answered).order_by(c.id).limit(MOST)
    found: dict[int, datetime | None] = {}
    for some in chunks(conn.scalars(ids).all()):
        when = sa.select(m.case_id, r.published_at).where(m.case_id.in_(some), stands).order_by(r.published_at.desc())
        found.update((row.case_id, row.published_at) for row in conn.execute(when))
    return list(found.items())


def torn(conn: Connection) -> list[int]:
    """Return cases that wait and whose row contradicts itself, or has lost its ladder."""
    c = t.cases.c
    ladder = sa.cast(c.ladder, sa.Text)
    wrong = sa.or_(
        sa.and_(c.state == CaseState.OPEN, c.assignee.is_not(None)),
        sa.and_(c.state == CaseState.CLAIMED, c.assignee.is_(None)),
        sa.and_(c.state == CaseState.SNOOZED, c.snoozed_until.is_(None)),
        sa.and_(c.state != CaseState.SNOOZED, c.snoozed_until.is_not(None)),
        sa.and_(c.assignee.is_(None), c.claimed_at.is_not(None)),
        sa.and_(c.assignee.is_not(None), c.claimed_at.is_(None)),
        c.answer_seen_at.is_not(None),
        c.closed_at.is_not(None),
        sa.and_(c.due_at.is_not(None), sa.or_(ladder == "[]", ladder == "null", ladder == "")),
    )
    return list(conn.scalars(sa.select(c.id).where(c.state.in_(_WAITS), wrong).order_by(c.id).limit(MOST)))


def unrecorded(conn: Connection, older_than: datetime, since: datetime | None) -> list[tuple[int, str]]:
    """Return cases that stand as no event has left them, each with the kind of event that is missing.

    All that wait, and of the others those that were opened since then.
    """
    c = t.cases.c
    before = 0
    if since is not None:  # ids are given in the order in which cases are opened
        before = conn.scalar(sa.select(c.id).where(c.opened_at < since).order_by(c.id.desc()).limit(1)) or 0
    found: list[tuple[int, str]] = []
    for some in (c.state.in_(_WAITS), sa.and_(c.state.not_in(_WAITS), c.id > before)):
        lacks = sa.case(
            (~_has("opened"), "opened"),
            *((sa.and_(c.state == state, ~_has(*kinds)), kinds[0]) for state, kinds in _LED_TO.items()),
            else_=None,
        )
        rows = sa.select(c.id, lacks.label("kind")).where(some, c.opened_at <= older_than).subquery()
        found += [
            (row.id, row.kind) for row in conn.execute(sa.select(rows).where(rows.c.kind.is_not(None)).limit(MOST))
        ]
    return found


def _has(*kinds: str) -> ColumnElement[bool]:
    e = t.case_events.c
    return sa.exists().where(e.case_id == t.cases.c.id, e.event.in_(kinds))


def stuck(conn: Connection, lease_before: datetime, now: datetime) -> list[str]:
    """Return messages that wait without end: on their way for longer than anybody may be, or due far too late."""
    d = t.deliveries.c
    on_the_way = sa.and_(
        d.state == DeliveryState.SENDING, sa.or_(d.lease_until.is_(None), d.lease_until <= lease_before)
    )
    too_late = sa.and_(d.state == DeliveryState.PENDING, d.due_at > now + SOON)
    not_silent = sa.or_(d.held_reason.is_(None), d.held_reason.not_like(_SILENCE))
    held = sa.and_(d.state == DeliveryState.HELD, d.due_at > now + LONGEST, not_silent)
    unsent = d.state.in_((DeliveryState.SENDING, *WAITING))
    return list(conn.scalars(sa.select(d.id).where(unsent, sa.or_(on_the_way, too_late, held)).limit(MOST)))


def empty(conn: Connection) -> list[str]:
    """Return messages that are to go out and tell of nothing."""
    d, links = t.deliveries.c, t.delivery_alerts.c
    told = sa.exists().where(links.delivery_id == d.id)
    states = (*WAITING, DeliveryState.UNCERTAIN)
    return list(conn.scalars(sa.select(d.id).where(d.state.in_(states), ~told).limit(MOST)))


# --- mending ---------------------------------------------------------------------------------------


def free(conn: Connection, delivery_ids: Sequence[str], now: datetime) -> int:
    """Let messages that wait without end go out now; of those on their way nobody knows. Returns how many."""
    d = t.deliveries.c
    state = sa.case((d.state == DeliveryState.SENDING, DeliveryState.UNCERTAIN), else_=DeliveryState.PENDING)
    values = {"state": state, "due_at": now, "lease_until": None, "held_reason": None}
    count = 0
    for some in chunks(delivery_ids):
        count += conn.execute(t.deliveries.update().where(d.id.in_(some)).values(values)).rowcount
    return count


def drop(conn: Connection, delivery_ids: Sequence[str]) -> int:
    """Take messages away that tell of nothing. Returns how many."""
    count = 0
    for some in chunks(delivery_ids):
        count += conn.execute(t.deliveries.delete().where(t.deliveries.c.id.in_(some))).rowcount
    return count


def link_again(conn: Connection, case_id: int) -> bool:
    """Give a case the mentions back that its alerts are about, where those have no other; say whether there are any."""
    a, m = t.alerts.c, t.mentions.c
    told = sa.select(a.mention_id).where(a.case_id == case_id, a.mention_id.is_not(None))
    where = (m.id.in_(told), sa.or_(m.case_id.is_(None), ~sa.exists().where(t.cases.c.id == m.case_id)))
    return bool(conn.execute(t.mentions.update().where(*where).values(case_id=case_id)).rowcount)


def case_told_of(conn: Connection, mention_id: int) -> int | None:
    """Return the case that the messages about a mention named, when it is there."""
    a = t.alerts.c
    query = sa.select(t.cases.c.id).join(t.alerts, a.case_id == t.cases.c.id).where(a.mention_id == mention_id)
    found: int | None = conn.scalar(query.order_by(t.cases.c.id).limit(1))
    return found


def set_case(conn: Connection, mention_id: int, case_id: int | None) -> None:
    """Note which case a mention and the messages about it belong to."""
    conn.execute(t.mentions.update().where(t.mentions.c.id == mention_id).values(case_id=case_id))
    conn.execute(t.alerts.update().where(t.alerts.c.mention_id == mention_id).values(case_id=case_id))
