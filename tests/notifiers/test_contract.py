"""One exam for all notifiers, against servers on this machine and through the real HTTP door.

What the service's own codes mean is examined in the file of each notifier; here stands what all must keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

import pytest
from pydantic import ValidationError

from monitor import plugins
from monitor.models import Receipt
from monitor.notifier import DeliveryError, Message, Notifier
from monitor.notifiers.console import Console, ConsoleConfig
from monitor.notifiers.discord import Discord, DiscordConfig
from monitor.notifiers.email import Email, EmailConfig
from monitor.notifiers.slack import Slack, SlackConfig
from monitor.notifiers.webhook import Webhook, WebhookConfig
from tests.http.raw_server import RawServer, Script, Talk, always, answer
from tests.notifiers.messages import a_message
from tests.notifiers.smtp import Postman, lost

JSON = {"Content-Type": "application/json"}
SECRETS = [
    "T00000000/B00000000/XXXXXXXXXXXX",
    "xoxb-123456-abcdef",
    "hook-token-abcdef",
    "signing-secret-0123456789",
    "hunter2hunter2",
]


@dataclass(frozen=True)
class Way:
    """One notifier under examination: how it is made, what its service says, where its id can be seen."""

    make: Callable[[int], Notifier[Any]]
    good: Script
    id_of: Callable[[bytes], str]
    channel_gone: Script
    not_this_message: Script
    busy: Script
    resets: Script  # takes all of it, then drops the connection
    wait: float | None = None


def _id_in_json(*path: str) -> Callable[[bytes], str]:
    def find(request: bytes) -> str:
        value = json.loads(request.partition(b"\r\n\r\n")[2])
        for key in path:
            value = value[key]
        return str(value)

    return find


def _id_in_header(request: bytes) -> str:
    found = re.search(rb"(?im)^idempotency-key: (.*?)\r$", request)
    return found[1].decode() if found else ""


def _id_of_mail(mail: bytes) -> str:
    found = re.search(rb"(?im)^message-id:\s*(\S+)", mail)
    return found[1].decode() if found else ""


def _resets_after_reading(talk: Talk) -> None:
    talk.request()
    talk.reset()


def _smtp(**says: Any) -> Script:
    return Postman(says)


def _slack_hook(port: int) -> Slack:
    return Slack(SlackConfig.model_validate({"webhook_url": f"https://hooks.slack.com/services/{SECRETS[0]}"}))


def _slack_bot(port: int) -> Slack:
    return Slack(SlackConfig.model_validate({"token": SECRETS[1], "channel": "C0123456789"}))


def _discord(port: int) -> Discord:
    return Discord(DiscordConfig.model_validate({"webhook_url": f"https://discord.com/api/webhooks/123/{SECRETS[2]}"}))


def _webhook(port: int) -> Webhook:
    return Webhook(
        WebhookConfig.model_validate({"url": f"https://hooks.acme.example/in?key={SECRETS[2]}", "secret": SECRETS[3]})
    )


def _mail(port: int) -> Email:
    options = {
        "to": "mara@example.org",
        "from": "reviews@acme.example",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "reviews",
        "password": SECRETS[4],
    }
    return Email(EmailConfig.model_validate(options))


def _says(body: bytes, status: str = "200 OK", **headers: str) -> Script:
    return always(answer(body, status, {**JSON, **headers}))


WAYS: dict[str, Way] = {
    "slack webhook": Way(
        make=_slack_hook,
        good=always(answer(b"ok", headers={"Content-Type": "text/html"})),
        id_of=lambda request: "",  # a webhook shows no id anywhere; a repeat is the same bytes
        channel_gone=always(answer(b"no_service", "404 Not Found")),
        not_this_message=always(answer(b"invalid_payload", "400 Bad Request")),
        busy=always(answer(b"rate_limited", "429 Too Many Requests", {"Retry-After": "7"})),
        resets=_resets_after_reading,
        wait=7,
    ),
    "slack token": Way(
        make=_slack_bot,
        good=_says(b'{"ok":true,"channel":"C0123456789","ts":"1764000000.000100"}'),
        id_of=_id_in_json("metadata", "event_payload", "delivery"),
        channel_gone=_says(b'{"ok":false,"error":"token_revoked"}'),
        not_this_message=_says(b'{"ok":false,"error":"invalid_blocks"}'),
        busy=_says(b'{"ok":false,"error":"ratelimited"}', "429 Too Many Requests", **{"Retry-After": "7"}),
        resets=_resets_after_reading,
        wait=7,
    ),
    "discord": Way(
        make=_discord,
        good=_says(b'{"id":"99","channel_id":"7"}'),
        id_of=lambda request: "",
        channel_gone=_says(b'{"message":"Unknown Webhook","code":10015}', "404 Not Found"),
        not_this_message=_says(b'{"message":"Invalid Form Body","code":50035}', "400 Bad Request"),
        busy=_says(b'{"message":"rate limited","retry_after":7.0,"global":false}', "429 Too Many Requests"),
        resets=_resets_after_reading,
        wait=7,
    ),
    "webhook": Way(
        make=_webhook,
        good=always(answer(b"", "202 Accepted")),
        id_of=_id_in_header,
        channel_gone=always(answer(b"", "410 Gone")),
        not_this_message=always(answer(b"", "422 Unprocessable Entity")),
        busy=always(answer(b"", "503 Service Unavailable", {"Retry-After": "7"})),
        resets=_resets_after_reading,
        wait=7,
    ),
    "email": Way(
        make=_mail,
        good=_smtp(),
        id_of=_id_of_mail,
        channel_gone=_smtp(auth=b"535 5.7.8 Username and Password not accepted"),
        not_this_message=_smtp(dot=b"554 5.6.0 not this text"),
        busy=_smtp(greeting=b"421 4.7.0 try again later"),
        resets=_smtp(dot=lost),
    ),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
def sent(serve: Any, fetch_from: Any) -> Callable[..., tuple[Any, list[bytes]]]:
    """Send messages to a server that plays a script; returns what came of the last one, and what arrived."""

    def send(way: Way, script: Script, *messages: Message) -> tuple[Any, list[bytes]]:
        script = replace(script, mails=[], recipients=[], steps=[]) if isinstance(script, Postman) else script
        server: RawServer = serve(script)
        result: Any = None
        for message in messages or (a_message(),):
            try:
                result = way.make(server.port).send(message, fetch_from(server.port))
            except DeliveryError as error:
                result = error
        return result, script.mails if isinstance(script, Postman) else server.requests

    return send


def test_a_message_that_is_taken_gives_a_receipt(way, sent):
    receipt, arrived = sent(way, way.good)

    assert isinstance(receipt, Receipt)
    assert receipt.id
    assert Receipt.from_json(json.loads(json.dumps(receipt.as_json()))) == receipt
    assert len(arrived) == 1


def test_a_repeat_carries_the_same_id(way, sent):
    _, arrived = sent(way, way.good, a_message(), a_message())

    first, second = arrived
    assert way.id_of(first) == way.id_of(second)
    assert "0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d" in way.id_of(first) or way.id_of(first) == ""


def test_another_message_carries_another_id(way, sent):
    _, arrived = sent(way, way.good, a_message(), a_message(id="another"))

    ids = [way.id_of(one) for one in arrived]
    assert ids == ["", ""] or ids[0] != ids[1]


def test_what_is_written_arrives(way, sent):
    _, [arrived] = sent(way, way.good)

    assert b"business.example/r/12" in arrived.replace(b"=\r\n", b"")
    assert b"40 minutes" in arrived


def test_a_closed_door_is_tried_again(way, fetch_from, closed_port):
    with pytest.raises(DeliveryError) as caught:
        way.make(closed_port).send(a_message(), fetch_from(closed_port))

    assert not caught.value.permanent
    assert not caught.value.uncertain


def test_a_connection_lost_after_the_last_byte_leaves_it_uncertain(way, sent):
    error, _ = sent(way, way.resets)

    assert isinstance(error, DeliveryError)
    assert error.uncertain
    assert not error.permanent


def test_a_refusal_for_good_is_one_of_the_whole_channel(way, sent):
    error, _ = sent(way, way.channel_gone)

    assert isinstance(error, DeliveryError)
    assert error.permanent
    assert error.whole_channel
    assert not error.uncertain


def test_a_message_that_is_not_taken_does_not_close_the_channel(way, sent):
    error, _ = sent(way, way.not_this_message)

    assert isinstance(error, DeliveryError)
    assert error.permanent
    assert not error.whole_channel


def test_a_busy_service_is_asked_again_when_it_says(way, sent):
    error, _ = sent(way, way.busy)

    assert isinstance(error, DeliveryError)
    assert not error.permanent
    assert not error.uncertain
    assert (error.retry_after.total_seconds() if error.retry_after else None) == way.wait


@pytest.mark.parametrize("scripts", ["channel_gone", "not_this_message", "busy", "resets"])
def test_no_error_tells_a_secret_or_the_text(way, sent, scripts):
    error, _ = sent(way, getattr(way, scripts))

    chain = f"{error} {error!r} {error.__cause__!r}"
    assert not [secret for secret in SECRETS if secret in chain]
    assert "Waited 40 minutes" not in chain


def test_a_channel_is_described_without_its_secret(way):
    notifier = way.make(1)

    shown = f"{notifier.describe()} {notifier.config!r} {notifier.says}"
    assert notifier.describe()
    assert not [secret for secret in SECRETS if secret in shown]


def test_a_file_and_a_long_text_do_not_stop_a_message(way, sent):
    receipt, _ = sent(way, way.good, a_message(lines=("word " * 5_000,), headline="x " * 5_000, subject="s" * 3_000))

    assert isinstance(receipt, Receipt)


@pytest.mark.parametrize("words", ["", "  ", "\u200b", "\n"])
def test_a_message_without_words_is_still_one(way, sent, words):
    receipt, _ = sent(way, way.good, a_message(headline=words, subject=words, text=words, html="", lines=(words,)))

    assert isinstance(receipt, Receipt)


# --- without a server ------------------------------------------------------------------------------


def test_the_console_gives_a_receipt_with_the_messages_own_id():
    stream = StringIO()

    receipt = Console(ConsoleConfig(), stream).send(a_message(), None)

    assert receipt == Receipt("0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d")
    assert "Waited 40 minutes." in stream.getvalue()


@pytest.mark.parametrize("name", plugins.notifier_names())
def test_every_notifier_says_in_one_sentence_what_it_does(name):
    kind = plugins.notifier(name)

    assert kind.says.endswith(".")
    assert kind.storm_limit >= 6
    assert "!" not in kind.says


@pytest.mark.parametrize("name", plugins.notifier_names())
def test_an_option_nobody_knows_is_refused(name):
    with pytest.raises(ValidationError, match="extra_forbidden|Extra inputs"):
        plugins.notifier(name).Config.model_validate({"colour": "blue"})


def test_the_built_in_notifiers_are_all_there():
    assert set(plugins.notifier_names()) >= {"console", "discord", "email", "slack", "webhook"}
