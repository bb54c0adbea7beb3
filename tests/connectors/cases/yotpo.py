"""Yotpo: the widget's pages, all inside `response`, with the shop's answer as a comment of the review."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases

MUG = {"id": 13, "domain_key": "mug-1", "name": "Acme Mug", "product_link": "https://yotpo.com/go/made-up"}


def review(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a review as the widget has it; a field given as `...` is left out."""
    fields = {
        "id": number,
        "score": 1,
        "votes_up": 2,
        "votes_down": 0,
        "content": "It&#x27;s broken, and nobody answers.",
        "title": "Broken &amp; late",
        "sentiment": 0.1,
        "created_at": f"2026-11-24T{23 - number % 24:02}:16:05.354Z",
        "verified_buyer": True,
        "source_review_id": None,
        "custom_fields": None,
        "product_id": 13,
        "deleted": False,
        "images_data": [],
        "user": {"user_id": 18, "display_name": "Nia K.", "social_image": "https://img.example/n.png"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def comment(**changes: Any) -> dict[str, Any]:
    """Return the shop's answer."""
    return {"id": 7, "content": "We&#x27;re sorry.", "created_at": "2026-11-25T07:19:25.734Z", **changes}


def page(*reviews: Any, number: int = 1, size: int = 100, total: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return one page of a product's reviews."""
    count = len(reviews) if total is None else total
    shown = {
        "pagination": {"page": number, "per_page": size, "total": count},
        "bottomline": {"total_review": count, "average_score": 4.25 if count else 0, "star_distribution": {}},
        "products": [MUG],
        "product_tag": [],
        "reviews": list(reviews),
        **changes,
    }
    return {"status": {"code": 200, "message": "OK"}, "response": shown}


def without(key: str) -> dict[str, Any]:
    """Return a page that lacks something."""
    shown = page(review())
    return {**shown, "response": {name: value for name, value in shown["response"].items() if name != key}}


GOOD = (review(1, score=5, title="Fine", content="Best mug."), review(2))

CASES = Cases(
    options={"app_key": "madeUpAppKey", "products": ["mug-1"]},
    bad_options=({}, {"app_key": ""}, {"app_key": "k", "products": []}, {"app_key": "k", "products": ["two words"]}),
    first=Answer(page(*GOOD, total=150)),
    first_ids=("1", "2"),
    next=Answer(page(review(3), number=2, total=150)),
    empty=Answer(page()),
    broken=Answer(page(*GOOD, review(3, user=None), total=150)),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD), total=150, more={})),
    drift=(
        *(Answer(without(key)) for key in ("pagination", "bottomline", "products", "reviews")),
        Answer(page(reviews={"1": review()})),
        *(Answer(page(review(1, **{key: ...}))) for key in ("id", "score", "content", "created_at", "user")),
        Answer(page(review(comment={"text": "Sorry."}))),
        Answer({"status": {"code": 500, "message": "time-out"}, "response": page()["response"]}),
    ),
    edited=Answer(page(GOOD[0], review(2, score=4, content="They sent a new one."), total=150)),
    gone=Answer(page(review(1), review(2, deleted=True))),
    own="Only customers write reviews there, and the answer is a part of theirs.",
    answered=Answer(page(review(comment=comment()))),
    refusals={401: Outcome.RECONNECT, 404: Outcome.FAILED, 429: Outcome.THROTTLED, 500: Outcome.FAILED},
)
