"""The ladder of a case: whom the monitor reminds, and when, while the public sees no answer.

    half of the time   whoever has it, or the team while nobody has
    all of the time    the team
    half as much again its manager; a team of one has nobody above it

After that the case stands in the digest. Where a site shows no answers there is nobody above the team
either, and after 14 days the case is closed as unverified. The steps are worked out when a case
opens and kept with it, as rows of a table keep them: neither a kill nor a changed file loses one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor import calendar
from monitor.cases import CaseValue
from monitor.models import CaseState, Hours, Person, Step, StepTo, Target, Team

MOST_MESSAGES = 4  # for one opening of a case, the first alert among them
UNVERIFIED_AFTER = timedelta(days=14)  # where no answer can be seen
IN_THE_DIGEST = timedelta(days=7)  # a case without further steps is looked at once a week, for the audit to see

_SHARES: tuple[tuple[float, StepTo], ...] = ((0.5, "holder"), (1.0, "team"), (1.5, "manager"))


@dataclass(frozen=True, slots=True)
class Timing:
    """By when an answer should be there, and what happens while it is not."""

    due_at: datetime | None = None
    steps: tuple[Step, ...] = ()


@lru_cache(maxsize=256)
def timing(target: Target | None, hours: Hours, opened: datetime, *, upper: bool, verifiable: bool = True) -> Timing:
    """Return the timing of a case that opens now.

    `upper`: somebody stands above the team. `verifiable`: the site shows answers, early or late.
    """
    steps: list[Step] = []
    due_at = None
    if target is not None:
        due_at = calendar.due_at(target, hours, opened)
        for share, to in _SHARES:
            if to != "manager" or (upper and verifiable):
                steps.append(Step(calendar.share_at(target, hours, opened, share), to))
    if not verifiable:
        last = max((step.at for step in steps), default=opened)
        steps.append(Step(max(opened + UNVERIFIED_AFTER, last), "unverified"))
    return Timing(due_at, tuple(steps))


def next_at(case: CaseValue, steps: Sequence[Step], now: datetime, done: int = 0) -> datetime | None:
    """Return when something happens next to a case by the clock; None where nothing has to.

    The first `done` steps have been taken; of the others one that has come already is due at once. What an open
    case has no further step for stands in the digest, and is looked at again in a week.
    """
    if case.state is CaseState.SNOOZED:
        return case.snoozed_until
    if case.state is CaseState.CLOSED or case.answer_seen_at is not None:
        return None
    verifiable = is_verifiable(steps)
    said = case.state is CaseState.ANSWERED and not verifiable  # nobody is reminded; it ends as unverified
    coming = [step.at for step in steps[done:] if not said or step.to == "unverified"]
    return min(coming, default=now + IN_THE_DIGEST)


def is_verifiable(steps: Sequence[Step]) -> bool:
    """Say whether a case of these steps can end by an answer that is seen."""
    return all(step.to != "unverified" for step in steps)


def has_come(steps: Sequence[Step], done: int, now: datetime) -> int | None:
    """Return which step is to be taken now: of those that have come since, the last one. None: none has."""
    come = [number for number, step in enumerate(steps) if number >= done and step.at <= now]
    return come[-1] if come else None


# --- who ------------------------------------------------------------------------------------------


def is_away(person: Person, day: date) -> bool:
    """Say whether somebody is away on a day."""
    return any(first <= day <= last for first, last in person.away)


def present(name: str | None, people: Mapping[str, Person], day: date) -> str | None:
    """Return somebody, or who stands in for them while they are away; None when nobody does."""
    asked: set[str] = set()
    while name is not None and name not in asked and (person := people.get(name)) is not None:
        if not is_away(person, day):
            return name
        asked.add(name)
        name = person.stand_in
    return None


def receivers(
    step: Step, team: Team | None, people: Mapping[str, Person], assignee: str | None, day: date
) -> tuple[str, ...]:
    """Return who is addressed by name; nobody means whoever reads the channels of the team."""
    members = tuple(name for name in (team.people if team else ()) if present(name, people, day) == name)
    if step.to == "manager" and team is not None and (above := present(team.manager, people, day)) is not None:
        return (above,)
    if step.to == "holder":
        holder = assignee if assignee not in people else present(assignee, people, day)
        return (holder,) if holder else ()
    return members


def back_on_duty(team: Team | None, people: Mapping[str, Person], hours: Hours, now: datetime) -> datetime | None:
    """Return when somebody of a team is there again; None when somebody is, or when nobody of it is known."""
    members = [people[name] for name in (team.people if team else ()) if name in people]
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    if not members or any(present(member.name, people, today) for member in members):
        return None
    for days in range(1, calendar.FARTHEST):
        day = today + timedelta(days=days)
        if any(present(member.name, people, day) for member in members):
            morning = datetime(day.year, day.month, day.day, tzinfo=zone)
            return calendar.next_open(hours, morning)
    return None


def has_upper(team: Team | None) -> bool:
    """Say whether somebody stands above a team: a team of one has nobody, nor one whose manager is its only member."""
    return team is not None and team.manager is not None and len(team.people) > 1
