"""Comments on YouTube through the whole program: pages, replies, a search, an answer, deletions, and the quota."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import youtube
from tests.connectors.cases.youtube import CHANNEL, OURS, VIDEO
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers. Never again."
BRAND = f'[[brands]]\nname = "acme"\nterms = ["Acme Coffee"]\nown_accounts = {{ youtube = ["{OURS}"] }}'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("youtube"), "limits", Limits(gap=timedelta(0)))


def at(**span: float) -> str:
    return (START + timedelta(**span)).isoformat().replace("+00:00", "Z")


class YouTube:
    """Threads, newest first, with at most five replies each; `off` are videos whose comments are off."""

    def __init__(self, site: Site) -> None:
        self.threads: dict[int, dict[str, Any]] = {}
        self.replies: dict[int, list[dict[str, Any]]] = {}
        self.videos: dict[str, dict[str, Any]] = {}
        self.off: set[str] = set()
        self.asked: list[Asked] = []
        self.instead: Answer | None = None
        site.routes["/youtube/v3/"] = self.answer

    def puts(self, number: int, when: str, text: str = "Love it.", **changes: Any) -> None:
        self.threads[number] = {"publishedAt": when, "updatedAt": when, "textDisplay": text, **changes}

    def replied(self, thread: int, number: int, when: str, text: str = "Me too.", who: str = "UCx") -> None:
        changes = {"publishedAt": when, "updatedAt": when, "textDisplay": text, "authorChannelId": {"value": who}}
        self.replies.setdefault(thread, []).append(youtube.reply(number, thread, **changes))

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        assert asked.query["key"] == "made-up-api-key"
        if self.instead is not None:
            return self.instead
        match asked.path.rpartition("/")[2]:
            case "commentThreads":
                return self._threads(asked)
            case "search":
                return Answer(youtube.page(*(youtube.hit(one) for one in self.videos)))
            case "videos":
                ids = asked.query["id"].split(",")
                return Answer(youtube.page(*(self.videos[one] for one in ids if one in self.videos)))
        if "parentId" in asked.query:
            return Answer(youtube.page(*self.replies.get(int(asked.query["parentId"].removeprefix("Ug")), [])))
        below = {one["id"]: one for replies in self.replies.values() for one in replies}
        standing = {f"Ug{number}": youtube.comment(number, **self.threads[number]) for number in self.threads} | below
        return Answer(youtube.page(*(standing[one] for one in asked.query["id"].split(",") if one in standing)))

    def _threads(self, asked: Asked) -> Answer:
        wanted = asked.query.get("videoId")
        if wanted in self.off:
            return Answer(youtube.error("commentsDisabled"), 403)
        begin = int(asked.query.get("pageToken", "0"))
        numbers = sorted(self.threads, key=lambda one: str(self.threads[one]["publishedAt"]), reverse=True)
        if wanted:
            numbers = [one for one in numbers if self.threads[one].get("videoId", VIDEO) == wanted]
        if words := asked.query.get("searchTerms"):
            numbers = [one for one in numbers if words.casefold() in self.threads[one]["textDisplay"].casefold()]
        some = numbers[begin : begin + 100]
        shown = [self._thread(number) for number in some]
        return Answer(youtube.page(*shown, token=str(begin + 100) if begin + 100 < len(numbers) else None))

    def _thread(self, number: int) -> dict[str, Any]:
        replies = self.replies.get(number, [])
        return youtube.thread(number, *replies[:5], count=len(replies), **self.threads[number])

    def paths(self) -> list[str]:
        """Return what was asked for, and forget it."""
        paths = [asked.path.rpartition("/")[2] for asked in self.asked]
        self.asked.clear()
        return paths


def watching(site: Site, drive: Drive, tube: YouTube, *, budget: str = "9000 calls", **options: Any) -> Driver:
    account = f'[[accounts]]\nname = "google"\napi_key = {{ env = "KEY" }}\ndaily_budget = "{budget}"'
    one = source("tube", "youtube", site, every="30 min", account="google", **options)
    return drive(BRAND, account, one, KEY="made-up-api-key")


def a_channel(site: Site, drive: Drive, count: int, **options: Any) -> tuple[Driver, YouTube]:
    """Return a driver that watches a channel with so many threads, one an hour."""
    tube = YouTube(site)
    for number in range(1, count + 1):
        tube.puts(number, at(hours=-number))
    return watching(site, drive, tube, channels=[CHANNEL], **options), tube


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_every_page_of_a_channel_is_read_once_and_a_later_look_takes_one_request(site: Site, drive: Drive) -> None:
    driver, tube = a_channel(site, drive, 250)

    driver.walk("tube")
    first = tube.paths()
    looked = driver.look("tube", minutes=30)
    quiet = tube.paths()
    tube.puts(900, at(minutes=40))
    driver.look("tube", minutes=30)

    assert (len(driver.ids()), first) == (251, ["commentThreads"] * 3)
    assert (quiet, looked.taken.new) == (["commentThreads"], 0)
    assert tube.paths() == ["commentThreads"]


def test_replies_beyond_the_fifth_are_read_and_those_to_old_threads_once_a_day(site: Site, drive: Drive) -> None:
    driver, tube = a_channel(site, drive, 60)
    for number in range(8):
        tube.replied(2, 100 + number, at(minutes=-number))
    driver.walk("tube")
    with_replies = len(driver.ids())
    for number in range(8):
        tube.replied(59, 200 + number, at(minutes=10))

    driver.look("tube", minutes=30)
    between = len(driver.ids())
    driver.walk("tube", hours=25)

    assert (with_replies, between, len(driver.ids())) == (68, 73, 76)  # five come with their thread


def test_our_reply_ends_the_case_of_a_comment_and_an_edit_for_the_worse_opens_one(site: Site, drive: Drive) -> None:
    driver, tube = a_channel(site, drive, 3)
    driver.walk("tube")
    tube.threads[2] |= {"textDisplay": COMPLAINT, "updatedAt": at(minutes=20)}
    driver.look("tube", minutes=30)
    turned = (states(driver), driver.told()[-1])
    tube.replied(2, 50, at(minutes=32), "I know that.", who="UCother")
    recheck(driver, minutes=15)
    by_another = states(driver)
    tube.replied(2, 51, at(minutes=50), "We are sorry.", who=OURS)

    recheck(driver, minutes=15)

    assert turned == (["open"], "edited_worse")
    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_comment_that_was_deleted_ends_its_case(site: Site, drive: Drive) -> None:
    driver, tube = a_channel(site, drive, 3)
    driver.walk("tube")
    for number in (4, 5):
        tube.puts(number, at(minutes=number), COMPLAINT)
    driver.look("tube", minutes=30)
    opened = states(driver)
    del tube.threads[4]

    recheck(driver, minutes=15)

    assert (opened, sorted(states(driver))) == (["open", "open"], ["closed", "open"])


def test_of_a_search_videos_and_comments_count_that_name_us(site: Site, drive: Drive) -> None:
    tube = YouTube(site)
    tube.videos = {VIDEO: youtube.video(), "vid-_000002": youtube.video("vid-_000002")}
    tube.off = {"vid-_000002"}
    tube.puts(1, at(hours=-1), "The Acme Coffee grinder broke after a week.")
    tube.puts(2, at(hours=-2), "First!")
    driver = watching(site, drive, tube, brand="acme")

    [looked] = driver.walk("tube")

    assert tube.paths() == ["search", "videos", "commentThreads", "commentThreads"]
    assert looked.look.error is None
    assert driver.ids() == ["Ug1", VIDEO, "vid-_000002"]
    assert driver.one("select sum(amount) from spend") == 103_000_000


def test_nothing_is_asked_once_the_budget_is_used_up_and_a_spent_quota_rests_for_the_day(
    site: Site, drive: Drive
) -> None:
    driver, tube = a_channel(site, drive, 3, budget="2 calls")
    for _ in range(2):
        driver.look("tube", minutes=30)
    over = driver.look("tube", minutes=30).look.error
    tube.paths()
    driver.clock.advance(days=1)
    tube.instead = Answer(youtube.error("quotaExceeded"), 403)

    spent = driver.look("tube").look.error

    assert over is not None
    assert str(over) == "the budget of the day for google is spent (2 calls)"
    assert spent is not None
    assert (spent.code, tube.paths()) == ("over_budget", ["commentThreads"])
    rests_until = driver.state("tube").not_before
    assert rests_until is not None
    assert timedelta(0) < rests_until - driver.clock() <= timedelta(hours=25)  # to midnight in California
