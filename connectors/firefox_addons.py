"""Ratings of one add-on on addons.mozilla.org, from the interface that its own pages use: no key.

Of each person the newest rating is listed: a second one is a new one and takes the place of the first, an edit keeps
its number and has no time. Mozilla does not say in which order they come; their own pages show the newest first. So
everything is walked once a day, which also finds edits and deletions. Most ratings are stars without a word.
Mozilla may change this interface at any time. Only a developer who is logged in by cookie can answer through it.
https://mozilla.github.io/addons-server/topics/api/ratings.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.connector import (
    Author,
    Connector,
    ConnectorConfig,
    Mention,
    Outcome,
    Page,
    Rating,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
    refused_by_status,
)
from monitor.text import parse_when

RATINGS = "https://addons.mozilla.org/api/v5/ratings/rating/"
PAGE = "https://addons.mozilla.org/firefox/addon/{addon}/reviews/{number}/"
AT_ONCE = 50

AddOn = Annotated[str, StringConstraints(pattern=r"^[^\s/?#&]+$", strip_whitespace=True, max_length=255)]


class FirefoxAddOnsConfig(ConnectorConfig):
    """Settings of one add-on."""

    addon: AddOn = Field(coerce_numbers_to_str=True, description="what stands behind `addon/` in its address")
    product: str | None = Field(None, description="what the add-on is called in messages")


class FirefoxAddOns(Connector[FirefoxAddOnsConfig]):
    """Read the ratings of one add-on, and the developer's answers."""

    Config = FirefoxAddOnsConfig
    title = "Firefox Add-ons"
    hosts = ("addons.mozilla.org",)
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Everybody's newest rating with stars, words, version and the developer's answer; edits and deletions within "
        "two days. Built on Mozilla's documentation, never tried on real answers."
    )
    sees_answers = "yes"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page; the driver stops where everything is known."""
        asked = {"addon": self.config.addon, "page_size": AT_ONCE, "show_grouped_ratings": 1}
        yield Request(RATINGS, {**asked, "page": 1}, context={"list": True})

    def parse(self, response: Response) -> Page:
        """Read one page of ratings, or one rating."""
        body, asked = response.json(), response.request
        if "one" in asked.context:
            return Page(gone=(str(body["id"]),)) if body["is_deleted"] else Page.read([body], self._rating)
        page = Page.read(body["results"], self._rating, totals=_totals(body.get("grouped_ratings")))
        if body["next"] is None:
            return page
        return replace(page, follow=(replace(asked, params={**asked.params, "page": asked.params["page"] + 1}),))

    def refused(self, response: Response) -> Refusal | None:
        """Read 401, 403 and 404 of the list as an add-on that is not shown: there is no access to lose."""
        status = response.status
        if status in (401, 403, 404) and "one" not in response.request.context and not response.retry_after():
            why = f"Firefox Add-ons answered {status}: compare `addon` with the address; it has to be public"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each rating by its number."""
        for mention in mentions:
            here, about = f"{RATINGS}{mention.external_id}/", (mention.external_id,)
            yield Request(here, context={"one": True}, about=about)

    def _rating(self, item: Mapping[str, Any]) -> RawMention:
        who, version, said = item["user"], item["version"], item["reply"]
        address = PAGE.format(addon=item["addon"]["slug"], number=item["id"])
        return RawMention(
            external_id=str(item["id"]),
            url=address,
            text=item["body"] or "",
            author=Author(who["name"], str(who["id"]), who["url"]),
            published_at=parse_when(item["created"]),
            rating=Rating(item["score"]),
            subject=Subject(product=self.config.product, app_version=version["version"] if version else None),
            reply=Reply(said["body"], published_at=parse_when(said["created"])) if said else None,
            answer_url=address,
        )


def _totals(stars: Mapping[str, int] | None) -> tuple[SiteTotal, ...]:
    """Return the count and the average of all ratings; older ones of the same person are among them."""
    count = sum(stars.values()) if stars else 0
    if not stars or not count:
        return ()
    return (SiteTotal(count, sum(int(star) * often for star, often in stars.items()) / count),)
