"""Every recorded answer of YouTube (2019), read by its connector, and Google's description of the interface.

The description is part of the package google-api-python-client; where that is not installed, its tests are skipped.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Kind, Outcome, Request, Since
from tests.connectors.cases.youtube import API, VIDEO, hit, page, reply, thread, video
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent, words
from tests.connectors.test_youtube import known

CHANNEL, SEARCH = made("youtube"), made("youtube", channels=[], terms=["surfing"])


def recorded(pattern: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recording", recordings("youtube", pattern), ids=name_of)


def there(recording: Path) -> dict[str, Any]:
    """Return what a recording holds."""
    if why := why_absent(recording):
        pytest.skip(why)
    found: dict[str, Any] = json.loads(recording.read_bytes())
    return found


@recorded("comment_threads_*.json")
def test_the_recorded_threads_are_read(recording: Path) -> None:
    body = there(recording)

    found = read(CHANNEL, Answer(body))

    assert len(found.mentions) == len(body["items"]) in (1, 5)
    assert found.problems == ()
    for told, item in zip(found.mentions, body["items"], strict=True):
        top = item["snippet"]["topLevelComment"]
        assert (told.external_id, told.thread_id, told.parent_id) == (top["id"], item["id"], None)
        assert told.author is not None
        assert told.author.name == top["snippet"]["authorDisplayName"]
        assert told.author.id == top["snippet"]["authorChannelId"]["value"]
        assert told.published_at == datetime.fromisoformat(top["snippet"]["publishedAt"])
        # Recorded in the form with markup, which is not the one that is asked for.
        assert words(told.text) == top["snippet"]["textOriginal"].split()
        video_id = top["snippet"].get("videoId")
        assert told.url == (f"https://www.youtube.com/watch?v={video_id}&lc={top['id']}" if video_id else None)
    more = [request.params for request in found.follow if isinstance(request, Request)]
    unshown = [item["id"] for item in body["items"] if item["snippet"]["totalReplyCount"]]
    assert [params["parentId"] for params in more if "parentId" in params] == unshown
    assert [params["pageToken"] for params in more if "parentId" not in params] == list(
        filter(None, [body.get("nextPageToken")])
    )


@recorded("comments_by_parent_*.json")
def test_the_recorded_replies_are_read(recording: Path) -> None:
    body = there(recording)
    parent = body["items"][0]["snippet"]["parentId"]
    *_, request = made("youtube").recheck(
        [known(parent, url=f"https://www.youtube.com/watch?v={VIDEO}&lc=x", thread_id=parent)]
    )
    assert isinstance(request, Request)

    found = read(CHANNEL, Answer(body), request)

    assert request.params["parentId"] == parent
    assert [one.external_id for one in found.mentions] == [item["id"] for item in body["items"]]
    assert [one.text for one in found.mentions] == ["this is the third reply!", "this is the second reply!"]
    assert {(one.parent_id, one.thread_id) for one in found.mentions} == {(parent, parent)}
    assert all(one.url and one.url.startswith(f"https://www.youtube.com/watch?v={VIDEO}&lc=") for one in found.mentions)
    assert len(found.follow) == 1


@recorded("search_by_keywords_*.json")
def test_every_recorded_find_is_asked_for(recording: Path) -> None:
    body = there(recording)

    [asked] = read(SEARCH, Answer(body), first_request(SEARCH)).follow

    assert isinstance(asked, Request)
    assert asked.params["id"].split(",") == [item["id"]["videoId"] for item in body["items"]]
    assert len(body["items"]) == 25


@recorded("error_response.json")
def test_the_recorded_refusal_is_that_of_a_wrong_key(recording: Path) -> None:
    body = there(recording)

    refusal = CHANNEL.refused(response_to(first_request(CHANNEL), Answer(body, 400)))

    assert refusal is not None
    assert (refusal.outcome, "keyInvalid" in refusal.why) == (Outcome.RECONNECT, True)


# --- Google's description ------------------------------------------------------------------------


@cache
def description() -> dict[str, Any]:
    """Return the discovery document; skips where it is not installed."""
    spec = find_spec("googleapiclient")
    if spec is None or spec.origin is None:
        pytest.skip("Google's description is not here: install google-api-python-client to check against it")
    path = Path(spec.origin).parent / "discovery_cache" / "documents" / "youtube.v3.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def asked() -> list[Request]:
    """Return one request of every kind."""
    chosen = made("youtube", channels=[], videos=[VIDEO])
    ways = [*CHANNEL.start(Since()), *chosen.start(Since()), *SEARCH.start(Since())]
    found = [request for request in ways if isinstance(request, Request)]
    finds = read(SEARCH, Answer(page(hit())), first_request(SEARCH)).follow
    surfing = video(snippet={**video()["snippet"], "title": "Surfing"})
    more = [*finds, *read(SEARCH, Answer(page(surfing)), finds[0]).follow]  # type: ignore[arg-type]  # no mailbox here
    rest = [*more, *read(CHANNEL, Answer(page(thread(count=7), token="P2"))).follow]
    rest += CHANNEL.recheck([known("Ug1", thread_id="Ug1"), known(VIDEO, Kind.POST)])
    return found + [request for request in rest if isinstance(request, Request)]


def test_every_request_is_in_the_description_with_each_of_its_parameters() -> None:
    methods = description()["resources"]
    names = set()

    for request in asked():
        name = request.url.removeprefix(f"{API}/")
        method = methods[name]["methods"]["list"]
        names.add(name)
        assert (method["path"], method["httpMethod"]) == (f"youtube/v3/{name}", request.method)
        assert description()["rootUrl"] + method["path"] == request.url
        for key, value in request.params.items():
            known_as = method["parameters"][key]
            assert "enum" not in known_as or value in known_as["enum"]
            assert "maximum" not in known_as or int(value) <= int(known_as["maximum"])

    assert names == {"commentThreads", "comments", "search", "videos"}


def unknown(value: Any, schema: str) -> list[str]:
    """Return the keys of a value that the description does not know."""
    properties = description()["schemas"][schema]["properties"]
    faults = [f"{schema}.{key}" for key in value if key not in properties]
    for key in value.keys() & properties.keys():
        inner = properties[key].get("$ref") or properties[key].get("items", {}).get("$ref")
        inside = value[key] if isinstance(value[key], list) else [value[key]]
        faults += [fault for one in inside if inner and isinstance(one, dict) for fault in unknown(one, inner)]
    return faults


@pytest.mark.parametrize(
    ("answer", "schema"),
    [
        (page(thread(1, reply(2)), token="x"), "CommentThreadListResponse"),
        (page(reply(2), token="x"), "CommentListResponse"),
        (page(video()), "VideoListResponse"),
        (page(hit()), "SearchListResponse"),
    ],
    ids=["threads", "comments", "videos", "search"],
)
def test_what_the_tests_of_this_connector_make_up_has_the_shape_of_the_description(
    answer: dict[str, Any], schema: str
) -> None:
    assert unknown(answer, schema) == []
    assert unknown({**answer, "mood": 1}, schema) == [f"{schema}.mood"]
