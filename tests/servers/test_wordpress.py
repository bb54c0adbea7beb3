"""Comments and feeds of a real WordPress: approval, many pages, edits, answers, deletions, both kinds of permalinks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from monitor.connector import Brand, Limits, Since
from monitor.connector.wordpress import PLAIN
from monitor.plugins import connector
from tests.builders import FakeClock
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.servers.wordpress import WordPress, running, why_not

pytestmark = [pytest.mark.server, pytest.mark.slow]

BAD = "This was the worst coffee ever. It was dirty, they took my money twice and nobody answers. Terrible, awful."
PRETTY = "/%year%/%monthnum%/%postname%/"
PERMALINKS = pytest.mark.parametrize("permalinks", ["pretty", "plain"])


@pytest.fixture(scope="module")
def site() -> Iterator[WordPress]:
    """The server."""
    if why := why_not():
        pytest.skip(why)
    with running() as started:
        started.calls([["wp_delete_post", number, True] for number in (1, 2)])  # what a new site begins with
        yield started


@pytest.fixture
def permalinks(request: Any) -> str:
    """Which permalinks the site has: pretty ones unless a test says otherwise."""
    return str(getattr(request, "param", "pretty"))


@pytest.fixture
def blog(site: WordPress, permalinks: str) -> Iterator[Blog]:
    """The site with one post, a minute old."""
    wanted = "" if permalinks == "plain" else PRETTY
    if site.call("get_option", "permalink_structure") != wanted:
        site.call("update_option", "permalink_structure", wanted)
        site.call("flush_rewrite_rules")  # a process later: it reads the option when it begins
    made = Blog(site, plain=permalinks == "plain")
    yield made
    site.calls([["wp_delete_post", number, True] for number in made.numbers])


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wordpress_comments", "feed"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


class Blog:
    """The posts of one test on the site, and what people do there."""

    def __init__(self, site: WordPress, *, plain: bool) -> None:
        self.site, self.plain = site, plain
        self.numbers: list[int] = []
        self.number = self.posts("Opening hours", ago=60)

    def posts(self, title: str, ago: int = 30, **more: Any) -> int:
        """Publish a post, so many seconds ago; returns its number."""
        when = {"post_date": stamp(datetime.now(UTC) - timedelta(seconds=ago))}
        post = {"post_title": title, "post_content": f"<p>{title}.</p>", "post_status": "publish", "post_author": 1}
        self.numbers.append(int(self.site.call("wp_insert_post", {**post, **when, **more})))
        return self.numbers[-1]

    def says(self, *texts: str, **more: Any) -> list[str]:
        """Put approved comments below the post; returns their numbers."""
        comment = {"comment_post_ID": self.number, "comment_author": "Nia", "comment_approved": 1}
        calls = [["wp_insert_comment", {**comment, "comment_content": text, **more}] for text in texts]
        return [str(number) for number in self.site.calls(calls)]

    def history(self, count: int) -> list[str]:
        """Put comments below the post that came an hour after each other, a while ago; returns their numbers."""
        dates = [stamp(datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=number)) for number in range(count)]
        shared = {"comment_post_ID": self.number, "comment_author": "Nia", "comment_approved": 1}
        comments = [{**shared, "comment_date": date, "comment_content": f"Cup {i}"} for i, date in enumerate(dates)]
        return [str(number) for number in self.site.calls([["wp_insert_comment", one] for one in comments])]

    def visitor_says(self, text: str, name: str) -> str:
        """Send the form below the post, as somebody new does; returns the number of the comment."""
        form = {
            "comment": text,
            "author": name,
            "email": f"{uuid4()}@mail.example",
            "comment_post_ID": str(self.number),
        }
        self.site.sends("/wp-comments-post.php", **form)
        [found] = self.site.call(
            "get_comments", {"post_id": self.number, "number": 1, "fields": "ids", "status": "all"}
        )
        return str(found)

    def approves(self, comment: str) -> None:
        """Let a comment appear."""
        assert self.site.call("wp_set_comment_status", int(comment), "approve")

    def edits(self, comment: str, text: str) -> None:
        """Change the words of a comment."""
        assert self.site.call("wp_update_comment", {"comment_ID": int(comment), "comment_content": text})

    def shows(self, feed: str) -> tuple[str | None, str]:
        """Return the ETag of a feed, with which a program may ask whether it has changed, and the feed."""
        with urlopen(self.site.address + feed, timeout=30) as answer:
            return answer.headers["ETag"], answer.read().decode()

    def watched(self, drive: Drive, **options: Any) -> Driver:
        """Return a driver that reads the comments of the post; user 1 is us."""
        url = self.site.address + (f"{PLAIN}/" if self.plain else "")
        options = {"url": url, "posts": [self.number], **options}
        return self._driver(drive, "wordpress_comments", **options)

    def fed(self, drive: Drive, feed: str, **options: Any) -> Driver:
        """Return a driver that reads a feed of the site."""
        return self._driver(drive, "feed", url=f"{self.site.address}{feed}", **options)

    def _driver(self, drive: Drive, name: str, **options: Any) -> Driver:
        brand = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { wordpress_comments = ["1"] }'
        where: Any = SimpleNamespace(url=self.site.address)
        table = source("blog", name, where, every="5 min", **options)
        return drive(brand, table, clock=FakeClock(datetime.now(UTC)))


def stamp(time: datetime) -> str:
    """Return a time as WordPress keeps it; the site's zone is UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def deleted(driver: Driver) -> set[str]:
    return {row.external_id for row in driver.rows("select external_id from mentions where deleted_at is not null")}


