"""What is asked and what came back: JSON from strangers, waits, pages read item by item."""

from __future__ import annotations

import contextlib
import json
import pickle
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import FetchError, ParseError
from monitor.exchange import (
    MAX_INT_DIGITS,
    MAX_JSON_DEPTH,
    ItemProblem,
    MailRequest,
    Page,
    Request,
    Response,
    Signed,
    Token,
    kind_of,
    read_json,
    read_retry_after,
    request_from_json,
)
from monitor.models import Kind, RawMention, SiteTotal
from monitor.text import clean
from tests.builders import NOON

# --- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, MAX_JSON_DEPTH - 1, MAX_JSON_DEPTH])
@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_json_is_read_down_to_its_limit(depth: int, opening: str, closing: str) -> None:
    body = opening * depth + "1" + closing * depth

    assert read_json(body.encode()) == json.loads(body)


@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH + 1, 100_000])
@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}"), ("[{}, ", "]")])
def test_json_that_is_too_deep_is_refused_before_it_is_parsed(depth: int, opening: str, closing: str) -> None:
    started = time.thread_time()

    with pytest.raises(ParseError, match="64 levels"):
        read_json((opening * depth + "1" + closing * depth).encode())

    assert time.thread_time() - started < 1


def test_a_hundred_thousand_open_brackets_are_refused() -> None:
    with pytest.raises(ParseError, match="64 levels"):
        read_json(b"[" * 100_000)


def test_brackets_inside_text_do_not_count() -> None:
    texts = ["[{" * 1_000, '\\"[[[' * 1_000, "\\", "[" * 100, '\\\\"', "{" * 100, '\n\\\\\\"\\', "[" * 100]

    assert read_json(json.dumps(texts).encode()) == texts


@pytest.mark.parametrize("end", ["", '"', "\\", '\\"'])
def test_text_that_never_ends_is_soon_refused(end: str) -> None:
    body = b"[" + b"{}," * 70 + b'"' + b'\\"' * 500_000 + end.encode()
    started = time.thread_time()

    with pytest.raises(ParseError):
        read_json(body)

    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    "body",
    [
        *("NaN", "[Infinity]", "[-Infinity]", "[1e999]", "[-1e999]", "1" * 400 + ".5"),
        *('{"a": 1, "a": 2}', "[1,]", '{"a": 1,}', "[1] // said", "/* said */ [1]", "{'a': 1}", "[1] [2]", "[1]x"),
        *(
            "",
            " ",
            "null",
            " null\n",
            "[",
            '{"a"',
            '"open',
            "nul",
            "True",
            "undefined",
            '["\t"]',
            '["\\x41"]',
            "[01]",
            "[+1]",
        ),
    ],
)
def test_what_is_not_one_json_document_is_refused_in_one_line(body: str) -> None:
    with pytest.raises(ParseError) as refusal:
        read_json(body.encode())

    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_a_byte_order_mark_is_stripped() -> None:
    assert read_json(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize("digits", [MAX_INT_DIGITS - 1, MAX_INT_DIGITS, MAX_INT_DIGITS + 1, 5_000])
def test_long_whole_numbers_are_ids_and_stay_exact(digits: int) -> None:
    number = "9" * digits

    [read] = read_json(f"[{number}]".encode())

    assert str(read) == number
    assert isinstance(read, int) == (digits <= MAX_INT_DIGITS)


def test_two_to_the_sixty_third_is_text() -> None:
    assert read_json(str(2**63).encode()) == "9223372036854775808"


@pytest.mark.parametrize("written, read", [("-0", 0), ("1.0", 1.0), ("1e5", 100000.0), ("-1.5E-3", -0.0015)])
def test_small_numbers_are_numbers(written: str, read: float) -> None:
    assert read_json(written.encode()) == read


@pytest.mark.parametrize(
    "body, stored",
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\udc4e x"', "\ufffd x"),
        (rb'"\ud83d\udc4e"', "👎"),
        (b'"\xff\xfe"', "\ufffd\ufffd"),
        (b'"\xc0\xaf"', "\ufffd\ufffd"),  # an over-long slash
        (b'"\xed\xa0\xbd"', "\ufffd\ufffd\ufffd"),  # a surrogate in UTF-8
    ],
)
def test_text_that_no_database_takes_can_be_read_and_cleaned(body: bytes, stored: str) -> None:
    assert clean(read_json(body)).text == stored


