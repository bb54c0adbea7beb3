"""How a source is doing, and when the operator hears of it: one alarm, one reminder a day, one all-clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.models import Health, Reason

FAILED_LOOKS = 3
FAILED_FOR = timedelta(minutes=30)
LOOKS_WITH_SOMETHING = 20
REMIND_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HealthBefore:
    """What is remembered of a source. `told_at` is set as long as the operator knows it as broken."""

    health: Health = Health.NEW
    failures: int = 0
    failing_since: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LookOutcome:
    """How one look ended. `seen` counts entries, known ones too.

    `reconnect`: the access has ended, a person must act. `over_budget`: the money or quota of the
    day is spent, which ends by itself. Both are no `ok`.
    """

    ok: bool
    seen: int = 0
    not_modified: bool = False
    reconnect: bool = False
    over_budget: bool = False

    @property
    def empty(self) -> bool:
        """Say whether the site answered, with nothing."""
        return self.ok and self.seen == 0 and not self.not_modified


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to remember of a source from now on, and what to tell the operator."""

    health: Health
    failures: int = 0
    failing_since: datetime | None = None
    told_at: datetime | None = None
    tell: Reason | None = None


def health(before: HealthBefore, outcome: LookOutcome, history: Sequence[LookOutcome], now: datetime) -> Verdict:
    """Return how a source is doing after a look. `history` holds the looks before this one, up to twenty.

    Broken are three failed looks over half an hour at least, access that has ended, and nothing where
    the last twenty looks had something.
    """
    if outcome.over_budget:
        return Verdict(Health.PAUSED, before.failures, before.failing_since, before.told_at)
    if not outcome.ok:
        return _failed(before, outcome, now)
    still_empty = before.health is Health.EMPTY and outcome.seen == 0  # not modified is nothing, too
    if still_empty or (outcome.empty and _always_had_something(history)):
        return _told(Verdict(Health.EMPTY, failing_since=before.failing_since or now, told_at=before.told_at), now)
    if before.told_at is not None:
        return Verdict(Health.OK, tell=Reason.RECOVERED)
    return Verdict(Health.OK)


def reminder(before: HealthBefore, now: datetime) -> Reason | None:
    """Return STILL_BROKEN when a day has passed since the operator was told; for sources that are not looked at."""
    due = before.told_at is not None and now - before.told_at >= REMIND_EVERY
    return Reason.STILL_BROKEN if due else None


def _failed(before: HealthBefore, outcome: LookOutcome, now: datetime) -> Verdict:
    failures = before.failures + 1
    since = before.failing_since or now
    verdict = Verdict(Health.FAILING, failures, since, before.told_at)
    if outcome.reconnect:
        return _told(replace(verdict, health=Health.PAUSED), now)
    lasting = failures >= FAILED_LOOKS and now - since >= FAILED_FOR
    if lasting or before.told_at is not None:
        return _told(replace(verdict, health=Health.BROKEN), now)
    return verdict


def _told(verdict: Verdict, now: datetime) -> Verdict:
    if verdict.told_at is None:
        return replace(verdict, told_at=now, tell=Reason.SOURCE_BROKEN)
    if now - verdict.told_at >= REMIND_EVERY:
        return replace(verdict, told_at=now, tell=Reason.STILL_BROKEN)
    return verdict


def _always_had_something(history: Sequence[LookOutcome]) -> bool:
    good = [look for look in history if look.ok]
    return len(history) >= LOOKS_WITH_SOMETHING and bool(good) and not any(look.empty for look in good)
