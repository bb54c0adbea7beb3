"""Where lines go: a stream that swallows what cannot be written, and waits for no reader."""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from typing import TextIO

PATIENCE = 1000  # milliseconds for a pipe that nobody reads
CHUNK = 4096  # bytes that a pipe takes at once when it takes any


class Stream:
    """Lines to a stream, whole ones only. Thread-safe.

    Where it is a real one its descriptor is written to, past Python's buffer: what could not be
    written there would be tried again at the end of the process, and make that end a failure.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._descriptor = _descriptor(stream)
        self._patience = PATIENCE
        self._broken_off = False  # the last line was written by half

    def msg(self, line: str) -> None:
        """Write a line, or lose it."""
        with self._lock, suppress(OSError, ValueError):  # disk full, pipe closed, terminal gone: the watch goes on
            self._write(f"{line}\n")

    debug = info = warning = error = critical = exception = fatal = log = msg

    def _write(self, line: str) -> None:
        if self._descriptor is None:
            if self._stream is not None:
                self._stream.write(line)
                self._stream.flush()
            return
        left = ("\n" * self._broken_off + line).encode("ascii", "backslashreplace")
        while left and self._takes_more():
            left = left[os.write(self._descriptor, left[:CHUNK]) :]
            self._broken_off = bool(left)

    def _takes_more(self) -> bool:
        waiting = select.poll()
        waiting.register(self._descriptor or 0, select.POLLOUT)
        ready = bool(waiting.poll(self._patience))
        self._patience = PATIENCE if ready else 0  # whoever was slow once is not waited for again
        return ready


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError, AttributeError):
        return None
