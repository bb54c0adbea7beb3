"""What a mark says by itself, and in words."""

from __future__ import annotations

import math

from monitor.models import Rating

PRIOR = (0.97, 0.90, 0.50, 0.12, 0.04)  # share of bad ones among 1…5 stars
LOW_STARS, HIGH_STARS = 2.5, 3.5  # below: always an alert; from here on: a watch at most
ALERT_AT, WATCH_AT = 0.5, 0.35  # badness from which on somebody is told, and from which on it is watched
_LOG_ODDS = tuple(math.log(share / (1 - share)) for share in PRIOR)


def prior(stars: float) -> float:
    """Return the log-odds of bad at a mark from 1 to 5; between two marks on the line that joins them."""
    below = min(int(stars), 4)
    low, high = _LOG_ODDS[below - 1], _LOG_ODDS[below]
    return low + (high - low) * (stars - below)


def in_words(rating: Rating) -> str:
    """Return a mark as people say it: "1 star", "2 of 10", "thumb down"."""
    if rating.best - rating.worst == 1:
        return "thumb up" if rating.value == rating.best else "thumb down"
    if (rating.worst, rating.best) != (1, 5):
        return f"{rating.value:g} of {rating.best:g}"
    return "1 star" if rating.value == 1 else f"{rating.value:g} stars"