@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(-(10**17), 10**17), st.text(max_size=8)),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=20,
    )
)
@settings(max_examples=100)
def test_what_was_written_as_json_is_read_as_it_was(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_no_bytes_are_another_error_than_parse_error(body: bytes) -> None:
    with contextlib.suppress(ParseError):
        read_json(body)


# --- answers -------------------------------------------------------------------------------------


def answer(body: bytes = b"{}", **headers: str) -> Response:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(Request("https://a.example/"), 200, fields, body, NOON)


@pytest.mark.parametrize(
    "body, code",
    [(b"", "empty"), (b" \n", "empty"), (b"<!doctype html>", "unexpected_type"), (b"\n <feed>", "unexpected_type")],
)
def test_a_page_where_json_was_expected_is_told_by_its_kind(body: bytes, code: str) -> None:
    with pytest.raises(FetchError) as refusal:
        answer(body).json()

    assert refusal.value.code == code


def test_a_header_is_found_by_any_case() -> None:
    assert answer(content_type=" Text/HTML ; charset=x").content_type == "text/html"
    assert answer(etag='"1"').header("ETag") == '"1"'
    assert answer().header("etag") is None


# --- waiting -------------------------------------------------------------------------------------

SECOND, DAY = timedelta(seconds=1), timedelta(hours=24)


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    "value, wait",
    [
        ("5", timedelta(seconds=5)),
        (" 5 ", timedelta(seconds=5)),
        ("0", SECOND),
        ("1", SECOND),
        ("86399", DAY - SECOND),
        ("86400", DAY),
        ("86401", DAY),
        ("1000000000", DAY),
        ("999999999999", DAY),
        (http_date(NOON + timedelta(minutes=2)), timedelta(minutes=2)),
        (http_date(NOON - timedelta(days=1)), SECOND),
        (http_date(NOON + timedelta(days=400)), DAY),
        ("Tue, 24 Nov 2026 12:02:00 +0000", timedelta(minutes=2)),
        ("Tue, 24 Nov 2026 12:02:00", timedelta(minutes=2)),
    ],
)
def test_a_wait_is_believed_between_a_second_and_a_day(value: str, wait: timedelta) -> None:
    assert read_retry_after(value, NOON) == wait


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "-1", "1e9", "5.5", "soon", "5, 10", "5 seconds", "٥", "1" * 13, "+5", "0x10"),
        *("2026-11-24T12:02:00Z", "24 Nov 2026 12:02:00 GMT", "Tue, 99 Nov 2026 12:02:00 GMT", "Tue, ", "Nov, x"),
    ],
)
def test_nonsense_leaves_the_wait_to_us(value: str | None) -> None:
    assert read_retry_after(value, NOON) is None


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (str(int(NOON.timestamp()) + 90), timedelta(seconds=90)),
        (str(int(NOON.timestamp()) - 90), SECOND),
        ("9" * 12, DAY),
        *((nonsense, None) for nonsense in ("", "soon", "-5", "1.5", "1" * 13)),
    ],
)
def test_a_second_to_wait_for_is_believed_within_a_day(value: str, wait: timedelta | None) -> None:
    response = Response(Request("https://a.example/"), 429, (("x-rate-limit-reset", value),), b"", NOON)

    assert response.wait_until("x-rate-limit-reset") == wait
    assert response.wait_until("ratelimit-reset") is None


def test_the_first_of_two_waits_counts() -> None:
    twice = Response(Request("https://a.example/"), 429, (("retry-after", "7"), ("retry-after", "70")), b"", NOON)

    assert twice.retry_after() == timedelta(seconds=7)


# --- questions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        Request("https://a.example/"),
        Request(
            "https://a.example/", {"q": "ü", "id": ["1", "2"], "n": 3}, context={"page": 2}, about=("1", "2"), cost=5
        ),
        Request("https://a.example/", method="POST", json={"a": [1, None]}, headers={"Accept": "x"}),
        Request("https://a.example/", method="POST", form={"a": "b"}),
        Request("https://a.example/", method="POST", body="<x>ü</x>"),
        MailRequest("INBOX", 12, 7, {"page": 1}),
        MailRequest("INBOX"),
    ],
)
def test_a_question_survives_a_restart(request_: Request | MailRequest) -> None:
    assert request_from_json(json.loads(json.dumps(request_.as_json()))) == request_


