"""When many messages become one, so that a flood of reviews does not become a flood of alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
FOLD_AT = 10  # from one source in the window, or waiting on one channel at once
TIMES_USUAL = 5
FEWEST = 5  # a quiet source's usual rate is near zero: five times that is still not a flood
SPACING = timedelta(seconds=90)  # between the last messages of a window, so that each gathers what came meanwhile
HALF_LIFE = timedelta(days=7)  # how slowly the usual rate forgets


@dataclass(frozen=True, slots=True)
class Fold:
    """What to do with what waits on a channel: send the first alone, fold all into one, or hold back until."""

    fold: bool = False
    hold_until: datetime | None = None
    why: str | None = None


def flooded(count: int, usual: float | None) -> bool:
    """Say whether `count` alerts of one source in ten minutes are a flood; `usual` is its rate in ten minutes."""
    if count >= FOLD_AT:
        return True
    return usual is not None and count >= max(FEWEST, TIMES_USUAL * usual)


def fold(
    *,
    waiting: int,
    sent: Sequence[datetime],
    limit: int,
    now: datetime,
    critical: bool = False,
    flood: bool = False,
) -> Fold:
    """Decide about the next message of a channel, of which `waiting` are due and `sent` went out lately.

    Never more than `limit` in ten minutes. The last place is kept for a critical one; the places
    before it are spaced, and whatever waits longer than the places last goes out as one message.
    """
    recent = sorted(moment for moment in sent if now - moment < WINDOW)
    free = limit - len(recent) - (0 if critical or limit == 1 else 1)
    if free <= 0:
        # The window slides: a place is free once enough of the earliest have left it.
        until = recent[min(-free, len(recent) - 1)] + WINDOW if recent else now + WINDOW
        return Fold(hold_until=until, why=f"{len(recent)} messages in ten minutes: the rest comes in one")
    scarce = free <= limit // 3
    if scarce and not critical and recent and now - recent[-1] < SPACING:
        return Fold(hold_until=recent[-1] + SPACING, why="many messages: gathering the next ones into one")
    return Fold(fold=waiting > 1 and (flood or waiting >= FOLD_AT or waiting >= free))


def usual_rate(before: float | None, count: int, elapsed: timedelta) -> float:
    """Return the smoothed number of alerts in ten minutes, after `count` more of them in `elapsed`."""
    if elapsed <= timedelta(0):
        return before or 0.0
    rate = count / (elapsed / WINDOW) if elapsed > WINDOW else float(count)
    if before is None:
        return rate
    keep = math.exp2(-(elapsed / HALF_LIFE))
    return before * keep + rate * (1 - keep)
