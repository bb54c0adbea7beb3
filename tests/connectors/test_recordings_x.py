"""Every recorded answer of X, read by its connector. All are from before the names changed, some without fields."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Kind, Request, Since
from monitor.text import parse_when
from tests.connectors.cases.x import API
from tests.connectors.kit import Answer, made, read
from tests.connectors.recordings import name_of, recordings, why_absent

HALF_A_CENT, CENT = 5_000, 10_000
NAMELESS = "X sends neither author nor time with its posts; it may have renamed them"


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


def bodies(recording: Path) -> list[dict[str, Any]]:
    """Return the answers in a recording: the bodies of a cassette are gzip in base64."""
    if recording.suffix == ".json":
        return [json.loads(recording.read_bytes())]
    packed = re.findall(r"!!binary \|\n((?:\s+[A-Za-z0-9+/=]+\n)+)", recording.read_text())
    return [json.loads(gzip.decompress(base64.b64decode("".join(part.split())))) for part in packed]


@pytest.mark.parametrize("recording", recordings("x", "*search*"), ids=name_of)
def test_every_recorded_find_is_read(recording: Path) -> None:
    [body] = bodies(recording)
    users = {user["id"]: user for user in body.get("includes", {}).get("users", [])}

    page = read(made("x"), Answer(body))

    assert len(page.mentions) == len(body["data"]) == body["meta"]["result_count"]
    assert page.cost == len(body["data"]) * HALF_A_CENT + len(users) * CENT
    assert page.bookmark == {"names": "tweet", "0": body["meta"]["newest_id"]}
    assert [request.params.get("pagination_token") for request in page.follow if isinstance(request, Request)] == [
        token for token in [body["meta"].get("next_token")] if token
    ]
    for mention, post in zip(page.mentions, body["data"], strict=True):
        assert mention.external_id == post["id"]
        words = post["text"]
        for link in post.get("entities", {}).get("urls", []):
            words = words.replace(link["url"], link["expanded_url"])
        assert mention.text == html.unescape(words)
        assert mention.published_at == parse_when(post.get("created_at"))
        assert mention.parent_id == post.get("referenced_tweets", [{"id": None}])[0]["id"]
        user = users.get(post.get("author_id", ""))
        assert (mention.author is None) == (user is None)
        if user and mention.author:
            assert mention.author.id == post["author_id"]
            assert mention.url == f"https://x.com/{user['username']}/status/{post['id']}"


@pytest.mark.parametrize("recording", recordings("x", "search_tweets_query.json"), ids=name_of)
def test_the_recorded_find_with_authors_has_no_problem(recording: Path) -> None:
    page = read(made("x"), Answer(*bodies(recording)))

    assert (len(page.mentions), page.problems) == (4, ())
    assert {mention.language for mention in page.mentions} == {"en", "und"}
    assert {mention.kind for mention in page.mentions} == {Kind.POST}, "the recording has no conversations"


@pytest.mark.parametrize("recording", recordings("x", "*mentions*"), ids=name_of)
def test_recorded_mentions_of_an_account_are_read_and_what_they_lack_is_said(recording: Path) -> None:
    subject = made("x", mentions_of="783214")
    [request] = subject.start(Since())

    page = read(subject, Answer(*bodies(recording)), request)

    assert (len(page.mentions), len(page.follow)) == (10, 1)
    assert [problem.what for problem in page.problems] == [NAMELESS]
    assert page.mentions[0].external_id == "1578516295611748353"


@pytest.mark.parametrize("recording", recordings("x", "*get_tweets*"), ids=name_of)
def test_a_recorded_look_up_shows_that_both_posts_stand(recording: Path) -> None:
    [body] = bodies(recording)
    these = {post["id"]: post["id"] for post in body["data"]}

    page = read(made("x"), Answer(body), Request(f"{API}/tweets", context={"these": these}))

    assert (page.gone, page.follow, page.cost) == ((), (), 2 * HALF_A_CENT)


@pytest.mark.parametrize("recording", recordings("x", "tweets_resp.json"), ids=name_of)
def test_a_recorded_look_up_with_authors_reads_as_posts(recording: Path) -> None:
    [body] = bodies(recording)

    page = read(made("x"), Answer(body), Request(f"{API}/tweets", context={"names": "tweet"}))

    assert [mention.author.name for mention in page.mentions if mention.author] == [
        f"{user['name']} (@{user['username']})" for user in body["includes"]["users"]
    ]
    assert page.problems == ()
