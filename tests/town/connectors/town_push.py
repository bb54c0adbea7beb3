"""A made-up site that pushes what is new to us, signed over the raw body; nothing is asked of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from monitor.connector import (
    Author,
    Connector,
    ConnectorConfig,
    Limits,
    Page,
    Rating,
    RawMention,
    Request,
    Response,
    Since,
    UsageError,
)

API = "https://push.town.example/push"


class PushConfig(ConnectorConfig):
    """Settings of one subscription."""

    secret: SecretStr


class TownPush(Connector[PushConfig]):
    """Take what is pushed."""

    Config = PushConfig
    title = "Push"
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "What is pushed."

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for nothing."""
        return ()

    def parse(self, response: Response) -> Page:
        """Read what an event names more of."""
        return Page.read(response.json()["reviews"], self._review)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Page:
        """Check the signature, then read the event."""
        mine = hmac.new(self.config.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(mine, headers.get("x-signature", "")):
            raise UsageError("the signature does not fit")
        event = json.loads(body)
        follow = [Request(event["more"])] if "more" in event else []
        return Page.read(event["reviews"], self._review, follow)

    def _review(self, item: dict[str, Any]) -> RawMention:
        return RawMention(
            external_id=item["id"],
            text=item["text"],
            author=Author(item["author"]),
            published_at=datetime.fromisoformat(item["created"]),
            rating=Rating(item["stars"]),
        )
