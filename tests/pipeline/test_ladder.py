"""Nobody waits: reminders climb while the public sees no answer, wait for the night and for people, and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import inbox, intake
from monitor.cases import CaseValue, EventKind
from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review

Begin = Callable[..., Watch]

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday, in London, too
FRONT = """
[hours.day]
open = { mon-sun = ["08:00-20:00"] }
[[people]]
name = "ana"
mail = "ana@town.example"
slack = "U0ANA"
stand_in = "{stand_in}"
[[people]]
name = "ben"
mail = "ben@town.example"
[[people]]
name = "eve"
mail = "eve@town.example"
[[teams]]
name = "front"
people = [{people}]
manager = "eve"
hours = "day"
quiet = "21:00-08:00"
channels = ["slack", "mail"]
"""


def front(*people: str, stand_in: str = "ben") -> str:
    """Return a team as the configuration has it."""
    names = ", ".join(f'"{name}"' for name in people or ("ana", "ben"))
    return FRONT.replace("{people}", names).replace("{stand_in}", stand_in)


def complained(
    town: Town, watch: Begin, *people: str, at: datetime = MORNING, stand_in: str = "ben", **more: Any
) -> Watch:
    """Return a watch with one open case of one star: 4 working hours from 09:01."""
    town.site.shows("quay", review(1))
    monitor = watch(at=at, extra=front(*people, stand_in=stand_in), source='team = "front"', **more)
    monitor.look()
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=1)
    town.slack.posts.clear()
    town.mail.received.clear()
    return monitor


def passing(monitor: Watch, **span: float) -> None:
    """Let time pass, with what the daemon does each minute: every half hour, every hour of a long time."""
    length = timedelta(**span)
    end, step = monitor.clock() + length, timedelta(minutes=30 if length < timedelta(hours=12) else 60)
    while monitor.clock() < end:
        monitor.clock.set(min(monitor.clock() + step, end))
        monitor.daemon._minute()
        monitor.daemon.until_idle()


def did(monitor: Watch, kind: EventKind, **how: Any) -> Any:
    """Let somebody do something with the one case."""
    now, routing = monitor.clock(), monitor.daemon.routing
    with monitor.store.write() as conn:
        return inbox.act(conn, routing, 1, kind, **{"now": now, "who": "ana", "through": "cli", **how})


def steps(monitor: Watch) -> list[tuple[str, str]]:
    """Return what was told of the case since it opened: the reason and the times."""
    rows = monitor.rows("select reason, created_at from alerts where reason in ('reminder', 'escalation') order by id")
    return [(row.reason, str(row.created_at)[11:16]) for row in rows]


def case(monitor: Watch) -> Any:
    """Return the one case."""
    [row] = monitor.rows("select * from cases")
    return row


def addressed(town: Town) -> list[str]:
    """Return who got mail, in order."""
    return [str(mail["To"]) for mail in town.mail.received]


def test_an_unanswered_case_climbs_at_half_time_at_the_end_and_half_as_much_later(town: Town, watch: Begin) -> None:
    monitor = complained(town, watch)

    passing(monitor, hours=9)

    assert steps(monitor) == [("reminder", "11:01"), ("reminder", "13:01"), ("escalation", "15:01")]
    assert case(monitor).messages == 4


@pytest.mark.slow
def test_after_four_messages_the_case_is_in_the_digest_only(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)

    passing(monitor, hours=40)
    asked = monitor.rows("select reason from alerts where case_id is not null")

    assert len(asked) == 4
    assert case(monitor).next_step_at is not None


def test_who_claimed_it_is_reminded_by_name_and_the_manager_hears_who_has_it(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    did(monitor, EventKind.CLAIMED)

    passing(monitor, hours=7)

    posts = town.slack.texts()
    assert addressed(town)[0] == "ana@town.example"
    assert "<@U0ANA>" in posts[0]
    assert "Still without an answer" in posts[0]
    assert addressed(town)[-1] == "eve@town.example"
    assert "Ana has had it" in posts[-1]


def test_a_claim_alone_does_not_stop_the_clock_but_an_answer_that_is_seen_does(town: Town, watch: Begin) -> None:
    monitor = complained(town, watch)
    did(monitor, EventKind.CLAIMED)
    passing(monitor, hours=3)
    answer = {"text": "We are sorry.", "at": monitor.clock().isoformat()}
    town.site.shows("quay", bad(2, created=(MORNING + timedelta(minutes=1)).isoformat(), reply=answer), review(1))
    monitor.look(minutes=1)

    passing(monitor, hours=20)

    assert steps(monitor) == [("reminder", "11:01")]
    assert case(monitor).state == "answered"
    assert case(monitor).next_step_at is None


def test_a_team_of_one_has_nobody_above_it(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here, "ana")

    passing(monitor, hours=9)

    assert [reason for reason, _ in steps(monitor)] == ["reminder", "reminder"]
    assert "eve@town.example" not in addressed(town)


def test_a_step_in_the_night_waits_for_the_morning(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here, at=datetime(2026, 11, 24, 17, 50, tzinfo=UTC))
    passing(monitor, hours=3)
    in_the_evening = len(town.slack.posts)

    passing(monitor, hours=10)
    in_the_night = len(town.slack.posts) - in_the_evening
    passing(monitor, hours=4)

    assert in_the_evening == 1  # half of four working hours, at 19:51
    assert in_the_night == 0
    assert sum("Still without" in post for post in town.slack.texts()) == 2


@pytest.mark.slow
def test_a_reminder_held_for_the_night_is_called_off_when_the_answer_is_seen_before(
    town: Town, watch_here: Begin
) -> None:
    danger = "I got food poisoning here, my lawyer will write to you."
    monitor = complained(town, watch_here, at=datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    created = monitor.clock().isoformat()
    town.site.publishes("quay", bad(3, text=danger, created=created))
    passing(monitor, hours=2)
    answer = {"text": "We are sorry.", "at": monitor.clock().isoformat()}
    town.site.shows("quay", bad(3, text=danger, created=created, reply=answer), bad(2, reply=answer), review(1))
    passing(monitor, hours=1)
    town.slack.posts.clear()

    passing(monitor, hours=12)

    states = {row.state for row in monitor.rows("select state from cases")}
    assert states == {"answered"}
    assert not any("Still without" in post for post in town.slack.texts())


def test_of_steps_that_came_while_nobody_ran_the_last_one_is_told(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)

    monitor = monitor.again(hours=7)
    monitor.minute()
    monitor.minute()

    assert [reason for reason, _ in steps(monitor)] == ["escalation"]


@pytest.mark.slow
def test_a_case_that_was_put_off_is_told_when_its_time_has_come(town: Town, watch: Begin) -> None:
    monitor = complained(town, watch)
    did(monitor, EventKind.CLAIMED)
    until = MORNING + timedelta(days=1)
    did(monitor, EventKind.SNOOZED, until=until)

    passing(monitor, hours=23)
    while_put_off = steps(monitor)
    passing(monitor, hours=2)

    assert while_put_off == []
    assert len(steps(monitor)) == 1
    assert case(monitor).state == "claimed"


def test_the_cases_of_who_is_away_go_to_the_stand_in_who_hears_of_it(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    did(monitor, EventKind.CLAIMED)
    with monitor.store.write() as conn:
        today = monitor.clock().date()
        intake.say_away(conn, "ana", ((today, today),))

    monitor.minute()

    assert case(monitor).assignee == "ben"
    assert addressed(town) == ["ben@town.example"]
    assert "ana is away, so this comes to you" in str(town.mail.received[0]).lower()


@pytest.mark.slow
def test_with_nobody_there_the_clock_waits_and_says_until_when(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here, "ana", stand_in="eve")
    today = monitor.clock().date()
    with monitor.store.write() as conn:
        intake.say_away(conn, "ana", ((today, today),))
        intake.say_away(conn, "eve", ((today, today),))

    passing(monitor, hours=3)
    told = steps(monitor)
    noted = monitor.rows("select facts from case_events where event = 'noted'")
    passing(monitor, hours=22)

    assert told == []
    assert "nobody of front is there" in str(noted[0].facts)
    assert len(steps(monitor)) >= 1


def test_what_is_handed_to_somebody_reaches_them(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)

    after = did(monitor, EventKind.ASSIGNED, to="ben")
    monitor.daemon.until_idle()

    assert isinstance(after, CaseValue)
    assert addressed(town) == ["ben@town.example"]
    assert "Ana hands this to you" in str(town.mail.received[0].get_body(("plain",)))


@pytest.mark.slow
def test_the_clock_begins_anew_when_a_case_opens_again(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    passing(monitor, hours=7)
    did(monitor, EventKind.CLOSED, resolution="called")
    before = len(steps(monitor))

    did(monitor, EventKind.REOPENED)
    passing(monitor, hours=4)

    assert case(monitor).due_at is not None
    assert len(steps(monitor)) == before + 1


@pytest.mark.parametrize("kind", [EventKind.CLAIMED, EventKind.SNOOZED])
def test_an_open_case_always_has_a_next_step(town: Town, watch_here: Begin, kind: EventKind) -> None:
    monitor = complained(town, watch_here)

    did(monitor, kind, until=MORNING + timedelta(hours=3) if kind is EventKind.SNOOZED else None)

    assert case(monitor).next_step_at is not None


# --- phones --------------------------------------------------------------------------------------


def ringing(town: Town, watch: Begin, **more: Any) -> tuple[Watch, Callable[[], list[str]]]:
    """Return a watch over a team of which ana's phone can be made to ring, and what was asked of it."""
    (town.folder / "ana.phone").write_text(f"{town.slack.url}/ring/ana")
    (town.folder / "ana.phone").chmod(0o600)
    phone = '\nphone_webhook = { file = "ana.phone" }'
    extra = front().replace('stand_in = "ben"', f'stand_in = "ben"{phone}')
    town.site.shows("quay", review(1))
    monitor = watch(at=MORNING, extra=extra, source='team = "front"', **more)
    monitor.look()

    def rung() -> list[str]:
        return [
            str(row.severity) for row in monitor.rows("select severity from deliveries where channel = 'phone:ana'")
        ]

    return monitor, rung


def test_a_phone_rings_for_danger_only_and_only_for_who_is_there(town: Town, watch_here: Begin) -> None:
    monitor, rung = ringing(town, watch_here)
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=1)
    after_a_bad_one = rung()
    danger = "I got food poisoning here."
    town.site.publishes("quay", bad(3, text=danger, created=monitor.clock().isoformat()))
    monitor.look(minutes=1)
    after_danger = rung()
    with monitor.store.write() as conn:
        today = monitor.clock().date()
        intake.say_away(conn, "ana", ((today, today),))
    town.site.publishes("quay", bad(4, text=danger, created=monitor.clock().isoformat()))
    monitor.look(minutes=1)

    assert after_a_bad_one == []
    assert after_danger == ["critical"]
    assert rung() == ["critical"]


def test_no_rule_and_no_other_channel_leads_to_a_phone(town: Town, watch_here: Begin) -> None:
    monitor, rung = ringing(town, watch_here)
    town.slack.behave = lambda handler: handler.send_error(404) is None  # Slack refuses for good
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))

    monitor.look(minutes=1)

    assert rung() == []
    assert "phone:ana" not in monitor.daemon.routing.operator_channels()
