"""A new or edited mention, and the owner's rules → who is told, or the reason why nobody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from monitor.models import ANSWERS_UNSEEN, Label, Level, Mention, Rating, Reason, Rule, Score, Severity, Team, Why
from monitor.policy.rules import asks_for, is_bad
from monitor.policy.severity import severity

OLD = timedelta(hours=72)  # listed, not alerted
TEXT_MAY_COME = timedelta(minutes=10)  # many sites show the stars first and the words a little later
STARS_ALONE = 2.5  # 1 and 2 of 5 alert whatever the words, so they are what waits for them
WORSE_BY = 0.2
_ORDER = {Level.QUIET: 0, Level.WATCH: 1, Level.ALERT: 2}
_EXACT = 1e-9


class NotTold(StrEnum):
    """Why nobody was told, in the words kept beside the mention."""

    OWN = "written by one of our own accounts"
    QUIET = "nothing to act on"
    DIGEST = "in the digest"
    OLD = "older than 72 hours"
    FIRST_LOOK = "found at the first look"
    NO_RULE = "no rule asks for it"
    FLAPPED = "the same text as within the last 24 hours"
    NOT_WORSE = "edited, not worse"
    BETTER = "edited to better"


@dataclass(frozen=True, slots=True)
class Before:
    """What was thought of the version that an edit replaces."""

    rating: Rating | None = None
    badness: float | None = None
    level: Level = Level.QUIET
    label: Label = Label.UNKNOWN
    severity: Severity | None = None

    @property
    def stars(self) -> float | None:
        """Return the mark as 1…5, or None."""
        return self.rating.stars if self.rating else None


@dataclass(frozen=True, slots=True)
class Change:
    """What a look found: a mention that is new, or one that was edited.

    `waiting` says that the alert of this mention is still held until its text comes. `flapped` says
    that this very text was already seen within a day.
    """

    kind: Literal["new", "edited"]
    mention: Mention
    score: Score
    before: Before | None = None
    source: str = ""
    team: str | None = None
    waiting: bool = False
    flapped: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is told, where and why; or why nobody is.

    `channels` are pairs of rule and channel, each channel once. `hold_until` is set where the
    alert is made now and sent later. `edit` says which way an edit went.
    """

    severity: Severity | None = None
    why: tuple[Why, ...] = ()
    reason: Reason | None = None
    channels: tuple[tuple[str, str], ...] = ()
    why_not_told: str | None = None
    opens_case: bool = False
    hold_until: datetime | None = None
    team: str | None = None
    edit: Literal["worse", "better", "same"] | None = None
    verifiable: bool = True  # as far as the mention decides: its answer can be seen where the connector sees any


def decide(
    change: Change,
    rules: Sequence[Rule],
    *,
    now: datetime,
    first_look: bool = False,
    backfill_since: datetime | None = None,
    teams: Mapping[str, Team] | None = None,
) -> Decision:
    """Decide about one change. Who has many of them makes one `Decider`."""
    decider = Decider(rules, teams or {})
    return decider.decide(change, now=now, first_look=first_look, backfill_since=backfill_since)


