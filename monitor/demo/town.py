"""A made-up town on loopback: five sites in the shapes of real ones, which change while one watches.

They stand behind one small HTTP server, each under a path of its own, and are reached through `base_url` by
the connectors that read the real ones. A page that has not changed is answered with 304.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROBOTS = "User-agent: *\nDisallow: /account\n"
LOOPBACK = "127.0.0.1"


@dataclass
class Said:
    """One thing somebody wrote on a site. It changes: edited, answered."""

    id: str
    who: str
    when: datetime
    text: str
    stars: int | None = None
    title: str = ""
    answer: str = ""
    language: str = "en"
    points: int | None = None
    about: str | None = None  # the id of what it answers


@dataclass(frozen=True)
class Answer:
    """What a site sends for a request."""

    body: str
    kind: str
    status: int = 200


@dataclass
class Site:
    """One site of the town: what stands on it, and whether it works today."""

    name: str
    shape: Callable[[Site, str, Mapping[str, str]], Answer]
    said: list[Said] = field(default_factory=list)
    broken: bool = False

    def show(self, *new: Said) -> None:
        """Publish these, newest first as all of them do."""
        self.said = sorted([*new, *self.said], key=lambda one: one.when, reverse=True)

    def find(self, wanted: str) -> Said:
        """Return one thing that stands there, by its id."""
        return next(one for one in self.said if one.id == wanted)

    def answer(self, path: str, query: Mapping[str, str]) -> Answer:
        """Return what the site sends."""
        if self.broken:
            return Answer("Internal Server Error", "text/plain", 500)
        if path == "/robots.txt":
            return Answer(ROBOTS, "text/plain")
        return self.shape(self, path, query)


class Town:
    """All sites and the server in front of them."""

    def __init__(self) -> None:
        shapes = {
            "town-guide": town_guide, "app-store": app_store, "bean-shop": bean_shop,
            "forum": forum, "hacker-news": hacker_news,
        }  # fmt: skip
        self.sites = {name: Site(name, shape) for name, shape in shapes.items()}
        self.asked = 0
        self._lock = threading.Lock()
        self._server = _Server((LOOPBACK, 0), _handler(self))

    def __getitem__(self, name: str) -> Site:
        return self.sites[name]

    @property
    def url(self) -> str:
        """Return where the town can be reached."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @contextmanager
    def open(self) -> Iterator[Town]:
        """Serve for the time of a block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="town", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, address: str) -> Answer:
        """Return what is sent for an address: the first step of its path names the site."""
        parts = urlsplit(address)
        name, _, path = parts.path.lstrip("/").partition("/")
        with self._lock:
            self.asked += 1
            site = self.sites.get(name)
            if site is None:
                return Answer("not found", "text/plain", 404)
            return site.answer(f"/{path}", {key: values[0] for key, values in parse_qs(parts.query).items()})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who hangs up in the middle is no news."""


def _handler(town: Town) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            answer = town.answer(self.path)
            body = answer.body.encode()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            same = answer.status == 200 and self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else answer.status)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", f"{answer.kind}; charset=utf-8")
            self.send_header("Content-Length", "0" if same else str(len(body)))
            self.end_headers()
            if not same:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the screen belongs to the story."""

    return Handler


# --- shapes --------------------------------------------------------------------------------------


def town_guide(site: Site, path: str, _query: Mapping[str, str]) -> Answer:
    """Return a page of reviews with the owner's answers, as a guide to a town's cafés has it."""
    articles = "\n".join(_article(one) for one in site.said)
    page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quay Street - Town Guide</title></head>
<body><h1>Quay Coffee, Quay Street</h1>
{articles}
</body></html>"""
    return Answer(page, "text/html") if path == "/quay-street" else _nothing()


def _article(one: Said) -> str:
    answer = f'<div class="owner-reply"><p>{escape(one.answer)}</p></div>' if one.answer else ""
    return f"""<article class="review" data-id="{escape(one.id)}">
<span class="stars">{one.stars} of 5</span> <span class="who">{escape(one.who)}</span>
<time datetime="{one.when.isoformat()}">{one.when:%d %B}</time>
<div class="body"><p>{escape(one.text)}</p></div>
{answer}</article>"""


