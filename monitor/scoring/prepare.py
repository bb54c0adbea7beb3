"""The copy of a text that is scored: what people wrote, without what hides it from a word list.

Capitals, emoji and punctuation stay, because they carry weight. Leetspeak and spaced-out letters are
left as they are: folding them would turn prices and models into words.
"""

from __future__ import annotations

import re
from functools import cache

from monitor import text as texts

LIMIT = texts.MAX_FOLDED

_URL = re.compile(r"(?:https?://|www\.)\S+")
# "terrible...avoid", "slow,rude", "cold.Never": one unknown word each, two known ones apart.
_GLUED = re.compile(r"[.,;:!?/](?<=[^\W\d_].)(?:(?<!\.)|\.+|(?=[A-Z]))(?=[^\W\d_])")
# VADER takes a word of two letters with its full stop for an emoticon, and "no." for no word.
_NO = re.compile(r"\b([nN][oO])(?=[.,!?;:])")
_MAYBE = re.compile(r"[.,;:!?/](?:[^\W\d_]|/|(?<=[nN][oO].))")  # most texts have none of the three: one look is enough
_SELECTORS = re.compile("[\ufe0e\ufe0f]")  # ask for an emoji in colour or not
_PLAIN = str.maketrans(dict.fromkeys("‘’‛′ʼ`´", "'") | dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys("–—―", " - "))


def prepare(text: str) -> str:
    """Return the text for scoring: at most `LIMIT` characters, what looks alike made alike, case kept; "" for none."""
    if text.isspace():
        return ""
    text = _typed(text[:LIMIT])
    if _MAYBE.search(text):
        text = _NO.sub(r"\1 ", _GLUED.sub(r"\g<0> ", _URL.sub(" ", text)))
    return text


def _typed(text: str) -> str:
    """Return letters, quotes and dashes as they are on a keyboard."""
    if text.isascii():
        return text
    typed = text
    for sign, plain in _left_alone():
        typed = typed.replace(sign, plain)
    if typed.isascii():
        return typed
    text = texts.alike(text)
    return text if text.isascii() else _SELECTORS.sub("", text.translate(_PLAIN))


@cache
def _left_alone() -> tuple[tuple[str, str], ...]:
    """Return those of `_PLAIN` that `alike` leaves alone. Most texts that are no ASCII have nothing else."""
    return tuple((chr(sign), plain) for sign, plain in _PLAIN.items() if texts.alike(chr(sign)) == chr(sign))
