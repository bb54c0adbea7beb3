"""The system around the daemon: signals, the service manager, the lock, what the machine allows."""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from monitor import logs
from monitor.clock import Clock
from monitor.daemon.pulse import is_wrong
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.daemon.loop import Daemon

TRY_EVERY = 0.5  # seconds between two tries to get the lock: a dead predecessor is followed within two
OWN_FILES = 24  # descriptors that are open whatever is done: streams, database, lock, parsers
FILES_A_WORKER = 4  # a line to a site, and a connection to the database with its log
PATIENCE = 1.0  # seconds for a service manager that does not read

log = structlog.get_logger()


@contextmanager
def signals(daemon: Daemon, *, also: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the daemon (and call `also`), at once the second time; SIGHUP changes its ways."""
    asked: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        asked.append(number)
        also()
        daemon.stop()
        if len(asked) > 1:
            daemon.hurry()

    handlers: dict[int, Callable[[int, FrameType | None], object]] = {
        signal.SIGTERM: end,
        signal.SIGINT: end,
        signal.SIGHUP: daemon.reload,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        with logs.unforeseen():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def notify(state: str) -> None:
    """Tell the service manager how we are.

    https://www.freedesktop.org/software/systemd/man/sd_notify.html.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(PATIENCE)
            sender.connect(address)
            sender.sendall(state.encode())
    except OSError as error:
        log.warning("service manager not reached", why=str(error))


def hold_lock(store: Store, *, now: Clock, say: Callable[[str], None], stop: threading.Event) -> bool:
    """Wait until the clock is right and this process is the one that runs; says so when it has to wait.

    Returns False when stopped meanwhile.
    """
    words = f"the clock of this machine says {now():%Y-%m-%d}, which cannot be: waiting until it is set"
    if not _wait(lambda: not is_wrong(now()), lambda: words, say, stop):
        return False
    return _wait(lambda: store.lock(now()), lambda: _who(store), say, stop)


def _who(store: Store) -> str:
    holder = store.lock_holder()
    return f"another monitor{f' ({holder})' if holder else ''} runs on this database; waiting for it to end"


def _wait(
    done: Callable[[], bool], words: Callable[[], str], say: Callable[[str], None], stop: threading.Event
) -> bool:
    said = False
    while not done():
        if not said:
            said = True
            say(words())
            notify(f"STATUS={words()}")
        if stop.wait(TRY_EVERY):
            return False
    return True


def warn_of_root() -> None:
    """Say that the daemon needs no rights of root, where it has them."""
    if os.geteuid() == 0:
        log.warning("runs as root", advice="give it a user of its own; docs/operations.md says how")


def threads_that_fit(workers: int, senders: int) -> tuple[int, int]:
    """Return how many workers and senders the machine has file descriptors for, and say when these are fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = OWN_FILES + FILES_A_WORKER * (workers + senders)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return workers, senders
    soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    found = fitting(soft, workers, senders)
    if found != (workers, senders):
        advice = f"raise it to {needed}: ulimit -n, or LimitNOFILE of the service"
        log.warning("few file descriptors", limit=soft, workers=found[0], wanted=workers, advice=advice)
    return found


def fitting(limit: int, workers: int, senders: int) -> tuple[int, int]:
    """Return how many of the workers and senders that many file descriptors are enough for, one of each at least."""
    room = (limit - OWN_FILES) // FILES_A_WORKER
    fewer = max(1, min(senders, room // 3 if room < workers + senders else senders))
    return max(1, min(workers, room - fewer)), fewer
