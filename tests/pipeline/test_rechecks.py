"""Open cases are looked at again on the site: often at first, then slower, until the answer can be seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from monitor import followup, polling
from tests.pipeline.conftest import Watch
from tests.pipeline.driving import Drive, Driver
from tests.pipeline.test_walks import begun
from tests.town import Answer, Site, Town, bad, review
from tests.town.sites import Branches, at

Begin = Callable[..., Watch]


def complained(site: Site, drive: Drive, count: int = 1, **options: Any) -> tuple[Driver, Branches]:
    """Return a driver with so many open cases, a minute old."""
    branches = Branches(site)
    branches.shows("quay", [review(999)])
    driver = begun(drive, branches, "quay", **options)
    branches.shows("quay", [*(bad(n, created=at(0)) for n in range(1, count + 1)), review(999)])
    driver.look("company", minutes=1)
    branches.asked.clear()
    return driver, branches


def recheck(driver: Driver, **span: float) -> list[str]:
    """Let time pass and re-check what is due; returns what was asked about."""
    driver.clock.advance(**span)
    now = driver.clock()
    batches = driver.write(lambda conn: followup.due_rechecks(conn, now))
    for name, batch in batches.items():
        one = driver.by_name[name]
        look = polling.recheck(one, batch.mentions, driver.tools)
        assert look is not None
        driver.write(lambda conn: polling.take_recheck(conn, look, one, driver.routing, now))  # noqa: B023
    return [mention.external_id for batch in batches.values() for mention in batch.mentions]


# --- when ----------------------------------------------------------------------------------------


def test_a_case_is_looked_at_every_ten_minutes_then_hourly_then_daily(site: Site, drive: Drive) -> None:
    driver, _ = complained(site, drive)
    opened = driver.clock()
    times = []
    while (due := driver.one("select recheck_at from cases")) is not None:
        when = due if not isinstance(due, str) else type(opened).fromisoformat(due)
        driver.clock.set(when)
        recheck(driver)
        times.append(when - opened)

    def between(start: timedelta, end: timedelta) -> int:
        return sum(start < time <= end for time in times)

    hour, day = timedelta(hours=1), timedelta(days=1)
    assert times[:3] == [timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=30)]
    assert between(0 * hour, 2 * hour) == 12
    assert between(2 * hour, day) == 22
    assert between(day, 7 * day) == 24
    assert between(7 * day, 30 * day) == 23
    assert times[-1] == 30 * day


def test_a_case_that_opens_again_is_looked_at_often_again(site: Site, drive: Drive) -> None:
    driver, branches = complained(site, drive)
    answer = {"text": "We are sorry.", "at": at(20)}
    branches.shows("quay", [bad(1, created=at(0), reply=answer)])
    for _ in range(40):
        recheck(driver, minutes=65)
    slow = recheck(driver, minutes=11)
    branches.shows("quay", [bad(1, created=at(0))])
    recheck(driver, hours=7)
    recheck(driver, hours=7)
    assert driver.one("select state from cases") == "open"

    assert slow == []
    assert [recheck(driver, minutes=10) for _ in range(3)] == [["r1"]] * 3


def test_a_source_that_asked_us_to_wait_is_not_asked_again_before(site: Site, drive_both: Drive) -> None:
    driver, branches = complained(site, drive_both)
    branches.instead["some"] = Answer(b"slowly", 429, {"Retry-After": "3600"})

    first = recheck(driver, minutes=11)
    meanwhile = [recheck(driver, minutes=11) for _ in range(4)]
    del branches.instead["some"]
    later = recheck(driver, minutes=20)

    assert (first, meanwhile, later) == (["r1"], [[]] * 4, ["r1"])
    assert branches.asked == ["some/1", "some/1"]


def test_many_cases_of_one_source_are_asked_in_batches_and_all_come_round(site: Site, drive: Drive) -> None:
    driver, branches = complained(site, drive, 120)

    first = recheck(driver, minutes=11)
    rest = [recheck(driver, minutes=1), recheck(driver, minutes=1)]

    assert [len(one) for one in (first, *rest)] == [50, 50, 20]
    assert len({*first, *rest[0], *rest[1]}) == 120
    assert branches.asked == ["some/1"] * 7, "twenty to a request"


# --- what is seen --------------------------------------------------------------------------------


def test_an_answer_is_seen_by_the_recheck_long_before_the_next_look(site: Site, drive_both: Drive) -> None:
    driver, branches = complained(site, drive_both, every="6h")
    answer = {"text": "We are sorry, come by for a coffee on us.", "at": at(5)}
    branches.shows("quay", [bad(1, created=at(0), reply=answer)])

    recheck(driver, minutes=11)

    [case] = driver.rows("select state, answer_seen_at from cases")
    assert case.state == "answered"
    assert case.answer_seen_at is not None


def test_what_the_site_says_is_gone_is_deleted_and_its_case_closed(site: Site, drive_both: Drive) -> None:
    driver, branches = complained(site, drive_both)
    branches.shows("quay", [review(999)])

    recheck(driver, minutes=11)

    assert driver.one("select deleted_at is not null from mentions where external_id = 'r1'")
    [case] = driver.rows("select state, resolution from cases")
    assert (case.state, case.resolution) == ("closed", "deleted")
    assert recheck(driver, minutes=11) == []


def test_what_had_been_taken_down_and_is_shown_again_opens_its_case_again_and_says_so(site: Site, drive: Drive) -> None:
    driver, branches = complained(site, drive)
    shown = branches.pages["quay"][0]
    branches.shows("quay", [review(999)])
    recheck(driver, minutes=11)
    branches.shows("quay", shown)

    driver.look("company", minutes=5)

    assert driver.one("select state from cases") == "open"
    assert driver.one("select deleted_at from mentions where external_id = 'r1'") is None
    assert driver.told()[-1] == "reopened"


def test_an_edit_seen_by_a_recheck_is_told(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(999)])
    driver = begun(drive, branches, every="6h")
    branches.shows("quay", [bad(1, created=at(0), stars=2, text="Slow. Waited too long.")])
    driver.look("company", hours=6)
    branches.shows("quay", [bad(1, created=at(0), text="Never again. I got food poisoning here.")])

    recheck(driver, minutes=11)

    assert driver.told()[-2:] == ["new", "edited_worse"]
    assert (
        driver.one("select count(*) from versions v join mentions m on m.id = v.mention_id where m.external_id = 'r1'")
        == 2
    )


def test_an_error_in_a_recheck_leaves_everything_as_it_was(site: Site, drive: Drive) -> None:
    driver, branches = complained(site, drive)
    before = driver.state("company")
    branches.instead["some"] = Answer(b"broken", 500)

    recheck(driver, minutes=11)

    assert driver.state("company") == before
    assert driver.one("select state from cases") == "open"


def test_the_daemon_rechecks_each_minute_what_is_due(town: Town, watch_here: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch_here(every="6h", channels=("slack",))
    monitor.look()
    town.site.publishes("quay", bad(2, created=at(1)))
    monitor.look(hours=6)
    reply = {"text": "We are sorry.", "at": at(400)}
    town.site.shows("quay", bad(2, created=at(1), reply=reply), review(1))
    town.site.asked.clear()

    for _ in range(12):
        monitor.minute()

    assert town.site.asked == ["/api/quay/reviews/r2"]
    assert monitor.rows("select state from cases")[0].state == "answered"
