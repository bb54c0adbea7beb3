"""Signs of life: the service manager, the heartbeat address, the status, the daily backup."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.daemon import notify
from monitor.followup import beat
from monitor.store import alerts
from tests.daemon.conftest import Begin, until
from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def heard(manager: socket.socket) -> list[str]:
    """Return what the service manager was told since the last time."""
    said = []
    while True:
        try:
            said.append(manager.recv(4096).decode())
        except BlockingIOError:
            return said


@contextmanager
def a_heart() -> Iterator[tuple[str, list[str]]]:
    """Whoever waits for the heartbeat: its address, and the paths it was called at."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/ping/made-up-secret", calls
    server.shutdown()
    server.server_close()


def let_something_go_wrong(monitor: Watch) -> None:
    """Leave a message lying although its channel works: nothing the audit could mend."""
    now = monitor.clock()
    late = alerts.Route("slack", "", now - timedelta(hours=1))
    with monitor.store.write() as conn:
        alerts.enqueue(conn, [alerts.NewAlert("k", alerts.Reason.DAMAGE, (late,))], now)
    monitor.daemon._start_sends = lambda: None  # type: ignore[method-assign]  # whatever keeps it from going out


# --- the service manager -------------------------------------------------------------------------


def test_the_service_manager_hears_of_the_start_each_clean_minute_and_the_end(
    town: Town, watch: Begin, manager: socket.socket
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()

    monitor.daemon.run(ready=monitor.daemon.stop)

    assert heard(manager) == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_the_watchdog_does_not_beat_when_the_audit_finds_what_it_cannot_mend(
    town: Town, watch: Begin, manager: socket.socket
) -> None:
    monitor = watch()
    monitor.look()
    monitor.minute()
    clean = heard(manager)
    let_something_go_wrong(monitor)

    monitor.daemon._minute()

    assert (clean, heard(manager)) == (["WATCHDOG=1"], [])


def test_an_abstract_socket_is_spoken_to_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"review-monitor-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")

        notify("READY=1")

        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_without_a_service_manager_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    notify("READY=1")


# --- the heartbeat -------------------------------------------------------------------------------


def test_the_heartbeat_address_is_called_each_minute_while_all_is_well(town: Town, watch: Begin) -> None:
    with a_heart() as (address, calls):
        monitor = watch(monitor="heartbeat_allow_private = true")
        monitor.daemon.settings = replace(monitor.daemon.settings, heartbeat_url=SecretStr(address))
        monitor.look()
        monitor.minute()
        monitor.minute()
        well = list(calls)
        let_something_go_wrong(monitor)
        monitor.daemon._minute()
        assert until(lambda: not monitor.daemon._senders.busy())

    assert well == ["/ping/made-up-secret"] * 2
    assert calls == well


def test_a_heartbeat_address_in_ones_own_network_needs_leave(town: Town, watch: Begin) -> None:
    monitor = watch()
    with a_heart() as (address, calls):
        beat(monitor.daemon.door, SecretStr(address))

    assert calls == []


def test_whoever_is_called_and_hangs_holds_nothing_up(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = SecretStr(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        monitor.daemon.settings = replace(monitor.daemon.settings, heartbeat_url=url, heartbeat_allow_private=True)
        monitor.daemon._minute()
        town.site.publishes("quay", bad(2))
        monitor.daemon._tick()
        told = lambda: monitor.daemon.writer.work(0.05) or town.slack.posts  # noqa: E731

        assert until(told)


# --- backups -------------------------------------------------------------------------------------


def backups(town: Town) -> list[str]:
    return sorted(path.name for path in (town.folder / "backups").glob("*"))


def a_day_later(monitor: Watch) -> None:
    """Let a day pass, with what the daemon does about backups."""
    monitor.daemon._back_up()
    assert until(lambda: not monitor.daemon._copiers.busy())
    monitor.look(days=1)


def test_a_backup_is_made_each_day_and_seven_are_kept(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="12 h", database=f"sqlite:///{town.folder}/monitor.db")
    monitor.look()
    for _ in range(9):
        a_day_later(monitor)

    assert backups(town) == [f"monitor.db.daily-202611{day}" for day in ("26", "27", "28", "29", "30")] + [
        "monitor.db.daily-20261201",
        "monitor.db.daily-20261202",
    ]


def test_a_second_start_on_the_same_day_makes_no_second_backup(town: Town, watch: Begin) -> None:
    monitor = watch(database=f"sqlite:///{town.folder}/monitor.db")
    a_day_later(monitor)
    [first] = (town.folder / "backups").iterdir()
    made = first.stat().st_mtime_ns
    monitor.clock.set(monitor.clock() - timedelta(hours=23))
    monitor.daemon._copied_on = None

    monitor.daemon._back_up()
    assert until(lambda: not monitor.daemon._copiers.busy())

    assert first.stat().st_mtime_ns == made


def test_a_backup_that_cannot_be_made_is_told_once_a_day(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="12 h", database=f"sqlite:///{town.folder}/monitor.db")
    (town.folder / "backups").write_text("a file where the folder should be")

    monitor.daemon._back_up()
    monitor.daemon._back_up()
    assert until(lambda: not monitor.daemon._copiers.busy())
    monitor.look()
    [alert] = monitor.rows("select facts from alerts where reason = 'damage'")
    a_day_later(monitor)
    a_day_later(monitor)

    assert "backup could not be made" in alert.facts
    assert len(monitor.rows("select 1 from alerts where reason = 'damage'")) == 2


def test_one_round_makes_no_backup(town: Town, watch: Begin) -> None:
    monitor = watch(database=f"sqlite:///{town.folder}/monitor.db")

    monitor.daemon.turn()

    assert not (town.folder / "backups").exists()
