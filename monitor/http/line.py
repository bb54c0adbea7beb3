"""One question to one place, and its answer: written and sent by httpx, read within our limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.http.address import Address
from monitor.http.content import read_body
from monitor.http.errand import Errand
from monitor.http.lean import httpx
from monitor.http.transport import CALL, Call

Headers = tuple[tuple[str, str], ...]
Body = Mapping[str, Any]
"""A body as httpx takes it: `json`, `data` (a form) or `content` (bytes) and its value, or nothing."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the line."""

    method: str
    address: Address = field(repr=False)
    headers: list[tuple[str, str]] = field(repr=False)
    body: Body = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, decoded. Header names are lower case."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    def values(self, name: str) -> list[str]:
        """Return all headers of a name."""
        return [value for key, value in self.headers if key == name]


class _NoCookies(httpx.Cookies):
    """Holds none and takes none."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them where they are."""


class Client(httpx.Client):
    """httpx over a transport of ours, without what the door does itself.

    No time limits (the errand has one for all), no redirects, no headers but those of the message, nothing
    from the environment. And no cookies: all sessions share it, and cookies are each session's own. Thread-safe.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        super().__init__(transport=transport, trust_env=False, follow_redirects=False, timeout=None)
        self._none = _NoCookies()
        self.headers.clear()

    @property  # type: ignore[misc] # httpx lets them be set; here nobody can
    def cookies(self) -> httpx.Cookies:
        """Return none."""
        return self._none


class _Shown(httpx.URL):
    """The address of a request that shows its host only: httpx puts it into log lines, errors and reprs."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc.decode()}/…"

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


def ask(client: httpx.Client, message: Message, errand: Errand, *, allow_private: bool) -> Answer:
    """Send a message and return the answer. Raises FetchError."""
    try:
        request = _request(client, message, Call(errand, message.address, allow_private))
        response = _send(client, request, errand)
        try:
            return _read(response, errand)
        finally:
            response.close()
    except (httpx.HTTPError, httpx.StreamError):
        pass  # they hold the request
    raise errand.failed("protocol", "httpx could not carry the question")


def _request(client: httpx.Client, message: Message, call: Call) -> httpx.Request:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in message.headers]
    try:
        place = message.address.place
        request = client.build_request(message.method, place, headers=headers, extensions={CALL: call}, **message.body)
    except (ValueError, httpx.InvalidURL):  # their texts may quote what cannot be written
        pass
    else:
        request.url = _Shown(place)
        return request
    raise call.errand.failed("protocol", "the request holds a value that cannot be written", permanent=True)


def _send(client: httpx.Client, request: httpx.Request, errand: Errand) -> httpx.Response:
    try:
        return client.send(request, stream=True)
    except RuntimeError:  # httpx's word for "closed", and others' for much else
        if not client.is_closed:
            raise
    raise errand.failed("stopped", "the program is stopping")


def _read(response: httpx.Response, errand: Errand) -> Answer:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw)
    coding = [value for name, value in headers if name == "content-encoding"]
    # Raw: httpx would unpack any coding it knows, without a limit.
    body = read_body(response.iter_raw(), coding, _length(headers, errand), errand)
    return Answer(response.status_code, headers, body)


def _length(headers: Headers, errand: Errand) -> int | None:
    lengths = [value for name, value in headers if name == "content-length"]
    if lengths and any(name == "transfer-encoding" for name, _ in headers):
        raise errand.failed("protocol", "the answer has two lengths")
    return int(lengths[0]) if lengths else None
