"""The listener, asked over real sockets: health, metrics, and callers who ask wrongly, slowly or too often."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor import push
from monitor.errors import UsageError
from monitor.polling import Taken
from monitor.push import STANDS_STILL, Watched, listening
from monitor.store import Store, open_store, schema
from tests.builders import NOON, FakeClock
from tests.town import free_port

Address = tuple[str, int]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied."""
    path = tmp_path_factory.mktemp("made") / "monitor.db"
    open_store(f"sqlite:///{path}", now=NOON).close()
    return path


@pytest.fixture
def store(tmp_path: Path, made: Path) -> Iterator[Store]:
    """An empty database."""
    shutil.copy(made, tmp_path / "monitor.db")
    with open_store(f"sqlite:///{tmp_path}/monitor.db", now=NOON) as opened:
        yield opened


@pytest.fixture
def listener(store: Store, clock: FakeClock) -> Iterator[Address]:
    """A listener over that database; its loop ticked at NOON."""
    watched = Watched(store, clock, lambda: {"looks": 7, "failed_sends": 0}, lambda: NOON)
    with listening(watched, "127.0.0.1", 0) as address:
        yield address


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Message
    body: bytes


def ask(address: Address, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
    """Ask, and return the whole answer."""
    with closing(http.client.HTTPConnection(*address, timeout=5)) as line:
        line.request(method, path, body)
        answer = line.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def raw(address: Address, *parts: bytes, pause: float = 0) -> bytes:
    """Send bytes as they are, and return everything that comes back."""
    with socket.create_connection(address, timeout=10) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def samples(address: Address) -> Samples:
    """Return what a scrape reads."""
    text = ask(address, "/metrics").body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def put_source(store: Store, *names: str, **values: object) -> None:
    row = {"connector": "x", "options_hash": "", "added_at": NOON, "next_poll_at": NOON, "health": "ok", "active": True}
    with store.write() as conn:
        conn.execute(
            schema.sources.insert(),
            [row | {"name": name, "last_good_at": NOON - timedelta(minutes=5)} | values for name in names],
        )


# --- health --------------------------------------------------------------------------------------


def test_a_loop_that_ticks_is_healthy(listener: Address, clock: FakeClock) -> None:
    clock.advance(seconds=2)

    answer = ask(listener, "/healthz")

    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "ticked_seconds_ago": 2}
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "still, status",
    [(STANDS_STILL - timedelta(seconds=1), 200), (STANDS_STILL, 503), (STANDS_STILL + timedelta(seconds=1), 503)],
)
def test_a_loop_that_stands_still_is_not(listener: Address, clock: FakeClock, still: timedelta, status: int) -> None:
    clock.advance(still)

    assert ask(listener, "/healthz").status == status


def test_health_needs_no_database(listener: Address, store: Store) -> None:
    store.close()
    assert store.path is not None
    store.path.unlink()

    assert ask(listener, "/healthz").status == 200
    answer = ask(listener, "/metrics")
    assert (answer.status, answer.body) == (503, b"the database cannot be read\n")


# --- metrics -------------------------------------------------------------------------------------


def test_a_scrape_can_be_read_and_tells_what_there_is(listener: Address, store: Store, clock: FakeClock) -> None:
    put_source(store, "shop", "app")
    put_source(store, "page", health="broken", last_good_at=None)
    clock.advance(seconds=3)

    found = samples(listener)

    assert found["monitor_looks_total", ()] == 7
    assert found["monitor_ticked_seconds_ago", ()] == 3
    assert found["monitor_sources", (("health", "ok"),)] == 2
    assert found["monitor_sources", (("health", "broken"),)] == 1
    assert found["monitor_source_seen_seconds_ago", (("source", "shop"),)] == 303
    assert ("monitor_source_seen_seconds_ago", (("source", "page"),)) not in found
    assert found["monitor_cases_open", ()] == 0


@pytest.mark.parametrize(
    "name",
    ['a"} 1\nfake_metric 9', "back\\slash", "line\nfake 1", 'quote"', "naïve 🙈", "\u202eevil", "{}", "\\", "\\n", ""],
)
def test_a_hostile_name_stays_one_label(listener: Address, store: Store, name: str) -> None:
    put_source(store, name)

    found = samples(listener)

    assert [labels for metric, labels in found if metric == "monitor_source_seen_seconds_ago"] == [(("source", name),)]
    assert not any("fake" in metric for metric, _ in found)


