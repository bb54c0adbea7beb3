"""What is special about Steam: a cursor not to be trusted, thumbs, the order of changes, the developer's answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Connector, Kind, Mention, Outcome, Rating, Reply, Request, Since, Subject
from monitor.errors import FetchError
from tests.builders import NOON
from tests.connectors.cases.steam import WRITTEN, author, page, review
from tests.connectors.kit import Answer, first_request, made, read, response_to

CHANGED = datetime.fromtimestamp(WRITTEN, UTC)


@pytest.fixture
def steam() -> Connector[Any]:
    return made("steam")


def asked(request: Any) -> dict[str, Any]:
    """Return what a request asks for, as Steam reads it."""
    question: dict[str, Any] = json.loads(request.params["input_json"])
    return question


def since(seconds: int) -> Since:
    return Since(CHANGED + timedelta(seconds=seconds))


def test_a_review_is_read_whole(steam: Connector[Any]) -> None:
    changed = review(timestamp_updated=WRITTEN + 9_500)

    [said] = read(made("steam", product="Tiny Farm"), Answer(page(changed))).mentions

    assert (said.external_id, said.kind, said.title) == ("9001", Kind.REVIEW, None)
    assert said.text.split("\n") == ["", "Crashes", "It closes when I save."]
    assert said.rating == Rating(0, best=1, worst=0)
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Nia", "70000000000000077")
    assert said.author.url == "https://steamcommunity.com/profiles/70000000000000077/"
    assert said.url == said.answer_url == "https://steamcommunity.com/profiles/70000000000000077/recommended/123456/"
    assert said.published_at == CHANGED + timedelta(seconds=9_001)
    assert said.updated_at == CHANGED + timedelta(seconds=9_500)
    assert said.audience == Audience(12, "helpful votes")
    assert (said.language, said.subject.product, said.reply) == ("de", "Tiny Farm", None)


def test_a_thumb_up_is_one_of_one(steam: Connector[Any]) -> None:
    [said] = read(steam, Answer(page(review(voted_up=True)))).mentions

    assert said.rating == Rating(1, best=1, worst=0)


def test_nothing_of_what_somebody_plays_is_kept(steam: Connector[Any]) -> None:
    [said] = read(steam, Answer(page(review(author=author("7") | {"playtime_forever": 987654})))).mentions

    assert "987654" not in repr(said)


def test_an_author_without_a_name_is_known_by_the_id(steam: Connector[Any]) -> None:
    [said] = read(steam, Answer(page(review(author=author("70000000000000005"))))).mentions

    assert said.author is not None
    assert (said.author.name, said.author.id) == (None, "70000000000000005")


def test_an_id_that_comes_as_a_number_is_text(steam: Connector[Any]) -> None:
    [said] = read(steam, Answer(page(review(recommendationid=2**63)))).mentions

    assert said.external_id == "9223372036854775808"


@pytest.mark.parametrize(
    "written, words",
    [
        ("[b]Bad[/b] and [i]slow[/i]", "Bad and slow"),
        ("[B]Bad[/B]", "Bad"),
        ("[url=https://a.example/?x=1]here[/url]", "here"),
        ("[list][*]one[*]two[/list]", "\n\none\ntwo\n"),
        ("[table][tr][td]a[/td][td]b[/td][/tr][/table]", "\n\n a  b \n\n"),
        ("[quote=Jo]Hm.[/quote]No.", "\nHm.\nNo."),
        ("[10/10] would [not] play a[0]", "[10/10] would [not] play a[0]"),
        ("a < b & c", "a < b & c"),
        ("[url=" * 3, "[url=" * 3),
    ],
)
def test_markup_goes_and_words_stay(steam: Connector[Any], written: str, words: str) -> None:
    [said] = read(steam, Answer(page(review(review=written)))).mentions

    assert said.text == words


@pytest.mark.parametrize("name, tag", [("schinese", "zh-CN"), ("brazilian", "pt-BR"), ("klingon", None)])
def test_steams_names_of_languages_become_tags(steam: Connector[Any], name: str, tag: str | None) -> None:
    [said] = read(steam, Answer(page(review(language=name)))).mentions

    assert said.language == tag


@pytest.mark.parametrize("votes", [4_294_967_295, -1])
def test_a_counter_that_ran_over_is_not_an_audience(steam: Connector[Any], votes: int) -> None:
    [said] = read(steam, Answer(page(review(votes_up=votes)))).mentions

    assert said.audience is None


@pytest.mark.parametrize(
    "answered, when",
    [(WRITTEN + 9_700, CHANGED + timedelta(seconds=9_700)), (0, None), (None, None)],
)
def test_the_developers_answer_is_read_with_its_time_where_there_is_one(
    steam: Connector[Any], answered: int | None, when: datetime | None
) -> None:
    shown = review(developer_response="We are [i]sorry[/i].", timestamp_dev_responded=answered)

    [said] = read(steam, Answer(page(shown))).mentions

    assert said.reply == Reply("We are sorry.", published_at=when)


def test_everything_is_asked_for_and_the_last_change_first(steam: Connector[Any]) -> None:
    request = first_request(steam)

    assert request.url == "https://api.steampowered.com/IUserReviewsService/GetAppReviews/v1/"
    assert asked(request) == {
        "appid": 123456,
        "languages": ["all"],
        "review_type": 0,
        "purchase_type": 1,
        "filter_offtopic_activity": False,
        "filter": 2,
        "num_per_page": 100,
        "cursor": "*",
    }


def test_a_page_leads_on_by_its_cursor_as_it_stands(steam: Connector[Any]) -> None:
    [further] = read(steam, Answer(page(review(), cursor="AoJ4+/a=="))).follow

    assert asked(further) == {**asked(first_request(steam)), "cursor": "AoJ4+/a=="}


def test_a_walk_ends_behind_the_time_it_goes_back_to(steam: Connector[Any]) -> None:
    within, behind = page(review(9002), review(9001)), page(review(9002), review(8999))
    request = first_request(steam, since(9_000))

    assert read(steam, Answer(within), request).follow
    assert read(steam, Answer(behind), request).follow == ()


def test_an_old_review_that_was_changed_lately_does_not_end_a_walk(steam: Connector[Any]) -> None:
    changed = review(1, timestamp_updated=WRITTEN + 9_500)

    assert read(steam, Answer(page(changed, review(9001))), first_request(steam, since(9_000))).follow


def test_a_page_in_another_order_ends_a_walk_only_when_all_of_it_is_older(steam: Connector[Any]) -> None:
    request = first_request(steam, since(9_000))

    assert read(steam, Answer(page(review(5), review(9001), review(6))), request).follow
    assert read(steam, Answer(page(review(5), review(7), review(6))), request).follow == ()


def test_a_walk_over_everything_reads_to_the_end(steam: Connector[Any]) -> None:
    numbers = list(range(1_000, 250, -1))

    def service(request: Request) -> Answer:
        question = asked(request)
        at = 0 if question["cursor"] == "*" else int(question["cursor"])
        some = [review(number) for number in numbers[at : at + question["num_per_page"]]]
        return Answer(page(*some, cursor=str(at + len(some)), total=len(numbers)))

    seen, requests, problems = walk(steam, service)

    assert seen == [str(number) for number in numbers]
    assert (requests, problems) == (9, [])  # eight pages, and one that is empty where all has been seen


def test_a_cursor_that_comes_again_ends_the_walk_and_what_is_missing_is_said(steam: Connector[Any]) -> None:
    seen, requests, problems = walk(steam, lambda _: Answer(page(review(), cursor="stuck", total=4_000)))

    assert (seen, requests) == (["9001", "9001"], 2)
    assert problems == ["Steam ended its list after 2 of 4,000 reviews"]


def test_an_empty_page_is_asked_for_again_in_another_form_before_it_is_believed(steam: Connector[Any]) -> None:
    sizes = []

    def service(request: Request) -> Answer:
        question = asked(request)
        if question["cursor"] == "*":
            return Answer(page(review(), cursor="next", total=300))
        sizes.append(question["num_per_page"])
        return Answer(page(cursor="next", total=300))

    _, _, problems = walk(steam, service)

    assert sizes == [100, 99, 98]
    assert problems == ["Steam ended its list after 1 of 300 reviews"]


def test_a_page_that_was_empty_by_chance_leads_on(steam: Connector[Any]) -> None:
    [again] = read(steam, Answer(page(total=300))).follow

    found = read(steam, Answer(page(review(), cursor="next", total=300)), again)  # type: ignore[arg-type]  # nothing is signed here

    assert len(found.mentions) == 1
    assert asked(found.follow[0])["num_per_page"] == 100


def test_a_count_that_is_a_little_off_is_no_problem(steam: Connector[Any]) -> None:
    _, _, problems = walk(steam, lambda _: Answer(page(review(), cursor="stuck", total=90)))

    assert problems == []


def test_how_many_reviews_there_are_is_said_by_the_first_page_only(steam: Connector[Any]) -> None:
    first = read(steam, Answer(page(review(), total=43_844)))
    later = read(steam, Answer(page(review(), query_summary={"num_reviews": 1})))

    assert [(total.count, total.average) for total in first.totals] == [(43_844, None)]
    assert later.totals == ()


def test_an_app_that_steam_does_not_know_is_named(steam: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="Steam knows no app 123456: compare `app_id`"):
        read(steam, Answer({"response": {}}))


def test_the_page_that_came_in_place_of_the_old_address_is_no_answer(steam: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="where JSON was expected"):
        read(steam, Answer("<!DOCTYPE html><html><title>Welcome to Steam</title></html>", content_type="text/html"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_door_that_is_shut_says_what_may_help(steam: Connector[Any], status: int) -> None:
    refusal = steam.refused(response_to(first_request(steam), Answer("", status)))

    assert refusal is not None
    assert (refusal.outcome, "a longer `every` may help" in refusal.why) == (Outcome.FAILED, True)


def known(external_id: str, published_at: datetime | None) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "updated_at", "rating", "language", "audience", "reply", "thread_id"), None
    )
    return Mention(
        external_id, Kind.REVIEW, "text", 4, subject=Subject(), answer_url=None, parent_id=None, same_as=None,
        content_hash="h", published_at=published_at, **nothing,
    )  # fmt: skip


def test_an_open_case_is_asked_for_by_the_second_in_which_it_was_written(steam: Connector[Any]) -> None:
    [request] = steam.recheck([known("9001", NOON), known("9002", None)])

    question = asked(request)
    assert (question["filter"], question["languages"]) == (1, ["all"])
    assert question["date_range_end"] - question["date_range_start"] == 1
    assert question["date_range_start"] == int(NOON.timestamp())


def test_what_a_recheck_brings_is_read_and_leads_nowhere(steam: Connector[Any]) -> None:
    [request] = steam.recheck([known("9001", NOON)])
    assert isinstance(request, Request)

    found = read(steam, Answer(page(review(developer_response="Sorry."), total=1)), request)
    nothing = read(steam, Answer({"response": {}}), request)

    assert [mention.reply for mention in found.mentions] == [Reply("Sorry.")]
    assert (found.follow, found.totals) == ((), ())
    assert (nothing.mentions, nothing.gone, nothing.problems) == ((), (), ())


def walk(steam: Connector[Any], service: Any) -> tuple[list[str], int, list[str]]:
    """Walk from the first page to the end; returns ids as they came, the number of requests, and the problems."""
    request: Any = first_request(steam)
    seen, requests, problems = [], 0, []
    while request is not None:
        found = read(steam, service(request), request)
        seen += [mention.external_id for mention in found.mentions]
        problems += [problem.what for problem in found.problems]
        request, requests = (found.follow[0] if found.follow else None), requests + 1
        assert requests < 50
    return seen, requests, problems
