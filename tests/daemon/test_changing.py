"""A changed configuration while the daemon runs: a bad one is told once, a good one loses nothing."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor import logs
from monitor.logs import masking
from tests.daemon.conftest import Begin, on_both, until
from tests.pipeline.conftest import Watch
from tests.town import START, Town, bad, review

NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=ZoneInfo("Europe/London"))


def reload(monitor: Watch) -> None:
    """Let the daemon read its file again, as SIGHUP does."""
    monitor.daemon.reload()
    monitor.daemon.writer.work(1)
    monitor.look()


def damage(town: Town, line: str = 'contry = "us"') -> None:
    """Make the file a bad one."""
    path = town.folder / "monitor.toml"
    path.write_text(path.read_text() + f"\n[[sources]]\nname = 'mill'\nconnector = 'town_reviews'\n{line}\n")


def reasons(monitor: Watch) -> list[str]:
    return [row.reason for row in monitor.rows("select reason from alerts order by id")]


# --- a bad file ----------------------------------------------------------------------------------


def test_a_bad_file_leaves_the_old_one_active_and_is_told_once_however_often_it_is_asked_for(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    damage(town)

    for _ in range(3):
        reload(monitor)
        monitor.clock.advance(minutes=5)
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)

    assert reasons(monitor).count("config_broken") == 1
    [mail] = [mail for mail in town.mail.received if "configuration" in mail["Subject"]]
    assert "unknown key `contry`" in mail.get_body(("plain",)).get_content()
    assert "1 of 5 on Town" in town.slack.texts()[-1]


def test_another_mistake_is_told_again(town: Town, watch: Begin) -> None:
    monitor = watch()
    damage(town)
    reload(monitor)

    damage(town, "place = 3")
    reload(monitor)

    assert reasons(monitor).count("config_broken") == 2


def test_the_same_mistake_after_a_good_file_is_told_again(town: Town, watch: Begin) -> None:
    monitor = watch()
    good = (town.folder / "monitor.toml").read_text()
    damage(town)
    reload(monitor)
    monitor.clock.advance(minutes=1)
    (town.folder / "monitor.toml").write_text(good)
    reload(monitor)

    damage(town)
    reload(monitor)

    assert reasons(monitor).count("config_broken") == 2


def test_a_file_that_is_gone_or_no_text_is_a_bad_file(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    path = town.folder / "monitor.toml"
    for content in (b"\xff\xfe\x00", b"", b"[[sources]"):
        path.write_bytes(content)
        reload(monitor)
    path.unlink()
    reload(monitor)

    assert reasons(monitor).count("config_broken") == 4
    assert list(monitor.daemon.by_name) == ["quay"]


def test_what_was_under_way_is_taken_in_although_the_file_is_bad(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    monitor.look()
    waiting = threading.Event()
    town.site.publishes("quay", bad(2, created=START.isoformat()))
    town.site.answer = lambda *_: not waiting.wait(10)
    monitor.clock.advance(minutes=2)
    monitor.daemon._tick()
    damage(town)
    monitor.daemon.reload()
    monitor.daemon.writer.work(1)

    waiting.set()
    monitor.look()

    assert len(monitor.rows("select 1 from mentions")) == 2


# --- a good one ----------------------------------------------------------------------------------


def test_a_new_source_is_looked_at_at_once_and_a_removed_one_no_more(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2))
    monitor = watch(places=("quay",))
    monitor.look()
    kept = monitor.daemon.door, monitor.daemon.sandbox

    town.configure(places=("mill",), database=monitor.settings.database)
    reload(monitor)
    town.site.asked.clear()
    monitor.look(minutes=2)

    assert {path.split("/")[2] for path in town.site.asked} == {"mill"}
    assert {row.source for row in monitor.rows("select source from mentions")} == {"quay", "mill"}
    assert (monitor.daemon.door, monitor.daemon.sandbox) == kept


def test_a_source_that_comes_back_goes_on_where_it_was(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2))
    monitor = watch(places=("quay", "mill"))
    monitor.look()
    town.configure(places=("mill",), database=monitor.settings.database)
    reload(monitor)
    town.site.publishes("quay", bad(3, created=monitor.clock().isoformat()))
    monitor.clock.advance(minutes=10)

    town.configure(places=("quay", "mill"), database=monitor.settings.database)
    reload(monitor)

    assert reasons(monitor).count("summary") == 2
    assert reasons(monitor).count("new") == 1


def test_a_look_of_a_source_that_was_changed_meanwhile_is_dropped_and_the_new_one_begins_at_once(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    town.site.shows("mill", review(2))
    monitor = watch(places=("quay",))
    waiting = threading.Event()
    town.site.answer = lambda path, _: "quay" in path and not waiting.wait(10)
    monitor.daemon._tick()
    assert until(lambda: len(town.site.asked) == 1)

    path = town.folder / "monitor.toml"
    path.write_text(path.read_text().replace('place = "quay"', 'place = "mill"'))
    monitor.daemon.reload()
    monitor.daemon.writer.work(1)
    waiting.set()
    monitor.look()

    assert [row.external_id for row in monitor.rows("select external_id from mentions")] == ["r2"]
    assert reasons(monitor) == ["summary"]


def test_a_look_of_a_source_that_was_removed_meanwhile_changes_nothing(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(places=("quay", "mill"))
    waiting = threading.Event()
    town.site.answer = lambda path, _: "quay" in path and not waiting.wait(10)
    monitor.daemon._tick()
    assert until(lambda: len(town.site.asked) == 2)

    town.configure(places=("mill",), database=monitor.settings.database)
    monitor.daemon.reload()
    monitor.daemon.writer.work(1)
    waiting.set()
    monitor.look()

    assert monitor.rows("select 1 from mentions") == []
    assert monitor.daemon.counts.failed_looks == 0


def test_a_new_secret_is_hidden_from_the_moment_it_is_read(town: Town, watch: Begin) -> None:
    forms, pattern = set(masking._known.forms), masking._known.pattern
    monitor = watch(channels=("slack",))
    monitor.daemon.env["SLACK_WEBHOOK_URL"] = "https://hooks.slack.com/services/T1/B1/another-secret"

    reload(monitor)

    try:
        assert "another-secret" not in logs.masked("x T1/B1 https://hooks.slack.com/services/T1/B1/another-secret x")
        assert any("another-secret" in form for form in masking._known.forms)
    finally:
        masking._known.forms, masking._known.pattern = forms, pattern


def test_another_database_waits_for_a_new_start(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch()
    town.configure(database="sqlite:///other.db")

    reload(monitor)

    assert not (town.folder / "other.db").exists()
    assert len(monitor.rows("select 1 from mentions")) == 1


# --- channels that are gone ----------------------------------------------------------------------


def down(handler: Any) -> bool:
    """Let the receiver answer that it is down."""
    handler.send_error(503)
    return True


@on_both
def test_what_waits_for_a_renamed_channel_goes_to_the_new_one_and_the_operator_hears_it_once(
    town: Town, watch: Begin
) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    town.slack.behave = down
    for number in (2, 3):
        town.site.publishes("quay", bad(number, created=monitor.clock().isoformat()))
        monitor.look(minutes=2)
    mails = len(town.mail.received)

    path = town.folder / "monitor.toml"
    path.write_text(path.read_text().replace('name = "slack"', 'name = "support"'))
    town.slack.behave = None
    reload(monitor)
    monitor.minute()
    monitor.look(minutes=2)

    posted = " ".join(town.slack.texts())
    assert "Table 2" in posted
    assert "Table 3" in posted
    [mail] = town.mail.received[mails:]
    assert "slack" in mail["Subject"].lower()
    assert "no longer in the configuration" in mail.get_body(("plain",)).get_content()
    states = {(row.channel, row.state) for row in monitor.rows("select channel, state from deliveries")}
    assert states == {("slack", "sent"), ("slack", "dead"), ("support", "sent"), ("mail", "sent")}
    reason = {row.last_error for row in monitor.rows("select last_error from deliveries where state = 'dead'")}
    assert reason == {"its channel is no longer in the configuration"}


def test_whoever_was_told_already_is_not_told_again_by_what_a_removed_channel_left(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    town.slack.behave = down
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)
    mails = len(town.mail.received)

    town.configure(channels=("mail",), database=monitor.settings.database)
    reload(monitor)

    assert not any("1 star" in mail["Subject"] for mail in town.mail.received[mails:])
    assert monitor.rows("select 1 from deliveries where state not in ('sent', 'dead', 'held')") == []


def test_a_message_that_is_held_for_the_night_stays_held_when_its_channel_is_renamed(town: Town, watch: Begin) -> None:
    team = '[[people]]\nname = "ana"\n[[teams]]\nname = "front"\npeople = ["ana"]\nquiet = "21:00-08:00"\n'
    rule = 'channels = ["slack"]\n[[rules]]\nname = "bad ones"\nwhen = "bad"\nteam = "front"\n'
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"), extra=team + rule)
    monitor.look()
    monitor.clock.set(NIGHT)
    town.site.publishes("quay", bad(2, created=NIGHT.isoformat()))
    monitor.look()
    [held] = monitor.rows("select due_at, held_reason from deliveries where state = 'held'")
    posts = len(town.slack.posts)

    path = town.folder / "monitor.toml"
    path.write_text(
        path.read_text().replace('"slack"\nnotifier', '"support"\nnotifier').replace('["slack"]', '["support"]')
    )
    reload(monitor)

    [moved] = monitor.rows("select channel, due_at, held_reason from deliveries where state = 'held'")
    assert (moved.channel, moved.due_at, moved.held_reason) == ("support", held.due_at, held.held_reason)
    assert len(town.slack.posts) == posts
    monitor.look(hours=9, minutes=1)
    assert "Table 2" in town.slack.texts()[-1]


def test_a_channel_that_comes_back_is_used_as_before(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    town.slack.behave = down
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)
    both = (town.folder / "monitor.toml").read_text()
    town.configure(channels=("mail",), database=monitor.settings.database)
    reload(monitor)
    town.slack.behave = None

    (town.folder / "monitor.toml").write_text(both)
    reload(monitor)
    town.site.publishes("quay", bad(3, created=monitor.clock().isoformat()))
    monitor.look(minutes=2)

    assert "Table 3" in town.slack.texts()[-1]


def test_a_message_on_its_way_when_its_channel_is_removed_is_settled(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    monitor = watch(channels=("slack", "mail"))
    monitor.look()
    waiting = threading.Event()
    tried = threading.Event()
    town.slack.behave = lambda _: tried.set() or not waiting.wait(10)
    town.site.publishes("quay", bad(2, created=monitor.clock().isoformat()))
    monitor.clock.advance(minutes=2)
    monitor.daemon._tick()
    while not tried.is_set():
        monitor.daemon.writer.work(0.05)

    town.configure(channels=("mail",), database=monitor.settings.database)
    monitor.daemon.reload()
    monitor.daemon.writer.work(1)
    waiting.set()
    monitor.look()

    assert monitor.daemon._sending == set()
    states = {row.state for row in monitor.rows("select state from deliveries where channel = 'slack'")}
    assert states == {"sent"}
    assert json.dumps(town.slack.posts).count("Table 2") >= 1
