"""Messages of a made-up inbox that forgets what it has shown as soon as the next ones are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from monitor.connector import Author, Connector, Kind, Limits, Page, RawMention, Request, Response, Since

API = "https://inbox.town.example/inbox"


class TownInbox(Connector[Any]):
    """Read messages from where the last look ended; asking for the next ones confirms those before."""

    title = "Inbox"
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    overlap = timedelta(0)  # what was shown is gone: there is nothing to overlap with
    sees = "New messages."

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what comes after the bookmark."""
        yield Request(API, {"offset": (since.bookmark or {}).get("offset", 0)})

    def parse(self, response: Response) -> Page:
        """Read some messages; save them before the next ones are asked for."""
        found = response.json()["messages"]
        if not found:
            return Page()
        offset = found[-1]["number"] + 1
        follow = [Request(API, {"offset": offset})]
        return Page.read(found, self._message, follow, bookmark={"offset": offset}, commit=True)

    def _message(self, item: dict[str, Any]) -> RawMention:
        return RawMention(
            external_id=str(item["number"]),
            text=item["text"],
            kind=Kind.MESSAGE,
            author=Author(item["author"]),
            published_at=datetime.fromisoformat(item["created"]),
        )
