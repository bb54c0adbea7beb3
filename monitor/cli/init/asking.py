"""Questions and answers, in a terminal or through a pipe. What makes no sense is asked again, with the reason."""

from __future__ import annotations

import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

    def __init__(self, screen: Screen, stream: TextIO, *, left: str = "nothing was written") -> None:
        self.screen = screen
        self.left = left  # what there is when the answers end too early
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

    def ask_secret(self, question: str, read: Read[T], *, unfinished: Callable[[str], bool] = lambda _: False) -> T:
        """Ask for something that is not shown while it is typed; it goes on over lines while it is `unfinished`."""
        self.screen.say(question)
        while True:
            try:
                return read(self._hidden_lines(unfinished))
            except ValueError as error:
                self._complain(error)

    def pause(self, words: str) -> None:
        """Wait until somebody has done something and types Enter; where nobody types, go on."""
        if self._typed:
            self._typed_line(words)

    def _hidden_lines(self, unfinished: Callable[[str], bool]) -> str:
        if not self._typed:
            return self._lines(unfinished)
        with _unseen(self._stream):
            self.screen.prompt("> ")  # not before: a paste may follow at once
            try:
                return self._lines(unfinished)
            finally:
                self.screen.say()

    def _lines(self, unfinished: Callable[[str], bool]) -> str:
        text = self._piped_line()
        lines = 1
        while text and unfinished(text) and lines < MOST:
            text = f"{text}\n{self._piped_line()}"
            lines += 1
        return text.strip()

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
            raise self._ended() from None

    def _piped_line(self) -> str:
        line = self._stream.readline(LONGEST)
        if not line:
            raise self._ended()
        return line.strip()

    def _complain(self, error: ValueError) -> None:
        self.screen.note(terminal(str(error)))

    def _ended(self) -> UsageError:
        return UsageError(f"the answers ended before the last question; {self.left}")


@contextmanager
def _unseen(stream: TextIO) -> Iterator[None]:
    """Show nothing of what is typed or pasted; all of its lines arrive, which getpass would throw away."""
    line = stream.fileno()
    before = termios.tcgetattr(line)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(line, termios.TCSADRAIN, silent)
        yield
    finally:
        termios.tcsetattr(line, termios.TCSADRAIN, before)
