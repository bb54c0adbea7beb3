"""Text on its way out to a reader's eye. Escaping for HTML, Slack or CSV is the output's own."""

from __future__ import annotations

import re

from monitor.text.cleaning import cut, limit_marks, without_controls

# Invisible characters, by which words are reordered, hidden or smuggled: Unicode's
# Default_Ignorable_Code_Point without the emoji variation selectors (FE0E, FE0F).
_INVISIBLE_CLASS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_CLASS}]")
# Joiners have work to do inside emoji and between letters of Arabic and Indian scripts.
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_LETTERS = "\u0600-\u0dff"
_SMUGGLED = re.compile(
    f"(?<=[{_EMOJI}])(\u200d)(?=[{_EMOJI}])|(?<=[{_LETTERS}])([\u200c\u200d])(?=[{_LETTERS}])|[{_INVISIBLE_CLASS}]"
)
# Marks that can be piled on any letter; three of them are more than any language in use does.
_DECORATION = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILES = re.compile(f"([{_DECORATION}]{{3}})[{_DECORATION}]+")
# Letters written from right to left: Hebrew, Arabic and their sisters.
_LEFTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_LEFTWARD_RUN = re.compile(f"([{_LEFTWARD}](?:[ '-]*[{_LEFTWARD}])*)(?=[^{_LEFTWARD}])")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def without_invisible(text: str) -> str:
    """Return the text without any invisible character, joiners included."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def shown(text: str) -> str:
    """Return the text as it may be shown beside our own words.

    Without bidirectional controls, zero-width and tag characters (joiners stay inside emoji and
    between Arabic and Indian letters), with few marks on a letter and LF as the only line end.
    """
    text = without_controls(_LINE_ENDS.sub("\n", text))
    if text.isascii():
        return text
    return _piled(_SMUGGLED.sub(r"\1\2", text))


def in_order(line: str) -> str:
    """Return a line of ours that holds strangers' names, with our own words in our own order.

    A name written from right to left would draw the numbers and dots after it to its other side; a
    left-to-right mark behind it keeps them where they are. Apply after `shown`, which takes such marks away.
    """
    return line if line.isascii() else _LEFTWARD_RUN.sub("\\1\u200e", line)


def terminal(text: str) -> str:
    r"""Return the text as it may be printed: controls as visible escapes (`\x1b`), nothing invisible.

    LF and TAB stay; whoever prints a table cell puts the text on one line first.
    """
    text = _ESCAPED.sub(_escape, text)
    return text if text.isascii() else _piled(without_invisible(text))


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last of them "…" when something was cut."""
    if len(text) <= limit:
        return text
    return text[: cut(text, limit - 1)].rstrip() + "…" if limit > 0 else ""


def _piled(text: str) -> str:
    return _PILES.sub(r"\1", limit_marks(text))


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if match[0] == "\r":
        return r"\r"
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
