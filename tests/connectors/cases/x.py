"""X: recent search in the old names of the API, posts beside their authors."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://api.x.com/2"
ACME = Brand("acme", ("Acme Coffee", "@acmecoffee"), ("acme corporation",), own_accounts={"x": ("12345",)})
TOKEN = "made-up-bearer-token"
NOT_FOUND = "https://api.twitter.com/2/problems/resource-not-found"


def post(number: int = 1990000000000000002, **changes: Any) -> dict[str, Any]:
    """Return a post in the old names; a field given as `...` is left out."""
    fields = {
        "id": str(number),
        "text": "Acme Coffee made me wait 40 minutes &amp; said nothing https://t.co/abc",
        "author_id": "777",
        "created_at": "2026-11-24T10:00:00.000Z",
        "conversation_id": str(number),
        "edit_history_tweet_ids": [str(number)],
        "lang": "en",
        "public_metrics": {"retweet_count": 0, "reply_count": 1, "like_count": 2, "quote_count": 0},
        "entities": {"urls": [{"start": 1, "end": 2, "url": "https://t.co/abc", "expanded_url": "https://a.example/"}]},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def renamed(number: int = 1990000000000000002, **changes: Any) -> dict[str, Any]:
    """Return a post in the new names."""
    return post(number, edit_history_tweet_ids=..., edit_history_post_ids=[str(number)], **changes)


def user(number: str = "777", **changes: Any) -> dict[str, Any]:
    """Return an author."""
    counts = {"followers_count": 1200, "following_count": 3, "tweet_count": 9, "listed_count": 0}
    return {"id": number, "name": "Nia N.", "username": "nia", "public_metrics": counts, **changes}


def found(*posts: Any, more: str | None = None, users: Any = None, **beside: Any) -> dict[str, Any]:
    """Return a page of a search."""
    ids = [one["id"] for one in posts if isinstance(one, dict) and "id" in one]
    meta = {"result_count": len(posts)} | ({"newest_id": ids[0], "oldest_id": ids[-1]} if ids else {})
    includes = {"includes": {"users": [user()] if users is None else users}} if posts else {}
    data = {"data": list(posts)} if posts else {}
    return {**data, **includes, "meta": meta | ({"next_token": more} if more else {}), **beside}


def missing(number: str, kind: str = NOT_FOUND) -> dict[str, Any]:
    """Return what stands in `errors` for a post that cannot be shown."""
    return {
        "value": number,
        "detail": f"Could not find tweet with ids: [{number}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": number,
        "type": kind,
    }


def looked_up(*ids: str) -> Request:
    """Return the question for what has become of some posts."""
    return Request(f"{API}/tweets", {"ids": ",".join(ids)}, context={"these": {one: one for one in ids}})


GOOD = (post(), post(1990000000000000001, conversation_id="1980000000000000000"))

CASES = Cases(
    options={"token": TOKEN},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=(
        {},
        {"token": TOKEN, "mentions_of": "@acmecoffee"},
        {"token": TOKEN, "mentions_of": "1" * 20},
        {"token": TOKEN, "languages": ["en OR has:links"]},
    ),
    first=Answer(found(*GOOD, more="b26v89c19zqg8o3f")),
    first_ids=("1990000000000000002", "1990000000000000001"),
    next=Answer(found(post(1989000000000000000))),
    empty=Answer(found()),
    broken=Answer(found(*GOOD, post(5, text=...), more="b26v89c19zqg8o3f")),
    unknown=Answer(
        found(*({**entry, "scopes": {}, "geo": {"place_id": "f7eb2fa2fea288b1"}} for entry in GOOD),
              more="b26v89c19zqg8o3f", version=3)
    ),
    drift=(
        Answer({"posts": list(GOOD), "meta": {"result_count": 2}}),
        Answer({"data": None, "meta": {"result_count": 2}}),
        Answer({"data": "none", "meta": {"result_count": 2}}),
        Answer({"data": {"0": post()}, "meta": {"result_count": 1}}),
        Answer({"meta": {}}),
        Answer({"errors": [{"title": "Service Unavailable", "type": "about:blank"}]}),
        Answer(found(1, 2)),
        *(Answer(found(*(post(number, **{key: ...}) for number in (3, 2)))) for key in ("id", "text")),
    ),
    edited=Answer(found(post(text="Acme Coffee said sorry."), GOOD[1])),
    gone=Answer({"errors": [missing("1990000000000000002")]}, to=looked_up("1990000000000000002")),
    own=Answer(found(post(author_id="12345"))),
    answered=Answer(
        found(post(7, author_id="12345", conversation_id="1990000000000000002",
                   referenced_tweets=[{"type": "replied_to", "id": "1990000000000000002"}]))
    ),
    refusals={
        401: Outcome.RECONNECT,
        402: Outcome.OVER_BUDGET,
        403: Outcome.RECONNECT,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)  # fmt: skip
