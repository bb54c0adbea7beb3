"""A program in a terminal of its own, as somebody uses it: what it shows, what is typed, how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

INKS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CONTROL_C = "\x03"
CONTROL_D = "\x04"


class Terminal:
    """A program in a terminal; ends it when the block ends."""

    def __init__(self, command: Sequence[str], *, folder: Path, env: Mapping[str, str], columns: int = 80) -> None:
        self.raw = ""
        self._status: int | None = None
        self.pid, self._line = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
                os.execve(command[0], list(command), dict(env))
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self._line)

    @property
    def shown(self) -> str:
        """Everything that was shown so far, without colours."""
        return INKS.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, words: str, within: float = 30) -> None:
        """Wait until something is shown that was not there when one last waited."""
        end = time.monotonic() + within
        begin = getattr(self, "_seen", 0)
        while (at := self.shown.find(words, begin)) < 0:
            assert time.monotonic() < end, f"{words!r} did not come; what came:\n{self.shown[-2000:]}"
            assert self._read(0.2) or self._status is None, f"it ended without {words!r}:\n{self.shown[-2000:]}"
        self._seen = at + len(words)

    def type(self, words: str) -> None:
        """Type something; a line ends with a line end."""
        os.write(self._line, words.encode())

    def end(self, within: float = 30) -> int:
        """Wait until the program has ended, and return its exit code."""
        end = time.monotonic() + within
        while not self._has_ended():
            assert time.monotonic() < end, f"it did not end; what came:\n{self.shown[-2000:]}"
        assert self._status is not None
        return self._status

    def interrupt(self, sign: str = CONTROL_C, within: float = 30) -> int:
        """Type Ctrl-C, again where it was not heard as people do, until the program has ended."""
        end = time.monotonic() + within
        again = 0.0
        while not self._has_ended():
            assert time.monotonic() < end, f"it did not end; what came:\n{self.shown[-2000:]}"
            if time.monotonic() > again:
                # Between its prompt and its wait for a key, readline takes a signal without waking up.
                self.type(sign)
                again = time.monotonic() + 3
        assert self._status is not None
        return self._status

    def _has_ended(self) -> bool:
        if self._status is None and not self._read(0.1):
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    def _read(self, within: float) -> bool:
        ready, _, _ = select.select([self._line], [], [], within)
        if not ready:
            return False
        try:
            part = os.read(self._line, 65536)
        except OSError:  # the other side is closed
            time.sleep(0.01)
            return False
        self.raw += part.decode("utf-8", "replace")
        return bool(part)
