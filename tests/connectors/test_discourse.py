"""What is special about Discourse: numbers instead of parents, ids that go down, what visitors may not see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Audience, Connector, Kind, Mention, Outcome, Page, Request, Since, Subject
from monitor.text import from_html
from tests.connectors.cases.discourse import FORUM, GOOD, latest, one, post
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to

MORNING = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def discourse() -> Connector[Any]:
    return made("discourse")


def known(external_id: str) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        external_id, Kind.COMMENT, "text", 4, subject=Subject(), answer_url=None, thread_id="topic-11",
        parent_id=None, same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


def test_a_topic_is_read_whole() -> None:
    subject = made("discourse", url=f"{FORUM}/community/", product="Kettle")

    [opened] = read(subject, Answer(latest(post(500, post_number=1, name="Nia N.")))).mentions

    assert (opened.external_id, opened.kind) == ("500", Kind.POST)
    assert from_html(opened.title or "") == "Kettle leaks & drips"
    assert from_html(opened.text) == "The lid leaks."
    assert opened.author is not None
    assert (opened.author.name, opened.author.id) == ("Nia N.", "nia")
    assert (opened.published_at, opened.updated_at) == (MORNING, None)
    assert opened.audience == Audience(7, "readers")
    assert (opened.thread_id, opened.parent_id) == ("topic-11", None)
    assert opened.url == opened.answer_url == "https://forum.example/community/t/kettle-leaks/11/1"
    assert opened.subject.product == "Kettle"


def test_a_reply_has_no_title_and_is_named_after_who_wrote_it(discourse: Connector[Any]) -> None:
    [said] = read(discourse, Answer(latest(post()))).mentions

    assert (said.kind, said.title) == (Kind.COMMENT, None)
    assert said.author is not None
    assert said.author.name == "nia"


def test_a_title_is_text_and_not_markup(discourse: Connector[Any]) -> None:
    [opened] = read(discourse, Answer(latest(post(post_number=1, topic_title="Why <br> & <b> matter")))).mentions

    assert from_html(opened.title or "") == "Why <br> & <b> matter"


def test_an_edit_has_the_time_of_the_edit(discourse: Connector[Any]) -> None:
    [said] = read(discourse, Answer(latest(post(version=2, updated_at="2026-11-24T11:00:00.000Z")))).mentions

    assert (said.published_at, said.updated_at) == (MORNING, MORNING.replace(hour=11))


def test_readers_that_are_not_counted_are_unknown(discourse: Connector[Any]) -> None:
    [said] = read(discourse, Answer(latest(post(reads=...)))).mentions

    assert said.audience is None


@pytest.mark.parametrize("changes", [{"post_type": 2}, {"post_type": 3}, {"hidden": True}])
def test_notes_of_moderators_and_hidden_posts_are_no_mentions(
    discourse: Connector[Any], changes: dict[str, Any]
) -> None:
    page = read(discourse, Answer(latest(post(**changes), GOOD[1])))

    assert [mention.external_id for mention in page.mentions] == ["500"]
    assert page.problems == ()


@pytest.mark.parametrize("changes", [{"user_deleted": True}, {"deleted_at": "2026-11-24T12:00:00.000Z"}])
def test_a_post_that_the_list_shows_as_deleted_is_gone(discourse: Connector[Any], changes: dict[str, Any]) -> None:
    page = read(discourse, Answer(latest(post(**changes), GOOD[1])))

    assert ([mention.external_id for mention in page.mentions], page.gone) == (["500"], ("501",))


@pytest.mark.parametrize(
    "answered, posts, parent",
    [
        (2, (post(501),), "501"),
        (None, (GOOD[1],), "500"),
        (None, (), "topic-11"),
        (7, (), "topic-11"),
        (2, (post(400, post_number=2, topic_id=12),), "topic-11"),
    ],
)
def test_what_a_reply_answers_is_found_on_the_page_or_is_its_topic(
    discourse: Connector[Any], answered: int | None, posts: tuple[Any, ...], parent: str
) -> None:
    page = read(discourse, Answer(latest(post(502, reply_to_post_number=answered), *posts)))

    assert page.mentions[0].parent_id == parent
    assert page.mentions[0].thread_id == "topic-11"


def test_a_page_leads_to_what_is_below_its_lowest_id(discourse: Connector[Any]) -> None:
    request = first_request(discourse)

    [further] = read(discourse, Answer(latest(post(501), post(90), post(300)))).follow

    assert (request.url, dict(request.params)) == ("https://forum.example/posts.json", {})
    assert isinstance(further, Request)
    assert (further.url, dict(further.params)) == ("https://forum.example/posts.json", {"before": 90})


def test_a_walk_reads_to_the_empty_page_across_pages_that_end_early(discourse: Connector[Any]) -> None:
    ids = [number for number in range(300, 0, -1) if number % 7]
    request: Any = first_request(discourse)
    seen, requests = [], 0

    while request is not None:
        before = request.params.get("before", 10**9)
        some = [number for number in ids if number < before][:20]
        page = read(discourse, Answer(latest(*(post(number, post_number=2) for number in some))), request)
        seen += [mention.external_id for mention in page.mentions]
        request, requests = (page.follow[0] if page.follow else None), requests + 1

    assert seen == [str(number) for number in ids]
    assert requests == 14


def test_a_forum_that_shows_the_same_for_ever_is_left(discourse: Connector[Any]) -> None:
    answer = Answer(latest(*GOOD))

    again = read(discourse, answer, read(discourse, answer).follow[0])  # type: ignore[arg-type]  # nothing is signed here

    assert again.follow == ()


def test_an_entry_that_is_no_post_hides_neither_the_others_nor_the_next_page(discourse: Connector[Any]) -> None:
    page = read(discourse, Answer(latest("?", *GOOD, post(9, id=...))))

    assert (len(page.mentions), len(page.problems)) == (2, 2)
    assert page.follow


def test_an_open_case_asks_whether_the_post_stands_and_for_the_answers_to_it(discourse: Connector[Any]) -> None:
    requests: list[Any] = list(discourse.recheck([known("501"), known("502")]))

    assert [request.url.removeprefix(FORUM) for request in requests] == [
        "/posts/501.json",
        "/posts/501/replies.json",
        "/posts/502.json",
        "/posts/502/replies.json",
    ]
    assert [request.about for request in requests] == [("501",), (), ("502",), ()]


def test_without_an_account_of_ours_nobody_looks_for_answers_and_it_says_so() -> None:
    kind = class_of("discourse")
    subject = kind(kind.Config(url=FORUM))

    assert subject.sees_answers == "no"
    assert len(list(subject.recheck([known("501")]))) == 1


def test_an_answer_of_ours_names_the_post_it_was_asked_for(discourse: Connector[Any]) -> None:
    _, replies = discourse.recheck([known("501")])
    assert isinstance(replies, Request)
    shown = post(503, username="acme_team", reply_to_post_number=2, topic_title=...)

    [ours] = read(discourse, Answer([shown]), replies).mentions

    assert ours.author is not None
    assert (ours.author.id, ours.parent_id) == ("acme_team", "501")


def test_a_post_that_stands_is_left_as_it_was_found(discourse: Connector[Any]) -> None:
    assert read(discourse, one(post())) == Page()


@pytest.mark.parametrize("status, outcome", [(404, Outcome.GONE), (410, Outcome.GONE), (403, Outcome.NOTHING)])
def test_a_post_is_gone_when_it_is_not_found_and_not_when_it_is_shut(
    discourse: Connector[Any], status: int, outcome: Outcome
) -> None:
    request = one(post()).to
    assert request is not None

    refusal = discourse.refused(response_to(request, Answer("", status)))

    assert refusal is not None
    assert refusal.outcome == outcome
    assert outcome != Outcome.GONE or refusal.gone == ("501",)


@pytest.mark.parametrize("status, words", [(403, "for members only"), (404, "`url` has to be the first page")])
def test_a_forum_that_is_shut_or_none_says_what_to_do(discourse: Connector[Any], status: int, words: str) -> None:
    refusal = discourse.refused(response_to(first_request(discourse), Answer("", status)))

    assert refusal is not None
    assert words in refusal.why


def test_posts_that_do_not_name_us_are_kept_unless_it_is_asked_to_match() -> None:
    assert not made("discourse").searches
    assert made("discourse", match_brand=True).searches


def test_a_walk_asks_the_same_whatever_is_known(discourse: Connector[Any]) -> None:
    assert list(discourse.start(Since(MORNING))) == list(discourse.start(Since()))
