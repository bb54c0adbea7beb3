"""What is special about Yotpo: escaped texts, success inside the answer, an order that is not documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Audience, Author, Connector, Rating, Reply, Since, Subject
from monitor.errors import FetchError
from monitor.models import Mention
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.yotpo import MUG, comment, page, review
from tests.connectors.kit import Answer, first_request, made, read

WRITTEN = datetime(2026, 11, 24, 22, 16, 5, tzinfo=UTC)


@pytest.fixture
def yotpo() -> Connector[Any]:
    return made("yotpo")


def test_a_review_is_read_whole(yotpo: Connector[Any]) -> None:
    [said] = read(yotpo, Answer(page(review(comment=comment())))).mentions

    assert (said.external_id, said.title, said.text) == ("1", "Broken & late", "It's broken, and nobody answers.")
    assert (said.rating, said.author, said.published_at) == (Rating(1), Author("Nia K."), WRITTEN)
    assert (said.audience, said.verified) == (Audience(2, "helpful votes"), True)
    assert (said.subject, said.url) == (Subject(product="Acme Mug"), "https://yotpo.com/go/made-up")
    assert said.reply is not None
    assert (said.reply.text, said.reply.published_at) == (
        "We're sorry.", datetime(2026, 11, 25, 7, 19, 25, tzinfo=UTC),
    )  # fmt: skip


def test_stars_alone_are_a_review(yotpo: Connector[Any]) -> None:
    [said] = read(yotpo, Answer(page(review(title=None, content=None)))).mentions

    assert (said.rating, said.title, said.text) == (Rating(1), None, "")


def test_the_average_and_the_count_are_told_for_each_product(yotpo: Connector[Any]) -> None:
    [total] = read(yotpo, Answer(page(review(), total=11))).totals
    [nothing] = read(yotpo, Answer(page())).totals

    assert (total.count, total.average, total.subject) == (11, 4.25, "Acme Mug")
    assert (nothing.count, nothing.average) == (0, None)


def test_each_product_has_a_list_of_its_own_and_without_one_the_shop_is_read() -> None:
    several = made("yotpo", products=["mug-1", "a/b"]).start(Since())
    shop = first_request(type(made("yotpo"))(type(made("yotpo")).Config(app_key="k")))

    assert [request.url.rpartition("/products/")[2] for request in several] == [
        "mug-1/reviews.json", "a%2Fb/reviews.json",
    ]  # fmt: skip
    assert shop.url.endswith("/k/products/yotpo_site_reviews/reviews.json")
    assert dict(shop.params) == {"per_page": 100, "page": 1, "sort": "date"}


def test_reviews_of_the_shop_and_of_several_products_at_once_get_no_wrong_name(yotpo: Connector[Any]) -> None:
    shop = made("yotpo", products=["yotpo_site_reviews"])

    [of_the_shop] = read(shop, Answer(page(review(), products=[]))).mentions
    [of_two] = read(yotpo, Answer(page(review(), products=[MUG, {"id": 14, "name": "Acme Cup"}]))).mentions

    assert of_the_shop.subject == Subject()
    assert of_two.subject == Subject(product="mug-1")


def test_a_list_in_the_order_of_time_is_left_behind_the_time_asked_for_and_another_is_read_to_its_end(
    yotpo: Connector[Any],
) -> None:
    asked = first_request(yotpo, Since(WRITTEN))

    in_order = read(yotpo, Answer(page(review(0), review(5), total=900)), asked)
    in_none = read(yotpo, Answer(page(review(5), review(0), total=900)), asked)
    within = read(yotpo, Answer(page(review(0), review(1), total=900)), asked)

    assert (len(in_order.follow), len(in_none.follow), len(within.follow)) == (0, 1, 1)


def test_pages_go_by_what_the_site_gives_at_once_and_not_by_what_was_asked_for(yotpo: Connector[Any]) -> None:
    first = read(yotpo, Answer(page(review(1), size=1, total=2)))
    last = read(yotpo, Answer(page(review(2), number=2, size=1, total=2)), first.follow[0])

    assert first.follow[0].params["page"] == 2  # type: ignore[union-attr]
    assert last.follow == ()


def test_an_error_inside_a_good_answer_says_what_to_compare(yotpo: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="Yotpo answered 404 inside its answer: compare `app_key`"):
        read(yotpo, Answer({"status": {"code": 404, "message": "App not found"}}))


def test_what_is_called_deleted_is_no_review_any_more(yotpo: Connector[Any]) -> None:
    found = read(yotpo, Answer(page(review(1), review(2, deleted=True))))

    assert ([one.external_id for one in found.mentions], found.gone) == (["1"], ("2",))


def test_a_recheck_goes_back_to_the_oldest_of_those_it_asks_for(yotpo: Connector[Any]) -> None:
    page_read = read(yotpo, Answer(page(review(1), review(2))))
    stored = [_stored(one) for one in page_read.mentions]

    [request] = yotpo.recheck(stored)

    assert request.context["until"] == (WRITTEN - timedelta(hours=1)).isoformat()


def _stored(raw: Any) -> Mention:
    return normalise(raw, connector="yotpo", brands=(), now=NOON)


def test_an_answer_that_is_gone_is_no_answer(yotpo: Connector[Any]) -> None:
    [with_one] = read(yotpo, Answer(page(review(comment=comment())))).mentions
    [without] = read(yotpo, Answer(page(review()))).mentions

    assert isinstance(with_one.reply, Reply)
    assert (without.reply, without.absent) == (None, frozenset())
