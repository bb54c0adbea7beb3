"""What is said when nothing can be stored any more: straight to the operator's channels, past the outbox."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from monitor import delivery, intake, render
from monitor.clock import monotonic
from monitor.config import ChannelSettings
from monitor.delivery import Parcel
from monitor.exchange import Fetch
from monitor.models import Json, Reason
from monitor.store.alerts import hashed, unstored

PATIENCE = 10.0  # seconds for all channels together

log = structlog.get_logger()


def tell_at_once(
    routing: intake.Routing,
    reason: Reason,
    facts: Mapping[str, Json],
    now: datetime,
    fetch_of: Callable[[ChannelSettings], Fetch],
    *,
    patience: float = PATIENCE,
) -> int:
    """Send a message to every operator channel now, without the database. Returns how many took it in time."""
    parcels = [
        (_parcel(routing, routing.channels[name], target, reason, facts, now), fetch_of(routing.channels[name]))
        for name in routing.operator_channels()
        if name in routing.channels
        for target in routing.targets[name]
    ]
    done: queue.SimpleQueue[delivery.Handed] = queue.SimpleQueue()
    for parcel, fetch in parcels:
        threading.Thread(target=_hand_over, args=(parcel, fetch, done), name="alarm", daemon=True).start()
    return _taken(done, len(parcels), patience)


def _hand_over(parcel: Parcel, fetch: Fetch, done: queue.SimpleQueue[delivery.Handed]) -> None:
    handed = delivery.hand_over(parcel, fetch)
    if handed.error is not None:
        log.warning("not delivered", channel=parcel.channel.name, why=handed.error.reason)
    done.put(handed)


def _taken(done: queue.SimpleQueue[delivery.Handed], awaited: int, patience: float) -> int:
    taken, end = 0, monotonic() + patience
    for _ in range(awaited):
        try:
            taken += done.get(timeout=max(0.0, end - monotonic())).error is None
        except queue.Empty:
            break
    return taken


def _parcel(
    routing: intake.Routing,
    channel: ChannelSettings,
    target: str,
    reason: Reason,
    facts: Mapping[str, Json],
    now: datetime,
) -> Parcel:
    made = unstored(hashed("alarm", reason, channel.name, target, now.isoformat()), channel.name, target, now)
    scene = render.Scene(id=made.id, reason=reason, now=now, zone=routing.settings.zone, facts=facts)
    return Parcel(made, channel, replace(render.message(scene), to=target or None))
