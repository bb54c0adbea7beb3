"""How the daemon starts, waits its turn, is told things by signals, and ends."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from monitor.crew import Crew
from monitor.daemon import loop, service
from monitor.store import open_store
from tests.daemon.conftest import ROOT, Begin, Process, until
from tests.pipeline.conftest import Watch
from tests.town import Town, review

Start = Callable[..., Process]
HEAVY = (
    "pandas",
    "feedparser",
    "bs4",
    "slack_sdk",
    "prometheus_client",
    "py3langid",
    "holidays",
    "alembic",
    "xlsxwriter",
)


def left_behind(monitor: Watch) -> tuple[int, int]:
    """Return how many messages are in `sending`, and how many sources are leased."""
    [sending] = monitor.rows("select count(*) as n from deliveries where state = 'sending'")
    [leased] = monitor.rows("select count(*) as n from sources where lease_until is not null")
    return sending.n, leased.n


# --- starting ------------------------------------------------------------------------------------


def test_what_a_start_does_not_need_is_not_loaded() -> None:
    code = "import sys, monitor.cli, monitor.config, monitor.daemon; print(*sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert {name for name in printed.stdout.split() if name.split(".")[0] in HEAVY} == set()
    assert "sqlalchemy.dialects.postgresql" not in printed.stdout


def test_where_there_are_few_file_descriptors_fewer_threads_are_used_and_it_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0], before[1]))

    assert service.threads_that_fit(16, 8) == (16, 8)
    assert service.fitting(64, 16, 8) == (7, 3)
    assert service.fitting(30, 16, 8) == (1, 1)
    assert service.fitting(100_000, 16, 8) == (16, 8)


@pytest.mark.slow
def test_fifty_sources_are_watched_with_sixty_four_file_descriptors(town: Town, start: Start) -> None:
    places = [f"place{number}" for number in range(50)]
    for place in places:
        town.site.shows(place, review(1, id=place))
    town.configure(places=places, every="2s", channels=("slack",))

    daemon = start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    daemon.wait_for("few file descriptors")
    daemon.wait_for('"source polled"', 60, count=150)

    assert daemon.stop() == 0
    assert daemon.logged("source not polled") == []
    assert {line["source"] for line in daemon.logged("source polled")} == set(places)
    assert daemon.logged("job failed") == []


def test_missing_zones_are_said_clearly_and_not_with_a_traceback(town: Town) -> None:
    path = town.configure()
    code = (
        "import sys, zoneinfo; sys.modules['tzdata'] = None; zoneinfo.reset_tzpath(to=[]); "
        f"sys.argv = ['monitor', 'check', '--config', {str(path)!r}]; from monitor.cli import main; main()"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **town.env}, capture_output=True)

    assert ended.returncode == 2
    assert b"Europe/London" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_second_one_waits_says_so_and_takes_over_within_two_seconds_of_a_kill(town: Town, start: Start) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",))
    first = start()
    first.wait_for('"ready"')
    second = start()
    second.wait_for(f"another monitor (pid {first.pid} on ")

    first.tell(signal.SIGKILL)
    killed = time.monotonic()
    second.wait_for('"ready"', 10)

    assert time.monotonic() - killed < 2
    assert sum("waiting for it to end" in line for line in second.lines) == 1
    if os.geteuid() == 0:
        assert len(second.logged("runs as root")) == 1
    assert second.stop() == 0


def test_whoever_waits_can_be_stopped(town: Town, watch: Begin) -> None:
    monitor = watch(database=f"sqlite:///{town.folder}/monitor.db")
    assert monitor.store.lock(monitor.clock())
    stop, said = threading.Event(), []
    with open_store(monitor.settings.database, now=monitor.clock()) as second:
        threading.Timer(0.1, stop.set).start()

        assert not service.hold_lock(second, now=monitor.clock, say=said.append, stop=stop)

    assert len(said) == 1


def test_a_task_that_raises_leaves_the_crew_whole() -> None:
    crew, done = Crew(1, "look"), threading.Event()

    crew.start(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    crew.start(done.set)

    assert done.wait(5)
    assert until(lambda: crew.free() == 1)


# --- a whole life --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_whole_life_with_a_bad_file_a_good_one_a_pause_and_an_end(town: Town, start: Start) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2))
    path = town.configure(places=("quay",), every="1s")
    daemon = start()
    daemon.wait_for('"delivered"', count=2)
    good = path.read_text()

    path.write_text("contry = 1\n" + good)
    daemon.tell(signal.SIGHUP)
    daemon.wait_for("configuration not changed")
    town.configure(places=("quay", "mill"), every="1s")
    daemon.tell(signal.SIGHUP)
    daemon.wait_for('"source": "mill"')
    shown = monitor(town, "status", "--json")
    daemon.tell(signal.SIGSTOP)
    time.sleep(1.5)  # what is measured takes real time
    polled = len(daemon.logged("source polled"))
    daemon.tell(signal.SIGCONT)
    daemon.wait_for('"source polled"', count=polled + 4)
    ended = daemon.stop()

    status = json.loads(shown.stdout)
    assert (status["running"], ended) == (True, 0)
    assert datetime.fromisoformat(status["alive_since"]) < datetime.fromisoformat(status["now"])
    assert sum("configuration" in mail["Subject"] for mail in town.mail.received) == 1
    assert json.loads(daemon.lines[-1])["event"] == "stopped"
    assert daemon.logged("job failed") == []
    assert json.loads(monitor(town, "status", "--json").stdout)["running"] is False


def monitor(town: Town, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run another command beside the daemon."""
    command = [sys.executable, "-m", "monitor", *arguments, "--config", str(town.folder / "monitor.toml")]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **town.env}, capture_output=True, text=True)


