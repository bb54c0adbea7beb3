"""What is special about App Store Connect: answers beside the reviews, a key that signs, a link that leads on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monitor.connector import Connector, Kind, Mention, Outcome, Rating, Reply, ReplyState, Request, Subject, Token
from tests.builders import NOON
from tests.connectors.cases.apple_app_store_connect import API, ERROR, LIST, NEXT, ONE, OPTIONS, answer, page, review
from tests.connectors.kit import Answer, class_of, first_request, made, read, refusal_of, response_to


@pytest.fixture
def store() -> Connector[Any]:
    return made("apple_app_store_connect")


def known(external_id: str) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        external_id, Kind.REVIEW, "text", 4, subject=Subject(), answer_url=None, thread_id=None, parent_id=None,
        same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


def test_a_review_is_read_whole() -> None:
    [said] = read(made("apple_app_store_connect", product="Acme Orders"), Answer(page(review()))).mentions

    assert (said.external_id, said.kind, said.title) == ("review-1", Kind.REVIEW, "Loses my orders")
    assert said.text == "Third time this week that an order is gone."
    assert said.rating == Rating(2)
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("nia_77", None)
    assert said.published_at == datetime(2026, 11, 24, 15, 1, 55, tzinfo=UTC)
    assert (said.subject.product, said.subject.country) == ("Acme Orders", "DEU")
    assert said.answer_url == "https://appstoreconnect.apple.com/apps/123456789"
    assert (said.updated_at, said.language, said.reply) == (None, None, None)


def test_stars_alone_are_a_review(store: Connector[Any]) -> None:
    bare = review(rating=1, title=None, body=None, reviewerNickname=None, territory=None)

    [said] = read(store, Answer(page(bare))).mentions

    assert (said.rating, said.title, said.text) == (Rating(1), None, "")


@pytest.mark.parametrize(
    ("state", "meaning"), [("PUBLISHED", ReplyState.VISIBLE), ("PENDING_PUBLISH", ReplyState.PENDING)]
)
def test_an_answer_is_that_of_its_own_review(store: Connector[Any], state: str, meaning: ReplyState) -> None:
    shown = page(review(2), review(1, answered=True), included=[answer(9), answer(1, state=state)])

    unanswered, answered = read(store, Answer(shown)).mentions

    when = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
    assert answered.reply == Reply("We are sorry.", meaning, when, external_id="answer-1")
    assert (unanswered.reply, unanswered.absent) == (None, frozenset())


def test_an_answer_that_is_named_but_not_there_is_a_problem_and_not_taken_for_none(store: Connector[Any]) -> None:
    found = read(store, Answer(page(review(2), review(1, answered=True), included=[])))

    assert [mention.external_id for mention in found.mentions] == ["review-2"]
    assert found.problems[0].external_id == "review-1"


def test_everything_is_asked_for_newest_first_with_the_answers(store: Connector[Any]) -> None:
    request = first_request(store)

    assert request.url == LIST
    assert request.params == {"sort": "-createdDate", "include": "response", "limit": 200}


def test_only_some_countries_are_asked_for_in_one_parameter() -> None:
    request = first_request(made("apple_app_store_connect", countries=["deu", "USA"]))

    assert request.params["filter[territory]"] == "DEU,USA"


def test_the_next_page_is_the_link_as_it_stands(store: Connector[Any]) -> None:
    assert read(store, Answer(page(review(), following=NEXT))).follow == (Request(NEXT),)
    assert read(store, Answer(page(review()))).follow == ()


def test_how_many_written_reviews_there_are_is_kept_without_an_average(store: Connector[Any]) -> None:
    [total] = read(store, Answer(page(review(), total=4_821))).totals

    assert (total.count, total.average) == (4_821, None)
    assert read(store, Answer(page(review()))).totals == ()


def test_each_open_case_is_asked_for_by_itself(store: Connector[Any]) -> None:
    first, second = store.recheck([known("review-1"), known("review-2")])

    assert first == ONE
    assert isinstance(second, Request)
    assert second.about == ("review-2",)


def test_what_a_recheck_brings_is_read_with_its_answer(store: Connector[Any]) -> None:
    shown = {"data": review(answered=True), "included": [answer()], "links": {"self": ONE.url}}

    found = read(store, Answer(shown), ONE)

    assert [mention.reply.text for mention in found.mentions if mention.reply] == ["We are sorry."]
    assert (found.follow, found.totals) == ((), ())


def test_a_review_that_is_not_found_is_gone_but_an_app_that_is_not_found_is_a_mistake(store: Connector[Any]) -> None:
    gone = store.refused(response_to(ONE, Answer(ERROR, 404)))
    unknown = store.refused(response_to(first_request(store), Answer(ERROR, 404)))

    assert gone is not None
    assert unknown is not None
    assert (gone.outcome, gone.gone) == (Outcome.GONE, ("review-1",))
    assert unknown.outcome is Outcome.FAILED
    assert "answered 404 (NOT_FOUND): this key sees no app 123456789; compare `app_id`" in unknown.why


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [(401, "NOT_AUTHORIZED", "the clock here is right"), (403, "FORBIDDEN_ERROR", "give it a role that may")],
)
def test_a_refused_key_is_told_with_apples_word_for_it(
    store: Connector[Any], status: int, code: str, hint: str
) -> None:
    error = {"errors": [{"status": str(status), "code": code, "title": "No", "detail": "…"}]}

    refusal = store.refused(response_to(first_request(store), Answer(error, status)))

    assert refusal is not None
    assert refusal.outcome is Outcome.RECONNECT
    assert f"({code})" in refusal.why
    assert hint in refusal.why


def test_a_refusal_that_is_a_web_page_is_read_by_its_number(store: Connector[Any]) -> None:
    refusal = store.refused(response_to(first_request(store), Answer("<html>code</html>", 401, "text/html")))

    assert refusal is not None
    assert refusal.outcome is Outcome.RECONNECT


def test_too_many_questions_in_an_hour_are_waited_for_although_apple_names_no_time(store: Connector[Any]) -> None:
    refusal = refusal_of(store, 429, {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:0;"})

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(minutes=15))


def test_an_answer_of_ours_is_sent_for_its_review_and_waits_to_be_published(store: Connector[Any]) -> None:
    request = store.reply(known("review-1"), "We are sorry.")

    assert (request.method, request.url) == ("POST", f"{API}/v1/customerReviewResponses")
    assert request.json == {
        "data": {
            "type": "customerReviewResponses",
            "attributes": {"responseBody": "We are sorry."},
            "relationships": {"review": {"data": {"type": "customerReviews", "id": "review-1"}}},
        }
    }
    kept = {"data": answer(1, state="PENDING_PUBLISH"), "links": {"self": "x"}}
    said = store.replied(response_to(request, Answer(kept, 201)))
    assert (said.text, said.state, said.external_id) == ("We are sorry.", ReplyState.PENDING, "answer-1")


@pytest.mark.parametrize(
    ("issuer", "claims"), [("6a000000-aaaa", {"iss": "6a000000-aaaa"}), (None, {"sub": "user"})], ids=["team", "person"]
)
def test_a_key_of_a_team_names_its_issuer_and_a_key_of_one_person_the_user(
    issuer: str | None, claims: dict[str, str]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    auth = made("apple_app_store_connect", private_key=pem, issuer_id=issuer).auth()
    assert auth is not None

    token = auth.renew(None, NOON)

    assert isinstance(token, Token)
    told = jwt.decode(
        token.access, key.public_key(), ["ES256"], audience="appstoreconnect-v1",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    begun = int(NOON.timestamp())
    assert told == {**claims, "iat": begun, "exp": begun + 15 * 60, "aud": "appstoreconnect-v1"}
    assert jwt.get_unverified_header(token.access) == {"alg": "ES256", "kid": "ABC1234567", "typ": "JWT"}


def test_a_new_key_does_not_start_the_source_anew() -> None:
    config = class_of("apple_app_store_connect").Config
    hashes = [
        config(**{**OPTIONS, **changes}).options_hash()
        for changes in ({}, {"key_id": "XYZ1234567", "issuer_id": None, "private_key": "other"}, {"app_id": "987654"})
    ]

    assert hashes[0] == hashes[1] != hashes[2]
