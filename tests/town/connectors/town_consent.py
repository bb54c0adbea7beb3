"""A made-up site whose door opens when somebody allows it in a browser."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, SecretStr

from monitor.connector import (
    Auth,
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
)
from monitor.connector.auth import Consent, RefreshToken

SITE = "https://consent.town.example/consent"


class ConsentConfig(ConnectorConfig):
    """Settings of one account."""

    client_id: str = Field(description="of your own client")
    client_secret: SecretStr = Field(description="of the same client")
    refresh_token: SecretStr | None = Field(None, description="where you have one")


class TownConsent(Connector[ConsentConfig]):
    """Read the reviews behind the door."""

    Config = ConsentConfig
    title = "Consent"
    hosts = ("consent.town.example",)
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "Everything."
    needs = "an account at Consent"
    steps = ("Make a client at consent.town.example.", "Put its id and secret in place.", "Allow the access.")

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the one page."""
        yield Request(f"{SITE}/reviews")

    def parse(self, response: Response) -> Page:
        """Read it."""
        return Page.read(response.json()["reviews"], self._review)

    def auth(self) -> Auth:
        """Return the access that somebody allowed."""
        config = self.config
        consent = Consent(f"{SITE}/authorize?town=1", "reviews answers", {"access_type": "offline"})
        return RefreshToken(f"{SITE}/token", config.client_id, config.client_secret, config.refresh_token, consent)

    def _review(self, item: dict[str, Any]) -> RawMention:
        return RawMention(
            external_id=item["id"],
            text=item["text"],
            author=Author(item["author"]),
            published_at=datetime.fromisoformat(item["created"]),
            rating=Rating(item["stars"]),
        )
