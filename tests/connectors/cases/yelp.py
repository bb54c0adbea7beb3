"""Yelp: three excerpts, with the number of all reviews."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as `...` is left out."""
    fields = {
        "id": f"review-{number}",
        "url": f"https://www.yelp.com/biz/acme-coffee?hrid=review-{number}&utm_source=made-up",
        "text": "Waited 40 minutes for two coffees, then they were cold, and nobody...",
        "rating": 1,
        "time_created": f"2026-11-{24 - number % 24:02} 00:41:13",
        "user": {
            "id": "u1",
            "profile_url": "https://www.yelp.com/user_details?userid=u1",
            "image_url": None,
            "name": "Nia K.",
        },
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def page(*reviews: Any, total: int = 40) -> dict[str, Any]:
    """Return the one page there is."""
    return {"reviews": list(reviews), "total": total, "possible_languages": ["en"]}


def error(code: str) -> dict[str, Any]:
    """Return an error as Yelp tells it."""
    return {"error": {"code": code, "description": "Made up."}}


GOOD = (review(1, rating=5, text="Fine."), review(2))

CASES = Cases(
    options={"business": "acme-coffee", "api_key": "made-up-api-key"},
    secrets=("made-up-api-key",),
    bad_options=(
        {},
        {"business": "acme-coffee"},
        {"business": "Acme Coffee", "api_key": "k"},
        {"business": "acme", "api_key": "k", "locale": "german"},
    ),
    first=Answer(page(*GOOD)),
    first_ids=("review-1", "review-2"),
    next="Yelp shows three reviews and no page behind them.",
    empty=Answer(page(total=0)),
    broken=Answer(page(*GOOD, review(3, user=None))),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD)) | {"region": {}}),
    drift=(
        Answer({"reviews": list(GOOD)}),
        Answer({"items": list(GOOD), "total": 2}),
        Answer({"reviews": {"1": review()}, "total": 1}),
        *(Answer(page(review(**{key: ...}))) for key in ("url", "text", "rating", "time_created", "user")),
        Answer(page(review(rating="one"))),
    ),
    edited=Answer(page(GOOD[0], review(2, rating=4, text="They made it good."))),
    gone="Yelp says of no review that it is deleted, and shows only three.",
    own="Only customers write reviews there.",
    answered="The reviews of the API hold no answers.",
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
    },
)
