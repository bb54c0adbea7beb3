"""VADER's four numbers in linear time.

The vaderSentiment package is the reference: its lexicon, its emoji table and its published rules
(Hutto & Gilbert 2014). Its own loop is quadratic: for each word of the lexicon it lower-cases the
whole text again, and 3,200 emoji take 25 seconds. This one reads the same tables, lower-cases once,
and looks at nothing but the words of the lexicon and the three before each. The numbers are the same,
down to the oddities (`_but`): a test compares them with the package's.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress, count
from math import floor
from typing import NamedTuple

from monitor.scoring.cutting import cut


class Polarity(NamedTuple):
    """What VADER says of a text: three shares that add up to 1, and the whole from -1 to 1."""

    neg: float
    neu: float
    pos: float
    compound: float


_SMALL = frozenset(["the", "to", "of", "for"])  # an idiom is told by one of its other words
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
NOTHING = Polarity(0.0, 0.0, 0.0, 0.0)  # no word at all
NEUTRAL = Polarity(0.0, 1.0, 0.0, 0.0)


class Reading(NamedTuple):
    """A text as VADER read it: its words in lower case, and which of them carry what valence there."""

    polarity: Polarity
    words: list[str]
    valences: list[tuple[int, float]]  # position in `words`, valence; none is zero
    capitals: int = 0  # words that stand in capitals
    calls: int = 0  # exclamation marks
    asks: int = 0  # question marks


def with_negator(words: Sequence[str], at: int) -> str:
    """Return a word, and what turns it round if that is what makes it count: "don't like", "not at all helpful"."""
    if tables().lexicon.get(words[at], 0.0) > 0:
        for start in range(at - 1, max(at - 4, -1), -1):
            if words[start] == "no" or words[start] in tables().negators or "n't" in words[start]:
                return " ".join(words[start : at + 1])
    return words[at]


def compound_of(total: float) -> float:
    """Return a sum of valences on the scale from -1 to 1."""
    return total / math.sqrt(total * total + 15)


@dataclass(frozen=True, slots=True)
class Tables:
    """What the package knows: words with their valence, emoji with their words, and its constants."""

    lexicon: dict[str, float]
    emoji: dict[str, str]
    boosters: dict[str, float]
    negators: frozenset[str]
    idioms: dict[str, float]
    idiom_words: frozenset[str]
    booster_ends: frozenset[str]  # last words of boosters of several words: "kind of"
    telling: frozenset[str]  # without any of these around, a word counts as it stands in the lexicon
    capitals: float
    flip: float


@cache
def tables() -> Tables:
    """Return the tables of the installed vaderSentiment, read once."""
    from vaderSentiment import vaderSentiment

    analyzer = vaderSentiment.SentimentIntensityAnalyzer()
    # The package looks at a text character by character, so that no longer emoji is ever found.
    emoji = {sign: words for sign, words in analyzer.emojis.items() if len(sign) == 1}
    boosters, idioms = vaderSentiment.BOOSTER_DICT, vaderSentiment.SPECIAL_CASES
    telling = {"no", "so", "this", "least", *vaderSentiment.NEGATE}
    telling.update(next(word for word in phrase.split() if word not in _SMALL) for phrase in (*boosters, *idioms))
    return Tables(
        lexicon=analyzer.lexicon,
        emoji=emoji,
        boosters=boosters,
        negators=frozenset(vaderSentiment.NEGATE),
        idioms=idioms,
        idiom_words=frozenset(word for phrase in idioms for word in phrase.split()),
        booster_ends=frozenset(phrase.split()[-1] for phrase in boosters if " " in phrase),
        telling=frozenset(telling),
        capitals=vaderSentiment.C_INCR,
        flip=vaderSentiment.N_SCALAR,
    )


class Vader:
    """The engine. Stateless after it has read its tables; safe to share between threads."""

    def __init__(self) -> None:
        self._tables = tables()

    def polarity(self, text: str) -> Polarity:
        """Return the four numbers that vaderSentiment 3.3.2 gives, rounded as there."""
        return self.read(text).polarity

    def read(self, text: str) -> Reading:
        """Return the four numbers and what they were made of."""
        text = self.spelled_out(text)
        return self.read_words(text, cut(text.lower()).words)

    def read_words(self, text: str, words: list[str]) -> Reading:
        """Return the same of a text whose emoji are spelled out and whose words are known."""
        if not words:
            return Reading(NOTHING, [], [])
        calls, asks = text.count("!"), text.count("?")
        written = text.split()
        capitals = sum(map(str.isupper, written))
        rules = _Rules(written, words, self._tables, mixed=0 < capitals < len(written), contracted="'" in text)
        valences = rules.valences()
        if not valences:
            return Reading(NEUTRAL, words, [], capitals, calls, asks)
        polarity = _polarity([value for _, value in valences], len(words), _emphasis(calls, asks))
        return Reading(polarity, words, valences, capitals, calls, asks)

    def spelled_out(self, text: str) -> str:
        """Return the text with each emoji of the table in words."""
        if text.isascii() or self._tables.emoji.keys().isdisjoint(text):
            return text
        emoji = self._tables.emoji

        def words(found: re.Match[str]) -> str:
            spelled = emoji.get(found[0])
            if spelled is None:
                return found[0]
            at = found.start()
            return spelled if at == 0 or text[at - 1] == " " else " " + spelled

        return _NOT_ASCII.sub(words, text)


class _Rules:
    """One text on its way through the rules."""

    __slots__ = ("_contracted", "_mixed", "_tables", "_words", "_written")

    def __init__(self, written: list[str], words: list[str], tables: Tables, *, mixed: bool, contracted: bool) -> None:
        self._written = written
        self._words = words
        self._tables = tables
        self._mixed = mixed  # some words stand in capitals, and are louder than the others
        self._contracted = contracted  # some word may hold "n't"

    def valences(self) -> list[tuple[int, float]]:
        """Return position and valence of the words that carry one, in order, none of them zero."""
        lexicon, words, telling = self._tables.lexicon, self._words, self._tables.telling
        found = []
        for at in compress(count(), map(lexicon.__contains__, words)):
            around = words[at - 3 if at > 3 else 0 : at + 3]
            if telling.isdisjoint(around) and not (self._contracted and "n't" in " ".join(around)):
                value = lexicon[words[at]]
                if self._mixed:
                    value = self._louder(value, at)
            else:
                value = self._ruled(at)
            if value:
                found.append((at, value))
        return _but(words.index("but"), found) if found and "but" in words else found

    def _ruled(self, at: int) -> float:
        words, lexicon, telling = self._words, self._tables.lexicon, self._tables.telling
        word = words[at]
        after = words[at + 1] if at + 1 < len(words) else ""
        if word in self._tables.boosters or (word == "kind" and after == "of"):
            return 0.0
        value = self._louder(self._start_value(at, word, after), at)
        for back in (1, 2, 3) if at > 2 else range(1, at + 1):
            before = words[at - back]
            if before in lexicon:
                continue
            if before in telling or "n't" in before or (back == 3 and words[at - 1] in ("so", "this")):
                value = self._with_word_before(value, at, back, before)
            if back == 3:
                value = self._with_booster_of_two(self._idiom(value, at), at)
        return self._with_least(value, at) if at and words[at - 1] == "least" else value

    def _start_value(self, at: int, word: str, after: str) -> float:
        words, lexicon = self._words, self._tables.lexicon
        value = lexicon[word]
        before = words[at - 1] if at > 0 else ""
        if (
            before == "no"
            or (at > 1 and words[at - 2] == "no")
            or (at > 2 and words[at - 3] == "no" and before in ("or", "nor"))
        ):
            return value * self._tables.flip
        return 0.0 if word == "no" and after in lexicon else value

    def _with_word_before(self, value: float, at: int, back: int, word: str) -> float:
        boost = self._tables.boosters.get(word)
        if boost is not None:
            value += self._boost(boost, value, at - back) * (1.0, 0.95, 0.9)[back - 1]
        return self._negated(value, at, back, word)

    def _boost(self, boost: float, value: float, at: int) -> float:
        if value < 0:
            boost *= -1
        if not self._shouted(at):
            return boost
        return boost + (self._tables.capitals if value > 0 else -self._tables.capitals)

    def _negated(self, value: float, at: int, back: int, word: str) -> float:
        words = self._words
        if back > 1:
            between = words[at - back + 1 : at]
            so = "so" in between or "this" in between
            # The third word before has a rule that the second has not: `so` alone lifts what follows.
            if (word == "never" and so) or (back == 3 and (words[at - 1] in ("so", "this"))):
                return value * 1.25
            if word == "without" and "doubt" in between:
                return value
        if word in self._tables.negators or "n't" in word:
            return value * self._tables.flip
        return value

    def _idiom(self, value: float, at: int) -> float:
        words, known = self._words, self._tables.idiom_words
        two, one, word = words[at - 2], words[at - 1], words[at]
        if one not in known and two not in known and word not in known:
            return value
        idioms, three = self._tables.idioms, words[at - 3]
        if one in known or two in known:
            phrases = f"{one} {word}", f"{two} {one} {word}", f"{two} {one}", f"{three} {two} {one}", f"{three} {two}"
            value = next((idioms[phrase] for phrase in phrases if phrase in idioms), value)
        if word in known:
            ahead = words[at + 1 : at + 3]
            for size in range(1, len(ahead) + 1):
                value = idioms.get(" ".join((word, *ahead[:size])), value)
        return value

    def _with_booster_of_two(self, value: float, at: int) -> float:
        two, one = self._words[at - 2], self._words[at - 1]
        ends = self._tables.booster_ends
        if one in ends or two in ends:
            three = self._words[at - 3]
            for phrase in (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}"):
                value += self._tables.boosters.get(phrase, 0.0)
        return value

    def _with_least(self, value: float, at: int) -> float:
        if at > 1 and self._words[at - 2] in ("at", "very"):
            return value
        return value * self._tables.flip

    def _louder(self, value: float, at: int) -> float:
        if not self._shouted(at):
            return value
        return value + (self._tables.capitals if value > 0 else -self._tables.capitals)

    def _shouted(self, at: int) -> bool:
        """Say whether a word stands in capitals while others do not."""
        return self._mixed and self._written[at].isupper()


def _but(but: int, found: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Halve what stands before the first `but` and raise what stands after it, as the package does it.

    It walks over the values and changes, for each, the *first* place that holds an equal value, in
    the list it is walking over. Equal values are therefore met in an odd order, which is kept.
    """
    values = [value for _, value in found]
    places: dict[float, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)  # in order, so each list is a heap
    for step in range(len(values)):
        value = values[step]
        place = heapq.heappop(places[value])
        changed = value * (0.5 if found[place][0] < but else 1.5)
        values[place] = changed
        heapq.heappush(places.setdefault(changed, []), place)
    return [(at, value) for (at, _), value in zip(found, values, strict=True)]


