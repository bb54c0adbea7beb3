"""Bluesky: the posts of a search as the network shows them, records as people send them."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

XRPC = "https://bsky.social/xrpc"
US, NIA, BO = "did:plc:acmeacmeacme", "did:plc:nianianianianiania", "did:plc:bobobobobobobobo"
ACME = Brand("acme", ("Acme Coffee", "@acme.example"), own_accounts={"bluesky": (US,)})
PASSWORD = "made-up-app-password"


def uri(number: int = 2, did: str = NIA) -> str:
    """Return the address of a post on the network."""
    return f"at://{did}/app.bsky.feed.post/3k{number}"


def ref(number: int, did: str = NIA) -> dict[str, str]:
    """Return how one post names another."""
    return {"uri": uri(number, did), "cid": f"bafyrei{number}"}


def answers(parent: int, root: int | None = None, did: str = NIA) -> dict[str, Any]:
    """Return what makes a record an answer."""
    return {"reply": {"parent": ref(parent, did), "root": ref(parent if root is None else root, did)}}


def person(did: str = NIA, handle: str = "nia.example", **changes: Any) -> dict[str, Any]:
    """Return an author."""
    return {"did": did, "handle": handle, "displayName": "Nia N.", "viewer": {"muted": False}, "labels": [], **changes}


def post(number: int = 2, said: Any = None, did: str = NIA, **changes: Any) -> dict[str, Any]:
    """Return a post; a field given as `...`, here or in what is `said`, is left out."""
    record = {
        "$type": "app.bsky.feed.post",
        "text": "Acme Coffee made me wait 40 minutes",
        "createdAt": f"2026-11-24T10:00:{number % 60:02}.000Z",
        "langs": ["en"],
        **(said or {}),
    }
    fields = {
        "uri": uri(number, did),
        "cid": f"bafyrei{number}",
        "author": person(did),
        "record": {key: value for key, value in record.items() if value is not ...},
        "replyCount": 0,
        "likeCount": 3,
        "indexedAt": f"2026-11-24T10:00:{number % 60:02}.500Z",
        "labels": [],
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def found(*posts: Any, cursor: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a page of a search."""
    return {"posts": list(posts), **({"cursor": cursor} if cursor else {}), **more}


def thread(root: Any, *replies: Any) -> dict[str, Any]:
    """Return what is below a post."""
    kind = "app.bsky.feed.defs#threadViewPost"
    below = [one if "$type" in one else {"$type": kind, "post": one, "replies": []} for one in replies]
    return {"thread": {"$type": kind, "post": root, "replies": below}}


def ask_thread(number: int = 2) -> Request:
    """Return the question for one post and what is below it."""
    return Request(f"{XRPC}/app.bsky.feed.getPostThread", {"uri": uri(number)}, context={"thread": uri(number)})


GOOD = (post(), post(1))

CASES = Cases(
    options={"handle": "acme.bsky.social", "app_password": PASSWORD},
    secrets=(PASSWORD,),
    brands=(ACME,),
    bad_options=(
        {"handle": "acme.bsky.social"},
        {"handle": "@acme.bsky.social", "app_password": PASSWORD},
        {"handle": "acme", "app_password": PASSWORD},
        {"handle": "acme.bsky.social", "app_password": PASSWORD, "server": "bsky.social"},
    ),
    first=Answer(found(*GOOD, cursor="1795309605722__bafyrei1")),
    first_ids=(uri(2), uri(1)),
    next=Answer(found(post(0))),
    empty=Answer(found()),
    broken=Answer(found(*GOOD, post(3, {"text": 5}), cursor="1795309605722__bafyrei1")),
    unknown=Answer(
        found(*({**one, "mood": 1, "bookmarkCount": 2} for one in GOOD), cursor="1795309605722__bafyrei1", hitsTotal=2)
    ),
    drift=(
        Answer({"hits": list(GOOD)}),
        Answer({"posts": None}),
        Answer({"posts": "none"}),
        Answer({"posts": {"0": post()}}),
        Answer({"error": "UpstreamFailure", "message": "Upstream Failure"}),
        Answer(found(1, 2)),
        *(Answer(found(*(post(number, **{key: ...}) for number in (3, 2)))) for key in ("uri", "author", "record")),
        Answer(found(post(3, {"text": ...}), post(2, {"text": ...}))),
    ),
    edited=Answer(found(post(2, {"text": "Acme Coffee said sorry"}, cid="bafyrei9"), GOOD[1])),
    gone=Answer({"error": "NotFound", "message": f"Post not found: {uri()}"}, 400, to=ask_thread()),
    own=Answer(found(post(4, author=person(US, "acme.bsky.social")))),
    answered=Answer(thread(post(), post(4, answers(2), US)), to=ask_thread()),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        501: Outcome.FAILED,
        502: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
