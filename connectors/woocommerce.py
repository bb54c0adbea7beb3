"""Reviews of the products of a WooCommerce shop: without keys what everybody sees, with keys those on hold, too.

Both lists come newest first, a hundred a page, and neither has a time of the last change: an edit shows in the
words. A review that waits for approval gets in late with its old date, so everything is walked once a day. The
open list (Store API) has no way to ask for single reviews. A rating of 0 means that no stars were given. Answers
are ordinary comments whose parent is the review; neither list shows them, WordPress' own does. Shops before the
list of v3 named products give only their number. Times are UTC without saying so.
https://woocommerce.github.io/woocommerce-rest-api-docs/#product-reviews,
https://developer.woocommerce.com/docs/apis/store-api/resources-endpoints/product-reviews/,
https://developer.wordpress.org/rest-api/reference/comments/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, PositiveInt, SecretStr, model_validator

from monitor.connector import (
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Kind,
    Mention,
    Outcome,
    Page,
    Rating,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    Subject,
    refused_by_status,
)
from monitor.connector.auth import Basic
from monitor.connector.wordpress import FULL_PAGE, SiteUrl, page_of, shut, still_there
from monitor.text import from_html, parse_when

OPEN = "/wp-json/wc/store/v1/products/reviews"
KEYED = "/wp-json/wc/v3/products/reviews"
COMMENTS = "/wp-json/wp/v2/comments"
TAKEN_DOWN = ("spam", "trash")
UNKNOWN_ID = b'"woocommerce_rest_review_invalid_id"'


class WooCommerceConfig(ConnectorConfig):
    """Settings of one shop."""

    url: SiteUrl = Field(description="the address of the shop")
    products: tuple[PositiveInt, ...] = Field((), description="the numbers of the products; empty: all")
    consumer_key: SecretStr | None = Field(None, description="of a key that may read; it begins with ck_")
    consumer_secret: SecretStr | None = Field(None, description="of the same key; it begins with cs_")

    @model_validator(mode="after")
    def _keys_are_whole(self) -> WooCommerceConfig:
        if (self.consumer_key is None) != (self.consumer_secret is None):
            raise ValueError("a key has two halves: give both `consumer_key` and `consumer_secret`, or neither")
        if self.consumer_key and not self.url.startswith("https://"):
            raise ValueError("keys go over https:// only: change `url`, or read without keys")
        return self


@dataclass(frozen=True)
class ShopKey(Basic):
    """The key, for the shop's own list only: WordPress takes it for the name of a user and refuses it."""

    def sign(self, request: Request, token: Any, now: datetime) -> Any:
        """Add the header where the key is known."""
        return super().sign(request, token, now) if KEYED in request.url else Auth().sign(request, token, now)


