"""Who is away: as the configuration says, and as somebody said since with `monitor away`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from monitor import policy
from monitor.intake.routing import Routing
from monitor.models import Person
from monitor.store import Connection, sources

AWAY = "away"  # in `meta`: {"ana": [["2026-12-20", "2027-01-03"], …]}

Spans = tuple[tuple[date, date], ...]


def said_away(conn: Connection) -> dict[str, Spans]:
    """Return when people said that they are away, by name."""
    stored = sources.get_meta(conn, AWAY) or {}
    return {
        name: tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans)
        for name, spans in stored.items()
    }


def say_away(conn: Connection, name: str, spans: Spans) -> None:
    """Keep when somebody is away; no spans: they are back."""
    said = said_away(conn)
    said[name] = spans
    stored = {
        who: [[first.isoformat(), last.isoformat()] for first, last in when] for who, when in said.items() if when
    }
    sources.put_meta(conn, AWAY, stored)


def people_now(conn: Connection, routing: Routing) -> Mapping[str, Person]:
    """Return the people of the configuration with what they said since about being away."""
    people = routing.settings.people
    said = said_away(conn)
    return {name: replace(person, away=person.away + said.get(name, ())) for name, person in people.items()}


def on_duty(conn: Connection, routing: Routing, team: str | None, now: datetime) -> list[Person]:
    """Return who of a team is there today, stand-ins for the others; without a team, of everybody."""
    people = people_now(conn, routing)
    found = routing.team(team)
    today = now.astimezone(ZoneInfo(routing.zone_of(team))).date()
    names = [policy.present(name, people, today) for name in (found.people if found else people)]
    return [people[name] for name in dict.fromkeys(names) if name is not None]
