"""What is kept no longer than the configuration says, or a site's terms where those are shorter.

Once a day a pass goes over what is stored, the oldest first, in small lots, one each minute; how far it has come lies
in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor import plugins
from monitor.config import Settings
from monitor.errors import UsageError
from monitor.models import CLEARED, NOT_KEPT, Json
from monitor.store import Connection, purging, sources

KEY = "keeping"  # in `meta`: {"day": …, "after": id} and what is done of that day
IDS_AT_ONCE = 5_000  # looked through in a minute: some milliseconds
CLEARED_AT_ONCE = 1_000
SENT_AT_ONCE = 500


def keep(conn: Connection, settings: Settings, now: datetime) -> int:
    """Do one lot of the day's pass. Returns how many texts, messages and raw answers went."""
    state: Mapping[str, Json] = sources.get_meta(conn, KEY) or {}
    day = now.date().isoformat()
    if state.get("day") != day:
        state = {"day": day, "after": 0, "texts": False, "sent": False}
    if state["texts"] and state["sent"]:
        return 0
    gone = 0
    if not state["texts"]:
        count, after = _texts(conn, settings, int(state["after"]), now)
        gone += count
        state = {**state, "after": after or 0, "texts": after is None}
    elif not state["sent"]:
        gone += _raw(conn, settings, now)
        cleared = purging.clear_sent(conn, now - settings.retention.sent, SENT_AT_ONCE)
        gone += cleared
        state = {**state, "sent": cleared < SENT_AT_ONCE}
    sources.put_meta(conn, KEY, dict(state))
    return gone


def _texts(conn: Connection, settings: Settings, after: int, now: datetime) -> tuple[int, int | None]:
    """Clear the texts of one lot; returns how many, and the id to go on from, or None at the end."""
    upto = after + IDS_AT_ONCE
    shortest = min(
        [settings.retention.text, *(one.kind.keeps_for or settings.retention.text for one in settings.sources)]
    )
    rows = purging.stored_between(conn, after, upto)
    if not rows and purging.last_id(conn) <= upto:
        return 0, None
    if rows and all(row.first_seen_at > now - shortest for row in rows):
        return 0, None  # from here on everything is younger
    spans: dict[str, timedelta] = {}
    old: list[int] = []
    edited: dict[timedelta, list[int]] = {}
    for row in rows:
        if row.connector not in spans:
            spans[row.connector] = _span(row.connector, settings)
        span = spans[row.connector]
        if row.seen_at < now - span:
            if not {CLEARED, NOT_KEPT} & set(row.flags or ()):
                old.append(row.id)
        elif row.version > 1 and row.first_seen_at < now - span:
            edited.setdefault(span, []).append(row.id)
    if len(old) > CLEARED_AT_ONCE:
        old = old[:CLEARED_AT_ONCE]
        upto = old[-1]
    purging.clear(conn, old, gone=False)
    count = len(old) + sum(purging.clear_old_versions(conn, ids, now - span) for span, ids in edited.items())
    return count, upto


def _raw(conn: Connection, settings: Settings, now: datetime) -> int:
    count = purging.drop_quarantine(conn, now - settings.retention.raw)
    for source in settings.sources:
        if (terms := source.kind.keeps_for) is not None and terms < settings.retention.raw:
            count += purging.drop_quarantine(conn, now - terms, [source.name])
    return count


def _span(connector: str, settings: Settings) -> timedelta:
    """Return how long texts from a kind of site are kept."""
    try:
        terms = plugins.connector(connector, settings.own_connectors).keeps_for
    except UsageError:  # it is gone, or was a file
        terms = None
    return min(terms or settings.retention.text, settings.retention.text)
