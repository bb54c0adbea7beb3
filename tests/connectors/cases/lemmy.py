"""Lemmy: what a search finds, posts and comments in lists of their own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

SERVER = "https://lemmy.example"
OURS = "https://other.example/u/acme"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"lemmy": (OURS,)})


def person(actor: str = "https://other.example/u/nia", **changes: Any) -> dict[str, Any]:
    """Return who wrote it."""
    fields = {"id": 5, "name": actor.rpartition("/")[2], "actor_id": actor, "bot_account": False, "deleted": False}
    return {**fields, "banned": False, "published": "2026-01-01T00:00:00.000000Z", "local": False, **changes}


def post(number: int = 11, creator: str = "https://other.example/u/nia", **changes: Any) -> dict[str, Any]:
    """Return a post with what stands around it; a field given as `...` is left out."""
    fields = {
        "id": number,
        "name": "Acme Coffee took my money",
        "body": "Twice. **Nobody** answers.",
        "creator_id": 5,
        "community_id": 2,
        "removed": False,
        "locked": False,
        "published": "2026-11-24T10:00:00.123456Z",
        "deleted": False,
        "nsfw": False,
        "ap_id": f"https://other.example/post/9{number}",
        "local": False,
        "language_id": 37,
        **changes,
    }
    kept = {key: value for key, value in fields.items() if value is not ...}
    counts = {"post_id": number, "comments": 1, "score": 7, "upvotes": 8, "downvotes": 1}
    return {"post": kept, "creator": person(creator), "community": {"id": 2, "name": "coffee"}, "counts": counts}


def comment(number: int = 34, path: str = "0.34", creator: str = "https://other.example/u/lee", **changes: Any) -> Any:
    """Return a comment below post 11 with what stands around it."""
    fields = {
        "id": number,
        "creator_id": 6,
        "post_id": 11,
        "content": "Acme Coffee did the same to me.",
        "removed": False,
        "published": "2026-11-24T11:00:00Z",
        "deleted": False,
        "ap_id": f"https://other.example/comment/9{number}",
        "local": False,
        "path": path,
        "distinguished": False,
        "language_id": 37,
        **changes,
    }
    kept = {key: value for key, value in fields.items() if value is not ...}
    counts = {"comment_id": number, "score": -2, "upvotes": 1, "downvotes": 3, "child_count": 0}
    return {**post(), "comment": kept, "creator": person(creator), "counts": counts}


def found(*posts: Any, comments: Any = (), **changes: Any) -> dict[str, Any]:
    """Return what a search found."""
    return {
        "type_": "Posts",
        "posts": list(posts),
        "comments": list(comments),
        "communities": [],
        "users": [],
        **changes,
    }


def search(kind: str) -> Request:
    """Return a search as the connector asks it."""
    params = {"q": "Acme Coffee", "type_": kind, "sort": "New", "listing_type": "All", "page": 1, "limit": 50}
    return Request(f"{SERVER}/api/v3/search", params, context={})


BELOW = Request(f"{SERVER}/api/v3/comment/list", {"post_id": "11"}, context={"below": True})
ONE = Request(f"{SERVER}/api/v3/post", {"id": "11"}, context={"one": "post_view"}, about=("post-11",))
GOOD = (post(), post(10), *(post(number, deleted=True) for number in range(100, 148)))  # a page that is full

CASES = Cases(
    options={"url": SERVER},
    brands=(ACME,),
    bad_options=({}, {"url": "lemmy"}, {"url": f"{SERVER}/?a=1"}),
    first=Answer(found(*GOOD)),
    first_ids=("post-11", "post-10"),
    next=Answer(found(post(9))),
    empty=Answer(found()),
    broken=Answer(found(*GOOD, post(3, name=...))),
    unknown=Answer(found(*(one | {"mood": 1, "image_details": None} for one in GOOD), version=2)),
    drift=(
        Answer({"results": list(GOOD)}),
        Answer(found(posts=None)),
        Answer(found(posts={"0": post()})),
        Answer(found(1, 2)),
        Answer(found(*({key: value for key, value in one.items() if key != "creator"} for one in GOOD[:2]))),
        *(
            Answer(found(*(post(number, **{key: ...}) for number in (3, 2))))
            for key in ("id", "name", "published", "deleted", "removed", "ap_id")
        ),
        Answer(found(comments=[comment(content=...)]), to=search("Comments")),
        Answer(found(comments=[comment(path=...)]), to=search("Comments")),
    ),
    edited=Answer(found(post(body="They paid it back.", updated="2026-11-25T10:00:00Z"), *GOOD[1:])),
    gone=Answer(found(post(removed=True))),
    own=Answer(found(post(creator=OURS))),
    answered=Answer({"comments": [comment(35, "0.35", OURS)]}, to=BELOW),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
