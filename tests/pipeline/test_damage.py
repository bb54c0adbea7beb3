"""What no program should do to the tables, the audit finds and mends within a minute, says once, and beats again."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import audit
from monitor.cases import problems
from monitor.intake import steps_of, value_of
from tests.pipeline.conftest import Watch
from tests.pipeline.test_ladder import complained
from tests.town import Town, bad, review

Begin = Callable[..., Watch]
FAR = "'2099-01-01T00:00:00.000000+00:00'"
PAST = "'2026-11-24T08:00:00.000000+00:00'"
SEEN = "'2026-11-24T09:02:00.000000+00:00'"  # a minute after the case was opened


@dataclass(frozen=True)
class Damage:
    """What is done to the one case, its mention m2 and its messages, and what is said of it."""

    name: str
    said: str  # nothing where the daemon has set it right before the audit looks
    statements: tuple[str, ...]
    ends: str = "open"  # how the case stands when it has been mended
    site: tuple[dict[str, Any], ...] = ()  # what the site shows by then, where that is something else


KINDS = (
    Damage("an alert is deleted, with its messages", "nobody had been told of m2", (
        "delete from delivery_alerts", "delete from deliveries", "delete from alerts where mention_id = 2",
    )),
    Damage("an alert is deleted, and its messages are left", "nobody had been told of m2", (
        ("update deliveries set state = 'pending' where id in (select delivery_id from delivery_alerts l join alerts a "
        "on a.id = l.alert_id where a.mention_id = 2)"),
        "delete from delivery_alerts where alert_id in (select id from alerts where mention_id = 2)",
        "delete from alerts where mention_id = 2",
    )),
    Damage("a delivery is deleted", "a message about m2 led nowhere", (
        "delete from delivery_alerts where alert_id in (select id from alerts where mention_id = 2)",
        "delete from deliveries where id not in (select delivery_id from delivery_alerts)",
    )),
    Damage("a link is deleted", "a message about m2 led nowhere", (
        "delete from delivery_alerts where alert_id in (select id from alerts where mention_id = 2)",
    )),
    Damage("a message tells of nothing", "told of nothing", (
        ("insert into deliveries (id, channel, target, state, created_at, due_at, attempts, alert_count) "
        f"values ('0123456789abcdef', 'slack', '', 'pending', {PAST}, {FAR}, 0, 1)"),
    )),
    Damage("a case has no next step", "nothing was planned for case c1", ("update cases set next_step_at = null",)),
    Damage("a case was put off without a time to wake", "case c1 contradicted itself", (
        "update cases set state = 'snoozed', snoozed_until = null, next_step_at = null",
    )),
    Damage("a case is claimed by nobody", "case c1 contradicted itself", ("update cases set state = 'claimed'",)),
    Damage("a ladder is emptied", "case c1 contradicted itself", ("update cases set ladder = '[]'",)),
    Damage("a mention names a case that is not there", "m2 had no case", (
        "update mentions set case_id = 4711 where id = 2", "delete from case_events", "delete from cases",
    )),
    Damage("a bad mention has neither case nor reason", "m2 had no case", (
        "update mentions set case_id = null where id = 2", "delete from case_events", "delete from cases",
    )),
    Damage("a case is about nothing", "the site no longer shows what case c1 is about", (
        "update mentions set case_id = null where id = 2",
    )),
    Damage("the mention of an open case was deleted", "the site no longer shows what case c1 is about", (
        f"update mentions set deleted_at = {PAST} where id = 2",
    ), "closed", (review(1),)),
    Damage("the mention of an open case was answered", "case c1 waited although its answer can be seen", (
        ("insert into replies (mention_id, external_id, text, state, published_at, first_seen_at, last_seen_at, "
        f"looks_missed) values (2, '', 'We are sorry.', 'visible', {PAST}, {SEEN}, {SEEN}, 0)"),
    ), "answered", (bad(2, reply={"text": "We are sorry.", "at": "2026-11-24T08:00:00+00:00"}), review(1))),
    Damage("a message has been on its way since yesterday", "", (
        f"update deliveries set state = 'sending', lease_until = {PAST} where channel = 'slack'",
    )),
    Damage("a message is on its way and nobody has it", "waited without end", (
        "update deliveries set state = 'sending', lease_until = null where channel = 'slack'",
    )),
    Damage("a message is due in a lifetime", "waited without end", (
        f"update deliveries set state = 'pending', due_at = {FAR} where channel = 'slack'",
    )),
    Damage("a message is held for a lifetime", "waited without end", (
        (f"update deliveries set state = 'held', held_reason = 'quiet hours of front', due_at = {FAR} "
        "where channel = 'slack'"),
    )),
    Damage("how a case came to be claimed is not on record", "how case c1 came to stand as it does", (
        f"update cases set state = 'claimed', assignee = 'ana', claimed_at = {PAST}",
    ), "claimed"),
    Damage("that a case was opened is not on record", "how case c1 came to stand as it does", (
        "delete from case_events",
    )),
)  # fmt: skip


@pytest.fixture
def beats() -> Iterator[Callable[[], int]]:
    """Return a function that counts how often the watchdog was told that all is well, since it was asked last."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = f"\0review-monitor-damage-{os.getpid()}"
        listening.bind(address)
        listening.setblocking(False)

        def count() -> int:
            heard = 0
            while True:
                try:
                    heard += b"WATCHDOG=1" in listening.recv(100)
                except BlockingIOError:
                    return heard

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NOTIFY_SOCKET", f"@{address[1:]}")
            yield count


