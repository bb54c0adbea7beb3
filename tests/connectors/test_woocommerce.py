"""What is special about WooCommerce: two lists, answers in a third, keys that only one of them takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.connector import (
    Author,
    Brand,
    Connector,
    Mention,
    Outcome,
    Page,
    ParseError,
    Rating,
    Refusal,
    Request,
    Since,
)
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.woocommerce import ACME, GOOD, SHOP, comment, keyed, listed, review
from tests.connectors.kit import Answer, class_of, first_request, made, read, response_to

KEY = {"consumer_key": SecretStr("ck_0123456789"), "consumer_secret": SecretStr("cs_9876543210")}


@pytest.fixture
def shop() -> Connector[Any]:
    return made("woocommerce")


@pytest.fixture
def with_key() -> Connector[Any]:
    return made("woocommerce", **KEY)


def without_accounts(*brands: Brand) -> Connector[Any]:
    kind = class_of("woocommerce")
    return kind(kind.Config(url=SHOP), brands)


def known(subject: Connector[Any], *numbers: int) -> list[Mention]:
    """Return reviews as they are stored."""
    page = read(subject, listed(*map(review, numbers)), first_request(subject))
    return [normalise(raw, connector="woocommerce", brands=(ACME,), now=NOON) for raw in page.mentions]


def refusal(subject: Connector[Any], request: Request, status: int, code: str = "") -> Refusal:
    body = {"code": code, "message": "…", "data": {"status": status}} if code else b""
    found = subject.refused(response_to(request, Answer(body, status)))
    assert found is not None
    return found


def test_a_review_is_read_whole(shop: Connector[Any]) -> None:
    [raw] = read(shop, listed(review())).mentions
    mention = normalise(raw, connector="woocommerce", brands=(ACME,), now=datetime(2026, 11, 25, tzinfo=UTC))

    assert (mention.external_id, mention.rating, raw.verified) == ("173", Rating(2), True)
    assert mention.text == "The lid does not close.\nTwice!"
    assert mention.author == Author("Nia")
    assert mention.subject.product == "Kettle – 1 l"
    assert mention.published_at == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert mention.url == mention.answer_url == f"{SHOP}/product/kettle/#comment-173"
    assert not mention.own


def test_no_stars_are_no_bad_stars(shop: Connector[Any]) -> None:
    [raw] = read(shop, listed(review(rating=0))).mentions

    assert raw.rating is None


def test_a_shop_that_does_not_name_its_products_is_read_all_the_same(with_key: Connector[Any]) -> None:
    [raw] = read(with_key, listed(keyed())).mentions

    assert (raw.subject.product, raw.url) == ("product 32", SHOP)
    assert raw.author == Author("Nia", id="41")


def test_mail_and_pictures_of_people_stay_where_they_are(with_key: Connector[Any]) -> None:
    page = read(with_key, listed(keyed(), keyed(174, _links=None)))

    assert len(page.mentions) == 2
    assert "mail.example" not in repr(page)
    assert "avatar" not in repr(page)


def test_without_a_key_the_open_list_is_asked_newest_first(shop: Connector[Any]) -> None:
    request = first_request(made("woocommerce", url=f"{SHOP}/en/wp-json/", products=[32, 33]), Since(NOON))

    assert request.url == f"{SHOP}/en/wp-json/wc/store/v1/products/reviews"
    assert request.params == {
        "orderby": "date_gmt", "order": "desc", "per_page": 100, "page": 1, "product_id": "32,33",
    }  # fmt: skip
    assert "product_id" not in first_request(shop).params
    assert shop.auth() is None


def test_with_a_key_those_on_hold_are_asked_for_too(with_key: Connector[Any]) -> None:
    request = first_request(made("woocommerce", products=[32, 33], **KEY))

    assert request.url == f"{SHOP}/wp-json/wc/v3/products/reviews"
    assert (request.params["status"], request.params["product[]"]) == ("all", [32, 33])
    assert "product[]" not in first_request(with_key).params
    assert not any(half in json.dumps(request.as_json()) for half in ("ck_", "cs_"))


def test_the_key_goes_to_the_shops_list_and_not_to_the_comments(with_key: Connector[Any]) -> None:
    auth = with_key.auth()
    assert auth is not None
    reviews, answers = with_key.recheck(known(with_key, 173))

    assert "Authorization" in auth.sign(reviews, None, NOON).headers  # type: ignore[arg-type]  # the key asks for no token
    assert auth.sign(answers, None, NOON).headers == {}  # type: ignore[arg-type]  # the key asks for no token


def test_pages_are_walked_to_the_number_that_the_site_names(shop: Connector[Any]) -> None:
    request, seen = first_request(shop), []
    answers = [listed(review(3), pages=3), listed(review(2), pages=3), listed(review(1), pages=3)]
    for answer in answers:  # a page is short where the shop hides some of it
        page = read(shop, answer, request)
        seen += [mention.external_id for mention in page.mentions]
        request = page.follow[0] if page.follow else None  # type: ignore[assignment]

    assert (seen, request) == (["3", "2", "1"], None)


def test_where_the_numbers_are_stripped_a_full_page_leads_on(shop: Connector[Any]) -> None:
    full = [review(number) for number in range(200, 100, -1)]

    once = read(shop, Answer(full))
    last = read(shop, Answer([]), once.follow[0])

    assert once.follow[0].params["page"] == 2
    assert last == Page()
    assert read(shop, Answer(full[:99])).follow == ()


def test_an_empty_page_among_others_is_a_gap_that_is_named(shop: Connector[Any]) -> None:
    page = read(shop, listed(pages=3, total=250))

    assert [problem.what for problem in page.problems] == ["page 1 of 3 is empty: what belongs there was not seen"]


def test_an_empty_list_without_a_number_is_not_believed(shop: Connector[Any]) -> None:
    with pytest.raises(ParseError, match="empty list"):
        read(shop, Answer([]))


def test_an_open_case_asks_for_reviews_and_answers_a_hundred_at_once(with_key: Connector[Any]) -> None:
    requests = list(with_key.recheck(known(with_key, *range(1, 151))))

    asked = [
        (request.url.removeprefix(SHOP), len(request.params.get("include[]") or request.params["parent[]"]))
        for request in requests
    ]
    assert asked == [
        ("/wp-json/wc/v3/products/reviews", 100),
        ("/wp-json/wp/v2/comments", 100),
        ("/wp-json/wc/v3/products/reviews", 50),
        ("/wp-json/wp/v2/comments", 50),
    ]


def test_without_a_key_only_answers_can_be_asked_for_and_without_accounts_nothing(shop: Connector[Any]) -> None:
    [request] = shop.recheck(known(shop, 173))

    assert request.url == f"{SHOP}/wp-json/wp/v2/comments"
    assert list(without_accounts().recheck(known(shop, 173))) == []


def test_a_review_that_the_list_lacks_is_asked_for_alone_before_it_counts_as_gone(with_key: Connector[Any]) -> None:
    asked, _ = with_key.recheck(known(with_key, 173, 172))

    page = read(with_key, listed(keyed(173)), asked)
    [alone] = page.follow

    assert (page.gone, [mention.external_id for mention in page.mentions]) == ((), ["173"])
    assert (alone.url, alone.about) == (f"{SHOP}/wp-json/wc/v3/products/reviews/172", ("172",))
    assert read(with_key, Answer(keyed(172, status="spam")), alone).gone == ("172",)
    assert read(with_key, Answer(keyed(172, status="hold")), alone).gone == ()
    assert refusal(with_key, alone, 404, "woocommerce_rest_review_invalid_id").gone == ("172",)


def test_a_plugin_that_is_off_is_no_deleted_review(with_key: Connector[Any]) -> None:
    asked, _ = with_key.recheck(known(with_key, 172))
    [alone] = read(with_key, Answer([]), asked).follow

    found = refusal(with_key, alone, 404, "rest_no_route")

    assert (found.outcome, found.gone) == (Outcome.FAILED, ())
    assert "whether WooCommerce is switched on" in found.why


def test_only_our_own_answers_are_taken_from_the_comments(shop: Connector[Any]) -> None:
    [asked] = shop.recheck(known(shop, 173))

    answer = listed(comment(901, author=0, author_name="Acme Team"), comment(902, author=8), comment())
    [raw] = read(shop, answer, asked).mentions
    mention = normalise(raw, connector="woocommerce", brands=(ACME,), now=NOON)

    assert (mention.external_id, mention.parent_id, mention.own) == ("900", "173", True)
    assert mention.text == "We have sent you a new one."
    assert read(shop, listed(pages=0), asked) == Page()


def test_a_source_without_accounts_of_ours_says_that_it_sees_no_answers() -> None:
    assert made("woocommerce").sees_answers == "yes"
    assert without_accounts().sees_answers == "no"
    assert without_accounts(Brand("acme", (), own_accounts={"woocommerce": ("Acme Team",)})).sees_answers == "no"


def test_answers_are_not_missed_by_a_walk_that_does_not_list_them() -> None:
    assert not made("woocommerce").lists_all
    assert without_accounts().lists_all


@pytest.mark.parametrize(
    ("status", "code", "outcome", "words"),
    [
        (401, "woocommerce_rest_cannot_view", Outcome.RECONNECT, "make a new one in WooCommerce"),
        (403, "woocommerce_rest_cannot_view", Outcome.RECONNECT, "make a new one in WooCommerce"),
        (403, "", Outcome.FAILED, "let /wp-json/wc/v3/products/reviews through"),
        (404, "rest_no_route", Outcome.FAILED, "whether WooCommerce is switched on"),
    ],
)
def test_a_refused_key_waits_for_a_person_and_a_wall_does_not(
    with_key: Connector[Any], status: int, code: str, outcome: Outcome, words: str
) -> None:
    found = refusal(with_key, first_request(with_key), status, code)

    assert found.outcome == outcome
    assert words in found.why


def test_a_site_that_shuts_its_comments_says_what_cannot_be_seen(shop: Connector[Any]) -> None:
    [asked] = shop.recheck(known(shop, 173))

    found = refusal(shop, asked, 401, "rest_forbidden")

    assert found.outcome == Outcome.FAILED
    assert "I cannot see your answers" in found.why


def test_the_two_shapes_of_a_review_are_one_review(shop: Connector[Any], with_key: Connector[Any]) -> None:
    [opened] = read(shop, listed(GOOD[0])).mentions
    [held] = read(with_key, listed(keyed())).mentions

    same = ("external_id", "text", "rating", "published_at", "verified")
    assert [getattr(opened, name) for name in same] == [getattr(held, name) for name in same]
