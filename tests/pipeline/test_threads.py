"""Threads through the whole driver: pages, replies below our posts, answers, edits, a token that is renewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import threads
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]'
TOKEN = '{ env = "THREADS_TOKEN" }'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("threads"), "limits", Limits(gap=timedelta(0)))


class Network:
    """What tags the account, one post of ours, and what was said below each."""

    def __init__(self, site: Site) -> None:
        self.tagging: dict[str, dict[str, Any]] = {}
        self.below: dict[str, list[dict[str, Any]]] = {"18001": []}
        self.valid, self.renewals = "THAA-first", 0
        self.asked: list[Asked] = []
        site.routes |= dict.fromkeys(("/v1.0/", "/refresh_access_token"), self.answer)

    def tags(self, number: int, at: timedelta, **changes: Any) -> None:
        self.tagging[f"180{number}"] = threads.post(number, timestamp=stamp(at), **changes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if asked.query["access_token"] != self.valid:
            return Answer({"error": {"code": 190, "message": "ended"}}, 400)
        path = asked.path.removeprefix("/v1.0/").strip("/")
        if path == "refresh_access_token":
            self.renewals += 1
            self.valid = f"THAA-{self.renewals}"
            return Answer({"access_token": self.valid, "token_type": "bearer", "expires_in": 5184000})
        if path == "me/threads":
            return Answer(threads.edge(threads.post(1, username="acmecoffee", has_replies=bool(self.below["18001"]))))
        if path != "me/mentions":
            return Answer(threads.edge(*self.below.get(path.partition("/")[0], [])))
        since = int(asked.query.get("since", 0))
        things = [one for one in self.tagging.values() if datetime.fromisoformat(one["timestamp"]).timestamp() >= since]
        at = int(asked.query.get("after", 0))
        return Answer(threads.edge(*things[at : at + 50], after=str(at + 50) if len(things) > at + 50 else None))


def stamp(at: timedelta) -> str:
    return f"{START + at:%Y-%m-%dT%H:%M:%S+0000}"


@pytest.fixture
def network(site: Site) -> Network:
    return Network(site)


def watched(site: Site, drive: Drive) -> Driver:
    driver = drive(BRAND, source("threads", "threads", site, every="5 min", token=TOKEN), THREADS_TOKEN="THAA-first")
    driver.walk("threads")
    return driver


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive, network: Network) -> Driver:
    """Return a driver with one open case about a post that tags us."""
    network.tags(12, timedelta(hours=-1), text="Lovely.")
    driver = watched(site, drive)
    network.tags(13, timedelta(minutes=3), text=COMPLAINT)
    driver.look("threads", minutes=5)
    assert states(driver) == ["open"]
    return driver


def test_every_page_is_read_and_a_quiet_look_takes_two_requests(site: Site, drive: Drive, network: Network) -> None:
    for number in range(100, 220):
        network.tags(number, timedelta(hours=-number))
    driver = watched(site, drive)
    first = len(network.asked)

    looked = driver.look("threads", minutes=5)

    assert (len(driver.ids()), first) == (120, 4)
    assert (len(network.asked) - first, looked.taken.new, looked.look.error) == (2, 0, None)


def test_our_reply_ends_the_case_and_that_of_somebody_else_does_not(site: Site, drive: Drive, network: Network) -> None:
    driver = a_complaint(site, drive, network)
    network.below["18013"] = [threads.reply(21, "18013", timestamp=stamp(timedelta(minutes=8)))]
    recheck(driver, minutes=15)
    by_another = states(driver)
    network.below["18013"].append(threads.ours(22, "18013", timestamp=stamp(timedelta(minutes=18))))

    recheck(driver, minutes=15)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "Sorry."


def test_a_complaint_below_our_own_post_opens_a_case(site: Site, drive: Drive, network: Network) -> None:
    network.tags(12, timedelta(hours=-1), text="Lovely.")
    driver = watched(site, drive)
    said = threads.reply(21, "18001", text=COMPLAINT, timestamp=stamp(timedelta(minutes=3)))
    network.below["18001"] = [said]

    driver.look("threads", minutes=5)

    assert states(driver) == ["open"]
    assert driver.one("select parent_id from mentions where external_id = '18021'") == "18001"


def test_a_post_that_is_edited_for_the_worse_is_told(site: Site, drive: Drive, network: Network) -> None:
    network.tags(12, timedelta(hours=-1), text="Lovely.")
    driver = watched(site, drive)
    network.tagging["18012"]["text"] = COMPLAINT

    driver.look("threads", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]


def test_the_token_is_renewed_each_week_and_the_old_one_is_not_used_again(
    site: Site, drive: Drive, network: Network
) -> None:
    driver = watched(site, drive)
    errors = [driver.look("threads", days=days).look.error for days in (1.1, 1, 7)]

    assert errors == [None, None, None]
    assert (network.renewals, network.valid) == (2, "THAA-2")


def test_a_token_that_has_ended_is_told(site: Site, drive: Drive, network: Network) -> None:
    driver = watched(site, drive)
    network.valid = "another"

    looked = driver.look("threads", minutes=5)

    assert getattr(looked.look.error, "code", None) == "reconnect"
