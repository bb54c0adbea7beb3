"""Marking what was right and what was not, and what has come of it, as somebody types it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from monitor import clock
from monitor.store import marks
from tests.builders import NOON
from tests.cli.conftest import Run, Shop
from tests.reports.mentions import put_case, put_mention

DOUBTFUL = "Not as good as it was last year"  # without stars an alert, by little
HONEST = (
    "A bad one that nobody saw is marked by nobody: fewer were found than this says. "
    "And where only false alarms are marked, alerts look worse than they are; mark right ones, too."
)
FEW = "Those count where words decide: English, no stars or three, no danger."


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


def put_posts(shop: Shop, count: int, *, first: int = 1, text: str = DOUBTFUL, **values: object) -> list[str]:
    """Store posts without stars, and return their ids as they are spoken."""
    with shop.writing() as conn:
        for number in range(first, first + count):
            put_mention(conn, number, **{"rating": None, "text": text, "badness": 0.63, "language": "en", **values})
    return [f"m{number}" for number in range(first, first + count)]


def stored(shop: Shop) -> list[tuple[int, str, str | None, str | None]]:
    with shop.opened() as store, store.read() as conn:
        return sorted((one.mention_id, one.mark, one.who, one.note) for one in marks.every(conn))


# --- mark


def test_marking_is_said_back_in_words_with_what_it_changes(run: Run, shop: Shop) -> None:
    put_posts(shop, 2)

    done = run("mark", "m1", "m2", "false-alarm", "--by", "ana", "--note", "a joke of ours")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "m1 is marked a false alarm, by ana. It alerted and should not have.",
        "m2 is marked a false alarm, by ana. It alerted and should not have.",
        f"shop: 2 marks of the 50 from which on they move what alerts there. {FEW}",
    ]
    assert stored(shop) == [(n, "false_alarm", "ana", "a joke of ours") for n in (1, 2)]


def test_a_mark_stands_where_the_mention_is_shown(run: Run, shop: Shop) -> None:
    put_posts(shop, 2)
    run("mark", "m1", "false-alarm", "--by", "ana", "--note", "a joke of ours")

    marked, unmarked, as_json = run("show", "m1"), run("show", "m2"), run("show", "m1", "--json")

    assert "marked" in marked.out
    assert "false alarm by ana" in " ".join(marked.out.split())
    assert "a joke of ours" in " ".join(marked.out.split())
    assert "marked" not in unmarked.out
    assert [mark["mark"] for mark in json.loads(as_json.out)["marks"]] == ["false_alarm"]


def test_marking_again_and_taking_back_are_said_back_too(run: Run, shop: Shop) -> None:
    put_posts(shop, 1)
    run("mark", "1", "false-alarm", "--by", "ana")

    again, back, twice = (
        run("mark", "m1", "right", "--by", "ben"),
        run("mark", "m1", "--undo"),
        run("mark", "m1", "--undo"),
    )

    assert again.out.startswith("m1 is marked right instead of a false alarm, by ben. It alerted, and should.\n")
    assert back.out.startswith("m1 is no longer marked.\nshop: 0 marks of the 50 ")
    assert twice.out.startswith("m1 was not marked.\n")
    assert stored(shop) == []


@pytest.mark.parametrize(
    "word, level, words",
    [
        ("missed", "watch", "marked missed, by ana. It should have alerted."),
        ("missed", "alert", "marked missed, by ana. It did alert; that counts as right."),
        ("right", "quiet", "marked right, by ana. It did not alert, and should not."),
        ("False_Alarm", "quiet", "marked a false alarm, by ana. It did not alert, and should not."),
    ],
)
def test_what_a_mark_means_depends_on_what_was_thought(run: Run, shop: Shop, word: str, level: str, words: str) -> None:
    put_posts(shop, 1, level=level)

    assert words in run("mark", "m1", word, "--by", "ana").out


def test_a_case_leads_to_its_mention_where_it_is_about_one(run: Run, shop: Shop) -> None:
    put_posts(shop, 3)
    with shop.writing() as conn:
        put_case(conn, 2)

    assert run("mark", "c2", "right", "--by", "ana").out.startswith("m2 is marked right, by ana.")


def test_a_case_about_several_is_not_marked(run: Run, shop: Shop) -> None:
    put_posts(shop, 2)
    with shop.writing() as conn:
        put_case(conn, 1)
        put_mention(conn, 7, case_id=1)

    done = run("mark", "c1", "right")

    assert (done.code, done.out) == (2, "")
    assert done.err == "c1 is about m1, m7: say which of them\n"


def test_who_marks_is_the_login_name_unless_somebody_is_named(
    run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "mara")
    put_posts(shop, 1)

    assert ", by mara. " in run("mark", "m1", "right").out


def test_from_fifty_marks_on_they_move_what_alerts(run: Run, shop: Shop) -> None:
    ids = put_posts(shop, 50)

    before, after = run("mark", *ids[:49], "false-alarm"), run("mark", ids[49], "false-alarm")

    assert "and 39 more mentions likewise." in before.out
    assert before.out.splitlines()[-1].startswith("shop: 49 marks of the 50 ")
    assert after.out.splitlines()[-1] == (
        "shop: from now on words alert later: what stood at .50 stands at .27, after 50 marks."
    )


def test_where_alerts_were_right_nothing_moves(run: Run, shop: Shop) -> None:
    ids = put_posts(shop, 50)

    done = run("mark", *ids, "right")

    assert done.out.splitlines()[-1] == (
        "shop: 50 marks, and nothing to move: what alerted was as right as the words promise."
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["m1"], "the mark is missing; say false-alarm, missed or right, or --undo"),
        (["m1", "wrong"], "`wrong` is no mark; say false-alarm, missed or right, or --undo"),
        (["right"], "say which: `monitor mark m12 false-alarm`; `monitor mentions` lists them"),
        (["m1", "right", "missed"], "`right` and `missed`: one mark at a time"),
        (["m1", "right", "--undo"], "--undo takes a mark back: leave `right` out"),
        (["m1", "m9", "right"], "there is no mention m9"),
        (["c9", "right"], "there is no case c9"),
        (["m1", "x2", "right"], "`x2` is no id here; ids look like m12"),
        (["m1", "right", "--by", " "], "a name has 1 to 100 characters and no line breaks; say --by ana"),
        (["m1", "m2", "right"], "m2 is a post of your own; those are not judged"),
    ],
)
def test_a_slip_is_named_in_one_line_and_marks_nothing(run: Run, shop: Shop, arguments: list[str], words: str) -> None:
    put_posts(shop, 1)
    put_posts(shop, 1, first=2, own=True)

    done = run("mark", *arguments)

    assert (done.code, done.out, done.err) == (2, "", f"{words}\n")
    assert stored(shop) == []


# --- accuracy


def test_accuracy_shows_shares_with_their_ranges_and_other_thresholds(run: Run, shop: Shop) -> None:
    put_posts(shop, 10)
    put_posts(shop, 4, first=11, level="watch", badness=0.4)
    run("mark", *(f"m{n}" for n in range(1, 9)), "right")
    run("mark", "m9", "m10", "false-alarm")
    run("mark", "m11", "missed")

    done = run("accuracy", "--at", "0.6")

    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "source  marks  right alerts (precision)  found (recall)    moved by marks",
        "─" * 82,
        "shop    11     8 of 10 (49-94 %)         8 of 9 (57-98 %)  not yet: 11 of 50 marks",
        "",
        HONEST,
        "",
        "alerts a week  at .35  at .50 (now)  at .60  at .65",
        "─" * 51,
        "shop           98.0    70.0          70.0    0.0",
        "Counted over the last 30 days (shop: 1 day), before rules, quiet hours and folding.",
    ]


def test_accuracy_without_marks_says_how_to_make_one(run: Run, shop: Shop) -> None:
    put_posts(shop, 1)

    assert "Nothing is marked. To say what was wrong or right: " in run("accuracy").out


def test_accuracy_of_an_empty_database_says_so(run: Run, shop: Shop) -> None:
    assert run("accuracy").out == "Nothing is stored yet.\n"
    assert json.loads(run("accuracy", "--json").out) == []


def test_accuracy_as_json_has_every_figure(run: Run, shop: Shop) -> None:
    ids = put_posts(shop, 50)
    run("mark", *ids, "false-alarm")

    [found] = json.loads(run("accuracy", "--json").out)

    assert found["source"] == "shop"
    assert found["marks"] == {"false_alarm": 50, "missed": 0, "right": 0}
    assert found["precision"] == {"hits": 0, "of": 50, "value": 0.0, "low": 0.0, "high": 0.0713}
    assert found["recall"] == {"hits": 0, "of": 0, "value": None, "low": None, "high": None}
    assert found["offset"] == {"shift": -1.0, "marks": 50, "in_use": True}
    assert list(found["alerts_a_week"]) == ["0.35", "0.5", "0.65"]


def test_accuracy_of_one_source_and_of_some_days(run: Run, shop: Shop) -> None:
    put_posts(shop, 1)
    put_posts(shop, 1, first=2, source="forum")
    run("mark", "m1", "m2", "right")

    assert [one["source"] for one in json.loads(run("accuracy", "--json").out)] == ["forum", "shop", None]
    [forum] = json.loads(run("accuracy", "--json", "--source", "forum", "--since", "1d").out)
    assert (forum["source"], forum["precision"]["of"]) == ("forum", 1)
    later = (NOON + timedelta(days=1)).date().isoformat()
    [forum] = json.loads(run("accuracy", "--json", "--source", "forum", "--since", later).out)
    assert forum["precision"]["of"] == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--at", "1.5"], "--at 1.5: a threshold lies between 0 and 1, such as 0.7"),
        (["--at", "nan"], "--at nan: a threshold lies between 0 and 1, such as 0.7"),
        (["--source", "shp"], "there is no source `shp`. Did you mean `shop`? Known: shop."),
        (["--since", "soon"], "`soon` is no span of time and no day; write 12h, 7d, 4w or 2026-11-01"),
    ],
)
def test_what_is_mistyped_is_named(run: Run, shop: Shop, arguments: list[str], words: str) -> None:
    done = run("accuracy", *arguments)

    assert (done.code, done.out, done.err) == (2, "", f"{words}\n")
