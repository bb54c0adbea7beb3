"""What is special about structured data: four ways of writing it, broken in every way, and no ids."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.connector import Connector, FetchError, Page, ParseError, Rating, Request, Response, Since
from monitor.connector.pages import MAX_PAGE
from tests.builders import NOON
from tests.connectors.cases.schema_org import ADDRESS, GOOD, cafe, html, page, review
from tests.connectors.kit import Answer, made, read

PLAIN = {"@id": None}  # a review as most sites publish them: without an id


@pytest.fixture
def subject() -> Connector[Any]:
    return made("schema_org")


def rated(subject: Connector[Any], **rating: Any) -> Rating | None:
    """Return the mark that is read from a `reviewRating`."""
    [mention] = read(subject, page(review(reviewRating={"@type": "Rating", **rating}))).mentions
    return mention.rating


# --- what is read --------------------------------------------------------------------------------


def test_a_review_is_read_whole(subject: Connector[Any]) -> None:
    [mention] = read(subject, page(cafe(review(name="Never again", inLanguage="en")))).mentions

    assert (mention.title, mention.text) == ("Never again", "Cold coffee, cold shoulder.")
    assert mention.author is not None
    assert mention.author.name == "Nia"
    assert mention.published_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert mention.rating == Rating(2)
    assert mention.language == "en"
    assert (mention.subject.place, mention.subject.product) == ("Acme Coffee", None)
    assert mention.url == ADDRESS
    assert mention.absent == {"reply"}


@pytest.mark.parametrize(
    "keys",
    [
        {"reviewBody": "It leaks.", "description": "no", "text": "no"},
        {"reviewBody": None, "description": "It leaks.", "text": "no"},
        {"reviewBody": "", "description": None, "text": "It leaks."},
        {"reviewBody": None, "ReviewBody": "It leaks."},
        {"reviewBody": None, "schema:reviewBody": "It leaks."},
        {"reviewBody": {"@value": "It leaks.", "@language": "en"}},
        {"reviewBody": ["", None, "It leaks."]},
        {"reviewBody": "<p>It <b>leaks</b>.</p>"},
        {"reviewBody": "It&#32;leaks&#46;"},
    ],
)
def test_the_text_stands_in_one_of_many_places(subject: Connector[Any], keys: dict[str, Any]) -> None:
    [mention] = read(subject, page(review(**keys))).mentions

    assert mention.text == "It leaks."


def test_less_than_signs_of_a_writer_are_no_markup(subject: Connector[Any]) -> None:
    [mention] = read(subject, page(review(reviewBody="Service < 3 of 10, I <3 the cake, AT&T paid"))).mentions

    assert mention.text == "Service < 3 of 10, I <3 the cake, AT&T paid"


@pytest.mark.parametrize(
    "author, name",
    [
        ({"@type": "Person", "name": "Nia"}, "Nia"),
        ("Nia", "Nia"),
        ([{"name": "Nia"}, {"name": "Olu"}], "Nia, Olu"),
        ([None, "Nia"], "Nia"),
        ({"@type": "Person", "name": ["Nia"]}, "Nia"),
        ("nia@mail.example", None),
        ("https://cafe.example/u/7", None),
        ({"@type": "Person"}, None),
        (None, None),
    ],
)
def test_the_author_is_a_name_and_never_a_mail_address(subject: Connector[Any], author: Any, name: str | None) -> None:
    [mention] = read(subject, page(review(author=author))).mentions

    assert (mention.author and mention.author.name) == name


@pytest.mark.parametrize(
    "keys, day",
    [
        ({"datePublished": "2026-11-20", "dateCreated": "2026-11-21"}, 20),
        ({"datePublished": None, "dateCreated": "2026-11-21T10:00:00+02:00"}, 21),
        ({"datePublished": "no date", "dateModified": "2026-11-22"}, 22),
        ({"datePublished": "20 November 2026"}, 20),
        ({"datePublished": "2 days ago"}, None),
        ({"datePublished": "0000-00-00"}, None),
        ({"datePublished": None}, None),
    ],
)
def test_the_date_stands_in_one_of_many_places(subject: Connector[Any], keys: dict[str, Any], day: int | None) -> None:
    [mention] = read(subject, page(review(**keys))).mentions

    assert (mention.published_at.day if mention.published_at else None) == day


# --- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, mark",
    [
        ("5", 5), (5.0, 5), ("5.0", 5), ("4,5", 4.5), ("4.667", 4.667), (" 3 ", 3), ("4 stars", 4), ("2 / 5 stars", 2),
        ("five", None), (0, None), ("0", None), (11, None), (-1, None), ("-1", None), (None, None), (True, None),
        ("", None), ("9" * 5000, None), ({}, None), ([4], 4), ({"@value": "4"}, 4),
    ],
)  # fmt: skip
def test_a_mark_is_read_or_unknown_but_never_a_bad_one_by_mistake(
    subject: Connector[Any], value: Any, mark: float | None
) -> None:
    assert rated(subject, ratingValue=value) == (None if mark is None else Rating(mark))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_beyond_all_bounds_is_no_mark(subject: Connector[Any], value: str) -> None:
    block = json.dumps(review(reviewRating={"ratingValue": "X"})).replace('"X"', value)

    [mention] = read(subject, page(block)).mentions

    assert mention.rating is None


@pytest.mark.parametrize(
    "rating, mark",
    [
        ({"ratingValue": 8, "bestRating": 10}, Rating(8, 10)),
        ({"ratingValue": "8", "bestRating": "10", "worstRating": "0"}, Rating(8, 10, 0)),
        ({"ratingValue": 85, "bestRating": 100}, Rating(85, 100)),
        ({"ratingValue": "85%"}, Rating(85, 100)),
        ({"ratingValue": "8 out of 10"}, Rating(8, 10)),
        ({"ratingValue": "8/10"}, Rating(8, 10)),
        ({"ratingValue": 8}, None),  # above five, and nobody says of how many
        ({"ratingValue": 6, "bestRating": 5}, None),
        ({"ratingValue": 0, "bestRating": 5}, None),
        ({"ratingValue": 0, "bestRating": 5, "worstRating": 0}, Rating(0, 5, 0)),
        ({"ratingValue": 0.5, "bestRating": 5}, Rating(0.5, 5, 0)),
        ({"ratingValue": 1, "bestRating": 1}, Rating(1, 1, 0)),
        ({"ratingValue": 3, "bestRating": 0}, None),
        ({"RatingValue": "4", "BESTRATING": "5"}, Rating(4)),
    ],
)
def test_a_mark_keeps_its_own_scale(subject: Connector[Any], rating: dict[str, Any], mark: Rating | None) -> None:
    assert rated(subject, **rating) == mark


@pytest.mark.parametrize(
    "keys",
    [
        {"reviewRating": "4"},
        {"reviewRating": 4},
        {"reviewRating": None, "ReviewRating": {"ratingValue": "4"}},
        {"reviewRating": [{"ratingValue": None}, {"ratingValue": 4}]},
        {"reviewRating": None, "ratingValue": "4"},
        {"reviewRating": None, "rating": {"value": 4}},
    ],
)
def test_the_mark_stands_in_one_of_many_places(subject: Connector[Any], keys: dict[str, Any]) -> None:
    [mention] = read(subject, page(review(**keys))).mentions

    assert mention.rating == Rating(4)


def test_a_bad_text_with_an_unknown_mark_is_still_a_review(subject: Connector[Any]) -> None:
    [mention] = read(subject, page(review(reviewRating={"ratingValue": 11}))).mentions

    assert (mention.text, mention.rating) == ("Cold coffee, cold shoulder.", None)


def test_one_star_without_a_word_is_a_review(subject: Connector[Any]) -> None:
    stars = {"ratingValue": 1}

    [mention] = read(subject, page(review(**PLAIN, reviewBody=None, reviewRating=stars))).mentions

    assert (mention.text, mention.rating) == ("", Rating(1))


# --- where reviews stand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        review(),
        [review()],
        {"@graph": [{"@type": "WebPage"}, review()]},
        {"@graph": [{"@graph": [review()]}]},
        cafe(review()),
        cafe(reviews=review(), review=None),
        cafe(review=[[review()]]),
        {"@type": "WebPage", "mainEntity": {"@type": ["Product", "Thing"], "review": review()}},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": review()}]},
        {"@type": "Product", "review": {**review(), "@type": None}},
        {**review(), "@type": ["Thing", "Review"]},
        {**review(), "@type": "https://schema.org/UserReview"},
        {**review(), "@type": "schema:Review"},
        {"@graph": [{"@type": "Product", "review": [{"@id": "#r1"}]}, review(**{"@id": "#r1"})]},
        {"@graph": [review(itemReviewed={"@id": "#p"}), {"@id": "#p", "@type": "Product", "name": "Kettle"}]},
        {"@graph": [{"@id": "#a", "review": {"@id": "#a"}}, review()]},  # in a circle
    ],
)
def test_a_review_is_found_wherever_it_stands_and_once(subject: Connector[Any], block: Any) -> None:
    [mention] = read(subject, page(block)).mentions

    assert mention.text == "Cold coffee, cold shoulder."


def test_a_reference_tells_what_a_review_is_about(subject: Connector[Any]) -> None:
    kettle = {"@id": "#p", "@type": "Product", "name": "Kettle"}

    [mention] = read(subject, page(review(itemReviewed={"@id": "#p"}), kettle)).mentions

    assert mention.subject.product == "Kettle"


def test_reviews_of_related_things_are_not_ours(subject: Connector[Any]) -> None:
    other = {"@type": "Product", "name": "Toaster", "review": review(7, "Burns.")}

    page_read = read(subject, page(cafe(review(), isRelatedTo=other, isSimilarTo=[other])))

    assert [mention.text for mention in page_read.mentions] == ["Cold coffee, cold shoulder."]


def test_comments_answers_and_checked_claims_are_no_reviews(subject: Connector[Any]) -> None:
    others = [{"@type": kind, "text": "No.", "reviewBody": "No."} for kind in ("Comment", "Answer", "ClaimReview")]

    page_read = read(subject, page(cafe(review(comment=others[0])), *others))

    assert len(page_read.mentions) == 1


def test_the_configuration_names_place_and_product_better_than_the_page() -> None:
    subject = made("schema_org", place="Mill Lane")

    page_read = read(subject, page(cafe(review())))

    assert page_read.mentions[0].subject.place == "Mill Lane"
    assert page_read.totals[0].subject == "Mill Lane"


def test_each_page_is_asked_for_once() -> None:
    subject = made("schema_org", urls=[f"{ADDRESS}?at=2", ADDRESS])

    assert [request.url for request in subject.start(Since())] == [ADDRESS, f"{ADDRESS}?at=2"]


# --- microdata, RDFa, old classes ----------------------------------------------------------------

MICRODATA = """
<div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">Kettle</h1>
 <div itemprop="review" itemscope itemtype="http://schema.org/Review">
  <b itemprop="name">Leaks</b> by <a itemprop="author" href="/u/7">Nia</a>
  <meta itemprop="datePublished" content="2026-11-23">
  <span itemprop="reviewRating" itemscope itemtype="http://schema.org/Rating"><i itemprop="ratingValue">2</i> of
   <i itemprop="bestRating">5</i></span>
  <p itemprop="reviewBody">It leaks.<br>Every&nbsp;day.<span style="display:none">BUY NOW</span></p></div></div>
