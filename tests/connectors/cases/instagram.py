"""Instagram: the account's posts with comments inside, and the replies inside those."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand
from tests.connectors.kit import Answer, Cases

USER = "17841400000000001"
TOKEN, SECRET = "made-up-page-token", "made-up-app-secret"  # nobody's
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"instagram": ("acme_roastery",)})


def at(minute: int) -> str:
    """Return a time as Instagram writes it."""
    return f"2026-11-23T{9 + minute // 60:02}:{minute % 60:02}:00+0000"


def media(number: int = 1, *comments: Any, more: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a post with some comments; a field given as None is left out."""
    fields = {
        "id": f"180{number}",
        "caption": "New roast.",
        "timestamp": at(number),
        "permalink": f"https://www.instagram.com/p/Acme{number}/",
        "like_count": 40,
        "comments": edge(*comments, more=more) if comments else None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def comment(number: int = 11, *replies: Any, **changes: Any) -> dict[str, Any]:
    """Return a comment with some replies."""
    fields = {
        "id": f"178{number}",
        "text": f"Waited forty minutes. ({number})",
        "timestamp": at(number),
        "username": "nia",
        "from": {"id": "901", "username": "nia"},
        "like_count": 2,
        "replies": {"data": list(replies)} if replies else None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def ours(number: int = 20, **changes: Any) -> dict[str, Any]:
    """Return what the account itself says, by default below comment 11."""
    names = {"username": "acmecoffee", "from": {"id": "900", "username": "acmecoffee"}}
    return comment(number, **{**names, "text": "We are sorry.", "parent_id": "17811", **changes})


def edge(*entries: Any, more: str | None = None) -> dict[str, Any]:
    """Return a list; `more` is where it goes on."""
    paging = {"cursors": {"after": "a"}} | ({"next": more} if more else {})
    return {"data": list(entries), "paging": paging}


NEXT = f"https://graph.facebook.com/v25.0/{USER}/media?access_token={TOKEN}&limit=25&after=a"
GOOD = (media(2, comment(21, username="jo", text="Lovely.")), media(1, comment(12), comment(11)))

CASES = Cases(
    options={"user": USER, "username": "acmecoffee", "token": TOKEN, "app_secret": SECRET},
    secrets=(TOKEN, SECRET),
    brands=(ACME,),
    bad_options=(
        {},
        {"user": USER, "token": TOKEN},
        {"user": "acme", "username": "acme", "token": TOKEN},
        {"user": USER, "username": "two words", "token": TOKEN},
        {"user": USER, "username": "acme", "token": TOKEN, "hashtags": ["two words"]},
        {"user": USER, "username": "acme", "token": TOKEN, "hashtags": [f"tag{number}" for number in range(31)]},
    ),
    first=Answer(edge(*GOOD, more=NEXT)),
    first_ids=("17821", "17812", "17811"),
    next=Answer(edge(media(3, comment(31)))),
    empty=Answer({"data": []}),
    broken=Answer(edge(GOOD[0], media(1, comment(12), comment(11), comment(13, text=None)), more=NEXT)),
    unknown=Answer({**edge(GOOD[0] | {"mood": 1}, GOOD[1] | {"icon": "x"}, more=NEXT), "summary": {"mood": 1}}),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"data": None}),
        Answer({"data": "none"}),
        Answer({"data": [1, 2]}),
        Answer(edge(*(media(number, comment(), id=None) for number in range(3)))),
        *(Answer(edge(media(1, *(comment(number, **{key: None}) for number in range(3))))) for key in ("id", "text")),
        Answer(edge(media(1, *(comment(number, timestamp=None) for number in range(3))))),
        Answer(edge(media(comments={"items": []}))),
    ),
    edited=Answer(edge(GOOD[0], media(1, comment(12, text="Never again."), comment(11)), more=NEXT)),
    gone="A list leaves out what was deleted and what may not be seen; the error 100/33 for a single thing says it.",
    own="What the account and `own_accounts` say is no mention of its own: it is the answer to what stands above it.",
    answered=Answer(edge(media(1, comment(11, ours())))),
)
