"""What is special about pages read by selectors: how parts are taken, and what must not pass for a review."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.web_page import WebPage, WebPageConfig
from monitor.connector import Author, Connector, FetchError, Page, ParseError, Rating, Reply, Request, Response, Since
from monitor.connector.pages import MAX_PAGE
from tests.builders import NOON
from tests.connectors.cases.web_page import ADDRESS, GOOD, OPTIONS, page, review
from tests.connectors.kit import Answer, first_request, made, read

URL = "https://shop.example/reviews"
BARE: dict[str, Any] = {"url": URL, "pages": 1, **dict.fromkeys(OPTIONS.keys() - {"url", "pages", "item"})}


@pytest.fixture
def subject() -> Connector[Any]:
    return made("web_page")


def of(**options: Any) -> Connector[Any]:
    """Return a connector with these options only: one page, and `li` as a review."""
    return made("web_page", **{**BARE, "item": "li", "text": "p", **options})


def items(*inside: str, **more: str) -> Answer:
    return page(*(f"<li>{one}</li>" for one in inside), **more)


def one(subject: Connector[Any], inside: str) -> Any:
    [mention] = read(subject, items(inside)).mentions
    return mention


def ids(page_read: Page) -> list[str]:
    return [mention.external_id for mention in page_read.mentions]


# --- what is read --------------------------------------------------------------------------------


def test_a_review_is_read_whole(subject: Connector[Any]) -> None:
    answer = page(review(more="<div class='answer'><p>We are sorry.</p><p>Ana</p></div>"))

    [mention] = read(subject, answer).mentions

    assert (mention.external_id, mention.title, mention.text) == ("r-1", "Review 1", "The kettle leaks.")
    assert mention.author is not None
    assert mention.author.name == "Nia"
    assert mention.published_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert mention.rating == Rating(2)
    assert mention.url == "https://shop.example/r/1"
    assert mention.reply == Reply("We are sorry.\n\nAna")
    assert mention.absent == frozenset()


def test_answers_are_seen_only_where_the_configuration_says_where_they_stand() -> None:
    with_reply, without = made("web_page"), made("web_page", reply=None)

    assert (with_reply.sees_answers, without.sees_answers) == ("late", "no")
    assert read(without, page(review())).mentions[0].absent == {"reply"}


def test_place_and_product_come_from_the_configuration() -> None:
    mention = one(of(place="Mill Lane", product="Kettle"), "<p>It leaks.</p>")

    assert (mention.subject.place, mention.subject.product) == ("Mill Lane", "Kettle")


@pytest.mark.parametrize(
    "part, text",
    [
        ("p", "It leaks & steams.\nA lot."),
        ({"select": "p"}, "It leaks & steams.\nA lot."),
        ({"select": "p", "take": "html"}, "It leaks & steams.\nA lot."),
        ({"select": "p", "take": "attr:data-short"}, "It leaks"),
        ({"take": "attr:title"}, "whole"),
        ({"select": "p", "pattern": "leaks (.+)"}, "& steams."),
        ({"select": "p", "pattern": "(?i)LEAKS"}, "leaks"),
        ({"select": "p", "take": "html", "pattern": "data: (.*?) -->"}, "in a comment"),
        (":scope > p", "It leaks & steams.\nA lot."),
        ("h4, p", "It leaks & steams.\nA lot."),
    ],
)
def test_a_part_is_an_element_and_what_to_take_of_it(part: Any, text: str) -> None:
    subject = of(text=part)
    inside = "<p data-short='It leaks'>It <b>leaks</b> &amp;\n steams.<br>A lot.<!-- data: in a comment --></p>"

    [mention] = read(subject, page(f"<li title='whole'>{inside}</li>")).mentions

    assert mention.text == text


@pytest.mark.parametrize("part", [".none", {"select": "p", "pattern": "(xyz)"}, {"select": "p", "take": "attr:lang"}])
def test_a_part_that_is_not_there_is_left_out(part: Any) -> None:
    mention = one(of(author=part, title=part, link=part, date=part), "<p>It leaks.</p>")

    assert (mention.author, mention.title, mention.published_at, mention.url) == (None, None, None, URL)


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, markup, moment",
    [
        ({}, "<time datetime='2026-11-21T09:00:00+02:00'>2 days ago</time>", "2026-11-21T07:00"),
        ({"format": "%d.%m.%Y"}, "<time datetime='2026-11-21'>last week</time>", "2026-11-21T00:00"),
        ({"format": "%d.%m.%Y"}, "<time datetime='P3D'>21.11.2026</time>", "2026-11-21T00:00"),
        ({}, "<time>21 November 2026</time>", "2026-11-21T00:00"),
        ({}, "<time>21. Dezember 2026</time>", "2026-12-21T00:00"),
        ({"timezone": "Europe/Berlin"}, "<time>2026-11-21 09:00</time>", "2026-11-21T08:00"),
        ({"format": "%d/%m/%Y"}, "<time>03/04/2026</time>", "2026-04-03T00:00"),
        ({"format": "%m/%d/%y", "timezone": "America/New_York"}, "<time>03/04/26</time>", "2026-03-04T05:00"),
        ({"format": "%b %d, %Y %H:%M %z"}, "<time>Mar 04, 2026 10:00 +0100</time>", "2026-03-04T09:00"),
        ({"pattern": r"on (.+)$"}, "<time>Written on 2026-11-21</time>", "2026-11-21T00:00"),
        ({"take": "attr:data-at"}, "<time data-at='1795255200'></time>", "2026-11-21T10:00"),
    ],
)
def test_a_date_is_read_as_the_configuration_says(options: dict[str, str], markup: str, moment: str) -> None:
    mention = one(of(date={"select": "time", **options}), f"<p>It leaks.</p>{markup}")

    assert mention.published_at == datetime.fromisoformat(f"{moment}:00+00:00")


@pytest.mark.parametrize(
    "words",
    [
        *("2 days ago", "vor 3 Tagen", "il y a 2 jours", "yesterday at 10:30", "May 12", "12 May"),
        *("03/04/2026", "31.02.2026", "soon", ""),
    ],
)
def test_a_date_that_names_no_day_is_left_to_the_first_sight(words: str) -> None:
    assert one(of(date="time"), f"<p>It leaks.</p><time>{words}</time>").published_at is None


def test_a_date_in_another_form_than_said_is_left_to_the_first_sight() -> None:
    subject = of(date={"select": "time", "format": "%d.%m.%Y"})

    assert one(subject, "<p>It leaks.</p><time>2 days ago</time>").published_at is None


def test_a_date_that_moves_on_every_day_makes_no_new_review() -> None:
    subject = of(date="time")

    keys = {one(subject, f"<p>It leaks.</p><time>{days} days ago</time>").external_id for days in (2, 3)}

    assert len(keys) == 1


# --- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rating, markup, mark",
    [
        ("b", "<b>4</b>", Rating(4)),
        ("b", "<b>4,5</b>", Rating(4.5)),
        ("b", "<b>4.500</b>", Rating(4.5)),
        ("b", "<b>Rated 4 stars</b>", Rating(4)),
        ({"select": "b", "best": 10}, "<b>8</b>", Rating(8, 10)),
        ({"select": "b", "best": 1, "worst": 0}, "<b>0</b>", Rating(0, 1, 0)),
        ({"select": "b", "take": "attr:class", "pattern": r"stars-(\d)"}, "<b class='x stars-2'></b>", Rating(2)),
        ({"select": "b", "rule": "x of y"}, "<b>4,5 von 10 Punkten</b>", Rating(4.5, 10)),
        ({"select": "b", "rule": "x of y"}, "<b>3/5</b>", Rating(3)),
        ({"select": "b", "rule": "x of y"}, "<b>3 stars</b>", None),
        ({"select": "i.on", "rule": "count"}, "<i class=on></i><i class=on></i><i></i>", Rating(2)),
        ({"select": "i.on", "rule": "count"}, "<i></i><i></i>", None),
        ({"select": "b", "rule": "class", "map": {"good": 5, "bad": 1}}, "<b class='face bad'></b>", Rating(1)),
        ({"select": "b", "rule": "class", "map": {"good": 5}}, "<b class='face odd'></b>", None),
        ({"select": "b", "rule": "width"}, "<b style='color:red; WIDTH: 1px; width: 40.0%'></b>", Rating(2)),
        ({"select": "b", "rule": "width"}, "<b style='width:0%'></b>", None),
        ({"select": "b", "rule": "width"}, "<b></b>", None),
        ("b", "<b>five</b>", None),
        ("b", "<b>0</b>", None),
        ("b", "<b>11</b>", None),
        ("b", "<b>-1</b>", None),
        ("b", "<b>null</b>", None),
        ("b", "<b>true</b>", None),
        ("b", "<b></b>", None),
        ("b", "", None),
        ("b", "<b>" + "9" * 5000 + "</b>", None),
    ],
)
def test_a_mark_is_read_by_its_rule_or_unknown(rating: Any, markup: str, mark: Rating | None) -> None:
    mention = one(of(rating=rating), f"<p>It leaks.</p>{markup}")

    assert (mention.text, mention.rating) == ("It leaks.", mark)


def test_one_star_without_a_word_is_a_review() -> None:
    mention = one(of(rating="b"), "<b>1</b>")

    assert (mention.text, mention.rating) == ("", Rating(1))


# --- several pages -------------------------------------------------------------------------------


def test_pages_are_asked_for_one_after_the_other(subject: Connector[Any]) -> None:
    first = first_request(subject)
    [second] = read(subject, page(*GOOD), first).follow
    assert isinstance(second, Request)
    [third] = read(subject, page(*GOOD), second).follow
    assert isinstance(third, Request)

    assert [first.url, second.url, third.url] == [ADDRESS.replace("{page}", number) for number in "123"]
    assert read(subject, page(*GOOD), third).follow == ()


def test_the_list_ends_where_a_page_is_empty(subject: Connector[Any]) -> None:
    [second] = read(subject, page(*GOOD)).follow
    assert isinstance(second, Request)

    assert read(subject, page(), second) == Page()


def test_some_sites_count_their_pages_from_zero() -> None:
    subject = made("web_page", pages=2, first_page=0)

    [second] = read(subject, page(*GOOD)).follow

    assert first_request(subject).url.endswith("page=0")
    assert isinstance(second, Request)
    assert second.url.endswith("page=1")
    assert read(subject, page(*GOOD), second).follow == ()


def test_several_lists_are_walked_each_for_itself() -> None:
    subject = made("web_page", url=None, urls=["https://a.example/{page}", "https://b.example/{page}"])

    requests = [request for request in subject.start(Since()) if isinstance(request, Request)]
    [following] = read(subject, page(*GOOD), requests[1]).follow

    assert [request.url for request in requests] == ["https://a.example/1", "https://b.example/1"]
    assert isinstance(following, Request)
    assert following.url == "https://b.example/2"


# --- what is no review ---------------------------------------------------------------------------


def test_a_selector_that_finds_nothing_is_an_error_that_names_it(subject: Connector[Any]) -> None:
    with pytest.raises(ParseError, match=r'`item = "li.review"` finds nothing in the page source'):
        read(subject, page("<li>Home</li>"))


def test_a_login_instead_of_the_page_is_told(subject: Connector[Any]) -> None:
    with pytest.raises(FetchError) as raised:
        read(subject, page(before="<form>Sign in to go on <input type='password'></form>"))

    assert raised.value.code == "blocked"


@pytest.mark.parametrize("count", [499, 500])
def test_five_hundred_entries_are_a_list_of_reviews(count: int) -> None:
    assert len(read(of(), items(*(f"<p>Text {at}</p>" for at in range(count)))).mentions) == count


def test_more_than_five_hundred_entries_are_not(subject: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="finds more than 500 entries"):
        read(of(), items(*(f"<p>Text {at}</p>" for at in range(501))))


def test_a_selector_that_finds_everything_is_an_error() -> None:
    with pytest.raises(ParseError):
        read(of(item="*", text={"take": "text"}), page(*(review(at % 9) for at in range(200))))


def test_entries_that_all_say_the_same_are_an_error() -> None:
    with pytest.raises(ParseError, match="all 4 entries say the same"):
        read(of(), items(*["<p>Read more</p>"] * 4))


def test_navigation_without_text_and_mark_is_an_error(subject: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="an entry without text and without a mark"):
        read(subject, page("<li class='review'>Home</li>", "<li class='review'>Shop</li>"))


@pytest.mark.parametrize(
    "hidden",
    [
        "<script><p>No.</p></script>",
        "<style>p{}</style>",
        "<template><p>No.</p></template>",
        "<!-- <p>No.</p> -->",
        "<p hidden>No.</p>",
        "<p style='color:red;DISPLAY : none'>No.</p>",
        "<div style='visibility:hidden'><p>No.</p></div>",
        "<b title='No.'></b>",
        '<script type=\'application/ld+json\'>{"reviewBody": "No."</script>',
    ],
)
def test_hidden_text_is_no_review(hidden: str) -> None:
    inside = hidden.replace("<p", "<i").replace("</p", "</i").replace("div", "span")

    page_read = read(of(), items(f"{hidden}<p>It{inside} leaks.</p>"))

    assert [mention.text for mention in page_read.mentions] == ["It leaks."]


@pytest.mark.parametrize("hidden", ["<template>{}</template>", "<!--{}-->", "<div hidden>{}</div>"])
def test_hidden_entries_are_no_reviews(hidden: str) -> None:
    page_read = read(of(), items("<p>It leaks.</p>", before=hidden.replace("{}", "<ul><li><p>No.</p></li></ul>")))

    assert [mention.text for mention in page_read.mentions] == ["It leaks."]


# --- ids -----------------------------------------------------------------------------------------


def test_reviews_with_the_same_words_and_name_are_kept_apart_by_their_ids(subject: Connector[Any]) -> None:
    assert ids(read(subject, page(review(1), review(2), review(3), review(4)))) == ["r-1", "r-2", "r-3", "r-4"]


def test_reviews_with_the_same_words_and_name_are_counted_without_ids() -> None:
    subject = of(author="b")
    same, other = "<p>Great!</p><b>Anna</b>", "<p>It leaks.</p><b>Nia</b>"

    first = ids(read(subject, items(same, other, same)))
    again = ids(read(subject, items(other, "<p>New.</p>", same, same)))

    assert len(set(first)) == 3
    assert {again[0], again[2], again[3]} == set(first)


def test_a_key_does_not_depend_on_the_place_in_the_list() -> None:
    before = ids(read(of(), items("<p>One</p>", "<p>Two</p>")))

    assert ids(read(of(), items("<p>New</p>", "<p>Two</p>", "<p>One</p>")))[1:] == before[::-1]


def test_an_id_that_several_reviews_share_is_not_their_id() -> None:
    subject = of(id={"select": "a", "take": "attr:data-product"})
    link = "<a data-product='kettle-7'></a>"

    keys = ids(read(subject, items(f"<p>One</p>{link}", f"<p>Two</p>{link}")))

    assert keys == ids(read(of(), items("<p>One</p>", "<p>Two</p>")))


def test_a_review_that_stands_on_the_page_twice_is_one(subject: Connector[Any]) -> None:
    assert ids(read(subject, page(*GOOD, GOOD[0]))) == ["r-2", "r-1"]


def test_a_review_without_the_id_that_others_have_gets_a_key(subject: Connector[Any]) -> None:
    keys = ids(read(subject, page(GOOD[0], review(1).replace("data-id='r-1'", ""))))

    assert keys[0] == "r-2"
    assert re.fullmatch("[0-9a-f]{24}", keys[1])


# --- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head, href, url",
    [
        ("", "/r/1", "https://shop.example/r/1"),
        ("", "r/1", "https://shop.example/r/1"),
        ("", "?r=1#x", "https://shop.example/reviews?r=1#x"),
        ("", "//cdn.example/r/1", "https://cdn.example/r/1"),
        ("", "https://other.example/r/1", "https://other.example/r/1"),
        ("<base href='/deep/er/'>", "r/1", "https://shop.example/deep/er/r/1"),
        ("<base href='//cdn.example/x/'>", "r/1", "https://cdn.example/x/r/1"),
        ("<base href='javascript:alert(1)//'>", "/r/1", "https://shop.example/r/1"),
        ("<base href='https://nia:pw@evil.example/'>", "/r/1", "https://shop.example/r/1"),
        ("<base target='_blank'><base href='/a/'><base href='/b/'>", "r/1", "https://shop.example/a/r/1"),
        ("", "https://nia:pw@shop.example/r/1", URL),
        ("", "javascript:alert(1)", URL),
        ("", " java\tscript:alert(1)", URL),
        ("", "data:text/html,x", URL),
        ("", "mailto:nia@shop.example", URL),
        ("", "https://[::1", URL),
        ("", "", URL),
    ],
)
def test_links_are_read_as_a_browser_would_and_only_web_addresses_kept(head: str, href: str, url: str) -> None:
    subject = of(link={"select": "a", "take": "attr:href"})

    [mention] = read(subject, items(f"<p>It leaks.</p><a href='{href}'>more</a>", head=head)).mentions

    assert mention.url == url


@pytest.mark.parametrize(
    "came_from, url",
    [
        ("https://www.shop.example/en/reviews", "https://www.shop.example/en/r/1"),  # a redirect
        ("http://127.0.0.1:8080/reviews", "https://shop.example/r/1"),  # another server stands in for the site
        ("", "https://shop.example/r/1"),
    ],
)
def test_links_are_those_of_the_public_site(came_from: str, url: str) -> None:
    subject = of(link={"select": "a", "take": "attr:href"})
    body = items("<p>It leaks.</p><a href='r/1'>more</a>").bytes()
    response = Response(first_request(subject), 200, (("content-type", "text/html"),), body, NOON, came_from)

    [mention] = subject.parse(response).mentions

    assert mention.url == url


# --- the page itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_page_has_a_longest_length(subject: Connector[Any], over: int) -> None:
    body = page(*GOOD).bytes()
    answer = Answer(body + b" " * (MAX_PAGE + over - len(body)), content_type="text/html")

    if over > 0:
        with pytest.raises(FetchError, match="longer than"):
            read(subject, answer)
    else:
        assert len(read(subject, answer).mentions) == 2


def test_a_page_that_breaks_off_says_so(subject: Connector[Any]) -> None:
    whole = page(*GOOD)
    assert isinstance(whole.body, str)

    assert not read(subject, whole).repaired
    assert read(subject, Answer(whole.body.replace("</html>", ""), content_type="text/html")).repaired


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"item": "li..review"}, "`li..review` is not a CSS selector: Malformed class selector at position 2"),
        ({"item": ""}, "`` is not a CSS selector"),
        ({"text": "p::before"}, "`p::before` is not a CSS selector"),
        ({"text": {"select": "p", "pattern": "(a"}}, "`(a` is not an RE2 pattern: missing ): (a"),
        ({"date": {"format": "%d.%m."}}, "`%d.%m.` has no year"),
        ({"date": {"timezone": "Mars/Base"}}, "`Mars/Base` is no time zone"),
        ({"rating": {"select": "b", "rule": "class"}}, 'rule "class" needs `map`'),
        ({"rating": {"select": "b", "map": {"a": 1}}}, 'rule "class" needs `map`'),
        ({"rating": {"rule": "count"}}, 'rule "count" needs `select`'),
        ({"rating": {"select": "b", "best": 1}}, "`best` (1) must be above `worst` (1)"),
        ({"text": None}, "a review has `text` or `rating`"),
        ({"pages": 2}, "`pages` is 2, but an address has no {page}"),
        ({"url": None}, "no page to read: give `url`, or several as `urls`"),
    ],
)
def test_a_mistake_in_the_options_is_told_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as raised:
        of(**options)

    assert sentence in raised.value.errors()[0]["msg"]


def test_a_pattern_that_others_choke_on_costs_no_time() -> None:
    mention = one(of(author={"select": "p", "pattern": "(a+)+$"}), "<p>" + "a" * 20_000 + "b</p>")

    assert mention.author is None


# --- the documentation -----------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
DOCUMENTATION = PAGE.partition("\n## web_page\n")[2].partition("\n## ")[0]


def test_the_five_steps_lead_to_a_configuration_that_works() -> None:
    steps = DOCUMENTATION[DOCUMENTATION.index("### From a page to a configuration") :]
    [shown] = re.findall("```html\n(.*?)```", steps, re.DOTALL)
    [[options]] = [tomllib.loads(block)["sources"] for block in re.findall("```toml\n(.*?)```", steps, re.DOTALL)]
    subject = WebPage(WebPageConfig(**{key: options[key] for key in options.keys() - {"name", "connector"}}))

    [mention] = read(subject, Answer(shown, content_type="text/html")).mentions

    assert (mention.external_id, mention.title, mention.text) == ("v-3071", "Arrived broken", "The lid was in pieces.")
    assert mention.author == Author("Nia")
    assert mention.published_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert (mention.rating, mention.reply) == (Rating(1), Reply("We have sent you a new one."))


def test_the_rules_of_the_table_read_the_markup_beside_them() -> None:
    rows = re.findall(r"\| `([a-z ]+)` \| (.+) \| (.+) \|", DOCUMENTATION)
    examples = [row for row in rows if row[0] in ("number", "x of y", "count", "class", "width")]

    assert len(examples) == 5
    for _, markup, write in examples:
        for inside, part in zip(re.findall("`(<.+?>)`", markup), re.findall("`(.+?)`", write), strict=True):
            rating = tomllib.loads(f"rating = {part}")["rating"]
            marked = inside.replace("<b>", "<b class='mark'>").replace('"stars-4"', '"stars stars-4"')
            mention = one(of(rating=rating), f"<p>It leaks.</p><div class='bar'>{marked}</div>")
            assert mention.rating, (markup, write)


# --- recordings ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recordings(shared_samples: Path) -> Path:
    return shared_samples / "schema_org_html"


def recorded(folder: Path, name: str, **options: Any) -> tuple[str, Page]:
    url = f"https://www.recorded.example/{name}"
    body = (folder / name).read_bytes()
    response = Response(Request(url), 200, (("content-type", "text/html; charset=utf-8"),), body, NOON, url)
    return body.decode(), of(**{"url": url, **options}).parse(response)


def test_a_recorded_list_of_reviews_is_read_by_selectors(recordings: Path) -> None:
    markup, page_read = recorded(
        recordings,
        "williamssonoma_2.html",
        item=".bvseo-review",
        id={"take": "attr:data-reviewid"},
        text='[itemprop="description"]',
        title=':scope > [itemprop="name"]',
        author='[itemprop="author"]',
        date={"select": ".bvseo-pubdate", "pattern": "published: (.+)"},
        rating={"select": '[itemprop="reviewRating"]', "rule": "x of y"},
    )

    assert ids(page_read) == re.findall(r'data-reviewid="(\d+)"', markup)
    marks = [float(mark) for mark in re.findall(r'Rated <span itemprop="ratingValue">(\d)</span> out of', markup)]
    assert [mention.rating for mention in page_read.mentions] == [Rating(mark) for mark in marks]
    days = re.findall(r"Date published: ([\d-]+)<", markup)
    assert [mention.published_at.date().isoformat() for mention in page_read.mentions if mention.published_at] == days
    names = re.findall(r'itemtype="https://schema.org/Person" itemscope><span itemprop="name">([^<]+)<', markup)
    assert [mention.author.name for mention in page_read.mentions if mention.author] == names
    assert page_read.mentions[5].title == "Horrible Cake"
    assert page_read.mentions[0].text.startswith("While the cake came out looking great")


def test_recorded_stars_are_counted(recordings: Path) -> None:
    _, page_read = recorded(
        recordings,
        "ricardocuisine_1.html",
        item=".c-recipe__rating",
        text=".c-recipe__rating-count",
        rating={"select": ".c-rating__star--selected", "rule": "count"},
    )

    assert [(mention.text, mention.rating) for mention in page_read.mentions] == [("(137)", Rating(5))]


def test_selectors_and_structured_data_say_the_same_of_a_recorded_page(recordings: Path) -> None:
    name = "product_reviews_microdata.html"
    _, page_read = recorded(
        recordings,
        name,
        item='[itemprop="review"]',
        text='[itemprop="reviewBody"]',
        title='[itemprop="name"]',
        author='[itemprop="author"]',
        date={"select": '[itemprop="datePublished"]', "take": "attr:content"},
        rating={"select": '[itemprop="ratingValue"]'},
    )

    [block] = re.findall(
        "<script.*?>(.*?)</script>", (recordings / "product_reviews_jsonld.html").read_text(), re.DOTALL
    )
    in_json = json.loads(block)
    assert [(mention.title, mention.text) for mention in page_read.mentions] == [
        (one["name"], one["reviewBody"]) for one in in_json["review"]
    ]
    assert [mention.rating and mention.rating.value for mention in page_read.mentions] == [1, 4]
