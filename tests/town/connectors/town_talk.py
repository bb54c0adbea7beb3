"""What people of a made-up town say, found by words: posts, comments under them, and our own answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from monitor.connector import (
    Author,
    Connector,
    ConnectorConfig,
    Kind,
    Limits,
    Page,
    RawMention,
    Request,
    Response,
    Since,
)

API = "https://talk.town.example/talk"


class TalkConfig(ConnectorConfig):
    """Settings of one corner of the town."""

    corner: str


class TownTalk(Connector[TalkConfig]):
    """Search for the terms of the brands."""

    Config = TalkConfig
    title = "Talk"
    newest_first = True
    searches = True
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "Everything said in the open."
    sees_answers = "yes"

    def start(self, since: Since) -> Iterable[Request]:
        """Search for each term."""
        for brand in self.brands:
            for term in brand.terms:
                yield Request(f"{API}/{self.config.corner}", {"q": term})

    def parse(self, response: Response) -> Page:
        """Read what was found."""
        return Page.read(response.json()["posts"], self._post)

    def _post(self, item: dict[str, Any]) -> RawMention:
        return RawMention(
            external_id=item["id"],
            text=item["text"],
            kind=Kind.COMMENT if item.get("parent") else Kind.POST,
            author=Author(item["author"], item["author_id"]),
            published_at=datetime.fromisoformat(item["created"]),
            language="en",
            parent_id=item.get("parent"),
            thread_id=item.get("thread"),
            same_as=item.get("uri"),
        )