def app_store(site: Site, path: str, _query: Mapping[str, str]) -> Answer:
    """Return a page of the open feed of reviews; past the last one there is a feed without entries."""
    feed: dict[str, Any] = {"title": {"label": "iTunes Store: Customer Reviews"}}
    if "/page=1/" in path:
        feed["entry"] = [_entry(one) for one in site.said]
    return Answer(json.dumps({"feed": feed}), "application/json")


def _entry(one: Said) -> dict[str, Any]:
    return {
        "id": {"label": one.id},
        "author": {"name": {"label": one.who}, "uri": {"label": f"https://itunes.apple.com/gb/reviews/id{one.id}"}},
        "title": {"label": one.title},
        "content": {"label": one.text},
        "updated": {"label": one.when.isoformat()},
        "im:rating": {"label": str(one.stars)},
        "im:version": {"label": "4.2"},
    }


def bean_shop(site: Site, path: str, _query: Mapping[str, str]) -> Answer:
    """Return a product's page with the reviews that it publishes for search engines."""
    stars = [one.stars for one in site.said if one.stars is not None]
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Harbour Blend",
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": round(sum(stars) / len(stars), 1) if stars else None,
            "reviewCount": len(stars),
        },
        "review": [_review(one) for one in site.said],
    }
    markup = json.dumps(product, ensure_ascii=False).replace("<", "\\u003c")
    page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Harbour Blend</title>
<script type="application/ld+json">{markup}</script></head>
<body><h1>Harbour Blend, 250 g</h1><p>Chocolate, walnut, a little smoke.</p></body></html>"""
    return Answer(page, "text/html") if path == "/harbour-blend" else _nothing()


def _review(one: Said) -> dict[str, Any]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": one.who},
        "datePublished": one.when.isoformat(),
        "inLanguage": one.language,
        "reviewBody": one.text,
        "reviewRating": {"@type": "Rating", "ratingValue": one.stars, "bestRating": 5},
    }


def forum(site: Site, path: str, _query: Mapping[str, str]) -> Answer:
    """Return the newest posts of a forum as an Atom feed."""
    updated = max((one.when for one in site.said), default=None)
    entries = "\n".join(_atom(one) for one in site.said)
    feed = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour Forum</title><id>https://forum.example/</id>
<updated>{updated.isoformat() if updated else ""}</updated>
{entries}
</feed>"""
    return Answer(feed, "application/atom+xml") if path == "/latest.atom" else _nothing()


def _atom(one: Said) -> str:
    return f"""<entry><id>https://forum.example/t/{escape(one.id)}</id><title>{escape(one.title)}</title>
<link href="https://forum.example/t/{escape(one.id)}"/><author><name>{escape(one.who)}</name></author>
<published>{one.when.isoformat()}</published><updated>{one.when.isoformat()}</updated>
<content type="text">{escape(one.text)}</content></entry>"""


def hacker_news(site: Site, path: str, query: Mapping[str, str]) -> Answer:
    """Return what the search finds, or one item of the official API."""
    if path.startswith("/v0/item/"):
        wanted = path.removeprefix("/v0/item/").removesuffix(".json")
        there = any(one.id == wanted for one in site.said)
        return Answer(json.dumps({"id": int(wanted), "type": "story"} if there else None), "application/json")
    hits = [_hit(one) for one in site.said if _asked_for(one, query)]
    answer = {"hits": hits, "nbHits": len(hits), "page": 0, "nbPages": 1, "hitsPerPage": 100}
    return Answer(json.dumps(answer), "application/json")


def _asked_for(one: Said, query: Mapping[str, str]) -> bool:
    words = query.get("query", "").strip('"').lower()
    after = query.get("numericFilters", "").partition("created_at_i>")[2].partition(",")[0]
    author = query.get("tags", "").partition("author_")[2].partition(",")[0]
    return (
        words in f"{one.title} {one.text}".lower()
        and (not after or one.when.timestamp() > int(after))
        and (not author or one.who == author)
    )


def _hit(one: Said) -> dict[str, Any]:
    comment = one.about is not None
    return {
        "objectID": one.id,
        "created_at_i": int(one.when.timestamp()),
        "author": one.who,
        "title": None if comment else one.title,
        "url": None,
        "story_text": None if comment else one.text,
        "comment_text": one.text if comment else None,
        "points": one.points,
        "story_id": int(one.about or one.id),
        "parent_id": int(one.about) if one.about else None,
        "_tags": ["comment" if comment else "story", f"author_{one.who}"],
    }


def _nothing() -> Answer:
    return Answer("not found", "text/plain", 404)
