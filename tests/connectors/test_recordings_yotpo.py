"""The recorded reviews of Yotpo, and the documented page of its widget, read by the connector.

What was recorded are reviews of two older addresses, in 2013 and 2015. They are put into the envelope of the widget,
of which there is only the documented example: these tests prove the reading of reviews, not that of the envelope.
"""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Page, Rating
from tests.connectors.cases.yotpo import page
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def read_in_the_envelope(recording: Path) -> tuple[list[dict[str, Any]], Page]:
    found = json.loads(recording.read_bytes())["response"]
    reviews = found["reviews"] if "reviews" in found else [found["review"]]
    return reviews, read(made("yotpo"), Answer(page(*reviews)))


@pytest.mark.parametrize("recording", recordings("yotpo", "get_*.json"), ids=name_of)
def test_every_recorded_review_is_read(recording: Path) -> None:
    reviews, found = read_in_the_envelope(recording)

    assert found.problems == ()
    for mention, review in zip(found.mentions, reviews, strict=True):
        assert mention.external_id == str(review["id"])
        assert mention.rating == Rating(review["score"])
        assert (mention.title, mention.text) == (
            html.unescape(review["title"]),
            html.unescape(review["content"]).strip(),
        )
        assert mention.published_at == datetime.fromisoformat(review["created_at"]).astimezone(UTC)
        assert mention.author is not None
        assert (mention.author.name, mention.verified) == (review["user"]["display_name"], review["verified_buyer"])
        assert mention.reply is None


@pytest.mark.parametrize("recording", recordings("yotpo", "get_product_reviews.json"), ids=name_of)
def test_the_recorded_list_has_five_reviews_with_these_stars(recording: Path) -> None:
    _, found = read_in_the_envelope(recording)

    assert [mention.rating.value for mention in found.mentions if mention.rating] == [5, 4, 5, 5, 5]
    assert not any("&#x27;" in mention.text for mention in found.mentions)


@pytest.mark.parametrize("recording", recordings("yotpo", "widget*.json"), ids=name_of)
def test_the_documented_page_is_read_with_the_answer_of_the_shop(recording: Path) -> None:
    found = read(made("yotpo"), Answer(recording.read_bytes()))

    [said], [total] = found.mentions, found.totals
    assert (said.external_id, said.title, said.text, said.rating) == ("110", "Perfect", "Great mug", Rating(5))
    assert (said.subject.product, said.url) == ("Yotpo Mug", "https://yotpo.com/go/lnhRGFr0")
    assert said.reply is not None
    assert (said.reply.text, said.reply.published_at) == (
        "Thanks for your review", datetime(2017, 5, 3, 7, 19, 25, tzinfo=UTC),
    )  # fmt: skip
    assert (total.count, total.average, total.subject) == (11, 4.81818, "Yotpo Mug")
    assert found.follow == ()  # the second page of five, of nine
