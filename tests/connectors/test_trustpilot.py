"""What is special about Trustpilot: counted calls, the business by its domain, two kinds of key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import (
    Audience,
    Author,
    Connector,
    Kind,
    Mention,
    Outcome,
    Rating,
    Reply,
    ReplyState,
    Request,
    Since,
    Subject,
    Token,
    UsageError,
)
from monitor.exchange import Signed
from tests.builders import NOON
from tests.connectors.cases.trustpilot import (
    API,
    CALL,
    PERSON,
    UNIT,
    alone,
    answer,
    business,
    listed,
    page,
    review,
    shown,
)
from tests.connectors.kit import Answer, class_of, first_request, made, read, refusal_of, response_to

ID = f"{1:024x}"
ANSWERING = {"api_secret": "made-up-secret", "business_user_id": PERSON}


@pytest.fixture
def trustpilot() -> Connector[Any]:
    return made("trustpilot")


def known(external_id: str) -> Mention:
    """Return a mention as it is stored."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("title", "url", "author", "published_at", "updated_at", "rating", "language", "audience", "reply"), None
    )
    return Mention(
        external_id, Kind.REVIEW, "text", 4, subject=Subject(), answer_url=None, thread_id=None, parent_id=None,
        same_as=None, content_hash="h", **nothing,
    )  # fmt: skip


def test_a_review_is_read_whole(trustpilot: Connector[Any]) -> None:
    changed = review(updatedAt="2026-11-25T07:00:00", location={"id": "q", "name": "Quay Street"})

    [said] = read(trustpilot, shown(changed)).mentions

    assert (said.external_id, said.kind, said.title) == (ID, Kind.REVIEW, "Never arrived")
    assert (said.text, said.rating, said.language) == ("Three weeks, and nobody answers.", Rating(1), "en")
    assert said.author == Author("Nia K.", "c" * 24)
    assert said.published_at == datetime(2026, 11, 24, 8, 1, tzinfo=UTC)
    assert said.updated_at == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert said.audience == Audience(3, "likes")
    assert (said.subject.place, said.verified, said.reply) == ("Quay Street", True, None)
    assert said.url == said.answer_url == f"https://www.trustpilot.com/reviews/{ID}"


def test_stars_alone_are_a_review(trustpilot: Connector[Any]) -> None:
    [said] = read(trustpilot, shown(review(title=None, text=None))).mentions

    assert (said.rating, said.title, said.text) == (Rating(1), None, "")


def test_nothing_of_where_somebody_lives_is_kept(trustpilot: Connector[Any]) -> None:
    [said] = read(trustpilot, shown(review(referralEmail="nia@mail.example", referenceId="ORDER-7"))).mentions

    assert not any(private in repr(said) for private in ("Leeds", "nia@mail.example", "ORDER-7"))


@pytest.mark.parametrize("zone", ["", "Z"])
def test_the_answer_is_read_with_its_time(trustpilot: Connector[Any], zone: str) -> None:
    [said] = read(trustpilot, shown(review(companyReply=answer(createdAt=f"2026-11-24T09:30:00{zone}")))).mentions

    assert said.reply == Reply("We have sent it again.", published_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


@pytest.mark.parametrize(("shows", "absent"), [(None, frozenset()), (..., frozenset({"reply"}))])
def test_no_answer_is_one_thing_and_no_word_about_it_another(
    trustpilot: Connector[Any], shows: Any, absent: frozenset[str]
) -> None:
    [said] = read(trustpilot, shown(review(companyReply=shows))).mentions

    assert (said.reply, said.absent) == (None, absent)


@pytest.mark.parametrize(
    "typed",
    [
        "shop.example",
        " Shop.Example ",
        "https://www.trustpilot.com/review/shop.example",
        "https://de.trustpilot.com/review/shop.example?stars=1",
        "https://shop.example/",
    ],
)
def test_the_domain_is_found_in_what_people_paste(typed: str) -> None:
    assert made("trustpilot", domain=typed).config.domain == "shop.example"


def test_the_first_walk_asks_for_the_business_and_keeps_its_number_and_its_totals(trustpilot: Connector[Any]) -> None:
    request = first_request(trustpilot)

    found = read(trustpilot, Answer(business()), request)

    assert (request.url, request.params) == (f"{API}/business-units/find", {"name": "shop.example"})
    assert [(total.count, total.average) for total in found.totals] == [(1205, 4.6)]
    assert found.bookmark == {"unit": UNIT}
    assert found.follow == (listed(1),)


def test_a_business_without_reviews_has_no_average(trustpilot: Connector[Any]) -> None:
    new = business(numberOfReviews={"total": 0}, score={"trustScore": 0, "stars": 0})

    [total] = read(trustpilot, Answer(new), first_request(trustpilot)).totals

    assert (total.count, total.average) == (0, None)


def test_a_look_between_two_walks_spends_no_call_on_the_business(trustpilot: Connector[Any]) -> None:
    later, daily = Since(NOON, {"unit": UNIT}), Since(None, {"unit": UNIT})

    assert list(trustpilot.start(later)) == [listed(1)]
    assert first_request(trustpilot, daily).url.endswith("/find")


def test_pages_are_read_until_one_is_empty_for_a_short_one_need_not_be_the_last(trustpilot: Connector[Any]) -> None:
    assert read(trustpilot, Answer(page(review())), listed(7)).follow == (listed(8),)
    assert read(trustpilot, Answer(page()), listed(8)).follow == ()


def test_every_question_is_counted_as_a_call(trustpilot: Connector[Any]) -> None:
    asked = [
        first_request(trustpilot),
        listed(1),
        *trustpilot.recheck([known(ID)]),
        made("trustpilot", **ANSWERING).reply(known(ID), "Sorry."),
    ]

    assert [request.cost for request in asked] == [CALL] * 4


def test_what_a_recheck_brings_is_the_review_itself(trustpilot: Connector[Any]) -> None:
    [request] = trustpilot.recheck([known(ID)])
    assert isinstance(request, Request)

    found = read(trustpilot, Answer(review(companyReply=answer())), request)

    assert request == alone(ID)
    assert [mention.reply.text for mention in found.mentions if mention.reply] == ["We have sent it again."]
    assert found.follow == ()


def test_an_unknown_business_is_named_and_an_unknown_review_is_gone(trustpilot: Connector[Any]) -> None:
    unknown = trustpilot.refused(response_to(first_request(trustpilot), Answer({}, 404)))
    gone = trustpilot.refused(response_to(alone(ID), Answer({}, 404)))

    assert unknown is not None
    assert gone is not None
    assert (unknown.outcome, gone.outcome, gone.gone) == (Outcome.FAILED, Outcome.GONE, (ID,))
    assert "no business called shop.example" in unknown.why


def test_too_many_calls_are_waited_for_although_trustpilot_may_name_no_time(trustpilot: Connector[Any]) -> None:
    refusal = refusal_of(trustpilot, 429)

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(minutes=5))


