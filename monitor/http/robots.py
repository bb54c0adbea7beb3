"""What a site asks programs to leave alone, in its robots.txt.

https://www.rfc-editor.org/rfc/rfc9309
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from protego import Protego

from monitor.errors import FetchError
from monitor.http.address import Address

NAME = "ReviewMonitor"  # the word that a site may address us by
MAX_ROBOTS = 500 * 1024  # bytes read of it
KEPT = timedelta(days=1)
KEPT_FAILURE = timedelta(minutes=10)
LONGEST_DELAY = timedelta(seconds=30)  # of Crawl-delay; some files ask for hours
MAX_SITES = 2_000
NO_FILE = ("redirect", "too_large", "encoding")  # something is there, but no robots.txt

Ask = Callable[[Address], "tuple[int, bytes]"]
"""Fetch an address: status and body. Raises FetchError."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one site's file says, until when it is believed."""

    until: datetime
    file: Protego | None  # None: the file could not be read, and nothing may be asked

    def delay(self) -> timedelta:
        """Return the gap between two requests that the site asks for."""
        seconds = (self.file.crawl_delay(NAME) if self.file else None) or 0.0
        return timedelta(seconds=min(seconds, LONGEST_DELAY.total_seconds())) if seconds > 0 else timedelta(0)


class Robots:
    """The files of all sites, kept for a day. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[tuple[object, ...], Rules] = {}

    def check(self, address: Address, key: tuple[object, ...], ask: Ask, now: datetime) -> timedelta:
        """Return the gap the site asks for. Raises FetchError (robots) when we may not go there.

        `key` tells sites apart; `ask` fetches the file.
        """
        rules = self._known(key, now)
        if rules is None:
            rules = _read(address, ask, now)
            self._keep(key, rules)
        if rules.file is None:
            what = f"{address.host}: its robots.txt cannot be read, so nothing is asked"
            raise FetchError(what, code="robots", retry_after=rules.until - now)
        if not rules.file.can_fetch(address.url, NAME):
            what = f"{address.host}: its robots.txt asks programs to stay away from this page"
            raise FetchError(what, code="robots", permanent=True)
        return rules.delay()

    def _known(self, key: tuple[object, ...], now: datetime) -> Rules | None:
        with self._lock:
            rules = self._rules.get(key)
        return rules if rules is not None and rules.until > now else None

    def _keep(self, key: tuple[object, ...], rules: Rules) -> None:
        with self._lock:
            self._rules[key] = rules
            if len(self._rules) > MAX_SITES:
                del self._rules[next(iter(self._rules))]


def _read(address: Address, ask: Ask, now: datetime) -> Rules:
    # A file that is not there allows everything; a site that cannot say allows nothing (2.3.1).
    try:
        status, body = ask(address.at("/robots.txt"))
    except FetchError as error:
        if error.code not in NO_FILE:
            raise  # the page would meet the same, and the reason should be seen
        status, body = 404, b""
    if status == 429 or status >= 500:
        return Rules(now + KEPT_FAILURE, None)
    text = body[:MAX_ROBOTS].decode("utf-8-sig", "replace") if status == 200 else ""
    return Rules(now + KEPT, Protego.parse(text))
