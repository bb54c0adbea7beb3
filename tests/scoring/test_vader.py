"""The engine gives the numbers of the package that it reads, and gives them in linear time."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from monitor.scoring.vader import Polarity, Vader
from tests.scoring.rows import MISSING, read_rows, sentiment_folder

REFERENCE = SentimentIntensityAnalyzer()
ENGINE = Vader()


def of_the_package(text: str) -> Polarity:
    return Polarity(**REFERENCE.polarity_scores(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "VADER is smart, handsome, and funny.",
        "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!",
        "ALL OF THIS IS TERRIBLE",
        "The book was only kind of good.",
        "At least it isn't a horrible book.",
        "It was the least helpful answer, at least honest, very least kind",
        "least good",
        "The plot was good, but the characters are bad and the dialog is not great.",
        "good good but good good but bad bad good",
        "but good",
        "great awful great but awful great awful great",
        "No good. There is no good or bad, no great nor terrible end. no",
        "no problem no fun NO HOPE",
        "Never so good, never this bad, without doubt excellent, without a doubt great",
        "This is so bad, this bad, so very not good",
        "the shit and the bomb, bad ass, bus stop, yeah right, kiss of death, to die for, beating heart",
        "that is a really to die for cake and my beating heart",
        "a very yeah right good idea",
        "sort of bad, kind of bad, just enough good, kind of",
        "Today SUX! Today only kinda sux! But I'll get by, lol",
        ":) :( :D ;) :-/ <3 =) xD",
        "Make sure you :) or :D today!",
        "Catch utf-8 emoji such as 💘 and 💋 and 😁",
        "😀😀 😀bad😀good 😀",
        "❤️ 👨‍👩‍👧 👎 🙂",
        "why?? why??? why????? bad!! good!!!!!!",
        "İyi İİ .İİ. good",
        "ΑΣ. good ΣΑΣ bad",
        "𝐆𝐎𝐎𝐃 good BAD",
        "n't good, can't stand, fed up, don't like, ain't great",
        "tabs\tgood\nnewline bad\u2028odd spaces\u00a0good\u3000bad",
        "terrible...avoid good,bad (good) 'bad' \"great\"",
    ],
)
def test_the_engine_gives_the_four_numbers_of_the_package(text: str) -> None:
    assert ENGINE.polarity(text) == of_the_package(text)


SAMPLE = (
    "good bad great terrible love hate no or nor but least at very never so this without doubt kind of sort the a "
    "coffee waiter was and I :) :( <3 ! ? !! ??? 😁 💘 👎 ... GOOD BAD NOT can't Don't"
)
WORDS = sorted(
    {
        *NEGATE,
        *BOOSTER_DICT,
        *(word for phrase in SPECIAL_CASES for word in phrase.split()),
        *SAMPLE.split(),
    }
)


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.lists(st.booleans(), min_size=25, max_size=25))
@settings(max_examples=800)
def test_texts_made_of_the_words_that_have_rules_score_as_in_the_package(words: list[str], loud: list[bool]) -> None:
    text = " ".join(word.upper() if shout else word for word, shout in zip(words, loud, strict=False))

    assert ENGINE.polarity(text) == of_the_package(text)


@given(st.text(max_size=200))
@settings(max_examples=300)
def test_any_text_scores_as_in_the_package(text: str) -> None:
    assert ENGINE.polarity(text) == of_the_package(text)


def test_a_sample_of_labelled_posts_scores_as_in_the_package() -> None:
    folder = sentiment_folder()
    if folder is None:
        pytest.skip(MISSING)
    texts = [row["text"] for number, row in enumerate(read_rows(folder)) if number % 23 == 0]

    different = [text for text in texts if ENGINE.polarity(text) != of_the_package(text)]

    assert len(texts) > 3000
    assert different == []


@pytest.mark.slow
def test_every_labelled_post_scores_as_in_the_package() -> None:
    folder = sentiment_folder()
    if folder is None:
        pytest.skip(MISSING)
    texts = [row["text"] for row in read_rows(folder)]

    different = [text for text in texts if ENGINE.polarity(text) != of_the_package(text)]

    print(f"{len(texts)} texts compared")
    assert different == []


SHORT = "I waited for my order and it was never delivered, support is terrible and they do not even answer me!"
LONG = (
    "The hotel is in a good place and the room was large, but it was not clean at all and the bathroom smelled. "
    "We asked for new towels three times. The staff were friendly but could not help, and nobody came. Breakfast was "
    "great on the first day and awful on the second, with cold eggs and no fresh bread. It is really sad, because we "
    "have loved this place for years and never had a problem before. The manager said sorry, gave us a small discount "
    "and hoped that we come back, which is nice, yet I am not sure. For this price I expected much better, and next "
    "time we will probably stay somewhere else with a view of the harbour and a decent coffee in the morning."
)


@pytest.mark.parametrize("text, times", [(SHORT, 2.0), (LONG, 4.0)], ids=["short", "long"])
def test_the_engine_is_faster_than_the_package_in_the_same_run(text: str, times: float) -> None:
    repeat = 200_000 // (len(text) * 10)

    package = min(_seconds(REFERENCE.polarity_scores, text, repeat) for _ in range(5))
    engine = min(_seconds(ENGINE.polarity, text, repeat) for _ in range(5))

    print(f"{len(text)} characters: {package / engine:.1f} times as fast")
    assert package / engine >= times


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 3_200,
        "terrible " * 1_111,
        "not bad but " * 833,
        "a" * 10_000,
        "!?" * 5_000,
        "GOOD bad " * 1_111,
        "no n't " * 1_428,
        "so this never without doubt good " * 300,
    ],
    ids=lambda text: text[:12],
)
def test_ten_thousand_characters_take_less_than_thirty_milliseconds(text: str) -> None:
    ENGINE.polarity("warm")

    assert min(_seconds(ENGINE.polarity, text, 1) for _ in range(3)) < 0.030


def _seconds(function: object, text: str, repeat: int) -> float:
    start = process_time()
    for _ in range(repeat):
        function(text)  # type: ignore[operator]
    return process_time() - start
