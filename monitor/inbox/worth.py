"""What an answer is worth now: how bad it is, how many will still read it, who has it, how much time is left.

Reach, not revenue, sets the order: nothing here knows what an author spends or how often they complain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.models import CaseState, Json, Kind, Severity

SEVERITY = {Severity.CRITICAL: 8.0, Severity.HIGH: 4.0, Severity.NORMAL: 2.0, Severity.LOW: 1.0}

# Half of those who will ever read it have done so after this long. A post is read on its day; a review stands
# beside the door for months; a message is read by us alone, and its author waits.
HALF_READ = {Kind.POST: timedelta(hours=8), Kind.COMMENT: timedelta(hours=16), Kind.REVIEW: timedelta(days=60)}
STILL_READ = 0.05  # somebody always finds it later
DANGER_STAYS = 0.5  # what may hurt somebody is not mended by its readers having gone on
SOMEBODY_HAS_IT = 0.7
SAID_TO_BE_ANSWERED = 0.3
OVERDUE = 2.0  # the most that a passing time adds
LARGE = 1_000  # readers that are worth naming


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case that waits, as far as its worth depends on it."""

    state: CaseState
    severity: Severity
    kind: Kind
    opened_at: datetime
    written_at: datetime
    due_at: datetime | None = None
    assignee: str | None = None
    audience: int | None = None
    audience_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """A number to sort by, with no unit, and the reasons in words."""

    value: float
    reasons: tuple[str, ...]


def worth(case: Waiting, now: datetime) -> Worth:
    """Return what an answer to a case is worth now."""
    return Worth(value(case, now), reasons(case, now))


def value(case: Waiting, now: datetime) -> float:
    """Return the worth of a case without the reasons: ten thousand are sorted, and twenty are shown."""
    at_work = 1.0
    if case.state is CaseState.ANSWERED:
        at_work = SAID_TO_BE_ANSWERED
    elif case.assignee is not None:
        at_work = SOMEBODY_HAS_IT
    return SEVERITY[case.severity] * _reach(case) * _to_come(case, now) * at_work * _urge(case, now)


def _reach(case: Waiting) -> float:
    """Unknown is not zero: a site that does not say counts as a hundred readers."""
    return math.log10(10 + (100 if case.audience is None else max(case.audience, 0)))


def _to_come(case: Waiting, now: datetime) -> float:
    """Return the share of its readers that is still to come, 0…1."""
    half = HALF_READ.get(case.kind)
    if half is None:
        return 1.0
    age = max(now - case.written_at, timedelta(0))
    left: float = 0.5 ** (age / half)
    return max(left, DANGER_STAYS if case.severity is Severity.CRITICAL else STILL_READ)


def _urge(case: Waiting, now: datetime) -> float:
    """Return 1 when all the time is left, and up to 2 when it has run out."""
    if case.due_at is None:
        return 1.0
    whole, left = case.due_at - case.opened_at, case.due_at - now
    if left <= timedelta(0) or whole <= timedelta(0):
        return OVERDUE
    return 1.0 + (OVERDUE - 1.0) * (1.0 - min(left / whole, 1.0))


def reasons(case: Waiting, now: datetime) -> tuple[str, ...]:
    """Return in words why a case is worth what it is."""
    fresh = _to_come(case, now)
    found = [{Severity.CRITICAL: "danger or a very large audience"}.get(case.severity, str(case.severity))]
    if case.audience is not None and case.audience >= LARGE:
        found.append(f"{case.audience:,} {case.audience_kind or 'readers'}")
    if case.kind in HALF_READ:
        found.append("most readers still to come" if fresh >= 0.5 else "most have read it")
    if case.state is CaseState.ANSWERED:
        found.append("said to be answered")
    if case.due_at is not None and case.due_at <= now:
        found.append("overdue")
    elif case.due_at is not None and (case.due_at - now) * 2 <= case.due_at - case.opened_at:
        found.append("more than half of the time is gone")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the inbox."""

    case_id: int
    mention_id: int
    worth: float
    reasons: tuple[str, ...]
    facts: Mapping[str, Json]
    text: str = ""

    @property
    def why(self) -> str:
        """Return the reasons as one line."""
        return ", ".join(self.reasons)

    @property
    def where(self) -> str:
        """Return where it was said."""
        place = self.facts.get("place") or self.facts.get("product")
        return f"{self.facts['source']}, {place}" if place else str(self.facts["source"])

    @property
    def due_at(self) -> datetime | None:
        """Return by when an answer should be there."""
        found: datetime | None = self.facts["due_at"]
        return found

    @property
    def assignee(self) -> str | None:
        """Return who has it."""
        found: str | None = self.facts["assignee"]
        return found

    def as_json(self) -> dict[str, Json]:
        """Return the line as a JSON object."""
        facts = {name: value for name, value in self.facts.items() if name not in ("id", "mention_id")}
        return {
            "id": f"c{self.case_id}",
            "mention_id": f"m{self.mention_id}",
            "worth": round(self.worth, 3),
            "reasons": list(self.reasons),
            **facts,
            "text": self.text,
        }
