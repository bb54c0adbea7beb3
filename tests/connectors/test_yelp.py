"""What is special about Yelp: three excerpts, times of the Pacific coast, errors that mean something else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Author, Connector, Outcome, Rating, Subject
from tests.builders import NOON
from tests.connectors.cases.yelp import error, page, review
from tests.connectors.kit import Answer, first_request, made, read, response_to


@pytest.fixture
def yelp() -> Connector[Any]:
    return made("yelp")


def test_a_review_is_read_whole(yelp: Connector[Any]) -> None:
    [said] = read(made("yelp", place="Quay Street"), Answer(page(review()))).mentions

    assert (said.external_id, said.rating) == ("review-1", Rating(1))
    assert said.text == "Waited 40 minutes for two coffees, then they were cold, and nobody..."
    assert said.author == Author("Nia K.", "u1", "https://www.yelp.com/user_details?userid=u1")
    assert said.published_at == datetime(2026, 11, 23, 8, 41, 13, tzinfo=UTC)
    assert said.url == "https://www.yelp.com/biz/acme-coffee?hrid=review-1&utm_source=made-up"
    assert (said.subject, said.answer_url) == (Subject(place="Quay Street"), "https://biz.yelp.com")
    assert (said.reply, said.absent) == (None, frozenset({"reply"}))


def test_an_older_answer_has_the_id_in_its_link(yelp: Connector[Any]) -> None:
    [said] = read(yelp, Answer(page(review(id=..., user={"name": "Nia K.", "image_url": None})))).mentions

    assert (said.external_id, said.author) == ("review-1", Author("Nia K."))


def test_only_the_count_is_told_for_there_is_no_average(yelp: Connector[Any]) -> None:
    [total] = read(yelp, Answer(page(review()))).totals

    assert (total.count, total.average) == (40, None)


@pytest.mark.parametrize(
    "typed", ["acme-coffee", " https://www.yelp.com/biz/acme-coffee?osq=Coffee ", "yelp.com/biz/acme-coffee"]
)
def test_the_business_is_found_in_what_people_paste(typed: str) -> None:
    assert made("yelp", business=typed).config.business == "acme-coffee"


def test_the_newest_are_asked_for_as_one_call_signed_with_the_key(yelp: Connector[Any]) -> None:
    german = first_request(made("yelp", locale="de_DE", business="café-zürich"))
    asked, auth = first_request(yelp), yelp.auth()
    assert auth is not None

    assert (asked.url, dict(asked.params)) == (
        "https://api.yelp.com/v3/businesses/acme-coffee/reviews", {"sort_by": "newest"},
    )  # fmt: skip
    assert asked.cost == 1_000_000
    assert auth.sign(asked, None, NOON).headers == {"Authorization": "Bearer made-up-api-key"}
    assert (german.url.split("/")[5], german.params["locale"]) == ("caf%C3%A9-z%C3%BCrich", "de_DE")


@pytest.mark.parametrize(
    ("status", "code", "outcome", "why"),
    [
        (403, "BUSINESS_UNAVAILABLE", Outcome.NOTHING, "no reviews of this business"),
        (404, "NOT_FOUND", Outcome.FAILED, "your Yelp plan does not include reviews"),
        (429, "ACCESS_LIMIT_REACHED", Outcome.OVER_BUDGET, "the calls of the day are used up"),
        (429, "TOO_MANY_REQUESTS_PER_SECOND", Outcome.THROTTLED, "asked too often"),
        (401, "TOKEN_INVALID", Outcome.RECONNECT, "401"),
    ],
)
def test_errors_are_read_by_what_they_mean(
    yelp: Connector[Any], status: int, code: str, outcome: Outcome, why: str
) -> None:
    refusal = yelp.refused(response_to(first_request(yelp), Answer(error(code), status)))

    assert refusal is not None
    assert refusal.outcome == outcome
    assert why in refusal.why
