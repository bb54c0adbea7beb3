"""Every recorded answer of Mastodon 4.6.4, read by its connector."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor.connector import Audience, Connector, Kind, Page, RawMention, Request, Since
from monitor.text import from_html
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, squeezed, why_absent, words

RECORDED = "http://localhost:3000"
SERVER = "https://localhost:3000"


class Exchange(NamedTuple):
    """One request and its answer, as they were recorded."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: Any

    def answer(self) -> Answer:
        return Answer(self.body, self.status, headers=self.headers)


@pytest.fixture(autouse=True)
def _recording_is_there(request: pytest.FixtureRequest) -> None:
    if "recording" in request.fixturenames and (why := why_absent(request.getfixturevalue("recording"))):
        pytest.skip(why)


@pytest.fixture
def mastodon() -> Connector[Any]:
    return made("mastodon", url=SERVER, tags=["hoot"])


def exchanges(path: Path) -> list[Exchange]:
    """Return what was recorded in one file."""
    yaml = pytest.importorskip("yaml", reason="the recordings of Mastodon are YAML, and nothing here reads it")
    found = []
    for one in yaml.safe_load(path.read_text())["interactions"]:
        request, response = one["request"], one["response"]
        headers = {name: values[0] for name, values in response["headers"].items()}
        body = json.loads(response["body"]["string"] or "null")
        address = request["uri"].removeprefix(RECORDED)
        found.append(Exchange(request["method"], address, response["status"]["code"], headers, body))
    return found


def agree(said: RawMention, post: dict[str, Any]) -> None:
    """Check that what was read is what a recording holds."""
    assert said.external_id == post["id"]
    assert said.kind is Kind.POST
    assert squeezed(from_html(said.text)) == squeezed(" ".join(words(post["content"])))
    assert said.title is None
    assert said.published_at == datetime.fromisoformat(post["created_at"]).replace(microsecond=0)
    edited = post["edited_at"]
    assert said.updated_at == (datetime.fromisoformat(edited).replace(microsecond=0) if edited else None)
    assert said.author is not None
    assert said.author.id == f"{post['account']['username']}@localhost:3000"
    assert said.audience == Audience(post["account"]["followers_count"], "followers")
    assert said.same_as == post["uri"]
    assert said.url == post["url"]
    assert said.language == post["language"]


def request_for(mastodon: Connector[Any], path: str) -> Request:
    """Return the request of ours that asks for what was recorded."""
    wanted = path.partition("?")[0].rstrip("/")
    asked = [request for request in mastodon.start(Since()) if isinstance(request, Request)]
    return next((one for one in asked if one.url.removeprefix(SERVER) == wanted), asked[0])


@pytest.mark.parametrize("recording", recordings("mastodon", "*.yaml"), ids=name_of)
def test_every_recorded_post_is_read(mastodon: Connector[Any], recording: Path) -> None:
    alone = Request(f"{SERVER}/api/v1/statuses/1", context={"post": True}, about=("1",))
    count = 0
    for one in exchanges(recording):
        posts = one.body if isinstance(one.body, list) else [one.body]
        for post in posts:
            if {"content", "uri"} <= post.keys():  # a list of posts, or a post; one just deleted has no content
                [said] = read(mastodon, Answer(post), alone).mentions
                agree(said, post)
                count += 1

    expected = {"hashtag": 2, "notifications": 1, "search": 0, "edit": 3, "missing": 0, "pagination": 15}
    [known] = [number for name, number in expected.items() if name in recording.name]
    assert count == known


@pytest.mark.parametrize("recording", recordings("mastodon", "test_hashtag_tl.yaml"), ids=name_of)
def test_a_recorded_tag_is_read_and_the_server_shows_it_to_everybody(mastodon: Connector[Any], recording: Path) -> None:
    found = {one.path.partition("?")[0].rstrip("/"): one for one in exchanges(recording) if one.method == "GET"}
    tag, instance = found["/api/v1/timelines/tag/hoot"], found["/api/v2/instance"]

    page = read(mastodon, tag.answer(), request_for(mastodon, tag.path))

    [said] = page.mentions
    agree(said, tag.body[0])
    assert page.bookmark == {"tag:hoot": tag.body[0]["id"]}
    assert instance.body["configuration"]["timelines_access"]["hashtag_feeds"] == {
        "local": "public",
        "remote": "public",
    }
    assert read(mastodon, instance.answer(), request_for(mastodon, instance.path)) == Page()


@pytest.mark.parametrize("recording", recordings("mastodon", "test_notifications*.yaml"), ids=name_of)
def test_a_recorded_mention_is_read_and_leads_on(mastodon: Connector[Any], recording: Path) -> None:
    [recorded] = [one for one in exchanges(recording) if one.path.startswith("/api/v1/notifications?")]
    ours = request_for(mastodon, recorded.path)

    page = read(mastodon, recorded.answer(), ours)

    [said] = page.mentions
    agree(said, recorded.body[0]["status"])
    assert page.bookmark == {"mentions": "21"}
    [further] = page.follow
    assert isinstance(further, Request)
    assert "max_id=21&types%5B%5D=mention" in recorded.headers["link"]  # as the server itself leads on
    assert (further.params["max_id"], further.params["types[]"]) == ("21", ["mention"])


@pytest.mark.parametrize("recording", recordings("mastodon", "test_status_missing.yaml"), ids=name_of)
def test_a_recorded_post_that_is_not_there_is_gone(mastodon: Connector[Any], recording: Path) -> None:
    [recorded] = exchanges(recording)
    asked = Request(f"{SERVER}/api/v1/statuses/0", context={"post": True}, about=("0",))

    assert read(mastodon, recorded.answer(), asked) == Page(gone=("0",))


@pytest.mark.parametrize("recording", recordings("mastodon", "test_search.yaml"), ids=name_of)
def test_a_recorded_search_for_posts_found_none(mastodon: Connector[Any], recording: Path) -> None:
    subject = made("mastodon", url=SERVER, search=True)
    recorded = [one for one in exchanges(recording) if "type=statuses" in one.path]

    assert recorded
    for one in recorded:
        assert read(subject, one.answer(), request_for(subject, "/api/v2/search")) == Page()


@pytest.mark.parametrize("recording", recordings("mastodon", "test_get_pagination_info.yaml"), ids=name_of)
def test_recorded_ids_hold_the_time_of_their_posts(recording: Path) -> None:
    posts = [one.body for one in exchanges(recording) if one.method == "POST"]

    assert len(posts) == 10
    for post in posts:
        held = datetime.fromtimestamp(
            (int(post["id"]) >> 16) / 1000, tz=datetime.fromisoformat(post["created_at"]).tzinfo
        )
        assert abs(held - datetime.fromisoformat(post["created_at"])) < timedelta(seconds=1)


@pytest.mark.parametrize("recording", recordings("mastodon", "*.yaml"), ids=name_of)
def test_every_recorded_limit_is_lifted_at_a_time_of_day(recording: Path) -> None:
    for one in exchanges(recording):
        assert datetime.fromisoformat(one.headers["x-ratelimit-reset"]).tzinfo is not None
