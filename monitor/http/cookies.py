"""Cookies of one session: few, small, and only for the origin that set them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from datetime import datetime

from monitor.exchange import read_http_date
from monitor.http.address import Address, Origin

MAX_COOKIES = 50
MAX_COOKIE = 4096  # bytes of name and value

_PAIR = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x21-\x3a\x3c-\x7e ]*)")


class Jar:
    """What a site asked us to say again. Kept in memory for the life of the session. Thread-safe.

    A cookie goes back to the very origin that set it, whatever its Domain and Path say. When there are
    too many, the oldest goes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cookies: dict[tuple[Origin, str], str] = {}

    def header(self, address: Address) -> str | None:
        """Return the Cookie header for a request, or None."""
        with self._lock:
            here = [f"{name}={value}" for (origin, name), value in self._cookies.items() if origin == address.origin]
        return "; ".join(here) or None

    def take(self, address: Address, lines: Iterable[str], now: datetime) -> None:
        """Keep what the Set-Cookie headers of an answer from `address` say."""
        for line in lines:
            if len(line) <= 2 * MAX_COOKIE and (match := _PAIR.fullmatch(line.partition(";")[0].strip())):
                name, value = match[1], match[2].strip()
                if len(name) + len(value) <= MAX_COOKIE:
                    self._keep(address, name, value, _attributes(line), now)

    def __len__(self) -> int:
        return len(self._cookies)

    def _keep(self, address: Address, name: str, value: str, attributes: dict[str, str], now: datetime) -> None:
        domain = attributes.get("domain", "").lstrip(".").lower()
        if domain and not f".{address.host}".endswith(f".{domain}"):
            return
        with self._lock:
            self._cookies.pop((address.origin, name), None)  # a new value makes it the youngest
            if _has_ended(attributes, now):
                return
            self._cookies[address.origin, name] = value
            if len(self._cookies) > MAX_COOKIES:
                del self._cookies[next(iter(self._cookies))]


def _attributes(line: str) -> dict[str, str]:
    parts = [part.partition("=") for part in line.split(";")[1:]]
    return {name.strip().lower(): value.strip() for name, _, value in parts}


def _has_ended(attributes: dict[str, str], now: datetime) -> bool:
    age = attributes.get("max-age", "")
    if re.fullmatch(r"-?[0-9]{1,12}", age):
        return int(age) <= 0
    ends = read_http_date(attributes.get("expires", ""))
    return ends is not None and ends <= now
