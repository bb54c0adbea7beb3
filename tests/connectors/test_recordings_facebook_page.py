"""Every recording of Facebook Pages, read by their connector.

The answers were recorded in 2021 with fewer fields than are asked for today: the comments of a list came without
their ids and without authors, which are put in from their links here. Pushes were recorded with names and ids that
their author replaced. What a Page shows of hidden comments, tags and answers is in no recording.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Outcome, Page, Request, Since, SiteTotal
from tests.connectors.cases.facebook_page import PAGE, SECRET
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent

PUSHED_PAGE = "1234567890321"


@pytest.fixture
def facebook() -> Connector[Any]:
    return made("facebook_page", page=PUSHED_PAGE)


def recorded(name: str, folder: str = "facebook") -> Any:
    [path] = recordings(folder, name)
    if why := why_absent(path):
        pytest.skip(why)
    return json.loads(path.read_bytes())


def commented() -> dict[str, Any]:
    """Return the recorded list of comments, each with the id that its link names."""
    body: dict[str, Any] = recorded("comments_p1.json")
    for entry in body["data"]:
        post, first, below = ids_in(entry["permalink_url"])
        entry["id"] = f"{post}_{below or first}"
        if below:
            entry["parent"] = {"id": f"{post}_{first}"}
    return body


def ids_in(link: str) -> tuple[str, ...]:
    found = re.search(r"/posts/(\d+)/\?comment_id=(\d+)(?:&reply_comment_id=(\d+))?", link)
    assert found is not None
    return found.groups(default="")


def moment(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)


def more_comments(facebook: Connector[Any]) -> Request:
    asked = {"list": "comments", "thread": "19292868552_10158407654328553", "late": None}
    return Request("https://graph.facebook.com/v25.0/19292868552_10158407654328553/comments", context=asked)


def test_every_recorded_comment_of_a_list_is_read(facebook: Connector[Any]) -> None:
    body = commented()

    page = read(facebook, Answer(body), more_comments(facebook))

    assert len(page.mentions) == len(body["data"]) == 10
    assert page.problems == ()
    for said, entry in zip(page.mentions, body["data"], strict=True):
        assert said.text == entry["message"]
        assert said.published_at == moment(entry["created_time"])
        assert said.url == entry["permalink_url"]
        assert (said.rating, said.kind) == (None, Kind.COMMENT)
        assert said.audience is not None
        assert said.audience.size == entry["like_count"]
    assert [bool(ids_in(said.url or "")[2]) for said in page.mentions].count(True) == 4
    assert [said.parent_id == "19292868552_10158407654328553" for said in page.mentions].count(False) == 4


def test_answers_among_the_recorded_comments_are_found_once_their_author_is_known() -> None:
    facebook, body = made("facebook_page", page="19292868552"), commented()
    for entry in body["data"]:
        if entry["message"].startswith(("Hi, please access", "Hi, you can learn", "Hi, check out")):
            entry["from"] = {"id": "19292868552", "name": "Facebook for Developers"}

    page = read(facebook, Answer(body), more_comments(facebook))

    answered = {said.external_id.partition("_")[2]: said.reply.text[:20] for said in page.mentions if said.reply}
    assert answered == {
        "10158407835073553": "Hi, you can learn mo",
        "10158407903973553": "Hi, please access th",
        "10158410332078553": "Hi, check out the Fa",
    }


def test_the_recorded_next_page_is_asked_for_without_its_token(facebook: Connector[Any]) -> None:
    [further] = read(facebook, Answer(commented()), more_comments(facebook)).follow

    assert isinstance(further, Request)
    assert further.url == "https://graph.facebook.com/v11.0/19292868552_10158407654328553/comments"
    assert further.params["after"] == "after"
    assert "access_token" not in json.dumps(further.as_json())


def test_every_recorded_post_of_a_feed_is_read(facebook: Connector[Any]) -> None:
    body = recorded("feed_fields_p1.json")

    page = read(facebook, Answer(body))

    assert [(said.external_id, said.text) for said in page.mentions] == [
        (entry["id"], entry["message"]) for entry in body["data"]
    ]
    assert [said.published_at for said in page.mentions] == [moment(entry["created_time"]) for entry in body["data"]]
    assert len(page.mentions) == 5
    [further] = page.follow
    assert isinstance(further, Request)
    assert further.params["until"] == "1624385168"
    assert "access_token" not in json.dumps(further.as_json())


def test_single_things_are_read(facebook: Connector[Any]) -> None:
    post, said = recorded("single_post_data_fields.json"), recorded("comment_info.json")

    [a_post] = read(facebook, Answer(post), Request("https://x", context={"one": post["id"]})).mentions
    [a_comment] = read(facebook, Answer(said), Request("https://x", context={"one": "19292868552_1"})).mentions

    assert (a_post.kind, a_post.text, a_post.published_at) == (
        Kind.POST, post["message"], datetime(2019, 8, 12, 3, 45, 11, tzinfo=UTC)
    )  # fmt: skip
    assert (a_comment.kind, a_comment.text, a_comment.parent_id) == (Kind.COMMENT, said["message"], "19292868552_1")
    assert a_comment.published_at == datetime(2021, 7, 21, 21, 5, 14, tzinfo=UTC)


def test_the_recorded_error_is_one(facebook: Connector[Any]) -> None:
    refusal = facebook.refused(response_to(first_request(facebook), Answer(recorded("error.json"), 400)))

    assert refusal is not None
    assert (refusal.outcome, refusal.why) == (Outcome.FAILED, "Facebook answered with error 100")


@pytest.mark.parametrize("body, count", [("v3_2_page-with-ratings.json", SiteTotal(2, 2.5))])
def test_the_recorded_stars_of_a_page_are_read(facebook: Connector[Any], body: str, count: SiteTotal) -> None:
    stars = list(facebook.start(Since()))[-1]

    assert read(facebook, Answer(recorded(body, "facebook_page")), stars).totals == (count,)


# --- what was pushed -----------------------------------------------------------------------------


def told(facebook: Connector[Any], body: bytes) -> Page:
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return facebook.receive({"X-Hub-Signature-256": signature}, body)


def push(name: str) -> bytes:
    [path] = recordings("facebook", name)
    if why := why_absent(path):
        pytest.skip(why)
    return path.read_bytes()


def test_a_recorded_push_of_a_visitors_post_is_read(facebook: Connector[Any]) -> None:
    [said] = told(facebook, push("webhook_feed-post-add-25.json")).mentions

    assert (said.external_id, said.text) == ("1234567890321_7293787835232", "Let's check this")
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("John Doe", "8423678347823")
    assert (said.kind, said.published_at) == (Kind.POST, None)


def test_a_recorded_push_of_a_mention_is_read(facebook: Connector[Any]) -> None:
    [said] = told(facebook, push("webhook_mention-comment-add.json")).mentions

    assert (said.external_id, said.text) == ("7363534231324_3754798971271444", "Just a test message")
    assert said.published_at == datetime.fromtimestamp(1614340862, UTC)


@pytest.mark.parametrize("name", ["webhook_feed-comment-add-211.json", "webhook_feed-comment-edited-25.json"])
def test_recorded_pushes_of_what_the_page_said_lead_to_what_it_answers(facebook: Connector[Any], name: str) -> None:
    page = told(facebook, push(name))

    [request] = page.follow
    assert page.mentions == ()
    assert isinstance(request, Request)
    assert request.url.endswith(json.loads(push(name))["entry"][0]["changes"][0]["value"]["parent_id"])


@pytest.mark.parametrize("name", ["webhook_feed-comment-add-211.json", "webhook_feed-comment-edited-25.json"])
def test_recorded_pushes_of_comments_of_others_are_read(name: str) -> None:
    body = push(name).replace(b'"id": "1234567890321",\n              "name"', b'"id": "77",\n              "name"')
    body = body.replace(b'"sender_id": 1234567890321', b'"sender_id": 77')

    [said] = told(made("facebook_page", page=PUSHED_PAGE), body).mentions

    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Tester", "77")
    assert said.published_at is not None


def test_a_recorded_removal_is_gone(facebook: Connector[Any]) -> None:
    assert told(facebook, push("webhook_feed-comment-remove-25.json")).gone == ("905578656204626_905579239537901",)


def test_recorded_recommendations_are_left_alone(facebook: Connector[Any]) -> None:
    bodies = [push("webhook_ratings-comment-add-25.json")]
    bodies += [path.read_bytes() for path in recordings("facebook_page", "webhooks_*.json")]

    assert [told(facebook, body) for body in bodies] == [Page()] * 4


def test_pushes_of_another_page_are_left_alone() -> None:
    assert told(made("facebook_page", page=PAGE), push("webhook_feed-post-add-25.json")) == Page()


@pytest.mark.parametrize("recording", recordings("facebook", "*.json"), ids=name_of)
def test_no_recording_is_forgotten(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)

    assert recording.name in Path(__file__).read_text()
