"""Google Places: one answer a place, with its totals and at most five reviews."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases

PLACE = "ChIJmadeUpPlace000000000001"
MAPS = "https://maps.google.com/?cid=1"


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as `...` is left out."""
    said = {"text": "Waited 40 minutes, then it was cold.", "languageCode": "en"}
    fields = {
        "name": f"places/{PLACE}/reviews/r{number}",
        "relativePublishTimeDescription": "a week ago",
        "rating": 1,
        "text": said,
        "originalText": said,
        "authorAttribution": {
            "displayName": "Nia K.",
            "uri": "https://www.google.com/maps/contrib/1/reviews",
            "photoUri": "https://lh3.googleusercontent.com/made-up",
        },
        "publishTime": f"2026-11-{24 - number % 24:02}T18:11:45.700605Z",
        "flagContentUri": "https://www.google.com/local/review/rap/report?postId=1",
        "googleMapsUri": f"https://www.google.com/maps/reviews/r{number}",
        "visitDate": {"year": 2026, "month": 11},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def place(*reviews: Any, **changes: Any) -> dict[str, Any]:
    """Return a place; a field given as `...` is left out."""
    fields = {
        "id": PLACE,
        "googleMapsUri": MAPS,
        "rating": 4.4,
        "userRatingCount": 412,
        "reviews": list(reviews),
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


GOOD = (review(1, rating=5), review(2))

CASES = Cases(
    options={"places": {PLACE: "Quay Street"}, "api_key": "made-up-api-key"},
    secrets=("made-up-api-key",),
    bad_options=(
        {},
        {"places": {PLACE: "Quay Street"}},
        {"places": {}, "api_key": "k"},
        {"places": {"Quay Street": "Quay Street"}, "api_key": "k"},
        {"places": [PLACE], "api_key": "k"},
    ),
    first=Answer(place(*GOOD)),
    first_ids=(f"places/{PLACE}/reviews/r1", f"places/{PLACE}/reviews/r2"),
    next="Google shows five reviews of a place and no page behind them.",
    empty=Answer(place(rating=..., userRatingCount=..., reviews=...)),
    broken=Answer(place(*GOOD, review(3, authorAttribution=None))),
    unknown=Answer(place(*(one | {"mood": 1} for one in GOOD), openNow=True)),
    drift=(
        Answer(place(*GOOD, googleMapsUri=...)),
        Answer(place(*GOOD, rating=...)),
        Answer(place(reviews={"1": review()})),
        *(Answer(place(review(**{key: ...}))) for key in ("name", "rating", "publishTime", "authorAttribution")),
        Answer(place(review(originalText={"words": "Cold."}))),
    ),
    edited=Answer(place(GOOD[0], review(2, rating=4))),
    gone="Google says of no review that it is deleted, and does not show them all.",
    own="Only customers write reviews there.",
    answered="The Places API shows no answers of owners.",
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
    },
)
