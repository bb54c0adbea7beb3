"""Customer reviews of one's own apps, with the answers to them, from the App Store Connect API.

Up to 200 reviews a page, newest first, every country, as far back as they go; the next page is the link `links.next`
as it stands. Answers are given only when they are asked for (`include=response`) and lie beside the reviews, in
`included`. There is no time of the last change: an edit shows in the words or stars. Apple replaces a review that a
customer writes again, and does not say whether it keeps its id. By the specification every attribute may be missing;
an entry without stars or a time is not read. Stars without words are not listed. A key may ask about 3,500 times in a
rolling hour.
https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-customerreviews and
customer-review-responses, https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

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
    Reply,
    ReplyState,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
    refused_by_status,
)
from monitor.connector.auth import KeyES256
from monitor.text import parse_when

API = "https://api.appstoreconnect.apple.com"
CONSOLE = "https://appstoreconnect.apple.com/apps/{app}"
PER_PAGE = 200
WAIT = timedelta(minutes=15)  # Apple counts over a rolling hour and names no time
STATES = {"PUBLISHED": ReplyState.VISIBLE, "PENDING_PUBLISH": ReplyState.PENDING}
_CODE = re.compile(rb'"code"\s*:\s*"([A-Z_.]{3,80})"')

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,15}$", strip_whitespace=True)]
Territory = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_upper=True)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$", strip_whitespace=True)]


class AppleAppStoreConnectConfig(ConnectorConfig):
    """Settings of one app. A new key is no reason to start anew."""

    app_id: Digits = Field(coerce_numbers_to_str=True, description="the digits behind `id` in the app's address")
    key_id: Id = Field(exclude=True, description="the name Apple gave the key, ten letters and digits")
    private_key: SecretStr = Field(description="the whole .p8 file")
    issuer_id: Id | None = Field(None, exclude=True, description="above the list of team keys; none: an individual key")
    countries: tuple[Territory, ...] = Field((), description="three letters each, as in `USA`; empty: all")
    product: str | None = Field(None, description="what the app is called in messages")


class AppleAppStoreConnect(Connector[AppleAppStoreConnectConfig]):
    """Read the reviews of one app in all countries, and answer them."""

    Config = AppleAppStoreConnectConfig
    title = "App Store"
    hosts = ("api.appstoreconnect.apple.com",)
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    reply_limit = 5970  # characters, as clients of the API tell
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Every written review in all countries, with your answer and whether it is published; no app version, no "
        "stars without words. Tried on one recorded review; answers and pages only on Apple's specification."
    )
    sees_answers = "yes"
    needs = "a key of your App Store Connect team"
    ready_in = "10 minutes"
    steps = (
        "Open App Store Connect, Users and Access, Integrations, App Store Connect API, as an admin of the team.",
        "Make a team key: any role that may see the app reads; Customer Support or Admin can answer, too.",
        "Download the .p8 file (Apple gives it once), put it where only you can read it, and name it as `private_key`.",
        "Copy the key's id to `key_id` and the issuer id above the list to `issuer_id`; an individual key has none.",
    )
    proven = "recordings"

    def auth(self) -> Auth:
        """Return the key that signs a token for fifteen minutes at a time."""
        return KeyES256(self.config.issuer_id, self.config.key_id, self.config.private_key)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page; the driver stops where everything is known."""
        countries = {"filter[territory]": ",".join(self.config.countries)} if self.config.countries else {}
        params = {"sort": "-createdDate", "include": "response", "limit": PER_PAGE, **countries}
        yield Request(f"{API}/v1/apps/{self.config.app_id}/customerReviews", params)

    def parse(self, response: Response) -> Page:
        """Read one page of reviews, or the one that a re-check asked for."""
        body, one = response.json(), bool(response.request.about)
        reviews, following = [body["data"]] if one else body["data"], body["links"].get("next")
        answers = {item["id"]: item for item in body.get("included", ()) if item["type"] == "customerReviewResponses"}
        follow = [Request(following)] if following else []
        count = body.get("meta", {}).get("paging", {}).get("total")
        totals = () if one or count is None else (SiteTotal(count, None),)  # of written reviews only: no average
        return Page.read(reviews, partial(self._review, answers), follow, totals=totals)

    def refused(self, response: Response) -> Refusal | None:
        """Say which of key, role, app or pace Apple does not like."""
        status, found = response.status, _CODE.search(response.body)
        said = f"App Store Connect answered {status}" + (f" ({found[1].decode()})" if found else "")
        if status == 401:
            what = "look whether the key was revoked, `key_id` and `issuer_id` are its own, and the clock here is right"
            return Refusal(Outcome.RECONNECT, f"{said}: it does not accept the key; {what}")
        if status == 403:
            what = "give it a role that may, and see whether a new agreement waits for your account holder"
            return Refusal(Outcome.RECONNECT, f"{said}: the key may not read the reviews of this app; {what}")
        if status == 404 and not response.request.about:
            return Refusal(Outcome.FAILED, f"{said}: this key sees no app {self.config.app_id}; compare `app_id`")
        if status == 429:
            return Refusal(Outcome.THROTTLED, f"{said}: asked too often", response.retry_after() or WAIT)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each review; the API has no way to ask for several by id."""
        for mention in mentions:
            address = f"{API}/v1/customerReviews/{mention.external_id}"
            yield Request(address, {"include": "response"}, about=(mention.external_id,))

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer a review; where there is an answer, this one takes its place."""
        review = {"data": {"type": "customerReviews", "id": mention.external_id}}
        answer = {"attributes": {"responseBody": text}, "relationships": {"review": review}}
        return Request(
            f"{API}/v1/customerReviewResponses",
            method="POST",
            json={"data": {"type": "customerReviewResponses", **answer}},
        )

    def replied(self, response: Response) -> Reply:
        """Read the answer as Apple keeps it: as a rule it waits to be published."""
        return _reply(response.json()["data"])

    def _review(self, answers: Mapping[str, Mapping[str, Any]], item: Mapping[str, Any]) -> RawMention:
        said = item["attributes"]
        answer = item.get("relationships", {}).get("response", {}).get("data")
        console = CONSOLE.format(app=self.config.app_id)
        return RawMention(
            external_id=item["id"],
            url=console,
            title=said.get("title"),
            text=said.get("body", ""),
            author=Author(said.get("reviewerNickname")),
            published_at=parse_when(said["createdDate"]),
            rating=Rating(float(said["rating"])),
            subject=Subject(product=self.config.product, country=said.get("territory")),
            reply=_reply(answers[answer["id"]]) if answer else None,
            answer_url=console,
        )


def _reply(item: Mapping[str, Any]) -> Reply:
    said = item["attributes"]
    when = parse_when(said.get("lastModifiedDate"))
    return Reply(said["responseBody"], STATES[said["state"]], when, external_id=item["id"])
