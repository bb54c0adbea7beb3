"""Erasing from the command line: what it shows, what it asks, and what it says it cannot reach."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.cli.conftest import Run, Shop
from tests.reports.mentions import put_mention

NAME = "Zacharias Wunderlich"


@pytest.fixture
def told(shop: Shop) -> Shop:
    """A shop of which two people wrote, one of them twice."""
    with shop.writing() as conn:
        for number, name in ((1, NAME), (2, NAME), (3, "Mara")):
            put_mention(conn, number, author=name, author_id=f"u-{name[0]}", text=f"The teaspoon was missing. {number}")
    return shop


def held(shop: Shop, word: str) -> list[str]:
    """Return the files of the folder that hold a word, byte by byte."""
    return [path.name for path in shop.folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_it_shows_what_goes_asks_once_and_says_what_it_did(
    told: Shop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    refused = run("erase", "--author", NAME, "--source", "shop")
    assert refused.code == 1
    assert "say --yes" in refused.err
    assert "Erase these 2 mentions" in refused.all
    assert held(told, NAME)

    done = run("erase", "--author", NAME, "--source", "shop", "--yes")

    assert done.code == 0
    assert "The teaspoon was missing. 1" in done.out
    assert "2 mentions erased; 0 cases closed, 0 waiting messages called off." in done.out
    assert "nothing of it is left" in done.out
    assert "Exports, reports and backups that you put elsewhere are not reached" in done.out
    assert held(told, NAME) == []
    assert held(told, "Mara")
    assert run("show", "m1").code == 2


def test_one_mention_goes_by_its_number_or_an_author_by_an_id(told: Shop, run: Run) -> None:
    one = json.loads(run("erase", "m3", "--yes", "--json").out)
    rest = json.loads(run("erase", "--author", "u-Z", "--yes", "--json").out)

    assert (one["mentions"], rest["mentions"], rest["trouble"]) == (1, 2, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what"),
        (("m1", "--author", NAME), "say what"),
        (("m1", "--source", "shop"), "--source goes with --author"),
        (("m77",), "there is no mention m77"),
        (("--author", NAME), "say on which source"),
        (("--author", "Nobody", "--source", "shop"), "nothing by Nobody is stored of shop"),
        (("--author", NAME, "--source", "shpo"), "Did you mean `shop`?"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(told: Shop, run: Run, words: tuple[str, ...], says: str) -> None:
    refused = run("erase", *words, "--yes")

    assert refused.code == 2
    assert says in refused.err
    assert held(told, NAME)


def test_the_files_can_be_done_once_more(told: Shop, run: Run) -> None:
    run("erase", "m1", "--yes")

    again = run("erase", "m1", "--again", "--yes")

    assert again.code == 0
    assert "0 mentions erased" in again.out
