"""A Mastodon server through the whole driver: forward and back, late posts, edits, answers, deletions, two servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import mastodon
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "<p>Dirty, broken, and they took my money twice. Nobody answers.</p>"
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { mastodon = ["acme@social.example"] }'
ACCOUNT = '[[accounts]]\nname = "acme-social"\ntoken = { env = "TOKEN" }'
TOKEN = "made-up-social-token"


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("mastodon"), "limits", Limits(gap=timedelta(0)))


def number(at: timedelta) -> int:
    """Return the id of a post of that time, as the server makes it."""
    return int((START + at).timestamp() * 1000) << 16


class Server:
    """A server that answers as Mastodon does: `min_id` the oldest above it, `max_id` the newest below it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.posts: dict[int, dict[str, Any]] = {}
        self.mentions: list[int] = []
        self.feeds = {"local": "public", "remote": "public"}
        self.asked: list[Asked] = []
        self.refuses: Callable[[Asked], Answer | None] = lambda asked: None
        site.routes["/api/"] = self.answer

    def puts(self, at: timedelta, **changes: Any) -> int:
        """Publish a post; returns its id."""
        post = mastodon.post(number(at), **{"created_at": (START + at).isoformat(), **changes})
        self.posts[number(at)] = post
        return number(at)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if (refused := self.refuses(asked)) is not None:
            return refused
        name = asked.path.removeprefix("/api/")
        if name == "v2/instance":
            return Answer(mastodon.server(**self.feeds))
        if name.startswith("v1/statuses/"):
            return self._one(*name.removeprefix("v1/statuses/").split("/"))
        wanted = parse_qs(urlsplit(self.site.asked[-1]).query)
        if name == "v1/notifications":
            found = dict(enumerate((mastodon.mention(0, self.posts[one]) for one in self.mentions), start=1))
            found = {at: one | {"id": str(at)} for at, one in found.items()}
        else:
            found = {} if "disabled" in self.feeds.values() else self.posts
        return Answer(_page(found, wanted))

    def _one(self, post: str, *rest: str) -> Answer:
        if int(post) not in self.posts:
            return Answer({"error": "Record not found"}, 404)
        if not rest:
            return Answer(self.posts[int(post)])
        below = [one for one in self.posts.values() if one["in_reply_to_id"] == post]
        return Answer({"ancestors": [], "descendants": below})


def _page(found: dict[int, Any], wanted: dict[str, list[str]]) -> list[Any]:
    limit, lowest = int(wanted["limit"][0]), int(wanted.get("min_id", ["0"])[0])
    highest = int(wanted.get("max_id", [str(1 << 80)])[0])
    ids = sorted(one for one in found if lowest < one < highest)
    ids = ids[:limit] if "min_id" in wanted else ids[-limit:]
    return [found[one] for one in reversed(ids)]


@pytest.fixture
def server(site: Site) -> Server:
    return Server(site)


def tagged(site: Site, drive: Drive, **options: Any) -> Driver:
    """Return a driver that watches one tag."""
    options = {"url": mastodon.SERVER, "tags": ["acme"], "every": "5 min", **options}
    return drive(BRAND, source("social", "mastodon", site, **options))


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_history_is_read_backwards_and_what_is_new_forwards(site: Site, drive: Drive, server: Server) -> None:
    for minutes in range(100):
        server.puts(timedelta(minutes=-minutes - 1))
    driver = tagged(site, drive)

    driver.walk("social")
    first = len(server.asked)
    for minutes in range(90):
        server.puts(timedelta(seconds=minutes + 1))
    driver.walk("social", minutes=5)

    assert first == 5  # three pages, an empty one, and what the server shows at all
    assert len(driver.ids()) == 190
    assert all("min_id" in asked.query for asked in server.asked[first:])


def test_a_quiet_look_asks_twice(site: Site, drive: Drive, server: Server) -> None:
    server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    driver.walk("social")
    before = len(server.asked)

    looked = driver.look("social", minutes=5)

    assert looked.look.error is None
    assert len(server.asked) - before == 2


@pytest.mark.parametrize(("late", "looks"), [(timedelta(minutes=30), 1), (timedelta(hours=40), 12)])
def test_a_post_that_comes_late_from_elsewhere_is_found(
    site: Site, drive: Drive, server: Server, late: timedelta, looks: int
) -> None:
    server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    driver.walk("social")
    belated = server.puts(-late, by="jo@far.example")

    for _ in range(looks):
        driver.walk("social", minutes=5)

    assert str(belated) in driver.ids()
    assert len(driver.ids()) == 2
    assert driver.rows("select 1 from gaps") == []


def test_a_newest_post_that_was_deleted_leaves_no_gap(site: Site, drive: Drive, server: Server) -> None:
    newest = server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    for _ in range(3):
        driver.walk("social", minutes=5)
    del server.posts[newest]
    server.puts(timedelta(minutes=16))

    driver.walk("social", minutes=5)

    assert len(driver.ids()) == 2
    assert driver.rows("select 1 from gaps") == []


