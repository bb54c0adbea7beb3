"""Tripadvisor: five reviews a language, the owner's answer a part of the review."""

from __future__ import annotations

from typing import Any

from tests.connectors.kit import Answer, Cases

PATH = "/api/v1/location/1234567/reviews"


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as `...` is left out."""
    fields = {
        "id": number,
        "lang": "en",
        "location_id": 1234567,
        "published_date": f"2026-11-{24 - number % 24:02}T21:25:54Z",
        "rating": 1,
        "helpful_votes": 2,
        "rating_image_url": "https://www.tripadvisor.com/img/s1.svg",
        "url": f"https://www.tripadvisor.com/ShowUserReviews-g1-d1234567-r{number}-Reviews-Acme.html",
        "text": "Dirty room, and nobody said a word.",
        "title": "Never again",
        "trip_type": "NONE",
        "travel_date": "2026-10-31",
        "user": {"username": "nia", "user_location": {"id": "null"}, "avatar": {}},
        "subratings": {"0": {"name": "RATE_VALUE", "value": 1, "localized_name": "Value"}},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def answer(**changes: Any) -> dict[str, Any]:
    """Return the owner's answer."""
    fields = {"id": 9, "title": "Owner response", "text": "We are sorry.", "lang": "en", "author": "Acme"}
    return {**fields, "published_date": "2026-11-25T13:42:52Z", **changes}


def page(*reviews: Any) -> dict[str, Any]:
    """Return the one page of a language."""
    return {"data": list(reviews), "paging": {"results": len(reviews), "total_results": 40, "skipped": 0}}


GOOD = (review(1, rating=5, text="Fine."), review(2))

CASES = Cases(
    options={"location": "1234567", "api_key": "made-up-api-key"},
    secrets=("made-up-api-key",),
    bad_options=(
        {},
        {"location": "1234567"},
        {"location": "Acme", "api_key": "k"},
        {"location": "1", "api_key": "k", "languages": []},
        {"location": "1", "api_key": "k", "languages": ["english"]},
    ),
    first=Answer(page(*GOOD)),
    first_ids=("1", "2"),
    next="An ordinary key sees five reviews of a language and no page behind them.",
    empty=Answer(page()),
    broken=Answer(page(*GOOD, review(3, user=None))),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD)) | {"more": {}}),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"data": {"1": review()}}),
        Answer({"message": "No", "type": "X", "code": "1"}),
        *(Answer(page(review(**{key: ...}))) for key in ("id", "url", "text", "rating", "published_date", "user")),
        Answer(page(review(owner_response={"words": "Sorry."}))),
    ),
    edited=Answer(page(GOOD[0], review(2, rating=4, text="They made it good."))),
    gone="Tripadvisor says of no review that it is deleted, and shows only five.",
    own="Only guests write reviews there, and the answer is a part of theirs.",
    answered=Answer(page(review(owner_response=answer()))),
)
