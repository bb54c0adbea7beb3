"""What is pushed to us: believed, pursued and stored before the sender hears that it is.

Everything happens on the thread of the listener's that has the connection; only the transaction is the writer's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from monitor import polling
from monitor.config import SourceSettings
from monitor.errors import LookError, MonitorError, RefusedError, StoreError, UsageError
from monitor.exchange import Page
from monitor.store import Connection

if TYPE_CHECKING:
    from monitor.daemon.loop import Daemon

AT_ONCE = 100  # pushes a source may send without a pause
A_SECOND = 10  # and then so many a second
WITHIN = 8.0  # seconds for the transaction: most senders give up after ten
AGAIN = timedelta(seconds=30)  # after what is our own trouble

log = structlog.get_logger()


class Arrivals:
    """Takes in what is pushed to the sources of a daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._turn = threading.Lock()
        self._rooms: dict[str, tuple[float, datetime]] = {}  # how many a source may still send, and as of when

    def takes(self, name: str) -> bool:
        """Say whether there is a source of that name to which things are pushed."""
        source = self._daemon.by_name.get(name)
        return source is not None and source.build().receives

    def greet(self, name: str, params: Mapping[str, str]) -> str:
        """Return what a site wants to read before it pushes. Raises UsageError for anybody else."""
        return self._source(name).build().greet(params)

    def take(self, name: str, headers: Mapping[str, str], body: bytes) -> polling.Taken:
        """Store what was pushed, and what it leads to; return what that changed.

        Raises UsageError for what is not to be believed, ParseError for another shape, RefusedError for too many,
        LookError for what it leads to and cannot be read now, StoreError when nothing can be written now.
        """
        try:
            taken = self._take(name, headers, body)
        except MonitorError as error:
            with self._turn:
                self._daemon.counts.refused_pushes += 1
            log.warning("push refused", source=name, why=str(error)[:300])
            raise
        with self._turn:
            self._daemon.counts.pushes += 1
        log.info("push taken", source=name, new=taken.new, edited=taken.edited, known=taken.known)
        return taken

    def refuse(self, name: str, why: str) -> None:
        """Count a push that the listener did not even read."""
        with self._turn:
            self._daemon.counts.refused_pushes += 1
        log.warning("push refused", source=name, why=why)

    def _take(self, name: str, headers: Mapping[str, str], body: bytes) -> polling.Taken:
        daemon, now = self._daemon, self._daemon.now()
        source = self._source(name)
        pages = [(source, polling.believe(source, headers, body, now)), *self._others(source, headers, body, now)]
        self._make_room(name, now)
        if not daemon.takes_more:
            raise StoreError("nothing can be written just now", permanent=False, retry_after=AGAIN)
        tools, routing = daemon.tools, daemon.routing
        looks = [(one, polling.pursue(one, page, tools)) for one, page in pages]

        def work(conn: Connection) -> list[polling.Taken]:
            return [polling.take_recheck(conn, look, one, routing, daemon.now()) for one, look in looks]

        taken = daemon.writer.write(work, within=WITHIN)
        daemon.send_soon()
        if error := next((look.error for _, look in looks if look.error is not None), None):
            raise error
        new, edited = sum(one.new for one in taken), sum(one.edited for one in taken)
        return polling.Taken(new, edited, sum(len(look.seen) for _, look in looks) - new - edited)

    def _source(self, name: str) -> SourceSettings:
        source = self._daemon.by_name.get(name)
        if source is None:
            raise UsageError("there is no such source")  # it went while the body was read
        return source

    def _others(
        self, source: SourceSettings, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[tuple[SourceSettings, Page]]:
        """Return what the push holds for other sources: an app may have one address for all of its accounts."""
        found = []
        for other in self._daemon.by_name.values():
            if source.kind.one_address and other.connector == source.connector and other.name != source.name:
                try:
                    found.append((other, polling.believe(other, headers, body, now)))
                except (UsageError, LookError):
                    continue  # it belongs to another app
        return found

    def _make_room(self, name: str, now: datetime) -> None:
        with self._turn:
            room, since = self._rooms.get(name, (float(AT_ONCE), now))
            room = min(float(AT_ONCE), room + max(0.0, (now - since).total_seconds()) * A_SECOND)
            self._rooms[name] = (max(0.0, room - 1), now)
        if room < 1:
            why = f"more than {A_SECOND} pushes a second: put several reviews into one, or send slower"
            raise RefusedError(why, code="throttled", retry_after=timedelta(seconds=1))
