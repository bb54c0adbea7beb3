"""The App Store: every value wrapped in a label."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases


def label(value: str) -> dict[str, Any]:
    return {"label": value}


def entry(external_id: str = "9001", stars: str = "2", **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as None is left out."""
    fields = {
        "author": {"uri": label("https://itunes.apple.com/gb/reviews/id77?l=en"), "name": label("Nia"), "label": ""},
        "updated": label("2026-11-24T03:30:00-08:00"),
        "im:rating": label(stars),
        "im:version": label("4.1"),
        "id": label(external_id),
        "title": label("Crashes"),
        "content": {"label": "It closes when I pay.", "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": "https://itunes.apple.com/gb/review?id=123456789"}},
        "im:voteSum": label("0"),
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": label("0"),
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def the_app(**changes: Any) -> dict[str, Any]:
    """Return the entry that some years stood before the reviews: the app itself."""
    return {
        "im:name": label("Acme Coffee"),
        "summary": label("Order ahead."),
        "im:price": label("Get"),
        "title": label("Acme Coffee - Acme"),
        "id": {"label": "https://apps.apple.com/gb/app/id123456789", "attributes": {"im:id": "123456789"}},
        "im:artist": label("Acme"),
        **changes,
    }


def feed(*entries: Any, **changes: Any) -> dict[str, Any]:
    """Return a page of reviews; without any there is no `entry`."""
    further = "https://itunes.apple.com/gb/rss/customerreviews/page=2/id=123456789/sortby=mostrecent/xml"
    return {
        "feed": {
            "author": {"name": label("iTunes Store")},
            **({"entry": list(entries)} if entries else {}),
            "updated": label("2026-11-24T04:00:00-08:00"),
            "title": label("iTunes Store: Customer Reviews"),
            "link": [{"attributes": {"rel": "next", "href": further}}],
            "id": label("https://itunes.apple.com/rss/customerreviews/page=1/id=123456789/sortby=mostrecent/json"),
            **changes,
        }
    }


GOOD = (entry("9002", "5", title=label("Lovely"), content=label("Never queue again.")), entry())

CASES = Cases(
    options={"app_id": "123456789", "countries": ["gb"]},
    bad_options=(
        {},
        {"app_id": "acme"},
        {"app_id": "123456789", "countries": []},
        {"app_id": "123456789", "countries": ["gbr"]},
        {"app_id": "123456789", "countries": "g1"},
    ),
    first=Answer(feed(*GOOD)),
    first_ids=("9002", "9001"),
    next=Answer(feed(entry("8000"))),
    empty=Answer(feed()),
    broken=Answer(feed(*GOOD, entry("9003", id=None))),
    unknown=Answer(feed(*(entry_ | {"im:mood": label("?")} for entry_ in GOOD), generator=label("x")) | {"version": 2}),
    drift=(
        Answer({"channel": feed(*GOOD)["feed"]}),
        Answer(feed(*(entry(str(number), **{"im:rating": None}) for number in range(3)))),
        Answer(feed(*(entry(str(number), content=None) for number in range(3)))),
        Answer(feed(entry=label("none"))),
        Answer(feed(entry="none")),
        Answer(feed(entry=[1, 2])),
        Answer({"feed": []}),
    ),
    edited=Answer(feed(GOOD[0], entry(stars="1", content=label("It closes whenever I pay. Still.")))),
    gone="The feed only lets reviews slide out of its newest 500; it never says that one was deleted.",
    own="Companies do not review in the App Store under an account of theirs.",
    answered="Apple leaves the developer's answers out of this feed.",
    refusals={
        400: Outcome.FAILED,
        404: Outcome.FAILED,
        403: Outcome.THROTTLED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        502: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
