"""History scored again from the command line, how far it has come, and a text judged with its reasons."""

from __future__ import annotations

import io
import json
import re

import pytest

from monitor import scoring
from monitor.cli.rescore import Progress
from monitor.store import schema
from tests.cli.conftest import Run, Shop
from tests.reports.mentions import put_mention

# Bad by the scorer that knows what people name; a watch by VADER's numbers alone.
NAMED = "It keeps crashing."


@pytest.fixture
def told(shop: Shop) -> Shop:
    """A shop with three mentions that another version of the scorer has scored."""
    with shop.writing() as conn:
        for number, text, level in ((1, NAMED, "watch"), (2, NAMED, "alert"), (3, "It is fine.", "alert")):
            put_mention(
                conn, number, rating=3.0, text=text, level=level, scorer="stars-vader/0", source="mill" if number == 3
                else "shop", label="bad" if level == "alert" else "mixed",
            )  # fmt: skip
    return shop


# --- rescore -------------------------------------------------------------------------------------


def test_it_ends_with_how_many_changed_level_and_examples_by_id(told: Shop, run: Run) -> None:
    done = run("rescore")

    assert done.code == 0
    head, table = done.out.split("\n\n")
    assert head.splitlines() == [
        "3 mentions scored by reviews/4. Nobody was told of anything.",
        "2 changed level: 1 up, 1 down.",
    ]
    assert [line.split() for line in table.splitlines() if line.startswith("m")] == [
        ["m3", "mill", "alert", "watch"],
        ["m1", "shop", "watch", "alert"],
    ]
    assert done.err == ""


def test_once_done_there_is_nothing_left_to_do(told: Shop, run: Run) -> None:
    run("rescore")

    assert run("rescore").out == "Nothing to score again: reviews/4 has scored all of it.\n"
    assert run("rescore", "--all").out.startswith("3 mentions scored by reviews/4.")


def test_a_dry_run_says_what_would_change_and_changes_nothing(told: Shop, run: Run) -> None:
    dry = run("rescore", "--dry-run")

    assert dry.out.startswith("3 mentions would be scored by reviews/4. Nothing was changed.\n2 would change level")
    assert json.loads(run("rescore", "--json").out) == {
        "scorer": "reviews/4",
        "scored": 3,
        "up": 1,
        "down": 1,
        "examples": [
            {"id": "m3", "source": "mill", "was": "alert", "now": "watch"},
            {"id": "m1", "source": "shop", "was": "watch", "now": "alert"},
        ],
        "left": 0,
    }


def test_only_a_source_or_a_span_is_done_where_that_is_asked_for(told: Shop, run: Run) -> None:
    # The shop's mentions were said at a fixed time in the past or to come, so "since" is a day.
    assert json.loads(run("rescore", "--since", "2026-11-25", "--json").out)["scored"] == 0
    assert json.loads(run("rescore", "--source", "mill", "--json").out)["scored"] == 1
    assert json.loads(run("rescore", "--since", "2026-11-24", "--json").out)["scored"] == 2


def test_the_scorer_of_the_configuration_is_the_one_that_scores(told: Shop, run: Run) -> None:
    text = told.config.read_text(encoding="utf-8")
    told.config.write_text(text.replace("[monitor]", '[monitor]\nscorer = "vader"'), encoding="utf-8")

    assert run("rescore").out.startswith("3 mentions scored by vader/2.")
    assert re.search(r"^judged by +vader/2$", run("show", "m1").out, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--source", "shp"], "there is no source `shp`. Did you mean `shop`? Known: shop, mill."),
        (["--since", "soon"], "`soon` is no span of time and no day"),
    ],
)
def test_a_slip_is_said_and_nothing_is_scored(told: Shop, run: Run, arguments: list[str], words: str) -> None:
    done = run("rescore", *arguments)

    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_status_names_the_command_while_some_are_scored_by_another_version(told: Shop, run: Run) -> None:
    with told.writing() as conn:
        put_mention(conn, 4, rating=3.0, text=NAMED)
    before = run("status").out
    run("rescore")

    assert re.search(r"^Some mentions have scores of stars-vader/0\. .* rescore$", before, re.MULTILINE)
    assert "rescore" not in run("status").out


