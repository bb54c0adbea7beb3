"""One question and its answer on one connection."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpcore

from monitor.http.address import Address
from monitor.http.content import read_body
from monitor.http.errand import Errand
from monitor.http.names import Names
from monitor.http.pool import Line, Lines
from monitor.http.wire import dial

# What may be said twice. The rest never goes over a connection that may have died meanwhile.
REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the line."""

    method: str
    address: Address = field(repr=False)
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, decoded. Header names are lower case."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    def values(self, name: str) -> list[str]:
        """Return all headers of a name."""
        return [value for key, value in self.headers if key == name]


class _Stale(Exception):
    """The other side had closed an idle connection before it saw our question."""


class Switchboard:
    """Gives every message a connection: one that is there, or a new one. Shared by all sessions, thread-safe."""

    def __init__(self, names: Names, tls: ssl.SSLContext) -> None:
        self._names = names
        self._tls = tls
        self._lines = Lines()

    def ask(self, message: Message, errand: Errand, *, allow_private: bool) -> Answer:
        """Send a message and return the answer. Raises FetchError."""
        errand.host = message.address.host
        key = (message.address.origin, allow_private)
        line = self._lines.take(key) if message.method in REPEATABLE else None
        if line is not None:
            try:
                return self._on(line, message, errand)
            except _Stale:
                pass  # the one repeat
        wire = dial(message.address, errand, self._names, self._tls, allow_private=allow_private)
        line = Line(key, wire, message.address)
        if not self._lines.add(line):
            line.close()
            raise errand.failed("stopped", "the program is stopping")
        return self._on(line, message, errand)

    def close(self) -> None:
        """Close all connections; questions under way end with an error."""
        self._lines.close()

    def _on(self, line: Line, message: Message, errand: Errand) -> Answer:
        line.wire.begin(errand)
        try:
            return _converse(line, message, errand)
        except (httpcore.ProtocolError, httpcore.NetworkError):
            pass  # its text may quote the answer or our own headers: the reason is told in our words, below
        finally:
            self._lines.give_back(line)
        raise self._reason(line, errand)

    def _reason(self, line: Line, errand: Errand) -> Exception:
        if self._lines.closed:
            return errand.failed("stopped", "the program is stopping")
        if not line.wire.ended:
            return errand.failed("protocol", "the answer breaks the rules of HTTP")
        if line.wire.received:
            return errand.failed("truncated", "the answer ends in the middle")
        if line.used:
            return _Stale()
        return errand.failed("truncated", "the connection ended before an answer came")


def _converse(line: Line, message: Message, errand: Errand) -> Answer:
    address = message.address
    scheme, host, target = (part.encode() for part in (address.scheme, address.host, address.target))
    request = httpcore.Request(
        message.method,
        httpcore.URL(scheme=scheme, host=host, port=address.port, target=target),
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in message.headers],
        content=message.body,
    )
    response = line.http.handle_request(request)
    try:
        if not line.wire.received:  # what an earlier answer left over
            raise errand.failed("protocol", "the answer was there before the question")
        headers = _headers(response.headers)
        coding = [value for name, value in headers if name == "content-encoding"]
        pieces = response.stream
        assert isinstance(pieces, Iterable)
        body = read_body(pieces, coding, _length(headers, errand), errand)
        return Answer(response.status, headers, body)
    finally:
        response.close()


def _headers(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


def _length(headers: Headers, errand: Errand) -> int | None:
    lengths = [value for name, value in headers if name == "content-length"]
    if lengths and any(name == "transfer-encoding" for name, _ in headers):
        raise errand.failed("protocol", "the answer has two lengths")
    return int(lengths[0]) if lengths else None
