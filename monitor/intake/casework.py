"""An event and the new state of its case, written together; `monitor.cases` says what the state is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor import policy
from monitor.cases import CaseValue, Event, EventKind, Refused, apply, clock_runs
from monitor.models import CaseState, Json, Reason, Severity, Step
from monitor.store import Connection, alerts
from monitor.store import cases as table

RECHECK_FIRST = timedelta(minutes=10)
CHASES = (Reason.REMINDER, Reason.ESCALATION)  # what nobody needs to hear once an answer is there
_WAITS = (CaseState.OPEN, CaseState.CLAIMED)
_WORSE = (EventKind.EDITED_WORSE,)
_FIELDS = tuple(CaseValue.__dataclass_fields__)


def value_of(row: Any) -> CaseValue:
    """Return the case a row holds."""
    values = {name: getattr(row, name) for name in _FIELDS}
    return CaseValue(**{**values, "state": CaseState(row.state), "severity": Severity(row.severity)})


def happen(
    conn: Connection, case_id: int, event: Event, key: str, timing: policy.Timing | None = None
) -> CaseValue | Refused:
    """Let an event happen to a case: once per `key`, whoever repeats it. Returns the case as it is then.

    With `timing` the clock begins anew where the event opens the case again or makes it worse.
    """
    row = table.held(conn, case_id)
    if row is None:
        return Refused(f"there is no case c{case_id}")
    before = value_of(row)
    after = apply(before, event)
    if isinstance(after, Refused):
        return after
    opened_again = after.state in _WAITS and before.state not in _WAITS
    if timing is not None and (opened_again or event.kind in _WORSE):
        event = replace(event, due_at=timing.due_at)
        after = replace(after, due_at=timing.due_at or after.due_at)
    else:
        timing = None
    fresh = table.add_event(
        conn, case_id, event.kind, key=key, at=event.at, through=event.through, who=event.who,
        facts=_facts(event, after),
    )  # fmt: skip
    if not fresh:
        return before
    changes: dict[str, Any] = {
        name: getattr(after, name) for name in _FIELDS if getattr(after, name) != getattr(before, name)
    }
    if opened_again and before.state is not CaseState.SNOOZED:
        changes |= {"rechecks": 0, "recheck_at": event.at + RECHECK_FIRST}
    changes |= _clock(row, before, after, event, timing)
    if changes:
        table.update(conn, case_id, **changes)
    if not _is_chased(after, steps_of(row)):
        alerts.call_off(conn, case_id, CHASES)
    return after


def _is_chased(case: CaseValue, steps: Sequence[Step]) -> bool:
    """Say whether somebody is still to be reminded of a case, now."""
    return case.state is not CaseState.SNOOZED and clock_runs(case, "yes" if policy.is_verifiable(steps) else "no")


def plan(conn: Connection, case_ids: Sequence[int], now: datetime) -> int:
    """Give open cases for which nothing is planned their next step; returns how many have one then."""
    mended = 0
    for row in table.by_ids(conn, case_ids).values():
        case, steps = value_of(row), steps_of(row)
        at = policy.next_at(case, steps, now, row.step)
        if at is not None:
            table.update(conn, row.id, next_step_at=at)
            mended += 1
    return mended


def steps_of(row: Any) -> tuple[Step, ...]:
    """Return the ladder that a case was opened with; none where it cannot be read."""
    try:
        return tuple(Step.from_json(step) for step in row.ladder)
    except (TypeError, ValueError, KeyError):
        return ()


def _clock(row: Any, before: CaseValue, after: CaseValue, event: Event, timing: policy.Timing | None) -> dict[str, Any]:
    """Return what an event does to the clock of a case."""
    if timing is not None:
        return {
            "ladder": [step.as_json() for step in timing.steps],
            "step": 0,
            "messages": 1,  # the one that says why the clock begins anew
            "next_step_at": policy.next_at(after, timing.steps, event.at),
        }
    if all(getattr(before, name) == getattr(after, name) for name in ("state", "snoozed_until", "answer_seen_at")):
        return {}
    return {"next_step_at": policy.next_at(after, steps_of(row), event.at, row.step)}


def _facts(event: Event, after: CaseValue) -> dict[str, Json]:
    delay = after.answered_at - after.opened_at if event.kind is EventKind.ANSWER_SEEN and after.answered_at else None
    said = {
        "to": event.to,
        "text": event.text,
        "resolution": event.resolution,
        "severity": event.severity,
        "until": _text(event.until),
        "due_at": _text(event.due_at),
        "published_at": _text(event.published_at),
        "after_minutes": round(delay.total_seconds() / 60) if delay is not None else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
