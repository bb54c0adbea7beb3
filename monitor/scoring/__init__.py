"""What we think of a text: badness, level, label, and the reasons in words.

Loading this module is cheap; the tables are read when a scorer is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, Protocol

from monitor.errors import UsageError
from monitor.models import Mention, Rating, Scorable, Score

__all__ = ["DEFAULT", "NAMES", "Scorer", "badness", "scorable", "scorer"]

DEFAULT = "reviews"
UNREADABLE = 0.3  # badness where there are neither stars nor English: below every alert


class Scorer(Protocol):
    """Something that judges texts: pure, batchable, versioned. History can be scored again."""

    @property
    def name(self) -> str:
        """Return its name in the configuration."""

    @property
    def version(self) -> int:
        """Return its version: it changes when the same text may get another score."""

    @property
    def id(self) -> str:
        """Return name and version, "reviews/4"."""

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        """Return one score an item, in order. Never raises for what a text holds."""


def _stars_vader() -> Scorer:
    from monitor.scoring.stars_vader import StarsVader

    return StarsVader()


def _reviews() -> Scorer:
    from monitor.scoring.reviews import Reviews

    return Reviews()


def _vader() -> Scorer:
    from monitor.scoring.plain_vader import PlainVader

    return PlainVader()


_SCORERS: Mapping[str, Callable[[], Scorer]] = {
    "reviews": _reviews,
    "stars-vader": _stars_vader,
    "vader": _vader,
}
NAMES = tuple(_SCORERS)


@cache
def scorer(name: str = DEFAULT) -> Scorer:
    """Return the scorer of a name. Raises UsageError for one that does not exist."""
    if name not in _SCORERS:
        near = get_close_matches(name, NAMES, 1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise UsageError(f"there is no scorer `{name}`.{hint} Known: {', '.join(NAMES)}.")
    return _SCORERS[name]()


def scorable(mention: Mention) -> Scorable:
    """Return what a scorer is given of a mention: title and text, the rating, and the site's language."""
    text = f"{mention.title}\n{mention.text}" if mention.title else mention.text
    return Scorable(text, mention.rating, mention.language)


class _Badness:
    """Badness of plain rows by the scorer "reviews", for measuring."""

    threshold = 0.5
    """From here on somebody is told."""

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return 0…1 for each row: `text`, `rating` (0–5 or None) and `lang` (or None)."""
        from monitor.scoring.reviews import Reviews

        reviews = scorer("reviews")
        assert isinstance(reviews, Reviews)
        found = reviews.badness([_row(row) for row in rows])
        return [UNREADABLE if value is None else value for value in found]


def _row(row: Mapping[str, Any]) -> Scorable:
    rating = row.get("rating")
    stars = None if rating is None else Rating(max(float(rating), 1.0))
    return Scorable(row.get("text") or "", stars, row.get("lang"))


badness = _Badness()
