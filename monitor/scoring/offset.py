"""What staff have marked moves what alerts, source by source: a shift of the log-odds of badness, within bounds.

Platt's scaling with its slope held at one: with fifty marks a slope would follow chance. It counts only where the
words decide. One and two stars always alert, four and five never by their words, danger always; what was not read
as English is not moved either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from monitor.models import Label, Level, Rating, Score, Why
from monitor.scoring.stars import ALERT_AT, HIGH_STARS, LOW_STARS, WATCH_AT

LEAST_MARKS = 50  # before them a shift would follow chance
BOUND = 1.0  # log-odds: what would just alert, at .5, is moved to .27 or to .73 at most
_HALVINGS = 40
_LEAST_ODDS = 1e-4  # badness is kept to four digits


@dataclass(frozen=True, slots=True)
class Offset:
    """By how much the log-odds of a source's badness are shifted, and on how many marks that rests."""

    shift: float
    marks: int

    @property
    def in_use(self) -> bool:
        """Say whether there are enough marks for it to count."""
        return self.marks >= LEAST_MARKS

    @property
    def middle(self) -> float:
        """Return where a badness of .5 stands with it."""
        return _probability(self.shift)


class Evidence(NamedTuple):
    """One mark: what we thought, as log-odds without any offset; whether we were wrong; whether it was bad."""

    log_odds: float
    wrong: bool
    bad: bool


def log_odds(score: Score, rating: Rating | None) -> float | None:
    """Return the log-odds of badness where the words decide, or None where nothing may move it."""
    stars = rating.stars if rating else None
    ruled = stars is not None and not LOW_STARS <= stars < HIGH_STARS
    if score.badness is None or score.language != "en" or score.dangers or ruled:
        return None
    badness = min(max(score.badness, _LEAST_ODDS), 1 - _LEAST_ODDS)
    return math.log(badness / (1 - badness))


def fitted(marks: Sequence[Evidence]) -> Offset:
    """Return the shift under which the marks are most likely, 0 when they are too few.

    Only what was wrong moves it: without a false alarm it does not fall, without a missed one it does not rise.
    The targets are Platt's, which keep a few marks from counting as certain ("Probabilistic outputs for support
    vector machines", 1999, section 2.2).
    """
    if len(marks) < LEAST_MARKS:
        return Offset(0.0, len(marks))
    bad = sum(mark.bad for mark in marks)
    high, low = (bad + 1) / (bad + 2), 1 / (len(marks) - bad + 2)
    targets = sum(high if mark.bad else low for mark in marks)
    least = -BOUND if any(mark.wrong and not mark.bad for mark in marks) else 0.0
    most = BOUND if any(mark.wrong and mark.bad for mark in marks) else 0.0
    for _ in range(_HALVINGS):  # what the marks expect falls short of the targets below the shift that is sought
        middle = (least + most) / 2
        if sum(_probability(mark.log_odds + middle) for mark in marks) < targets:
            least = middle
        else:
            most = middle
    return Offset(round((least + most) / 2, 3), len(marks))


def moved(score: Score, rating: Rating | None, offset: Offset) -> Score:
    """Return the score with the offset counted in, and a reason that says so. What may not be moved stays as it is.

    What would have alerted is still watched, and so is what names a complaint.
    """
    before = log_odds(score, rating)
    if before is None or not offset.in_use or not offset.shift:
        return score
    badness = round(_probability(before + offset.shift), 4)
    level = _level(score, badness, starless=rating is None or rating.stars is None)
    return replace(
        score,
        badness=badness,
        level=level,
        label=score.label if level is score.level else _LABELS[level],
        reasons=(*score.reasons, Why("marks", in_words(offset))),
    )


def in_words(offset: Offset) -> str:
    """Return what an offset does, as a reason."""
    than = "worse" if offset.shift > 0 else "better"
    return f"counted as a little {than} than its words, after {offset.marks:,} marks of your staff on this source"


def alerts_at(score: Score, rating: Rating | None, threshold: float) -> bool:
    """Say whether a score would alert at another threshold; what the words do not decide alerts as it does."""
    if log_odds(score, rating) is None:
        return score.level is Level.ALERT
    return (score.badness or 0.0) >= threshold


_LABELS = {Level.ALERT: Label.BAD, Level.WATCH: Label.MIXED, Level.QUIET: Label.NEUTRAL}


def _level(score: Score, badness: float, *, starless: bool) -> Level:
    if badness >= ALERT_AT:
        return Level.ALERT
    if not starless or badness >= WATCH_AT or score.level is Level.ALERT or _named(score):
        return Level.WATCH
    return Level.QUIET


def _named(score: Score) -> bool:
    """Say whether something beside the whole of its words asks to watch it: a complaint, one bad sentence."""
    if score.level is Level.QUIET:
        return False
    told = any(why.code == "sentence" or why.code.startswith("complaint:") for why in score.reasons)
    return told or bool(score.topics) or (score.badness or 0.0) < WATCH_AT


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
