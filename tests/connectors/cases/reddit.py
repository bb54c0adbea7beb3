"""Reddit: the posts a search finds, through an app; comments, the inbox and feeds stand in the test of its own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://oauth.reddit.com"
SECRET = "made-up-secret"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"reddit": ("acme_team",)})
APP = {"username": "acme_watch", "client_id": "made-up-id", "client_secret": SECRET}


def post(number: int = 500, **changes: Any) -> dict[str, Any]:
    """Return a post; a field given as `...` is left out."""
    name = changes.get("name", f"t3_{number}")
    fields = {
        "id": name[3:],
        "name": name,
        "title": "Acme Coffee & me",
        "selftext": "They took my money *twice*.",
        "selftext_html": "<div>They took my money <em>twice</em>.</div>",
        "url": f"https://www.reddit.com/r/coffee/comments/{number}/acme/",
        "permalink": f"/r/coffee/comments/{number}/acme/",
        "author": "Nia_N",
        "author_fullname": "t2_n",
        "created": 1795514400.0,
        "created_utc": 1795514400.0 + number,
        "edited": False,
        "score": 7,
        "num_comments": 3,
        "subreddit": "coffee",
        "subreddit_name_prefixed": "r/coffee",
        "subreddit_subscribers": 1200,
        "is_self": True,
        "removed_by_category": None,
        "view_count": None,
        **changes,
    }
    return {"kind": "t3", "data": {key: value for key, value in fields.items() if value is not ...}}


def comment(number: int = 700, **changes: Any) -> dict[str, Any]:
    """Return a comment below post 500."""
    fields = {
        "id": str(number),
        "name": f"t1_{number}",
        "body": "Acme Coffee did that to me, too.",
        "author": "Jo",
        "author_fullname": "t2_j",
        "link_id": "t3_500",
        "parent_id": "t3_500",
        "permalink": f"/r/coffee/comments/500/acme/{number}/",
        "created_utc": 1795514400.0 + number,
        "edited": False,
        "score": 1,
        "subreddit": "coffee",
        "replies": "",
        **changes,
    }
    return {"kind": "t1", "data": {key: value for key, value in fields.items() if value is not ...}}


def listing(*children: Any, after: str | None = None) -> dict[str, Any]:
    """Return a page of a list."""
    data = {"after": after, "before": None, "dist": len(children), "modhash": None, "geo_filter": ""}
    return {"kind": "Listing", "data": {**data, "children": list(children)}}


INFO = Request(f"{API}/api/info", {"id": "t3_500"}, context={"info": True})
THREAD = Request(f"{API}/comments/500", context={"thread": "t3_500"})
GOOD = (post(), post(499, author="Jo"))

CASES = Cases(
    options=APP,
    secrets=(SECRET,),
    brands=(ACME,),
    bad_options=(
        {},
        {"username": "acme_watch"},
        {**APP, "username": "two words"},
        {**APP, "client_secret": None},
        {**APP, "feed_token": "made-up"},
        {"username": "acme_watch", "feed_token": "made-up", "password": "made-up"},
        {"feed_token": "made-up"},
        {**APP, "username": None, "password": "made-up"},
        {**APP, "search": False},
        {**APP, "match_brand": False},
        {**APP, "subreddits": ["a/b"]},
    ),
    first=Answer(listing(*GOOD, after="t3_499")),
    first_ids=("t3_500", "t3_499"),
    next=Answer(listing(post(498))),
    empty=Answer(listing()),
    broken=Answer(listing(*GOOD, post(3, title=...), after="t3_499")),
    unknown=Answer(listing(*({**one, "mood": 1, "data": one["data"] | {"awards": 3}} for one in GOOD), after="t3_499")),
    drift=(
        Answer({"message": "Forbidden", "error": 403}),
        Answer({"kind": "Listing", "data": {"children": [], "before": None}}),
        Answer({"kind": "Listing", "data": {"after": None, "children": None}}),
        Answer({"kind": "Listing", "data": {"after": None, "children": {"0": post()}}}),
        Answer(listing({"kind": "t5", "data": {"name": "t5_1", "display_name": "coffee"}})),
        Answer(listing(1, 2)),
        *(
            Answer(listing(*(post(number, **{key: ...}) for number in (3, 2))))
            for key in ("title", "selftext", "author", "created_utc")
        ),
    ),
    edited=Answer(listing(post(selftext="They paid me back.", edited=1795520000.0), GOOD[1], after="t3_499")),
    gone=Answer(listing(post(author="[deleted]", selftext="[deleted]")), to=INFO),
    own=Answer(listing(post(author="Acme_Team"))),
    answered=Answer([listing(post()), listing(comment(author="Acme_Team", body="We are sorry."))], to=THREAD),
    refusals={
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
