"""The recorded event of Trustpilot: what it pushes of a review is read as the API's own form of it.

Nothing that is pushed is taken, because it carries no signature; and there is no recording of the API itself. What
both forms share (id, stars, words, time, language, verified) is proven by it, the rest only by the documentation.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.connector import Rating
from monitor.errors import UsageError
from tests.connectors.cases.trustpilot import review, shown
from tests.connectors.kit import made, read
from tests.connectors.recordings import name_of, recordings, why_absent

EVENTS = pytest.mark.parametrize("recording", recordings("trustpilot", "*.json"), ids=name_of)


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


@EVENTS
def test_the_recorded_review_is_read(recording: Path) -> None:
    created, _ = json.loads(recording.read_bytes())["events"]
    told = created["eventData"]
    shared = {key: value for key, value in told.items() if key in review()}
    consumer = {"id": told["consumer"]["id"], "displayName": told["consumer"]["name"]}

    [said] = read(made("trustpilot"), shown(review(**{**shared, "consumer": consumer}))).mentions

    assert {"id", "stars", "title", "text", "language", "createdAt", "isVerified"} <= shared.keys()
    assert (said.external_id, said.rating, said.language) == ("62c8968be77911f2449e9f74", Rating(4), "en")
    assert (said.title, said.text) == (told["title"], told["text"])
    assert said.published_at == datetime(2022, 7, 8, 22, 41, 48, tzinfo=UTC)
    assert said.author is not None
    assert (said.author.name, said.verified) == (told["consumer"]["name"], True)
    assert told["referenceId"] not in repr(said)


@EVENTS
def test_what_is_pushed_without_a_signature_is_not_taken(recording: Path) -> None:
    with pytest.raises(UsageError, match="takes nothing that is pushed"):
        made("trustpilot").receive({}, recording.read_bytes())
