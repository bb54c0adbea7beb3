"""One request under way: with whom, until when, and how far it has come."""

from __future__ import annotations

from datetime import timedelta

from monitor.clock import monotonic
from monitor.errors import FetchError


class Errand:
    """The time left and the words for what goes wrong. Used by one thread.

    Every wait of a request, from the name to the last byte after the last redirect, asks
    `left()` how long it may take: so the sum has one end, however slowly the other side drips.
    """

    __slots__ = ("_ends", "host", "sent", "span")

    def __init__(self, host: str, span: timedelta) -> None:
        self.host = host
        self.span = span.total_seconds()
        self.sent = False  # a whole request has left: it may have had its effect
        self._ends = monotonic() + self.span

    def left(self) -> float:
        """Return the seconds left. Raises FetchError (deadline) when there are none."""
        left = self._ends - monotonic()
        if left <= 0:
            raise self.too_late()
        return left

    def too_late(self) -> FetchError:
        """Return the error for a deadline that has passed."""
        return self.failed("deadline", f"no whole answer within {self.span:g} s")

    def failed(self, code: str, what: str, *, status: int | None = None, permanent: bool | None = None) -> FetchError:
        """Return an error that names the host, and nothing more of the address."""
        return FetchError(f"{self.host}: {what}", code=code, status=status, permanent=permanent, sent=self.sent)
