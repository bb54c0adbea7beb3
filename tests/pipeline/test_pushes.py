"""What a site pushes to us: believed only with its signature, and taken in like anything else."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from monitor import polling
from monitor.errors import MonitorError, ParseError, UsageError
from tests.pipeline.driving import Drive, Driver, source
from tests.town import Answer, Site, bad, review
from tests.town.sites import at

SECRET = "made-up-push-secret"


def listening(site: Site, drive: Drive) -> Driver:
    """Return a driver that has introduced a source which only pushes."""
    driver = drive(source("push", "town_push", site, secret='{ env = "SECRET" }'), SECRET=SECRET)
    site.routes["/push"] = lambda asked: Answer({"reviews": []})
    driver.look("push")
    return driver


def pushed(driver: Driver, event: Any, *, signature: str | None = None) -> polling.Taken:
    """Let an event arrive."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    push = driver.by_name["push"]
    look = polling.receive(push, {"x-signature": signed if signature is None else signature}, body, driver.tools)
    return driver.write(lambda conn: polling.take_recheck(conn, look, push, driver.routing, driver.clock()))


def test_what_is_pushed_with_a_good_signature_is_stored_and_told(site: Site, drive_both: Drive) -> None:
    driver = listening(site, drive_both)
    driver.clock.advance(minutes=5)

    taken = pushed(driver, {"reviews": [bad(1, created=at(4))]})

    assert (taken.new, taken.alerts) == (1, 1)
    assert driver.told()[-1] == "new"


@pytest.mark.parametrize("signature", ["", "0" * 64, "made-up"])
def test_a_wrong_signature_changes_nothing(signature: str, site: Site, drive: Drive) -> None:
    driver = listening(site, drive)

    with pytest.raises(UsageError):
        pushed(driver, {"reviews": [bad(1)]}, signature=signature)

    assert driver.ids() == []


def test_the_same_event_five_times_has_one_effect(site: Site, drive: Drive) -> None:
    driver = listening(site, drive)
    for _ in range(5):
        pushed(driver, {"reviews": [bad(1, created=at(0))]})

    assert driver.ids() == ["r1"]
    assert driver.told().count("new") == 1


def test_events_out_of_order_keep_the_newest_state(site: Site, drive: Drive) -> None:
    driver = listening(site, drive)
    pushed(driver, {"reviews": [review(1, stars=4)]})
    pushed(driver, {"reviews": [bad(1)]})
    pushed(driver, {"reviews": [review(1, stars=4)]})

    assert driver.one("select label from mentions") == "bad"
    assert driver.told().count("edited_worse") == 1


def test_what_an_event_names_more_of_is_asked_for(site: Site, drive: Drive) -> None:
    driver = listening(site, drive)
    site.routes["/push"] = lambda asked: Answer({"reviews": [review(2), review(3)]})

    pushed(driver, {"reviews": [review(1)], "more": "https://push.town.example/push/more"})

    assert driver.ids() == ["r1", "r2", "r3"]


@pytest.mark.parametrize("event", [b"{}", b"[]", b'{"reviews": 5}', b"not json", b'{"reviews": [{"id": "x"}]}'])
def test_a_signed_event_of_another_shape_is_an_error(event: bytes, site: Site, drive: Drive) -> None:
    driver = listening(site, drive)

    with pytest.raises(MonitorError) as caught:
        pushed(driver, event)

    assert isinstance(caught.value, ParseError)
    assert driver.ids() == []


def test_a_push_leaves_the_walk_of_its_source_alone(site: Site, drive: Drive) -> None:
    driver = listening(site, drive)
    before = driver.state("push")

    pushed(driver, {"reviews": [review(1), {"id": "broken"}]})

    assert driver.state("push") == before
    assert driver.one("select external_id from quarantine") == "broken"
