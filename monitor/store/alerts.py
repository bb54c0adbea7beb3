"""Queries over telling: alerts, deliveries and the channels they go to.

`enqueue` is the one writer of an alert with its deliveries. A delivery's id is made from what it
says and to whom, so that the same message is the same row whoever enqueues it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.models import DeliveryState, Json, Reason, Receipt, Severity
from monitor.store import schema as t
from monitor.store.bulk import insert_many, reserve
from monitor.store.mentions import chunks

WAITING = (DeliveryState.PENDING, DeliveryState.HELD)
CALLED_OFF = "called off: the case is answered or closed"
GONE = "called off: what it was about is gone"


def hashed(*parts: object) -> str:
    """Return a short stable key of some values."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Route:
    """Where one alert goes: a channel, its recipient, and not before when."""

    channel: str
    target: str
    due_at: datetime
    held_reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewAlert:
    """A decision to tell people. `key` names the decision: the same one is made once."""

    key: str
    reason: Reason
    routes: tuple[Route, ...]
    rule: str | None = None
    severity: Severity | None = None
    mention_id: int | None = None
    version: int | None = None
    case_id: int | None = None
    source: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    first: bool = False  # about a mention stored in this very transaction: nobody can have decided before
    team: str | None = None  # whose quiet hours count


