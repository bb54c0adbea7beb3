"""A channel that refuses, hangs, resets, answers 429 and 500, then recovers: everything is handed over, once."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest

from tests.pipeline.conftest import Watch
from tests.town import START, Town, bad, review

Begin = Callable[..., Watch]
Behaviour = Callable[[BaseHTTPRequestHandler], bool]


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Return a receiver that answers so."""

    def behave(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return behave


def resets(handler: BaseHTTPRequestHandler) -> bool:
    """Break the line without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()
    handler.close_connection = True
    return True


OUTAGES = {
    "answers 500": answers(500, b"down"),
    "answers 503 for 30 seconds": answers(503, b"", Retry_After="30"),
    "answers 429": answers(429, b"", Retry_After="2"),
    "answers 429 and names no time": answers(429),
    "resets the line": resets,
    "answers with a page": answers(200, b"<html>maintenance</html>", Content_Type="text/html"),
}


def told_mentions(town: Town, monitor: Watch) -> list[int]:
    """Return the mentions that the messages the receiver took lead to, as often as they lead there."""
    led_to: list[int] = []
    for post in town.slack.posts:
        delivery = post["blocks"][0]["block_id"]
        rows = monitor.rows(
            "select a.mention_id from delivery_alerts d join alerts a on a.id = d.alert_id "
            "where d.delivery_id = :id and a.mention_id is not null",
            id=delivery,
        )
        led_to += [row.mention_id for row in rows]
    return led_to


@pytest.mark.slow
@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_after_an_outage_of_hours_everything_is_handed_over_within_two_minutes_once(
    outage: Behaviour, town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="10 min")
    monitor.look()
    town.slack.behave = outage
    tries = _count_tries(town)
    for number in range(2, 14):
        town.site.publishes("quay", bad(number, created=monitor.clock().isoformat()))
        monitor.look(minutes=10)
    assert told_mentions(town, monitor) == []
    assert 12 <= len(tries) <= 30 * 12

    town.slack.behave = None
    for _ in range(12):
        monitor.look(seconds=10)

    assert sorted(told_mentions(town, monitor)) == list(range(2, 14))


def test_the_spacing_of_tries_grows_to_ninety_seconds(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="1h")
    monitor.look()
    town.slack.behave = answers(500)
    tries = _count_tries(town, monitor)
    town.site.publishes("quay", bad(2, created=START.isoformat()))
    monitor.look(hours=1, minutes=1)
    for _ in range(200):
        monitor.look(seconds=5)

    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]

    assert gaps[0] <= 10
    assert all(5 <= gap <= 95 for gap in gaps)
    assert gaps[-1] >= 80


def test_a_revoked_webhook_falls_over_to_mail_within_a_minute_and_tells_the_operator_once(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    mails = len(town.mail.received)
    town.slack.behave = answers(404, b"no_service")
    for number in range(2, 6):
        town.site.publishes("quay", bad(number, created=monitor.clock().isoformat()))
        monitor.look(minutes=1, seconds=10)
    monitor.look(minutes=3)  # a mailbox gets at most six mails in ten minutes, the last of them spaced

    subjects = [mail["Subject"] for mail in town.mail.received[mails:]]
    text = " ".join(mail.get_body(("plain",)).get_content() for mail in town.mail.received[mails:])

    assert all(f"Table {number}" in text for number in range(2, 6))
    assert sum("slack" in subject.lower() for subject in subjects) == 1


def test_a_refused_channel_is_used_again_after_a_test_message_arrives(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    town.slack.behave = answers(404, b"no_service")
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)
    town.slack.behave = None

    assert monitor.daemon.try_channel(monitor.daemon.routing.channels["slack"]) is None
    posts = len(town.slack.posts)
    town.site.publishes("quay", bad(3, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)

    assert len(town.slack.posts) == posts + 1


def _count_tries(town: Town, monitor: Watch | None = None) -> list[Any]:
    """Return a list that grows with every try the receiver sees."""
    tries: list[Any] = []
    behave = town.slack.behave
    assert behave is not None

    def counting(handler: BaseHTTPRequestHandler) -> bool:
        tries.append(monitor.clock() if monitor else json.dumps({}))
        return behave(handler)

    town.slack.behave = counting
    return tries