class WooCommerce(Connector[WooCommerceConfig]):
    """Read the reviews of a shop, and our own answers to them."""

    Config = WooCommerceConfig
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=5)  # it is the shop's own server
    sees = (
        "Reviews with stars, product and whether it was bought; with keys also those on hold. Answers only where the "
        "site shows its comments to everybody and `own_accounts` names who answers. The open list was never tried on "
        "a real shop."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    proven = "documentation"

    def __init__(self, config: WooCommerceConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        accounts = [name for brand in self.brands for name in brand.own_accounts.get("woocommerce", ())]
        self.ours = set(filter(str.isdigit, accounts))  # a name in the list of reviews is ours, but answers nobody
        # Answers stand in a list of their own: what the list of reviews lacks would be taken for deleted.
        self.lists_all = not self.ours  # type: ignore[misc]  # a class variable everywhere else
        if not self.ours:
            self.sees_answers = "no"

    def auth(self) -> Auth | None:
        """Return the key where one is given."""
        key, secret = self.config.consumer_key, self.config.consumer_secret
        return ShopKey(key.get_secret_value(), secret) if key and secret else None

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page; the driver stops where everything is known."""
        products = list(self.config.products)
        if self.config.consumer_key:
            yield self._keyed({"product[]": products} if products else {})
        else:
            yield self._list(OPEN, {"product_id": ",".join(map(str, products))} if products else {})

    def parse(self, response: Response) -> Page:
        """Read one page of reviews, one review, or the answers to some."""
        asked = response.request.context
        if asked["list"] == COMMENTS:
            return page_of(response, self._answer)
        if "one" in asked:
            review = response.json()
            down = review["status"] in TAKEN_DOWN
            return Page(gone=response.request.about) if down else Page.read([review], self._review)
        if "these" in asked:
            return still_there(response, self._review, self._one)
        return page_of(response, self._review)

    def refused(self, response: Response) -> Refusal | None:
        """Tell a refused key from a site that is shut, and a review that is gone from a plugin that is off."""
        status, asked = response.status, response.request.context
        if status in (403, 404) and UNKNOWN_ID in response.body and response.request.about:
            return Refusal(Outcome.GONE, "the shop no longer has the review", gone=response.request.about)
        if asked["list"] == KEYED and (status == 401 or (status == 403 and b'"woocommerce_rest_' in response.body)):
            why = f"the shop answered {status}: the key may not (or no longer) read reviews"
            what = "make a new one in WooCommerce that may read, or see whether the host drops the Authorization header"
            return Refusal(Outcome.RECONNECT, f"{why}; {what}")
        what = "comments, so I cannot see your answers" if asked["list"] == COMMENTS else "reviews"
        also = ", whether WooCommerce is switched on"
        return shut(response, asked["list"], what, also) or refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for the reviews themselves where a key allows it, and for the answers of our accounts."""
        ids = [mention.external_id for mention in mentions]
        for some in (ids[start : start + FULL_PAGE] for start in range(0, len(ids), FULL_PAGE)):
            if self.config.consumer_key:
                asked = self._keyed({"include[]": some})
                yield replace(asked, context={**asked.context, "these": some})
            if self.ours:
                yield self._list(COMMENTS, {"parent[]": some})

    def _list(self, path: str, params: Mapping[str, Any]) -> Request:
        order = {"orderby": "date_gmt", "order": "desc", "per_page": FULL_PAGE, "page": 1}
        return Request(self.config.url + path, {**order, **params}, context={"list": path})

    def _keyed(self, params: Mapping[str, Any]) -> Request:
        return self._list(KEYED, {"status": "all", **params})  # without it, reviews on hold are left out

    def _one(self, external_id: str) -> Request:
        address = f"{self.config.url}{KEYED}/{external_id}"
        return Request(address, context={"list": KEYED, "one": True}, about=(external_id,))

    def _review(self, item: Mapping[str, Any]) -> RawMention:
        stars = float(item["rating"])
        page = item.get("product_permalink")  # v3 has it, and the name, in newer versions only
        link = f"{page}#comment-{item['id']}" if page else self.config.url
        profile = item.get("_links", {}).get("reviewer", [{}])[0].get("href", "")
        return RawMention(
            external_id=str(item["id"]),
            url=link,
            text=item["review"],
            author=Author(from_html(item["reviewer"]), id=profile.rpartition("/users/")[2] or None),
            published_at=parse_when(item["date_created_gmt"]),
            rating=Rating(stars) if stars else None,
            subject=Subject(product=from_html(item.get("product_name") or "") or f"product {item['product_id']}"),
            answer_url=link,
            verified=item["verified"],
            html=True,
            absent=frozenset({"reply"}),
        )

    def _answer(self, item: Mapping[str, Any]) -> RawMention | None:
        """Return an answer of ours; what others write below a review is no review."""
        user = str(item["author"])
        if user not in self.ours:
            return None
        return RawMention(
            external_id=str(item["id"]),
            url=item["link"],
            text=item["content"]["rendered"],
            kind=Kind.COMMENT,
            author=Author(from_html(item["author_name"]), id=user),
            published_at=parse_when(item["date_gmt"]),
            parent_id=str(item["parent"]),
            html=True,
        )
