"""What stands where in the items of feeds, and how to tell items apart whose ids cannot be trusted.

An entry is a mapping in the words of feedparser; an item of a JSON Feed is put into them first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from monitor.connector import Audience, Author, Kind, Rating, RawMention
from monitor.text import fingerprint, number, parse_when, safe_link

LONGEST_ID = 200  # characters; a longer one is kept as its fingerprint
LONGEST_NAME = 200
MOST_REMEMBERED = 500  # ids of one feed

_TAG = re.compile("<[a-zA-Z/!]")
_MAIL = re.compile(r"[<(]?\s*(?:mailto:)?[^\s<>()]+@[^\s<>()]+\.[^\s<>()]+[>)]?")
_GOOGLE = re.compile(r"www\.google\.[a-z.]{2,6}")
_LOCKED = "action=postpass"  # where WordPress shows a form for a password in place of the words
_TRACKING = re.compile(r"utm_|(?:fbclid|gclid|mc_cid|mc_eid)$")


def read_entry(entry: Mapping[str, Any], feed: Mapping[str, Any], base: str) -> RawMention:
    """Return an entry as a mention, its link read against `base`.

    Raises ValueError when there is nothing in it to know it by.
    """
    link = entry.get("feedburner_origlink") or entry.get("link")
    address, is_alert = _unwrapped(safe_link(link, base))
    external_id = entry.get("id") or link or ""
    title, words = _markup(entry.get("title_detail", {})), _words(entry)
    if not (external_id or title or words.get("value")):
        raise ValueError("an item without id, address and words")
    post, is_comment, _ = external_id.partition("#comment-")  # as WordPress makes the ids of comments
    parent = entry.get("thr_in-reply-to", {}).get("ref") or (post if is_comment else None)
    published, updated = parse_when(entry.get("published")), parse_when(entry.get("updated"))
    views = number(entry.get("media_statistics", {}).get("views"))
    plain = len(external_id) <= LONGEST_ID and external_id.isprintable()
    return RawMention(
        external_id=external_id if plain else fingerprint(external_id),
        url=address,
        title=title or None,
        text=_markup(words),
        kind=Kind.COMMENT if parent else Kind.REVIEW if "im_rating" in entry else Kind.POST,
        author=_author(entry) or _author(feed),
        published_at=published or updated,
        updated_at=updated,
        rating=_rating(entry),
        language=words.get("language"),
        audience=None if views is None else Audience(int(views), "views"),
        parent_id=parent,
        thread_id=post if is_comment else parent,
        same_as=address if is_alert else None,
        html=True,
    )


def entry_of_json(item: Mapping[str, Any], feed: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of a JSON Feed in the words that feedparser has for the others."""
    markup, plain = item.get("content_html"), item.get("content_text") or item.get("summary") or ""
    content = {"type": "text/html", "value": markup} if markup else {"type": "text/plain", "value": plain}
    return {
        "id": "" if item.get("id") is None else str(item["id"]),
        "link": item.get("url") or item.get("external_url"),
        "title_detail": {"type": "text/plain", "value": item.get("title")},
        "content": [{**content, "language": item.get("language") or feed.get("language")}],
        "published": item.get("date_published"),
        "updated": item.get("date_modified"),
        **(_json_author(item) or _json_author(feed)),
    }


def _json_author(part: Mapping[str, Any]) -> dict[str, Any]:
    authors = [author for author in part.get("authors") or [part.get("author")] if author]
    return {"author": authors[0].get("name"), "author_detail": {"href": authors[0].get("url")}} if authors else {}


def _words(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fullest text of an entry, with its type and language; nothing for one behind a password."""
    for part in entry.get("content", ()):
        if _LOCKED in part["value"]:
            return {}
        if part["type"].startswith("text/") or "html" in part["type"]:
            return dict(part)
    return dict(entry.get("summary_detail", {}))


def _markup(part: Mapping[str, Any]) -> str:
    """Return text as markup. Where no tag makes lines, line ends do, even in what calls itself HTML."""
    value = part.get("value") or ""
    if "html" not in part.get("type", ""):
        value = escape(value, quote=False)
    elif _TAG.search(value):
        return str(value)
    return str(value.strip().replace("\n", "<br>"))


def _author(entry: Mapping[str, Any]) -> Author | None:
    """Return the author by name. Mail addresses are dropped here: feedparser leaves half of some in the name."""
    name = _MAIL.sub("", (entry.get("author") or "")[:LONGEST_NAME]).strip()
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1].strip()
    return Author(name, url=safe_link(entry.get("author_detail", {}).get("href"))) if name else None


def _rating(entry: Mapping[str, Any]) -> Rating | None:
    stars = entry.get("media_starrating", {})
    own, average = number(entry.get("im_rating")), number(stars.get("average"))
    if own is not None:
        return Rating(own)
    if average is None:
        return None
    return Rating(average, best=number(stars.get("max")) or 5.0, worst=number(stars.get("min")) or 1.0)


def _unwrapped(link: str | None) -> tuple[str | None, bool]:
    """Return the address behind a link of Google Alerts, without tracking, and whether it was one."""
    parts = urlsplit(link or "")
    if not (_GOOGLE.fullmatch(parts.hostname or "") and parts.path == "/url"):
        return link, False
    wrapped = parse_qs(parts.query)
    real = urlsplit(safe_link((wrapped.get("url") or wrapped.get("q") or [""])[0]) or "")
    query = urlencode([pair for pair in parse_qsl(real.query, keep_blank_values=True) if not _TRACKING.match(pair[0])])
    return (real._replace(query=query).geturl(), True) if real.netloc else (link, False)


def told_apart(mentions: Sequence[RawMention], known: Mapping[str, str]) -> tuple[RawMention, ...]:
    """Give each item an id that is its own, and the one it had at the last look.

    `known` is what `remembered` made of the last look. Two hits on one address in Google Alerts are one.
    """
    ids = Counter(mention.external_id for mention in mentions)
    traits = Counter(map(_trait, mentions))
    names = dict(known)
    named = []
    for mention in mentions:
        trait, external_id = _trait(mention), mention.external_id
        alone = traits[trait] == 1
        if ids[external_id] > 1 or not external_id:
            external_id = trait if alone else fingerprint(trait, mention.title, mention.text)
        if alone or mention.same_as:
            external_id = names.setdefault(trait, external_id)
        named.append(replace(mention, external_id=external_id))
    return tuple(named)


def remembered(mentions: Sequence[RawMention]) -> dict[str, str]:
    """Return the ids of a look by what else the items can be known by, for the bookmark."""
    return {_trait(mention): mention.external_id for mention in mentions[:MOST_REMEMBERED]}


def _trait(mention: RawMention) -> str:
    """Return what an item can be known by besides its id: address, author and time, or else its words."""
    if mention.same_as:
        return fingerprint(mention.same_as)
    author = mention.author.name if mention.author else None
    if mention.url and mention.published_at:
        return fingerprint(mention.url, author, mention.published_at.isoformat())
    return fingerprint(mention.url, author, mention.title, mention.text)
