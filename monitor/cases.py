"""The work for staff as a state machine: a case and an event give the case as it is then, or a refusal in words.

    open ──claimed──► claimed ──answer seen──► answered ──closed──► closed
      └──────── snoozed, and woken again ────────┘ ▲                   │
      ▲──────── answer gone, edited to worse, reopened ◄───────────────┘

Evidence of the site outranks what people say: an answer that can be seen stops the clock whoever
gave it, one that vanishes opens the case again, closed or not. Nothing here knows the time or the
database; whoever keeps cases writes the event and the new state together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from monitor.models import CaseState, Severity

RESOLUTIONS = (
    "apology",
    "repaired",
    "refund",
    "replaced",
    "called",
    "explained",
    "none_needed",
    "false_alarm",
    "answered",
)
"""How it was made right, as staff say when they close a case."""
UNVERIFIED = "unverified"  # closed by time on a site that shows no answers: counted apart
DELETED = "deleted"


class EventKind(StrEnum):
    """What can happen to a case."""

    OPENED = "opened"
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    RELEASED = "released"
    NOTED = "noted"
    SNOOZED = "snoozed"
    WOKE = "woke"
    ANSWERED_ELSEWHERE = "answered_elsewhere"  # somebody says so
    ANSWER_SEEN = "answer_seen"  # the site shows it
    ANSWER_PENDING = "answer_pending"  # the site has it and does not show it yet
    ANSWER_GONE = "answer_gone"
    EDITED_WORSE = "edited_worse"
    EDITED_BETTER = "edited_better"
    CLOSED = "closed"
    REOPENED = "reopened"
    UNVERIFIED = "unverified"
    DELETED = "deleted"  # the mention is no longer on the site


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, when, by whom and through what (cli, slack, mail, site, clock)."""

    kind: EventKind
    at: datetime
    who: str | None = None
    through: str = "clock"
    to: str | None = None  # assigned: who has it now
    text: str | None = None  # noted, and whatever else somebody wrote beside it
    until: datetime | None = None  # snoozed
    resolution: str | None = None  # closed
    severity: Severity | None = None  # opened, edited_worse
    team: str | None = None  # opened
    due_at: datetime | None = None  # opened, and what opens a case again: a new time to answer by
    published_at: datetime | None = None  # answer_seen: when the answer appeared, as the site says
    edited_at: datetime | None = None  # answer_seen: when the text it answers was last edited


