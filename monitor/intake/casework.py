"""An event and the new state of its case, written together; `monitor.cases` says what the state is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.cases import CaseValue, Event, Refused, apply
from monitor.models import CaseState, Json, Severity
from monitor.store import Connection
from monitor.store import cases as table

RECHECK_FIRST = timedelta(minutes=10)
_WAITS = (CaseState.OPEN, CaseState.CLAIMED)
_FIELDS = tuple(CaseValue.__dataclass_fields__)


def value_of(row: Any) -> CaseValue:
    """Return the case a row holds."""
    values = {name: getattr(row, name) for name in _FIELDS}
    return CaseValue(**{**values, "state": CaseState(row.state), "severity": Severity(row.severity)})


def happen(conn: Connection, case_id: int, event: Event, key: str) -> CaseValue | Refused:
    """Let an event happen to a case: once per `key`, whoever repeats it. Returns the case as it is then."""
    row = table.get(conn, case_id)
    if row is None:
        return Refused(f"there is no case c{case_id}")
    before = value_of(row)
    after = apply(before, event)
    if isinstance(after, Refused):
        return after
    fresh = table.add_event(
        conn, case_id, event.kind, key=key, at=event.at, through=event.through, who=event.who, facts=_facts(event)
    )
    if not fresh:
        return before
    changes: dict[str, Any] = {
        name: getattr(after, name) for name in _FIELDS if getattr(after, name) != getattr(before, name)
    }
    opened_again = after.state in _WAITS and before.state not in _WAITS
    if opened_again:
        changes |= {"rechecks": 0, "recheck_at": event.at + RECHECK_FIRST}
    if changes:
        table.update(conn, case_id, **changes)
    return after


def _facts(event: Event) -> dict[str, Json]:
    said = {
        "to": event.to,
        "resolution": event.resolution,
        "severity": event.severity,
        "until": _text(event.until),
        "due_at": _text(event.due_at),
        "published_at": _text(event.published_at),
    }
    return {name: value for name, value in said.items() if value is not None}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
