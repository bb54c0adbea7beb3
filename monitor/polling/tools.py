"""What a look works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from monitor.clock import Clock
from monitor.config import Settings, SourceSettings
from monitor.connector import Connector
from monitor.http import Door, Session, addresses_in
from monitor.mailbox import Mailbox
from monitor.match import Matcher
from monitor.polling.vault import Read, Vault
from monitor.polling.walk import BiteSize
from monitor.sandbox import Sandbox
from monitor.scoring import Scorer


@dataclass(frozen=True)
class Tools:
    """What a look works with; one set for the whole process."""

    settings: Settings
    door: Door
    sandbox: Sandbox
    scorer: Scorer
    matcher: Matcher
    vault: Vault
    read: Read
    clock: Clock
    size: BiteSize = field(default_factory=BiteSize)

    def session(self, source: SourceSettings, connector: Connector[Any]) -> Session:
        """Return the source's own session at the door."""
        return self.door.session(
            source.name,
            base_url=source.base_url,
            allow_private=source.allow_private,
            hosts=connector.hosts,
            named=tuple(addresses_in(source.options)),
            gap=connector.limits.gap,
            robots=connector.robots,
        )

    def mailbox(self, source: SourceSettings, connector: Connector[Any]) -> Mailbox | None:
        """Return the source's mailbox, where it has one. Nothing is opened before the first question."""
        login = connector.mailbox()
        if login is None:
            return None
        return Mailbox(
            login,
            self.door.connect,
            base_url=source.base_url,
            allow_private=source.allow_private,
            clock=self.clock,
            stopped=self.door.is_closed,
        )