"""
RDFA = """
<div vocab="https://schema.org/" typeof="Product"><h1 property="name">Kettle</h1>
 <div property="review" typeof="Review"><b property="name">Leaks</b>
  <span property="author" typeof="Person"><i property="name">Nia</i></span>
  <time property="datePublished" datetime="2026-11-23">yesterday</time>
  <span property="reviewRating" typeof="Rating"><i property="ratingValue">2 / <i property="bestRating">5</i></i></span>
  <p property="reviewBody">It leaks.<br>Every day.</p></div></div>
"""
RDFA_BY_RELATION = """
<div typeof="schema:Product"><div property="schema:name" content="Kettle"></div>
 <div rel="schema:review"><div typeof="schema:Review">
  <div rel="schema:reviewRating"><div typeof="schema:Rating"><div property="schema:ratingValue" content="2"></div>
   <div property="schema:bestRating" content="5"></div></div></div>
  <div rel="schema:author"><div typeof="schema:Person"><div property="schema:name" content="Nia"></div></div></div>
  <b property="schema:name">Leaks</b><i property="schema:datePublished" content="2026-11-23"></i>
  <p property="schema:reviewBody">It leaks.<br>Every day.</p></div></div></div>
"""
DATA_VOCABULARY = """
<div itemscope itemtype="http://data-vocabulary.org/Review"><i itemprop="itemreviewed">Kettle</i>
 <b itemprop="summary">Leaks</b> by <i itemprop="reviewer">Nia</i>
 <time itemprop="dtreviewed" datetime="2026-11-23">yesterday</time><meta itemprop="rating" content="2">
 <p itemprop="description">It leaks.<br>Every day.</p></div>