@dataclass(frozen=True, slots=True)
class CaseValue:
    """A case as it stands.

    `answered_at` without `answer_seen_at` is an answer that somebody speaks of or that is not shown yet.
    """

    state: CaseState
    severity: Severity
    opened_at: datetime
    team: str | None = None
    assignee: str | None = None
    due_at: datetime | None = None
    snoozed_until: datetime | None = None
    claimed_at: datetime | None = None
    answered_at: datetime | None = None
    answer_seen_at: datetime | None = None
    closed_at: datetime | None = None
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an event changes nothing, as a sentence for whoever caused it. `holder` has the case already."""

    why: str
    holder: str | None = None


def apply(case: CaseValue | None, event: Event) -> CaseValue | Refused:
    """Return the case after the event, or why it changes nothing. Only `opened` needs no case."""
    if event.kind is EventKind.OPENED:
        return _opened(event) if case is None else Refused("the case is open already")
    if case is None:
        return Refused("there is no such case")
    return _STEPS[event.kind](case, event)


def clock_runs(case: CaseValue, sees_answers: Literal["yes", "late", "no"] = "yes") -> bool:
    """Say whether the time to answer is running.

    What counts is what the public can see: where the site shows answers, the word of staff that
    they have answered does not stop the clock.
    """
    if case.state in (CaseState.OPEN, CaseState.CLAIMED):
        return True
    return case.state is CaseState.ANSWERED and case.answer_seen_at is None and sees_answers != "no"


def problems(case: CaseValue) -> list[str]:
    """Return what contradicts itself in a case; nothing in one that `apply` made."""
    state = case.state
    rules = {
        "an open case has nobody": state is not CaseState.OPEN or case.assignee is None,
        "a claimed case has somebody": state is not CaseState.CLAIMED or case.assignee is not None,
        "whoever has it took it at a time": (case.assignee is None) == (case.claimed_at is None),
        "a snoozed case wakes": (state is CaseState.SNOOZED) == (case.snoozed_until is not None),
        "an answered case has an answer": state is not CaseState.ANSWERED or case.answered_at is not None,
        "a visible answer was given": case.answer_seen_at is None or case.answered_at is not None,
        "an unanswered case shows no answer": not _waits(case) or case.answer_seen_at is None,
        "a closed case was closed": (state is CaseState.CLOSED) == (case.closed_at is not None),
        "a closed case says how": (case.closed_at is None) == (case.resolution is None),
    }
    return [rule for rule, holds in rules.items() if not holds]


def _waits(case: CaseValue) -> bool:
    return case.state in (CaseState.OPEN, CaseState.CLAIMED, CaseState.SNOOZED)


def _back(case: CaseValue) -> CaseState:
    return CaseState.CLAIMED if case.assignee else CaseState.OPEN


# --- what people do ------------------------------------------------------------------------------


def _opened(event: Event) -> CaseValue:
    severity = event.severity or Severity.NORMAL
    return CaseValue(CaseState.OPEN, severity, event.at, team=event.team, due_at=event.due_at)


def _claimed(case: CaseValue, event: Event) -> CaseValue | Refused:
    if event.who is None:
        return Refused("somebody has to take it: say who")
    if not _waits(case):
        return Refused(f"the case is {case.state}; open it again first", case.assignee)
    if case.assignee == event.who and case.state is CaseState.CLAIMED:
        return case
    if case.assignee not in (None, event.who):
        return Refused(f"{case.assignee} has it", case.assignee)
    taken = case.claimed_at if case.assignee else event.at
    return replace(case, state=CaseState.CLAIMED, assignee=event.who, claimed_at=taken, snoozed_until=None)


def _assigned(case: CaseValue, event: Event) -> CaseValue | Refused:
    if event.to is None:
        return Refused("somebody has to take it: say who")
    if case.state is CaseState.CLOSED:
        return Refused("the case is closed; open it again first", case.assignee)
    state = CaseState.CLAIMED if case.state is CaseState.OPEN else case.state
    taken = case.claimed_at if case.assignee == event.to else event.at
    return replace(case, state=state, assignee=event.to, claimed_at=taken)


def _released(case: CaseValue, _event: Event) -> CaseValue | Refused:
    if case.assignee is None:
        return Refused("nobody has it")
    if not _waits(case):
        return Refused(f"the case is {case.state}: there is nothing to give back", case.assignee)
    state = CaseState.SNOOZED if case.state is CaseState.SNOOZED else CaseState.OPEN
    return replace(case, state=state, assignee=None, claimed_at=None)


def _noted(case: CaseValue, _event: Event) -> CaseValue | Refused:
    return case


def _snoozed(case: CaseValue, event: Event) -> CaseValue | Refused:
    if not _waits(case):
        return Refused(f"the case is {case.state}: there is nothing to put off", case.assignee)
    if event.until is None or event.until <= event.at:
        return Refused("say until when, and make it later than now")
    return replace(case, state=CaseState.SNOOZED, snoozed_until=event.until)


def _answered_elsewhere(case: CaseValue, event: Event) -> CaseValue | Refused:
    if case.state is CaseState.ANSWERED:
        return case
    if case.state is CaseState.CLOSED:
        return Refused("the case is closed; open it again first", case.assignee)
    assignee = case.assignee or event.who
    taken = case.claimed_at or (event.at if assignee else None)
    return replace(
        case,
        state=CaseState.ANSWERED,
        assignee=assignee,
        claimed_at=taken,
        snoozed_until=None,
        answered_at=case.answered_at or event.at,
    )


def _closed(case: CaseValue, event: Event) -> CaseValue | Refused:
    if event.resolution not in RESOLUTIONS:
        return Refused(f"say how it was made right: {', '.join(RESOLUTIONS)}")
    return _close(case, event, event.resolution)


def _reopened(case: CaseValue, event: Event) -> CaseValue | Refused:
    if _waits(case):
        return Refused("the case is open", case.assignee)
    return _open_again(case, event)


# --- what the site shows and the clock says ------------------------------------------------------


def _woke(case: CaseValue, event: Event) -> CaseValue | Refused:
    if case.snoozed_until is None:
        return Refused("the case is not put off")
    if event.at < case.snoozed_until:
        return Refused("the case was put off for longer since")
    return replace(case, state=_back(case), snoozed_until=None)


def _answer_seen(case: CaseValue, event: Event) -> CaseValue | Refused:
    if event.published_at and event.edited_at and event.published_at < event.edited_at:
        return Refused("the answer is older than the edit and no longer fits")
    # A site's clock may run ahead of ours, and an answer older than the case was given all the same.
    given = min(event.published_at or case.answered_at or event.at, event.at)
    seen = replace(case, answered_at=given, answer_seen_at=case.answer_seen_at or event.at)
    if case.state is CaseState.CLOSED:
        # What was closed without proof has it now; how it was made right is left as staff said.
        return replace(seen, resolution="answered") if case.resolution == UNVERIFIED else seen
    return replace(seen, state=CaseState.ANSWERED, snoozed_until=None)


def _answer_pending(case: CaseValue, event: Event) -> CaseValue | Refused:
    if case.answer_seen_at is not None:
        return Refused("an answer was already visible: a change of it waits")
    if case.state is CaseState.CLOSED:
        return Refused("the case is closed")
    return replace(case, answered_at=case.answered_at or event.at)


def _answer_gone(case: CaseValue, event: Event) -> CaseValue | Refused:
    if case.resolution == DELETED:
        return Refused("the answer went with the review")
    if case.answer_seen_at is None and not (_waits(case) and case.answered_at):
        return Refused("no answer had been seen")
    return _open_again(case, event)


def _edited_worse(case: CaseValue, event: Event) -> CaseValue | Refused:
    worst = min(case.severity, event.severity or case.severity, key=lambda severity: severity.rank)
    return _open_again(replace(case, severity=worst), event)


def _edited_better(case: CaseValue, _event: Event) -> CaseValue | Refused:
    return case  # a win back is told; whether it still needs an answer is for a person to say


def _unverified(case: CaseValue, event: Event) -> CaseValue | Refused:
    if case.answer_seen_at is not None:
        return Refused("the answer was seen")
    return _close(case, event, UNVERIFIED)


def _deleted(case: CaseValue, event: Event) -> CaseValue | Refused:
    return _close(case, event, DELETED)


def _close(case: CaseValue, event: Event, resolution: str) -> CaseValue | Refused:
    if case.state is CaseState.CLOSED:
        return Refused("the case is closed already", case.assignee)
    return replace(case, state=CaseState.CLOSED, snoozed_until=None, closed_at=event.at, resolution=resolution)


def _open_again(case: CaseValue, event: Event) -> CaseValue:
    return replace(
        case,
        state=_back(case),
        due_at=event.due_at or case.due_at,
        snoozed_until=None,
        answered_at=None,
        answer_seen_at=None,
        closed_at=None,
        resolution=None,
    )


_STEPS: dict[EventKind, Callable[[CaseValue, Event], CaseValue | Refused]] = {
    EventKind.CLAIMED: _claimed,
    EventKind.ASSIGNED: _assigned,
    EventKind.RELEASED: _released,
    EventKind.NOTED: _noted,
    EventKind.SNOOZED: _snoozed,
    EventKind.WOKE: _woke,
    EventKind.ANSWERED_ELSEWHERE: _answered_elsewhere,
    EventKind.ANSWER_SEEN: _answer_seen,
    EventKind.ANSWER_PENDING: _answer_pending,
    EventKind.ANSWER_GONE: _answer_gone,
    EventKind.EDITED_WORSE: _edited_worse,
    EventKind.EDITED_BETTER: _edited_better,
    EventKind.CLOSED: _closed,
    EventKind.REOPENED: _reopened,
    EventKind.UNVERIFIED: _unverified,
    EventKind.DELETED: _deleted,
}
