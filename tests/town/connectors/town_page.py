"""One page of a made-up site whose parser may never come back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from monitor.connector import Connector, ConnectorConfig, Limits, Page, Request, Response, Since


class TownPageConfig(ConnectorConfig):
    """Settings of one page."""

    place: str


class TownPage(Connector[TownPageConfig]):
    """Read one page."""

    Config = TownPageConfig
    title = "Town page"
    markup = True
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "One page."

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for it."""
        yield Request(f"https://pages.town.example/{self.config.place}")

    def parse(self, response: Response) -> Page:
        """Read it; a page that says so is never done with."""
        while b"for ever" in response.body:
            pass
        return Page()
