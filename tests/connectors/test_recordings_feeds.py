"""Every recorded feed, read by the feed connector and by an XML or JSON parser of the standard library."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from monitor.connector import Audience, Kind, Page, Rating, RawMention
from monitor.text import from_html
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words

ENTRY = re.compile(r"<(?:item|entry)[\s>]")
FEEDS = [path for path in recordings("feeds") if path.suffix != ".json"]
JSON_FEEDS = recordings("feeds", "*.json")


def holding(mark: str) -> list[Path]:
    """Return the recordings in which something stands; without any recording, that which stands for them."""
    return [path for path in FEEDS if why_absent(path) or mark in path.read_text()]


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def page_of(recording: Path) -> Page:
    return read(made("feed"), Answer(recording.read_bytes(), content_type="text/html"))


def element(parent: ElementTree.Element, *names: str) -> ElementTree.Element | None:
    """Return a child with one of the names, whatever its namespace; the first name goes first."""
    children = {child.tag.rpartition("}")[2]: child for child in reversed(parent)}
    return next((children[name] for name in names if name in children), None)


def inside(parent: ElementTree.Element, name: str) -> dict[str, str]:
    """Return the attributes of the first element of a name, however deep it stands."""
    return next(node.attrib for node in parent.iter() if node.tag.rpartition("}")[2] == name)


def said(parent: ElementTree.Element, *names: str) -> str:
    found = element(parent, *names)
    return "".join(found.itertext()).strip() if found is not None else ""


def entries_in(recording: Path) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(recording.read_text().lstrip())
    return [node for node in root.iter() if node.tag.rpartition("}")[2] in ("item", "entry")]


def when(text: str) -> datetime | None:
    if not text:
        return None
    moment = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    return moment.astimezone(UTC)


def both(recording: Path) -> list[tuple[RawMention, ElementTree.Element]]:
    return list(zip(page_of(recording).mentions, entries_in(recording), strict=True))


@pytest.mark.parametrize("recording", FEEDS, ids=name_of)
def test_every_recorded_item_is_read_once(recording: Path) -> None:
    page = page_of(recording)

    assert len(page.mentions) == len(ENTRY.findall(recording.read_text()))
    assert len({mention.external_id for mention in page.mentions}) == len(page.mentions)
    assert page.problems == ()
    assert not page.repaired


@pytest.mark.parametrize("recording", FEEDS, ids=name_of)
def test_recorded_ids_times_and_words_are_those_of_the_file(recording: Path) -> None:
    for mention, entry in both(recording):
        assert mention.external_id == (said(entry, "guid", "id") or said(entry, "link"))
        assert mention.published_at == when(said(entry, "published", "pubDate") or said(entry, "updated"))
        assert words(from_html(mention.title or "")) == words(said(entry, "title"))
        assert squeezed(from_html(mention.text)) == squeezed(" ".join(words(full_text(entry))))
        author = said(entry, "creator", "author").splitlines()
        assert not author or (mention.author is not None and mention.author.name == author[0].strip())


def full_text(entry: ElementTree.Element) -> str:
    """Return the fullest text; a channel of videos puts it into a group."""
    group = element(entry, "group")
    inner = said(group, "description") if group is not None else ""
    return said(entry, "encoded") or said(entry, "content", "description", "summary") or inner


@pytest.mark.parametrize("recording", holding("googlealerts"), ids=name_of)
def test_recorded_alerts_lead_to_the_pages_themselves(recording: Path) -> None:
    for mention, entry in both(recording):
        link = element(entry, "link")
        assert link is not None
        [real] = map(unquote, re.findall(r"[?&](?:url|q)=([^&]+)", link.attrib["href"]))
        assert mention.url is not None
        assert mention.url == mention.same_as
        assert mention.url.partition("?")[0] == real.partition("?")[0]
        assert "google.com" not in mention.url


@pytest.mark.parametrize("recording", holding("#comment-"), ids=name_of)
def test_recorded_comments_name_their_post(recording: Path) -> None:
    for mention, entry in both(recording):
        assert mention.kind == Kind.COMMENT
        assert mention.parent_id == said(entry, "guid").partition("#")[0]
        assert mention.author is not None
        assert mention.author.name == said(entry, "creator")


@pytest.mark.parametrize("recording", holding("media:starRating"), ids=name_of)
def test_recorded_videos_have_stars_and_viewers(recording: Path) -> None:
    for mention, entry in both(recording):
        stars, views = inside(entry, "starRating"), inside(entry, "statistics")
        assert mention.rating == Rating(float(stars["average"]), float(stars["max"]), float(stars["min"]))
        assert mention.audience == Audience(int(views["views"]), "views")


@pytest.mark.parametrize("recording", JSON_FEEDS, ids=name_of)
def test_every_item_of_a_recorded_json_feed_is_read(recording: Path) -> None:
    feed: dict[str, Any] = json.loads(recording.read_bytes())

    mentions = page_of(recording).mentions

    assert [mention.external_id for mention in mentions] == [str(item["id"]) for item in feed["items"]]
    for mention, item in zip(mentions, feed["items"], strict=True):
        assert mention.url == item["url"]
        assert mention.published_at == datetime.fromisoformat(item["date_published"])
        assert words(from_html(mention.text)) == words(item.get("content_html") or item["content_text"])
        assert mention.language == item.get("language", feed.get("language"))
