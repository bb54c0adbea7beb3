"""Mastodon: the posts under a tag; mentions, search and refusals stand in the test of its own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

SERVER = "https://social.example"
TOKEN = "made-up-token"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"mastodon": ("acme@social.example",)})
NEWEST = 117020593741189701  # 2026-08-01T13:55:55.866Z, as its first 48 bits say


def account(name: str = "nia", **changes: Any) -> dict[str, Any]:
    """Return an account; one elsewhere is named name@server."""
    user, _, server = name.partition("@")
    return {
        "id": "117020566092212359",
        "username": user,
        "acct": name,
        "display_name": user.title(),
        "bot": False,
        "indexable": True,
        "created_at": "2026-07-01T00:00:00.000Z",
        "note": "",
        "url": f"https://{server or 'social.example'}/@{user}",
        "uri": f"https://{server or 'social.example'}/users/{user}",
        "followers_count": 42,
        "following_count": 7,
        "statuses_count": 3,
        "last_status_at": "2026-08-01",
        **changes,
    }


def post(number: int | str = NEWEST, by: str = "nia", **changes: Any) -> dict[str, Any]:
    """Return a post; a field given as `...` is left out."""
    fields = {
        "id": str(number),
        "created_at": "2026-08-01T13:55:55.867Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://social.example/users/{by}/statuses/{number}",
        "url": f"https://social.example/@{by}/{number}",
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "edited_at": None,
        "content": '<p>Cold again. <a href="https://social.example/tags/acme" rel="tag">#<span>acme</span></a></p>',
        "reblog": None,
        "account": account(by),
        "media_attachments": [],
        "mentions": [],
        "tags": [{"name": "acme", "url": "https://social.example/tags/acme"}],
        "card": None,
        "poll": None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def mention(number: int, status: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a notification of a post that mentions us."""
    return {
        "id": str(number),
        "type": "mention",
        "created_at": "2026-08-01T13:55:56.458Z",
        "group_key": f"ungrouped-{number}",
        "account": account(),
        "status": post(NEWEST + number) if status is None else status,
        **changes,
    }


def server(**feeds: str) -> dict[str, Any]:
    """Return what a server says of itself; without `feeds`, as one before version 4.5."""
    shown = {"timelines_access": {"hashtag_feeds": feeds}} if feeds else {}
    return {"domain": "social.example", "version": "4.6.4", "configuration": {"urls": {}, **shown}}


ALONE = Request(f"{SERVER}/api/v1/statuses/7", context={"post": True}, about=("7",))
BELOW = Request(f"{SERVER}/api/v1/statuses/7/context", context={"answers": True})
GOOD = (post(), post(NEWEST - 1, by="jo@other.example"))

CASES = Cases(
    options={"url": SERVER, "token": TOKEN, "tags": ["acme"]},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=(
        {},
        {"url": SERVER},
        {"url": "social.example", "tags": ["acme"]},
        {"url": SERVER, "tags": ["two words"]},
        {"url": SERVER, "tags": ["a/b"]},
        {"url": SERVER, "tags": ["acme"], "search": True},
        {"url": "http://social.example", "token": TOKEN},
    ),
    first=Answer(list(GOOD)),
    first_ids=(str(NEWEST), str(NEWEST - 1)),
    next=Answer([post(NEWEST - 2)]),
    empty="A list without posts may be one that is switched off: the server itself is asked.",
    broken=Answer([*GOOD, post(3, content=...)]),
    unknown=Answer([one | {"mood": 1, "tagged_collections": [], "quote": None} for one in GOOD]),
    drift=(
        Answer({"statuses": list(GOOD)}),
        Answer({"error": "This API requires an authenticated user"}),
        Answer("none"),
        Answer([1, 2]),
        *(Answer([post(number, **{key: ...}) for number in (3, 2)]) for key in ("content", "uri", "account", "id")),
        Answer([post(number, visibility=...) for number in (3, 2)]),
    ),
    edited=Answer([post(content="<p>They made it good.</p>", edited_at="2026-08-01T14:00:00.000Z"), GOOD[1]]),
    gone=Answer({"error": "Record not found"}, 404, to=ALONE),
    own=Answer([post(by="acme")]),
    answered=Answer({"ancestors": [], "descendants": [post(9, by="acme", in_reply_to_id="7")]}, to=BELOW),
    refusals={
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        422: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
