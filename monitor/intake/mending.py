"""What the audit does about a case that cannot stand as it does: the evidence outranks the row, the row the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor import policy
from monitor.cases import CaseValue, Event, EventKind
from monitor.intake.again import decide_again
from monitor.intake.casework import happen, steps_of, value_of
from monitor.intake.routing import Routing
from monitor.intake.taking import new_case
from monitor.models import CaseState, Step
from monitor.store import Connection, cases, damage, mentions

AUDIT = "audit"  # through what such an event came
NO_CASE = "no rule asks for a case"
LOST = "the record of it was lost"


def give_case(conn: Connection, mention_ids: Sequence[int], routing: Routing, now: datetime) -> int:
    """Give each of these its case, or a new one where the rules still ask for it. Returns how many there were."""
    brands = mentions.brands_of(conn, mention_ids)
    for row in mentions.full(conn, mention_ids).values():
        if (earlier := damage.case_told_of(conn, row["id"])) is not None:
            damage.set_case(conn, row["id"], earlier)
            continue
        source = routing.source(row["source"])
        decision = None
        if source is not None and row["deleted_at"] is None:
            again = decide_again(row, brands.get(row["id"], ()), source, routing, row["first_seen_at"])
            decision = again.decision if again.decision.opens_case else None
        if source is None or decision is None:
            damage.set_case(conn, row["id"], None)
            mentions.note_why_not_told(conn, [row["id"]], NO_CASE)
            continue
        [case_id] = cases.open_cases(conn, [new_case(decision, source, routing, now)], now)
        damage.set_case(conn, row["id"], case_id)
    return len(mention_ids)


def give_mention(conn: Connection, case_ids: Sequence[int], now: datetime) -> int:
    """Give cases back what they are about; close those of which the site shows nothing any more. Returns how many."""
    mended = 0
    for case_id in case_ids:
        if damage.link_again(conn, case_id) or mentions.shown_of_case(conn, case_id):
            mended += 1
            continue
        event = Event(EventKind.DELETED, now, through=AUDIT)
        mended += isinstance(happen(conn, case_id, event, key=f"audit:deleted:{case_id}:{now.isoformat()}"), CaseValue)
    return mended


def see_answers(conn: Connection, found: Sequence[tuple[int, datetime | None]], now: datetime) -> int:
    """Let answers that stand on the site answer their cases. Returns how many did."""
    mended = 0
    for case_id, published_at in found:
        event = Event(EventKind.ANSWER_SEEN, now, through=AUDIT, published_at=published_at)
        mended += isinstance(happen(conn, case_id, event, key=f"audit:seen:{case_id}:{now.isoformat()}"), CaseValue)
    return mended


def set_right(conn: Connection, case_ids: Sequence[int], routing: Routing, now: datetime) -> int:
    """Make cases that contradict themselves agree with what is surest in them. Returns how many."""
    about = cases.about(conn, case_ids)
    for row in cases.by_ids(conn, case_ids).values():
        case = _agreeing(value_of(row))
        steps, done = steps_of(row), row.step
        if not steps and case.due_at is not None:
            mention = about.get(row.id)
            source = routing.source(mention.source) if mention is not None else None
            verifiable = source is None or routing.verifiable(source)
            steps = routing.timing(case.team, case.severity, case.opened_at, verifiable=verifiable).steps
            done = _come(steps, now)  # of those that have come people were told, as far as anybody knows
        changed = {name: getattr(case, name) for name in CaseValue.__dataclass_fields__}
        cases.update(
            conn,
            row.id,
            **changed,
            ladder=[step.as_json() for step in steps],
            step=done,
            next_step_at=policy.next_at(case, steps, now, done),
        )
        key = f"audit:right:{row.id}:{now.isoformat()}"
        cases.add_event(conn, row.id, EventKind.NOTED, key=key, at=now, through=AUDIT, facts={"text": "set right"})
    return len(case_ids)


def _agreeing(case: CaseValue) -> CaseValue:
    """Return a case that waits so that it agrees with itself: who has it is sure, and so is a time to wake."""
    if case.state is CaseState.SNOOZED and case.snoozed_until is not None:
        state = CaseState.SNOOZED
    else:
        state = CaseState.CLAIMED if case.assignee else CaseState.OPEN
    return replace(
        case,
        state=state,
        snoozed_until=case.snoozed_until if state is CaseState.SNOOZED else None,
        claimed_at=(case.claimed_at or case.opened_at) if case.assignee else None,
        answer_seen_at=None,
        closed_at=None,
        resolution=None,
    )


def _come(steps: Sequence[Step], now: datetime) -> int:
    last = policy.has_come(steps, 0, now)
    return 0 if last is None else last + (steps[last].to != "unverified")


def record(conn: Connection, found: Sequence[tuple[int, str]], now: datetime) -> int:
    """Put on record what must have happened to cases. Returns how many."""
    rows = cases.by_ids(conn, [case_id for case_id, _ in found])
    for case_id, kind in found:
        row = rows[case_id]
        cases.add_event(
            conn,
            case_id,
            kind,
            key=f"audit:{kind}:{case_id}:{now.isoformat()}",
            at=_when(row, kind) or now,
            through=AUDIT,
            who=row.assignee if kind in (EventKind.CLAIMED, EventKind.SNOOZED) else None,
            facts={"text": LOST},
        )
    return len(found)


def _when(row: Any, kind: str) -> datetime | None:
    times: dict[str, datetime | None] = {
        EventKind.OPENED: row.opened_at,
        EventKind.CLAIMED: row.claimed_at,
        EventKind.ANSWER_SEEN: row.answer_seen_at or row.answered_at,
        EventKind.CLOSED: row.closed_at,
    }
    return times.get(kind)
