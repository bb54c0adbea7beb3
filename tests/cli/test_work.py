"""The work on cases as somebody types it: what is said back, who gets what, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from monitor import clock
from monitor.cli.work import later
from monitor.errors import UsageError
from tests.builders import NOON
from tests.cli.conftest import Run, Shop
from tests.reports.mentions import put_case, put_mention

PEOPLE = """
[[people]]
name = "ana"
stand_in = "ben"
[[people]]
name = "ben"
"""
ZONE = "Europe/London"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def crew(shop: Shop) -> Shop:
    """A shop with two people and one open case, c1 about m1."""
    shop.config.write_text(shop.config.read_text() + PEOPLE)
    with shop.writing() as conn:
        put_mention(conn, 1, text="Cold coffee, and nobody said a word.")
        put_case(conn, 1)
    return shop


def events(run: Run) -> list[tuple[str, str | None, str]]:
    """Return what happened to c1: what, who, through what."""
    found = json.loads(run("show", "c1", "--json").out)["events"]
    return [(one["event"], one["who"], one["through"]) for one in found]


def test_a_claim_says_who_has_it_and_is_written_down(run: Run, crew: Shop) -> None:
    done = run("claim", "c1", "--by", "ana")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("c1: ana has it")
    assert events(run)[-1] == ("claimed", "ana", "cli")


def test_who_comes_second_is_told_who_has_it(run: Run, crew: Shop) -> None:
    run("claim", "c1", "--by", "ana")

    done = run("claim", "m1", "--by", "ben")

    assert (done.code, done.out, done.err) == (1, "", "c1: ana has it\n")


def test_of_many_what_can_be_done_is_done(run: Run, crew: Shop) -> None:
    with crew.writing() as conn:
        put_mention(conn, 2)
        put_case(conn, 2)
    run("claim", "c1", "--by", "ana")

    done = run("claim", "c1", "c2", "--by", "ben")

    assert done.code == 1
    assert done.out.startswith("c2: ben has it")


def test_it_is_put_off_and_says_until_when(run: Run, crew: Shop) -> None:
    done = run("snooze", "c1", "--until", "tomorrow 09:00", "--by", "ana")

    assert done.out.rstrip().endswith("It is put off until tomorrow 09:00.")


def test_it_is_closed_only_with_how_it_was_made_right(run: Run, crew: Shop) -> None:
    wrong = run("close", "c1", "--why", "sued", "--by", "ana")
    done = run("close", "c1", "--why", "none needed", "--by", "ana", "--note", "it was a joke")

    assert wrong.code == 2
    assert "there is no way of making it right `sued`" in wrong.err
    assert "refund" in wrong.err
    assert done.out == "c1 is closed: none needed.\n"
    assert "it was a joke" in run("show", "c1").out


def test_a_closed_case_is_opened_again(run: Run, crew: Shop) -> None:
    run("close", "c1", "--why", "refund", "--by", "ana")

    done = run("reopen", "c1", "--by", "ben")

    assert done.code == 0
    assert events(run)[-1][0] == "reopened"


def test_a_note_tells_nobody_and_stays(run: Run, crew: Shop) -> None:
    done = run("note", "c1", "called him, he comes on Friday", "--by", "ana")

    assert done.out == "c1: written down.\n"
    assert "called him, he comes on Friday" in run("show", "c1").out


def test_who_is_given_a_case_is_told(run: Run, crew: Shop) -> None:
    run("assign", "c1", "ben", "--by", "ana")

    told = json.loads(run("show", "m1", "--json").out)["messages"]
    assert [one["reason"] for one in told] == ["reminder"]
    assert json.loads(run("show", "c1", "--json").out)["assignee"] == "ben"


@pytest.mark.parametrize(
    "words, says",
    [
        (("claim", "c1", "--by", "zoe"), "there is no person `zoe`."),
        (("claim", "c9", "--by", "ana"), "c9: there is no case c9"),
        (("claim", "m9", "--by", "ana"), "there is no mention m9"),
        (("claim", "x1", "--by", "ana"), "`x1` is no id here; ids look like c12"),
        (("assign", "c1", "bne", "--by", "ana"), "Did you mean `ben`?"),
        (("snooze", "c1", "--until", "whenever", "--by", "ana"), "`whenever` is no time"),
        (("snooze", "c1", "--until", "2020-01-01", "--by", "ana"), "`2020-01-01` has passed"),
        (("note", "c1", " ", "--by", "ana"), "there is nothing to write down"),
        (("away", "ana"), "say when"),
        (("away", "ana", "2026-12-24..2026-12-20"), "ends before it begins"),
        (("away", "zoe", "2026-12-24"), "there is no person `zoe`"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(run: Run, crew: Shop, words: tuple[str, ...], says: str) -> None:
    done = run(*words)

    assert done.code in (1, 2)
    assert says in done.err
    assert done.err.count("\n") == 1


def test_without_a_name_the_login_name_counts_where_it_is_a_person(
    run: Run, crew: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ben")
    known = run("claim", "c1")
    monkeypatch.setenv("LOGNAME", "root")
    unknown = run("note", "c1", "hello")

    assert known.out.startswith("c1: ben has it")
    assert unknown.err == "say who you are: --by ana. Known: ana, ben.\n"


def test_days_away_are_kept_listed_and_taken_back(run: Run, crew: Shop) -> None:
    said = run("away", "ana", "2027-12-20..2028-01-03")
    listed = json.loads(run("away", "--json").out)
    back = run("away", "ana", "--back")

    assert "2027-12-20" in said.out
    assert listed == [{"person": "ana", "from": "2027-12-20", "to": "2028-01-03", "stand_in": "ben"}]
    assert back.out == "Nobody is away.\n"


def test_the_inbox_puts_first_what_an_answer_is_worth_most_for_and_says_why(run: Run, crew: Shop) -> None:
    with crew.writing() as conn:
        put_mention(conn, 2, audience=250_000, audience_kind="followers", text="Do not go there.")
        put_case(conn, 2, severity="critical")

    done = run("inbox")
    first, second = json.loads(run("inbox", "--json").out)

    assert (first["id"], second["id"]) == ("c2", "c1")
    assert "250,000 followers" in first["reasons"]
    assert first["worth"] > second["worth"]
    assert "Do not go there." in done.out


def test_an_empty_inbox_says_so(run: Run, shop: Shop) -> None:
    assert run("inbox").out == "Nothing waits for an answer.\n"


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2h", NOON + timedelta(hours=2)),
        ("3d", NOON + timedelta(days=3)),
        ("16:30", datetime(2026, 11, 24, 16, 30, tzinfo=UTC)),
        ("08:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("today 18:00", datetime(2026, 11, 24, 18, 0, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 25, 9, 0, tzinfo=UTC)),
        ("Tomorrow 10:15", datetime(2026, 11, 25, 10, 15, tzinfo=UTC)),
        ("mon 09:00", datetime(2026, 11, 30, 9, 0, tzinfo=UTC)),
        ("Friday", datetime(2026, 11, 27, 9, 0, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        ("2027-07-01 09:00", datetime(2027, 7, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_times_are_understood_as_people_write_them(text: str, moment: datetime) -> None:
    assert later(text, NOON, ZONE) == moment


@pytest.mark.parametrize("text", ["", "soon", "25:00", "monday-ish", "2026-13-01", "99999999w", "mon tue 09:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        later(text, NOON, ZONE)


def test_what_an_author_wrote_before_stands_in_the_case_as_a_fact(run: Run, crew: Shop) -> None:
    with crew.writing() as conn:
        put_mention(conn, 7, author="Jonas K.", author_id="jonas", rating=5.0)
        put_mention(conn, 9, author="Jonas K.", author_id="jonas")
        put_case(conn, 9)

    assert "wrote before  m7: 5 of 5, 2026-11-24 10:00" in run("show", "c9").out
    assert json.loads(run("show", "c9", "--json").out)["author_before"][0]["id"] == "m7"
