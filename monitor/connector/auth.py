"""How requests are signed, as pure values: nothing here sends or stores anything.

The driver asks `renew` before a request; a Signed that comes back is sent to the site and its
answer read by `read`; the new token is committed alone, before it is used, one renewal at a time
per account. `sign` then adds the secret to a request in the moment of sending.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from monitor.errors import RefusedError
from monitor.exchange import Request, Response, Signed, Token

RENEW_BEFORE = timedelta(minutes=5)  # clocks differ, and a bite may take a minute
ASSERTION_LIFE = timedelta(minutes=15)  # App Store Connect takes 20 by its own clock, and clocks differ
SHORTEST_REFRESH = timedelta(days=2)  # one that ends sooner is given anew each time, or nobody could live with it
LONGEST_REFRESH = timedelta(days=3650)


class Auth:
    """The base: an open door. Each subclass changes what it must."""

    def renew(self, token: Token | None, now: datetime) -> Signed | Token | None:
        """Return a request for a token, a token made here, or None when the one there is will do."""
        return None

    def read(self, response: Response, now: datetime) -> Token:
        """Read the answer to `renew`. Raises RefusedError (code reconnect) when the access has ended."""
        raise RefusedError("this kind of access has nothing to renew", code="reconnect", permanent=True)

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Return the request with its secret."""
        return Signed(request)

    def ends(self, token: Token | None) -> datetime | None:
        """Return when this access ends and cannot be renewed by itself; None where that is not known."""
        return None


@dataclass(frozen=True)
class HeaderKey(Auth):
    """A fixed secret in a header; `prefix` makes it a bearer token."""

    secret: SecretStr
    header: str = "Authorization"
    prefix: str = "Bearer "

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the header."""
        return Signed(request, headers={self.header: self.prefix + self.secret.get_secret_value()})


@dataclass(frozen=True)
class QueryKey(Auth):
    """A fixed secret as a query parameter, such as `key=`."""

    secret: SecretStr
    name: str = "key"

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the parameter."""
        return Signed(request, params={self.name: self.secret.get_secret_value()})


