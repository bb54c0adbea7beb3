"""Answers that are none: every one becomes an error with a code, and never "nothing new"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from monitor.errors import FetchError
from monitor.exchange import Request, Response
from monitor.http import Session, Validators, validators_of
from monitor.http.content import MAX_BODY, MAX_PIECES
from monitor.http.question import MAX_VALIDATOR
from monitor.http.wire import MAX_HEAD, MAX_HEADERS
from tests.builders import NOON
from tests.http.conftest import SITE, failure, get
from tests.http.raw_server import RawServer, Script, Talk, always, answer, ends_with, says

Serve = Callable[..., RawServer]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


# --- too large -----------------------------------------------------------------------------------


def sends_zeros(head: bytes) -> Script:
    def play(talk: Talk) -> None:
        talk.request()
        talk.send(head)
        for _ in range(64):
            talk.send(bytes(1024 * 1024))

    return play


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(OK + b"Content-Length: 67108864\r\n\r\n", id="with a length"),
        pytest.param(OK + b"\r\n", id="without a length"),
        pytest.param(OK + b"Content-Length: 99999999999999999999\r\n\r\n", id="with an absurd length"),
    ],
)
def test_a_body_over_the_cap_is_not_read_to_its_end(serve: Serve, session: Session, head: bytes) -> None:
    error = failure(session, serve(sends_zeros(head)))

    assert error.code == "too_large"


@pytest.mark.parametrize("size, fits", [(MAX_BODY - 1, True), (MAX_BODY, True), (MAX_BODY + 1, False)])
@pytest.mark.parametrize("announced", [True, False], ids=["with a length", "without a length"])
def test_ten_mebibytes_are_the_most(serve: Serve, session: Session, size: int, fits: bool, announced: bool) -> None:
    body = b"1" * size
    server = serve(ends_with(answer(body) if announced else OK + b"\r\n" + body))

    if fits:
        assert len(get(session, server).body) == size
    else:
        assert failure(session, server).code == "too_large"


# --- cut short -----------------------------------------------------------------------------------


def resets_in_the_body(talk: Talk) -> None:
    talk.request()
    talk.send(OK + b"\r\n" + b'{"reviews"')
    talk.pause(0.05)  # or the reset overtakes what was sent
    talk.reset()


CUT: dict[str, Script] = {
    "fewer bytes than announced": ends_with(answer(b'{"reviews": [', length=500)),
    "no byte of those announced": ends_with(answer(b"", length=500)),
    "in the middle of a chunk": ends_with(CHUNKED + b"ff\r\n{"),
    "between two chunks": ends_with(CHUNKED + b"2\r\n{}\r\n"),
    "before the end of the trailer": ends_with(CHUNKED + b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n"),
    "in the status line": ends_with(b"HTTP/1.1 20"),
    "in a header": ends_with(OK + b"Content-Le"),
    "before the answer": ends_with(b""),
    "by a reset": resets_in_the_body,
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT)
def test_an_answer_cut_short_is_an_error(serve: Serve, session: Session, script: Script) -> None:
    error = failure(session, serve(script))

    assert error.code == "truncated"
    assert error.sent


# --- not HTTP as it should be --------------------------------------------------------------------

BROKEN = {
    "HTTP 0.9": b"<html><body>Hello</body></html>",
    "TLS on a plain port": b"\x15\x03\x01\x00\x02\x02\x16",
    "garbage": bytes(range(256)),
    "another protocol": b"220 mail.example ESMTP ready\r\n",
    "HTTP 2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP 1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a letter in the status": b"HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 000": b"HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n",
    "status 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "two different lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n",
    "two different lengths in one header": OK + b"Content-Length: 2, 3\r\n\r\n{}\n",
    "a length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a negative length": OK + b"Content-Length: -2\r\n\r\n{}",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\n{}",
    "a length that is no number": OK + b"Content-Length: two\r\n\r\n{}",
    "a length of 30 digits": OK + b"Content-Length: " + b"1" * 30 + b"\r\n\r\n{}",
    "a bad chunk size": CHUNKED + b"xy\r\n{}\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk size of 30 digits": CHUNKED + b"1" * 30 + b"\r\n{}\r\n0\r\n\r\n",
    "no line end behind a chunk": CHUNKED + b"2\r\n{}0\r\n\r\n",
    "an unknown transfer coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a NUL in a header": OK + b"X-A: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "a bare LF in a header": OK + b"X-A: a\nX-B: b\r\nContent-Length: 2\r\n\r\n{}",
    "a bare CR in a header": OK + b"X-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\n{}",
    "bare LFs only": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "a header without a colon": OK + b"X-A\r\nContent-Length: 2\r\n\r\n{}",
    "a header with a space in its name": OK + b"Content-Length : 2\r\n\r\n{}",
    "a header of 20 MB": OK + b"X-Long: " + b"x" * 20_000_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "a status line of 20 MB": b"HTTP/1.1 200 " + b"x" * 20_000_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "10,000 headers": OK + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"Content-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_breaks_the_rules_of_http_is_an_error(serve: Serve, session: Session, data: bytes) -> None:
    error = failure(session, serve(ends_with(data)))

    assert error.code == "protocol"


@pytest.mark.parametrize("count, fits", [(MAX_HEADERS - 1, True), (MAX_HEADERS, True), (MAX_HEADERS + 1, False)])
def test_thousands_of_headers_are_read_and_no_more(serve: Serve, session: Session, count: int, fits: bool) -> None:
    # The status line, the length and the empty line are lines, too.
    data = OK + b"X: 1\r\n" * (count - 3) + b"Content-Length: 2\r\n\r\n{}"
    server = serve(ends_with(data))

    if fits:
        assert get(session, server).body == b"{}"
    else:
        assert failure(session, server).code == "protocol"


@pytest.mark.parametrize("size, fits", [(MAX_HEAD - 1, True), (MAX_HEAD, True), (MAX_HEAD + 1, False)])
def test_a_large_head_is_read_and_no_larger(serve: Serve, session: Session, size: int, fits: bool) -> None:
    head = OK + b"X-A: %s\r\nContent-Length: 2\r\n\r\n"
    server = serve(ends_with(head % (b"a" * (size - len(head) + 2)) + b"{}"))

    if fits:
        assert get(session, server).body == b"{}"
    else:
        assert failure(session, server).code == "protocol"


@pytest.mark.slow
def test_a_body_in_countless_chunks_is_refused(serve: Serve, session: Session) -> None:
    server = serve(ends_with(CHUNKED + b"1\r\n1\r\n" * (MAX_PIECES + 1) + b"0\r\n\r\n"))

    assert failure(session, server, timedelta(seconds=60)).code == "protocol"


def test_an_answer_to_the_end_of_the_connection_is_read(serve: Serve, session: Session) -> None:
    server = serve(ends_with(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[1]"))

    assert get(session, server).json() == [1]


def test_chunks_with_a_trailer_are_read(serve: Serve, session: Session) -> None:
    server = serve(ends_with(CHUNKED + b"1;x=y\r\n[\r\n2\r\n1]\r\n0\r\nX-Sum: 1\r\n\r\n"))

    assert get(session, server).json() == [1]


def test_a_status_line_without_a_reason_is_read(serve: Serve, session: Session) -> None:
    server = serve(ends_with(b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n[1]"))

    assert get(session, server).json() == [1]


# --- statuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, code",
    [
        ("200 OK", "empty"),
        ("204 No Content", "empty"),
        ("205 Reset Content", "empty"),
        ("206 Partial Content", "protocol"),
        ("300 Multiple Choices", "http_300"),
        ("304 Not Modified", "protocol"),
        ("305 Use Proxy", "http_305"),
        ("600 Odd", "http_600"),
        ("999 Request denied", "http_999"),
    ],
)
def test_a_status_that_is_no_answer_is_an_error(serve: Serve, session: Session, status: str, code: str) -> None:
    body = b"" if code == "empty" else b"{}"
    error = failure(session, serve(ends_with(answer(body, status))))

    assert error.code == code
    assert error.status == int(status[:3])


@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b" " * 5000], ids=["nothing", "white space", "much white space"])
def test_an_empty_page_is_an_error(serve: Serve, session: Session, body: bytes) -> None:
    assert failure(session, serve(always(answer(body)))).code == "empty"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503, 599])
def test_an_answer_that_says_no_comes_back_as_it_is(serve: Serve, session: Session, status: int) -> None:
    server = serve(always(answer(b"<html>no", f"{status} No", {"Retry-After": "5"})))

    response = get(session, server)

    assert (response.status, response.retry_after()) == (status, timedelta(seconds=5))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_was_handed_over_may_be_answered_with_nothing(serve: Serve, session: Session, status: int) -> None:
    server = serve(ends_with(answer(b"", f"{status} Fine")))

    assert session.fetch(Request(server.at(SITE), method="POST", json={"text": "hello"})).status == status


def test_a_page_that_says_it_is_json_is_an_error(serve: Serve, session: Session) -> None:
    server = serve(always(answer(b" <html><b>Anna</b>", headers={"Content-Type": "application/json; charset=utf-8"})))

    error = failure(session, server)

    assert error.code == "unexpected_type"
    assert "Anna" not in str(error)


# --- not modified --------------------------------------------------------------------------------

LAST_WEEK = format_datetime(NOON - timedelta(days=7), usegmt=True)


def test_validators_are_sent_and_304_is_an_answer_to_them(serve: Serve, session: Session) -> None:
    server = serve(always(b"HTTP/1.1 304 Not Modified\r\n\r\n"))

    response = get(session, server, validators=Validators('"v1"', LAST_WEEK))

    assert response.status == 304
    assert server.header("If-None-Match") == '"v1"'
    assert server.header("If-Modified-Since") == LAST_WEEK


@pytest.mark.parametrize(
    "validators",
    [
        pytest.param(Validators("x" * (MAX_VALIDATOR + 1)), id="513 characters"),
        pytest.param(Validators("x" * 1_000_000), id="a megabyte"),
        pytest.param(Validators('"a\r\nX-Evil: 1"'), id="line end"),
        pytest.param(Validators('"a\x01"'), id="control character"),
        pytest.param(Validators("“a”"), id="not ASCII"),
        pytest.param(Validators(None, "x" * 600), id="long date"),
        pytest.param(Validators(), id="none"),
    ],
)
def test_validators_that_no_header_should_carry_are_not_sent(
    serve: Serve, session: Session, validators: Validators
) -> None:
    server = serve(says(answer(), b"HTTP/1.1 304 Not Modified\r\n\r\n"))

    assert get(session, server, validators=validators).status == 200
    assert "if-none-match" not in server.requests[0].decode().lower()
    assert "x-evil" not in server.requests[0].decode().lower()
    with pytest.raises(FetchError, match="did not ask"):
        get(session, server, validators=validators)


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"etag": '"v1"'}, Validators('"v1"')),
        ({"etag": "quotes-missing"}, Validators("quotes-missing")),
        ({"etag": "x" * (MAX_VALIDATOR - 1)}, Validators("x" * (MAX_VALIDATOR - 1))),
        ({"etag": "x" * MAX_VALIDATOR}, Validators("x" * MAX_VALIDATOR)),
        ({"etag": "x" * (MAX_VALIDATOR + 1)}, None),
        ({"etag": "x" * 1_000_000}, None),
        ({"etag": '"a\r\nb"'}, None),
        ({"etag": '"a\x7f"'}, None),
        ({"etag": ""}, None),
        ({"last-modified": LAST_WEEK}, Validators(None, LAST_WEEK)),
        ({"last-modified": "Mon, 01 Jan 1601 00:00:00 GMT"}, Validators(None, "Mon, 01 Jan 1601 00:00:00 GMT")),
        ({"last-modified": "Tue, 01 Jan 2199 00:00:00 GMT"}, None),
        ({"last-modified": "yesterday"}, None),
        ({"last-modified": "Tue, 24 Nov 2026 12:02:09999999999999999999 GMT"}, None),
        ({"last-modified": LAST_WEEK, "etag": "\x00"}, Validators(None, LAST_WEEK)),
        ({}, None),
    ],
)
def test_validators_are_kept_when_they_are_sound(headers: dict[str, str], expected: Validators | None) -> None:
    response = Response(Request("https://site.test/"), 200, tuple(headers.items()), b"{}", NOON)

    assert validators_of(response) == expected


def test_an_answer_that_says_no_has_no_validators() -> None:
    response = Response(Request("https://site.test/"), 404, (("etag", '"v1"'),), b"{}", NOON)

    assert validators_of(response) is None


def test_the_clock_of_the_server_is_not_believed(serve: Serve, session: Session) -> None:
    server = serve(always(answer(headers={"Date": "Sat, 01 Jan 2000 00:00:00 GMT"})))

    assert get(session, server).received_at == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "values, wait",
    [
        (["5"], timedelta(seconds=5)),
        ([" 5 "], timedelta(seconds=5)),
        (["-1"], None),
        (["0"], timedelta(seconds=1)),
        (["1"], timedelta(seconds=1)),
        (["86399"], timedelta(seconds=86399)),
        (["86400"], timedelta(hours=24)),
        (["86401"], timedelta(hours=24)),
        (["1e9"], None),
        (["1000000000"], timedelta(hours=24)),
        (["5.5"], None),
        (["Tue, 24 Nov 2026 12:02:00 GMT"], timedelta(minutes=2)),
        (["Tue, 24 Nov 2026 11:00:00 GMT"], timedelta(seconds=1)),
        (["Fri, 31 Dec 9999 23:59:59 GMT"], timedelta(hours=24)),
        (["2026-11-24T12:02:00Z"], None),
        (["24/11/2026"], None),
        (["soon"], None),
        (["Tue, 24 Nov 2026 12:02:09999999999999999999 GMT"], None),
        (["Tue, 24 Nov 2026 12:02:00 +99999999"], None),
        (["5", "7"], timedelta(seconds=5)),
        ([], None),
    ],
)
def test_retry_after_is_clamped_and_nonsense_is_nothing(
    serve: Serve, session: Session, values: list[str], wait: timedelta | None
) -> None:
    server = serve(always(answer(b"{}", "503 Later", [("Retry-After", value) for value in values])))

    assert get(session, server).retry_after() == wait
