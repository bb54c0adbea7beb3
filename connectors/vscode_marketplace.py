"""Reviews of one extension on the Visual Studio Marketplace, from the interface that its own pages use: no key.

Microsoft documents the fields and parameters only in its client for Azure DevOps (azure-devops-node-api 17.0.1,
`GalleryApi.getReviews` and `GalleryInterfaces`), and not the address, which is the one that published programs use.
There is one time for a review, `updatedDate`: that of its last edit, by which it moves to the front. A page goes back
by `beforeDate`. In which order reviews come is nowhere said, so everything is walked once a day. Now and then an
extension with reviews is shown without any: a list that is empty although there are some, or behind a page that
promised more, is an error. That is why a review that is missing proves nothing, and only `isDeleted` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.connector import (
    Author,
    Connector,
    ConnectorConfig,
    FetchError,
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

REVIEWS = "https://marketplace.visualstudio.com/_apis/public/gallery/publishers/{0}/extensions/{1}/reviews"
PAGE = "https://marketplace.visualstudio.com/items?itemName={0}.{1}"
ACCEPT = "application/json;api-version=7.2-preview.1"
AT_ONCE = 100
ALL = 0  # filterOptions: those without a text and without a name, too

Extension = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*\.[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)
]


class VSCodeMarketplaceConfig(ConnectorConfig):
    """Settings of one extension."""

    extension: Extension = Field(description="what stands behind `itemName=` in its address: publisher.name")
    product: str | None = Field(None, description="what the extension is called in messages")


class VSCodeMarketplace(Connector[VSCodeMarketplaceConfig]):
    """Read the reviews of one extension, and the publisher's answers."""

    Config = VSCodeMarketplaceConfig
    title = "VS Code Marketplace"
    hosts = ("marketplace.visualstudio.com",)
    newest_first = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Every review with stars, words, version, edits and the publisher's answer; answers to old ones within a day. "
        "Deletions only where the Marketplace says so. Built on Microsoft's client, never tried on real answers."
    )
    sees_answers = "yes"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest; the driver stops where everything is known."""
        yield self._ask()

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for all that was written or edited since the oldest of them: a single one cannot be asked for."""
        times = [moment for mention in mentions if (moment := mention.updated_at or mention.published_at)]
        if times:
            yield self._ask(afterDate=(min(times) - timedelta(seconds=1)).isoformat())

    def parse(self, response: Response) -> Page:
        """Read one page. Raises FetchError (code empty) where there should be something on it."""
        body, asked = response.json(), response.request.params
        reviews, total = body["reviews"], body["totalReviewCount"]
        if not reviews and "afterDate" not in asked and (total or "beforeDate" in asked):
            raise FetchError("the Marketplace shows no review although there are some", code="empty")
        more = [self._ask(**_further(asked, reviews))] if body["hasMoreReviews"] and reviews else []
        totals = () if len(asked) > len(self._ask().params) or not total else (SiteTotal(total, None),)
        gone = tuple(str(review["id"]) for review in reviews if isinstance(review, Mapping) and review.get("isDeleted"))
        return Page.read(reviews, self._review, more, gone=gone, totals=totals)

    def refused(self, response: Response) -> Refusal | None:
        """Read 401, 403 and 404 as an extension that is not shown: there is no access to lose."""
        status = response.status
        if status in (401, 403, 404) and not response.retry_after():
            why = f"the Marketplace answered {status}: compare `extension` with the address; it has to be public"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def _ask(self, **span: str) -> Request:
        address = REVIEWS.format(*self.config.extension.split(".", 1))
        return Request(address, {"count": AT_ONCE, "filterOptions": ALL, **span}, headers={"Accept": ACCEPT})

    def _review(self, item: Mapping[str, Any]) -> RawMention | None:
        if item.get("isDeleted"):
            return None
        changed, said = parse_when(item["updatedDate"]), item.get("reply")
        address = PAGE.format(*self.config.extension.split(".", 1))
        return RawMention(
            external_id=str(item["id"]),
            url=address,
            title=item.get("title"),
            text=item.get("text") or "",
            author=Author(item.get("userDisplayName"), item["userId"]),
            published_at=changed,
            updated_at=changed,
            rating=Rating(item["rating"]),
            subject=Subject(product=self.config.product, app_version=item.get("productVersion")),
            reply=_reply(said) if said and not said.get("isDeleted") else None,
            answer_url=address,
        )


def _reply(said: Mapping[str, Any]) -> Reply:
    return Reply(said["replyText"], published_at=parse_when(said["updatedDate"]), external_id=str(said["id"]))


def _further(asked: Mapping[str, Any], reviews: Sequence[Any]) -> dict[str, str]:
    """Return from where the next page goes back, within what was asked for."""
    oldest = min(
        str(review["updatedDate"]) for review in reviews if isinstance(review, Mapping) and "updatedDate" in review
    )
    return {"beforeDate": oldest} | ({"afterDate": asked["afterDate"]} if "afterDate" in asked else {})
