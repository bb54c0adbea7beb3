"""A made-up site that opens only with a key, of whatever kind one asks for. Each request costs money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import SecretStr

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
from monitor.connector.auth import (
    Basic,
    ClientCredentials,
    HeaderKey,
    KeyES256,
    PathKey,
    QueryKey,
    RefreshToken,
    ServiceAccount,
    SessionLogin,
)

API = "https://keys.town.example/keys"
Way = Literal["bearer", "header", "query", "path", "basic", "session", "refresh", "client", "service", "es256"]


class KeysConfig(ConnectorConfig):
    """Settings of one account."""

    way: Way = "bearer"
    cost: int = 0
    pages: int = 1
    key: SecretStr


class TownKeys(Connector[KeysConfig]):
    """Read the reviews behind the door."""

    Config = KeysConfig
    title = "Keys"
    hosts = ("keys.town.example",)
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "Everything."

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for each page."""
        door = "{key}/reviews" if self.config.way == "path" else "reviews"
        for page in range(self.config.pages):
            yield Request(f"{API}/{door}", {"page": page}, cost=self.config.cost)

    def parse(self, response: Response) -> Page:
        """Read one page."""
        body = response.json()
        follow = [Request(body["next"], cost=self.config.cost)] if body.get("next") else []
        return Page.read(body["reviews"], self._review, follow, cost=body.get("cost"))

    def auth(self) -> Auth:
        """Return the kind of access that is asked for."""
        key = self.config.key
        ways: dict[str, Auth] = {
            "bearer": HeaderKey(key),
            "header": HeaderKey(key, "X-Key", ""),
            "query": QueryKey(key, "api_key"),
            "path": PathKey(key),
            "basic": Basic("ana", key),
            "session": SessionLogin(f"{API}/login", {"user": "ana"}, key),
            "refresh": RefreshToken(f"{API}/token", "our-app", None, key),
            "client": ClientCredentials(f"{API}/token", "our-app", key, "reviews"),
            "service": ServiceAccount(key, "reviews", f"{API}/token"),
            "es256": KeyES256("issuer-1", "key-1", key),
        }
        return ways[self.config.way]

    def _review(self, item: dict[str, Any]) -> RawMention:
        return RawMention(
            external_id=item["id"],
            text=item["text"],
            author=Author(item["author"]),
            published_at=datetime.fromisoformat(item["created"]),
            rating=Rating(item["stars"]),
        )
