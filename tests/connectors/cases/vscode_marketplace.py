"""VS Code Marketplace: reviews that go back by date, with the publisher's answer inside."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases


def review(number: int = 501, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as `...` is left out."""
    fields = {
        "id": number,
        "userId": f"00000000-0000-4000-8000-{number:012}",
        "userDisplayName": "nia",
        "updatedDate": f"2026-11-24T10:{number % 60:02}:00.123Z",
        "rating": 2,
        "title": "",
        "text": "It formats <nothing> since Monday.",
        "productVersion": "1.4.1",
        "isDeleted": False,
        "isIgnored": False,
        "reply": None,
        "adminReply": None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def reply(number: int = 501, **changes: Any) -> dict[str, Any]:
    """Return the publisher's answer."""
    return {
        "id": 90,
        "reviewId": number,
        "userId": "00000000-0000-4000-8000-000000000001",
        "title": "",
        "replyText": "Mended in 1.5.",
        "updatedDate": "2026-11-25T09:30:00.5Z",
        "productVersion": "1.5.0",
        "isDeleted": False,
        **changes,
    }


def page(*reviews: Any, more: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a page."""
    return {"reviews": list(reviews), "totalReviewCount": len(reviews), "hasMoreReviews": more, **changes}


GOOD = (review(), review(500, text=..., rating=5))

CASES = Cases(
    options={"extension": "acme.acme-format"},
    bad_options=(
        {},
        {"extension": ""},
        {"extension": "acme-format"},
        {"extension": "acme.a/../b"},
        {"extension": "a b.c"},
    ),
    first=Answer(page(*GOOD, more=True)),
    first_ids=("501", "500"),
    next=Answer(page(review(499))),
    empty=Answer(page()),
    broken=Answer(page(*GOOD, review(3, rating=...), more=True)),
    unknown=Answer(page(*(one | {"reCaptchaToken": None, "mood": 1} for one in GOOD), more=True, mood=2)),
    drift=(
        Answer({"value": list(GOOD), "totalReviewCount": 2, "hasMoreReviews": False}),
        Answer({"reviews": list(GOOD), "hasMoreReviews": False}),
        Answer({"reviews": list(GOOD), "totalReviewCount": 2}),
        Answer(page(reviews=None)),
        Answer(page(reviews={"0": review()})),
        Answer(page(totalReviewCount=7)),
        Answer({"message": "No such extension.", "typeKey": "ExtensionDoesNotExistException"}),
        Answer(page(1, 2)),
        *(
            Answer(page(*(review(n, **{key: ...}) for n in (3, 2))))
            for key in ("id", "updatedDate", "rating", "userId")
        ),
    ),
    edited=Answer(page(review(text="Works again.", rating=5), GOOD[1], more=True)),
    gone=Answer(page(review(isDeleted=True), GOOD[1])),
    own="Who publishes an extension answers inside a review; no account of theirs is told.",
    answered=Answer(page(review(reply=reply()))),
    refusals={
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
