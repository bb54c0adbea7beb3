"""What waits for a channel that is gone from the configuration: the channels that are there now take it over."""

from __future__ import annotations

from datetime import datetime

from monitor import intake
from monitor.models import DeliveryState, Reason
from monitor.store import Connection, alerts
from monitor.store.alerts import ChannelState, Delivery

AT_ONCE = 1_000  # messages of one channel in one transaction; the next minute takes the rest
REMOVED = "removed"
GONE = "its channel is no longer in the configuration"


def hand_on(conn: Connection, routing: intake.Routing, now: datetime) -> int:
    """Let whoever is told now have what waits for channels that are gone; the operator hears of each once.

    Held messages stay held until their time. Returns how many messages were handed on.
    """
    states = alerts.channel_states(conn)
    for name, state in states.items():
        if state.state == REMOVED and name in routing.channels:
            alerts.put_channel(conn, name, state="ok", told_at=None)
    return sum(
        _hand_on(conn, name, states.get(name, ChannelState(name)), routing, now)
        for name in sorted(alerts.waiting_channels(conn) - set(routing.channels))
    )


def _hand_on(conn: Connection, name: str, state: ChannelState, routing: intake.Routing, now: datetime) -> int:
    waiting = alerts.waiting(conn, name, AT_ONCE)
    heirs: dict[str, None] = {}
    for delivery in waiting:
        for heir in _heirs(conn, delivery, routing):
            alerts.fail_over(conn, delivery, heir, routing.targets.get(heir, ()), now, as_held=True)
            heirs[heir] = None
        alerts.settle(conn, delivery.id, DeliveryState.DEAD, now=now, error=GONE)
    if state.state != REMOVED:
        alerts.put_channel(conn, name, state=REMOVED, not_before=None, last_error=GONE, told_at=now)
        facts = {
            "channel": name,
            "why": f"It is no longer in the configuration, and {_counted(len(waiting))} waited for it",
            "mend": "monitor check",
            "instead": ", ".join(heirs),
            "since": now.isoformat(),
        }
        intake.tell_operator(
            conn, routing, Reason.CHANNEL_BROKEN, key=("removed", name, now.isoformat()), facts=facts, now=now
        )
    return len(waiting)


def _heirs(conn: Connection, delivery: Delivery, routing: intake.Routing) -> tuple[str, ...]:
    """Return the channels that hear of such things now: of mentions the owners', of the watch the operator's."""
    owners = routing.owner_channels(delivery.source) if alerts.is_about_a_mention(conn, delivery.id) else ()
    return owners or routing.operator_channels()


def _counted(messages: int) -> str:
    return "one message" if messages == 1 else f"{messages} messages"
