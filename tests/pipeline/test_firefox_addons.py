"""Ratings of an add-on through the whole driver: pages, edits, answers, deletions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import firefox_addons
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

PATH = "/api/v5/ratings/rating/"
COMPLAINT = "Broken since the update, it lost all my work. Nobody answers."


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("firefox_addons"), "limits", Limits(gap=timedelta(0)))


class AddOns:
    """The ratings of one add-on, newest first."""

    def __init__(self, site: Site) -> None:
        self.ratings: dict[int, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        site.routes[PATH] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        changes = {"score": 5, "body": "Lovely.", **changes}
        self.ratings[number] = firefox_addons.rating(number, created=f"{START + at:%Y-%m-%dT%H:%M:%SZ}", **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        number = asked.path.removeprefix(PATH).strip("/")
        if number:
            found = self.ratings.get(int(number))
            return Answer(found) if found else Answer({"detail": "Not found."}, 404)
        newest = sorted(self.ratings.values(), key=lambda one: one["created"], reverse=True)
        page, size = int(asked.query["page"]), int(asked.query["page_size"])
        return Answer(firefox_addons.page(*newest[(page - 1) * size : page * size], more=len(newest) > page * size))


@pytest.fixture
def addons(site: Site) -> AddOns:
    return AddOns(site)


def watched(site: Site, drive: Drive, addons: AddOns, count: int = 120) -> Driver:
    """Return a driver that has read the history of an add-on."""
    for number in range(count):
        addons.puts(1000 - number, timedelta(hours=-number - 1))
    driver = drive(source("addon", "firefox_addons", site, every="5 min", addon="acme-tabs"))
    driver.walk("addon")
    return driver


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_every_page_is_read_once_and_a_quiet_look_goes_back_two_days(site: Site, drive: Drive, addons: AddOns) -> None:
    driver = watched(site, drive, addons)
    first = len(addons.asked)

    looked = driver.look("addon", minutes=5)

    assert (len(driver.ids()), first) == (120, 3)
    assert (len(addons.asked) - first, looked.taken.new, looked.look.error) == (1, 0, None)


def test_the_developers_answer_ends_the_case(site: Site, drive: Drive, addons: AddOns) -> None:
    driver = watched(site, drive, addons, 3)
    addons.puts(2000, timedelta(minutes=3), score=1, body=COMPLAINT)
    driver.look("addon", minutes=5)
    before = states(driver)
    addons.ratings[2000]["reply"] = firefox_addons.reply()

    asked_about = recheck(driver, minutes=15)

    assert (before, asked_about) == (["open"], ["2000"])
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "Mended in 1.5."


def test_a_rating_that_was_deleted_ends_its_case(site: Site, drive: Drive, addons: AddOns) -> None:
    driver = watched(site, drive, addons, 3)
    addons.puts(2000, timedelta(minutes=3), score=1, body=COMPLAINT)
    driver.look("addon", minutes=5)
    del addons.ratings[2000]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]


def test_stars_that_are_taken_away_from_an_old_rating_are_told_within_a_day(
    site: Site, drive: Drive, addons: AddOns
) -> None:
    driver = watched(site, drive, addons)
    addons.ratings[890] |= {"score": 1, "body": COMPLAINT}

    driver.walk("addon", hours=24)

    assert driver.told()[-1:] == ["edited_worse"]
