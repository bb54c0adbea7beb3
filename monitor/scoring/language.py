"""What language a text is read as: English, another one, or not known.

Only English is scored, so what counts is that nothing else is taken for it. A glance at the small
words settles nine of ten English texts; the rest goes to py3langid, which knows nothing of fewer
than twenty letters. What the site says is believed as long as the text does not contradict it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from threading import Lock
from typing import Protocol

SHORTEST = 20  # letters; below, no detector measured is better than a guess
MOST_READ = 600  # characters given to the detector
GLANCE_WORDS = 4
GLANCE_HITS = 2
GLANCE_SHARE = 0.3
_ENGLISH = "en"
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis", "qme", "art", "xx"})
_HANDLES = re.compile(r"[@#]\w+")


class Detector(Protocol):
    """What tells languages apart."""

    def classify(self, text: str) -> tuple[str, float]:
        """Return the likeliest language and how likely."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words that tell English from other languages at a glance."""

    english: frozenset[str]
    others: frozenset[str]
    short: frozenset[str]  # what may stand beside an English word in a text of two or three
    languages: tuple[str, ...]  # what the detector may answer


@cache
def words() -> Words:
    """Return the words that ship with the product, read once."""
    from monitor.scoring.vader import tables

    content = resources.files("monitor.scoring").joinpath("words.toml").read_text(encoding="utf-8")
    table = {name: value.split() for name, value in tomllib.loads(content).items()}
    english = frozenset(table["english"])
    lexicon = {word for word in tables().lexicon if len(word) > 2 and word.isalpha() and word.isascii()}
    short = english | lexicon.difference(table["false_friends"]) | set(table["shared"])
    return Words(english, frozenset(table["others"]), short, tuple(table["languages"]))


_loading = Lock()


@cache
def _load() -> Detector:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector: Detector = LanguageIdentifier.from_model_file(MODEL_FILE)
    detector.set_languages(words().languages)  # type: ignore[attr-defined]  # what it is told before anybody asks it
    return detector


def detector() -> Detector:
    """Return py3langid, loaded at the first call (half a second)."""
    with _loading:
        return _load()


def read_as(text: str, tokens: Sequence[str], tag: str | None = None) -> str | None:
    """Return the language of a prepared text as a two-letter code, or None when it is not known.

    `tokens` are its words in lower case, `tag` is what the site says.
    """
    known = words()
    english = sum(map(known.english.__contains__, tokens))
    others = sum(map(known.others.__contains__, tokens))
    latin = text.isascii() or sum(map(str.isascii, tokens)) >= 0.8 * len(tokens)
    if latin and _clearly_english(len(tokens), english, others):
        return _ENGLISH
    spoken = [token for token in tokens if not token.isdigit()]
    if not spoken:
        return None
    claimed = _primary(tag)
    if latin and len(spoken) < GLANCE_WORDS and claimed in (None, _ENGLISH):
        plain = english and not others and all(map(known.short.__contains__, spoken))
        if plain:
            return _ENGLISH
    if claimed not in (None, _ENGLISH) and (others > english or not english or not latin):
        return claimed
    if sum(map(len, spoken)) < SHORTEST:
        return _ENGLISH if claimed == _ENGLISH and latin and others <= english else None
    return _detected(text, claimed, english, others, latin=latin)


def _clearly_english(count: int, english: int, others: int) -> bool:
    return (
        count >= GLANCE_WORDS and english >= GLANCE_HITS and english >= GLANCE_SHARE * count and 4 * others <= english
    )


def _detected(text: str, claimed: str | None, english: int, others: int, *, latin: bool) -> str | None:
    found, _ = detector().classify(_HANDLES.sub(" ", text[:MOST_READ]))
    if found == _ENGLISH:
        # Romanised Hindi between English words: the small words are not English ones.
        return _ENGLISH if latin and others <= english else claimed
    if claimed == _ENGLISH and latin and english > others:
        return _ENGLISH
    return found


def _primary(tag: str | None) -> str | None:
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary and primary not in _NO_LANGUAGE else None
