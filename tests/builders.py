"""Values that are valid by default: a test states only what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.models import Audience, Author, Kind, Label, Level, Rating, RawMention, Score, Why

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""The instant at which tests begin: a Tuesday, far from any change of the clocks."""


class FakeClock:
    """A clock that stands still until it is told to go on. Call it to read it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, span: timedelta | None = None, **units: float) -> datetime:
        """Go on by a span, or by `minutes=15`, and return the new instant."""
        self._now += (span or timedelta()) + timedelta(**units)
        return self._now

    def set(self, now: datetime) -> datetime:
        """Jump to an instant, also backwards."""
        assert now.tzinfo is not None, "a clock is set to a time with a zone"
        self._now = now
        return self._now


def a_review(**changes: Any) -> RawMention:
    """Return a bad review of a café, half an hour old at NOON. `rating` and `author` may be plain values."""
    return _raw(
        {
            "external_id": "r-1",
            "text": "Waited 40 minutes for two coffees, then they were cold.",
            "url": "https://reviews.example/r-1",
            "kind": Kind.REVIEW,
            "author": Author("Jonas K.", "u-1"),
            "published_at": NOON - timedelta(minutes=30),
            "rating": Rating(1),
            "language": "en",
        },
        changes,
    )


def a_post(**changes: Any) -> RawMention:
    """Return a post without a rating, seen by a known number of followers."""
    return _raw(
        {
            "external_id": "p-1",
            "text": "Acme Coffee changed its opening hours again.",
            "url": "https://social.example/@mara/p-1",
            "kind": Kind.POST,
            "author": Author("Mara", "u-2"),
            "published_at": NOON - timedelta(minutes=30),
            "audience": Audience(1200, "followers"),
        },
        changes,
    )


def a_score(**changes: Any) -> Score:
    """Return the score of a one-star review."""
    values: dict[str, Any] = {
        "badness": 0.9,
        "level": Level.ALERT,
        "label": Label.BAD,
        "scorer": "stars-vader/2",
        "reasons": (Why("stars", "1 star"),),
        "language": "en",
    }
    return Score(**{**values, **changes})


def _raw(values: dict[str, Any], changes: dict[str, Any]) -> RawMention:
    values = {**values, **changes}
    if isinstance(values.get("rating"), int | float):
        values["rating"] = Rating(values["rating"])
    if isinstance(values.get("author"), str):
        values["author"] = Author(values["author"])
    return RawMention(**values)
