"""English is read as English, and nothing else is."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.scoring.cutting import tokens_of
from monitor.scoring.language import read_as
from monitor.scoring.prepare import prepare
from tests.scoring.rows import MISSING, read_rows, sentiment_folder


def language(text: str, tag: str | None = None) -> str | None:
    prepared = prepare(text)
    return read_as(prepared, tokens_of(prepared.lower()), tag)


@pytest.mark.parametrize(
    "text",
    [
        "The food was cold and nobody came to our table.",
        "Waited 40 minutes for two coffees",
        "App keeps crashing since the last update, please fix",
        "Disappointing experience overall",
        "Too slow",
        "Never again",
        "Terrible",
        "I don’t like this",
        "ＴＯＯ ＳＬＯＷ",
        "te\u200brrible ser\u200bvice",
    ],
)
def test_plain_english_is_read_as_english(text: str) -> None:
    assert language(text) == "en"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Das Essen war kalt und die Bedienung war sehr unfreundlich, nie wieder.", "de"),
        ("Die App ist gut", "de"),
        ("La comida estaba fría y nadie vino a nuestra mesa, no volveremos.", "es"),
        ("La nourriture était froide et personne n'est venu à notre table.", "fr"),
        ("Il cibo era freddo e nessuno è venuto al nostro tavolo, mai più.", "it"),
        ("A comida estava fria e ninguém veio à nossa mesa, nunca mais.", "pt"),
        ("Het eten was koud en niemand kwam naar onze tafel, nooit meer.", "nl"),
        ("Maten var kall och ingen kom till vårt bord, aldrig igen.", "sv"),
        ("Jedzenie było zimne i nikt nie podszedł do naszego stolika.", "pl"),
        ("Yemek soğuktu ve kimse masamıza gelmedi, bir daha asla.", "tr"),
        ("Makanannya dingin dan tidak ada yang datang ke meja kami.", "id"),
        ("Еда была холодной, и никто не подошёл к нашему столику.", "ru"),
        ("كان الطعام باردا ولم يأت أحد إلى طاولتنا", "ar"),
        ("料理は冷めていて、誰もテーブルに来ませんでした。", "ja"),
        ("음식이 차갑고 아무도 우리 테이블에 오지 않았습니다", "ko"),
    ],
)
def test_another_language_is_named(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Nie wieder",
        "Muy lento",
        "war gut",
        "Super!",
        "fatal",
        "12345",
        "!!!",
        "👎",
        "",
        "no entiendo",
    ],
)
def test_a_short_text_that_is_not_plainly_english_has_no_known_language(text: str) -> None:
    assert language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Danke fürs update, guys, works great, bitte mehr davon",
        "Guten morgen, new video on my channel, schön",  # as many small words of the one as of the other
    ],
)
def test_a_text_between_two_languages_is_not_read_as_english(text: str) -> None:
    assert language(text) != "en"


@pytest.mark.parametrize(
    "text, tag, expected",
    [
        ("Super nett hier, gerne wieder zum Essen!", "de", "de"),
        ("Muy lento", "es-MX", "es"),
        ("The food was cold and nobody came to our table.", "de", "en"),  # the shop's language, not the writer's
        ("Das Essen war kalt und die Bedienung war sehr unfreundlich.", "en", "de"),
        ("Еда была холодной, и никто не подошёл.", "en", "ru"),
        ("Cool stuff mate", "en_GB", "en"),
        ("Nie wieder", "und", None),
        ("Hello there everybody, what a lovely place this is", "xx", "en"),
    ],
)
def test_the_site_is_believed_unless_the_text_says_otherwise(text: str, tag: str, expected: str | None) -> None:
    assert language(text, tag) == expected


def test_of_labelled_posts_in_other_languages_hardly_one_is_read_as_english() -> None:
    folder = sentiment_folder()
    if folder is None:
        pytest.skip(MISSING)
    rows = [
        row for row in read_rows(folder) if row["lang"] in ("es", "fr", "it", "pt", "ar") and len(row["text"]) >= 50
    ]

    read = Counter(language(row["text"]) == "en" for row in rows[::5])

    # What remains are hotel reviews that are English although their set is Spanish.
    assert read[True] / read.total() < 0.005


def test_of_labelled_english_posts_nearly_all_are_read_as_english() -> None:
    folder = sentiment_folder()
    if folder is None:
        pytest.skip(MISSING)
    rows = [row for row in read_rows(folder) if row["lang"] == "en" and len(row["text"]) >= 50]

    read = Counter(language(row["text"]) == "en" for row in rows[::19])

    assert read[True] / read.total() > 0.98
