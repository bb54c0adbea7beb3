"""A Facebook Page and an Instagram account through the whole program: pages, edits, answers, deletions, pushes."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from monitor import polling
from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import facebook_page as page
from tests.connectors.cases import instagram as account
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
KEYS = '[[accounts]]\nname = "meta"\ntoken = { env = "TOKEN" }\napp_secret = { env = "APP" }'
ENV = {"TOKEN": page.TOKEN, "APP": page.SECRET}
PROOF = hmac.new(page.SECRET.encode(), page.TOKEN.encode(), hashlib.sha256).hexdigest()
HERE = "https://graph.facebook.com/v25.0"


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("facebook_page", "instagram"):
        monkeypatch.setattr(connector(name), "limits", Limits(gap=timedelta(0)))


def moment(**span: float) -> str:
    return (START + timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S+0000")


class Graph:
    """Meta's interface with some posts, newest first, and the comments below them; lists hold as many as it likes."""

    def __init__(self, site: Site, home: str, posts: str, *, at_once: int = 25, below: int = 50) -> None:
        self.home, self.at_once, self.below = home, at_once, below
        self.key = {"feed": "created_time", "media": "timestamp"}[posts]
        self.lists: dict[str, list[dict[str, Any]]] = {posts: [], "tagged": [], "tags": []}
        self.comments: dict[str, list[dict[str, Any]]] = {}
        self.things: dict[str, dict[str, Any]] = {}
        self.refuses: Answer | None = None
        self.asked: list[Asked] = []
        site.routes["/v25.0/"] = self.answer

    def says(self, above: str, *said: dict[str, Any]) -> None:
        """Put comments below a post, and have them to be asked for by themselves."""
        self.comments.setdefault(above, []).extend(said)
        self.things |= {one["id"]: one for one in said}

    def paths(self) -> list[str]:
        """Return what was asked since the last time."""
        asked, self.asked = self.asked, []
        return [one.path.removeprefix("/v25.0/") for one in asked]

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if (asked.query.get("access_token"), asked.query.get("appsecret_proof")) != (page.TOKEN, PROOF):
            return Answer(page.error(190), 400)
        if self.refuses is not None:
            return self.refuses
        thing, _, name = asked.path.removeprefix("/v25.0/").partition("/")
        if name in self.lists and thing == self.home:
            return Answer(self._list(asked, [self._with_below(post) for post in self.lists[name]], self.at_once))
        if name == "comments":
            return Answer(self._list(asked, self._newest(thing), self.below))
        if thing == self.home:
            return Answer({"id": thing, "overall_star_rating": 4.4, "rating_count": 87})
        if thing in self.things:
            return Answer(self.things[thing])
        return Answer(page.error(100, 33), 400)

    def _newest(self, above: str) -> list[dict[str, Any]]:
        return sorted(self.comments.get(above, ()), key=lambda one: str(one[self.key]), reverse=True)

    def _with_below(self, post: dict[str, Any]) -> dict[str, Any]:
        newest = self._newest(post["id"])
        more = f"{HERE}/{post['id']}/comments?access_token={page.TOKEN}&after={self.below}"
        below = page.edge(*newest[: self.below], more=more if len(newest) > self.below else None)
        return {**post, "comments": below} if newest else post

    def _list(self, asked: Asked, entries: list[dict[str, Any]], size: int) -> dict[str, Any]:
        start = int(asked.query.get("after", "0"))
        address = f"https://graph.facebook.com{asked.path}?{urlencode({**asked.query, 'after': start + size})}"
        return page.edge(*entries[start : start + size], more=address if len(entries) > start + size else None)


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


# --- Facebook ------------------------------------------------------------------------------------


@pytest.fixture
def graph(site: Site) -> Graph:
    """A Page with a post of today and one of three weeks ago."""
    made = Graph(site, page.PAGE, "feed")
    made.lists["feed"] = [page.post(2, created_time=moment(hours=-1)), page.post(1, created_time=moment(days=-21))]
    made.says(f"{page.PAGE}_2", page.comment(11, below=2, created_time=moment(minutes=-40), message="Nice."))
    return made


