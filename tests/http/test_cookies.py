"""Cookies: few, small, and only for those who set them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.http import Session
from monitor.http.address import read_url
from monitor.http.cookies import MAX_COOKIE, MAX_COOKIES, Jar
from tests.builders import NOON
from tests.http.conftest import a_session, get
from tests.http.raw_server import RawServer, answer, says

Serve = Callable[..., RawServer]

HERE = read_url("https://site.test/a")


def jar(*lines: str) -> Jar:
    filled = Jar()
    filled.take(HERE, lines, NOON)
    return filled


def test_a_cookie_comes_back_to_its_own_session_only(serve: Serve, session: Session, door: object) -> None:
    server = serve(
        says(answer(headers=[("Set-Cookie", "id=7; Path=/; HttpOnly"), ("Set-Cookie", "b=2")]), answer(), answer())
    )

    first = get(session, server)
    get(session, server)
    asked_with_cookies = server.header("Cookie")
    get(a_session(door, server), server)

    assert asked_with_cookies == "id=7; b=2"
    assert server.header("Cookie") is None
    assert first.header("set-cookie") is None


@pytest.mark.parametrize("count, kept", [(MAX_COOKIES - 1, 49), (MAX_COOKIES, 50), (MAX_COOKIES + 1, 50), (5000, 50)])
def test_fifty_cookies_are_kept(serve: Serve, session: Session, count: int, kept: int) -> None:
    server = serve(says(answer(headers=[("Set-Cookie", f"c{number}={number}") for number in range(count)]), answer()))

    assert get(session, server).status == 200
    get(session, server)

    cookies = (server.header("Cookie") or "").split("; ")
    assert len(cookies) == kept
    assert cookies[-1] == f"c{count - 1}={count - 1}"


@pytest.mark.parametrize("size, kept", [(MAX_COOKIE - 1, 1), (MAX_COOKIE, 1), (MAX_COOKIE + 1, 0), (100_000, 0)])
def test_a_cookie_has_four_kilobytes(size: int, kept: int) -> None:
    assert len(jar("n=" + "v" * (size - 1))) == kept


@pytest.mark.parametrize(
    "line",
    [
        "id=1; Domain=other.test",
        "id=1; Domain=.other.test",
        "id=1; Domain=te.test",
        "id=1; Domain=www.site.test",
        "id=\x00\xff\x01",
        "id=\xe9",
        "id=a\tb",
        "=1",
        "id",
        "",
        "i d=1",
        "id=1; Max-Age=0",
        "id=1; Max-Age=-5",
        "id=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
def test_a_cookie_for_others_or_for_no_one_is_dropped(line: str) -> None:
    assert len(jar(line)) == 0


@pytest.mark.parametrize(
    "line",
    [
        "id=1",
        'id="1"',
        "id=1; Domain=site.test",
        "id=1; domain=.Site.Test; Secure",
        "id=1; Domain=test",
        "id=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "id=1; Expires=nonsense",
        "id=1; Expires=Thu, 01 Jan 2030 00:00:09999999999999999999 GMT",
        "id=1; Expires=Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "id=1; Max-Age=nonsense",
        " id=1 ; Path=/elsewhere",
    ],
)
def test_a_cookie_for_here_is_kept(line: str) -> None:
    assert jar(line).header(HERE) in ("id=1", 'id="1"')


@pytest.mark.parametrize(
    "url", ["https://www.site.test/", "https://other.test/", "http://site.test/", "https://site.test:8443/"]
)
def test_a_cookie_goes_to_no_other_origin(url: str) -> None:
    assert jar("id=1; Domain=site.test").header(read_url(url)) is None


def test_a_cookie_is_replaced_and_taken_back() -> None:
    cookies = jar("id=1", "id=2")

    assert cookies.header(HERE) == "id=2"

    cookies.take(HERE, ["id=; Max-Age=0"], NOON)

    assert cookies.header(HERE) is None