@pytest.mark.parametrize("over", [-1, 0, 1, 9_000])
def test_the_number_of_labels_has_an_end(listener: Address, store: Store, over: int) -> None:
    count = push.MOST_LABELS + over
    put_source(store, *(f"s{number:05}" for number in range(count)))

    found = samples(listener)

    assert found["monitor_sources", (("health", "ok"),)] == count
    labelled = [name for name, _ in found if name == "monitor_source_seen_seconds_ago"]
    assert len(labelled) == min(count, push.MOST_LABELS)


def test_a_query_behind_the_path_changes_nothing(listener: Address) -> None:
    assert ask(listener, "/metrics?name[]=x").status == 200
    assert ask(listener, "/healthz?").status == 200


# --- callers who ask wrongly ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/healthz/", "/HEALTHZ", "/../healthz", "/metrics/x", "/%2e%2e/etc/passwd", "//"]
)
def test_another_path_is_not_found(listener: Address, path: str) -> None:
    assert ask(listener, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "x-y"])
@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
def test_another_method_is_refused_with_those_there_are(listener: Address, method: str, path: str) -> None:
    answer = ask(listener, path, method, b"a body" if method == "POST" else None)

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_large_body_that_nobody_asked_for_is_refused_at_once(listener: Address) -> None:
    began = time.monotonic()

    answer = raw(listener, b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n", b"x" * 70_000)

    assert answer.startswith(b"HTTP/1.0 405 ")
    assert time.monotonic() - began < push.LONGEST - 0.5  # its end is not waited for


def test_head_answers_without_a_body(listener: Address) -> None:
    answer = ask(listener, "/healthz", "HEAD")

    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) > 0
    assert answer.body == b""


@pytest.mark.parametrize(
    "request_, status",
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /healthz HTTP/9.9\r\n\r\n", 505),
        (b"GET /healthz HTTP/x\r\n\r\n", 400),
        (b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03<script>\r\n\r\n", 400),
    ],
    ids=["nonsense", "version", "no version", "long address", "many headers", "long header", "TLS"],
)
def test_what_is_no_request_gets_a_number_and_nothing_of_itself_back(
    listener: Address, request_: bytes, status: int
) -> None:
    answer = raw(listener, request_)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"{status}".encode() in head.split(b"\r\n")[0] or body.strip() == f"{status}".encode()
    assert b"script" not in body
    assert ask(listener, "/healthz").status == 200


# --- callers who are slow, or many ---------------------------------------------------------------


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> float:
    """The time a request has, shorter than usual."""
    monkeypatch.setattr(push, "LONGEST", 0.5)
    monkeypatch.setattr(push._Handler, "timeout", 0.5)
    return 0.5


@pytest.mark.parametrize("parts", [[], [b"GET /healthz HTTP/1.1\r\n"], [b"G"] * 20, [b"X: y\r\n"] * 20])
def test_a_slow_caller_is_hung_up_on(hurried: float, listener: Address, parts: list[bytes]) -> None:
    began = time.monotonic()

    with suppress(BrokenPipeError, ConnectionResetError):  # hung up on while it was still speaking
        raw(listener, *parts, pause=0.1)

    assert time.monotonic() - began < 2 * hurried + 0.1 * len(parts) + 5
    assert ask(listener, "/healthz").status == 200


def test_many_who_say_nothing_do_not_grow_without_end(hurried: float, listener: Address) -> None:
    before = threading.active_count()
    lines = [socket.create_connection(listener, timeout=5) for _ in range(3 * push.MOST_AT_ONCE)]
    closed = [line for line in lines if _is_closed(line)]

    assert len(closed) >= push.MOST_AT_ONCE
    assert threading.active_count() - before <= 2 * push.MOST_AT_ONCE + 1  # each with the one that hangs up

    for line in lines:
        line.close()
    assert _soon(lambda: ask(listener, "/healthz").status == 200)


