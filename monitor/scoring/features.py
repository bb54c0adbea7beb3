"""What the scorer "reviews" looks at in an English text, as numbers and as groups of words.

The fit (`bench/fit_scorer.py`) and the scorer read texts through this one door, so they cannot drift apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import compress, count, islice, pairwise
from typing import NamedTuple

from monitor.scoring.vader import Reading, Vader, compound_of
from monitor.scoring.weights import Group

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
_SENTENCE_END = re.compile(r"([.!?])\s+|\n+")
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
    parts = _parts(text.strip())
    valences = reading.valences
    if len(parts) == 1:
        return [Sentence(text, compound_of(sum([value for _, value in valences])))]
    found: list[Sentence] = []
    place, size, end = 0, len(valences), 0
    plain = text.isascii()
    for part in parts:
        total = 0.0
        if place < size:  # else no word of feeling is left, and none need be counted
            end += len((part if plain else vader.spelled_out(part)).split())
            while place < size and valences[place][0] < end:
                total += valences[place][1]
                place += 1
        found.append(Sentence(part, compound_of(total) if total else 0.0))
    return found


def _parts(text: str) -> list[str]:
    found, start = [], 0
    for end in islice(_SENTENCE_END.finditer(text), MOST_SENTENCES):
        found.append(text[start : end.end(1) if end[1] else end.start()])
        start = end.end()
    found.append(text[start:])
    return found


def numbers(
    text: str, count: int, reading: Reading, parts: Sequence[Sentence], kinds: Sequence[str]
) -> tuple[float, ...]:
    """Return the numbers named in `NUMBERS`; `count` is the number of words, `kinds` are those of the phrases found."""
    praise = kinds.count("praise") if kinds else 0
    complaints = len(kinds) - praise
    negative, _, positive, compound = reading.polarity
    values = [part.compound for part in parts]
    size = len(values)
    length = math.log1p(count) / 3
    if size == 1:
        [mean] = [worst] = [best] = values
    else:
        mean, worst, best = sum(values) / size, min(values), max(values)
    return (
        compound,
        negative,
        positive,
        1.0 if compound < 0 else 0.0,
        1.0 if compound == 0 else 0.0,
        worst,
        best,
        mean,
        values[0],
        values[-1],
        sum([1 for value in values if value < _BAD_SENTENCE]) / size if worst < _BAD_SENTENCE else 0.0,
        length,
        1.0 if count < _SHORT else 0.0,
        math.log1p(size),
        sum(map(str.isupper, text.split())) / (count + 1),
        min(text.count("!"), 3) / 3,
        min(text.count("?"), 3) / 3,
        compound * length,
        mean * length,
        min(complaints, 3) / 3,
        min(praise, 3) / 3,
    )


def groups(tokens: Sequence[str]) -> set[Group]:
    """Return single words, those that a negation turns round marked as such, and pairs of neighbours."""
    pairs = pairwise(tokens)
    if _NEGATORS.isdisjoint(tokens) and "n't" not in " ".join(tokens):
        return {*tokens, *pairs}
    return {*_negated(tokens), *pairs}


def _negated(tokens: Sequence[str]) -> list[str]:
    turns = [token in _NEGATORS or "n't" in token for token in tokens]
    found = list(tokens)
    for place in compress(count(), turns):
        for at in range(place + 1, min(place + 1 + _REACH, len(tokens))):
            if not turns[at]:
                found[at] = NEGATED + tokens[at]
    return found