def said(monitor: Watch) -> list[str]:
    """Return what the operator was told was found."""
    rows = monitor.rows("select facts from alerts where reason = 'damage' order by id")
    facts = [json.loads(row.facts) if isinstance(row.facts, str) else row.facts for row in rows]
    return [sentence for one in facts for sentence in one["found"]]


@pytest.mark.slow
@pytest.mark.parametrize("damage", KINDS, ids=[one.name for one in KINDS])
def test_damage_is_found_mended_and_told_once_within_a_minute(
    town: Town, watch_here: Begin, beats: Callable[[], int], damage: Damage
) -> None:
    monitor = complained(town, watch_here)
    for _ in range(2):
        monitor.minute()
    before = beats()
    with monitor.store.write() as conn:
        if damage.site:
            town.site.shows("quay", *damage.site)
        for statement in damage.statements:
            conn.execute(sa.text(statement))
        found = audit.findings(conn, monitor.clock() + timedelta(minutes=1))

    monitor.minute()
    mended = beats()
    for _ in range(3):
        monitor.minute()

    assert before == 2
    assert found.damage
    assert (mended, beats()) == (1, 3)
    assert any(damage.said in sentence for sentence in said(monitor)) == bool(damage.said)
    assert len(said(monitor)) == (found.damage if damage.said else 0)
    _everything_is_as_it_should_be(monitor, damage.ends)


def _everything_is_as_it_should_be(monitor: Watch, ends: str) -> None:
    [row] = monitor.rows("select * from cases")
    with monitor.store.read() as conn:
        from monitor.store import cases

        case = cases.get(conn, row.id)
        clean = audit.findings(conn, monitor.clock() + timedelta(minutes=1))
    assert (clean.damage, clean.late) == (0, ())
    assert case.state == ends
    assert problems(value_of(case)) == []
    assert bool(case.next_step_at) == (ends in ("open", "claimed"))
    assert len(steps_of(case)) == 3
    assert {one.state for one in monitor.rows("select state from deliveries")} <= {"sent"}
    [mention] = monitor.rows("select case_id from mentions where id = 2")
    assert mention.case_id == case.id
    told = monitor.rows("select 1 from alerts where mention_id = 2 and reason = 'new'")
    assert len(told) == 1


def test_a_message_held_past_its_time_goes_out_and_the_watchdog_waits_for_it(
    town: Town, watch_here: Begin, beats: Callable[[], int]
) -> None:
    monitor = complained(town, watch_here)
    monitor.minute()
    with monitor.store.write() as conn:
        conn.execute(sa.text(f"update deliveries set state = 'held', due_at = {PAST} where channel = 'slack'"))
    town.slack.posts.clear()
    beats()

    monitor.daemon._minute()
    at_once = beats()
    monitor.daemon.until_idle()
    monitor.minute()

    assert (at_once, beats()) == (0, 1)
    assert town.slack.posts


def test_damage_that_cannot_be_mended_is_told_once_a_day_and_stops_the_watchdog(
    town: Town, watch_here: Begin, beats: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = complained(town, watch_here)
    with monitor.store.write() as conn:
        conn.execute(sa.text("update cases set next_step_at = null"))
    monkeypatch.setattr(audit.intake, "plan", lambda *_: 0)
    beats()

    for _ in range(3):
        monitor.minute()

    assert beats() == 0
    assert said(monitor) == ["nothing was planned for case c1"]


def test_what_the_daemon_does_by_itself_is_no_damage(town: Town, watch_here: Begin) -> None:
    monitor = complained(town, watch_here)
    town.site.publishes("quay", *(review(number, stars=number % 5 + 1) for number in range(3, 9)))

    for _ in range(5):
        monitor.minute()

    assert said(monitor) == []