"""
HREVIEW = """
<div class="hreview"><span class="item"><i class="fn">Kettle</i></span><b class="summary">Leaks</b>
 <a class="reviewer fn" href="/u/7">Nia</a> <abbr class="dtreviewed" title="2026-11-23">yesterday</abbr>
 <span class="rating"><i class="value">2</i> of <i class="best">5</i></span>
 <p class="description">It leaks.<br>Every day.</p></div>
"""


@pytest.mark.parametrize("markup", [MICRODATA, RDFA, RDFA_BY_RELATION, DATA_VOCABULARY, HREVIEW])
def test_every_way_of_writing_it_says_the_same(subject: Connector[Any], markup: str) -> None:
    [mention] = read(subject, html(markup)).mentions

    assert (mention.title, mention.text) == ("Leaks", "It leaks.\nEvery day.")
    assert mention.author is not None
    assert mention.author.name == "Nia"
    assert mention.published_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert mention.rating == Rating(2)


def test_the_ways_of_writing_it_make_the_same_key(subject: Connector[Any]) -> None:
    keys = {read(subject, html(markup)).mentions[0].external_id for markup in (MICRODATA, RDFA, HREVIEW)}

    assert len(keys) == 1


def test_properties_that_stand_elsewhere_are_found(subject: Connector[Any]) -> None:
    markup = (
        '<div itemscope itemtype="https://schema.org/Review" itemref="mark words nowhere"></div>'
        '<p id="words"><span itemprop="reviewBody">It leaks.</span></p>'
        '<p id="mark" itemprop="reviewRating" itemscope><meta itemprop="ratingValue" content="1"></p>'
    )

    [mention] = read(subject, html(markup)).mentions

    assert (mention.text, mention.rating) == ("It leaks.", Rating(1))


def test_an_author_of_whom_only_the_type_is_marked_has_a_name(subject: Connector[Any]) -> None:
    markup = MICRODATA.replace('<a itemprop="author" href="/u/7">', '<a itemprop="author" itemscope>')

    [mention] = read(subject, html(markup)).mentions

    assert mention.author is not None
    assert mention.author.name == "Nia"


def test_a_review_in_two_ways_of_writing_is_one(subject: Connector[Any]) -> None:
    in_json = review(**PLAIN, reviewBody="It leaks. Every day.", name="Leaks", datePublished="2026-11-23T08:00:00Z")

    answer = html(f'<script type="application/ld+json">{json.dumps(in_json)}</script>{MICRODATA}')
    [mention] = read(subject, answer).mentions

    assert mention.published_at == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_what_one_way_of_writing_leaves_out_the_other_adds(subject: Connector[Any]) -> None:
    whole = MICRODATA.replace("It leaks.<br>", "It leaks from its first day on, all over the kitchen.<br>")
    cut = {"@type": "Review", "reviewBody": "It leaks from its first day on, all over the kit…"}

    answer = html(f'<script type="application/ld+json">{json.dumps(cut)}</script>{whole}')
    [mention] = read(subject, answer).mentions

    assert mention.text == "It leaks from its first day on, all over the kitchen.\nEvery day."
    assert (mention.title, mention.rating) == ("Leaks", Rating(2))


@pytest.mark.parametrize("text", ["It leaks.", "It leaks. Every night."])
def test_a_text_that_only_begins_alike_is_another_review(subject: Connector[Any], text: str) -> None:
    in_json = {"@type": "Review", "reviewBody": text}

    answer = html(f'<script type="application/ld+json">{json.dumps(in_json)}</script>{MICRODATA}')

    assert len(read(subject, answer).mentions) == 2


def test_two_reviews_in_two_ways_of_writing_that_differ_are_two(subject: Connector[Any]) -> None:
    in_json = {"@type": "Review", "reviewBody": "It leaks. Every day.", "author": "Olu"}

    answer = html(f'<script type="application/ld+json">{json.dumps(in_json)}</script>{MICRODATA}')

    assert len(read(subject, answer).mentions) == 2


# --- broken blocks -------------------------------------------------------------------------------

WHOLE = json.dumps(review())


@pytest.mark.parametrize(
    "block",
    [
        f"<!--{WHOLE}-->",
        f"<!-- a note -->{WHOLE}",
        f"//<![CDATA[\n{WHOLE}\n//]]>",
        f"/*<![CDATA[*/{WHOLE}/*]]>*/",
        f"<![CDATA[{WHOLE}]]>",
        f"/* by {{plugin}} */ {WHOLE} // end",
        WHOLE + ";",
        WHOLE + "}",
        WHOLE + "\n{}\nnull",
        "\ufeff" + WHOLE,
        WHOLE[:-1] + ",}",
        WHOLE.replace('"Nia"}', '"Nia",},').replace("},,", "},"),
        WHOLE.replace('"@type"', '"mood": 1, // category\n /* "old": 2, */ "@type"', 1),
        WHOLE.replace("Cold coffee, ", "Cold coffee,\n\t"),
        WHOLE.replace('"', "&quot;"),
        WHOLE.replace('"datePublished"', '"path": "C:\\videos", "said": "it\\\'s \\x41", "datePublished"'),
        WHOLE.replace('"datePublished"', '"style": "<p class="big">a "b" c</p>", "datePublished"'),
        WHOLE.replace('"datePublished"', '"same": 1, "same": 2, "big": ' + "9" * 5000 + ', "datePublished"'),
        "[null, " + WHOLE + ", 7, \"text\"]",
        '{"@graph": [null, ' + WHOLE + "]}",
        '{"review": [' + WHOLE,  # the outer object breaks off, the review is whole
        '{"@type": "Product", "review": [' + WHOLE + ', {"@type": "Review", "reviewBody": "It broke o',
    ],
)  # fmt: skip
def test_a_broken_block_is_read_as_far_as_it_is_whole(subject: Connector[Any], block: str) -> None:
    [mention] = read(subject, page(block)).mentions

    assert mention.text.split() == ["Cold", "coffee,", "cold", "shoulder."]
    assert mention.rating == Rating(2)


def test_a_mended_page_says_so(subject: Connector[Any]) -> None:
    assert read(subject, page(WHOLE[:-1] + ",}")).repaired
    assert not read(subject, page(WHOLE)).repaired


@pytest.mark.parametrize("bad", ["{'@type': 'Review'}", "{{{{", "", "   ", "[" * 100_000, '{"a":' * 500 + "review"])
def test_one_bad_block_does_not_hide_the_others(subject: Connector[Any], bad: str) -> None:
    page_read = read(subject, page(bad, review(), bad))

    assert len(page_read.mentions) == 1


def test_a_block_with_reviews_that_cannot_be_read_is_a_problem(subject: Connector[Any]) -> None:
    [problem] = read(subject, page(review(), "{'@type': 'Review', 'reviewBody': 'secret'}")).problems

    assert "JSON-LD" in problem.what
    assert "secret" not in problem.what


@pytest.mark.parametrize(
    "markup",
    [
        "<!-- {} -->",
        "<template>{}</template>",
        "<style>{}</style>",
        "<script>var x = '{}'</script>",
        "<script type='text/template'>{}</script>",
        "<template><script type='application/ld+json'>" + WHOLE + "</script></template>",
        "<!--<script type='application/ld+json'>" + WHOLE + "</script>-->",
        "<div title='{}'></div>",
    ],
)
def test_what_is_hidden_is_no_review(subject: Connector[Any], markup: str) -> None:
    with pytest.raises(ParseError, match="no reviews found in the page source"):
        read(subject, html(markup.replace("{}", MICRODATA.replace("'", ""))))


# --- ids -----------------------------------------------------------------------------------------


def ids(page_read: Page) -> list[str]:
    return [mention.external_id for mention in page_read.mentions]


def test_a_key_does_not_depend_on_the_place_in_the_list(subject: Connector[Any]) -> None:
    first, second = review(1, **PLAIN), review(2, "Lovely.", **PLAIN)

    before = ids(read(subject, page(cafe(first, second))))

    assert ids(read(subject, page(cafe(review(3, "New.", **PLAIN), second, first))))[1:] == before[::-1]


def test_exact_copies_are_one(subject: Connector[Any]) -> None:
    assert len(read(subject, page(cafe(*[review(**PLAIN)] * 2, review(**PLAIN)))).mentions) == 1


@pytest.mark.parametrize("key, value", [("author", "Olu"), ("datePublished", "2026-11-22"), ("reviewRating", 1)])
def test_reviews_with_the_same_words_are_kept_apart(subject: Connector[Any], key: str, value: Any) -> None:
    assert len(set(ids(read(subject, page(review(**PLAIN), review(**PLAIN, **{key: value})))))) == 2


def test_reviews_with_the_same_words_and_name_are_kept_apart_by_their_ids(subject: Connector[Any]) -> None:
    assert ids(read(subject, page(review(1), review(2)))) == [f"{ADDRESS}#review-901", f"{ADDRESS}#review-902"]


def test_marks_without_words_of_two_places_are_kept_apart(subject: Connector[Any]) -> None:
    mark = review(**PLAIN, reviewBody=None, author="Anonymous")

    keys = {ids(read(subject, page({"@type": "Store", "name": name, "review": mark})))[0] for name in ("A", "B")}

    assert len(keys) == 2


@pytest.mark.parametrize(
    "names",
    [
        ("#review", "#review"),  # the same for all
        (ADDRESS, ADDRESS),
        (f"{ADDRESS}#reviews", None),  # the page
        ("_:b1", "_:b2"),  # made up by the program that wrote the page
        ("#review-1", "#review-2"),  # only counted: the next review moves them all
        ("#0", "#1"),
    ],
)
def test_what_is_no_id_of_one_review_is_not_taken_for_one(
    subject: Connector[Any], names: tuple[str | None, ...]
) -> None:
    plain = ids(read(subject, page(*(review(at, f"Text {at}", **PLAIN) for at in (1, 2)))))

    reviews = (review(at, f"Text {at}", **{"@id": name}) for at, name in enumerate(names, start=1))

    assert ids(read(subject, page(*reviews))) == plain


def test_the_address_of_a_review_is_its_id_and_its_link(subject: Connector[Any]) -> None:
    [mention] = read(subject, page(cafe(review(**PLAIN, url="/r/nia-77"), url=ADDRESS))).mentions

    assert (mention.external_id, mention.url) == ("/r/nia-77", "https://cafe.example/r/nia-77")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://nia:pw@cafe.example/r/1", "data:text/html,x", "//"])
def test_a_link_that_is_none_gives_way_to_the_page(subject: Connector[Any], url: str) -> None:
    [mention] = read(subject, page(review(**PLAIN, url=url))).mentions

    assert mention.url == ADDRESS


def test_a_review_that_could_be_any_is_left_out(subject: Connector[Any]) -> None:
    nobody = review(**PLAIN, author="Anonymous", datePublished=None, reviewBody=None)

    page_read = read(subject, page(cafe(nobody)))

    assert (page_read.mentions, len(page_read.totals)) == ((), 1)


def test_only_reviews_that_could_be_any_is_an_error(subject: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="1 reviews on the page, and not one has a text"):
        read(subject, page(review(**PLAIN, author=None, datePublished=None, reviewBody=None)))


# --- the site's own average ----------------------------------------------------------------------


def total_of(subject: Connector[Any], *blocks: Any) -> tuple[int | None, float | None, float, str]:
    [total] = read(subject, page(*blocks)).totals
    return total.count, total.average, total.best, total.subject


@pytest.mark.parametrize(
    "rating, count, average",
    [
        ({"ratingValue": 4.4, "reviewCount": 89}, 89, 4.4),
        ({"ratingValue": "4,4", "ratingCount": "89"}, 89, 4.4),
        ({"ratingValue": "4.667", "reviewCount": "1,234"}, 1234, 4.667),
        ({"ratingValue": "4.4", "reviewCount": "1.234 reviews"}, 1234, 4.4),
        ({"ratingValue": "4.4", "reviewCount": "89\n  "}, 89, 4.4),
        ({"ratingValue": "4.4", "reviewCount": "12.0"}, 12, 4.4),
        ({"ratingValue": 0, "ratingCount": 7}, 7, None),
        ({"ratingValue": 0, "ratingCount": 7, "worstRating": 0}, 7, None),
        ({"ratingValue": 8.7, "ratingCount": 7}, 7, None),
        ({"ratingValue": "n/a", "ratingCount": 7}, 7, None),
        ({"ratingValue": 4}, None, 4),
    ],
)
def test_the_average_is_read_or_unknown(
    subject: Connector[Any], rating: dict[str, Any], count: int | None, average: float | None
) -> None:
    assert total_of(subject, cafe(aggregateRating=rating)) == (count, average, 5, "Acme Coffee")


def test_the_average_keeps_its_scale(subject: Connector[Any]) -> None:
    rating = {"ratingValue": 8.7, "bestRating": 10, "ratingCount": 7}

    assert total_of(subject, cafe(aggregateRating=rating)) == (7, 8.7, 10, "Acme Coffee")


def test_the_average_is_that_of_what_is_reviewed(subject: Connector[Any]) -> None:
    shop = {"@type": "Organization", "name": "Shop", "aggregateRating": {"ratingValue": 2, "ratingCount": 9}}
    related = {"@type": "Product", "name": "Toaster", "aggregateRating": {"ratingValue": 3, "ratingCount": 8}}
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": related}]}

    assert total_of(subject, shop, listed, related, cafe(*GOOD)) == (12, 4.1, 5, "Acme Coffee")


def test_the_average_of_the_main_thing_of_a_page_goes_before_others(subject: Connector[Any]) -> None:
    other = {"@type": "Product", "name": "Toaster", "aggregateRating": {"ratingValue": 3, "ratingCount": 8}}

    assert total_of(subject, other, {"@type": "WebPage", "mainEntity": cafe()}) == (12, 4.1, 5, "Acme Coffee")


def test_the_average_in_two_ways_of_writing_is_one(subject: Connector[Any]) -> None:
    markup = (
        '<div itemscope itemtype="https://schema.org/AggregateRating"><i itemprop="ratingValue">4.1</i>'
        '<i itemprop="reviewCount">12</i></div><div class="hreview-aggregate"><i class="average">4.1</i></div>'
    )

    answer = html(f'<script type="application/ld+json">{json.dumps(cafe())}</script>{markup}')

    assert [total.average for total in read(subject, answer).totals] == [4.1]


def test_totals_of_pages_without_a_name_are_kept_apart() -> None:
    subject = made("schema_org", urls=[f"{ADDRESS}?at=2"])
    rating = {"@type": "AggregateRating", "ratingValue": 4, "ratingCount": 3}

    [total] = read(subject, page(rating), Request(f"{ADDRESS}?at=2")).totals

    assert total.subject == f"{ADDRESS}?at=2"


# --- nothing there -------------------------------------------------------------------------------


def test_a_page_without_reviews_is_an_error_with_a_hint(subject: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="no reviews found in the page source; the page may build them with JavaSc"):
        read(subject, html("<h1>Acme Coffee</h1><p>Opening hours</p>"))


@pytest.mark.parametrize(
    "markup, code",
    [
        ("<noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>", "blocked"),
        ("<h1>Are you a robot?</h1>", "blocked"),
        ("<form>Please log in to continue <input name=p type='password'></form>", "blocked"),
        ("<h1>Just a moment...</h1>", "blocked"),
        ("<p>We use cookies</p><button>Accept all cookies</button>", "blocked"),
        ("<p>" + "Our robots accept cookies. " * 200 + "<input type=password>", "shape"),
    ],
)
def test_what_stands_in_the_way_is_told(subject: Connector[Any], markup: str, code: str) -> None:
    with pytest.raises((FetchError, ParseError)) as raised:
        read(subject, html(markup))

    assert raised.value.code == code


@pytest.mark.parametrize(
    "body, content_type, code",
    [
        (b"", "text/html", "empty"),
        (b" \n ", "text/html", "empty"),
        (b"%PDF-1.7", "application/pdf", "unexpected_type"),
        (b'{"review": []}', "text/html", "unexpected_type"),
        (b"<html></html>", "application/json", "unexpected_type"),
    ],
)
def test_what_is_no_page_is_told(subject: Connector[Any], body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(FetchError) as raised:
        read(subject, Answer(body, content_type=content_type))

    assert raised.value.code == code


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_page_has_a_longest_length(subject: Connector[Any], over: int) -> None:
    body = str(page(review()).body).encode()
    answer = Answer(body + b" " * (MAX_PAGE + over - len(body)), content_type="text/html")

    if over > 0:
        with pytest.raises(FetchError, match="longer than"):
            read(subject, answer)
    else:
        assert len(read(subject, answer).mentions) == 1


@pytest.mark.parametrize("count, kept, problems", [(999, 999, 0), (1000, 1000, 0), (1001, 1000, 1)])
def test_a_page_has_a_greatest_number_of_reviews(subject: Connector[Any], count: int, kept: int, problems: int) -> None:
    page_read = read(subject, page([review(1000 + at, f"Text {at}") for at in range(count)]))

    assert (len(page_read.mentions), len(page_read.problems)) == (kept, problems)


def test_a_page_in_an_old_charset_is_readable(subject: Connector[Any]) -> None:
    body = str(page(json.dumps(review(1, "Köstlich, très bon."), ensure_ascii=False)).body).encode("cp1252")

    [mention] = read(subject, Answer(body, content_type="text/html; charset=iso-8859-1")).mentions

    assert mention.text == "Köstlich, très bon."


# --- sites that are closed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, way",
    [
        ("https://www.amazon.co.uk/product-reviews/B0", "monitor import"),
        ("https://www.yelp.com/biz/acme", "paid API"),
        ("https://www.tripadvisor.com.au/Restaurant_Review", "Content API"),
        ("https://de.trustpilot.com/review/acme.example", "paid API"),
        ("https://www.google.com/maps/place/acme", "Business Profile"),
        ("https://maps.app.goo.gl/abc", "Business Profile"),
        ("https://www.glassdoor.com/Reviews/acme", "monitor import"),
        ("https://www.booking.com/hotel/gb/acme.html", "partners"),
        ("https://www.g2.com/products/acme/reviews", "API"),
        ("https://www.capterra.com/p/1/acme/", "monitor import"),
        ("https://WWW.YELP.COM./biz/acme", "paid API"),
    ],
)
@pytest.mark.parametrize("name", ["schema_org", "web_page"])
def test_closed_sites_are_refused_with_the_way_in(name: str, url: str, way: str) -> None:
    options = {"urls": [url]} if name == "schema_org" else {"urls": [url], "pages": 1}

    with pytest.raises(ValidationError, match=way):
        made(name, **options)


@pytest.mark.parametrize("host", ["amazon.shop.example", "mybooking.com", "gg2.com", "yelp.example", "notgoogle.com"])
def test_names_that_only_look_alike_are_not_refused(host: str) -> None:
    assert made("schema_org", url=f"https://{host}/reviews")


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as raised:
        made("schema_org", url="https://nia:hunter2@cafe.example/")

    assert "hunter2" not in raised.value.errors()[0]["msg"]


# --- recordings ----------------------------------------------------------------------------------


class _Marked(HTMLParser):
    """Another reader, for comparison: the values of each `itemprop` inside each marked review."""

    def __init__(self) -> None:
        super().__init__()
        self.reviews: list[dict[str, str]] = []
        self.name: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        prop = values.get("itemprop")
        if prop == "review" or (values.get("property") == "review"):
            self.reviews.append({})
        self.name = prop or values.get("property")
        if self.name and self.reviews and "content" in values:
            self.reviews[-1][self.name] = values["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.reviews and self.name and data.strip():
            self.reviews[-1].setdefault(self.name, " ".join(data.split()))


def marked_reviews(markup: str) -> list[dict[str, str]]:
    parser = _Marked()
    parser.feed(markup)
    return parser.reviews


def json_reviews(markup: str) -> list[dict[str, Any]]:
    """Return the reviews of JSON-LD as a plain reading of the file finds them."""
    found: list[dict[str, Any]] = []

    def look(value: dict[str, Any]) -> dict[str, Any]:
        if value.get("@type") == "Review":
            found.append(value)
        return value

    for block in re.findall(r"<script[^>]*ld\+json[^>]*>(.*?)</script>", markup, re.DOTALL):
        json.loads(block, strict=False, object_hook=look)
    return found


@pytest.fixture(scope="module")
def recordings(shared_samples: Path) -> Path:
    return shared_samples / "schema_org_html"


def recorded(folder: Path, name: str) -> tuple[str, Page]:
    """Return a recording as it stands, and what the connector reads in it."""
    url = f"https://www.recorded.example/{name}"
    body = (folder / name).read_bytes()
    response = Response(Request(url), 200, (("content-type", "text/html; charset=utf-8"),), body, NOON, url)
    return body.decode(), made("schema_org", url=url).parse(response)


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    "name, count, stars, total",
    [
        ("CreativeWork.001.html", 2, [5, 4], (3077, 4.0)),
        ("justapinch_1.html", 2, [5, 5], (3, 5.0)),
        ("null_ld_mock.html", 1, [None], (280, 5.0)),
        ("polishfoodies_1.html", 7, [5, 4, 4, 5, 4, 4, 5], (7, 4.4)),
        ("product_reviews_jsonld.html", 2, [1, 4], (11, 3.5)),
        ("recept.html", 5, [None] * 5, (197, 4.4)),
        ("ricardocuisine_1.html", 10, [None] * 10, (137, 5.0)),
    ],
)
def test_recorded_json_ld(
    recordings: Path, name: str, count: int, stars: list[float | None], total: tuple[int, float]
) -> None:
    markup, page_read = recorded(recordings, name)

    plain = list({json.dumps(found, sort_keys=True): found for found in json_reviews(markup)}.values())
    assert len(page_read.mentions) == len(plain) == count
    assert [mention.rating and mention.rating.value for mention in page_read.mentions] == stars
    for mention, found in zip(page_read.mentions, plain, strict=True):
        author = found.get("author")
        assert (mention.author and mention.author.name) == (author.get("name") if isinstance(author, dict) else author)
        assert words(mention.text) == words(found.get("reviewBody") or found.get("description") or "")
        day = found.get("datePublished") or found.get("dateCreated")
        assert (mention.published_at and mention.published_at.date().isoformat()) == (day and day[:10])
    assert [(found.count, found.average) for found in page_read.totals] == [total]


def test_recorded_copies_are_one(recordings: Path) -> None:
    markup, page_read = recorded(recordings, "recept.html")

    assert len(json_reviews(markup)) == 10
    assert len(page_read.mentions) == 5


@pytest.mark.parametrize(
    "name, count, total",
    [
        ("williamssonoma_2.html", 8, (8, 4.0)),
        ("product_reviews_microdata.html", 2, (11, 3.5)),
        ("product_reviews_rdfa.html", 2, (11, 3.5)),
    ],
)
def test_recorded_markup(recordings: Path, name: str, count: int, total: tuple[int, float]) -> None:
    markup, page_read = recorded(recordings, name)

    plain = marked_reviews(markup)
    assert len(page_read.mentions) == len(plain) == count
    for mention, found in zip(page_read.mentions, plain, strict=True):
        assert mention.rating == Rating(float(found["ratingValue"]))
        assert mention.published_at is not None
        assert mention.published_at.date().isoformat() == found["datePublished"]
        text = found.get("description") or found["reviewBody"]
        assert words(mention.text)[:5] == words(text)[:5]
    assert [(found.count, found.average) for found in page_read.totals] == [total]


def test_recorded_markup_is_not_cut(recordings: Path) -> None:
    _, page_read = recorded(recordings, "williamssonoma_2.html")

    last = page_read.mentions[-1]
    assert last.title == "Tastes as good as it looks."
    assert last.text.startswith("Easy and delicious. I only had 8 cake eaters")
    assert last.text.endswith("to either make a little more icing or not.")
    assert [mention.author.name for mention in page_read.mentions if mention.author][:2] == [
        "Donnagar10",
        "CocinarteYYC",
    ]
    assert {mention.subject.product for mention in page_read.mentions} == {"Double Chocolate Layer Cake"}


def test_the_recorded_example_is_the_same_in_all_three_ways_of_writing(recordings: Path) -> None:
    pages = [recorded(recordings, f"product_reviews_{way}.html")[1] for way in ("jsonld", "microdata", "rdfa")]

    assert pages[0].totals == pages[1].totals == pages[2].totals
    assert ids(pages[0]) == ids(pages[1]) == ids(pages[2])


@pytest.mark.parametrize(
    "name, total",
    [
        ("cdkitchen_2.html", (1, 4.0, "Japanese Sukiyaki")),
        ("afghankitchenrecipes.html", (122, 2.8, "Mantu (Beef Dumplings)")),
        ("product.html", (89, 4.4, "Executive Anvil")),
    ],
)
def test_recorded_pages_with_an_average_only(recordings: Path, name: str, total: tuple[int, float, str]) -> None:
    markup, page_read = recorded(recordings, name)

    assert not json_reviews(markup)
    assert page_read.mentions == ()
    assert [(found.count, found.average, found.subject) for found in page_read.totals] == [total]


@pytest.mark.parametrize("name", ["JSONLD_with_control_characters.html", "JSONLD_with_JS_comment.html"])
def test_recorded_pages_without_reviews_say_so(recordings: Path, name: str) -> None:
    with pytest.raises(ParseError, match="no reviews found"):
        recorded(recordings, name)


def test_every_recording_has_its_test(recordings: Path) -> None:
    source = Path(__file__).read_text()
    ways = {f"product_reviews_{way}.html" for way in ("jsonld", "microdata", "rdfa")}

    assert all(path.name in source or path.name in ways for path in recordings.glob("*.html"))
