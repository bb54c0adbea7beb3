"""What the commands print: tables and records that no text of a stranger disarranges, in any width.

Nothing here colours, moves the cursor or sets a title. On a terminal a table fits its width; in a pipe it is
as wide as it is. Whoever wants the whole of a long text asks for one mention, or for JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from monitor import clock

GAP = "  "
NARROWEST = 20
LONGEST = 160  # characters of a cell that may be cut, where no terminal sets its width
MAX_CELL = 4_000  # characters of any cell
SHOW_EVERY = 0.1  # seconds between two counts of long work

# Terminals disagree about how wide these make the letter before them.
_UNEVEN = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_BLANKS = re.compile("[ \t\n]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. One with `least` may become that narrow: wrapped, or else cut with a mark."""

    name: str
    least: int | None = None
    wraps: bool = False
    spare: bool = False  # left out where there is no room for it


def terminal(text: str) -> str:
    """Return the text as it may be printed; loads what that takes when something is printed, and not before."""
    from monitor.text import terminal as printable

    return printable(text)


def say(text: str) -> None:
    """Print a line for a person to standard error; standard output is for what was asked for."""
    print(terminal(text.replace("\t", " ")), file=sys.stderr)


def show(text: str, *, lead: str = "", indent: str | None = None) -> None:
    """Print a paragraph behind `lead`, wrapped where somebody watches; its further lines behind `indent`."""
    width, rest = room(), lead if indent is None else indent
    for number, line in enumerate(wrapped(_plain(text), (width or sys.maxsize) - max(len(lead), len(rest)))):
        print(f"{rest if number else lead}{_ordered(line)}".rstrip())


def show_json(value: Any) -> None:
    """Print a value as JSON, ASCII only, so that it is safe in any terminal and any pipe."""
    print(json.dumps(value, indent=2, default=_jsonable))


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


# --- width ---------------------------------------------------------------------------------------


def room() -> int | None:
    """Return how many columns there are to fill; None where the output goes elsewhere than to a terminal."""
    if not (_is_terminal(sys.stdout) or os.environ.get("COLUMNS", "").isdecimal()):
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def _is_terminal(stream: Any) -> bool:
    with suppress(AttributeError, ValueError):  # closed, or never there
        return bool(stream.isatty())
    return False


@cache
def _columns(letter: str) -> int:
    from rich.cells import cell_len

    if unicodedata.category(letter) == "Mc":  # vowels of Indian scripts: rich says 0, nearly all terminals say 1
        return 1
    return cell_len(letter)


def columns(text: str) -> int:
    """Return how many columns a terminal gives the text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, width: int) -> str:
    """Return the text in at most `width` columns, the last of them "…" when something was left out."""
    if columns(text) <= width:
        return text
    return f"{text[: _fitting(text, width - 1)].rstrip()}…"


def _fitting(text: str, width: int) -> int:
    """Return how many characters of the text fit, marks on the last one included."""
    used = 0
    for place, letter in enumerate(text):
        used += _columns(letter)
        if used > width:
            return place
    return len(text)


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the text in lines of at most `width` columns, broken at blanks where there are some."""
    line, used = "", 0
    for word in text.split(" "):
        size = columns(word)
        if line and used + 1 + size > width:
            yield line
            line, used = "", 0
        while size > width:
            fits = max(1, _fitting(word, width))
            yield word[:fits]
            word = word[fits:]
            size = columns(word)
        line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    yield line


def _plain(value: object) -> str:
    """Return a value on one line, with controls as visible escapes and nothing that takes no place or two."""
    if value is None:
        return ""
    return _UNEVEN.sub("", terminal(_BLANKS.sub(" ", str(value)).strip()))


def _ordered(text: str) -> str:
    """Return a line in which what is written from right to left takes nothing beside it along."""
    from monitor.text import in_order

    return in_order(f"{text} ")[:-1] if _is_terminal(sys.stdout) else text


# --- tables --------------------------------------------------------------------------------------