@dataclass(frozen=True)
class Decider:
    """The owner's rules, ready to be asked. `teams` gives channels to rules that name a team instead."""

    rules: Sequence[Rule]
    teams: Mapping[str, Team] = field(default_factory=dict)

    def decide(
        self,
        change: Change,
        *,
        now: datetime,
        first_look: bool = False,
        backfill_since: datetime | None = None,
    ) -> Decision:
        """Decide about one change.

        `first_look` keeps silent about history, except for what was published after `backfill_since`.
        """
        hurry, causes = severity(change.score, change.mention)
        edit = _edit(change, hurry)
        why = _merged(change.score.reasons, causes)
        silent = _silent(change, edit, now=now, first_look=first_look, backfill_since=backfill_since)
        if silent is not None:
            return Decision(hurry, why, why_not_told=silent.value, team=change.team, edit=edit)
        worse = edit == "worse"
        asking = self._asking(change, hurry, worse=worse)
        channels = self._channels(asking)
        if not channels:
            untold = _untold(change, hurry, worse=worse)
            return Decision(hurry, why, why_not_told=untold.value, team=change.team, edit=edit)
        team = next((rule.team for rule in asking if rule.team), None) or change.team
        return Decision(
            hurry,
            why,
            edit=edit,
            reason=_reason(change, hurry, worse=worse),
            channels=channels,
            opens_case=is_bad(change.score, hurry, worse=worse) or any(rule.case for rule in asking),
            hold_until=_hold_until(change, hurry, now),
            team=team,
            verifiable=ANSWERS_UNSEEN not in change.mention.flags,
        )

    def _asking(self, change: Change, hurry: Severity | None, *, worse: bool) -> list[Rule]:
        asking: list[Rule] = []
        for rule in self.rules:
            if asks_for(rule, change.mention, change.score, hurry, change.source, worse=worse):
                asking.append(rule)
                if rule.stop:
                    break
        return asking

    def _channels(self, asking: Sequence[Rule]) -> tuple[tuple[str, str], ...]:
        first: dict[str, str] = {}
        for rule in asking:
            for channel in rule.channels or self._of_team(rule.team):
                first.setdefault(channel, rule.name)
        return tuple((rule, channel) for channel, rule in first.items())

    def _of_team(self, name: str | None) -> tuple[str, ...]:
        team = self.teams.get(name) if name else None
        return team.channels if team else ()


def _silent(
    change: Change,
    edit: str | None,
    *,
    now: datetime,
    first_look: bool,
    backfill_since: datetime | None,
) -> NotTold | None:
    """Return why nobody is told whatever the rules say, or None when the rules decide."""
    if change.mention.own:
        return NotTold.OWN
    if change.kind == "edited":
        if change.flapped:
            return NotTold.FLAPPED
        if first_look:
            return NotTold.FIRST_LOOK
        if change.waiting and change.mention.text.strip():
            return None
        return {"worse": None, "better": NotTold.BETTER}.get(edit or "", NotTold.NOT_WORSE)
    published = change.mention.published_at
    if backfill_since is not None and published is not None and published >= backfill_since:
        return None
    if first_look:
        return NotTold.FIRST_LOOK
    return NotTold.OLD if published is not None and now - published > OLD else None


def _untold(change: Change, hurry: Severity | None, *, worse: bool) -> NotTold:
    if is_bad(change.score, hurry, worse=worse):
        return NotTold.NO_RULE
    return NotTold.DIGEST if change.score.level is Level.WATCH else NotTold.QUIET


def _reason(change: Change, hurry: Severity | None, *, worse: bool) -> Reason:
    if worse and not change.waiting:
        return Reason.EDITED_WORSE
    bad = is_bad(change.score, hurry, worse=worse)
    return Reason.GOOD_NEWS if change.score.label is Label.GOOD and not bad else Reason.NEW


def _edit(change: Change, hurry: Severity | None) -> Literal["worse", "better", "same"] | None:
    if change.kind == "new" or change.before is None:
        return None
    before, score = change.before, change.score
    rating = change.mention.rating
    stars = rating.stars if rating else None
    if stars is not None and before.stars is not None and abs(stars - before.stars) > _EXACT:
        return "worse" if stars < before.stars else "better"
    rose = (score.badness or 0.0) - (before.badness or 0.0)
    step = _ORDER[score.level] - _ORDER[before.level]
    newly_critical = hurry is Severity.CRITICAL and before.severity not in (None, Severity.CRITICAL)
    if (rose >= WORSE_BY - _EXACT and step > 0) or newly_critical:
        return "worse"
    return "better" if rose <= -WORSE_BY + _EXACT and step < 0 else "same"


def _hold_until(change: Change, hurry: Severity | None, now: datetime) -> datetime | None:
    mention = change.mention
    stars = mention.rating.stars if mention.rating else None
    if change.kind != "new" or hurry is Severity.CRITICAL or stars is None or stars >= STARS_ALONE:
        return None
    if mention.text.strip() or (mention.title or "").strip():
        return None
    until = min(mention.published_at or now, now) + TEXT_MAY_COME
    return until if until > now else None


def _merged(reasons: tuple[Why, ...], causes: tuple[Why, ...]) -> tuple[Why, ...]:
    return reasons + tuple(cause for cause in causes if cause not in reasons)
