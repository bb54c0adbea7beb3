"""What is special about Lemmy: two lists a term, paths of comments, errors told by a word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Audience, Connector, Kind, Mention, Outcome, Request, Since, UsageError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.lemmy import ACME, BELOW, ONE, OURS, SERVER, comment, found, post, search
from tests.connectors.kit import Answer, class_of, made, read, response_to


@pytest.fixture
def server() -> Connector[Any]:
    return made("lemmy")


def known(subject: Connector[Any], answer: Answer) -> Mention:
    """Return a mention as it is stored."""
    [said] = read(subject, answer).mentions
    return normalise(said, connector="lemmy", brands=(ACME,), now=NOON)


def test_a_post_is_read_whole(server: Connector[Any]) -> None:
    [said] = read(server, Answer(found(post()))).mentions

    assert (said.external_id, said.kind, said.title) == ("post-11", Kind.POST, "Acme Coffee took my money")
    assert said.text == "Twice. **Nobody** answers."
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("nia", "https://other.example/u/nia")
    assert said.published_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert said.audience == Audience(7, "points")
    assert said.url == said.answer_url == f"{SERVER}/post/11"
    assert said.same_as == "https://other.example/post/911"
    assert (said.thread_id, said.parent_id) == ("post-11", None)


@pytest.mark.parametrize(
    ("path", "parent"), [("0.34", "post-11"), ("0.12.34", "comment-12"), ("0.12.20.34", "comment-20")]
)
def test_a_comment_answers_the_last_one_above_it(server: Connector[Any], path: str, parent: str) -> None:
    [said] = read(server, Answer(found(comments=[comment(path=path)])), search("Comments")).mentions

    assert (said.external_id, said.kind, said.title) == ("comment-34", Kind.COMMENT, None)
    assert (said.thread_id, said.parent_id) == ("post-11", parent)
    assert said.url == f"{SERVER}/comment/34"


def test_a_bare_link_is_read_as_where_it_leads(server: Connector[Any]) -> None:
    linked, empty = read(server, Answer(found(post(body=..., url="https://a.example/x"), post(12, body=...)))).mentions

    assert (linked.text, empty.text) == ("https://a.example/x", "")


def test_a_time_without_a_zone_is_utc(server: Connector[Any]) -> None:
    [said] = read(server, Answer(found(post(published="2026-11-24T10:00:00.5")))).mentions

    assert said.published_at == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_each_term_is_searched_for_among_posts_and_comments(server: Connector[Any]) -> None:
    assert list(server.start(Since())) == [search("Posts"), search("Comments")]


def test_without_words_there_is_nothing_to_look_for() -> None:
    kind = class_of("lemmy")

    with pytest.raises(UsageError, match="brand"):
        list(kind(kind.Config(url=SERVER), ()).start(Since()))


@pytest.mark.parametrize("mark", ["deleted", "removed"])
def test_what_was_taken_down_is_gone(server: Connector[Any], mark: str) -> None:
    said = comment(content="*Permanently Deleted*", **{mark: True})

    page = read(server, Answer(found(comments=[said])), search("Comments"))

    assert (page.mentions, page.gone) == ((), ("comment-34",))


def test_below_a_post_only_our_own_words_count(server: Connector[Any]) -> None:
    page = read(server, Answer({"comments": [comment(), comment(35, "0.34.35", OURS)]}), BELOW)

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("comment-35", "comment-34")]


def test_a_post_and_a_comment_are_asked_for_by_number_with_what_stands_below(server: Connector[Any]) -> None:
    said = known(server, Answer(found(comments=[comment()]), to=search("Comments")))
    asks = known(server, Answer(found(post())))

    requests = [one for one in server.recheck([asks, said]) if isinstance(one, Request)]

    assert [(one.url.removeprefix(f"{SERVER}/api/v3"), one.params, one.about) for one in requests] == [
        ("/post", {"id": "11"}, ("post-11",)),
        ("/comment/list", {"post_id": "11", "type_": "All", "sort": "New", "limit": 50}, ()),
        ("/comment", {"id": "34"}, ("comment-34",)),
        ("/comment/list", {"parent_id": "34", "type_": "All", "sort": "New", "limit": 50}, ()),
    ]
    assert [one.external_id for one in read(server, Answer({"post_view": post()}), requests[0]).mentions] == ["post-11"]
    assert [one.external_id for one in read(server, Answer({"comment_view": comment()}), requests[2]).mentions] == [
        "comment-34"
    ]


@pytest.mark.parametrize(
    ("request_", "status", "word", "outcome"),
    [
        (search("Posts"), 400, "rate_limit_error", Outcome.THROTTLED),
        (search("Posts"), 429, "rate_limit_error", Outcome.THROTTLED),
        (ONE, 400, "couldnt_find_post", Outcome.GONE),
        (ONE, 404, "couldnt_find_comment", Outcome.GONE),
        (ONE, 400, "instance_is_private", Outcome.FAILED),
        (search("Posts"), 400, "couldnt_find_post", Outcome.FAILED),
        (search("Posts"), 404, "not_found", Outcome.FAILED),
    ],
)
def test_errors_are_told_by_a_word(
    server: Connector[Any], request_: Request, status: int, word: str, outcome: Outcome
) -> None:
    refusal = server.refused(response_to(request_, Answer({"error": word}, status)))

    assert refusal is not None
    assert refusal.outcome == outcome
