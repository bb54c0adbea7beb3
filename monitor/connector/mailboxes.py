"""Settings of a source that reads a mailbox: where it is, how one gets in, which folders.

https://developers.google.com/gmail/imap/xoauth2-protocol,
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from monitor.connector import Auth, ConnectorConfig, MailLogin
from monitor.connector.auth import Consent, RefreshToken

SENT = "\\Sent"  # the folder that the server marks so, whatever its name
PORTS = {"tls": 993, "starttls": 143, "plain": 143}
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
MAX_LINE = 300  # characters
# Where a person allows the access, where it is renewed, and what for.
_CONSENTS = {
    "google": (
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        {"access_type": "offline", "prompt": "consent"},
    ),
    "microsoft": (
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        {},
    ),
}


def _one_line(value: str) -> str:
    if not value.isprintable() or len(value) > MAX_LINE or value != value.strip():
        raise ValueError(f"is no single line of at most {MAX_LINE} characters")
    return value


Line = Annotated[str, AfterValidator(_one_line)]


class MailboxConfig(ConnectorConfig):
    """Where a mailbox is and how one gets in."""

    host: Line = Field(min_length=1, description="the mail server for incoming mail (IMAP)")
    port: int | None = Field(None, ge=1, le=65535, description="empty: 993, or 143 without `tls`")
    security: Literal["tls", "starttls", "plain"] = Field("tls", description="plain only to this machine")
    user: Line = Field(min_length=1, description="the name one logs in with, mostly the mail address")
    password: SecretStr | None = Field(None, description="the password; an app password where there are such")
    login: Literal["password", "google", "microsoft"] = Field("password", description="who lets us in")
    client_id: str | None = Field(None, description="of your app at Google or Microsoft")
    client_secret: SecretStr | None = Field(None, description="of the same app")
    refresh_token: SecretStr | None = Field(None, description="what a person allowed once")
    folders: tuple[Annotated[Line, Field(min_length=1)], ...] = Field(
        ("INBOX",), min_length=1, description="where new mail arrives"
    )
    sent: Line = Field(SENT, description="where your answers lie; empty: not looked at")

    @model_validator(mode="after")
    def _gets_in(self) -> MailboxConfig:
        if self.security == "plain" and self.host not in THIS_MACHINE:
            raise ValueError('`security = "plain"` is for this machine only; use "tls" or "starttls"')
        if self.login == "password" and self.password is None:
            raise ValueError('give `password`, or say login = "google" or "microsoft"')
        if self.login != "password" and not self.client_id:
            raise ValueError("`login` at Google or Microsoft needs the `client_id` of an app of yours")
        return self

    def options_hash(self) -> str:
        """Return a hash of which mailbox it is: a new rule is for the mails to come, and nothing starts anew."""
        which = [self.host, self.user, self.folders, self.sent]
        return hashlib.sha256(json.dumps(which).encode()).hexdigest()[:16]

    def way_in(self) -> MailLogin:
        """Return where the mailbox is and how one gets in; no password where a token is asked for."""
        password = self.password.get_secret_value() if self.password and self.login == "password" else None
        return MailLogin(self.host, self.port or PORTS[self.security], self.security, self.user, password)

    def access(self) -> Auth | None:
        """Return how the access is renewed that Google or Microsoft give; None where a password is enough."""
        if self.login == "password":
            return None
        page, token_url, scope, params = _CONSENTS[self.login]
        consent = Consent(page, scope, params)
        return RefreshToken(token_url, self.client_id or "", self.client_secret, self.refresh_token, consent)
