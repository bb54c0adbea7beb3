"""What is special about Judge.me: no answers, no documented order, and more about people than is wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Author, Connector, Outcome, Rating, Since, Subject
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.judge_me import REVIEWS, SHOP, alone, page, review
from tests.connectors.kit import Answer, first_request, made, read, response_to

WRITTEN = datetime(2026, 11, 24, 22, 39, 9, tzinfo=UTC)


@pytest.fixture
def judge_me() -> Connector[Any]:
    return made("judge_me")


def test_a_review_is_read_whole(judge_me: Connector[Any]) -> None:
    changed = review(updated_at="2026-11-25T08:00:00+01:00")

    [said] = read(judge_me, Answer(page(changed))).mentions

    assert (said.external_id, said.title, said.rating) == ("1", "Broken", Rating(1))
    assert (said.text, said.author) == ("It broke on the second day, and nobody answers.", Author("Nia K."))
    assert (said.published_at, said.updated_at) == (WRITTEN, datetime(2026, 11, 25, 7, tzinfo=UTC))
    assert (said.subject, said.verified) == (Subject(product="Acme Mug"), True)
    assert said.url == "https://acme.myshopify.com/products/acme-mug"
    assert (said.reply, said.absent) == (None, frozenset({"reply"}))


def test_mail_phone_and_address_of_people_are_left_where_they_are(judge_me: Connector[Any]) -> None:
    [said] = read(judge_me, Answer(page(review()))).mentions

    assert not any(private in repr(said) for private in ("nia@mail.example", "+49 30", "203.0.113.7", "77", "88"))


def test_stars_alone_are_a_review_and_other_words_for_verified_are_none(judge_me: Connector[Any]) -> None:
    [said] = read(judge_me, Answer(page(review(title=None, body=None, verified="not-yet")))).mentions

    assert (said.rating, said.title, said.text, said.verified) == (Rating(1), None, "", None)


def test_spam_is_no_review_and_what_waits_is_one(judge_me: Connector[Any]) -> None:
    kinds = enumerate(("ok", "not-yet", "spam"), start=1)

    found = read(judge_me, Answer(page(*(review(number, curated=kind) for number, kind in kinds))))

    assert ([one.external_id for one in found.mentions], found.problems) == (["1", "2"], ())


def test_a_shop_that_is_not_shopifys_gets_no_made_up_link() -> None:
    [said] = read(made("judge_me", shop_domain="https://Shop.example/"), Answer(page(review()))).mentions

    assert said.url is None


def test_the_first_page_is_asked_for_with_the_shop_and_signed_with_the_token(judge_me: Connector[Any]) -> None:
    asked, auth = first_request(judge_me), judge_me.auth()

    assert auth is not None
    assert (asked.method, asked.url) == ("GET", REVIEWS)
    assert dict(asked.params) == {**SHOP, "page": 1, "per_page": 100}
    assert auth.sign(asked, None, NOON).headers == {"X-Api-Token": "made-up-token"}


def test_a_list_in_the_order_of_time_is_left_behind_the_time_asked_for_and_another_is_read_to_its_end(
    judge_me: Connector[Any],
) -> None:
    asked = first_request(judge_me, Since(WRITTEN))

    in_order = read(judge_me, Answer(page(review(0), review(5))), asked)
    in_none = read(judge_me, Answer(page(review(5), review(0))), asked)
    within = read(judge_me, Answer(page(review(0), review(1))), asked)
    last = read(judge_me, Answer(page(number=9)), asked)

    assert (len(in_order.follow), len(in_none.follow), len(within.follow), len(last.follow)) == (0, 1, 1, 0)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_recheck_asks_for_each_review_alone(judge_me: Connector[Any], wrapped: bool) -> None:
    [raw] = read(judge_me, Answer(page(review()))).mentions
    edited = review(rating=4, body="Mended.")

    [asked] = judge_me.recheck([normalise(raw, connector="judge_me", brands=(), now=NOON + timedelta(days=9))])
    [said] = read(judge_me, Answer({"review": edited} if wrapped else edited), asked).mentions

    assert asked == alone("1")
    assert (said.text, said.rating) == ("Mended.", Rating(4))


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_wrong_token_and_a_wrong_shop_are_told_alike(judge_me: Connector[Any], status: int) -> None:
    answer = Answer({"error": "Failed to authenticate. Shop domain or Api Token is wrong"}, status)

    refusal = judge_me.refused(response_to(first_request(judge_me), answer))

    assert refusal is not None
    assert refusal.outcome == Outcome.RECONNECT
    assert "`shop_domain` and `api_token`" in refusal.why


def test_words_of_a_review_are_no_refusal(judge_me: Connector[Any]) -> None:
    answer = Answer(page(review(body="Failed to authenticate when I logged in.")))

    assert judge_me.refused(response_to(first_request(judge_me), answer)) is None
