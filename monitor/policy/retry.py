"""When to try again and when to look again. `chance` is a random number from 0 to 1 that the caller draws."""

from __future__ import annotations

from datetime import datetime, timedelta

SHORTEST = timedelta(seconds=5)
LONGEST = timedelta(seconds=90)
GIVE_UP = 6_720  # tries; a week of the longest wait: an outage of days drops nothing
FIRST_RETRY = timedelta(minutes=5)  # after a failed look, however seldom the source is looked at
CALM_RETRY = timedelta(minutes=30)  # what the wait after failures grows to, at least


def next_try(attempts: int, now: datetime, asked: timedelta | None = None, *, chance: float = 0.5) -> datetime | None:
    """Return when to try a delivery again, or None to give up.

    Waits double from five seconds to ninety. A channel that names its own time
    (`asked`) is believed, unless that is sooner than ours.
    """
    if attempts >= GIVE_UP:
        return None
    doubled = SHORTEST * (1 << min(max(attempts - 1, 0), 10))
    wait = min(max(min(doubled, LONGEST) * (0.9 + 0.2 * chance), SHORTEST), LONGEST)
    return now + max(wait, asked or timedelta(0))


def next_poll(
    every: timedelta,
    now: datetime,
    failures: int = 0,
    asked: timedelta | None = None,
    *,
    fastest: timedelta = timedelta(minutes=1),
    chance: float = 0.5,
) -> datetime:
    """Return when to look at a source again.

    Up to a twentieth early, so that sources do not march in step, and never faster than `fastest`. After
    failures first soon, then doubling up to `every` or half an hour. What the site `asked` for is
    believed, unless that is sooner than ours.
    """
    if failures > 0:
        first = max(min(every, FIRST_RETRY), fastest)
        wait = min(first * (1 << min(failures - 1, 12)), max(every, CALM_RETRY))
        wait *= 0.9 + 0.2 * chance
    else:
        wait = every * (1 - 0.05 * chance)
    return now + max(wait, fastest, asked or timedelta(0))