@pytest.mark.parametrize(
    "target", ["/dev/full", pytest.param(None, marks=pytest.mark.slow)], ids=["disk full", "closed"]
)
def test_a_log_that_cannot_be_written_stops_nothing(target: str | None, town: Town, start: Start) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",), every="1s")
    shell = f'exec "$0" "$@" 2>{target or "&-"} >&-'
    command = ["sh", "-c", shell, sys.executable, "-m", "monitor", "run", "--config", str(town.folder / "monitor.toml")]
    daemon = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **town.env})

    try:
        assert until(lambda: town.slack.posts, 30)
        asked = len(town.site.asked)
        assert until(lambda: len(town.site.asked) > asked)
        daemon.terminate()
        assert daemon.wait(20) == 0
    finally:
        daemon.kill()


# --- the end -------------------------------------------------------------------------------------


def hang(town: Town) -> threading.Event:
    """Let site and receiver hang until the event is set."""
    free = threading.Event()
    town.site.answer = lambda *_: not free.wait(60)
    town.slack.behave = lambda _: not free.wait(60)
    return free


def test_a_stop_that_cannot_wait_leaves_no_message_in_sending_and_no_lease(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="1 min")
    free = threading.Event()
    town.slack.behave = lambda _: not free.wait(60)
    monitor.daemon._tick()
    while not monitor.daemon._sending:
        monitor.daemon.writer.work(0.05)
    town.site.answer = lambda *_: not free.wait(60)
    monitor.clock.advance(minutes=2)
    monitor.daemon._tick()
    before = left_behind(monitor)

    monitor.daemon.hurry()
    began = time.monotonic()
    monitor.daemon.close()
    free.set()

    assert before == (1, 1)
    assert time.monotonic() - began < 2
    assert left_behind(monitor) == (0, 0)
    assert [row.state for row in monitor.rows("select state from deliveries")] == ["uncertain"]


def test_a_stop_waits_for_what_is_nearly_done(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",))
    free = threading.Event()
    town.slack.behave = lambda _: not free.wait(60)
    monitor.daemon._tick()
    while not monitor.daemon._sending:
        monitor.daemon.writer.work(0.05)

    threading.Timer(0.3, free.set).start()
    monitor.daemon.close()

    assert [row.state for row in monitor.rows("select state from deliveries")] == ["sent"]


def test_a_stop_and_its_last_transaction_fit_into_twenty_seconds() -> None:
    assert loop.STOP_WITHIN.total_seconds() <= 15


@pytest.mark.slow
def test_sigterm_ends_it_within_twenty_seconds_although_looks_and_sends_hang(town: Town, start: Start) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",), every="1s")
    free = threading.Event()
    town.slack.behave = lambda _: not free.wait(60)
    daemon = start()
    daemon.wait_for('"source polled"')
    town.site.answer = lambda *_: not free.wait(60)
    asked = len(town.site.asked)
    assert until(lambda: len(town.site.asked) > asked)

    daemon.tell(signal.SIGTERM)
    began = time.monotonic()
    ended = daemon.wait(25)
    free.set()

    assert ended == 0
    assert time.monotonic() - began < 20
    assert states(town) == (["uncertain"], 0)


@pytest.mark.slow
def test_ctrl_c_twice_ends_it_at_once_and_loses_nothing(town: Town, start: Start) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",), every="1s")
    free = threading.Event()
    town.slack.behave = lambda _: not free.wait(60)
    daemon = start()
    daemon.wait_for('"source polled"')
    time.sleep(0.3)  # until the send hangs

    daemon.tell(signal.SIGINT)
    time.sleep(0.2)  # two signals of one number at one moment are one
    daemon.tell(signal.SIGINT)
    began = time.monotonic()
    daemon.wait(10)
    free.set()
    town.slack.behave = None

    assert time.monotonic() - began < 3
    assert states(town) == (["uncertain"], 0)
    assert monitor(town, "run", "--once").returncode == 0
    assert 1 <= len(town.slack.posts) <= 2  # at most one repeat, under the same id
    assert len({post["blocks"][0]["block_id"] for post in town.slack.posts}) == 1
    assert states(town) == (["sent"], 0)


def states(town: Town) -> tuple[list[str], int]:
    """Return the states of all messages, and how many sources are leased."""
    with closing(sqlite3.connect(town.folder / "monitor.db")) as conn:
        sent = [row[0] for row in conn.execute("select state from deliveries")]
        [(leased,)] = conn.execute("select count(*) from sources where lease_until is not null")
    return sent, leased


# --- one round -----------------------------------------------------------------------------------


def test_one_round_ends_after_one_try_at_a_channel_that_is_down_and_says_what_still_waits(town: Town) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",))
    tries: list[Any] = []
    town.slack.behave = lambda handler: tries.append(1) or not handler.send_error(503)

    began = time.monotonic()
    ended = monitor(town, "run", "--once")

    assert time.monotonic() - began < 15
    assert ended.returncode == 1
    assert "slack" in ended.stderr.splitlines()[-1]
    assert len(tries) <= 2
    assert states(town)[0] == ["pending"]


@pytest.mark.slow
def test_one_round_over_a_source_that_is_broken_for_good_ends_with_one(town: Town) -> None:
    town.configure(channels=("slack",))
    town.site.serves("/api/quay/reviews", b"down", status=500)

    ended = monitor(town, "poll", "quay")

    assert ended.returncode == 1
    assert "failed" in ended.stderr
