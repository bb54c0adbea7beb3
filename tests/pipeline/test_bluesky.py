"""Bluesky through the whole program: the login, pages, edits, answers, deletions, a session that ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import bluesky
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Acme Coffee was dirty, and they took my money twice. Nobody answers."
BRAND = f'[[brands]]\nname = "acme"\nterms = ["Acme Coffee"]\nown_accounts = {{ bluesky = ["{bluesky.US}"] }}'
PASSWORD = "made-up-app-password"


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("bluesky"), "limits", Limits(gap=timedelta(0)))


class Network:
    """A server with posts, as its clients see it. Sessions have numbers; `session` is the one that is taken."""

    def __init__(self, site: Site) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.session = 0
        self.logins: list[Any] = []
        self.asked: list[Asked] = []
        site.routes["/xrpc"] = self.answer

    def puts(self, number: int, minutes: float = 0, said: Any = None, did: str = bluesky.NIA) -> str:
        """Publish a post; returns its address."""
        at = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        record = {"text": f"{COMPLAINT} ({number})", "createdAt": at, **(said or {})}
        uri = bluesky.uri(number, did)
        self.posts[uri] = bluesky.post(number, record, did, indexedAt=at)
        if "reply" in record:
            self.posts[record["reply"]["parent"]["uri"]]["replyCount"] += 1
        return uri

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path.endswith("createSession"):
            self.logins.append(json.loads(asked.body))
            self.session += 1
            return Answer({"accessJwt": f"session-{self.session}", "refreshJwt": "r", "did": bluesky.US})
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Bearer session-{self.session}":
            return Answer({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        call = asked.path.rpartition(".")[2]
        return {"searchPosts": self._search, "getPosts": self._some, "getPostThread": self._thread}[call](asked)

    def _search(self, asked: Asked) -> Answer:
        after, at = asked.query.get("since", ""), int(asked.query.get("cursor", 0))
        found = sorted(self.posts.values(), key=lambda post: post["indexedAt"], reverse=True)
        found = [post for post in found if post["indexedAt"] >= after and "Acme Coffee" in post["record"]["text"]]
        some = found[at : at + int(asked.query["limit"])]
        more = at + len(some) < len(found)
        return Answer(bluesky.found(*some, cursor=str(at + len(some)) if more else None))

    def _some(self, asked: Asked) -> Answer:
        return Answer(bluesky.found(*filter(None, [self.posts.get(asked.query["uris"])])))

    def _thread(self, asked: Asked) -> Answer:
        uri = asked.query["uri"]
        if uri not in self.posts:
            return Answer({"error": "NotFound", "message": f"Post not found: {uri}"}, 400)
        answers = [post for post in self.posts.values() if "reply" in post["record"]]
        below = [post for post in answers if post["record"]["reply"]["parent"]["uri"] == uri]
        return Answer(bluesky.thread(self.posts[uri], *below))


def watched(site: Site, drive: Drive, posts: int = 1) -> tuple[Driver, Network]:
    """Return a driver and a network on which so many posts name us."""
    network = Network(site)
    for number in range(posts):
        network.puts(number, number - posts - 60)
    options = {"handle": "acme.bsky.social", "app_password": '{ env = "APP" }', "every": "5 min"}
    return drive(BRAND, source("sky", "bluesky", site, **options), APP=PASSWORD), network


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive) -> tuple[Driver, Network, str]:
    """Return a driver with one open case, and its post."""
    driver, network = watched(site, drive)
    driver.walk("sky")
    uri = network.puts(700, 1)
    driver.look("sky", minutes=5)
    assert states(driver) == ["open"]
    return driver, network, uri


def test_every_page_is_read_and_a_later_look_asks_once(site: Site, drive_both: Drive) -> None:
    driver, network = watched(site, drive_both, posts=250)

    driver.walk("sky")
    first = len(network.asked)
    looked = driver.look("sky", minutes=5)

    assert len(driver.ids()) == 250
    assert (first, looked.look.error, looked.taken.new) == (3, None, 0)
    assert network.asked[-1].query["since"] > network.asked[0].query.get("since", "")
    assert network.logins == [{"identifier": "acme.bsky.social", "password": PASSWORD}]


def test_a_session_that_the_server_ended_is_renewed_and_the_question_asked_again(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive)
    driver.walk("sky")
    network.session += 1

    looked = driver.look("sky", minutes=5)

    assert looked.look.error is None
    assert len(network.logins) == 2
    assert driver.told() == ["summary"]


def test_the_app_password_is_sent_to_the_login_and_kept_nowhere(site: Site, drive: Drive) -> None:
    driver, network = watched(site, drive)

    driver.walk("sky")

    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in driver.folder.glob("monitor.db*"))
    assert all(PASSWORD not in str(asked) for asked in network.asked)


def test_our_answer_ends_the_case_and_somebody_elses_does_not(site: Site, drive: Drive) -> None:
    driver, network, uri = a_complaint(site, drive)
    root = {"uri": uri, "cid": "c"}
    network.puts(701, 8, {"text": "Same here.", "reply": {"root": root, "parent": root}}, bluesky.BO)
    recheck(driver, minutes=11)
    by_another = states(driver)
    network.puts(702, 18, {"text": "We are sorry.", "reply": {"root": root, "parent": root}}, bluesky.US)

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_an_edit_seen_by_a_recheck_is_a_second_version(site: Site, drive: Drive) -> None:
    driver, network, uri = a_complaint(site, drive)
    network.posts[uri]["record"]["text"] = "Acme Coffee poisoned us, and lied about it."

    recheck(driver, minutes=11)

    assert driver.one("select version from mentions where external_id = :uri", uri=uri) == 2


def test_a_deleted_post_ends_its_case(site: Site, drive: Drive) -> None:
    driver, network, uri = a_complaint(site, drive)
    del network.posts[uri]

    recheck(driver, minutes=11)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1
