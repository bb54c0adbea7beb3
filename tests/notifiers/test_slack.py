"""Slack: what stands in the card, what every answer means, and how an uncertain message is looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from monitor.models import Receipt
from monitor.notifier import Action, DeliveryError, Message, Quote
from monitor.notifiers import LONGEST_LINES
from monitor.notifiers._slack_card import blocks_of, payload_of
from monitor.notifiers.slack import (
    CHANNEL_ERRORS,
    MESSAGE_ERRORS,
    PASSING_ERRORS,
    UNSURE_ERRORS,
    Slack,
    SlackConfig,
)
from monitor.text import safe_link, shown
from tests.http.raw_server import Talk, always, answer
from tests.notifiers.conftest import SHORT
from tests.notifiers.messages import ENTITIES, INVISIBLE, LAYOUT, LINKS, LONG, MARKS, PINGS, a_message, hostile

HOOK = {"webhook_url": "https://hooks.slack.com/services/T0/B0/secretsecret"}
BOT = {"token": "xoxb-123456-abcdef", "channel": "C0123456789"}
JSON = {"Content-Type": "application/json"}


def a_slack(**options: Any) -> Slack:
    return Slack(SlackConfig.model_validate(options or BOT))


def elements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object with a type, however deep it stands."""
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from elements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from elements(inner)


def quoted(payload: dict[str, Any]) -> list[str]:
    """Return the texts that stand in marked areas."""
    marked = [one for one in elements(payload["blocks"]) if one["type"] == "rich_text_quote"]
    return [one["elements"][0]["text"] for one in marked]


def assert_harmless(payload: dict[str, Any]) -> None:
    """Check that nothing in a card pings, links on its own or is read as markup."""
    kinds = {one["type"] for one in elements(payload["blocks"])}
    assert kinds <= {
        "rich_text", "rich_text_section", "rich_text_quote", "text", "link", "actions", "button", "plain_text",
    }  # fmt: skip
    for one in elements(payload["blocks"]):
        if "url" in one:
            assert safe_link(one["url"]) == one["url"]
        if one["type"] == "plain_text":
            assert one["emoji"] is False
            assert "<" not in one["text"]
            assert ">" not in one["text"]
        if one["type"] == "text":
            assert set(one) <= {"type", "text", "style"}
    assert "<" not in payload["text"]
    assert ">" not in payload["text"]
    assert payload["parse"] == "none"
    assert payload["link_names"] is False
    assert payload["unfurl_links"] is False
    assert payload["unfurl_media"] is False
    assert payload["mrkdwn"] is False


def assert_within_limits(message: Message) -> None:
    """Check Slack's limits, after every & < > has become its entity."""
    blocks = [block.to_dict() for block in blocks_of(message)]  # slack_sdk raises above its own limits
    grown = json.dumps(blocks, ensure_ascii=False)
    grown = grown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert len(blocks) <= 50
    assert len(grown) <= 13_000
    assert len(payload_of(message)["text"]) <= 500
    for one in elements(blocks):
        assert len(one.get("text", "")) <= 3000
        if one["type"] == "button":
            assert 0 < len(one["text"]["text"]) <= 75
            assert len(one["url"]) <= 3000
        if one["type"] == "text":
            assert one["text"]


# --- what strangers write --------------------------------------------------------------------------


@pytest.mark.parametrize("words", [*PINGS, *LINKS, *MARKS, *ENTITIES])
def test_what_a_stranger_typed_is_shown_as_it_was_typed(words):
    payload = payload_of(hostile(words))

    assert quoted(payload) == [words]
    assert_harmless(payload)
    assert_within_limits(hostile(words))


@pytest.mark.parametrize("words", LINKS)
def test_a_strangers_address_never_becomes_our_button(words):
    payload = payload_of(hostile(words))

    addresses = [one["url"] for one in elements(payload["blocks"]) if one["type"] == "button"]
    assert addresses[-1] == "https://business.example/r/12"
    assert all(safe_link(words) == address for address in addresses[:-1])
    assert not [one for one in elements(payload["blocks"]) if one["type"] == "link"]


