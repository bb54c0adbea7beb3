"""The one thread that writes. Jobs come to it from all others; while the database does not answer they wait."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from monitor.errors import StoreError
from monitor.store import Connection, Store

T = TypeVar("T")
Job = Callable[[], None]

log = structlog.get_logger()


class Writer:
    """Runs what is to be written, one job after the other, on the thread that made it (or adopted it).

    A job that fails because the database does not answer is kept and done again later: what it has to
    write down has happened. One that fails for another reason is logged: it must not end the watch.
    A database that is lost for good raises StoreError, and that does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._kept: deque[Job] = deque()
        self._thread = threading.get_ident()
        self.trouble: StoreError | None = None

    def adopt(self) -> None:
        """Make the calling thread the one that writes."""
        self._thread = threading.get_ident()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run some work on a connection that only reads, on the calling thread."""
        with self._store.read() as conn:
            return work(conn)

    def write(self, work: Callable[[Connection], T], *, within: float | None = None) -> T:
        """Run some work in one transaction on the writing thread, and wait for its result.

        Another thread may wait at most `within` seconds; then StoreError is raised, and the work is still done when
        the database answers again.
        """
        if threading.get_ident() == self._thread:
            with self._store.write() as conn:
                return work(conn)
        done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def job() -> None:
            try:
                with self._store.write() as conn:
                    result = work(conn)
                done.put((result, None))  # after the commit: whoever waits may tell others that it is written down
            except StoreError as error:
                done.put((None, error))
                self._note(error)
            except Exception as error:  # noqa: BLE001  # handed to the thread that asked
                done.put((None, error))

        self._jobs.put(job)
        try:
            result, error = done.get(timeout=within)
        except queue.Empty:
            raise StoreError("the database has not answered in time", permanent=False) from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # what `work` returned

    def put(self, job: Job) -> None:
        """Have a job done by the writing thread, soon. Safe to call from a signal handler."""
        self._jobs.put(job)

    @property
    def idle(self) -> bool:
        """Say whether no job waits."""
        return self._jobs.empty() and not self._kept

    def work(self, timeout: float) -> None:
        """Do one job, waiting for it at most that long."""
        try:
            job = self._jobs.get(timeout=timeout) if timeout > 0 else self._jobs.get_nowait()
        except queue.Empty:
            return
        if self.trouble is not None or not self.guarded(job):
            self._kept.append(job)

    def guarded(self, job: Job) -> bool:
        """Run a job; False when it has to be done again because the database does not answer."""
        try:
            job()
        except StoreError as error:
            self._note(error)
            return False
        except Exception as error:
            log.exception("job failed", kind=type(error).__name__)
        return True

    def _note(self, error: StoreError) -> None:
        if error.permanent:
            raise error
        if self.trouble is None:
            log.error("database does not answer", why=str(error))
        self.trouble = error

    def recover(self) -> bool:
        """Ask whether the database answers again; if so, what was kept comes first."""
        if not self.guarded(lambda: self.write(_nothing)):
            return False
        self.trouble = None
        kept, self._kept = self._kept, deque()
        log.info("database answers again", kept=len(kept))
        while kept:
            job = kept.popleft()
            if not self.guarded(job):
                self._kept.extend([job, *kept])
                return False
        return True


def _nothing(_: Connection) -> None:
    """Do nothing, in a transaction: that is how a database is asked whether it is there."""
