"""What is special about Tripadvisor: five a language, a key for one address, the answer inside the review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Audience, Author, Connector, Outcome, Rating, Reply, Since, Subject
from tests.builders import NOON
from tests.connectors.cases.tripadvisor import PATH, answer, page, review
from tests.connectors.kit import Answer, first_request, made, read, refusal_of


@pytest.fixture
def tripadvisor() -> Connector[Any]:
    return made("tripadvisor")


def test_a_review_is_read_whole() -> None:
    [said] = read(made("tripadvisor", place="Acme Inn"), Answer(page(review()))).mentions

    assert (said.external_id, said.title, said.text) == ("1", "Never again", "Dirty room, and nobody said a word.")
    assert (said.rating, said.language, said.author) == (Rating(1), "en", Author("nia"))
    assert said.published_at == datetime(2026, 11, 23, 21, 25, 54, tzinfo=UTC)
    assert (said.audience, said.subject) == (Audience(2, "helpful votes"), Subject(place="Acme Inn"))
    assert (said.reply, said.absent) == (None, frozenset())
    assert said.url == "https://www.tripadvisor.com/ShowUserReviews-g1-d1234567-r1-Reviews-Acme.html"


def test_the_answer_is_read_with_its_time(tripadvisor: Connector[Any]) -> None:
    [said] = read(tripadvisor, Answer(page(review(owner_response=answer())))).mentions

    assert said.reply == Reply("We are sorry.", published_at=datetime(2026, 11, 25, 13, 42, 52, tzinfo=UTC))


def test_each_language_is_one_call_signed_in_its_address() -> None:
    tripadvisor = made("tripadvisor", languages=["en", "zh_TW"])
    auth = tripadvisor.auth()
    assert auth is not None

    asked = list(tripadvisor.start(Since()))

    assert [request.url for request in asked] == [f"https://api.content.tripadvisor.com{PATH}"] * 2
    assert [request.params["language"] for request in asked] == ["en", "zh_TW"]
    assert [request.cost for request in asked] == [1_000_000] * 2
    assert auth.sign(asked[0], None, NOON).params == {"key": "made-up-api-key"}


def test_a_key_that_does_not_work_from_here_says_where_to_look(tripadvisor: Connector[Any]) -> None:
    refusal = refusal_of(tripadvisor, 403)

    assert refusal is not None
    assert refusal.outcome == Outcome.RECONNECT
    assert "allowed for the IP address of this machine" in refusal.why


def test_without_languages_the_english_ones_are_read(tripadvisor: Connector[Any]) -> None:
    assert dict(first_request(tripadvisor).params) == {"language": "en"}