@pytest.mark.parametrize("words", LAYOUT)
def test_an_imitation_of_our_layout_stays_in_the_marked_area(words):
    payload = payload_of(a_message(quotes=(Quote(words, "Ana has it"),)))

    kinds = [block["elements"][0]["type"] for block in payload["blocks"] if block["type"] == "rich_text"]
    assert kinds == ["rich_text_section", "rich_text_quote", "rich_text_section"]
    assert quoted(payload) == [words.strip()]


def test_a_text_of_many_lines_shows_thirty_and_the_way_to_all_of_them():
    words = "\n".join(f"line {number}" for number in range(5_000))

    payload = payload_of(a_message(quotes=(Quote(words, more=Action("Show all", "https://maps.example/r/12")),)))

    assert len(quoted(payload)[0].split("\n")) == LONGEST_LINES
    [link] = [one for one in elements(payload["blocks"]) if one["type"] == "link"]
    assert (link["url"], link["text"]) == ("https://maps.example/r/12", "Show all")


@pytest.mark.parametrize("lines", [LONGEST_LINES - 1, LONGEST_LINES, LONGEST_LINES + 1])
def test_the_limit_of_lines_is_exact(lines):
    words = "\n".join("x" for _ in range(lines))

    payload = payload_of(a_message(quotes=(Quote(words, more=Action("Show all", "https://maps.example/r/12")),)))

    assert len(quoted(payload)[0].split("\n")) == min(lines, LONGEST_LINES)
    assert bool([one for one in elements(payload["blocks"]) if one["type"] == "link"]) is (lines > LONGEST_LINES)


@pytest.mark.parametrize("words", INVISIBLE.values(), ids=INVISIBLE)
def test_what_cannot_be_seen_is_taken_away_and_our_words_keep_their_order(words):
    payload = payload_of(hostile(words))

    assert quoted(payload) == [shown(words)]
    assert payload["blocks"][0]["elements"][0]["elements"][0]["text"].startswith("1 of 5 on ")
    assert not any(0x202A <= ord(letter) <= 0x202E for letter in json.dumps(payload, ensure_ascii=False))
    assert_within_limits(hostile(words))


def test_a_name_from_right_to_left_leaves_the_rest_of_the_headline_where_it_is():
    payload = payload_of(a_message(headline="1 of 5 on Google · مقهى النور · 14 min ago"))

    rest = payload["blocks"][0]["elements"][0]["elements"][1]["text"]
    assert rest == " · مقهى النور\u200e · 14 min ago"


@pytest.mark.parametrize("words", LONG.values(), ids=LONG)
def test_every_length_stays_within_every_limit(words):
    message = hostile(words)

    assert_within_limits(message)
    assert_within_limits(a_message(quotes=tuple(Quote(words, words, words) for _ in range(20)), lines=(words,) * 50))
    assert all(quoted(payload_of(message)))


@pytest.mark.parametrize("words", ["", "   ", "\n\n\n"])
def test_an_empty_text_says_so(words):
    assert quoted(payload_of(a_message(quotes=(Quote(words),)))) == ["(no text)"]


