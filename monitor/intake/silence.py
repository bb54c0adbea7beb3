"""Silences: staff asked not to be told of something for a while. Nothing is lost: what is held comes as one message.

What is critical goes through, unless the silence names the topic that makes it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.intake.routing import Routing
from monitor.models import Json, Severity
from monitor.store import Connection, mentions, silences
from monitor.store.alerts import NewAlert
from monitor.store.mentions import RowMapping
from monitor.store.silences import Silence

HELD = "silence"  # how the reason begins for which a message waits


def held_reason(silence: Silence) -> str:
    """Return in words why a message waits."""
    by = f" by {silence.who}" if silence.who else ""
    return f"{HELD} {silence.id}{by}: {silence.why}"


def matches(silence: Silence, row: RowMapping, brands: Sequence[str], severity: Severity | None) -> bool:
    """Say whether a silence covers a stored mention."""
    what = silence.what
    topics = {*(row["topics"] or ()), *(row["dangers"] or ())}
    if severity is Severity.CRITICAL and not topics.intersection(what.get("topics", ())):
        return False
    text = f"{row['title'] or ''} {row['text']}".casefold()
    subjects = {(row[name] or "").casefold() for name in ("place", "product")}
    return (
        _holds(what, "sources", {row["source"]})
        and _holds(what, "brands", brands)
        and _holds(what, "topics", topics)
        and _holds(what, "subjects", subjects, fold=True)
        and ("words" not in what or any(word.casefold() in text for word in what["words"]))
    )


def _holds(what: Mapping[str, Json], name: str, found: Iterable[str], *, fold: bool = False) -> bool:
    if name not in what:
        return True
    wanted = {str(one).casefold() if fold else one for one in what[name]}
    return not wanted.isdisjoint(found)


def hold(conn: Connection, wanted: Sequence[NewAlert], routing: Routing, now: datetime) -> list[NewAlert]:
    """Return the alerts as they are to be written: those that a silence covers wait for its end.

    One that ends in the quiet hours of their team hands over to them.
    """
    holding = silences.active(conn, now) if wanted else []
    if not holding:
        return list(wanted)
    ids = [alert.mention_id for alert in wanted if alert.mention_id is not None]
    rows, brands = mentions.full(conn, ids), mentions.brands_of(conn, ids)
    return [
        _held(alert, rows.get(alert.mention_id or 0), brands.get(alert.mention_id or 0, ()), holding, routing)
        for alert in wanted
    ]


def _held(
    alert: NewAlert, row: RowMapping | None, brands: Sequence[str], holding: Sequence[Silence], routing: Routing
) -> NewAlert:
    silence = next((one for one in holding if row is not None and matches(one, row, brands, alert.severity)), None)
    if silence is None:
        return alert
    why = held_reason(silence)
    ends = routing.quiet_until(alert.team, alert.severity, silence.until_at) or silence.until_at
    routes = tuple(replace(route, due_at=max(route.due_at, ends), held_reason=why) for route in alert.routes)
    return replace(alert, routes=routes)


def let_go(conn: Connection, silence: Silence, routing: Routing, now: datetime) -> int:
    """End a silence now: what it held goes out, in the morning where the team has quiet hours. Returns how many."""
    silences.end(conn, silence.id, now)
    why = held_reason(silence)
    count = 0
    for name, severity in silences.holding(conn, why):
        source = routing.source(name) if name else None
        quiet = routing.quiet_until(source.team if source else None, severity, now)
        count += silences.release(conn, why, quiet or now, source=name, severity=severity)
    return count
