"""No formula, whatever separator the reader chooses, and back exactly (hostile inputs 9.1 and 9.2)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.reports.csv_file import _SUSPECT, _Lines
from monitor.text.cells import guard, unguard
from tests.reports.hostile import BLANKS, STARTS, TEXTS

alphabet = st.sampled_from([*"=+-@%|;\"'\t\r\n ,:ax0", *BLANKS, *(start for start in STARTS if len(start) == 1)])
noisy = st.text(alphabet, max_size=12)


def cells(text: str, separators: str) -> list[str]:
    """Return what a reader with other separators, and no idea of quotes, takes for cells."""
    return re.split(f"[{separators}]", text)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_every_hostile_text_comes_back_exactly(text: str) -> None:
    assert unguard(guard(text)) == text


@given(noisy)
@settings(max_examples=600)
def test_any_text_comes_back_exactly(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.text(max_size=40))
def test_any_text_at_all_comes_back_exactly(text: str) -> None:
    assert unguard(guard(text)) == text


@given(noisy)
@settings(max_examples=600)
def test_no_cell_of_any_reading_begins_with_a_sign(text: str) -> None:
    guarded = guard(text)

    for cell in [guarded, *cells(guarded, ';|\t\r\n"')]:
        assert not cell.lstrip(f" {''.join(BLANKS)}").startswith(tuple(s for s in STARTS if s not in "\t\r\n|｜\0")), (
            cell
        )


@given(noisy)
@settings(max_examples=600)
def test_no_cell_begins_with_an_equals_sign_behind_a_blank_comma_or_colon(text: str) -> None:
    for cell in cells(guard(text), " ,:;"):
        assert not cell.startswith("=")


@given(st.lists(noisy, min_size=1, max_size=4))
@settings(max_examples=600)
def test_the_quick_look_at_a_line_overlooks_nothing(texts: list[str]) -> None:
    import csv

    collected = _Lines()
    csv.writer(collected).writerow([1, *texts, 2.5])

    if [guard(text) for text in texts] != texts:
        assert _SUSPECT.search(collected.lines[0])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("'tis a fine place", "''tis a fine place"),
        ("  =1+1", "  '=1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("a\n- b\n- c", "a\n'- b\n'- c"),
        ("-2.5", "'-2.5"),
        ("+49 170", "'+49 170"),
        ("100% good", "100% good"),
        ("fine - really, @ana: don't", "fine - really, @ana: don't"),
        ("5-7 + 3 @home", "5-7 + 3 @home"),
        ("1 + 1 = 2", "1 + 1 '= 2"),
        ("", ""),
    ],
)
def test_ordinary_text_is_left_as_it_is_and_signs_get_their_apostrophe(text: str, shown: str) -> None:
    assert guard(text) == shown
