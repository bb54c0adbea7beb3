"""What is done in a shorter way gives what the plain way gives: sentences, groups of words, rounding, quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.scoring.cutting import cut, sentence, tokens_of
from monitor.scoring.features import NEGATED, groups, heard
from monitor.scoring.language import read_as, words
from monitor.scoring.phrases import Spans, phrases
from monitor.scoring.prepare import prepare
from monitor.scoring.vader import Vader, _rounded
from monitor.scoring.vocabulary import Vocabulary
from monitor.scoring.weights import from_words, in_words, table

VADER = Vader()
PIECES = [*"abc.!?\n\t :_'-/5", " ", ". ", "good ", "bad", "don't ", "''", "\n\n", "?! ", "...", "😀", "\u2028", "é"]
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=90).map("".join), st.text(max_size=60))


@given(TEXTS)
def test_words_are_those_between_spaces_and_tokens_those_of_letters_and_digits(text: str) -> None:
    lowered = text.lower()
    found = cut(lowered)

    assert len(found.words) == len(text.split())
    assert found.tokens == re.findall(r"[^\W_]+(?:'[^\W_]+)*", lowered) == tokens_of(lowered)


@given(TEXTS)
def test_sentences_end_behind_their_marks_and_at_new_lines(text: str) -> None:
    ends = cut(text.lower()).ends

    parts = [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+|\n+", text)]
    assert [sentence(text, ends, number) for number in range(len(ends))] == list(filter(None, parts))


@pytest.mark.parametrize("sign", ["😀", "\U0001f936", ""])  # 🤶 is "Mrs. Claus", and its name ends no sentence
def test_a_sentence_has_the_words_of_feeling_that_stand_in_it(sign: str) -> None:
    text = f"Good {sign}. And so on. Bad, bad. Nothing more."

    _, (good, nothing, bad, last) = heard(text, cut(text.lower()), VADER)

    assert good > 0 > bad
    assert nothing == last == 0


@given(TEXTS)
def test_a_text_is_heard_as_a_whole_whatever_its_sentences(text: str) -> None:
    reading, sentences = heard(text, cut(text.lower()), VADER)

    assert reading == VADER.read(text)
    assert len(sentences) == max(len(cut(text.lower()).ends), 1)


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

    assert named.among(tokens, Spans(text, tokens), starts) == named.find(text, tokens)
    assert {(one.kind, one.name) for one in named.find(text, tokens)} == named.names(tokens, Spans(text, tokens))


# --- vocabulary ----------------------------------------------------------------------------------

ENGLISH = table("en")
assert ENGLISH is not None
NAMED = phrases(opinions=True)
VOCABULARY = Vocabulary(ENGLISH.groups, NAMED.beginnings(), words().marks)
SPOKEN = sorted({word for group in list(ENGLISH.groups)[::40] for word in in_words(group).strip(NEGATED).split()})
MORE = f"{SAMPLE} not never don't cannot no the was and to it i my die der und 40 999 café".split()


@given(st.lists(st.sampled_from([*SPOKEN, *MORE, *MORE]), max_size=40))
def test_a_vocabulary_finds_what_a_look_up_of_every_group_finds(tokens: list[str]) -> None:
    known = VOCABULARY.read(tokens)

    assert known.weight == sum(ENGLISH.groups.get(group, 0) for group in groups(tokens))
    assert known.english == sum(words().marks.get(token) is True for token in tokens)
    assert known.foreign == sum(words().marks.get(token) is False for token in tokens)
    text = " ".join(tokens)
    assert NAMED.among(tokens, Spans(text, tokens), known.starts) == NAMED.find(text, tokens)
    assert len(known.starts) == len(set(known.starts))
    assert read_as(text, tokens, None, (known.english, known.foreign)) == read_as(text, tokens)


@given(st.lists(st.sampled_from([*SPOKEN, *MORE]), max_size=40), st.integers(1, 100))
def test_the_groups_that_are_shown_stand_there_and_weigh_enough(tokens: list[str], least: int) -> None:
    shown = VOCABULARY.heavier(VOCABULARY.read(tokens), least)

    weights = [ENGLISH.groups[from_words(group)] for group in shown]
    assert weights == sorted(weights, reverse=True)
    heavy = {in_words(group) for group in groups(tokens) if ENGLISH.groups.get(group, 0) >= least}
    assert set(shown) == {group for group in heavy if not group.startswith(NEGATED)}


@given(st.lists(st.sampled_from(["on", "hold", "a", "'", "the", "on-hold", "ON", "Hold,"]), max_size=12))
def test_where_words_stand_is_found_without_reading_the_text_again(pieces: list[str]) -> None:
    text = " ".join(pieces)
    tokens = tokens_of(text.lower())
    places = Spans(text, tokens)

    spans = [found.span() for found in re.finditer(r"[^\W_]+(?:'[^\W_]+)*", text.lower())]
    for at in reversed(range(1, len(tokens))):
        assert places.between(at - 1, at) == text.lower()[spans[at - 1][1] : spans[at][0]]
        assert tokens_of(places.shown(at - 1, at + 1).lower()) == tokens[at - 1 : at + 1]
