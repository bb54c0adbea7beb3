"""Reviews of an extension through the whole driver: pages, edits, answers, a list that is empty for a moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import vscode_marketplace
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

PATH = "/_apis/public/gallery/publishers/acme/extensions/acme-format/reviews"
COMPLAINT = "Broken since the update, it lost all my work. Nobody answers."


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("vscode_marketplace"), "limits", Limits(gap=timedelta(0)))


class Marketplace:
    """The reviews of one extension, newest first. It can be empty for a moment."""

    def __init__(self, site: Site) -> None:
        self.reviews: dict[int, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        self.shows_nothing = False
        site.routes[PATH] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        changes = {"rating": 5, "text": "Lovely.", **changes}
        self.reviews[number] = vscode_marketplace.review(number, updatedDate=stamp(at), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        before, after = asked.query.get("beforeDate", "9"), asked.query.get("afterDate", "0")[:19]
        newest = sorted(self.reviews.values(), key=lambda one: one["updatedDate"], reverse=True)
        found = [one for one in newest if after < one["updatedDate"] < before]
        size = 0 if self.shows_nothing else int(asked.query["count"])
        body = vscode_marketplace.page(*found[:size], more=len(found) > size > 0)
        return Answer(body | {"totalReviewCount": len(found)})


def stamp(at: timedelta) -> str:
    return f"{START + at:%Y-%m-%dT%H:%M:%S.000Z}"


def watched(site: Site, drive: Drive, count: int) -> tuple[Driver, Marketplace]:
    """Return a driver that has read the history of an extension."""
    marketplace = Marketplace(site)
    for number in range(count):
        marketplace.puts(1000 - number, timedelta(hours=-number - 1))
    driver = drive(source("ext", "vscode_marketplace", site, every="5 min", extension="acme.acme-format"))
    driver.walk("ext")
    return driver, marketplace


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_every_page_is_read_once_and_a_quiet_look_asks_once(site: Site, drive: Drive) -> None:
    driver, marketplace = watched(site, drive, 250)
    first = len(marketplace.asked)

    looked = driver.look("ext", minutes=5)

    assert (len(driver.ids()), first) == (250, 3)
    assert (len(marketplace.asked) - first, looked.taken.new, looked.look.error) == (1, 0, None)


def test_an_old_review_that_turns_bad_is_told_and_the_publishers_answer_ends_the_case(site: Site, drive: Drive) -> None:
    driver, marketplace = watched(site, drive, 150)
    marketplace.puts(860, timedelta(minutes=3), rating=1, text=COMPLAINT)
    driver.look("ext", minutes=5)
    turned = (driver.told()[-1:], states(driver))
    marketplace.reviews[860]["reply"] = vscode_marketplace.reply(860)

    asked_about = recheck(driver, minutes=15)

    assert turned == (["edited_worse"], ["open"])
    assert asked_about == ["860"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "Mended in 1.5."


def test_a_review_that_the_marketplace_calls_deleted_ends_its_case(site: Site, drive: Drive) -> None:
    driver, marketplace = watched(site, drive, 3)
    marketplace.puts(2000, timedelta(minutes=3), rating=1, text=COMPLAINT)
    driver.look("ext", minutes=5)
    marketplace.reviews[2000]["isDeleted"] = True

    driver.look("ext", minutes=5)

    assert states(driver) == ["closed"]


def test_a_list_that_is_empty_for_a_moment_is_an_error_and_deletes_nothing(site: Site, drive: Drive) -> None:
    driver, marketplace = watched(site, drive, 3)
    marketplace.shows_nothing = True

    looked = [driver.look("ext", hours=24) for _ in range(3)]

    assert {one.look.error.code for one in looked if one.look.error} == {"empty"}
    assert driver.one("select count(*) from mentions where deleted_at is null") == 3
