"""Places and apps on Google through the whole program: pages, edits, answers, deletions, new places, monthly files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from monitor.connector import Limits
from monitor.models import Health
from monitor.plugins import connector
from tests.connectors.cases import google_business_profile as places
from tests.connectors.cases import google_play as play
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_accounts import pem
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("google_business_profile", "google_play"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


def when(**span: float) -> datetime:
    return START + timedelta(**span)


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


class Tokens:
    """Google's token server, and who gets in."""

    def __init__(self, site: Site) -> None:
        self.asked: list[Asked] = []
        site.routes["/token"] = self.give

    def give(self, asked: Asked) -> Answer:
        """Answer a request for a token."""
        self.asked.append(asked)
        return Answer({"access_token": f"ya29-made-up-{len(self.asked)}", "expires_in": 3599, "token_type": "Bearer"})

    def let_in(self, asked: Asked) -> bool:
        return asked.headers.get("authorization", "").startswith("Bearer ya29-made-up-")


# --- places --------------------------------------------------------------------------------------


class Places:
    """One account with some places, as the Business Profile APIs show them."""

    def __init__(self, site: Site, *numbers: int) -> None:
        self.reviews: dict[int, dict[str, dict[str, Any]]] = {number: {} for number in numbers}
        self.listed = list(numbers)
        self.asked: list[str] = []
        self.news: list[Any] = []
        self.tokens = Tokens(site)
        for path in ("/v1", "/v4"):
            site.routes[path] = self.answer

    def puts(self, at: int, number: int, written: datetime, **changes: Any) -> None:
        name = f"accounts/11/locations/{at}"
        stamp = written.isoformat()
        fields = {"createTime": stamp, "updateTime": stamp, "starRating": "FIVE", "comment": "Lovely.", **changes}
        self.reviews[at][f"AbFv{number}"] = places.review(number, name, **fields)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked.path)
        if not self.tokens.let_in(asked):
            return Answer({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        if asked.path == "/v1/accounts":
            return Answer({"accounts": [{"name": "accounts/11"}]})
        if asked.path.endswith("/notificationSetting"):
            return Answer({"pubsubTopic": "projects/a/topics/r", "notificationTypes": ["NEW_REVIEW", "UPDATED_REVIEW"]})
        if asked.path.endswith("/locations"):
            return Answer({"locations": [places.place(number) for number in self.listed]})
        if asked.path.endswith(":pull"):
            return Answer({"receivedMessages": self.news} if self.news else {})
        if asked.path.endswith(":acknowledge"):
            taken = json.loads(asked.body)["ackIds"]
            self.news = [one for one in self.news if one["ackId"] not in taken]
            return Answer({})
        return self._reviews(asked)

    def _reviews(self, asked: Asked) -> Answer:
        at, _, *one = asked.path.split("/")[5:]
        here = self.reviews[int(at)]
        if one:
            return Answer(here[one[0]]) if one[0] in here else Answer({"error": {"code": 404}}, 404)
        every = sorted(here.values(), key=lambda review: review["updateTime"], reverse=True)
        first = int(asked.query.get("pageToken", "0"))
        some = every[first : first + 50]
        token = str(first + 50) if len(every) > first + 50 else None
        return Answer(places.page(*some, token=token, totalReviewCount=len(every)) if every else {})


OURS = {"client_id": "our-app", "client_secret": '{ env = "SECRET" }', "refresh_token": '{ env = "REFRESH" }'}
ENV = {"SECRET": "made-up-client-secret", "REFRESH": "1//made-up-refresh"}


def a_chain(site: Site, drive: Drive, **options: Any) -> tuple[Driver, Places]:
    """Return a driver that knows two places with 120 reviews each."""
    shown = Places(site, 21, 22)
    for at in shown.listed:
        for number in range(120):
            shown.puts(at, number, when(hours=-number - 1))
    driver = drive(source("google", "google_business_profile", site, every="2 min", **{**OURS, **options}), **ENV)
    driver.walk("google")
    shown.asked.clear()
    return driver, shown


def test_all_pages_of_all_places_are_read_once_and_a_later_look_asks_each_place_once(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive)

    looked = driver.look("google", minutes=5)

    assert len(driver.ids()) == len(set(driver.ids())) == 240
    assert sorted(shown.asked) == [f"/v4/accounts/11/locations/{at}/reviews" for at in (21, 22)]
    assert (looked.look.error, looked.taken.new, looked.taken.edited) == (None, 0, 0)
    assert len(shown.tokens.asked) == 1
    totals = driver.rows("select subject, count from site_totals order by subject")
    assert [(row.subject, row.count) for row in totals] == [
        (f"Acme Coffee, {at} Quay Street, Bristol", 120) for at in (21, 22)
    ]


def test_a_review_that_turns_bad_is_told_with_its_place_and_the_answer_ends_the_case(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive)
    changed = when(minutes=3).isoformat()
    shown.reviews[22]["AbFv100"] |= {"starRating": "ONE", "comment": COMPLAINT, "updateTime": changed}

    driver.look("google", minutes=5)
    turned, told = states(driver), driver.told()[-1]
    shown.reviews[22]["AbFv100"]["reviewReply"] = {
        "comment": "We are sorry.",
        "updateTime": when(minutes=9).isoformat(),
        "reviewReplyState": "PENDING",
    }
    recheck(driver, minutes=15)
    pending = states(driver)
    shown.reviews[22]["AbFv100"]["reviewReply"]["reviewReplyState"] = "APPROVED"
    asked_about = recheck(driver, minutes=15)

    assert (turned, told) == (["open"], "edited_worse")
    assert driver.one("select place from mentions where case_id is not null") == "Acme Coffee, 22 Quay Street, Bristol"
    assert asked_about == ["accounts/11/locations/22/reviews/AbFv100"]
    assert pending == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_review_is_deleted_once_two_walks_over_all_have_lacked_it(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive)
    shown.puts(21, 900, when(minutes=3), starRating="ONE", comment=COMPLAINT)
    driver.look("google", minutes=5)
    del shown.reviews[21]["AbFv900"]
    recheck(driver, minutes=15)
    after_one_404 = states(driver)

    driver.walk("google", days=1)
    after_one_walk = states(driver)
    driver.walk("google", days=1, minutes=30)

    assert (after_one_404, after_one_walk) == (["open"], ["open"])
    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_a_new_place_is_found_within_a_day_and_announced_once_and_its_old_reviews_wake_nobody(
    site: Site, drive: Drive
) -> None:
    driver, shown = a_chain(site, drive)
    before = driver.told()
    shown.reviews[23] = {}
    shown.listed.append(23)
    for number in range(60):
        shown.puts(23, number, when(days=-number - 30), starRating="ONE", comment=COMPLAINT)

    driver.look("google", hours=1)
    early = len(driver.ids())
    driver.walk("google", days=1)
    shown.asked.clear()
    driver.look("google", minutes=5)

    assert (early, len(driver.ids())) == (240, 300)
    assert driver.told() == [*before, "summary"]
    [facts] = driver.rows("select facts from alerts where facts like '%new_place%'")
    assert "23 Quay Street" in str(facts)
    assert "/v4/accounts/11/locations/23/reviews" in shown.asked


def test_the_first_review_of_a_place_that_had_none_leaves_no_gap(site: Site, drive: Drive) -> None:
    shown = Places(site, 21)
    driver = drive(source("google", "google_business_profile", site, every="2 min", **OURS), **ENV)
    driver.walk("google")
    shown.puts(21, 1, when(minutes=30))

    looked = driver.look("google", hours=1)

    assert looked.taken.new == 1
    assert driver.rows("select * from gaps") == []


def test_a_place_that_is_lost_is_told_and_its_reviews_do_not_count_as_deleted(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive)
    shown.listed.remove(22)
    shown.reviews[22] = {}

    errors = [driver.look("google", days=1, minutes=30 * look).look.error for look in range(4)]

    assert all("22 Quay Street" in str(error) for error in errors)
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 0
    assert driver.state("google").health == Health.BROKEN


def test_what_google_announces_is_read_and_no_other_place_is_asked(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive, subscription="projects/acme/subscriptions/reviews")
    driver.look("google", minutes=5)
    quiet = list(shown.asked)
    shown.puts(22, 900, when(minutes=6), starRating="ONE", comment=COMPLAINT)
    name = "accounts/11/locations/22"
    shown.news = [{"ackId": "a1", "message": {"attributes": {"review_name": f"{name}/reviews/AbFv900"}}}]
    shown.asked.clear()

    looked = driver.look("google", minutes=5)

    pull = "/v1/projects/acme/subscriptions/reviews:pull"
    assert quiet == [pull]
    assert set(shown.asked) == {pull, f"/v4/{name}/reviews", pull.replace("pull", "acknowledge")}
    assert (looked.taken.new, shown.news) == (1, [])
    assert driver.rows("select * from gaps") == []


def test_an_access_that_has_ended_is_told_at_once(site: Site, drive: Drive) -> None:
    driver, shown = a_chain(site, drive)
    site.routes["/token"] = lambda asked: Answer({"error": "invalid_grant"}, 400)

    looked = driver.look("google", hours=2)

    assert looked.look.error is not None
    assert looked.look.error.code == "reconnect"
    assert driver.told()[-1] == "source_broken"
    assert shown.asked == []


# --- an app --------------------------------------------------------------------------------------


class App:
    """One app as Google Play's API shows it, which forgets after a week, and the bucket with its files."""

    def __init__(self, site: Site) -> None:
        self.now = START
        self.reviews: dict[int, dict[str, Any]] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []
        self.tokens = Tokens(site)
        site.routes["/androidpublisher"] = self.answer
        site.routes["/storage"] = self.file

    def puts(self, number: int, at: datetime, **changes: Any) -> None:
        stamp = play.stamp(int(at.timestamp()), 0)
        changes = {"text": "\tLovely.", "starRating": 5, "lastModified": stamp, **changes}
        self.reviews[number] = play.review(number, **changes)

    def changed(self, review: dict[str, Any]) -> int:
        return int(review["comments"][0]["userComment"]["lastModified"]["seconds"])

    def answer(self, asked: Asked) -> Answer:
        """Answer one request for reviews."""
        self.asked.append(asked.path)
        if not self.tokens.let_in(asked):
            return Answer({"error": {"code": 401}}, 401)
        oldest = (self.now - timedelta(days=7)).timestamp()
        every = [one for one in self.reviews.values() if self.changed(one) > oldest]
        every.sort(key=self.changed, reverse=True)
        first = int(asked.query.get("token", "0"))
        token = str(first + 100) if len(every) > first + 100 else None
        return Answer(play.page(*every[first : first + 100], token=token))

    def file(self, asked: Asked) -> Answer:
        """Answer one request for the bucket."""
        self.asked.append(asked.path)
        name = asked.path.rpartition("/o/")[2].replace("%2F", "/") if "/o/" in asked.path else None
        if name in self.files:
            return Answer(self.files[name][1])
        items = [{"name": name, "generation": kept, "size": "9"} for name, (kept, _) in self.files.items()]
        return Answer({"items": items})


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The key of a service account, as Google gives it."""
    private = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    path = tmp_path_factory.mktemp("key") / "play-key.json"
    path.write_text(json.dumps({"client_email": "monitor@acme.iam.gserviceaccount.com", "private_key": private}))
    path.chmod(0o600)
    return str(path)


def an_app(site: Site, drive: Drive, key_file: str, count: int = 150, **options: Any) -> tuple[Driver, App]:
    app = App(site)
    for number in range(count):
        app.puts(number, when(minutes=-50 * number - 1))
    key = f'{{ file = "{key_file}" }}'
    given = {"every": "5 min", "package": play.APP, "service_account": key, **options}
    driver = drive(source("app", "google_play", site, **given))
    return driver, app


def test_a_week_is_read_once_and_a_later_look_goes_back_two_days(site: Site, drive: Drive, key_file: str) -> None:
    driver, app = an_app(site, drive, key_file)

    driver.walk("app")
    first = len(app.asked)
    looked = driver.look("app", minutes=5)

    assert (len(driver.ids()), first, len(app.asked)) == (150, 2, 3)
    assert (looked.look.error, looked.taken.new) == (None, 0)
    assert len(app.tokens.asked) == 1
    assert app.tokens.asked[0].form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_an_app_review_that_turns_bad_is_told_and_the_answer_ends_the_case(
    site: Site, drive: Drive, key_file: str
) -> None:
    driver, app = an_app(site, drive, key_file)
    driver.walk("app")
    app.puts(120, when(minutes=3), starRating=1, text=f"\t{COMPLAINT}")

    driver.look("app", minutes=5)
    turned, told = states(driver), driver.told()[-1]
    app.puts(120, when(minutes=3), starRating=1, text=f"\t{COMPLAINT}", answer="We are sorry.")
    app.asked.clear()
    recheck(driver, minutes=15)

    assert (turned, told) == (["open"], "edited_worse")
    assert len(app.asked) == 1
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_review_that_is_older_than_a_week_is_neither_deleted_nor_is_the_silence_an_alarm(
    site: Site, drive: Drive, key_file: str
) -> None:
    driver, app = an_app(site, drive, key_file, count=1)
    for _ in range(25):
        driver.walk("app", minutes=5)
    app.now = when(days=8)

    for days in (8, 1, 1):
        looked = driver.walk("app", days=days)[-1]
        app.now = driver.clock()

    assert looked.look.error is None
    assert driver.state("app").health == Health.OK
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 0
    assert driver.rows("select * from gaps") == []
    assert "source_broken" not in driver.told()


def test_files_bring_what_the_week_has_not_and_change_nothing_that_it_has(
    site: Site, drive: Drive, key_file: str
) -> None:
    driver, app = an_app(site, drive, key_file, count=2, bucket=play.BUCKET)
    millis = app.changed(app.reviews[1]) * 1000
    old = int(when(days=-40).timestamp()) * 1000
    same = {"Review_Last_Update_Millis_Since_Epoch": str(millis), "Review_Text": "Lovely.", "Star_Rating": "5"}
    bare = {"Review_Submit_Millis_Since_Epoch": str(old), "Review_Last_Update_Millis_Since_Epoch": str(old)}
    bare |= {"Review_Text": "", "Review_Link": ""}
    name = f"reviews/reviews_{play.APP}_202611.csv"
    app.files[name] = ("1", play.file(play.row(1, **same), play.row(7, **bare)))

    driver.walk("app")
    first = driver.ids()
    app.asked.clear()
    driver.walk("app", days=1)
    unchanged = list(app.asked)
    app.files[name] = ("2", play.file(play.row(1, **same), play.row(7, **bare), play.row(8, **bare, Device="x")))
    driver.walk("app", days=1)

    assert first == [f"{play.APP} heroqltevzw {old}", "gp:AOqp0", "gp:AOqp1"]
    assert [path for path in unchanged if "/o/" in path] == []
    assert len(driver.ids()) == 4
    assert driver.one("select max(version) from mentions") == 1


def test_a_bucket_that_is_shut_leaves_the_reviews_of_the_week(site: Site, drive: Drive, key_file: str) -> None:
    driver, _ = an_app(site, drive, key_file, count=3, bucket=play.BUCKET)
    site.routes["/storage"] = lambda asked: Answer({"error": {"code": 403}}, 403)

    looked = driver.look("app")

    assert len(driver.ids()) == 3
    assert "allow the service account to download bulk reports" in str(looked.look.error)
