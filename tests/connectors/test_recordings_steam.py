"""Every recorded review of Steam, read by its connector.

What was recorded are reviews of the old address. They are put into the envelope of the new one, of which there is
no recording: these tests prove the reading of reviews, not that of the envelope.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Audience, Rating
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def reviews_in(recording: Path) -> list[dict[str, Any]]:
    """Return the reviews a recording holds, in a list or by their ids."""
    found = json.loads(recording.read_bytes())["reviews"]
    return list(found.values()) if isinstance(found, dict) else found


def read_all(recording: Path) -> Any:
    body = {"response": {"reviews": reviews_in(recording), "cursor": "x", "query_summary": {}}}
    return read(made("steam"), Answer(body))


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("recording", recordings("steam", "*.json"), ids=name_of)
def test_every_recorded_review_is_read(recording: Path) -> None:
    reviews, page = reviews_in(recording), read_all(recording)

    assert reviews
    assert page.problems == ()
    for mention, review in zip(page.mentions, reviews, strict=True):
        assert mention.external_id == review["recommendationid"]
        assert mention.rating == Rating(1 if review["voted_up"] is True else 0, best=1, worst=0)
        assert mention.published_at == moment(review["timestamp_created"])
        assert mention.updated_at == moment(review["timestamp_updated"])
        assert mention.audience == Audience(review["votes_up"], "helpful votes")
        assert mention.author is not None
        assert mention.author.id == review["author"]["steamid"]
        assert (review["language"], mention.language) == ("english", "en")
        assert mention.url is not None
        assert review["author"]["steamid"] in mention.url


@pytest.mark.parametrize("recording", recordings("steam", "*.json"), ids=name_of)
def test_recorded_reviews_keep_their_words_and_lose_their_markup(recording: Path) -> None:
    for mention, review in zip(read_all(recording).mentions, reviews_in(recording), strict=True):
        bare = re.sub(r"\[/?(?:[a-z]{1,10}|h1|\*)(?:=[^]]*)?]", "", review["review"])

        assert squeezed(mention.text) == squeezed(bare)


@pytest.mark.parametrize("recording", recordings("steam", "*.json"), ids=name_of)
def test_recorded_answers_of_developers_are_read_and_their_zero_is_no_time(recording: Path) -> None:
    for mention, review in zip(read_all(recording).mentions, reviews_in(recording), strict=True):
        assert (mention.reply.text if mention.reply else None) == review.get("developer_response")
        assert mention.reply is None or mention.reply.published_at is None
        assert review.get("timestamp_dev_responded", 0) == 0
