"""The ladder at work: reminders, escalations, the end of a snooze, and cases of people who are away.

Timers are rows (`cases.next_step_at`): what has come is read from them each minute, moved on in the
same transaction as the message it causes, and so neither lost nor doubled by a kill. Of several steps
that came while nobody was running, the last one is taken: people are told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor import intake, policy
from monitor.cases import CaseValue, Event, EventKind
from monitor.config import SourceSettings
from monitor.models import CaseState, Json, Person, Reason, Severity, Step
from monitor.store import Connection, cases

AT_ONCE = 1_000  # cases in one transaction; the next minute takes the rest


@dataclass(frozen=True, slots=True)
class _Climb:
    """What one minute works with."""

    conn: Connection
    routing: intake.Routing
    now: datetime
    people: Mapping[str, Person]

    def day(self, team: str | None) -> date:
        """Return which day it is where a team lives."""
        return self.now.astimezone(ZoneInfo(self.routing.zone_of(team))).date()


def climb(conn: Connection, routing: intake.Routing, now: datetime) -> int:
    """Take the steps that have come. Returns how many people were told of something."""
    people = intake.people_now(conn, routing)
    work = _Climb(conn, routing, now, people)
    told = _hand_over_from_the_away(work)
    due = cases.due_steps(conn, now, AT_ONCE)
    about = cases.about(conn, [row.id for row in due])
    return told + sum(_step(work, row, about.get(row.id)) for row in due)


def _step(work: _Climb, row: Any, mention: Any) -> int:
    case, steps = intake.value_of(row), intake.steps_of(row)
    if case.state is CaseState.SNOOZED:
        event = Event(EventKind.WOKE, work.now)
        woken = intake.happen(work.conn, row.id, event, key=f"woke:{row.id}:{row.next_step_at.isoformat()}")
        if not isinstance(woken, CaseValue):  # put off again meanwhile
            return 0
        case = woken
    number = policy.has_come(steps, row.step, work.now)
    step = steps[number] if number is not None else None
    if step is None and row.state != CaseState.SNOOZED:
        return _move_on(work, row, case, steps, row.step)  # in the digest: nothing more to say
    if step is not None and step.to == "unverified":
        closing = Event(EventKind.UNVERIFIED, work.now)
        intake.happen(work.conn, row.id, closing, key=f"unverified:{row.id}:{step.at.isoformat()}")
        return 0
    done = row.step if number is None else number + 1
    if (
        mention is None
        or (source := work.routing.source(mention.source)) is None
        or row.messages >= policy.MOST_MESSAGES
    ):
        return _move_on(work, row, case, steps, done)
    hours = work.routing.hours_of(case.team or source.team)
    back = policy.back_on_duty(work.routing.team(case.team or source.team), work.people, hours, work.now)
    if back is not None:
        return _wait(work, row, case, back)
    _tell(work, row, case, step or Step(work.now, "holder"), done, mention, source)
    cases.update(work.conn, row.id, messages=row.messages + 1)
    _move_on(work, row, case, steps, done)
    return 1


def _move_on(work: _Climb, row: Any, case: CaseValue, steps: Sequence[Step], done: int) -> int:
    cases.update(work.conn, row.id, step=done, next_step_at=policy.next_at(case, steps, work.now))
    return 0


def _wait(work: _Climb, row: Any, case: CaseValue, until: datetime) -> int:
    """Let the clock wait while nobody is there, and say so on the case."""
    text = f"nobody of {case.team} is there: I wait until {until.isoformat(timespec='minutes')}"
    event = Event(EventKind.NOTED, work.now, text=text, until=until)
    intake.happen(work.conn, row.id, event, key=f"waits:{row.id}:{until.isoformat()}")
    cases.update(work.conn, row.id, next_step_at=until)
    return 0


def _tell(
    work: _Climb, row: Any, case: CaseValue, step: Step, number: int, mention: Any, source: SourceSettings
) -> None:
    team = work.routing.team(case.team or source.team)
    names = policy.receivers(step, team, work.people, case.assignee, work.day(case.team or source.team))
    reason = Reason.ESCALATION if step.to == "manager" else Reason.REMINDER
    facts: dict[str, Json] = {"number": row.messages, "step": step.to}
    if reason is Reason.ESCALATION and case.assignee is not None and case.claimed_at is not None:
        facts |= {"had": case.assignee, "had_since": case.claimed_at.isoformat()}
    intake.tell_case(
        work.conn,
        work.routing,
        reason,
        key=("step", row.id, row.opened_at, row.due_at, number, row.messages),
        source=source,
        team=case.team,
        people=names,
        mention_id=mention.id,
        version=mention.version,
        case_id=row.id,
        facts=facts,
        severity=Severity(case.severity),
        now=work.now,
    )


def _hand_over_from_the_away(work: _Climb) -> int:
    """Give the cases of people who are away to their stand-in, who hears of it, or back to the team."""
    told = 0
    for name in sorted(cases.held_by(work.conn)):
        if (person := work.people.get(name)) is None:
            continue
        for row in cases.of_assignee(work.conn, name):
            day = work.day(row.team)
            if policy.is_away(person, day):
                told += _hand_over(work, row, policy.present(name, work.people, day), day)
    return told


def _hand_over(work: _Climb, row: Any, heir: str | None, day: date) -> int:
    kind = EventKind.ASSIGNED if heir else EventKind.RELEASED
    event = Event(kind, work.now, to=heir, text=f"{row.assignee} is away")
    after = intake.happen(work.conn, row.id, event, key=f"away:{row.id}:{row.assignee}:{day.isoformat()}")
    mention = cases.about(work.conn, [row.id]).get(row.id)
    source = work.routing.source(mention.source) if mention is not None else None
    if heir is None or source is None or mention is None or not isinstance(after, CaseValue):
        return 0
    if row.messages >= policy.MOST_MESSAGES:
        return 0
    cases.update(work.conn, row.id, messages=row.messages + 1)
    intake.tell_case(
        work.conn,
        work.routing,
        Reason.REMINDER,
        key=("away", row.id, heir, day),
        source=source,
        team=row.team,
        people=[heir],
        mention_id=mention.id,
        version=mention.version,
        case_id=row.id,
        facts={"number": row.messages, "handed": f"{row.assignee} is away, so this comes to you"},
        severity=Severity(row.severity),
        now=work.now,
    )
    return 1
