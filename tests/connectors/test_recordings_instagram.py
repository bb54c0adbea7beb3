"""Every recording of Instagram, read by its connector.

They are of 2020 and 2021 and were asked for fewer fields than today: comments came without names, posts under a
hashtag without words. The pushes had their names and numbers replaced, and name the account 0.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Page, Request, Since
from tests.connectors.cases.instagram import SECRET, edge, media
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent


@pytest.fixture
def instagram() -> Connector[Any]:
    return made("instagram", user="0", hashtags=["developers"])


def recorded(name: str) -> Any:
    return json.loads(bytes_of(name))


def bytes_of(name: str) -> bytes:
    [path] = recordings("instagram", name)
    if why := why_absent(path):
        pytest.skip(why)
    return path.read_bytes()


def moment(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)


def started(instagram: Connector[Any], name: str, since: Since | None = None) -> Request:
    """Return the request of a walk whose context names that list."""
    asked = (request for request in instagram.start(since or Since()) if isinstance(request, Request))
    return next(request for request in asked if request.context["list"] == name)


def told(instagram: Connector[Any], body: bytes) -> Page:
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return instagram.receive({"X-Hub-Signature-256": signature}, body)


def test_recorded_comments_and_their_next_page_are_read(instagram: Connector[Any]) -> None:
    body = recorded("comments_p1.json")

    page = read(instagram, Answer(edge({**media(1), "comments": body})))

    assert [(said.external_id, said.text, said.published_at) for said in page.mentions] == [
        (entry["id"], entry["text"], moment(entry["timestamp"])) for entry in body["data"]
    ]
    assert len(page.mentions) == 2
    [further] = page.follow
    assert isinstance(further, Request)
    assert further.url == "https://graph.facebook.com/v11.0/17846368219941692/comments"
    assert further.params == {"pretty": "0", "limit": "2", "after": "after"}


def test_a_recorded_reply_is_read_and_answers_whom_it_names_once_it_is_ours(instagram: Connector[Any]) -> None:
    body, comments = recorded("replies.json"), recorded("comments_p1.json")["data"]
    first = {**comments[0], "username": "lixiangguodu123", "replies": body}
    ours = {"data": [{**body["data"][0], "username": "acmecoffee"}]}

    whole = read(instagram, Answer(edge({**media(1), "comments": {"data": [first]}})))
    answered = read(instagram, Answer(edge({**media(1), "comments": {"data": [{**first, "replies": ours}]}})))

    assert [said.parent_id for said in whole.mentions] == ["1801", comments[0]["id"]]
    assert whole.mentions[1].text == body["data"][0]["text"]
    [said] = answered.mentions
    assert said.reply is not None
    assert said.reply.published_at == datetime(2020, 8, 7, 3, 30, 6, tzinfo=UTC)


def test_recorded_tags_are_read(instagram: Connector[Any]) -> None:
    body = recorded("tagged_medias.json")

    page = read(instagram, Answer(body), started(instagram, "tags"))

    assert [(said.external_id, said.url, said.published_at) for said in page.mentions] == [
        (entry["id"], entry["permalink"], moment(entry["timestamp"])) for entry in body["data"]
    ]
    assert [said.text for said in page.mentions] == [entry.get("caption", "") for entry in body["data"]]
    assert [said.audience.size for said in page.mentions if said.audience] == [
        entry["like_count"] for entry in body["data"]
    ]
    assert (len(page.mentions), {said.kind for said in page.mentions}) == (5, {Kind.POST})


def test_the_recorded_number_of_a_hashtag_and_its_posts_are_read(instagram: Connector[Any]) -> None:
    found = read(instagram, Answer(recorded("hashtag_search.json")), started(instagram, "search"))
    [recent] = found.follow
    assert isinstance(recent, Request)
    body = recorded("hashtag_recent_medias_p1.json")

    page = read(instagram, Answer(body), recent)

    assert found.bookmark == {"#developers": "17841562426109234"}
    assert [said.external_id for said in page.mentions] == [entry["id"] for entry in body["data"]]
    assert [said.audience.size for said in page.mentions if said.audience] == [804, 1430, 448, 502, 165]
    [further] = page.follow
    assert isinstance(further, Request)
    assert (further.params["after"], "access_token" in further.params) == ("after", False)


def test_recorded_mentions_are_read(instagram: Connector[Any]) -> None:
    [request] = told(instagram, bytes_of("wh-mentions.json")).follow
    assert isinstance(request, Request)
    post = Request("https://x", context={"one": "mentioned_media", "media": "17873440459141021"})

    [said] = read(instagram, Answer(recorded("mentioned_comment.json")), request).mentions
    [caption] = read(instagram, Answer(recorded("mentioned-media.json")), post).mentions

    assert "comment_id(17887498072083520)" in request.params["fields"]
    assert (said.external_id, said.text) == ("17967008497439572", "@ikroskun good")
    assert said.author is not None
    assert said.author.name == "ikroskun"
    assert said.published_at == datetime(2021, 8, 19, 9, 14, 16, tzinfo=UTC)
    assert (caption.external_id, caption.kind, caption.text) == (
        "17873440459141021", Kind.POST, "metricsaurus headquarters!"
    )  # fmt: skip


def test_a_recorded_push_of_a_comment_is_read(instagram: Connector[Any]) -> None:
    page = told(instagram, bytes_of("wh-comments-2021.json"))

    [said] = page.mentions
    assert (said.external_id, said.text, said.parent_id) == ("123456789", "This is an example.", "987654321")
    assert said.author is not None
    assert said.author.name == "testuser"
    assert len(page.follow) == 1


@pytest.mark.parametrize("recording", recordings("instagram", "*.json"), ids=name_of)
def test_no_recording_is_forgotten(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)

    assert recording.name in Path(__file__).read_text()
