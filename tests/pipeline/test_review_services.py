"""Reviews that services keep for others, through the whole program: Yotpo, Judge.me, Google Places, Yelp and others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.errors import ConfigError
from monitor.plugins import connector
from tests.connectors.cases import google_places, judge_me, product_hunt, tripadvisor, yelp, yotpo
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
NAMES = ("google_places", "judge_me", "product_hunt", "tripadvisor", "yelp", "yotpo")


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


class JudgeMe:
    """The list of one shop, a hundred at once, newest first or not."""

    def __init__(self, site: Site) -> None:
        self.reviews: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.newest_first = True
        site.routes["/api/v1/reviews"] = self.answer

    def puts(self, number: int, span: timedelta, **changes: Any) -> None:
        changes = {"rating": 5, "body": f"Fine, number {number}.", "title": None, "updated_at": at(span), **changes}
        self.reviews[number] = judge_me.review(number, created_at=at(span), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked.path.rpartition("/")[2])
        if asked.headers.get("x-api-token") != "made-up-token" or asked.query["shop_domain"] != "acme.myshopify.com":
            return Answer({"error": "Failed to authenticate. Shop domain or Api Token is wrong"}, 401)
        if (one := self.asked[-1]) != "reviews":
            found = self.reviews.get(int(one))
            return Answer({"review": found}) if found else Answer({"error": "Not found"}, 404)
        shown = sorted(self.reviews.values(), key=lambda one: str(one["created_at"]), reverse=self.newest_first)
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        return Answer(judge_me.page(*shown[(page - 1) * size : page * size], number=page))


def a_judged_shop(site: Site, drive: Drive, count: int, **changes: Any) -> tuple[Driver, JudgeMe]:
    """Return a driver that has walked over the reviews of one shop, an hour between two of them."""
    shop = JudgeMe(site)
    vars(shop).update(changes)
    for number in range(count):
        shop.puts(number, -timedelta(hours=number + 1))
    options = {"shop_domain": "acme.myshopify.com", "api_token": '{ env = "TOKEN" }'}
    driver = drive(source("mugs", "judge_me", site, every="5 min", **options), TOKEN="made-up-token")
    driver.walk("mugs")
    return driver, shop


@pytest.mark.parametrize(("newest_first", "quiet"), [(True, 1), (False, 4)])
def test_judge_me_is_read_to_its_end_and_then_as_far_as_its_order_allows(
    site: Site, drive: Drive, newest_first: bool, quiet: int
) -> None:
    driver, shop = a_judged_shop(site, drive, 250, newest_first=newest_first)
    walked = len(shop.asked)

    driver.walk("mugs", minutes=15)
    without_news = len(shop.asked) - walked
    shop.puts(900, timedelta(minutes=16))
    news = driver.look("mugs", minutes=15)

    assert (walked, without_news, news.taken.new) == (4, quiet, 1)  # three pages, and an empty one
    assert len(driver.ids()) == 251


def test_a_bad_review_on_judge_me_opens_a_case_that_ends_when_it_is_taken_down(site: Site, drive: Drive) -> None:
    driver, shop = a_judged_shop(site, drive, 3)
    shop.puts(9, timedelta(minutes=5), rating=1, body=COMPLAINT)
    driver.look("mugs", minutes=15)
    opened = states(driver)
    del shop.reviews[9]

    recheck(driver, minutes=15)

    assert (opened, states(driver), shop.asked[-1]) == (["open"], ["closed"], "9")


def test_a_review_on_judge_me_that_turns_bad_is_told_within_a_day(site: Site, drive: Drive) -> None:
    driver, shop = a_judged_shop(site, drive, 150)
    shop.reviews[140] |= {"rating": 1, "body": COMPLAINT, "updated_at": at(timedelta(minutes=3))}

    driver.walk("mugs", hours=25)

    assert (states(driver), driver.told()[-1]) == (["open"], "edited_worse")


def a_place(site: Site, drive: Drive, budget: str = "10 calls") -> tuple[Driver, list[dict[str, Any]], list[Asked]]:
    """Return a driver that has looked at one place, the reviews that Google shows of it, and what was asked."""
    shown = [google_places.review(number, rating=5, publishTime=at(-timedelta(days=number))) for number in range(5)]
    asked: list[Asked] = []

    def answer(question: Asked) -> Answer:
        asked.append(question)
        assert question.headers["x-goog-fieldmask"]
        if question.headers.get("x-goog-api-key") != "made-up-api-key":
            return Answer({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, 403)
        return Answer(google_places.place(*shown, userRatingCount=400 + len(asked)))

    site.routes[f"/v1/places/{google_places.PLACE}"] = answer
    account = f'[[accounts]]\nname = "maps"\napi_key = {{ env = "KEY" }}\ndaily_budget = "{budget}"'
    options = {"every": "12 h", "account": "maps", "places": f'{{ {google_places.PLACE} = "Quay Street" }}'}
    driver = drive(account, source("glance", "google_places", site, **options), KEY="made-up-api-key")
    driver.walk("glance")
    return driver, shown, asked


def test_google_places_is_for_the_totals_and_five_other_reviews_are_no_gap(site: Site, drive: Drive) -> None:
    driver, shown, _ = a_place(site, drive)
    shown[:] = [
        google_places.review(number, rating=5, publishTime=at(timedelta(hours=number))) for number in range(9, 14)
    ]

    driver.look("glance", hours=24)

    assert [row.count for row in driver.rows("select count from site_totals order by day")] == [401, 402]
    assert driver.one("select count(*) from gaps") == 0
    assert len(driver.ids()) == 10


def test_what_google_places_shows_is_judged_and_told_and_its_words_are_not_written_down(
    site: Site, drive: Drive
) -> None:
    driver, shown, _ = a_place(site, drive)
    words = {"text": COMPLAINT, "languageCode": "en"}
    shown[0] = google_places.review(9, rating=1, publishTime=at(timedelta(hours=11)), text=words, originalText=words)

    driver.look("glance", hours=12)

    assert (states(driver), driver.told()[-1]) == (["open"], "new")
    for file in driver.folder.glob("monitor.db*"):
        assert b"took my money twice" not in file.read_bytes()
        assert b"Nia K." not in file.read_bytes()


def test_google_places_is_not_asked_once_the_calls_of_the_day_are_used_up(site: Site, drive: Drive) -> None:
    driver, _, asked = a_place(site, drive, budget="1 calls")

    looked = driver.look("glance", hours=1)

    assert len(asked) == 1
    assert looked.look.error is not None
    assert looked.look.error.code == "over_budget"


def test_without_a_limit_google_places_is_not_asked_at_all(site: Site, drive: Drive) -> None:
    one = source(
        "glance", "google_places", site, every="12 h", places='{ ChIJmadeUp0001 = "Quay" }', api_key='{ env = "K" }'
    )

    with pytest.raises(ConfigError, match="daily_budget"):
        drive(one, K="made-up-api-key")


def a_business(site: Site, drive: Drive) -> tuple[Driver, list[dict[str, Any]]]:
    """Return a driver that has looked at one business twice, and all of its reviews, of which the newest three show."""
    reviews = [yelp.review(number, rating=5, time_created=pacific(-timedelta(days=number + 1))) for number in range(3)]

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("authorization") != "Bearer made-up-api-key":
            return Answer(yelp.error("TOKEN_INVALID"), 401)
        assert asked.query["sort_by"] == "newest"
        newest = sorted(reviews, key=lambda one: str(one["time_created"]), reverse=True)
        return Answer(yelp.page(*newest[:3], total=len(reviews)))

    site.routes["/v3/businesses/acme-coffee/reviews"] = answer
    options = {"every": "3 h", "business": "acme-coffee", "api_key": '{ env = "KEY" }'}
    driver = drive(source("cafe", "yelp", site, **options), KEY="made-up-api-key")
    driver.walk("cafe")
    driver.look("cafe", hours=3)
    return driver, reviews


def pacific(span: timedelta) -> str:
    return f"{(START + span - timedelta(hours=8)).replace(tzinfo=None)}"


def test_a_bad_review_on_yelp_is_told_and_its_words_are_not_written_down(site: Site, drive: Drive) -> None:
    driver, reviews = a_business(site, drive)
    reviews.append(yelp.review(9, rating=1, text=COMPLAINT, time_created=pacific(timedelta(hours=5))))

    looked = driver.look("cafe", hours=3)

    assert (looked.look.requests, looked.taken.new) == (1, 1)
    assert (states(driver), driver.told()[-1]) == (["open"], "new")
    assert driver.one("select count(*) from gaps") == 0
    for file in driver.folder.glob("monitor.db*"):
        assert b"took my money twice" not in file.read_bytes()


def test_more_than_three_reviews_on_yelp_between_two_looks_are_a_gap(site: Site, drive: Drive) -> None:
    driver, reviews = a_business(site, drive)
    for number in range(10, 15):
        reviews.append(yelp.review(number, time_created=pacific(timedelta(hours=4, minutes=number))))

    looked = driver.look("cafe", hours=3)

    assert looked.taken.new == 3
    assert driver.one("select count(*) from gaps") == 1


def test_a_bad_review_on_tripadvisor_ends_its_case_when_the_answer_shows_and_no_words_are_kept(
    site: Site, drive: Drive
) -> None:
    shown = {
        "en": [tripadvisor.review(1, rating=5, text="Fine.", published_date=at(-timedelta(days=1)))],
        "de": [tripadvisor.review(2, rating=5, text="Gut.", published_date=at(-timedelta(days=2)), lang="de")],
    }

    def answer(asked: Asked) -> Answer:
        if asked.query.get("key") != "made-up-api-key":
            return Answer({"message": "No", "type": "Forbidden", "code": "403"}, 403)
        return Answer(tripadvisor.page(*shown[asked.query["language"]]))

    site.routes[tripadvisor.PATH] = answer
    options = {"every": "6 h", "location": "1234567", "api_key": '{ env = "KEY" }', "languages": ["en", "de"]}
    driver = drive(source("inn", "tripadvisor", site, **options), KEY="made-up-api-key")
    driver.walk("inn")
    bad = tripadvisor.review(9, text=COMPLAINT, title="Never again", published_date=at(timedelta(hours=5)))
    shown["en"].insert(0, bad)

    looked = driver.look("inn", hours=6)
    opened = states(driver)
    bad["owner_response"] = tripadvisor.answer(published_date=at(timedelta(hours=8)))
    driver.look("inn", hours=6)

    assert (looked.look.requests, looked.taken.new) == (2, 1)
    assert (opened, states(driver)) == (["open"], ["answered"])
    for file in driver.folder.glob("monitor.db*"):
        content = file.read_bytes()
        assert not any(words in content for words in (b"took my money twice", b"Never again", b"We are sorry"))


class ProductHunt:
    """One launch: comments by number, twenty at once, with the replies below them."""

    def __init__(self, site: Site) -> None:
        self.comments: dict[int, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        site.routes["/v2/api/graphql"] = self.answer

    def puts(self, number: int, span: timedelta, *replies: Any, **changes: Any) -> None:
        changes = {"body": f"Fine, number {number}.", "createdAt": at(span), **changes}
        self.comments[number] = product_hunt.comment(number, *replies, **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one question."""
        if asked.headers.get("authorization") != "Bearer made-up-token":
            return Answer({"data": None, "errors": [{"error": "invalid_oauth_token"}]}, 401)
        variables = json.loads(asked.body)["variables"]
        self.asked.append(variables)
        if "id" in variables:
            return Answer(product_hunt.alone(self.comments.get(int(variables["id"]))))
        newest = sorted(self.comments.values(), key=lambda one: str(one["createdAt"]), reverse=True)
        start = int(variables.get("after", "0"))
        more = str(start + 20) if start + 20 < len(newest) else None
        return Answer(product_hunt.launch(*newest[start : start + 20], more=more))


