"""What staff do: one event each, with who, when and through what, written with the state it leads to."""

from __future__ import annotations

from datetime import datetime

from monitor import intake, policy
from monitor.cases import CaseValue, Event, EventKind, Refused
from monitor.models import ANSWERS_UNSEEN, Severity
from monitor.store import Connection, cases

AGAIN = (EventKind.REOPENED,)


def act(
    conn: Connection,
    routing: intake.Routing,
    case_id: int,
    kind: EventKind,
    *,
    now: datetime,
    who: str | None,
    through: str,
    key: str | None = None,
    to: str | None = None,
    until: datetime | None = None,
    resolution: str | None = None,
    text: str | None = None,
) -> CaseValue | Refused:
    """Let somebody do something with a case. Returns the case as it is then, or why nothing was done.

    `key` names the deed where it may be repeated, as a pressed button is: once is enough. Of two who
    claim a case in the same moment one gets it, and the other is told who has it.
    """
    event = Event(kind, now, who, through, to=to, until=until, resolution=resolution, text=text)
    timing = _timing(conn, routing, case_id, now) if kind in AGAIN else None
    key = key or f"{kind}:{case_id}:{through}:{who}:{now.isoformat()}"
    after = intake.happen(conn, case_id, event, key, timing)
    if isinstance(after, CaseValue) and kind is EventKind.ASSIGNED and to is not None and to != who:
        why = f"{who} hands this to you" if who else "this was handed to you"
        intake.hand_over(conn, routing, case_id, to, why, now, key=("handed", case_id, to, now))
    return after


def _timing(conn: Connection, routing: intake.Routing, case_id: int, now: datetime) -> policy.Timing | None:
    row, mention = cases.get(conn, case_id), cases.about(conn, [case_id]).get(case_id)
    if row is None:
        return None
    source = routing.source(mention.source) if mention is not None else None
    unseen = mention is not None and ANSWERS_UNSEEN in (mention.flags or ())
    verifiable = (source is None or routing.verifiable(source)) and not unseen
    return routing.timing(row.team, Severity(row.severity), now, verifiable=verifiable)
