"""How many lines a minute: the first of a kind go through, the rest are counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from monitor import clock

LINES_A_MINUTE = 20  # of one event, or of all that goes wrong, about one source or channel
KEPT_FOR_NEW = 5  # of these, for what has not been said in this minute
MOST_KINDS = 50_000
TROUBLE = "trouble"

Kind = tuple[str, str, str]


@dataclass(slots=True)
class _Minute:
    began: float
    lines: int = 0
    left_out: int = 0
    said: set[str] = field(default_factory=set)


class Flood:
    """Lets a few lines of a kind through each minute and counts the others.

    What goes wrong is counted by source or channel whatever its words: a fault that alternates
    between two texts is one flood, too.
    """

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._minutes: dict[Kind, _Minute] = {}
        self._counted: dict[Kind, int] = {}

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Let an event through, or drop it."""
        if not self._passes(_kind(method, event), str(event.get("event"))[:200]):
            raise structlog.DropEvent
        return event

    def _passes(self, kind: Kind, said: str) -> bool:
        now = self._monotonic()
        with self._lock:
            minute = self._minutes.get(kind)
            if minute is None or now - minute.began >= 60:
                self._close(kind, minute)
                minute = self._minutes[kind] = _Minute(now)
            most = LINES_A_MINUTE - (KEPT_FOR_NEW if said in minute.said else 0)
            if minute.lines >= most:
                minute.left_out += 1
                return False
            minute.lines += 1
            minute.said.add(said)
            return True

    def _close(self, kind: Kind, minute: _Minute | None) -> None:
        if minute is not None and minute.left_out:
            self._counted[kind] = self._counted.get(kind, 0) + minute.left_out
        if len(self._minutes) > MOST_KINDS:
            self._minutes.clear()

    def left_out(self, *, everything: bool = False) -> list[tuple[dict[str, str], int]]:
        """Return how many lines of which kind were left out since the last time."""
        now = self._monotonic()
        with self._lock:
            for kind, minute in list(self._minutes.items()):
                if everything or now - minute.began >= 60:
                    self._close(kind, minute)
                    self._minutes.pop(kind, None)
            counted, self._counted = self._counted, {}
        return [(_facts(kind), count) for kind, count in counted.items()]


def _kind(method: str, event: MutableMapping[str, Any]) -> Kind:
    about = str(event.get("source", ""))[:200], str(event.get("channel", ""))[:200]
    if method in ("debug", "info"):
        return str(event.get("event"))[:200], *about
    return TROUBLE, *about


def _facts(kind: Kind) -> dict[str, str]:
    of, source, channel = kind
    return {"of": of, **({"source": source} if source else {}), **({"channel": channel} if channel else {})}
