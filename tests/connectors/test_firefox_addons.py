"""What is special about Firefox Add-ons: stars without words, answers inside, an average by stars."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Outcome, Rating, Request, SiteTotal
from monitor.models import Mention
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.firefox_addons import API, ONE, page, rating, reply
from tests.connectors.kit import Answer, first_request, made, read, refusal_of


@pytest.fixture
def site() -> Connector[Any]:
    return made("firefox_addons")


def known(subject: Connector[Any]) -> Mention:
    """Return a mention as it is stored."""
    [said] = read(subject, Answer(page(rating()))).mentions
    return normalise(said, connector="firefox_addons", brands=(), now=NOON)


def test_a_rating_is_read_whole() -> None:
    [said] = read(made("firefox_addons", product="Acme Tabs"), Answer(page(rating()))).mentions

    assert (said.external_id, said.kind, said.rating) == ("501", Kind.REVIEW, Rating(2))
    assert (said.text, said.html) == ("It closes <all> my tabs.", False)
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("nia", "77")
    assert said.published_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert said.url == said.answer_url == "https://addons.mozilla.org/firefox/addon/acme-tabs/reviews/501/"
    assert (said.subject.product, said.subject.app_version) == ("Acme Tabs", "1.4.1")
    assert said.reply is None


def test_stars_without_a_word_for_no_version_are_read(site: Connector[Any]) -> None:
    [said] = read(site, Answer(page(rating(body=None, version=None, score=1)))).mentions

    assert (said.text, said.rating, said.subject.app_version) == ("", Rating(1), None)


def test_the_developers_answer_stands_inside(site: Connector[Any]) -> None:
    [said] = read(site, Answer(page(rating(reply=reply())))).mentions

    assert said.reply is not None
    assert said.reply.text == "Mended in 1.5."
    assert said.reply.published_at == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stars", "totals"),
    [({"1": 1, "5": 3}, (SiteTotal(4, 4.0),)), ({"1": 0, "5": 0}, ()), (None, ())],
)
def test_the_average_is_that_of_all_stars(
    site: Connector[Any], stars: dict[str, int] | None, totals: tuple[SiteTotal, ...]
) -> None:
    assert read(site, Answer(page(rating(), grouped_ratings=stars))).totals == totals


def test_the_newest_page_is_asked_for_by_the_name_in_the_address(site: Connector[Any]) -> None:
    request = first_request(site)

    assert request.url == API
    assert request.params == {"addon": "acme-tabs", "page_size": 50, "show_grouped_ratings": 1, "page": 1}


def test_a_rating_is_asked_for_by_its_number(site: Connector[Any]) -> None:
    [request] = site.recheck([known(site)])

    assert request == ONE
    assert isinstance(request, Request)
    assert [said.external_id for said in read(site, Answer(rating()), request).mentions] == ["501"]


def test_what_is_marked_as_deleted_is_gone(site: Connector[Any]) -> None:
    page = read(site, Answer(rating(is_deleted=True)), ONE)

    assert (page.gone, page.mentions) == (("501",), ())


def test_an_addon_that_is_not_shown_names_the_option(site: Connector[Any]) -> None:
    refusal = refusal_of(site, 404)

    assert refusal is not None
    assert refusal.outcome == Outcome.FAILED
    assert "`addon`" in refusal.why
