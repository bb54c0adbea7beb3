"""The database does not answer for a while, or is lost for good."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy.engine import make_url

from monitor import intake
from monitor.clock import now
from monitor.daemon import alarm
from monitor.daemon.loop import TakenOverError
from monitor.errors import StoreError
from monitor.models import Reason
from monitor.store import open_store
from tests.daemon.conftest import Begin, Process, on_both, until
from tests.pipeline.conftest import Watch
from tests.postgres import Databases
from tests.town import Town, bad, review


class Silent:
    """A database that does not answer while a test wants it so. Stands before the real one."""

    def __init__(self, watch: Watch) -> None:
        self.error: StoreError | None = None
        store = watch.store
        write, read = store.write, store.read

        def asked(inner: Callable[[], object]) -> Callable[[], object]:
            def ask() -> object:
                if self.error is not None:
                    raise self.error
                return inner()

            return ask

        store.write, store.read = asked(write), asked(read)  # type: ignore[method-assign,assignment]


@on_both
def test_what_arrives_while_the_database_does_not_answer_is_taken_in_afterwards_once(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",))
    monitor.look()
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    silent, daemon = Silent(monitor), monitor.daemon
    monitor.clock.advance(minutes=2)

    daemon._tick()  # the look goes out
    assert until(lambda: not daemon._arrived.empty())
    silent.error = StoreError("the server is gone", permanent=False)
    for _ in range(3):
        daemon.writer.work(0.05)
        daemon.writer.guarded(daemon._tick)
    stored_meanwhile, trouble = len(town.slack.posts), daemon.writer.trouble
    silent.error = None
    monitor.look()

    assert trouble is not None
    assert daemon.writer.trouble is None
    assert stored_meanwhile == 1  # the summary of the first look
    assert [row.external_id for row in monitor.rows("select external_id from mentions order by id")] == ["r1", "r2"]
    assert len(town.slack.posts) == 2


@on_both
def test_a_message_that_was_taken_while_the_database_did_not_answer_is_not_sent_again(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",))
    monitor.look()
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    silent, daemon = Silent(monitor), monitor.daemon
    monitor.clock.advance(minutes=2)
    daemon._tick()
    while not daemon._sending:
        daemon.writer.work(0.05)

    silent.error = StoreError("the server is gone", permanent=False)
    while len(town.slack.posts) < 2:
        daemon.writer.work(0.05)
    daemon.writer.work(0.2)
    daemon.writer.guarded(daemon._tick)
    silent.error = None
    monitor.look()

    assert len(town.slack.posts) == 2
    assert {row.state for row in monitor.rows("select state from deliveries")} == {"sent"}


def test_a_database_that_is_lost_for_good_ends_the_watch_and_the_operator_hears_it_past_the_database(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    mails = len(town.mail.received)
    silent = Silent(monitor)

    def lose() -> None:
        silent.error = StoreError("monitor.db is read-only: give the user that runs this the right to write")

    with pytest.raises(StoreError, match="read-only"):
        monitor.daemon.run(ready=lose)

    [mail] = town.mail.received[mails:]
    assert mail["Subject"] == "I have stopped watching: the database cannot be used"
    assert "monitor.db is read-only" in mail.get_body(("plain",)).get_content()
    silent.error = None


def test_a_look_that_the_database_broke_off_is_no_fault_of_its_source(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",))
    monitor.look()
    silent, daemon = Silent(monitor), monitor.daemon
    monitor.clock.advance(minutes=2)
    waiting = threading.Event()
    town.site.answer = lambda *_: not waiting.wait(10)

    daemon._tick()
    silent.error = StoreError("the server is gone", permanent=False)
    waiting.set()
    town.site.answer = None
    assert until(lambda: not daemon._lookers.busy())
    silent.error = None
    monitor.look()

    assert monitor.rows("select failures from sources")[0].failures == 0
    assert daemon.counts.failed_looks == 0


def test_a_channel_that_hangs_does_not_keep_the_last_words_from_the_others(town: Town, watch: Begin) -> None:
    monitor = watch()
    stuck = threading.Event()
    town.slack.behave = lambda _: stuck.wait(30)
    routing = intake.Routing.of(replace(monitor.settings, operator=("slack", "mail")))

    taken = alarm.tell_at_once(
        routing, Reason.STORE_BROKEN, {"why": "gone"}, monitor.clock(),
        lambda channel: monitor.daemon.session_for(channel).fetch, patience=0.5,
    )  # fmt: skip
    stuck.set()

    assert taken == 1
    assert [mail["Subject"] for mail in town.mail.received] == ["I have stopped watching: the database cannot be used"]


# --- the lock ------------------------------------------------------------------------------------


def locked(monitor: Watch) -> None:
    """Let the daemon be the one of its database, as the command does."""
    assert monitor.store.lock(monitor.clock())
    monitor.daemon.prepare()


def lose_the_lock(monitor: Watch) -> None:
    """Break the line to PostgreSQL that holds the lock, or delete the lock's file."""
    if monitor.store.path is None:
        monitor.store._lock._line.close()
    else:
        monitor.store.path.with_name("monitor.db.lock").unlink()


