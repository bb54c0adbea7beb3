"""JSON as sites write it into their pages: read as it is, else mended, so that one slip does not hide the rest."""

from __future__ import annotations

import html
import json
import math
import re
from typing import Any

MAX_DEPTH = 64  # levels of one thing inside another, in JSON that has to be mended
MAX_INT_DIGITS = 18  # longer ones are ids, and an id is text


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


_DECODER = json.JSONDecoder(
    strict=False,  # line ends and tabs inside strings
    parse_int=lambda digits: int(digits) if len(digits) <= MAX_INT_DIGITS else digits,
    parse_float=_finite,
    parse_constant=lambda _: None,
)
_LEFTOVER = re.compile(r"[\s;\ufeff]*")


def read_documents(block: str) -> tuple[list[Any], bool]:
    """Return the JSON documents in a block, and whether they had to be mended. Raises ValueError.

    Takes comments, CDATA and HTML comments, trailing commas and brackets, entities, several documents,
    wrong escapes, quotes inside strings, and a block that breaks off: what is whole in it is read, and
    every object that was still open has the key `@broken`.
    """
    try:
        document, end = _DECODER.raw_decode(block, _LEFTOVER.match(block).end())  # type: ignore[union-attr]  # matches always
        if _LEFTOVER.fullmatch(block, end):
            return [document], False
    except (ValueError, RecursionError):
        pass
    if '"' not in block:
        block = html.unescape(block)
    error = ValueError("no JSON")
    for loose in (False, True):
        try:
            return [_DECODER.decode(text) for text in _mended(block, loose=loose)], True
        except ValueError as raised:
            error = raised
    raise error


_TOKEN = re.compile(
    r'"'
    r"|(?://\s*+)?(?:<!\[CDATA\[|\]\]>)"
    r"|/\*.*?(?:\*/|\Z)|//[^\n]*+"
    r"|<!--(?=\s*+[\[{/])|<!--.*?(?:-->|\Z)|-->"
    r"|[\[\]{},;]",
    re.DOTALL,
)
_IN_STRING = re.compile(r'\\.|"', re.DOTALL)
_BEHIND_STRING = re.compile(r"\s*+(?:[,:}\]]|\Z)")
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))|"', re.DOTALL)
_CLOSES = {"{": "}", "[": "]"}
_BROKEN = {"{": ',"@broken":true}', "[": "]"}


def _mended(block: str, *, loose: bool) -> list[str]:
    """Return the documents of a block as JSON that a decoder takes, as far as its brackets tell.

    `loose`: a quote ends its string only where something follows that can stand behind strings.
    """
    mender = _Mender()
    at = 0
    while token := _TOKEN.search(block, at):
        mender.piece(block[at : token.start()].strip())
        at = token.end()
        if token[0] == '"':
            at = _string_end(block, at, loose=loose)
            if not at:
                break
        mender.token(block[token.start() : at])
    mender.end()
    return mender.documents


def _string_end(block: str, at: int, *, loose: bool) -> int:
    """Return where a string ends whose inside begins at `at`; 0 when nothing ends it."""
    for mark in _IN_STRING.finditer(block, at):
        if mark[0] == '"' and not (loose and not _BEHIND_STRING.match(block, mark.end())):
            return mark.end()
    return 0


class _Mender:
    """Puts JSON together again, piece by piece; blanks between the pieces mean nothing and are left out."""

    def __init__(self) -> None:
        self.documents: list[str] = []
        self.out: list[str] = []
        self.open = ""  # brackets that wait for their end, outermost first
        self.safe = (0, "")  # where the last whole value ends: pieces, and what was open there

    def piece(self, text: str) -> None:
        """Add what stands between tokens: a colon, a number, a word."""
        if text and self.open:
            self.out.append(text)

    def token(self, mark: str) -> None:
        """Add a string, a bracket or a comma; comments and semicolons go."""
        if mark[0] == '"':
            self.piece(f'"{_ESCAPE.sub(_escape, mark[1:-1])}"')
        elif mark in "[{":
            if len(self.open) >= MAX_DEPTH:
                raise ValueError("too many levels")
            self.out.append(mark)
            self.open += mark
        elif mark in "]}":
            self._close(mark)
        elif mark == "," and self._save():
            self.out.append(mark)

    def end(self) -> None:
        """Close what is still open, behind the last value that is whole."""
        pieces, still_open = self.safe
        if pieces:
            self.out[pieces:] = [_BROKEN[bracket] for bracket in reversed(still_open)]
            self.documents.append("".join(self.out))

    def _close(self, mark: str) -> None:
        """Close up to the bracket that `mark` closes; without one, it is a bracket too many."""
        if mark not in (_CLOSES[bracket] for bracket in self.open):
            return
        closing = ""
        while closing != mark:
            if self.out[-1] == ",":
                self.out.pop()
            closing = _CLOSES[self.open[-1]]
            self.out.append(closing)
            self.open = self.open[:-1]
        self._save()
        if not self.open:
            self.documents.append("".join(self.out))
            self.out, self.safe = [], (0, "")

    def _save(self) -> bool:
        """Note that a value ends here; False where none does."""
        if not self.out or self.out[-1] in (",", "[", "{"):
            return False
        self.safe = (len(self.out), self.open)
        return True


def _escape(found: re.Match[str]) -> str:
    known, code, other = found.groups()
    if known:
        return found[0]
    if code:
        return f"\\u00{code}"
    if other is None:
        return '\\"'
    return f"\\\\{other}" if other.isalnum() else other
