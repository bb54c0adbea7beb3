"""A request in the form in which it goes out, with its secrets kept apart from the rest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.errors import FetchError
from monitor.exchange import AnyRequest, Request, Response, Signed, read_http_date
from monitor.http.address import Address, read_url
from monitor.http.lean import httpx
from monitor.http.line import Body
from monitor.models import Json

MAX_VALIDATOR = 512  # characters
MIN_SECRET = 4  # shorter ones would be found in every address

_METHOD = re.compile(r"[A-Z]{3,10}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_VALIDATOR = re.compile(r"[\x20-\x7e]+")
# What only the door itself may say.
_OURS = {
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a site gave us to ask whether something has changed. Saved with the items of the same answer."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that ask; what a header cannot carry is left out."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value and _is_sound(value)}


def validators_of(response: Response) -> Validators | None:
    """Return the validators of an answer, or None when it has none that can be used.

    Over-long ones, those with control characters and dates to come are ignored.
    """
    if response.status != 200:
        return None
    etag, modified = response.header("etag"), response.header("last-modified")
    found = Validators(
        etag if etag and _is_sound(etag) else None,
        modified if modified and _is_sound(modified) and _is_past(modified, response) else None,
    )
    return found if found.etag or found.last_modified else None


def _is_sound(value: str) -> bool:
    return len(value) <= MAX_VALIDATOR and _VALIDATOR.fullmatch(value) is not None


def _is_past(value: str, response: Response) -> bool:
    # With a date to come, a site would never again have anything new.
    moment = read_http_date(value)
    return moment is not None and moment <= response.received_at


def request_key(request: AnyRequest) -> str:
    """Return a short key of what is asked, the same for the same question; context and cost do not count."""
    asked = {name: value for name, value in request.as_json().items() if name not in ("context", "cost", "about")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Question:
    """One request, ready to send. Header names are in title case, so that one replaces another."""

    request: Request
    shown: str  # the address without secrets
    method: str
    address: Address = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Body = field(repr=False)
    secret_headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # for hiding them in addresses
    is_secret: bool  # address, headers or body hold a secret

    def hide(self, url: str) -> str:
        """Return `url` with what is secret in this question replaced by stars."""
        for secret in self.secrets:
            url = url.replace(secret, "***")
        return url


def question_of(asked: Request | Signed) -> Question:
    """Return the question that a Request or a Signed is. Raises FetchError (refused_address, protocol)."""
    signed = asked if isinstance(asked, Signed) else Signed(asked)
    request = signed.request
    if not _METHOD.fullmatch(request.method):
        raise FetchError("a request with an unknown method", code="protocol", permanent=True)
    shown = _with_params(request.url, request.params)
    url = _with_params(signed.url, request.params) if signed.url else shown
    address = read_url(_with_params(url, signed.params))
    return Question(
        request=request,
        shown=shown,
        method=request.method,
        address=address,
        headers=_checked(request.headers),
        body=_body(request, signed),
        secret_headers=_checked(signed.headers),
        secrets=_secrets(signed, shown),
        is_secret=bool(signed.headers or signed.params or signed.form or signed.secret_json or signed.url),
    )


def _with_params(url: str, params: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in params.items() if value is not None}
    if not asked:
        return url
    # Behind what the address already asks; httpx would replace that.
    url = url.partition("#")[0]
    return f"{url}{'&' if '?' in url else '?'}{_encoded(asked)}"


def _encoded(pairs: Mapping[str, Any]) -> str:
    return str(httpx.QueryParams({_sound(name): _sound(value) for name, value in pairs.items()}))


def _sound(value: Any) -> Any:
    """Return text without lone surrogates, which no UTF-8 can hold."""
    if isinstance(value, (list, tuple)):
        return [_sound(item) for item in value]
    if isinstance(value, bool):
        return value
    return str(value).encode("utf-8", "replace").decode()


def _body(request: Request, signed: Signed) -> Body:
    if request.body is not None:
        return {"content": request.body.encode("utf-8", "replace")}
    if request.form is not None or signed.form:
        form = {**(request.form or {}), **signed.form}
        return {"data": {_sound(name): _sound(value) for name, value in form.items()}}
    if signed.secret_json:
        content = request.json if isinstance(request.json, Mapping) else {}
        return _json({**content, **signed.secret_json})
    return {} if request.json is None else _json(request.json)


def _json(value: Json) -> Body:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        value = json.loads(text.encode("utf-8", "replace"))
    return {"json": value}


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            # The name is ours or the operator's; the value may be a secret.
            what = f"the header {name[:40]!r} holds a character that no header can carry"
            raise FetchError(what, code="protocol", permanent=True)
    return {name.title(): value for name, value in headers.items() if name.lower() not in _OURS}


def _secrets(signed: Signed, shown: str) -> tuple[str, ...]:
    """Return the secret parts of the address as they may stand in it, the longest first."""
    found = set(signed.params.values())
    found |= {_encoded({"": value})[1:] for value in signed.params.values()}
    if signed.url:
        # The secret is where the two addresses differ.
        known = {*re.split(r"[/?&=#:]", shown), *re.split(r"[/?&=#]", shown)}
        parts = {part for part in re.split(r"[/?&=#]", signed.url) if part not in known}
        found |= parts | {_in_path(part) for part in parts}
    return tuple(sorted((value for value in found if len(value) >= MIN_SECRET), key=len, reverse=True))


def _in_path(text: str) -> str:
    return httpx.URL(f"http://x/{_sound(text)}").raw_path[1:].decode("ascii")
