"""WooCommerce: the open list of the Store API; the list for keys and the answers stand in the test of its own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

SHOP = "https://shop.example"
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"woocommerce": ("7", "Acme Team")})


def review(number: int = 173, **changes: Any) -> dict[str, Any]:
    """Return a review as the open list has it; a field given as None is left out."""
    fields = {
        "id": number,
        "date_created": "2026-11-24T12:00:00",
        "formatted_date_created": "November 24, 2026",
        "date_created_gmt": "2026-11-24T11:00:00",
        "product_id": 32,
        "product_name": "Kettle &#8211; 1 l",
        "product_permalink": f"{SHOP}/product/kettle/",
        "product_image": {"id": 5, "src": f"{SHOP}/kettle.jpg", "alt": ""},
        "reviewer": "Nia",
        "review": "<p>The lid does not close.<br />\nTwice!</p>\n",
        "rating": 2,
        "verified": True,
        "reviewer_avatar_urls": {"24": "https://avatar.example/0f0f?s=24"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def keyed(number: int = 173, **changes: Any) -> dict[str, Any]:
    """Return a review as the list for keys has it, of an older version that does not name the product."""
    bare = {"product_name": None, "product_permalink": None, "product_image": None, "formatted_date_created": None}
    links = {"reviewer": [{"embeddable": True, "href": f"{SHOP}/wp-json/wp/v2/users/41"}]}
    mail = "nia@mail.example"
    return review(number, **{**bare, "status": "approved", "reviewer_email": mail, "_links": links, **changes})


def comment(number: int = 900, **changes: Any) -> dict[str, Any]:
    """Return an answer of user 7 to review 173."""
    return {
        "id": number,
        "post": 32,
        "parent": 173,
        "author": 7,
        "author_name": "Acme Team",
        "author_url": "",
        "date": "2026-11-24T13:00:00",
        "date_gmt": "2026-11-24T12:00:00",
        "content": {"rendered": "<p>We have sent you a new one.</p>\n"},
        "link": f"{SHOP}/product/kettle/#comment-{number}",
        "status": "approved",
        "type": "comment",
        "author_avatar_urls": {"24": "https://avatar.example/aaaa?s=24"},
        **changes,
    }


def listed(*entries: Any, pages: int = 1, total: int | None = None, to: Request | None = None) -> Answer:
    """Return a list with the headers that say how much there is."""
    total = len(entries) if total is None else total
    return Answer(list(entries), headers={"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}, to=to)


ANSWERS = Request(
    f"{SHOP}/wp-json/wp/v2/comments", {"parent[]": ["173"], "page": 1}, context={"list": "/wp-json/wp/v2/comments"}
)
GOOD = (review(), review(172, rating=5, review="<p>Lovely.</p>\n", reviewer="Jo", verified=False))

CASES = Cases(
    options={"url": SHOP},
    brands=(ACME,),
    bad_options=(
        {},
        {"url": "shop.example"},
        {"url": f"{SHOP}/?page_id=3"},
        {"url": "https://user:secret@shop.example"},
        {"url": SHOP, "products": ["kettle"]},
        {"url": SHOP, "products": [0]},
        {"url": SHOP, "consumer_key": "ck_1"},
        {"url": "http://shop.example", "consumer_key": "ck_1", "consumer_secret": "cs_1"},
    ),
    first=listed(*GOOD, pages=2, total=102),
    first_ids=("173", "172"),
    next=listed(review(90), pages=2, total=102),
    empty=listed(pages=0),
    broken=listed(*GOOD, review(171, review=None), pages=2, total=102),
    unknown=listed(*(entry | {"mood": 1, "likes": [2]} for entry in GOOD), pages=2, total=102),
    drift=(
        Answer({"reviews": list(GOOD)}),
        Answer({"code": "woocommerce_rest_error", "message": "…", "data": {"status": 200}}),
        Answer("none", content_type="text/plain"),
        *(
            listed(*({key: value for key, value in entry.items() if key != gone} for entry in GOOD))
            for gone in ("id", "review", "rating", "reviewer", "date_created_gmt", "verified")
        ),
        listed(*(entry | {"rating": "five"} for entry in GOOD)),
        listed(1, 2),
    ),
    edited=listed(GOOD[0], GOOD[1] | {"rating": 1}, pages=2, total=102),
    gone="The open list lets a deleted review slide out; only the list for keys says so, review by review.",
    own=listed(comment(), to=ANSWERS),
    answered=listed(comment(), to=ANSWERS),
    refusals={
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
