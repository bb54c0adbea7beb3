"""What is asked of a site and what came back, as plain values that can be pickled.

A Request is JSON-able and never holds a secret: unfinished walks are rows in the database.
What a secret is added to is a Signed, made in the moment of sending and never kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.errors import FetchError, ParseError
from monitor.models import Json, RawMention, SiteTotal

MAX_JSON_DEPTH = 64
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(hours=24)
# Longer whole numbers are ids, and an id is text: 2**63 has 19 digits, a float keeps 15.
MAX_INT_DIGITS = 18
MAX_PROBLEM_KEY = 80  # characters of a key or id shown in a problem


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a site.

    `context` comes back as `response.request.context`. `about` lists the external ids that a
    re-check asks for: a 404 or 410 then means that they are gone. `cost` is the most the answer
    may cost, in millionths of the account's currency.
    """

    url: str
    params: Mapping[str, Any] = field(default_factory=dict)  # a list value is sent as a repeated key
    method: str = "GET"
    json: Json = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Json = None
    about: tuple[str, ...] = ()
    cost: int = 0
    body: str | None = None  # sent as it stands, in UTF-8, for a signature over the raw bytes; type in `headers`

    def as_json(self) -> dict[str, Json]:
        """Return the request as a JSON object, without what is empty."""
        value: dict[str, Json] = {"url": self.url, "method": self.method}
        for name in ("params", "form", "headers"):
            if content := getattr(self, name):
                value[name] = dict(content)
        for name in ("json", "context", "cost", "body"):
            if (content := getattr(self, name)) not in (None, 0):
                value[name] = content
        if self.about:
            value["about"] = list(self.about)
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Request:
        """Return the request that `as_json` wrote."""
        return cls(**{**value, "about": tuple(value.get("about", ()))})


@dataclass(frozen=True, slots=True)
class MailRequest:
    r"""One question to a mailbox: messages of `folder` after a UID, if its UIDVALIDITY is still the same.

    Otherwise it begins with the `newest` so many; 0 means with all of them. The folder `\Sent` is the one that
    the server marks so, whatever its name.
    """

    folder: str
    after_uid: int = 0
    validity: int | None = None
    context: Json = None
    about: tuple[str, ...] = ()
    cost: int = 0
    newest: int = 0

    def as_json(self) -> dict[str, Json]:
        """Return the request as a JSON object."""
        return {
            "folder": self.folder,
            "after_uid": self.after_uid,
            "validity": self.validity,
            "context": self.context,
            "newest": self.newest,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> MailRequest:
        """Return the request that `as_json` wrote."""
        context, newest = value.get("context"), value.get("newest", 0)
        return cls(value["folder"], value["after_uid"], value["validity"], context, newest=newest)


AnyRequest = Request | MailRequest


def request_from_json(value: Mapping[str, Json]) -> AnyRequest:
    """Return the Request or MailRequest that `as_json` wrote."""
    return MailRequest.from_json(value) if "folder" in value else Request.from_json(value)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request with its secrets, for the moment of sending. Its repr shows none of them."""

    request: Request
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_json: Mapping[str, str] = field(default_factory=dict, repr=False)  # added to the JSON body
    url: str | None = field(default=None, repr=False)  # when the secret is part of the path


@dataclass(frozen=True, slots=True)
class Token:
    """What an account was given for a while. Kept in the token table, shown nowhere."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    refresh_ends_at: datetime | None = None  # where the site names an end that no renewal moves

    def ends_within(self, span: timedelta, now: datetime) -> bool:
        """Say whether it ends within `span`."""
        return self.expires_at is not None and self.expires_at - span <= now

    def after(self, old: Token | None) -> Token:
        """Return this token, with the refresh token of the old one where no new one came."""
        if old is None or old.refresh is None:
            return self
        if self.refresh:
            return replace(self, refresh_ends_at=None)  # it comes anew each time
        return replace(self, refresh=old.refresh, refresh_ends_at=self.refresh_ends_at or old.refresh_ends_at)


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer, decoded and within the limits. Header names are lower case."""

    request: Request
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    received_at: datetime
    url: str = field(default="", repr=False)  # where it came from after redirects

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), None)

    @property
    def content_type(self) -> str:
        """Return the media type in lower case, without parameters."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the body as JSON. Raises FetchError (code empty, unexpected_type) or ParseError."""
        if not self.body.strip():
            raise FetchError("the site answered with an empty body", code="empty", status=self.status)
        if self.body.lstrip()[:1] == b"<":
            raise FetchError(
                "the site answered with a page where JSON was expected",
                code="unexpected_type",
                status=self.status,
            )
        return read_json(self.body)

    def retry_after(self) -> timedelta | None:
        """Return what Retry-After asks for, between a second and a day; None when absent or nonsense."""
        return read_retry_after(self.header("retry-after"), self.received_at)

    def wait_until(self, name: str) -> timedelta | None:
        """Return how long it is to the Unix second that a header names, between a second and a day; None for none."""
        second = (self.header(name) or "").strip()
        if not re.fullmatch(r"[0-9]{1,12}", second):
            return None
        wait = timedelta(seconds=int(second) - self.received_at.timestamp())
        return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class MailLogin:
    """Where a mailbox is and how one gets in: TLS from the first byte, STARTTLS, or plain (to this machine only).

    Without a password an access token is used (XOAUTH2).
    """

    host: str
    port: int
    security: str  # tls, starttls, plain
    user: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MailItem:
    """One message as the server holds it; of a long one the beginning."""

    uid: int
    received_at: datetime  # INTERNALDATE
    raw: bytes = field(repr=False)
    size: int | None = None  # bytes of the whole message


@dataclass(frozen=True, slots=True)
class MailResponse:
    """What a mailbox answered."""

    request: MailRequest
    validity: int
    items: tuple[MailItem, ...]
    received_at: datetime
    more: bool = False  # further messages wait behind the last one


AnyResponse = Response | MailResponse
Fetch = Callable[[Request | Signed], Response]


@dataclass(frozen=True, slots=True)
class Since:
    """From where to read on: the newest time seen less the overlap (None: everything), and the bookmark."""

    time: datetime | None = None
    bookmark: Json = None


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """One entry that could not be read. Holds its id when known and what was wrong, never its text."""

    what: str
    external_id: str | None = None
    raw: str | None = field(default=None, repr=False)  # for the quarantine, shortened


@dataclass(frozen=True, slots=True)
class Page:
    """What was read in one answer.

    `follow` is asked next. `bookmark` is merged into the walk's, key by key, and saved when the
    walk ends; `commit=True` saves it before `follow` is asked (for sites that destroy what they
    have shown). `gone` names ids the site itself says are deleted. `cost` is what the answer did
    cost, when that is known better than `request.cost`.
    """

    mentions: tuple[RawMention, ...] = ()
    follow: tuple[AnyRequest, ...] = ()
    bookmark: Mapping[str, Json] | None = None
    gone: tuple[str, ...] = ()
    totals: tuple[SiteTotal, ...] = ()
    cost: int | None = None
    commit: bool = False
    problems: tuple[ItemProblem, ...] = ()
    repaired: bool = False  # the answer was not well formed, and was read all the same
    gap: str | None = None  # why nobody will see what stood between the newest known and the oldest shown here
    hides_changes: bool = False  # the site calls this unchanged when it is not: it is asked for whole each time

    @classmethod
    def read(
        cls,
        items: Any,
        reader: Callable[[Any], RawMention | None],
        follow: Iterable[AnyRequest] = (),
        **rest: Any,
    ) -> Page:
        """Read every item by itself: one that cannot be read never hides the others.

        `reader` may return None for an entry that is no mention. Raises ParseError when
        `items` is no list, or when not a single one of several could be read.
        """
        if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Sequence):
            raise ParseError(f"expected a list of entries, found {kind_of(items)}")
        mentions: list[RawMention] = []
        problems: list[ItemProblem] = []
        for item in items:
            try:
                mention = reader(item)
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, ParseError) as error:
                problems.append(_problem(item, error))
            else:
                if mention is not None:
                    mentions.append(mention)
        if problems and not mentions:
            raise ParseError(f"not one of {len(items)} entries could be read; the first: {problems[0].what}")
        return cls(tuple(mentions), tuple(follow), problems=tuple(problems), **rest)

    def merged(self, other: Page) -> Page:
        """Return both pages as one; the later bookmark wins key by key."""
        bookmark = {**(self.bookmark or {}), **(other.bookmark or {})}
        return replace(
            other,
            mentions=self.mentions + other.mentions,
            gone=self.gone + other.gone,
            totals=self.totals + other.totals,
            problems=self.problems + other.problems,
            bookmark=bookmark or None,
            repaired=self.repaired or other.repaired,
            gap=self.gap or other.gap,
        )


