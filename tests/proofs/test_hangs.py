"""Sites that hang, drip or never end do not delay the others."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor import clock, config, logs
from monitor.config import SourceSettings
from monitor.daemon import Daemon
from monitor.http import Door
from monitor.store import open_store
from monitor.store.sources import SourceState
from tests.town import CONNECTORS, Town, a_town, free_port, review

GOOD, HANGING, WORKERS = 45, 5, 16
SECONDS = 12.0 if os.environ.get("CI_SHORT") else 40.0
WARM_UP = 3.0  # the first looks all come at once
ALLOWED = 0.100  # seconds

Drip = Callable[[socket.socket], None]


def silent(line: socket.socket) -> None:
    """Accept and say nothing."""


def drips(first: bytes, drop: bytes) -> Drip:
    """Say something, then a byte a second for ever."""

    def drip(line: socket.socket) -> None:
        line.sendall(first)
        for _ in range(120):
            line.sendall(drop)
            time.sleep(1)  # the hostile server's time, not the test's

    return drip


def endless_continue(line: socket.socket) -> None:
    """Say "100 Continue" for ever."""
    for _ in range(1200):
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.1)  # the hostile server's time, not the test's


OK = b"HTTP/1.1 200 OK\r\n"
WAYS: dict[str, Drip] = {
    "says nothing": silent,
    "drips its status line": drips(b"", b"H"),
    "drips its headers": drips(OK, b"X"),
    "drips its body": drips(OK + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n", b" "),
    "says 100 for ever": endless_continue,
}


@pytest.fixture
def hostile() -> Iterator[Callable[[Drip], int]]:
    """Return a function that starts a hostile server and returns its port."""
    listeners = []

    def start(behave: Drip) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_behave, args=(behave, line), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def _behave(behave: Drip, line: socket.socket) -> None:
    try:
        behave(line)
        line.recv(1)  # until the other side gives up
    except OSError:
        pass


class Punctual(Daemon):
    """The daemon, noting how late each look began."""

    late: dict[str, list[float]]

    def _start_look(self, source: SourceSettings, state: SourceState) -> None:
        late = (self.now() - state.next_poll_at).total_seconds()
        self.late.setdefault(source.name, []).append(late)
        super()._start_look(source, state)


def lateness(town: Town, hanging: str, seconds: float, door: Door) -> float:
    """Run the daemon and return the 99th percentile of how late the good sources were looked at."""
    (town.folder / "monitor.db").unlink(missing_ok=True)
    places = [f"place{n}" for n in range(GOOD)]
    for place in places:
        town.site.shows(place, review(1, id=f"{place}-1"))
    path = town.configure(places=places, every="1s", channels=("slack",), extra=hanging)
    settings = config.load(path, town.env)
    with open_store(settings.database, now=clock.now()) as store:
        daemon = Punctual(settings, store, workers=WORKERS, door=door)
        daemon.late = {}
        thread = threading.Thread(target=daemon.run, daemon=True)
        thread.start()
        time.sleep(seconds)  # what is measured takes real time
        daemon.stop()
        thread.join(30)
    found = [late for place in places for late in daemon.late[place][int(WARM_UP) :]]
    return statistics.quantiles(found, n=100)[98]


def sources(count: int, base_url: str, connector: str = "town_reviews") -> str:
    """Return the configuration of some sources at one address."""
    return "\n".join(
        f'[[sources]]\nname = "hang{n}"\nconnector = "{connector}"\nplace = "hang{n}"\nevery = "1s"\n'
        f'base_url = "{base_url}"\nallow_private = true\n'
        for n in range(count)
    )


def added(figures: tuple[float, float]) -> float:
    """Return how much later the looks were with hanging sources than without."""
    without, late = figures
    return late - without


@pytest.mark.slow
def test_five_hanging_sources_of_fifty_do_not_delay_the_other_forty_five(
    tmp_path: Path, hostile: Callable[[Drip], int], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.use("critical")
    stuck = threading.Event()

    def resolver(host: str) -> list[str]:
        if host.startswith("nowhere"):
            stuck.wait(60)
        return ["127.0.0.1"]

    def door() -> Door:
        return Door(contact=None, version="test", resolver=resolver)

    with a_town(tmp_path) as town:
        for n in range(HANGING):
            town.site.serves(f"/hang{n}", b"<html>for ever</html>", Content_Type="text/html")
        ways = {name: sources(HANGING, f"http://127.0.0.1:{hostile(behave)}") for name, behave in WAYS.items()}
        ways["has a name server that hangs"] = sources(HANGING, f"http://nowhere.example:{free_port()}")
        ways["has a page whose parser never ends"] = sources(HANGING, town.site.url, "town_page")
        without = lateness(town, "", SECONDS, door())
        figures = {}
        for name, hanging in ways.items():
            figures[name] = without, lateness(town, hanging, SECONDS, door())
            if added(figures[name]) > ALLOWED:  # whatever else the machine did: both once more, side by side
                figures[name] = lateness(town, "", SECONDS, door()), lateness(town, hanging, SECONDS, door())
    stuck.set()

    with capsys.disabled():
        print(f"\n99th percentile of lateness without hanging sources: {without * 1000:.0f} ms")
        for name, (alone, late) in figures.items():
            print(f"with five, each of which {name}: {late * 1000:.0f} ms, without {alone * 1000:.0f} ms")
    assert CONNECTORS.is_dir()
    assert {name: pair for name, pair in figures.items() if added(pair) > ALLOWED} == {}
