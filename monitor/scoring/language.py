"""What language a text is read as: English, another one, or not known.

Only English is scored, so what counts is that nothing else is taken for it. A glance at the small
words and the script settles nine of ten texts; the rest goes to py3langid, which knows nothing of
fewer than twenty letters. What the site says is believed as long as the text does not contradict it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

SHORTEST = 20  # letters; below, no detector measured is better than a guess
MOST_READ = 600  # characters given to the detector
GLANCE_WORDS = 4
GLANCE_HITS = 2
GLANCE_SHARE = 0.3
PLAIN_SHARE = 0.2  # with three of them, and none of another language
CLEARLY_OTHER = 2  # that many small words, twice as many as English ones, and ahead of every other language
AHEAD = 1.3
_ENGLISH = "en"
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis", "qme", "art", "xx"})
_HANDLES = re.compile(r"[@#]\w+")
# Scripts that one language writes. Cyrillic, Arabic and Devanagari are left to the detector.
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e5b]")),
    ("el", re.compile("[\u0391-\u03ce]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
)


@dataclass(frozen=True, slots=True)
class Words:
    """Words that tell languages apart at a glance."""

    english: frozenset[str]
    short: frozenset[str]  # what may stand beside an English word in a text of two or three
    by_language: Mapping[str, frozenset[str]]  # small words that are no English ones
    marks: Mapping[str, bool]  # True for an English word, False for a small word of another language
    detector: tuple[str, ...]  # languages the detector may answer


@cache
def words() -> Words:
    """Return the words that ship with the product, read once."""
    from monitor.scoring.vader import tables

    content = resources.files("monitor.scoring").joinpath("words.toml").read_text(encoding="utf-8")
    table = tomllib.loads(content)
    english, shared = frozenset(table["english"].split()), frozenset(table["shared"].split())
    lexicon = {word for word in tables().lexicon if len(word) > 2 and word.isalpha() and word.isascii()}
    by_language = {name: frozenset(small.split()) - english - shared for name, small in table["languages"].items()}
    return Words(
        english=english,
        short=english | shared | lexicon.difference(table["false_friends"].split()),
        by_language=by_language,
        marks=dict.fromkeys(frozenset().union(*by_language.values()), False) | dict.fromkeys(english, True),
        detector=tuple(table["detector"].split()),
    )


def read_as(
    text: str, tokens: Sequence[str], tag: str | None = None, counts: tuple[int, int] | None = None
) -> str | None:
    """Return the language of a prepared text as a two-letter code, or None when it is not known.

    `tokens` are its words in lower case, `tag` is what the site says, `counts` how many of the words are marked as
    English and how many as those of other languages, for who knows that already.
    """
    english, others = counts or _counted(tokens)
    latin = text.isascii() or sum(map(str.isascii, tokens)) >= 0.8 * len(tokens)
    if latin and _clearly_english(len(tokens), english, others):
        return _ENGLISH
    spoken = [token for token in tokens if not token.isdigit()]
    if not spoken:
        return None
    claimed = _primary(tag)
    if latin and len(spoken) < GLANCE_WORDS and claimed in (None, _ENGLISH):
        plain = english and not others and all(map(words().short.__contains__, spoken))
        if plain:
            return _ENGLISH
    if claimed not in (None, _ENGLISH) and (others > english or not english or not latin):
        return claimed
    if clear := _clearly_other(text, spoken, english, others):
        return clear
    if sum(map(len, spoken)) < SHORTEST:
        return _ENGLISH if claimed == _ENGLISH and latin and others <= english else None
    return _detected(text, claimed, english, others, latin=latin)


def _counted(tokens: Sequence[str]) -> tuple[int, int]:
    marked = list(map(words().marks.get, tokens))
    return marked.count(True), marked.count(False)


def _clearly_english(count: int, english: int, others: int) -> bool:
    if count < GLANCE_WORDS or english < GLANCE_HITS or 4 * others > english:
        return False
    share = PLAIN_SHARE if english > GLANCE_HITS and not others else GLANCE_SHARE
    return english >= share * count


def _clearly_other(text: str, spoken: Sequence[str], english: int, others: int) -> str | None:
    """Return the language whose script or small words a text is written with, when there is no doubt."""
    if not text.isascii() and not any(map(str.isascii, spoken)):
        return next((name for name, script in _SCRIPTS if script.search(text)), None)
    if len(spoken) < GLANCE_WORDS or others < CLEARLY_OTHER or others < 2 * english:
        return None
    by_language = words().by_language
    counts = sorted(((sum(map(small.__contains__, spoken)), name) for name, small in by_language.items()), reverse=True)
    (first, name), (second, _) = counts[:2]
    return name if first >= CLEARLY_OTHER and first >= AHEAD * second else None


def _detected(text: str, claimed: str | None, english: int, others: int, *, latin: bool) -> str | None:
    from monitor.scoring.detector import DETECTOR  # half a second, and 70 MB: most texts do not need it

    found, _ = DETECTOR.classify(_HANDLES.sub(" ", text[:MOST_READ]))
    if found == _ENGLISH:
        # Romanised Hindi between English words: the small words are not English ones.
        return _ENGLISH if latin and (others < english or not others) else claimed
    if claimed == _ENGLISH and latin and english > others:
        return _ENGLISH
    return found


def _primary(tag: str | None) -> str | None:
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary and primary not in _NO_LANGUAGE else None
