"""Every recorded answer of Hacker News' search service, read by its connector."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Audience, Kind
from monitor.text import from_html
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def searches_in(recording: Path) -> list[dict[str, Any]]:
    """Return the answers to searches; items and users are other questions."""
    return [entry["reply"] for entry in json.loads(recording.read_bytes()) if "hits" in entry["reply"]]


@pytest.mark.parametrize("recording", recordings("hackernews", "*.json"), ids=name_of)
def test_every_recorded_hit_is_read(recording: Path) -> None:
    subject = made("hacker_news")
    searches = searches_in(recording)
    assert searches
    for answer in searches:
        page = read(subject, Answer(answer))

        assert page.problems == ()
        for mention, hit in zip(page.mentions, answer["hits"], strict=True):
            assert mention.external_id == hit["objectID"]
            assert mention.published_at == datetime.fromisoformat(hit["created_at"])
            assert mention.author is not None
            assert mention.author.id == hit["author"]
            assert mention.audience == Audience(hit["points"], "points")
            assert mention.url == f"https://news.ycombinator.com/item?id={hit['objectID']}"


@pytest.mark.parametrize("recording", recordings("hackernews", "*.json"), ids=name_of)
def test_recorded_comments_and_posts_keep_their_words_and_their_thread(recording: Path) -> None:
    subject = made("hacker_news")
    for answer in searches_in(recording):
        for mention, hit in zip(read(subject, Answer(answer)).mentions, answer["hits"], strict=True):
            comment = hit["comment_text"] is not None
            markup = hit["comment_text"] if comment else hit["story_text"] or hit["url"] or ""

            assert mention.kind == (Kind.COMMENT if comment else Kind.POST)
            assert squeezed(from_html(mention.text)) == squeezed(" ".join(words(markup)))
            assert from_html(mention.title or "") == ("" if comment else hit["title"])
            assert mention.thread_id == str(hit["story_id"] if comment else hit["objectID"])
            assert mention.parent_id == (str(hit["parent_id"]) if comment else None)


@pytest.mark.parametrize("recording", recordings("hackernews", "*.json"), ids=name_of)
def test_a_recorded_answer_that_comes_again_ends_the_walk(recording: Path) -> None:
    subject = made("hacker_news")
    for answer in searches_in(recording):
        once = read(subject, Answer(answer))
        again = read(subject, Answer(answer), once.follow[0]) if once.follow else once

        assert again.follow == ()
