"""App Store Connect: JSON:API, reviews in `data`, their answers in `included`."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://api.appstoreconnect.apple.com"
LIST = f"{API}/v1/apps/123456789/customerReviews"
OPTIONS = {
    "app_id": "123456789",
    "key_id": "ABC1234567",
    "issuer_id": "6a000000-aaaa",
    "private_key": "made-up-p8-file",
}


def review(number: int = 1, *, answered: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a review; an attribute given as None is left out."""
    one = f"{API}/v1/customerReviews/review-{number}"
    attributes = {
        "rating": 2,
        "title": "Loses my orders",
        "body": "Third time this week that an order is gone.",
        "reviewerNickname": "nia_77",
        "createdDate": f"2026-11-24T08:{number % 60:02}:55-07:00",
        "territory": "DEU",
        **changes,
    }
    response: dict[str, Any] = {
        "links": {"self": f"{one}/relationships/response", "related": f"{one}/response"},
    }
    if answered:
        response["data"] = {"type": "customerReviewResponses", "id": f"answer-{number}"}
    return {
        "type": "customerReviews",
        "id": f"review-{number}",
        "attributes": {key: value for key, value in attributes.items() if value is not None},
        "relationships": {"response": response},
        "links": {"self": one},
    }


def answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the answer to a review."""
    said = {"responseBody": "We are sorry.", "lastModifiedDate": "2026-11-24T09:30:00-08:00", "state": "PUBLISHED"}
    return {"type": "customerReviewResponses", "id": f"answer-{number}", "attributes": {**said, **changes}}


def page(*reviews: Any, included: Any = None, following: str | None = None, total: int | None = None) -> dict[str, Any]:
    """Return one page of the list."""
    return {
        "data": list(reviews),
        **({} if included is None else {"included": included}),
        "links": {"self": LIST, **({"next": following} if following else {})},
        "meta": {"paging": {"limit": 200, **({} if total is None else {"total": total})}},
    }


NEXT = f"{LIST}?cursor=Mg.AbCd&sort=-createdDate&include=response&limit=200"
GOOD = (review(2, rating=5, title="Fine", body="Does what it should."), review(1))
ONE = Request(f"{API}/v1/customerReviews/review-1", {"include": "response"}, about=("review-1",))
ERROR = {"errors": [{"id": "x", "status": "404", "code": "NOT_FOUND", "title": "There is no such thing"}]}


def without(key: str) -> Answer:
    """Return three reviews that lack an attribute."""
    return Answer(page(*(review(number, **{key: None}) for number in range(3))))


CASES = Cases(
    options=OPTIONS,
    brands=(Brand("acme", ("Acme",)),),
    secrets=("made-up-p8-file",),
    bad_options=(
        {},
        {**OPTIONS, "app_id": "acme"},
        {**OPTIONS, "countries": ["de"]},
        {**OPTIONS, "key_id": "a/b"},
        {key: value for key, value in OPTIONS.items() if key != "private_key"},
    ),
    first=Answer(page(*GOOD, following=NEXT, total=3)),
    first_ids=("review-2", "review-1"),
    next=Answer(page(review(0))),
    empty=Answer(page(total=0)),
    broken=Answer(page(*GOOD, review(3, rating=None), following=NEXT, total=3)),
    unknown=Answer(
        page(
            *({**one, "mood": 1, "attributes": {**one["attributes"], "deviceFamily": "x"}} for one in GOOD),
            included=[{"type": "territories", "id": "DEU", "attributes": {"currency": "EUR"}}],
            following=NEXT,
            total=3,
        )
        | {"version": 2}
    ),
    drift=(
        Answer({"reviews": list(GOOD), "links": {}}),
        Answer({"data": list(GOOD)}),
        Answer({"data": {"1": review()}, "links": {}}),
        Answer({"data": None, "links": {}}),
        Answer(page(*({key: value for key, value in one.items() if key != "attributes"} for one in GOOD))),
        Answer(page(review(1, answered=True), review(2, answered=True))),
        Answer(page(review(1, answered=True), included=[answer(state="SHOWN")])),
        Answer(page(*(review(number, rating="good") for number in range(3)))),
        without("rating"),
        without("createdDate"),
    ),
    edited=Answer(page(GOOD[0], review(rating=5, body="They found it."), following=NEXT, total=3)),
    gone=Answer(ERROR, 404, to=ONE),
    own="Apple names no accounts: only customers write reviews, and the answer is a part of theirs.",
    answered=Answer(page(review(answered=True), included=[answer()])),
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
