"""What is kept no longer than the configuration says, or than a site's terms allow."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitor import audit, followup, plugins
from monitor.followup import keeping
from monitor.models import NOT_KEPT
from monitor.store import mentions, purging, schema, sources
from tests.pipeline.driving import Drive, Driver
from tests.pipeline.test_deletions import everything
from tests.pipeline.test_rechecks import Begin
from tests.pipeline.test_walks import begun, company
from tests.town import Site, Town, bad, review
from tests.town.sites import Branches, at

pytestmark = pytest.mark.slow  # whole files are written anew

YEARS = timedelta(days=762)


def day(driver: Driver, **later: float) -> int:
    """Let time pass, then do a whole day's pass; returns how much went."""
    if later:
        driver.clock.advance(**later)
    now = driver.clock()
    gone = 0
    for _ in range(20):
        gone += driver.write(lambda conn: followup.keep(conn, driver.settings, now))
    return gone


def spoken(site: Site, drive: Drive) -> tuple[Driver, Branches]:
    """Return a driver to whom a bad review was told, and answered on the site."""
    branches = Branches(site)
    branches.shows("quay", [review(999)])
    driver = begun(drive, branches, "quay")
    answer = {"text": "Dear Visitor 1, we are sorry.", "at": at(3)}
    branches.shows("quay", [bad(1, created=at(0), reply=answer), review(999)])
    driver.look("company", minutes=1)
    return driver, branches


def test_texts_and_names_go_when_their_time_is_over_and_figures_stay(site: Site, drive_both: Drive) -> None:
    driver, _ = spoken(site, drive_both)
    assert day(driver, days=760) == 0

    assert day(driver, days=2) >= 2

    left = everything(driver)
    for word in ("Visitor 1", "40 minutes", "we are sorry", "Lovely place"):
        assert word not in left
    [row] = driver.rows("select label, deleted_at, version from mentions where external_id = 'r1'")
    assert (row.label, row.deleted_at, row.version) == ("bad", None, 1)
    assert driver.one("select rating from versions order by mention_id desc limit 1") == 1
    assert day(driver, days=1) == 0


def test_a_site_that_goes_on_showing_it_does_not_bring_it_back(site: Site, drive_both: Drive) -> None:
    driver, branches = spoken(site, drive_both)
    day(driver, days=762)

    driver.look("company", minutes=1)
    branches.shows("quay", [bad(1, created=at(0), reply={"text": "Dear Visitor 1, again.", "at": at(9)}), review(999)])
    driver.look("company", minutes=1)

    left = everything(driver)
    assert "Visitor 1" not in left
    assert "40 minutes" not in left


def test_an_edit_after_that_is_something_new_and_older_texts_of_one_that_was_edited_go(
    site: Site, drive_both: Drive
) -> None:
    driver, branches = spoken(site, drive_both)
    driver.clock.advance(days=700)
    branches.shows("quay", [bad(1, created=at(0), text="Now the roof leaks as well."), review(999)])
    driver.look("company")

    day(driver, days=100)

    left = everything(driver)
    assert "roof leaks" in left
    assert "40 minutes" not in left
    assert driver.one("select author from mentions where external_id = 'r1'") == "Visitor 1"


def test_a_sites_own_shorter_terms_win(site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, _ = spoken(site, drive)
    monkeypatch.setattr(driver.by_name["company"].kind, "keeps_for", timedelta(days=30))
    monkeypatch.setattr(keeping.plugins, "connector", lambda *_: driver.by_name["company"].kind)

    assert day(driver, days=29) == 0
    assert day(driver, days=2) >= 2
    assert "Visitor 1" not in everything(driver)


def test_a_pass_goes_on_after_a_restart_and_takes_a_lot_at_a_time(
    site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(n) for n in range(1, 31)])
    driver = begun(drive, branches, "quay")
    monkeypatch.setattr(keeping, "IDS_AT_ONCE", 15)
    monkeypatch.setattr(keeping, "CLEARED_AT_ONCE", 10)
    now = driver.clock.advance(days=762)

    first = driver.write(lambda conn: followup.keep(conn, driver.settings, now))
    driver.close()
    again = drive(company(site, "quay"), clock=driver.clock)
    rest = [again.write(lambda conn: followup.keep(conn, again.settings, now)) for _ in range(4)]

    assert (first, rest) == (10, [10, 10, 0, 0])
    assert again.read(lambda conn: sources.get_meta(conn, keeping.KEY))["texts"]


