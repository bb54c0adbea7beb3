"""One request: paid for, signed, sent, and what its answer means."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from monitor.config import SourceSettings
from monitor.connector import Connector, Outcome, Refusal
from monitor.errors import FetchError, RefusedError
from monitor.exchange import (
    AnyRequest,
    AnyResponse,
    MailRequest,
    MailResponse,
    Page,
    Request,
    Response,
    Signed,
)
from monitor.http import Validators
from monitor.models import Reply
from monitor.polling.reading import readable
from monitor.polling.signing import Signing
from monitor.polling.tools import Tools
from monitor.polling.vault import until_midnight

MAX_HEAD = 8 * 1024  # bytes of the headers of a mail whose rest breaks the parser


class Answer(NamedTuple):
    """A page, and the answer it was read from; no page where the site says that nothing has changed."""

    page: Page | None
    response: Response | None = None  # only of a good one: its validators may be kept


class Asking:
    """How the requests of one source are paid for, signed and sent, and how their answers are read."""

    def __init__(self, source: SourceSettings, connector: Connector[Any], tools: Tools) -> None:
        self.source = source
        self.connector = connector
        self.tools = tools
        self.requests = 0
        self._session = tools.session(source, connector)
        self._mailbox = tools.mailbox(source, connector)
        auth = connector.auth()
        self._signing = Signing(auth, source.holder, tools.vault, self._fetch, tools.clock) if auth else None

    def ask(self, request: AnyRequest, validators: Validators | None) -> Answer:
        """Pay for a request, send it and read the answer. Raises LookError."""
        if isinstance(request, MailRequest):
            return Answer(self._parse_mail(self._read_mail(request)))
        now = self.tools.clock()
        self.tools.vault.pay(self.source.account, request.cost, now)
        response = self._send(request, validators)
        if response.status == 304:
            return Answer(None)
        refusal = self._refusal(response)
        if refusal and refusal.outcome is Outcome.RECONNECT and self._signing and self._signing.renews_after_refusal():
            response = self._send(request, None)
            refusal = self._refusal(response)
        if refusal:
            self._correct(request, refusal.cost, now)
            return Answer(self._refused(refusal, request))
        page = self._parse(response)
        self._correct(request, page.cost, now)
        return Answer(page, response)

    def answer(self, request: Request) -> Reply:
        """Send an answer of ours and read what the site said to it. Raises LookError. It is never sent again here."""
        now = self.tools.clock()
        self.tools.vault.pay(self.source.account, request.cost, now)
        response = self._send(request, None)
        refusal = self._refusal(response)
        if refusal is not None:
            self._correct(request, refusal.cost, now)
            if response.status >= 500:  # it broke while it was at it
                raise FetchError(refusal.why, code="refused", status=response.status, sent=True)
            self._refused(refusal, request)
            raise FetchError(refusal.why or "the site took no answer", code="refused", status=response.status)
        with readable("the answer to our answer"):
            return self.connector.replied(response)

    def unsigned(self, request: AnyRequest) -> AnyRequest:
        """Return a request that a page named, without our secrets."""
        return self._signing.unsigned(request) if self._signing else request

    def close(self) -> None:
        """Log out of the mailbox, where there is one."""
        if self._mailbox is not None:
            self._mailbox.close()

    def _read_mail(self, request: MailRequest) -> MailResponse:
        if self._mailbox is None:
            raise FetchError("the source names no mailbox", code="protocol", permanent=True)
        self.requests += 1
        try:
            return self._mailbox.fetch(request, self._access())
        except RefusedError as refused:
            if refused.code != Outcome.RECONNECT or not (self._signing and self._signing.renews_after_refusal()):
                raise
        return self._mailbox.fetch(request, self._access())

    def _parse_mail(self, response: MailResponse) -> Page:
        """Read some messages. One that breaks the parser costs only itself; else it would come again for ever."""
        try:
            return self._parse(response)
        except FetchError as error:
            if error.code != "parser_limit" or not response.items:
                raise
        page, last, began = Page(), response.items[-1], self.tools.clock()
        for item in response.items:
            alone = replace(response, items=(item,), more=response.more and item is last)
            page = page.merged(self._parse_alone(alone))
            if item is not last and self.tools.clock() - began >= self.tools.size.time:
                rest = replace(response.request, after_uid=item.uid, validity=response.validity)
                return replace(page, follow=(rest,))
        return page

    def _parse_alone(self, response: MailResponse) -> Page:
        [item] = response.items
        try:
            return self._parse(response)
        except FetchError as error:
            if error.code != "parser_limit":
                raise
        head = item.raw[:MAX_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n\n"
        return self._parse(replace(response, items=(replace(item, raw=head),)))

    def _access(self) -> str | None:
        token = self._signing.token(self.tools.clock()) if self._signing else None
        return token.access if token else None

    def _correct(self, request: Request, cost: int | None, now: datetime) -> None:
        if cost is not None:
            self.tools.vault.correct(self.source.account, cost - request.cost, now)

    def _send(self, request: Request, validators: Validators | None) -> Response:
        return self._fetch(self._signing.sign(request) if self._signing else request, validators)

    def _fetch(self, request: Request | Signed, validators: Validators | None = None) -> Response:
        response = self._session.fetch(request, validators=validators)
        self.requests += 1
        return response

    def _refusal(self, response: Response) -> Refusal | None:
        with readable("the answer"):
            return self.connector.refused(response)

    def _refused(self, refusal: Refusal, request: Request) -> Page:
        """Turn a refusal into a page or an error."""
        match refusal.outcome:
            case Outcome.NOTHING:
                return Page()
            case Outcome.GONE:
                return Page(gone=refusal.gone or request.about)
            case Outcome.TRY_OTHER:
                return Page(follow=refusal.instead)
            case Outcome.FAILED:
                raise FetchError(refusal.why, code="refused", retry_after=refusal.wait)
            case Outcome.THROTTLED:
                raise RefusedError(refusal.why, code="throttled", retry_after=refusal.wait)
            case Outcome.OVER_BUDGET:
                wait = refusal.wait or until_midnight(self.tools.clock())
                raise RefusedError(refusal.why, code="over_budget", retry_after=wait)
            case Outcome.RECONNECT:
                raise RefusedError(refusal.why, code="reconnect", permanent=True)

    def _parse(self, response: AnyResponse) -> Page:
        connector = self.connector
        with readable("the answer"):
            if connector.markup:
                return self.tools.sandbox.parse(type(connector), connector.config, connector.brands, response)
            page: Page = connector.parse(response)
            return page
