"""A watch over the made-up town: the real daemon in this process, with a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import config
from monitor.config import ChannelSettings
from monitor.daemon import Daemon
from monitor.http import Session
from monitor.polling import BiteSize
from monitor.store import open_store
from tests import postgres
from tests.builders import FakeClock
from tests.pipeline.driving import Drive, Driver, a_door
from tests.town import START, Site, Town, a_town


class Unhurried(Daemon):
    """The daemon, without the second that Slack wants between two messages."""

    def session_for(self, channel: ChannelSettings) -> Session:
        """Return a session that does not wait."""
        return self.door.session(
            f"channel:{channel.name}",
            base_url=channel.base_url,
            allow_private=channel.allow_private,
            gap=timedelta(0),
        )


class Watch:
    """A monitor that looks when it is told to."""

    def __init__(self, town: Town, clock: FakeClock, path: Path) -> None:
        self.town, self.clock = town, clock
        self.settings = config.load(path, town.env)
        self.store = open_store(self.settings.database, now=clock())
        self.daemon = Unhurried(self.settings, self.store, now=clock, env=town.env, door=a_door())
        self.daemon.prepare()

    def again(self, **away: float) -> Watch:
        """Begin anew on the same database, as after a restart, or after some time away."""
        self.close()
        self.clock.advance(**away)
        return Watch(self.town, self.clock, self.settings.path)

    def look(self, **span: float) -> None:
        """Let time pass, then look at everything that is due and tell what is to be told."""
        if span:
            self.clock.advance(**span)
        self.daemon.until_idle()

    def cut(self, **size: Any) -> None:
        """Make bites smaller."""
        self.daemon.tools = replace(self.daemon.tools, size=BiteSize(**size))

    def minute(self) -> None:
        """Let a minute pass, with what the daemon does each minute."""
        self.clock.advance(minutes=1)
        self.daemon._minute()
        self.daemon.until_idle()

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return the rows of a query, for asking what is stored."""
        with self.store.read() as conn:
            return list(conn.execute(sa.text(query), values))

    def close(self) -> None:
        """Stop and let go."""
        self.daemon.close()
        self.store.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town whose servers run for the time of a test."""
    with a_town(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables and nothing in them: most tests copy it instead of making their own."""
    path = tmp_path_factory.mktemp("empty") / "monitor.db"
    open_store(f"sqlite:///{path}", now=START).close()
    return path


@pytest.fixture
def copied_url(empty_file: Path, tmp_path: Path) -> str:
    """The address of a copy of it, this test's own."""
    shutil.copy(empty_file, tmp_path / "monitor.db")
    return f"sqlite:///{tmp_path}/monitor.db"


@pytest.fixture(scope="session")
def empty_database(postgres_databases: postgres.Databases) -> str:
    """The same on PostgreSQL."""
    url = postgres_databases.make()
    open_store(url, now=START).close()
    return url


@pytest.fixture
def copied_database(empty_database: str, postgres_databases: postgres.Databases) -> Iterator[str]:
    """The address of a copy of it, this test's own."""
    url = postgres_databases.make(empty_database)
    yield url
    postgres_databases.drop(url)


@pytest.fixture(
    params=[
        pytest.param("copied_url", id="sqlite"),
        pytest.param("copied_database", id="postgres", marks=pytest.mark.slow),
    ]
)
def database_url(request: Any) -> str:
    """The address of an empty database: the test runs once on each kind, on PostgreSQL with the long proofs."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def watch(town: Town, database_url: str) -> Iterator[Callable[..., Watch]]:
    """Return a function that begins a watch over the town, on each kind of database."""
    yield from _watches(town, database_url)


@pytest.fixture
def watch_here(town: Town, copied_url: str) -> Iterator[Callable[..., Watch]]:
    """Return a function that begins a watch over the town, for what does not depend on the database."""
    yield from _watches(town, copied_url)


def _watches(town: Town, database: str) -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start(*, at: datetime = START, **settings: Any) -> Watch:
        path = town.configure(**{"database": database, **settings})
        started.append(Watch(town, FakeClock(at), path))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """The town's sites, for the time of a test."""
    opened = Site()
    yield opened
    opened.close()


@pytest.fixture
def drive(tmp_path: Path, copied_url: str) -> Iterator[Drive]:
    """Return a function that begins a driver on a database of this test's own."""
    yield from _drivers(tmp_path, copied_url)


@pytest.fixture
def drive_both(tmp_path: Path, database_url: str) -> Iterator[Drive]:
    """Return the same, on each kind of database."""
    yield from _drivers(tmp_path, database_url)


def _drivers(folder: Path, database: str) -> Iterator[Drive]:
    started: list[Driver] = []

    def start(*tables: str, clock: FakeClock | None = None, **env: str) -> Driver:
        started.append(Driver(folder, clock or FakeClock(START), *tables, database=database, **env))
        return started[-1]

    yield start
    for one in started:
        one.close()
