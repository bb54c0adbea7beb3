"""Every recorded answer of a WooCommerce shop (the list for keys), read by its connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import ParseError, Rating
from monitor.text import from_html
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words

KEY = {"consumer_key": "ck_0123456789", "consumer_secret": "cs_9876543210"}


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def reviews_in(recording: Path) -> list[dict[str, Any]]:
    """Return the reviews a recording holds; a single one stands there as an object."""
    found = json.loads(recording.read_bytes())
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("recording", recordings("woocommerce", "reviews-*.json"), ids=name_of)
def test_every_recorded_review_is_read(recording: Path) -> None:
    reviews = reviews_in(recording)
    page = read(made("woocommerce", **KEY), Answer(reviews))

    assert [mention.external_id for mention in page.mentions] == [str(review["id"]) for review in reviews]
    assert page.problems == ()
    for mention, review in zip(page.mentions, reviews, strict=True):
        assert mention.rating == (Rating(review["rating"]) if review["rating"] else None)
        assert mention.published_at == datetime.fromisoformat(review["date_created_gmt"]).replace(tzinfo=UTC)
        assert squeezed(from_html(mention.text)) == squeezed(" ".join(words(review["review"])))
        assert mention.author is not None
        assert mention.author.name == review["reviewer"]
        assert mention.verified is review["verified"]
        assert review["reviewer_email"] not in repr(mention)
        assert "gravatar" not in repr(mention)


@pytest.mark.parametrize("recording", recordings("woocommerce", "*failure*.json"), ids=name_of)
def test_a_recorded_failure_is_no_empty_list(recording: Path) -> None:
    with pytest.raises(ParseError):
        read(made("woocommerce", **KEY), Answer(recording.read_bytes()))
