"""What is special about an inbound webhook: its fields, its signature with two secrets, and whole pushes only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.inbound_webhook import Entry
from monitor.connector import Audience, Author, Connector, Kind, Rating, Reply, Since, Subject
from monitor.errors import ParseError, UsageError
from monitor.imports import FIELDS
from tests.builders import NOON
from tests.connectors.cases.inbound_webhook import SECRET, entry, pushed, several
from tests.connectors.kit import Push, made, read

OLD = "made-up-secret-of-last-year"


@pytest.fixture
def webhook() -> Connector[Any]:
    return made("inbound_webhook")


def test_an_entry_is_read_whole(webhook: Connector[Any]) -> None:
    told = entry(
        7,
        id=7,
        title="Never again",
        rating=3,
        rating_best=10,
        rating_worst=0,
        author_id=4,
        updated_at="2026-11-24T12:00:00+01:00",
        answer_url="https://forms.example/admin/7",
        language="en",
        kind="comment",
        place="Quay Street",
        product="Flat white",
        app_version="2.1",
        device="Pixel 9",
        country="GB",
        audience=120,
        audience_kind="members",
        reply_text="We are sorry.",
        replied_at="2026-11-24T13:00:00Z",
        thread_id=3,
        parent_id="6",
    )

    [said] = read(webhook, pushed(told)).mentions

    assert (said.external_id, said.title, said.text) == ("7", "Never again", "Waited forty minutes. (7)")
    assert (said.rating, said.kind, said.language) == (Rating(3, 10, 0), Kind.COMMENT, "en")
    assert said.author == Author("Nia", "4")
    assert said.published_at == datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
    assert said.updated_at == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert (said.url, said.answer_url) == ("https://forms.example/answers/7", "https://forms.example/admin/7")
    assert said.subject == Subject("Quay Street", "Flat white", "2.1", "Pixel 9", "GB")
    assert said.audience == Audience(120, "members")
    assert said.reply == Reply("We are sorry.", published_at=datetime(2026, 11, 24, 13, 0, tzinfo=UTC))
    assert (said.thread_id, said.parent_id) == ("3", "6")


def test_the_fields_are_those_of_an_import() -> None:
    assert set(Entry.model_fields) - {"deleted"} == set(FIELDS)


def test_stars_alone_are_enough(webhook: Connector[Any]) -> None:
    [said] = read(webhook, pushed({"id": "a", "rating": 1})).mentions

    assert (said.text, said.rating, said.author, said.published_at) == ("", Rating(1), None, None)


def test_what_says_nothing_of_an_answer_takes_none_away(webhook: Connector[Any]) -> None:
    silent, without = read(webhook, several(entry(1), {**entry(2), "reply_text": None})).mentions

    assert silent.absent == {"reply"}
    assert without.absent == frozenset()


def test_whether_it_sees_answers_is_an_option() -> None:
    assert made("inbound_webhook", sends_answers=False).sees_answers == "no"
    assert made("inbound_webhook").sees_answers == "yes"


def test_it_asks_nobody(webhook: Connector[Any]) -> None:
    assert list(webhook.start(Since())) == []


# --- what is wrong with a push -------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"raiting": 1}, "review 2: there is no field `raiting`. Known: id, deleted, text"),
        ({"rating": "2"}, "review 2: `rating`: "),
        ({"rating": 6}, "review 2: `rating` is not between rating_worst and rating_best"),
        ({"published_at": "soon"}, "review 2: `published_at`: no time; write it like"),
        ({"url": "javascript:alert(1)"}, "review 2: `url`: "),
        ({"kind": "rant"}, "review 2: `kind`: "),
        ({"id": ""}, "review 2: `id`: "),
        ({"id": True}, "review 2: `id`: "),
        ({"text": "", "rating": None}, "review 2: one of `text`, `title` and `rating` is needed"),
    ],
)
def test_a_wrong_entry_is_named_and_nothing_is_taken(webhook: Connector[Any], wrong: Any, words: str) -> None:
    told = several(entry(1), {**entry(2), **wrong})

    with pytest.raises(ParseError) as caught:
        read(webhook, told)

    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith("; nothing was stored")


def test_more_than_five_hundred_are_too_many(webhook: Connector[Any]) -> None:
    assert len(read(webhook, several(*(entry(number) for number in range(500)))).mentions) == 500
    with pytest.raises(ParseError, match="501 reviews are too many for one push: 500 at most"):
        read(webhook, several(*(entry(number) for number in range(501))))


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"id": NaN}', b'{"id": 1, "id": 2}', b"null", b"", b"\xff"])
def test_json_that_lies_is_refused(webhook: Connector[Any], body: bytes) -> None:
    with pytest.raises(ParseError):
        read(webhook, pushed(body))


# --- the signature -------------------------------------------------------------------------------


def test_during_a_change_the_old_and_the_new_secret_count() -> None:
    changing = made("inbound_webhook", old_secret=OLD)

    assert [read(changing, pushed(entry(), secret)).mentions[0].external_id for secret in (SECRET, OLD)] == [
        "form-1",
        "form-1",
    ]
    with pytest.raises(UsageError):
        read(made("inbound_webhook"), pushed(entry(), OLD))


def test_a_new_secret_does_not_start_the_source_anew() -> None:
    before, after = made("inbound_webhook").config, made("inbound_webhook", secret=OLD).config

    assert before.options_hash() == after.options_hash()


@pytest.mark.parametrize("missing", ["X-Review-Monitor-Timestamp", "X-Review-Monitor-Signature"])
def test_a_header_that_is_missing_is_named(webhook: Connector[Any], missing: str) -> None:
    push = pushed(entry())
    headers = {name: value for name, value in push.headers.items() if name != missing}

    with pytest.raises(UsageError, match=missing):
        read(webhook, Push(push.body, headers))


def test_the_signature_covers_every_byte_and_the_time(webhook: Connector[Any]) -> None:
    push = pushed(entry())
    later = {**push.headers, "X-Review-Monitor-Timestamp": str(int(NOON.timestamp()) + 1)}

    for other in (
        Push(push.body + b" ", push.headers),
        Push(json.dumps(json.loads(push.body), indent=1).encode(), push.headers),
        Push(push.body, later),
        Push(push.body, {**push.headers, "X-Review-Monitor-Signature": "sha256=" + "é" * 64}),
    ):
        with pytest.raises(UsageError, match="does not belong"):
            read(webhook, other)


def test_the_names_of_headers_may_have_any_capitals(webhook: Connector[Any]) -> None:
    push = pushed(entry())

    assert read(webhook, Push(push.body, {name.lower(): value for name, value in push.headers.items()})).mentions


def test_the_time_that_was_signed_is_told(webhook: Connector[Any]) -> None:
    assert webhook.pushed_at(pushed(entry()).headers) == NOON
    for nonsense in ("now", "-5", "1e9", "9" * 20, "٣"):
        with pytest.raises(UsageError, match="seconds since 1970"):
            webhook.pushed_at({"x-review-monitor-timestamp": nonsense})
