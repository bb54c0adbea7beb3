"""The recorded reviews of Yelp, of 2016, read by the connector; and the error of an older version, which is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.connector import Outcome, ParseError, Rating
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


@pytest.mark.parametrize("recording", recordings("yelp", "reviews_response.json"), ids=name_of)
def test_every_recorded_review_is_read(recording: Path) -> None:
    reviews = json.loads(recording.read_bytes())["reviews"]

    found = read(made("yelp"), Answer(recording.read_bytes()))

    assert found.problems == ()
    assert [mention.external_id for mention in found.mentions] == [
        "hp8hAJ-AnlpqxCCu7kyCWA", "fj87uymFDJbq0Cy5hXTHIA", "m_tnQox9jqWeIrU87sN-IQ",
    ]  # fmt: skip
    assert [mention.rating for mention in found.mentions] == [Rating(5), Rating(4), Rating(4)]
    for mention, review in zip(found.mentions, reviews, strict=True):
        assert (mention.text, mention.url) == (review["text"], review["url"])
        assert mention.author is not None
        assert mention.author.name == review["user"]["name"]
        summer_time = datetime.fromisoformat(review["time_created"]).replace(tzinfo=UTC) + timedelta(hours=7)
        assert mention.published_at == summer_time
    assert [total.count for total in found.totals] == [3]


@pytest.mark.parametrize("recording", recordings("yelp", "error*.json"), ids=name_of)
def test_the_recorded_error_is_one_with_its_number_and_without(recording: Path) -> None:
    yelp = made("yelp")

    refusal = yelp.refused(response_to(first_request(yelp), Answer(recording.read_bytes(), 400)))

    assert refusal is not None
    assert refusal.outcome == Outcome.FAILED
    with pytest.raises(ParseError, match="total"):
        read(yelp, Answer(recording.read_bytes()))
