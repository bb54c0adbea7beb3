"""When people are told: at once, when the text is there, in the morning, with the digest; and what the audit mends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.store import silences
from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review
from tests.town.sites import at

Begin = Callable[..., Watch]

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)  # in London, too
TEAM = """
[[people]]
name = "ana"
[[teams]]
name = "front"
people = ["ana"]
quiet = "21:00-08:00"
may_wake = {wake}
"""


def watching(town: Town, watch: Begin, *, at: datetime | None = None, **settings: Any) -> Watch:
    """Return a watch after its first look."""
    town.site.shows("quay", review(1))
    monitor = watch(**({"at": at} if at else {}), **{"channels": ("slack",), **settings})
    monitor.look()
    town.slack.posts.clear()
    town.mail.received.clear()
    return monitor


def now(monitor: Watch) -> str:
    """Return the present time as the site writes it."""
    return monitor.clock().isoformat()


def pass_to(monitor: Watch, moment: datetime, *clocks: str) -> None:
    """Let time pass to a moment, with a stop whenever the clock shows one of these on the way."""
    stops = []
    day = monitor.clock().replace(hour=0, minute=0)
    while day < moment:
        times = (time.fromisoformat(clock) for clock in clocks)
        stops += [day.replace(hour=one.hour, minute=one.minute) for one in times]
        day += timedelta(days=1)
    for stop in [*sorted(stop for stop in stops if monitor.clock() < stop < moment), moment]:
        monitor.clock.set(stop)
        monitor.daemon.turn()


# --- stars without text --------------------------------------------------------------------------


def test_stars_without_text_wait_for_the_text_and_are_told_once_with_it(town: Town, watch: Begin) -> None:
    monitor = watching(town, watch)
    town.site.publishes("quay", bad(2, text="", created=now(monitor)))
    monitor.look(minutes=2)
    at_first = len(town.slack.posts)

    town.site.shows("quay", bad(2, text="Waited an hour and nobody came.", created=at(0)), review(1))
    monitor.look(minutes=3)
    monitor.look(minutes=20)

    [post] = town.slack.texts()
    assert at_first == 0
    assert "Waited an hour and nobody came" in post
    assert len(monitor.rows("select 1 from alerts where reason in ('new', 'edited_worse')")) == 1


def test_stars_whose_text_never_comes_are_told_after_ten_minutes(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here)
    town.site.publishes("quay", bad(2, text="", created=now(monitor)))
    monitor.look(minutes=1)

    counts = []
    for _ in range(6):
        monitor.look(minutes=2)
        counts.append(len(town.slack.posts))

    assert counts == [0, 0, 0, 0, 1, 1]
    assert "1 of 5" in town.slack.texts()[0]


def test_a_text_that_speaks_of_danger_makes_its_alert_critical_and_brings_in_who_hears_of_danger(
    town: Town, watch_here: Begin
) -> None:
    rules = """
    [[rules]]
    name = "bad reviews"
    channels = ["slack"]
    [[rules]]
    name = "danger"
    severity = "critical"
    channels = ["mail"]
    """
    monitor = watching(town, watch_here, channels=("slack", "mail"), extra=rules)
    town.site.publishes("quay", bad(2, text="", created=now(monitor)))
    monitor.look(minutes=2)

    town.site.shows("quay", bad(2, text="I got food poisoning here and went to hospital.", created=at(0)), review(1))
    monitor.look(minutes=3)

    assert len(town.slack.posts) == 1
    assert len(town.mail.received) == 1
    assert "hospital" in town.mail.received[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert monitor.rows("select severity from alerts where reason = 'new'")[0].severity == "critical"


# --- quiet hours ---------------------------------------------------------------------------------


def test_quiet_hours_hold_until_the_morning(town: Town, watch: Begin) -> None:
    monitor = watching(town, watch, at=NIGHT, extra=TEAM.format(wake="false"), source='team = "front"')
    town.site.publishes("quay", bad(2, created=now(monitor)))
    monitor.look(minutes=2)
    pass_to(monitor, NIGHT + timedelta(hours=9, minutes=59), "23:59", "03:00")
    in_the_night = len(town.slack.posts)
    held = monitor.rows("select held_reason from deliveries where state = 'held'")

    monitor.look(minutes=2)

    assert in_the_night == 0
    assert held[0].held_reason == "quiet hours of front"
    assert [("1 of 5" in post) for post in town.slack.texts()] == [True]


@pytest.mark.parametrize(("wake", "told"), [("true", 1), ("false", 0)])
def test_danger_passes_the_night_only_where_people_may_be_woken(
    wake: str, told: int, town: Town, watch_here: Begin
) -> None:
    monitor = watching(town, watch_here, at=NIGHT, extra=TEAM.format(wake=wake), source='team = "front"')
    danger = "I got food poisoning here and went to hospital."
    town.site.publishes("quay", bad(2, created=now(monitor)), bad(3, text=danger, created=now(monitor)))

    monitor.look(minutes=2)

    assert len(town.slack.posts) == told
    assert all("hospital" in post for post in town.slack.texts())


def test_what_is_critical_is_first_in_the_morning(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here, at=NIGHT, extra=TEAM.format(wake="false"), source='team = "front"')
    danger = "I got food poisoning here and went to hospital."
    town.site.publishes("quay", bad(2, created=now(monitor)))
    monitor.look(minutes=2)
    town.site.publishes("quay", bad(3, text=danger, created=now(monitor)))
    monitor.look(minutes=2)

    monitor.look(hours=10)

    assert "hospital" in town.slack.texts()[0]


def test_a_text_that_comes_in_the_night_wakes_nobody(town: Town, watch_here: Begin) -> None:
    evening = NIGHT.replace(hour=20, minute=55)
    monitor = watching(town, watch_here, at=evening, extra=TEAM.format(wake="false"), source='team = "front"')
    town.site.publishes("quay", bad(2, text="", created=now(monitor)))
    monitor.look(minutes=1)
    town.site.shows("quay", bad(2, text="Waited an hour.", created=evening.isoformat()), review(1))

    monitor.look(minutes=6)
    in_the_night = len(town.slack.posts)
    monitor.look(hours=11, minutes=5)

    assert in_the_night == 0
    assert ["Waited an hour" in post for post in town.slack.texts()] == [True]


# --- twelve a day --------------------------------------------------------------------------------


def test_after_twelve_single_messages_a_day_the_rest_comes_in_one_at_the_time_of_the_digest(
    town: Town, watch_here: Begin
) -> None:
    monitor = watching(town, watch_here, channels=("mail",))
    for number in range(2, 19):
        town.site.publishes("quay", bad(number, created=now(monitor)))
        monitor.look(minutes=15)
    by_evening = len(town.mail.received)
    held = monitor.rows("select due_at from deliveries where state = 'held'")

    monitor.clock.set(datetime(2026, 11, 25, 8, 31, tzinfo=UTC))
    monitor.look(minutes=0)
    rest = [mail.get_body(("plain",)).get_content() for mail in town.mail.received[by_evening:]]  # type: ignore[union-attr]

    assert by_evening == 12
    assert {str(row.due_at)[:16] for row in held} == {"2026-11-25T08:30"}
    assert len(rest) == 1
    led_to = monitor.rows("select count(distinct mention_id) as n from alerts where reason = 'new'")
    assert led_to[0].n == 17
    assert "5 " in rest[0]


# --- the digest ----------------------------------------------------------------------------------


def digests(monitor: Watch) -> list[str]:
    """Return when digests were written."""
    rows = monitor.rows("select created_at from alerts where reason = 'digest' order by id")
    return [str(row.created_at)[:16].replace(" ", "T") for row in rows]


def test_the_digest_comes_at_half_past_eight_when_there_is_something_and_on_mondays_always(
    town: Town, watch: Begin
) -> None:
    friday, thursday = MONDAY - timedelta(days=3), MONDAY.replace(hour=9) + timedelta(days=3)
    monitor = watching(town, watch, at=friday, every="12h")
    pass_to(monitor, MONDAY.replace(hour=9), "08:29", "08:30")
    quiet = digests(monitor)
    town.site.publishes("quay", bad(2, created=now(monitor)))
    pass_to(monitor, MONDAY + timedelta(days=1, hours=12), "08:29", "08:30", "22:00")
    reply = {"text": "Sorry.", "at": now(monitor)}
    town.site.shows("quay", bad(2, created=MONDAY.replace(hour=9).isoformat(), reply=reply))
    pass_to(monitor, thursday, "08:29", "08:30", "22:00")

    assert quiet == ["2026-11-20T08:30", "2026-11-23T08:30"], "nothing on Saturday and Sunday"
    assert digests(monitor)[2:] == ["2026-11-24T08:30"]


def test_a_digest_that_was_missed_is_made_up_for(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here, at=MONDAY - timedelta(days=1))
    monitor.minute()

    monitor = monitor.again(days=1, hours=5)
    monitor.look()
    monitor.minute()
    monitor.minute()

    assert len(digests(monitor)) == 1, "Monday's, at noon"
    monitor.close()


def test_a_weekly_time_of_its_own_holds(town: Town, watch_here: Begin) -> None:
    digest = 'digest = { at = "08:30", weekly = "mon 10:00" }'
    monitor = watching(town, watch_here, at=MONDAY - timedelta(days=2), every="12h", monitor=digest)
    pass_to(monitor, MONDAY - timedelta(hours=1), "08:30", "10:00")
    before = len(digests(monitor))

    pass_to(monitor, MONDAY.replace(hour=9), "08:30")
    at_nine = digests(monitor)[before:]
    pass_to(monitor, MONDAY.replace(hour=11), "10:00")

    assert at_nine == []
    assert digests(monitor)[before:] == ["2026-11-23T10:00"]


def test_a_digest_moved_to_another_time_comes_then(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here, at=MONDAY)
    monitor.minute()
    path = town.configure(channels=("slack",), monitor='digest = { at = "07:00", weekly = "mon 07:00" }',
                          database=monitor.settings.database)  # fmt: skip
    assert path == monitor.settings.path
    monitor = monitor.again()
    monitor.minute()

    pass_to(monitor, MONDAY.replace(hour=7, minute=30), "06:59", "07:00")

    assert digests(monitor) == ["2026-11-23T07:00"]
    monitor.close()


# --- the audit -----------------------------------------------------------------------------------


def damage(monitor: Watch, *statements: str) -> None:
    """Do to the tables what no program should."""
    with monitor.store.write() as conn:
        for statement in statements:
            conn.execute(sa.text(statement))


def damages(monitor: Watch) -> list[dict[str, Any]]:
    """Return what the operator was told of it."""
    rows = monitor.rows("select facts from alerts where reason = 'damage' order by id")
    return [json.loads(row.facts) if isinstance(row.facts, str) else row.facts for row in rows]


def test_a_bad_mention_of_which_nobody_was_told_is_told_after_all(town: Town, watch: Begin) -> None:
    monitor = watching(town, watch)
    town.site.publishes("quay", bad(2, created=now(monitor)))
    monitor.look(minutes=2)
    town.slack.posts.clear()
    damage(
        monitor,
        "delete from delivery_alerts where alert_id in (select id from alerts where reason = 'new')",
        "delete from deliveries where id not in (select delivery_id from delivery_alerts)",
        "delete from alerts where reason = 'new'",
    )

    monitor.minute()
    monitor.minute()

    told = town.slack.texts()
    assert sum("Table 2" in post for post in told) == 1
    assert [one["found"] for one in damages(monitor)] == [["nobody had been told of m2"]]
    assert sum("found something out of order and mended it" in post for post in told) == 1


def test_an_alert_that_led_nowhere_gets_its_message(town: Town, watch: Begin) -> None:
    monitor = watching(town, watch)
    town.site.publishes("quay", bad(2, created=now(monitor)))
    monitor.look(minutes=2)
    town.slack.posts.clear()
    damage(
        monitor,
        "delete from delivery_alerts where alert_id in (select id from alerts where reason = 'new')",
        "delete from deliveries where id not in (select delivery_id from delivery_alerts)",
    )

    monitor.minute()
    monitor.minute()

    assert sum("Table 2" in post for post in town.slack.texts()) == 1
    assert [one["found"] for one in damages(monitor)] == [["a message about m2 led nowhere"]]


def test_an_audit_that_finds_nothing_says_nothing(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here)
    town.site.publishes("quay", bad(2, created=now(monitor)), bad(3, created=at(-5 * 24 * 60)))

    for _ in range(4):
        monitor.minute()

    assert damages(monitor) == []
    untold = monitor.rows("select why_not_told from mentions where external_id = 'r3'")
    assert untold[0].why_not_told == "older than 72 hours"


def test_the_daemon_reminds_of_what_is_not_looked_at(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here, every="7 days")
    town.site.serves("/api/quay/reviews", b"who are you", status=401)
    monitor.look(days=7)
    town.site.pages.clear()

    monitor.clock.advance(hours=25)
    monitor.daemon._minute()

    assert monitor.rows("select count(*) as n from alerts where reason = 'still_broken'")[0].n == 1


# --- silences ------------------------------------------------------------------------------------


def silenced(monitor: Watch, **what: list[str]) -> None:
    """Be silent about something for an hour."""
    moment = monitor.clock()
    with monitor.store.write() as conn:
        silences.add(conn, what, why="painting", who="ana", now=moment, until=moment + timedelta(hours=1))


def test_what_a_silence_covers_waits_for_its_end_and_comes_as_one(town: Town, watch: Begin) -> None:
    monitor = watching(town, watch)
    silenced(monitor, sources=["quay"])
    town.site.publishes("quay", *(bad(n, created=now(monitor)) for n in (2, 3, 4)))

    monitor.look(minutes=2)
    while_silent = list(town.slack.posts)
    monitor.look(minutes=60)

    assert while_silent == []
    assert len(town.slack.posts) == 1
    assert "3 bad reviews" in town.slack.texts()[0]
    assert len(monitor.rows("select 1 from cases")) == 3


def test_danger_goes_through_a_silence_that_does_not_name_it(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here)
    silenced(monitor, sources=["quay"])
    town.site.publishes("quay", bad(2, text="I got food poisoning here.", created=now(monitor)))

    monitor.look(minutes=2)

    assert len(town.slack.posts) == 1


def test_the_audit_takes_a_silence_for_a_reason(town: Town, watch_here: Begin) -> None:
    monitor = watching(town, watch_here)
    silenced(monitor, sources=["quay"])
    town.site.publishes("quay", bad(2, created=now(monitor)))
    monitor.look(minutes=2)

    for _ in range(3):
        monitor.minute()

    assert monitor.rows("select 1 from alerts where reason = 'damage'") == []
