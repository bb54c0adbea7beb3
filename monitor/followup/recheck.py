"""Which mentions of open cases are looked at again on the site, and when next: often at first, then slower."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.models import Mention
from monitor.store import Connection, cases, mentions

# How often, and how many times: for two hours, to the end of the first day, of the seventh, of the thirtieth.
# Counted, not timed from the opening: a case that opens again begins anew.
PACE = (
    (timedelta(minutes=10), 12),
    (timedelta(hours=1), 22),
    (timedelta(hours=6), 24),
    (timedelta(days=1), 23),
)
AT_ONCE = 50  # mentions of one source; the rest a minute later, for a bite takes no longer than that


@dataclass(frozen=True, slots=True)
class Batch:
    """Mentions of one source to be looked at again."""

    mentions: tuple[Mention, ...]


def next_recheck(rechecks: int, now: datetime) -> datetime | None:
    """Return when to look again at a case after so many looks; None after thirty days of them."""
    for every, times in PACE:
        if rechecks < times:
            return now + every
        rechecks -= times
    return None


def due_rechecks(conn: Connection, now: datetime, busy: Collection[str] = ()) -> dict[str, Batch]:
    """Return what is due by source, and put the next time on each case. `busy` sources stay due."""
    by_source: dict[str, list[int]] = {}
    for row in cases.due_rechecks(conn, now, busy=busy):
        ids = by_source.setdefault(row.source, [])
        if len(ids) < AT_ONCE:
            ids.append(row.mention_id)
            cases.update(conn, row.case_id, recheck_at=next_recheck(row.rechecks + 1, now), rechecks=row.rechecks + 1)
    full = mentions.full(conn, [mention_id for ids in by_source.values() for mention_id in ids])
    return {
        source: Batch(tuple(mentions.as_mention(full[mention_id]) for mention_id in ids if mention_id in full))
        for source, ids in by_source.items()
    }
