"""What a site has deleted goes here, too: everything that is stored is asked for again in time, and loses its text."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import followup, intake, polling
from monitor.connector import Request
from monitor.followup.rereading import AT_ONCE, Round
from monitor.store import mentions, purging, rereads, schema, sources
from tests.pipeline.conftest import Watch
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import Begin
from tests.pipeline.test_walks import begun, company
from tests.town import START, Answer, Asked, Site, Town, bad, review
from tests.town.sites import Branches, at

DAY = timedelta(hours=24)
NAME, TEXT = "Visitor 1", "Waited 40 minutes for two coffees, then they were cold. Table 1."


def stored(site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch, count: int = 250) -> tuple[Driver, Branches]:
    """Return a driver with so many reviews of a site that wants all of them asked for again within a day."""
    branches = naming(site)
    branches.shows("quay", [review(n) for n in range(1, count + 1)])
    driver = begun(drive, branches, "quay")
    monkeypatch.setattr(driver.by_name["company"].kind, "reread_within", DAY)
    return driver, branches


def naming(site: Site) -> Branches:
    """Return branches that name what is gone of those that are asked for."""
    branches = Branches(site)

    def some(asked: Asked) -> Answer:
        there = {one["id"]: one for pages in branches.pages.values() for page in pages for one in page}
        ids = asked.query["ids"].split(",")
        return Answer({"reviews": [there[one] for one in ids if one in there], "gone": [*set(ids) - set(there)]})

    branches.instead["some"] = some
    return branches


def minutes(driver: Driver, count: int, *, step: int = 1) -> list[int]:
    """Let minutes pass, each with what is due then; returns how many were asked about in each."""
    asked = []
    for _ in range(count):
        driver.clock.advance(minutes=step)
        asked.append(reread(driver))
    return asked


def polled_next(driver: Driver, when: datetime, name: str = "company") -> None:
    """Let the next look at a source be due then."""
    driver.write(lambda conn: sources.update(conn, name, next_poll_at=when))


def reread(driver: Driver) -> int:
    """Ask again what is due now; returns how many were asked about."""
    now = driver.clock()
    # Its looks are none of the matter here: they are never due.
    polled_next(driver, now + timedelta(days=1))
    wanted = driver.write(lambda conn: followup.due_rereads(conn, driver.settings, now))
    for name, asked in wanted.items():
        one = driver.by_name[name]
        look = polling.recheck(one, asked.mentions, driver.tools, standing=True)
        driver.write(lambda conn: followup.reread(conn, look, one, asked, driver.routing, now))  # noqa: B023
    return sum(len(asked.mentions) for asked in wanted.values())


def told_ids(branches: Branches) -> list[str]:
    """Return how often something was asked of the address for several at once."""
    return [name for name in branches.asked if name.startswith("some")]


# --- within the time, and evenly -----------------------------------------------------------------


def test_everything_that_is_stored_is_asked_for_again_within_the_time_and_not_all_at_once(
    site: Site, drive_both: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, branches = stored(site, drive_both, monkeypatch)

    asked = minutes(driver, 24 * 6, step=10)

    first_round = asked[: 18 * 6 + 1]
    assert sum(first_round) == 250
    assert max(asked) <= 130
    quarter = len(first_round) // 4
    assert sum(first_round[: 2 * quarter]) in range(90, 140)
    assert len(told_ids(branches)) >= 250 / 20


def test_a_restart_goes_on_where_it_was(site: Site, drive_both: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, _ = stored(site, drive_both, monkeypatch)
    before = sum(minutes(driver, 60, step=10))
    driver.close()

    again = drive_both(company(site, "quay"), clock=driver.clock)
    monkeypatch.setattr(again.by_name["company"].kind, "reread_within", DAY)
    after = sum(minutes(again, 52, step=10))

    assert (0 < before < 250, before + after) == (True, 250)


def test_what_came_in_meanwhile_is_asked_for_within_the_time_as_well(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, branches = stored(site, drive, monkeypatch)
    minutes(driver, 50, step=10)
    branches.shows("quay", [review(0, created=at(0)), *(review(n) for n in range(1, 251))])
    driver.look("company")
    branches.shows("quay", [review(n) for n in range(1, 251)])
    came = driver.clock()

    while driver.one("select deleted_at from mentions where external_id = 'r0'") is None:
        minutes(driver, 1, step=10)
        assert driver.clock() - came <= DAY


def test_while_a_look_is_due_nothing_is_asked_again(site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, _ = stored(site, drive, monkeypatch)
    minutes(driver, 1)
    now = driver.clock.advance(hours=10)
    polled_next(driver, now)

    assert driver.write(lambda conn: followup.due_rereads(conn, driver.settings, now)) == {}
    assert driver.write(lambda conn: followup.due_rereads(conn, driver.settings, now, busy={"company"})) == {}
    assert 100 < reread(driver) < 150
    driver.clock.advance(hours=8)
    polled_next(driver, now)
    assert driver.write(
        lambda conn: followup.due_rereads(conn, driver.settings, driver.clock())
    )  # late: it waits no more


def test_what_fails_is_asked_again_in_smaller_lots_and_one_that_always_fails_is_left_for_the_next_round(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, branches = stored(site, drive, monkeypatch, count=9)

    def spoilt(asked: Any) -> Answer:
        ids = asked.query["ids"].split(",")
        return Answer(b"", 400) if "r5" in ids else branches._some(ids)

    branches.instead["some"] = spoilt
    minutes(driver, 1)
    driver.clock.advance(hours=18)
    asked = minutes(driver, 9, step=15)

    assert asked[0] == 9
    assert asked.count(1) >= 2
    value = driver.read(rereads.progress)["company"]
    assert value["ended"]
    assert value["done"] == 9


def test_a_site_that_asks_to_wait_is_left_alone(site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, branches = stored(site, drive, monkeypatch)
    branches.instead["some"] = Answer({"error": "throttled", "wait": 7200})
    minutes(driver, 1)
    driver.clock.advance(hours=18)

    asked = minutes(driver, 13, step=10)

    assert [count > 0 for count in asked] == [True, *[False] * 11, True]


# --- money ---------------------------------------------------------------------------------------


def paid(driver: Driver, monkeypatch: pytest.MonkeyPatch, name: str, *, each: int) -> None:
    kind = driver.by_name[name].kind

    def asking(self: Any, wanted: Any) -> Any:
        ids = [mention.external_id for mention in wanted]
        url = "https://branches.town.example/branches/some"
        yield Request(url, {"ids": ",".join(ids)}, about=tuple(ids), cost=each * len(ids))

    monkeypatch.setattr(kind, "reread_within", DAY)
    monkeypatch.setattr(kind, "reread", asking, raising=False)


def test_it_spends_no_more_of_the_budget_than_the_day_has_come_to(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(n) for n in range(1, 251)])
    account = '[[accounts]]\nname = "card"\ndaily_budget = "1 USD"'
    driver = drive(company(site, "quay", account="card"), account)
    driver.walk("company")
    paid(driver, monkeypatch, "company", each=10_000)  # all of it would be 2.50
    driver.clock.set(START + timedelta(hours=15))  # midnight

    spent = []
    for _ in range(24):
        minutes(driver, 6, step=10)
        day = driver.clock().date().isoformat()
        spent.append(driver.rows('select coalesce(sum(amount), 0) as m from spend where "window" = :day', day=day)[0].m)

    for hour, amount in enumerate(spent[:-1], 1):
        assert amount <= 1_000_000 * hour / 24
    assert spent[-2] >= 850_000
    driver.clock.advance(hours=3)
    assert driver.write(lambda conn: followup.late(conn, driver.routing, driver.clock())) == 1
    assert driver.write(lambda conn: followup.late(conn, driver.routing, driver.clock())) == 0
    [facts] = [row.facts for row in driver.rows("select facts from alerts where reason = 'damage'")]
    assert "within 24 hours" in str(facts)
    assert "the budget of card does not reach further" in str(facts)


def test_sources_that_share_an_account_share_its_money(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = Branches(site)
    names = ("quay", "mill")
    for name in names:
        branches.shows(name, *[[review(n) for n in range(1, 101)]])
    account = '[[accounts]]\nname = "card"\ndaily_budget = "1 USD"'
    tables = [source(name, "town_branches", site, branches=[name], account="card") for name in names]
    driver = drive(*tables, account)
    for name in names:
        driver.walk(name)
    paid(driver, monkeypatch, "quay", each=10_000)
    driver.write(lambda conn: followup.due_rereads(conn, driver.settings, driver.clock()))
    now = driver.clock.set(START + timedelta(days=1, hours=3))  # noon: half of the money

    for name in names:
        polled_next(driver, now + timedelta(days=1), name)
    wanted = driver.write(lambda conn: followup.due_rereads(conn, driver.settings, now))

    assert sum(len(asked.mentions) for asked in wanted.values()) == 50


# --- what goes -----------------------------------------------------------------------------------


def everything(driver: Driver) -> str:
    """Return all that the tables hold, as one text."""
    parts = []
    with driver.store.read() as conn:
        for table in schema.metadata.sorted_tables:
            parts += [str(tuple(row)) for row in conn.execute(sa.select(table))]
    return "\n".join(parts)


def test_what_is_deleted_there_leaves_only_figures_here(
    site: Site, drive_both: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = naming(site)
    branches.shows("quay", [review(999)])
    driver = begun(drive_both, branches, "quay")
    monkeypatch.setattr(driver.by_name["company"].kind, "reread_within", DAY)
    answer = {"text": "Dear Visitor 1, we are sorry.", "at": at(3)}
    branches.shows("quay", [bad(1, created=at(0)), review(999)])
    driver.look("company", minutes=1)
    edited = f"{TEXT} And the cake was stale."
    branches.shows("quay", [bad(1, created=at(0), reply=answer, text=edited), review(999)])
    driver.look("company", minutes=5)
    assert NAME in everything(driver)
    assert "40 minutes" in everything(driver)

    branches.shows("quay", [review(999)])
    minutes(driver, 1)
    driver.clock.advance(hours=18)
    assert reread(driver) == 2

    left = everything(driver)
    for word in (NAME, "40 minutes", "cake", "Dear Visitor", "we are sorry"):
        assert word not in left
    [row] = driver.rows("select * from mentions where external_id = 'r1'")
    assert row.deleted_at is not None
    assert (row.label, row.version) == ("bad", 2)
    assert driver.one("select rating from versions v join mentions m on m.id = v.mention_id "
                      "where external_id = 'r1' and v.version = 1") == 1  # fmt: skip
    [case] = driver.rows("select state, resolution from cases")
    assert (case.state, case.resolution) == ("closed", "deleted")
    about = (
        "select d.state from deliveries d join delivery_alerts l on l.delivery_id = d.id "
        "join alerts a on a.id = l.alert_id where a.mention_id is not null"
    )
    assert {row.state for row in driver.rows(about)} == {"dead"}


def test_what_comes_back_is_taken_in_whole(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [bad(1), review(999)])
    driver = begun(drive_both, branches, "quay")
    [row] = driver.rows("select id from mentions where external_id = 'r1'")
    driver.write(
        lambda conn: intake.removed(
            conn, driver.by_name["company"], [row.id], routing=driver.routing, now=driver.clock()
        )
    )
    assert NAME not in everything(driver)

    driver.look("company", minutes=1)

    full = driver.read(lambda conn: mentions.full(conn, [row.id]))[row.id]
    assert (full["author"], full["text"], full["deleted_at"], full["flags"]) == (NAME, TEXT, None, None)


def test_a_summary_of_the_day_loses_what_it_quoted(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1), review(2)])
    driver = begun(drive_both, branches, "quay")
    text = "Lovely place, will come again, visit number 1."
    facts = {"best": [{"text": text}], "won_back": [{"author": "Visitor 1"}, {"author": "Visitor 2"}], "waiting": 3}
    driver.write(
        lambda conn: conn.execute(
            schema.alerts.insert().values(id=900, key="day", reason="digest", created_at=driver.clock(), facts=facts)
        )
    )
    [row] = driver.rows("select id from mentions where external_id = 'r1'")

    driver.write(lambda conn: purging.clear(conn, [row.id], gone=True))

    kept = driver.read(lambda conn: conn.scalar(sa.select(schema.alerts.c.facts).where(schema.alerts.c.id == 900)))
    assert kept == {"best": [{"text": ""}], "won_back": [{"author": ""}, {"author": "Visitor 2"}], "waiting": 3}


def test_what_has_no_text_any_more_is_not_asked_for_again(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, _ = stored(site, drive, monkeypatch, count=6)
    [row] = driver.rows("select id from mentions where external_id = 'r3'")
    driver.write(lambda conn: purging.clear(conn, [row.id], gone=False))
    minutes(driver, 1)
    driver.clock.advance(hours=18)

    assert reread(driver) == 5


@pytest.mark.slow
def test_the_daemon_asks_again_by_itself(town: Town, watch: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    town.site.shows("quay", bad(1), review(2))
    one: Watch = watch()
    one.look()
    for watched in one.settings.sources:
        monkeypatch.setattr(watched.kind, "reread_within", timedelta(hours=1))
    one.minute()
    town.site.shows("quay", review(2))
    for _ in range(60):
        one.minute()
        if one.rows("select 1 from mentions where deleted_at is not null"):
            break

    [row] = one.rows("select author, deleted_at from mentions where external_id = 'r1'")
    assert (row.author, row.deleted_at is not None) == (None, True)


# --- a large store -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_round_over_many_reads_one_index_and_a_minute_of_it_is_short(drive_both: Drive, site: Site) -> None:
    driver = drive_both(company(site))
    now = driver.clock()
    values = dict.fromkeys(("connector", "kind", "content_hash", "label", "level"), "") | {
        "source": "company", "own": False, "sort_at": now, "first_seen_at": now, "last_seen_at": now, "version": 1,
    }  # fmt: skip
    with driver.store.write() as conn:
        for start in range(0, 200_000, 10_000):
            rows = [values | {"external_id": f"{n:09}"} for n in range(start, start + 10_000)]
            conn.execute(schema.mentions.insert(), rows)
    with driver.store.read() as conn:
        began = time.perf_counter()
        assert rereads.count(conn, "company") == 200_000
        rows = rereads.following(conn, "company", "000150000", AT_ONCE)
        took = time.perf_counter() - began
    assert [row[1] for row in rows[:2]] == ["000150001", "000150002"]
    assert len(rows) == AT_ONCE
    assert took < 2


def test_how_far_a_round_has_come_is_read_as_it_was_written() -> None:
    one = Round(START, 12, "r3", 4, 50, 1, START + timedelta(minutes=1), why="no")

    assert Round.of(one.as_json()) == one
