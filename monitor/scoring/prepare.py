"""The copy of a text that is scored: what people wrote, without what hides it from a word list.

Capitals, emoji and punctuation stay, because they carry weight. Leetspeak and spaced-out letters are
left as they are: folding them would turn prices and models into words.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 5_000  # characters scored; a review that needs more to say it is bad has not been seen

_URL = re.compile(r"(?:https?://|www\.)\S+")
# "terrible...avoid", "slow,rude", "cold.Never": one unknown word each, two known ones apart.
_GLUED = re.compile(r"[.,;:!?/](?<=[^\W\d_].)(?:(?<!\.)|\.+|(?=[A-Z]))(?=[^\W\d_])")
# VADER takes a word of two letters with its full stop for an emoticon, and "no." for no word.
_NO = re.compile(r"\b(no)(?=[.,!?;:])", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_LOOKS_FOREIGN = re.compile(r"[ɡͰ-ԯ]")

_MARKS = range(0x300, 0x370)  # combining marks that no composed letter has taken in
_INVISIBLE = [
    0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10), 0xFEFF, *range(0xE0000, 0xE0080),
]  # fmt: skip
_PLAIN: dict[int, str | None] = {
    **dict.fromkeys((*_MARKS, *_INVISIBLE)),
    **dict.fromkeys(map(ord, "‘’‛′ʼ`´＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″«»"), '"'),
    **dict.fromkeys(map(ord, "–—―"), " - "),
}
_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХаеорсухіјѕԁɡһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαρντικυχ",
    "ABEKMHOPCTYXaeopcyxijsdghlABEZHIKMNOPTYXoapvtikux",
)


def prepare(text: str) -> str:
    """Return the text for scoring, at most `LIMIT` characters, letters and spaces that look alike made alike."""
    text = text[:LIMIT]
    if not text.isascii():
        text = _folded(text)[:LIMIT]
    if "://" in text or "www." in text:
        text = _URL.sub(" ", text)
    text = _GLUED.sub(r"\g<0> ", text)
    return _NO.sub(r"\1 ", text) if "no" in text or "No" in text or "NO" in text else text


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    return _WORD.sub(_one_alphabet, text) if _LOOKS_FOREIGN.search(text) else text


def _one_alphabet(found: re.Match[str]) -> str:
    """Return a word of two alphabets in one: it is disguised. One that is all Russian or Greek is not."""
    word = found[0]
    if word.isascii() or not any(letter.isascii() for letter in word):
        return word
    return word.translate(_LOOK_ALIKES)
