"""What is special about GitHub: two lists a repository, a search with an end, limits that look like a lost access."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Connector, Kind, Mention, Outcome, Request, Since, UsageError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.github import ACME, API, BELOW, ONE, SEARCH, SITE, comment, found, issue, user
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to


@pytest.fixture
def hub() -> Connector[Any]:
    return made("github")


def searching() -> Connector[Any]:
    """Return a connector that searches, without a token."""
    kind = class_of("github")
    return kind(kind.Config(), (ACME,))


def known(item: dict[str, Any]) -> Mention:
    """Return a mention as it is stored."""
    [said] = read(made("github"), Answer([item])).mentions
    return normalise(said, connector="github", brands=(ACME,), now=NOON)


def test_an_issue_is_read_whole(hub: Connector[Any]) -> None:
    [said] = read(hub, Answer([issue()])).mentions

    assert (said.external_id, said.kind, said.title) == ("9012", Kind.POST, "Acme Widgets lose my settings")
    assert said.text == "It is *gone* after each start."
    assert said.author is not None
    assert (said.author.name, said.author.id, said.author.url) == ("nia", "nia", f"{SITE}/nia")
    assert said.published_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert said.updated_at is None  # a label changes `updated_at`, too
    assert said.audience == Audience(3, "reactions")
    assert said.url == said.answer_url == f"{SITE}/acme/widgets/issues/12"
    assert (said.subject.product, said.thread_id, said.parent_id) == ("acme/widgets", "acme/widgets/issues/12", None)


def test_a_comment_belongs_to_its_issue(hub: Connector[Any]) -> None:
    said, asks = read(hub, Answer([comment(), issue()])).mentions

    assert (said.external_id, said.kind, said.title, said.text) == ("comment-700", Kind.COMMENT, None, "Same here.")
    assert said.parent_id == said.thread_id == asks.thread_id
    assert said.audience == Audience(0, "reactions")


@pytest.mark.parametrize(
    "item",
    [
        issue(pull_request={"url": "x"}),
        comment(html_url=f"{SITE}/acme/widgets/pull/12#issuecomment-700"),
        issue(user=user("dependabot[bot]", "Bot")),
    ],
)
def test_pull_requests_and_bots_are_left_out(hub: Connector[Any], item: dict[str, Any]) -> None:
    assert read(hub, Answer([item])).mentions == ()


def test_an_issue_without_words_by_nobody_is_read(hub: Connector[Any]) -> None:
    [said] = read(hub, Answer([issue(body=None, user=None, reactions=...)])).mentions

    assert (said.text, said.author, said.audience) == ("", None, None)


@pytest.mark.parametrize(
    ("login", "role", "ours"),
    [("BO-OF-ACME", "NONE", True), ("lea", "MEMBER", True), ("lea", "CONTRIBUTOR", False), ("lea", "NONE", False)],
)
def test_ours_are_the_accounts_and_the_members_of_the_owners_that_are_named(
    hub: Connector[Any], login: str, role: str, ours: bool
) -> None:
    [said] = read(hub, Answer([issue(user=user(login), author_association=role)])).mentions

    assert said.own is ours


def test_members_of_somebody_elses_repository_are_not_ours() -> None:
    theirs = issue(html_url=f"{SITE}/other/app/issues/1", author_association="OWNER")

    [said] = read(searching(), Answer(found(theirs), to=SEARCH)).mentions

    assert not said.own


def test_both_lists_of_a_repository_are_asked_for_what_changed(hub: Connector[Any]) -> None:
    issues, comments = hub.start(Since(NOON))

    assert isinstance(issues, Request)
    assert isinstance(comments, Request)
    changed = {"sort": "updated", "direction": "desc", "since": f"{NOON:%Y-%m-%dT%H:%M:%SZ}"}
    assert issues.url == f"{API}/repos/acme/widgets/issues"
    assert issues.params == {"state": "all", **changed, "per_page": 100, "page": 1}
    assert comments.url == f"{API}/repos/acme/widgets/issues/comments"
    assert comments.params == {**changed, "per_page": 100, "page": 1}
    assert "since" not in first_request(hub).params


def test_without_repositories_it_searches_for_each_term() -> None:
    request = first_request(searching(), Since(NOON))

    assert request.url == f"{API}/search/issues"
    assert request.params["q"] == f'"Acme Widgets" in:title,body is:issue created:>={NOON:%Y-%m-%dT%H:%M:%SZ}'
    assert (request.params["sort"], request.params["order"]) == ("created", "desc")
    assert "created" not in first_request(searching()).params["q"]
    assert searching().searches
    assert not made("github").searches


def test_without_words_there_is_nothing_to_look_for() -> None:
    kind = class_of("github")

    with pytest.raises(UsageError, match="repositories"):
        list(kind(kind.Config(), ()).start(Since()))


def test_a_search_that_ran_out_of_time_is_a_gap() -> None:
    page = read(searching(), Answer(found(issue(), incomplete_results=True), to=SEARCH))

    assert len(page.mentions) == 1
    assert page.gap


def test_the_end_of_a_search_is_a_gap_and_not_asked_beyond() -> None:
    full = Answer(found(*map(issue, range(100)), total_count=5000))
    ninth, tenth = (replace(SEARCH, params={**SEARCH.params, "page": number}) for number in (9, 10))

    before, last = read(searching(), full, ninth), read(searching(), full, tenth)

    assert (before.gap, [one.params["page"] for one in before.follow if isinstance(one, Request)]) == (None, [10])
    assert (last.gap is not None, last.follow) == (True, ())


def test_an_answer_counts_for_what_was_said_before_it(hub: Connector[Any]) -> None:
    ours = {"author_association": "OWNER"}
    earlier = comment(699, created_at="2026-11-24T09:00:00Z", updated_at="2026-11-25T09:00:00Z", **ours)

    page = read(hub, Answer([earlier, comment(), comment(701, **ours)]), BELOW)

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("comment-701", "9012")]


def test_an_issue_and_a_comment_are_asked_for_where_they_stand(hub: Connector[Any]) -> None:
    requests = [one for one in hub.recheck([known(issue()), known(comment())]) if isinstance(one, Request)]

    assert [(one.url.removeprefix(f"{API}/repos/acme/widgets/issues/"), one.about) for one in requests] == [
        ("12", ("9012",)),
        ("12/comments", ()),
        ("comments/700", ("comment-700",)),
        ("12/comments", ()),
    ]
    assert requests[1].params["since"] == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOON.timestamp()) + 90)}, b"{}", 90),
        (403, {"Retry-After": "60", "X-RateLimit-Remaining": "9"}, b"{}", 60),
        (429, {"X-RateLimit-Remaining": "0"}, b"{}", None),
        (403, {}, b'{"message":"You have exceeded a secondary rate limit."}', None),
    ],
)
def test_a_limit_is_no_lost_access(
    hub: Connector[Any], status: int, headers: dict[str, str], body: bytes, wait: int | None
) -> None:
    refusal = hub.refused(response_to(first_request(hub), Answer(body, status, headers=headers)))

    assert refusal is not None
    assert refusal.outcome == Outcome.THROTTLED
    assert refusal.wait == (None if wait is None else timedelta(seconds=wait))


def test_a_repository_that_is_not_there_is_no_deleted_issue(hub: Connector[Any]) -> None:
    listed = hub.refused(response_to(first_request(hub), Answer({"message": "Not Found"}, 404)))
    asked = hub.refused(response_to(ONE, Answer({"message": "Not Found"}, 404)))

    assert listed is not None
    assert asked is not None
    assert (listed.outcome, asked.outcome, asked.gone) == (Outcome.FAILED, Outcome.GONE, ("9012",))


def test_an_answer_is_a_comment_in_the_issue(hub: Connector[Any]) -> None:
    request = hub.reply(known(comment()), "We are sorry.")
    reply = hub.replied(response_to(request, Answer(comment(701, body="We are sorry."), 201)))

    assert (request.method, request.url) == ("POST", f"{API}/repos/acme/widgets/issues/12/comments")
    assert request.json == {"body": "We are sorry."}
    assert (reply.text, reply.external_id) == ("We are sorry.", "comment-701")


def test_without_names_of_ours_no_answer_can_be_seen() -> None:
    kind = class_of("github")
    subject = kind(kind.Config(repositories=["acme/widgets"]), ())

    assert subject.sees_answers == "no"
    assert len(list(subject.recheck([known(issue())]))) == 1