def test_a_long_text_is_cut_between_letters():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    [text] = quoted(payload_of(a_message(quotes=(Quote(family * 2_000),))))

    assert text.endswith("…")
    assert text.removesuffix("…") == family * ((len(text) - 1) // len(family))


# --- the card --------------------------------------------------------------------------------------


def test_a_card_has_headline_quote_lines_and_buttons():
    payload = payload_of(a_message(actions=(
        Action("Answer on Google", url="https://business.example/r/12"),
        Action("I'll take it", command="monitor claim c118"),
    )))  # fmt: skip

    headline, quote, lines, buttons, typed = payload["blocks"]
    assert [part["text"] for part in headline["elements"][0]["elements"]] == [
        "1 of 5 on Google", " · Quay Street · 14 min ago · please answer by 16:30 · nobody has it yet",
    ]  # fmt: skip
    assert headline["elements"][0]["elements"][0]["style"] == {"bold": True}
    assert [part["text"] for part in quote["elements"][0]["elements"]] == ["Waited 40 minutes.", "\n", "Jonas K."]
    assert "".join(one["text"] for one in elements(lines) if one["type"] == "text") == (
        "Why: 1 star; waiting.\nOnce Google shows your answer I stop by myself."
    )
    assert buttons["elements"][0]["text"]["text"] == "Answer on Google"
    assert "".join(one["text"] for one in elements(typed) if one["type"] == "text") == (
        "Or type monitor claim c118 (I'll take it)"
    )


def test_a_tag_is_a_real_mention_and_only_of_members():
    payload = payload_of(a_message(tag=("U0ANA", "W0BEN", "!channel", "U1> <!here")))

    first = payload["blocks"][0]
    assert first["type"] == "section"
    assert first["text"] == {"type": "mrkdwn", "text": "<@U0ANA> <@W0BEN>", "verbatim": True}


def test_a_tag_of_nobody_we_know_makes_no_mention():
    assert payload_of(a_message(tag=("ana",)))["blocks"][0]["type"] == "rich_text"


# --- sending ---------------------------------------------------------------------------------------


def body_of(request: bytes) -> dict[str, Any]:
    return json.loads(request.partition(b"\r\n\r\n")[2])


@pytest.fixture
def sent(serve, fetch_from):
    """Send a message to a server that gives one answer; returns what came of it and the server."""

    def send(script: Any, message: Message | None = None, **options: Any) -> tuple[Any, Any]:
        server = serve(script)
        try:
            return a_slack(**options).send(message or a_message(), fetch_from(server.port)), server
        except DeliveryError as error:
            return error, server

    return send


OK = always(answer(b'{"ok":true,"channel":"C0123456789","ts":"1764000000.000100"}', headers=JSON))


def test_a_token_goes_into_the_header_and_the_id_into_the_metadata(sent):
    receipt, server = sent(OK)

    assert receipt == Receipt("1764000000.000100", "C0123456789")
    assert server.paths == ["/api/chat.postMessage"]
    assert server.header("authorization") == "Bearer xoxb-123456-abcdef"
    body = body_of(server.requests[0])
    assert body["channel"] == "C0123456789"
    assert body["metadata"] == {
        "event_type": "review_monitor_delivery",
        "event_payload": {"delivery": "0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d"},
    }
    assert "xoxb" not in json.dumps(body)


def test_a_webhook_gets_the_card_at_its_address(sent):
    receipt, server = sent(always(answer(b"ok")), **HOOK)

    assert receipt == Receipt("0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d")
    assert server.paths == ["/services/T0/B0/secretsecret"]
    assert "metadata" not in body_of(server.requests[0])


@pytest.mark.parametrize("broadcast", [True, False])
def test_a_thread_is_answered_in_and_shown_in_the_channel_when_it_must_be_heard(sent, broadcast):
    first = Receipt("1763999999.000100", "C0123456789")

    receipt, server = sent(OK, a_message(thread=first, broadcast=broadcast))

    body = body_of(server.requests[0])
    assert (body["thread_ts"], body["reply_broadcast"]) == ("1763999999.000100", broadcast)
    assert receipt.thread == "1763999999.000100"


def test_an_answer_in_a_thread_stays_in_the_first_ones_thread(sent):
    second = Receipt("1764000000.000100", "C0123456789", "1763999999.000100")

    _, server = sent(OK, a_message(thread=second))

    assert body_of(server.requests[0])["thread_ts"] == "1763999999.000100"


def test_an_edit_replaces_the_message(serve, fetch_from):
    server = serve(OK)

    a_slack().edit(Receipt("1763999999.000100", "C0123456789"), a_message(), fetch_from(server.port))

    assert server.paths == ["/api/chat.update"]
    assert body_of(server.requests[0])["ts"] == "1763999999.000100"


def test_a_webhook_can_neither_edit_nor_look_up():
    for attempt in (
        lambda: a_slack(**HOOK).edit(Receipt("x"), a_message(), None),
        lambda: a_slack(**HOOK).find("d", datetime(2026, 11, 24, tzinfo=UTC), None),
    ):
        with pytest.raises(DeliveryError) as caught:
            attempt()
        assert caught.value.permanent
        assert not caught.value.whole_channel


# --- what every answer means -----------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(CHANNEL_ERRORS))
def test_a_code_that_closes_the_channel(sent, code):
    error, _ = sent(always(answer(json.dumps({"ok": False, "error": code}).encode(), headers=JSON)))

    assert (error.permanent, error.whole_channel, error.uncertain) == (True, True, False)
    assert code in str(error)


@pytest.mark.parametrize("code", sorted(MESSAGE_ERRORS))
def test_a_code_that_refuses_one_message(sent, code):
    error, _ = sent(always(answer(json.dumps({"ok": False, "error": code}).encode(), headers=JSON)))

    assert (error.permanent, error.whole_channel, error.uncertain) == (True, False, False)


@pytest.mark.parametrize("code", [*sorted(PASSING_ERRORS), "something_new_in_2031"])
def test_a_code_that_may_pass_and_one_that_nobody_knows(sent, code):
    error, _ = sent(always(answer(json.dumps({"ok": False, "error": code}).encode(), headers=JSON)))

    assert (error.permanent, error.whole_channel) == (False, False)
    assert error.uncertain is (code in UNSURE_ERRORS)


@pytest.mark.parametrize(
    "body, status, closed",
    [
        (b"invalid_payload", "400 Bad Request", False),
        (b"no_text", "400 Bad Request", False),
        (b"too_many_attachments", "400 Bad Request", False),
        (b"action_prohibited", "403 Forbidden", True),
        (b"posting_to_general_channel_denied", "403 Forbidden", True),
        (b"invalid_token", "403 Forbidden", True),
        (b"no_service", "404 Not Found", True),
        (b"no_team", "404 Not Found", True),
        (b"channel_not_found", "404 Not Found", True),
        (b"channel_is_archived", "410 Gone", True),
        (b"", "404 Not Found", True),
    ],
)
def test_a_webhooks_refusal_is_read_by_its_word(sent, body, status, closed):
    error, _ = sent(always(answer(body, status)), **HOOK)

    assert (error.permanent, error.whole_channel, error.uncertain) == (True, closed, False)


@pytest.mark.parametrize("options", [HOOK, BOT], ids=["webhook", "token"])
@pytest.mark.parametrize(
    "status, body",
    [
        ("500 Internal Server Error", b"rollup_error"),
        ("500 Internal Server Error", b""),
        ("502 Bad Gateway", b"<html>bad gateway</html>"),
        ("503 Service Unavailable", b"<!doctype html>"),
        ("404 Not Found", b"<html>nginx</html>"),
        ("403 Forbidden", b"<html>blocked</html>"),
        ("200 OK", b"<html>please log in to this network</html>"),
        ("200 OK", b"{}"),
        ("200 OK", b"[1]"),
        ("200 OK", b"{broken"),
        ("200 OK", b"null"),
    ],
)
def test_what_is_not_slacks_own_answer_may_pass(sent, options, status, body):
    error, _ = sent(always(answer(body, status)), **options)

    assert (error.permanent, error.whole_channel, error.uncertain) == (False, False, False)


@pytest.mark.parametrize("options", [HOOK, BOT], ids=["webhook", "token"])
@pytest.mark.parametrize(
    "headers, wait",
    [({"Retry-After": "30"}, 30), ({}, None), ({"Retry-After": "soon"}, None), ({"Retry-After": "0"}, 1)],
)
def test_a_limit_is_kept_with_and_without_its_time(sent, options, headers, wait):
    error, _ = sent(always(answer(b"", "429 Too Many Requests", headers)), **options)

    assert (error.permanent, error.uncertain) == (False, False)
    assert (error.retry_after.total_seconds() if error.retry_after else None) == wait


@pytest.mark.parametrize("body", [b'{"ok":true}', b'{"ok":true,"ts":null}', b'{"ok":true,"ts":""}', b"ok"])
def test_a_yes_without_its_place_is_looked_up(sent, body):
    error, _ = sent(always(answer(body, headers=JSON)))

    assert (error.permanent, error.uncertain) == (False, True)


def test_silence_after_the_message_leaves_it_uncertain(serve, fetch_from):
    def listens(talk: Talk) -> None:
        talk.request()
        talk.hang()

    with pytest.raises(DeliveryError) as caught:
        a_slack().send(a_message(), fetch_from(serve(listens).port, SHORT))

    assert (caught.value.permanent, caught.value.uncertain) == (False, True)


# --- looking up ------------------------------------------------------------------------------------

SINCE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def row(ts: str, delivery: str | None = None, **rest: Any) -> dict[str, Any]:
    """Return a message as Slack's history shows it."""
    found: dict[str, Any] = {"type": "message", "ts": ts, "text": "…", **rest}
    if delivery:
        found["metadata"] = {"event_type": "review_monitor_delivery", "event_payload": {"delivery": delivery}}
    return found


class Desk:
    """Slack's history, as far as a look-up sees it."""

    def __init__(self, history: list[dict[str, Any]], replies: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.history = history
        self.replies = replies or {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, talk: Talk) -> None:
        while request := talk.request():
            url = urlsplit(request.split(b" ", 2)[1].decode())
            params = {key: values[-1] for key, values in parse_qs(url.query).items()}
            method = url.path.removeprefix("/api/")
            self.asked.append((method, params))
            talk.send(answer(json.dumps(self._answer(method, params)).encode(), headers=JSON))

    def _answer(self, method: str, params: dict[str, str]) -> dict[str, Any]:
        if method == "conversations.list":
            return {
                "ok": True,
                "channels": [{"id": "C0OTHER111", "name": "other"}, {"id": "C0123456789", "name": "support"}],
            }
        rows = self.replies.get(params.get("ts", ""), []) if method == "conversations.replies" else self.history
        rows = [one for one in rows if one["ts"] >= params.get("oldest", "0")]
        at = int(params.get("cursor") or 0)
        more = {"response_metadata": {"next_cursor": str(at + 2)}} if at + 2 < len(rows) else {}
        return {"ok": True, "messages": rows[at : at + 2], **more}


def stamp(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


def test_a_message_that_arrived_is_found_on_a_later_page(serve, fetch_from):
    desk = Desk([row(stamp(SINCE + timedelta(seconds=second)), f"d{second}") for second in range(5)])

    found = a_slack().find("d4", SINCE, fetch_from(serve(desk).port))

    assert found == Receipt(stamp(SINCE + timedelta(seconds=4)), "C0123456789")
    assert desk.asked[0][1]["include_all_metadata"] == "true"


def test_a_message_that_did_not_arrive_is_not_found(serve, fetch_from):
    desk = Desk([row(stamp(SINCE), "other"), row(stamp(SINCE)), {"type": "message", "ts": stamp(SINCE), "metadata": 3}])

    assert a_slack().find("d4", SINCE, fetch_from(serve(desk).port)) is None


def test_a_message_of_before_is_not_looked_at(serve, fetch_from):
    desk = Desk([row(stamp(SINCE - timedelta(hours=1)), "d4")])

    assert a_slack().find("d4", SINCE, fetch_from(serve(desk).port)) is None


def test_an_answer_in_a_known_thread_is_found_there(serve, fetch_from):
    root = stamp(SINCE - timedelta(days=3))
    desk = Desk([], {root: [row(stamp(SINCE), "d4")]})

    found = a_slack().find("d4", SINCE, fetch_from(serve(desk).port), Receipt(root, "C0123456789"))

    assert found == Receipt(stamp(SINCE), "C0123456789", root)
    assert [method for method, _ in desk.asked] == ["conversations.replies"]


def test_an_answer_in_an_unknown_thread_is_found_below_our_own_messages(serve, fetch_from):
    root = stamp(SINCE - timedelta(days=3))
    desk = Desk(
        [row(root, "d1", latest_reply=stamp(SINCE)), row(stamp(SINCE - timedelta(days=2)), latest_reply=stamp(SINCE))],
        {root: [row(stamp(SINCE), "d4")]},
    )

    found = a_slack().find("d4", SINCE, fetch_from(serve(desk).port))

    assert found == Receipt(stamp(SINCE), "C0123456789", root)


def test_a_channels_name_is_looked_up_first(serve, fetch_from):
    desk = Desk([row(stamp(SINCE), "d4")])

    found = a_slack(token="xoxb-123456-abcdef", channel="#support").find("d4", SINCE, fetch_from(serve(desk).port))

    assert found == Receipt(stamp(SINCE), "C0123456789")


def test_a_name_that_slack_does_not_list_cannot_be_looked_up(serve, fetch_from):
    with pytest.raises(DeliveryError) as caught:
        a_slack(token="xoxb-123456-abcdef", channel="#gone").find("d4", SINCE, fetch_from(serve(Desk([])).port))

    assert caught.value.permanent
    assert not caught.value.whole_channel


@pytest.mark.parametrize("code", ["missing_scope", "not_in_channel"])
def test_a_token_without_the_permission_cannot_look_up_and_says_which(serve, fetch_from, code):
    server = serve(always(answer(json.dumps({"ok": False, "error": code}).encode(), headers=JSON)))

    with pytest.raises(DeliveryError, match="channels:history") as caught:
        a_slack().find("d4", SINCE, fetch_from(server.port))

    assert caught.value.permanent
    assert not caught.value.whole_channel


def test_a_look_up_that_fails_for_now_is_tried_again(serve, fetch_from):
    server = serve(always(answer(b'{"ok":false,"error":"ratelimited"}', "429 Too Many Requests", {"Retry-After": "9"})))

    with pytest.raises(DeliveryError) as caught:
        a_slack().find("d4", SINCE, fetch_from(server.port))

    assert not caught.value.permanent
    assert caught.value.retry_after == timedelta(seconds=9)


# --- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, said",
    [
        ({}, "either webhook_url, or token and channel"),
        ({**HOOK, **BOT}, "either webhook_url, or token and channel"),
        ({"token": BOT["token"]}, "a token needs a channel"),
        ({**HOOK, "channel": "#support"}, "has its own channel"),
        ({"webhook_url": "http://hooks.slack.com/services/T0/B0/x"}, "https"),
        ({"webhook_url": "https://hooks.evil.example/services/T0/B0/x"}, "not one of"),
        ({"webhook_url": "https://hooks.slack.com.evil.example/services/x"}, "not one of"),
        ({"webhook_url": "https://user@hooks.slack.com/services/x"}, "user name"),
        ({"webhook_url": "javascript:alert(1)"}, "address"),
        ({"webhook_url": ""}, "address"),
        ({"token": "not-a-token", "channel": "#support"}, "xoxb-"),
        ({"token": "xoxb-1 2345678", "channel": "#support"}, "xoxb-"),
        ({"token": BOT["token"], "channel": "two words"}, "a channel is"),
        ({"token": BOT["token"], "channel": "<!channel>"}, "a channel is"),
    ],
)
def test_options_that_cannot_work_are_refused_with_what_to_do(options, said):
    with pytest.raises(ValidationError) as caught:
        SlackConfig.model_validate(options)

    assert said in str(caught.value)
    assert "not-a-token" not in str(caught.value).split("input_value")[0]


@pytest.mark.parametrize(
    "options, said",
    [
        (HOOK, "Slack, by a webhook"),
        ({**BOT, "channel": "#support"}, "#support on Slack"),
        ({**BOT, "channel": "support"}, "#support on Slack"),
        (BOT, "C0123456789 on Slack"),
    ],
)
def test_a_channel_says_where_it_posts(options, said):
    assert a_slack(**options).describe() == said


@pytest.mark.parametrize("words", ["", "  ", "\u200b"])
def test_no_part_of_a_card_is_empty(words):
    payload = payload_of(a_message(headline=words, lines=(words,), quotes=(Quote(words, words, words),)))

    assert payload["text"]
    assert all(one["text"] for one in elements(payload["blocks"]) if one["type"] == "text")
