"""A door with a phone book of its own, and servers that say anything."""

from __future__ import annotations

import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.errors import FetchError
from monitor.exchange import Request, Response, Signed
from monitor.http import Door, Session, Validators
from tests.builders import FakeClock
from tests.http.raw_server import LOOPBACK, RawServer, Script

SITE = "site.test"
SHORT = timedelta(seconds=0.15)

PUBLIC = "93.184.215.14"


class PhoneBook:
    """Host names and their addresses; `asked` holds every look-up."""

    def __init__(self) -> None:
        self.entries: dict[str, list[str] | Callable[[], list[str]]] = {
            SITE: ["127.0.0.1"],
            "other.test": ["127.0.0.1"],
        }
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        entry = self.entries.get(host)
        if entry is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return entry() if callable(entry) else entry


@pytest.fixture
def names() -> PhoneBook:
    return PhoneBook()


@pytest.fixture(scope="session")
def system_tls() -> ssl.SSLContext:
    """One context for all doors: to read the system's certificates costs 20 ms."""
    return ssl.create_default_context()


@pytest.fixture
def make_door(names: PhoneBook, clock: FakeClock, system_tls: ssl.SSLContext) -> Iterator[Callable[..., Door]]:
    doors = []

    def make(**changes: Any) -> Door:
        usual = {"contact": "ops@example.org", "version": "1.0", "clock": clock, "resolver": names}
        doors.append(Door(**{**usual, "ssl_context": system_tls, **changes}))
        return doors[-1]

    yield make
    for door in doors:
        door.close()


@pytest.fixture
def door(make_door: Callable[..., Door]) -> Door:
    return make_door()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """The socket of the first server of a test, so that its port is known before it speaks."""
    with socket.create_server((LOOPBACK, 0), backlog=128) as sock:
        yield sock


@pytest.fixture
def port(listener: socket.socket) -> int:
    """The port of the first server."""
    number: int = listener.getsockname()[1]
    return number


@pytest.fixture
def session(door: Door, port: int) -> Session:
    """A session that may reach SITE at the port of the first server, and no other private place."""
    return a_session(door, port)


def a_session(door: Door, place: RawServer | int, **changes: Any) -> Session:
    """Return a session that may reach SITE at the port of a server."""
    port = place if isinstance(place, int) else place.port
    values: dict[str, Any] = {"hosts": (f"{SITE}:{port}",), "allow_private": True, "gap": timedelta(0)}
    return door.session("cafe", **{**values, **changes})


@pytest.fixture
def serve(listener: socket.socket) -> Iterator[Callable[..., RawServer]]:
    """Start servers; the first listens where `session` may go."""
    servers: list[RawServer] = []

    def start(script: Script, **rest: Any) -> RawServer:
        first = not servers and "host" not in rest
        servers.append(RawServer(script, **({"listener": listener} if first else {}), **rest))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def get(
    session: Session,
    server: RawServer,
    path: str = "/reviews",
    *,
    deadline: timedelta = timedelta(seconds=5),
    validators: Validators | None = None,
) -> Response:
    return session.fetch(Request(server.at(SITE, path)), deadline=deadline, validators=validators)


def failure(
    session: Session, asked: Request | Signed | RawServer, deadline: timedelta = timedelta(seconds=5)
) -> FetchError:
    """Return the error that a request ends with."""
    request = Request(asked.at(SITE, "/reviews")) if isinstance(asked, RawServer) else asked
    with pytest.raises(FetchError) as caught:
        session.fetch(request, deadline=deadline)
    return caught.value


def all_texts(error: BaseException) -> str:
    """Return everything an error could show: its text, its traceback, its causes, their arguments."""
    told = "".join(traceback.format_exception(error))
    cause: BaseException | None = error
    while cause is not None:
        told += repr(cause) + repr(vars(cause)) + "".join(getattr(cause, "__notes__", []))
        cause = cause.__cause__ or cause.__context__
    return told
