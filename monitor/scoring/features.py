"""What the scorer "reviews" looks at in an English text, as numbers and as groups of words.

The fit (`bench/fit_scorer.py`) and the scorer read texts through this one door, so they cannot drift apart.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from monitor.scoring.cutting import Cut, sentence, spelled
from monitor.scoring.vader import Reading, Vader, compound_of
from monitor.scoring.weights import Group
from monitor.text import shorten

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
LONGEST_SENTENCE = 160  # characters shown
_BAD_SENTENCE = -0.05
_SHORT = 4
_VERBS = "ai are ca could did does do dose had has have is must need sha should was were wo would"
_OFTEN_UNMARKED = "ca do does did wo is was"  # people leave the apostrophe out; marking the others, too, gained nothing
NEGATORS = frozenset(
    ["not", "no", "never", "without", "hardly", "nor", "neither", "cannot"]
    + [f"{verb}n't" for verb in _VERBS.split()]
    + [f"{verb}nt" for verb in _OFTEN_UNMARKED.split()]
)
REACH = 3  # words that a negation turns round
NEGATED = "!"  # stands before a word that is turned round


def heard(text: str, written: Cut, vader: Vader) -> tuple[Reading, list[float]]:
    """Return what VADER says of a prepared text, and from -1 to 1 of each of its sentences."""
    plain = text if text.isascii() else vader.spelled_out(text)
    words, _, ends = written if plain is text else spelled(text, written.ends, vader.spelled_out)
    reading = vader.read_words(plain, words)
    return reading, compounds(ends, reading.valences)


def compounds(ends: Sequence[int], valences: Sequence[tuple[int, float]]) -> list[float]:
    """Return what the words of feeling in each sentence add up to, from -1 to 1."""
    if len(ends) < 2:
        return [compound_of(sum([value for _, value in valences]))]
    totals = [0.0] * len(ends)
    for at, value in valences:
        totals[bisect_right(ends, at)] += value
    return [compound_of(total) if total else 0.0 for total in totals]


def worst(compounds: Sequence[float]) -> float:
    """Return the compound of the worst sentence, 0 where there is but one."""
    return min(compounds) if len(compounds) > 1 else 0.0


def worst_sentence(text: str, ends: Sequence[int], compounds: Sequence[float]) -> str:
    """Return the worst sentence as it is shown."""
    return shorten(sentence(text, ends, compounds.index(min(compounds))), LONGEST_SENTENCE)


def numbers(count: int, reading: Reading, values: Sequence[float], kinds: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers named in `NUMBERS`.

    `count` is the number of words, `values` has the compound of each sentence, `kinds` are those of the phrases found.
    """
    praise = kinds.count("praise") if kinds else 0
    complaints = len(kinds) - praise
    negative, _, positive, compound = reading.polarity
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
        reading.capitals / (count + 1),
        min(reading.calls, 3) / 3,
        min(reading.asks, 3) / 3,
        compound * length,
        mean * length,
        min(complaints, 3) / 3,
        min(praise, 3) / 3,
    )


def groups(tokens: Sequence[str]) -> set[Group]:
    """Return single words, those that a negation turns round marked as such, and pairs of neighbours."""
    found = list(tokens)
    for place, token in enumerate(tokens):
        if token in NEGATORS:
            for at in range(place + 1, min(place + 1 + REACH, len(tokens))):
                if tokens[at] not in NEGATORS:
                    found[at] = NEGATED + tokens[at]
    return {*found, *pairwise(tokens)}
