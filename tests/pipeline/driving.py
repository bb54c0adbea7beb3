"""The driver without the daemon: it looks and takes in when it is told to. Network, database and tools are real."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from monitor import config, intake, polling
from monitor.config import Settings
from monitor.http import Door
from monitor.match import Matcher
from monitor.polling import BiteSize, Look, Taken, Tools, Vault
from monitor.sandbox import Sandbox
from monitor.scoring import scorer
from monitor.store import Connection, Store, open_store, sources
from tests.builders import FakeClock
from tests.town import CONNECTORS, START, Site

T = TypeVar("T")
HOLDER = "the test"


def source(name: str, connector: str, site: Site, **options: Any) -> str:
    """Return a source as the configuration has it. Values are TOML already, but for plain strings."""
    lines = [f'base_url = "{site.url}"', "allow_private = true", 'every = "1 min"']
    lines = [line for line in lines if line.split()[0] not in options]
    lines += [f"{key} = {_toml(value)}" for key, value in options.items()]
    return "\n".join(["[[sources]]", f'name = "{name}"', f'connector = "{connector}"', *lines])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value.startswith("{") else f'"{value}"'
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, list | tuple) else str(value)


def a_door() -> Door:
    """Return a door for sites on loopback: it does not read the system's certificates, which takes a while."""
    return Door(contact=None, version="0", ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass(frozen=True)
class Looked:
    """One look and what it changed."""

    look: Look
    taken: Taken


class Driver:
    """One program on one database. Make another one on the same folder to start anew."""

    def __init__(
        self, folder: Path, clock: FakeClock, *tables: str, database: str = "sqlite:///monitor.db", **env: str
    ) -> None:
        self.folder, self.clock, self.tables, self.database, self.env = folder, clock, tables, database, env
        path = folder / "monitor.toml"
        head = f'[monitor]\ndatabase = "{database}"\nown_connectors = "{CONNECTORS}"\n'
        channel = '[[channels]]\nname = "screen"\nnotifier = "console"\n'
        path.write_text("\n".join([head, channel, *tables]) + "\n", encoding="utf-8")
        self.settings: Settings = config.load(path, env)
        self.routing = intake.Routing.of(self.settings)
        self.store: Store = open_store(self.settings.database, now=clock())
        self.door = a_door()
        self.sandbox = Sandbox()
        self._writing = threading.Lock()
        self.tools = Tools(
            settings=self.settings,
            door=self.door,
            sandbox=self.sandbox,
            scorer=scorer("stars-vader"),
            matcher=Matcher(self.settings.brands),
            vault=Vault(self.read, self.write, self.settings.accounts),
            read=self.read,
            clock=clock,
        )
        self.by_name = {one.name: one for one in self.settings.sources}
        wanted = [sources.Wanted(one.name, one.connector, one.options_hash) for one in self.settings.sources]
        self.write(lambda conn: sources.sync(conn, wanted, clock()))

    def close(self) -> None:
        """Let go."""
        self.sandbox.close()
        self.door.close()
        self.store.close()

    def bites(self, **size: Any) -> Driver:
        """Make bites smaller."""
        self.tools = replace(self.tools, size=BiteSize(**size))
        return self

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run some work on a connection that only reads."""
        with self.store.read() as conn:
            return work(conn)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run some work in one transaction, one at a time."""
        with self._writing, self.store.write() as conn:
            return work(conn)

    def state(self, name: str) -> sources.SourceState:
        """Return a source as the database has it."""
        found = self.read(lambda conn: sources.get(conn, name))
        assert found is not None
        return found

    def is_due(self, name: str) -> bool:
        """Say whether a source would be looked at now."""
        now = self.clock()
        due = self.read(lambda conn: sources.next_due(conn, now, [name]))
        return due is not None and due <= now

    def look(self, name: str, **span: float) -> Looked:
        """Let time pass, then look at a source and take in what that brought: one bite."""
        if span:
            self.clock.advance(**span)
        look = polling.look(self.by_name[name], self.state(name), self.tools)
        return Looked(look, self.take(look))

    def take(self, look: Look) -> Taken:
        """Take a look in."""
        return self.write(lambda conn: polling.take(conn, look, self.by_name[look.source], self.routing, self.clock()))

    def walk(self, name: str, most: int = 50, **span: float) -> list[Looked]:
        """Look until the walk is done or ends in an error; each bite must be due at once after the one before."""
        looked = [self.look(name, **span)]
        while not looked[-1].look.at_end and looked[-1].look.error is None:
            assert self.is_due(name), "the next bite is due at once"
            assert len(looked) < most, "the walk does not end"
            looked.append(self.look(name))
        return looked

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the rows of a query."""
        return self.read(lambda conn: list(conn.execute(sa.text(query), values)))

    def one(self, query: str, **values: Any) -> Any:
        """Return the one value of a query."""
        [row] = self.rows(query, **values)
        return row[0]

    def ids(self) -> list[str]:
        """Return the external ids of all mentions, as often as they are stored."""
        return sorted(row.external_id for row in self.rows("select external_id from mentions"))

    def told(self) -> list[str]:
        """Return the reasons of all alerts, in order."""
        return [row.reason for row in self.rows("select reason from alerts order by id")]


Drive = Callable[..., Driver]
__all__ = ["START", "Drive", "Driver", "Looked", "source"]
