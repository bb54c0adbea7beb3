"""What is special about Bluesky: bytes instead of letters, times that people claim, errors by name, posts that miss."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
    Token,
    UsageError,
)
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.bluesky import (
    ACME,
    BO,
    GOOD,
    NIA,
    PASSWORD,
    US,
    XRPC,
    answers,
    ask_thread,
    found,
    person,
    post,
    ref,
    thread,
    uri,
)
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to
from tests.samples import MISSING, samples_folder


@pytest.fixture
def bluesky() -> Connector[Any]:
    return made("bluesky")


def subject_of(*brands: Brand, **options: Any) -> Connector[Any]:
    kind = class_of("bluesky")
    return kind(kind.Config(handle="acme.bsky.social", app_password=PASSWORD, **options), brands)


def asked(requests: Any) -> list[Request]:
    return list(requests)


def one(subject: Connector[Any], record: Any = None, **changes: Any) -> Any:
    [mention] = read(subject, Answer(found(post(2, record, **changes)))).mentions
    return mention


def known(number: int) -> Mention:
    """Return a mention as it is stored."""
    [raw] = read(made("bluesky"), Answer(found(post(number)))).mentions
    return normalise(raw, connector="bluesky", brands=(ACME,), now=NOON)


def refusal(subject: Connector[Any], name: str, status: int = 400, to: Request | None = None, **headers: str) -> Any:
    answer = Answer({"error": name, "message": "words"}, status, headers=headers)
    return subject.refused(response_to(to or first_request(subject), answer))


# --- reading -------------------------------------------------------------------------------------


def test_a_post_is_read_whole(bluesky: Connector[Any]) -> None:
    mention = one(bluesky)

    assert mention.external_id == mention.thread_id == mention.same_as == uri(2)
    assert mention.url == mention.answer_url == "https://bsky.app/profile/nia.example/post/3k2"
    assert (mention.author.name, mention.author.id) == ("Nia N. (@nia.example)", NIA)
    assert mention.audience == Audience(3, "likes")
    assert (mention.language, mention.kind, mention.parent_id) == ("en", Kind.POST, None)


def test_an_answer_names_what_it_answers_and_its_thread(bluesky: Connector[Any]) -> None:
    mention = one(bluesky, answers(1, root=0))

    assert (mention.kind, mention.parent_id, mention.thread_id) == (Kind.COMMENT, uri(1), uri(0))


@pytest.mark.parametrize("embed", [{"record": ref(1)}, {"record": {"record": ref(1)}, "media": {}}])
def test_a_quote_leads_to_what_it_quotes(bluesky: Connector[Any], embed: Any) -> None:
    mention = one(bluesky, {"embed": embed})

    assert (mention.kind, mention.parent_id, mention.thread_id) == (Kind.POST, uri(1), uri(2))


def test_a_list_that_is_shown_in_a_post_is_no_post(bluesky: Connector[Any]) -> None:
    other = {"uri": f"at://{BO}/app.bsky.graph.list/3k1", "cid": "c"}

    assert one(bluesky, {"embed": {"record": other}}).parent_id is None


@pytest.mark.parametrize(
    "claimed, indexed, published",
    [
        ("2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", 9),
        ("2031-01-01T00:00:00Z", "2026-11-24T10:00:00Z", 10),
        ("soon", "2026-11-24T10:00:00Z", 10),
        (..., "2026-11-24T10:00:00Z", 10),
    ],
)
def test_a_post_is_as_old_as_it_claims_but_never_newer_than_it_was_seen(
    bluesky: Connector[Any], claimed: Any, indexed: str, published: int
) -> None:
    mention = one(bluesky, {"createdAt": claimed}, indexedAt=indexed)

    assert mention.published_at == datetime(2026, 11, 24, published, tzinfo=UTC)


def test_a_link_stands_where_its_bytes_are_although_letters_before_it_are_long(bluesky: Connector[Any]) -> None:
    text = "☕️ café: acme.exam… and ☕ b.exam…!"
    links = [("acme.exam…", "https://acme.example/menu"), ("b.exam…", "https://b.example/")]
    facets = [
        {
            "index": {"byteStart": len(text[: text.index(shown)].encode()), "byteEnd": len(before(text, shown))},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": address}],
        }
        for shown, address in links
    ]

    assert one(bluesky, {"text": text, "facets": facets}).text == (
        "☕️ café: https://acme.example/menu and ☕ https://b.example/!"
    )


def before(text: str, shown: str) -> bytes:
    return text[: text.index(shown) + len(shown)].encode()


@pytest.mark.parametrize("start, stop", [(-1, 3), (5, 2), (0, 999), (999, 1000)])
def test_a_link_outside_of_the_text_leaves_the_text_alone(bluesky: Connector[Any], start: int, stop: int) -> None:
    facet = {"index": {"byteStart": start, "byteEnd": stop}, "features": [{"uri": "https://a.example/"}]}

    assert one(bluesky, {"text": "Acme Coffee", "facets": [facet]}).text == "Acme Coffee"


def test_links_that_lie_over_each_other_do_not_tear_the_text(bluesky: Connector[Any]) -> None:
    facets = [
        {"index": {"byteStart": start, "byteEnd": stop}, "features": [{"uri": "https://a.example/"}]}
        for start, stop in ((0, 8), (5, 11))
    ]

    assert one(bluesky, {"text": "Acme Coffee", "facets": facets}).text == "Acme https://a.example/"


def test_a_mention_in_a_text_is_no_link(bluesky: Connector[Any]) -> None:
    facet = {"index": {"byteStart": 0, "byteEnd": 4}, "features": [{"did": US}]}

    assert one(bluesky, {"text": "Acme Coffee", "facets": [facet]}).text == "Acme Coffee"


@pytest.mark.parametrize(
    "address, ending", [("https://acme.example/x", "\nhttps://acme.example/x"), ("javascript:x", "")]
)
def test_a_card_below_the_text_shows_where_it_leads(bluesky: Connector[Any], address: str, ending: str) -> None:
    embed = {"external": {"uri": address, "title": "x", "description": "y"}}

    assert one(bluesky, {"text": "look", "embed": embed}).text == f"look{ending}"


def test_an_account_without_a_valid_name_is_linked_by_its_id(bluesky: Connector[Any]) -> None:
    mention = one(bluesky, author=person(handle="handle.invalid", displayName=""))

    assert mention.url == f"https://bsky.app/profile/{NIA}/post/3k2"
    assert mention.author.name == "handle.invalid (@handle.invalid)"


@pytest.mark.parametrize(
    "record",
    [{"facets": 5}, {"reply": {"root": 1}}, {"text": None}, {"langs": {"a": 1}}, {"embed": {"record": {"uri": 3}}}, 7],
)
def test_a_record_in_a_shape_of_its_own_hides_no_other_post(bluesky: Connector[Any], record: Any) -> None:
    odd = post(9) | {"record": record} if record == 7 else post(9, record)

    page = read(bluesky, Answer(found(*GOOD, odd)))

    assert [mention.external_id for mention in page.mentions] == [uri(2), uri(1)]
    assert len(page.problems) == 1


# --- asking --------------------------------------------------------------------------------------


def test_each_term_is_searched_for_newest_first_from_where_the_last_look_ended(bluesky: Connector[Any]) -> None:
    requests = asked(bluesky.start(Since(NOON)))

    assert [request.params["q"] for request in requests] == ['"acme coffee"', "@acme.example"]
    assert {request.url for request in requests} == {f"{XRPC}/app.bsky.feed.searchPosts"}
    assert requests[0].params["since"] == "2026-11-24T12:00:00Z"
    assert (requests[0].params["sort"], requests[0].params["limit"]) == ("latest", 100)


def test_a_cursor_leads_on_and_its_absence_ends_the_walk(bluesky: Connector[Any]) -> None:
    [following] = read(bluesky, Answer(found(*GOOD, cursor="c"))).follow
    assert isinstance(following, Request)

    assert following.params == {**first_request(bluesky).params, "cursor": "c"}
    assert read(bluesky, Answer(found(*GOOD)), following).follow == ()


@pytest.mark.parametrize("brands", [(), (Brand("a", ('"',)),)])
def test_without_words_nothing_is_searched(brands: tuple[Brand, ...]) -> None:
    with pytest.raises(UsageError):
        asked(subject_of(*brands).start(Since()))


def test_what_happens_to_the_account_is_read_without_a_search_and_kept_whatever_it_names() -> None:
    subject = subject_of(ACME, notifications=True)
    [request] = asked(subject.start(Since(NOON)))
    noted = post(5, answers(1, did=US), reason="reply", isRead=False)

    page = read(subject, Answer({"notifications": [noted], "cursor": "2026"}), request)

    assert request.params["reasons"] == ["mention", "reply", "quote"]
    assert [mention.external_id for mention in page.mentions] == [uri(5)]
    assert len(page.follow) == 1
    assert (subject.searches, made("bluesky").searches) == (False, True)


def test_another_server_is_asked_for_everything() -> None:
    subject = subject_of(ACME, server="https://pds.example/")
    auth: Any = subject.auth()

    assert first_request(subject).url == "https://pds.example/xrpc/app.bsky.feed.searchPosts"
    assert auth.renew(None, NOON).request.url == "https://pds.example/xrpc/com.atproto.server.createSession"


def test_a_session_is_kept_for_an_hour_because_there_are_few_a_day(bluesky: Connector[Any]) -> None:
    auth: Any = bluesky.auth()
    login = auth.renew(None, NOON)
    token = auth.read(response_to(login.request, Answer({"accessJwt": "made-up", "refreshJwt": "r", "did": US})), NOON)

    assert login.request.json == {"identifier": "acme.bsky.social"}
    assert dict(login.secret_json) == {"password": PASSWORD}
    assert token == Token("made-up", expires_at=NOON + timedelta(hours=1))
    assert auth.renew(token, NOON + timedelta(minutes=50)) is None


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, status", [("ExpiredToken", 400), ("InvalidToken", 400), ("AuthMissing", 401)])
def test_a_session_that_ended_is_told_from_a_wrong_question(bluesky: Connector[Any], name: str, status: int) -> None:
    assert refusal(bluesky, name, status).outcome == Outcome.RECONNECT
    assert refusal(bluesky, "InvalidRequest").outcome == Outcome.FAILED


def test_not_found_is_a_deletion_only_of_what_was_asked_for_alone(bluesky: Connector[Any]) -> None:
    alone = refusal(bluesky, "NotFound", to=ask_thread())

    assert (alone.outcome, alone.gone) == (Outcome.GONE, (uri(2),))
    assert refusal(bluesky, "NotFound").outcome == Outcome.FAILED


def test_haste_waits_for_the_second_that_the_server_names(bluesky: Connector[Any]) -> None:
    reset = {"ratelimit-reset": str(int(NOON.timestamp()) + 120)}

    waiting = refusal(bluesky, "RateLimitExceeded", 429, **reset)

    assert (waiting.outcome, waiting.wait) == (Outcome.THROTTLED, timedelta(minutes=2))


def test_a_shut_search_is_no_access_that_has_ended(bluesky: Connector[Any]) -> None:
    response = response_to(first_request(bluesky), Answer("<html>forbidden</html>", 403, "text/html"))

    shut = bluesky.refused(response)

    assert shut is not None
    assert shut.outcome == Outcome.FAILED


# --- looking again -------------------------------------------------------------------------------


def test_posts_are_looked_up_twenty_five_at_once(bluesky: Connector[Any]) -> None:
    requests = asked(bluesky.recheck([known(number) for number in range(60)]))

    assert [len(request.params["uris"]) for request in requests] == [25, 25, 10]
    assert [request.about for request in requests] == [()] * 3


def test_a_missing_post_is_asked_for_alone_and_one_with_answers_for_what_is_below_it(bluesky: Connector[Any]) -> None:
    [request] = asked(bluesky.recheck([known(1), known(2), known(3)]))

    page = read(bluesky, Answer(found(post(3, replyCount=2), post(1))), request)

    assert [mention.external_id for mention in page.mentions] == [uri(3), uri(1)]
    follow: list[Any] = list(page.follow)
    assert [one.params["uri"] for one in follow] == [uri(2), uri(3)]
    assert page.gone == ()


@pytest.mark.parametrize(
    "body, gone",
    [
        ({"thread": {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri(2), "notFound": True}}, (uri(2),)),
        ({"thread": {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri(2), "blocked": True}}, ()),
        (thread(post()), ()),
    ],
)
def test_a_post_of_somebody_who_blocks_us_is_not_gone(
    bluesky: Connector[Any], body: Any, gone: tuple[str, ...]
) -> None:
    assert read(bluesky, Answer(body), ask_thread()) == Page(gone=gone)


def test_our_answers_are_found_however_deep_they_stand_and_nobody_elses(bluesky: Connector[Any]) -> None:
    deep = thread(post(3, answers(2), BO), post(4, {"reply": {"parent": ref(3, BO), "root": ref(2)}}, US))["thread"]
    hidden = {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri(8), "blocked": True}

    page = read(bluesky, Answer(thread(post(), deep, hidden, post(5, answers(2), US))), ask_thread())

    assert [(mention.external_id, mention.thread_id) for mention in page.mentions] == [
        (uri(4, US), uri(2)),
        (uri(5, US), uri(2)),
    ]


def test_without_an_account_of_ours_nobody_looks_for_answers_and_it_says_so() -> None:
    subject = subject_of(Brand("acme", ("Acme",)))
    [request] = asked(subject.recheck([known(1)]))

    assert read(subject, Answer(found(post(1, replyCount=5))), request).follow == ()
    assert subject.sees_answers == "no"


# --- against the lexicons ------------------------------------------------------------------------


def lexicon(name: str) -> Any:
    """Return what the network's own definitions say of a call or a type."""
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    document, _, part = name.partition("#")
    return json.loads((folder / "bluesky" / "lexicons" / f"{document}.json").read_text())["defs"][part or "main"]


