"""Whatever strangers write, a mail and a page hold the elements we put there, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html as parser

from monitor.models import Label, Person, Rating, Reason, Why
from monitor.notifier import Action, Message, Quote
from monitor.render import Before, card_html, mail_page, message
from monitor.render.inline import MAX_NAME, inline
from monitor.render.templates import LONGEST_LINES
from monitor.text import safe_link, shown
from tests.notifiers.messages import INVISIBLE, LAYOUT, LONG
from tests.render.hostile import ENDING, addresses, markup
from tests.render.scenes import SCENES, a_scene, a_told

HIT = "http://127.0.0.1:9/hit"
MARKUP = markup(HIT)
ADDRESSES = addresses(HIT)

MAIL_TAGS = {
    "html", "head", "meta", "title", "body", "table", "tbody", "tr", "td", "p", "strong", "br", "div", "a",
}  # fmt: skip
PAGE_TAGS = MAIL_TAGS | {"style", "header", "h1", "b", "span", "blockquote", "code", "pre"}
ATTRIBUTES = {
    "style", "href", "rel", "lang", "charset", "name", "content", "http-equiv", "role", "width", "cellpadding",
    "cellspacing", "border", "align", "dir", "class", "aria-hidden",
}  # fmt: skip


def told_everywhere(words: str, url: str | None = None) -> Message:
    """Return a message in which every field that a stranger fills holds `words`."""
    told = a_told(
        author=words,
        title=words,
        text=words,
        place=words,
        product=words,
        site=words,
        source=words,
        language=words,
        url=url or words,
        answer_url=url or words,
        reasons=(Why("topic:x", words, (words, words)), Why("sentence", words, (words,))),
        before=Before(words, Rating(4)),
    )
    facts = {"why": words, "site": words, "place": words, "url": words, "found": [words], "problems": [words]}
    return message(a_scene(Reason.EDITED_WORSE, told, facts=facts, reader=Person(words)))


def elements_of(page: str) -> set[str]:
    """Return the tags of a page; fails for an attribute that we do not write."""
    tree = parser.document_fromstring(page)
    for element in tree.iter(parser.etree.Element):
        assert set(element.attrib) <= ATTRIBUTES, dict(element.attrib)
        if "href" in element.attrib:
            assert safe_link(element.attrib["href"]) == element.attrib["href"]
            assert element.attrib["rel"] == "noopener noreferrer"
    return {element.tag for element in tree.iter(parser.etree.Element)}


@pytest.mark.parametrize("words", [*MARKUP.values(), *ADDRESSES.values(), *ENDING.values()])
def test_nothing_a_stranger_writes_becomes_an_element(words):
    told = told_everywhere(words)

    assert elements_of(told.html) <= MAIL_TAGS
    assert elements_of(mail_page(told)) <= PAGE_TAGS
    assert elements_of(card_html(told)) <= PAGE_TAGS


@pytest.mark.parametrize("words", [*MARKUP.values(), *LAYOUT])
def test_what_a_stranger_writes_can_be_read_as_it_was_typed(words):
    told = told_everywhere(words)

    page = parser.document_fromstring(told.html).text_content()
    for line in shown(words).strip().split("\n"):
        assert line.strip() in page
        assert line.strip() in told.text


@pytest.mark.parametrize("words", ADDRESSES.values(), ids=ADDRESSES)
def test_a_dangerous_address_never_becomes_a_link(words):
    told = told_everywhere("words", url=words)

    for page in (told.html, mail_page(told), card_html(told)):
        assert not parser.document_fromstring(page).xpath("//@href | //@src | //@action")
    assert not [action for action in told.actions if action.url]


@pytest.mark.parametrize("words", ENDING.values(), ids=ENDING)
def test_an_address_cannot_end_its_attribute_early(words):
    told = told_everywhere("words", url=words)

    for page in (told.html, card_html(told)):
        assert set(parser.document_fromstring(page).xpath("//@href")) == {safe_link(words)}


@pytest.mark.parametrize("words", MARKUP.values(), ids=MARKUP)
def test_the_facts_of_a_source_are_no_markup_either(words):
    for reason in (Reason.SOURCE_BROKEN, Reason.CONFIG_BROKEN, Reason.CHANNEL_BROKEN, Reason.DAMAGE, Reason.SUMMARY):
        facts = {
            "site": words, "place": words, "source": words, "why": words, "mend": words, "url": words, "lost": words,
            "channel": words, "where": words, "instead": words, "path": words, "problems": [words], "found": [words],
            "left": [words], "unit": words,
        }  # fmt: skip
        told = message(a_scene(reason, facts=facts))
        assert elements_of(told.html) <= MAIL_TAGS
        assert elements_of(mail_page(told)) <= PAGE_TAGS


def test_a_message_of_somebody_elses_making_is_escaped_as_well():
    foreign = Message(
        id="x",
        subject="<script>",
        headline="<script> · <img src=x>",
        text="<script>",
        html="<script>alert(1)</script>",
        quotes=(Quote("<script>", "<script>", "<script>", Action("<script>", "javascript:1")),),
        lines=("<script>",),
        actions=(
            Action("<script>", "javascript:1"),
            Action("<b>", "https://x.example/<b>"),
            Action("<i>", None, "<i>"),
        ),
        to="<script>",
        data={"tone": "</style><script>"},
    )

    assert elements_of(mail_page(foreign)) <= PAGE_TAGS
    assert elements_of(card_html(foreign)) <= PAGE_TAGS


@pytest.mark.parametrize("name", SCENES)
def test_every_page_stands_alone_and_lets_nothing_in(name):
    told = message(SCENES[name])

    assert elements_of(told.html) <= MAIL_TAGS
    for page in (mail_page(told), card_html(told)):
        assert elements_of(page) <= PAGE_TAGS
        tree = parser.document_fromstring(page)
        [policy] = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert "default-src 'none'" in policy
        assert not tree.xpath("//script | //img | //link | //iframe | //form | //object | //@src | //@srcset")


# --- names among our own words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Quay Street\n\nAll clear", "Quay · nobody has it · answered", "a\r\nb", "a\u2028b", "a\x00b\x1b[2J",
        "\u202eteertS\u202c",
        "x" * 5_000, " \n ", "\U0001f600" * 500,
    ],
)  # fmt: skip
def test_a_name_is_one_short_line_without_our_dots(name):
    words = inline(name)

    assert len(words) <= MAX_NAME
    assert "·" not in words
    assert "\n" not in words
    assert not any(ord(letter) < 32 or 0x202A <= ord(letter) <= 0x202E for letter in words)


@pytest.mark.parametrize("name", ["Quay · you have it · answered", "Quay\nWhy: nothing"])
def test_a_place_cannot_bring_parts_of_its_own_into_the_headline(name):
    parts = message(a_scene(Reason.NEW, a_told(place=name))).headline.split(" · ")

    assert parts[0] == "1 of 5 on Google"
    assert len(parts) == 5
    assert parts[4] == "nobody has it yet"


def test_a_name_from_right_to_left_leaves_our_words_in_order_in_a_mail():
    told = message(a_scene(Reason.NEW, a_told(place="مقهى النور", author="سارة")))

    assert "سارة\u200e wrote this on Google 14 minutes ago:" in told.text
    assert "النور\u200e" in told.html


@pytest.mark.parametrize("words", [*LONG.values(), *INVISIBLE.values()])
def test_every_length_ends_somewhere(words):
    told = told_everywhere(words)

    assert len(told.headline) < 600
    assert len(told.html) < 90_000  # Gmail hides what comes after 102 kB
    assert told.text.count("\n> ") <= 2 * (LONGEST_LINES + 2)


def test_an_empty_text_says_so():
    told = message(a_scene(Reason.NEW, a_told(text="  \n ", title=None)))

    assert "> (no text)" in told.text
    assert "(no text)" in told.html


def test_a_quote_that_was_cut_leads_to_the_whole_of_it():
    told = message(a_scene(Reason.NEW, a_told(text="word " * 4_000)))
    offline = message(a_scene(Reason.NEW, a_told(text="word " * 4_000, url=None)))

    assert "All of it: https://maps.example/r/12" in told.text
    assert ">Show all</a>" in told.html
    assert "All of it: monitor show m12" in offline.text


@pytest.mark.parametrize("facts", [
    {"why": 3, "since": "yesterday", "others_fine": "many", "also": 7, "permanent": "yes", "caught_up": []},
    {"why": None, "since": 1764000000, "also": [1, None], "problems": "x", "found": {}, "lost": [[]], "ends_at": "x"},
    {"best": [{}], "stars": [{"average": "x"}], "gaps": [{"from": "x"}], "won_back": [{}], "seen": -1, "total": True},
    {"new": [{"code": 1}], "number": "two", "had_since": "x", "found": 1e300, "average": "4.4", "sources": [{}]},
])  # fmt: skip
@pytest.mark.parametrize("reason", Reason)
def test_facts_of_another_shape_are_left_out_and_never_raise(reason, facts):
    told = message(a_scene(reason, *([a_told()] if reason is not Reason.CONFIG_BROKEN else []), facts=facts))

    assert told.subject
    assert told.headline
    assert told.text


def test_a_message_about_what_was_erased_says_so():
    told = message(a_scene(Reason.NEW))

    assert "has been erased" in told.headline
    assert "has been erased" in told.text


def test_labels_do_not_change_what_is_said_of_a_good_one():
    told = message(replace(SCENES["good_news"], told=(a_told(label=Label.GOOD, rating=None, author=None),)))

    assert "gave" not in told.subject
