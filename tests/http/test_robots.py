"""Pages made for people are read only where robots.txt lets programs in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from monitor.exchange import Request
from monitor.http import Door, Session
from monitor.http.address import read_url
from monitor.http.robots import LONGEST_DELAY, Robots
from tests.builders import NOON, FakeClock
from tests.http.conftest import SITE, a_session, failure, get
from tests.http.raw_server import RawServer, Script, answer, by_path, ends_with

Serve = Callable[..., RawServer]


@pytest.fixture
def polite(door: Door, port: int) -> Session:
    return a_session(door, port, robots=True)


def site(robots: bytes, *, status: str = "200 OK") -> Script:
    page = answer(b"<html><p>Good coffee.", headers={"Content-Type": "text/html"})
    return by_path({"/robots.txt": answer(robots, status), "/reviews": page, "/private/reviews": page})


@pytest.mark.parametrize(
    "robots, path, may",
    [
        (b"", "/reviews", True),
        (b"User-agent: *\nDisallow:", "/reviews", True),
        (b"User-agent: *\nDisallow: /", "/reviews", False),
        (b"User-agent: *\nDisallow: /private", "/private/reviews", False),
        (b"User-agent: *\nDisallow: /private", "/reviews", True),
        (b"User-agent: *\nDisallow: /private", "/open/../private/reviews", False),
        (b"User-agent: *\nDisallow: /*/reviews$", "/private/reviews", False),
        (b"User-agent: *\nDisallow: /\nAllow: /reviews", "/reviews", True),
        (b"User-agent: ReviewMonitor\nDisallow: /\n\nUser-agent: *\nAllow: /", "/reviews", False),
        (b"User-agent: *\nDisallow: /\n\nUser-agent: reviewmonitor\nAllow: /", "/reviews", True),
        (b"User-agent: Googlebot\nDisallow: /", "/reviews", True),
        (b"<html>not found</html>", "/reviews", True),
        (b"\xff\xfe\x00garbage", "/reviews", True),
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /reviews", "/reviews", False),
        (b"User-agent: *\nDisallow: /\n" + b"#" * 600_000 + b"\nAllow: /reviews", "/reviews", False),
    ],
)
def test_robots_txt_is_kept_to(serve: Serve, polite: Session, robots: bytes, path: str, may: bool) -> None:
    server = serve(site(robots))

    if may:
        assert get(polite, server, path).status == 200
        assert server.paths == ["/robots.txt", path]
    else:
        error = failure(polite, Request(server.at(SITE, path)))
        assert (error.code, error.permanent, error.sent) == ("robots", True, False)
        assert server.paths == ["/robots.txt"]


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "403 Forbidden", "410 Gone"])
def test_a_site_without_the_file_lets_us_in(serve: Serve, polite: Session, status: str) -> None:
    server = serve(site(b"User-agent: *\nDisallow: /", status=status))

    assert get(polite, server).status == 200


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Oops", "503 Unavailable"])
def test_a_site_that_cannot_say_is_left_alone_for_a_while(
    serve: Serve, polite: Session, clock: FakeClock, status: str
) -> None:
    server = serve(site(b"", status=status))

    error = failure(polite, server)

    assert (error.code, error.permanent, error.retry_after) == ("robots", False, timedelta(minutes=10))

    failure(polite, server)
    clock.advance(minutes=11)
    failure(polite, server)

    assert server.paths == ["/robots.txt"] * 2


def test_a_failure_on_the_way_to_the_file_is_told_as_what_it_is(polite: Session) -> None:
    assert failure(polite, Request("http://nowhere.test/")).code == "dns"


def test_a_file_that_is_none_lets_us_in(serve: Serve, polite: Session) -> None:
    circle = answer(b"", "302 Found", {"Location": "/robots.txt"})
    server = serve(by_path({"/robots.txt": circle, "/reviews": answer()}))

    assert get(polite, server).status == 200


def test_the_file_is_asked_for_once_a_day(serve: Serve, polite: Session, door: Door, clock: FakeClock) -> None:
    server = serve(site(b""))

    for _ in range(3):
        get(polite, server)
    get(a_session(door, server, robots=True), server)
    clock.advance(hours=23)
    get(polite, server)
    asked_within_a_day = server.paths.count("/robots.txt")
    clock.advance(hours=2)
    get(polite, server)

    assert asked_within_a_day == 1
    assert server.paths.count("/robots.txt") == 2


def test_a_redirect_leads_to_no_closed_page(serve: Serve, polite: Session) -> None:
    redirect = answer(b"", "302 Found", {"Location": "/private/reviews"})
    robots = answer(b"User-agent: *\nDisallow: /private")
    server = serve(by_path({"/robots.txt": robots, "/reviews": redirect}))

    assert failure(polite, server).code == "robots"
    assert server.paths == ["/robots.txt", "/reviews"]


def test_the_file_is_fetched_through_the_same_gate(serve: Serve, polite: Session) -> None:
    server = serve(ends_with(answer(b"", "302 Found", {"Location": "http://169.254.169.254/robots.txt"})))

    assert failure(polite, server).code == "refused_address"


def test_an_interface_for_programs_is_not_asked_for_the_file(serve: Serve, session: Session) -> None:
    server = serve(site(b"User-agent: *\nDisallow: /"))

    assert get(session, server).status == 200
    assert server.paths == ["/reviews"]


@pytest.mark.parametrize(
    "line, gap",
    [
        (b"Crawl-delay: 5", timedelta(seconds=5)),
        (b"Crawl-delay: 0.5", timedelta(seconds=0.5)),
        (b"Crawl-delay: 86400", LONGEST_DELAY),
        (b"Crawl-delay: -1", timedelta(0)),
        (b"Crawl-delay: soon", timedelta(0)),
        (b"Crawl-delay: nan", timedelta(0)),
        (b"Crawl-delay: inf", timedelta(0)),
        (b"", timedelta(0)),
    ],
)
def test_the_gap_a_site_asks_for_is_kept_within_reason(line: bytes, gap: timedelta) -> None:
    file = b"User-agent: *\n" + line + b"\nDisallow: /private"

    asked = Robots().check(read_url("https://site.test/"), ("site.test",), lambda _: (200, file), NOON)

    assert asked == gap
