"""Keys that will end: announced fourteen days, three days and one day before, once each.

When one ends is known of a token that cannot be renewed by itself, and where somebody wrote it down (`ends`).
What was announced is an alert with a key of its own, so that a restart announces nothing twice.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from monitor import intake
from monitor.config import Settings, SourceSettings
from monitor.models import Reason
from monitor.store import Connection, sources

DAYS_BEFORE = (1, 3, 14)
LAST_MINUTE = time(23, 59)  # whoever writes a day down means its end


def announce(conn: Connection, routing: intake.Routing, now: datetime) -> int:
    """Tell the operator of keys that will end soon, in the morning. Returns how many were announced."""
    settings = routing.settings
    here = now.astimezone(ZoneInfo(settings.zone))
    if here.time() < settings.digest.at:
        return 0
    told = 0
    for source, ends in _ends(conn, settings):
        day = ends.astimezone(here.tzinfo).date()
        stage = _stage(day, here.date())
        if stage is None or ends <= now:
            continue
        told += intake.tell_operator(
            conn,
            routing,
            Reason.KEY_ENDS,
            key=("key ends", source.holder, day, stage),
            source=source.name,
            facts={
                "source": source.name,
                "site": source.kind.title or source.name,
                "ends_at": ends.isoformat(),
                "mend": f"monitor connect {shlex.quote(source.name)}",
            },
            now=now,
        )
    return told


def _stage(day: date, today: date) -> int | None:
    left = (day - today).days
    return next((stage for stage in DAYS_BEFORE if left <= stage), None)


def _ends(conn: Connection, settings: Settings) -> Iterator[tuple[SourceSettings, datetime]]:
    """Yield the end of each key that is known, with the first source that uses it."""
    tokens = sources.tokens(conn)
    met: set[str] = set()
    for source in settings.sources:
        account = settings.accounts.get(source.account or "")
        written = [source.ends] + ([account.ends] if account and source.holder not in met else [])
        for day in filter(None, written):
            yield source, datetime.combine(day, LAST_MINUTE, ZoneInfo(settings.zone))
        token = tokens.get(source.holder)
        if token is not None and source.holder not in met and (token.expires_at or token.refresh_ends_at):
            auth = source.build().auth()
            if auth is not None and (ends := auth.ends(token)) is not None:
                yield source, ends
        met.add(source.holder)
