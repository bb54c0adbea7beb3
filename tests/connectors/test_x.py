"""What is special about X: money, questions of 512 characters, two sets of names, edits under new ids."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
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
    UsageError,
)
from monitor.match import Matcher
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.x import ACME, API, GOOD, TOKEN, found, looked_up, missing, post, renamed
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to

CENT = 10_000


@pytest.fixture
def x() -> Connector[Any]:
    return made("x")


def subject_of(*brands: Brand, **options: Any) -> Connector[Any]:
    kind = class_of("x")
    return kind(kind.Config(token=TOKEN, **options), brands)


def questions(*brands: Brand, **options: Any) -> list[str]:
    return [request.params["query"] for request in asked(subject_of(*brands, **options).start(Since()))]


def asked(requests: Any) -> list[Request]:
    return list(requests)


def known(external_id: str, **changes: Any) -> Mention:
    """Return a mention as it is stored."""
    [raw] = read(made("x"), Answer(found(post(int(external_id))))).mentions
    return replace(normalise(raw, connector="x", brands=(ACME,), now=NOON), **changes)


def one(x: Connector[Any], **changes: Any) -> Any:
    [mention] = read(x, Answer(found(post(**changes)))).mentions
    return mention


# --- reading -------------------------------------------------------------------------------------


def test_a_post_is_read_whole(x: Connector[Any]) -> None:
    mention = one(x)

    assert mention.external_id == mention.thread_id == "1990000000000000002"
    assert mention.text == "Acme Coffee made me wait 40 minutes & said nothing https://a.example/"
    assert mention.url == mention.answer_url == "https://x.com/nia/status/1990000000000000002"
    assert (mention.author.name, mention.author.id) == ("Nia N. (@nia)", "777")
    assert mention.audience == Audience(1200, "followers")
    assert (mention.published_at, mention.updated_at) == (datetime(2026, 11, 24, 10, tzinfo=UTC), None)
    assert (mention.kind, mention.language, mention.parent_id) == (Kind.POST, "en", None)


def test_old_and_new_names_read_alike(x: Connector[Any]) -> None:
    other = [{"type": "replied_to", "id": "9"}]
    note = {"text": "Acme Coffee: a long story."}

    old = one(x, referenced_tweets=other, note_tweet=note, conversation_id="8")
    new = read(x, Answer(found(renamed(referenced_posts=other, note_post=note, conversation_id="8")))).mentions[0]

    assert old == new
    assert (new.text, new.parent_id, new.thread_id, new.kind) == ("Acme Coffee: a long story.", "9", "8", Kind.COMMENT)


def test_a_long_post_is_read_to_its_end_with_the_links_of_its_end(x: Connector[Any]) -> None:
    link = {"url": "https://t.co/end", "expanded_url": "https://acme.example/menu"}
    note = {"text": "A long story about https://t.co/end", "entities": {"urls": [link]}}

    assert one(x, text="A long st…", note_tweet=note).text == "A long story about https://acme.example/menu"


def test_an_edited_post_keeps_its_first_id_and_leads_to_its_last(x: Connector[Any]) -> None:
    mention = one(x, edit_history_tweet_ids=["1990000000000000002", "999999999999999999"])

    assert mention.external_id == "999999999999999999", "a shorter id is an older one"
    assert mention.url.endswith("/1990000000000000002")
    assert mention.updated_at == mention.published_at


def test_a_repost_is_no_mention_and_a_quote_is_one_that_leads_to_what_it_quotes(x: Connector[Any]) -> None:
    quote = post(7, referenced_tweets=[{"type": "quoted", "id": "5"}])
    again = post(8, referenced_tweets=[{"type": "retweeted", "id": "5"}])

    page = read(x, Answer(found(quote, again)))

    assert [(mention.external_id, mention.parent_id) for mention in page.mentions] == [("7", "5")]
    assert page.problems == ()


def test_an_author_that_is_not_shown_leaves_an_address_without_a_name(x: Connector[Any]) -> None:
    [mention] = read(x, Answer(found(post(), users=[], errors=[missing("777")]))).mentions

    assert mention.url == "https://x.com/i/web/status/1990000000000000002"
    assert mention.author is not None
    assert (mention.author.name, mention.author.id, mention.audience) == (None, "777", None)


@pytest.mark.parametrize("lang, language", [("en", "en"), ("qme", None), ("qht", None), ("qu", "qu"), (..., None)])
def test_tags_for_posts_without_words_are_no_languages(x: Connector[Any], lang: Any, language: str | None) -> None:
    assert one(x, lang=lang).language == language


def test_a_link_to_us_names_us_although_the_post_shows_a_short_one(x: Connector[Any]) -> None:
    link = {"url": "https://t.co/q", "expanded_url": "https://acme.example/quay"}
    mention = one(x, text="never again https://t.co/q", entities={"urls": [link]})

    assert Matcher([Brand("acme", ("acme.example",))]).brands_in(mention.text) == ("acme",)


def test_posts_without_author_and_time_are_a_problem_of_the_page(x: Connector[Any]) -> None:
    page = read(x, Answer(found(post(author_id=..., created_at=...))))

    assert len(page.mentions) == 1
    assert "may have renamed them" in page.problems[0].what


def test_what_x_left_out_is_named_and_what_is_gone_is_not(x: Connector[Any]) -> None:
    outage = {"title": "Service Unavailable", "type": "https://api.twitter.com/2/problems/x", "detail": "secret words"}

    page = read(x, Answer(found(*GOOD, errors=[outage, missing("777")])))

    assert [problem.what for problem in page.problems] == ["X left something out: Service Unavailable"]
    assert len(page.mentions) == 2


# --- questions -----------------------------------------------------------------------------------


def test_a_question_has_the_terms_in_brackets_and_leaves_out_us_reposts_and_what_only_sounds_like_us() -> None:
    assert questions(ACME) == [
        '("acme coffee" OR #acmecoffee OR @acmecoffee) -is:retweet -from:12345 -"acme corporation"'
    ]


def test_a_domain_is_looked_for_as_a_link_too_and_languages_narrow_it() -> None:
    [question] = questions(Brand("a", ("acme.example",)), languages=("en", "de"))

    assert question == '("acme.example" OR url:"acme.example") (lang:en OR lang:de) -is:retweet'


def test_each_brand_is_asked_for_by_itself_because_one_may_exclude_the_other() -> None:
    both = questions(Brand("a", ("Acme",), ("acme tools",)), Brand("b", ("Acme Tools",)))

    assert both == ['("acme") -is:retweet -"acme tools"', '("acme tools" OR #acmetools) -is:retweet']


def test_many_terms_become_several_questions_that_hold_each_of_them_once() -> None:
    terms = tuple(f"Acme Coffee {number}" for number in range(60))

    several = questions(Brand("a", terms, tuple(f"acme corporation {number}" for number in range(60))))

    assert len(several) > 2
    assert max(map(len, several)) <= 512
    words = [word for question in several for word in re.findall(r'"([^"]+)"', question.partition(")")[0])]
    assert sorted(words) == sorted(term.lower() for term in terms)


@pytest.mark.parametrize("brands", [(), (Brand("a", ()),), (Brand("a", ('"', " ")),), (Brand("a", ("a" * 600,)),)])
def test_without_words_that_fit_nothing_is_asked(brands: tuple[Brand, ...]) -> None:
    with pytest.raises(UsageError):
        questions(*brands)


@pytest.mark.parametrize(
    "term, asked_for",
    [
        ('ac"me" OR lang:xx', '("ac me or lang:xx") -is:retweet'),
        ("@acme)OR(", '("@acme)or(") -is:retweet'),
        ("@acme.example", '("@acme.example") -is:retweet'),
        ("#ACME", "(#acme) -is:retweet"),
    ],
)
def test_what_stands_in_a_term_cannot_change_the_question(term: str, asked_for: str) -> None:
    assert questions(Brand("a", (term,))) == [asked_for]


def test_the_mentions_of_an_account_are_read_without_a_search() -> None:
    subject = subject_of(ACME, mentions_of="12345")

    [request] = asked(subject.start(Since(bookmark={"0": "5"})))

    assert request.url == f"{API}/users/12345/mentions"
    assert request.params["since_id"] == "5"
    assert "query" not in request.params
    assert (subject.searches, made("x").searches) == (False, True)


# --- going on ------------------------------------------------------------------------------------


def test_the_next_walk_begins_behind_the_newest_of_the_first_page(x: Connector[Any]) -> None:
    first = read(x, Answer(found(*GOOD, more="t")))
    second = read(x, Answer(found(post(5))), first.follow[0])

    bookmark = first.merged(second).bookmark
    [request] = asked(x.start(Since(bookmark=bookmark)))

    assert bookmark == {"0": "1990000000000000002", "names": "tweet"}
    assert request.params["since_id"] == "1990000000000000002"


def test_every_page_of_a_walk_asks_from_the_same_end(x: Connector[Any]) -> None:
    [request] = asked(x.start(Since(bookmark={"0": "5"})))

    [following] = read(x, Answer(found(*GOOD, more="t")), request).follow

    assert isinstance(following, Request)
    assert following.params == {**request.params, "pagination_token": "t"}


def test_an_empty_page_keeps_the_bookmark_there_was(x: Connector[Any]) -> None:
    assert read(x, Answer(found())).bookmark == {"names": "tweet"}


@pytest.mark.parametrize("names, others", [("tweet", "post"), ("post", "tweet")])
def test_names_that_x_no_longer_takes_are_replaced_by_the_others_once(
    names: str, others: str, x: Connector[Any]
) -> None:
    [request] = asked(x.start(Since(bookmark={"names": names})))
    said = {"errors": [{"message": f"The query parameter [{names}.fields] is not one of [query,max_results]"}]}

    page = read(x, Answer(said, 400), request)
    [instead] = page.follow
    assert isinstance(instead, Request)
    again = x.refused(response_to(instead, Answer({"errors": [{"message": f"[{others}.fields]"}]}, 400)))
    bookmark = read(x, Answer(found(*GOOD)), instead).bookmark

    assert f"{names}.fields" not in instead.params
    assert "entities" in instead.params[f"{others}.fields"]
    assert instead.params["query"] == request.params["query"]
    assert bookmark is not None
    assert bookmark["names"] == others
    assert again is not None
    assert again.outcome == Outcome.FAILED


def test_an_end_of_more_than_seven_days_ago_is_left_away_and_what_was_missed_is_said(x: Connector[Any]) -> None:
    [request] = asked(x.start(Since(bookmark={"0": "5"})))
    said = {"errors": [{"message": "'since_id' must be a tweet id created after [2026-11-17T12:00Z]."}]}

    [instead] = read(x, Answer(said, 400), request).follow
    assert isinstance(instead, Request)
    page = read(x, Answer(found(*GOOD)), instead)

    assert "since_id" not in instead.params
    assert page.problems == ()
    assert page.gap is not None
    assert "seven days" in page.gap


# --- money ---------------------------------------------------------------------------------------


def test_a_page_may_cost_fifteen_cents_at_most_and_costs_what_it_shows(x: Connector[Any]) -> None:
    request = first_request(x)

    assert (request.params["max_results"], request.cost) == (10, 15 * CENT)
    assert read(x, Answer(found(*GOOD))).cost == 2 * CENT
    assert read(x, Answer(found())).cost == 0


def test_a_refusal_costs_nothing(x: Connector[Any]) -> None:
    request = first_request(x)

    for status in (400, 401, 402, 403, 429, 500, 503):
        refusal = x.refused(response_to(request, Answer({"title": "x"}, status)))
        assert refusal is not None
        assert refusal.cost == 0


@pytest.mark.parametrize("host", ["api.twitter.com", "api.x.com"])
def test_spent_credit_is_no_haste(host: str, x: Connector[Any]) -> None:
    body = {"title": "UsageCapExceeded", "type": f"https://{host}/2/problems/usage-capped", "period": "Monthly"}
    response = response_to(first_request(x), Answer(body, 429, headers={"x-rate-limit-remaining": "449"}))

    refusal = x.refused(response)

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.OVER_BUDGET, None)


def test_a_post_that_talks_of_spent_credit_is_a_post(x: Connector[Any]) -> None:
    body = Answer(found(post(text="Acme Coffee: https://api.x.com/2/problems/usage-capped")))

    assert len(read(x, body).mentions) == 1


def test_haste_waits_for_the_second_that_x_names(x: Connector[Any]) -> None:
    reset = str(int(NOON.timestamp()) + 600)

    refusal = x.refused(response_to(first_request(x), Answer(b"", 429, headers={"x-rate-limit-reset": reset})))

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(minutes=10))


# --- looking again -------------------------------------------------------------------------------


def test_a_hundred_posts_are_looked_up_at_once_for_half_a_cent_each() -> None:
    requests = asked(subject_of(Brand("acme", ("Acme",))).recheck([known(str(number)) for number in range(1, 151)]))

    assert [len(request.params["ids"].split(",")) for request in requests] == [100, 50]
    assert [request.cost for request in requests] == [50 * CENT, 25 * CENT]
    assert [set(request.params) for request in requests] == [{"ids"}] * 2
    assert [request.about for request in requests] == [(), ()], "that all are gone is for X to say, not for a 404"


def test_what_stands_is_left_and_what_is_deleted_or_protected_is_gone(x: Connector[Any]) -> None:
    shut = "https://api.x.com/2/problems/not-authorized-for-resource"
    body = {"data": [{"id": "1", "text": "x"}], "errors": [missing("2"), missing("3", shut), missing("99")]}

    page = read(x, Answer(body), looked_up("1", "2", "3"))

    assert page == Page(gone=("2", "3"), cost=CENT // 2)


def test_an_edit_is_asked_for_by_its_new_id_and_is_the_same_mention(x: Connector[Any]) -> None:
    body = {"data": [{"id": "1", "text": "x", "edit_history_tweet_ids": ["1", "4"]}]}

    [request] = read(x, Answer(body), looked_up("1")).follow
    assert isinstance(request, Request)
    edited = found(post(4, edit_history_tweet_ids=["1", "4"], text="Acme Coffee is fine now."))
    del edited["meta"]
    [mention] = read(x, Answer(edited), request).mentions

    assert request.params["ids"] == "4"
    assert (mention.external_id, mention.text) == ("1", "Acme Coffee is fine now.")


def test_an_edited_post_is_looked_up_by_its_last_id_and_gone_by_its_first(x: Connector[Any]) -> None:
    request = asked(x.recheck([known("1", url="https://x.com/nia/status/4")]))[0]

    assert request.params["ids"] == "4"
    assert read(x, Answer({"errors": [missing("4")]}), request).gone == ("1",)


def test_our_answers_are_looked_for_in_many_conversations_at_once(x: Connector[Any]) -> None:
    ids = [str(1990000000000000000 + number) for number in range(50)]

    _, *searches = asked(x.recheck([known(one) for one in ids]))

    queries = [request.params["query"] for request in searches]
    assert sorted(re.findall(r"conversation_id:(\d+)", " ".join(queries))) == ids
    assert all(query.endswith(") (from:12345)") and len(query) <= 512 for query in queries)
    assert len(queries) == 5
    assert len(asked(x.reread([known(one) for one in ids]))) == 1, "whether they stand is one question"
    assert {request.cost for request in searches} == {10 * CENT // 2 + CENT}


def test_without_a_number_of_ours_nobody_looks_for_answers_and_it_says_so() -> None:
    subject = subject_of(Brand("acme", ("Acme",)))

    assert subject.sees_answers == "no"
    assert len(asked(subject.recheck([known("5")]))) == 1


# --- against the specification -------------------------------------------------------------------


def test_questions_and_fields_in_the_new_names_are_those_of_the_official_package(x: Connector[Any]) -> None:
    if find_spec("xdk") is None:
        pytest.skip("the official package of X (xdk) is not installed: pip install xdk==0.10.6")
    spec = find_spec("xdk")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    [search] = asked(x.start(Since(bookmark={"0": "5", "names": "post"})))
    [timeline] = asked(subject_of(mentions_of="5").start(Since(bookmark={"names": "post"})))
    lookup = asked(x.recheck([known("5")]))[0]

    for request, room, call, path in (
        (search, "posts", "search_recent", "/2/tweets/search/recent"),
        (timeline, "users", "get_mentions", "/2/users/{id}/mentions"),
        (lookup, "posts", "get_by_ids", "/2/tweets"),
    ):
        code = function(folder / room / "client.py", call)
        source = ast.unparse(code)
        assert f"self.client.base_url + '{path}'" in source
        assert path.replace("{id}", "5") == request.url.removeprefix("https://api.x.com")
        words = {node.value for node in ast.walk(code) if isinstance(node, ast.Constant)}
        values = {one for name, value in request.params.items() if name.partition(".")[2] for one in value.split(",")}
        assert {*request.params} | values <= words
        assert call == "get_by_ids" or "pagination_token" in words
    schemas = (folder / "schemas.py").read_text()
    for model, fields in (
        ("Post", ("author_id", "conversation_id", "edit_history_post_ids", "note_post", "referenced_posts", "text")),
        ("User", ("id", "name", "username", "public_metrics")),
    ):
        body = schemas.partition(f"\nclass {model}(BaseModel):")[2].partition("\nclass ")[0]
        assert all(re.search(rf"^    {field}: ", body, re.MULTILINE) for field in fields)


def function(path: Path, name: str) -> ast.FunctionDef:
    """Return a function of a module, unread by Python: the package wants others that are not here."""
    tree = ast.parse(path.read_text())
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
