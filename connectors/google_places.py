"""A glance at any place on Google Maps, from the Places API (New): its average and count, and five reviews.

The five are those that Google finds most relevant, not the newest: most reviews are never among them, so what counts
here are the totals. Your own places have a connector that sees everything, google_business_profile. There is one
question a place and no page behind it; the mask of fields is part of the question and of its price. A field that has
no value is not there. Google's terms let a place's id be kept and no more of it, so a place is called what its watcher
calls it, and texts are not kept. How long ago a review was written changes every day and is not read.
https://developers.google.com/maps/documentation/places/web-service/place-details,
https://developers.google.com/maps/documentation/places/web-service/policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

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

PLACE = "https://places.googleapis.com/v1/places/{place}"
FIELDS = "id,googleMapsUri,rating,reviews,userRatingCount"
CALL = 1_000_000  # millionths: a budget is written as "10 calls", as prices differ by country and by what is used

PlaceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{10,300}$")]


class GooglePlacesConfig(ConnectorConfig):
    """Settings of a glance at some places."""

    places: Mapping[PlaceId, str] = Field(min_length=1, description="ids of places, each with your own name for it")
    api_key: SecretStr = Field(description="a key of Google Cloud, limited to the Places API (New)")


class GooglePlaces(Connector[GooglePlacesConfig]):
    """Read the totals of some places, and the reviews that Google shows with them."""

    Config = GooglePlacesConfig
    title = "Google Maps"
    hosts = ("places.googleapis.com",)
    names_gaps = True  # five of many are always less than came meanwhile
    keeps_text = False
    paid = "calls"
    default_every = timedelta(hours=12)
    fastest = timedelta(hours=1)
    sees = (
        "The average and the count of any place, and the five reviews that Google finds most relevant, without "
        "answers: most bad reviews are never among them. Tried on a recording of two reviews."
    )
    needs = "a key of Google Cloud with billing: every look is charged, once for each place"
    ready_in = "15 minutes"
    proven = "recordings"
    steps = (
        "Make a project at console.cloud.google.com with billing, and switch on the Places API (New) there.",
        "Make an API key under Credentials, limit it to that API, and set a quota for it, too.",
        'Put the key into `api_key` of an [[accounts]] table that has daily_budget = "10 calls".',
        "Look up the ids of your places with Google's Place ID Finder, and name them in `places`.",
    )

    def auth(self) -> Auth:
        """Return the key."""
        return HeaderKey(self.config.api_key, "X-Goog-Api-Key", "")

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for each place."""
        for place in self.config.places:
            mask = {"X-Goog-FieldMask": FIELDS}
            yield Request(PLACE.format(place=place), headers=mask, context=place, cost=CALL)

    def parse(self, response: Response) -> Page:
        """Read one place."""
        body, name = response.json(), self.config.places[response.request.context]
        link, count = body["googleMapsUri"], body.get("userRatingCount", 0)
        total = SiteTotal(count, body["rating"] if count else None, subject=name)
        return Page.read(body.get("reviews", ()), lambda item: _review(item, name, link), totals=(total,))

    def refused(self, response: Response) -> Refusal | None:
        """Tell a key that may not from a place that is not there."""
        status = response.status
        if status in (401, 403) or (status == 400 and b"API_KEY_INVALID" in response.body):
            why = f"Google answered {status}: look whether the key is right and may use the Places API (New)"
            return Refusal(Outcome.RECONNECT, why)
        if status in (400, 404):
            why = f"Google answered {status} for the place {response.request.context}: compare its id in `places`"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)


def _review(item: Mapping[str, Any], place: str, link: str) -> RawMention:
    who, said = item["authorAttribution"], item.get("originalText") or item.get("text") or {"text": ""}
    return RawMention(
        external_id=item["name"],
        url=item.get("googleMapsUri") or link,
        text=said["text"],
        author=Author(who["displayName"], url=who.get("uri")),
        published_at=parse_when(item["publishTime"]),
        rating=Rating(float(item["rating"])),
        language=said.get("languageCode"),
        subject=Subject(place=place),
        absent=frozenset({"reply"}),
    )
