"""WordPress: comments as its REST API shows them to everybody."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

SITE = "https://blog.example"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"wordpress_comments": ("7",)})


def comment(number: int = 52, **changes: Any) -> dict[str, Any]:
    """Return a guest's comment on post 12."""
    return {
        "id": number,
        "post": 12,
        "parent": 0,
        "author": 0,
        "author_name": "Nia &amp; Jo",
        "author_url": "https://nia.example",
        "date": "2026-11-24T12:00:00",
        "date_gmt": "2026-11-24T11:00:00",
        "content": {"rendered": "<p>I waited an hour.<br />\nNobody came &#8211; why?</p>\n"},
        "link": f"{SITE}/2026/11/new-opening-hours/comment-page-1/#comment-{number}",
        "status": "approved",
        "type": "comment",
        "author_avatar_urls": {"24": "https://avatar.example/0f0f?s=24"},
        "meta": [],
        "_links": {},
        **changes,
    }


def listed(*entries: Any, pages: int = 1, total: int | None = None, to: Request | None = None) -> Answer:
    """Return a list with the headers that say how much there is."""
    total = len(entries) if total is None else total
    return Answer(list(entries), headers={"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}, to=to)


def alone(number: int) -> Request:
    """Return the question for one comment."""
    address = f"{SITE}/wp-json/wp/v2/comments/{number}"
    return Request(address, context={"these": [], "one": True}, about=(str(number),))


def error(code: str, status: int, to: Request | None = None) -> Answer:
    """Return an error in WordPress' form."""
    return Answer({"code": code, "message": "…", "data": {"status": status}}, status, to=to)


OURS = {"author": 7, "author_name": "Acme Team", "content": {"rendered": "<p>We are sorry.</p>\n"}}
GOOD = (comment(), comment(51, author=33, author_name="jo", content={"rendered": "<p>Lovely.</p>\n"}))

CASES = Cases(
    options={"url": SITE},
    brands=(ACME,),
    bad_options=(
        {},
        {"url": "blog.example"},
        {"url": f"{SITE}/?p=3"},
        {"url": "https://user:secret@blog.example"},
        {"url": SITE, "posts": ["about-us"]},
        {"url": SITE, "match_brand": "perhaps"},
    ),
    first=listed(*GOOD, pages=2, total=102),
    first_ids=("52", "51"),
    next=listed(comment(9), pages=2, total=102),
    empty=listed(pages=0),
    broken=listed(*GOOD, comment(50, content=None), pages=2, total=102),
    unknown=listed(*(entry | {"mood": 1, "likes": [2]} for entry in GOOD), pages=2, total=102),
    drift=(
        Answer({"comments": list(GOOD)}),
        Answer({"code": "rest_error", "message": "…", "data": {"status": 200}}),
        *(
            listed(*({key: value for key, value in entry.items() if key != lost} for entry in GOOD))
            for lost in ("id", "content", "author", "author_name", "date_gmt", "parent", "link")
        ),
        listed(*(entry | {"content": "text"} for entry in GOOD)),
        listed(1, 2),
    ),
    edited=listed(GOOD[0], GOOD[1] | {"content": {"rendered": "<p>Not so lovely.</p>\n"}}, pages=2, total=102),
    gone=error("rest_comment_invalid_id", 404, alone(52)),
    own=listed(comment(60, **OURS)),
    answered=listed(comment(60, parent=52, **OURS)),
    refusals={
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