def _polarity(values: Sequence[float], size: int, emphasis: float) -> Polarity:
    total = float(sum(values))
    positive = negative = 0.0
    for value in values:
        if value > 0:
            positive += value + 1
        else:
            negative += value - 1
    if total > 0:
        total += emphasis
    elif total < 0:
        total -= emphasis
    if positive > -negative:
        positive += emphasis
    elif positive < -negative:
        negative -= emphasis
    neutral = size - len(values)
    whole = positive - negative + neutral
    return Polarity(
        _rounded(abs(negative / whole), 3, 1e3),
        _rounded(abs(neutral / whole), 3, 1e3),
        _rounded(abs(positive / whole), 3, 1e3),
        _rounded(min(max(compound_of(total), -1.0), 1.0), 4, 1e4),
    )


def _rounded(value: float, digits: int, scale: float) -> float:
    """Return what `round` returns; three times as fast, but not sure where the value is near to halfway."""
    scaled = value * scale
    nearest = floor(scaled + 0.5)
    return nearest / scale if -0.499 < scaled - nearest < 0.499 else round(value, digits)


def _emphasis(calls: int, asks: int) -> float:
    emphasis = min(calls, 4) * 0.292
    if asks <= 1:
        return emphasis
    return emphasis + (asks * 0.18 if asks <= 3 else 0.96)
