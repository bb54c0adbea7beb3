"""A game on Steam and a Discourse forum through the whole program: pages, edits, answers, deletions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import discourse, steam
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { discourse = ["acme_team"] }'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("steam", "discourse"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


def seconds(**span: float) -> int:
    return int((START + timedelta(**span)).timestamp())


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


class Steam:
    """The list of reviews as Valve's clients tell it. It can leave out spans of time, and end too early."""

    def __init__(self, site: Site) -> None:
        self.reviews: dict[int, dict[str, Any]] = {}
        self.ends_at = 10**9
        self.asked: list[dict[str, Any]] = []
        site.routes["/IUserReviewsService/GetAppReviews/v1/"] = self.answer

    def puts(self, number: int, at: int, **changes: Any) -> None:
        changes = {"timestamp_created": at, "timestamp_updated": at, "voted_up": True, "review": "Lovely.", **changes}
        self.reviews[number] = steam.review(number, **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        question = json.loads(asked.query["input_json"])
        self.asked.append(question)
        key = {1: "timestamp_created", 2: "timestamp_updated"}[question["filter"]]
        found = sorted(self.reviews.values(), key=lambda one: -one[key])
        if "date_range_start" in question:
            span = range(question["date_range_start"], question["date_range_end"] + 1)
            found = [one for one in found if one[key] in span]
        at = int(question.get("cursor", "*").strip("*") or 0)
        some = found[at : min(at + question["num_per_page"], self.ends_at)]
        return Answer(steam.page(*some, cursor=str(at + len(some)), total=len(found)))


def a_game(site: Site, drive: Drive, count: int) -> tuple[Driver, Steam]:
    game = Steam(site)
    for number in range(count):
        game.puts(number, seconds(hours=-number - 1))
    return drive(source("game", "steam", site, every="5 min", app_id="123456")), game


def test_every_page_of_a_game_is_read_once_and_a_later_look_goes_back_two_days(site: Site, drive: Drive) -> None:
    driver, game = a_game(site, drive, 250)

    driver.walk("game")
    first = len(game.asked)
    looked = driver.look("game", minutes=5)

    assert len(driver.ids()) == 250
    assert first == 4  # three pages, and an empty one
    assert len(game.asked) == first + 1
    assert (looked.look.error, looked.taken.new, looked.look.problems) == (None, 0, ())


def test_an_old_thumb_that_turns_down_is_told_and_the_developers_answer_ends_the_case(site: Site, drive: Drive) -> None:
    driver, game = a_game(site, drive, 150)
    driver.walk("game")
    game.puts(140, seconds(hours=-141), voted_up=False, review=COMPLAINT, timestamp_updated=seconds(minutes=3))

    driver.look("game", minutes=5)
    turned = states(driver)
    game.reviews[140] |= {"developer_response": "We are sorry.", "timestamp_dev_responded": seconds(minutes=9)}
    asked_about = recheck(driver, minutes=15)

    assert (turned, driver.told()[-1:]) == (["open"], ["edited_worse"])
    assert asked_about == ["140"]
    assert "date_range_start" in game.asked[-1]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_list_that_ends_too_early_is_asked_again_and_what_is_missing_is_named(site: Site, drive: Drive) -> None:
    driver, game = a_game(site, drive, 400)
    game.ends_at = 100

    [looked] = driver.walk("game")

    assert len(driver.ids()) == 100
    assert [question["num_per_page"] for question in game.asked] == [100, 100, 99, 98]
    assert [problem.what for problem in looked.look.problems] == ["Steam ended its list after 100 of 400 reviews"]


class Forum:
    """The newest posts of a forum, fifty at once, and what it says of each."""

    def __init__(self, site: Site) -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        site.routes["/posts"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        self.posts[number] = discourse.post(number, created_at=(START + at).isoformat(), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path == "/posts.json":
            before = int(asked.query.get("before", 10**9))
            return Answer(discourse.latest(*[self.posts[one] for one in sorted(self.posts)[::-1] if one < before][:50]))
        number = int(asked.path.split("/")[2].removesuffix(".json"))
        if number not in self.posts:
            return Answer({"errors": ["Not found"], "error_type": "not_found"}, 404)
        if not asked.path.endswith("/replies.json"):
            return Answer(self.posts[number])
        post = self.posts[number]
        answers = [one for one in self.posts.values() if one["reply_to_post_number"] == post["post_number"]]
        return Answer([one for one in answers if one["topic_id"] == post["topic_id"]])


def a_complaint(site: Site, drive: Drive) -> tuple[Driver, Forum]:
    """Return a driver with 120 posts and one open case about post 700."""
    forum = Forum(site)
    for number in range(501, 621):
        forum.puts(number, timedelta(hours=number - 621), topic_id=number)
    driver = drive(BRAND, source("forum", "discourse", site, every="5 min", url=discourse.FORUM))
    driver.walk("forum")
    assert len(driver.ids()) == 120
    forum.puts(700, timedelta(minutes=3), cooked=f"<p>{COMPLAINT}</p>", post_number=4)
    driver.look("forum", minutes=5)
    assert states(driver) == ["open"]
    return driver, forum


def test_our_answer_in_a_forum_ends_the_case(site: Site, drive: Drive) -> None:
    driver, forum = a_complaint(site, drive)
    forum.puts(701, timedelta(minutes=8), cooked="<p>Sorry.</p>", username="bo", post_number=5, reply_to_post_number=4)
    recheck(driver, minutes=15)
    by_another = states(driver)
    forum.puts(702, timedelta(minutes=18), username="acme_team", post_number=6, reply_to_post_number=4)

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")


def test_a_post_that_was_taken_down_ends_its_case(site: Site, drive: Drive) -> None:
    driver, forum = a_complaint(site, drive)
    del forum.posts[700]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1
