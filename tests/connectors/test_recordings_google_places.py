"""The recorded answer of Google Places: two reviews of five, put beside the totals that were not asked for then."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Rating
from tests.connectors.cases.google_places import place
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.mark.parametrize("recording", recordings("google_places", "place_details*.json"), ids=name_of)
def test_the_recorded_reviews_are_read(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    reviews = json.loads(recording.read_bytes())["reviews"]

    found = read(made("google_places"), Answer(place(*reviews)))

    assert found.problems == ()
    assert [mention.external_id for mention in found.mentions] == [one["name"] for one in reviews]
    assert [mention.text for mention in found.mentions] == [one["originalText"]["text"] for one in reviews]
    names = [one["authorAttribution"]["displayName"] for one in reviews]
    assert [mention.author.name for mention in found.mentions if mention.author] == names
    assert [mention.rating for mention in found.mentions] == [Rating(2), Rating(5)]
    assert [mention.language for mention in found.mentions] == ["en", "en"]
    assert [mention.published_at for mention in found.mentions] == [
        datetime(2023, 8, 11, 18, 11, 45, tzinfo=UTC), datetime(2024, 12, 1, 3, 22, 30, tzinfo=UTC),
    ]  # fmt: skip
    assert all(mention.url and mention.url.startswith("https://www.google.com/maps/") for mention in found.mentions)
