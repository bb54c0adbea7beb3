"""The one place that asks what time it is.

Everything else receives `now`, an aware UTC instant. A test passes its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never run backwards, for deadlines and durations only."""
    return time.monotonic()


def use_utc() -> None:
    """Make the process's local zone UTC, before anything reads it.

    `schedule` counts in naive local time: in Europe/Berlin a job of sixty seconds once
    paused for sixty-one minutes at the end of summer time.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()


def aware(moment: datetime) -> datetime:
    """Return `moment` in UTC. Raises ValueError when it carries no zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be placed: give it one first")
    return moment.astimezone(UTC)
