"""Packed answers: unpacked under caps, and never half."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from monitor.errors import FetchError
from monitor.http import Session
from monitor.http.content import MAX_BODY, MAX_MEMBERS, MAX_RATIO, read_body
from monitor.http.errand import Errand
from tests.http.conftest import failure, get
from tests.http.raw_server import RawServer, always, answer, says

Serve = Callable[..., RawServer]

PAGE = b'{"reviews": [' + b", ".join(b'{"id": %d, "text": "cold coffee"}' % n for n in range(300)) + b"]}"


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def zeros(mebibytes: int, wbits: int = zlib.MAX_WBITS | 16) -> bytes:
    """Return so many packed zeros; a block that ends in a full flush can be repeated at no cost."""
    packer = zlib.compressobj(9, wbits=wbits)
    block = bytes(1024 * 1024)
    first, again = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (mebibytes - 1) + packer.flush()


def noise(size: int) -> bytes:
    """Return bytes that pack to about a sixteenth, so that the ratio stays out of the way."""
    return b"".join(b"%064x" % (n * 2654435761 % 2**32) for n in range(size // 64 + 1))[:size]


def coded(body: bytes, *codings: str) -> bytes:
    return answer(body, headers=[("Content-Encoding", coding) for coding in codings])


@pytest.mark.parametrize(
    "coding, body",
    [
        pytest.param("gzip", gzip.compress(PAGE), id="gzip"),
        pytest.param("GZip", gzip.compress(PAGE), id="gzip in capitals"),
        pytest.param("x-gzip", gzip.compress(PAGE), id="x-gzip"),
        pytest.param("deflate", zlib.compress(PAGE), id="deflate"),
        pytest.param("deflate", bare_deflate(PAGE), id="bare deflate"),
        pytest.param("identity", PAGE, id="identity"),
        pytest.param("", PAGE, id="no name"),
        pytest.param("gzip", gzip.compress(PAGE[:500]) + gzip.compress(PAGE[500:]), id="two gzip files"),
        pytest.param("gzip", gzip.compress(PAGE) + bytes(100), id="gzip filled up with zeros"),
    ],
)
def test_what_we_asked_for_is_unpacked(serve: Serve, session: Session, coding: str, body: bytes) -> None:
    server = serve(always(coded(body, coding)))

    assert get(session, server).body == PAGE
    assert server.header("Accept-Encoding") == "gzip, deflate"


@pytest.mark.parametrize(
    "codings",
    [["br"], ["zstd"], ["compress"], ["made-up"], ["x" * 10_000], ["gzip, gzip"], ["gzip", "gzip"], ["deflate, gzip"]],
    ids=["brotli", "zstd", "compress", "unknown", "10 kB of name", "gzip, gzip", "gzip twice", "deflate in gzip"],
)
def test_a_coding_we_did_not_ask_for_is_refused(serve: Serve, session: Session, codings: list[str]) -> None:
    error = failure(session, serve(always(coded(gzip.compress(gzip.compress(PAGE)), *codings))))

    assert error.code == "encoding"
    assert len(str(error)) < 100


@pytest.mark.parametrize(
    "coding, body",
    [
        pytest.param("gzip", PAGE, id="gzip that is none"),
        pytest.param("deflate", b"\xff\xff\xff" + PAGE, id="deflate that is none"),
        pytest.param("gzip", gzip.compress(PAGE)[:-8] + bytes(8), id="wrong check sum"),
        pytest.param("gzip", gzip.compress(PAGE) + b"rubbish", id="rubbish behind gzip"),
        pytest.param("deflate", zlib.compress(PAGE) + b"rubbish", id="rubbish behind deflate"),
        pytest.param("gzip", gzip.compress(b"1") * (MAX_MEMBERS + 1), id="too many gzip files"),
        pytest.param("gzip", gzip.compress(gzip.compress(PAGE)), id="gzip in gzip"),
        pytest.param("identity", gzip.compress(PAGE), id="gzip unannounced"),
    ],
)
def test_what_is_not_packed_as_it_says_is_an_error(serve: Serve, session: Session, coding: str, body: bytes) -> None:
    assert failure(session, serve(always(coded(body, coding)))).code == "encoding"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_packing_cut_in_the_middle_is_an_error_although_the_length_is_right(
    serve: Serve, session: Session, coding: str
) -> None:
    body = gzip.compress(PAGE) if coding == "gzip" else zlib.compress(PAGE)

    cuts = (1, 5, len(body) // 2, len(body) - 1)
    server = serve(says(*(coded(body[:cut], coding) for cut in cuts)))

    assert {failure(session, server).code for _ in cuts} == {"truncated"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(coded(zeros(300), "gzip"), id="300 MiB in 300 kB of gzip"),
        pytest.param(coded(zeros(300, zlib.MAX_WBITS), "deflate"), id="300 MiB in 300 kB of deflate"),
        pytest.param(coded(gzip.compress(zeros(2048)), "gzip"), id="2 GiB in gzip in gzip"),
    ],
)
def test_a_bomb_does_not_go_off(serve: Serve, session: Session, data: bytes) -> None:
    server = serve(always(data))

    tracemalloc.start()
    error = failure(session, server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert error.code == "too_large"
    assert peak < 64 * 1024 * 1024


@pytest.mark.parametrize("size, fits", [(MAX_BODY - 1, True), (MAX_BODY, True), (MAX_BODY + 1, False)])
def test_the_cap_counts_unpacked_bytes(serve: Serve, session: Session, size: int, fits: bool) -> None:
    server = serve(always(coded(gzip.compress(noise(size), 1), "gzip")))

    if fits:
        assert len(get(session, server).body) == size
    else:
        assert failure(session, server).code == "too_large"


@pytest.mark.parametrize("ratio, fits", [(MAX_RATIO - 1, True), (MAX_RATIO, True), (MAX_RATIO + 1, False)])
def test_a_page_may_grow_a_hundred_times(ratio: int, fits: bool) -> None:
    # Comments and extra fields make a gzip file as long as one likes.
    inner = gzip.compress(bytes(2_000_000))
    length = 2_000_000 // ratio
    padded = inner[:3] + b"\x10" + inner[4:10] + b"c" * (length - len(inner) - 1) + b"\0" + inner[10:]
    errand = Errand("site.test", timedelta(seconds=5))

    if fits:
        assert len(read_body([padded], ["gzip"], None, errand)) == 2_000_000
    else:
        with pytest.raises(FetchError, match="100 times"):
            read_body([padded], ["gzip"], None, errand)


def test_a_small_page_of_one_letter_is_no_bomb(serve: Serve, session: Session) -> None:
    body = b"[" + b" " * 60_000 + b"]"

    assert get(session, serve(always(coded(gzip.compress(body), "gzip")))).body == body


def test_a_page_in_tiny_packed_pieces_is_whole(serve: Serve, session: Session) -> None:
    packed = gzip.compress(PAGE)
    chunks = b"".join(b"1\r\n" + packed[at : at + 1] + b"\r\n" for at in range(len(packed)))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert get(session, serve(always(head + chunks + b"0\r\n\r\n"))).body == PAGE