def show_table(columns_: Sequence[Column | str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows under the names of their columns; a column in which nothing stands is left out.

    Where there is no room for a table, each row becomes a record of `name  value` lines.
    """
    if not rows:
        show(empty)
        return
    wanted = [column if isinstance(column, Column) else Column(column) for column in columns_]
    cells = [[_plain(value)[:MAX_CELL] for value in row] for row in rows]
    filled = [n for n, _ in enumerate(wanted) if any(row[n] for row in cells)]
    lines = _table([wanted[n] for n in filled], [[row[n] for n in filled] for row in cells], room())
    if lines is None:
        lines = _records([wanted[n] for n in filled], [[row[n] for n in filled] for row in cells], room() or NARROWEST)
    for line in lines:
        print(line)


def _table(wanted: list[Column], cells: list[list[str]], width: int | None) -> Iterator[str] | None:
    widths = _widths(wanted, cells, width)
    if widths is None:
        spare = next((n for n, column in enumerate(wanted) if column.spare), None)
        if spare is None:
            return None
        return _table(_without(wanted, spare), [_without(row, spare) for row in cells], width)
    return _lines(wanted, cells, widths)


def _without(items: list[Any], place: int) -> list[Any]:
    return items[:place] + items[place + 1 :]


def _widths(wanted: list[Column], cells: list[list[str]], width: int | None) -> list[int] | None:
    """Return the width of each column, or None when they do not fit."""
    found = [max(columns(column.name), *(columns(row[n]) for row in cells)) for n, column in enumerate(wanted)]
    if width is None:
        return [min(size, LONGEST) if c.least and not c.wraps else size for size, c in zip(found, wanted, strict=True)]
    least = [max(column.least or size, columns(column.name)) for size, column in zip(found, wanted, strict=True)]
    for _ in range(sum(found)):
        if sum(found) + len(GAP) * (len(found) - 1) <= width:
            return found
        able = [n for n, size in enumerate(found) if size > least[n]]
        if not able:
            return None
        found[max(able, key=found.__getitem__)] -= 1
    return None


def _lines(wanted: list[Column], cells: list[list[str]], widths: list[int]) -> Iterator[str]:
    yield _line([column.name for column in wanted], widths)
    yield _rule() * (sum(widths) + len(GAP) * (len(widths) - 1))
    for row in cells:
        parts = [
            list(wrapped(cell, width)) if column.wraps else [cut(cell, width)]
            for cell, column, width in zip(row, wanted, widths, strict=True)
        ]
        for number in range(max(map(len, parts))):
            yield _line([part[number] if number < len(part) else "" for part in parts], widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [_ordered(cell) + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True)]
    return GAP.join(padded).rstrip()


def _rule() -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return "─" if encoding.lower().replace("-", "").startswith("utf") else "-"


def _records(wanted: list[Column], cells: list[list[str]], width: int) -> Iterator[str]:
    label = max(columns(column.name) for column in wanted)
    for number, row in enumerate(cells):
        if number:
            yield ""
        for column, cell in zip(wanted, row, strict=True):
            if cell:
                yield from _record_lines(column.name, cell, label, width)


def _record_lines(name: str, value: str, label: int, width: int) -> Iterator[str]:
    if width - label - len(GAP) < NARROWEST // 2:  # no room beside the name: below it
        yield name
        name, label = "", 0
    for number, line in enumerate(wrapped(value, width - label - len(GAP))):
        yield f"{'' if number else name:<{label}}{GAP}{_ordered(line)}".rstrip()


def show_record(facts: Sequence[tuple[str, object]], *, indent: str = "") -> None:
    """Print `name  value` lines; what is unknown is left out."""
    shown = [(name, _plain(value)) for name, value in facts if value not in (None, "", [], {})]
    if not shown:
        return
    label, width = max(columns(name) for name, _ in shown), room()
    for name, value in shown:
        for line in _record_lines(name, value, label, (width or sys.maxsize) - len(indent)):
            print(f"{indent}{line}")


def show_quote(text: str, *, indent: str = "  ") -> None:
    """Print somebody's words, whole, each line behind a bar."""
    bar, width = "│ " if _rule() == "─" else "| ", room()
    for line in text.split("\n"):
        plain = _UNEVEN.sub("", terminal(line.replace("\t", " ")))
        for part in wrapped(plain, (width or sys.maxsize) - len(indent) - len(bar)):
            print(f"{indent}{bar}{_ordered(part)}".rstrip())


# --- long work -----------------------------------------------------------------------------------


@contextmanager
def counting(words: str) -> Iterator[Callable[[int], None] | None]:
    """Give what shows how far long work has come, on a terminal; gives None where nobody watches."""
    if not _is_terminal(sys.stderr):
        yield None
        return
    last, longest = 0.0, 0

    def show_count(count: int) -> None:
        nonlocal last, longest
        if (now := clock.monotonic()) - last >= SHOW_EVERY:
            last, line = now, f"{count:,} {words}"
            longest = max(longest, len(line))
            sys.stderr.write(f"\r{line}")
            sys.stderr.flush()

    try:
        yield show_count
    finally:
        if longest:
            sys.stderr.write(f"\r{' ' * longest}\r")
            sys.stderr.flush()
