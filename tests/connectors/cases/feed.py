"""Feeds: an RSS feed stands for all; the other formats have tests of their own."""

from __future__ import annotations

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Talk of the town</title>'
    "<link>https://town.example/</link><description>What people say</description>"
)
TAIL = "</channel></rss>"


def item(number: int = 1, text: str = "They forgot my order &amp; laughed.", more: str = "") -> str:
    return (
        f"<item><title>Post {number}</title><link>https://town.example/{number}</link>"
        f'<guid isPermaLink="false">town-{number}</guid><dc:creator>Nia</dc:creator>'
        f"<pubDate>Tue, 24 Nov 2026 11:{number:02}:00 +0000</pubDate>"
        f"<description><![CDATA[{text}]]></description>{more}</item>"
    )


def rss(*items: str, more: str = "") -> Answer:
    return Answer(HEAD + more + "".join(items) + TAIL, content_type="application/rss+xml; charset=UTF-8")


def json_feed(*items: object, **changes: object) -> Answer:
    return Answer({"version": "https://jsonfeed.org/version/1.1", "title": "Talk", "items": list(items), **changes})


CASES = Cases(
    options={"url": "https://town.example/feed"},
    bad_options=(
        {},
        {"url": "town.example/feed"},
        {"url": "ftp://town.example/feed"},
        {"url": "https://nia:secret@town.example/feed"},
        {"url": "https://town.example/feed", "kind": "rumour"},
    ),
    first=rss(item(2, "Best flat white in town."), item(1)),
    first_ids=("town-2", "town-1"),
    next="A feed is one page: a window on its newest items.",
    empty=rss(),
    broken=json_feed({"id": "town-2", "content_text": "a"}, {"id": "town-1", "content_text": "b"}, 7),
    unknown=rss(
        item(2, "Best flat white in town.", "<mood xmlns='urn:x'>fine</mood>"),
        item(1, more="<x:y xmlns:x='urn:y' z='1'/>"),
        more="<weather>rain</weather>",
    ),
    drift=(
        Answer("<reviews><review>Bad</review></reviews>", content_type="application/xml"),
        json_feed(items={"1": {}}),
        json_feed(items="none"),
        json_feed(items=None),
        json_feed({"name": "renamed", "body": "text"}, {"name": "renamed too", "body": "text"}),
        Answer({"version": "https://jsonfeed.org/version/1.1", "entries": []}),
        Answer({"version": "2.0", "items": []}),
        Answer({"items": []}),
    ),
    edited=rss(item(2, "Best flat white in town."), item(1, "They forgot my order twice.")),
    gone="What is no longer in a feed has slid out of its window; a feed never says that an item was deleted.",
    own="Feeds name authors, but have no accounts; a name alone proves nothing.",
    answered="A feed's items are the things said; an answer would be an item like any other.",
    refusals={
        401: Outcome.RECONNECT,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        410: Outcome.RECONNECT,
        429: Outcome.THROTTLED,
        503: Outcome.THROTTLED,
        500: Outcome.FAILED,
    },
)