def test_every_question_is_one_that_the_lexicons_know(bluesky: Connector[Any]) -> None:
    lookup = asked(bluesky.recheck([known(1)]))[0]
    alone, below = read(
        bluesky,
        Answer(found(post(3, replyCount=1))),
        replace(lookup, context={"list": "posts", "these": [uri(1), uri(3)]}),
    ).follow
    searching = asked(bluesky.start(Since(NOON)))[0]
    following = read(bluesky, Answer(found(*GOOD, cursor="c")), searching).follow[0]
    noted = asked(subject_of(ACME, notifications=True).start(Since()))[0]

    for request in (searching, following, lookup, alone, below, noted):
        assert isinstance(request, Request)
        call = lexicon(request.url.removeprefix(f"{XRPC}/"))
        known_params = call["parameters"]["properties"]
        assert (request.method, call["type"]) == ("GET", "query")
        assert request.params.keys() <= known_params.keys()
        assert set(call["parameters"].get("required", ())) <= request.params.keys()
        for name, value in request.params.items():
            shape = known_params[name]
            assert isinstance(value, {"integer": int, "array": list, "string": str}[shape["type"]])
            assert shape.get("minimum", value) <= value <= shape.get("maximum", value)
            assert not isinstance(value, list) or len(value) <= shape.get("maxLength", 100)
            assert value in shape.get("knownValues", (value,))


