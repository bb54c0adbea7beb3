"""The rules as somebody asks about them: one mention, a month, and silence for a while."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from monitor import clock, intake
from monitor.models import Severity
from monitor.store import mentions, silences
from tests.builders import NOON
from tests.cli.conftest import Run, Shop
from tests.reports.mentions import put_mention

RULES = """
[[people]]
name = "ana"
[[brands]]
name = "acme"
terms = ["Acme"]
[[rules]]
name = "danger"
severity = "critical"
channels = ["support"]
stop = true
[[rules]]
name = "german"
languages = ["de"]
channels = ["support"]
[[rules]]
name = "bad"
channels = ["support"]
"""
WHY = ("--why", "the shop is being painted")


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def ruled(shop: Shop) -> Shop:
    """A shop with three rules and one bad review, m1."""
    shop.config.write_text(shop.config.read_text() + RULES)
    with shop.writing() as conn:
        put_mention(conn, 1, language="en")
    return shop


def test_the_rules_are_listed_in_words_with_the_silences_that_hold(run: Run, ruled: Shop) -> None:
    run("rules", "silence", "source=shop", "--until", "2h", *WHY)

    done = run("rules")

    assert "A bad review (critical)" in done.out
    assert "from shop" in done.out
    assert "the shop is being painted" in done.out


def test_a_mention_is_tried_against_each_rule_with_what_does_not_hold(run: Run, ruled: Shop) -> None:
    done = json.loads(run("rules", "test", "m1", "--json").out)

    assert [(one["rule"], one["asks"], one["unmet"]) for one in done["rules"]] == [
        ("danger", False, ["severity"]),
        ("german", False, ["languages"]),
        ("bad", True, []),
    ]
    assert done["channels"] == [{"rule": "bad", "channel": "support"}]
    assert any(line.startswith("It opens a case, with an answer by 2026-11-24") for line in done["says"])


def test_a_rule_behind_a_stop_is_not_asked(run: Run, ruled: Shop) -> None:
    with ruled.writing() as conn:
        put_mention(conn, 2, severity="critical", dangers=["safety"], language="de")

    done = run("rules", "test", "m2")

    assert done.out.count("a rule before it said stop") == 2


def test_a_month_is_replayed_with_what_was_sent_beside_it(run: Run, ruled: Shop) -> None:
    with ruled.writing() as conn:
        for number in range(2, 12):
            put_mention(conn, number, language="en", published_at=NOON - timedelta(days=number))
        put_mention(conn, 20, label="good", level="quiet", severity=None, badness=0.0, rating=5.0)

    found = json.loads(run("rules", "replay", "--since", "7d", "--json").out)
    said = run("rules", "replay", "--since", "7d")

    assert found["mentions"] == 8
    assert found["alerts"] == 7  # m1, and what was written 2 to 7 days ago
    assert found["by_channel"] == {"support": {"would_be_told": 7, "was_told": 0}}
    assert said.out.startswith("Of 8 mentions since 2026-11-17 12:00 these rules would have told of 7: 7.0 a week.")


def test_a_silence_needs_an_end_and_a_reason(run: Run, ruled: Shop) -> None:
    assert "say what" in run("rules", "silence").err
    assert "say until when" in run("rules", "silence", "source=shop").err
    assert "say why" in run("rules", "silence", "source=shop", "--until", "2h").err
    assert "there is no source `shpo`" in run("rules", "silence", "source=shpo", "--until", "2h", *WHY).err
    assert "`colour=red` is not understood" in run("rules", "silence", "colour=red", "--until", "2h", *WHY).err
    assert "there is no brand `x`" in run("rules", "silence", "brand=x", "--until", "2h", *WHY).err


def test_a_silence_says_what_it_does_and_ends_when_asked(run: Run, ruled: Shop) -> None:
    made = run("rules", "silence", "topic=waiting", "--until", "tomorrow", *WHY)
    tried = run("rules", "test", "m1")
    ended = run("rules", "unsilence", "1")
    again = run("rules", "unsilence", "1")

    assert made.out.startswith("Silence 1: about waiting, until 2026-11-25 09:00.")
    assert "It would be held back: silence 1 by ana: the shop is being painted" in tried.out
    assert ended.out.startswith("Silence 1 has ended. 0 messages")
    assert again.code == 2


def test_an_unknown_action_is_refused_with_those_there_are(run: Run, ruled: Shop) -> None:
    done = run("rules", "rewrite")

    assert (done.code, done.out) == (2, "")
    assert "say test, replay, silence, unsilence" in done.err


@pytest.mark.parametrize(
    "what, severity, covered",
    [
        ({"sources": ["shop"]}, Severity.HIGH, True),
        ({"sources": ["other"]}, Severity.HIGH, False),
        ({"topics": ["waiting"]}, Severity.HIGH, True),
        ({"subjects": ["quay street"]}, Severity.HIGH, True),
        ({"words": ["40 MINUTES"]}, Severity.HIGH, True),
        ({"words": ["lawyer"]}, Severity.HIGH, False),
        ({"sources": ["shop"], "words": ["lawyer"]}, Severity.HIGH, False),
        ({"brands": ["acme"]}, Severity.HIGH, True),
        ({"brands": ["other"]}, Severity.HIGH, False),
        ({"sources": ["shop"]}, Severity.CRITICAL, False),
        ({"topics": ["safety"]}, Severity.CRITICAL, True),
    ],
)
def test_a_silence_covers_what_meets_all_of_it_and_danger_goes_through(
    ruled: Shop, what: dict[str, list[str]], severity: Severity, covered: bool
) -> None:
    with ruled.writing() as conn:
        put_mention(conn, 5, place="Quay Street", dangers=["safety"])
        silences.add(conn, what, why="x", who=None, now=NOON, until=NOON + timedelta(hours=1))
        [silence] = silences.active(conn, NOON)
        row = mentions.full(conn, [5])[5]

    assert intake.matches(silence, row, ["acme"], severity) is covered
