"""A stranger's words among our own: one line, short, and without what could pass for a part of ours."""

from __future__ import annotations

import re

from monitor.text import shorten, shown

MAX_NAME = 60  # characters of a name or a place

_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def inline(text: str | None, limit: int = MAX_NAME) -> str:
    """Return a stranger's words in one line of at most `limit` characters. They stay raw otherwise."""
    if not text:
        return ""
    # Our own parts are separated by middle dots: a name must not bring its own.
    line = _SPACES.sub(" ", shown(text[: limit * 20])).replace("·", "-").strip()
    return shorten(line, limit)


def quoted(words: str) -> str:
    """Return words in straight quotation marks; those within become single ones."""
    inner = words.replace('"', "'")
    return f'"{inner}"'


def person(name: str | None) -> str:
    """Return a person's key as one writes a name: "ana" is Ana; "McCoy" stays."""
    words = inline(name)
    return words.capitalize() if words.islower() and " " not in words else words
