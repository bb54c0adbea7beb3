"""Bluesky against the software that it runs: search, a complaint, the answer to it, a deletion, a wrong password."""

from __future__ import annotations

import itertools
import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.builders import FakeClock
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck

WHERE: dict[str, str] = json.loads(os.environ.get("MONITOR_BLUESKY", "{}"))
COMPLAINT = "dirty ☕️, and they took my money twice. Nobody answers. Never again."
NUMBERS = itertools.count(1)

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(not WHERE, reason="python -m tests.servers.bluesky starts the network that this test needs"),
]


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("bluesky"), "limits", Limits(gap=timedelta(0)))


def call(name: str, body: Any, session: str = "") -> Any:
    """Do something on the server."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {session}"} if session else {})
    request = urllib.request.Request(f"{WHERE['server']}/xrpc/{name}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def settled() -> None:
    """Return when everything that was published can be found."""
    urllib.request.urlopen(WHERE["hurry"], b"", timeout=60).close()


class Person:
    """Somebody with an account of their own."""

    def __init__(self, name: str) -> None:
        self.handle = f"{name}{next(NUMBERS)}.test"
        who = {"handle": self.handle, "email": f"{self.handle}@example.com", "password": "made-up-password"}
        account = call("com.atproto.server.createAccount", who)
        self.did, self.session = account["did"], account["accessJwt"]

    def says(self, text: str, **record: Any) -> dict[str, str]:
        """Publish a post; returns its address and fingerprint."""
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": at, **record}
        wanted = {"repo": self.did, "collection": "app.bsky.feed.post", "record": record}
        made = call("com.atproto.repo.createRecord", wanted, self.session)
        return {"uri": made["uri"], "cid": made["cid"]}

    def deletes(self, uri: str) -> None:
        """Take a post down."""
        wanted = {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": uri.rpartition("/")[2]}
        call("com.atproto.repo.deleteRecord", wanted, self.session)

    def app_password(self) -> str:
        """Return a password for one program."""
        made = call("com.atproto.server.createAppPassword", {"name": f"monitor {next(NUMBERS)}"}, self.session)
        return str(made["password"])


def watched(drive: Drive, us: Person, term: str, password: str = "", **options: Any) -> Driver:
    """Return a driver that looks for a word, as one of the network's people."""
    brand = f'[[brands]]\nname = "acme"\nterms = ["{term}"]\nown_accounts = {{ bluesky = ["{us.did}"] }}'
    site: Any = SimpleNamespace(url=WHERE["server"])
    options = {"handle": us.handle, "app_password": '{ env = "APP" }', "every": "5 min", **options}
    env = {"APP": password or us.app_password()}
    return drive(brand, source("sky", "bluesky", site, **options), clock=FakeClock(datetime.now(UTC)), **env)


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_what_was_said_before_is_read_page_by_page_and_what_is_new_is_found(drive: Drive) -> None:
    us, nia = Person("brand"), Person("nia")
    before = {nia.says(f"brewhistory, cup number {number}")["uri"] for number in range(110)}
    settled()
    driver = watched(drive, us, "brewhistory")
    driver.walk("sky")
    first = set(driver.ids())
    new = nia.says("brewhistory, one more cup")["uri"]
    settled()

    driver.walk("sky", minutes=5)
    quiet = driver.walk("sky", minutes=5)

    assert first == before
    assert set(driver.ids()) - first == {new}
    assert [(one.look.error, one.taken.new, one.taken.edited) for one in quiet] == [(None, 0, 0)]


def test_a_complaint_opens_a_case_and_our_answer_ends_it(drive: Drive) -> None:
    us, nia, bo = Person("brand"), Person("nia"), Person("bo")
    driver = watched(drive, us, "brewanswer")
    driver.walk("sky")
    said = nia.says(f"brewanswer was {COMPLAINT}")
    settled()
    driver.walk("sky", minutes=5)
    opened = states(driver)
    other = bo.says("which branch?", reply={"root": said, "parent": said})
    settled()
    recheck(driver, minutes=11)
    by_another = states(driver)
    us.says("Sorry about that.", reply={"root": said, "parent": other})
    settled()

    recheck(driver, minutes=15)

    assert (opened, by_another) == (["open"], ["open"])
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "Sorry about that."


def test_a_deleted_post_ends_its_case_and_the_others_stand(drive: Drive) -> None:
    us, nia = Person("brand"), Person("nia")
    driver = watched(drive, us, "brewdelete")
    driver.walk("sky")
    said = [nia.says(f"brewdelete was {COMPLAINT} ({number})")["uri"] for number in range(30)]
    settled()
    driver.walk("sky", minutes=5)
    nia.deletes(said[3])
    settled()

    for _ in range(3):
        recheck(driver, minutes=11)

    gone = [row.external_id for row in driver.rows("select external_id from mentions where deleted_at is not null")]
    assert gone == [said[3]]
    assert sorted(states(driver)).count("open") == 29


def test_answers_to_us_are_read_without_a_search(drive: Drive) -> None:
    us, nia = Person("brand"), Person("nia")
    ours = us.says("We open at nine.")
    settled()
    driver = watched(drive, us, "brewnotes", notifications=True)
    driver.walk("sky")
    reply = nia.says("You did not, and nobody answers the phone.", reply={"root": ours, "parent": ours})
    quote = nia.says("Liars, all of them.", embed={"$type": "app.bsky.embed.record", "record": ours})
    settled()

    looked = driver.walk("sky", minutes=5)

    assert [one.look.error for one in looked] == [None] * len(looked)
    assert set(driver.ids()) == {reply["uri"], quote["uri"]}
    parents = {row.parent_id for row in driver.rows("select parent_id from mentions")}
    assert parents == {ours["uri"]}


def test_a_link_is_found_behind_what_the_text_shows_of_it(drive: Drive) -> None:
    us, nia = Person("brand"), Person("nia")
    text = "☕️ never go: brewlink.exam…"
    start = len(text[: text.index("brewlink")].encode())
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://brewlink.example/menu"}
    nia.says(text, facets=[{"index": {"byteStart": start, "byteEnd": len(text.encode())}, "features": [link]}])
    settled()
    driver = watched(drive, us, "brewlink")

    driver.walk("sky")

    assert driver.one("select text from versions") == "☕️ never go: https://brewlink.example/menu"


def test_a_wrong_password_is_told_and_mended_by_a_right_one(drive: Drive) -> None:
    us = Person("brand")
    driver = watched(drive, us, "brewlogin", "wrong-password-here")

    looked = driver.look("sky")
    health = driver.state("sky").health
    driver.close()
    again = watched(drive, us, "brewlogin")
    mended = again.look("sky", minutes=30)

    assert looked.look.error is not None
    assert (looked.look.error.code, health) == ("reconnect", "paused")
    assert mended.look.error is None
