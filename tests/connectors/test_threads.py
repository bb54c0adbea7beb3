"""What is special about Threads: replies with their place, a search that may be blind, a token that renews itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Mention, Outcome, ReplyState, Request, Since, Token
from monitor.errors import RefusedError
from monitor.exchange import Signed
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.threads import ACME, API, BELOW, ONE, POSTS, TOKEN, edge, ours, post, reply
from tests.connectors.kit import Answer, first_request, made, read, response_to
from tests.samples import MISSING, samples_folder


@pytest.fixture
def threads() -> Connector[Any]:
    return made("threads")


def known(item: dict[str, Any]) -> Mention:
    """Return a mention as it is stored."""
    [said] = read(made("threads"), Answer(edge(item))).mentions
    return normalise(said, connector="threads", brands=(ACME,), now=NOON)


def test_a_post_is_read_whole(threads: Connector[Any]) -> None:
    [said] = read(threads, Answer(edge(post()))).mentions

    assert (said.external_id, said.kind, said.thread_id, said.parent_id) == ("18011", Kind.POST, "18011", None)
    assert said.text == "Acme Coffee let me wait forty minutes. (11)"
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("nia", "nia")
    assert said.published_at == datetime(2026, 11, 24, 10, 11, tzinfo=UTC)
    assert said.url == said.answer_url == "https://www.threads.net/@nia/post/C11"
    assert said.audience is None


def test_a_photo_without_words_is_a_post(threads: Connector[Any]) -> None:
    [said] = read(threads, Answer(edge(post(text=None)))).mentions

    assert said.text == ""


def test_a_reply_answers_what_it_replies_to(threads: Connector[Any]) -> None:
    said, answer = read(threads, Answer(edge(reply(to="18001"), ours(to="18021"))), BELOW).mentions

    assert (said.kind, said.parent_id, said.thread_id, said.own) == (Kind.COMMENT, "18001", "18001", False)
    assert (answer.parent_id, answer.own) == ("18021", True)


def test_below_a_post_of_others_only_our_own_words_count(threads: Connector[Any]) -> None:
    page = read(threads, Answer(edge(reply(), ours())), ONE)

    assert [(said.external_id, said.own) for said in page.mentions] == [("18031", True)]


def test_only_posts_with_replies_are_asked_for_them(threads: Connector[Any]) -> None:
    page = read(threads, Answer(edge(post(1, has_replies=True), post(2))), POSTS)

    assert page.mentions == ()
    assert [request.url for request in page.follow if isinstance(request, Request)] == [f"{API}/18001/conversation"]


def test_replies_are_read_back_to_the_last_look(threads: Connector[Any]) -> None:
    until = int(datetime(2026, 11, 24, 10, 15, tzinfo=UTC).timestamp())
    since = Request(BELOW.url, BELOW.params, context={"until": until})

    reached = read(threads, Answer(edge(reply(22), reply(14), after="a")), since)
    further = read(threads, Answer(edge(reply(22), reply(21), after="a")), since)

    assert (reached.follow, len(further.follow)) == ((), 1)


def test_lists_are_asked_for_what_is_new_and_a_search_only_when_it_is_approved() -> None:
    mentions, posts, search = list(made("threads", search=True).start(Since(NOON)))

    assert isinstance(mentions, Request)
    assert isinstance(posts, Request)
    assert isinstance(search, Request)
    assert (mentions.url, mentions.params["since"]) == (f"{API}/me/mentions", int(NOON.timestamp()))
    assert (posts.url, posts.params["limit"]) == (f"{API}/me/threads", 25)
    assert (search.url, search.params["q"], search.params["search_type"]) == (
        f"{API}/keyword_search", "Acme Coffee", "RECENT",
    )  # fmt: skip
    assert len(list(made("threads").start(Since()))) == 2
    assert "since" not in first_request(made("threads")).params


def test_an_answer_is_published_at_once_and_waits_to_be_seen(threads: Connector[Any]) -> None:
    request = threads.reply(known(post()), "We are sorry.")
    said = threads.replied(response_to(request, Answer({"id": "17900"})))

    assert (request.method, request.url) == ("POST", f"{API}/me/threads")
    assert request.params == {
        "media_type": "TEXT", "text": "We are sorry.", "reply_to_id": "18011", "auto_publish_text": "true",
    }  # fmt: skip
    assert (said.text, said.state) == ("We are sorry.", ReplyState.PENDING)


@pytest.mark.parametrize(
    ("request_", "code", "outcome"),
    [
        (POSTS, 190, Outcome.RECONNECT),
        (POSTS, 10, Outcome.RECONNECT),
        (POSTS, 4, Outcome.THROTTLED),
        (ONE, 10, Outcome.NOTHING),
    ],
)
def test_errors_are_those_of_the_graph(threads: Connector[Any], request_: Request, code: int, outcome: Outcome) -> None:
    refusal = threads.refused(response_to(request_, Answer({"error": {"code": code, "message": "no"}}, 400)))

    assert refusal is not None
    assert refusal.outcome == outcome


# --- the token -----------------------------------------------------------------------------------


def test_the_configured_token_begins_and_is_renewed_after_a_day(threads: Connector[Any]) -> None:
    auth = threads.auth()
    assert auth is not None

    first = auth.renew(None, NOON)
    assert isinstance(first, Token)
    soon, later = (auth.renew(first, NOON + timedelta(hours=hours)) for hours in (23, 25))

    assert (first.access, soon) == (TOKEN, None)
    assert isinstance(later, Signed)
    assert later.request.url == "https://graph.threads.net/refresh_access_token"
    assert (later.request.params, later.params) == ({"grant_type": "th_refresh_token"}, {"access_token": TOKEN})


def test_a_renewed_token_is_renewed_after_a_week_until_another_is_configured(threads: Connector[Any]) -> None:
    auth, other = threads.auth(), made("threads", token="THAAanother").auth()
    assert auth is not None
    assert other is not None
    first = auth.renew(None, NOON)
    assert isinstance(first, Token)
    answer = response_to(POSTS, Answer({"access_token": "THAAnewer", "token_type": "bearer", "expires_in": 5184000}))
    newer = auth.read(answer, NOON).after(first)
    another = other.renew(newer, NOON)

    assert newer.access == "THAAnewer"
    assert auth.renew(newer, NOON + timedelta(days=6)) is None
    assert isinstance(auth.renew(newer, NOON + timedelta(days=8)), Signed)
    assert isinstance(another, Token)
    assert another.access == "THAAanother"


def test_a_token_that_nobody_renewed_in_time_has_ended(threads: Connector[Any]) -> None:
    auth = threads.auth()
    assert auth is not None

    with pytest.raises(RefusedError) as caught:
        auth.read(response_to(POSTS, Answer({"error": {"code": 190}}, 400)), NOON)

    assert caught.value.code == "reconnect"


# --- against the official requests ---------------------------------------------------------------


def official() -> dict[str, tuple[str, set[str]]]:
    """Return Meta's own requests: method and names of parameters, by path."""
    folder = samples_folder()
    found = sorted((folder / "threads").glob("*.json")) if folder else []
    if not found:
        pytest.skip(MISSING)
    known: dict[str, tuple[str, set[str]]] = {}

    def walk(items: list[dict[str, Any]]) -> None:
        for item in items:
            walk(item.get("item", []))
            if "request" in item:
                url, method = item["request"]["url"], item["request"]["method"]
                path = re.sub(r"\{\{\w+\}\}", "*", "/".join(url["path"]))
                names = {one["key"] for one in url.get("query", [])}
                key = f"{method} {path}"
                known[key] = (method, names | known.get(key, ("", set()))[1])

    collection = json.loads(found[0].read_bytes())
    walk(collection["item"])
    fields = {one["key"]: set(re.sub(r"\{.*?\}", "", one["value"]).split(",")) for one in collection["variable"]}
    known["fields"] = ("", fields["fields_threads"] | fields["fields_replies"])
    return known


def test_every_request_is_one_of_the_official_ones(threads: Connector[Any]) -> None:
    known_ = official()
    auth = threads.auth()
    assert auth is not None
    renewal = auth.renew(Token(TOKEN, TOKEN, NOON), NOON)
    assert isinstance(renewal, Signed)
    asked = [*made("threads", search=True).start(Since(NOON)), *threads.recheck([known(post())]), renewal.request]

    for request in [*asked, threads.reply(known(post()), "Sorry.")]:
        assert isinstance(request, Request)
        path = re.sub(r"^18\d+", "*", re.sub(r"^https://graph\.threads\.net/(v1\.0/)?", "", request.url))
        names = known_[f"{request.method} {path}"][1]
        assert set(request.params) - {"fields"} <= names, path
        assert set(str(request.params.get("fields", "id")).split(",")) <= known_["fields"][1]
