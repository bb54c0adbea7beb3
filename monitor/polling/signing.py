"""Secrets: a request gets its own in the moment of sending, and what comes back loses them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from monitor.clock import Clock
from monitor.connector import Auth
from monitor.errors import ParseError, RefusedError
from monitor.exchange import AnyRequest, Request, Response, Signed, Token
from monitor.polling.reading import readable
from monitor.polling.vault import Vault

SHORTEST_SECRET = 6  # characters; a shorter one would be found in every address

Send = Callable[[Signed], Response]


class Signing:
    """Signs the requests of one source, and renews the token of its account when that is due."""

    def __init__(self, auth: Auth, account: str, vault: Vault, send: Send, clock: Clock) -> None:
        self.auth = auth
        self.account = account
        self.vault = vault
        self.send = send
        self.clock = clock
        self._token: Token | None = None
        self._secrets: set[str] = set()
        self._doubted = False

    def sign(self, request: Request) -> Signed:
        """Return the request with its secret. Raises LookError when there is no access."""
        now = self.clock()
        token = self.token(now)
        signed = self.auth.sign(request, token, now)
        self._secrets |= _secrets_of(signed, token)
        return signed

    def token(self, now: datetime) -> Token | None:
        """Return the account's token, renewed when that is due. Raises LookError when there is no access."""
        token = self.vault.token(self.account)
        if self.auth.renew(token, now) is not None:
            with self.vault.renewing(self.account):
                # Another thread may just have done it.
                token = self._renew(self.vault.token(self.account), now)
        self._token = token
        return token

    def renews_after_refusal(self) -> bool:
        """Say whether there is a newer token than the one that was just refused; asked once a bite.

        Sites end tokens early, and some never say when theirs end.
        """
        if self._token is None or self._doubted:
            return False
        self._doubted = True
        with self.vault.renewing(self.account):
            current = self.vault.token(self.account)
            if current is None or current != self._token:
                return current is not None
            now = self.clock()
            ended = replace(current, expires_at=now)
            return self._renew(ended, now) is not ended

    def _renew(self, token: Token | None, now: datetime) -> Token | None:
        """Return the token to use: the one there is, or a new one, which is committed before anybody uses it."""
        wanted = self.auth.renew(token, now)
        if wanted is None:
            return token
        fresh = self._obtain(wanted, token, now) if isinstance(wanted, Signed) else wanted
        self.vault.keep(self.account, fresh, now)
        return fresh

    def _obtain(self, asked: Signed, token: Token | None, now: datetime) -> Token:
        try:
            return self._exchange(asked, now).after(token)
        except RefusedError as refused:
            if refused.code != "reconnect" or token is None or token.refresh is None:
                raise
            # Somebody may have put a new secret into the configuration since the stored one came.
            again = self._from_configuration(now)
            if again is None or again == asked:
                raise
            return self._exchange(again, now)

    def _from_configuration(self, now: datetime) -> Signed | None:
        """Return what asks for a token with what is configured; None where nothing of that is."""
        try:
            asked = self.auth.renew(None, now)
        except RefusedError:
            return None
        return asked if isinstance(asked, Signed) else None

    def _exchange(self, asked: Signed, now: datetime) -> Token:
        answer = self.send(asked)
        with readable("the answer to our request for a token"):
            return self.auth.read(answer, now)

    def unsigned(self, request: AnyRequest) -> AnyRequest:
        """Return a request that a page named without our secrets, for some sites write them into their next link.

        Raises ParseError when one cannot be taken out.
        """
        secrets = [secret for secret in self._secrets if len(secret) >= SHORTEST_SECRET]
        if not isinstance(request, Request) or not _names(request, secrets):
            return request
        clean = replace(
            request,
            url=_url_without(request.url, secrets),
            params={name: value for name, value in request.params.items() if str(value) not in secrets},
            headers={name: value for name, value in request.headers.items() if not _holds(value, secrets)},
        )
        if _names(clean, secrets):
            raise ParseError("the site writes our key into what it wants to be asked next")
        return clean


def _secrets_of(signed: Signed, token: Token | None) -> set[str]:
    """Return what must not come back, as it stands and as it stands in an address."""
    parts: list[Mapping[str, Any]] = [signed.headers, signed.params, signed.form, signed.secret_json]
    values = {str(value) for part in parts for value in part.values()}
    values |= {value.rpartition(" ")[2] for value in signed.headers.values()}
    if token is not None:
        values |= {token.access, token.refresh or ""}
    before, here, after = signed.request.url.partition("{key}")
    if signed.url is not None and here:
        values.add(signed.url[len(before) : len(signed.url) - len(after)])
    return values | {quote(value, safe="") for value in values} | {unquote(value) for value in values}


def _holds(text: str, secrets: list[str]) -> bool:
    return any(secret in text for secret in secrets)


def _names(request: Request, secrets: list[str]) -> bool:
    return bool(secrets) and _holds(json.dumps(request.as_json(), ensure_ascii=False, default=str), secrets)


def _url_without(url: str, secrets: list[str]) -> str:
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[1] not in secrets]
    path = parts.path
    for secret in sorted(secrets, key=len, reverse=True):
        path = path.replace(secret, "{key}")
    return urlunsplit(parts._replace(path=path, query=urlencode(pairs)))
