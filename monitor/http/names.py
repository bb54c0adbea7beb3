"""Names become addresses in threads of their own, because the C library's look-up cannot be told to stop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from monitor.errors import FetchError

MAX_LOOKUPS = 256  # threads; a name server that hangs holds one for each name, until the C library gives up
NAME_LIMIT = timedelta(seconds=10)

Resolver = Callable[[str], Iterable[str]]
"""A host name → its addresses as text. Raises OSError when there are none."""


def system_resolver(host: str) -> list[str]:
    """Ask the system."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Lookup:
    """One question under way; all who ask for the same name meanwhile wait for the same answer."""

    __slots__ = ("addresses", "done", "error")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.addresses: list[str] = []
        self.error: Exception | None = None


class Names:
    """Looks names up, a bounded number at a time. Thread-safe; keeps no answer."""

    def __init__(self, resolver: Resolver | None = None, limit: timedelta = NAME_LIMIT) -> None:
        self.limit = limit.total_seconds()
        self._resolver = resolver or system_resolver
        self._free = threading.BoundedSemaphore(MAX_LOOKUPS)
        self._lock = threading.Lock()
        self._under_way: dict[str, _Lookup] = {}

    def addresses(self, host: str, seconds: float) -> list[str]:
        """Return the addresses of `host`. Raises FetchError: dns (there are none), dns_timeout."""
        lookup = self._join(host, seconds)
        if lookup is None or not lookup.done.wait(seconds):
            raise FetchError(f"{host}: the name server did not answer within {seconds:g} s", code="dns_timeout")
        if lookup.error is not None or not lookup.addresses:
            raise FetchError(f"{host}: {_why(lookup.error)}", code="dns") from lookup.error
        return lookup.addresses

    def _join(self, host: str, seconds: float) -> _Lookup | None:
        with self._lock:
            lookup = self._under_way.get(host)
            if lookup is not None:
                return lookup
        if not self._free.acquire(timeout=seconds):
            return None
        with self._lock:
            if (other := self._under_way.get(host)) is not None:
                self._free.release()
                return other
            lookup = self._under_way[host] = _Lookup()
        try:
            threading.Thread(target=self._run, args=(host, lookup), name="look-up", daemon=True).start()
        except RuntimeError as error:  # this machine has no thread left
            self._end(host, lookup, error)
        return lookup

    def _run(self, host: str, lookup: _Lookup) -> None:
        try:
            lookup.addresses = list(self._resolver(host))
        except (OSError, ValueError, LookupError) as error:
            self._end(host, lookup, error)
        else:
            self._end(host, lookup)

    def _end(self, host: str, lookup: _Lookup, error: Exception | None = None) -> None:
        lookup.error = error
        with self._lock:
            del self._under_way[host]
        self._free.release()
        lookup.done.set()


def _why(error: Exception | None) -> str:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return "the name server failed for a moment"
    if isinstance(error, RuntimeError):
        return "this machine is too busy to look it up"
    return "there is no such host"