def _is_closed(line: socket.socket) -> bool:
    line.settimeout(0.05)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def _soon(claim: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if claim():
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    return False


# --- where it listens ----------------------------------------------------------------------------


def watched(store: Store) -> Watched:
    return Watched(store, lambda: NOON, dict, lambda: NOON)


def test_a_port_that_is_taken_is_said_with_what_to_change(store: Store, listener: Address) -> None:
    with pytest.raises(UsageError) as error, listening(watched(store), *listener):
        pass

    assert f"cannot listen on 127.0.0.1:{listener[1]}: Address already in use" in str(error.value)
    assert "--health-port" in str(error.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "256.1.1.1", "x" * 300, "::9"])
def test_an_address_that_is_not_of_this_machine_is_said(store: Store, host: str) -> None:
    with pytest.raises(UsageError, match="cannot listen on"), listening(watched(store), host, free_port()):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_on_the_newer_kind_of_address(store: Store) -> None:
    try:
        with listening(watched(store), "::1", 0) as address:
            assert ask(address, "/healthz").status == 200
    except UsageError:
        pytest.skip("this machine has no address of its own of that kind")


def test_the_port_is_free_again_afterwards(store: Store) -> None:
    with listening(watched(store), "127.0.0.1", 0) as address:
        pass

    with listening(watched(store), *address) as again:
        assert ask(again, "/healthz").status == 200


# --- what is pushed ------------------------------------------------------------------------------


class Box:
    """A postbox that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.refused: list[str] = []

    def takes(self, name: str) -> bool:
        return name == "our form"

    def greet(self, name: str, params: Mapping[str, str]) -> str:
        return params["echo"]

    def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Taken:
        self.taken.append(body)
        return Taken(new=1)

    def refuse(self, name: str, why: str) -> None:
        self.refused.append(why)


@pytest.fixture
def box(store: Store, clock: FakeClock) -> Iterator[tuple[Address, Box]]:
    """A listener with a postbox."""
    box = Box()
    with listening(Watched(store, clock, dict, lambda: NOON, box), "127.0.0.1", 0) as address:
        yield address, box


HEAD = b"POST /push/our%20form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"


def test_a_body_that_drips_or_stops_is_not_taken(box: tuple[Address, Box], monkeypatch: pytest.MonkeyPatch) -> None:
    address, kept = box
    monkeypatch.setattr(push, "LONGEST", 0.5)

    assert raw(address, HEAD, b"{", b'"', b"a", pause=0.2) == b""
    assert kept.taken == []


def test_bodies_that_do_not_come_keep_nobody_from_asking_whether_all_is_well(box: tuple[Address, Box]) -> None:
    address, kept = box
    lines: list[socket.socket] = []
    one_more = b""
    for _ in range(1_000):
        if len(lines) < push.MOST_PUSHES or b" 200 " in one_more:  # it may have taken the place of one of them
            lines.append(socket.create_connection(address, timeout=5))
            lines[-1].sendall(HEAD)
        elif b" 503 " in one_more:
            break
        one_more = raw(address, HEAD, b'{"a":1}\n') if len(lines) >= push.MOST_PUSHES else b""
    healthy = ask(address, "/healthz").status
    for line in lines:
        line.close()

    assert b"Retry-After: 1" in one_more
    assert healthy == 200
    assert set(kept.refused) == {"too many at the same time"}


def test_a_whole_body_is_taken_as_it_came(box: tuple[Address, Box]) -> None:
    address, kept = box

    assert b" 200 " in raw(address, HEAD, b'{"a":1}\n').split(b"\r\n")[0]
    assert kept.taken == [b'{"a":1}\n']


def test_a_site_reads_its_own_word_at_our_address_and_no_markup(box: tuple[Address, Box]) -> None:
    address, _ = box

    assert ask(address, "/push/our%20form?echo=1158201444").body == b"1158201444"
    assert ask(address, "/push/our%20form?echo=%3Cscript%3E").status == 403
    assert ask(address, "/push/our%20form?other=1").status == 403
    assert ask(address, "/push/our%20form?" + "&".join(f"a{n}=1" for n in range(99))).status == 403


def test_without_a_postbox_there_is_nothing_to_push_to(listener: Address) -> None:
    assert ask(listener, "/push/our%20form", "POST", b"{}").status == 404
    assert ask(listener, "/push/our%20form").status == 404
