"""What is special about feeds: many formats, most of them broken, and ids that cannot be trusted."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.connector import Audience, Connector, Kind, Outcome, Page, Rating, RawMention, Since
from monitor.errors import FetchError, LookError, ParseError
from monitor.text import from_html
from tests.connectors.cases.feed import HEAD, TAIL, item, json_feed, rss
from tests.connectors.kit import Answer, first_request, made, read, refusal_of

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:town</id><title>Town</title>'


@pytest.fixture
def feed() -> Connector[Any]:
    return made("feed")


def xml(text: str) -> Answer:
    return Answer(text, content_type="text/html")  # what many servers say of their feeds


def only(page: Page) -> RawMention:
    [mention] = page.mentions
    return mention


def ids(page: Page) -> list[str]:
    return [mention.external_id for mention in page.mentions]


# --- formats -------------------------------------------------------------------------------------

WORDS = "They forgot my order &amp; laughed."
LINK = '<link href="https://town.example/1"/>'
BY_NIA = "<author><name>Nia</name></author>"
AT = "2026-11-24T11:01:00Z"
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">'

FORMATS = {
    "RSS 2.0": HEAD + item(more="<category>x</category>") + TAIL,
    "RSS 2.0 without a version": HEAD.replace(' version="2.0"', "") + item() + TAIL,
    "RSS 0.91": '<rss version="0.91"><channel><item><title>Post 1</title><link>https://town.example/1</link>'
    f"<description>{escape(WORDS)}</description></item></channel></rss>",
    "RSS 1.0": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="https://town.example/1"><title>Post 1</title>'
    f"<link>https://town.example/1</link><description>{escape(WORDS)}</description>"
    f"<dc:date>{AT}</dc:date><dc:creator>Nia</dc:creator></item></rdf:RDF>",
    "Atom 1.0": f"{ATOM}<entry><id>urn:1</id><title>Post 1</title>{LINK}<published>{AT}</published>{BY_NIA}"
    f'<updated>2026-11-24T11:02:00Z</updated><content type="html">{escape("<p>" + WORDS)}</content></entry></feed>',
    "Atom 1.0, xhtml": f'{ATOM}<entry><id>urn:1</id><title type="xhtml">{XHTML}Post <i>1</i></div></title>{LINK}'
    f'{BY_NIA}<updated>{AT}</updated><content type="xhtml">{XHTML}<p>{WORDS}</p></div></content></entry></feed>',
    "Atom 1.0, plain": f"{ATOM}<entry><id>urn:1</id><title>Post 1</title>{LINK}<updated>{AT}</updated>{BY_NIA}"
    f"<summary>{WORDS}</summary></entry></feed>",
    "Atom 0.3": '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>urn:1</id><title>Post 1</title>'
    f'<link rel="alternate" href="https://town.example/1"/><issued>{AT}</issued>{BY_NIA}'
    f'<content type="text/html" mode="base64">{b64encode(WORDS.encode()).decode()}</content></entry></feed>',
    "JSON Feed 1.1": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "title": "Post 1", "url": '
    f'"https://town.example/1", "content_html": "<p>{WORDS}", "authors": [{{"name": "Nia"}}],'
    f' "date_published": "{AT}"}}]}}',
    "JSON Feed 1": '\ufeff \n{"version": "https://jsonfeed.org/version/1", "author": {"name": "Nia"}, "items": [{"id": '
    '"1", "title": "Post 1", "external_url": "https://town.example/1",'
    ' "content_text": "They forgot my order & laughed.", "date_modified": "2026-11-24T13:01:00+02:00"}]}',
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(feed: Connector[Any], name: str) -> None:
    post = only(read(feed, xml(FORMATS[name])))

    assert from_html(post.title or "") == "Post 1"
    assert from_html(post.text) == "They forgot my order & laughed."
    assert post.url == "https://town.example/1"
    assert post.kind == Kind.POST
    if name != "RSS 0.91":  # which knows neither
        assert post.author is not None
        assert post.author.name == "Nia"
        assert post.published_at == datetime(2026, 11, 24, 11, 1, tzinfo=UTC)


def test_the_full_text_goes_before_the_summary(feed: Connector[Any]) -> None:
    full = item(text="They forgot…", more="<content:encoded><![CDATA[<p>They forgot my order.</p>]]></content:encoded>")

    assert from_html(only(read(feed, rss(full))).text) == "They forgot my order."


def test_plain_text_keeps_its_lines_and_its_brackets(feed: Connector[Any]) -> None:
    said = only(read(feed, json_feed({"id": "1", "title": "a <b> c", "content_text": "1 < 2\nand <i> too"})))

    assert from_html(said.text) == "1 < 2\nand <i> too"
    assert from_html(said.title or "") == "a <b> c"


def test_html_without_a_tag_keeps_its_lines(feed: Connector[Any]) -> None:
    assert from_html(only(read(feed, rss(item(text="one &amp; all\ntwo")))).text) == "one & all\ntwo"


def test_an_item_of_nothing_but_an_id_is_an_item(feed: Connector[Any]) -> None:
    post = only(read(feed, xml(HEAD + "<item><guid>x</guid></item>" + TAIL)))

    assert (post.external_id, post.title, post.text, post.author) == ("x", None, "", None)


def test_the_language_is_that_of_the_entry_or_else_of_the_feed(feed: Connector[Any]) -> None:
    items = [{"id": "1", "content_text": "a", "language": "de"}, {"id": "2", "content_text": "b"}]

    assert [post.language for post in read(feed, json_feed(*items, language="en")).mentions] == ["de", "en"]


@pytest.mark.parametrize(
    "author, name",
    [
        ("<author>nia@town.example (Nia)</author>", "Nia"),
        ("<author>nia@town.example</author>", None),
        ("<author>Nia &lt;nia@town.example&gt;</author>", "Nia"),
        ("<author>mailto:nia@town.example</author>", None),
        ("<dc:creator>Nia (from town)</dc:creator>", "Nia (from town)"),
        ("<author></author>", None),
        ("<dc:creator>@nia</dc:creator>", "@nia"),
        ("", None),
    ],
)
def test_a_mail_address_is_dropped_at_the_door(feed: Connector[Any], author: str, name: str | None) -> None:
    post = only(read(feed, rss(f"<item><guid>1</guid>{author}</item>")))

    assert (post.author.name if post.author else None) == name
    assert "town.example" not in repr(post.author)


def test_an_entry_without_an_author_has_that_of_the_feed(feed: Connector[Any]) -> None:
    post = only(read(feed, xml(ATOM + "<author><name>Town</name></author><entry><id>1</id></entry></feed>")))

    assert post.author is not None
    assert post.author.name == "Town"


@pytest.mark.parametrize(
    "link, base, address",
    [
        ('<link href="/1"/>', "", "https://town.example/1"),
        ('<link href="1"/>', ' xml:base="https://other.example/x/"', "https://other.example/x/1"),
        (
            '<link rel="self" href="https://no.example/"/><link rel="alternate" href="https://yes.example/"/>',
            "",
            "https://yes.example/",
        ),
        ('<link href="javascript:alert(1)"/>', "", None),
        ('<link href="https://nia:secret@town.example/"/>', "", None),
    ],
)
def test_links_are_read_against_the_feed(feed: Connector[Any], link: str, base: str, address: str | None) -> None:
    assert only(read(feed, xml(f"{ATOM}<entry{base}><id>urn:1</id>{link}</entry></feed>"))).url == address


def test_the_link_before_a_counting_proxy_is_the_real_one(feed: Connector[Any]) -> None:
    original = "<x:origLink xmlns:x='http://rssnamespace.org/feedburner/ext/1.0'>https://real.example/</x:origLink>"

    assert only(read(feed, rss(item(more=original)))).url == "https://real.example/"


# --- kinds ---------------------------------------------------------------------------------------


def test_a_comment_on_a_blog_names_its_post(feed: Connector[Any]) -> None:
    comment = item().replace("town-1", "https://blog.example/?p=7#comment-12")

    said = only(read(feed, rss(comment)))

    assert said.kind == Kind.COMMENT
    assert said.parent_id == said.thread_id == "https://blog.example/?p=7"


@pytest.mark.parametrize(("number", "hides"), [("https://blog.example/?p=7#comment-12", True), ("town-1", False)])
def test_a_feed_with_comments_is_not_believed_when_it_says_unchanged(
    feed: Connector[Any], number: str, hides: bool
) -> None:
    assert read(feed, rss(item().replace("town-1", number))).hides_changes is hides


def test_a_form_for_a_password_is_not_what_somebody_said(feed: Connector[Any]) -> None:
    form = '<form action="https://blog.example/wp-login.php?action=postpass">To view it enter your password.</form>'
    locked = f"<content:encoded><![CDATA[{form}]]></content:encoded>"

    said = only(read(feed, rss(item(text="Protected Comments: Please enter your password.", more=locked))))

    assert (said.title, said.text) == ("Post 1", "")


def test_a_comment_in_atom_names_what_it_answers(feed: Connector[Any]) -> None:
    reply = (
        '<thr:in-reply-to xmlns:thr="http://purl.org/syndication/thread/1.0" ref="urn:post" href="https://a.example/"/>'
    )

    said = only(read(feed, xml(f"{ATOM}<entry><id>urn:1</id>{reply}</entry></feed>")))

    assert (said.kind, said.parent_id, said.thread_id) == (Kind.COMMENT, "urn:post", "urn:post")


def test_the_options_say_what_the_items_are() -> None:
    subject = made("feed", kind="review", product="Grinder", place="Mill Lane")

    said = only(read(subject, rss(item())))

    assert said.kind == Kind.REVIEW
    assert (said.subject.product, said.subject.place) == ("Grinder", "Mill Lane")


@pytest.mark.parametrize(
    "rating, found, kind",
    [
        ("<im:rating xmlns:im='http://itunes.apple.com/rss'>2</im:rating>", Rating(2), Kind.REVIEW),
        ("<im:rating xmlns:im='http://itunes.apple.com/rss'>two</im:rating>", None, Kind.REVIEW),
        (
            "<m:starRating xmlns:m='http://search.yahoo.com/mrss/' average='4.79' min='1' max='5' count='3'/>",
            Rating(4.79, 5.0, 1.0),
            Kind.POST,
        ),
        (
            "<m:starRating xmlns:m='http://search.yahoo.com/mrss/' average='8' max='10'/>",
            Rating(8, 10.0, 1.0),
            Kind.POST,
        ),
        ("", None, Kind.POST),
    ],
)
def test_stars_are_read_on_their_own_scale(feed: Connector[Any], rating: str, found: Rating | None, kind: Kind) -> None:
    said = only(read(feed, rss(item(more=rating))))

    assert (said.rating, said.kind) == (found, kind)


def test_views_of_a_video_are_an_audience(feed: Connector[Any]) -> None:
    views = "<m:community xmlns:m='http://search.yahoo.com/mrss/'><m:statistics views='251497'/></m:community>"

    assert only(read(feed, rss(item(more=views)))).audience == Audience(251497, "views")


def test_a_feed_searches_only_when_the_options_say_so() -> None:
    assert not made("feed").searches
    assert made("feed", match_brand=True).searches


# --- Google Alerts -------------------------------------------------------------------------------


def alert(number: int, real: str, host: str = "www.google.com", name: str = "url") -> str:
    wrapped = f"https://{host}/url?rct=j&amp;sa=t&amp;{name}={real}&amp;ct=ga&amp;cd=x&amp;usg=y"
    return (
        f"<entry><id>tag:google.com,2013:googlealerts/feed:{number}</id>"
        "<title type='html'>&lt;b&gt;Acme&lt;/b&gt; ...</title>"
        f"<link href='{wrapped}'/><published>2026-11-24T11:00:00Z</published><updated>2026-11-24T11:00:00Z</updated>"
        f"<content type='html'>&lt;b&gt;Acme&lt;/b&gt;&amp;nbsp;again</content><author><name></name></author></entry>"
    )


@pytest.mark.parametrize(
    "entry, real",
    [
        (alert(1, "https://news.example/acme"), "https://news.example/acme"),
        (alert(1, "https://news.example/acme?id%3D7%26utm_source%3Dx%26fbclid%3Dy"), "https://news.example/acme?id=7"),
        (alert(1, "https://news.example/%25C3%25BC"), "https://news.example/%C3%BC"),
        (alert(1, "https://news.example/acme", host="www.google.co.uk"), "https://news.example/acme"),
        (alert(1, "https://news.example/acme", name="q"), "https://news.example/acme"),
    ],
)
def test_an_alert_is_known_by_the_page_it_leads_to(feed: Connector[Any], entry: str, real: str) -> None:
    hit = only(read(feed, xml(f"{ATOM}{entry}</feed>")))

    assert hit.external_id == "tag:google.com,2013:googlealerts/feed:1"
    assert hit.url == hit.same_as == real
    assert (from_html(hit.title or ""), from_html(hit.text), hit.author) == ("Acme ...", "Acme again", None)


def test_an_alert_that_leads_to_no_page_keeps_its_link(feed: Connector[Any]) -> None:
    hit = only(read(feed, xml(f"{ATOM}{alert(1, 'javascript:alert(1)')}</feed>")))

    assert (hit.url or "").startswith("https://www.google.com/url?")
    assert hit.same_as is None


def test_one_page_under_two_alert_ids_is_one(feed: Connector[Any]) -> None:
    once = alert(1, "https://news.example/acme")
    twice = alert(2, "https://news.example/acme?utm_medium%3Dx")

    page = read(feed, xml(f"{ATOM}{once}{twice}</feed>"))
    later = read(feed, xml(f"{ATOM}{twice}</feed>"), first_request(feed, Since(bookmark=page.bookmark)))

    assert set(ids(page)) == set(ids(later)) == {"tag:google.com,2013:googlealerts/feed:1"}


def test_only_google_wraps(feed: Connector[Any]) -> None:
    post = item().replace("<link>https://town.example/1", "<link>https://town.example/url?url=https://other.example/")

    said = only(read(feed, rss(post)))

    assert (said.url, said.same_as) == ("https://town.example/url?url=https://other.example/", None)


# --- broken feeds --------------------------------------------------------------------------------

BROKEN = {
    "unclosed tags": HEAD + item() + "<item><title>half",
    "an entity XML does not know": (HEAD + item() + TAIL).replace("Post 1", "Post&nbsp;1"),
    "a raw ampersand": (HEAD + item() + TAIL).replace("Post 1", "Post & 1"),
    "control characters": (HEAD + item() + TAIL).replace("Post 1", "Post \x01\x0b 1"),
    "text before the declaration": "PHP Warning: something\n" + HEAD + item() + TAIL,
    "an unknown prefix": (HEAD + item() + TAIL).replace("<guid", "<x:y>z</x:y><guid"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_feed_is_read_and_marked_as_repaired(feed: Connector[Any], name: str) -> None:
    page = read(feed, xml(BROKEN[name]))

    assert ids(page)[0] == "town-1"
    assert "They forgot my order" in from_html(page.mentions[0].text)
    assert page.repaired


@pytest.mark.parametrize(
    "body, content_type",
    [
        (HEAD.replace("UTF-8", "utf-16") + item(text="Kühl") + TAIL, "text/xml"),
        ("\n\ufeff  " + HEAD + item(text="Kühl") + TAIL, "text/xml; charset=utf-8"),
        ((HEAD + item(text="Kühl") + TAIL).replace("UTF-8", "ISO-8859-1").encode("cp1252"), "text/xml"),
        ((HEAD + item(text="Kühl") + TAIL).encode("cp1252"), "text/xml; charset=utf-8"),
        ((HEAD + item(text="Kühl") + TAIL).encode("cp1252"), "text/xml; charset=windows-1252"),
        (b"\xff\xfe" + (HEAD + item(text="Kühl") + TAIL).encode("utf-16-le"), "text/xml"),
        (HEAD.replace("UTF-8", "unicode_escape") + item(text="Kühl") + TAIL, "text/xml; charset=zlib"),
    ],
)
def test_a_wrong_encoding_leaves_the_words_readable(feed: Connector[Any], body: str | bytes, content_type: str) -> None:
    page = read(feed, Answer(body, content_type=content_type))

    assert from_html(only(page).text) == "Kühl"
    assert not page.repaired


@pytest.mark.parametrize(
    "text, words",
    [
        ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),  # escaped twice: the second time by its writer
        ("&amp;amp;", "&amp;"),
        ("<script>bad()</script><p hidden>bad</p>good", "good"),
        ("outer <![CDATA[ inner", "outer inner"),
        ("PGI+aGk8L2I+", "PGI+aGk8L2I+"),
    ],
)
def test_markup_inside_is_read_once(feed: Connector[Any], text: str, words: str) -> None:
    found = from_html(only(read(feed, rss(item(text=text)))).text)

    assert found == words


@pytest.mark.parametrize(
    "date",
    [
        *("", "0000-00-00", "Tue, 24 Nov 10000 12:00:00 GMT", "-1", "12:00", "Tue, 30 Feb 2026 12:00:00 GMT", "soon"),
        *("2026-11-24T12:00:00+99:99", "Tue, 24 Nov 2026 12:00:00 XYZ", "03/04/2026", "x" * 10_000, "&#0;"),
    ],
)
def test_a_date_that_cannot_be_is_unknown_and_hides_nothing(feed: Connector[Any], date: str) -> None:
    dated = re.sub("<pubDate>.*?</pubDate>", f"<pubDate>{date}</pubDate>", item())

    said = only(read(feed, rss(dated)))

    assert (said.published_at, said.external_id) == (None, "town-1")


@pytest.mark.parametrize("body", ["/etc/passwd", "http://127.0.0.1:1/feed", "file:///etc/passwd", "pyproject.toml"])
def test_a_body_that_looks_like_a_path_or_an_address_is_never_opened(feed: Connector[Any], body: str) -> None:
    with pytest.raises(ParseError, match="neither RSS nor Atom"):
        read(feed, xml(body))


def test_an_entity_leads_nowhere(feed: Connector[Any], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    entities = f'<!DOCTYPE x [{bomb}<!ENTITY f SYSTEM "file://{secret}"><!ENTITY % p SYSTEM "http://127.0.0.1:1/">%p;]>'
    started = time.thread_time()

    page = read(feed, xml(entities + (HEAD + item() + TAIL).partition("?>")[2].replace("Post 1", "a &l9; &f; b")))

    assert time.thread_time() - started < 1
    assert "s3cret" not in repr(page)
    assert len(repr(page)) < 10_000


@pytest.mark.parametrize(
    "body, code",
    [
        ("<!DOCTYPE html><html><body>Log in</body></html>", "unexpected_type"),
        ("  <html><head></head></html>", "unexpected_type"),
        ("", "empty"),
        ("\ufeff \n", "empty"),
        ('<?xml version="1.0"?>', "empty"),
        ("<reviews><review/></reviews>", "shape"),
        ("sorry", "shape"),
        ("<x>" * 2_000, "shape"),
    ],
)
def test_what_is_no_feed_is_told_by_its_kind(feed: Connector[Any], body: str, code: str) -> None:
    with pytest.raises(LookError) as error:
        read(feed, xml(body))

    assert error.value.code == code
    assert isinstance(error.value, FetchError) == (code != "shape")


def test_a_feed_that_asks_to_wait_is_waited_for(feed: Connector[Any]) -> None:
    refusal = refusal_of(feed, 403, {"Retry-After": "60"})

    assert refusal is not None
    assert refusal.outcome == Outcome.THROTTLED


@given(st.text(max_size=80))
@settings(max_examples=60)
def test_no_text_inside_a_feed_is_another_error_than_those_of_a_look(text: str) -> None:
    subject = made("feed")
    for body in (text, f"<rss><channel>{text}</channel></rss>", rss(item(text=text)).bytes(), f'{{"version": "{text}"'):
        try:
            read(subject, xml(body) if isinstance(body, str) else Answer(body))
        except LookError:
            continue


# --- ids -----------------------------------------------------------------------------------------


def bare(number: int, *, guid: str = "", link: str = "https://town.example/", text: str = "", date: str = "") -> str:
    named = f'<guid isPermaLink="false">{guid}</guid>' if guid else ""
    at = f"<link>{link}</link>" if link else ""
    when = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item>{named}{at}{when}<description>{text or number}</description></item>"


def minutes(number: int) -> str:
    return f"Tue, 24 Nov 2026 11:{number:02}:00 +0000"


def test_without_an_id_the_address_is_one(feed: Connector[Any]) -> None:
    page = read(feed, rss(bare(1, link="https://town.example/1"), bare(2, link="https://town.example/2")))

    assert ids(page) == ["https://town.example/1", "https://town.example/2"]


@pytest.mark.parametrize("guid", ["", "one for all"])
@pytest.mark.parametrize("link", ["", "https://town.example/"])
@pytest.mark.parametrize("dated", [True, False])
def test_items_without_an_id_of_their_own_are_kept_apart_and_found_again(
    feed: Connector[Any], guid: str, link: str, dated: bool
) -> None:
    def shown(numbers: list[int]) -> Answer:
        return rss(*(bare(n, guid=guid, link=link, date=minutes(n) if dated else "") for n in numbers))

    first = read(feed, shown([3, 2, 1]))
    then = read(feed, shown([4, 3, 2]), first_request(feed, Since(bookmark=first.bookmark)))
    alone = read(feed, shown([4]), first_request(feed, Since(bookmark=then.bookmark)))

    assert len(set(ids(first))) == 3
    assert ids(then)[1:] == ids(first)[:2]
    assert ids(then)[0] not in ids(first)
    assert ids(alone) == ids(then)[:1]


def test_an_order_turned_round_changes_no_id(feed: Connector[Any]) -> None:
    items = [bare(n, guid="one for all", date=minutes(7)) for n in range(5)]

    assert ids(read(feed, rss(*items))) == ids(read(feed, rss(*reversed(items))))[::-1]


def test_ids_that_change_at_every_look_change_nothing(feed: Connector[Any]) -> None:
    def shown(look: int) -> Answer:
        return rss(*(bare(n, guid=f"{n}-{look}", link=f"https://town.example/{n}", date=minutes(n)) for n in range(5)))

    first = read(feed, shown(1))
    second = read(feed, shown(2), first_request(feed, Since(bookmark=first.bookmark)))
    third = read(feed, shown(3), first_request(feed, Since(bookmark=second.bookmark)))

    assert ids(first) == ids(second) == ids(third)


def test_an_item_that_is_listed_twice_is_one(feed: Connector[Any]) -> None:
    assert len(set(ids(read(feed, rss(item(), item()))))) == 1


def test_an_item_whose_words_change_keeps_its_id(feed: Connector[Any]) -> None:
    for guid, link in (("1", ""), ("", "https://town.example/1"), ("", "")):
        before = bare(1, guid=guid, link=link, text="They forgot my order.", date=minutes(1))
        after = before.replace("forgot my order", "brought it after all")

        first = read(feed, rss(before))
        then = read(feed, rss(after), first_request(feed, Since(bookmark=first.bookmark)))

        if guid or link:
            assert ids(then) == ids(first)


@pytest.mark.parametrize("length", [199, 200, 201, 100_000])
def test_a_long_id_is_kept_as_its_fingerprint(feed: Connector[Any], length: int) -> None:
    [external_id] = ids(read(feed, rss(bare(1, guid="x" * length))))

    assert external_id == "x" * length if length <= 200 else len(external_id) == 24


def test_an_id_over_two_lines_is_an_id(feed: Connector[Any]) -> None:
    [external_id] = ids(read(feed, rss(bare(1, guid="one\ntwo"))))

    assert external_id == ids(read(feed, rss(bare(1, guid="one\ntwo"))))[0]
    assert external_id.isprintable()


def test_what_is_remembered_of_a_feed_is_little(feed: Connector[Any]) -> None:
    page = read(feed, rss(*(bare(n, guid=str(n)) for n in range(2_000))))

    assert page.bookmark is not None
    assert len(page.bookmark["https://town.example/feed"]) == 500


def test_a_feed_that_is_empty_once_forgets_nothing(feed: Connector[Any]) -> None:
    assert read(feed, rss()).bookmark is None


def test_each_feed_of_a_source_is_remembered_by_itself() -> None:
    subject = made("feed", urls=["https://town.example/b", "https://town.example/feed"])

    requests = list(subject.start(Since(bookmark={"https://town.example/b": {"t": "1"}})))

    assert [request.url for request in requests] == ["https://town.example/feed", "https://town.example/b"]
    assert [request.context["known"] for request in requests] == [{}, {"t": "1"}]
