"""The exam that every connector takes, for those in this repository and for your own: its words.

A connector's cases are one `CASES = Cases(…)` with small, made-up answers in the shape of the site. What a site cannot
show is said as a sentence instead of an answer, and that sentence is the documentation. `monitor new-connector NAME`
writes a first set; the questions stand in `monitor.exam.questions`. It takes pytest, which the program does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import (
    AnyRequest,
    AnyResponse,
    Brand,
    Connector,
    MailItem,
    MailRequest,
    MailResponse,
    Outcome,
    Page,
    ParseError,
    Refusal,
    Request,
    Response,
    Since,
)
from monitor.plugins import connector

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""When everything is answered: a Tuesday."""
pytest.register_assert_rewrite("monitor.exam.questions")  # so that a wrong answer is shown with its values

OUR_BRAND = Brand("acme", ("Acme Coffee",))

LOGIN_PAGE = b"<!doctype html><html><head><title>Log in</title></head><body><form>Log in to go on</form></body></html>"


@dataclass(frozen=True)
class Answer:
    """What the site answers. `body` is sent as it stands, or as JSON when it is neither text nor bytes.

    `to` is the request it answers; without it, the first one that `start` yields.
    """

    body: Any
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    to: Request | None = None

    def bytes(self) -> bytes:
        """Return the body as it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Mails:
    """What a mailbox answers: its messages, oldest first, and whether more wait behind them."""

    mails: tuple[bytes, ...]
    more: bool = False
    first_uid: int = 1
    to: MailRequest | None = None


@dataclass(frozen=True)
class Push:
    """What is pushed to us, signed as its sender signs it."""

    body: bytes
    headers: Mapping[str, str]
    to: None = None


AnyAnswer = Answer | Mails | Push


@dataclass(frozen=True)
class Cases:
    """One connector's answers. Every field that holds an answer may hold a sentence that says why there is none."""

    options: Mapping[str, Any]
    """The fewest options that are valid."""
    first: AnyAnswer
    """The first page: at least two good entries."""
    first_ids: tuple[str, ...] | None
    """Their ids in order; None where the site has none and the connector makes them."""
    empty: AnyAnswer | str
    """Nothing there, and nothing wrong."""
    broken: AnyAnswer | str
    """The first page with one more entry that cannot be read: a problem, and the others stand."""
    unknown: AnyAnswer | str
    """The first page with fields and keys the connector does not know: read exactly alike."""
    drift: tuple[AnyAnswer, ...] | str
    """Answers in which something the connector needs is renamed or gone: an error or all problems, never nothing."""
    edited: AnyAnswer | str
    """The first page with one entry's words or stars changed: the same ids, another content."""
    next: AnyAnswer | str
    """What answers the request the first page leads to, with entries the first page has not."""
    gone: AnyAnswer | str
    """The site itself says that something is deleted."""
    own: AnyAnswer | str
    """An entry by one of our own accounts, as named in `brands`."""
    answered: AnyAnswer | str
    """An entry with the company's answer, as a part of it or as an entry of its own."""
    bad_options: tuple[Mapping[str, Any], ...] = ()
    """Options that are refused. Unknown keys are tried by the exam itself."""
    brands: tuple[Brand, ...] = (OUR_BRAND,)
    refusals: Mapping[int, Outcome] = field(
        default_factory=lambda: {
            401: Outcome.RECONNECT,
            403: Outcome.RECONNECT,
            429: Outcome.THROTTLED,
            500: Outcome.FAILED,
        }
    )
    """How the site's status codes are read."""
    secrets: tuple[str, ...] = ()
    """Values from `options` that no request may hold."""


@dataclass(frozen=True)
class Examined:
    """A connector that takes the exam: its file, its class and its cases."""

    name: str
    file: Path
    kind: type[Connector[Any]]
    cases: Cases

    @classmethod
    def of(cls, file: Path, cases: Cases) -> Examined:
        """Return a connector of one's own, by its file. Raises UsageError where that cannot be loaded."""
        return cls(file.stem, file, connector(file.stem, own=file.parent), cases)

    def made(self, **options: Any) -> Connector[Any]:
        """Return the connector with its cases' options, some of them changed."""
        return self.kind(self.kind.Config(**{**self.cases.options, **options}), self.cases.brands)


def asked_first(subject: Connector[Any], since: Since | None = None) -> AnyRequest:
    """Return the first request of a walk, to a site or to a mailbox."""
    return next(iter(subject.start(since or Since())))


def first_request(subject: Connector[Any], since: Since | None = None) -> Request:
    """Return the first request of a walk over a site."""
    request = asked_first(subject, since)
    assert isinstance(request, Request)
    return request


def answer_to(request: AnyRequest, answer: AnyAnswer) -> AnyResponse:
    """Return an answer as its door hands it over."""
    if isinstance(answer, Mails):
        assert isinstance(request, MailRequest)
        items = (MailItem(uid, NOON, raw, len(raw)) for uid, raw in enumerate(answer.mails, answer.first_uid))
        return MailResponse(request, 7, tuple(items), NOON, more=answer.more)
    assert isinstance(request, Request)
    assert isinstance(answer, Answer)
    return response_to(request, answer)


def response_to(request: Request, answer: Answer) -> Response:
    """Return an answer as the door hands it over."""
    headers = {"content-type": answer.content_type, **{key.lower(): value for key, value in answer.headers.items()}}
    return Response(request, answer.status, tuple(headers.items()), answer.bytes(), NOON, request.url)


def read(subject: Connector[Any], answer: AnyAnswer, to: AnyRequest | None = None) -> Page:
    """Read an answer as the driver does: first `refused`, then `parse`, with surprises turned into ParseError.

    A refusal that brings something (gone, nothing, other requests) becomes a page; every other one raises
    AssertionError.
    """
    if isinstance(answer, Push):
        return subject.receive(answer.headers, answer.body)
    response = answer_to(answer.to or to or asked_first(subject), answer)
    refusal = subject.refused(response) if isinstance(response, Response) else None
    if refusal is not None and isinstance(response, Response):
        return _page_of(refusal, response.request)
    try:
        return subject.parse(response)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"{type(error).__name__}: {error}") from error


def refusal_of(subject: Connector[Any], status: int, headers: Mapping[str, str] | None = None) -> Refusal | None:
    """Return how a connector reads a bare status code; a second form of the same question is asked, too."""
    request = first_request(subject)
    for _ in range(5):
        refusal = subject.refused(response_to(request, Answer(b"", status, "text/plain", headers or {})))
        if refusal is None or refusal.outcome != Outcome.TRY_OTHER:
            return refusal
        request = refusal.instead[0]
    raise AssertionError("it goes on trying other forms of one question")


def _page_of(refusal: Refusal, request: Request) -> Page:
    match refusal.outcome:
        case Outcome.GONE:
            return Page(gone=refusal.gone or request.about)
        case Outcome.NOTHING:
            return Page()
        case Outcome.TRY_OTHER:
            return Page(follow=refusal.instead)
    raise AssertionError(f"a refusal: {refusal.outcome}: {refusal.why}")


def content(page: Page) -> list[tuple[Any, ...]]:
    """Return what an edit would change."""
    return [(mention.title, mention.text, mention.rating) for mention in page.mentions]


def without_bookmark(page: Page) -> Page:
    """Return a page without what it wants remembered."""
    return replace(page, bookmark=None)
