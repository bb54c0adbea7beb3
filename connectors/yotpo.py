"""Reviews of a shop that Yotpo keeps, as its widget shows them to every visitor: per product, with the shop's answer.

The owner's own list has edits and whatever waits, but no answers, and nothing recorded of it was to be had; the widget
needs no secret. It lags behind by about an hour. `sort=date` is documented, its direction is not: a list that turns
out to come newest first is left behind the time asked for, any other one is read to its end. Texts are escaped for
HTML. That all is well stands in `status`, beside the number of the answer. Reviews of the shop itself are those of a
product of their own, `yotpo_site_reviews`.
https://apidocs.yotpo.com/reference/retrieve-reviews-for-a-product,
https://apidocs.yotpo.com/docs/yotpo-headless-integration-guide-api-based.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from html import unescape
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field, StringConstraints

from monitor.connector import (
    Audience,
    Author,
    Connector,
    ConnectorConfig,
    FetchError,
    Mention,
    Page,
    Rating,
    RawMention,
    Reply,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
)
from monitor.text import parse_when

WIDGET = "https://api-cdn.yotpo.com/v1/widget/{app_key}/products/{product}/reviews.json"
THE_SHOP = "yotpo_site_reviews"
PER_PAGE = 100

Key = Annotated[str, StringConstraints(pattern=r"^\S{1,200}$", strip_whitespace=True)]


class YotpoConfig(ConnectorConfig):
    """Settings of one shop."""

    app_key: Key = Field(description="of the shop; every page with the widget shows it")
    products: tuple[Key, ...] = Field(
        (THE_SHOP,), min_length=1, description="the shop's own ids of its products; without, reviews of the shop itself"
    )


class Yotpo(Connector[YotpoConfig]):
    """Read the reviews of the named products, and the shop's answers."""

    Config = YotpoConfig
    title = "Yotpo"
    hosts = ("api-cdn.yotpo.com",)
    lists_all = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=30)
    fastest = timedelta(minutes=15)  # what is shown is up to an hour old
    sees = (
        "Published reviews of the products you name, about an hour late, with stars, votes and your answer; edits, and "
        "answers to old ones without a case, within a day; nothing that waits. Never tried on a live shop."
    )
    sees_answers = "yes"
    needs = "the app key of the shop, which is no secret"
    ready_in = "5 minutes"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the first page of each product."""
        for product in self.config.products:
            yield self._list(product, since.time)

    def parse(self, response: Response) -> Page:
        """Read one page of a product's reviews."""
        body, asked = response.json(), response.request.context
        if (code := int(body["status"]["code"])) != 200:
            raise FetchError(
                f"Yotpo answered {code} inside its answer: compare `app_key` and `products`",
                code="refused",
                status=code,
            )
        shown, until = body["response"], parse_when(asked["until"])
        named, here, count = shown["products"], shown["pagination"], shown["bottomline"]["total_review"]
        about = named[0]["name"] if len(named) == 1 else asked["product"]
        average = shown["bottomline"]["average_score"] if count else None
        links = {product["id"]: product.get("product_link") for product in named}
        page = Page.read(shown["reviews"], lambda item: _review(item, about, links.get(item.get("product_id"))))
        gone = tuple(str(item["id"]) for item in shown["reviews"] if isinstance(item, Mapping) and item.get("deleted"))
        times = [mention.published_at for mention in page.mentions if mention.published_at]
        passed = until and times and times == sorted(times, reverse=True) and times[-1] < until
        more = int(here["page"]) * int(here["per_page"]) < int(here["total"]) and not passed
        follow = (self._list(asked["product"], until, asked["page"] + 1),) if more else ()
        return Page(
            page.mentions, follow, gone=gone, totals=(SiteTotal(count, average, subject=about),), problems=page.problems
        )

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for the lists as far back as the oldest of them: a question for one review shows no answer."""
        times = [mention.published_at for mention in mentions if mention.published_at]
        yield from self.start(Since(min(times, default=None)))

    def _list(self, product: str, until: datetime | None, page: int = 1) -> Request:
        address = WIDGET.format(app_key=quote(self.config.app_key, safe=""), product=quote(product, safe=""))
        context = {"product": product, "page": page, "until": until.isoformat() if until else None}
        return Request(address, {"per_page": PER_PAGE, "page": page, "sort": "date"}, context=context)


def _review(item: Mapping[str, Any], about: str, link: str | None) -> RawMention | None:
    if item.get("deleted"):
        return None
    who, answer, votes = item["user"], item.get("comment"), item.get("votes_up")
    return RawMention(
        external_id=str(item["id"]),
        url=link,
        title=unescape(item["title"] or "").strip() or None,
        text=unescape(item["content"] or "").strip(),
        author=Author(unescape(who["display_name"] or "").strip() or None),
        published_at=parse_when(item["created_at"]),
        rating=Rating(float(item["score"])),
        audience=None if votes is None else Audience(votes, "helpful votes"),
        subject=Subject(product=None if about == THE_SHOP else about),
        reply=Reply(unescape(answer["content"]), published_at=parse_when(answer["created_at"])) if answer else None,
        verified=item.get("verified_buyer"),
    )
