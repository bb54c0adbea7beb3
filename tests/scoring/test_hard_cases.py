"""The table of hard sentences: what the review scorer gets right, and what it is known to get wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor import scoring
from monitor.models import Level, Scorable

TABLE = tomllib.loads(Path(__file__).with_name("hard_cases.toml").read_text(encoding="utf-8"))
TOLD = {"told": True, "not_told": False, "missed": False, "false_alarm": True}
CASES = [(kind, how, text) for kind, entry in TABLE.items() for how in TOLD for text in entry.get(how, ())]


@pytest.mark.parametrize(
    "kind, how, text", CASES, ids=lambda value: str(value)[:60].encode("ascii", "replace").decode()
)
def test_a_hard_sentence_comes_out_as_the_table_says(kind: str, how: str, text: str) -> None:
    [result] = scoring.scorer("reviews").score([Scorable(text)])

    assert (result.level is Level.ALERT) == TOLD[how], f"{kind}: {result.badness} {result.reasons}"


def test_the_table_is_large_and_mostly_right() -> None:
    wrong = [text for _, how, text in CASES if how in ("missed", "false_alarm")]

    assert len({text for *_, text in CASES}) == len(CASES) >= 300
    assert len(wrong) <= 0.2 * len(CASES)


@pytest.mark.parametrize(
    "text, told",
    [
        ("Been on hold for 2 hours and nobody answers", True),
        ("The app crashes every time I open it", True),
        ("I don’t like this", True),
        ("Found glass in my muffin and nobody cared", True),
        ("No bugs so far, no crashes, no ads", False),
        ("Die App ist gut", False),
    ],
)
def test_the_sentences_that_word_lists_fail_on_come_out_right(text: str, told: bool) -> None:
    [result] = scoring.scorer("reviews").score([Scorable(text)])

    assert (result.level is Level.ALERT) == told
