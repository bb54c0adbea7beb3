"""What is special about the App Store's feed: its oddities, its two addresses, its empty pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Outcome, Page, Rating, Since
from monitor.errors import LookError
from tests.connectors.cases.apple_rss import entry, feed, label, the_app
from tests.connectors.kit import Answer, first_request, made, read, response_to


@pytest.fixture
def app_store() -> Connector[Any]:
    return made("apple_rss")


def test_a_review_is_read_whole(app_store: Connector[Any]) -> None:
    [review] = read(app_store, Answer(feed(entry()))).mentions

    assert (review.external_id, review.title, review.text) == ("9001", "Crashes", "It closes when I pay.")
    assert review.kind == Kind.REVIEW
    assert review.rating == Rating(2)
    assert review.author is not None
    assert (review.author.name, review.author.id) == ("Nia", "77")
    assert review.published_at == review.updated_at == datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
    assert (review.subject.country, review.subject.app_version, review.subject.product) == ("gb", "4.1", None)
    assert review.url == "https://itunes.apple.com/gb/review?id=123456789&type=Purple%20Software"
    assert review.answer_url == "https://appstoreconnect.apple.com/apps/123456789"
    assert review.audience is None  # votes are not readers


def test_each_country_is_asked_for_once() -> None:
    subject = made("apple_rss", countries=["gb", "DE", "de"], product="Acme Coffee")

    requests = list(subject.start(Since()))
    [review] = read(subject, Answer(feed(entry()), to=requests[1])).mentions

    assert [request.url.split("/")[3] for request in requests] == ["gb", "de"]
    assert (review.subject.country, review.subject.product) == ("de", "Acme Coffee")


def test_an_app_may_be_named_by_a_number() -> None:
    assert "id=123456789" in first_request(made("apple_rss", app_id=123456789)).url


def test_a_single_review_is_an_object_instead_of_a_list(app_store: Connector[Any]) -> None:
    assert len(read(app_store, Answer(feed(entry=entry()))).mentions) == 1


def test_the_app_before_its_reviews_is_no_review(app_store: Connector[Any]) -> None:
    page = read(app_store, Answer(feed(the_app(), entry())))

    assert [mention.external_id for mention in page.mentions] == ["9001"]
    assert page.problems == ()


def test_an_app_without_any_review_is_no_error(app_store: Connector[Any]) -> None:
    assert read(app_store, Answer(feed(entry=the_app()))).mentions == ()


@pytest.mark.parametrize("updated", [None, label(""), label("0000-00-00T00:00:00"), label("soon")])
def test_a_review_without_a_time_is_a_review(app_store: Connector[Any], updated: Any) -> None:
    [review] = read(app_store, Answer(feed(entry(updated=updated)))).mentions

    assert (review.published_at, review.updated_at) == (None, None)


@pytest.mark.parametrize(
    "stars, rating",
    [("1", Rating(1)), ("4,5", Rating(4.5)), ("five", None), ("", None), ("0", Rating(0)), ("11", Rating(11))],
)
def test_stars_nobody_understands_hide_no_text(app_store: Connector[Any], stars: str, rating: Rating | None) -> None:
    [review] = read(app_store, Answer(feed(entry(stars=stars)))).mentions

    assert review.rating == rating
    assert review.text == "It closes when I pay."
    assert rating is None or (rating.stars is None) == (rating.value in (0, 11))


def test_pages_are_followed_to_the_tenth_by_our_own_count(app_store: Connector[Any]) -> None:
    request, pages = first_request(app_store), []
    while request is not None:
        page = read(app_store, Answer(feed(entry(str(len(pages))), link=[])), request)
        pages.append(request.url)
        request = page.follow[0] if page.follow else None

    assert len(pages) == 10
    assert pages[9].endswith("/page=10/id=123456789/sortby=mostrecent/json")


def test_the_eleventh_page_is_a_line_of_text(app_store: Connector[Any]) -> None:
    assert read(app_store, Answer("CustomerReviews RSS page depth is limited to 10")) == Page()


def test_another_line_of_text_is_an_error(app_store: Connector[Any]) -> None:
    with pytest.raises(LookError):
        read(app_store, Answer("Service temporarily limited"))


def test_a_first_look_without_reviews_believes_it(app_store: Connector[Any]) -> None:
    page = read(app_store, Answer(feed()))

    assert page == Page()


def test_an_empty_feed_after_a_full_one_is_asked_for_at_its_other_address(app_store: Connector[Any]) -> None:
    known = read(app_store, Answer(feed(entry()))).bookmark
    request = first_request(app_store, Since(bookmark=known))

    page = read(app_store, Answer(feed()), request)

    assert page.problems == ()
    assert page.follow[0].url.endswith("/gb/rss/customerreviews/id=123456789/sortBy=mostRecent/page=1/json")
    assert len(read(app_store, Answer(feed(entry())), page.follow[0]).mentions) == 1


def test_a_feed_that_stays_empty_after_a_full_one_is_a_problem_and_forgets_nothing(app_store: Connector[Any]) -> None:
    known = read(app_store, Answer(feed(entry()))).bookmark
    [other] = read(app_store, Answer(feed()), first_request(app_store, Since(bookmark=known))).follow

    page = read(app_store, Answer(feed()), other)

    assert [problem.what for problem in page.problems] == [
        "the App Store shows no reviews in `gb`, where it showed some before"
    ]
    assert page.bookmark is None


def test_one_empty_country_does_not_hide_another() -> None:
    subject = made("apple_rss", countries=["gb", "de"])
    british, german = subject.start(Since(bookmark={"gb": True}))

    empty = read(subject, Answer(feed()), british)
    page = read(subject, Answer(feed(entry())), german)

    assert empty.follow
    assert (len(page.mentions), page.bookmark) == (1, {"de": True})


def test_a_page_that_is_empty_behind_a_full_one_is_asked_for_once_more(app_store: Connector[Any]) -> None:
    full = read(app_store, Answer(feed(*(entry(str(number)) for number in range(50)))))
    short = read(app_store, Answer(feed(entry())))

    behind_full = read(app_store, Answer(feed()), full.follow[0])
    behind_short = read(app_store, Answer(feed()), short.follow[0])

    assert behind_full.follow
    assert read(app_store, Answer(feed()), behind_full.follow[0]) == Page()
    assert behind_short == Page()


@pytest.mark.parametrize(
    "status, body", [(500, "<html>"), (502, ""), (503, ""), (404, ""), (400, "{}"), (200, ""), (200, " \n")]
)
def test_an_address_that_fails_is_tried_in_its_other_form_once(
    app_store: Connector[Any], status: int, body: str
) -> None:
    first = app_store.refused(response_to(first_request(app_store), Answer(body, status)))

    assert first is not None
    assert first.outcome == Outcome.TRY_OTHER
    second = app_store.refused(response_to(first.instead[0], Answer(body, status)))
    assert second is None or second.outcome in (Outcome.FAILED, Outcome.THROTTLED)


def test_the_form_of_the_address_that_works_is_kept_for_the_next_page(app_store: Connector[Any]) -> None:
    refusal = app_store.refused(response_to(first_request(app_store), Answer("", 502)))
    assert refusal is not None

    page = read(app_store, Answer(feed(entry())), refusal.instead[0])
    back = app_store.refused(response_to(page.follow[0], Answer("", 502)))

    assert page.follow[0].url.endswith("/id=123456789/sortBy=mostRecent/page=2/json")
    assert back is not None
    assert back.instead[0].url.endswith("/page=2/id=123456789/sortby=mostrecent/json")


def test_a_further_page_that_is_not_there_ends_the_walk(app_store: Connector[Any]) -> None:
    [second] = read(app_store, Answer(feed(entry()))).follow
    refusal = app_store.refused(response_to(second, Answer("", 404)))
    assert refusal is not None

    again = app_store.refused(response_to(refusal.instead[0], Answer("", 404)))

    assert again is not None
    assert again.outcome == Outcome.NOTHING
