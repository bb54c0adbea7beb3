"""The first look at a source: quiet, bounded, summed up within two minutes; and coming back after an absence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor import intake
from tests.pipeline.conftest import Watch
from tests.pipeline.driving import Drive, Driver
from tests.pipeline.test_walks import company, pages
from tests.town import START, Answer, Asked, Site, Town, bad, review
from tests.town.sites import BRANCHES, Branches, at

Begin = Callable[..., Watch]
DAY = 24 * 60


def summary(driver: Driver) -> dict[str, Any]:
    """Return what the one summary says."""
    [row] = driver.rows("select facts from alerts where reason = 'summary'")
    return json.loads(row.facts) if isinstance(row.facts, str) else dict(row.facts)


# --- how far back --------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "asked"), [(4, 4), (5, 5), (9, 5)])
def test_a_first_look_goes_back_five_hundred_items(count: int, asked: int, site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *pages(count, size=100))
    driver = drive(company(site))

    driver.walk("company")

    assert len(branches.asked) == asked
    assert len(driver.ids()) == asked * 100


def test_a_first_look_goes_back_two_years(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", *([review(n, created=at(-n * 200 * DAY))] for n in range(8)))
    driver = drive(company(site, newest_first=True))

    driver.walk("company")

    assert branches.asked == ["quay/1", "quay/2", "quay/3", "quay/4", "quay/5"]


def test_each_of_several_branches_is_looked_at_and_summed_up_once(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    names = [f"b{number}" for number in range(12)]
    for name in names:
        branches.shows(name, *pages(3, size=100, begin=name))
    driver = drive_both(company(site, *names))

    driver.walk("company")

    assert set(branches.asked) >= {f"{name}/1" for name in names}
    assert driver.told() == ["summary"]
    assert summary(driver)["found"] == len(driver.ids())


# --- what is told --------------------------------------------------------------------------------


def test_a_first_look_says_what_it_found_and_what_these_settings_would_have_sent(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    answered = {"text": "We are sorry.", "at": at(-DAY)}
    old = [bad(n, created=at(-n * DAY)) for n in (2, 5, 9, 20)]
    branches.shows(
        "quay", [review(1), *old, bad(25, created=at(-25 * DAY), reply=answered), bad(40, created=at(-40 * DAY))]
    )
    driver = drive_both(company(site))

    driver.walk("company")

    told = summary(driver)
    assert told["found"] == 7
    assert told["would_have_sent"] == 5
    ids = {row.id: row.external_id for row in driver.rows("select id, external_id from mentions")}
    assert len(told["worst"]) == 3
    assert {ids[one] for one in told["worst"]} < {"r2", "r5", "r9", "r20"}
    assert {row.why_not_told for row in driver.rows("select why_not_told from mentions where label = 'bad'")} == {
        "found at the first look"
    }
    assert driver.rows("select 1 from cases") == []


@pytest.mark.parametrize("seconds", [5, 20, 29])
def test_the_summary_is_there_within_two_minutes_however_long_the_walk(seconds: int, site: Site, drive: Drive) -> None:
    branches = Branches(site)
    driver = drive(company(site))

    def slowly(asked: Asked) -> Answer:
        driver.clock.advance(seconds=seconds)
        page = int(asked.query.get("page", "1"))
        following = f"{BRANCHES}/quay?page={page + 1}" if page < 40 else None
        return Answer({"reviews": [bad(page, created=at(-page))], "next": following})

    branches.instead["quay"] = slowly
    looked = driver.walk("company")

    written = driver.one("select created_at from alerts where reason = 'summary'")
    when = datetime.fromisoformat(written) if isinstance(written, str) else written
    assert when - START <= timedelta(minutes=2)
    assert looked[-1].look.done
    assert len(driver.ids()) == 40
    assert driver.told() == ["summary"], "what is found after the summary is history as well"


def test_undated_history_found_after_the_summary_is_history_in_the_same_bite_only(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [bad(n, created=None) for n in range(1, 9)])
    driver = drive(company(site))
    driver.look("company")
    branches.shows("quay", [bad(n, created=None) for n in range(1, 10)])

    driver.look("company", minutes=2)

    assert driver.told() == ["summary", "new"]


def test_what_is_published_while_the_first_look_is_under_way_is_news(site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)], [bad(2, created=at(0.5)), bad(3, created=at(-0.5))])
    driver = drive(company(site)).bites(requests=1)
    driver.look("company")
    driver.clock.advance(minutes=1)

    driver.look("company")

    alerted = driver.rows("select m.external_id from alerts a join mentions m on m.id = a.mention_id")
    assert [row.external_id for row in alerted] == ["r2"]


@pytest.mark.parametrize("created", ["2199-01-01T00:00:00+00:00", "2026-11-25T08:00:00+00:00"])
def test_a_site_whose_clock_runs_ahead_makes_no_news_of_its_history(created: str, site: Site, drive: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [bad(n, created=created) for n in range(1, 9)])
    driver = drive(company(site))

    driver.walk("company", minutes=1)

    assert driver.told() == ["summary"]


def test_a_branch_that_fails_at_the_first_look_delays_no_summary_and_its_history_stays_quiet(
    site: Site, drive: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", [bad(n, id=f"q{n}", created=at(-n)) for n in range(1, 9)])
    branches.shows("mill", [bad(n, id=f"m{n}", created=at(-n)) for n in range(1, 9)])
    branches.instead["mill"] = Answer(b"broken", 500)
    driver = drive(company(site, "quay", "mill"))
    for _ in range(4):
        driver.look("company", minutes=1)
    after_failures = driver.told()
    branches.shows("quay", [bad(20, created=at(3)), *branches.pages["quay"][0]])
    driver.look("company", minutes=1)

    del branches.instead["mill"]
    driver.look("company", minutes=20)

    assert after_failures == ["summary"]
    assert driver.told() == ["summary", "new"]
    assert len(driver.ids()) == 17


# --- on purpose ----------------------------------------------------------------------------------


def backfill(driver: Driver, days: int) -> None:
    """Ask to be told about the bad ones of the last days, too."""
    now = driver.clock()
    since = now - timedelta(days=days)
    driver.write(lambda conn: intake.backfill(conn, driver.by_name["company"], driver.routing, since, now))


def alerted(driver: Driver) -> set[str]:
    """Return what people were told of."""
    rows = driver.rows("select m.external_id from alerts a join mentions m on m.id = a.mention_id where reason = 'new'")
    return {row.external_id for row in rows}


HISTORY = [bad(1, created=at(-DAY)), bad(6, created=at(-6 * DAY)), bad(8, created=at(-8 * DAY)), review(9)]


@pytest.mark.parametrize("requests", [1, 100])
def test_a_backfill_of_a_new_source_tells_the_bad_ones_of_that_time(
    requests: int, site: Site, drive_both: Drive
) -> None:
    branches = Branches(site)
    branches.shows("quay", *([one] for one in HISTORY))
    driver = drive_both(company(site)).bites(requests=requests)
    backfill(driver, 7)

    driver.walk("company", minutes=1)

    assert alerted(driver) == {"r1", "r6"}
    assert driver.told().count("summary") == 1
    assert driver.state("company").backfill_since is None


def test_a_backfill_of_a_source_that_is_known_tells_what_was_kept_quiet_once(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", HISTORY)
    driver = drive_both(company(site))
    driver.walk("company", minutes=1)

    backfill(driver, 7)
    backfill(driver, 7)

    assert alerted(driver) == {"r1", "r6"}
    assert driver.told().count("new") == 2
    assert driver.one("select count(*) from cases") == 2


def test_changed_options_start_a_source_anew_quietly(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1)])
    branches.shows("mill", [bad(n, id=f"m{n}", created=at(-n)) for n in range(1, 9)], [bad(9, id="m9", created=None)])
    branches.marks |= {"quay": "q", "mill": "m"}
    first = drive_both(company(site, "quay"))
    first.walk("company")
    first.close()
    first.clock.advance(minutes=1)

    again = drive_both(company(site, "quay", "mill"), clock=first.clock)
    anew = again.state("company")
    again.clock.advance(minutes=1)
    again.walk("company")
    branches.shows("mill", [bad(20, id="m20", created=at(3)), *branches.pages["mill"][0]])
    again.look("company", minutes=2)

    assert (anew.bookmark, anew.newest_at, anew.walk) == (None, None, None)
    assert alerted(again) == {"m20"}
    assert again.told() == ["summary", "new"]
    assert alerted(again) == {"m20"}
    assert len(again.ids()) == 11


# --- the whole watch -----------------------------------------------------------------------------


def test_a_source_that_is_taken_out_of_the_configuration_leaves_its_messages_to_be_delivered(
    town: Town, watch_here: Begin
) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2))
    monitor = watch_here(places=("quay", "mill"), channels=("slack",))
    monitor.look()
    town.slack.behave = refuses
    town.site.publishes("quay", bad(3, created=at(1)))
    monitor.look(minutes=2)
    posts = len(town.slack.posts)
    town.slack.behave = None

    town.configure(places=("mill",), channels=("slack",), database=monitor.settings.database)
    monitor = monitor.again()
    monitor.look(minutes=3)
    asked = [path for path in town.site.asked if "quay" in path]
    monitor.look(minutes=3)

    assert len(town.slack.posts) == posts + 1
    assert "Table 3" in town.slack.texts()[-1]
    assert [path for path in town.site.asked if "quay" in path] == asked
    monitor.close()


def refuses(handler: Any) -> bool:
    """Answer that nothing works."""
    handler.send_response(500)
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


def test_coming_back_after_a_week_makes_one_message_and_no_flood(town: Town, watch_here: Begin) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2, id="m1"))
    monitor = watch_here(places=("quay", "mill"), channels=("slack",))
    monitor.look()
    monitor.minute()
    posts = len(town.slack.posts)
    written = [bad(n, id=f"w{n}", created=at(n * DAY / 20)) for n in range(140, 0, -1)]
    town.site.publishes("quay", *written)
    town.site.serves("/api/mill/reviews", b"down", status=500)

    monitor = monitor.again(days=7)
    monitor.look()
    for _ in range(8):
        monitor.minute()

    sent = town.slack.texts()[posts:]
    [away] = [text for text in sent if "I was away" in text]
    assert "140 new" in away
    assert "Mill" in away or "mill" in away
    assert len(sent) <= 4, "the message, one that folds the recent ones, the digest, and what is broken"
    assert len(monitor.rows("select 1 from mentions where external_id like 'w%'")) == 140
    told = monitor.rows("select m.published_at from alerts a join mentions m on m.id = a.mention_id")
    assert 55 <= len(told) <= 61, "those of the last 72 hours"
    monitor.close()


def test_after_an_absence_it_is_said_what_the_site_no_longer_shows(town: Town, watch_here: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch_here(channels=("slack",))
    monitor.look()
    monitor.minute()
    town.site.shows("quay", *(review(n, id=f"w{n}", created=at(2 * DAY + n)) for n in range(5, 0, -1)))

    monitor = monitor.again(days=3)
    monitor.look()
    for _ in range(3):
        monitor.minute()

    [away] = [text for text in town.slack.texts() if "I was away" in text]
    assert "more was published meanwhile than the site shows at once" in away
    monitor.close()


@pytest.mark.slow
def test_a_long_walk_after_an_absence_is_counted_to_its_end(town: Town, watch_here: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch_here(channels=("slack",), source="size = 10")
    monitor.look()
    monitor.minute()
    town.site.publishes("quay", *(review(n, id=f"w{n}", created=at(DAY + n)) for n in range(60, 0, -1)))

    monitor = monitor.again(days=2)
    monitor.cut(requests=2)
    monitor.look()
    monitor.minute()
    monitor.minute()

    [away] = [text for text in town.slack.texts() if "I was away" in text]
    assert "60 new" in away
    monitor.close()
