"""Rows as CSV: RFC 4180, UTF-8, no formula for any spreadsheet.

Rows end with CRLF, and a lone CR or LF in a text is quoted, so that one row stays one row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any

from monitor.store.export import COLUMNS
from monitor.text.cells import EQUALS, SIGNS, UNSEEN, guard

MARK = "\ufeff"  # tells Excel that it is UTF-8

TEXTS = tuple(kind in ("text", "json") for kind in COLUMNS.values())

# A finished line in which a cell may need guarding: looks one or two characters back from each sign, finds a few
# lines too many and none too few. One search a line instead of twenty-seven a row, and one set of characters to
# begin with, which is four times as fast as three.
_SIGN = f"[{SIGNS}\t|｜']"
_BEFORE = f',;|\t\r\n"{UNSEEN}'
_SUSPECT = re.compile(
    f"[{SIGNS}\t|｜'\r\n\0]"
    f"(?:(?<=[{_BEFORE}']{_SIGN})|(?<=[{_BEFORE} ] {_SIGN})|(?<=[ ,:'][{EQUALS}])|(?<=[\"{UNSEEN} ][\r\n])|(?<=\0))"
)


class _Lines:
    """Collects what a csv.writer writes: one call a row."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.write: Callable[[str], object] = self.lines.append


def write_csv(pages: Iterable[Sequence[Sequence[Any]]], stream: IO[bytes], *, excel: bool = False) -> int:
    """Write all rows with a header, and return how many. `excel` puts a byte-order mark first."""
    collected = _Lines()
    lines = collected.lines
    writer = csv.writer(collected)
    writer.writerow(COLUMNS)
    stream.write(f"{MARK if excel else ''}{lines.pop()}".encode())
    count = 0
    suspect = _SUSPECT.search
    for page in pages:
        writer.writerows(page)
        found = [number for number, line in enumerate(lines) if suspect(line)]
        _guard_lines(lines, page, found)
        stream.write("".join(lines).encode())
        lines.clear()
        count += len(page)
    return count


def _guard_lines(lines: list[str], page: Sequence[Sequence[Any]], numbers: Iterable[int]) -> None:
    again = _Lines()
    writer = csv.writer(again)
    for number in numbers:
        writer.writerow(map(_cell, page[number], TEXTS))
        lines[number] = again.lines.pop()


def _cell(value: Any, is_text: bool) -> Any:
    return guard(value.replace("\0", "\ufffd")) if is_text and value else value
