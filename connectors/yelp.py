"""The three newest reviews of a business on Yelp, as excerpts, from the paid Places (Fusion) API.

Three is all there is, cut at about 160 characters, whatever the plan's number of calls. That `newest` sorts them is
told by clients only; what was published between two looks beyond three shows as a gap. A business without reviews is
answered with 403, and a plan without reviews with 404, as if the business were not there. Times have no zone:
descriptions that others made of the interface call them Pacific ones. Older answers have no id; it stands in the
link. Yelp's terms let texts be kept for a day at most, so they are not kept.
https://docs.developer.yelp.com/reference/v3_business_reviews, https://docs.developer.yelp.com/docs/places-rate-limiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from monitor.connector import (
    Auth,
    Author,
    Connector,
    ConnectorConfig,
    Outcome,
    Page,
    Rating,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
    refused_by_status,
)
from monitor.connector.auth import HeaderKey
from monitor.text import parse_when

REVIEWS = "https://api.yelp.com/v3/businesses/{business}/reviews"
ANSWER = "https://biz.yelp.com"
ZONE = "America/Los_Angeles"
CALL = 1_000_000  # millionths: a budget is written as "300 calls"

_ID = re.compile(r"[?&]hrid=([\w-]+)")


def _business(value: Any) -> str:
    return str(value).strip().rpartition("/biz/")[2].partition("?")[0]


Business = Annotated[str, BeforeValidator(_business), StringConstraints(pattern=r"^[^\s/?#]{1,200}$")]


class YelpConfig(ConnectorConfig):
    """Settings of one business."""

    business: Business = Field(description="what stands behind `yelp.com/biz/` in the address of its page")
    api_key: SecretStr = Field(description="of your app at Yelp, with a plan that includes reviews")
    locale: str | None = Field(None, pattern=r"^[a-z]{2,3}_[A-Z]{2}$", description="language and country: de_DE")
    place: str | None = Field(None, description="what the business is called in messages")


class Yelp(Connector[YelpConfig]):
    """Read the newest reviews of one business."""

    Config = YelpConfig
    title = "Yelp"
    hosts = ("api.yelp.com",)
    keeps_text = False
    default_every = timedelta(hours=3)
    fastest = timedelta(minutes=15)
    sees = (
        "The beginnings of the three newest reviews, their stars, and how many there are; no average, no answers, no "
        "deletions, none that Yelp does not recommend. Tried on a recording of 2016."
    )
    needs = "an API key with a paid plan that includes reviews"
    ready_in = "15 minutes, with such a plan"
    steps = (
        "Sign in to Yelp's developer pages and choose a plan of the Places API; ask whether it includes reviews.",
        "Make an app there, put its API key where only you can read it, and name it as `api_key`.",
        "Take `business` from the address of the page: what stands behind yelp.com/biz/.",
    )

    def auth(self) -> Auth:
        """Return the key."""
        return HeaderKey(self.config.api_key)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest reviews."""
        locale = {"locale": self.config.locale} if self.config.locale else {}
        address = REVIEWS.format(business=quote(self.config.business, safe=""))
        yield Request(address, {"sort_by": "newest", **locale}, cost=CALL)

    def parse(self, response: Response) -> Page:
        """Read the one page there is."""
        body = response.json()
        total = SiteTotal(body["total"], None, subject=self.config.place or "")
        return Page.read(body["reviews"], self._review, totals=(total,))

    def refused(self, response: Response) -> Refusal | None:
        """Tell a business without reviews from a plan without them, and the calls of the day from haste."""
        status = response.status
        if status == 403 and b"BUSINESS_UNAVAILABLE" in response.body:
            return Refusal(Outcome.NOTHING, "Yelp has no reviews of this business")
        if status == 404:
            why = "Yelp answered 404: compare `business`; if it is right, your Yelp plan does not include reviews"
            return Refusal(Outcome.FAILED, why)
        if status == 429 and b"ACCESS_LIMIT_REACHED" in response.body:
            why = "Yelp answered 429: the calls of the day are used up; choose a longer `every` or another plan"
            return Refusal(Outcome.OVER_BUDGET, why, response.retry_after())
        return refused_by_status(response)

    def _review(self, item: Mapping[str, Any]) -> RawMention:
        who, known = item["user"], _ID.search(item["url"])
        return RawMention(
            external_id=item.get("id") or (known[1] if known else ""),
            url=item["url"],
            text=item["text"],
            author=Author(who["name"], who.get("id"), who.get("profile_url")),
            published_at=parse_when(item["time_created"], ZONE),
            rating=Rating(float(item["rating"])),
            subject=Subject(place=self.config.place),
            answer_url=ANSWER,
            absent=frozenset({"reply"}),
        )