@dataclass(frozen=True)
class PathKey(Auth):
    """A fixed secret inside the path, where the request's address says `{key}`."""

    secret: SecretStr

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Put the secret into the path."""
        key = quote(self.secret.get_secret_value(), safe=":")
        return Signed(request, url=request.url.replace("{key}", key))


@dataclass(frozen=True)
class Basic(Auth):
    """User name and password in every request."""

    user: str
    password: SecretStr

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the header."""
        pair = f"{self.user}:{self.password.get_secret_value()}".encode()
        return Signed(request, headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


class _Renewed(Auth):
    """A bearer token that ends and is asked for anew."""

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the request for a new token."""
        raise NotImplementedError  # the one method that each kind has

    def renew(self, token: Token | None, now: datetime) -> Signed | Token | None:
        """Ask for a new one shortly before the old one ends."""
        if token and token.access and not token.ends_within(RENEW_BEFORE, now):
            return None
        return self.ask(token, now)

    def read(self, response: Response, now: datetime) -> Token:
        """Read an OAuth 2.0 token answer (https://www.rfc-editor.org/rfc/rfc6749#section-5)."""
        if response.status in (400, 401, 403):
            raise RefusedError("the site no longer accepts this access", code="reconnect", permanent=True)
        if response.status != 200:
            raise RefusedError(
                f"the site answered {response.status} when asked for a token",
                code="throttled",
                retry_after=response.retry_after(),
            )
        body = response.json()
        if "error" in body and "access_token" not in body:  # some say no with 200
            raise RefusedError("the site no longer accepts this access", code="reconnect", permanent=True)
        life = body.get("expires_in")
        ends = now + timedelta(seconds=int(life)) if life is not None else None
        refresh_ends = _refresh_ends(body, now)
        return Token(
            body["access_token"], refresh=body.get("refresh_token"), expires_at=ends, refresh_ends_at=refresh_ends
        )

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the bearer token."""
        access = token.access if token else ""
        return Signed(request, headers={"Authorization": f"Bearer {access}"})


@dataclass(frozen=True)
class ClientCredentials(_Renewed):
    """OAuth 2.0 client credentials: an id and a secret give a token; with a password, one of that `user`."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str | None = None
    user: str | None = None
    password: SecretStr | None = None

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the token request; id and secret travel as HTTP Basic."""
        form, secret = {"grant_type": "client_credentials"}, {}
        if self.password is not None:
            form = {"grant_type": "password", "username": self.user or ""}
            secret = {"password": self.password.get_secret_value()}
        if self.scope:
            form["scope"] = self.scope
        request = Request(self.token_url, method="POST", form=form)
        return replace(Basic(self.client_id, self.client_secret).sign(request, None, now), form=secret)


@dataclass(frozen=True)
class Consent:
    """Where a person allows the access in a browser, and what for (https://www.rfc-editor.org/rfc/rfc6749#section-4.1).

    `params` are what this site wants beside the standard ones; `pkce` adds a proof of RFC 7636. `redirect` is where
    the browser ends, as registered at the site: nothing has to listen there, its address is pasted.
    """

    page: str
    scope: str
    params: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True
    redirect: str = "http://localhost"


@dataclass(frozen=True)
class RefreshToken(_Renewed):
    """OAuth 2.0 refresh token: what a person allowed once is renewed from then on.

    A site that rotates refresh tokens gives a new one each time: the stored one wins over the configured one.
    Where `consent` is given, the first one comes from a browser.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr | None
    refresh: SecretStr | None = None
    consent: Consent | None = None

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the token request."""
        refresh = token.refresh if token and token.refresh else None
        if refresh is None and self.refresh is not None:
            refresh = self.refresh.get_secret_value()
        if refresh is None:
            raise RefusedError("nobody has connected this account yet", code="reconnect", permanent=True)
        return self._exchange({"grant_type": "refresh_token"}, {"refresh_token": refresh})

    def ends(self, token: Token | None) -> datetime | None:
        """Return when the refresh token ends, or the token that came without one."""
        if token is None:
            return None
        if token.refresh:
            return token.refresh_ends_at
        return None if self.refresh is not None else token.expires_at

    def invitation(self, consent: Consent, state: str, verifier: str) -> str:
        """Return the address where a person allows the access; what comes back with `state` goes to `redeem`."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": consent.redirect,
            "scope": consent.scope,
            "state": state,
        }
        if consent.pkce:
            proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            asked |= {"code_challenge": proof, "code_challenge_method": "S256"}
        mark = "&" if "?" in consent.page else "?"
        return f"{consent.page}{mark}{urlencode({**asked, **consent.params})}"

    def redeem(self, consent: Consent, code: str, verifier: str) -> Signed:
        """Return the request that makes the first token of the code that the browser brought back."""
        form = {"grant_type": "authorization_code", "redirect_uri": consent.redirect}
        return self._exchange(form, {"code": code} | ({"code_verifier": verifier} if consent.pkce else {}))

    def _exchange(self, form: Mapping[str, str], secrets: Mapping[str, str]) -> Signed:
        if self.client_secret is not None:
            secrets = {**secrets, "client_secret": self.client_secret.get_secret_value()}
        asked = Request(self.token_url, method="POST", form={**form, "client_id": self.client_id})
        return Signed(asked, form=secrets)


@dataclass(frozen=True)
class SelfRenewing(_Renewed):
    """A token as a parameter that gives a newer one of itself, as those of Threads do; what is configured begins.

    Meta renews none that is younger than a day, and lets one die that nobody has renewed for sixty. `refresh` of what
    is stored is the configured token that it came from: another one in the configuration begins anew.
    https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
    """

    token: SecretStr
    renew_url: str
    params: Mapping[str, str]
    old_enough: timedelta = timedelta(days=1)
    left: timedelta = timedelta(days=53)  # of sixty: a week after it came

    def renew(self, token: Token | None, now: datetime) -> Signed | Token | None:
        """Begin with the configured token, whose end nobody knows; renew it after a day, and then every week."""
        given = self.token.get_secret_value()
        if token is None or token.refresh != given:
            return Token(given, given, now + self.left + self.old_enough)
        return self.ask(token, now) if token.ends_within(self.left, now) else None

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the request for a newer token."""
        return self.sign(Request(self.renew_url, self.params), token, now)

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the parameter."""
        return Signed(request, params={"access_token": token.access if token else ""})


@dataclass(frozen=True)
class SessionLogin(_Renewed):
    """Name and password give a session: a JSON post whose answer holds the token under `key`."""

    login_url: str
    fields: Mapping[str, str]
    password: SecretStr
    password_field: str = "password"
    key: str = "accessJwt"
    life: timedelta = timedelta(hours=1)

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the login request."""
        request = Request(self.login_url, method="POST", json=dict(self.fields))
        return Signed(request, secret_json={self.password_field: self.password.get_secret_value()})

    def read(self, response: Response, now: datetime) -> Token:
        """Read the session."""
        if response.status in (400, 401, 403):
            raise RefusedError("the site refused name or password", code="reconnect", permanent=True)
        if response.status != 200:
            why = f"the site answered {response.status} to the login"
            raise RefusedError(why, code="throttled", retry_after=response.retry_after())
        return Token(response.json()[self.key], expires_at=now + self.life)


@dataclass(frozen=True)
class ServiceAccount(_Renewed):
    """A Google service account: a signed assertion is exchanged for a token.

    https://developers.google.com/identity/protocols/oauth2/service-account#httprest
    """

    key_json: SecretStr
    scope: str
    token_url: str = "https://oauth2.googleapis.com/token"

    def ask(self, token: Token | None, now: datetime) -> Signed:
        """Return the exchange, with the assertion signed by the account's RSA key."""
        key = self._key()
        claims = {
            "iss": key["client_email"],
            "scope": self.scope,
            "aud": self.token_url,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        }
        assertion = _signed_claims(claims, key["private_key"], "RS256", key.get("private_key_id"))
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
        return Signed(Request(self.token_url, method="POST", form=form), form={"assertion": assertion})

    def _key(self) -> dict[str, str]:
        try:
            key = json.loads(self.key_json.get_secret_value())
        except ValueError:
            key = None
        if not isinstance(key, dict) or not {"client_email", "private_key"} <= key.keys():
            what = "the service account's key is not the JSON file with client_email and private_key that Google gives"
            raise RefusedError(what, code="reconnect", permanent=True)
        return key


@dataclass(frozen=True)
class KeyES256(Auth):
    """An ES256 key that signs its own short tokens, as App Store Connect wants them.

    A key of one person instead of a team has no issuer.
    https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
    """

    issuer: str | None
    key_id: str
    private_key: SecretStr
    audience: str = "appstoreconnect-v1"

    def renew(self, token: Token | None, now: datetime) -> Signed | Token | None:
        """Make a token here; no request is needed."""
        if token and not token.ends_within(RENEW_BEFORE, now):
            return None
        ends = now + ASSERTION_LIFE
        claims = {
            **({"iss": self.issuer} if self.issuer else {"sub": "user"}),
            "iat": int(now.timestamp()),
            "exp": int(ends.timestamp()),
            "aud": self.audience,
        }
        access = _signed_claims(claims, self.private_key.get_secret_value(), "ES256", self.key_id)
        return Token(access, expires_at=ends)

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the bearer token."""
        return Signed(request, headers={"Authorization": f"Bearer {token.access if token else ''}"})


def _refresh_ends(body: Mapping[str, object], now: datetime) -> datetime | None:
    """Return when the refresh token ends where the site says so, which no standard asks of it."""
    # Google: https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
    life = body.get("refresh_token_expires_in", body.get("refresh_expires_in"))
    if not isinstance(life, int) or not SHORTEST_REFRESH.total_seconds() < life < LONGEST_REFRESH.total_seconds():
        return None
    return now + timedelta(seconds=life)


def _signed_claims(claims: Mapping[str, object], key: str, algorithm: str, key_id: str | None) -> str:
    """Return a signed JSON Web Token. Raises RefusedError when the key is none of that kind."""
    import jwt  # extra `keys`; cryptography costs 60 ms to load

    try:
        return jwt.encode(dict(claims), key, algorithm, {"kid": key_id} if key_id else None)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        what = f"the private key cannot be used for {algorithm} ({type(error).__name__}): is it the whole file?"
        raise RefusedError(what, code="reconnect", permanent=True) from error


__all__ = [
    "Auth",
    "Basic",
    "ClientCredentials",
    "Consent",
    "HeaderKey",
    "KeyES256",
    "PathKey",
    "QueryKey",
    "RefreshToken",
    "ServiceAccount",
    "SessionLogin",
    "Token",
]
