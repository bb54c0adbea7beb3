"""What recorded answers hold, worked out from the files by plain means: no code of the product has a part in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lxml import html as markup

LD_JSON = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
STARS = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One review or post: its stars, its day or instant, its letters (spaces do not count)."""

    stars: float | None
    when: str
    letters: str


def squeezed(text: str | None) -> str:
    """Return a text without tags, entities and spaces."""
    return "".join(html.unescape(re.sub(r"<[a-zA-Z/!][^>]*>", " ", text or "")).split())


def instant(value: str | None) -> str:
    """Return a time as UTC to the second, a date as midnight; nothing for nothing."""
    if not value:
        return ""
    moment = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value.strip())
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


# --- App Store -----------------------------------------------------------------------------------


def app_reviews(path: Path) -> list[Held]:
    """Return the reviews of a page of the App Store's feed; a single one stands there as an object."""
    entries = json.loads(path.read_bytes())["feed"].get("entry", [])
    reviews = [entry for entry in (entries if isinstance(entries, list) else [entries]) if "im:rating" in entry]
    return [
        Held(
            float(entry["im:rating"]["label"]),
            instant(entry.get("updated", {}).get("label")),
            squeezed_plain(entry["content"]["label"]),
        )
        for entry in reviews
    ]


def squeezed_plain(text: str) -> str:
    """Return a text that is no markup, without spaces."""
    return "".join(text.split())


# --- feeds ---------------------------------------------------------------------------------------


def feed_items(path: Path) -> list[Held]:
    """Return the items of a feed of any of the three kinds."""
    text = path.read_text(encoding="utf-8-sig").lstrip()
    if text.startswith("{"):
        return [
            Held(None, instant(item.get("date_published")), squeezed(item.get("content_html") or item["content_text"]))
            for item in json.loads(text)["items"]
        ]
    root = ElementTree.fromstring(text)
    return [_item(node) for node in root.iter() if _tag(node) in ("item", "entry")]


def _item(node: ElementTree.Element) -> Held:
    group = _child(node, "group")
    inner = _said(group, "description") if group is not None else ""
    words = _said(node, "encoded") or _said(node, "content") or _said(node, "description") or _said(node, "summary")
    stars = next((one.attrib["average"] for one in node.iter() if _tag(one) == "starRating"), None)
    when = _said(node, "published") or _said(node, "pubDate") or _said(node, "updated")
    return Held(float(stars) if stars else None, instant(when), squeezed(words or inner))


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _child(node: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((child for child in node if _tag(child) == name), None)


def _said(node: ElementTree.Element, name: str) -> str:
    found = _child(node, name)
    return "".join(found.itertext()).strip() if found is not None else ""


# --- Hacker News ---------------------------------------------------------------------------------


def hits(path: Path) -> list[dict[str, Any]]:
    """Return the hits of all recorded searches, each once, the newest first."""
    replies = [entry["reply"] for entry in json.loads(path.read_bytes())]
    found = {hit["objectID"]: hit for reply in replies for hit in reply.get("hits", [])}
    return sorted(found.values(), key=lambda hit: hit["created_at_i"], reverse=True)


def hit(hit: dict[str, Any]) -> Held:
    """Return a hit: of a comment its text, of a story its text or else its link."""
    comment = "comment" in hit["_tags"]
    words = hit["comment_text"] if comment else hit["story_text"] or hit["url"]
    return Held(None, instant(hit["created_at"]), squeezed(words))


# --- structured data -----------------------------------------------------------------------------


def page_reviews(path: Path) -> list[Held]:
    """Return the reviews of a page, each once: from its JSON-LD, or else from its marked elements."""
    text = path.read_text(encoding="utf-8")
    found = {json.dumps(one, sort_keys=True): one for block in LD_JSON.findall(text) for one in _reviews(_json(block))}
    return [_described(one) for one in found.values()] or _marked(text)


def _json(block: str) -> Any:
    try:
        return json.loads(block, strict=False)
    except ValueError:
        return None


def _reviews(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _reviews(one)
    elif isinstance(value, dict):
        if value.get("@type") == "Review":
            yield value
        else:
            for one in value.values():
                yield from _reviews(one)


def _described(review: dict[str, Any]) -> Held:
    keys = {key.lower(): value for key, value in review.items()}
    mark = keys.get("reviewrating")
    stars = STARS.search(str(mark.get("ratingValue", "") if isinstance(mark, dict) else mark))
    when = keys.get("datepublished") or keys.get("datecreated")
    words = keys.get("reviewbody") or keys.get("description")
    return Held(float(stars[0]) if stars else None, instant(when)[:10], squeezed(words))


def _marked(text: str) -> list[Held]:
    root = markup.fromstring(text.encode())
    found = []
    for node in root.xpath("//*[@itemprop='review' or @property='review']"):
        stars = _value(node, "ratingValue")
        words = _value(node, "reviewBody") or _value(node, "description")
        found.append(
            Held(float(stars) if stars else None, instant(_value(node, "datePublished"))[:10], squeezed(words))
        )
    return found


def _value(node: Any, name: str) -> str:
    for one in node.xpath(f".//*[@itemprop='{name}' or @property='{name}']"):
        return str(one.get("content") or one.text_content()).strip()
    return ""
