"""A text cut into words and sentences, once for all that read it.

VADER counts what stands between spaces, without the signs around it; everything else counts words.
Most of them are the same, and a word that is the same string is looked up faster the second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from string import punctuation
from typing import NamedTuple

TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_EMOTICON = 2  # what has so many characters without its signs, or fewer, may be one and keeps them
_SENTENCE_ENDS = ".!?"


class Cut(NamedTuple):
    """A text in lower case, cut."""

    words: list[str]  # as VADER counts them
    tokens: list[str]  # letters and digits, apostrophes inside words kept
    ends: list[int]  # how many of `words` stand before the end of each sentence


def cut(lowered: str) -> Cut:
    """Return words, tokens and sentences of a text in lower case."""
    words: list[str] = []
    tokens: list[str] = []
    ends: list[int] = []
    for line in lowered.split("\n") if "\n" in lowered else (lowered,):
        for piece in line.split():
            if piece.isalnum():
                words.append(piece)
                tokens.append(piece)
                continue
            word = piece.strip(punctuation)
            words.append(word if len(word) > _EMOTICON else piece)
            if word.replace("'", "", 1).isalnum():
                tokens.append(word)
            elif word:
                tokens += TOKEN.findall(word)
            if piece[-1] in _SENTENCE_ENDS:
                ends.append(len(words))
        if words and (not ends or ends[-1] < len(words)):
            ends.append(len(words))
    return Cut(words, tokens, ends)


def sentence(text: str, ends: Sequence[int], number: int) -> str:
    """Return a sentence as it is written, with one space between words."""
    return " ".join(text.split()[ends[number - 1] if number else 0 : ends[number]])


def spelled(text: str, ends: Sequence[int], out: Callable[[str], str]) -> Cut:
    """Return the words and sentences of a text in which something is spelled out.

    The sentences are those of the text as it is written: the name of an emoji ("Mrs. Claus") ends none.
    """
    words: list[str] = []
    found: list[int] = []
    for number in range(len(ends)):
        words += cut(out(sentence(text, ends, number)).lower()).words
        found.append(len(words))
    return Cut(words, [], found)


def tokens_of(lowered: str) -> list[str]:
    """Return the tokens alone."""
    return TOKEN.findall(lowered)