@on_both
def test_a_lock_that_was_lost_is_taken_again_within_a_minute(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    locked(monitor)
    lose_the_lock(monitor)

    monitor.minute()

    assert monitor.store.lock_alive()


@on_both
def test_whoever_lost_the_lock_to_another_monitor_ends_with_a_clear_line_and_no_alarm(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    locked(monitor)
    lose_the_lock(monitor)
    mails = len(town.mail.received)
    with open_store(monitor.settings.database, now=monitor.clock()) as other:
        assert other.lock(monitor.clock())

        with pytest.raises(TakenOverError, match=r"another monitor \(pid \d+ .*\) has taken over: this one ends"):
            monitor.minute()
        monitor.daemon._say_last_words(TakenOverError("taken over"))

    assert len(town.mail.received) == mails


# --- real processes ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_database_that_is_deleted_ends_the_daemon_with_a_clear_message_and_tells_the_operator(
    town: Town, start: Callable[..., Process]
) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("mail",))
    daemon = start()
    daemon.wait_for('"ready"')
    daemon.wait_for('"delivered"')

    (town.folder / "monitor.db").unlink()

    assert daemon.wait(10) == 1
    assert "was deleted or replaced while the program runs" in daemon.lines[-1]
    assert town.mail.received[-1]["Subject"] == "I have stopped watching: the database cannot be used"
    assert not (town.folder / "monitor.db").exists()


@pytest.mark.slow
def test_a_database_that_another_program_locks_for_a_minute_is_waited_for(
    town: Town, start: Callable[..., Process]
) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",), every="1s")
    daemon = start()
    daemon.wait_for('"delivered"')
    with closing(sqlite3.connect(town.folder / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        town.site.publishes("quay", bad(2, created=now().isoformat()))
        daemon.wait_for("database does not answer", 60)
        other.execute("ROLLBACK")

    daemon.wait_for("database answers again", 30)

    assert until(lambda: len(town.slack.posts) == 2)
    assert daemon.stop() == 0


@pytest.mark.slow
def test_a_server_that_goes_and_comes_back_is_met_again(
    town: Town, start: Callable[..., Process], postgres_url: str, postgres_databases: Databases
) -> None:
    town.site.shows("quay", review(1))
    town.configure(channels=("slack",), every="1s", database=postgres_url)
    daemon = start()
    daemon.wait_for('"delivered"')
    name = make_url(postgres_url).database

    postgres_databases._run(f"alter database {name} allow_connections false")
    postgres_databases._run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    town.site.publishes("quay", bad(2, created=now().isoformat()))
    daemon.wait_for("database does not answer", 10)
    postgres_databases._run(f"alter database {name} allow_connections true")

    daemon.wait_for("lock was lost and is taken again", 20)
    daemon.wait_for("database answers again", 20)
    assert until(lambda: len(town.slack.posts) == 2)
    assert daemon.stop() == 0
