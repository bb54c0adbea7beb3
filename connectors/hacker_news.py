"""Posts and comments on Hacker News that name us, from its search service; no key, full text, real time.

The search matches word beginnings and forgives typing errors, and searches authors, too: what it brings is
matched again locally. It gives 1,000 hits a question, newest first, so the walk goes on from the oldest hit in
hand instead of by page number. What was deleted or killed only the official API says.
https://hn.algolia.com/api, https://github.com/HackerNews/API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any

from pydantic import Field

from monitor.connector import (
    Audience,
    Author,
    Connector,
    ConnectorConfig,
    Kind,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    UsageError,
    refused_by_status,
)
from monitor.text import parse_when, safe_link

SEARCH = "https://hn.algolia.com/api/v1/search_by_date"
ITEM = "https://hacker-news.firebaseio.com/v0/item/{id}.json"
PAGE = "https://news.ycombinator.com/item?id={id}"
PROFILE = "https://news.ycombinator.com/user?id={name}"
HITS = 100  # a page; the service gives up to 1,000, but small pages keep a bite small
THREADS = 25  # asked about in one question


class HackerNewsConfig(ConnectorConfig):
    """Settings of one Hacker News source."""

    terms: tuple[str, ...] = Field((), description="what to look for; empty: the terms of your brands")


class HackerNews(Connector[HackerNewsConfig]):
    """Find the posts and comments that name a brand, and our own answers to them."""

    Config = HackerNewsConfig
    title = "Hacker News"
    hosts = ("hn.algolia.com", "hacker-news.firebaseio.com")
    newest_first = True
    default_every = timedelta(minutes=5)
    searches = True
    sees = "All posts and comments that name you, and their points, minutes after they appear; not who reads a comment."
    sees_answers = "yes"
    proven = "recordings"

    def start(self, since: Since) -> Iterable[Request]:
        """Search for each term."""
        terms = self.config.terms or tuple(term for brand in self.brands for term in brand.terms)
        words = dict.fromkeys(term.replace('"', " ").strip("@ ").lower() for term in terms)
        if not any(words):
            raise UsageError("hacker_news has no words to look for: give the source `terms` or a brand")
        after = f"created_at_i>{int(since.time.timestamp())}" if since.time else ""
        for word in filter(None, words):
            yield self._search({"query": f'"{word}"', "tags": "(story,comment)"}, after)

    def parse(self, response: Response) -> Page:
        """Read hits, or one item of the official API."""
        body, asked = response.json(), response.request.context
        if "item" in asked:
            hidden = body.get("deleted", False) or body.get("dead", False)
            return Page(gone=(str(body["id"]),) if hidden else ())
        hits = body["hits"]
        page = Page.read(hits, _mention)
        times = [int(mention.published_at.timestamp()) for mention in page.mentions if mention.published_at]
        full = len(hits) >= min(HITS, body["hitsPerPage"]) and body["nbHits"] > len(hits)
        if not full or not times or min(times) == asked["until"]:
            return page
        return replace(page, follow=(self._search(asked["question"], asked["after"], until=min(times)),))

    def refused(self, response: Response) -> Refusal | None:
        """Read 401 and 403 as a site that was asked too often: there is no access to lose."""
        if response.body.strip() == b"null" and "item" in response.request.context:
            return Refusal(Outcome.NOTHING, "the official API does not know the item yet")
        if response.status in (401, 403):
            why = f"Hacker News answered {response.status}: asked too often"
            return Refusal(Outcome.THROTTLED, why, response.retry_after())
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each item whether it still stands, and for our own comments in their threads."""
        for mention in mentions:
            address = ITEM.format(id=mention.external_id)
            yield Request(address, context={"item": mention.external_id}, about=(mention.external_id,))
        threads = list(dict.fromkeys(mention.thread_id for mention in mentions if mention.thread_id))
        names = dict.fromkeys(name for brand in self.brands for name in brand.own_accounts.get("hacker_news", ()))
        for start in range(0, len(threads), THREADS):
            stories = ",".join(f"story_{thread}" for thread in threads[start : start + THREADS])
            for name in names:
                yield self._search({"tags": f"comment,author_{name},({stories})"}, "")

    def _search(self, question: Mapping[str, str], after: str, *, until: int | None = None) -> Request:
        # Without these two, "acme" finds "acmeville" and "acne" as well.
        exact = {"advancedSyntax": "true", "typoTolerance": "false"}
        filters = ",".join(filter(None, (after, f"created_at_i<={until}" if until else "")))
        params = {**question, **exact, "hitsPerPage": HITS} | ({"numericFilters": filters} if filters else {})
        return Request(SEARCH, params, context={"question": dict(question), "after": after, "until": until})


def _mention(hit: Mapping[str, Any]) -> RawMention:
    name, comment = hit["author"], "comment" in hit["_tags"]
    points, address = hit.get("points"), PAGE.format(id=hit["objectID"])
    words = hit["comment_text"] if comment else hit.get("story_text")
    return RawMention(
        external_id=str(hit["objectID"]),
        url=address,
        title=None if comment else escape(hit["title"], quote=False),
        text=words or escape(safe_link(hit.get("url")) or ""),  # of a bare link, where it leads: it may be to us
        kind=Kind.COMMENT if comment else Kind.POST,
        author=Author(name, id=name, url=PROFILE.format(name=name)),
        published_at=parse_when(hit["created_at_i"]),
        audience=None if points is None else Audience(points, "points"),
        answer_url=address,
        thread_id=str(hit["story_id"] if comment else hit["objectID"]),
        parent_id=str(hit["parent_id"]) if comment else None,
        html=True,
    )
