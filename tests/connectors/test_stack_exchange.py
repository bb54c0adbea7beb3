"""What is special about Stack Exchange: its wrapper, its backoff, a search for two kinds of things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Brand, Connector, Kind, Mention, Outcome, Page, Request, Since, UsageError
from monitor.models import Subject
from monitor.text import from_html
from tests.builders import NOON
from tests.connectors.cases.stack_exchange import ACME, ANSWERS, API, KEY, ONE, answer, found, owner, question, wrapped
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to


@pytest.fixture
def tagged() -> Connector[Any]:
    return made("stack_exchange")


def searching(**options: Any) -> Connector[Any]:
    """Return a connector that searches, without a key."""
    kind = class_of("stack_exchange")
    return kind(kind.Config(**options), (ACME,))


def known(number: str = "500", kind: Kind = Kind.POST) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        number, kind, "text", 4, subject=Subject(), answer_url=None, thread_id=None,
        parent_id=None, same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


def further(page: Page) -> Request:
    """Return the one request that a page leads to."""
    [request] = page.follow
    assert isinstance(request, Request)
    return request


def test_a_question_is_read_whole() -> None:
    [said] = read(made("stack_exchange", product="Widgets"), Answer(wrapped(question()))).mentions

    assert (said.external_id, said.kind, said.thread_id, said.parent_id) == ("500", Kind.POST, "500", None)
    assert from_html(said.title or "") == 'Acme Widgets lose "everything"'
    assert from_html(said.text) == "It ate my data."
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Nia & Co", "5")
    assert said.author.url == "https://stackoverflow.com/users/5/nia"
    assert said.audience == Audience(120, "views")
    assert said.published_at == datetime.fromtimestamp(1795514900, UTC)
    assert said.url == said.answer_url == "https://stackoverflow.com/q/500"
    assert said.subject.product == "Widgets"


@pytest.mark.parametrize(("item", "views"), [(question(view_count=...), None), (question(view_count=0), 0)])
def test_views_that_are_not_told_are_unknown(tagged: Connector[Any], item: dict[str, Any], views: int | None) -> None:
    [said] = read(tagged, Answer(wrapped(item))).mentions

    assert said.audience == (None if views is None else Audience(views, "views"))


def test_an_account_that_was_deleted_has_a_name_and_no_number(tagged: Connector[Any]) -> None:
    gone = {"user_type": "does_not_exist", "display_name": "user5"}

    [said, nobody] = read(tagged, Answer(wrapped(question(owner=gone), question(4, owner=...)))).mentions

    assert said.author is not None
    assert (said.author.name, said.author.id) == ("user5", None)
    assert nobody.author is None


def test_a_search_finds_questions_and_answers() -> None:
    subject = searching(site="apple.stackexchange.com")

    asks, says = read(subject, Answer(wrapped(found(), found(answer=600, body=...)))).mentions

    assert (asks.external_id, asks.kind, asks.url) == ("500", Kind.POST, "https://apple.stackexchange.com/q/500")
    assert (says.external_id, says.kind, says.url) == ("600", Kind.COMMENT, "https://apple.stackexchange.com/a/600")
    assert (says.parent_id, says.thread_id, says.title) == ("500", "500", None)
    assert from_html(says.text) == "Acme Widgets ate my data"
    assert subject.searches


def test_tags_are_read_by_their_last_activity() -> None:
    request = first_request(made("stack_exchange", tags=["acme", "c#"]), Since(NOON))

    assert request.url == f"{API}/questions"
    assert request.params == {
        "site": "stackoverflow.com", "pagesize": 100, "page": 1, "order": "desc", "tagged": "acme", "sort": "activity",
        "filter": "withbody", "min": int(NOON.timestamp()),
    }  # fmt: skip


def test_terms_are_searched_for_as_phrases() -> None:
    request = first_request(searching(terms=['the "widget"']), Since(NOON))

    assert request.url == f"{API}/search/excerpts"
    assert (request.params["q"], request.params["sort"]) == ('"the  widget"', "creation")
    assert request.params["fromdate"] == int(NOON.timestamp())
    assert first_request(searching()).params["q"] == '"Acme Widgets"'
    assert "fromdate" not in first_request(searching()).params


def test_without_words_there_is_nothing_to_look_for() -> None:
    kind = class_of("stack_exchange")

    with pytest.raises(UsageError, match="terms"):
        list(kind(kind.Config(), ()).start(Since()))


def test_the_lists_are_read_one_after_the_other_a_page_of_each_first() -> None:
    subject = made("stack_exchange", tags=["a", "b"])
    asked = [first_request(subject)]
    for more in (True, False):
        asked.append(further(read(subject, Answer(wrapped(question(), more=more)), asked[-1])))

    last = read(subject, Answer(wrapped(question())), asked[-1])

    assert [(one.params["tagged"], one.params["page"]) for one in asked] == [("a", 1), ("b", 1), ("a", 2)]
    assert last.follow == ()
    assert last.bookmark == {"left": []}


def test_a_backoff_ends_the_look_and_the_next_one_goes_on_where_it_ended() -> None:
    subject = made("stack_exchange", tags=["a", "b"])

    page = read(subject, Answer(wrapped(question(), more=True, backoff=10)), first_request(subject))
    [again] = [one for one in subject.start(Since(NOON, page.bookmark)) if isinstance(one, Request)]

    assert len(page.mentions) == 1
    assert page.follow == ()
    assert (again.params["tagged"], again.params["page"]) == ("b", 1)
    waiting = [(one["for"], one["page"]) for one in again.context["lists"]]
    assert waiting == [("b", 1), ("a", 2), ("a", 1), ("b", 1)]


def test_a_backoff_after_the_last_page_leaves_nothing(tagged: Connector[Any]) -> None:
    assert read(tagged, Answer(wrapped(question(), backoff=10))).bookmark == {"left": []}


@pytest.mark.parametrize(
    ("message", "wait"),
    [
        ("too many requests from this IP, more requests available in 765 seconds", timedelta(seconds=765)),
        ("more requests available in 999999999 seconds", timedelta(hours=24)),
        ("too many requests", None),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_asked_too_often_is_an_error_of_the_wrapper(
    tagged: Connector[Any], message: str, wait: timedelta | None, status: int
) -> None:
    said = {"error_id": 502, "error_name": "throttle_violation", "error_message": message}

    refusal = tagged.refused(response_to(first_request(tagged), Answer(said, status)))

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, wait)


def test_an_error_of_the_wrapper_is_named(tagged: Connector[Any]) -> None:
    said = {"error_id": 400, "error_name": "bad_parameter", "error_message": "site"}

    refusal = tagged.refused(response_to(first_request(tagged), Answer(said, 400)))

    assert refusal is not None
    assert refusal.outcome is Outcome.FAILED
    assert "bad_parameter" in refusal.why


def test_a_hundred_posts_are_asked_for_at_once(tagged: Connector[Any]) -> None:
    many = [known(str(number)) for number in range(150)]

    paths = [one.url.removeprefix(API) for one in tagged.recheck(many) if isinstance(one, Request)]

    assert [path.partition("/posts/")[2].count(";") for path in paths if path.startswith("/posts/")] == [99, 99, 49, 49]
    assert [path.endswith("/answers") for path in paths].count(True) == 2


def test_without_accounts_of_ours_only_deletions_are_asked_for() -> None:
    kind = class_of("stack_exchange")
    subject = kind(kind.Config(tags=["acme"]), (Brand("acme", ("Acme",)),))  # type: ignore[call-arg]

    assert [one.url for one in subject.recheck([known()]) if isinstance(one, Request)] == [f"{API}/posts/500"]
    assert subject.sees_answers == "no"


def test_what_is_missing_among_many_is_asked_for_alone_before_it_is_gone(tagged: Connector[Any]) -> None:
    asked = Request(f"{API}/posts/500;501", {"page": 1}, context={"these": ["500", "501"]})

    alone = further(read(tagged, Answer(wrapped({"post_id": 500, "post_type": "question"})), asked))

    assert alone.url == f"{API}/posts/501"
    assert read(tagged, Answer(wrapped()), alone) == Page(gone=("501",))
    assert read(tagged, Answer(wrapped({"post_id": 500})), ONE) == Page()


def test_of_answers_and_comments_only_our_own_are_read(tagged: Connector[Any]) -> None:
    comment = {"comment_id": 600, "post_id": 500, "body": "Sorry!", "creation_date": 1795515400, "owner": owner(77)}

    page = read(tagged, Answer(wrapped(answer(601, by=5), answer(), comment)), ANSWERS)

    assert [(said.external_id, said.parent_id) for said in page.mentions] == [("600", "500"), ("comment-600", "500")]


def test_many_answers_are_read_page_by_page(tagged: Connector[Any]) -> None:
    assert further(read(tagged, Answer(wrapped(answer(), more=True)), ANSWERS)).params["page"] == 2
    assert read(tagged, Answer(wrapped(answer(), more=True, backoff=5)), ANSWERS).follow == ()


def test_a_key_goes_along_where_there_is_one(tagged: Connector[Any]) -> None:
    auth = tagged.auth()

    assert auth is not None
    assert auth.sign(first_request(tagged), None, NOON).params == {"key": KEY}
    assert searching().auth() is None
