"""Whatever a site answers, it is an answer or an error of ours, and nothing is left open."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from monitor.errors import FetchError
from monitor.http import Door
from tests.http.conftest import a_session, get
from tests.http.raw_server import RawServer, Talk, answer

Serve = Callable[..., RawServer]

GOOD = [
    answer(headers={"Content-Type": "application/json", "Set-Cookie": "a=b; Expires=Thu, 01 Jan 2030 00:00:00 GMT"}),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2;x=y\r\nef\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + answer(),
    answer(b"", "302 Found", {"Location": "/next?page=2"}),
    answer(gzip.compress(b"cold coffee " * 20), headers={"Content-Encoding": "gzip"}),
    answer(b"<html><title>Log in</title><input type=password>", headers={"Content-Type": "text/html"}),
]
PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b"\xff", b";", b",", b"\\", b"//", b"-1", b"9" * 20),
    *(b"0\r\n\r\n", b"HTTP/1.1 ", b"100", b"304", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Content-Encoding: deflate\r\n", b"Location: ", b"Set-Cookie: ", b"Expires=", b"Max-Age=", b"\x1f\x8b"),
    *(b"http://[", b"http://a@b", b"https://xn--", b"http://1.2.3.4.5/", b"Retry-After: x\r\n"),
]


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(GOOD))
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 | 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del data[at : at + chance.randint(1, 10)]
            case 4:
                other = chance.randrange(len(data) + 1)
                data[at:at] = data[other : other + 20]
    return bytes(data)


@pytest.mark.parametrize("count", [100, pytest.param(5_000, marks=pytest.mark.slow)])
def test_no_answer_does_more_than_raise_an_error_of_ours(serve: Serve, door: Door, count: int) -> None:
    chance = random.Random(1)
    said = [b""]

    def play(talk: Talk) -> None:
        talk.request()
        talk.send(said[0])

    server = serve(play)
    codes = set()

    for _ in range(count):
        said[0] = mutated(chance)
        try:
            get(a_session(door, server), server, deadline=timedelta(seconds=2)).retry_after()
        except FetchError as error:
            codes.add(error.code)

    assert {"protocol", "truncated"} <= codes
    assert door.switchboard._lines._busy == set()
