"""Which mentions of open cases are looked at again, and when next: often at first, then slower."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.models import Mention
from monitor.store import Connection, cases, mentions

# Age of the case up to which it is looked at that often (messages.md, Defaults).
PACE = (
    (timedelta(hours=2), timedelta(minutes=10)),
    (timedelta(hours=24), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=6)),
    (timedelta(days=30), timedelta(days=1)),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Mentions of one source to be looked at again."""

    mentions: tuple[Mention, ...]


def next_recheck(opened_at: datetime, now: datetime) -> datetime | None:
    """Return when to look again at a case of that age; None when it is older than thirty days."""
    age = now - opened_at
    return next((now + every for limit, every in PACE if age < limit), None)


def due_rechecks(conn: Connection, now: datetime) -> dict[str, Batch]:
    """Return what is due by source, and put the next time on each case."""
    rows = cases.due_rechecks(conn, now)
    for row in rows:
        cases.update(conn, row.case_id, recheck_at=next_recheck(row.opened_at, now), rechecks=row.rechecks + 1)
    full = mentions.full(conn, [row.mention_id for row in rows])
    by_source: dict[str, list[Mention]] = {}
    for row in rows:
        if row.mention_id in full:
            by_source.setdefault(row.source, []).append(mentions.as_mention(full[row.mention_id]))
    return {source: Batch(tuple(found)) for source, found in by_source.items()}
