"""Redirects are followed where they may lead, and our secrets stay at home."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.exchange import Request
from monitor.http import Door, Session
from tests.http.conftest import SITE, PhoneBook, failure, get
from tests.http.raw_server import RawServer, always, answer, by_path, says
from tests.http.test_addresses import NOT_PUBLIC, UNREADABLE, in_url

Serve = Callable[..., RawServer]


def to(location: str, status: int = 302) -> bytes:
    return answer(b"", f"{status} Moved", {"Location": location})


NOT_IN_A_HEADER = {
    "tab",
    "newline",
    "carriage return",
    "NUL",
    "space before",
    "too long",
    "nothing",
    "no scheme",
    "only a path",
}
REFUSED = {
    name: url for name, url in UNREADABLE.items() if name not in NOT_IN_A_HEADER and url.isascii()
} | {
    "tab in the path": "http://other.test/a\tb",
    "nothing but a scheme": "http:",
    "other slashes": "http:/\\other.test/",
}  # fmt: skip


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED)
def test_a_redirect_to_an_odd_address_is_refused(serve: Serve, session: Session, location: str) -> None:
    server = serve(always(to(location)))

    error = failure(session, server)

    assert error.code == "refused_address"
    assert server.connections == 1


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(serve: Serve, session: Session, address: str) -> None:
    server = serve(always(to(in_url(address))))

    assert failure(session, server).code == "refused_address"
    assert server.connections == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "other.test", "mixed.test", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_redirect_to_this_machine_makes_no_connection(
    serve: Serve, session: Session, names: PhoneBook, host: str
) -> None:
    trap = serve(always(answer()))
    names.entries.update({"localhost": ["127.0.0.1"], "mixed.test": ["93.184.215.14", "127.0.0.1"]})
    server = serve(always(to(f"http://{host}:{trap.port}/admin")))

    error = failure(session, server)

    assert error.code == "refused_address"
    assert trap.connections == 0


def test_a_redirect_may_be_relative(serve: Serve, session: Session) -> None:
    server = serve(by_path({"/reviews": to("new/place?a=1#top"), "/new/place?a=1": answer()}))

    response = get(session, server)

    assert server.paths == ["/reviews", "/new/place?a=1"]
    assert response.url == server.at(SITE, "/new/place?a=1")


@pytest.mark.parametrize("steps, arrives", [(4, True), (5, True), (6, False)])
def test_five_redirects_are_followed(serve: Serve, session: Session, steps: int, arrives: bool) -> None:
    server = serve(says(*(to(f"/step{number}") for number in range(steps)), answer()))

    if arrives:
        assert get(session, server).status == 200
    else:
        assert failure(session, server).code == "redirect"
    assert len(server.requests) == min(steps, 5) + 1


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({"/reviews": to("/reviews")}, id="to itself"),
        pytest.param({"/reviews": to("")}, id="to the empty address"),
        pytest.param({"/reviews": to("/reviews#again")}, id="to itself with a mark"),
        pytest.param({"/reviews": to("/b"), "/b": to("/reviews")}, id="there and back"),
    ],
)
def test_a_circle_is_noticed(serve: Serve, session: Session, pages: dict[str, bytes]) -> None:
    server = serve(by_path(pages))

    error = failure(session, server)

    assert error.code == "redirect"
    assert len(server.requests) == len(pages)


def test_a_page_that_sets_a_cookie_and_sends_us_back_is_no_circle(serve: Serve, session: Session) -> None:
    first = answer(b"", "302 Found", {"Location": "/reviews", "Set-Cookie": "seen=1; Path=/"})
    server = serve(says(first, answer()))

    assert get(session, server).status == 200
    assert server.header("Cookie") == "seen=1"


ODD_LOCATIONS = {
    "missing": answer(b"", "302 Found"),
    "twice": answer(b"", "302 Found", [("Location", "/a"), ("Location", "/b")]),
    "twice the same": answer(b"", "302 Found", [("Location", "/a"), ("Location", "/a")]),
    "100 kB": to("/" + "a" * 100_000),
    "Latin-1": b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n",
    "UTF-8": b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("data", ODD_LOCATIONS.values(), ids=ODD_LOCATIONS)
def test_a_redirect_to_nowhere_in_particular_is_an_error(serve: Serve, session: Session, data: bytes) -> None:
    assert failure(session, serve(always(data))).code == "redirect"


# --- what is handed over -------------------------------------------------------------------------


def hand_over(server: RawServer) -> Request:
    return Request(server.at(SITE, "/hook"), method="POST", json={"text": "hello"})


@pytest.mark.parametrize("status", [307, 308])
def test_what_is_handed_over_follows_within_the_host(serve: Serve, session: Session, status: int) -> None:
    server = serve(by_path({"/hook": to("/new", status), "/new": answer(b"ok")}))

    assert session.fetch(hand_over(server)).body == b"ok"
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b'{"text":"hello"}'] * 2


@pytest.mark.parametrize("status", [302, 303])
def test_after_handing_over_the_result_is_looked_at(serve: Serve, session: Session, status: int) -> None:
    server = serve(by_path({"/hook": to("/thanks", status), "/thanks": answer(b"ok")}))

    assert session.fetch(hand_over(server)).body == b"ok"
    assert server.requests[1].startswith(b"GET /thanks ")
    assert b"ontent-" not in server.requests[1]


@pytest.mark.parametrize(
    "status, location",
    [
        pytest.param(301, "/new", id="moved for good"),
        pytest.param(302, "http://other.test/hook", id="the same path elsewhere"),
        pytest.param(307, "http://other.test/new", id="another host"),
        pytest.param(308, "http://other.test/hook", id="another host for good"),
    ],
)
def test_what_is_handed_over_is_never_lost_in_a_redirect(
    serve: Serve, session: Session, status: int, location: str
) -> None:
    server = serve(always(to(location, status)))

    error = failure(session, hand_over(server))

    assert error.code == "redirect"
    assert len(server.requests) == 1


def test_with_a_base_url_redirects_stay_there(serve: Serve, door: Door) -> None:
    server = serve(by_path({"/reviews": to("https://www.public.test/all?a=1"), "/all?a=1": answer()}))
    session = door.session("cafe", base_url=server.at("127.0.0.1"), allow_private=True)

    response = session.fetch(Request("https://public.test/reviews"))

    assert server.paths == ["/reviews", "/all?a=1"]
    assert response.url == "https://www.public.test/all?a=1"
