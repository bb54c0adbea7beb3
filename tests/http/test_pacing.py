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
from tests.http.raw_server import RawServer, Talk, always, answer

Serve = Callable[..., RawServer]

GAP = timedelta(seconds=0.1)


def test_requests_of_all_sessions_to_one_host_keep_the_gap(serve: Serve, door: Door) -> None:
    times: list[float] = []

    def play(talk: Talk) -> None:
        while talk.request():
            times.append(time.monotonic())
            talk.send(answer())

    server = serve(play)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: get(a_session(door, server, gap=GAP), server), range(4)))

    gaps = [after - before for before, after in zip(sorted(times), sorted(times)[1:], strict=False)]
    assert min(gaps) > GAP.total_seconds() - 0.03


def test_other_hosts_do_not_wait(door: Door) -> None:
    began = time.monotonic()
    for number in range(20):
        door.pacing.wait(f"shop{number}.test", timedelta(seconds=30))

    assert time.monotonic() - began < 0.1


def test_the_gap_is_kept_for_the_real_host_behind_a_base_url(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))

    def ask(host: str) -> float:
        session = door.session(host, base_url=server.at("127.0.0.1"), allow_private=True, gap=GAP)
        began = time.monotonic()
        session.fetch(Request(f"https://{host}/"))
        return time.monotonic() - began

    assert ask("one.test") < 0.08
    assert ask("two.test") < 0.08
    assert ask("one.test") > 0.02


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

    began = time.monotonic()
    pacing.wait("slow.test", GAP)

    assert time.monotonic() - began < 0.15


def test_who_waits_for_a_turn_hears_the_end(door: Door, serve: Serve) -> None:
    server = serve(always(answer()))
    session = a_session(door, server, gap=timedelta(seconds=30))
    get(session, server)
    threading.Timer(0.05, door.close).start()

    began = time.monotonic()
    error = failure(session, server)

    assert error.code == "stopped"
    assert time.monotonic() - began < 1


def test_who_waits_for_an_answer_hears_the_end(door: Door, serve: Serve) -> None:
    server = serve(lambda talk: talk.hang())
    threading.Timer(0.05, door.close).start()

    began = time.monotonic()
    error = failure(a_session(door, server), server)

    assert error.code == "stopped"
    assert time.monotonic() - began < 1


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
    session = a_session(door, server, gap=timedelta(seconds=0.2))

    for _ in range(2):
        assert get(session, server, deadline=timedelta(seconds=0.15)).status == 200
    assert server.header("Host") == f"{SITE}:{server.port}"
