"""The ladder at work: reminders, escalations, the end of a snooze, and cases of people who are away.

Timers are rows (`cases.next_step_at`): what has come is read from them each minute, moved on in the
same transaction as the message it causes, and so neither lost nor doubled by a kill. Of several steps
that came while nobody was running, the last one is taken: people are told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor import intake, policy
from monitor.cases import CaseValue, Event, EventKind
from monitor.config import SourceSettings
from monitor.models import CaseState, Json, Person, Reason, Severity, Step
from monitor.store import Connection, cases, sources

AT_ONCE = 400  # cases in one transaction, half a second of work; the next minute takes the rest
NOBODY_THERE = "nobody_there"  # in `meta`: the teams whose clock waits


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
    _go_on(work)
    due = cases.due_steps(conn, now, AT_ONCE)
    about = cases.about(conn, [row.id for row in due])
    return told + sum(_step(work, row, about.get(row.id)) for row in due)


def _step(work: _Climb, row: Any, mention: Any) -> int:
    """Take the step of a case that has come; of several the last one. Of one that was put off the time has come."""
    case, steps = intake.value_of(row), intake.steps_of(row)
    number = policy.has_come(steps, row.step, work.now)
    step = steps[number] if number is not None else None
    snoozed = case.state is CaseState.SNOOZED
    if step is None and not snoozed:
        return _move_on(work, row, case, steps, row.step)  # in the digest: nothing more to say
    closes = step is not None and step.to == "unverified"
    source = work.routing.source(mention.source) if mention is not None else None
    tells = not closes and source is not None and row.messages < policy.MOST_MESSAGES
    team = case.team or (source.team if source is not None else None)
    if tells and (back := _back(work, team)) is not None:
        return _wait(work, row, case, back)
    if snoozed:
        event = Event(EventKind.WOKE, work.now)
        woken = intake.happen(work.conn, row.id, event, key=f"woke:{row.id}:{row.next_step_at.isoformat()}")
        if not isinstance(woken, CaseValue):  # it has lost its time to wake
            return _move_on(work, row, case, steps, row.step)
        case = woken
    if step is not None and closes:
        closing = Event(EventKind.UNVERIFIED, work.now)
        intake.happen(work.conn, row.id, closing, key=f"unverified:{row.id}:{step.at.isoformat()}")
        return 0
    done = row.step if number is None else number + 1
    if tells and source is not None:
        _tell(work, row, case, step or Step(work.now, "holder"), mention, source)
        cases.update(work.conn, row.id, messages=row.messages + 1)
    _move_on(work, row, case, steps, done)
    return int(tells)


def _back(work: _Climb, team: str | None) -> datetime | None:
    """Return when somebody of a team is there again; None when somebody is."""
    return policy.back_on_duty(work.routing.team(team), work.people, work.routing.hours_of(team), work.now)


def _move_on(work: _Climb, row: Any, case: CaseValue, steps: Sequence[Step], done: int) -> int:
    cases.update(work.conn, row.id, step=done, next_step_at=policy.next_at(case, steps, work.now, done))
    return 0


def _wait(work: _Climb, row: Any, case: CaseValue, until: datetime) -> int:
    """Let the clock wait while nobody is there, and say so on the case."""
    text = f"nobody of {case.team} is there: I wait until {until.isoformat(timespec='minutes')}"
    event = Event(EventKind.NOTED, work.now, text=text, until=until)
    intake.happen(work.conn, row.id, event, key=f"waits:{row.id}:{until.isoformat()}")
    cases.update(work.conn, row.id, next_step_at=until)
    waiting = sources.get_meta(work.conn, NOBODY_THERE) or []
    if case.team is not None and case.team not in waiting:
        sources.put_meta(work.conn, NOBODY_THERE, [*waiting, case.team])
    return 0


def _go_on(work: _Climb) -> None:
    """Let the clock of teams go on as soon as somebody is there, also when that is sooner than they had said."""
    waiting = sources.get_meta(work.conn, NOBODY_THERE) or []
    back = [team for team in waiting if _back(work, team) is None]
    if not back:
        return
    sources.put_meta(work.conn, NOBODY_THERE, [team for team in waiting if team not in back])
    for row in cases.put_back(work.conn, back, work.now):
        at = policy.next_at(intake.value_of(row), intake.steps_of(row), work.now, row.step)
        if at is not None and at < row.next_step_at:
            cases.update(work.conn, row.id, next_step_at=at)


def _tell(work: _Climb, row: Any, case: CaseValue, step: Step, mention: Any, source: SourceSettings) -> None:
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
        key=("step", row.id, row.next_step_at, row.messages),  # one message for one timer
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
    anywhere = [work.now.date() + timedelta(days=days) for days in (-1, 0, 1)]  # the day it is somewhere
    away = [one for one in work.people.values() if any(policy.is_away(one, day) for day in anywhere)]
    for person in away:
        for row in cases.of_assignee(work.conn, person.name):
            day = work.day(row.team)
            if policy.is_away(person, day):
                told += _hand_over(work, row, policy.present(person.name, work.people, day), day)
    return told


def _hand_over(work: _Climb, row: Any, heir: str | None, day: date) -> int:
    """Hand one case over, once a day: who is given it back all the same keeps it."""
    kind = EventKind.ASSIGNED if heir else EventKind.RELEASED
    event = Event(kind, work.now, to=heir, text=f"{row.assignee} is away")
    after = intake.happen(work.conn, row.id, event, key=f"away:{row.id}:{row.assignee}:{day.isoformat()}")
    given = isinstance(after, CaseValue) and after.assignee == heir
    if heir is None or not given or row.messages >= policy.MOST_MESSAGES:
        return 0
    why = f"{row.assignee} is away, so this comes to you"
    return intake.hand_over(work.conn, work.routing, row.id, heir, why, work.now, key=("away", row.id, heir, day))
