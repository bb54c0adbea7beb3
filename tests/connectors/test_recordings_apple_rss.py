"""Every recorded answer of the App Store's feed, read by its connector."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Page, Rating
from monitor.errors import FetchError
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def entries_in(recording: Path) -> list[dict[str, Any]]:
    """Return the reviews a recording holds; a single one stands there as an object."""
    found = json.loads(recording.read_bytes())["feed"].get("entry", [])
    return [entry for entry in (found if isinstance(found, list) else [found]) if "im:rating" in entry]


def page_of(recording: Path) -> Page:
    return read(made("apple_rss"), Answer(recording.read_bytes(), content_type="text/javascript; charset=utf-8"))


@pytest.mark.parametrize("recording", recordings("apple_rss", "*.json"), ids=name_of)
def test_every_recorded_review_is_read(recording: Path) -> None:
    entries, page = entries_in(recording), page_of(recording)

    assert [mention.external_id for mention in page.mentions] == [entry["id"]["label"] for entry in entries]
    assert page.problems == ()
    for mention, entry in zip(page.mentions, entries, strict=True):
        assert mention.rating == Rating(int(entry["im:rating"]["label"]))
        assert (mention.title, mention.text) == (entry["title"]["label"], entry["content"]["label"])
        assert mention.subject.app_version == entry["im:version"]["label"]
        assert mention.author is not None
        assert mention.author.name == entry["author"]["name"]["label"]
        assert f"/id{mention.author.id}" in entry["author"]["uri"]["label"]
        updated = entry.get("updated")
        assert mention.published_at == (datetime.fromisoformat(updated["label"]) if updated else None)


@pytest.mark.parametrize("recording", recordings("apple_rss", "*.json"), ids=name_of)
def test_a_recorded_page_with_reviews_leads_to_the_next_and_one_without_ends(recording: Path) -> None:
    page = page_of(recording)

    assert bool(page.follow) == bool(entries_in(recording))
    assert all(request.as_json()["url"].endswith("/json") for request in page.follow)


@pytest.mark.parametrize("recording", recordings("apple_rss", "*.txt"), ids=name_of)
def test_the_recorded_page_that_is_too_deep_is_the_end(recording: Path) -> None:
    assert page_of(recording) == Page()


@pytest.mark.parametrize("recording", recordings("apple_rss", "*.xml"), ids=name_of)
def test_the_recorded_xml_is_not_taken_for_json(recording: Path) -> None:
    with pytest.raises(FetchError, match="where JSON was expected"):
        page_of(recording)


@pytest.mark.parametrize("recording", recordings("apple_rss", "*.xml"), ids=name_of)
def test_the_recorded_xml_is_a_feed(recording: Path) -> None:
    page = read(made("feed"), Answer(recording.read_bytes(), content_type="text/xml"))

    assert len(page.mentions) == recording.read_text().count("<entry")
