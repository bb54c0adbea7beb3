"""What the scorer "reviews" looks at in an English text, as numbers and as groups of words.

The fit (`bench/fit_scorer.py`) and the scorer read texts through this one door, so they cannot drift apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from monitor.scoring.vader import Reading, Vader, compound_of

NUMBERS = (
    "compound",
    "negative words",
    "positive words",
    "sounds bad",
    "sounds like nothing",
    "worst sentence",
    "best sentence",
    "mean sentence",
    "first sentence",
    "last sentence",
    "bad sentences",
    "length",
    "very short",
    "sentences",
    "capitals",
    "exclamations",
    "questions",
    "compound of long",
    "mean sentence of long",
    "complaints named",
    "praise named",
)
"""Names of the numbers that `numbers` gives, in its order."""

POWER = 0.35  # of the number of words: what a word counts less in a longer text
MOST_SENTENCES = 60
_BAD_SENTENCE = -0.05
_SHORT = 4
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_NEGATORS = frozenset(
    "not no never without hardly nor neither cannot cant dont doesnt didnt wont isnt wasnt".split()  # noqa: SIM905
)
_REACH = 3  # words that a negation turns round
NEGATED = "!"  # stands before a word that is turned round


class Sentence(NamedTuple):
    """One sentence and VADER's opinion of it."""

    text: str
    compound: float


def sentences(text: str, reading: Reading, vader: Vader) -> list[Sentence]:
    """Return the sentences of a prepared text, each with what its words of feeling add up to."""
    parts = _SENTENCE_END.split(text.strip(), MOST_SENTENCES)
    if len(parts) == 1:
        return [Sentence(text, compound_of(sum(value for _, value in reading.valences)))]
    found: list[Sentence] = []
    valences, place, end = reading.valences, 0, 0
    plain = text.isascii()
    for part in parts:
        end += len((part if plain else vader.spelled_out(part)).split())
        total = 0.0
        while place < len(valences) and valences[place][0] < end:
            total += valences[place][1]
            place += 1
        found.append(Sentence(part, compound_of(total) if total else 0.0))
    return found


def numbers(
    text: str, count: int, reading: Reading, parts: Sequence[Sentence], kinds: Sequence[str]
) -> tuple[float, ...]:
    """Return the numbers named in `NUMBERS`; `count` is the number of words, `kinds` are those of the phrases found."""
    praise = kinds.count("praise") if kinds else 0
    negative, _, positive, compound = reading.polarity
    values = [part.compound for part in parts]
    size = len(values)
    length = math.log1p(count) / 3
    mean = sum(values) / size
    return (
        compound,
        negative,
        positive,
        1.0 if compound < 0 else 0.0,
        1.0 if compound == 0 else 0.0,
        min(values),
        max(values),
        mean,
        values[0],
        values[-1],
        sum([1 for value in values if value < _BAD_SENTENCE]) / size,
        length,
        1.0 if count < _SHORT else 0.0,
        math.log1p(size),
        sum(map(str.isupper, text.split())) / (count + 1),
        min(text.count("!"), 3) / 3,
        min(text.count("?"), 3) / 3,
        compound * length,
        mean * length,
        min(len(kinds) - praise, 3) / 3,
        min(praise, 3) / 3,
    )


def groups(tokens: Sequence[str]) -> set[str]:
    """Return single words, those that a negation turns round marked as such, and pairs of neighbours."""
    pairs = map(" ".join, pairwise(tokens))
    if _NEGATORS.isdisjoint(tokens) and "n't" not in " ".join(tokens):
        return {*tokens, *pairs}
    return {*_negated(tokens), *pairs}


def _negated(tokens: Sequence[str]) -> Iterator[str]:
    left = 0
    for token in tokens:
        if token in _NEGATORS or "n't" in token:
            left = _REACH
            yield token
        elif left:
            left -= 1
            yield NEGATED + token
        else:
            yield token
