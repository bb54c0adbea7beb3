"""The real `monitor`, watched from outside: which phase it is in stands in a shared file, byte for byte.

    python -m tests.proofs.phased PHASES [--die-at "take: before commit:3"] [--die-in take:4:0.7] -- run --config FILE

Nothing of the product is replaced. Around each commit and each send a mark is written; at a named
one the process may be told to kill itself, as hard as `kill -9` does, or some way into the fourth
time of a phase (0.7 of what that phase took the time before).
"""

from __future__ import annotations

import functools
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("idle", "look", "take", "claim", "send", "settle", "look up")
"""The phases a kill may fall into. Where several go on at once the latest to begin counts."""
POINTS = (
    *(f"{work}: {when} commit" for work in ("lease", "take", "claim", "settle") for when in ("before", "after")),
    "send: before",
    "send: after",
)
"""The named kill points: before and after each commit and each send."""
LADDER_POINTS = ("climb: before commit", "climb: after commit")
"""Likewise around each minute in which the steps of ladders are taken."""


class Marks:
    """Writes the present phase into a file that outlives the process."""

    def __init__(self, path: Path, die_at: str | None, die_in: str | None) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 64)
        point, _, count = (die_at or "").rpartition(":")
        self._point, self._left = point, int(count or 0)
        aim, _, rest = (die_in or "").partition(":")
        times, _, way = rest.partition(":")
        self._aim, self._times, self._way = aim, int(times or 0), float(way or 0)
        self._now, self._since, self._took = "idle", time.perf_counter(), 0.001

    def phase(self, name: str) -> None:
        """Say which phase has begun."""
        now = time.perf_counter()
        if self._now == self._aim != name:
            self._took = now - self._since
        if name == self._aim != self._now:
            self._times -= 1
            if self._times == 0:
                threading.Timer(self._took * self._way, os.kill, (os.getpid(), signal.SIGKILL)).start()
        if name != self._now:
            self._now, self._since = name, now
        self._map[0:1] = bytes([NAMES.index(name)])

    def point(self, name: str) -> None:
        """Pass a named point, or die there."""
        if name == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def phase_in(path: Path) -> str:
    """Return the phase a process is, or was, in."""
    return NAMES[path.read_bytes()[0]]


def watch(marks: Marks) -> None:  # noqa: C901  # one wrapper after the other
    """Put the marks around what the daemon does."""
    from monitor import delivery, followup, polling
    from monitor.notifiers.slack import Slack
    from monitor.store import Store, sources

    work: dict[str, None] = {}  # what the present transaction has done, in order

    def named(module: Any, attribute: str, name: str, phase: str | None) -> None:
        inner: Callable[..., Any] = getattr(module, attribute)

        @functools.wraps(inner)
        def outer(*args: Any, **rest: Any) -> Any:
            work[name] = None
            if phase is not None:
                marks.phase(phase)
            result = inner(*args, **rest)
            if result is None and name == "claim":
                marks.phase("idle")
            return result

        setattr(module, attribute, outer)

    named(sources, "claim_due", "lease", None)
    named(polling, "take", "take", "take")
    named(delivery, "claim", "claim", "claim")
    named(delivery, "settle", "settle", "settle")
    named(followup, "climb", "climb", None)

    look, hand_over, write = polling.look, delivery.hand_over, Store.write

    def looking(*args: Any) -> Any:
        marks.phase("look")
        return look(*args)

    def handing(parcel: Any, fetch: Any) -> Any:
        marks.phase("look up" if parcel.look_up else "send")
        marks.point("send: before")
        handed = hand_over(parcel, fetch)
        marks.point("send: after")
        return handed

    @contextmanager
    def writing(self: Store) -> Iterator[Any]:
        work.clear()
        with write(self) as conn:
            yield conn
            done = list(work)
            for name in done:
                marks.point(f"{name}: before commit")
        for name in done:
            marks.point(f"{name}: after commit")
        if {"take", "settle"} & set(done):
            marks.phase("idle")

    polling.look, delivery.hand_over = looking, handing
    Store.write = writing  # type: ignore[method-assign]
    Slack.storm_limit = 1_000_000  # the storm guard would leave nothing to kill; it has a proof of its own


def main() -> None:
    """Run `monitor` with marks."""
    phases, *rest = sys.argv[1:]
    split = rest.index("--")
    own, arguments = rest[:split], rest[split + 1 :]
    die_at = own[own.index("--die-at") + 1] if "--die-at" in own else None
    die_in = own[own.index("--die-in") + 1] if "--die-in" in own else None
    watch(Marks(Path(phases), die_at, die_in))
    from monitor.cli import main as monitor

    monitor(arguments)


if __name__ == "__main__":
    main()
