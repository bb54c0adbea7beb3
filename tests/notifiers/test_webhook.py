"""The webhook: signed JSON, a key that tells a repeat, and what every answer means."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.models import Receipt
from monitor.notifier import Action, DeliveryError, Message
from monitor.notifiers.webhook import Webhook, WebhookConfig, signature
from monitor.render import message as render
from tests.http.raw_server import always, answer
from tests.notifiers.messages import ENTITIES, INVISIBLE, LONG, PINGS, a_message, hostile
from tests.render.scenes import SCENES

SECRET = "0123456789abcdef"


def a_webhook(**options: Any) -> Webhook:
    return Webhook(WebhookConfig.model_validate({"url": "https://in.acme.example/reviews?key=k-e-y", **options}))


@pytest.fixture
def sent(serve, fetch_from):
    def send(script: Any, message: Message | None = None, **options: Any) -> tuple[Any, Any]:
        server = serve(script)
        try:
            return a_webhook(**options).send(message or a_message(), fetch_from(server.port)), server
        except DeliveryError as error:
            return error, server

    return send


def split(request: bytes) -> tuple[bytes, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    pairs = (line.decode().split(": ", 1) for line in lines)
    return first, {name.lower(): value for name, value in pairs}, body


def test_the_signature_is_over_the_very_bytes(sent):
    _, server = sent(always(answer(b"")), hostile("café \U0001f600 <&>"), secret=SECRET)

    first, headers, body = split(server.requests[0])
    expected = hmac.new(SECRET.encode(), headers["x-review-monitor-timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["x-review-monitor-signature"] == f"sha256={expected.hexdigest()}"
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == a_message().id
    assert first == b"POST /reviews?key=k-e-y HTTP/1.1"
    assert body.isascii()


def test_another_body_or_time_or_secret_gives_another_signature():
    right = signature(SECRET, "1764000000", "{}")

    assert right.startswith("sha256=")
    assert right != signature(SECRET, "1764000001", "{}")
    assert right != signature(SECRET, "1764000000", "{} ")
    assert right != signature(SECRET + "x", "1764000000", "{}")


def test_without_a_secret_nothing_is_signed(sent):
    _, server = sent(always(answer(b"")))

    _, headers, _ = split(server.requests[0])
    assert "x-review-monitor-signature" not in headers
    assert "x-review-monitor-timestamp" in headers


def test_a_receiver_gets_the_data_the_words_and_only_safe_links(sent):
    message = a_message(
        actions=(
            Action("Answer", url="https://business.example/r/12"),
            Action("Evil", url="javascript:alert(1)"),
            Action("Take", command="monitor claim c1"),
        )
    )

    _, server = sent(always(answer(b"")), message)

    found = json.loads(split(server.requests[0])[2])
    assert found["id"] == message.id
    assert found["reason"] == "new"
    assert found["mentions"] == [{"id": "m12"}]
    assert found["links"] == [{"label": "Answer", "url": "https://business.example/r/12"}]
    assert found["commands"] == [{"label": "Take", "command": "monitor claim c1"}]


@pytest.mark.parametrize("name", SCENES)
def test_every_message_can_be_posted(sent, name):
    receipt, server = sent(always(answer(b"")), render(SCENES[name]))

    found = json.loads(split(server.requests[0])[2])
    assert isinstance(receipt, Receipt)
    assert found["version"] == 1
    assert found["reason"] == SCENES[name].reason


@pytest.mark.parametrize(
    "words", [*PINGS, *ENTITIES, *INVISIBLE.values(), *LONG.values(), "\ud800", '"}{"', "\r\n\r\n"]
)
def test_any_text_arrives_as_json_that_can_be_read(sent, words):
    receipt, server = sent(always(answer(b"")), hostile(words))

    assert isinstance(receipt, Receipt)
    assert json.loads(split(server.requests[0])[2])["text"] == f"Hello,\n\n> {words}\n"


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "299 Fine"])
def test_any_yes_is_a_yes(sent, status):
    receipt, _ = sent(always(answer(b"whatever", status)))

    assert receipt == Receipt(a_message().id)


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "405 Not Allowed", "410 Gone"]
)
def test_a_receiver_that_takes_nothing_closes_the_channel(sent, status):
    error, _ = sent(always(answer(b"", status)))

    assert (error.permanent, error.whole_channel, error.uncertain) == (True, True, False)


@pytest.mark.parametrize("status", ["400 Bad Request", "413 Too Large", "422 No"])
def test_a_receiver_that_refuses_one_message_leaves_the_channel_open(sent, status):
    error, _ = sent(always(answer(b"", status)))

    assert (error.permanent, error.whole_channel) == (True, False)


@pytest.mark.parametrize(
    "status", ["408 Timeout", "425 Too Early", "429 Slow", "500 Oops", "502 Bad", "503 Busy", "599 X"]
)
def test_a_receiver_that_is_not_well_is_asked_again(sent, status):
    error, _ = sent(always(answer(b"", status, {"Retry-After": "11"})))

    assert (error.permanent, error.uncertain) == (False, False)
    assert error.retry_after.total_seconds() == 11


@pytest.mark.parametrize(
    "url",
    [
        "https://in.acme.example/x",
        "http://127.0.0.1:8080/x",
        "http://192.168.1.5/x",
        "http://localhost/x",
        "http://[::1]/x",
    ],
)
def test_https_or_a_private_address_is_taken(url):
    assert a_webhook(url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://in.acme.example/x", "ftp://in.acme.example/x", "file:///etc/passwd", "javascript:alert(1)",
        "//x.example",
        "https://", "https://user:pass@in.acme.example/", "https://in.acme.example:0/", "https://in.acme.example:99999/",
        "https://in acme.example/", "https://in.acme.example\\@evil.example/", "http://8.8.8.8/x", "",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_and_not_repeated(url):
    with pytest.raises(ValidationError) as caught:
        a_webhook(url=url)

    assert all(problem["loc"] == ("url",) for problem in caught.value.errors())


def test_a_short_secret_is_refused():
    with pytest.raises(ValidationError, match="16 characters"):
        a_webhook(secret="short")


def test_a_channel_names_its_host_only():
    assert a_webhook().describe() == "webhook at in.acme.example"
