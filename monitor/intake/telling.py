"""Messages about the watch itself, and about a source as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.config import SourceSettings
from monitor.intake.routing import QUIET, Routing
from monitor.intake.silence import hold
from monitor.models import Json, Reason, Severity
from monitor.store import Connection, alerts, cases
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


def tell_case(
    conn: Connection,
    routing: Routing,
    reason: Reason,
    *,
    key: Sequence[object],
    source: SourceSettings,
    team: str | None,
    people: Sequence[str],
    mention_id: int,
    version: int,
    case_id: int | None,
    facts: Mapping[str, Json],
    now: datetime,
    severity: Severity | None = None,
) -> int:
    """Tell of a case: the people who are named, at their own addresses and by a tag; without any, its team's channels.

    Quiet hours of the team hold it, unless danger may wake them.
    """
    team = team or source.team
    named = [person for name in people if (person := routing.settings.people.get(name))]
    found = routing.team(team)
    channels = routing.owner_channels(source.name) or (found.channels if found else ()) or routing.operator_channels()
    quiet = routing.quiet_until(team, severity, now)
    held = f"{QUIET} of {team}" if quiet else None
    routes = routing.to_people(channels, named, quiet or now, held)
    if severity is Severity.CRITICAL:
        routes += routing.ringing(named, quiet or now, held)
    alert = NewAlert(
        key=hashed(*key),
        reason=reason,
        routes=tuple(routes),
        severity=severity,
        mention_id=mention_id,
        version=version,
        case_id=case_id,
        source=source.name,
        facts={**facts, "tag": [person.name for person in named]},
        team=team,
    )
    return alerts.enqueue(conn, hold(conn, [alert], routing, now), now)


def hand_over(
    conn: Connection, routing: Routing, case_id: int, to: str, why: str, now: datetime, *, key: Sequence[object]
) -> int:
    """Tell somebody that a case is theirs now; `why` is a sentence without its end. Returns whether they are told."""
    row, mention = cases.get(conn, case_id), cases.about(conn, [case_id]).get(case_id)
    source = routing.source(mention.source) if mention is not None else None
    if row is None or mention is None or source is None:
        return 0
    cases.update(conn, case_id, messages=row.messages + 1)
    return tell_case(
        conn,
        routing,
        Reason.REMINDER,
        key=key,
        source=source,
        team=row.team,
        people=[to],
        mention_id=mention.id,
        version=mention.version,
        case_id=case_id,
        facts={"handed": why},
        severity=Severity(row.severity),
        now=now,
    )


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
