"""Every recorded answer of Reddit's API, read by its connector: posts of 2026, the inbox of 2025, older ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor.connector import Audience, Brand, Connector, Kind, Outcome, Page, RawMention, Request, Since
from tests.builders import NOON
from tests.connectors.cases.reddit import API, INFO, THREAD
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent

SITE = "https://www.reddit.com"


class Exchange(NamedTuple):
    """One request and its answer, as they were recorded."""

    method: str
    url: str
    form: str
    status: int
    headers: dict[str, str]
    body: Any

    def answer(self) -> Answer:
        return Answer(self.body, self.status, headers=self.headers)


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def exchanges(path: Path) -> list[Exchange]:
    """Return what was recorded in one file."""
    held = json.loads(path.read_bytes())
    found = []
    for one in held.get("http_interactions") or held.get("interactions") or [held]:
        request, response = one["request"], one["response"]
        body = response["body"]
        if isinstance(body, dict) and "string" in body:
            body = json.loads(body["string"])
        headers = {name: values[0] for name, values in response["headers"].items()}
        form = request.get("body") or ""
        form = form["string"] if isinstance(form, dict) else form
        found.append(Exchange(request["method"], request["uri"], form, response["status"]["code"], headers, body))
    return found


def asked(path: Path, part: str) -> list[Exchange]:
    """Return those of a recording whose address holds something."""
    return [one for one in exchanges(path) if part in one.url]


def agree(said: RawMention, data: dict[str, Any], kind: Kind) -> None:
    """Check that what was read is what a recording holds."""
    assert (said.external_id, said.kind) == (data["name"], kind)
    words = data["body"] if kind is Kind.COMMENT else data["selftext"] or data["url"]
    assert said.text == words
    assert said.title == (None if kind is Kind.COMMENT else data["title"])
    assert said.author is not None
    assert (said.author.name, said.author.id) == (data["author"], data["author"].lower())
    assert said.published_at == datetime.fromtimestamp(data["created_utc"], UTC)
    count = data.get("subreddit_subscribers")
    assert said.audience == (Audience(count, "subscribers") if count is not None else None)


@pytest.mark.parametrize("recording", recordings("reddit", "popular_hot*.json"), ids=name_of)
def test_recorded_posts_of_2026_are_read_whole(recording: Path) -> None:
    [recorded] = exchanges(recording)
    subject = made("reddit")

    page = read(subject, recorded.answer(), first_request(subject))

    children = recorded.body["data"]["children"]
    assert len(page.mentions) == len(children) == 6
    assert (page.problems, page.gone) == ((), ())
    for said, child in zip(page.mentions, children, strict=True):
        agree(said, child["data"], Kind.POST)
        assert said.url == SITE + child["data"]["permalink"]
        assert said.audience is not None
    [further] = page.follow
    assert isinstance(further, Request)
    assert further.params["after"] == recorded.body["data"]["after"]


@pytest.mark.parametrize("recording", recordings("reddit", "*test_mentions.json"), ids=name_of)
def test_recorded_mentions_of_2025_are_read_with_their_threads(recording: Path) -> None:
    [recorded] = asked(recording, "/message/mentions")
    subject = made("reddit")

    page = read(subject, recorded.answer(), first_request(subject))

    children = recorded.body["data"]["children"]
    assert len(page.mentions) == len(children) == 16
    for said, child in zip(page.mentions, children, strict=True):
        agree(said, child["data"], Kind.COMMENT)
        assert said.thread_id == said.parent_id == child["data"]["parent_id"]
        assert said.url == SITE + child["data"]["context"]


@pytest.mark.parametrize("recording", recordings("reddit", "*test_mentions.json"), ids=name_of)
def test_a_recorded_limit_names_seconds(recording: Path) -> None:
    [recorded] = asked(recording, "/message/mentions")
    subject = made("reddit")
    answer = Answer({"message": "Too Many Requests", "error": 429}, 429, headers=recorded.headers)

    refusal = subject.refused(response_to(first_request(subject), answer))

    assert recorded.headers["x-ratelimit-remaining"] == "9324.0"
    assert refusal is not None
    assert refusal.wait == timedelta(seconds=53)


@pytest.mark.parametrize("recording", recordings("reddit", "*test_search.json"), ids=name_of)
def test_a_recorded_search_of_2016_is_read_and_ends(recording: Path) -> None:
    [recorded] = asked(recording, "/search")
    subject = made("reddit")

    page = read(subject, recorded.answer(), first_request(subject))

    children = recorded.body["data"]["children"]
    assert len(page.mentions) == len(children) == 6
    for said, child in zip(page.mentions, children, strict=True):
        agree(said, child["data"], Kind.POST)
        assert isinstance(child["data"]["edited"], float) == (said.updated_at is not None)
    assert page.follow == ()


@pytest.mark.parametrize("recording", recordings("reddit", "*with_pause.json"), ids=name_of)
def test_recorded_comments_are_read_and_an_empty_answer_to_before_forgets_nothing(recording: Path) -> None:
    first, with_before, plain = asked(recording, "/r/kakapo/comments")
    subject = made("reddit", subreddits=["kakapo"])
    begins = Request(f"{API}/r/kakapo/comments", context={"list": "/r/kakapo/comments", "known": [], "seen": 0})

    page = read(subject, first.answer(), begins)

    for said, child in zip(page.mentions, first.body["data"]["children"], strict=True):
        agree(said, child["data"], Kind.COMMENT)
        assert (said.thread_id, said.parent_id) == (child["data"]["link_id"], child["data"]["parent_id"])
    assert page.bookmark is not None
    assert "before=" in with_before.url
    assert read(subject, with_before.answer(), begins) == Page()
    again = list(subject.start(Since(NOON, page.bookmark)))[-1]
    assert isinstance(again, Request)
    assert read(subject, plain.answer(), again).follow == ()


@pytest.mark.parametrize("recording", recordings("reddit", "*deleted_comment.json"), ids=name_of)
def test_a_recorded_comment_that_was_deleted_is_gone_and_its_thread_says_nothing_of_us(recording: Path) -> None:
    [info], [thread] = asked(recording, "/api/info"), asked(recording, "/comments/")
    subject = made("reddit")

    assert read(subject, info.answer(), INFO) == Page(gone=("t1_d7ltvl0",))
    assert read(subject, thread.answer(), THREAD) == Page()


@pytest.mark.parametrize("recording", recordings("reddit", "*test_comments.json"), ids=name_of)
def test_of_a_recorded_thread_every_comment_of_an_account_is_found(recording: Path) -> None:
    [thread] = asked(recording, "/comments/")
    authors = {child["author"] for child in nested(thread.body[1])}

    for author in authors - {"[deleted]"}:
        page = read(ours(author), thread.answer(), THREAD)
        expected = {child["name"] for child in nested(thread.body[1]) if child["author"] == author}
        assert {said.external_id for said in page.mentions} == expected
    assert len(authors) > 1


@pytest.mark.parametrize("recording", recordings("reddit", "*test_reply.json"), ids=name_of)
def test_a_recorded_answer_is_one_of_ours_and_asked_for_alike(recording: Path) -> None:
    [recorded] = asked(recording, "/api/comment")
    subject = made("reddit", password="made-up")

    reply = subject.replied(response_to(THREAD, recorded.answer()))

    assert reply.text == "Comment reply"
    assert reply.external_id == "t1_d1680wu"
    assert recorded.form == "api_type=json&thing_id=t1_d1616q2&text=Comment+reply"
    assert recorded.url.startswith(f"{API}/api/comment")
    assert "grant_type=password" in exchanges(recording)[0].form


@pytest.mark.parametrize("recording", recordings("reddit", "*unauthorized.json"), ids=name_of)
def test_a_recorded_refusal_ends_the_access(recording: Path) -> None:
    recorded = exchanges(recording)[-1]
    subject = made("reddit")

    refusal = subject.refused(response_to(first_request(subject), recorded.answer()))

    assert recorded.body == {"message": "Forbidden", "error": 403}
    assert refusal is not None
    assert refusal.outcome is Outcome.RECONNECT


def nested(listing: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the comments of a thread, those below others, too."""
    found: list[dict[str, Any]] = []
    for child in listing["data"]["children"]:
        if child["kind"] == "t1":
            found.append(child["data"])
            if child["data"]["replies"]:
                found += nested(child["data"]["replies"])
    return found


def ours(author: str) -> Connector[Any]:
    """Return a connector to which an account belongs."""
    kind = class_of("reddit")
    brand = Brand("acme", ("Acme",), own_accounts={"reddit": (author,)})
    return kind(made("reddit").config, (brand,))
