"""The outbox: claim, hand over, settle."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import calendar, intake, policy, render
from monitor.config import ChannelSettings
from monitor.delivery.scene import scene
from monitor.errors import DeliveryError
from monitor.exchange import Fetch
from monitor.models import DeliveryState, Reason, Receipt, Severity
from monitor.notifier import Message
from monitor.store import Connection, alerts, sources
from monitor.store.alerts import ChannelState, Delivery

LEASE = timedelta(minutes=3)
ENOUGH = "enough single messages for today: the rest comes in one"
REFUSED_AGAIN = timedelta(hours=1)  # a channel that refused for good is asked again that seldom

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to one recipient."""

    delivery: Delivery
    channel: ChannelSettings
    message: Message
    look_up: bool = False  # ask the channel first whether it has arrived already


@dataclass(frozen=True, slots=True)
class Handed:
    """How handing over ended: a receipt, or an error."""

    receipt: Receipt | None = None
    error: DeliveryError | None = None
    found: bool = False  # it was there already


def claim(conn: Connection, channel: ChannelSettings, routing: intake.Routing, now: datetime) -> Parcel | None:
    """Pick the next message of a channel and note, in the caller's transaction, that it is going out.

    None when nothing is due, or when the channel has to wait.
    """
    state = alerts.channel_states(conn).get(channel.name, ChannelState(channel.name))
    if state.not_before is not None and state.not_before > now:
        if state.state == "refused":
            _hand_to_others(conn, channel, routing, now)
        return None
    unsure = alerts.uncertain(conn, channel.name)
    delivery = unsure or _next(conn, channel, now, routing)
    if delivery is None:
        return None
    alerts.start_sending(conn, delivery, now, LEASE)
    shown = scene(conn, delivery, routing, now)
    message = render.message(replace(shown, attach=channel.kind.attaches))
    message = _addressed(conn, message, delivery)
    return Parcel(delivery, channel, message, look_up=unsure is not None)


def _addressed(conn: Connection, message: Message, delivery: Delivery) -> Message:
    about = [row for row in alerts.alerts_of(conn, delivery.id) if row.mention_id is not None]
    thread = None
    if len(about) == 1:
        thread = alerts.earlier_receipt(conn, about[0].mention_id, delivery.channel, delivery.target)
    return replace(message, to=delivery.target or None, thread=thread)


def _next(conn: Connection, channel: ChannelSettings, now: datetime, routing: intake.Routing) -> Delivery | None:
    """Return the message that should go out next: alone, or folded with what waits beside it."""
    for first in alerts.due(conn, channel.name, now, limit=1):
        if _enough_for_today(conn, channel, first, now):
            until = calendar.next_daily(routing.settings.digest.at, routing.settings.zone, now)
            alerts.hold_back(conn, first, now=now, until=until, why=ENOUGH)
            return _next(conn, channel, now, routing)
        verdict = policy.fold(
            waiting=alerts.waiting_count(conn, channel.name, first.target, now),
            sent=alerts.sent_times(conn, channel.name, first.target, now - policy.WINDOW),
            limit=channel.kind.storm_limit,
            critical=first.severity == Severity.CRITICAL,
            flood=_is_flood(conn, first, now),
            now=now,
        )
        if verdict.hold_until is not None:
            alerts.hold_back(conn, first, now=now, until=verdict.hold_until, why=verdict.why or "many messages")
            return _next(conn, channel, now, routing)
        handed_over = first.held_reason is not None and first.held_reason.startswith(
            (ENOUGH, intake.QUIET, intake.SILENCE)
        )
        if verdict.fold or handed_over:
            return alerts.fold(conn, channel.name, first.target, now=now) or first
        return first
    return None


def _enough_for_today(conn: Connection, channel: ChannelSettings, first: Delivery, now: datetime) -> bool:
    """Say whether a person has had their single alerts of the day; what is critical goes through."""
    single = first.alert_count == 1 and first.held_reason != ENOUGH and first.severity != Severity.CRITICAL
    if not (first.target and channel.max_per_day and single and alerts.is_about_a_mention(conn, first.id)):
        return False
    return alerts.singles_since(conn, first, now - timedelta(days=1)) >= channel.max_per_day


def _is_flood(conn: Connection, delivery: Delivery, now: datetime) -> bool:
    if delivery.source is None:
        return False
    state = sources.get(conn, delivery.source)
    recent = alerts.recent_alerts(conn, delivery.source, now - policy.WINDOW, Reason.NEW)
    return policy.flooded(recent, state.usual_rate if state else None)


def hand_over(parcel: Parcel, fetch: Fetch) -> Handed:
    """Give a message to its channel. Talks to the network only; never raises for what a channel does."""
    notifier = parcel.channel.build()
    try:
        if parcel.look_up:
            found = _look_up(parcel, fetch)
            if found is not None:
                return Handed(found, found=True)
        return Handed(notifier.send(parcel.message, fetch))
    except DeliveryError as error:
        return Handed(error=error)
    except Exception as error:  # per delivery is one of the three places where everything is caught
        log.exception("notifier failed", channel=parcel.channel.name, kind=type(error).__name__)
        return Handed(error=DeliveryError(f"{type(error).__name__} in the notifier"))


def _look_up(parcel: Parcel, fetch: Fetch) -> Receipt | None:
    since = parcel.delivery.attempt_started_at or parcel.delivery.created_at
    try:
        return parcel.channel.build().find(parcel.delivery.id, since, fetch, parcel.message.thread)
    except DeliveryError as error:
        if error.permanent:
            return None  # it cannot look: sending again under the same id is the lesser evil
        raise


