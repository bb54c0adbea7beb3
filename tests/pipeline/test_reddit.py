"""Reddit through the whole driver: an app and its token, lists by known names, deletions, answers, feeds."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import reddit
from tests.connectors.test_reddit import entry, feed
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "Acme is dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { reddit = ["acme_team"] }'
ACCOUNT = '[[accounts]]\nname = "acme-reddit"\nclient_id = "our-app"\nclient_secret = { env = "SECRET" }'
SECRET, FEED = "made-up-reddit-secret", "made-up-feed-token"


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("reddit"), "limits", Limits(gap=timedelta(0)))


class Reddit:
    """Lists that go on with `after`, newest first; what was deleted keeps its place and loses its words."""

    def __init__(self, site: Site) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        self.tokens: list[Asked] = []
        self.lets_in: set[str] = set()
        self.refuses: Callable[[Asked], Answer | None] = lambda asked: None
        for path in ("/search", "/r/", "/api/info", "/comments/"):
            site.routes[path] = self.answer
        site.routes["/api/v1/access_token"] = self.token

    def puts(self, number: int, at: timedelta, comment: bool = False, **changes: Any) -> str:
        """Publish a post or a comment; returns its name."""
        made = reddit.comment if comment else reddit.post
        thing = made(number, **{"created_utc": (START + at).timestamp(), **changes})
        self.things[thing["data"]["name"]] = thing
        return str(thing["data"]["name"])

    def deletes(self, name: str) -> None:
        """Take the words and the name away, as Reddit does."""
        words = "body" if name.startswith("t1_") else "selftext"
        self.things[name]["data"] |= {"author": "[deleted]", words: "[deleted]"}

    def token(self, asked: Asked) -> Answer:
        self.tokens.append(asked)
        self.lets_in.add(f"access-token-{len(self.tokens)}")
        return Answer({"access_token": f"access-token-{len(self.tokens)}", "token_type": "bearer", "expires_in": 3600})

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if (refused := self.refuses(asked)) is not None:
            return refused
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.lets_in:
            return Answer({"message": "Unauthorized", "error": 401}, 401)
        if asked.path == "/api/info":
            return Answer(reddit.listing(*[self.things[one] for one in asked.query["id"].split(",")]))
        if asked.path.startswith("/comments/"):
            return Answer([reddit.listing(), reddit.listing(*self._sorted("t1"))])
        kind = "t1" if asked.path.endswith("/comments") else "t3"
        found = self._sorted(kind)
        names = [one["data"]["name"] for one in found]
        at = names.index(asked.query["after"]) + 1 if "after" in asked.query else 0
        some = found[at : at + 100]
        after = some[-1]["data"]["name"] if at + 100 < len(found) else None
        return Answer(reddit.listing(*some, after=after))

    def _sorted(self, kind: str) -> list[dict[str, Any]]:
        found = [one for one in self.things.values() if one["kind"] == kind]
        return sorted(found, key=lambda one: -one["data"]["created_utc"])


@pytest.fixture
def site_of_reddit(site: Site) -> Reddit:
    return Reddit(site)


def watched(site: Site, drive: Drive, **options: Any) -> Driver:
    """Return a driver that searches through an app."""
    options = {"username": "acme_watch", "account": "acme-reddit", "every": "10 min", **options}
    return drive(BRAND, ACCOUNT, source("reddit", "reddit", site, **options), SECRET=SECRET)


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_history_is_read_page_by_page_and_a_quiet_look_asks_once(
    site: Site, drive: Drive, site_of_reddit: Reddit
) -> None:
    for number in range(250):
        site_of_reddit.puts(1000 + number, timedelta(hours=number - 260))
    driver = watched(site, drive)

    driver.walk("reddit")
    first = len(site_of_reddit.asked)
    site_of_reddit.puts(2000, timedelta(minutes=3))
    looked = driver.look("reddit", minutes=10)

    [token] = site_of_reddit.tokens
    assert base64.b64decode(token.headers["authorization"][6:]) == f"our-app:{SECRET}".encode()
    assert first == 3
    assert len(driver.ids()) == 251
    assert len(site_of_reddit.asked) - first == 1
    assert looked.look.error is None


def test_a_look_reads_on_until_something_known_comes(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    site_of_reddit.puts(1, timedelta(hours=-1))
    driver = watched(site, drive)
    driver.walk("reddit")
    for number in range(250):
        site_of_reddit.puts(1000 + number, timedelta(seconds=number))
    site_of_reddit.deletes("t3_1249")

    driver.walk("reddit", minutes=10)

    assert len(driver.ids()) == 250
    assert "t3_1249" not in driver.ids()


def test_of_the_comments_of_a_subreddit_only_those_that_name_us_are_kept(
    site: Site, drive: Drive, site_of_reddit: Reddit
) -> None:
    for number in range(30):
        site_of_reddit.puts(number, timedelta(hours=-number - 1), comment=True, body="Nothing about anybody.")
    kept = site_of_reddit.puts(99, timedelta(minutes=-5), comment=True, body=COMPLAINT)
    for thing in site_of_reddit.things.values():
        thing["data"]["permalink"] = "/r/coffee/comments/500/cups/"
    driver = watched(site, drive, subreddits=["coffee"], search=False)

    driver.walk("reddit")
    site_of_reddit.puts(100, timedelta(minutes=4), comment=True, body="Nor this.", permalink="/r/coffee/comments/1/a/")
    before = len(site_of_reddit.asked)
    driver.walk("reddit", minutes=10)

    assert driver.ids() == [kept]
    assert len(site_of_reddit.asked) - before == 2  # posts and comments, one page of each
    assert driver.rows("select 1 from gaps") == []


def test_more_than_a_list_shows_is_kept_as_a_gap(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    site_of_reddit.puts(1, timedelta(hours=-1), comment=True)
    driver = watched(site, drive, subreddits=["coffee"], search=False)
    driver.walk("reddit")
    del site_of_reddit.things["t1_1"]  # it has slid out
    for number in range(1000):
        site_of_reddit.puts(2000 + number, timedelta(seconds=number / 10), comment=True, body="Nothing about anybody.")

    driver.walk("reddit", minutes=10)

    [gap] = driver.rows("select * from gaps")
    assert "1,000" in gap.why


def test_a_page_on_which_nobody_names_us_is_no_trouble(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    driver = watched(site, drive, subreddits=["coffee"], search=False)
    for look in range(21):  # so many in a row, and an empty one would be trouble
        site_of_reddit.puts(900 + look, timedelta(minutes=look), comment=True)
        driver.walk("reddit", minutes=10)
    for number in range(200):
        site_of_reddit.puts(
            2000 + number,
            timedelta(hours=5, seconds=number),
            comment=True,
            body="Tea.",
            permalink="/r/a/comments/1/b/1/",
        )

    [*_, quiet] = [driver.walk("reddit", minutes=10)[-1] for _ in range(2)]

    assert quiet.look.seen == frozenset()
    assert quiet.taken.health == "ok"
    assert driver.rows("select 1 from gaps") == []


def a_complaint(site: Site, drive: Drive, town: Reddit) -> tuple[Driver, str]:
    """Return a driver with one open case about a comment."""
    town.puts(500, timedelta(hours=-2), title="Acme", selftext="Which one do you like?")
    driver = watched(site, drive, subreddits=["coffee"])
    driver.walk("reddit")
    bad = town.puts(700, timedelta(minutes=5), comment=True, body=COMPLAINT)
    driver.look("reddit", minutes=10)
    assert states(driver) == ["open"]
    return driver, bad


def test_our_answer_ends_the_case_and_that_of_somebody_else_does_not(
    site: Site, drive: Drive, site_of_reddit: Reddit
) -> None:
    driver, bad = a_complaint(site, drive, site_of_reddit)
    site_of_reddit.puts(701, timedelta(minutes=8), comment=True, body="Same here.", parent_id=bad)
    recheck(driver, minutes=15)
    by_another = states(driver)
    site_of_reddit.puts(
        702, timedelta(minutes=20), comment=True, body="We are sorry.", author="Acme_Team", parent_id=bad
    )

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_comment_that_was_deleted_ends_its_case(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    driver, bad = a_complaint(site, drive, site_of_reddit)
    site_of_reddit.deletes(bad)

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_an_edit_that_makes_it_worse_is_told(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    name = site_of_reddit.puts(1, timedelta(hours=-1), title="Acme", selftext="Lovely coffee.")
    driver = watched(site, drive)
    driver.walk("reddit")
    edited = (START + timedelta(minutes=2)).timestamp()
    site_of_reddit.things[name]["data"] |= {"selftext": COMPLAINT, "edited": edited}

    driver.look("reddit", minutes=10)

    assert driver.told()[-1:] == ["edited_worse"]


def test_a_token_that_ended_early_is_asked_for_anew(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    driver = watched(site, drive)
    driver.walk("reddit")
    site_of_reddit.lets_in.clear()

    looked = driver.look("reddit", minutes=10)

    assert looked.look.error is None
    assert len(site_of_reddit.tokens) == 2


def test_reddit_is_left_alone_for_the_seconds_it_names(site: Site, drive: Drive, site_of_reddit: Reddit) -> None:
    driver = watched(site, drive)
    driver.walk("reddit")
    limit = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "321.5"}
    site_of_reddit.refuses = lambda asked: Answer({"message": "Too Many Requests", "error": 429}, 429, limit)

    driver.look("reddit", minutes=10)

    assert driver.state("reddit").not_before == driver.clock() + timedelta(seconds=321.5)


def test_feeds_open_with_a_token_that_is_kept_nowhere(site: Site, drive: Drive) -> None:
    asked: list[Asked] = []

    def answer(question: Asked) -> Answer:
        asked.append(question)
        named = entry("t3_500", markup=f"<p>{COMPLAINT}</p>")
        other = entry("t3_501", title="Tea", markup="<p>Fine.</p>").replace("/acme/", "/tea/")
        return Answer(feed(named, other).bytes(), headers={"Content-Type": "application/atom+xml"})

    site.routes["/search.rss"] = answer
    table = source("reddit", "reddit", site, username="acme_watch", feed_token='{ env = "FEED" }', every="10 min")
    driver = drive(BRAND, table, FEED=FEED)

    [looked] = driver.walk("reddit")

    assert looked.look.error is None
    assert driver.ids() == ["t3_500"]
    assert (asked[0].query["feed"], asked[0].query["user"]) == (FEED, "acme_watch")
    assert not any(FEED.encode() in path.read_bytes() for path in driver.folder.glob("monitor.db*"))
