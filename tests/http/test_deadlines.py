"""However a site keeps us waiting, it ends at the deadline, and nobody else waits with it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from monitor.exchange import Request
from monitor.http import Door, Session
from monitor.http.wire import MAX_INTERIM
from tests.http.conftest import SHORT, SITE, PhoneBook, a_session, failure, get
from tests.http.raw_server import LOOPBACK, RawServer, Script, Talk, always, answer, says

Serve = Callable[..., RawServer]
MakeDoor = Callable[..., Door]

SLACK = 5  # seconds that a busy machine may add; what hangs here would hang for much longer


def silent_at_once(talk: Talk) -> None:
    talk.hang()


def drips_the_status_line(talk: Talk) -> None:
    talk.request()
    talk.drip(b"HTTP/1.1 200 " + b"O" * 1000)


def drips_a_header(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    talk.drip(b"s" * 1000)


def drips_the_body(talk: Talk) -> None:
    talk.request()
    talk.send(answer(b"", length=1000))
    talk.drip(b"b" * 1000)


def drips_chunks(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        talk.send(b"1\r\nb\r\n")
        talk.pause(0.02)


def says_wait_for_ever(talk: Talk) -> None:
    talk.request()
    while True:
        talk.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        talk.pause(0.02)


def shouts_wait_for_ever(talk: Talk) -> None:
    talk.request()
    while True:
        talk.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def stops_in_the_body(talk: Talk) -> None:
    talk.request()
    talk.send(answer(b'{"reviews"', length=1000))
    talk.hang()


def sends_us_on_slowly(talk: Talk) -> None:
    while request := talk.request():
        talk.pause(0.06)
        path = request.split(b" ", 2)[1].decode()
        talk.send(answer(b"", "302 Found", {"Location": f"{path}x"}))


HANGS: list[Script] = [
    silent_at_once,
    drips_the_status_line,
    drips_a_header,
    drips_the_body,
    drips_chunks,
    says_wait_for_ever,
    shouts_wait_for_ever,
    stops_in_the_body,
    sends_us_on_slowly,
]


@pytest.mark.parametrize("script", HANGS, ids=lambda script: script.__name__)
def test_a_site_that_keeps_us_waiting_ends_at_the_deadline(serve: Serve, session: Session, script: Script) -> None:
    server = serve(script)

    began = time.monotonic()
    error = failure(session, server, SHORT)

    assert error.code == "deadline"
    assert time.monotonic() - began < SHORT.total_seconds() + SLACK


def test_a_tls_handshake_that_is_never_answered_ends_at_the_deadline(serve: Serve, session: Session) -> None:
    server = serve(silent_at_once)

    error = failure(session, Request(f"https://{SITE}:{server.port}/"), SHORT)

    assert error.code == "deadline"
    assert not error.sent


@pytest.mark.parametrize("interim, code", [(MAX_INTERIM - 1, None), (MAX_INTERIM, None), (MAX_INTERIM + 1, "deadline")])
def test_a_hundred_interim_answers_are_waited_for(
    serve: Serve, session: Session, interim: int, code: str | None
) -> None:
    server = serve(says(b"HTTP/1.1 102 Processing\r\n\r\n" * interim + answer()))

    if code is None:
        assert get(session, server).json() == {"reviews": []}
    else:
        assert failure(session, server).code == code


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: nobody answers a call, and nobody refuses it."""
    listener = socket.socket()
    listener.bind((LOOPBACK, 0))
    listener.listen(0)
    callers = [socket.socket() for _ in range(4)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex(listener.getsockname())
    yield listener.getsockname()[1]
    for sock in [listener, *callers]:
        sock.close()


def test_a_host_that_does_not_take_the_call_ends_at_the_deadline(door: Door, deaf_port: int) -> None:
    session = a_session(door, deaf_port)

    began = time.monotonic()
    error = failure(session, Request(f"http://{SITE}:{deaf_port}/"), SHORT)

    assert error.code == "deadline"
    assert not error.sent
    assert time.monotonic() - began < SHORT.total_seconds() + SLACK


def test_five_sites_that_hang_do_not_delay_the_others(serve: Serve, door: Door) -> None:
    hung, good = serve(silent_at_once), serve(always(answer()))

    with ThreadPoolExecutor(16) as workers:
        lost = [workers.submit(failure, a_session(door, hung), hung, timedelta(seconds=60)) for _ in range(5)]
        answers = list(workers.map(lambda _: get(a_session(door, good), good).status, range(45)))
        hanging = [call for call in lost if not call.done()]
        door.close()

    assert answers == [200] * 45
    assert hanging == lost
    assert {call.result().code for call in lost} == {"stopped"}


# --- names ---------------------------------------------------------------------------------------


@pytest.fixture
def hung(names: PhoneBook) -> Iterator[threading.Event]:
    """An event that lets the name server of hung*.test answer at last."""
    answers = threading.Event()

    def wait() -> list[str]:
        answers.wait(10)
        return ["127.0.0.1"]

    names.entries.update({f"hung{number}.test": wait for number in range(100)})
    yield answers
    answers.set()


def test_a_name_server_that_does_not_answer_ends_at_its_own_limit(make_door: MakeDoor, hung: threading.Event) -> None:
    session = a_session(make_door(name_limit=timedelta(seconds=0.1)), 80)

    error = failure(session, Request("http://hung0.test/"))

    assert error.code == "dns_timeout"
    assert str(error) == "hung0.test: the name server did not answer within 0.1 s"


def test_a_deadline_before_the_name_servers_limit_is_the_deadline(door: Door, hung: threading.Event) -> None:
    error = failure(a_session(door, 80), Request("http://hung0.test/"), timedelta(seconds=0.1))

    assert error.code == "deadline"


def test_the_names_limit_is_ten_seconds(door: Door) -> None:
    from monitor.http.names import NAME_LIMIT

    assert timedelta(seconds=10) == NAME_LIMIT


def test_hung_names_leave_room_for_the_others(
    make_door: MakeDoor, serve: Serve, names: PhoneBook, hung: threading.Event
) -> None:
    door = make_door()
    server = serve(always(answer()))

    with ThreadPoolExecutor(8) as workers:
        urls = [f"http://hung{number}.test/" for number in range(7)]
        lost = [workers.submit(failure, a_session(door, 80), Request(url)) for url in urls]
        answered = get(a_session(door, server), server)
        hanging = [call for call in lost if not call.done()]
        hung.set()

    assert answered.status == 200
    assert hanging == lost


def test_a_name_asked_for_twice_at_once_is_looked_up_once(
    make_door: MakeDoor, names: PhoneBook, hung: threading.Event
) -> None:
    door = make_door(name_limit=timedelta(seconds=0.2))

    with ThreadPoolExecutor(8) as workers:
        calls = [workers.submit(failure, a_session(door, 80), Request("http://hung1.test/")) for _ in range(8)]
        assert {call.result().code for call in calls} == {"dns_timeout"}

    assert names.asked.count("hung1.test") == 1


def test_a_host_that_does_not_exist_says_so(session: Session) -> None:
    error = failure(session, Request("http://nowhere.test/secret?key=1"))

    assert error.code == "dns"
    assert str(error) == "nowhere.test: there is no such host"


def test_a_name_without_addresses_does_not_exist(session: Session, names: PhoneBook) -> None:
    names.entries["bare.test"] = []

    assert failure(session, Request("http://bare.test/")).code == "dns"


# --- several addresses ---------------------------------------------------------------------------


def test_the_fourth_address_is_tried(serve: Serve, door: Door, names: PhoneBook) -> None:
    server = serve(always(answer()), host="127.0.0.9")
    names.entries[SITE] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9"]

    assert get(a_session(door, server), server).status == 200


def test_of_twenty_dead_addresses_four_are_tried(serve: Serve, door: Door, names: PhoneBook) -> None:
    server = serve(always(answer()), host="127.0.0.9")
    names.entries[SITE] = [*(f"127.0.1.{number}" for number in range(1, 5)), "127.0.0.9"] + ["127.0.2.1"] * 15

    error = failure(a_session(door, server), server)

    assert error.code == "connect"
    assert not error.sent
    assert server.connections == 0


def test_one_deaf_address_leaves_time_for_the_next(serve: Serve, door: Door, names: PhoneBook, deaf_port: int) -> None:
    server = serve(always(answer()), host="127.0.0.9", port=deaf_port)
    names.entries[SITE] = ["127.0.0.1", "127.0.0.9"]

    assert get(a_session(door, server), server, deadline=timedelta(seconds=2)).status == 200


def test_a_broken_ipv6_does_not_use_up_all_tries(serve: Serve, session: Session, names: PhoneBook) -> None:
    server = serve(always(answer()))
    names.entries[SITE] = ["::1", "::1", "::1", "::1", "127.0.0.1"]

    assert get(session, server).status == 200
