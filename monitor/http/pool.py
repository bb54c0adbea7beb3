"""Connections that are kept for the next request to the same place."""

from __future__ import annotations

import threading

import httpcore

from monitor.clock import monotonic
from monitor.http.address import Address, Origin
from monitor.http.wire import MAX_HEAD, Wire

MAX_IDLE = 32  # connections in all
IDLE_SECONDS = 15.0  # servers close theirs after 5 to 75

# A connection to a private address serves only those who may go there: it was checked for them, once.
Key = tuple[Origin, bool]


class _Connection(httpcore.HTTP11Connection):
    MAX_INCOMPLETE_EVENT_SIZE = MAX_HEAD


class Line:
    """One connection: the wire, and httpcore speaking HTTP/1.1 over it."""

    __slots__ = ("http", "kept_at", "key", "used", "wire")

    def __init__(self, key: Key, wire: Wire, address: Address) -> None:
        self.key = key
        self.wire = wire
        origin = httpcore.Origin(address.scheme.encode(), address.host.encode(), address.port)
        self.http = _Connection(origin, wire)
        self.used = False  # has carried an answer before
        self.kept_at = 0.0

    def is_fit(self) -> bool:
        """Say whether it can carry another request."""
        return self.http.is_idle() and not self.http.has_expired()

    def close(self) -> None:
        """Close it."""
        self.http.close()


class Lines:
    """The connections of all sessions. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Line] = []  # the longest idle first
        self._busy: set[Line] = set()
        self.closed = False

    def take(self, key: Key) -> Line | None:
        """Return an idle connection for `key`, or None."""
        tired: list[Line] = []
        try:
            with self._lock:
                self._drop_old(tired)
                for line in reversed(self._idle):
                    if line.key == key:
                        self._idle.remove(line)
                        if line.is_fit():
                            self._busy.add(line)
                            return line
                        tired.append(line)
            return None
        finally:
            for line in tired:
                line.close()

    def add(self, line: Line) -> bool:
        """Note a new connection that is in use. False: everything is being closed, this one too."""
        with self._lock:
            if not self.closed:
                self._busy.add(line)
        return not self.closed

    def give_back(self, line: Line) -> None:
        """Keep a connection for later, or close it when it has had its day."""
        tired: list[Line] = []
        with self._lock:
            self._busy.discard(line)
            if self.closed or not line.http.is_idle():
                tired.append(line)
            else:
                line.used = True
                line.kept_at = monotonic()
                self._idle.append(line)
                if len(self._idle) > MAX_IDLE:
                    tired.append(self._idle.pop(0))
        for line in tired:
            line.close()

    def close(self) -> None:
        """Close the idle ones and end what the others are doing."""
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
            for line in self._busy:
                line.wire.stop()
        for line in idle:
            line.close()

    def _drop_old(self, tired: list[Line]) -> None:
        end = monotonic() - IDLE_SECONDS
        while self._idle and self._idle[0].kept_at < end:
            tired.append(self._idle.pop(0))
