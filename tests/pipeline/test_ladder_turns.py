"""Where the clock of a case meets what people and the site do: nothing is lost, and nobody is chased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import inbox, intake
from monitor.cases import EventKind
from monitor.store import silences
from tests.pipeline.conftest import Watch
from tests.pipeline.test_ladder import MORNING, addressed, case, complained, did, passing, steps
from tests.town import Town, bad, review

pytestmark = pytest.mark.slow  # nights and days, half an hour at a time

Begin = Callable[..., Watch]

EVENING = datetime(2026, 11, 24, 17, 50, tzinfo=UTC)  # half of four working hours is at 19:51, all of it next morning


def shown(town: Town, answer: str = "We are sorry.", *, at: datetime, **changes: Any) -> None:
    """Let the site show an answer below the review."""
    reply = {"text": answer, "at": at.isoformat()}
    created = (MORNING + timedelta(minutes=1)).isoformat()
    town.site.shows("quay", {**bad(2, created=created, reply=reply), **changes}, review(1))


def told(town: Town) -> list[str]:
    """Return what was posted, but for the summary of the day."""
    return [post for post in town.slack.texts() if "Good morning" not in post]


def test_a_step_that_is_due_is_taken_although_somebody_claims_the_case_before(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    monitor.clock.advance(hours=2, minutes=5)

    did(monitor, EventKind.CLAIMED)
    monitor.minute()

    assert len(steps(monitor)) == 1
    assert addressed(town) == ["ana@town.example"]


def test_an_answer_that_is_rewritten_after_the_edit_stops_the_clock(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    shown(town, at=monitor.clock())
    monitor.look(minutes=11)
    edited = monitor.clock() + timedelta(minutes=30)
    worse = {"stars": 1, "text": "Now I have food poisoning from it, and a lawyer.", "updated": edited.isoformat()}
    shown(town, at=MORNING, **worse)
    monitor.look(hours=1)
    reopened = case(monitor).state

    shown(town, "We are so sorry, and have called you.", at=monitor.clock(), **worse)
    monitor.look(minutes=11)

    assert (reopened, case(monitor).state) == ("open", "answered")


def test_a_silence_that_ends_in_the_night_hands_over_in_the_morning(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    with monitor.store.write() as conn:
        until = MORNING.replace(hour=23)
        silences.add(conn, {"sources": ["quay"]}, why="a strike", who="ana", now=monitor.clock(), until=until)

    passing(monitor, hours=22)
    in_the_night = list(town.slack.posts)
    passing(monitor, hours=2)

    assert in_the_night == []
    [post] = told(town)
    assert "Still without" in post


def test_a_silence_that_is_ended_in_the_night_hands_over_in_the_morning(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    with monitor.store.write() as conn:
        until = MORNING + timedelta(days=5)
        silences.add(conn, {"sources": ["quay"]}, why="a strike", who="ana", now=monitor.clock(), until=until)
    passing(monitor, hours=13)
    with monitor.store.write() as conn:
        [silence] = silences.active(conn, monitor.clock())
        intake.let_go(conn, silence, monitor.daemon.routing, monitor.clock())

    passing(monitor, hours=1)
    in_the_night = list(town.slack.posts)
    passing(monitor, hours=10)

    assert in_the_night == []
    assert town.slack.posts


def test_who_is_given_a_case_although_away_keeps_it_and_the_ladder_its_messages(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    did(monitor, EventKind.CLAIMED)
    today = monitor.clock().date()
    with monitor.store.write() as conn:
        intake.say_away(conn, "ana", ((today, today),))
    monitor.minute()
    did(monitor, EventKind.ASSIGNED, to="ana", who="ben")
    before = case(monitor).messages

    for _ in range(5):
        monitor.minute()

    assert case(monitor).assignee == "ana"
    assert case(monitor).messages == before


def test_somebody_who_is_back_sooner_lets_the_clock_go_on(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here, "ana", stand_in="eve")
    today = monitor.clock().date()
    with monitor.store.write() as conn:
        for name in ("ana", "eve"):
            intake.say_away(conn, name, ((today, today + timedelta(days=5)),))
    passing(monitor, hours=5)
    waited = steps(monitor)
    with monitor.store.write() as conn:
        intake.say_away(conn, "ana", ())

    monitor.minute()

    assert waited == []
    assert len(steps(monitor)) == 1


def test_a_case_whose_time_to_wake_comes_while_nobody_is_there_is_told_when_somebody_is(
    town: Town, watch_here: Begin
) -> None:
    monitor = complained(town, watch_here, "ana", stand_in="eve")
    did(monitor, EventKind.SNOOZED, until=MORNING + timedelta(hours=1))
    today = monitor.clock().date()
    with monitor.store.write() as conn:
        for name in ("ana", "eve"):
            intake.say_away(conn, name, ((today, today),))

    passing(monitor, hours=3)
    waited = steps(monitor)
    passing(monitor, hours=21)

    assert waited == []
    assert len(steps(monitor)) == 1
    assert case(monitor).state == "open"


def test_a_reminder_that_waits_for_the_morning_is_called_off_when_the_case_is_put_off(
    town: Town, watch_here: Begin
) -> None:
    monitor = complained(town, watch_here, at=EVENING)
    with monitor.store.write() as conn:
        until = EVENING + timedelta(hours=1)
        silences.add(conn, {"sources": ["quay"]}, why="a strike", who="ana", now=monitor.clock(), until=until)
    passing(monitor, hours=2, minutes=30)
    town.slack.posts.clear()
    with monitor.store.write() as conn:
        inbox.act(
            conn, monitor.daemon.routing, 1, EventKind.SNOOZED, now=monitor.clock(), who="ana", through="cli",
            until=monitor.clock() + timedelta(days=3),
        )  # fmt: skip

    passing(monitor, hours=14)

    assert told(town) == []