def test_our_answer_ends_the_case_and_that_of_somebody_else_does_not(site: Site, drive: Drive, server: Server) -> None:
    server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    driver.walk("social")
    bad = server.puts(timedelta(minutes=3), content=COMPLAINT)
    driver.look("social", minutes=5)
    opened = states(driver)
    server.puts(timedelta(minutes=6), by="jo", in_reply_to_id=str(bad), content="<p>Same here.</p>")
    recheck(driver, minutes=15)
    by_another = states(driver)
    server.puts(timedelta(minutes=7), by="acme", in_reply_to_id=str(bad), content="<p>We are sorry.</p>")

    recheck(driver, minutes=15)

    assert (opened, by_another) == (["open"], ["open"])
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_a_post_that_was_deleted_ends_its_case(site: Site, drive: Drive, server: Server) -> None:
    server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    driver.walk("social")
    bad = server.puts(timedelta(minutes=3), content=COMPLAINT)
    driver.look("social", minutes=5)
    del server.posts[bad]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_an_edit_that_makes_it_worse_is_told(site: Site, drive: Drive, server: Server) -> None:
    kind = server.puts(timedelta(minutes=-1), content="<p>Lovely coffee.</p>")
    driver = tagged(site, drive)
    driver.walk("social")
    server.posts[kind] |= {"content": COMPLAINT, "edited_at": (START + timedelta(minutes=4)).isoformat()}

    driver.look("social", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]


def test_a_list_that_is_switched_off_is_told_and_not_taken_for_silence(
    site: Site, drive: Drive, server: Server
) -> None:
    server.puts(timedelta(minutes=-1))
    driver = tagged(site, drive)
    driver.walk("social")
    server.feeds = {"local": "disabled", "remote": "disabled"}

    looked = driver.look("social", minutes=5)

    assert looked.look.error is not None
    assert "switched off" in str(looked.look.error)


def test_mentions_come_with_the_token_of_an_account(site: Site, drive: Drive, server: Server) -> None:
    no = Answer({"error": "The access token is invalid"}, 401)
    server.refuses = lambda asked: None if asked.headers.get("authorization") == f"Bearer {TOKEN}" else no
    server.mentions = [server.puts(timedelta(minutes=-2))]
    table = source("social", "mastodon", site, url=mastodon.SERVER, account="acme-social", every="5 min")
    driver = drive(BRAND, ACCOUNT, table, TOKEN=TOKEN)
    driver.walk("social")
    server.mentions.append(server.puts(timedelta(minutes=3), content=COMPLAINT, visibility="direct"))

    looked = driver.look("social", minutes=5)
    server.refuses = lambda asked: no
    ended = driver.look("social", minutes=5)

    assert looked.look.error is None
    assert [row.kind for row in driver.rows("select kind from mentions order by external_id")] == ["post", "message"]
    assert ended.look.error is not None
    assert ended.look.error.code == "reconnect"
    assert TOKEN not in str(ended.look)


def test_days_without_a_mention_are_no_trouble(site: Site, drive: Drive, server: Server) -> None:
    table = source("social", "mastodon", site, url=mastodon.SERVER, account="acme-social", every="5 min")
    driver = drive(BRAND, ACCOUNT, table, TOKEN=TOKEN)
    for look in range(21):  # so many in a row, and an empty one would be trouble
        server.mentions.append(server.puts(timedelta(minutes=look)))
        driver.walk("social", minutes=5)

    quiet = [driver.look("social", minutes=5) for _ in range(3)]

    assert [looked.taken.health for looked in quiet] == ["ok"] * 3


def test_a_server_that_is_asked_too_often_rests_until_the_time_it_names(
    site: Site, drive: Drive, server: Server
) -> None:
    driver = tagged(site, drive)
    driver.walk("social")
    until = datetime.now(UTC) + timedelta(minutes=4)  # the door has a clock of its own
    headers = {"X-RateLimit-Reset": until.isoformat().replace("+00:00", "Z")}
    server.refuses = lambda asked: Answer({"error": "Too many requests"}, 429, headers)

    driver.look("social", minutes=5)

    waits = driver.state("social").not_before
    assert waits is not None
    assert timedelta(minutes=3) < waits - driver.clock() <= timedelta(minutes=4)


def test_one_post_on_two_servers_is_told_once(site: Site, drive: Drive, server: Server) -> None:
    more: dict[str, Any] = {"tags": ["acme"], "every": "5 min"}
    tables = [source(name, "mastodon", site, url=f"https://{name}.example", **more) for name in ("one", "two")]
    driver = drive(BRAND, *tables)
    driver.walk("one")
    driver.walk("two")
    server.puts(timedelta(minutes=3), content=COMPLAINT, uri="https://far.example/objects/1")

    driver.look("one", minutes=5)
    driver.look("two")

    assert driver.told().count("new") == 1
    assert len(states(driver)) == 1
    assert driver.one("select count(*) from mentions") == 2