@pytest.fixture
def driver(site: Site, drive: Drive, graph: Graph) -> Driver:
    """A driver that has looked once."""
    made = drive(KEYS, source("page", "facebook_page", site, every="5 min", account="meta", page=page.PAGE), **ENV)
    made.walk("page")
    return made


def complaint(driver: Driver, graph: Graph, number: int = 21, post: int = 1, **changes: Any) -> None:
    """Let somebody complain below a post, and look."""
    said = page.comment(number, below=post, message=COMPLAINT, created_time=moment(minutes=4), **changes)
    graph.says(f"{page.PAGE}_{post}", said)
    driver.look("page", minutes=5)
    assert states(driver) == ["open"]
    graph.paths()


def test_a_first_look_is_quiet_and_the_stars_of_the_page_are_kept(driver: Driver, graph: Graph) -> None:
    assert driver.ids() == ["2_11"]
    assert driver.told() == ["summary"]
    assert driver.one("select average from site_totals") == 4.4
    assert graph.paths() == [f"{page.PAGE}/feed", f"{page.PAGE}/tagged", page.PAGE]


def test_a_look_that_finds_nothing_new_asks_twice_and_so_does_one_that_finds_a_comment(
    driver: Driver, graph: Graph
) -> None:
    graph.paths()
    driver.look("page", minutes=5)
    nothing_new = graph.paths()
    graph.says(f"{page.PAGE}_1", page.comment(21, message=COMPLAINT, created_time=moment(minutes=9)))
    driver.look("page", minutes=5)

    assert nothing_new == graph.paths() == [f"{page.PAGE}/feed", f"{page.PAGE}/tagged"]
    assert driver.told() == ["summary", "new"]


def test_an_answer_of_the_page_ends_the_case_without_its_number_among_the_own_accounts(
    driver: Driver, graph: Graph
) -> None:
    complaint(driver, graph)
    answered = page.comment(22, parent={"id": "1_21"}, message="We are sorry.", by=page.US)
    graph.things["1_21"] = {**graph.things["1_21"], "comments": page.edge(answered)}

    recheck(driver, minutes=15)

    assert states(driver) == ["answered"]
    assert driver.one("select text from replies") == "We are sorry."
    assert driver.ids() == ["1_21", "2_11"]


def test_an_answer_that_is_taken_away_opens_the_case_again(driver: Driver, graph: Graph) -> None:
    complaint(driver, graph)
    graph.says(f"{page.PAGE}_1", page.ours(22, parent={"id": "1_21"}, created_time=moment(minutes=8)))
    driver.look("page", minutes=5)
    answered = states(driver)
    graph.comments[f"{page.PAGE}_1"].pop()
    recheck(driver, minutes=30)  # a comment by itself does not show that there is none
    still = states(driver)

    for _ in range(2):
        driver.look("page", minutes=5)

    assert (answered, still, states(driver)) == (["answered"], ["answered"], ["open"])


def test_a_comment_that_was_deleted_ends_its_case(driver: Driver, graph: Graph) -> None:
    complaint(driver, graph)
    del graph.things["1_21"]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select external_id from mentions where deleted_at is not null") == "1_21"


def test_an_edit_is_told_when_it_is_worse(driver: Driver, graph: Graph) -> None:
    graph.comments[f"{page.PAGE}_2"] = [{**graph.things["2_11"], "message": COMPLAINT}]

    driver.look("page", minutes=5)

    assert driver.told() == ["summary", "edited_worse"]
    assert driver.ids() == ["2_11"]