def test_every_field_that_is_read_stands_in_the_lexicons() -> None:
    assert set(lexicon("com.atproto.server.createSession")["input"]["schema"]["required"]) == {"identifier", "password"}
    assert "accessJwt" in lexicon("com.atproto.server.createSession")["output"]["schema"]["required"]
    for name, fields in (
        ("app.bsky.feed.defs#postView", {"uri", "author", "record", "indexedAt"}),
        ("app.bsky.actor.defs#profileViewBasic", {"did", "handle"}),
        ("app.bsky.feed.defs#threadViewPost", {"post"}),
        ("app.bsky.feed.defs#notFoundPost", {"notFound"}),
        ("app.bsky.notification.listNotifications#notification", {"uri", "author", "record", "indexedAt"}),
        ("app.bsky.richtext.facet", {"index", "features"}),
        ("app.bsky.richtext.facet#byteSlice", {"byteStart", "byteEnd"}),
        ("app.bsky.richtext.facet#link", {"uri"}),
        ("app.bsky.feed.post#replyRef", {"root", "parent"}),
    ):
        assert fields <= set(lexicon(name)["required"]), name
    assert {"replyCount", "likeCount"} <= lexicon("app.bsky.feed.defs#postView")["properties"].keys()
    assert {"text", "createdAt"} <= set(lexicon("app.bsky.feed.post")["record"]["required"])
    assert {"facets", "langs", "reply", "embed"} <= lexicon("app.bsky.feed.post")["record"]["properties"].keys()