def test_status_names_the_command_when_the_configured_scorer_is_another(told: Shop, run: Run) -> None:
    with told.writing() as conn:
        conn.execute(schema.mentions.update().values(scorer="vader/1"))

    assert "Some mentions have scores of vader/1." in run("status").out


# --- how far it has come -------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


class Seconds:
    """A stopwatch that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(stream: io.StringIO, *steps: tuple[float, int], total: int = 100_000) -> str:
    """Return what is written when so many are done after so many seconds."""
    seconds = Seconds()
    progress = Progress(stream, seconds)
    for after, done in steps:
        seconds.now = 100.0 + after
        progress(done, total)
    progress.end()
    return stream.getvalue()


def test_a_terminal_shows_how_many_are_done_and_how_long_it_takes_in_one_line() -> None:
    lines = shown(Terminal(), (0.05, 300), (0.5, 600), (0.55, 900), (30.0, 10_000), (300.0, 99_000)).split("\r")

    assert [line.rstrip() for line in lines] == [
        "",
        "600 of 100,000 scored",
        "10,000 of 100,000 scored, about 4 min still",
        "99,000 of 100,000 scored, less than a minute still",
        "",
        "",
    ]
    assert len(lines[-2]) == len(lines[-3])  # nothing of it is left behind


def test_without_a_terminal_it_is_a_plain_line_every_ten_seconds() -> None:
    written = shown(io.StringIO(), (1.0, 300), (9.9, 600), (10.0, 900), (15.0, 1_200), (20.0, 1_500))

    assert written == "900 of 100,000 scored, about 18 min still\n1,500 of 100,000 scored, about 22 min still\n"


def test_short_work_says_nothing_without_a_terminal() -> None:
    assert shown(io.StringIO(), (0.1, 300), (0.2, 600), total=600) == ""


# --- the reasons of a text -----------------------------------------------------------------------

RANKS = {"stars": 0, "danger": 1, "topic": 1, "complaint": 1, "sentence": 2, "language": 3, "words": 3, "tone": 3}
COMPLAINT = (
    "The room was lovely. Waited 40 minutes for two coffees and the tea was horrible, horrible. "
    "Nobody apologised, what an awful, dreadful, pathetic evening."
)


@pytest.mark.parametrize("name", scoring.NAMES)
def test_the_reasons_stand_in_their_order_with_words_of_the_text(run: Run, name: str) -> None:
    found = json.loads(run("score", COMPLAINT, "--stars", "2", "--scorer", name, "--json").out)["reasons"]

    ranks = [RANKS[why["code"].partition(":")[0]] for why in found]
    assert ranks == sorted(ranks)
    assert found[0] == {"code": "stars", "text": "2 stars", "words": []}
    assert {"sentence"} <= {why["code"] for why in found}
    assert all(word.lower() in COMPLAINT.lower() for why in found for word in why["words"])
    assert [len(why["words"]) for why in found if why["code"] == "words"] in ([], [1], [2])


def test_people_read_the_reasons_without_knowing_a_model(run: Run) -> None:
    lines = run("score", COMPLAINT, "--stars", "2", "--scorer", "reviews").out.splitlines()

    assert lines[:3] == ["bad: people are told at once", "- 2 stars", '- waiting ("Waited 40 minutes")']
    assert '- worst sentence ("Nobody apologised, what an awful, dreadful, pathetic evening.")' in lines


def test_groups_of_words_are_called_what_they_are(run: Run) -> None:
    done = run("score", "Das Essen war kalt, enttäuschend, wir kommen nie wieder hierher.", "--scorer", "reviews")

    assert '- words that are usual in complaints ("' in done.out


@pytest.mark.parametrize(
    "text, line",
    [
        ("asdf qwer zxcv", "- the language is not known, so the words were not read"),
        ("食べ物が冷たかった、ひどい店でした", "- the words were not read: they are in another language (ja)"),
    ],
)
def test_a_text_that_is_not_read_says_so_once(run: Run, text: str, line: str) -> None:
    lines = run("score", text, "--stars", "2", "--scorer", "reviews").out.splitlines()

    assert lines[1:] == ["- 2 stars", line]


def test_no_stars_is_not_written_as_zero(run: Run) -> None:
    done = run("score", "Fine.", "--stars", "0")

    assert done.code == 2
    assert "invalid value for `--stars`" in done.err
