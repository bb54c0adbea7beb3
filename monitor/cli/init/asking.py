"""Questions and answers, in a terminal or through a pipe. What makes no sense is asked again, with the reason."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TextIO, TypeVar

from monitor.demo.screen import Screen
from monitor.errors import UsageError
from monitor.text import terminal

T = TypeVar("T")
Read = Callable[[str], T]
"""Makes a value of an answer; raises ValueError with a sentence that says what would be taken."""

MOST = 200  # answers to one question
LONGEST = 10_000  # characters of one


class Asker:
    """Asks. Every question can be answered with `?` for more words about it."""

    def __init__(self, screen: Screen, stream: TextIO) -> None:
        self.screen = screen
        self._stream = stream
        self._typed = stream.isatty()
        if self._typed:
            import readline  # noqa: F401  lets arrows and deletion work while one types

    def ask(self, question: str, read: Read[T], *, more: str = "") -> T:
        """Ask until an answer can be read."""
        self.screen.say(question)
        while True:
            try:
                return read(self._line("> ", more))
            except ValueError as error:
                self._complain(error)

    def ask_many(self, question: str, read: Read[T], *, more: str = "") -> list[T]:
        """Ask for one answer a line, until an empty one."""
        self.screen.say(question)
        found: list[T] = []
        while len(found) < MOST and (line := self._line("> ", more)):
            try:
                found.append(read(line))
            except ValueError as error:
                self._complain(error)
        return found

    def ask_secret(self, question: str, read: Read[T]) -> T:
        """Ask for something that is not shown while it is typed."""
        self.screen.say(question)
        while True:
            try:
                return read(getpass.getpass("> ").strip() if self._typed else self._line("> ", ""))
            except ValueError as error:
                self._complain(error)

    def _line(self, prompt: str, more: str) -> str:
        while True:
            line = self._typed_line(prompt) if self._typed else self._piped_line()
            if line != "?" or not more:
                return line
            self.screen.note(more)

    def _typed_line(self, prompt: str) -> str:
        try:
            return input(prompt).strip()
        except EOFError:
            raise _ended() from None

    def _piped_line(self) -> str:
        line = self._stream.readline(LONGEST)
        if not line:
            raise _ended()
        return line.strip()

    def _complain(self, error: ValueError) -> None:
        self.screen.note(terminal(str(error)))


def _ended() -> UsageError:
    return UsageError("the answers ended before the last question; nothing was written")
