"""The rules of tone, over every message: what is never said, and what always is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from monitor.models import CaseState, Label, Person, Reason, Severity
from monitor.notifier import Message
from monitor.render import MUST_BE_HEARD, CaseLine, message
from tests.render.scenes import ANA, MARA, NOW, SCENES, a_flood, a_scene, a_told

NEVER = ["negative", "sentiment", "ticket", "violation", "score", "badness", "0.8", "dear ", "unfortunately", "oops"]
EMOJI = re.compile("[\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff]")
ASKS = [
    reason for reason in (Reason.NEW, Reason.EDITED_WORSE, Reason.REMINDER, Reason.ESCALATION, Reason.REOPENED)
]  # fmt: skip


def ours(done: Message) -> str:
    """Return every word of a message that is ours: all but the quotes and the addresses."""
    words = "\n".join([done.subject, done.headline, *done.lines, *(action.label for action in done.actions), done.text])
    for quote in done.quotes:
        words = words.replace(quote.text, "").replace(quote.author or "\0", "")
    return re.sub(r"https?://\S+", "", words)


@pytest.mark.parametrize("name", SCENES)
def test_no_message_uses_words_that_machines_use_of_people(name):
    words = ours(message(SCENES[name])).lower()

    assert not [word for word in NEVER if word in words]
    assert not [value for value in (*Label, *Severity) if re.search(rf"\b{value.value}\b", words)
                and value not in (Label.BAD, Label.GOOD) and name != "config_broken"]  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_no_message_shouts_or_smiles(name):
    words = ours(message(SCENES[name]))

    assert "!" not in words
    assert not EMOJI.search(words)
    assert not re.search(r"\b(?!TEST\b|SIGHUP\b)[A-Z]{4,}\b", words)


@pytest.mark.parametrize("name", SCENES)
def test_no_sentence_has_a_hole_in_it(name):
    done = message(SCENES[name])

    for line in [done.subject, done.headline, *done.lines, *done.text.split("\n")]:
        assert "  " not in line
        assert "None" not in line
        assert not re.search(r"\.\.|,,|;;|: ?:|\( ?\)|, ?\.| \.$|· ·|^[,;.·]| ,", line), line
        assert line == line.rstrip() or line.startswith(">")


@pytest.mark.parametrize("reason", ASKS)
@pytest.mark.parametrize("reader", [None, ANA, MARA])
@pytest.mark.parametrize("sees", ["yes", "late", "no"])
@pytest.mark.parametrize("holder", [None, "ana"])
def test_a_message_that_asks_for_an_answer_says_why_where_by_when_who_and_what_stops_it(reason, reader, sees, holder):
    case = CaseLine("c118", CaseState.CLAIMED if holder else CaseState.OPEN, holder, NOW.replace(hour=16, minute=30))
    told = a_told(case=case, sees_answers=sees)

    done = message(a_scene(reason, told, reader=reader, offers=frozenset({"answer"})))

    card, mail = " ".join([done.headline, *done.lines]), done.text
    for words in (card, mail):
        assert "waiting" in words  # why
        assert "16:30" in words  # by when
        assert any(who in words for who in ("obody has", "Ana has", "ou have it"))  # who
        assert any(stop in words for stop in ("I stop by myself", "tell me when you have answered"))  # what stops it
    assert "https://business.example/r/12/reply" in mail
    assert done.actions[0].url == "https://business.example/r/12/reply"


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_every_reason_can_be_told_alone_and_folded(reason, count):
    told = a_flood(count) if count > 1 else (a_told(),) * count

    done = message(a_scene(reason, *told, batch_command="monitor mentions --batch d-0001"))

    assert done.subject
    assert done.headline
    assert done.text.endswith("\n")
    assert done.html.startswith("<!doctype html>")
    assert "!" not in ours(done).replace("<!doctype html>", "")


@pytest.mark.parametrize("reason", Reason)
def test_what_must_be_heard_tags_a_person_or_is_shown_to_all(reason):
    to_ana = message(a_scene(reason, a_told(), reader=ANA))
    to_all = message(a_scene(reason, a_told()))
    to_two = message(a_scene(reason, a_told(), reader=ANA, tag=("U1", "U2")))

    must = reason in MUST_BE_HEARD
    assert to_ana.tag == (("U0ANA",) if must else ())
    assert to_ana.broadcast is False
    assert to_all.broadcast is must
    assert to_two.tag == ("U1", "U2")


def test_a_message_that_stops_for_a_reason_of_its_own_says_that_one():
    done = message(a_scene(Reason.NEW, a_told(), stops="Reply done and I am quiet"))

    assert done.lines[-1] == "Reply done and I am quiet."
    assert "Reply done and I am quiet." in done.text


def test_a_test_says_so_first_and_promises_nothing():
    done = message(a_scene(Reason.NEW, a_told(), test=True))

    assert done.subject.startswith("TEST: ")
    assert done.headline.startswith("TEST · ")
    assert "nobody has to answer" in done.lines[0]
    assert "I stop by myself" not in done.text
    assert done.test
    assert done.data["test"]


def test_every_one_of_a_folded_message_can_be_reached():
    told = a_flood(40)
    scene = a_scene(Reason.NEW, *told, batch_command="monitor mentions --batch d-0001", attach=True)

    done = message(scene)

    [file] = done.attachments
    rows = file.content.decode("utf-8-sig").split("\r\n")
    assert {row.split(",")[0].strip('"') for row in rows[1:-1]} == {one.ref for one in told}
    assert "monitor mentions --batch d-0001" in done.text
    assert "monitor mentions --batch d-0001" in " ".join(done.lines)
    assert "reviews.csv" in done.text
    assert done.actions[0].command == "monitor mentions --batch d-0001"


def test_a_folded_message_without_a_file_does_not_speak_of_one():
    done = message(a_scene(Reason.NEW, *a_flood(40), batch_command="monitor mentions --batch d-0001"))

    assert not done.attachments
    assert "attached" not in done.text


def test_the_worst_of_many_come_first():
    done = message(a_scene(Reason.NEW, *a_flood(40)))

    assert [quote.heading.rsplit(", ", 1)[1] for quote in done.quotes] == ["m117", "m101", "m102"]


def test_nobody_is_offered_what_cannot_be_done_here():
    bare = message(a_scene(Reason.NEW, a_told()))
    without_case = message(
        a_scene(Reason.NEW, a_told(case=None), offers=frozenset({"claim", "snooze", "close", "draft"}))
    )

    assert [action.label for action in bare.actions] == ["Answer on Google"]
    assert [action.label for action in without_case.actions] == ["Answer on Google", "Draft"]


def test_who_has_it_already_is_not_asked_to_take_it():
    case = CaseLine("c118", CaseState.CLAIMED, "ana", NOW)

    done = message(a_scene(Reason.REMINDER, a_told(case=case), offers=frozenset({"claim"})))

    assert "I'll take it" not in [action.label for action in done.actions]


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH, Severity.NORMAL, Severity.LOW, None])
def test_only_what_is_dangerous_is_called_urgent(severity):
    done = message(a_scene(Reason.NEW, a_told(severity=severity)))

    assert ("Urgent" in done.headline) is (severity is Severity.CRITICAL)
    assert done.subject.startswith("Urgent: 1 star") is (severity is Severity.CRITICAL)


def test_the_same_scene_gives_the_same_words():
    scene = SCENES["new"]

    assert message(scene) == message(replace(scene))


def test_people_are_named_as_one_writes_names():
    done = message(a_scene(Reason.NEW, a_told(), reader=Person("mara")))
    mixed = message(a_scene(Reason.NEW, a_told(), reader=Person("McCoy")))
    nobody = message(a_scene(Reason.NEW, a_told()))

    assert done.text.startswith("Hello Mara, ")
    assert mixed.text.startswith("Hello McCoy, ")
    assert nobody.text.startswith("Hello, ")


def test_the_data_of_a_flood_holds_the_worst_and_the_way_to_all():
    done = message(a_scene(Reason.NEW, *a_flood(80), batch_command="monitor mentions --batch d-0001"))

    assert done.data["count"] == 80
    assert len(done.data["mentions"]) == 50
    assert done.data["mentions"][0]["id"] == "m117"
    assert done.data["batch"] == "monitor mentions --batch d-0001"
