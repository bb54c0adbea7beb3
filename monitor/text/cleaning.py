"""The cleaning that every text goes through once, on its way in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

MAX_TEXT = 20_000  # characters of a stored text
MAX_MARKS = 8  # combining marks on one letter; scripts in use need at most five
REPLACEMENT = "\ufffd"

# Controls other than LF and TAB, and halves of surrogate pairs, which no database takes.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text as it is stored. `length` counts its characters before it was shortened."""

    text: str
    length: int
    shortened: bool


def clean(text: str, limit: int = MAX_TEXT) -> Cleaned:
    """Return the text as it may be stored, with at most `limit` characters.

    Line ends become LF; other controls and lone surrogates become U+FFFD; the form is NFC; a letter
    carries at most `MAX_MARKS` combining marks. What is cut says so at its end. Bidirectional and
    zero-width characters are kept: they are the writer's, and each output deals with them.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return Cleaned(text, len(text), shortened=False)  # one line of plain letters: nothing to do
    text = without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii():
        # Before NFC, because putting a long run of marks in order takes quadratic time; and after
        # it, because NFC takes some letters apart into a letter and marks.
        text = limit_marks(unicodedata.normalize("NFC", limit_marks(text)))
    length = len(text)
    if length <= limit:
        return Cleaned(text, length, shortened=False)
    mark = f" [shortened, {length} characters]"
    room = limit - len(mark)
    kept = text[: cut(text, room)] + mark if room > 0 else text[: cut(text, limit)]
    return Cleaned(kept, length, shortened=True)


def without_controls(text: str) -> str:
    """Return the text with U+FFFD for each control character (LF and TAB apart) and lone surrogate."""
    return _UNWANTED.sub(REPLACEMENT, text)


def limit_marks(text: str) -> str:
    """Return the text with at most `MAX_MARKS` combining marks in a row."""
    return text if text.isascii() else _mark_runs().sub(r"\1", text)


def cut(text: str, limit: int) -> int:
    """Return where to cut so that at most `limit` characters stay and no character is torn from its marks."""
    if len(text) <= limit:
        return len(text)
    joins = _joins()
    for at in range(limit, max(0, limit - 32), -1):
        if not joins.match(text[at]) and text[at - 1] != "\u200d":
            return at
    return limit


@cache
def _mark() -> str:
    """Return a pattern for one combining mark. Made once: 15 ms."""
    below = "".join(map(chr, filter(_is_mark, range(0x300, 0x10000))))
    above = "".join(map(chr, filter(_is_mark, (*range(0x10000, 0x1F000), *range(0xE0100, 0xE01F0)))))
    # The look-ahead spares nearly all text the class behind it, which is searched one by one: 20 times faster.
    return f"(?:[{below}]|(?=[\U00010000-\U0001efff\U000e0100-\U000e01ef])[{above}])"


def _is_mark(point: int) -> bool:
    return unicodedata.category(chr(point))[0] == "M"


@cache
def _mark_runs() -> re.Pattern[str]:
    return re.compile(f"({_mark()}{{{MAX_MARKS}}}){_mark()}+")


@cache
def _joins() -> re.Pattern[str]:
    """Match what belongs to the character before it: marks, joiners, skin colours, emoji tags."""
    return re.compile(f"{_mark()}|[\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
