"""Messages about the watch itself, and about a source as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.intake.routing import Routing
from monitor.models import Json, Reason
from monitor.store import Connection, alerts
from monitor.store.alerts import NewAlert, hashed


def tell_operator(
    conn: Connection,
    routing: Routing,
    reason: Reason,
    *,
    key: Sequence[object],
    facts: Mapping[str, Json],
    now: datetime,
    source: str | None = None,
) -> int:
    """Tell whoever looks after the program. `key` names the decision: it is told once."""
    channels = routing.operator_channels()
    return _tell_channels(conn, routing, channels, reason, key, facts, now, source=source)


def tell_owners(
    conn: Connection,
    routing: Routing,
    reason: Reason,
    *,
    key: Sequence[object],
    facts: Mapping[str, Json],
    now: datetime,
    source: str | None = None,
    mention_id: int | None = None,
    version: int | None = None,
    case_id: int | None = None,
) -> int:
    """Tell those who hear of bad mentions of a source."""
    channels = routing.owner_channels(source) or routing.operator_channels()
    return _tell_channels(
        conn, routing, channels, reason, key, facts, now,
        source=source, mention_id=mention_id, version=version, case_id=case_id,
    )  # fmt: skip


def _tell_channels(
    conn: Connection,
    routing: Routing,
    channels: Sequence[str],
    reason: Reason,
    key: Sequence[object],
    facts: Mapping[str, Json],
    now: datetime,
    **about: object,
) -> int:
    routes = tuple(route for channel in channels for route in routing.routes(channel, now))
    alert = NewAlert(key=hashed(*key), reason=reason, routes=routes, facts=facts, **about)  # type: ignore[arg-type]
    return alerts.enqueue(conn, [alert], now)


def route_again(conn: Connection, alert_ids: Sequence[int], routing: Routing, now: datetime) -> int:
    """Send alerts that lead nowhere to whoever hears of their source."""
    mended = 0
    for row in alerts.by_ids(conn, alert_ids):
        channels = routing.owner_channels(row.source) or routing.operator_channels()
        routes = [route for channel in channels for route in routing.routes(channel, now)]
        mended += bool(alerts.route(conn, row.id, routes, now))
    return mended
