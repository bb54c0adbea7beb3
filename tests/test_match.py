"""A text is about a brand when it names it in whole words, and is not when it only names what sounds like it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match import Matcher
from monitor.models import Brand

ACME = Brand(
    "acme", ("Acme Coffee", "@acmecoffee", "#acme", "acme.example"), ("acme coffee machines", "@acmecoffeefans")
)
NORTH = Brand("north", ("North", "アクメ", "Café Müller", "AT&T", "C++", "Joe's Diner"), ("north sea", "north pole"))
MATCHER = Matcher((ACME, NORTH))


@pytest.mark.parametrize(
    "text",
    [
        "I love Acme Coffee.",
        "ACME COFFEE!!!",
        "acme   coffee",
        "acme\ncoffee",
        "Acme-Coffee is closed",
        "(Acme Coffee)",
        "Acme Coffee's staff",
        "Ａｃｍｅ Ｃｏｆｆｅｅ",
        "Ac\u200bme Coffee",
        "Аcmе Coffee",  # Cyrillic А and е
        "#AcmeCoffee rocks",
        "hey @AcmeCoffee, where are you?",
        "@acmecoffee.",
        "(@acmecoffee)",
        "https://social.example/@acmecoffee",
        "#acme",
        "#ACME!",
        "see https://acme.example/menu?x=1",
        "www.acme.example",
        "acme.example",
        "write to info@acme.example",
        "Read acme.example. It is down.",
    ],
)
def test_a_brand_is_found(text: str) -> None:
    assert MATCHER.brands_in(text) == ("acme",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "acmecoffee",
        "acme coffeehouse",
        "placme coffee",
        "Acme, coffee and tea",
        "acme. coffee",
        "mail bob@acmecoffee",
        "joe_@acmecoffee",
        "@acmecoffee2",
        "@acmecoffee_berlin",
        "@acmecoffee.other.example",
        "acmecoffee fans",
        "#acmes",
        "a#acme",
        "notacme.example",
        "my-acme.example",
        "acme.example.evil.org",
        "acme.examples",
        "acme . example",
    ],
)
def test_what_is_only_part_of_a_word_handle_or_domain_is_not_the_brand(text: str) -> None:
    assert MATCHER.brands_in(text) == ()


@pytest.mark.parametrize(
    "text, brands",
    [
        ("my acme coffee machines are broken", ()),
        ("Acme-Coffee   Machines", ()),
        ("acme coffee machines in the Acme Coffee shop", ("acme",)),
        ("@acmecoffeefans", ()),
        ("@acmecoffeefans wrote to @acmecoffee", ("acme",)),
        ("The North Sea", ()),
        ("North of the north pole", ("north",)),
    ],
)
def test_an_exclusion_takes_away_the_match_it_covers_and_no_other(text: str, brands: tuple[str, ...]) -> None:
    assert MATCHER.brands_in(text) == brands


def test_an_exclusion_of_one_brand_leaves_another_alone() -> None:
    matcher = Matcher((Brand("a", ("north",), ("north sea",)), Brand("b", ("north sea",))))

    assert matcher.brands_in("the north sea") == ("b",)


@pytest.mark.parametrize(
    "text",
    [
        "アクメコーヒーは最高",
        "昨日アクメに行った",
        "Cafe Muller is fine",
        "CAFÉ MÜLLER",
        "cafe\u0301 mu\u0308ller",
        "AT&T again",
        "I write C++",
        "Joe’s Diner",
        "joe's diner",
    ],
)
def test_scripts_without_spaces_accents_and_signs_are_matched_as_people_write_them(text: str) -> None:
    assert MATCHER.brands_in(text) == ("north",)


@pytest.mark.parametrize("text", ["AT and T", "at & t", "C+", "c ++"])
def test_signs_inside_a_term_count(text: str) -> None:
    assert MATCHER.brands_in(text) == ()


def test_all_brands_are_named_in_the_order_of_the_configuration() -> None:
    assert MATCHER.brands_in("North and Acme Coffee") == ("acme", "north")
    assert MATCHER.brands_in("north", None, "acme.example") == ("acme", "north")


def test_a_longer_name_that_begins_alike_hides_nothing() -> None:
    matcher = Matcher((Brand("one", ("acme",)), Brand("two", ("acme coffee bar",)), Brand("three", ("coffee",))))

    assert matcher.brands_in("the acme coffee bar") == ("one", "two", "three")
    assert matcher.brands_in("the acme coffee shop") == ("one", "three")


def test_a_brand_named_at_the_end_of_the_longest_text_is_found() -> None:
    assert MATCHER.brands_in("x " * 9_990 + "acme coffee") == ("acme",)


def test_a_brand_without_terms_and_a_matcher_without_brands_find_nothing() -> None:
    assert Matcher(()).brands_in("Acme Coffee") == ()
    assert Matcher((Brand("acme", ()), Brand("b", ("  ", "")))).brands_in("Acme Coffee") == ()


@pytest.mark.parametrize(
    "text", ["acme " * 4_000, "acme-" * 4_000, "acme coffee machine " * 1_000, "@" * 20_000, "ア" * 20_000]
)
def test_the_time_grows_with_the_text_only(text: str) -> None:
    brands = [
        Brand(f"b{number}", ("acme " * number + "coffee", "acme"), ("acme coffee machines",)) for number in range(1, 9)
    ]
    matcher = Matcher(brands)
    start = process_time()

    matcher.brands_in(text)

    assert process_time() - start < 1.0


def test_a_thousand_brands_cost_hardly_more_than_one() -> None:
    text = "We had a lovely afternoon by the harbour with cake and tea, thanks to everybody who came along."
    few, many = (
        Matcher((ACME,)),
        Matcher([Brand(f"b{number}", (f"brand {number}", f"@brand{number}")) for number in range(1_000)]),
    )

    assert _seconds(many, text) < 5 * _seconds(few, text)


def _seconds(matcher: Matcher, text: str) -> float:
    start = process_time()
    for _ in range(2_000):
        matcher.brands_in(text)
    return process_time() - start


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    assert set(MATCHER.brands_in(text)) <= {"acme", "north"}
    assert "acme" in MATCHER.brands_in(f"{text} Acme Coffee ") or "machines" in text.casefold()


@given(st.lists(st.text("abcéñüßЖ字9", min_size=1, max_size=6), min_size=1, max_size=4).map(" ".join))
def test_any_term_of_words_is_found_where_it_stands(term: str) -> None:
    matcher = Matcher((Brand("b", (term,)),))

    assert matcher.brands_in(f"x, {term.upper()}! y") == ("b",)


@given(st.text(min_size=1, max_size=20))
def test_any_term_can_be_configured(term: str) -> None:
    assert Matcher((Brand("b", (term,), (term,)),)).brands_in(f"x {term} y") == ()
