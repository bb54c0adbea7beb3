"""Reviews of one place in a made-up town, from a made-up JSON API.

Newest first, `size` a page; `next` is null on the last one. The company's answer is part of a review.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from monitor.connector import (
    Audience,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Limits,
    Mention,
    Page,
    Rating,
    RawMention,
    Reply,
    ReplyState,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
)

API = "https://reviews.town.example/api"


class TownConfig(ConnectorConfig):
    """Settings of one place."""

    place: str
    size: int = 100
    answers: bool = True


class TownReviews(Connector[TownConfig]):
    """Read the reviews of one place."""

    Config = TownConfig
    title = "Town"
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "Everything."
    reply_limit = 200
    sees_answers: Literal["yes", "no"] = "yes"

    def __init__(self, config: TownConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.sees_answers = "yes" if config.answers else "no"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page."""
        yield Request(f"{API}/{self.config.place}/reviews", {"size": self.config.size})

    def parse(self, response: Response) -> Page:
        """Read one page of reviews."""
        body = response.json()
        follow = [Request(body["next"])] if body["next"] else []
        totals = (SiteTotal(body["total"]["count"], body["total"]["average"]),) if "total" in body else ()
        return Page.read(body["reviews"], self._review, follow, totals=totals)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each by its id."""
        for mention in mentions:
            yield Request(f"{API}/{self.config.place}/reviews/{mention.external_id}", about=(mention.external_id,))

    def _review(self, item: dict[str, Any]) -> RawMention:
        reply = item.get("reply")
        return RawMention(
            external_id=item["id"],
            url=f"https://reviews.town.example/r/{item['id']}",
            text=item["text"],
            author=Author(item["author"], item["author"]) if item["author"] else None,
            published_at=datetime.fromisoformat(item["created"]),
            updated_at=datetime.fromisoformat(item["updated"]) if item.get("updated") else None,
            rating=Rating(item["stars"]) if item["stars"] is not None else None,
            language=item.get("language"),
            audience=Audience(item["readers"], "followers") if item.get("readers") else None,
            subject=Subject(place=self.config.place),
            reply=Reply(reply["text"], published_at=datetime.fromisoformat(reply["at"])) if reply else None,
        )

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer below a review."""
        return Request(f"{API}/{self.config.place}/answers/{mention.external_id}", method="POST", json={"text": text})

    def replied(self, response: Response) -> Reply:
        """Read what the site took: it shows it a little later."""
        body = response.json()
        return Reply(body["text"], ReplyState.PENDING, author="Acme")