def test_no_secret_shows() -> None:
    secrets = Signed(
        Request("https://a.example/"), {"A": "s3cret"}, {"key": "s3cret"}, {"p": "s3cret"}, {"q": "s3cret"}, "s3cret"
    )

    assert "s3cret" not in repr(secrets)
    assert "s3cret" not in repr(Token("s3cret", "s3cret", NOON))
    assert "s3cret" not in repr(answer(b"s3cret"))


def test_a_new_token_keeps_the_old_way_to_renew_it() -> None:
    assert Token("new").after(Token("old", "refresh")) == Token("new", "refresh")
    assert Token("new", "newer").after(Token("old", "refresh")).refresh == "newer"
    assert Token("new").after(None) == Token("new")


def test_a_token_ends_when_its_time_comes() -> None:
    token = Token("x", expires_at=NOON + timedelta(minutes=5))

    assert token.ends_within(timedelta(minutes=5), NOON)
    assert not token.ends_within(timedelta(minutes=4), NOON)
    assert not Token("x").ends_within(timedelta(days=999), NOON)


# --- pages ---------------------------------------------------------------------------------------


def a_mention(item: dict[str, Any]) -> RawMention | None:
    return None if item.get("skip") else RawMention(item["id"], item["text"].strip())


@pytest.mark.parametrize(
    "broken, what",
    [
        ({"id": "7"}, "no key `text`"),
        ({"id": "7", "text": None}, "AttributeError in an entry that is an object"),
        ("text", "AttributeError in an entry that is text"),
        (None, "AttributeError in an entry that is null"),
        ([], "AttributeError in an entry that is a list"),
        (True, "AttributeError in an entry that is true or false"),
        (1.5, "AttributeError in an entry that is a number"),
    ],
)
def test_one_entry_that_cannot_be_read_hides_no_other(broken: Any, what: str) -> None:
    page = Page.read([{"id": "1", "text": " a "}, broken, {"id": "2", "text": "b"}, {"skip": True}], a_mention)

    assert [mention.external_id for mention in page.mentions] == ["1", "2"]
    assert [problem.what for problem in page.problems] == [what]


def test_a_problem_names_the_entry_and_never_its_text() -> None:
    [problem] = Page.read([{"id": "1", "text": "a"}, {"id": 77, "words": "private"}], a_mention).problems

    assert problem.external_id == "77"
    assert "private" not in repr(problem)
    assert problem.raw is not None
    assert len(Page.read([{"id": "1", "text": "a"}, {"id": "x" * 9_000}], a_mention).problems[0].raw or "") <= 2_000


@pytest.mark.parametrize("items", [{"0": {}}, "none", b"none", None, 1, True, {1, 2}])
def test_a_list_that_is_none_is_an_error(items: Any) -> None:
    with pytest.raises(ParseError, match="expected a list of entries, found "):
        Page.read(items, a_mention)


def test_entries_of_which_not_one_can_be_read_are_an_error() -> None:
    with pytest.raises(ParseError, match="not one of 2 entries could be read; the first: no key `id`"):
        Page.read([{}, {}], a_mention)


def test_no_entries_are_no_error() -> None:
    assert Page.read([], a_mention) == Page()


def test_pages_become_one() -> None:
    first = Page((RawMention("1"),), gone=("8",), bookmark={"a": 1, "b": 1}, repaired=True)
    second = Page((RawMention("2"),), bookmark={"b": 2}, totals=(SiteTotal(3, 4.5),), problems=(ItemProblem("x"),))

    merged = first.merged(second)

    assert [mention.external_id for mention in merged.mentions] == ["1", "2"]
    assert (merged.gone, merged.bookmark, merged.repaired) == (("8",), {"a": 1, "b": 2}, True)
    assert (len(merged.totals), len(merged.problems)) == (1, 1)
    assert Page().merged(Page()).bookmark is None


def test_a_page_goes_between_processes() -> None:
    page = Page((RawMention("1", kind=Kind.POST, published_at=datetime(2026, 1, 1, tzinfo=UTC)),), bookmark={"a": 1})

    assert pickle.loads(pickle.dumps(page)) == page


def test_kinds_have_names_that_people_use() -> None:
    found = [kind_of(value) for value in ({}, [], "", True, None, 1, 1.5, b"")]

    assert found == ["an object", "a list", "text", "true or false", "null", "a number", "a number", "bytes"]
