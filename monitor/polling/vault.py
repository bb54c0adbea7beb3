"""What accounts need to remember: tokens and the money of the day."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from monitor.config import AccountSettings
from monitor.errors import RefusedError
from monitor.exchange import Token
from monitor.store import Connection, sources

T = TypeVar("T")


class Write(Protocol):
    """Run some work inside one transaction, on the one thread that writes, and return its result."""

    def __call__(self, work: Callable[[Connection], T]) -> T: ...  # noqa: D102  # the class says it


class Read(Protocol):
    """Run some work on a connection that only reads."""

    def __call__(self, work: Callable[[Connection], T]) -> T: ...  # noqa: D102  # the class says it


class Vault:
    """What accounts need to remember: tokens and the money of the day.

    Each write is committed alone and at once: a token before it is used, money before it is spent.
    """

    def __init__(self, read: Read, write: Write, accounts: Mapping[str, AccountSettings]) -> None:
        self._read = read
        self._write = write
        self._accounts = accounts
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def renewing(self, account: str) -> Iterator[None]:
        """Let one thread at a time renew the token of an account."""
        with self._guard:
            lock = self._locks.setdefault(account, threading.Lock())
        with lock:
            yield

    def token(self, account: str) -> Token | None:
        """Return the current token."""
        return self._read(lambda conn: sources.load_token(conn, account))

    def keep(self, account: str, token: Token, now: datetime) -> None:
        """Commit a new token."""
        self._write(lambda conn: sources.save_token(conn, account, token, now))

    def pay(self, account: str | None, cost: int, now: datetime) -> None:
        """Take the cost of a request from the budget of the day. Raises RefusedError when it is spent."""
        if cost <= 0 or account is None:
            return
        settings = self._accounts[account]
        day = now.date().isoformat()

        def book(conn: Connection) -> bool:
            spent = sources.spent(conn, account, day)
            if settings.daily_budget is not None and spent + cost > settings.daily_budget:
                return False
            sources.spend(conn, account, day, cost)
            return True

        if not self._write(book):
            budget = (settings.daily_budget or 0) / 1_000_000
            raise RefusedError(
                f"the budget of the day for {account} is spent ({budget:g} {settings.currency})",
                code="over_budget",
                retry_after=until_midnight(now),
            )

    def correct(self, account: str | None, difference: int, now: datetime) -> None:
        """Book what an answer cost more or less than it was expected to."""
        if account is not None and difference:
            day = now.date().isoformat()
            self._write(lambda conn: sources.spend(conn, account, day, difference))


def until_midnight(now: datetime) -> timedelta:
    """Return the time left of this day, UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight - now