def a_launch(site: Site, drive: Drive, count: int) -> tuple[Driver, ProductHunt]:
    """Return a driver that has walked over the comments of one launch, an hour between two of them."""
    hunt = ProductHunt(site)
    for number in range(count):
        hunt.puts(number, -timedelta(hours=3 * number + 1))
    options = {"every": "5 min", "post": "acme", "token": '{ env = "TOKEN" }'}
    driver = drive(source("launch", "product_hunt", site, **options), TOKEN="made-up-token")
    driver.walk("launch")
    return driver, hunt


def test_a_launch_is_read_page_by_page_and_a_look_without_news_takes_one_request(site: Site, drive: Drive) -> None:
    driver, hunt = a_launch(site, drive, 50)
    walked = len(hunt.asked)

    quiet = driver.look("launch", minutes=15)
    hunt.puts(900, timedelta(minutes=20))
    news = driver.look("launch", minutes=15)

    assert (walked, quiet.look.requests, quiet.taken.new, news.taken.new) == (3, 1, 0, 1)
    assert len(driver.ids()) == 51
    assert driver.one("select max(average) from site_totals") == 4.5


def test_a_complaint_below_a_launch_is_ended_by_an_answer_of_the_tokens_account(site: Site, drive: Drive) -> None:
    driver, hunt = a_launch(site, drive, 3)
    hunt.puts(9, timedelta(minutes=5), body=COMPLAINT)
    driver.look("launch", minutes=15)
    opened = states(driver)
    ours = product_hunt.reply(
        901, body="Sorry.", userId="0", user=product_hunt.user(isViewer=True), createdAt=at(timedelta(minutes=20))
    )
    hunt.puts(9, timedelta(minutes=5), ours, body=COMPLAINT)

    recheck(driver, minutes=15)

    assert (opened, states(driver)) == (["open"], ["answered"])
    assert driver.told().count("new") == 1


def test_a_complaint_that_is_taken_back_ends_its_case(site: Site, drive: Drive) -> None:
    driver, hunt = a_launch(site, drive, 3)
    hunt.puts(9, timedelta(minutes=5), body=COMPLAINT)
    driver.look("launch", minutes=15)
    del hunt.comments[9]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