def _problem(item: Any, error: Exception) -> ItemProblem:
    found = item.get("id") if isinstance(item, Mapping) else None
    external_id = str(found)[:MAX_PROBLEM_KEY] if isinstance(found, (str, int)) else None
    if isinstance(error, KeyError):
        what = f"no key `{str(error.args[0])[:MAX_PROBLEM_KEY]}`"
    elif isinstance(error, ParseError):
        what = str(error)
    else:
        what = f"{type(error).__name__} in an entry that is {kind_of(item)}"
    return ItemProblem(what, external_id, repr(item)[:2000])


def kind_of(value: Any) -> str:
    """Return what a value is in words people use, for error messages that must not show it."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


# A string that never ends is read to the end at once, or each of its quotes would be tried as a beginning.
_JSON_MARKS = re.compile(rb'"[^"]*+(?:"|\Z)|[\[\]{}]')


def read_json(body: bytes) -> Any:
    """Return the one JSON document in `body`.

    Stricter than the standard library: no NaN or Infinity, no duplicate keys, not `null` alone, at
    most `MAX_JSON_DEPTH` levels (checked before parsing). Whole numbers of more than
    `MAX_INT_DIGITS` digits come back as text. Raises ParseError.
    """
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8", "replace"),
            parse_int=_read_int,
            parse_float=_read_float,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ParseError(f"the answer is not JSON: {reason[:120]}") from error
    if value is None:
        raise ParseError("the answer is `null`, which is nothing at all")
    return value


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return
    depth = 0
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"")  # every quote that is left begins or ends a string
    for mark in _JSON_MARKS.finditer(bare):
        first = bare[mark.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise ParseError(f"the answer is not JSON we read: more than {MAX_JSON_DEPTH} levels deep")
        elif first in b"]}":
            depth -= 1


def _read_int(digits: str) -> int | str:
    return int(digits) if len(digits.lstrip("-")) <= MAX_INT_DIGITS else digits


def _read_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond all bounds")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("the same key twice in one object")
    return value


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return a wait between a second and a day from a Retry-After value, seconds or date.

    Nonsense, a negative number and a date in a style HTTP does not know give None: the
    caller's own back-off then decides. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = (value or "").strip()
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,12}", text):
        wait = timedelta(seconds=min(int(text), 10**9))
    elif re.match(r"[A-Za-z]{3}, ", text):
        moment = read_http_date(text)
        if moment is None:
            return None
        wait = moment - now
    else:
        return None
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def read_http_date(value: str) -> datetime | None:
    """Return the instant a header names, aware, or None when it names none."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):  # all of them have been seen
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