def test_every_page_of_posts_and_of_comments_is_read(site: Site, drive: Drive) -> None:
    graph = Graph(site, page.PAGE, "feed", at_once=3, below=4)
    for number in range(1, 9):
        graph.lists["feed"].insert(0, page.post(number, created_time=moment(days=-40, hours=number)))
    for number in range(11, 21):
        graph.says(f"{page.PAGE}_8", page.comment(number, below=8, created_time=moment(days=-3, hours=number)))
    graph.says(f"{page.PAGE}_1", page.comment(31, created_time=moment(days=-30)))
    driver = drive(KEYS, source("page", "facebook_page", site, every="5 min", account="meta", page=page.PAGE), **ENV)

    driver.bites(requests=2).walk("page")

    assert driver.ids() == ["1_31", *(f"8_{number}" for number in range(11, 21))]
    stored = b"".join(path.read_bytes() for path in driver.folder.glob("monitor.db*"))
    assert page.TOKEN.encode() not in stored
    assert PROOF.encode() not in stored


def test_a_token_that_has_ended_is_told_once_and_nothing_counts_as_deleted(driver: Driver, graph: Graph) -> None:
    complaint(driver, graph)
    graph.refuses = Answer(page.error(190, 460), 400)

    looked = driver.look("page", minutes=5)
    recheck(driver, minutes=10)

    assert str(looked.look.error) == (
        "Facebook says that the access has ended: the password was changed; make a new token"
    )
    assert looked.taken.health == "paused"
    assert driver.told()[-1] == "source_broken"
    assert driver.rows("select 1 from mentions where deleted_at is not null") == []


def test_a_limit_that_names_minutes_is_waited_for(driver: Driver, graph: Graph) -> None:
    usage = json.dumps({page.PAGE: [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 19}]})
    graph.refuses = Answer(page.error(80001), 400, {"X-Business-Use-Case-Usage": usage})

    driver.look("page", minutes=5)

    assert driver.state("page").not_before == driver.clock() + timedelta(minutes=19)


def pushed(driver: Driver, value: dict[str, Any], thing: str = "page", field: str = "feed") -> polling.Taken:
    """Let Meta push a change."""
    home = {"page": page.PAGE, "instagram": account.USER}[thing]
    entry = {"id": home, "time": 1795425060, "changes": [{"field": field, "value": value}]}
    body = json.dumps({"object": thing, "entry": [entry]}).encode()
    signature = "sha256=" + hmac.new(page.SECRET.encode(), body, hashlib.sha256).hexdigest()
    one = driver.by_name[thing]
    look = polling.receive(one, {"X-Hub-Signature-256": signature}, body, driver.tools)
    return driver.write(lambda conn: polling.take_recheck(conn, look, one, driver.routing, driver.clock()))


def test_what_is_pushed_is_told_at_once_and_a_pushed_answer_ends_the_case(driver: Driver, graph: Graph) -> None:
    at = datetime.fromisoformat(moment(minutes=4)).timestamp()
    said = page.comment(21, message=COMPLAINT, created_time=moment(minutes=4))
    value = {"item": "comment", "verb": "add", "post_id": f"{page.PAGE}_1", "created_time": int(at)}
    driver.clock.advance(minutes=5)

    first = pushed(driver, {**value, "comment_id": "1_21", "from": page.NIA, "message": COMPLAINT})  # not readable yet
    graph.says(f"{page.PAGE}_1", {**said, "comments": page.edge(page.ours(22, parent={"id": "1_21"}))})
    again = pushed(driver, {**value, "comment_id": "1_22", "parent_id": "1_21", "from": page.US, "message": "Sorry."})

    assert (first.new, first.alerts, again.new, again.edited) == (1, 1, 0, 0)
    assert states(driver) == ["answered"]
    assert driver.told() == ["summary", "new"]


def test_a_pushed_removal_ends_the_case(driver: Driver, graph: Graph) -> None:
    complaint(driver, graph)

    pushed(driver, {"item": "comment", "verb": "remove", "comment_id": "1_21", "post_id": f"{page.PAGE}_1"})

    assert states(driver) == ["closed"]


# --- Instagram -----------------------------------------------------------------------------------


