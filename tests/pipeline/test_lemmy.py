"""Lemmy through the whole driver: two lists, pages, edits, answers, deletions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import lemmy
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Acme is dirty, broken, and they took my money twice. Nobody answers."
BRAND = f'[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = {{ lemmy = ["{lemmy.OURS}"] }}'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("lemmy"), "limits", Limits(gap=timedelta(0)))


class Server:
    """One server: posts, comments, a search by words."""

    def __init__(self, site: Site) -> None:
        self.posts: dict[int, Any] = {}
        self.comments: dict[int, Any] = {}
        self.asked: list[Asked] = []
        site.routes["/api/v3/"] = self.answer

    def puts(self, number: int, at: timedelta, **changes: Any) -> None:
        self.posts[number] = lemmy.post(number, published=stamp(at), **changes)

    def says(self, number: int, at: timedelta, *args: str, **changes: Any) -> None:
        self.comments[number] = lemmy.comment(number, *args, published=stamp(at), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        path = asked.path.removeprefix("/api/v3")
        if path == "/comment/list":
            above = f".{asked.query['parent_id']}." if "parent_id" in asked.query else "."
            return Answer({"comments": [one for one in self.comments.values() if above in one["comment"]["path"]]})
        if path != "/search":
            kind = path.strip("/")
            found = (self.posts if kind == "post" else self.comments).get(int(asked.query["id"]))
            return Answer({f"{kind}_view": found}) if found else Answer({"error": f"couldnt_find_{kind}"}, 400)
        kind = asked.query["type_"].lower()
        things = list((self.posts if kind == "posts" else self.comments).values())
        things = [one for one in things if asked.query["q"] in str(one.get("comment", one["post"]))]
        things.sort(key=lambda one: str(one[kind[:-1]]["published"]), reverse=True)
        page = int(asked.query["page"])
        return Answer(lemmy.found(**{kind: things[(page - 1) * 50 : page * 50]}))


def stamp(at: timedelta) -> str:
    return f"{START + at:%Y-%m-%dT%H:%M:%S.000000Z}"


@pytest.fixture
def server(site: Site) -> Server:
    return Server(site)


def watched(site: Site, drive: Drive) -> Driver:
    driver = drive(BRAND, source("lemmy", "lemmy", site, every="5 min", url="https://lemmy.example"))
    driver.walk("lemmy")
    return driver


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive, server: Server) -> Driver:
    """Return a driver with one open case about comment 700."""
    server.puts(11, timedelta(hours=-1))
    driver = watched(site, drive)
    server.says(700, timedelta(minutes=3), "0.700", content=COMPLAINT)
    driver.look("lemmy", minutes=5)
    assert states(driver) == ["open"]
    return driver


def test_history_is_read_and_a_quiet_look_asks_once_for_each_list(site: Site, drive: Drive, server: Server) -> None:
    for number in range(120):
        server.puts(1000 + number, timedelta(hours=-number - 1))
    server.says(700, timedelta(hours=-1), "0.700")
    driver = watched(site, drive)
    first = len(server.asked)

    looked = driver.look("lemmy", minutes=5)

    assert (len(driver.ids()), first) == (121, 4)
    assert (len(server.asked) - first, looked.taken.new, looked.look.error) == (2, 0, None)


def test_our_answer_ends_the_case_and_that_of_somebody_else_does_not(site: Site, drive: Drive, server: Server) -> None:
    driver = a_complaint(site, drive, server)
    server.says(701, timedelta(minutes=8), "0.700.701", content="Same here.")
    recheck(driver, minutes=15)
    by_another = states(driver)
    server.says(702, timedelta(minutes=18), "0.700.702", lemmy.OURS, content="We are sorry.")

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


@pytest.mark.parametrize("how", ["is not found", "is marked"])
def test_a_comment_that_was_taken_down_ends_its_case(site: Site, drive: Drive, server: Server, how: str) -> None:
    driver = a_complaint(site, drive, server)
    if how == "is marked":
        server.comments[700]["comment"] |= {"deleted": True, "content": ""}
    else:
        del server.comments[700]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]
    assert driver.one("select count(*) from mentions where deleted_at is not null") == 1


def test_a_post_that_is_edited_for_the_worse_is_told(site: Site, drive: Drive, server: Server) -> None:
    server.puts(11, timedelta(hours=-1), name="A question about Acme", body="Where?")
    driver = watched(site, drive)
    server.posts[11]["post"] |= {"body": COMPLAINT, "updated": stamp(timedelta(minutes=4))}

    driver.look("lemmy", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]
