"""Any program that takes a POST: JSON, signed, with a key by which a repeat is recognised.

The receiver checks the signature over the very bytes it got:

    expected = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    hmac.compare_digest(f"sha256={expected}", request.headers["X-Review-Monitor-Signature"])

and refuses a timestamp (`X-Review-Monitor-Timestamp`, seconds since 1970) that is older than five minutes. The
same `Idempotency-Key` again is the same message: whoever keeps the keys of a day never acts twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

from pydantic import SecretStr, field_validator

from monitor.clock import now
from monitor.models import Json
from monitor.notifier import DeliveryError, Fetch, Message, Notifier, NotifierConfig, Receipt, Request
from monitor.notifier import Signed as SignedRequest
from monitor.notifiers import ask, checked_url, temporary
from monitor.text import safe_link

SHORTEST_SECRET = 16  # characters
SIGNATURE = "X-Review-Monitor-Signature"
TIMESTAMP = "X-Review-Monitor-Timestamp"
# Answers that trying again does not change.
GONE = {401, 403, 404, 405, 410}
NOT_THIS = {400, 409, 413, 414, 415, 422, 451}


class WebhookConfig(NotifierConfig):
    """Options of a webhook channel. Without a secret nothing is signed."""

    url: SecretStr
    secret: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _safe(cls, value: SecretStr) -> SecretStr:
        return SecretStr(checked_url(value.get_secret_value()))

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(
                f"the secret is shorter than {SHORTEST_SECRET} characters; `openssl rand -hex 32` makes one"
            )
        return value


class Webhook(Notifier[WebhookConfig]):
    """Post messages as JSON to one address."""

    Config = WebhookConfig
    storm_limit = 60
    says = "Posts JSON to an address of yours, signed with HMAC-SHA256; any 2xx means taken."

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Post the message. Any 2xx is a receipt."""
        url = self.config.url.get_secret_value()
        body = json.dumps(payload_of(message), ensure_ascii=True, separators=(",", ":"))
        scheme, _, rest = url.partition("://")
        request = Request(
            f"{scheme}://{rest.split('/')[0].split('?')[0]}/",
            method="POST",
            headers={"Content-Type": "application/json", "Idempotency-Key": message.id},
            body=body,
        )
        response = ask(fetch, SignedRequest(request, self._signed(body, now()), url=url), self._name())
        if 200 <= response.status < 300:
            return Receipt(message.id)
        if response.status in GONE:
            reason = f"{self._name()} answered {response.status}: it takes nothing from us"
            raise DeliveryError(reason, permanent=True, whole_channel=True)
        if response.status in NOT_THIS:
            raise DeliveryError(f"{self._name()} answered {response.status}: not this message", permanent=True)
        raise temporary(f"{self._name()} answered {response.status}", response)

    def _signed(self, body: str, at: datetime) -> dict[str, str]:
        timestamp = str(int(at.astimezone(UTC).timestamp()))
        if self.config.secret is None:
            return {TIMESTAMP: timestamp}
        return {TIMESTAMP: timestamp, SIGNATURE: signature(self.config.secret.get_secret_value(), timestamp, body)}

    def _name(self) -> str:
        return self.config.url.get_secret_value().partition("://")[2].split("/")[0].split("?")[0]

    def describe(self) -> str:
        """Return the host it posts to, without a secret."""
        return f"webhook at {self._name()}"


def signature(secret: str, timestamp: str, body: str) -> str:
    """Return the signature of a body: sha256= and the HMAC in hex."""
    signed = f"{timestamp}.{body}".encode()
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def payload_of(message: Message) -> dict[str, Json]:
    """Return what is posted: the data of the message, and its words. Texts of strangers stand raw in it."""
    return {
        **message.data,
        "id": message.id,
        "test": message.test,
        "subject": message.subject,
        "headline": message.headline,
        "lines": list(message.lines),
        "text": message.text,
        "links": [{"label": a.label, "url": url} for a in message.actions if (url := safe_link(a.url))],
        "commands": [{"label": a.label, "command": a.command} for a in message.actions if a.command and not a.url],
    }
