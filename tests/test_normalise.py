"""A mention is kept clean, under one key, with sane times, and nothing a site sends stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import Audience, Author, Brand, Mention, Rating, RawMention, Reply, ReplyState, Subject
from monitor.normalise import content_hash, language_tag, normalise, normalise_page
from tests.builders import NOON, a_post, a_review

ACME = Brand("acme", ("Acme Coffee",), own_accounts={"x": ("12345",), "board": ("@AcmeCoffee",)})


def kept(raw: RawMention, connector: str = "x", now: datetime = NOON) -> Mention:
    return normalise(raw, connector=connector, brands=(ACME,), now=now)


# --- text


def test_a_plain_review_is_kept_as_it_is() -> None:
    mention = kept(a_review())

    assert mention.text == "Waited 40 minutes for two coffees, then they were cold."
    assert (mention.external_id, mention.title, mention.language) == ("r-1", None, "en")
    assert (mention.rating, mention.flags, mention.own, mention.brands) == (Rating(1), (), False, ())


def test_text_is_cleaned_and_its_full_length_remembered() -> None:
    mention = kept(a_review(text="  cold\r\ncoffee\x00" + "!" * 30_000))

    assert mention.text.startswith("cold\ncoffee\ufffd!!!")
    assert mention.text_length > 30_000
    assert len(mention.text) <= 20_000
    assert mention.flags == ("shortened",)


def test_markup_becomes_text_once() -> None:
    mention = kept(
        a_review(title="<b>Cold</b> coffee", text="<p>Cold &amp;amp; late</p><script>x()</script>", html=True)
    )

    assert (mention.title, mention.text) == ("Cold coffee", "Cold &amp; late")


def test_what_only_looks_like_markup_is_left_alone() -> None:
    assert kept(a_review(text="2 < 3 &amp; <b>loud</b>")).text == "2 < 3 &amp; <b>loud</b>"


def test_a_title_is_one_line_and_an_empty_one_is_none() -> None:
    assert kept(a_review(title=" Cold \n coffee ")).title == "Cold coffee"
    assert kept(a_review(title="   ")).title is None


# --- people


@pytest.mark.parametrize(
    "name, shown",
    [
        ("Jonas K.", "Jonas K."),
        ("  Jonas\n K. ", "Jonas K."),
        ("jonas@example.org", None),
        ("Jonas <jonas.k+shop@mail.example.co.uk>", "Jonas"),
        ("Jonas (jonas@example.org)", "Jonas"),
        ("@jonas@social.example", "@jonas@social.example"),  # a handle, not an address
        ("J" * 1_000, "J" * 199 + "…"),
        ("", None),
        (None, None),
    ],
)
def test_an_author_has_a_name_and_no_mail_address(name: str | None, shown: str | None) -> None:
    author = kept(a_review(author=Author(name, "u-1"))).author

    assert author is not None
    assert author.name == shown


def test_an_author_of_whom_nothing_is_left_is_none() -> None:
    assert kept(a_review(author=Author("jonas@example.org"))).author is None


def test_our_own_account_is_known_by_its_id_not_by_its_name() -> None:
    ours = kept(a_post(author=Author("Whoever", "12345")))
    impostor = kept(a_post(author=Author("12345", "999")))
    elsewhere = kept(a_post(author=Author("Whoever", "12345")), connector="y")

    assert (ours.own, impostor.own, elsewhere.own) == (True, False, False)


def test_where_a_site_gives_no_ids_our_account_is_known_by_its_name() -> None:
    assert kept(a_post(author=Author("acmecoffee")), connector="board").own
    assert not kept(a_post(author=Author("acmecoffee", "7")), connector="board").own


def test_a_reply_is_cleaned_like_its_mention() -> None:
    reply = Reply(
        "Sorry\r\n\x00",
        ReplyState.PENDING,
        datetime(2027, 5, 1, tzinfo=UTC),
        "Ana <a@b.example>",
        " 7 ",
        "javascript:x",
    )

    found = kept(a_review(reply=reply)).reply

    assert found == Reply("Sorry\n\ufffd", ReplyState.PENDING, NOON + timedelta(hours=24), "Ana", "7", None)


# --- ids


@pytest.mark.parametrize(
    "given, kept_as", [("r-1", "r-1"), (" r-1 ", "r-1"), (12345678901234567890, "12345678901234567890")]
)
def test_an_id_is_text_as_the_site_gives_it(given: Any, kept_as: str) -> None:
    assert kept(a_review(external_id=given)).external_id == kept_as


def test_an_id_that_is_a_number_here_and_text_there_is_one_id() -> None:
    assert kept(a_review(external_id=7)).external_id == kept(a_review(external_id="7")).external_id


@pytest.mark.parametrize("size, hashed", [(299, False), (300, False), (301, True), (100_000, True)])
def test_an_id_longer_than_three_hundred_characters_is_kept_as_its_hash(size: int, hashed: bool) -> None:
    mention = kept(a_review(external_id="i" * size))

    assert ("id_hashed" in mention.flags) == hashed
    assert len(mention.external_id) <= 300
    assert mention.external_id == kept(a_review(external_id="i" * size, text="edited")).external_id


@pytest.mark.parametrize("bad", ["a\nb", "a\x00b", "a\ud800b", "a\u2028b"])
def test_an_id_no_database_takes_is_kept_as_its_hash(bad: str) -> None:
    mention = kept(a_review(external_id=bad, parent_id=bad, thread_id="t-1"))

    assert mention.external_id.startswith("hash-")
    assert (mention.parent_id, mention.thread_id) == (mention.external_id, "t-1")


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_mention_without_an_id_has_a_stable_one_made(empty: Any) -> None:
    first = kept(a_review(external_id=empty))
    again = kept(a_review(external_id=empty, url="https://reviews.example/moved"), now=NOON + timedelta(days=3))

    assert first.external_id == again.external_id
    assert "id_made" in first.flags


@pytest.mark.parametrize(
    "change",
    [
        {"author": Author("Mara")},
        {"published_at": NOON - timedelta(days=2)},
        {"text": "Something else"},
        {"rating": 5},
        {"published_at": None},
    ],
)
def test_another_author_day_text_or_mark_makes_another_id(change: dict[str, Any]) -> None:
    assert kept(a_review(external_id="")).external_id != kept(a_review(external_id="", **change)).external_id


def test_twins_without_ids_on_one_page_are_told_apart_and_those_with_ids_are_not() -> None:
    page = [a_review(external_id=""), a_review(external_id=""), a_review(), a_review(), a_review(external_id="")]

    ids = [mention.external_id for mention in normalise_page(page, connector="x", brands=(), now=NOON)]

    assert len(set(ids)) == 4
    assert ids[2] == ids[3] == "r-1"
    assert ids[4] == f"{ids[0]}-3"


# --- times


@pytest.mark.parametrize(
    "given, kept_as, flags",
    [
        (NOON, NOON, ()),
        (NOON + timedelta(hours=24), NOON + timedelta(hours=24), ()),
        (NOON + timedelta(hours=24, seconds=1), NOON + timedelta(hours=24), ("time_clamped",)),
        (datetime(9999, 12, 31, tzinfo=UTC), NOON + timedelta(hours=24), ("time_clamped",)),
        (None, None, ("no_time",)),
        (datetime(1970, 1, 1, tzinfo=UTC), None, ("no_time",)),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), None, ("no_time",)),
        (
            datetime(2026, 11, 24, 10, tzinfo=UTC).replace(tzinfo=None),
            datetime(2026, 11, 24, 10, tzinfo=UTC),
            ("no_zone",),
        ),
        (datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 11, 24, 8, tzinfo=UTC), ()),
    ],
)
def test_a_time_is_sane_or_flagged(given: datetime | None, kept_as: datetime | None, flags: tuple[str, ...]) -> None:
    mention = kept(a_review(published_at=given))

    assert (mention.published_at, mention.flags) == (kept_as, flags)


def test_a_missing_time_of_change_is_nothing_to_flag() -> None:
    assert kept(a_review(updated_at=None)).flags == ()


# --- marks, languages, links, audiences


@pytest.mark.parametrize(
    "given, kept_as",
    [
        (Rating(1), Rating(1)),
        (Rating(0, best=1, worst=0), Rating(0, best=1, worst=0)),
        (Rating("4,5"), Rating(4.5)),  # type: ignore[arg-type]
        (Rating("5"), Rating(5)),  # type: ignore[arg-type]
        (Rating(0), None),
        (Rating(11), None),
        (Rating(-1), None),
        (Rating("five"), None),  # type: ignore[arg-type]
        (Rating(True), None),
        (Rating(None), None),  # type: ignore[arg-type]
        (Rating(float("nan")), None),
        (Rating(float("inf")), None),
        (Rating(3, best=1, worst=5), None),
    ],
)
def test_a_mark_fits_its_scale_or_is_unknown_and_flagged(given: Rating, kept_as: Rating | None) -> None:
    mention = kept(a_review(rating=given))

    assert mention.rating == kept_as
    assert ("no_rating" in mention.flags) == (kept_as is None)


@pytest.mark.parametrize(
    "given, tag",
    [
        ("en", "en"),
        ("EN_us", "en-US"),
        ("pt-br", "pt-BR"),
        ("zh_hant_TW", "zh-Hant-TW"),
        ("iw", "he"),
        ("deu", "de"),
        ("und", None),
        ("qme", None),
        ("English", None),
        ("x" * 400, None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_tag_is_written_one_way(given: str | None, tag: str | None) -> None:
    assert language_tag(given) == tag


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "https://user:pw@shop.example/", "/relative", "", None, "ftp://x.example"]
)
def test_a_link_that_is_none_is_dropped(bad: str | None) -> None:
    mention = kept(a_review(url=bad, answer_url=bad, author=Author("Jonas", "u-1", bad)))

    assert (mention.url, mention.answer_url) == (None, None)
    assert mention.author == Author("Jonas", "u-1")


@pytest.mark.parametrize(
    "given, size",
    [
        (Audience(0, "followers"), 0),
        (Audience(-1, "followers"), None),
        (Audience("1,200", "views"), 1200),
        (None, None),
    ],  # type: ignore[arg-type]
)
def test_an_audience_is_a_number_or_unknown(given: Audience | None, size: int | None) -> None:
    audience = kept(a_post(audience=given)).audience

    assert (audience.size if audience else None) == size


def test_what_a_mention_is_about_fits_its_columns() -> None:
    subject = kept(
        a_review(subject=Subject("Quay\nStreet " * 100, "App", "1" * 500, "d" * 500, "Germany or so"))
    ).subject

    assert subject.place is not None
    assert subject.place.startswith("Quay Street Quay")
    assert [len(part or "") for part in (subject.place, subject.app_version, subject.device, subject.country)] == [
        200, 60, 100, 10,
    ]  # fmt: skip


# --- the content hash


def test_the_hash_covers_what_the_site_gave_not_what_cleaning_made_of_it() -> None:
    assert content_hash(a_review(text="cold  coffee")) != content_hash(a_review(text="cold coffee"))
    assert content_hash(a_review(text="<b>x</b>", html=True)) == content_hash(a_review(text="<b>x</b>"))


@pytest.mark.parametrize(
    "change", [{"text": "x"}, {"title": "x"}, {"rating": 2}, {"rating": None}, {"rating": Rating(1, 10)}]
)
def test_another_text_title_or_mark_is_an_edit(change: dict[str, Any]) -> None:
    assert content_hash(a_review()) != content_hash(a_review(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"published_at": NOON},
        {"updated_at": NOON},
        {"url": None},
        {"author": Author("x")},
        {"audience": Audience(9, "views")},
        {"language": "de"},
        {"reply": Reply("Sorry")},
        {"rating": Rating(1.0)},
        {"title": ""},
    ],
)
def test_everything_else_that_changes_is_no_edit(change: dict[str, Any]) -> None:
    assert content_hash(a_review(rating=Rating(1))) == content_hash(a_review(**{"rating": Rating(1), **change}))


def test_title_and_text_do_not_run_into_one_another() -> None:
    assert content_hash(a_review(title="a", text="b")) != content_hash(a_review(title="", text="ab"))


# --- any input


_ANY = st.one_of(st.none(), st.text(max_size=60))
_TIMES = st.one_of(st.none(), st.datetimes(), st.datetimes(timezones=st.just(UTC)))


@given(
    external_id=st.text(max_size=400),
    text=st.text(max_size=300),
    title=_ANY,
    url=_ANY,
    name=_ANY,
    published_at=_TIMES,
    value=st.floats(),
    best=st.floats(),
    language=_ANY,
    html=st.booleans(),
)
@settings(max_examples=300)
def test_nothing_a_site_sends_raises(value: float, best: float, name: str | None, **fields: Any) -> None:
    raw = RawMention(author=Author(name, name, name), rating=Rating(value, best), **fields)

    mention = kept(raw)

    assert 0 < len(mention.external_id) <= 300
    assert mention.external_id.isprintable()
    assert mention.published_at is None or NOON + timedelta(hours=24) >= mention.published_at
    mention.text.encode("utf-8")
    assert mention == kept(raw)


def test_ten_thousand_short_texts_a_second_are_no_burden() -> None:
    raws = [a_review(external_id=f"r-{number}") for number in range(2_000)]
    start = process_time()

    for raw in raws:
        kept(raw)

    rate = len(raws) / (process_time() - start)
    print(f"{rate:,.0f} mentions normalised a second")
    assert rate > 10_000
