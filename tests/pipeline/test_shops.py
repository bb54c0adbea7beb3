"""A WooCommerce shop and a WordPress site through the whole driver: an answer ends a case, and so does the trash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import woocommerce, wordpress_comments
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "<p>Dirty, broken, and they took my money twice. Nobody answers.</p>\n"
REVIEWS, KEYED, COMMENTS = (
    "/wp-json/wc/store/v1/products/reviews",
    "/wp-json/wc/v3/products/reviews",
    "/wp-json/wp/v2/comments",
)
BRAND = (
    '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { woocommerce = ["7"], wordpress_comments = ["7"] }'
)
KEY = {"consumer_key": '{ env = "KEY" }', "consumer_secret": '{ env = "SECRET" }'}


@pytest.fixture(autouse=True)
def _the_site_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second between two requests: politeness has tests of its own."""
    for name in ("woocommerce", "wordpress_comments"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


class WordPress:
    """A site whose lists hold what they are given, and do what the parameters say."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.lists: dict[str, list[dict[str, Any]]] = {REVIEWS: [], KEYED: [], COMMENTS: []}
        self.refuses: dict[str, Answer] = {}
        self.signed: set[str] = set()
        for path in self.lists:
            site.routes[path] = self.answer

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if "authorization" in asked.headers:
            self.signed.add(asked.path)
        if asked.path in self.refuses:
            return self.refuses[asked.path]
        wanted = parse_qs(urlsplit(self.site.asked[-1]).query)
        found = [one for one in self.lists[asked.path] if _fits(one, wanted)]
        found.sort(key=lambda one: str(one["date_gmt"] if "date_gmt" in one else one["date_created_gmt"]), reverse=True)
        page, size = int(wanted["page"][0]), int(wanted["per_page"][0])
        counts = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        return Answer(found[(page - 1) * size : page * size], headers=counts)


def _fits(one: Mapping[str, Any], wanted: Mapping[str, Sequence[str]]) -> bool:
    names = {"include[]": "id", "parent[]": "parent"}
    return all(str(one[key]) in wanted[name] for name, key in names.items() if name in wanted)


def gmt(**span: float) -> str:
    return (START + timedelta(**span)).replace(tzinfo=None).isoformat()


def told_of_a_bad_review(site: Site, drive: Drive, path: str, **options: Any) -> tuple[Driver, WordPress]:
    """Return a driver with one open case about review 2, and the shop it stands in."""
    shop, make = WordPress(site), woocommerce.keyed if path == KEYED else woocommerce.review
    shop.lists[path] = [make(1, date_created_gmt=gmt(days=-9))]
    driver = drive(
        BRAND, source("shop", "woocommerce", site, every="5 min", url=woocommerce.SHOP, **options), KEY="ck_0123456789",
        SECRET="cs_9876543210",
    )  # fmt: skip
    driver.walk("shop")
    shop.lists[path].append(make(2, review=COMPLAINT, rating=1, date_created_gmt=gmt(minutes=4)))
    driver.look("shop", minutes=5)
    assert states(driver) == ["open"]
    return driver, shop


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_an_answer_among_the_comments_ends_the_case_of_a_review(site: Site, drive: Drive) -> None:
    driver, shop = told_of_a_bad_review(site, drive, REVIEWS)
    shop.lists[COMMENTS] = [
        woocommerce.comment(8, parent=2, author=0, date_gmt=gmt(minutes=9)),
        woocommerce.comment(9, parent=2, date_gmt=gmt(minutes=12)),
    ]

    recheck(driver, minutes=15)

    assert states(driver) == ["answered"]
    assert driver.ids() == ["1", "2", "9"]


def test_an_answer_lasts_although_the_walks_over_the_reviews_do_not_show_it(site: Site, drive: Drive) -> None:
    driver, shop = told_of_a_bad_review(site, drive, REVIEWS)
    shop.lists[COMMENTS] = [woocommerce.comment(9, parent=2, date_gmt=gmt(minutes=12))]
    recheck(driver, minutes=15)
    assert states(driver) == ["answered"]

    for _ in range(3):
        driver.walk("shop", days=1, minutes=1)

    assert states(driver) == ["answered"]
    assert driver.rows("select 1 from mentions where deleted_at is not null") == []


def test_a_review_in_the_trash_ends_its_case_and_the_key_stays_with_the_shops_list(site: Site, drive: Drive) -> None:
    driver, shop = told_of_a_bad_review(site, drive, KEYED, **KEY)
    trashed = woocommerce.keyed(2, status="trash")
    shop.lists[KEYED].pop()
    site.routes = {f"{KEYED}/2": lambda asked: Answer(trashed), **site.routes}

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert shop.signed == {KEYED}
    assert any(path.startswith(COMMENTS) for path in site.asked)


def test_comments_that_are_shut_do_not_pause_the_shop(site: Site, drive: Drive) -> None:
    driver, shop = told_of_a_bad_review(site, drive, REVIEWS)
    shop.refuses[COMMENTS] = Answer({"code": "rest_forbidden", "message": "…", "data": {"status": 401}}, 401)

    recheck(driver, minutes=15)
    looked = driver.look("shop", minutes=5)

    assert looked.look.error is None
    assert states(driver) == ["open"]


def test_many_comments_are_all_read_and_an_answer_in_the_list_ends_the_case(site: Site, drive: Drive) -> None:
    blog, make = WordPress(site), wordpress_comments.comment
    blog.lists[COMMENTS] = [make(number, date_gmt=gmt(hours=-number)) for number in range(1, 251)]
    driver = drive(BRAND, source("blog", "wordpress_comments", site, every="5 min", url=wordpress_comments.SITE))
    driver.walk("blog")
    assert len(driver.ids()) == 250
    blog.lists[COMMENTS].append(make(300, content={"rendered": COMPLAINT}, date_gmt=gmt(minutes=1)))
    driver.look("blog", minutes=5)
    assert states(driver) == ["open"]

    blog.lists[COMMENTS].append(make(301, parent=300, date_gmt=gmt(minutes=6), **wordpress_comments.OURS))
    driver.look("blog", minutes=5)

    assert states(driver) == ["answered"]


@pytest.mark.parametrize(
    ("status", "code"), [(404, "rest_comment_invalid_id"), (401, "rest_cannot_read")], ids=["deleted", "trash"]
)
def test_a_comment_that_is_taken_down_ends_its_case(site: Site, drive: Drive, status: int, code: str) -> None:
    blog, make = WordPress(site), wordpress_comments.comment
    blog.lists[COMMENTS] = [make(1, date_gmt=gmt(days=-9))]
    driver = drive(BRAND, source("blog", "wordpress_comments", site, every="5 min", url=wordpress_comments.SITE))
    driver.walk("blog")
    blog.lists[COMMENTS].append(make(2, content={"rendered": COMPLAINT}, date_gmt=gmt(minutes=1)))
    driver.look("blog", minutes=5)
    blog.lists[COMMENTS].pop()
    site.routes = {f"{COMMENTS}/2": lambda asked: Answer({"code": code, "message": "…"}, status), **site.routes}

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
