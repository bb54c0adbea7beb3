"""The heartbeat: `schedule` ticks, and a clock that jumps is noticed.

`schedule` counts by the wall clock: set back by an hour, it would stand still for an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import schedule

from monitor.clock import Clock

BACK = timedelta(seconds=30)  # a clock that is set right goes back by less
FORWARD = timedelta(minutes=30)  # asleep, or stopped, or set: an absence worth a word
LONGEST_WAIT = 1.0  # seconds until somebody looks at the clock again
EARLIEST = datetime.fromisoformat("2025-01-01T00:00:00+00:00")  # this program is younger than that


class Pulse:
    """Jobs that are run every so many seconds, whatever the clock does."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._seen = now()
        self._beat = schedule.Scheduler()
        self._jobs: list[tuple[int, Callable[[], object]]] = []

    def every(self, seconds: int, job: Callable[[], object]) -> None:
        """Run a job every so many seconds from now on."""
        self._jobs.append((seconds, job))
        self._beat.every(seconds).seconds.do(job)

    def beat(self) -> None:
        """Run what is due."""
        self._beat.run_pending()

    def wait(self) -> float:
        """Return the seconds until something is due, at most one."""
        return min(max(0.0, self._beat.idle_seconds or 0.0), LONGEST_WAIT)

    def jump(self) -> timedelta | None:
        """Return how far the clock has jumped since the last time somebody asked; None when it has not.

        Negative: it was set back. Call it at least once a second: an hour asleep is a jump as well.
        """
        before, self._seen = self._seen, self._now()
        leap = self._seen - before
        if leap <= -BACK:
            self._begin_anew()
            return leap
        return leap if leap >= FORWARD else None

    def _begin_anew(self) -> None:
        self._beat.clear()
        for seconds, job in self._jobs:
            self._beat.every(seconds).seconds.do(job)


def is_wrong(now: datetime) -> bool:
    """Say whether a clock cannot be right: machines without a battery begin in 1970."""
    return now < EARLIEST
