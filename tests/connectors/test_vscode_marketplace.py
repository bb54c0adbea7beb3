"""What is special about the VS Code Marketplace: pages that go back by date, lists that are empty for a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Author, Connector, Mention, Rating, RawMention, Reply, Request, SiteTotal, Subject
from monitor.errors import FetchError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.vscode_marketplace import page, reply, review
from tests.connectors.kit import Answer, first_request, made, read

REVIEWS = "https://marketplace.visualstudio.com/_apis/public/gallery/publishers/acme/extensions/acme-format/reviews"


@pytest.fixture
def marketplace() -> Connector[Any]:
    return made("vscode_marketplace", product="Acme Format")


def known(updated_at: datetime | None) -> Mention:
    """Return a mention that was edited at a time, as it is stored."""
    raw = RawMention("501", "It formats nothing.", updated_at=updated_at)
    return normalise(raw, connector="vscode_marketplace", brands=(), now=NOON)


def test_it_asks_for_all_reviews_as_the_client_of_microsoft_does(marketplace: Connector[Any]) -> None:
    request = first_request(marketplace)

    assert (request.method, request.url) == ("GET", REVIEWS)
    assert request.params == {"count": 100, "filterOptions": 0}
    assert request.headers == {"Accept": "application/json;api-version=7.2-preview.1"}


def test_a_review_is_read_whole(marketplace: Connector[Any]) -> None:
    [said] = read(marketplace, Answer(page(review(title="Broken", reply=reply())))).mentions

    changed = datetime(2026, 11, 24, 10, 21, tzinfo=UTC)
    assert (said.external_id, said.title, said.text) == ("501", "Broken", "It formats <nothing> since Monday.")
    assert (said.rating, said.html) == (Rating(2), False)
    assert said.author == Author("nia", "00000000-0000-4000-8000-000000000501")
    assert (said.published_at, said.updated_at) == (changed, changed)
    assert said.subject == Subject(product="Acme Format", app_version="1.4.1")
    at = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    assert said.reply == Reply("Mended in 1.5.", published_at=at, external_id="90")
    assert said.url == said.answer_url == "https://marketplace.visualstudio.com/items?itemName=acme.acme-format"


def test_an_answer_that_was_taken_back_is_none(marketplace: Connector[Any]) -> None:
    [said] = read(marketplace, Answer(page(review(reply=reply(isDeleted=True))))).mentions

    assert said.reply is None
    assert said.absent == frozenset()  # the list would show it


def test_stars_without_a_word_and_a_person_without_a_name_are_read(marketplace: Connector[Any]) -> None:
    [said] = read(marketplace, Answer(page(review(text=None, title=None, userDisplayName=...)))).mentions

    assert (said.text, said.title, said.rating) == ("", None, Rating(2))
    assert said.author == Author(None, "00000000-0000-4000-8000-000000000501")


def test_a_page_goes_back_from_its_oldest_review_whatever_its_order(marketplace: Connector[Any]) -> None:
    [second] = read(marketplace, Answer(page(review(3), review(1), review(2), more=True))).follow
    [third] = read(marketplace, Answer(page(review(0), more=True)), second).follow

    assert isinstance(second, Request)
    assert isinstance(third, Request)
    assert second.params["beforeDate"] == "2026-11-24T10:01:00.123Z"
    assert third.params["beforeDate"] == "2026-11-24T10:00:00.123Z"
    assert second.url == third.url == REVIEWS


def test_a_list_that_is_empty_although_there_are_reviews_is_an_error(marketplace: Connector[Any]) -> None:
    [second] = read(marketplace, Answer(page(review(), more=True))).follow

    with pytest.raises(FetchError) as first:
        read(marketplace, Answer(page(totalReviewCount=12)))
    with pytest.raises(FetchError) as behind:
        read(marketplace, Answer(page()), second)

    assert {first.value.code, behind.value.code} == {"empty"}


def test_how_many_there_are_is_told_by_the_first_page(marketplace: Connector[Any]) -> None:
    first = read(marketplace, Answer(page(review(), more=True, totalReviewCount=240)))
    second = read(marketplace, Answer(page(review(2), totalReviewCount=139)), first.follow[0])

    assert (first.totals, second.totals) == ((SiteTotal(240, None),), ())


def test_open_cases_are_asked_for_together_by_their_time(marketplace: Connector[Any]) -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    [request] = marketplace.recheck([known(at), known(at.replace(day=18)), known(None)])
    nothing = read(marketplace, Answer(page()), request)
    [more] = read(marketplace, Answer(page(review(), more=True)), request).follow

    assert isinstance(request, Request)
    assert request.params["afterDate"] == "2026-11-18T07:59:59+00:00"
    assert nothing.gone == ()  # they may have been edited: that proves nothing
    assert isinstance(more, Request)
    assert more.params["afterDate"] == request.params["afterDate"]
