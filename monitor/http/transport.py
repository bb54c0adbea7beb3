"""What httpx stands on: each of its requests gets a connection through the gate, and an answer held to the rules."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpcore

from monitor.http.address import Address, refused
from monitor.http.errand import Errand
from monitor.http.lean import httpx
from monitor.http.names import Names
from monitor.http.pool import Line, Lines
from monitor.http.wire import dial

# What may be said twice. The rest never goes over a connection that may have died meanwhile.
REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")

CALL = "call"  # the extension of a request that holds its Call

# Their texts quote the answer, or our own headers: the reason is told in our words.
_BROKEN = (httpcore.ProtocolError, httpcore.NetworkError)


@dataclass(frozen=True, slots=True)
class Call:
    """What the door knows of a request and httpx does not: the time left, the address as it was checked."""

    errand: Errand
    address: Address
    allow_private: bool


class Arrival(httpx.Response):
    """An answer. Where a redirect leads is not for httpx to read: it quotes what it cannot read."""

    @property
    def has_redirect_location(self) -> bool:
        """Say no."""
        return False


class _Stale(Exception):
    """The other side had closed an idle connection before it saw our question."""


class Switchboard(httpx.BaseTransport):
    """Gives every request a connection: one that is there, or a new one. Shared by all sessions, thread-safe."""

    def __init__(self, names: Names, tls: ssl.SSLContext) -> None:
        self._names = names
        self._tls = tls
        self._lines = Lines()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that carries its Call and return the answer; the body is read from it. Raises FetchError."""
        call: Call = request.extensions[CALL]
        call.errand.host = call.address.host
        asked = _for_httpcore(request, call.address)
        key = (call.address.origin, call.allow_private)
        line = self._lines.take(key) if request.method in REPEATABLE else None
        if line is not None:
            try:
                return self._on(line, asked, call.errand)
            except _Stale:
                pass  # the one repeat
        return self._on(self._new_line(call), asked, call.errand)

    def close(self) -> None:
        """Close all connections; questions under way end with an error."""
        self._lines.close()

    def _new_line(self, call: Call) -> Line:
        wire = dial(call.address, call.errand, self._names, self._tls, allow_private=call.allow_private)
        line = Line((call.address.origin, call.allow_private), wire, call.address)
        if not self._lines.add(line):
            line.close()
            raise call.errand.failed("stopped", "the program is stopping")
        return line

    def _on(self, line: Line, asked: httpcore.Request, errand: Errand) -> httpx.Response:
        talk = _Talk(self._lines, line, errand)
        try:
            return talk.begin(asked)
        except BaseException:
            talk.close()
            raise


class _Talk(httpx.SyncByteStream):
    """One question and its answer on one connection, which is theirs until this is closed."""

    def __init__(self, lines: Lines, line: Line, errand: Errand) -> None:
        self._lines = lines
        self._line = line
        self._errand = errand
        self._answer: httpcore.Response | None = None

    def begin(self, asked: httpcore.Request) -> httpx.Response:
        """Send the question and return the answer, with this as its body."""
        self._line.wire.begin(self._errand)
        with suppress(*_BROKEN):
            self._answer = self._line.http.handle_request(asked)
        if self._answer is None:
            raise self._reason()
        if not self._line.wire.received:  # what an earlier answer left over
            raise self._errand.failed("protocol", "the answer was there before the question")
        return Arrival(self._answer.status, headers=self._answer.headers, stream=self)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it comes, still packed. Raises FetchError."""
        assert self._answer is not None
        assert isinstance(self._answer.stream, Iterable)
        try:
            yield from self._answer.stream
        except _BROKEN:
            pass
        else:
            return
        raise self._reason()

    def close(self) -> None:
        """Give the connection back."""
        try:
            if self._answer is not None:
                self._answer.close()
        finally:
            self._lines.give_back(self._line)

    def _reason(self) -> Exception:
        wire = self._line.wire
        if self._lines.closed:
            return self._errand.failed("stopped", "the program is stopping")
        if not wire.ended:
            return self._errand.failed("protocol", "the answer breaks the rules of HTTP")
        if wire.received:
            return self._errand.failed("truncated", "the answer ends in the middle")
        if self._line.used:
            return _Stale()
        return self._errand.failed("truncated", "the connection ended before an answer came")


def _for_httpcore(request: httpx.Request, address: Address) -> httpcore.Request:
    target = address.target.encode()
    # Written by httpx, checked by us: only where both mean the same is anything sent.
    if request.url.raw_path != target or request.url.netloc != address.authority.encode():
        raise refused(f"{address.host}: an address that can be read in two ways")
    assert isinstance(request.stream, Iterable)
    url = httpcore.URL(scheme=address.scheme.encode(), host=address.host.encode(), port=address.port, target=target)
    return httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
