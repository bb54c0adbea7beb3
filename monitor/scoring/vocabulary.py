"""What is known of each word, and of each pair of neighbours: one look-up each.

Most of a scorer's time goes into asking which words of a text are known: to tell its language, to
weigh it, to find where a phrase may begin. So each word is asked for once and then is a number, under
which everything else is kept, and counts are added up several in one sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from monitor.scoring.features import NEGATED, NEGATORS, REACH
from monitor.scoring.weights import Group

# What a word says of the text it stands in: four counts in one sum. No text has as many words.
_EACH = 1 << 12
_ENGLISH, _FOREIGN, _TURNS, _BEGINS = 1, _EACH, _EACH**2, _EACH**3

_STRIDE = 1 << 16  # more than there are words: the numbers of two words make one


class Known(NamedTuple):
    """What is known of the words of a text."""

    english: int  # words that English texts have
    foreign: int  # small words of other languages
    weight: int  # of all groups together, each counted once
    starts: Sequence[int]  # where a phrase may begin
    words: Set[int]  # numbers; what a negation turns round has its own
    pairs: Set[int]  # numbers of pairs of neighbours


class Vocabulary:
    """Words and pairs of words with their weights, marks of languages, and what phrases begin with."""

    def __init__(
        self, groups: Mapping[Group, int], beginnings: Iterable[Group] = (), marks: Mapping[str, bool] | None = None
    ) -> None:
        """Take groups with a weight from -127 to 127; `marks` says of small words whether they are English."""
        begin = frozenset(beginnings)
        marks = marks or {}
        every = dict.fromkeys((*groups, *begin))
        pairs = [group for group in every if not isinstance(group, str)]
        named = [group for group in every if isinstance(group, str)]
        plain = [word.removeprefix(NEGATED) for word in named]
        words = dict.fromkeys((*named, *plain, *marks, *NEGATORS, *(word for pair in pairs for word in pair)))
        # Number 0 is no word: the other side of one that weighs nothing there, the pair that nobody knows.
        self._words = {word: number for number, word in enumerate(words, 1)}
        self._weights = (0, *(groups.get(word, 0) for word in words))
        self._names = ("", *words)
        self._says = (0, *(_says(word, begin, marks) for word in words))
        self._turned = {
            self._words[word.removeprefix(NEGATED)]: self._words[word] for word in named if word.startswith(NEGATED)
        }
        self._pairs = {
            self._words[first] * _STRIDE + self._words[second]: number
            for number, (first, second) in enumerate(pairs, 1)
        }
        self._pair_weights = (0, *(groups.get(pair, 0) for pair in pairs))
        self._paired = (("", ""), *pairs)
        self._pair_begins = (False, *(pair in begin for pair in pairs))

    def __contains__(self, word: str) -> bool:
        """Say whether a word has a weight of its own."""
        return self._weights[self._words.get(word, 0)] != 0

    def read(self, tokens: Sequence[str]) -> Known:
        """Return what is known of the words of a text, in lower case."""
        number_of, pair_of, turned = self._words.get, self._pairs.get, self._turned.get
        says, begins = self._says, self._pair_begins
        words: list[int] = []
        pairs: set[int] = set()
        starts: list[int] = []
        counts = before = reach = 0
        at = -1
        for token in tokens:
            at += 1
            word = number_of(token)
            if word is None:
                before = 0
                if reach:
                    reach -= 1
                continue
            if before and (pair := pair_of(before + word)):
                pairs.add(pair)
                if begins[pair] and (not starts or starts[-1] < at - 1):
                    starts.append(at - 1)
            before = word * _STRIDE
            if said := says[word]:
                counts += said
                if said >= _BEGINS:
                    starts.append(at)
                if said & _TURNS:
                    reach = REACH
                    words.append(word)
                    continue
            if reach:
                reach -= 1
                word = turned(word, 0)
            words.append(word)
        once = set(words)
        weights, pair_weights = self._weights, self._pair_weights
        weight = sum([weights[word] for word in once]) + sum([pair_weights[pair] for pair in pairs])
        return Known(counts % _EACH, counts // _FOREIGN % _EACH, weight, starts, once, pairs)

    def heavier(self, known: Known, least: float) -> list[str]:
        """Return the groups that weigh at least so much, the heaviest first; none that a negation turns round."""
        weights, pair_weights = self._weights, self._pair_weights
        heavy = [(-weights[word], self._names[word]) for word in known.words if weights[word] >= least]
        heavy += [
            (-pair_weights[pair], " ".join(self._paired[pair])) for pair in known.pairs if pair_weights[pair] >= least
        ]
        return [group for _, group in sorted(heavy) if not group.startswith(NEGATED)]


def _says(word: str, begin: frozenset[Group], marks: Mapping[str, bool]) -> int:
    said = (word in NEGATORS) * _TURNS + (word in begin) * _BEGINS
    if word in marks:
        said += _ENGLISH if marks[word] else _FOREIGN
    return said
