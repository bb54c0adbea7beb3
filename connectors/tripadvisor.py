"""The five newest reviews of one place on Tripadvisor in each language, with the owner's answer, from its Content API.

Five a language is all that an ordinary key sees; a language is a question of its own. The answer of the owner is a
part of the review, so it is seen while its review is among the five. A key works from the IP addresses that were named
for it. The terms let the number of the place be kept and no more, so texts and names are not kept. Marks inside a
review (rooms, service) and what is told of the trip are not read.
https://tripadvisor-content-api.readme.io/reference/getlocationreviews,
https://tripadvisor-content-api.readme.io/reference/caching-policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Connector,
    ConnectorConfig,
    Outcome,
    Page,
    Rating,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    Subject,
    refused_by_status,
)
from monitor.connector.auth import QueryKey
from monitor.text import parse_when

REVIEWS = "https://api.content.tripadvisor.com/api/v1/location/{location}/reviews"
CALL = 1_000_000  # millionths: a budget is written as "150 calls"

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(_[A-Z]{2})?$")]


class TripadvisorConfig(ConnectorConfig):
    """Settings of one place."""

    location: str = Field(pattern=r"^[0-9]{1,12}$", description="the digits behind `-d` in the address of its page")
    api_key: SecretStr = Field(description="of the Content API, allowed for the address of this machine")
    languages: tuple[Language, ...] = Field(("en",), min_length=1, description="of the reviews to read")
    place: str | None = Field(None, description="what the place is called in messages")


class Tripadvisor(Connector[TripadvisorConfig]):
    """Read the newest reviews of one place."""

    Config = TripadvisorConfig
    title = "Tripadvisor"
    hosts = ("api.content.tripadvisor.com",)
    keeps_text = False
    default_every = timedelta(hours=6)
    fastest = timedelta(hours=1)
    sees = (
        "The five newest reviews in each language you name, with stars, likes and your answer while its review is "
        "among them; no others, no deletions. Tried on a recording without its texts."
    )
    sees_answers = "late"
    needs = "a key of the Content API and a fixed IP address; 5,000 calls a month are free"
    ready_in = "30 minutes"
    proven = "recordings"
    steps = (
        "Ask for a key of the Content API on Tripadvisor's developer pages, and set a daily budget there.",
        "Allow it for the IP address from which this machine goes to the internet.",
        "Put it where only you can read it and name it as `api_key`.",
        "Take `location` from the address of the place's page: the digits behind `-d`.",
    )

    def auth(self) -> Auth:
        """Return the key."""
        return QueryKey(self.config.api_key)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for each language."""
        for language in self.config.languages:
            yield Request(REVIEWS.format(location=self.config.location), {"language": language}, cost=CALL)

    def parse(self, response: Response) -> Page:
        """Read the one page of a language."""
        return Page.read(response.json()["data"], self._review)

    def refused(self, response: Response) -> Refusal | None:
        """Say where to look when the key does not work from here."""
        refusal = refused_by_status(response)
        if refusal and refusal.outcome == Outcome.RECONNECT:
            why = f"Tripadvisor answered {response.status}: look whether the key is right, and allowed for the IP"
            return Refusal(Outcome.RECONNECT, f"{why} address of this machine")
        return refusal

    def _review(self, item: Mapping[str, Any]) -> RawMention:
        answer, votes = item.get("owner_response"), item.get("helpful_votes")
        return RawMention(
            external_id=str(item["id"]),
            url=item["url"],
            title=item.get("title"),
            text=item["text"],
            author=Author(item["user"]["username"]),
            published_at=parse_when(item["published_date"]),
            rating=Rating(float(item["rating"])),
            language=item.get("lang"),
            audience=None if votes is None else Audience(votes, "helpful votes"),
            subject=Subject(place=self.config.place),
            reply=Reply(answer["text"], published_at=parse_when(answer["published_date"])) if answer else None,
        )
