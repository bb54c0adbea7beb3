"""What httpx does on its own account stays inside the door: its log, its errors, its reprs, its cookies."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from monitor.errors import FetchError
from monitor.exchange import Request
from monitor.http import Door
from monitor.http.address import read_url
from monitor.http.errand import Errand
from monitor.http.line import Client, Message, ask
from monitor.http.transport import CALL, Call
from tests.http.conftest import SITE, a_session, all_texts, failure, get
from tests.http.raw_server import RawServer, always, answer

Serve = Callable[..., RawServer]

KEY = "s3cr3t"
MESSAGE = Message("GET", read_url(f"https://api.test/{KEY}?key={KEY}"), [("Host", "api.test"), ("X-Key", KEY)], {})


def an_errand() -> Errand:
    return Errand("api.test", timedelta(seconds=1))


class Spy(httpx.BaseTransport):
    """Keeps the request and fails as told."""

    def __init__(self, failing: Callable[[httpx.Request], Exception]) -> None:
        self.failing = failing
        self.request: httpx.Request | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        raise self.failing(request)


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param(lambda asked: httpx.ReadError(f"https://api.test/{KEY}", request=asked), id="request"),
        pytest.param(lambda asked: httpx.RemoteProtocolError(f"{asked.headers}"), id="headers"),
        pytest.param(lambda asked: httpx.StreamClosed(), id="stream"),
    ],
)
def test_no_error_of_httpx_gets_out(failing: Callable[[httpx.Request], Exception]) -> None:
    with pytest.raises(FetchError) as caught:
        ask(Client(Spy(failing)), MESSAGE, an_errand(), allow_private=False)

    assert caught.value.__context__ is None
    assert KEY not in all_texts(caught.value)


def test_a_fault_of_ours_is_not_taken_for_the_end_of_the_program() -> None:
    with pytest.raises(RuntimeError, match="no thread left"):
        ask(Client(Spy(lambda _: RuntimeError("no thread left"))), MESSAGE, an_errand(), allow_private=False)


def test_a_request_of_httpx_shows_its_host_only() -> None:
    spy = Spy(lambda asked: httpx.ReadError("", request=asked))
    with pytest.raises(FetchError):
        ask(Client(spy), MESSAGE, an_errand(), allow_private=False)
    request = spy.request

    assert request is not None
    assert request.url.raw_path.decode() == MESSAGE.address.target
    assert KEY not in repr(request) + repr(request.url) + str(request.url) + repr(request.extensions)
    assert "https://api.test/" in repr(request)


def test_a_log_of_httpx_that_is_turned_on_again_is_empty(
    serve: Serve, door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("httpx")
    monkeypatch.setattr(log, "disabled", False)
    caplog.set_level(logging.DEBUG, "httpx")
    server = serve(always(answer()))

    get(a_session(door, server), server, f"/?key={KEY}")

    assert caplog.text == ""


@pytest.mark.parametrize("body", [{"json": {KEY: float("nan")}}, {"json": f"{KEY}\ud800"}, {"data": {KEY: "\ud800"}}])
def test_a_body_that_cannot_be_written_is_an_error_without_the_body(door: Door, body: dict[str, object]) -> None:
    message = Message("POST", MESSAGE.address, MESSAGE.headers, body)

    with pytest.raises(FetchError) as caught:
        ask(door.client, message, an_errand(), allow_private=False)

    assert (caught.value.code, caught.value.permanent, caught.value.sent) == ("protocol", True, False)
    assert KEY not in all_texts(caught.value)


def test_an_address_longer_than_httpx_takes_is_an_error_of_ours(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    session = door.session("cafe", base_url=server.at("127.0.0.1", "/proxy"), allow_private=True)

    error = failure(session, Request("https://site.test/" + "ö" * 12_000))

    assert (error.code, server.requests) == ("protocol", [])


@pytest.mark.parametrize(
    "checked", ["https://api.test/other", "https://api.test:8443/", "https://evil.test/", "http://api.test:443/"]
)
def test_nothing_is_sent_where_the_gate_and_httpx_mean_different_places(door: Door, checked: str) -> None:
    call = Call(an_errand(), read_url(checked), False)
    request = door.client.build_request("GET", "https://api.test/", extensions={CALL: call})

    with pytest.raises(FetchError) as caught:
        door.client.send(request, stream=True)

    assert caught.value.code == "refused_address"


def test_the_client_that_all_sessions_share_keeps_no_cookie(serve: Serve, door: Door) -> None:
    server = serve(always(answer(headers={"Set-Cookie": "id=7; Path=/"})))

    get(a_session(door, server), server)
    get(a_session(door, server), server)

    assert b"ookie" not in server.requests[1]
    assert dict(door.client.cookies) == {}


def test_httpx_says_nothing_of_its_own(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))

    get(a_session(door, server), server)

    names = [line.partition(b":")[0] for line in server.requests[0].split(b"\r\n")[1:-2]]
    assert names == [b"Host", b"Accept", b"User-Agent", b"Accept-Encoding"]


def test_the_command_line_of_httpx_is_not_loaded() -> None:
    look = "import sys, monitor.http; print('httpx' in sys.modules, {'click', 'rich', 'pygments'} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout

    assert shown == "True set()\n"


def test_a_closed_door_closes_its_client(door: Door) -> None:
    door.close()

    assert door.client.is_closed
    assert failure(door.session("cafe", gap=timedelta(0)), Request(f"http://{SITE}/")).code == "stopped"
