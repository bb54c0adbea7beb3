"""The audit: asks the database by queries of its own whether every bad mention was told, and mends what it can.

It trusts no code path: what matters is what lies in the tables. The heartbeat beats only while it is clean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor import intake
from monitor.models import Reason
from monitor.store import Connection, alerts, cases, mentions

GRACE = timedelta(minutes=1)  # between storing and telling nothing can be asked
LOOK_BACK = timedelta(days=4)  # each minute; `monitor audit` looks at everything
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the audit found."""

    untold: tuple[int, ...] = ()  # bad mentions without an alert and without a reason
    silent: tuple[int, ...] = ()  # alerts without a delivery
    late: tuple[str, ...] = ()  # deliveries overdue although their channel works
    idle: tuple[int, ...] = ()  # open cases for which nothing is planned
    mended: int = 0

    @property
    def clean(self) -> bool:
        """Say whether nothing is left that was not mended."""
        return len(self.untold) + len(self.silent) + len(self.idle) <= self.mended and not self.late


def findings(conn: Connection, now: datetime, *, since: datetime | None = None) -> Findings:
    """Return what is missing, without touching it."""
    return Findings(
        untold=tuple(mentions.untold_bad(conn, older_than=now - GRACE, since=since)),
        silent=tuple(alerts.without_delivery(conn, older_than=now - GRACE, since=since)),
        late=tuple(alerts.overdue(conn, now - LATE)),
        idle=tuple(cases.without_next_step(conn, now - GRACE)),
    )


def run(conn: Connection, routing: intake.Routing, now: datetime, *, everything: bool = False) -> Findings:
    """Find what is missing and mend it."""
    found = findings(conn, now, since=None if everything else now - LOOK_BACK)
    mended = intake.tell_again(conn, found.untold, routing, now) if found.untold else 0
    if found.silent:
        mended += intake.route_again(conn, found.silent, routing, now)
    if found.idle:
        mended += intake.plan(conn, found.idle, routing, now)
    _say(conn, found, mended, routing, now)
    return replace(found, mended=mended)


def _say(conn: Connection, found: Findings, mended: int, routing: intake.Routing, now: datetime) -> None:
    """Tell the operator what was out of order, once."""
    if not (found.untold or found.silent or found.idle):
        return
    untold = [f"nobody had been told of m{mention_id}" for mention_id in found.untold]
    silent = [f"a message about {_what(row)} led nowhere" for row in alerts.by_ids(conn, found.silent)]
    idle = [f"nothing was planned for case c{case_id}" for case_id in found.idle]
    left = len(found.untold) + len(found.silent) + len(found.idle) - mended
    intake.tell_operator(
        conn,
        routing,
        Reason.DAMAGE,
        key=("damage", found.untold, found.silent, found.idle),
        facts={"found": [*untold, *silent, *idle], "left": [f"{left} of them"] if left > 0 else []},
        now=now,
    )


def _what(row: Any) -> str:
    return f"m{row.mention_id}" if row.mention_id is not None else row.source or "the watch itself"
