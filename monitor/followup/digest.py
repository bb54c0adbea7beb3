"""The daily summary: what waits for an answer, what yesterday brought, and what could not be seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor import calendar, intake
from monitor.models import Health, Json, Rating, Reason
from monitor.store import Connection, days, mentions, sources

DAILY, WEEKLY = "next_digest_at", "next_weekly_at"  # when they come next; a time missed is made up for


def digest(conn: Connection, routing: intake.Routing, now: datetime) -> bool:
    """Write the summary when its time has come and there is something to say. Returns whether it was written."""
    times, zone = routing.settings.digest, routing.settings.zone
    daily = _is_due(conn, DAILY, calendar.next_daily(times.at, zone, now), now)
    weekly = _is_due(conn, WEEKLY, calendar.next_weekly(*times.weekly, zone, now), now)
    if not (daily or weekly):
        return False
    facts, busy = _facts(conn, now, weekly=weekly)
    if not (busy or weekly or times.when_empty):
        return False
    intake.tell_owners(conn, routing, Reason.DIGEST, key=("digest", now), facts=facts, now=now)
    return True


def _is_due(conn: Connection, name: str, following: datetime, now: datetime) -> bool:
    """Say whether a time that was remembered has come, and remember the one that follows."""
    remembered = sources.get_meta(conn, name)
    if remembered != following.isoformat():
        sources.put_meta(conn, name, following.isoformat())
    return remembered is not None and datetime.fromisoformat(remembered) <= now


def _facts(conn: Connection, now: datetime, *, weekly: bool) -> tuple[dict[str, Json], bool]:
    """Return what the summary says, and whether that is anything at all."""
    yesterday = now - timedelta(days=1)
    waiting, pressing = days.to_answer(conn, now, weekly=weekly)
    answered, fastest = days.answered(conn, yesterday, now)
    counts = days.counts(conn, yesterday, now)
    met, due = days.in_time(conn, now - timedelta(days=7), now)
    states = sources.all_active(conn)
    seen = [state for state in states if state.health in (Health.OK, Health.NEW)]
    seen_at = [state.last_good_at for state in seen if state.last_good_at]
    gaps = sources.gaps_since(conn, yesterday)
    facts: dict[str, Json] = {
        "worst": pressing,
        "waiting": waiting,
        "answered": answered,
        "fastest_minutes": fastest,
        "won_back": [_won(row) for row in days.won_back(conn, yesterday, now)],
        "met": met,
        "of": due,
        "thanks": counts["thanks"],
        "watch": counts["watch"],
        "best": [
            {"text": row["text"], "mark": f"{row['rating']:g} of {row['rating_best']:g}",
             "place": row["place"] or row["source"]}
            for row in days.best(conn, yesterday, now)
        ],
        "stars": [
            {"place": row["subject"] or row["source"], "average": row["average"], "change": row["change"]}
            for row in days.stars(conn, now.date().isoformat(), (now - timedelta(days=30)).date().isoformat())[:6]
        ],
        "seen": len(seen),
        "total": len(states),
        "seen_at": max(seen_at).isoformat() if seen_at else None,
        "gaps": [
            {"source": gap.source, "site": gap.source, "from": gap.from_at.isoformat(),
             "to": gap.to_at.isoformat() if gap.to_at else None, "caught_up": gap.caught_up_at is not None}
            for gap in gaps
        ],
    }  # fmt: skip
    return facts, bool(waiting or counts["new"] or len(seen) < len(states))


def _won(row: Mapping[str, Any]) -> dict[str, Json]:
    before, after = row["before"], mentions.rating_of(row["now"])
    rating = mentions.rating_of(before) if before is not None else None
    return {"author": row["author"], "from": _figure(rating), "to": _figure(after)}


def _figure(rating: Rating | None) -> str:
    return f"{rating.value:g}" if rating is not None else ""
