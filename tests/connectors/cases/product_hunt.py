"""Product Hunt: comments as nodes of edges, with their replies inside, and the makers beside them."""

from __future__ import annotations

from typing import Any

from monitor.connector import Request
from tests.connectors.kit import Answer, Cases

API = "https://api.producthunt.com/v2/api/graphql"
MAKER = "900"


def user(**changes: Any) -> dict[str, Any]:
    """Return somebody."""
    return {"name": "Nia K.", "url": "https://www.producthunt.com/@nia", "isViewer": False, **changes}


NOBODY = user(name="[REDACTED]", url="https://www.producthunt.com/@[REDACTED]")


def reply(number: int = 100, **changes: Any) -> dict[str, Any]:
    """Return a comment without replies of its own; a field given as `...` is left out."""
    fields = {
        "id": str(number),
        "body": "It lost my data, and nobody answers.",
        "createdAt": f"2026-11-24T{23 - number % 24:02}:10:00Z",
        "url": f"https://www.producthunt.com/posts/acme?comment={number}",
        "parentId": None,
        "userId": "77",
        "votesCount": 3,
        "user": user(),
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def comment(number: int = 1, *replies: Any, more: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a comment with its replies."""
    below = [{"node": one | {"parentId": str(number)}} for one in replies]
    info = {"hasNextPage": more is not None, "endCursor": more}
    return reply(number, **{"replies": {"edges": below, "pageInfo": info}, **changes})


def launch(*comments: Any, more: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return one page of a launch's comments."""
    info = {"hasNextPage": more is not None, "endCursor": more}
    listed = {"edges": [{"node": one} for one in comments], "pageInfo": info}
    post = {"name": "Acme", "reviewsRating": 4.5, "makers": [{"id": MAKER}, {"id": "0"}], "comments": listed, **changes}
    return {"data": {"post": {key: value for key, value in post.items() if value is not ...}}}


def alone(found: Any) -> dict[str, Any]:
    """Return one comment, or None, as a re-check is answered."""
    return {"data": {**launch(comments=...)["data"], "comment": found}}


GOOD = (comment(1, body="Congratulations!"), comment(2))

CASES = Cases(
    options={"post": "acme", "token": "made-up-token"},
    secrets=("made-up-token",),
    bad_options=({}, {"post": "acme"}, {"post": "Acme 2.0!", "token": "t"}),
    first=Answer(launch(*GOOD, more="cursor-2")),
    first_ids=("1", "2"),
    next=Answer(launch(comment(3))),
    empty=Answer(launch()),
    broken=Answer(launch(*GOOD, comment(3, user=None), more="cursor-2")),
    unknown=Answer(launch(*(one | {"mood": 1} for one in GOOD), more="cursor-2", tagline="x")),
    drift=(
        Answer({"data": {"post": None}}),
        Answer({"errors": [{"message": "Field 'body' doesn't exist on type 'Comment'"}]}),
        *(Answer(launch(comment(1), **{key: ...})) for key in ("name", "makers", "reviewsRating", "comments")),
        *(
            Answer(launch(comment(1, **{key: ...})))
            for key in ("id", "body", "createdAt", "url", "parentId", "userId", "votesCount", "user", "replies")
        ),
    ),
    edited=Answer(launch(GOOD[0], comment(2, body="It works again."), more="cursor-2")),
    gone=Answer(alone(None), to=Request(API, method="POST", json={}, about=("1",))),
    own=Answer(launch(comment(1, userId="5", user=user(isViewer=True)))),
    answered=Answer(launch(comment(1, reply(101, userId=MAKER)))),
)
