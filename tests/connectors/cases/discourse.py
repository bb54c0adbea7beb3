"""Discourse: the newest posts of all topics in one list."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

FORUM = "https://forum.example"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"discourse": ("acme_team",)})


def post(number: int = 501, **changes: Any) -> dict[str, Any]:
    """Return a reply in topic 11; a field given as `...` is left out."""
    fields = {
        "id": number,
        "name": None,
        "username": "nia",
        "avatar_template": "/letter_avatar_proxy/v3/letter/n/df705f/{size}.png",
        "created_at": "2026-11-24T10:00:00.000Z",
        "cooked": "<p>The lid <b>leaks</b>.</p>",
        "post_number": number - 499,
        "post_type": 1,
        "updated_at": "2026-11-24T10:00:00.000Z",
        "reply_count": 0,
        "reply_to_post_number": None,
        "reads": 7,
        "score": 0.2,
        "topic_id": 11,
        "topic_slug": "kettle-leaks",
        "topic_title": "Kettle leaks & drips",
        "topic_html_title": "Kettle leaks &amp; drips",
        "version": 1,
        "raw": "The lid **leaks**.",
        "actions_summary": [],
        "staff": False,
        "user_id": 5,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def latest(*posts: Any) -> dict[str, Any]:
    """Return a page of the list."""
    return {"latest_posts": list(posts)}


def one(body: Any, external_id: str = "501") -> Answer:
    """Return what the forum says of one post."""
    asked = Request(f"{FORUM}/posts/{external_id}.json", context={"post": external_id}, about=(external_id,))
    return Answer(body, to=asked)


GOOD = (post(), post(500, post_number=1))

CASES = Cases(
    options={"url": FORUM},
    brands=(ACME,),
    bad_options=({}, {"url": "forum"}, {"url": "ftp://forum.example"}, {"url": f"{FORUM}/?a=1"}),
    first=Answer(latest(*GOOD)),
    first_ids=("501", "500"),
    next=Answer(latest(post(499, post_number=9, topic_id=10))),
    empty=Answer(latest()),
    broken=Answer(latest(*GOOD, post(498, username=...))),
    unknown=Answer(latest(*(entry | {"mood": 1, "tags": [{"id": 1}]} for entry in GOOD)) | {"version": 2}),
    drift=(
        Answer({"posts": list(GOOD)}),
        Answer({"latest_posts": None}),
        Answer({"latest_posts": "none"}),
        Answer({"latest_posts": {"0": post()}}),
        Answer({"errors": ["You are not allowed."], "error_type": "invalid_access"}),
        Answer(latest(1, 2)),
        *(Answer(latest(*(post(number, **{key: ...}) for number in (3, 2)))) for key in ("cooked", "post_type", "id")),
    ),
    edited=Answer(latest(post(cooked="<p>It is mended.</p>", version=2), GOOD[1])),
    gone=one(post(deleted_at="2026-11-24T12:00:00.000Z")),
    own=Answer(latest(post(username="acme_team"))),
    answered=Answer(latest(post(502, username="acme_team", reply_to_post_number=2), *GOOD)),
    refusals={
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
