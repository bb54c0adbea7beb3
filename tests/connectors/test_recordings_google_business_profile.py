"""The recorded reviews of two places on Google, read by the connector.

They are of 2021 and 2022: the state of an answer came later, and the envelope of the second is made here.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Page, Rating, SiteTotal
from tests.connectors.cases.google_business_profile import LIST, TITLE
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent

STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
LISTS = pytest.mark.parametrize(
    "recording", recordings("google_business_profile", "review_list_response.json"), ids=name_of
)
ALL = pytest.mark.parametrize("recording", recordings("google_business_profile", "review_*.json"), ids=name_of)


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def reviews_in(recording: Path) -> list[dict[str, Any]]:
    body = json.loads(recording.read_bytes())
    reviews: list[dict[str, Any]] = body.get("reviews", [body])
    return reviews


def page_of(recording: Path) -> Page:
    return read(made("google_business_profile"), Answer({"reviews": reviews_in(recording)}, to=LIST))


@ALL
def test_every_recorded_review_is_read(recording: Path) -> None:
    reviews, found = reviews_in(recording), page_of(recording)

    assert found.problems == ()
    for said, review in zip(found.mentions, reviews, strict=True):
        assert said.external_id == review["name"]
        assert said.rating == Rating(STARS[review["starRating"]])
        assert said.text == review.get("comment", "")
        assert said.author is not None
        assert said.author.name == review["reviewer"]["displayName"]
        assert said.published_at is not None
        assert abs((said.published_at - datetime.fromisoformat(review["createTime"])).total_seconds()) < 1
        assert said.updated_at == said.published_at  # although one was answered later


@ALL
def test_recorded_answers_are_read_and_are_newer_than_the_review_says(recording: Path) -> None:
    answered = 0
    for said, review in zip(page_of(recording).mentions, reviews_in(recording), strict=True):
        answer = review.get("reviewReply")
        assert (said.reply.text if said.reply else None) == (answer["comment"] if answer else None)
        if said.reply is not None:
            answered += 1
            assert said.reply.published_at is not None
            assert said.updated_at is not None
            assert said.reply.published_at > said.updated_at

    assert answered == 1


@LISTS
def test_the_recorded_list_has_its_totals(recording: Path) -> None:
    found = read(made("google_business_profile"), Answer(recording.read_bytes(), to=LIST))

    assert len(found.mentions) == 2
    assert found.totals == (SiteTotal(2, 5, subject=TITLE),)
    assert found.follow == ()
