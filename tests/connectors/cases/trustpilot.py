"""Trustpilot: pages by number, the answer inside the review, the business asked for by its domain."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://api.trustpilot.com/v1"
UNIT = "0123456789abcdef01234567"
PERSON = "aaaaaaaaaaaaaaaaaaaaaaaa"
CALL = 1_000_000


def listed(page: int = 1) -> Request:
    """Return the question for one page."""
    return Request(
        f"{API}/business-units/{UNIT}/reviews",
        {"orderBy": "createdat.desc", "perPage": 100, "page": page},
        context={"unit": UNIT, "page": page},
        cost=CALL,
    )


def alone(external_id: str) -> Request:
    """Return the question for one review."""
    return Request(f"{API}/reviews/{external_id}", about=(external_id,), cost=CALL)


def links() -> list[dict[str, str]]:
    """Return links as the API gives them."""
    return [{"href": f"{API}/x", "method": "GET", "rel": "self"}]


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review with every key that is documented; one given as `...` is left out."""
    fields = {
        "id": f"{number:024x}",
        "consumer": {
            "id": "c" * 24,
            "displayName": "Nia K.",
            "displayLocation": "Leeds, GB",
            "numberOfReviews": 2,
            "links": links(),
        },
        "businessUnit": {
            "id": UNIT,
            "identifyingName": "shop.example",
            "displayName": "Acme Coffee",
            "links": links(),
        },
        "location": None,
        "stars": 1,
        "title": "Never arrived",
        "text": "Three weeks, and nobody answers.",
        "language": "en",
        "createdAt": f"2026-11-24T08:{number % 60:02}:00Z",
        "experiencedAt": "2026-11-20T00:00:00Z",
        "updatedAt": None,
        "numberOfLikes": 3,
        "isVerified": True,
        "status": "active",
        "reportData": None,
        "companyReply": None,
        "countsTowardsTrustScore": True,
        "countsTowardsLocationTrustScore": False,
        "reviewVerificationLevel": "verified",
        "complianceLabels": [],
        "invitation": None,
        "businessUnitHistory": [],
        "links": links(),
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def answer(**changes: Any) -> dict[str, Any]:
    """Return the company's answer."""
    return {"text": "We have sent it again.", "createdAt": "2026-11-24T09:30:00", "updatedAt": None, **changes}


def page(*reviews: Any) -> dict[str, Any]:
    """Return one page."""
    return {"reviews": list(reviews), "links": links()}


def business(**changes: Any) -> dict[str, Any]:
    """Return the business."""
    return {
        "id": UNIT,
        "displayName": "Acme Coffee",
        "name": {"identifying": "shop.example", "referring": ["shop.example", "www.shop.example"]},
        "websiteUrl": "https://shop.example",
        "country": "GB",
        "numberOfReviews": {"total": 1205, "usedForTrustScoreCalculation": 1200, "oneStar": 20, "fiveStars": 900},
        "status": "active",
        "score": {"trustScore": 4.6, "stars": 4.5},
        "badFit": False,
        "links": links(),
        **changes,
    }


def shown(*reviews: Any) -> Answer:
    """Return the first page as an answer."""
    return Answer(page(*reviews), to=listed())


def three(**changes: Any) -> Answer:
    """Return three reviews that are changed alike."""
    return shown(*(review(number, **changes) for number in range(3)))


GOOD = (review(2, stars=5, title="Fine", text="Came the next day."), review(1))

CASES = Cases(
    options={"domain": "shop.example", "api_key": "made-up-api-key"},
    brands=(Brand("acme", ("Acme Coffee",)),),
    secrets=("made-up-api-key",),
    bad_options=(
        {},
        {"domain": "shop.example"},
        {"domain": "Acme Coffee", "api_key": "k"},
        {"domain": "shop.example", "api_key": "k", "api_secret": "s"},
        {"domain": "shop.example", "api_key": "k", "business_user_id": PERSON},
        {"domain": "shop.example", "api_key": "k", "api_secret": "s", "business_user_id": "bo"},
    ),
    first=shown(*GOOD),
    first_ids=(f"{2:024x}", f"{1:024x}"),
    next=Answer(page(review(0))),
    empty=shown(),
    broken=shown(*GOOD, review(3, consumer=None)),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD)) | {"nextPageToken": "x"}, to=listed()),
    drift=(
        Answer({"items": list(GOOD)}, to=listed()),
        Answer({"reviews": None}, to=listed()),
        Answer({"reviews": {"1": review()}}, to=listed()),
        *(three(**{key: ...}) for key in ("id", "stars", "text", "createdAt", "consumer")),
        three(stars="good"),
        three(companyReply={"message": "Sorry."}),
        Answer({key: value for key, value in business().items() if key != "id"}),
        Answer({key: value for key, value in business().items() if key != "numberOfReviews"}),
    ),
    edited=shown(GOOD[0], review(stars=4, text="It came after all.", updatedAt="2026-11-24T10:00:00Z")),
    gone=Answer({"message": "Not found"}, 404, to=alone(f"{1:024x}")),
    own="Only customers write reviews there, and the answer is a part of theirs.",
    answered=shown(review(companyReply=answer())),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
