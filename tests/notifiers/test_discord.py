"""Discord: nobody is mentioned, nothing is read as markdown, and what every answer means."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.models import Receipt
from monitor.notifier import Action, DeliveryError, Message, Quote
from monitor.notifiers.discord import CHANNEL_CODES, Discord, DiscordConfig, payload_of
from monitor.text import shown
from tests.http.raw_server import always, answer
from tests.notifiers.messages import ENTITIES, INVISIBLE, LAYOUT, LINKS, LONG, MARKS, PINGS, a_message, hostile

URL = "https://discord.com/api/webhooks/123456/token-token_token"
JSON = {"Content-Type": "application/json"}


def a_discord(url: str = URL) -> Discord:
    return Discord(DiscordConfig.model_validate({"webhook_url": url}))


def as_read(markdown: str) -> str:
    """Return what a reader sees of escaped text; fails when a sign is left that Discord reads as markup."""
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", markdown)
    assert not re.search(r"[*_~`|<>\[\]#:@]", bare), bare
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


def quote_of(payload: dict[str, Any]) -> str:
    """Return the words of the first quote as a reader sees them, without the author."""
    description = payload["embeds"][0]["description"]
    lines = [line[2:] for line in description.split("\n") if line.startswith("> ") and not line.startswith("> *")]
    return as_read("\n".join(lines))


@pytest.mark.parametrize("words", [*PINGS, *LINKS, *MARKS, *ENTITIES])
def test_what_a_stranger_typed_is_shown_as_it_was_typed(words):
    payload = payload_of(hostile(words))

    assert quote_of(payload) == words
    assert as_read(payload["embeds"][0]["title"]).startswith("1 of 5 on ")
    assert payload["allowed_mentions"] == {"parse": []}
    assert "content" not in payload


@pytest.mark.parametrize("words", LINKS)
def test_a_strangers_address_leads_nowhere_by_itself(words):
    payload = payload_of(a_message(quotes=(Quote(words),), headline=words, lines=(words,)))

    links = re.findall(r"(?<!\\)\]\((.*?)\)", payload["embeds"][0]["description"])
    assert links == ["https://business.example/r/12"]
    assert "://" not in payload["embeds"][0]["description"].replace("https://business.example/r/12", "")


def test_a_link_of_ours_cannot_be_ended_early():
    message = a_message(actions=(Action("Answer on x](y)", url="https://a.example/(b)?c=[d]"),))

    [line] = [part for part in payload_of(message)["embeds"][0]["description"].split("\n") if "a.example" in part]
    assert line == r"[Answer on x\]\(y\)](https://a.example/%28b%29?c=[d])"


@pytest.mark.parametrize("words", LAYOUT)
def test_an_imitation_of_our_layout_stays_in_the_marked_area(words):
    payload = payload_of(a_message(quotes=(Quote(words),)))

    for line in words.strip().split("\n"):
        assert any(
            shown.startswith("> ") and as_read(shown[2:]) == line
            for shown in payload["embeds"][0]["description"].split("\n")
        )


@pytest.mark.parametrize("words", INVISIBLE.values(), ids=INVISIBLE)
def test_what_cannot_be_seen_is_taken_away(words):
    assert quote_of(payload_of(hostile(words))) == shown(words)


@pytest.mark.parametrize("words", LONG.values(), ids=LONG)
def test_every_length_stays_within_every_limit(words):
    many = a_message(quotes=tuple(Quote(words, words, words) for _ in range(20)), lines=(words,) * 50)
    for message in (hostile(words), many):
        payload = payload_of(message)
        [embed] = payload["embeds"]
        assert 0 < len(embed["title"]) <= 256
        assert 0 < len(embed["description"]) <= 4096
        assert len(embed["title"]) + len(embed["description"]) <= 6000


@pytest.mark.parametrize("tone, color", [("bad", 0xB5573C), ("good", 0x3D7F5C), ("broken", 0xA8791C), ("?", 0x48687C)])
def test_a_card_has_the_colour_of_its_news(tone, color):
    assert payload_of(a_message(data={"tone": tone}))["embeds"][0]["color"] == color


# --- sending ---------------------------------------------------------------------------------------


@pytest.fixture
def sent(serve, fetch_from):
    def send(script: Any, message: Message | None = None, url: str = URL) -> tuple[Any, Any]:
        server = serve(script)
        try:
            return a_discord(url).send(message or a_message(), fetch_from(server.port)), server
        except DeliveryError as error:
            return error, server

    return send


@pytest.mark.parametrize(
    "url, path",
    [
        (URL, "/api/webhooks/123456/token-token_token?wait=true"),
        (f"{URL}?thread_id=77", "/api/webhooks/123456/token-token_token?thread_id=77&wait=true"),
        (URL.replace("/api/", "/api/v10/"), "/api/v10/webhooks/123456/token-token_token?wait=true"),
    ],
)
def test_it_waits_until_the_message_is_stored(sent, url, path):
    receipt, server = sent(always(answer(b'{"id":"99","channel_id":"7"}', headers=JSON)), url=url)

    assert receipt == Receipt("99", "7")
    assert server.paths == [path]


def test_a_yes_without_words_is_a_yes(sent):
    receipt, _ = sent(always(b"HTTP/1.1 204 No Content\r\n\r\n"))

    assert receipt == Receipt("0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d")


@pytest.mark.parametrize("code", CHANNEL_CODES)
def test_a_code_that_closes_the_channel(sent, code):
    error, _ = sent(always(answer(json.dumps({"code": code, "message": "no"}).encode(), "403 Forbidden", JSON)))

    assert (error.permanent, error.whole_channel, error.uncertain) == (True, True, False)


@pytest.mark.parametrize("status, body", [("400 Bad Request", {"code": 50035}), ("413 Too Large", {"code": 40005})])
def test_a_code_that_refuses_one_message(sent, status, body):
    error, _ = sent(always(answer(json.dumps(body).encode(), status, JSON)))

    assert (error.permanent, error.whole_channel) == (True, False)


@pytest.mark.parametrize(
    "status, body",
    [
        ("500 Internal Server Error", b"{}"),
        ("502 Bad Gateway", b"<html>cloudflare</html>"),
        ("403 Forbidden", b"<html>you have been blocked</html>"),
        ("404 Not Found", b"<html>nginx</html>"),
        ("403 Forbidden", b'{"code": 999999}'),
        ("200 OK", b"<html>log in to this network</html>"),
        ("200 OK", b"{}"),
    ],
)
def test_what_may_pass_is_tried_again(sent, status, body):
    error, _ = sent(always(answer(body, status)))

    assert (error.permanent, error.whole_channel, error.uncertain) == (False, False, False)


@pytest.mark.parametrize(
    "body, headers, wait",
    [
        (b'{"retry_after": 1.337}', {}, 1.337),
        (b'{"retry_after": 0.2}', {}, 1.0),
        (b'{"retry_after": 1e12}', {}, 86_400.0),
        (b'{"retry_after": "soon"}', {"Retry-After": "12"}, 12),
        (b"<html>error 1015</html>", {"Retry-After": "12"}, 12),
        (b"", {}, None),
    ],
)
def test_a_limit_is_kept_as_the_body_says_it(sent, body, headers, wait):
    error, _ = sent(always(answer(body, "429 Too Many Requests", headers)))

    assert not error.permanent
    assert (error.retry_after.total_seconds() if error.retry_after else None) == wait


# --- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/webhooks/123456", "https://discord.com/channels/1/2", "http://discord.com/api/webhooks/1/t",
        "https://discord.evil.example/api/webhooks/1/t", "https://discord.com.evil.example/api/webhooks/1/t", "",
        "https://user:secret@discord.com/api/webhooks/1/t",
    ],
)  # fmt: skip
def test_an_address_that_is_no_webhook_is_refused(url):
    with pytest.raises(ValidationError):
        DiscordConfig.model_validate({"webhook_url": url})


@pytest.mark.parametrize("host", ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"])
def test_all_of_discords_own_hosts_are_taken(host):
    assert a_discord(URL.replace("discord.com", host)).describe() == "Discord, by a webhook"
