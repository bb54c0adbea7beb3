"""Product reviews that Judge.me keeps for a shop, from its API, by the shop's private token.

The list has what waits or is hidden, too, but no answers: whether one was given cannot be seen. Its order is not
documented: a list that turns out to come newest first is left behind the time asked for, any other one is read to its
end, which is an empty page. Nothing can be asked for by its last change. A wrong token and a wrong shop are answered
alike. Mail address, phone and IP address of people stand in the answer and are left there. What Judge.me pushes
carries no signature that is documented, so it is not taken.
https://judge.me/api/docs.yaml
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from monitor.connector import (
    Auth,
    Author,
    Connector,
    ConnectorConfig,
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
from monitor.connector.auth import HeaderKey
from monitor.text import parse_when

REVIEWS = "https://api.judge.me/api/v1/reviews"
PER_PAGE = 100


def _domain(value: Any) -> str:
    return str(value).strip().lower().rpartition("://")[2].rstrip("/")


Domain = Annotated[str, BeforeValidator(_domain), StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class JudgeMeConfig(ConnectorConfig):
    """Settings of one shop."""

    shop_domain: Domain = Field(description="the shop as Judge.me knows it: name.myshopify.com")
    api_token: SecretStr = Field(description="the private token; the public one serves only the shop's pages")


class JudgeMe(Connector[JudgeMeConfig]):
    """Read the reviews of all products of one shop."""

    Config = JudgeMeConfig
    title = "Judge.me"
    hosts = ("api.judge.me",)
    lists_all = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Every review of all products, those on hold, too; edits and deletions of old ones without a case within a "
        "day or two. No answers: Judge.me does not list them. Built on a description, never tried on real answers."
    )
    needs = "the private token of your shop at Judge.me"
    ready_in = "5 minutes"
    steps = (
        "Open Judge.me in the admin of your shop and look in its settings for the API.",
        "Put the private token where only you can read it and name it as `api_token`.",
        "Give the domain that is shown with it as `shop_domain`: name.myshopify.com.",
    )

    def auth(self) -> Auth:
        """Return the token."""
        return HeaderKey(self.config.api_token, "X-Api-Token", "")

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the first page."""
        yield self._list(since.time)

    def parse(self, response: Response) -> Page:
        """Read one page of reviews, or the one review that a re-check asked for."""
        body, asked = response.json(), response.request
        if asked.about:
            return Page.read([body.get("review", body)], self._review)  # nothing says whether it is wrapped
        page, until = Page.read(body["reviews"], self._review), parse_when(asked.context["until"])
        times = [mention.published_at for mention in page.mentions if mention.published_at]
        passed = until and times and times == sorted(times, reverse=True) and times[-1] < until
        follow = () if passed or not body["reviews"] else (self._list(until, asked.params["page"] + 1),)
        return Page(page.mentions, follow, problems=page.problems)

    def refused(self, response: Response) -> Refusal | None:
        """Say what to compare when Judge.me knows the shop or the token not; it does not say which."""
        refusal = refused_by_status(response)
        if refusal and (refusal.outcome == Outcome.RECONNECT or b"Failed to authenticate" in response.body):
            why = f"Judge.me answered {response.status}: compare both `shop_domain` and `api_token`, the private one"
            return Refusal(Outcome.RECONNECT, why)
        return refusal

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each review: whether it was changed or deleted."""
        shop = {"shop_domain": self.config.shop_domain}
        for mention in mentions:
            yield Request(f"{REVIEWS}/{mention.external_id}", shop, about=(mention.external_id,))

    def _list(self, until: datetime | None, page: int = 1) -> Request:
        params = {"shop_domain": self.config.shop_domain, "page": page, "per_page": PER_PAGE}
        return Request(REVIEWS, params, context={"until": until.isoformat() if until else None})

    def _review(self, item: Mapping[str, Any]) -> RawMention | None:
        if item.get("curated") == "spam":
            return None
        shop, handle = self.config.shop_domain, item.get("product_handle")
        return RawMention(
            external_id=str(item["id"]),
            url=f"https://{shop}/products/{handle}" if handle and shop.endswith(".myshopify.com") else None,
            title=item["title"] or None,
            text=item["body"] or "",
            author=Author(item["reviewer"]["name"]),
            published_at=parse_when(item["created_at"]),
            updated_at=parse_when(item.get("updated_at")),
            rating=Rating(float(item["rating"])),
            subject=Subject(product=item.get("product_title")),
            verified=True if item.get("verified") == "buyer" else None,  # of the other words not all are documented
            absent=frozenset({"reply"}),
        )
