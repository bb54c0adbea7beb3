"""Text from strangers: cleaned, folded, shown, read. Each input named here once surprised a program."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text import (
    MAX_FOLDED,
    MAX_LINK,
    MAX_MARKS,
    MAX_MARKUP,
    MAX_TEXT,
    clean,
    decode,
    fingerprint,
    fold,
    from_html,
    number,
    parse_when,
    safe_link,
    shorten,
    shown,
    terminal,
)

NASTY = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from(
            "\x00\x1b\r\n\x85\u2028\u0301\u0315\u0e33\u200b\u200d\u202e\ufeff\ud800\udc00\U000e0041<>&;#'\"/!- "
        ),
    ),
    max_size=60,
)
SECONDS = 2.0  # for a megabyte, on a slow machine


def seconds(work: Any, *args: Any) -> float:
    """Return what a call costs in processor time: what else the machine does, does not count."""
    start = time.thread_time()
    work(*args)
    return time.thread_time() - start


MEGABYTE = {
    "letters": "a" * 1_000_000,
    "spaces": " " * 1_000_000,
    "controls": "\x00" * 1_000_000,
    "carriage returns": "\r" * 1_000_000,
    "marks in the wrong order": "a" + "\u0315\u0300" * 500_000,
    "marks above the first plane": "a" + "\U0001d167" * 500_000,
    "zero-width": "\u200b" * 1_000_000,
    "families": "👨\u200d👩\u200d👧" * 200_000,
    "look-alikes": "асе " * 250_000,
    "mixed": "aé漢\u0301" * 250_000,
    "grows eighteen times": "\ufdfa" * 1_000_000,
    "jamo": "\u1100\u1161\u11a8" * 300_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MEGABYTE)
def test_a_megabyte_of_anything_is_soon_done(name: str) -> None:
    for work in (clean, fold, shown, terminal, from_html):
        assert seconds(work, MEGABYTE[name]) < SECONDS, work


# --- clean ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw, cleaned",
    [
        ("a\x00b", "a\ufffdb"),
        ("a\x1b[2Jb\x07\x7f\x9b", "a\ufffd[2Jb\ufffd\ufffd\ufffd"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("one\r\ntwo\rthree\n\rfour", "one\ntwo\nthree\n\nfour"),
        ("\ud83d alone", "\ufffd alone"),
        ("alone \udc4e", "alone \ufffd"),
        ("cafe\u0301", "café"),
        ("\u202eright to left\u202c \u200b", "\u202eright to left\u202c \u200b"),  # the writer's own: kept
        ("&lt;b&gt; <b>", "&lt;b&gt; <b>"),  # nothing is escaped or unescaped here
        ("", ""),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_text_is_cleaned_on_its_way_in(raw: str, cleaned: str) -> None:
    assert clean(raw).text == cleaned


@pytest.mark.parametrize("length", [MAX_TEXT - 1, MAX_TEXT])
def test_a_text_up_to_the_limit_stays_whole(length: int) -> None:
    cleaned = clean("x" * length)

    assert (cleaned.text, cleaned.length, cleaned.shortened) == ("x" * length, length, False)


def test_a_text_beyond_the_limit_says_that_it_was_shortened_and_from_what() -> None:
    cleaned = clean("x" * (MAX_TEXT + 1))

    assert cleaned.shortened
    assert cleaned.length == MAX_TEXT + 1
    assert len(cleaned.text) == MAX_TEXT
    assert cleaned.text.endswith("x [shortened, 20001 characters]")


def test_a_limit_too_small_for_the_mark_still_holds() -> None:
    assert clean("a long title", limit=5).text == "a lon"


@pytest.mark.parametrize("marks", [MAX_MARKS - 1, MAX_MARKS, MAX_MARKS + 1, 30, 2_000])
def test_a_letter_carries_few_marks(marks: int) -> None:
    kept = clean("x" + "\u0307" * marks + "y").text  # no letter of its own exists for x with a dot twice

    assert unicodedata.normalize("NFD", kept) == "x" + "\u0307" * min(marks, MAX_MARKS) + "y"


def test_shortening_tears_no_family_apart() -> None:
    family = "👩\u200d👩\u200d👧"

    cleaned = clean("x" * 30 + family * 30, limit=64)

    words = cleaned.text.partition(" [")[0]
    assert words.strip("x").replace(family, "") == ""


@given(NASTY)
@settings(max_examples=150)
def test_clean_text_is_clean_for_every_database(raw: str) -> None:
    text = clean(raw).text

    text.encode()
    assert unicodedata.is_normalized("NFC", text)
    assert not any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in text)
    assert clean(text).text == text


@given(NASTY, st.integers(1, 80))
@settings(max_examples=150)
def test_no_text_is_longer_than_its_limit(raw: str, limit: int) -> None:
    cleaned = clean(raw, limit=limit)

    assert len(cleaned.text) <= limit
    assert cleaned.shortened == (cleaned.length > limit)


# --- from_html -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup, words",
    [
        ("<p>One<p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("One<br><br>Two<br>\n<br>\n<br><br>Three", "One\n\nTwo\n\nThree"),
        ("<ul><li>milk<li>sugar</ul>", "milk\nsugar"),
        ("<div><div><p>a</p> </div> <div>b</div></div>", "a\n\nb"),
        ("<div>a</div><div>b</div>c", "a\nb\nc"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3"),
        ("  many\n   spaces\tand&nbsp;&nbsp;hard ones ", "many spaces and hard ones"),
        ("<pre>kept\n  lines</pre>", "kept\nlines"),
        ("<b>bold</b>ness <i>and</i>&nbsp;more", "boldness and more"),
        ("It&#x27;s &quot;fine&quot; &amp; &#8364;5 &hellip;", 'It\'s "fine" & €5 …'),
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
        ("I <3 this", "I <3 this"),
        ('<a href="https://x.example/?a=1&b=2" title="a > b">link</a>', "link"),
        ('<img src="x.png" alt="👎" class="wp-smiley"> again', "👎 again"),
        ('<img alt="a photo of our table"> again', "again"),
        ("", ""),
        ("   ", ""),
        ("no markup at all", "no markup at all"),
        ("<html><head><title>T</title></head><body>B</body></html>", "B"),
    ],
)
def test_markup_becomes_the_words_one_would_see(markup: str, words: str) -> None:
    assert from_html(markup) == words


@pytest.mark.parametrize(
    "markup, words",
    [
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("&amp;amp;", "&amp;"),
        ("<![CDATA[ a &amp; <b> ]]>", "a &amp; <b>"),
        ("<![CDATA[ outer <![CDATA[ inner ]]> rest ]]>", "outer <![CDATA[ inner rest ]]>"),
        ("outer <![CDATA[ inner", "outer inner"),
        ("PGI+aGk8L2I+", "PGI+aGk8L2I+"),  # base64 is for whoever knows that it is
    ],
)
def test_markup_is_unescaped_once(markup: str, words: str) -> None:
    assert from_html(markup) == words


@pytest.mark.parametrize(
    "markup",
    [
        "<script>bad()</script>",
        "<SCRIPT type='x'>if (a < b) bad()</SCRIPT >",
        "<style>p { content: 'bad' }</style>",
        "<template><p>bad</p></template>",
        "<noscript>bad</noscript>",
        "<!-- bad -->",
        "<!-- bad --!><!-- > bad -->",
        "<svg><text>bad</text></svg>",
        "<iframe>bad</iframe><object>bad</object><textarea>bad</textarea>",
        "<p hidden>bad</p>",
        "<div HIDDEN=''>bad<div>bad</div>bad</div>",
        "<div hidden><script>'</div>'</script>bad</div>",
        "<div hidden>bad</section></p>bad</div>",
        "<ul><li hidden>bad<ul><li>bad<li>bad</ul>bad</ul>",
        "<p hidden>bad<br>bad<img>bad</b>bad</p>",
        "<span style='color:red; Display : none'>bad</span>",
        '<span style="visibility:hidden">bad</span>',
        "<img src=x onerror='bad'><a title='bad' data-x=\"bad\">",
        "<?php bad ?><!DOCTYPE bad>",
        "<script>bad",
        "<style>bad</styl>",
        "<!-- bad",
        "<a href='bad",
        "<div hidden>bad",
    ],
)
def test_what_nobody_sees_is_no_text(markup: str) -> None:
    assert "bad" not in from_html(f"good {markup}")
    assert from_html(f"good {markup}").startswith("good")


@pytest.mark.parametrize(
    "markup",
    [
        "<p hidden>one<p>seen",
        "<div><p hidden>one</div>seen",
        "<p hidden>one<div>seen</div>",
        "<ul><li hidden>one<li>seen</ul>",
        "<ul><li hidden>one</ul>seen",
        "<table><tr><td hidden>one<td>two<tr hidden><td>three</table>seen",
        "<span hidden>one</span>seen",
        "<script>a</script>seen",
        '<b title="a hidden gem">seen</b>',
        "<b data-hidden='1' class='hidden'>seen</b>",
        "<!-->seen",
        "<a b='x>seen",
        "</>seen",
        "</ >seen",
        "<br hidden>seen",
        "<svg/>seen",
    ],
)
def test_what_one_sees_is_not_lost_beside_what_one_does_not(markup: str) -> None:
    assert from_html(markup).endswith("seen")


ENDLESS = {
    "tags without end": "<a " * 333_000,
    "comments without end": "<!--" * 250_000,
    "closing tags": "</" * 500_000,
    "declarations": "<![" * 333_000,
    "CDATA": "<![CDATA[" * 100_000 + "]]>",
    "ampersands": "&" * 1_000_000,
    "a number of a million digits": "&#" + "1" * 1_000_000 + ";",
    "brackets": "<" * 1_000_000,
    "nested blocks": "<div>" * 200_000,
    "nested tables": "<table><tr><td>" * 60_000,
    "attributes": "<a " + " ".join(f"a{count}=1" for count in range(120_000)) + ">x",
    "hidden attributes": "<a " + " hidden style=x" * 60_000 + ">x",
    "scripts": "<script>" * 120_000,
    "open and closed scripts": "<script></script>" * 60_000,
    "quotes that never close": "<a b='" * 160_000 + ">",
    "quotes of both kinds": "<a '\">" * 160_000,
    "quotes around all ends": "</a '></a' " * 95_000,
    "quotes in a name": "<a" + '"' * 1_000_000 + " '>",
    "paragraphs": "<p>" * 330_000,
    "line breaks": "<br> " * 200_000,
    "pictures": '<img alt="👎">' * 70_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
def test_markup_without_end_is_soon_read(name: str) -> None:
    assert seconds(from_html, ENDLESS[name]) < SECONDS


def test_reading_takes_eight_times_as_long_for_eight_times_as_much() -> None:
    def best(size: int) -> float:
        return min(seconds(from_html, "<p>word &amp; <b x='y'>bold</b>" * size) for _ in range(3))

    assert best(16_000) < 24 * best(2_000)


def test_markup_beyond_its_limit_is_not_read() -> None:
    assert from_html("x" * MAX_MARKUP + "y") == "x" * MAX_MARKUP


@given(NASTY)
@settings(max_examples=150)
def test_no_markup_is_an_error(raw: str) -> None:
    for markup in (raw, f"<p {raw}>x</p>", f"<!--{raw}-->", f"<b title='{raw}'>{raw}"):
        assert isinstance(from_html(markup), str)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40))
@settings(max_examples=100)
def test_escaped_text_comes_back_as_it_was_typed(typed: str) -> None:
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert from_html(escaped).split() == typed.replace("\xa0", " ").split()


# --- decode --------------------------------------------------------------------------------------

UMLAUT = "Kühl, 5 €"


@pytest.mark.parametrize(
    "body, content_type, text",
    [
        (UMLAUT.encode(), "text/html; charset=utf-8", UMLAUT),
        (UMLAUT.encode(), None, UMLAUT),
        (UMLAUT.encode("cp1252"), "text/html; charset=windows-1252", UMLAUT),
        (UMLAUT.encode("cp1252"), "text/html; charset=ISO-8859-1", UMLAUT),
        (UMLAUT.encode("cp1252"), 'text/html; charset="us-ascii"', UMLAUT),
        (UMLAUT.encode("iso8859-15"), "text/html; charset=iso-8859-15", UMLAUT),
        ("отзыв".encode("cp1251"), "text/html; charset=windows-1251", "отзыв"),
        ("отзыв".encode("koi8-r"), "text/html; charset=KOI8-R", "отзыв"),
        ("悪い".encode("cp932"), "text/html; charset=Shift_JIS", "悪い"),
        ("悪い".encode("iso2022-jp"), "text/html; charset=ISO-2022-JP", "悪い"),
        ("差评".encode("gbk"), "text/html; charset=gb2312", "差评"),
        ("나쁨".encode("cp949"), "text/html; charset=euc-kr", "나쁨"),
        ("แย่".encode("cp874"), "text/html; charset=TIS-620", "แย่"),
        (b"\xef\xbb\xbf" + UMLAUT.encode(), "text/html; charset=iso-8859-1", UMLAUT),  # the mark wins
        (b"\xff\xfe" + UMLAUT.encode("utf-16-le"), "text/html; charset=utf-8", UMLAUT),
        (b"\xfe\xff" + UMLAUT.encode("utf-16-be"), None, UMLAUT),
        (UMLAUT.encode("cp1252"), "text/html; charset=utf-8", UMLAUT),  # says UTF-8, is windows-1252
        (UMLAUT.encode("cp1252"), None, UMLAUT),
        (b'<?xml version="1.0" encoding="windows-1252"?>' + UMLAUT.encode("cp1252"), "text/xml", None),
        (b'<meta charset="koi8-r">' + "отзыв".encode("koi8-r"), "text/html", None),
        (
            b'<meta http-equiv=x content="text/html; charset=windows-1251">' + "отзыв".encode("cp1251"),
            "text/html",
            None,
        ),
        (b'<?xml version="1.0" encoding="utf-16"?>' + UMLAUT.encode(), "text/xml", None),  # cannot be true
        (b"", None, ""),
    ],
)
def test_bytes_are_read_in_their_charset(body: bytes, content_type: str | None, text: str | None) -> None:
    expected = text if text is not None else ("отзыв" if b"8-r" in body or b"1251" in body else UMLAUT)

    assert decode(body, content_type).endswith(expected)


@pytest.mark.parametrize(
    "charset",
    [
        *("hex", "base64", "zlib", "bz2", "rot13", "idna", "punycode", "undefined", "unicode_escape"),
        *("raw_unicode_escape", "utf-7", "cp037", "utf-16", "utf-32", "mbcs", "x-user-defined"),
        *("a" * 10_000, "../../etc/passwd", "", ";", "utf-8\x00"),
    ],
)
def test_a_charset_that_is_not_on_the_list_is_read_as_utf8(charset: str) -> None:
    assert decode("Kühl +AGE-".encode() + b"\xff", f"text/html; charset={charset}") == "Kühl +AGE-\ufffd"


def test_two_charsets_in_one_page_leave_most_of_it_readable() -> None:
    assert decode("Kühl ".encode() + "Kühl".encode("cp1252"), "text/html; charset=utf-8") == "Kühl K\ufffdhl"


@given(st.binary(max_size=200), st.text(max_size=30))
@settings(max_examples=100)
def test_no_body_is_an_error(body: bytes, charset: str) -> None:
    decode(body, f"text/html; charset={charset}").encode()


# --- fold ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "disguised",
    [
        "TERRIBLE",
        "ter\u200brible",
        "t\u200de\u2060r\ufeffr\u00adible",
        "ｔｅｒｒｉｂｌｅ",
        "tеrriblе",  # Cyrillic е
        "τerrible",  # Greek tau among Latin letters
        "ТЕRRIBLE",  # Cyrillic capitals
        "t̶e̶r̶r̶i̶b̶l̶e̶",
        "t" + "\u0301\u0302\u0303" * 10 + "errible",
        "𝓽𝓮𝓻𝓻𝓲𝓫𝓵𝓮",
        "ⓣⓔⓡⓡⓘⓑⓛⓔ",
        "ᴛᴇʀʀɪʙʟᴇ",
        "ter\U000e0072rible",
        "te\u202errib\u202cle",
    ],
)
def test_a_word_in_disguise_folds_to_the_plain_one(disguised: str) -> None:
    assert fold(disguised) == "terrible"


@pytest.mark.parametrize(
    "one, other",
    [
        ("МОСКВА", "москва"),
        ("САХАР", "сахар"),
        ("Ваш САХАР горький", "ваш сахар горький"),
        ("ΝΙΚΟΣ", "νικος"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("Acme\xa0Coffee", "acme coffee"),
        ("ΜΑΪΟΣ", "μαϊος"),
    ],
)
def test_a_word_folds_alike_however_it_is_written(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("one, other", [("schön", "schon"), ("Bär", "bar"), ("кот", "kot"), ("t3rr1bl3", "terrible")])
def test_words_that_only_resemble_one_another_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("length", [MAX_FOLDED - 1, MAX_FOLDED, MAX_FOLDED + 1])
def test_what_is_matched_has_a_limit(length: int) -> None:
    assert len(fold("é" * length)) == min(length, MAX_FOLDED)
    assert len(fold("\ufdfa" * length)) == MAX_FOLDED
    assert len(fold("é" * length, limit=length)) == length


@given(NASTY)
@settings(max_examples=150)
def test_folding_twice_changes_nothing(raw: str) -> None:
    assert fold(fold(raw)) == fold(raw)


# --- shown, terminal, shorten --------------------------------------------------------------------

INVISIBLE = [
    *("\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067"),
    *("\u2068", "\u2069", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u3164", "\u115f"),
    *("\U000e0041", "\U000e007f", "\U000e0100", "\ufff9", "\u206a", "\u200d", "\u200c"),
]


@pytest.mark.parametrize("character", INVISIBLE)
def test_nothing_invisible_reaches_a_reader(character: str) -> None:
    assert shown(f"ter{character}rible") == "terrible"
    assert terminal(f"ter{character}rible") == "terrible"


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧 ok", "❤\ufe0f", "می\u200cخواهم", "क्\u200dष", "👍🏽", "e\u0301\u0302", "עִבְרִית"]
)
def test_joiners_stay_where_they_have_work_to_do(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("marks", [2, 3, 4, 2_000])
def test_marks_do_not_tower_over_our_lines(marks: int) -> None:
    assert shown("x" + "\u0307" * marks) == "x" + "\u0307" * min(marks, 3)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_in_one_way(end: str) -> None:
    assert shown(f"one{end}two") == "one\ntwo"


@pytest.mark.parametrize(
    "sequence",
    [
        *("\x1b[2J", "\x1b]0;title\x07", "\x1b[31m", "\x1b[10A", "\x1b]8;;http://x\x1b\\", "\x1b]52;c;eA==\x07"),
        *("\x1b[c", "\x9b2J", "\x07", "\b\b\b", "\rover", "\x00", "\x7f"),
    ],
)
def test_a_terminal_shows_what_would_steer_it(sequence: str) -> None:
    printed = terminal(f"good {sequence} end")

    assert printed.isprintable()
    assert printed.startswith("good \\")
    assert printed.endswith(" end")


def test_escapes_can_be_read() -> None:
    assert terminal("a\x1b[2J\rb\x9b\u2028\ud800") == r"a\x1b[2J\rb\x9b\u2028\ud800"


@given(NASTY)
@settings(max_examples=150)
def test_what_is_shown_holds_nothing_that_steers_or_hides(raw: str) -> None:
    for text in (shown(raw), terminal(raw)):
        text.encode()
        assert not any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in text)
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2028\u2029\ufeff") & set(text)
    assert shown(shown(raw)) == shown(raw)
    assert terminal(terminal(raw)) == terminal(raw)


@pytest.mark.parametrize("length", [9, 10, 11])
def test_a_text_is_cut_at_its_limit_and_says_so(length: int) -> None:
    short = shorten("x" * length, 10)

    assert short == ("x" * length if length <= 10 else "x" * 9 + "…")


@pytest.mark.parametrize(
    "text, limit, short",
    [
        ("abc", 0, ""),
        ("abc", 1, "…"),
        ("ab cd", 4, "ab…"),
        ("ab👨\u200d👩\u200d👧x", 5, "ab…"),
        ("abe\u0301\u0301xyz", 5, "ab…"),
        ("ab👍🏽xyz", 4, "ab…"),
        ("", 0, ""),
    ],
)
def test_no_character_is_torn_apart(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(NASTY, st.integers(0, 70))
@settings(max_examples=100)
def test_a_shortened_text_fits(raw: str, limit: int) -> None:
    assert len(shorten(raw, limit)) <= limit


# --- safe_link -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, base, link",
    [
        ("https://a.example/x?y=1&z=2#w", None, "https://a.example/x?y=1&z=2#w"),
        ("HTTP://A.example/", None, "http://A.example/"),
        (" https://a.example/ \n", None, "https://a.example/"),
        ("https://a.example:8443/ü", None, "https://a.example:8443/ü"),
        ("/x", "https://a.example/y/z", "https://a.example/x"),
        ("x?y", "https://a.example/y/z", "https://a.example/y/x?y"),
        ("//b.example/x", "https://a.example/", "https://b.example/x"),
        ("#top", "https://a.example/y", "https://a.example/y#top"),
        ("https://a.example/a b", None, "https://a.example/a%20b"),
        ('https://a.example/?q="<b>|', None, "https://a.example/?q=%22%3Cb%3E%7C"),
    ],
)
def test_links_lead_where_they_say(url: str, base: str | None, link: str) -> None:
    assert safe_link(url, base) == link


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)"),
        *(
            "\x01javascript:alert(1)",
            "&#106;avascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
        ),
        *("mailto:a@b.example", "slack://x", "ftp://a.example/", "gopher://a.example/", "about:blank"),
        *("//a.example/x", "/x", "x", "", " ", "http://", "http:///x", "https://user:password@a.example/"),
        *("https://a.example@b.example/", "https://a.example\\@b.example/", "https:\\\\a.example/", "http://[::1"),
        *("https://a.example:0/", "https://a.example:99999/", "https://a.example:x/", "https://a.example/\x00"),
        *(
            "https://a.example/\u2028",
            "https://a.example/\x7f",
            "https://a.example/\ud800",
            "https://?x",
            "http:a.example",
        ),
        "https://a.example/" + "x" * MAX_LINK,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(url: str) -> None:
    assert safe_link(url) is None


def test_no_address_is_no_link() -> None:
    assert safe_link(None) is None


@pytest.mark.parametrize("length", [MAX_LINK - 1, MAX_LINK, MAX_LINK + 1])
def test_a_link_has_a_limit(length: int) -> None:
    url = "https://a.example/".ljust(length, "x")

    assert safe_link(url) == (url if length <= MAX_LINK else None)


@given(NASTY)
@settings(max_examples=150)
def test_a_link_is_a_web_address_or_nothing(raw: str) -> None:
    for link in (safe_link(raw), safe_link(raw, "https://a.example/"), safe_link("https://a.example/" + raw)):
        assert link is None or link.startswith(("https://", "http://"))
        assert link is None or not set('\n\r\t <>"\\') & set(link)


# --- parse_when ----------------------------------------------------------------------------------

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *("2026-11-24T12:00:00Z", "2026-11-24T12:00Z", "2026-11-24 12:00:00", "2026-11-24T12:00:00.000Z"),
        *("2026-11-24T14:00:00+02:00", "2026-11-24T14:00:00+0200", "2026-11-24T14:00:00 +0200", "2026-11-24t12:00:00z"),
        *("2026-11-24T04:00:00-08:00", "20261124T120000Z", "20261124120000", "2026/11/24 12:00", "2026.11.24 12:00"),
        *("Tue, 24 Nov 2026 12:00:00 GMT", "Tue, 24 Nov 2026 12:00:00 +0000", "24 Nov 26 12:00 UT"),
        *("Tue, 24 Nov 2026 07:00:00 EST", "Mon, 24 Nov 2026 12:00:00 +0000", "Tue Nov 24 12:00:00 2026"),
        *("Tue Nov 24 12:00:00 +0000 2026", "Tue, 24 Nov 2026 12:00:00 -0000 (UTC)", "24-Nov-2026 12:00"),
        *("November 24, 2026 12:00 PM", "Nov 24, 2026, 12:00:00 PM", "24 November 2026 at 12:00"),
        *("24. November 2026 um 13:00 MEZ", "24.11.2026 12:00", "24/11/2026 12:00", "11/24/2026 12:00 pm"),
        *("24 novembre 2026 à 12:00", "24 de noviembre de 2026, 12:00", "24 de novembro de 2026 12:00"),
        *("24 november 2026 12:00 UTC", "2026年11月24日 12:00", "2026-11-24T12:00:00 GMT+0", 1795521600, "1795521600"),
        *("1795521600000", 1795521600.0, "2026-11-24T12:00:00.123456789Z", "2026-11-24T12:00:00Z[Etc/UTC]"),
        "Reviewed in Spain on 24 November 2026 at 12:00",
    ],
)
def test_times_are_read_as_sites_write_them(value: str | float) -> None:
    assert parse_when(value) == NOON


@pytest.mark.parametrize(
    "value, day",
    [
        ("2026-03-01", (2026, 3, 1)),
        ("1 March 2026", (2026, 3, 1)),
        ("1st March 2026", (2026, 3, 1)),
        ("1er mars 2026", (2026, 3, 1)),
        ("1. März 2026", (2026, 3, 1)),
        ("March 1, 2026", (2026, 3, 1)),
        ("12 août 2025", (2025, 8, 12)),
        ("3 gennaio 2026", (2026, 1, 3)),
        ("3 mei 2026", (2026, 5, 3)),
        ("1 marca 2026", (2026, 3, 1)),
        ("1 марта 2026 г.", (2026, 3, 1)),
        ("1 Mart 2026", (2026, 3, 1)),
        ("1 maj 2026", (2026, 5, 1)),
        ("2026. 3. 1.", (2026, 3, 1)),
        ("2026년 3월 1일", (2026, 3, 1)),
        ("05/05/2026", (2026, 5, 5)),
        ("31.12.99", (1999, 12, 31)),
    ],
)
def test_a_day_without_a_time_is_read(value: str, day: tuple[int, int, int]) -> None:
    assert parse_when(value) == datetime(*day, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "yesterday", "2 days ago", "0000-00-00", "0000-00-00 00:00:00", "10000-01-01", "-2026-01-01"),
        *("99999-01-01T00:00:00Z", "14:30", "2026-02-30", "30 February 2026", "2026-13-01", "2026-11-24T25:00:00Z"),
        *("2026-11-24T12:61:00Z", "2026-11-24T12:00:00+99:99", "2026-11-24T12:00:00 XYZ", "03/04/2026", "2026"),
        *("Nov 2026", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00", "0", 0, -1, "-1795521600", "1e400", "nan", True),
        *("99999999999999999999", "2026-11-24" * 50, "٢٠٢٦-١١-٢٤", "\x00", "9999-12-31T23:59:59-12:00", float("inf")),
    ],
)
def test_a_time_that_cannot_be_is_unknown(value: Any) -> None:
    assert parse_when(value) is None


def test_a_leap_second_is_the_second_before_it() -> None:
    assert parse_when("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_time_without_a_zone_is_read_where_it_was_written() -> None:
    assert parse_when("2026-07-01 12:00", "Europe/Berlin") == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    assert parse_when("2026-07-01T12:00Z", "Europe/Berlin") == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@given(st.one_of(NASTY, st.text("0123456789-/.: TZ+GMTJanfeb,", max_size=30)))
@settings(max_examples=250)
def test_no_time_is_an_error(raw: str) -> None:
    moment = parse_when(raw)

    assert moment is None or moment.tzinfo is UTC


@given(st.integers(315_532_800, 4_102_444_800))
@settings(max_examples=100)
def test_times_are_read_exactly_to_the_second(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)

    assert parse_when(moment.isoformat()) == moment
    assert parse_when(moment.strftime("%a, %d %b %Y %H:%M:%S +0000")) == moment


# --- number, fingerprint -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, found",
    [
        *(
            (5, 5.0),
            (4.5, 4.5),
            ("5", 5.0),
            ("5.0", 5.0),
            ("4,5", 4.5),
            (" 4.5 ", 4.5),
            ("0", 0.0),
            ("-1", -1.0),
            (11, 11.0),
        ),
        *(("1,234", 1234.0), ("1.234", 1234.0), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234", 1234.0)),
        *(
            ("1'234'567", 1234567.0),
            ("1\u202f234,5", 1234.5),
            ("\u22122", -2.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
        ),
        *((True, None), (False, None), (None, None), ("", None), ("five", None), ("4/5", None), ("5 stars", None)),
        *(("NaN", None), ("Infinity", None), ("1e999", None), (float("nan"), None), (float("inf"), None)),
        *((10**400, None), ("1" * 5_000, None), ("1_000", None), ("٤", None), ([5], None), ({"label": "5"}, None)),
    ],
)
def test_numbers_are_read_as_sites_write_them(value: object, found: float | None) -> None:
    assert number(value) == found


@given(NASTY)
@settings(max_examples=100)
def test_no_number_is_an_error(raw: str) -> None:
    number(raw)


def test_a_fingerprint_is_the_same_tomorrow() -> None:
    assert fingerprint("a", None, "b") == "9f7013d8dba827c5da79aef7"


def test_a_fingerprint_tells_its_parts_apart() -> None:
    prints = {
        fingerprint(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("abc", None), ("", "abc"))
    }

    assert len(prints) == 6


def test_a_lone_surrogate_has_a_fingerprint_too() -> None:
    assert fingerprint("\ud800") != fingerprint("\ufffd")
