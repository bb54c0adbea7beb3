"""Turns at a host: between two requests to it lies the gap that it takes."""

from __future__ import annotations

import threading
from datetime import timedelta

from monitor.clock import monotonic
from monitor.errors import FetchError

LONGEST_TURN = timedelta(seconds=60)  # a bite lasts no longer
MAX_HOSTS = 10_000


class Pacing:
    """When each host was or will be asked last. Shared by all sessions, thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._stopped = threading.Event()

    def wait(self, host: str, gap: timedelta) -> None:
        """Wait for a turn at `host`.

        Raises FetchError (deadline, with the time to wait) at once when the turn would come later than
        `LONGEST_TURN`, and (stopped) when the program ends.
        """
        seconds = self._book(host, gap.total_seconds())
        if seconds > 0 and self._stopped.wait(seconds):
            raise FetchError(f"{host}: not asked, the program is stopping", code="stopped")

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()

    def is_stopped(self) -> bool:
        """Say whether nobody waits any longer."""
        return self._stopped.is_set()

    def _book(self, host: str, gap: float) -> float:
        with self._lock:
            now = monotonic()
            turn = max(now, self._last.get(host, now - gap) + gap)
            if turn - now > LONGEST_TURN.total_seconds():
                wait = timedelta(seconds=turn - now)
                raise FetchError(f"{host}: too many requests are waiting for it", code="deadline", retry_after=wait)
            self._last.pop(host, None)
            self._last[host] = turn
            if len(self._last) > MAX_HOSTS:
                del self._last[next(iter(self._last))]
            return turn - now
