"""Reviews that services keep for others, through the whole program: Yotpo, Judge.me, Google Places, Yelp and others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import yotpo
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
NAMES = ("yotpo",)


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def at(span: timedelta) -> str:
    return (START + span).isoformat().replace("+00:00", "Z")


class Yotpo:
    """The widget of one product, a hundred reviews at once."""

    def __init__(self, site: Site) -> None:
        self.reviews: dict[int, dict[str, Any]] = {}
        self.asked = 0
        site.routes["/v1/widget/madeUpAppKey/products/mug-1/reviews.json"] = self.answer

    def puts(self, number: int, span: timedelta, **changes: Any) -> None:
        changes = {"score": 5, "content": f"Fine, number {number}.", "title": None, **changes}
        self.reviews[number] = yotpo.review(number, created_at=at(span), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked += 1
        newest = sorted(self.reviews.values(), key=lambda one: str(one["created_at"]), reverse=True)
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        shown = newest[(page - 1) * size : page * size]
        return Answer(yotpo.page(*shown, number=page, size=size, total=len(newest)))


def a_shop(site: Site, drive: Drive, count: int) -> tuple[Driver, Yotpo]:
    """Return a driver that has walked over one product with so many reviews, an hour between two of them."""
    shop = Yotpo(site)
    for number in range(count):
        shop.puts(number, -timedelta(hours=number + 1))
    driver = drive(source("mug", "yotpo", site, every="15 min", app_key="madeUpAppKey", products=["mug-1"]))
    driver.walk("mug")
    return driver, shop


def test_yotpo_is_read_page_by_page_and_a_look_without_news_takes_one_request(site: Site, drive: Drive) -> None:
    driver, shop = a_shop(site, drive, 250)
    walked, shop.asked = shop.asked, 0

    quiet = driver.look("mug", minutes=15)
    shop.puts(900, timedelta(minutes=20))
    news = driver.look("mug", minutes=15)

    assert (walked, shop.asked) == (3, 2)
    assert (quiet.taken.new, news.taken.new) == (0, 1)
    assert len(driver.ids()) == 251
    assert driver.one("select max(count) from site_totals") == 251


def test_a_bad_review_on_yotpo_opens_a_case_and_the_answer_of_the_shop_ends_it(site: Site, drive: Drive) -> None:
    driver, shop = a_shop(site, drive, 3)
    shop.puts(9, timedelta(minutes=5), score=1, content=COMPLAINT)
    driver.look("mug", minutes=15)
    opened = states(driver)

    shop.reviews[9]["comment"] = yotpo.comment(created_at=at(timedelta(minutes=20)))
    recheck(driver, minutes=15)

    assert (opened, states(driver)) == (["open"], ["answered"])
    assert driver.one("select text from replies") == "We're sorry."


def test_a_review_on_yotpo_that_turns_bad_is_told_within_a_day(site: Site, drive: Drive) -> None:
    driver, shop = a_shop(site, drive, 150)
    shop.reviews[140] |= {"score": 1, "content": COMPLAINT}

    driver.walk("mug", hours=25)

    assert (states(driver), driver.told()[-1]) == (["open"], "edited_worse")


def test_a_review_that_yotpo_no_longer_lists_counts_as_deleted_after_two_walks(site: Site, drive: Drive) -> None:
    driver, shop = a_shop(site, drive, 150)
    del shop.reviews[149]
    gone = "select count(*) from mentions where deleted_at is not null"

    driver.walk("mug", hours=25)
    after_one = driver.one(gone)
    driver.walk("mug", hours=25)

    assert (after_one, driver.one(gone)) == (0, 1)
