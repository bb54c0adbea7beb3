"""Sources that search: brands are matched here, our own posts are answers, and one text in two places is told once."""

from __future__ import annotations

from typing import Any

import pytest

from monitor import intake
from monitor.store import Connection, mentions
from tests.pipeline.driving import Drive, Driver, source
from tests.town import Site
from tests.town.sites import TALK_TERM, Talk, at, said

BRANDS = f"""
[[brands]]
name = "acme"
terms = ["{TALK_TERM}", "@acmecoffee"]
exclude = ["acme coffee machines"]
own_accounts = {{ town_talk = ["u-acme"] }}

[[brands]]
name = "bolt"
terms = ["Bolt Bikes"]
"""


def listening(site: Site, drive: Drive, *corners: str, **options: Any) -> tuple[Driver, Talk]:
    """Return a driver that has heard one post in each corner."""
    talk = Talk(site)
    for corner in corners or ("market",):
        talk.hears(corner, said(1, id=f"{corner}-old", text=f"{TALK_TERM} opens at nine."))
    tables = [source(corner, "town_talk", site, corner=corner, **options) for corner in corners or ("market",)]
    driver = drive(BRANDS, *tables)
    for corner in corners or ("market",):
        driver.look(corner)
    return driver, talk


def ours(number: int, **changes: Any) -> dict[str, Any]:
    """Return a post of our own."""
    return said(
        number, **{"author": "Acme", "author_id": "u-acme", "text": "We are sorry, please write to us.", **changes}
    )


# --- brands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Acme Coffee is the worst, I waited 40 minutes and nobody cared.", True),
        ("#acmecoffee never again", True),
        ("thanks for nothing @acmecoffee", True),
        ("ACME COFFEE ruined my day", True),
        ("My acme coffee machines are broken again.", False),
        ("My acme coffee machines are broken, and Acme Coffee does not answer.", True),
        ("Acmecoffeeland is a terrible park", False),
        ("Nobody named here, but it was horrible.", False),
    ],
)
def test_what_a_search_brings_must_name_one_of_our_brands(text: str, stored: bool, site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive)
    talk.hears("market", said(2, text=text, created=at(1)))

    driver.look("market", minutes=2)

    assert ("p2" in driver.ids()) is stored


def test_a_mention_carries_the_brands_it_names(site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive)
    talk.hears("market", said(2, text="Acme Coffee and Bolt Bikes both let me down.", created=at(1)))

    driver.look("market", minutes=2)

    rows = driver.rows(
        "select brand from mention_brands join mentions on id = mention_id where external_id = 'p2' order by 1"
    )
    assert [row.brand for row in rows] == ["acme", "bolt"]


def test_a_source_of_one_brand_leaves_the_others_out(site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive, brand="acme")
    talk.hears("market", said(2, text="Bolt Bikes let me down again.", created=at(1)))

    driver.look("market", minutes=2)

    assert driver.ids() == ["market-old"]


# --- our own -------------------------------------------------------------------------------------


def test_our_own_posts_are_never_flagged_whatever_they_say(site: Site, drive_both: Drive) -> None:
    driver, talk = listening(site, drive_both)
    talk.hears(
        "market", ours(2, text=f"{TALK_TERM}: the worst day, food poisoning, a disaster. We close.", created=at(1))
    )

    driver.look("market", minutes=2)

    [row] = driver.rows("select own, level, label, why_not_told from mentions where external_id = 'p2'")
    assert (bool(row.own), row.level, row.label) == (True, "quiet", "neutral")
    assert row.why_not_told == "written by one of our own accounts"
    assert driver.told() == ["summary"]


@pytest.mark.parametrize("named", [{"parent": "p2"}, {"thread": "t2"}, {"parent": "somebody-else", "thread": "t2"}])
def test_our_post_under_a_complaint_is_its_answer(named: dict[str, str], site: Site, drive_both: Drive) -> None:
    driver, talk = listening(site, drive_both)
    talk.hears("market", said(2, thread="t2", created=at(1)))
    driver.look("market", minutes=2)

    talk.hears("market", ours(3, created=at(5), **named))
    driver.look("market", minutes=5)

    [reply] = driver.rows("select r.text, m.external_id from replies r join mentions m on m.id = r.mention_id")
    assert (reply.text, reply.external_id) == ("We are sorry, please write to us.", "p2")
    assert driver.one("select state from cases") == "answered"


def test_an_answer_and_what_it_answers_may_come_in_either_order(site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive)
    talk.hears("market", ours(3, created=at(2), parent="p2"))
    driver.look("market", minutes=3)

    talk.hears("market", said(2, created=at(1)))
    driver.look("market", minutes=3)
    driver.look("market", minutes=3)

    assert driver.one("select count(*) from replies") == 1
    assert driver.one("select state from cases") == "answered"


def test_an_answer_of_ours_that_is_taken_down_opens_the_case_again(site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive)
    talk.hears("market", said(2, created=at(1)))
    driver.look("market", minutes=2)
    talk.hears("market", ours(3, created=at(5), parent="p2"))
    driver.look("market", minutes=5)
    assert driver.one("select state from cases") == "answered"

    def taken_down(conn: Connection) -> None:
        ids = mentions.ids_of(conn, "market", ["p3"])
        intake.removed(conn, driver.by_name["market"], ids, routing=driver.routing, now=driver.clock())

    driver.write(taken_down)

    assert driver.one("select state from cases") == "open"
    assert driver.told()[-1] == "reply_gone"
    assert driver.one("select state from replies") == "gone"


# --- one text in two places ----------------------------------------------------------------------


def test_one_text_on_two_sources_is_told_once_and_shares_its_case(site: Site, drive_both: Drive) -> None:
    driver, talk = listening(site, drive_both, "market", "harbour")
    talk.hears("market", said(2, id="m2", uri="https://fed.example/2", created=at(1)))
    talk.hears("harbour", said(2, id="h2", uri="https://fed.example/2", created=at(1)))

    driver.look("market", minutes=2)
    driver.look("harbour")

    rows = driver.rows("select case_id, why_not_told from mentions where same_as is not null order by id")
    assert driver.told().count("new") == 1
    assert rows[0].why_not_told is None
    assert rows[1].why_not_told.startswith("the same text is told as m")
    assert rows[0].case_id == rows[1].case_id is not None


def test_a_twin_of_which_nobody_was_told_hides_nothing(site: Site, drive: Drive) -> None:
    driver, talk = listening(site, drive, "market", "harbour")
    driver.close()
    rule = '[[rules]]\nname = "harbour only"\nsources = ["harbour"]\nchannels = ["screen"]'
    tables = [source(corner, "town_talk", site, corner=corner) for corner in ("market", "harbour")]
    driver = drive(BRANDS, rule, *tables, clock=driver.clock)
    talk.hears("market", said(2, id="m2", uri="https://fed.example/2", created=at(1)))
    talk.hears("harbour", said(2, id="h2", uri="https://fed.example/2", created=at(1)))

    driver.look("market", minutes=2)
    driver.look("harbour")

    [alert] = driver.rows(
        "select m.external_id from alerts a join mentions m on m.id = a.mention_id where reason = 'new'"
    )
    assert alert.external_id == "h2"