def test_reading_takes_the_key_alone(trustpilot: Connector[Any]) -> None:
    auth = trustpilot.auth()
    assert auth is not None

    signed = auth.sign(listed(), None, NOON)

    assert auth.renew(None, NOON) is None
    assert signed.headers == {"apikey": "made-up-api-key"}


def test_an_answer_takes_a_token_and_reading_beside_it_the_key() -> None:
    trustpilot = made("trustpilot", **ANSWERING)
    auth = trustpilot.auth()
    assert auth is not None
    request, token = trustpilot.reply(known(ID), "We are sorry."), Token("access-1")

    asked = auth.renew(None, NOON)

    assert isinstance(asked, Signed)
    assert asked.request.url == f"{API}/oauth/oauth-business-users-for-applications/accesstoken"
    assert asked.request.form == {"grant_type": "client_credentials"}
    assert asked.headers["Authorization"].startswith("Basic ")
    assert auth.sign(request, token, NOON).headers == {"Authorization": "Bearer access-1"}
    assert auth.sign(listed(), token, NOON).headers == {"apikey": "made-up-api-key"}


def test_the_token_of_a_hundred_hours_is_read_although_its_life_comes_as_text() -> None:
    auth = made("trustpilot", **ANSWERING).auth()
    assert auth is not None
    asked = auth.renew(None, NOON)
    assert isinstance(asked, Signed)

    token = auth.read(response_to(asked.request, Answer({"access_token": "a", "expires_in": "359999"})), NOON)

    assert token.expires_at == NOON + timedelta(seconds=359_999)


def test_an_answer_is_sent_in_the_name_of_somebody_and_counts_only_once_it_is_seen() -> None:
    trustpilot = made("trustpilot", **ANSWERING)

    request = trustpilot.reply(known(ID), "We are sorry.")

    assert (request.method, request.url) == ("POST", f"{API}/private/reviews/{ID}/reply")
    assert request.json == {"authorBusinessUserId": PERSON, "message": "We are sorry."}
    assert trustpilot.replied(response_to(request, Answer(b"", 201))) == Reply("We are sorry.", ReplyState.PENDING)


def test_without_somebody_to_answer_no_answer_is_offered(trustpilot: Connector[Any]) -> None:
    assert trustpilot.reply_limit is None
    assert made("trustpilot", **ANSWERING).reply_limit == 2000
    with pytest.raises(UsageError, match="`business_user_id`"):
        trustpilot.reply(known(ID), "Sorry.")


def test_what_answering_takes_does_not_start_the_source_anew() -> None:
    config = class_of("trustpilot").Config
    base = {"domain": "shop.example", "api_key": "k"}

    assert config(**base).options_hash() == config(**base, **ANSWERING).options_hash()
    assert config(**base).options_hash() != config(**{**base, "domain": "other.example"}).options_hash()
