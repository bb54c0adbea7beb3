"""The doors and servers that the notifiers' exam needs: the real HTTP door, servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from monitor.exchange import Fetch, Request, Response, Signed
from monitor.http import Door
from tests.http.raw_server import RawServer, Script

USUAL = timedelta(seconds=10)  # for what answers, on a busy machine
SHORT = timedelta(seconds=0.6)  # for what never answers


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    door = Door(contact="ops@example.org", version="1.0")
    yield door
    door.close()


@pytest.fixture
def fetch_from(door: Door) -> Callable[..., Fetch]:
    """Return a `fetch` that sends every request to one port of this machine, as `base_url` does."""

    def make(port: int, deadline: timedelta = USUAL) -> Fetch:
        session = door.session("channel", base_url=f"http://127.0.0.1:{port}", allow_private=True, gap=timedelta(0))

        def fetch(request: Request | Signed) -> Response:
            return session.fetch(request, deadline=deadline)

        return fetch

    return make


@pytest.fixture
def serve() -> Iterator[Callable[[Script], RawServer]]:
    """Start servers that play a script."""
    servers: list[RawServer] = []

    def start(script: Script) -> RawServer:
        servers.append(RawServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    server = RawServer(lambda talk: None)
    server.close()
    return server.port
