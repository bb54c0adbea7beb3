"""What the demo prints: headings, sentences and a table, in a terminal of any width or into a pipe."""

from __future__ import annotations

import os
import shutil
import textwrap
import threading
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

NARROW, WIDE, USUAL = 40, 100, 80
PAUSE = 0.7  # seconds, so that one can read; none where nobody watches
GAP = "  "

_BOLD, _DIM, _END = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Screen:
    """A place to print on: colours, the terminal's width and pauses are for terminals only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._watched = stream.isatty()
        self._bold, self._dim, self._end = (
            (_BOLD, _DIM, _END) if self._watched and "NO_COLOR" not in os.environ else ("", "", "")
        )
        columns = shutil.get_terminal_size((USUAL, 24)).columns if self._watched else USUAL
        self.width = min(max(columns, NARROW), WIDE)

    def pause(self) -> None:
        """Give a reader time."""
        if self._watched:
            threading.Event().wait(PAUSE)

    def say(self, text: str = "", *, indent: str = "") -> None:
        """Print a paragraph."""
        for line in self._wrapped(text, indent, indent):
            self._print(line)

    def head(self, label: str, text: str = "") -> None:
        """Print a heading that begins with a label, such as the time."""
        for line in self._wrapped(f"{label}{GAP}{text}".rstrip(), "", " " * len(label + GAP)):
            self._print(f"{self._bold}{line}{self._end}")

    def note(self, text: str) -> None:
        """Print a remark, indented like what stands in a message."""
        for line in self._wrapped(text, "  ", "  "):
            self._print(f"{self._dim}{line}{self._end}")

    def item(self, text: str) -> None:
        """Print one of several sentences."""
        for line in self._wrapped(text, "- ", "  "):
            self._print(line)

    def exact(self, text: str) -> None:
        """Print a line as it stands: a path or a command is never broken in two."""
        self._print(text)

    def prompt(self, text: str) -> None:
        """Print the beginning of a line that somebody will end."""
        self._stream.write(text)
        self._stream.flush()

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; the last two columns share what the others leave and are wrapped."""
        widths = self._widths([heads, *rows])
        for line in _lines(heads, widths):
            self._print(f"{self._dim}{line}{self._end}")
        for row in rows:
            for line in _lines(row, widths):
                self._print(line)

    def _widths(self, rows: Sequence[Sequence[str]]) -> list[int]:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        room = self.width - sum(widths[:-2]) - len(GAP) * (len(widths) - 1)
        left, right = widths[-2:]
        if left + right > room:
            share = max(min(left, room * 2 // 5), 10)
            left, right = share, max(room - share, 10)
        return [*widths[:-2], left, right]

    def _wrapped(self, text: str, first: str, rest: str) -> list[str]:
        return textwrap.wrap(
            text, self.width, initial_indent=first, subsequent_indent=rest,
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip

    def _print(self, line: str) -> None:
        self._stream.write(f"{line.rstrip()}\n")
        self._stream.flush()


def _lines(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines that a row takes."""
    columns = [textwrap.wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=""):
        yield GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True))
