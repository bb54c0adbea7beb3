"""Customer reviews on the App Store, from Apple's open feed: no key, one request a country and page.

Fifty reviews a page, ten pages, newest first; the eleventh is a line of plain text. Apple documents nothing
of it. Seen in recordings: past the last review and for an unknown app it answers 200 and a feed without
`entry`; a single `entry` is an object instead of a list; between 2018 and 2021 entries had no `updated`; the
`next` link leads to XML and goes on for ever. Clients report feeds that are empty at random, and that the
other form of the address helps: it is tried, and an empty feed where there were reviews is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.connector import (
    Author,
    Connector,
    ConnectorConfig,
    ItemProblem,
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
from monitor.text import number, parse_when

FORMS = (
    "https://itunes.apple.com/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json",
    "https://itunes.apple.com/{country}/rss/customerreviews/id={app}/sortBy=mostRecent/page={page}/json",
)
LAST_PAGE = 10
FULL_PAGE = 50
TOO_DEEP = b"CustomerReviews RSS page depth"

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,15}$", strip_whitespace=True)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$", to_lower=True)]


class AppleRssConfig(ConnectorConfig):
    """Settings of one App Store source."""

    app_id: Digits = Field(coerce_numbers_to_str=True, description="the digits behind `id` in the app's address")
    countries: tuple[Country, ...] = Field(("us",), min_length=1, description="two letters each, as in `us`")
    product: str | None = Field(None, description="what the app is called in messages")


class AppleRss(Connector[AppleRssConfig]):
    """Read the reviews of one app in some countries."""

    Config = AppleRssConfig
    title = "App Store"
    hosts = ("itunes.apple.com",)
    newest_first = True
    default_every = timedelta(hours=1)
    fastest = timedelta(hours=1)  # a country; Apple answers 403 to those who ask more often
    sees = "The newest 500 reviews of each country, with stars and app version; no answers, no deletions."
    sees_answers = "no"
    proven = "recordings"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page of each country."""
        for country in dict.fromkeys(self.config.countries):
            had = country in (since.bookmark or {})
            yield self._request({"country": country, "page": 1, "had": had, "form": 0, "again": False})

    def parse(self, response: Response) -> Page:
        """Read one page of one country."""
        asked = response.request.context
        if response.body.startswith(TOO_DEEP):
            return Page()
        entries = response.json()["feed"].get("entry", [])
        if isinstance(entries, Mapping):
            entries = [entries]
        if not entries:
            return self._empty(asked)
        follow = []
        if asked["page"] < LAST_PAGE:
            full = len(entries) >= FULL_PAGE
            follow = [self._request({**asked, "page": asked["page"] + 1, "had": full, "again": False})]
        return Page.read(entries, partial(self._review, asked["country"]), follow, bookmark={asked["country"]: True})

    def refused(self, response: Response) -> Refusal | None:
        """Try the other form of the address when one fails; 403 means asked too often, there is no access to lose."""
        asked, status = response.request.context, response.status
        if status == 403:
            return Refusal(Outcome.THROTTLED, "the App Store answered 403: asked too often", response.retry_after())
        broken = status in (400, 404) or status >= 500 or (status == 200 and not response.body.strip())
        if broken and not asked["again"]:
            return Refusal(Outcome.TRY_OTHER, f"the App Store answered {status}", instead=(self._other(asked),))
        if status == 404 and asked["page"] > 1:
            return Refusal(Outcome.NOTHING, "there is no further page")
        return refused_by_status(response)

    def _empty(self, asked: Mapping[str, Any]) -> Page:
        """Believe in an empty page only where nothing was to be expected."""
        if asked["had"] and not asked["again"]:
            return Page(follow=(self._other(asked),))
        if asked["had"] and asked["page"] == 1:
            lost = f"the App Store shows no reviews in `{asked['country']}`, where it showed some before"
            return Page(problems=(ItemProblem(lost),))
        return Page()

    def _other(self, asked: Mapping[str, Any]) -> Request:
        return self._request({**asked, "form": 1 - asked["form"], "again": True})

    def _request(self, context: dict[str, Any]) -> Request:
        form = FORMS[context["form"]]
        address = form.format(country=context["country"], page=context["page"], app=self.config.app_id)
        return Request(address, context=context)

    def _review(self, country: str, entry: Mapping[str, Any]) -> RawMention | None:
        if "im:name" in entry and "im:rating" not in entry:
            return None  # some years the first entry was the app itself
        app = self.config.app_id
        author = entry["author"]
        profile = author.get("uri", {}).get("label", "")
        stars = number(entry["im:rating"]["label"])
        when = parse_when(entry.get("updated", {}).get("label"))
        return RawMention(
            external_id=entry["id"]["label"],
            url=f"https://itunes.apple.com/{country}/review?id={app}&type=Purple%20Software",
            title=entry["title"]["label"],
            text=entry["content"]["label"],
            author=Author(author["name"]["label"], profile.rpartition("/id")[2].partition("?")[0] or None),
            published_at=when,
            updated_at=when,
            rating=None if stars is None else Rating(stars),
            subject=Subject(
                product=self.config.product,
                app_version=entry.get("im:version", {}).get("label"),
                country=country,
            ),
            answer_url=f"https://appstoreconnect.apple.com/apps/{app}",
        )
