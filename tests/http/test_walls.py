"""A page that stands before the page is an error, and a page that only mentions one is none."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from monitor.exchange import Request
from monitor.http import Session
from monitor.http.walls import wall
from tests.http.conftest import SITE, failure, get
from tests.http.raw_server import RawServer, always, answer

Serve = Callable[..., RawServer]

HTML = "text/html"


def page(body: str, title: str = "", head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>".encode()


FORM = '<form><input name="user"><input type="password" name="pass"><button>Log in</button></form>'
REVIEWS = "".join(
    f"<div class=review><b>Guest {n}</b><p>The soup was cold and nobody came.</p></div>" for n in range(60)
)

WALLS = {
    "log-in by its title": (page(FORM, "Log in | Example"), "a log-in"),
    "log-in by its form": (
        page(f"<h1>Welcome back</h1><p>Log in with your mail address</p>{FORM}", "Example"),
        "a log-in",
    ),
    "sign-in by its words": (page("<p>Please sign in to continue.</p>", "Example"), "a log-in"),
    "log-in in German": (page(FORM, "Anmelden – Beispiel"), "a log-in"),
    "log-in in French": (page(FORM, "Se connecter à Exemple"), "a log-in"),
    "waiting room": (
        page("<p>Enable JavaScript and cookies to continue</p>", "Just a moment..."),
        "a proof that we are human",
    ),
    "captcha": (page("<p>Type the characters you see in this image:</p>", "Robot Check"), "a proof that we are human"),
    "captcha by its words": (page("<p>Please complete the CAPTCHA below.</p>", "Example"), "a proof that we are human"),
    "are you human": (page("<p>Confirm you&#39;re not a robot</p>"), "a proof that we are human"),
    "unusual traffic": (page("<p>We have seen unusual traffic from your network.</p>"), "a proof that we are human"),
    "access denied": (page("<p>Reference #18.2</p>", "Access Denied"), "a proof that we are human"),
    "interruption": (page("<p>As you were browsing…</p>", "Pardon Our Interruption"), "a proof that we are human"),
    "cookie wall": (page("<p>Accept all cookies to continue to our site.</p><button>OK</button>"), "a consent"),
    "cookies needed": (page("<p>Cookies must be enabled. Please reload.</p>"), "a consent"),
    "consent by its title": (
        page("<p>We use cookies and data to …</p>", "Before you continue to Example"),
        "a consent",
    ),
    "enable JavaScript": (page("<p>Please enable JavaScript to view this page.</p>"), "JavaScript"),
    "JavaScript is disabled": (page("<p>JavaScript is disabled in your browser.</p>"), "JavaScript"),
    "frame for scripts": (
        page(
            "<noscript>You need to enable JavaScript to run this app.</noscript>"
            "<div id=root></div><script src=app.js></script>"
        ),
        "JavaScript",
    ),
}

PAGES = {
    "reviews": page(REVIEWS, "Reviews of Acme Coffee"),
    "reviews with a log-in form": page(FORM + REVIEWS, "Reviews of Acme Coffee"),
    "reviews that speak of robots": page(REVIEWS + "<p>Are you a robot? Solve the captcha!</p>"),
    "a review of a log-in": page(REVIEWS, "Login VSI reviews"),
    "no reviews yet": page("<h1>Acme Coffee</h1><p>No reviews yet. Be the first!</p>", "Acme Coffee"),
    "two reviews and the credits": page(
        "<p>Lovely place.</p><p>Slow service.</p>"
        "<small>This site is protected by reCAPTCHA and the Google Privacy Policy.</small>"
    ),
    "comments that want JavaScript": page(
        "<p>Lovely place, and the cakes are worth the way. We came with four children.</p>"
        "<p>Slow service on Sundays, otherwise fine.</p>"
        "<noscript>Please enable JavaScript to view the comments.</noscript>"
    ),
    "a frame with marked-up reviews": page(
        "<noscript>You need to enable JavaScript to run this app.</noscript>",
        head='<script type="application/ld+json">{"@type": "Product", "aggregateRating": {"ratingValue": 2}}</script>',
    ),
    "a frame with its data": page(
        "<noscript>You need to enable JavaScript to run this app.</noscript><script>state = '"
        + "x" * 60_000
        + "'</script>"
    ),
    "a log-in below marked-up reviews": page(FORM + '<div itemprop="review">Cold.</div>', "Log in to Acme"),
    "a cookie banner": page(
        REVIEWS + "<div>We use cookies. By using this site you accept all cookies to continue.</div>"
    ),
    "hidden words": page("<script>var s = 'please enable javascript'</script><!-- captcha --><p>Cold coffee."),
}


@pytest.mark.parametrize("body, wanted", WALLS.values(), ids=WALLS)
def test_a_page_before_the_page_is_an_error(serve: Serve, session: Session, body: bytes, wanted: str) -> None:
    server = serve(always(answer(body, headers={"Content-Type": "text/html; charset=utf-8"})))

    error = failure(session, server)

    assert error.code == "blocked"
    assert error.status == 200
    assert str(error) == f"site.test: instead of the page it shows one that wants {wanted}"


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_page_with_something_to_read_is_read(serve: Serve, session: Session, body: bytes) -> None:
    server = serve(always(answer(body, headers={"Content-Type": "text/html"})))

    assert get(session, server).body == body


@pytest.mark.parametrize(
    "body, content_type, is_wall",
    [
        (page(FORM, "Log in"), "", True),
        (page(FORM, "Log in"), "application/xhtml+xml", True),
        (b"\xef\xbb\xbf\n" + page(FORM, "Log in"), "", True),
        (b"<?xml version='1.0'?><rss><title>Log in</title></rss>", "application/rss+xml", False),
        (b"<?xml version='1.0'?><rss><title>Log in</title></rss>", "", False),
        (b'{"title": "Please enable JavaScript"}', "application/json", False),
        (b"Please enable JavaScript", "text/plain", False),
        (b"", "text/html", False),
    ],
)
def test_only_pages_made_for_people_can_be_walls(body: bytes, content_type: str, is_wall: bool) -> None:
    assert (wall(body, content_type) is not None) is is_wall


@pytest.mark.parametrize(
    "piece",
    [
        b"<a ",
        b"<!--",
        b"</",
        b"<![",
        b"&",
        b"<script",
        b"<noscript>",
        b"<input ",
        b"<title ",
        b"captcha",
        b"cookies to ",
    ],
)
def test_a_page_made_to_take_long_takes_not_long(piece: bytes) -> None:
    body = b"<html>" + piece * (2_000_000 // len(piece))

    began = time.thread_time()
    wall(body, HTML)

    assert time.thread_time() - began < 0.5


def test_an_answer_to_what_we_handed_over_is_no_wall(serve: Serve, session: Session) -> None:
    server = serve(always(answer(page(FORM, "Log in"), headers={"Content-Type": HTML})))

    assert session.fetch(Request(server.at(SITE), method="POST", json={})).status == 200
