"""Reviews that their owner reads with a key of his own, through the whole program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import apple_app_store_connect as apple
from tests.connectors.cases import trustpilot
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_accounts import pem
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apple_app_store_connect", "trustpilot"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


class AppStore:
    """The list of reviews of one app, two hundred at once, for whoever signs with the right key."""

    def __init__(self, site: Site) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.reviews: dict[int, dict[str, Any]] = {}
        self.answers: dict[int, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        site.routes["/v1/"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        changes = {"createdDate": (START + at).isoformat(), "rating": 5, "body": f"Fine, number {number}.", **changes}
        self.reviews[number] = {"title": None, **changes}

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        assert asked.query["include"] == "response"
        token = asked.headers["authorization"].removeprefix("Bearer ")
        unchecked = {"verify_exp": False, "verify_iat": False}
        try:
            jwt.decode(token, self.key.public_key(), ["ES256"], audience="appstoreconnect-v1", options=unchecked)
        except jwt.InvalidSignatureError:
            return Answer({"errors": [{"status": "401", "code": "NOT_AUTHORIZED", "title": "No"}]}, 401)
        if asked.path.startswith("/v1/customerReviews/"):
            number = int(asked.path.rpartition("-")[2])
            if number not in self.reviews:
                return Answer(apple.ERROR, 404)
            shown = self._shown([number])
            return Answer({**shown, "data": shown["data"][0]})
        at = int(asked.query.get("cursor", "0"))
        numbers = sorted(self.reviews, key=lambda one: str(self.reviews[one]["createdDate"]), reverse=True)
        size = int(asked.query["limit"])
        following = f"{apple.LIST}?cursor={at + size}&sort=-createdDate&include=response&limit={size}"
        more = following if at + size < len(numbers) else None
        return Answer(self._shown(numbers[at : at + size], following=more, total=len(numbers)))

    def _shown(self, numbers: list[int], **rest: Any) -> dict[str, Any]:
        reviews = [apple.review(one, answered=one in self.answers, **self.reviews[one]) for one in numbers]
        included = [apple.answer(one, **self.answers[one]) for one in numbers if one in self.answers]
        return apple.page(*reviews, included=included or None, **rest)


def an_app(site: Site, drive: Drive, count: int, **env: str) -> tuple[Driver, AppStore]:
    """Return a driver with an account that holds the key, and the store behind it."""
    store = AppStore(site)
    for number in range(1, count + 1):
        store.puts(number, -timedelta(hours=number))
    account = '[[accounts]]\nname = "apple"\nkey_id = "ABC1234567"\nissuer_id = "6a00"\nprivate_key = { env = "P8" }'
    one = source("app", "apple_app_store_connect", site, every="5 min", account="apple", app_id="123456789")
    return drive(account, one, **{"P8": pem(store.key), **env}), store


def test_every_page_of_an_app_is_read_once_and_a_look_without_news_takes_one_request(site: Site, drive: Drive) -> None:
    driver, store = an_app(site, drive, 450)

    driver.walk("app")
    first = len(store.asked)
    looked = driver.look("app", minutes=5)
    store.puts(451, timedelta(minutes=4))
    with_a_new_one = driver.look("app", minutes=5)

    assert (len(driver.ids()), first) == (451, 3)
    assert (looked.look.requests, looked.taken.new) == (1, 0)
    assert (with_a_new_one.look.requests, with_a_new_one.taken.new) == (2, 1)  # until a whole page is known
    assert driver.one("select count from site_totals") == 451


def test_a_review_that_turns_bad_is_told_and_the_published_answer_ends_its_case(site: Site, drive: Drive) -> None:
    driver, store = an_app(site, drive, 3)
    driver.walk("app")
    store.reviews[2] |= {"rating": 1, "body": COMPLAINT}
    driver.look("app", minutes=5)
    turned = (states(driver), driver.told()[-1])

    store.answers[2] = {"state": "PENDING_PUBLISH"}
    recheck(driver, minutes=15)
    waiting = states(driver)
    store.answers[2] = {"state": "PUBLISHED"}
    recheck(driver, minutes=15)

    assert turned == (["open"], "edited_worse")
    assert waiting == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_review_that_apple_no_longer_has_ends_its_case(site: Site, drive: Drive) -> None:
    driver, store = an_app(site, drive, 3)
    driver.walk("app")
    store.puts(4, timedelta(minutes=1), rating=1, body=COMPLAINT)
    driver.look("app", minutes=5)
    opened = states(driver)
    del store.reviews[4]

    recheck(driver, minutes=15)

    assert (opened, states(driver)) == (["open"], ["closed"])


def test_an_old_review_without_a_case_counts_as_deleted_after_two_days_without_it(site: Site, drive: Drive) -> None:
    driver, store = an_app(site, drive, 250)
    driver.walk("app")
    del store.reviews[230]
    gone = "select count(*) from mentions where deleted_at is not null"

    driver.walk("app", hours=25)
    after_one = driver.one(gone)
    driver.walk("app", hours=25)

    assert (after_one, driver.one(gone)) == (0, 1)


def test_a_revoked_key_is_told_at_once(site: Site, drive: Drive) -> None:
    driver, store = an_app(site, drive, 3)
    driver.walk("app")
    store.key = ec.generate_private_key(ec.SECP256R1())

    looked = driver.look("app", minutes=5)

    assert looked.look.error is not None
    assert (looked.look.error.code, driver.told()[-1]) == ("reconnect", "source_broken")
    assert "NOT_AUTHORIZED" in str(looked.look.error)


class Trustpilot:
    """One business, its reviews a hundred at once by number, and what each call was signed with."""

    def __init__(self, site: Site) -> None:
        self.reviews: dict[int, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        site.routes["/v1/"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        created = (START + at).isoformat().replace("+00:00", "Z")
        changes = {"createdAt": created, "stars": 5, "text": f"Fine, number {number}.", **changes}
        self.reviews[number] = trustpilot.review(number, **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if asked.headers.get("apikey") != "made-up-api-key":
            return Answer({"fault": "Invalid ApiKey"}, 401)
        if asked.path.endswith("/find"):
            found = trustpilot.business(numberOfReviews={"total": len(self.reviews)})
            return Answer(found if asked.query["name"] == "shop.example" else {}, 200)
        if asked.path.startswith("/v1/reviews/"):
            number = int(asked.path.rpartition("/")[2], 16)
            return Answer(self.reviews[number]) if number in self.reviews else Answer({}, 404)
        newest = sorted(self.reviews.values(), key=lambda one: str(one["createdAt"]), reverse=True)
        at, size = (int(asked.query["page"]) - 1) * int(asked.query["perPage"]), int(asked.query["perPage"])
        return Answer(trustpilot.page(*newest[at : at + size]))

    def paths(self) -> list[str]:
        """Return what was asked for, and forget it."""
        paths = [asked.path.rpartition("/")[2] for asked in self.asked]
        self.asked.clear()
        return paths


def a_business(site: Site, drive: Drive, count: int, *, budget: str = "500 calls") -> tuple[Driver, Trustpilot]:
    """Return a driver with an account that holds the key, and Trustpilot behind it."""
    reviews = Trustpilot(site)
    for number in range(1, count + 1):
        reviews.puts(number, -timedelta(hours=number))
    account = f'[[accounts]]\nname = "shop"\napi_key = {{ env = "KEY" }}\ndaily_budget = "{budget}"'
    one = source("reviews", "trustpilot", site, every="15 min", account="shop", domain="shop.example")
    return drive(account, one, KEY="made-up-api-key"), reviews


def test_the_business_is_asked_for_once_a_day_and_a_look_without_news_takes_one_call(site: Site, drive: Drive) -> None:
    driver, reviews = a_business(site, drive, 250)

    driver.walk("reviews")
    first = reviews.paths()
    looked = driver.look("reviews", minutes=15)
    quiet = reviews.paths()
    driver.walk("reviews", hours=25)

    assert (len(driver.ids()), first) == (250, ["find", *["reviews"] * 4])  # three pages, and an empty one
    assert (quiet, looked.taken.new) == (["reviews"], 0)
    assert reviews.paths() == ["find", *["reviews"] * 4]
    assert driver.one("select max(count) from site_totals") == 250


def test_every_call_is_counted_and_none_goes_out_once_those_of_the_day_are_used_up(site: Site, drive: Drive) -> None:
    driver, reviews = a_business(site, drive, 250, budget="6 calls")
    driver.walk("reviews")
    driver.look("reviews", minutes=15)
    spent = driver.one("select sum(amount) from spend")
    reviews.asked.clear()

    looked = driver.look("reviews", minutes=15)

    assert spent == 6_000_000
    assert reviews.asked == []
    assert looked.look.error is not None
    assert str(looked.look.error) == "the budget of the day for shop is spent (6 calls)"


def test_an_old_review_that_turns_bad_is_found_within_a_day_and_its_answer_ends_the_case(
    site: Site, drive: Drive
) -> None:
    driver, reviews = a_business(site, drive, 250)
    driver.walk("reviews")
    reviews.reviews[240] |= {"stars": 1, "text": COMPLAINT, "updatedAt": "2026-11-24T09:05:00Z"}

    driver.look("reviews", minutes=15)
    not_yet = states(driver)
    driver.walk("reviews", hours=24)
    turned = (states(driver), driver.told()[-1])
    reviews.reviews[240] |= {"companyReply": trustpilot.answer(createdAt="2026-11-25T09:30:00Z")}
    recheck(driver, minutes=15)

    assert not_yet == []
    assert turned == (["open"], "edited_worse")
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We have sent it again."


def test_a_review_that_was_taken_down_ends_its_case(site: Site, drive: Drive) -> None:
    driver, reviews = a_business(site, drive, 3)
    driver.walk("reviews")
    reviews.puts(4, timedelta(minutes=1), stars=1, text=COMPLAINT)
    driver.look("reviews", minutes=15)
    opened = states(driver)
    del reviews.reviews[4]

    recheck(driver, minutes=15)

    assert (opened, states(driver)) == (["open"], ["closed"])


def test_a_review_on_the_border_of_two_pages_is_stored_once_when_a_new_one_shifts_them(
    site: Site, drive: Drive
) -> None:
    driver, reviews = a_business(site, drive, 150)
    driver.bites(requests=2)  # the business and the first page; the second one comes after the shift
    driver.look("reviews")
    reviews.puts(900, timedelta(minutes=1))

    driver.walk("reviews", minutes=2)
    driver.look("reviews", minutes=15)

    assert len(driver.ids()) == len(set(driver.ids())) == 151
