"""The review scorer: stars by log-odds, VADER's numbers, named phrases, and the weight of each group of words.

Where stars decide alone (one and two alert, four and five do not), the words say what it is about and whether it is
dangerous, and are read the short way; group by group they are weighed where something depends on it.

The numbers stand in a small file that was fitted on labelled posts, leave one source out;
docs/scoring.md tells what it reaches, where it fails, and how the file was made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress, repeat
from operator import mul
from typing import NamedTuple

from monitor.models import Label, Level, Scorable, Score, Why
from monitor.scoring.features import NEGATED, POWER, Sentence, groups, numbers, sentences
from monitor.scoring.language import read_as, words
from monitor.scoring.phrases import Found, Spans, phrases, tokens_of
from monitor.scoring.prepare import prepare
from monitor.scoring.stars import ALERT_AT, HIGH_STARS, LOW_STARS, WATCH_AT, prior
from monitor.scoring.stars import in_words as stars_in_words
from monitor.scoring.stars_vader import StarsVader
from monitor.scoring.vader import Vader
from monitor.scoring.weights import Group, Table, in_words, table

WORST_SENTENCE = -0.4  # compound of one sentence that is worth a look although the whole sounds fine
PRAISE_BELOW = 0.2  # badness under which a text without stars is praise, when it sounds friendly
FRIENDLY = 0.3  # compound
TEXT_WEIGHT = 0.7  # beside stars
FOREIGN_WEIGHT = 0.35  # of a text in another language, beside stars
NO_TEXT = -0.2  # who has a complaint mostly writes it
_HIGHEST = 20.0  # log-odds
_LONGEST_SENTENCE = 160  # characters shown
_SHOWN_GROUPS = 2
_MEANINGFUL = 0.3  # log-odds that a group adds before it is shown
_START = 1 << 22  # more than all weights of a text: two counts in one sum
_SHORTEST = 4  # letters of a single word that is shown
_TOLD = ("danger", "topic", "complaint")


class _Read(NamedTuple):
    """What was found in a text. `log_odds` is None where it could not be read."""

    written: bool = False  # there is a text at all
    language: str | None = None
    log_odds: float | None = None
    compound: float = 0.0
    worst: Sentence | None = None  # None where the text is one sentence
    found: Sequence[Found] = ()
    known: Sequence[tuple[Group, int]] = ()  # groups that count, with `Reviews._counts`
    share: float = 0.0  # log-odds of one step of a group's weight

    @property
    def foreign(self) -> bool:
        return self.language not in (None, "en")

    def names(self, kind: str) -> tuple[str, ...]:
        return tuple([found.name for found in self.found if found.kind == kind])


class Reviews:
    """The scorer for reviews and posts. Stateless after it has read its tables; safe to share between threads."""

    name = "reviews"
    version = 3

    def __init__(self) -> None:
        self.id = f"{self.name}/{self.version}"  # as it stands beside every score
        self._vader = Vader()
        self._short = StarsVader(speaks_as=self.id)
        self._phrases = phrases(opinions=True)
        english = table("en")
        assert english is not None
        self._english: Table = english
        self._weighs = {tuple(name.split(":", 1)): weight for name, weight in (english.phrases or {}).items()}
        # One look-up a group: its weight, and `_START` on top where a phrase may begin with it.
        self._counts: dict[Group, int] = dict(english.groups)
        for start in self._phrases.beginnings():
            for group in (start, NEGATED + start) if isinstance(start, str) else (start,):
                self._counts[group] = self._counts.get(group, 0) + _START

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        """Return one score an item, in order."""
        return [self._score(item) for item in items]

    def badness(self, items: Sequence[Scorable]) -> list[float | None]:
        """Return the badness alone, the same numbers as `score` gives, without looking for reasons."""
        return [self._badness(item) for item in items]

    def _badness(self, item: Scorable) -> float | None:
        if _stars_decide(item):
            return self._short.score((item,))[0].badness
        read = self._read(item, aloud=False)
        return _badness(item.rating.stars if item.rating else None, read, danger=bool(read.names("danger")))

    def _score(self, item: Scorable) -> Score:
        if _stars_decide(item):
            return self._short.score((item,))[0]
        stars = item.rating.stars if item.rating else None
        read = self._read(item, aloud=True)
        topics, dangers = (read.names("topic"), read.names("danger")) if read.found else ((), ())
        badness = _badness(stars, read, danger=bool(dangers))
        level = _level(stars, badness, read)
        return Score(
            badness=badness,
            level=level,
            label=_label(stars, badness, level, read),
            scorer=self.id,
            topics=topics,
            dangers=dangers,
            reasons=self._reasons(item, stars, read, level),
            language=read.language,
        )

    def _read(self, item: Scorable, *, aloud: bool) -> _Read:
        if not item.text or item.text.isspace():
            return _Read()
        text = prepare(item.text)
        lowered = text.lower()
        tokens = tokens_of(lowered)
        language = read_as(text, tokens, item.language)
        if language not in (None, "en"):
            return _foreign(text, language, tokens)
        held = groups(tokens)
        counts = list(map(self._counts.get, held, repeat(0)))
        starts, weight = divmod(sum(counts) + _START // 2, _START)
        known = list(compress(zip(held, counts, strict=True), counts))
        found = self._found(Spans(text, lowered), tokens, known, aloud=aloud) if starts else ()
        if found or (tokens and language is None and self._familiar(tokens)):
            language = "en"  # the phrases are English
        if tokens and language is None:
            return _Read(bool(text))
        reading = self._vader.read(text)
        compound = reading.polarity.compound
        if not tokens and compound == 0:
            return _Read(bool(text))  # emoji that VADER has no opinion of
        parts = sentences(text, reading, self._vader)
        english = self._english
        share = english.scale * (len(tokens) + 1) ** -POWER
        counted = numbers(text, len(tokens), reading, parts, [one.kind for one in found])
        log_odds = english.bias + sum(map(mul, english.numbers, counted)) + share * (weight - _START // 2)
        if found:
            log_odds += sum(sorted([self._weighs.get((one.kind, one.name), 0.0) for one in found]))
        worst = min(parts, key=_compound) if len(parts) > 1 else None
        return _Read(True, language, log_odds, compound, worst, found, known, share)

    def _found(
        self, places: Spans, tokens: Sequence[str], known: Sequence[tuple[Group, int]], *, aloud: bool
    ) -> Sequence[Found]:
        begin = [group for group, count in known if count >= _START // 2]
        first = {group.removeprefix(NEGATED) if isinstance(group, str) else group[0] for group in begin}
        starts = [at for at, token in enumerate(tokens) if token in first]
        if aloud:
            return self._phrases.among(tokens, places, starts)
        return [Found(kind, name, ()) for kind, name in sorted(self._phrases.names(tokens, places, starts))]

    def _familiar(self, tokens: Sequence[str]) -> bool:
        """Say whether a text that is too short for a language is made of words of English reviews alone."""
        groups, known = self._english.groups, words()
        return all(
            (token in known.short or token in groups or token.isdigit()) and known.marks.get(token, 0) <= 1
            for token in tokens
        )

    def _reasons(self, item: Scorable, stars: float | None, read: _Read, level: Level) -> tuple[Why, ...]:
        reasons = [] if item.rating is None or stars is None else [Why("stars", stars_in_words(item.rating))]
        if read.found:
            reasons += [Why(f"{one.kind}:{one.name}", one.name, one.words) for one in read.found if one.kind in _TOLD]
        if level is Level.QUIET:
            return tuple(reasons)
        if read.worst is not None and read.worst.compound < 0:
            reasons.append(Why("sentence", "worst sentence", (_shortened(read.worst.text),)))
        if read.written and read.log_odds is None:
            reasons.append(Why("language", "language not scored"))
        elif telling := self._telling(read, reasons):
            reasons.append(Why("words", "words", telling))
        elif not reasons:
            reasons.append(Why("tone", "lukewarm words"))
        return tuple(reasons)

    def _telling(self, read: _Read, reasons: Sequence[Why]) -> tuple[str, ...]:
        """Return the groups that count most, without those that say nothing to a reader or were already shown."""
        least = _MEANINGFUL / read.share if read.share else math.inf
        heavy = [
            (-weight, in_words(group))
            for group, count in read.known
            if count >= least and (weight := (count + _START // 2) % _START - _START // 2) >= least
        ]
        if not heavy:
            return ()
        shown = " ".join(word for why in reasons for word in why.words).lower() if read.found else ""
        kept: list[str] = []
        for _, group in sorted(heavy):
            if _says_something(group) and group not in shown and not any(_overlap(group, other) for other in kept):
                kept.append(group)
            if len(kept) == _SHOWN_GROUPS:
                break
        return tuple(kept)


def _stars_decide(item: Scorable) -> bool:
    stars = item.rating.stars if item.rating else None
    return stars is not None and not LOW_STARS <= stars < HIGH_STARS


def _foreign(text: str, language: str | None, tokens: Sequence[str]) -> _Read:
    own = table(language) if language else None
    if own is None or not tokens:
        return _Read(bool(text), language)
    share = own.scale * (len(tokens) + 1) ** -POWER
    known = [(group, own.groups[group]) for group in groups(tokens) if group in own.groups]
    weight = sum([weight for _, weight in known])
    return _Read(True, language, own.bias + share * weight, known=known, share=share)


def _compound(sentence: Sentence) -> float:
    return sentence.compound


def _badness(stars: float | None, read: _Read, *, danger: bool) -> float | None:
    log_odds = read.log_odds
    if stars is None:
        if log_odds is None:
            return None
        badness = _probability(log_odds)
        if read.foreign:
            badness = min(badness, ALERT_AT - 0.01)
    else:
        evidence = NO_TEXT if log_odds is None else log_odds
        weight = FOREIGN_WEIGHT if read.foreign and log_odds is not None else TEXT_WEIGHT
        badness = _probability(prior(stars) + weight * evidence)
        if stars >= HIGH_STARS:
            badness = min(badness, ALERT_AT - 0.01)
        elif stars < LOW_STARS:
            badness = max(badness, ALERT_AT)
    return round(max(badness, ALERT_AT) if danger else badness, 4)


def _level(stars: float | None, badness: float | None, read: _Read) -> Level:
    if badness is None:
        return Level.WATCH if read.written else Level.QUIET
    if badness >= ALERT_AT:
        return Level.ALERT
    if stars is not None and stars < HIGH_STARS:
        return Level.WATCH
    if stars is not None:
        return Level.WATCH if read.log_odds is not None and read.log_odds >= 0 else Level.QUIET
    return Level.WATCH if badness >= WATCH_AT or _mixed(read) else Level.QUIET


def _mixed(read: _Read) -> bool:
    complains = any(found.kind in _TOLD for found in read.found) if read.found else False
    return complains or (read.worst is not None and read.worst.compound <= WORST_SENTENCE)


def _label(stars: float | None, badness: float | None, level: Level, read: _Read) -> Label:
    if level is Level.ALERT:
        return Label.BAD
    if stars is None and read.log_odds is None:
        return Label.UNKNOWN
    if level is Level.WATCH:
        return Label.MIXED
    if stars is not None:
        return Label.GOOD
    praised = badness is not None and badness < PRAISE_BELOW and read.compound >= FRIENDLY
    return Label.GOOD if praised else Label.NEUTRAL


def _probability(log_odds: float) -> float:
    if not -_HIGHEST < log_odds < _HIGHEST:
        log_odds = math.copysign(_HIGHEST, log_odds)
    return 1 / (1 + math.exp(-log_odds))


def _says_something(group: str) -> bool:
    return not group.startswith(NEGATED) and (" " in group or len(group) >= _SHORTEST) and not group.isdigit()


def _overlap(one: str, other: str) -> bool:
    return not set(one.split()).isdisjoint(other.split())


def _shortened(sentence: str) -> str:
    plain = " ".join(sentence.split())
    return plain if len(plain) <= _LONGEST_SENTENCE else plain[: _LONGEST_SENTENCE - 1].rstrip() + "…"
