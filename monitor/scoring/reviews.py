"""The review scorer: stars by log-odds, VADER's numbers, named phrases, and the weight of each group of words.

Where stars decide alone (one and two alert, four and five do not), the words say what it is about and whether it is
dangerous, and are read the short way; group by group they are weighed where something depends on it.

The numbers stand in a small file that was fitted on labelled posts, leave one source out;
docs/scoring.md tells what it reaches, where it fails, and how the file was made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import compress
from operator import mul, not_
from typing import NamedTuple

from monitor.models import Label, Level, Scorable, Score, Why
from monitor.scoring.cutting import Cut, cut
from monitor.scoring.features import POWER, heard, numbers, worst, worst_sentence
from monitor.scoring.language import read_as, words
from monitor.scoring.phrases import Found, Spans, phrases
from monitor.scoring.prepare import prepare
from monitor.scoring.stars import ALERT_AT, HIGH_STARS, LOW_STARS, WATCH_AT, prior
from monitor.scoring.stars import in_words as stars_in_words
from monitor.scoring.stars_vader import StarsVader
from monitor.scoring.vader import Vader
from monitor.scoring.vocabulary import Known, Vocabulary
from monitor.scoring.weights import table

WORST_SENTENCE = -0.4  # compound of one sentence that is worth a look although the whole sounds fine
PRAISE_BELOW = 0.2  # badness under which a text without stars is praise, when it sounds friendly
FRIENDLY = 0.3  # compound
TEXT_WEIGHT = 0.7  # beside stars
FOREIGN_WEIGHT = 0.35  # of a text in another language, beside stars
NO_TEXT = -0.2  # who has a complaint mostly writes it
_HIGHEST = 20.0  # log-odds
_SHOWN_GROUPS = 2
_MEANINGFUL = 0.3  # log-odds that a group adds before it is shown
_SHORTEST = 4  # letters of a single word that is shown
_TOGETHER = 32  # texts: fewer leave each step too soon, more do not stay near the processor
_ENGLISH = (None, "en")  # languages of what may be English
_TOLD = ("danger", "topic", "complaint")


class _Read(NamedTuple):
    """What was found in a text. `log_odds` is None where it could not be read."""

    text: str = ""
    language: str | None = None
    log_odds: float | None = None
    compound: float = 0.0
    sentences: Sequence[float] = ()  # compound of each
    found: Sequence[Found] = ()
    ends: Sequence[int] = ()  # words before the end of each
    known: Known | None = None
    words: Vocabulary | None = None  # that knows them
    share: float = 0.0  # log-odds of one step of a group's weight

    @property
    def foreign(self) -> bool:
        return self.language not in _ENGLISH

    def names(self, kind: str) -> tuple[str, ...]:
        return tuple([found.name for found in self.found if found.kind == kind]) if self.found else ()


class Reviews:
    """The scorer for reviews and posts. Stateless after it has read its tables; safe to share between threads."""

    name = "reviews"
    version = 4

    def __init__(self) -> None:
        self.id = f"{self.name}/{self.version}"  # as it stands beside every score
        self._vader = Vader()
        self._short = StarsVader(speaks_as=self.id)
        self._phrases = phrases(opinions=True)
        english = table("en")
        assert english is not None
        self._bias, self._scale, self._numbers = english.bias, english.scale, english.numbers
        self._weighs = {tuple(name.split(":", 1)): weight for name, weight in (english.phrases or {}).items()}
        self._words = Vocabulary(english.groups, self._phrases.beginnings(), words().marks)

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        """Return one score an item, in order."""
        judged = zip(items, self._judged(items, aloud=True), strict=True)
        return [found if isinstance(found, Score) else self._score(item, found) for item, found in judged]

    def badness(self, items: Sequence[Scorable]) -> list[float | None]:
        """Return the badness alone, the same numbers as `score` gives, without looking for reasons."""
        judged = zip(items, self._judged(items, aloud=False), strict=True)
        return [found.badness if isinstance(found, Score) else _badness(item, found) for item, found in judged]

    def _judged(self, items: Sequence[Scorable], *, aloud: bool) -> Iterator[Score | _Read]:
        """Yield the score where stars decide alone, else what is found in the text."""
        decided = list(map(_stars_decide, items))
        scores = iter(self._short.score(list(compress(items, decided))))
        reads = self._reads(list(compress(items, map(not_, decided))), aloud=aloud)
        return (next(scores) if stars else next(reads) for stars in decided)

    def _score(self, item: Scorable, read: _Read) -> Score:
        stars = item.rating.stars if item.rating else None
        badness = _badness(item, read)
        level = _level(stars, badness, read)
        return Score(
            badness=badness,
            level=level,
            label=_label(stars, badness, level, read),
            scorer=self.id,
            topics=read.names("topic"),
            dangers=read.names("danger"),
            reasons=self._reasons(item, stars, read, level),
            language=read.language,
        )

    def _reads(self, items: Sequence[Scorable], *, aloud: bool) -> Iterator[_Read]:
        """Yield what is found in each text, `aloud` with the words.

        Each step is taken for some texts together: what it looks things up in then stays near the processor, which
        saves a sixth of the time.
        """
        for start in range(0, len(items), _TOGETHER):
            some = items[start : start + _TOGETHER]
            texts = [prepare(item.text) for item in some]
            cuts = [cut(text.lower()) for text in texts]
            known = [self._words.read(one.tokens) for one in cuts]
            languages = [
                read_as(text, one.tokens, item.language, (of.english, of.foreign))
                for text, one, item, of in zip(texts, cuts, some, known, strict=True)
            ]
            found = [
                self._found(text, one.tokens, of.starts, aloud=aloud) if of.starts and language in _ENGLISH else ()
                for text, one, of, language in zip(texts, cuts, known, languages, strict=True)
            ]
            yield from list(map(self._read, texts, cuts, known, languages, found))

    def _read(self, text: str, one: Cut, known: Known, language: str | None, found: Sequence[Found]) -> _Read:
        tokens = one.tokens
        if not one.words:
            return _Read(text)
        if language not in _ENGLISH:
            return _foreign(text, language, tokens)
        if found or (tokens and language is None and self._familiar(tokens)):
            language = "en"  # the phrases are English
        if tokens and language is None:
            return _Read(text)
        reading, sentences = heard(text, one, self._vader)
        compound = reading.polarity.compound
        if not tokens and compound == 0:
            return _Read(text)  # emoji that VADER has no opinion of
        share = self._scale * (len(tokens) + 1) ** -POWER
        counted = numbers(len(tokens), reading, sentences, [one.kind for one in found])
        log_odds = self._bias + sum(map(mul, self._numbers, counted)) + share * known.weight
        if found:
            log_odds += sum(sorted([self._weighs.get((one.kind, one.name), 0.0) for one in found]))
        return _Read(text, language, log_odds, compound, sentences, found, one.ends, known, self._words, share)

    def _found(self, text: str, tokens: Sequence[str], starts: Sequence[int], *, aloud: bool) -> Sequence[Found]:
        if aloud:
            return self._phrases.among(tokens, Spans(text, tokens), starts)
        return [
            Found(kind, name, ()) for kind, name in sorted(self._phrases.names(tokens, Spans(text, tokens), starts))
        ]

    def _familiar(self, tokens: Sequence[str]) -> bool:
        """Say whether a text that is too short for a language is made of words of English reviews alone."""
        known = words()
        return all(
            (token in known.short or token in self._words or token.isdigit()) and known.marks.get(token, True)
            for token in tokens
        )

    def _reasons(self, item: Scorable, stars: float | None, read: _Read, level: Level) -> tuple[Why, ...]:
        reasons = [] if item.rating is None or stars is None else [Why("stars", stars_in_words(item.rating))]
        if read.found:
            reasons += [Why(f"{one.kind}:{one.name}", one.name, one.words) for one in read.found if one.kind in _TOLD]
        if level is Level.QUIET:
            return tuple(reasons)
        if worst(read.sentences) < 0:
            shown = worst_sentence(read.text, read.ends, read.sentences)
            reasons.append(Why("sentence", "worst sentence", (shown,)))
        if read.text and read.log_odds is None:
            reasons.append(Why("language", "language not scored"))
        elif telling := self._telling(read, reasons):
            reasons.append(Why("words", "words", telling))
        elif not reasons:
            reasons.append(Why("tone", "lukewarm words"))
        return tuple(reasons)

    def _telling(self, read: _Read, reasons: Sequence[Why]) -> tuple[str, ...]:
        """Return the groups that count most, without those that say nothing to a reader or were already shown."""
        if read.known is None or read.words is None:
            return ()
        heavy = read.words.heavier(read.known, _MEANINGFUL / read.share)
        if not heavy:
            return ()
        shown = " ".join(word for why in reasons for word in why.words).lower() if read.found else ""
        kept: list[str] = []
        for group in heavy:
            if _says_something(group) and group not in shown and not any(_overlap(group, other) for other in kept):
                kept.append(group)
            if len(kept) == _SHOWN_GROUPS:
                break
        return tuple(kept)


def _stars_decide(item: Scorable) -> bool:
    stars = item.rating.stars if item.rating else None
    return stars is not None and not LOW_STARS <= stars < HIGH_STARS


class _Foreign(NamedTuple):
    """What is known of another language."""

    words: Vocabulary
    bias: float
    scale: float


@cache
def _foreign_words(language: str) -> _Foreign | None:
    """Return what is known of a language, read when its first text comes."""
    own = table(language)
    return None if own is None else _Foreign(Vocabulary(own.groups), own.bias, own.scale)


def _foreign(text: str, language: str | None, tokens: Sequence[str]) -> _Read:
    own = _foreign_words(language) if language else None
    if own is None or not tokens:
        return _Read(text, language)
    share = own.scale * (len(tokens) + 1) ** -POWER
    known = own.words.read(tokens)
    return _Read(text, language, own.bias + share * known.weight, known=known, words=own.words, share=share)


def _badness(item: Scorable, read: _Read) -> float | None:
    stars = item.rating.stars if item.rating else None
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
    return round(max(badness, ALERT_AT) if read.found and read.names("danger") else badness, 4)


def _level(stars: float | None, badness: float | None, read: _Read) -> Level:
    if badness is None:
        return Level.WATCH if read.text else Level.QUIET
    if badness >= ALERT_AT:
        return Level.ALERT
    if stars is not None and stars < HIGH_STARS:
        return Level.WATCH
    if stars is not None:
        return Level.WATCH if read.log_odds is not None and read.log_odds >= 0 else Level.QUIET
    return Level.WATCH if badness >= WATCH_AT or _mixed(read) else Level.QUIET


def _mixed(read: _Read) -> bool:
    complains = any(found.kind in _TOLD for found in read.found) if read.found else False
    return complains or worst(read.sentences) <= WORST_SENTENCE


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
    return (" " in group or len(group) >= _SHORTEST) and not group.isdigit()


def _overlap(one: str, other: str) -> bool:
    return not set(one.split()).isdisjoint(other.split())
