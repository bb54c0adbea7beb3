"""A mailbox, and a server behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.exchange import MailLogin
from monitor.http import Door
from monitor.mailbox import Mailbox
from tests.builders import NOON
from tests.mailbox.server import PASSWORD, USER, MailServer, a_mail_server
from tests.pipeline.driving import a_door

Open = Callable[..., Mailbox]


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without TLS."""
    with a_mail_server() as running:
        yield running


@pytest.fixture
def door() -> Iterator[Door]:
    """The door that looks names up and checks addresses."""
    made = a_door()
    yield made
    made.close()


@pytest.fixture
def opened(server: MailServer, door: Door) -> Iterator[Open]:
    """Return a function that gives a mailbox on the server."""
    made: list[Mailbox] = []

    def open_(**changes: Any) -> Mailbox:
        at = changes.pop("server", server)
        values = {"host": "127.0.0.1", "port": at.port, "security": "plain", "user": USER, "password": PASSWORD}
        login = MailLogin(**{key: changes.pop(key, value) for key, value in values.items()})
        made.append(Mailbox(login, door.connect, **{"allow_private": True, "clock": lambda: NOON, **changes}))
        return made[-1]

    yield open_
    for one in made:
        one.close()
