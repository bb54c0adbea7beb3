"""Where a session may go, and where its secrets may go with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from monitor.http.address import PORTS, Address, Origin, read_url


class Trust:
    """What the operator allowed one session. Thread-safe.

    Raises FetchError (refused_address) for a configured address that cannot be used.
    """

    def __init__(
        self, base_url: str | None, *, allow_private: bool, hosts: Iterable[str], named: Iterable[str]
    ) -> None:
        self._base = read_url(base_url) if base_url else None
        self._allow_private = allow_private
        self._hosts = frozenset(host.lower() for host in hosts)
        self._named = frozenset(read_url(url).origin for url in named)
        self._first: Origin | None = None
        self._lock = threading.Lock()

    @property
    def is_led(self) -> bool:
        """Say whether everything goes to the base address."""
        return self._base is not None

    def way_to(self, address: Address) -> Address:
        """Return where a request for `address` really goes."""
        return address if self._base is None else address.under(self._base)

    def begin(self, address: Address) -> None:
        """Remember the origin of the first request."""
        with self._lock:
            self._first = self._first or address.origin

    def allows_private(self, there: Address) -> bool:
        """Say whether a private address at this place is the operator's own."""
        if self._base is not None:
            return self._allow_private and there.origin == self._base.origin
        return self._allow_private and self._knows(there)

    def allows_secrets(self, there: Address) -> bool:
        """Say whether secrets may go to this place."""
        if self._base is not None:
            return there.origin == self._base.origin
        if not self._hosts and not self._named:
            return there.origin == self._first
        # Who gave a host and no whole address did not ask for http.
        is_safe = there.scheme == "https" or there.origin in self._named or self._allow_private
        return is_safe and self._knows(there)

    def _knows(self, there: Address) -> bool:
        if there.origin in self._named or f"{there.host}:{there.port}" in self._hosts:
            return True
        return there.host in self._hosts and there.port == PORTS[there.scheme]
