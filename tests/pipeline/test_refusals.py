"""What a site says when it says no, and who hears of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import polling
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_walks import begun, company
from tests.town import START, Answer, Site, review
from tests.town.sites import BRANCHES, Branches, Keys, at


def refused(**error: Any) -> Answer:
    """Return an answer with status 200 that is an error."""
    return Answer(error)


def watched(site: Site, drive: Drive, *names: str, **options: Any) -> tuple[Driver, Branches]:
    """Return a driver that has seen one review, and the branches."""
    branches = Branches(site)
    for name in names or ("quay",):
        branches.shows(name, [review(1)])
    return begun(drive, branches, *names, **options), branches


def facts(driver: Driver, reason: str) -> dict[str, Any]:
    """Return what the newest message for a reason says."""
    found = driver.rows("select facts from alerts where reason = :reason order by id desc", reason=reason)[0].facts
    return json.loads(found) if isinstance(found, str) else dict(found)


# --- every outcome -------------------------------------------------------------------------------


def test_gone_deletes_what_was_asked_about_and_nothing_else(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    branches.instead["quay"] = Answer({"reviews": [], "next": None, "gone": ["r1"]})

    driver.look("company", minutes=2)

    assert driver.one("select deleted_at is not null from mentions where external_id = 'r1'")


def test_nothing_is_an_empty_answer_and_no_error(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    branches.instead["quay"] = Answer({"error": "nothing", "why": "no reviews in this month"}, 400)

    looked = driver.look("company", minutes=2)

    assert looked.look.error is None
    assert looked.look.done


def test_other_names_are_tried_where_the_site_knows_them(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    branches.shows("quay-street", [review(2, created=at(1))])
    branches.instead["quay"] = Answer({"error": "try_other", "instead": [f"{BRANCHES}/quay-street"]}, 404)

    driver.look("company", minutes=2)

    assert driver.ids() == ["r1", "r2"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(error="failed"), "refused"),
        (Answer(b"broken", 500), "refused"),
        (Answer(b"moved away", 404), "refused"),
        (refused(error="throttled"), "throttled"),
        (Answer(b"slowly", 429), "throttled"),
        (Answer(b"slowly", 503), "throttled"),
        (Answer(b"slowly", 403, {"Retry-After": "5"}), "throttled"),
        (refused(error="reconnect"), "reconnect"),
        (Answer(b"who are you", 401), "reconnect"),
        (Answer(b"not you", 403), "reconnect"),
        (refused(error="over_budget"), "over_budget"),
        (Answer(b"pay first", 402), "over_budget"),
        (Answer(b"", 200), "empty"),
        (Answer(b"<html><title>Log in</title></html>", 200), "unexpected_type"),
        (Answer(b'{"reviews": {}}', 200), "shape"),
        (Answer(b'{"posts": []}', 200), "shape"),
        (Answer(b"null", 200), "shape"),
        (Answer(b'{"reviews": [', 200), "shape"),
        (refused(error="a word of tomorrow"), "shape"),
    ],
)
def test_each_refusal_is_an_error_of_its_kind_and_never_no_news(
    answer: Answer, code: str, site: Site, drive: Drive
) -> None:
    driver, branches = watched(site, drive)
    before = driver.state("company")
    branches.instead["quay"] = answer

    looked = driver.look("company", minutes=2)

    assert looked.look.error is not None
    assert looked.look.error.code == code
    after = driver.state("company")
    assert (after.newest_at, after.last_good_at) == (before.newest_at, before.last_good_at)
    assert after.error_code == code
    assert len(driver.rows("select 1 from gaps where to_at is null")) == 1


# --- waiting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), (" 120 ", 120), ("1e9", None), ("0", 1), ("-1", None), ("999999999", 86_400), ("soon", None),
     ("Tue, 24 Nov 2026 10:00:00 GMT", 3_480), ("Tue, 24 Nov 2020 10:00:00 GMT", 1), ("5.5", None)],
)  # fmt: skip
def test_what_a_site_asks_us_to_wait_is_believed(asked: str, seconds: int | None, site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    driver.door.clock = driver.clock
    branches.instead["quay"] = Answer(b"slowly", 429, {"Retry-After": asked})

    driver.look("company", minutes=2)

    state, now = driver.state("company"), START + timedelta(minutes=2)
    assert state.not_before == (now + timedelta(seconds=seconds) if seconds else None)
    assert state.next_poll_at >= now + timedelta(minutes=0.9)
    if seconds:
        assert state.next_poll_at >= now + timedelta(seconds=seconds)


def test_nobody_looks_before_the_time_a_site_named(site: Site, drive_both: Drive) -> None:
    driver, branches = watched(site, drive_both)
    branches.instead["quay"] = Answer(b"slowly", 429, {"Retry-After": "7200"})
    driver.look("company", minutes=2)
    del branches.instead["quay"]

    driver.clock.advance(minutes=119)
    too_early = driver.is_due("company")
    driver.clock.advance(minutes=2)

    assert not too_early
    assert driver.is_due("company")
    driver.look("company")
    assert driver.state("company").not_before is None


def test_waits_grow_while_a_site_fails_and_are_short_again_when_it_works(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive, every="10 min")
    branches.instead["quay"] = Answer(b"broken", 500)
    waits = []
    for _ in range(6):
        driver.look("company", minutes=40)
        waits.append((driver.state("company").next_poll_at - driver.clock()).total_seconds() / 60)

    del branches.instead["quay"]
    driver.look("company", minutes=40)

    assert [round(wait / 5) * 5 for wait in waits[:3]] == [5, 10, 20]
    assert all(27 <= wait <= 33 for wait in waits[3:])
    assert driver.state("company").next_poll_at - driver.clock() <= timedelta(minutes=10)


# --- who hears of it -----------------------------------------------------------------------------


def test_an_access_that_has_ended_is_told_at_once_and_once_a_day(site: Site, drive_both: Drive) -> None:
    driver, branches = watched(site, drive_both)
    branches.instead["quay"] = refused(error="reconnect", why="the password was changed")

    driver.look("company", minutes=2)
    at_once = driver.told()
    for _ in range(23):
        driver.look("company", hours=1)
    same_day = driver.told()
    driver.look("company", hours=1)
    del branches.instead["quay"]
    driver.look("company", minutes=5)

    assert at_once == ["summary", "source_broken"]
    assert same_day == at_once
    assert driver.told() == [*at_once, "still_broken", "recovered"]
    assert facts(driver, "source_broken")["mend"] == "monitor connect company"
    assert facts(driver, "source_broken")["why"] == "the password was changed"
    assert facts(driver, "recovered")["caught_up"] == 0


def test_a_source_that_is_not_looked_at_for_days_is_reminded_of_all_the_same(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive, every="7 days")
    branches.instead["quay"] = refused(error="reconnect")
    driver.look("company", days=8)

    reminded = []
    for _ in range(72):
        driver.clock.advance(hours=1)
        reminded.append(driver.write(lambda conn: polling.remind(conn, driver.routing, driver.clock())))

    assert sum(reminded) == 3
    assert driver.told() == ["summary", "source_broken", *["still_broken"] * 3]
    assert facts(driver, "still_broken")["mend"] == "monitor connect company"


def test_three_failures_and_half_an_hour_make_one_alarm(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    branches.instead["quay"] = Answer(b"broken", 500)

    told_after = []
    for _ in range(8):
        driver.look("company", minutes=10)
        told_after.append("source_broken" in driver.told())

    assert told_after == [False, False, False, True, True, True, True, True]
    assert driver.told().count("source_broken") == 1


def test_a_part_that_cannot_be_read_is_told_as_a_part(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive, "quay", "mill")
    branches.instead["mill"] = Answer(b"broken", 500)
    for _ in range(5):
        driver.look("company", minutes=15)

    told = facts(driver, "source_broken")

    assert told["code"] == "partly"
    assert told["why"] == "1 of 2 pages could not be read; the first: the site answered 500"


def test_twenty_looks_with_something_and_then_nothing_are_one_alarm(site: Site, drive_both: Drive) -> None:
    driver, branches = watched(site, drive_both)
    for _ in range(19):
        driver.look("company", minutes=5)
    branches.shows("quay", [])

    driver.look("company", minutes=5)
    first = driver.told()
    driver.look("company", minutes=5)
    branches.shows("quay", [review(1), review(2, created=at(100))])
    driver.look("company", minutes=5)

    assert first == ["summary", "source_broken"]
    assert facts(driver, "source_broken")["code"] == "empty"
    assert driver.told() == [*first, "recovered"]
    assert facts(driver, "recovered")["caught_up"] == 1


def test_a_source_that_was_empty_before_is_not_told_as_empty(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    for number in range(25):
        branches.shows("quay", *([[]] if number == 12 else [[review(1)]]))
        driver.look("company", minutes=5)
    branches.shows("quay", [])

    driver.look("company", minutes=5)

    assert driver.told() == ["summary"]


def test_a_walk_in_bites_is_not_empty_because_its_last_bite_is(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)], [review(2)], [])
    driver = drive(company(site)).bites(requests=2)

    for _ in range(22):
        driver.walk("company", minutes=10)

    assert driver.told() == ["summary"]
    assert driver.state("company").health == "ok"


# --- budgets -------------------------------------------------------------------------------------

MILLIONTHS = 1_000_000
ACCOUNT = '[[accounts]]\nname = "x-acme"\ndaily_budget = "1 USD"\nkey = { env = "KEY" }'


def paid(site: Site, drive: Drive, *, cost: float, pages: int = 1, **options: Any) -> tuple[Driver, Keys]:
    """Return a driver whose requests cost money, and the site that takes it."""
    keys = Keys(site)
    table = source("paid", "town_keys", site, account="x-acme", cost=int(cost * MILLIONTHS), pages=pages, **options)
    return drive(ACCOUNT, table, KEY="made-up-key-1"), keys


def test_money_is_taken_before_a_request_and_no_request_goes_out_without(site: Site, drive_both: Drive) -> None:
    driver, keys = paid(site, drive_both, cost=0.3, pages=5)

    looked = driver.look("paid")

    assert len(keys.read_requests) == 3
    assert driver.one("select amount from spend") == 900_000
    assert looked.look.error is not None
    assert str(looked.look.error) == "the budget of the day for x-acme is spent (1 USD)"


def test_a_spent_budget_is_told_once_a_day_and_reading_goes_on_at_midnight_utc(site: Site, drive: Drive) -> None:
    driver, keys = paid(site, drive, cost=0.4, pages=3)
    driver.look("paid")
    state = driver.state("paid")
    midnight = datetime(2026, 11, 25, tzinfo=UTC)

    driver.look("paid", hours=1)
    told = driver.told()
    driver.clock.set(midnight - timedelta(seconds=1))
    early = driver.is_due("paid")
    driver.clock.set(midnight)

    assert state.health == "paused"
    assert state.not_before == midnight
    assert told.count("source_broken") == 1
    assert facts(driver, "source_broken")["code"] == "over_budget"
    assert not early
    assert driver.is_due("paid")
    asked = len(keys.read_requests)
    driver.look("paid")
    assert len(keys.read_requests) == asked + 1, "the rest of the walk"
    assert driver.state("paid").health == "ok"
    assert "recovered" not in driver.told()


def test_a_budget_that_is_spent_again_the_next_day_is_told_again(site: Site, drive: Drive) -> None:
    driver, _ = paid(site, drive, cost=0.4, pages=9)
    for _ in range(3):
        driver.look("paid", days=1)

    assert driver.told().count("source_broken") == 3


def test_two_sources_of_one_account_share_its_budget_and_its_message(site: Site, drive: Drive) -> None:
    keys = Keys(site)
    tables = [source(name, "town_keys", site, account="x-acme", cost=400_000, pages=2) for name in ("one", "two")]
    driver = drive(ACCOUNT, *tables, KEY="made-up-key-1")

    driver.look("one")
    driver.look("two")
    driver.look("two", minutes=1)

    assert len(keys.read_requests) == 2
    assert driver.told().count("source_broken") == 1


def test_what_an_answer_did_cost_is_booked_afterwards(site: Site, drive: Drive) -> None:
    driver, keys = paid(site, drive, cost=0.5, pages=3)
    keys.extra = {"cost": 100_000}

    driver.look("paid")

    assert driver.one("select amount from spend") == 300_000


def test_a_site_that_says_that_the_quota_is_spent_is_left_until_midnight(site: Site, drive: Drive) -> None:
    driver, branches = watched(site, drive)
    branches.instead["quay"] = refused(error="over_budget", why="the quota of the day is used up")

    driver.look("company", minutes=2)

    assert driver.state("company").not_before == datetime(2026, 11, 25, tzinfo=UTC)
    assert facts(driver, "source_broken")["why"] == "the quota of the day is used up"