def _decided(conn: Connection, keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in chunks(keys):
        found.update(conn.scalars(sa.select(t.alerts.c.key).where(t.alerts.c.key.in_(some))))
    return found


def enqueue(conn: Connection, wanted: Sequence[NewAlert], now: datetime) -> int:
    """Write alerts with their deliveries; those already decided are left as they are. Returns how many are new."""
    by_key = {alert.key: alert for alert in wanted}
    there = _decided(conn, [alert.key for alert in by_key.values() if not alert.first])
    fresh = [alert for alert in by_key.values() if alert.key not in there]
    if not fresh:
        return 0
    ids = reserve(conn, t.alerts, len(fresh))
    insert_many(
        conn,
        t.alerts,
        [
            {
                "id": alert_id,
                "key": alert.key,
                "reason": alert.reason,
                "rule": alert.rule,
                "severity": alert.severity,
                "mention_id": alert.mention_id,
                "version": alert.version,
                "case_id": alert.case_id,
                "source": alert.source,
                "created_at": now,
                "facts": dict(alert.facts),
            }
            for alert_id, alert in zip(ids, fresh, strict=True)
        ],
    )
    deliveries: list[dict[str, Any]] = []
    of: list[NewAlert] = []
    links = []
    for alert_id, alert in zip(ids, fresh, strict=True):
        for route in alert.routes:
            delivery_id = hashed(alert.key, route.channel, route.target)
            deliveries.append(_delivery(delivery_id, route, alert, now))
            of.append(alert)
            links.append({"delivery_id": delivery_id, "alert_id": alert_id})
    # A message of that very alert may lie there still, when only the alert was lost.
    there = _there(conn, [one["id"] for one, alert in zip(deliveries, of, strict=True) if not alert.first])
    insert_many(conn, t.deliveries, [one for one in deliveries if one["id"] not in there])
    insert_many(conn, t.delivery_alerts, links)
    return len(fresh)


def _there(conn: Connection, delivery_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in chunks(delivery_ids):
        found.update(conn.scalars(sa.select(t.deliveries.c.id).where(t.deliveries.c.id.in_(some))))
    return found


def _delivery(delivery_id: str, route: Route, alert: NewAlert, now: datetime) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "channel": route.channel,
        "target": route.target,
        "state": DeliveryState.HELD if route.held_reason else DeliveryState.PENDING,
        "severity": alert.severity,
        "source": alert.source,
        "created_at": now,
        "due_at": route.due_at,
        "held_reason": route.held_reason,
        "alert_count": 1,
    }


# --- channels ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel is doing."""

    name: str
    state: str = "ok"  # ok, failing, refused
    failures: int = 0
    failing_since: datetime | None = None
    not_before: datetime | None = None
    last_sent_at: datetime | None = None
    last_error: str | None = None
    told_at: datetime | None = None


def channel_states(conn: Connection) -> dict[str, ChannelState]:
    """Return the known channels by name."""
    return {row.name: ChannelState(*row) for row in conn.execute(sa.select(t.channels))}


def put_channel(conn: Connection, name: str, **values: Any) -> None:
    """Set columns of a channel."""
    if not conn.execute(t.channels.update().where(t.channels.c.name == name).values(**values)).rowcount:
        conn.execute(t.channels.insert().values(name=name, **values))


# --- deliveries ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient, as the database has it."""

    id: str
    channel: str
    target: str
    state: DeliveryState
    severity: str | None
    source: str | None
    created_at: datetime
    due_at: datetime
    attempts: int
    attempt_started_at: datetime | None
    held_reason: str | None
    last_error: str | None
    sent_at: datetime | None
    receipt: Receipt | None
    instead_of: str | None
    alert_count: int


_DELIVERY = [t.deliveries.c[name] for name in Delivery.__dataclass_fields__]


def _read(row: Any) -> Delivery:
    values = dict(row._mapping)
    receipt = values["receipt"]
    return Delivery(
        **{
            **values,
            "state": DeliveryState(values["state"]),
            "receipt": Receipt.from_json(receipt) if receipt else None,
        }
    )


def due(conn: Connection, channel: str, now: datetime, limit: int = 1) -> list[Delivery]:
    """Return what is due on a channel, the most severe first, then the oldest."""
    d = t.deliveries.c
    urgent = sa.case((d.severity == Severity.CRITICAL, 0), (d.severity.is_(None), 1), else_=2)
    rows = conn.execute(
        sa.select(*_DELIVERY)
        .where(d.channel == channel, d.state.in_(WAITING), d.due_at <= now)
        .order_by(urgent, d.due_at, d.created_at, d.id)
        .limit(limit)
    )
    return [_read(row) for row in rows]


def channels_with_work(conn: Connection, now: datetime) -> set[str]:
    """Return the channels for which something is due or uncertain."""
    d = t.deliveries.c
    waiting = sa.and_(d.state.in_(WAITING), d.due_at <= now)
    return set(conn.scalars(sa.select(d.channel).where(sa.or_(waiting, d.state == DeliveryState.UNCERTAIN)).distinct()))


def next_due(conn: Connection) -> datetime | None:
    """Return when the next delivery is due."""
    d = t.deliveries.c
    return conn.scalar(  # type: ignore[no-any-return]
        sa.select(sa.func.min(d.due_at)).where(d.state.in_(WAITING))
    )


def uncertain(conn: Connection, channel: str) -> Delivery | None:
    """Return the oldest delivery of a channel of which nobody knows whether it arrived."""
    d = t.deliveries.c
    row = conn.execute(
        sa.select(*_DELIVERY)
        .where(d.channel == channel, d.state == DeliveryState.UNCERTAIN)
        .order_by(d.attempt_started_at)
        .limit(1)
    ).first()
    return _read(row) if row else None


def get(conn: Connection, delivery_id: str) -> Delivery | None:
    """Return one delivery, or None."""
    row = conn.execute(sa.select(*_DELIVERY).where(t.deliveries.c.id == delivery_id)).first()
    return _read(row) if row else None


def sent_times(conn: Connection, channel: str, target: str, since: datetime) -> list[datetime]:
    """Return when messages were handed to a recipient since then, oldest first."""
    d = t.deliveries.c
    started = sa.func.coalesce(d.sent_at, d.attempt_started_at)
    rows = conn.scalars(
        sa.select(started)
        .where(d.channel == channel, d.target == target, started >= since)
        .where(d.state.in_((DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)))
        .order_by(started)
    )
    return [_instant(value) for value in rows]


def _instant(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def waiting_count(conn: Connection, channel: str, target: str, now: datetime) -> int:
    """Return how many messages wait for a recipient and are due."""
    d = t.deliveries.c
    where = (d.channel == channel, d.target == target, d.state.in_(WAITING), d.due_at <= now)
    return int(conn.scalar(sa.select(sa.func.count()).where(*where)) or 0)


def fold(conn: Connection, channel: str, target: str, *, now: datetime, source: str | None = None) -> Delivery | None:
    """Make one message of all that wait for a recipient and are due (of one source, or all).

    Only alerts about mentions are folded; news about the watch itself stand alone. Returns the
    folded message, or None when there were fewer than two.
    """
    d = t.deliveries.c
    about_mentions = sa.exists().where(
        t.delivery_alerts.c.delivery_id == d.id,
        t.delivery_alerts.c.alert_id == t.alerts.c.id,
        t.alerts.c.mention_id.is_not(None),
    )
    query = sa.select(d.id, d.severity, d.attempts, d.alert_count, d.created_at, d.source).where(
        d.channel == channel, d.target == target, d.state.in_(WAITING), d.due_at <= now, about_mentions
    )
    if source is not None:
        query = query.where(d.source == source)
    rows = list(conn.execute(query.order_by(d.created_at, d.id)))
    if len(rows) < 2:
        return None
    folded = hashed("fold", channel, target, rows[0].id, len(rows))
    severities = [Severity(row.severity) for row in rows if row.severity]
    sources = {row.source for row in rows}
    conn.execute(
        t.deliveries.insert().values(
            id=folded,
            channel=channel,
            target=target,
            state=DeliveryState.PENDING,
            severity=min(severities, key=lambda s: s.rank) if severities else None,
            source=sources.pop() if len(sources) == 1 else None,
            created_at=rows[0].created_at,
            due_at=now,
            alert_count=sum(row.alert_count for row in rows),
        )
    )
    old = [row.id for row in rows]
    for some in chunks(old):
        conn.execute(
            t.delivery_alerts.update().where(t.delivery_alerts.c.delivery_id.in_(some)).values(delivery_id=folded)
        )
        conn.execute(t.deliveries.delete().where(d.id.in_(some)))
    return get(conn, folded)


def hold_back(conn: Connection, first: Delivery, *, now: datetime, until: datetime, why: str) -> None:
    """Let what is due for a recipient wait until then; a critical message only when it is the first."""
    d = t.deliveries.c
    less = sa.or_(d.severity.is_(None), d.severity != Severity.CRITICAL, d.id == first.id)
    conn.execute(
        t.deliveries.update()
        .where(d.channel == first.channel, d.target == first.target, d.state.in_(WAITING), d.due_at <= now, less)
        .values(state=DeliveryState.HELD, due_at=until, held_reason=why)
    )


def start_sending(conn: Connection, delivery: Delivery, now: datetime, lease: timedelta) -> None:
    """Note that a message is about to be handed over. Committed before the first byte goes out."""
    conn.execute(
        t.deliveries.update()
        .where(t.deliveries.c.id == delivery.id)
        .values(
            state=DeliveryState.SENDING,
            attempts=delivery.attempts + 1,
            attempt_started_at=now,
            lease_until=now + lease,
            held_reason=None,
        )
    )


def settle(
    conn: Connection,
    delivery_id: str,
    state: DeliveryState,
    *,
    now: datetime,
    receipt: Receipt | None = None,
    error: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Note how a try ended: sent, pending again, uncertain or dead."""
    values: dict[str, Any] = {"state": state, "lease_until": None, "last_error": error and error[:500]}
    if state is DeliveryState.SENT:
        values |= {"sent_at": now, "receipt": receipt.as_json() if receipt else sa.null()}
    if due_at is not None:
        values["due_at"] = due_at
    conn.execute(t.deliveries.update().where(t.deliveries.c.id == delivery_id).values(**values))


def doubt_all(conn: Connection) -> int:
    """Treat every row in `sending` as uncertain: whoever was sending is dead. Returns how many."""
    result = conn.execute(
        t.deliveries.update()
        .where(t.deliveries.c.state == DeliveryState.SENDING)
        .values(state=DeliveryState.UNCERTAIN, lease_until=None)
    )
    return result.rowcount


def doubt_expired(conn: Connection, now: datetime, *, but: Collection[str] = ()) -> int:
    """Treat a row in `sending` whose lease is over as uncertain, but not where somebody is still at it."""
    d = t.deliveries.c
    over = (d.state == DeliveryState.SENDING, d.lease_until <= now, d.channel.not_in(but))
    result = conn.execute(t.deliveries.update().where(*over).values(state=DeliveryState.UNCERTAIN, lease_until=None))
    return result.rowcount


def waiting_channels(conn: Connection) -> set[str]:
    """Return the channels that a message waits for, due or not."""
    d = t.deliveries.c
    return set(conn.scalars(sa.select(d.channel).where(d.state.in_((*WAITING, DeliveryState.UNCERTAIN))).distinct()))


def waiting(conn: Connection, channel: str, limit: int) -> list[Delivery]:
    """Return the messages that wait for a channel, due or not, the oldest first."""
    d = t.deliveries.c
    states = (*WAITING, DeliveryState.UNCERTAIN)
    query = sa.select(*_DELIVERY).where(d.channel == channel, d.state.in_(states))
    return [_read(row) for row in conn.execute(query.order_by(d.created_at, d.id).limit(limit))]


def stuck(conn: Connection, now: datetime) -> dict[str, str]:
    """Return the channels that a due message still waits for, each with what went wrong last."""
    d = t.deliveries.c
    due_now = sa.or_(sa.and_(d.state.in_(WAITING), d.due_at <= now), d.state == DeliveryState.UNCERTAIN)
    names = set(conn.scalars(sa.select(d.channel).where(due_now).distinct()))
    states = channel_states(conn)
    return {name: (states[name].last_error if name in states else None) or "not sent yet" for name in sorted(names)}


def unstored(delivery_id: str, channel: str, target: str, now: datetime) -> Delivery:
    """Return a message that goes out now and is not written down anywhere."""
    return Delivery(
        id=delivery_id,
        channel=channel,
        target=target,
        state=DeliveryState.SENDING,
        severity=None,
        source=None,
        created_at=now,
        due_at=now,
        attempts=1,
        attempt_started_at=now,
        held_reason=None,
        last_error=None,
        sent_at=None,
        receipt=None,
        instead_of=None,
        alert_count=1,
    )


def fail_over(
    conn: Connection,
    delivery: Delivery,
    channel: str,
    targets: Sequence[str],
    now: datetime,
    *,
    as_held: bool = False,
) -> int:
    """Send the alerts of a dead delivery through another channel. Returns how many messages that makes.

    They go out now, or with `as_held` when the dead one would have.
    """
    alert_ids = list(
        conn.scalars(sa.select(t.delivery_alerts.c.alert_id).where(t.delivery_alerts.c.delivery_id == delivery.id))
    )
    held = as_held and delivery.state is DeliveryState.HELD
    count = 0
    for target in targets:
        new_id = hashed("instead", delivery.id, channel, target)
        there = _reaching(conn, channel, target, alert_ids)
        missing = [alert_id for alert_id in alert_ids if alert_id not in there]
        if not missing:
            continue  # that recipient is told of them anyway
        conn.execute(
            t.deliveries.insert().values(
                id=new_id,
                channel=channel,
                target=target,
                state=DeliveryState.HELD if held else DeliveryState.PENDING,
                severity=delivery.severity,
                source=delivery.source,
                created_at=now,
                due_at=delivery.due_at if held else now,
                held_reason=delivery.held_reason if held else None,
                instead_of=delivery.id,
                alert_count=len(missing),
            )
        )
        links = [{"delivery_id": new_id, "alert_id": alert_id} for alert_id in missing]
        conn.execute(t.delivery_alerts.insert(), links)
        count += 1
    return count


def _reaching(conn: Connection, channel: str, target: str, alert_ids: Sequence[int]) -> set[int]:
    """Return those of the alerts that have a message to a recipient already."""
    d, links = t.deliveries.c, t.delivery_alerts.c
    found: set[int] = set()
    for some in chunks(alert_ids):
        found.update(
            conn.scalars(
                sa.select(links.alert_id)
                .join(t.deliveries, d.id == links.delivery_id)
                .where(links.alert_id.in_(some), d.channel == channel, d.target == target)
            )
        )
    return found


def alerts_of(conn: Connection, delivery_id: str) -> list[Any]:
    """Return the alert rows of a delivery, oldest first."""
    return list(
        conn.execute(
            sa.select(t.alerts)
            .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == t.alerts.c.id)
            .where(t.delivery_alerts.c.delivery_id == delivery_id)
            .order_by(t.alerts.c.id)
        )
    )


def earlier_receipt(conn: Connection, mention_id: int, channel: str, target: str) -> Receipt | None:
    """Return the receipt of the first message about a mention in a channel: later ones go into its thread."""
    d = t.deliveries.c
    value = conn.scalar(
        sa.select(d.receipt)
        .join(t.delivery_alerts, t.delivery_alerts.c.delivery_id == d.id)
        .join(t.alerts, t.alerts.c.id == t.delivery_alerts.c.alert_id)
        .where(
            t.alerts.c.mention_id == mention_id,
            d.channel == channel,
            d.target == target,
            d.state == DeliveryState.SENT,
            d.alert_count == 1,
        )
        .order_by(d.sent_at)
        .limit(1)
    )
    return Receipt.from_json(value) if value else None


def recent_alerts(conn: Connection, source: str, since: datetime, reason: Reason) -> int:
    """Return how many alerts of a reason a source has caused since then."""
    a = t.alerts.c
    return int(
        conn.scalar(sa.select(sa.func.count()).where(a.source == source, a.reason == reason, a.created_at >= since))
        or 0
    )


def last_sent(conn: Connection, limit: int = 20) -> list[Delivery]:
    """Return the newest deliveries whatever their state."""
    rows = conn.execute(sa.select(*_DELIVERY).order_by(t.deliveries.c.created_at.desc()).limit(limit))
    return [_read(row) for row in rows]


def sent_by_channel(conn: Connection, since: datetime) -> dict[str, int]:
    """Return how many new mentions each channel was told of since then; one that several people got counts once."""
    d, a = t.deliveries.c, t.alerts.c
    query = (
        sa.select(d.channel, sa.func.count(a.id.distinct()))
        .join(t.delivery_alerts, t.delivery_alerts.c.delivery_id == d.id)
        .join(t.alerts, a.id == t.delivery_alerts.c.alert_id)
        .where(a.created_at >= since, a.reason.in_((Reason.NEW, Reason.GOOD_NEWS)), d.state != DeliveryState.DEAD)
        .group_by(d.channel)
    )
    return {channel: int(count) for channel, count in conn.execute(query)}


def counts(conn: Connection) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    d = t.deliveries.c
    rows = conn.execute(sa.select(d.state, sa.func.count()).group_by(d.state))
    return {state: count for state, count in rows}


def without_delivery(
    conn: Connection, older_than: datetime, since: datetime | None = None, limit: int = 1000
) -> list[int]:
    """Return alerts that lead to no message at all, for the audit."""
    a = t.alerts.c
    linked = sa.exists().where(t.delivery_alerts.c.alert_id == a.id)
    query = sa.select(a.id).where(a.created_at <= older_than, ~linked)
    if since is not None:
        query = query.where(a.created_at >= since)
    return list(conn.scalars(query.limit(limit)))


def overdue(conn: Connection, due_before: datetime, limit: int = 100) -> list[str]:
    """Return deliveries that were due by then although nothing holds their channel up."""
    d, c = t.deliveries.c, t.channels.c
    held_up = sa.exists().where(c.name == d.channel, c.state != "ok")
    return list(
        conn.scalars(sa.select(d.id).where(d.state.in_(WAITING), d.due_at <= due_before, ~held_up).limit(limit))
    )


def route(conn: Connection, alert_id: int, routes: Sequence[Route], now: datetime) -> int:
    """Give an existing alert the deliveries it lacks. Returns how many were added."""
    row = conn.execute(sa.select(t.alerts).where(t.alerts.c.id == alert_id)).one()
    alert = NewAlert(row.key, Reason(row.reason), (), severity=row.severity, source=row.source)
    added = 0
    for one in routes:
        delivery_id = hashed(row.key, one.channel, one.target)
        if get(conn, delivery_id) is None:
            conn.execute(t.deliveries.insert().values(_delivery(delivery_id, one, alert, now)))
        elif alert_id in _reaching(conn, one.channel, one.target, [alert_id]):
            continue
        conn.execute(t.delivery_alerts.insert().values(delivery_id=delivery_id, alert_id=alert_id))
        added += 1
    return added


def by_ids(conn: Connection, alert_ids: Sequence[int]) -> list[Any]:
    """Return alert rows."""
    return list(conn.execute(sa.select(t.alerts).where(t.alerts.c.id.in_(alert_ids))))


def find_id(conn: Connection, beginning: str) -> str | None:
    """Return the id of the delivery that begins so; messages show its first twelve characters."""
    d = t.deliveries.c
    if len(beginning) < 8:
        return None
    found = conn.scalars(sa.select(d.id).where(d.id.startswith(beginning, autoescape=True)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def call_off(conn: Connection, case_id: int, reasons: Collection[Reason]) -> None:
    """Let messages about a case that nobody needs any more go nowhere, where they say nothing else."""
    d, a = t.deliveries.c, t.alerts.c
    about = (
        sa.select(t.delivery_alerts.c.delivery_id)
        .join(t.alerts, a.id == t.delivery_alerts.c.alert_id)
        .join(t.mentions, t.mentions.c.id == a.mention_id)
        .where(t.mentions.c.case_id == case_id, a.reason.in_(reasons))
    )
    conn.execute(
        t.deliveries.update()
        .where(d.id.in_(about), d.state.in_(WAITING), d.alert_count == 1)
        .values(state=DeliveryState.DEAD, held_reason=CALLED_OFF)
    )


def retry(conn: Connection, now: datetime) -> int:
    """Make dead, held and waiting messages due now, and let their channels try. Returns how many."""
    d = t.deliveries.c
    taken_over = sa.select(d.instead_of).where(d.instead_of.is_not(None))
    wanted = sa.or_(d.held_reason.is_(None), d.held_reason.not_in((CALLED_OFF, GONE)))
    given_up = sa.and_(d.state == DeliveryState.DEAD, d.id.not_in(taken_over), wanted)
    again = sa.or_(d.state.in_(WAITING), given_up)
    result = conn.execute(
        t.deliveries.update().where(again).values(state=DeliveryState.PENDING, due_at=now, held_reason=None)
    )
    conn.execute(t.channels.update().values(not_before=None))
    return result.rowcount


def held_for(conn: Connection, mention_ids: Sequence[int], why: str) -> set[int]:
    """Return those mentions whose message is still held for that reason."""
    found: set[int] = set()
    d = t.deliveries.c
    for some in chunks(mention_ids):
        found.update(
            conn.scalars(
                sa.select(t.alerts.c.mention_id)
                .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == t.alerts.c.id)
                .join(t.deliveries, d.id == t.delivery_alerts.c.delivery_id)
                .where(t.alerts.c.mention_id.in_(some), d.state == DeliveryState.HELD, d.held_reason == why)
            )
        )
    return found


def release(
    conn: Connection,
    mention_id: int,
    version: int,
    why: str,
    *,
    due_at: datetime,
    held: str | None = None,
    severity: Severity | None = None,
) -> list[int]:
    """Let a message that was held for that reason go out, about this version. Returns the ids of its alerts.

    `held` says why it must still wait until `due_at`.
    """
    d, a = t.deliveries.c, t.alerts.c
    waiting = (
        sa.select(d.id, a.id.label("alert_id"))
        .join(t.delivery_alerts, t.delivery_alerts.c.delivery_id == d.id)
        .join(t.alerts, a.id == t.delivery_alerts.c.alert_id)
        .where(a.mention_id == mention_id, d.state == DeliveryState.HELD, d.held_reason == why)
    )
    found = list(conn.execute(waiting))
    state = DeliveryState.HELD if held else DeliveryState.PENDING
    conn.execute(
        t.deliveries.update()
        .where(d.id.in_([row.id for row in found]))
        .values(state=state, due_at=due_at, held_reason=held, severity=severity)
    )
    ids = sorted({row.alert_id for row in found})
    conn.execute(t.alerts.update().where(a.id.in_(ids)).values(version=version, severity=severity))
    return ids


def is_about_a_mention(conn: Connection, delivery_id: str) -> bool:
    """Say whether a message tells of a mention, as against news about the watch itself."""
    query = (
        sa.select(t.alerts.c.id)
        .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == t.alerts.c.id)
        .where(t.delivery_alerts.c.delivery_id == delivery_id, t.alerts.c.mention_id.is_not(None))
    )
    return conn.scalar(query.limit(1)) is not None


def singles_since(conn: Connection, like: Delivery, since: datetime) -> int:
    """Return how many messages about one mention each a recipient was sent since then."""
    d = t.deliveries.c
    about_a_mention = sa.exists().where(
        t.delivery_alerts.c.delivery_id == d.id,
        t.delivery_alerts.c.alert_id == t.alerts.c.id,
        t.alerts.c.mention_id.is_not(None),
    )
    query = sa.select(sa.func.count()).where(
        d.channel == like.channel,
        d.target == like.target,
        d.sent_at >= since,
        d.alert_count == 1,
        about_a_mention,
    )
    return int(conn.scalar(query) or 0)
