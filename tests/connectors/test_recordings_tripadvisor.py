"""The recorded answer of Tripadvisor, whose texts and names were taken out, read by the connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Audience, Rating
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.mark.parametrize("recording", recordings("tripadvisor", "*.json"), ids=name_of)
def test_the_recorded_reviews_are_read_and_one_is_answered(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)
    reviews = json.loads(recording.read_bytes())["data"]

    found = read(made("tripadvisor"), Answer(recording.read_bytes()))

    open_one, answered = found.mentions
    assert found.problems == ()
    assert (open_one.external_id, answered.external_id) == ("679008093", "503659072")
    assert (open_one.rating, answered.rating) == (Rating(5), Rating(5))
    assert open_one.published_at == datetime(2019, 6, 4, 21, 25, 54, tzinfo=UTC)
    assert (open_one.audience, answered.audience) == (Audience(0, "helpful votes"), Audience(1, "helpful votes"))
    assert [mention.url for mention in found.mentions] == [review["url"] for review in reviews]
    assert open_one.reply is None
    assert answered.reply is not None
    assert answered.reply.published_at == datetime(2017, 7, 22, 13, 42, 52, tzinfo=UTC)
