"""Connections are kept, shared and, when they have died meanwhile, replaced without anybody noticing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.exchange import Request
from monitor.http import Door, Session, pool, request_key
from tests.http.conftest import SITE, PhoneBook, a_session, failure, get
from tests.http.raw_server import RawServer, Talk, always, answer, says

Serve = Callable[..., RawServer]


def test_a_connection_serves_all_sessions_of_a_place(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))

    for _ in range(5):
        get(a_session(door, server), server)

    assert server.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(answer(headers={"Connection": "close"}), id="that is closed"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", id="of HTTP 1.0"),
    ],
)
def test_a_connection_is_not_used_again(serve: Serve, session: Session, data: bytes) -> None:
    server = serve(says(data, data))

    assert [get(session, server).status for _ in range(2)] == [200, 200]
    assert server.connections == 2


def dies_after_one(talk: Talk) -> None:
    """Answer once; take the next question and drop the connection without a word."""
    talk.request()
    talk.send(answer())
    talk.request()
    talk.reset()


def test_a_connection_that_died_meanwhile_is_replaced_once(serve: Serve, session: Session) -> None:
    server = serve(dies_after_one)

    assert [get(session, server).status for _ in range(3)] == [200, 200, 200]
    assert server.connections == 3
    assert len(server.requests) == 5


def test_what_is_handed_over_is_never_sent_twice(serve: Serve, session: Session) -> None:
    server = serve(dies_after_one)
    get(session, server)
    get(session, server)
    post = Request(server.at(SITE), method="POST", json={})

    assert session.fetch(post).status == 200
    assert sum(request.startswith(b"POST") for request in server.requests) == 1


def test_a_new_connection_that_dies_is_an_error(serve: Serve, session: Session) -> None:
    server = serve(lambda talk: talk.request())

    error = failure(session, server)

    assert (error.code, error.sent) == ("truncated", True)
    assert server.connections == 1


def test_an_answer_that_was_there_before_the_question_is_an_error(serve: Serve, session: Session) -> None:
    server = serve(always(answer() + answer(b'{"reviews": ["of somebody else"]}')))
    get(session, server)

    error = failure(session, server)

    assert error.code == "protocol"


def test_an_idle_connection_that_says_something_is_dropped(serve: Serve, session: Session) -> None:
    spoken = threading.Event()

    def play(talk: Talk) -> None:
        while talk.request():
            talk.send(answer())
            talk.pause(0.05)
            talk.send(b"HTTP/1.1 408 Too late\r\n\r\n")
            spoken.set()

    server = serve(play)
    get(session, server)
    spoken.wait(10)

    assert get(session, server).status == 200
    assert server.connections == 2


def test_few_idle_connections_are_kept(serve: Serve, door: Door, names: PhoneBook) -> None:
    server = serve(always(answer()))
    for number in range(pool.MAX_IDLE + 10):
        host = f"shop{number}.test"
        names.entries[host] = ["127.0.0.1"]
        session = a_session(door, server, hosts=(f"{host}:{server.port}",))
        session.fetch(Request(server.at(host)))

    assert len(door.switchboard._lines._idle) == pool.MAX_IDLE
    assert door.switchboard._lines._busy == set()


def test_nothing_is_left_open_after_an_error(serve: Serve, door: Door) -> None:
    server = serve(always(b"garbage"))

    for _ in range(5):
        failure(a_session(door, server), server)

    assert door.switchboard._lines._busy == set()
    assert door.switchboard._lines._idle == []


def test_many_threads_ask_many_hosts_at_once(serve: Serve, door: Door, names: PhoneBook) -> None:
    def play(talk: Talk) -> None:
        while request := talk.request():
            talk.pause(0.01)
            host = request.partition(b"Host: ")[2].partition(b":")[0]
            talk.send(answer(b'"%s"' % host))

    server = serve(play)
    names.entries.update({f"shop{number}.test": ["127.0.0.1"] for number in range(200)})

    def ask(number: int) -> bool:
        host = f"shop{number}.test"
        session = a_session(door, server, hosts=(f"{host}:{server.port}",))
        return bool(session.fetch(Request(server.at(host))).json() == host)

    with ThreadPoolExecutor(32) as workers:
        assert all(workers.map(ask, range(200)))


def test_a_request_has_one_key(serve: Serve) -> None:
    first = Request("https://site.test/a", {"page": 1, "b": [1, 2]}, context={"page": 1}, cost=5)

    assert request_key(first) == request_key(Request("https://site.test/a", {"b": [1, 2], "page": 1}))
    assert request_key(first) != request_key(Request("https://site.test/a", {"page": 2, "b": [1, 2]}))
    assert request_key(first) != request_key(Request("https://site.test/a", {"page": 1, "b": [1, 2]}, method="POST"))
    assert request_key(first) != request_key(Request("https://site.test/a", {"page": 1, "b": [1, 2]}, json={}))


@pytest.mark.parametrize(
    "request_, sent",
    [
        (Request("http://x/a?b=1#mark", {"c": 2}), b"GET /a?b=1&c=2 HTTP/1.1"),
        (Request("http://x/a", {"c": [1, "ö"], "d": True, "e": None}), b"GET /a?c=1&c=%C3%B6&d=true HTTP/1.1"),
        (Request("http://x/a", {"c": "\ud800", "d": [True, None]}), b"GET /a?c=%3F&d=true&d=None HTTP/1.1"),
        (Request("http://x/a?b=1&b=%20", {"b": "+ "}), b"GET /a?b=1&b=%20&b=%2B+ HTTP/1.1"),
        (Request("http://x/a", method="POST", form={"t": "ö &"}), b"\r\n\r\nt=%C3%B6+%26"),
        (Request("http://x/a", method="POST", form={"t": "\ud800"}), b"\r\n\r\nt=%3F"),
        (Request("http://x/a", method="POST", json=[1]), b"\r\n\r\n[1]"),
        (Request("http://x/a", method="POST", json={"t": ["ö\ud800"]}), '\r\n\r\n{"t":["ö?"]}'.encode()),
        (Request("http://x/a", method="POST", body="räw"), "\r\n\r\nräw".encode()),
        (Request("http://x/a", method="POST", json=[1]), b"Content-Type: application/json\r\n"),
        (Request("http://x/a", method="POST"), b"Content-Length: 0\r\n"),
        (Request("http://x/a", headers={"x-page": "2", "Host": "evil", "Connection": "x"}), b"X-Page: 2\r\n"),
        (
            Request("http://x/a", headers={"content-type": "text/x"}, method="POST", json=[1]),
            b"Content-Type: text/x\r\n",
        ),
    ],
)
def test_a_request_is_sent_as_it_was_meant(serve: Serve, session: Session, request_: Request, sent: bytes) -> None:
    server = serve(always(answer()))

    session.fetch(replace(request_, url=request_.url.replace("http://x", server.at(SITE, ""))))

    assert sent in server.requests[0]
    assert b"evil" not in server.requests[0]


@pytest.mark.parametrize("method", ["get", "GET /", "", "G\r\nET", "A" * 20])
def test_a_method_that_is_none_is_refused(session: Session, method: str) -> None:
    assert failure(session, Request("http://site.test/", method=method)).code == "protocol"


def test_a_large_upload_to_someone_who_does_not_read_ends_at_the_deadline(serve: Serve, session: Session) -> None:
    server = serve(lambda talk: talk.pause(60))
    request = Request(server.at(SITE), method="POST", body="x" * 30_000_000)

    began = time.monotonic()
    error = failure(session, request, timedelta(seconds=0.2))

    assert (error.code, error.sent) == ("deadline", False)
    assert time.monotonic() - began < 10


def test_a_refusal_before_the_upload_is_over_is_heard(serve: Serve, session: Session) -> None:
    def play(talk: Talk) -> None:
        talk.sock.recv(1000)
        talk.send(answer(b"too much", "413 Content Too Large", {"Connection": "close"}))
        talk.hang()

    server = serve(play)

    assert session.fetch(Request(server.at(SITE), method="POST", body="x" * 5_000_000)).status == 413
