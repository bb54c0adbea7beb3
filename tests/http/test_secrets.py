"""Secrets go where they were meant to go: into no other host, no error, no log, no address we keep."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import FetchError
from monitor.exchange import Request, Signed
from monitor.http import Door, Session
from monitor.http.address import read_url
from monitor.http.errand import Errand
from monitor.http.line import Answer
from monitor.http.question import question_of
from monitor.http.trust import Trust
from monitor.http.walk import first_step, message, next_step
from tests.http.conftest import SITE, a_session, all_texts, failure
from tests.http.raw_server import RawServer, always, answer, ends_with, says

Serve = Callable[..., RawServer]

S = "s3cr3t-Ā/&?"  # needs encoding in an address
PLAIN = "s3cr3t"

KINDS = {
    "header": Signed(Request("https://api.test/v1"), headers={"Authorization": f"Bearer {PLAIN}"}),
    "own header": Signed(Request("https://api.test/v1"), headers={"X-Api-Key": PLAIN}),
    "query": Signed(Request("https://api.test/v1"), params={"key": S}),
    "path": Signed(Request("https://api.test/{key}/v1"), url=f"https://api.test/{PLAIN}/v1"),
    "form": Signed(Request("https://api.test/v1", method="POST", form={"a": "1"}), form={"password": PLAIN}),
    "JSON": Signed(Request("https://api.test/v1", method="POST", json={"a": 1}), secret_json={"password": PLAIN}),
}


def at(kind: str, url: str) -> Signed:
    """Return a signed request of a kind, for another address."""
    signed = KINDS[kind]
    path = signed.url.removeprefix("https://api.test") if signed.url else None
    return replace(signed, request=replace(signed.request, url=url), url=url + path if path else None)


# --- to whom -------------------------------------------------------------------------------------


def trust(**changes: object) -> Trust:
    return Trust(**{"base_url": None, "allow_private": False, "hosts": ("api.test",), "named": (), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://evil.test/v1", id="another host"),
        pytest.param("https://api.test.evil.test/v1", id="a longer host"),
        pytest.param("https://www.api.test/v1", id="a host below"),
        pytest.param("https://api.test:8443/v1", id="another port"),
        pytest.param("http://api.test/v1", id="without TLS"),
    ],
)
def test_a_signed_request_goes_to_no_other_origin(kind: str, url: str) -> None:
    step = first_step(question_of(at(kind, url)))

    with pytest.raises(FetchError) as caught:
        message(step, trust(), {})

    assert caught.value.code == "refused_address"
    assert PLAIN not in str(caught.value)


@pytest.mark.parametrize("kind", ["header", "own header", "query", "path"])
def test_a_redirect_to_another_host_leaves_the_secret_behind(kind: str) -> None:
    home = trust()
    step = first_step(question_of(KINDS[kind]))
    redirect = Answer(302, (("location", "https://evil.test/v1"),), b"")

    there = message(next_step(step, redirect, home, Errand("api.test", timedelta(seconds=1))), home, {})

    assert there.address.host == "evil.test"
    assert PLAIN not in repr([there.address.target, there.headers, there.body])


@pytest.mark.parametrize("kind", ["header", "own header"])
def test_a_redirect_to_a_host_of_the_same_account_takes_the_secret_along(kind: str) -> None:
    home = trust(hosts=("api.test", "eu.api.test"))
    step = first_step(question_of(KINDS[kind]))
    redirect = Answer(302, (("location", "https://eu.api.test/v1"),), b"")

    there = message(next_step(step, redirect, home, Errand("api.test", timedelta(seconds=1))), home, {})

    assert PLAIN in repr(there.headers)


@pytest.mark.parametrize("kind", ["form", "JSON"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_body_with_a_secret_follows_no_redirect_to_another_host(kind: str, status: int) -> None:
    step = first_step(question_of(KINDS[kind]))
    redirect = Answer(status, (("location", "https://evil.test/v1"),), b"")

    with pytest.raises(FetchError) as caught:
        next_step(step, redirect, trust(), Errand("api.test", timedelta(seconds=1)))

    assert caught.value.code == "redirect"


@pytest.mark.parametrize(
    "url, may",
    [
        ("https://api.test/", True),
        ("https://second.test:9000/", True),
        ("https://second.test/", False),
        ("http://shop.test:8080/", True),
        ("http://shop.test/", False),
    ],
)
def test_secrets_may_go_to_hosts_and_to_what_the_configuration_names(url: str, may: bool) -> None:
    home = trust(hosts=("API.test", "second.test:9000"), named=("http://shop.test:8080/feed?x=1",))

    assert home.allows_secrets(read_url(url)) is may


def test_without_any_host_secrets_go_to_the_first_origin_only() -> None:
    home = trust(hosts=())
    home.begin(read_url("http://forum.test/latest"))
    home.begin(read_url("https://evil.test/"))

    assert home.allows_secrets(read_url("http://forum.test/other"))
    assert not home.allows_secrets(read_url("https://forum.test/"))
    assert not home.allows_secrets(read_url("https://evil.test/"))


@pytest.mark.parametrize(
    "kind, found",
    [
        ("header", b"Authorization: Bearer s3cr3t\r\n"),
        ("own header", b"X-Api-Key: s3cr3t\r\n"),
        ("query", b"key=s3cr3t-%C4%80%2F%26%3F"),
        ("path", b"/s3cr3t/v1"),
        ("form", b"\r\n\r\na=1&password=s3cr3t"),
        ("JSON", b'\r\n\r\n{"a":1,"password":"s3cr3t"}'),
    ],
)
def test_a_signed_request_arrives_with_its_secret(serve: Serve, session: Session, kind: str, found: bytes) -> None:
    server = serve(always(answer()))

    response = session.fetch(at(kind, server.at(SITE)))

    assert found in server.requests[0]
    assert PLAIN not in repr(response) + response.url


# --- in what we say and keep ---------------------------------------------------------------------


BAD_ANSWERS = {
    "garbage": b"s3cr3t is not HTTP\r\n\r\n",
    "a bad header": b"HTTP/1.1 200 OK\r\ns3cr3t s3cr3t\r\n\r\n",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: s3cr3t\r\n\r\n",
    "an odd coding": answer(headers={"Content-Encoding": "s3cr3t?"}),
    "a redirect with credentials": answer(b"", "302 Found", {"Location": "http://user:s3cr3t@site.test/"}),
    "a redirect that cannot be read": answer(b"", "302 Found", {"Location": "http://[s3cr3t/?key=s3cr3t"}),
    "a circle": answer(b"", "302 Found", {"Location": "?key=s3cr3t"}),
    "nothing": b"",
    "cut short": answer(b"s3cr3t", length=100),
}


@pytest.mark.parametrize("data", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_error_tells_a_secret_or_an_address(
    serve: Serve, session: Session, caplog: pytest.LogCaptureFixture, data: bytes, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(ends_with(data))

    error = failure(session, at(kind, server.at(SITE, "/private/path")))

    told = all_texts(error) + caplog.text
    assert PLAIN not in told
    assert "/private/path" not in told
    assert SITE in str(error) or error.code == "refused_address"


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(Signed(Request("http://site.test/"), headers={"X-Key": "s3cr3t\n"}), id="line end in a header"),
        pytest.param(Signed(Request("http://site.test/"), headers={"X-Key": "s3cr3t\u0100"}), id="not Latin-1"),
        pytest.param(Signed(Request("http://site.test/"), url="http://site.test/s3cr3t\n"), id="line end in the path"),
        pytest.param(Signed(Request("http://site.test/"), url="http://u:s3cr3t@site.test/"), id="in the user name"),
        pytest.param(Signed(Request("http://site.test/"), url="http://[s3cr3t/"), id="in a bad address"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_not_told(session: Session, signed: Signed) -> None:
    error = failure(session, signed)

    assert PLAIN not in all_texts(error)


def test_the_debug_log_of_the_library_is_off(serve: Serve, session: Session, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(always(answer(headers={"Set-Cookie": "id=s3cr3t", "X-Next": "?key=s3cr3t"})))

    session.fetch(at("query", server.at(SITE, "/private/path")))

    assert caplog.text == ""


def test_the_address_of_an_answer_hides_what_a_redirect_repeats(serve: Serve, session: Session) -> None:
    location = "/b?key=s3cr3t-%C4%80%2F%26%3F&page=2"
    server = serve(says(answer(b"", "302 Found", {"Location": location}), answer()))

    response = session.fetch(at("query", server.at(SITE)))

    assert server.paths[1] == location
    assert response.url == server.at(SITE, "/b?key=***&page=2")


def test_the_address_of_an_answer_hides_a_part_of_the_path_that_a_redirect_repeats(
    serve: Serve, session: Session
) -> None:
    server = serve(says(answer(b"", "302 Found", {"Location": "/s3cr3t%7B1%7D/b"}), answer()))
    signed = Signed(Request(server.at(SITE, "/{key}/a")), url=server.at(SITE, "/s3cr3t{1}/a"))

    response = session.fetch(signed)

    assert server.paths == ["/s3cr3t%7B1%7D/a", "/s3cr3t%7B1%7D/b"]
    assert response.url == server.at(SITE, "/***/b")


def test_what_is_under_way_shows_no_secret() -> None:
    question = question_of(KINDS["query"])
    step = first_step(question)
    line = message(step, trust(), {"Cookie": PLAIN})

    assert PLAIN not in repr(question) + repr(line) + repr(line.address) + repr(KINDS["query"])
    assert question.shown == "https://api.test/v1"


# --- our own name --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "contact, expected",
    [
        ("ops@example.org", "ReviewMonitor/1.0 (+ops@example.org)"),
        ("https://example.org/about", "ReviewMonitor/1.0 (+https://example.org/about)"),
        (None, "ReviewMonitor/1.0"),
        ("a\r\nX-Evil: 1 (ü)", "ReviewMonitor/1.0 (+aX-Evil:1)"),
    ],
)
def test_we_say_who_we_are(serve: Serve, make_door: Callable[..., Door], contact: str | None, expected: str) -> None:
    server = serve(always(answer()))
    session = a_session(make_door(contact=contact), server)

    session.fetch(Request(server.at(SITE), headers={"user-agent": "Browser"}))

    assert server.header("User-Agent") == expected


def test_the_environment_changes_nothing(
    serve: Serve, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write(f"machine {SITE} login anna password {PLAIN}\n")
    monkeypatch.setenv("NETRC", netrc)
    server = serve(always(answer()))

    session.fetch(Request(server.at(SITE)))

    assert b"uthorization" not in server.requests[0]
