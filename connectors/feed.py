"""Whatever has a feed: blogs, forums, comments, Google Alerts, video channels. RSS, Atom and JSON Feed.

A feed is a window on the newest ten to fifty items, in no order one can rely on: what leaves it was not
deleted. Many are not well formed, or have no ids, one id for all, or new ids at every look; so the ids of the
last look are remembered in the bookmark. https://www.rssboard.org/rss-specification,
https://www.rfc-editor.org/rfc/rfc4287, https://www.jsonfeed.org/version/1.1/.

WordPress dates a feed of comments by its newest comment: one that is approved late, changed or taken out leaves
`ETag` and `Last-Modified` as they were, and 304 would hide it (seen on version 6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Annotated, Any, Literal

import feedparser
from pydantic import AfterValidator, Field, model_validator

from monitor.connector import (
    Brand,
    Connector,
    ConnectorConfig,
    FetchError,
    Kind,
    Outcome,
    Page,
    ParseError,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    Subject,
    refused_by_status,
)
from monitor.connector.feeds import entry_of_json, read_entry, remembered, told_apart
from monitor.text import decode, safe_link

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"

_DECLARATION = re.compile(r"<\?xml[^>]{0,300}\?>")


def _address(url: str) -> str:
    if safe_link(url) is None:
        raise ValueError("not the address of a feed: it takes http:// or https://, a host, and no user name")
    return url


FeedUrl = Annotated[str, AfterValidator(_address)]


class FeedConfig(ConnectorConfig):
    """Settings of one source that reads feeds."""

    url: FeedUrl | None = Field(None, description="the address of the feed")
    urls: tuple[FeedUrl, ...] = Field((), description="the addresses of several")
    kind: Literal["post", "review", "comment"] = Field("post", description="what its items are")
    match_brand: bool = Field(False, description="keep only items that name one of your brands")
    place: str | None = Field(None, description="the place that it is about")
    product: str | None = Field(None, description="the product that it is about")

    @model_validator(mode="after")
    def _has_feeds(self) -> FeedConfig:
        if not self.addresses:
            raise ValueError("no feed to read: give `url`, or several as `urls`")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the feeds to read, each once."""
        return tuple(dict.fromkeys(((self.url,) if self.url else ()) + self.urls))


class Feed(Connector[FeedConfig]):
    """Read the items of feeds."""

    Config = FeedConfig
    default_every = timedelta(minutes=15)
    markup = True
    sees = "The items that are in the feed when it looks, often ten to fifty; no deletions, rarely stars or answers."
    sees_answers = "no"
    proven = "recordings"

    def __init__(self, config: FeedConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for each feed."""
        for address in self.config.addresses:
            known = (since.bookmark or {}).get(address, {})
            yield Request(address, headers={"Accept": ACCEPT}, context={"known": known})

    def parse(self, response: Response) -> Page:
        """Read one feed. What it is shows in its first characters; content types are often wrong."""
        text = decode(response.body, response.header("content-type")).lstrip("\ufeff \t\r\n")
        base = response.request.url
        page = self._json_feed(response.json(), base) if text.startswith("{") else self._xml_feed(text, base)
        mentions = told_apart(page.mentions, response.request.context["known"])
        bookmark = {base: remembered(mentions)} if mentions else None
        has_comments = any(mention.kind is Kind.COMMENT for mention in mentions)
        return replace(page, mentions=mentions, bookmark=bookmark, hides_changes=has_comments)

    def refused(self, response: Response) -> Refusal | None:
        """Read 410 as the end of the feed, and 403 as a site that lets no program in today."""
        if response.status == 410:
            return Refusal(Outcome.RECONNECT, "the feed has ended (410): give its new address, or take it out")
        if response.status == 403 and response.retry_after() is None:
            return Refusal(Outcome.FAILED, "the site answered 403: the feed may be closed to programs")
        return refused_by_status(response)

    def _json_feed(self, body: Mapping[str, Any], base: str) -> Page:
        if "jsonfeed.org" not in str(body["version"]):
            raise ParseError("the answer is JSON, but not a JSON Feed")
        return Page.read(body["items"], lambda item: self._mention(entry_of_json(item, body), {}, base))

    def _xml_feed(self, text: str, base: str) -> Page:
        start = max(text.find("<"), 0)
        body = _DECLARATION.sub("", text[start:], count=1)  # it is UTF-8 from here on, whatever is declared
        feed = feedparser.parse(
            BytesIO(body.encode("utf-8", "replace")),  # bytes by themselves would be opened as a path or an address
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
        if not feed.get("version") and not feed.entries:
            raise _no_feed(body)
        whole = feed.feed if feed.get("version", "").startswith("atom") else {}
        entries = [dict(entry) for entry in feed.entries]
        repaired = bool(feed.bozo) or start > 0
        return Page.read(entries, lambda entry: self._mention(entry, whole, base), repaired=repaired)

    def _mention(self, entry: Mapping[str, Any], feed: Mapping[str, Any], base: str) -> RawMention:
        mention = read_entry(entry, feed, base)
        kind = mention.kind if self.config.kind == "post" else Kind(self.config.kind)
        return replace(mention, kind=kind, subject=Subject(place=self.config.place, product=self.config.product))


def _no_feed(body: str) -> FetchError | ParseError:
    if not body.strip():
        return FetchError("the site answered with an empty body", code="empty")
    if re.match("<!doctype html|<html", body, re.IGNORECASE):
        return FetchError("the address shows a web page, not a feed", code="unexpected_type")
    return ParseError("the answer is neither RSS nor Atom nor JSON Feed")
