"""Mastodon against a server that keeps posts and people: history, edits, answers, deletions, a wrong token."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from monitor import polling
from monitor.connector import Limits
from monitor.plugins import connector
from monitor.store import mentions
from tests.builders import FakeClock
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck

ADDRESS = os.environ.get("MONITOR_MASTODON", "")
COMPLAINT = "@ada Dirty, broken, and they took my money twice. Nobody answers."

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(not ADDRESS, reason="python -m tests.servers.mastodon starts the server that this test needs"),
]


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("mastodon"), "limits", Limits(gap=timedelta(0)))


def ask(method: str, path: str, by: str, form: Mapping[str, str] | None = None, **headers: str) -> Any:
    """Do something on the server as one of its people."""
    data = urlencode(form).encode() if form else None
    headers = {"Authorization": f"Bearer {by}_token", **headers}
    request = urllib.request.Request(f"{ADDRESS}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def posts(text: str, by: str = "grace", **more: str) -> str:
    """Publish a post; returns its id."""
    return str(ask("POST", "/api/v1/statuses", by, {"status": text, **more})["id"])


def watched(drive: Drive, tag: str, token: str = "ada_token") -> Driver:
    """Return a driver that watches a tag of its own, and the mentions of ada."""
    host = urlsplit(ADDRESS).netloc
    brand = f'[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = {{ mastodon = ["ada@{host}"] }}'
    account = '[[accounts]]\nname = "ada"\ntoken = { env = "TOKEN" }'
    site: Any = SimpleNamespace(url=ADDRESS)
    table = source("social", "mastodon", site, url=f"https://{host}", tags=[tag], account="ada", every="5 min")
    return drive(brand, account, table, TOKEN=token, clock=FakeClock(datetime.now(UTC)))


def stored(driver: Driver, post: str) -> Any:
    [row] = driver.rows("select * from mentions where external_id = :post", post=post)
    return row


def test_history_is_read_whole_and_what_is_new_is_found(drive: Drive) -> None:
    before = {posts(f"Cup number {number} #history") for number in range(95)}
    driver = watched(drive, "history")
    driver.walk("social")
    first = set(driver.ids())
    after = {posts(f"Another cup, number {number} #history") for number in range(45)}

    driver.walk("social", minutes=5)
    quiet = driver.walk("social", minutes=5)

    assert before <= first
    assert set(driver.ids()) - first == after
    assert [one.look.error for one in quiet] == [None]


def test_a_complaint_is_told_and_our_answer_ends_its_case(drive: Drive) -> None:
    driver = watched(drive, "complaints")
    driver.walk("social")
    bad = posts(f"{COMPLAINT} #complaints")

    driver.walk("social", minutes=5)
    opened = [row.state for row in driver.rows("select state from cases")]
    one = driver.by_name["social"]
    row = driver.read(lambda conn: mentions.full(conn, [stored(driver, bad).id]))[stored(driver, bad).id]
    request = polling.prepared(one, mentions.as_mention(row), "We are sorry, and have paid you back.")
    posted = polling.post(one, request, driver.tools)
    recheck(driver, minutes=15)

    assert opened == ["open"]
    assert posted.reply is not None
    assert posted.reply.text.endswith("We are sorry, and have paid you back.")
    assert driver.one("select state from cases") in ("answered", "closed")
    assert driver.one("select text from replies").endswith("We are sorry, and have paid you back.")


def test_an_edit_is_seen_and_so_is_a_deletion(drive: Drive) -> None:
    driver = watched(drive, "edits")
    driver.walk("social")
    post = posts(f"{COMPLAINT} #edits")
    driver.walk("social", minutes=5)
    ask("PUT", f"/api/v1/statuses/{post}", "grace", {"status": f"{COMPLAINT} Never again! #edits"})
    recheck(driver, minutes=15)
    edited = stored(driver, post)
    ask("DELETE", f"/api/v1/statuses/{post}", "grace")

    recheck(driver, minutes=15)

    versions = driver.rows("select text from versions where mention_id = :id order by version", id=edited.id)
    assert ["Never again!" in row.text for row in versions] == [False, True]
    assert edited.deleted_at is None
    assert stored(driver, post).deleted_at is not None


def test_a_wrong_token_is_told(drive: Drive) -> None:
    driver = watched(drive, "nothing", token="no_such_token")

    looked = driver.look("social")

    assert looked.look.error is not None
    assert looked.look.error.code == "reconnect"
