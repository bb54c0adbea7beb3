"""Clocks that jump, stand in 1970, or go on while the machine sleeps."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from monitor.daemon import hold_lock
from monitor.daemon.pulse import BACK, FORWARD, Pulse
from monitor.store import open_store, sources
from tests.builders import FakeClock
from tests.daemon.conftest import Begin, on_both, until
from tests.pipeline.conftest import Watch
from tests.town import START, Town, bad, review


def jump(monitor: Watch, span: timedelta) -> None:
    """Let the clock jump, and the daemon go round once."""
    monitor.daemon.step()
    monitor.clock.set(monitor.clock() + span)
    monitor.daemon.step()
    monitor.look()


def reasons(monitor: Watch) -> list[str]:
    return [row.reason for row in monitor.rows("select reason from alerts order by id")]


# --- the pulse -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "span, noticed",
    [
        (timedelta(0), False),
        (timedelta(seconds=1), False),
        (-BACK + timedelta(seconds=1), False),
        (-BACK, True),
        (-timedelta(hours=1), True),
        (FORWARD - timedelta(seconds=1), False),
        (FORWARD, True),
        (timedelta(days=1), True),
    ],
)
def test_a_jump_is_noticed_once(span: timedelta, noticed: bool, clock: FakeClock) -> None:
    pulse = Pulse(clock)
    clock.set(clock() + span)

    assert pulse.jump() == (span if noticed else None)
    assert pulse.jump() is None


def test_a_clock_that_is_set_back_by_an_hour_does_not_stop_the_ticking() -> None:
    ticks: list[datetime] = []
    with time_machine.travel(START, tick=False) as traveller:
        pulse = Pulse(lambda: datetime.now(UTC))
        pulse.every(1, lambda: ticks.append(datetime.now(UTC)))
        traveller.shift(1)
        pulse.beat()
        traveller.shift(-3600)

        pulse.jump()
        traveller.shift(1)
        pulse.beat()

    assert len(ticks) == 2


def test_nobody_waits_longer_than_a_second_for_the_next_look_at_the_clock(clock: FakeClock) -> None:
    pulse = Pulse(clock)
    pulse.every(60, lambda: None)

    assert 0 < pulse.wait() <= 1


# --- set back ------------------------------------------------------------------------------------


@on_both
def test_after_a_clock_was_set_back_by_an_hour_sources_are_looked_at_as_usual(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="10 min")
    monitor.look()

    jump(monitor, -timedelta(hours=1))
    asked = len(town.site.asked)
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=10, seconds=1)

    assert len(town.site.asked) == asked + 1
    assert len(town.slack.posts) == 2


def test_after_a_clock_was_set_back_nothing_comes_twice_and_nothing_floods(town: Town, watch: Begin) -> None:
    town.site.shows("quay", *(bad(n, created=(START - timedelta(days=40)).isoformat()) for n in range(1, 20)))
    monitor = watch(channels=("slack",), every="1 min")
    monitor.look()
    town.site.publishes("quay", bad(30, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)
    posts = len(town.slack.posts)

    jump(monitor, -timedelta(hours=1))
    for _ in range(5):
        monitor.look(minutes=2)
        monitor.minute()

    assert posts == 2
    assert len(town.slack.posts) == posts
    assert len(monitor.rows("select 1 from mentions")) == 20


def test_a_message_that_was_due_when_the_clock_was_set_back_is_due_still(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="1 min")
    monitor.look()
    town.slack.behave = lambda handler: not handler.send_error(503)
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)
    town.slack.behave = None

    jump(monitor, -timedelta(hours=1))
    monitor.look(seconds=100)

    assert len(town.slack.posts) == 2


def test_leases_do_not_outlive_a_clock_that_was_set_back(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="1 min")
    monitor.look()
    lease = monitor.clock() + timedelta(minutes=5)
    with monitor.store.write() as conn:
        sources.update(conn, "quay", lease_until=lease)
    asked = len(town.site.asked)

    jump(monitor, -timedelta(hours=1))
    monitor.look(minutes=5, seconds=1)

    assert len(town.site.asked) == asked + 1


def test_a_clock_that_was_set_back_while_nobody_ran_delays_nothing(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack",), every="10 min")
    monitor.look()
    monitor.daemon.close()
    monitor.clock.set(monitor.clock() - timedelta(days=2))

    again = Watch(town, monitor.clock, town.folder / "monitor.toml")
    asked = len(town.site.asked)
    again.look(minutes=10, seconds=1)
    again.close()

    assert len(town.site.asked) == asked + 1


# --- asleep --------------------------------------------------------------------------------------


def test_a_machine_that_slept_a_day_says_so_in_one_message_with_what_it_caught_up(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="10 min")
    monitor.look()
    town.site.publishes("quay", bad(2, created=(START + timedelta(hours=20)).isoformat()))

    jump(monitor, timedelta(days=1))
    monitor.minute()
    monitor.minute()

    assert reasons(monitor).count("caught_up") == 1
    [mail] = [mail for mail in town.mail.received if mail["Subject"].startswith("I was away")]
    assert "found 1" in mail.get_body(("plain",)).get_content().lower() or "1 " in mail["Subject"]
    assert reasons(monitor).count("new") == 1


def test_half_an_hour_asleep_is_worth_a_word_and_a_minute_less_is_not(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="10 min")
    monitor.look()
    monitor.minute()

    jump(monitor, timedelta(minutes=28))
    monitor.minute()
    short = reasons(monitor).count("caught_up")
    jump(monitor, timedelta(minutes=31))
    monitor.minute()

    assert (short, reasons(monitor).count("caught_up")) == (0, 1)


def test_a_look_that_the_sleep_cut_off_is_not_said_to_be_lost(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="10 min")
    monitor.look()
    waiting = threading.Event()
    town.site.answer = lambda _, handler: waiting.wait(10) and not handler.send_error(500)
    monitor.clock.advance(minutes=10)
    monitor.daemon.step()
    monitor.daemon._tick()
    assert until(lambda: len(town.site.asked) == 2)
    town.site.answer = None
    monitor.clock.advance(days=1)
    monitor.daemon.step()
    waiting.set()

    monitor.look()
    monitor.look(minutes=11)

    [told] = monitor.rows("select facts from alerts where reason = 'caught_up'")
    assert json.loads(told.facts)["lost"] == []
    assert monitor.daemon.counts.failed_looks == 1


def test_after_a_day_asleep_the_digest_comes_once(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="10 min", monitor="digest = { at = '08:30', when_empty = true }")
    monitor.look()
    monitor.minute()

    jump(monitor, timedelta(days=3))
    for _ in range(3):
        monitor.minute()

    assert reasons(monitor).count("digest") == 1


# --- 1970 ----------------------------------------------------------------------------------------


def test_a_clock_in_1970_is_waited_for_and_said_once(sqlite_url: str) -> None:
    said: list[str] = []
    times = iter([datetime(1970, 1, 1, tzinfo=UTC)] * 3 + [START] * 10)
    with open_store(sqlite_url, now=START) as store:
        held = hold_lock(store, now=lambda: next(times), say=said.append, stop=_Patient())

    assert held
    assert said == ["the clock of this machine says 1970-01-01, which cannot be: waiting until it is set"]


def test_whoever_waits_for_the_clock_can_be_stopped(sqlite_url: str) -> None:
    stop = threading.Event()
    stop.set()
    with open_store(sqlite_url, now=START) as store:
        held = hold_lock(store, now=lambda: datetime(1970, 1, 1, tzinfo=UTC), say=lambda _: None, stop=stop)

        assert not held
        assert not store.lock_alive()


class _Patient(threading.Event):
    """Waits no time at all."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


def test_a_clock_that_falls_back_to_1970_while_running_stops_the_looks_and_not_the_daemon(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(every="10 min")
    monitor.look()
    asked, right = len(town.site.asked), monitor.clock()

    monitor.clock.set(datetime(1970, 1, 1, tzinfo=UTC))
    monitor.daemon.writer.guarded(monitor.daemon._tick)
    monitor.daemon.writer.guarded(monitor.daemon._minute)
    stood_still = len(town.site.asked) == asked
    monitor.clock.set(right)
    monitor.look(minutes=11)

    assert stood_still
    assert len(town.site.asked) == asked + 1
    assert not monitor.rows("select 1 from mentions where first_seen_at < '2020-01-01T00:00:00+00:00'")
