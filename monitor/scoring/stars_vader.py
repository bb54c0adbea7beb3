"""Stars first, then VADER's reading of English text and the complaints that are named in it.

Every number here was fixed on development data that nobody here wrote, leave one source out;
docs/scoring.md tells what it reaches and where it fails.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from monitor.models import Label, Level, Scorable, Score, Why
from monitor.scoring.cutting import cut
from monitor.scoring.features import heard, worst, worst_sentence
from monitor.scoring.language import read_as
from monitor.scoring.phrases import Found, Kind, Phrases, phrases
from monitor.scoring.prepare import prepare
from monitor.scoring.stars import ALERT_AT, HIGH_STARS, LOW_STARS, WATCH_AT, in_words, prior
from monitor.scoring.vader import Reading, Vader, with_negator

WORST_SENTENCE = -0.4  # compound of one sentence that is worth a look although the whole sounds fine
PRAISE = 0.4  # compound

# Log-odds of a bad post from its text: what VADER and the phrases say, fitted with equal weight per source.
BASE, PER_COMPOUND, PER_PHRASE, MOST_PHRASES = -0.25, -2.3, 1.5, 3
NOTHING_FOUND = -1.4  # no word of the lexicon and no phrase: a fact, a question, a name
TEXT_WEIGHT = 0.7  # beside stars
NO_TEXT = -0.2  # who has a complaint mostly writes it

_SHOWN_WORDS = 4


class _Read(NamedTuple):
    """What was found in a text. `vader` is None where it must not be asked."""

    text: str = ""
    language: str | None = None
    vader: Reading | None = None
    found: Sequence[Found] = ()
    compound: float = 0.0
    ends: Sequence[int] = ()  # words before the end of each sentence
    sentences: Sequence[float] = ()  # compound of each

    def names(self, kind: Kind) -> tuple[str, ...]:
        return tuple([found.name for found in self.found if found.kind == kind]) if self.found else ()


class StarsVader:
    """The first scorer: explainable, light, English only where there are no stars."""

    name = "stars-vader"
    version = 3

    def __init__(self, named: Phrases | None = None, speaks_as: str | None = None) -> None:
        self.id = speaks_as or f"{self.name}/{self.version}"  # as it stands beside every score
        self._vader = Vader()
        self._phrases = phrases() if named is None else named

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        """Return one score an item, in order."""
        return [self._score(item) for item in items]

    def _score(self, item: Scorable) -> Score:
        stars = item.rating.stars if item.rating else None
        read = self._read(item)
        evidence = self._evidence(read)
        dangers = read.names("danger")
        badness = _badness(stars, evidence, danger=bool(dangers))
        level = _level(stars, evidence, badness, read)
        return Score(
            badness=None if badness is None else round(badness, 4),
            level=level,
            label=_label(stars, evidence, level, read),
            scorer=self.id,
            topics=read.names("topic"),
            dangers=dangers,
            reasons=_reasons(item, stars, read, level),
            language=read.language,
        )

    def _read(self, item: Scorable) -> _Read:
        text = prepare(item.text)
        written = cut(text.lower())
        tokens = written.tokens
        if not written.words:
            return _Read(text)
        language = read_as(text, tokens, item.language)
        if language not in (None, "en"):
            return _Read(text, language)
        found = self._phrases.find(text, tokens) if tokens else []
        if found:
            language = "en"  # the phrases are English
        if tokens and language is None:
            return _Read(text)
        reading, sentences = heard(text, written, self._vader)
        compound = reading.polarity.compound
        if not tokens and compound == 0:
            return _Read(text)  # emoji that VADER has no opinion of
        return _Read(text, language, reading, found, compound, written.ends, sentences)

    def _evidence(self, read: _Read) -> float | None:
        """Return the log-odds that a text is bad, or None when it could not be read."""
        return _evidence(read)


def _reasons(item: Scorable, stars: float | None, read: _Read, level: Level) -> tuple[Why, ...]:
    reasons = [] if item.rating is None or stars is None else [Why("stars", in_words(item.rating))]
    reasons += [Why(f"{found.kind}:{found.name}", found.name, found.words) for found in read.found]
    if level is Level.QUIET:
        return tuple(reasons)
    if worst(read.sentences) < 0:
        shown = worst_sentence(read.text, read.ends, read.sentences)
        reasons.append(Why("sentence", "worst sentence", (shown,)))
    elif read.vader is not None and read.vader.polarity.neg and not read.found:
        reasons.append(Why("words", "words", _bad_words(read)))
    elif read.text and read.vader is None:
        reasons.append(Why("language", "language not scored"))
    elif not reasons:
        reasons.append(Why("tone", "lukewarm words"))
    return tuple(reasons)


def _bad_words(read: _Read) -> tuple[str, ...]:
    if read.vader is None:
        return ()
    negative = sorted((value, at) for at, value in read.vader.valences if value < 0)
    return tuple(dict.fromkeys(with_negator(read.vader.words, at) for _, at in negative))[:_SHOWN_WORDS]


def _evidence(read: _Read) -> float | None:
    """Return the log-odds that a text is bad, or None when it could not be read."""
    if read.vader is None:
        return None
    hits = min(sum(len(found.words) for found in read.found), MOST_PHRASES)
    if not hits and read.compound == 0:
        return NOTHING_FOUND
    return BASE + PER_COMPOUND * read.compound + PER_PHRASE * hits


def _badness(stars: float | None, evidence: float | None, *, danger: bool) -> float | None:
    if stars is None:
        if evidence is None:
            return None
        badness = _probability(evidence)
    else:
        badness = _probability(prior(stars) + TEXT_WEIGHT * (NO_TEXT if evidence is None else evidence))
        if stars >= HIGH_STARS:
            badness = min(badness, ALERT_AT - 0.01)
        elif stars < LOW_STARS:
            badness = max(badness, ALERT_AT)
    return max(badness, ALERT_AT) if danger else badness


def _level(stars: float | None, evidence: float | None, badness: float | None, read: _Read) -> Level:
    if badness is None:
        return Level.WATCH if read.text else Level.QUIET
    if badness >= ALERT_AT:
        return Level.ALERT
    if stars is not None and stars < HIGH_STARS:
        return Level.WATCH
    if stars is not None:
        return Level.WATCH if evidence is not None and _probability(evidence) >= ALERT_AT else Level.QUIET
    mixed = worst(read.sentences) <= WORST_SENTENCE
    return Level.WATCH if badness >= WATCH_AT or mixed or read.found else Level.QUIET


def _label(stars: float | None, evidence: float | None, level: Level, read: _Read) -> Label:
    if level is Level.ALERT:
        return Label.BAD
    if stars is None and evidence is None:
        return Label.UNKNOWN
    if level is Level.WATCH:
        return Label.MIXED
    return Label.GOOD if stars is not None or read.compound >= PRAISE else Label.NEUTRAL


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