def test_recipients_and_receipts_go_and_nothing_is_sent_again_for_it(site: Site, drive_both: Drive) -> None:
    driver, _ = spoken(site, drive_both)
    sent = {"state": "sent", "sent_at": driver.clock(), "target": "ana@shop.example", "receipt": {"id": "<1@mail>"}}
    driver.write(lambda conn: conn.execute(schema.deliveries.update().values(sent)))

    day(driver, days=89)
    assert "ana@shop.example" in everything(driver)
    day(driver, days=2)

    left = everything(driver)
    assert "ana@shop.example" not in left
    assert "<1@mail>" not in left
    assert driver.read(lambda conn: conn.scalars(sa.select(schema.alerts.c.facts)).all()) == [{}, {}]
    assert driver.one("select count(*) from deliveries where state = 'sent'") == 2
    found = driver.write(lambda conn: audit.run(conn, driver.routing, driver.clock(), everything=True))
    assert found.silent == ()
    assert day(driver, days=1) == 0


def test_what_waits_keeps_its_recipient_and_its_words(site: Site, drive: Drive) -> None:
    driver, _ = spoken(site, drive)
    driver.write(lambda conn: conn.execute(schema.deliveries.update().values(target="ana@shop.example")))

    day(driver, days=200)

    assert driver.one("select count(*) from deliveries where target = 'ana@shop.example'") == 2
    assert "Waited 40 minutes" in str(driver.rows("select facts from alerts where reason = 'new'"))


def test_what_could_not_be_read_goes_after_its_time(site: Site, drive_both: Drive) -> None:
    driver, _ = spoken(site, drive_both)
    row = {"source": "company", "at": driver.clock(), "what": "no id", "raw": "some raw text"}
    driver.write(lambda conn: conn.execute(schema.quarantine.insert().values(row)))

    day(driver, days=13)
    assert "some raw text" in everything(driver)
    day(driver, days=2)

    assert "some raw text" not in everything(driver)


# --- terms ---------------------------------------------------------------------------------------


def test_where_texts_may_not_be_kept_they_are_judged_and_never_written(
    site: Site, drive_both: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(999)])
    driver = drive_both(company(site, "quay"))
    monkeypatch.setattr(driver.by_name["company"].kind, "keeps_text", False)
    driver.walk("company")
    answer = {"text": "Dear Visitor 1, we are sorry.", "at": at(3)}
    branches.shows(
        "quay", [bad(1, created=at(0), stars=3, reply=answer), {"id": "broken", "text": "secret"}, review(999)]
    )

    driver.look("company", minutes=1)
    driver.look("company", minutes=1)

    left = everything(driver)
    for word in ("Visitor 1", "40 minutes", "we are sorry", "cold", "secret"):
        assert word not in left
    [row] = driver.rows("select id, label, version, content_hash, author from mentions where external_id = 'r1'")
    assert (row.label, row.version, row.author) == ("bad", 1, None)  # three stars: it was the text that said so
    assert row.content_hash
    assert [one.state for one in driver.rows("select state from replies")] == ["visible"]
    full = driver.read(lambda conn: mentions.full(conn, [row.id]))[row.id]
    assert full["flags"] == [NOT_KEPT]
    assert driver.read(lambda conn: purging.textless(conn, [row.id])) == {row.id}


def test_an_edit_there_is_told_without_its_text(site: Site, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    branches = Branches(site)
    branches.shows("quay", [review(1), review(999)])
    driver = drive(company(site, "quay"))
    monkeypatch.setattr(driver.by_name["company"].kind, "keeps_text", False)
    driver.walk("company")
    branches.shows("quay", [bad(1), review(999)])

    driver.look("company", minutes=1)

    assert driver.one("select version from mentions where external_id = 'r1'") == 2
    assert "40 minutes" not in everything(driver)


def test_the_message_says_in_plain_words_that_the_text_is_not_kept(
    town: Town, watch_here: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.site.shows("quay", review(999))
    one = watch_here()
    for source in one.settings.sources:
        monkeypatch.setattr(source.kind, "keeps_text", False)
        monkeypatch.setattr(plugins.connector(source.connector, one.settings.own_connectors), "keeps_text", False)
    one.look()
    town.site.publishes("quay", bad(1, created=at(0)))

    one.look(minutes=5)

    [said] = [
        mail.get_body(("plain",)).get_content().replace("\n", " ")  # type: ignore[union-attr]
        for mail in town.mail.received
        if mail.get_body(("plain",)) and "r1" in str(mail)
    ]
    assert "Town does not allow me to keep its texts and names: read it there." in said
    assert "without a text" not in said
    assert "40 minutes" not in said
    assert "https://reviews.town.example/r/r1" in said