def texts(driver: Driver) -> list[str]:
    return [row.text for row in driver.rows("select text from versions order by seen_at, mention_id")]


def went_well(driver: Driver, **span: float) -> list[Any]:
    """Walk to the end, without an error or a problem; returns the looks."""
    looked = driver.walk("blog", **span)
    assert [(one.look.error, one.look.problems) for one in looked] == [(None, ())] * len(looked)
    return looked


# --- the REST API


@PERMALINKS
def test_history_is_read_page_by_page_and_what_is_new_is_found(blog: Blog, drive: Drive) -> None:
    before = set(blog.history(230))
    driver = blog.watched(drive)
    walked = went_well(driver)
    first = set(driver.ids())
    new = blog.says("One more cup", "And another one")

    found = went_well(driver, minutes=5)
    blog.says("Another site links here.", comment_type="pingback")
    quiet = went_well(driver, minutes=5)

    assert first == before
    assert set(driver.ids()) - first == set(new)
    assert [sum(one.look.requests for one in looked) for looked in (walked, found, quiet)] == [3, 2, 1]
    assert [(one.taken.new, one.taken.edited) for one in quiet] == [(0, 0)]


@PERMALINKS
def test_a_comment_on_hold_is_seen_when_it_is_approved_even_late(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    held = blog.visitor_says("Zu heiß ☕️ & <b>bitter</b>\nnever again", "Nia & Jo")
    later = blog.says("Lovely.")
    went_well(driver, minutes=5)
    on_hold = driver.ids()
    blog.approves(held)

    went_well(driver, minutes=5)

    assert on_hold == later
    assert set(driver.ids()) == {held, *later}
    [row] = driver.rows("select * from mentions where external_id = :id", id=held)
    assert row.author == "Nia & Jo"
    assert texts(driver)[-1] == "Zu heiß ☕️ & bitter\nnever again"
    ending = f"/?p={blog.number}#comment-{held}" if blog.plain else f"/#comment-{held}"
    assert row.url.endswith(ending)


def test_a_complaint_opens_a_case_and_our_answer_ends_it(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    [bad] = blog.says(BAD)
    went_well(driver, minutes=5)
    opened = states(driver)
    blog.says("Same here.", comment_parent=int(bad), comment_author="Bo")
    recheck(driver, minutes=11)
    by_another = states(driver)
    answer = {"comment_post_ID": blog.number, "comment_parent": int(bad), "user_id": 1, "comment_author": "boss"}
    rest = {"comment_author_email": "boss@acme.example", "comment_author_url": "", "comment_type": "comment"}
    assert blog.site.call("wp_new_comment", {**answer, **rest, "comment_content": "We are sorry."})

    recheck(driver, minutes=11)

    assert (opened, by_another) == (["open"], ["open"])
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_an_edit_is_seen(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    [bad] = blog.says(BAD)
    went_well(driver, minutes=5)
    blog.edits(bad, f"{BAD} And cold!")
    recheck(driver, minutes=11)
    by_recheck = texts(driver)
    blog.edits(bad, "Lovely, after all.")

    went_well(driver, minutes=5)

    assert by_recheck == [BAD, f"{BAD} And cold!"]
    assert texts(driver)[-1] == "Lovely, after all."


def test_what_is_taken_down_is_told_from_what_stands_and_comes_back_from_the_trash(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    said = [int(number) for number in blog.says(*(f"{BAD} ({number})" for number in range(8)))]
    went_well(driver, minutes=5)
    trashed, erased, spam, held = said[:4]
    blog.site.calls(
        [
            ["wp_trash_comment", trashed],
            ["wp_delete_comment", erased, True],
            ["wp_spam_comment", spam],
            ["wp_set_comment_status", held, "hold"],
        ]
    )
    recheck(driver, minutes=11)
    gone = deleted(driver)
    blog.site.call("wp_untrash_comment", trashed)

    went_well(driver, minutes=5)

    assert gone == {str(number) for number in (trashed, erased, spam, held)}
    assert deleted(driver) == gone - {str(trashed)}
    assert states(driver).count("open") >= 4


@pytest.mark.parametrize("way", ["trash", "private", "password"])
def test_the_comments_of_a_post_that_is_hidden_are_gone(way: str, blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    said = blog.says(f"{BAD} (1)", f"{BAD} (2)")
    went_well(driver, minutes=5)
    change = {"password": {"post_password": "x"}, "private": {"post_status": "private"}, "trash": {}}[way]
    if way == "trash":
        blog.site.call("wp_trash_post", blog.number)
    else:
        blog.site.call("wp_update_post", {"ID": blog.number, **change})

    recheck(driver, minutes=11)

    assert deleted(driver) == set(said)


def test_what_stands_behind_a_page_of_hidden_comments_is_seen(blog: Blog, drive: Drive) -> None:
    [shown] = blog.says("Seen by all.")
    hidden = blog.posts("For us alone", post_status="private")
    later = stamp(datetime.now(UTC) + timedelta(minutes=1))
    blog.says(*(f"Between us, {number}" for number in range(100)), comment_post_ID=hidden, comment_date=later)
    driver = blog.watched(drive, posts=[])

    looked = driver.look("blog").look

    assert (looked.error, driver.ids()) == (None, [shown])
    assert [problem.what for problem in looked.problems] == ["page 1 of 2 is empty: what belongs there was not seen"]


def test_a_post_that_is_no_longer_shown_is_told_by_the_option_that_names_it(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    blog.site.call("wp_update_post", {"ID": blog.number, "post_status": "private"})

    looked = driver.look("blog", minutes=5)

    assert looked.look.error is not None
    assert "take it out of `posts`" in str(looked.look.error)


def test_what_was_deleted_from_old_pages_is_noticed_by_two_whole_walks(blog: Blog, drive: Drive) -> None:
    said = blog.history(130)
    driver = blog.watched(drive)
    went_well(driver)
    blog.site.call("wp_delete_comment", int(said[5]), True)

    for _ in range(3):
        went_well(driver, days=8)

    assert deleted(driver) == {said[5]}


@pytest.mark.parametrize("permalinks", ["plain"], indirect=True)
def test_plain_permalinks_are_told_with_the_address_to_give(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive, url=blog.site.address)

    looked = driver.look("blog")

    assert looked.look.error is not None
    assert f"give its address as {blog.site.address}/?rest_route=/" in str(looked.look.error)


def test_a_site_that_shuts_its_api_is_told_and_nothing_is_taken_for_deleted(blog: Blog, drive: Drive) -> None:
    driver = blog.watched(drive)
    went_well(driver)
    [bad] = blog.says(BAD)
    went_well(driver, minutes=5)
    blog.site.call("update_option", "for_members_only", "1")
    try:
        looked = driver.look("blog", minutes=5)
        recheck(driver, minutes=11)
    finally:
        blog.site.call("delete_option", "for_members_only")

    assert looked.look.error is not None
    assert "let /wp-json/wp/v2/comments through" in str(looked.look.error)
    assert (driver.ids(), deleted(driver)) == ([bad], set())
    went_well(driver, hours=7)


def test_the_site_knows_each_parameter_and_field_by_its_name(blog: Blog) -> None:
    address = f"{blog.site.address}/wp-json/wp/v2/comments"
    with urlopen(Request(address, method="OPTIONS"), timeout=30) as answer:
        described = json.load(answer)
    us = Brand("acme", ("Acme",), own_accounts={"wordpress_comments": ("1",)})
    kind = connector("wordpress_comments")
    subject = kind(kind.Config(url=blog.site.address, posts=(1,)), (us,))
    known: Any = SimpleNamespace(external_id="1")
    asked: Any = [*subject.start(Since()), *subject.recheck([known])]
    names = {name.removesuffix("[]") for one in asked for name in one.params}

    assert names == {"orderby", "order", "per_page", "page", "post", "include", "parent"}
    assert names <= set(described["endpoints"][0]["args"])
    assert described["endpoints"][0]["args"]["per_page"]["maximum"] == 100
    assert "date_gmt" in described["endpoints"][0]["args"]["orderby"]["enum"]
    read = {"id", "link", "content", "author", "author_name", "date_gmt", "parent"}
    assert read <= set(described["schema"]["properties"])


# --- feeds


@pytest.mark.parametrize(
    ("permalinks", "feed"),
    [("pretty", "/comments/feed/"), ("pretty", "/comments/feed/atom/"), ("plain", "/?feed=comments-rss2")],
    indirect=["permalinks"],
)
def test_the_feed_of_comments_shows_them_with_their_post(feed: str, blog: Blog, drive: Drive) -> None:
    driver = blog.fed(drive, feed)
    went_well(driver)
    held = blog.visitor_says("I wait.", "Bo")
    [pingback] = blog.says("Another site links here.", comment_type="pingback")
    [said] = blog.says(f"{BAD}\nNever & <b>again</b>!", comment_author="Nia")

    went_well(driver, minutes=16)

    post = blog.site.call("get_the_guid", blog.number)
    assert f"{post}#comment-{held}" not in driver.ids()
    assert f"{post}#comment-{pingback}" in driver.ids()  # nothing in the feed tells it from a comment
    [row] = driver.rows("select * from mentions where external_id = :id", id=f"{post}#comment-{said}")
    assert (row.kind, row.author, row.parent_id) == ("comment", "Nia", post)
    assert f"{BAD}\nNever & again!" in texts(driver)
    assert states(driver) == ["open"]


@pytest.mark.parametrize("change", ["approved late", "edited"])
def test_what_changes_in_the_feed_of_comments_is_seen_although_the_site_says_unchanged(
    change: str, blog: Blog, drive: Drive
) -> None:
    [held] = blog.says("I waited for approval.", comment_approved=0)
    [newer] = blog.says("Newer.", comment_date=stamp(datetime.now(UTC) + timedelta(seconds=2)))
    driver = blog.fed(drive, f"/?feed=rss2&p={blog.number}")
    went_well(driver)
    tag, _ = blog.shows(f"/?feed=rss2&p={blog.number}")
    if change == "edited":
        blog.edits(newer, "I waited, then edited.")
    else:
        blog.approves(held)

    [looked] = went_well(driver, minutes=16)

    assert blog.shows(f"/?feed=rss2&p={blog.number}")[0] == tag  # the site's own fault, which is why we do not ask so
    assert not looked.look.not_modified
    assert any("waited" in text for text in texts(driver))


def test_the_feed_of_comments_says_nothing_for_what_stands_behind_a_password(blog: Blog, drive: Drive) -> None:
    [said] = blog.says(BAD, comment_post_ID=blog.posts("Open to some", post_password="x"))
    driver = blog.fed(drive, "/comments/feed/")

    went_well(driver)

    [row] = driver.rows("select * from mentions join versions on mention_id = id")
    assert row.external_id.endswith(f"#comment-{said}")
    assert row.text == ""


def test_the_feed_of_one_post_holds_its_newest_ten_comments(blog: Blog, drive: Drive) -> None:
    blog.history(12)
    address = blog.site.call("get_post_comments_feed_link", blog.number)
    driver = blog.fed(drive, address.removeprefix(blog.site.address))

    went_well(driver)

    assert set(texts(driver)) == {f"Cup {number}" for number in range(2, 12)}


def test_the_feed_of_posts_is_asked_only_for_what_is_new_and_shows_an_edit(blog: Blog, drive: Drive) -> None:
    driver = blog.fed(drive, "/feed/")
    went_well(driver)
    known = set(driver.ids())
    [quiet] = went_well(driver, minutes=16)
    file = f"{blog.site.address}/talk.mp3"
    episode = blog.posts("Talk & tea", meta_input={"enclosure": f"{file}\n1234\naudio/mpeg\n"})
    went_well(driver, minutes=16)
    [guid] = set(driver.ids()) - known
    blog.site.call("wp_update_post", {"ID": episode, "post_content": "<p>They shut <b>early</b>.</p>"})

    [edited] = went_well(driver, minutes=16)

    assert quiet.look.not_modified
    assert f'<enclosure url="{file}" length="1234" type="audio/mpeg" />' in blog.shows("/feed/")[1]
    assert guid == blog.site.call("get_the_guid", episode)
    [row] = driver.rows("select * from mentions where external_id = :id", id=guid)
    assert (row.kind, row.author, row.url) == ("post", "boss", blog.site.call("get_permalink", episode))
    assert edited.taken.edited == 1
    assert texts(driver)[-1] == "They shut early."


@pytest.mark.parametrize("kind", ["rss2", "atom", "rdf", "rss"])
def test_every_kind_of_feed_that_it_has_is_read(kind: str, blog: Blog, drive: Drive) -> None:
    driver = blog.fed(drive, f"/?feed={kind}")

    went_well(driver)

    titles = [row.title for row in driver.rows("select title from versions")]
    assert "Opening hours" in titles
