"""What is done in a shorter way gives what the plain way gives: sentences, groups of words, rounding, quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.scoring.features import MOST_SENTENCES, groups, sentences
from monitor.scoring.phrases import Spans, phrases, tokens_of
from monitor.scoring.prepare import prepare
from monitor.scoring.vader import Vader, _rounded
from monitor.scoring.weights import from_words, in_words

VADER = Vader()
PIECES = [*"abc.!?\n\t :", " ", ". ", "good ", "bad", "\n\n", "?! ", "...", "😀", "\u2028"]


@given(st.lists(st.sampled_from(PIECES), max_size=90).map("".join).filter(str.strip))
def test_sentences_are_cut_behind_their_marks_and_at_new_lines(text: str) -> None:
    found = sentences(text, VADER.read(text), VADER)

    cut = re.split(r"(?<=[.!?])\s+|\n+", text.strip(), maxsplit=MOST_SENTENCES)
    assert [part.text for part in found] == (cut if len(cut) > 1 else [text])


def test_a_sentence_has_the_words_of_feeling_that_stand_in_it() -> None:
    text = "Good 😀. And so on. Bad, bad. Nothing more."

    good, nothing, bad, last = [part.compound for part in sentences(text, VADER.read(text), VADER)]

    assert good > 0 > bad
    assert nothing == last == 0


def test_three_words_behind_a_negation_are_turned_round_and_neighbours_are_pairs() -> None:
    assert groups(["do", "not", "like", "it", "at", "all"]) == {
        "do", "not", "!like", "!it", "!at", "all",
        ("do", "not"), ("not", "like"), ("like", "it"), ("it", "at"), ("at", "all"),
    }  # fmt: skip


def test_a_negation_is_not_turned_round_and_begins_anew() -> None:
    assert {"never", "!x", "don't", "!a", "!b", "!c", "d"} <= groups(["never", "x", "don't", "a", "b", "c", "d"])


@pytest.mark.parametrize("words", ["cold", "!cold", "too cold"])
def test_a_group_is_written_as_it_is_read(words: str) -> None:
    assert in_words(from_words(words)) == words


@given(st.one_of(st.floats(-1, 1), st.integers(-2_000, 2_000).map(lambda half: half / 2_000)))
def test_rounding_is_that_of_python(value: float) -> None:
    assert _rounded(value, 3, 1e3) == round(value, 3)
    assert _rounded(value, 4, 1e4) == round(value, 4)


_SIGNS = st.text(st.sampled_from("ab .`'\x00\n‘’‛′ʼ´“”„‟″«»–—―é\u0301\u200b"), max_size=12)


@given(_SIGNS.filter(lambda text: not set(text).isdisjoint("‘’“”—")))
def test_quotes_and_dashes_become_those_of_a_keyboard_whatever_stands_beside_them(text: str) -> None:
    # With a letter that no keyboard has there is no short way.
    assert prepare(text) + " é" == prepare(text + " é")


SAMPLE = (
    "waited waiting 40 999 1500 minutes hours no not nobody never one answers rude refund charged me us twice scam "
    "made my daughter really sick please fix works great zero stars . the"
)


@given(st.lists(st.sampled_from(SAMPLE.split()), max_size=14).map(" ".join))
def test_every_phrase_begins_where_the_table_says_that_one_may_begin(text: str) -> None:
    named, tokens = phrases(opinions=True), tokens_of(text)
    beginnings = set(named.beginnings())

    starts = [
        at for at, token in enumerate(tokens) if token in beginnings or (token, *tokens[at + 1 : at + 2]) in beginnings
    ]

    assert named.among(tokens, Spans(text, text), starts) == named.find(text, text, tokens)
    assert {(one.kind, one.name) for one in named.find(text, text, tokens)} == named.names(tokens, Spans(text, text))