class Pictures(Graph):
    """The same for an account: replies stand inside comments, and there are hashtags."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, account.USER, "media")
        self.hashtag: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        found = super().answer(asked)
        path = asked.path.removeprefix("/v25.0/")
        if path == "ig_hashtag_search":
            return Answer({"data": [{"id": "5500"}]})
        if path == "5500/recent_media":
            return Answer({"data": self.hashtag})
        fields = asked.query.get("fields", "")
        if path == account.USER and fields.startswith("mentioned_comment.comment_id(17899)"):
            media = {"id": "18099", "permalink": "https://www.instagram.com/p/Other/"}
            said = account.comment(99, text=f"@acmecoffee {COMPLAINT}", media=media, timestamp=moment(minutes=4))
            return Answer({"mentioned_comment": said, "id": account.USER})
        return found


@pytest.fixture
def pictures(site: Site) -> Pictures:
    """An account with one post."""
    made = Pictures(site)
    made.lists["media"] = [account.media(1, timestamp=moment(days=-3))]
    made.says("1801", account.comment(11, timestamp=moment(days=-2), text="Lovely."))
    return made


def gallery(site: Site, drive: Drive, **options: Any) -> Driver:
    """Return a driver that has looked once."""
    fixed = {"every": "5 min", "account": "meta", "user": account.USER, "username": "acmecoffee"}
    made = drive(KEYS, source("instagram", "instagram", site, **fixed, **options), **ENV)
    made.walk("instagram")
    return made


def test_a_reply_of_the_account_ends_the_case_of_a_comment(site: Site, drive: Drive, pictures: Pictures) -> None:
    driver = gallery(site, drive)
    said = account.comment(21, text=COMPLAINT, timestamp=moment(minutes=4))
    pictures.paths()
    pictures.says("1801", said)
    driver.look("instagram", minutes=5)
    opened, asked = states(driver), pictures.paths()
    replied = account.ours(22, parent_id="17821", timestamp=moment(minutes=9))
    here = {"media": {"id": "1801", "permalink": "https://www.instagram.com/p/Acme1/"}}
    pictures.things["17821"] = {**said, **here, "replies": {"data": [replied]}}

    recheck(driver, minutes=15)

    assert (opened, states(driver)) == (["open"], ["answered"])
    assert asked == [f"{account.USER}/media", f"{account.USER}/tags"]
    assert driver.one("select text from replies") == "We are sorry."


def test_a_comment_that_was_deleted_there_ends_its_case(site: Site, drive: Drive, pictures: Pictures) -> None:
    driver = gallery(site, drive)
    pictures.says("1801", account.comment(21, text=COMPLAINT, timestamp=moment(minutes=4)))
    driver.look("instagram", minutes=5)
    del pictures.things["17821"]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]


def test_an_edited_comment_is_told_when_it_is_worse(site: Site, drive: Drive, pictures: Pictures) -> None:
    driver = gallery(site, drive)
    pictures.comments["1801"] = [account.comment(11, timestamp=moment(days=-2), text=COMPLAINT)]

    driver.look("instagram", minutes=5)

    assert driver.told() == ["summary", "edited_worse"]


def test_the_number_of_a_hashtag_is_asked_for_once(site: Site, drive: Drive, pictures: Pictures) -> None:
    pictures.hashtag = [account.media(7, timestamp=moment(hours=-2), caption="#acmecoffee is fine")]
    driver = gallery(site, drive, hashtags=["#AcmeCoffee"], tags=False)
    first = pictures.paths()
    pictures.hashtag.insert(0, account.media(8, timestamp=moment(minutes=4), caption=f"#acmecoffee {COMPLAINT}"))
    driver.look("instagram", minutes=5)

    assert first == [f"{account.USER}/media", "ig_hashtag_search", "5500/recent_media"]
    assert pictures.paths() == [f"{account.USER}/media", "5500/recent_media"]
    assert driver.told() == ["summary", "new"]
    assert driver.ids() == ["17811", "1807", "1808"]


def test_a_pushed_mention_is_asked_for_and_told(site: Site, drive: Drive, pictures: Pictures) -> None:
    driver = gallery(site, drive)
    driver.clock.advance(minutes=5)

    pushed(driver, {"media_id": "18099", "comment_id": "17899"}, "instagram", "mentions")

    assert driver.told() == ["summary", "new"]
    assert driver.one("select url from mentions where external_id = '17899'") == "https://www.instagram.com/p/Other/"
