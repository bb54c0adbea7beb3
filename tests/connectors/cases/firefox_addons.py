"""Firefox Add-ons: ratings in numbered pages, with the developer's answer inside."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://addons.mozilla.org/api/v5/ratings/rating/"


def person(number: int = 77, name: str = "nia") -> dict[str, Any]:
    """Return who wrote it."""
    return {
        "id": number,
        "name": name,
        "url": f"https://addons.mozilla.org/en-US/firefox/user/{number}/",
        "username": name,
    }


def rating(number: int = 501, **changes: Any) -> dict[str, Any]:
    """Return a rating; a field given as `...` is left out."""
    fields = {
        "id": number,
        "addon": {"id": 9, "slug": "acme-tabs", "name": {"en-US": "Acme Tabs"}, "icon_url": "https://x.example/i.png"},
        "body": "It closes <all> my tabs.",
        "created": "2026-11-24T10:00:00Z",
        "is_deleted": False,
        "is_developer_reply": False,
        "is_latest": True,
        "previous_count": 0,
        "user": person(),
        "score": 2,
        "reply": None,
        "version": {"id": 3, "version": "1.4.1"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def reply(text: str = "Mended in 1.5.") -> dict[str, Any]:
    """Return the developer's answer: a rating without stars."""
    changes: dict[str, Any] = dict.fromkeys(("score", "reply", "version"), ...)
    said = {"is_developer_reply": True, "created": "2026-11-25T09:30:00Z", "user": person(5, "acme")}
    return rating(900, body=text, **said, **changes)


def page(*ratings: Any, more: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a page of ratings."""
    return {
        "page_size": 50,
        "page_count": 2 if more else 1,
        "count": len(ratings),
        "next": f"{API}?addon=acme-tabs&page=2&page_size=50" if more else None,
        "previous": None,
        "results": list(ratings),
        "grouped_ratings": {"1": 1, "2": 0, "3": 0, "4": 0, "5": 3},
        **changes,
    }


ONE = Request(f"{API}501/", context={"one": True}, about=("501",))
GOOD = (rating(), rating(500, body=None, score=5))

CASES = Cases(
    options={"addon": "acme-tabs"},
    bad_options=({}, {"addon": ""}, {"addon": "firefox/addon/acme-tabs"}, {"addon": "a b"}, {"addon": ["a"]}),
    first=Answer(page(*GOOD, more=True)),
    first_ids=("501", "500"),
    next=Answer(page(rating(499))),
    empty=Answer(page(grouped_ratings={})),
    broken=Answer(page(*GOOD, rating(3, score=...), more=True)),
    unknown=Answer(page(*(one | {"flags": [], "mood": 1} for one in GOOD), more=True, version=2)),
    drift=(
        Answer({"ratings": list(GOOD), "next": None}),
        Answer({"results": list(GOOD)}),
        Answer(page(results=None)),
        Answer(page(results={"0": rating()})),
        Answer({"detail": "Not found."}),
        Answer(page(1, 2)),
        *(
            Answer(page(*(rating(number, **{key: ...}) for number in (3, 2))))
            for key in ("id", "addon", "body", "created", "user", "score", "reply", "version")
        ),
    ),
    edited=Answer(page(rating(body="Works again.", score=5), GOOD[1], more=True)),
    gone=Answer({"detail": "Not found."}, 404, to=ONE),
    own="Developers cannot rate their own add-on; what they say is the answer inside a rating.",
    answered=Answer(page(rating(reply=reply()))),
    refusals={
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