def settle(
    conn: Connection,
    parcel: Parcel,
    handed: Handed,
    routing: intake.Routing,
    now: datetime,
    chance: Callable[[], float] = random.random,
) -> None:
    """Write down how handing over ended, and what follows from it."""
    delivery, name = parcel.delivery, parcel.channel.name
    error = handed.error
    if error is None:
        alerts.settle(conn, delivery.id, DeliveryState.SENT, now=now, receipt=handed.receipt)
        alerts.put_channel(
            conn, name, state="ok", failures=0, failing_since=None, not_before=None,
            last_sent_at=now, last_error=None, told_at=None,
        )  # fmt: skip
        log.info("delivered", channel=name, delivery=delivery.id[:12], alerts=delivery.alert_count)
        return
    log.warning("not delivered", channel=name, delivery=delivery.id[:12], why=error.reason)
    if error.permanent:
        _refused(conn, parcel, error, routing, now)
        return
    state = DeliveryState.UNCERTAIN if error.uncertain else DeliveryState.PENDING
    alerts.settle(conn, delivery.id, state, now=now, error=error.reason)  # still the oldest: it is the probe
    before = alerts.channel_states(conn).get(name, ChannelState(name))
    again = policy.next_try(before.failures + 1, now, error.retry_after, chance=chance())
    alerts.put_channel(
        conn,
        name,
        state="failing",
        failures=before.failures + 1,
        failing_since=before.failing_since or now,
        not_before=again or now + REFUSED_AGAIN,
        last_error=error.reason[:500],
    )


def turn_on(conn: Connection, name: str) -> None:
    """Let a channel that had refused be used again."""
    alerts.put_channel(conn, name, state="ok", failures=0, failing_since=None, not_before=None, told_at=None)


def _refused(conn: Connection, parcel: Parcel, error: DeliveryError, routing: intake.Routing, now: datetime) -> None:
    """Let another channel take over, in the same transaction, and tell the operator once."""
    name = parcel.channel.name
    before = alerts.channel_states(conn).get(name, ChannelState(name))
    others = _others(conn, parcel.channel, routing)
    if error.whole_channel:
        values = {
            "state": "refused",
            "failures": before.failures + 1,
            "failing_since": before.failing_since or now,
            "not_before": now + REFUSED_AGAIN,
        }
    else:
        values = {"state": before.state}
    alerts.put_channel(conn, name, last_error=error.reason[:500], **values)
    if others:
        alerts.settle(conn, parcel.delivery.id, DeliveryState.DEAD, now=now, error=error.reason)
        alerts.fail_over(conn, parcel.delivery, others[0].name, routing.targets[others[0].name], now)
        if error.whole_channel:
            _hand_to_others(conn, parcel.channel, routing, now)
    elif error.whole_channel:
        alerts.settle(conn, parcel.delivery.id, DeliveryState.PENDING, now=now, error=error.reason)
    else:
        alerts.settle(conn, parcel.delivery.id, DeliveryState.DEAD, now=now, error=error.reason)
    if before.told_at is None or now - before.told_at > timedelta(days=1):
        alerts.put_channel(conn, name, told_at=now)
        _tell_refused(conn, parcel, error, others, routing, now)


def _others(conn: Connection, channel: ChannelSettings, routing: intake.Routing) -> list[ChannelSettings]:
    """Return the channels that may take over, the configured one first."""
    states = alerts.channel_states(conn)
    names = [channel.instead] if channel.instead else []
    names += [other.name for other in routing.settings.channels if other.name != channel.name]
    usable = [name for name in dict.fromkeys(names) if name and name in routing.channels]
    return [
        routing.channels[name]
        for name in usable
        if states.get(name, ChannelState(name)).state != "refused" and routing.targets.get(name)
    ]


def _hand_to_others(conn: Connection, channel: ChannelSettings, routing: intake.Routing, now: datetime) -> None:
    """Let another channel take everything that is due on one that refuses."""
    others = _others(conn, channel, routing)
    if not others:
        return
    takes_over = others[0].name
    targets = routing.targets[takes_over]
    for delivery in alerts.due(conn, channel.name, now, limit=500):
        alerts.settle(conn, delivery.id, DeliveryState.DEAD, now=now, error="the channel refuses everything")
        alerts.fail_over(conn, delivery, takes_over, targets, now)


def _tell_refused(
    conn: Connection,
    parcel: Parcel,
    error: DeliveryError,
    others: list[ChannelSettings],
    routing: intake.Routing,
    now: datetime,
) -> None:
    name = parcel.channel.name
    operator = [c for c in routing.operator_channels() if c != name] or [c.name for c in others[:1]]
    facts = {
        "channel": name,
        "where": parcel.channel.build().describe(),
        "why": error.reason,
        "permanent": error.whole_channel,
        "instead": others[0].build().describe() if others else None,
        "mend": f"monitor send-test {name}",
        "since": now.isoformat(),
    }
    routes = tuple(route for channel in operator for route in routing.routes(channel, now))
    alert = alerts.NewAlert(
        key=alerts.hashed("channel", name, now.isoformat()),
        reason=Reason.CHANNEL_BROKEN,
        routes=routes,
        facts=facts,
    )
    alerts.enqueue(conn, [alert], now)
