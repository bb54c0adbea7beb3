"""Threads: posts in lists with a cursor, replies with their place."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Request
from tests.connectors.kit import Answer, Cases

API = "https://graph.threads.net/v1.0"
TOKEN = "THAAmade-up-token"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"threads": ("acmecoffee",)})


def post(number: int = 11, **changes: Any) -> dict[str, Any]:
    """Return a post; a field given as None is left out."""
    fields = {
        "id": f"180{number:02}",
        "text": f"Acme Coffee let me wait forty minutes. ({number})",
        "timestamp": f"2026-11-24T10:{number:02}:00+0000",
        "permalink": f"https://www.threads.net/@nia/post/C{number}",
        "username": "nia",
        "has_replies": False,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def reply(number: int = 21, to: str = "18011", **changes: Any) -> dict[str, Any]:
    """Return a reply below post 18001 of ours, or to somebody else's post."""
    place = {"root_post": {"id": "18001"}, "replied_to": {"id": to}, "is_reply_owned_by_me": False, "is_reply": True}
    return post(number, **{**place, **changes})


def ours(number: int = 31, to: str = "18011", **changes: Any) -> dict[str, Any]:
    """Return what we replied."""
    return reply(number, to, **{"username": "acmecoffee", "is_reply_owned_by_me": True, "text": "Sorry.", **changes})


def edge(*entries: Any, after: str | None = None) -> dict[str, Any]:
    """Return a list; `after` is where it goes on."""
    return {"data": list(entries), "paging": {"cursors": {"before": "b", **({"after": after} if after else {})}}}


POSTS = Request(f"{API}/me/threads", {"fields": "id,has_replies", "limit": 25}, context={"posts": None})
BELOW = Request(f"{API}/18001/conversation", {"fields": "id"}, context={"until": None})
ONE = Request(f"{API}/18011/conversation", {"fields": "id"}, context={"one": "18011"})
GOOD = (post(12), post(11))

CASES = Cases(
    options={"token": TOKEN},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=({}, {"token": TOKEN, "search": "acme"}),
    first=Answer(edge(*GOOD, after="a")),
    first_ids=("18012", "18011"),
    next=Answer(edge(post(10))),
    empty=Answer({"data": []}),
    broken=Answer(edge(*GOOD, post(13, timestamp=None), after="a")),
    unknown=Answer({**edge(*(one | {"mood": 1, "is_quote_post": False} for one in GOOD), after="a"), "summary": {}}),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"data": None}),
        Answer({"data": "none"}),
        Answer({"data": {"0": post()}}),
        Answer({"data": [1, 2]}),
        Answer(edge(post(id=None, has_replies=True)), to=POSTS),
        Answer(edge(post(has_replies=None)), to=POSTS),
        *(Answer(edge(post(**{key: None}), post(12, **{key: None}))) for key in ("id", "permalink", "username")),
        *(Answer(edge(reply(**{key: None})), to=BELOW) for key in ("replied_to", "root_post", "is_reply_owned_by_me")),
    ),
    edited=Answer(edge(GOOD[0], post(11, text="Acme Coffee made it good."), after="a")),
    gone="Whether a post of others can be asked for by its id is not documented; a list says nothing of deletions.",
    own=Answer(edge(post(username="acmecoffee"))),
    answered=Answer(edge(ours()), to=ONE),
)
