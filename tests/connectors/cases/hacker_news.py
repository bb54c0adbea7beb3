"""Hacker News: hits of the search service, items of the official API."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

ACME = Brand("acme", ("Acme Coffee", "@acmecoffee"), own_accounts={"hacker_news": ("acme_team",)})


def story(number: int = 501, **changes: Any) -> dict[str, Any]:
    """Return a post with a text; a field given as None is null, as the service has it."""
    return {
        "objectID": str(number),
        "created_at": "2026-11-24T10:00:00.000Z",
        "created_at_i": 1795514400 + number,
        "author": "nia",
        "title": "Ask HN: Acme Coffee took my money twice",
        "url": None,
        "story_text": "Support does not answer.<p>What now?",
        "comment_text": None,
        "points": 12,
        "num_comments": 3,
        "story_id": number,
        "parent_id": None,
        "_tags": ["story", "author_nia", f"story_{number}", "ask_hn"],
        **changes,
    }


def comment(number: int = 502, **changes: Any) -> dict[str, Any]:
    """Return a comment in the thread of story 501."""
    author = changes.get("author", "jo")
    return {
        "objectID": str(number),
        "created_at": "2026-11-24T11:00:00.000Z",
        "created_at_i": 1795514400 + number,
        "author": author,
        "title": None,
        "url": None,
        "story_text": None,
        "comment_text": "Acme Coffee did that to me, too. It&#x27;s a mess.",
        "points": None,
        "num_comments": None,
        "story_id": 501,
        "story_title": "Ask HN: Acme Coffee took my money twice",
        "parent_id": 501,
        "_tags": ["comment", f"author_{author}", "story_501"],
        **changes,
    }


def hits(*found: Any, total: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return an answer of the search service."""
    total = len(found) if total is None else total
    pages = -(-total // 100)
    return {"hits": list(found), "nbHits": total, "page": 0, "nbPages": pages, "hitsPerPage": 100, **changes}


def item(**changes: Any) -> Answer:
    """Return what the official API says of comment 502."""
    address = "https://hacker-news.firebaseio.com/v0/item/502.json"
    body = {"id": 502, "type": "comment", "by": "jo", "time": 1795514902, "text": "…", "parent": 501, **changes}
    return Answer(body, to=Request(address, context={"item": "502"}, about=("502",)))


GOOD = (comment(), story())
MANY = tuple(comment(number) for number in range(700, 600, -1))

CASES = Cases(
    options={},
    brands=(ACME,),
    bad_options=({"terms": "acme"}, {"terms": [1]}),
    first=Answer(hits(*MANY, total=150)),
    first_ids=tuple(str(number) for number in range(700, 600, -1)),
    next=Answer(hits(*(comment(number) for number in range(601, 550, -1)), total=51)),
    empty=Answer(hits()),
    broken=Answer(hits(*MANY, {key: value for key, value in comment(1).items() if key != "author"}, total=150)),
    unknown=Answer(
        hits(*(hit | {"updated_at": "2026-11-24T11:00:00Z", "mood": 1} for hit in MANY), total=150, query="x")
    ),
    drift=(
        Answer({"results": []}),
        Answer(hits() | {"hits": None}),
        Answer(hits() | {"hits": {"0": story()}}),
        Answer(hits() | {"hits": "none"}),
        Answer(hits(*({"id": number} for number in range(3)))),
        Answer(hits(*(comment(number) | {"_tags": None} for number in range(3)))),
        Answer({"hits": list(GOOD)}),
        Answer({"message": "invalid filter", "status": 400}),
    ),
    edited=Answer(hits(*MANY[:-1], MANY[-1] | {"comment_text": "They paid me back."}, total=150)),
    gone=item(deleted=True),
    own=Answer(hits(comment(author="acme_team"))),
    answered=Answer(hits(comment(503, author="acme_team", parent_id=502, comment_text="We are sorry."))),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.THROTTLED,
        403: Outcome.THROTTLED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
    },
)
