"""Between two requests to a host lies its gap, whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from monitor.errors import FetchError
from monitor.exchange import Request
from monitor.http import Door
from monitor.http.pacing import LONGEST_TURN, MAX_HOSTS, Pacing
from tests.http.conftest import SITE, a_session, failure, get
from tests.http.raw_server import RawServer, always, answer

Serve = Callable[..., RawServer]

GAP = timedelta(seconds=0.1)


def test_requests_of_all_sessions_to_one_host_keep_the_gap(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))

    began = time.monotonic()
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: get(a_session(door, server, gap=GAP), server), range(4)))

    assert time.monotonic() - began >= 3 * GAP.total_seconds()


def test_other_hosts_do_not_wait(door: Door) -> None:
    began = time.monotonic()
    for number in range(20):
        door.pacing.wait(f"shop{number}.test", timedelta(seconds=30))

    assert time.monotonic() - began < 10


def test_the_gap_is_kept_for_the_real_host_behind_a_base_url(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))

    def ask(host: str) -> int:
        session = door.session(host, base_url=server.at("127.0.0.1"), allow_private=True, gap=2 * LONGEST_TURN)
        return session.fetch(Request(f"https://{host}/")).status

    assert ask("one.test") == 200
    assert ask("two.test") == 200
    with pytest.raises(FetchError, match="one.test: too many requests"):
        ask("one.test")


def test_a_turn_that_is_too_far_away_is_refused_at_once() -> None:
    pacing = Pacing()
    pacing.wait("slow.test", LONGEST_TURN)

    with pytest.raises(FetchError) as caught:
        pacing.wait("slow.test", LONGEST_TURN + timedelta(seconds=1))

    assert caught.value.code == "deadline"
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > LONGEST_TURN


def test_who_was_refused_takes_no_turn() -> None:
    pacing = Pacing()
    pacing.wait("slow.test", GAP)
    for _ in range(5):
        with pytest.raises(FetchError):
            pacing.wait("slow.test", timedelta(hours=1))

    pacing.wait("slow.test", GAP)  # or else: refused, for hours


def test_who_waits_for_a_turn_hears_the_end(door: Door, serve: Serve) -> None:
    server = serve(always(answer()))
    session = a_session(door, server, gap=timedelta(seconds=30))
    get(session, server)
    threading.Timer(0.05, door.close).start()

    began = time.monotonic()
    error = failure(session, server)

    assert error.code == "stopped"
    assert time.monotonic() - began < 20


def test_who_waits_for_an_answer_hears_the_end(door: Door, serve: Serve) -> None:
    server = serve(lambda talk: talk.hang())
    threading.Timer(0.05, door.close).start()

    assert failure(a_session(door, server), server, timedelta(seconds=30)).code == "stopped"


def test_a_closed_door_asks_nobody(door: Door, serve: Serve) -> None:
    server = serve(always(answer()))
    door.close()

    assert failure(a_session(door, server), server).code == "stopped"
    assert server.requests == []


def test_the_table_of_turns_does_not_grow_for_ever() -> None:
    pacing = Pacing()

    for number in range(MAX_HOSTS + 10):
        pacing.wait(f"shop{number}.test", timedelta(0))

    assert len(pacing._last) == MAX_HOSTS


def test_waiting_for_a_turn_does_not_count_into_the_deadline(door: Door, serve: Serve) -> None:
    server = serve(always(answer()))
    session = a_session(door, server, gap=timedelta(seconds=1))

    for _ in range(2):
        assert get(session, server, deadline=timedelta(seconds=0.9)).status == 200
    assert server.header("Host") == f"{SITE}:{server.port}"
