"""Judge.me: pages by number until one is empty, with more about people than is wanted."""

from __future__ import annotations

from typing import Any

from monitor.connector import Request
from tests.connectors.kit import Answer, Cases

REVIEWS = "https://api.judge.me/api/v1/reviews"
SHOP = {"shop_domain": "acme.myshopify.com"}


def alone(external_id: str) -> Request:
    """Return the question for one review."""
    return Request(f"{REVIEWS}/{external_id}", SHOP, about=(external_id,))


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review with every key that is described; one given as `...` is left out."""
    fields = {
        "id": number,
        "title": "Broken",
        "body": "It broke on the second day, and nobody answers.",
        "rating": 1,
        "product_external_id": 4_000_000_000_001,
        "product_title": "Acme Mug",
        "product_handle": "acme-mug",
        "reviewer": {
            "id": 77,
            "external_id": 88,
            "email": "nia@mail.example",
            "name": "Nia K.",
            "phone": "+49 30 0000",
            "accepts_marketing": True,
            "tags": None,
        },
        "source": "web",
        "curated": "ok",
        "published": True,
        "hidden": False,
        "featured": False,
        "verified": "buyer",
        "created_at": f"2026-11-24T{23 - number % 24:02}:39:09+00:00",
        "updated_at": f"2026-11-24T{23 - number % 24:02}:39:09+00:00",
        "pictures": [],
        "ip_address": "203.0.113.7",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def page(*reviews: Any, number: int = 1) -> dict[str, Any]:
    """Return one page."""
    return {"current_page": number, "per_page": 100, "reviews": list(reviews)}


GOOD = (review(1, rating=5, title=None, body="Best mug."), review(2))

CASES = Cases(
    options={**SHOP, "api_token": "made-up-token"},
    secrets=("made-up-token",),
    bad_options=({}, SHOP, {"shop_domain": "Acme Mugs", "api_token": "t"}, {"shop_domain": "acme", "api_token": "t"}),
    first=Answer(page(*GOOD)),
    first_ids=("1", "2"),
    next=Answer(page(review(3), number=2)),
    empty=Answer(page()),
    broken=Answer(page(*GOOD, review(3, reviewer=None))),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD)) | {"total": 2}),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"reviews": {"1": review()}}),
        Answer({"error": "Something is wrong"}),
        *(Answer(page(review(1, **{key: ...}))) for key in ("id", "rating", "body", "title", "created_at", "reviewer")),
    ),
    edited=Answer(page(GOOD[0], review(2, rating=4, body="They sent a new one."))),
    gone=Answer({"error": "Not found"}, 404, to=alone("1")),
    own="Only customers write reviews there, and the list holds no answers.",
    answered="The list of Judge.me holds no answers.",
)
