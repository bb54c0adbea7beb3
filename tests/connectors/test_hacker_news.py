"""What is special about Hacker News: words to look for, windows instead of pages, answers in the thread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import (
    Audience,
    Brand,
    Connector,
    Kind,
    Mention,
    Outcome,
    Page,
    Request,
    Since,
    Subject,
    UsageError,
)
from monitor.text import from_html
from tests.builders import NOON
from tests.connectors.cases.hacker_news import ACME, comment, hits, item, story
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to


@pytest.fixture
def hacker_news() -> Connector[Any]:
    return made("hacker_news")


def known(external_id: str, thread_id: str | None = "501") -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        external_id, Kind.COMMENT, "text", 4, subject=Subject(), answer_url=None, thread_id=thread_id,
        parent_id=None, same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


def test_a_post_is_read_whole(hacker_news: Connector[Any]) -> None:
    [post] = read(hacker_news, Answer(hits(story()))).mentions

    assert (post.external_id, post.kind) == ("501", Kind.POST)
    assert from_html(post.title or "") == "Ask HN: Acme Coffee took my money twice"
    assert from_html(post.text) == "Support does not answer.\n\nWhat now?"
    assert post.author is not None
    assert (post.author.name, post.author.id) == ("nia", "nia")
    assert post.published_at == datetime.fromtimestamp(1795514901, UTC)
    assert post.audience == Audience(12, "points")
    assert (post.thread_id, post.parent_id) == ("501", None)
    assert post.url == post.answer_url == "https://news.ycombinator.com/item?id=501"


def test_a_comment_is_read_whole(hacker_news: Connector[Any]) -> None:
    [said] = read(hacker_news, Answer(hits(comment()))).mentions

    assert (said.external_id, said.kind, said.title) == ("502", Kind.COMMENT, None)
    assert from_html(said.text) == "Acme Coffee did that to me, too. It's a mess."
    assert (said.thread_id, said.parent_id) == ("501", "501")
    assert said.audience is None  # unknown is not zero


def test_keys_that_are_left_out_are_as_good_as_null(hacker_news: Connector[Any]) -> None:
    short = {key: value for key, value in comment().items() if value is not None}
    bare = {key: value for key, value in story(story_text=None).items() if value is not None}

    page = read(hacker_news, Answer(hits(short, bare)))

    assert (len(page.mentions), page.problems) == (2, ())


def test_a_bare_link_shows_where_it_leads(hacker_news: Connector[Any]) -> None:
    address = "https://acme.example/blog?a=1&b=2"

    [post] = read(hacker_news, Answer(hits(story(story_text="", url=address)))).mentions

    assert from_html(post.text) == address


def test_a_title_is_text_and_not_markup(hacker_news: Connector[Any]) -> None:
    [post] = read(hacker_news, Answer(hits(story(title="Why <br> & <b> matter")))).mentions

    assert from_html(post.title or "") == "Why <br> & <b> matter"


def test_the_terms_of_the_brands_are_searched_as_whole_words(hacker_news: Connector[Any]) -> None:
    requests = list(hacker_news.start(Since()))

    assert [request.params["query"] for request in requests] == ['"acme coffee"', '"acmecoffee"']
    for request in requests:
        assert request.params["tags"] == "(story,comment)"
        assert (request.params["advancedSyntax"], request.params["typoTolerance"]) == ("true", "false")
        assert "numericFilters" not in request.params


def test_terms_of_the_source_go_before_those_of_the_brands() -> None:
    subject = made("hacker_news", terms=['Say "Acme"', "say acme", ""])

    assert [request.params["query"] for request in subject.start(Since())] == ['"say  acme"', '"say acme"']


def test_a_source_without_words_says_so_instead_of_finding_nothing() -> None:
    kind = class_of("hacker_news")

    with pytest.raises(UsageError, match="no words to look for"):
        list(kind(kind.Config()).start(Since()))


def test_a_walk_begins_behind_the_newest_time(hacker_news: Connector[Any]) -> None:
    request = first_request(hacker_news, Since(NOON))

    assert request.params["numericFilters"] == "created_at_i>1795521600"


def test_a_full_page_leads_to_what_is_older_and_a_short_one_ends_the_walk(hacker_news: Connector[Any]) -> None:
    newest_first = [comment(number) for number in range(300, 200, -1)]
    request = first_request(hacker_news, Since(NOON))

    page = read(hacker_news, Answer(hits(*newest_first, total=120)), request)
    rest = read(
        hacker_news, Answer(hits(*(comment(number) for number in range(201, 180, -1)), total=21)), page.follow[0]
    )

    assert page.follow[0].params["numericFilters"] == "created_at_i>1795521600,created_at_i<=1795514601"
    assert page.follow[0].params["query"] == request.params["query"]
    assert rest.follow == ()


def test_more_hits_than_the_service_gives_are_all_reached(hacker_news: Connector[Any]) -> None:
    everything = {number: comment(number) for number in range(1, 2_501)}

    def service(request: Request) -> Answer:
        filters = str(request.params.get("numericFilters", ""))
        until = int(filters.partition("<=")[2] or 10**12)
        found = sorted(
            (hit for hit in everything.values() if hit["created_at_i"] <= until), key=lambda hit: -hit["created_at_i"]
        )
        return Answer(hits(*found[:100], total=len(found)))

    request, seen, asked = first_request(hacker_news), set(), 0
    while request is not None:
        page = read(hacker_news, service(request), request)
        seen.update(mention.external_id for mention in page.mentions)
        request, asked = (page.follow[0] if page.follow else None), asked + 1

    assert seen == {str(number) for number in everything}
    assert asked == 26


def test_a_service_that_shows_the_same_for_ever_is_left(hacker_news: Connector[Any]) -> None:
    answer = Answer(hits(comment(), total=10_000, hitsPerPage=1))

    once = read(hacker_news, answer)
    again = read(hacker_news, answer, once.follow[0])

    assert len(once.follow) == 1
    assert again.follow == ()


def test_an_open_case_asks_for_each_item_and_once_for_our_answers_in_all_threads(hacker_news: Connector[Any]) -> None:
    requests = [request for request in hacker_news.recheck([known("502"), known("503"), known("600", "600")])]

    assert [request.url.rpartition("/")[2] for request in requests] == [
        "502.json",
        "503.json",
        "600.json",
        "search_by_date",
    ]
    assert [request.about for request in requests] == [("502",), ("503",), ("600",), ()]
    assert requests[3].params["tags"] == "comment,author_acme_team,(story_501,story_600)"


def test_many_threads_are_asked_about_in_bunches(hacker_news: Connector[Any]) -> None:
    requests = list(hacker_news.recheck([known(str(number), str(number)) for number in range(60)]))

    assert len([request for request in requests if "tags" in request.params]) == 3


def test_without_an_account_of_ours_nobody_looks_for_answers() -> None:
    kind = class_of("hacker_news")
    subject = kind(kind.Config(), [Brand("acme", ("Acme",))])

    assert [request.about for request in subject.recheck([known("502")])] == [("502",)]


def test_our_answer_names_what_it_answers(hacker_news: Connector[Any]) -> None:
    *_, search = hacker_news.recheck([known("502")])

    [ours] = read(hacker_news, Answer(hits(comment(503, author="acme_team", parent_id=502)), to=search)).mentions

    assert ours.author is not None
    assert ours.author.id in ACME.own_accounts["hacker_news"]
    assert (ours.parent_id, ours.thread_id) == ("502", "501")


@pytest.mark.parametrize("changes", [{"deleted": True}, {"dead": True}, {"deleted": True, "text": None, "by": None}])
def test_what_is_deleted_or_killed_is_gone(hacker_news: Connector[Any], changes: dict[str, Any]) -> None:
    assert read(hacker_news, item(**changes)) == Page(gone=("502",))


def test_what_stands_is_left_as_it_was_found(hacker_news: Connector[Any]) -> None:
    # The official API writes the same text in another way, which would look like an edit.
    assert read(hacker_news, item()) == Page()


def test_an_item_the_official_api_does_not_know_yet_is_not_gone(hacker_news: Connector[Any]) -> None:
    refusal = hacker_news.refused(response_to(item().to or Request(""), Answer("null")))

    assert refusal is not None
    assert refusal.outcome == Outcome.NOTHING


def test_null_from_the_search_is_an_error(hacker_news: Connector[Any]) -> None:
    assert hacker_news.refused(response_to(first_request(hacker_news), Answer("null"))) is None
