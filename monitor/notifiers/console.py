"""The terminal: a compact card, with nothing in it that moves the cursor, colours the screen or sets a title."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from pydantic import Field

from monitor.notifier import DeliveryError, Fetch, Message, Notifier, NotifierConfig, Quote, Receipt
from monitor.notifiers import LONGEST_LINE, NO_TEXT, commands, lead, links
from monitor.text import shorten, terminal

NARROW, WIDE = 40, 100  # columns of a card; a wider terminal is left empty at its right
USUAL = 80
SHOWN_LINES = 8  # of one quote
SHOWN_TEXT = 600  # characters of one quote

_BOLD, _DIM, _END = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_TONES = {"bad": "\x1b[31m", "good": "\x1b[32m", "broken": "\x1b[33m"}


class ConsoleConfig(NotifierConfig):
    """Options of a console channel."""

    width: int | None = Field(default=None, ge=20, le=500)


class Console(Notifier[ConsoleConfig]):
    """Print each message as a card. Colours and the width of the terminal are used only on a terminal."""

    Config = ConsoleConfig
    storm_limit = 60
    says = "Prints a card to the program's own output; for trying things out."

    def __init__(self, config: ConsoleConfig, stream: TextIO | None = None) -> None:
        super().__init__(config)
        self._stream = stream

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Print the message."""
        stream = self._stream or sys.stdout
        card = card_of(message, self._width(stream), colour=_is_terminal(stream))
        try:
            stream.write(_writable(card, stream))
            stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise DeliveryError("nobody reads the console any more", permanent=True, whole_channel=True) from error
        return Receipt(message.id)

    def describe(self) -> str:
        """Return where it prints."""
        return "the console"

    def _width(self, stream: TextIO) -> int:
        if self.config.width is not None:
            return self.config.width
        try:
            columns = os.get_terminal_size(stream.fileno()).columns if _is_terminal(stream) else USUAL
        except (OSError, ValueError):
            columns = USUAL
        return min(max(columns, NARROW), WIDE)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and "NO_COLOR" not in os.environ
    except ValueError:
        return False


def _writable(text: str, stream: TextIO) -> str:
    """Return the text with a replacement for what the stream's encoding does not know."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding, "replace")


# --- the card ------------------------------------------------------------------------------------


def card_of(message: Message, width: int, *, colour: bool = False) -> str:
    """Return the card as lines of at most `width` columns, with an empty line at the end."""
    first, rest = lead(_line(message.headline))
    ink = _TONES.get(str(message.data.get("tone")), "") if colour else ""
    bold, dim, end = (_BOLD, _DIM, _END) if colour else ("", "", "")
    head = list(wrapped(first + rest, width))
    if head and head[0].startswith(first):
        head[0] = f"{ink}{bold}{first}{end}{head[0][len(first) :]}"
    out = head
    for quote in message.quotes:
        out += [f"  {dim}{bar}{end} {line}" for bar, line in _quote(quote, width - 4)]
    for line in message.lines:
        out += [f"  {part}" for part in wrapped(_line(line), width - 2)]
    for label, url in links(message):
        out += [f"  {dim}{_line(label)}:{end} {terminal(url)}"]  # a link is never broken in two
    for label, command in commands(message):
        out += [f"  {dim}{_line(label)}:{end} {terminal(command)}"]
    return "\n".join(out) + "\n\n"


def _line(text: str) -> str:
    return terminal(shorten(" ".join(text.split()), LONGEST_LINE))


def _quote(quote: Quote, width: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of a quote, each with the bar that marks it as somebody else's words."""
    if quote.heading:
        yield " ", _short(_line(quote.heading), width)
    whole = quote.text.strip().split("\n")
    short = shorten("\n".join(whole[:SHOWN_LINES]), SHOWN_TEXT)
    for line in (short or NO_TEXT).split("\n"):
        for part in wrapped(terminal(line).replace("\t", " "), width):
            yield "│", part
    if len(whole) > SHOWN_LINES and not short.endswith("…"):
        yield "│", "…"
    if quote.author:
        yield "│", f"({_short(_line(quote.author), width - 2)})"


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the text in lines of at most `width` columns, broken at blanks where there are some."""
    line, used = "", 0
    for word in text.split(" "):
        room = columns(word)
        if line and used + 1 + room > width:
            yield line
            line, used = "", 0
        while room > width:
            head = _head(word, width)
            yield head
            word = word[len(head) :]
            room = columns(word)
        line, used = (f"{line} {word}", used + 1 + room) if line else (word, room)
    if line or not text:
        yield line


def _short(text: str, width: int) -> str:
    return text if columns(text) <= width else f"{_head(text, width - 1)}…"


def _head(word: str, width: int) -> str:
    used = 0
    for place, letter in enumerate(word):
        used += _columns(letter)
        if used > width:
            return word[: max(place, 1)]
    return word


def columns(text: str) -> int:
    """Return how many columns a terminal gives the text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
