"""Reviews of one game or program on Steam, from Valve's Web API: no key, thumbs, every language.

The old address (`store.steampowered.com/appreviews`) was switched off on 2026-10-22. This one is told by other
clients of it and was not seen by us; the reviews themselves look as in recordings of the old one. It is asked for
the order of the last change, so that edits come first, and for everything: all languages, keys from elsewhere,
storms of reviews. A page has up to 100, and the cursor moves on with it. Clients report pages that are
empty and cursors that come again long before the end, mostly during sales: a page is asked for again, by another
page size, because the driver asks nothing twice. A review has no address of its own to ask for; one a person and app.
https://partner.steamgames.com/doc/webapi/IUserReviewsService, https://partner.steamgames.com/doc/store/getreviews.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from monitor.connector import (
    Audience,
    Author,
    Connector,
    ConnectorConfig,
    FetchError,
    ItemProblem,
    Mention,
    Outcome,
    Page,
    ParseError,
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
from monitor.text import number, parse_when

REVIEWS = "https://api.steampowered.com/IUserReviewsService/GetAppReviews/v1/"
PROFILE = "https://steamcommunity.com/profiles/{person}/"
PAGE = "https://steamcommunity.com/profiles/{person}/recommended/{app}/"
BY_CREATION, BY_CHANGE = 1, 2
# Without the last one, Steam leaves out what it takes for a storm: the very thing a monitor is for.
EVERYTHING = {"languages": ["all"], "review_type": 0, "purchase_type": 1, "filter_offtopic_activity": False}
PER_PAGE = 100
TRIES = 3  # of a page that is empty
MOST_VOTES = 2**31  # counters that ran below zero have been seen above it

LANGUAGES = {
    "arabic": "ar", "bulgarian": "bg", "schinese": "zh-CN", "tchinese": "zh-TW", "czech": "cs", "danish": "da",
    "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hungarian": "hu",
    "indonesian": "id", "italian": "it", "japanese": "ja", "koreana": "ko", "norwegian": "no", "polish": "pl",
    "portuguese": "pt", "brazilian": "pt-BR", "romanian": "ro", "russian": "ru", "spanish": "es", "latam": "es-419",
    "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip

_VALUE = r"(?:=[^\[\]\n]{0,500})?\]"
_BREAK = re.compile(r"\[/?(?:h[1-3]|hr|list|olist|\*|quote|code|table|tr)" + _VALUE, re.IGNORECASE)
_CELL = re.compile(r"\[/?(?:td|th)" + _VALUE, re.IGNORECASE)
_INLINE = re.compile(r"\[/?(?:b|i|u|strike|spoiler|noparse|url|img)" + _VALUE, re.IGNORECASE)

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$", strip_whitespace=True)]


class SteamConfig(ConnectorConfig):
    """Settings of one Steam source."""

    app_id: Digits = Field(coerce_numbers_to_str=True, description="the digits behind `app/` in the store's address")
    product: str | None = Field(None, description="what the game is called in messages")


class Steam(Connector[SteamConfig]):
    """Read the reviews of one app, those that changed last first."""

    Config = SteamConfig
    title = "Steam"
    hosts = ("api.steampowered.com",)
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=5)  # without a key, all of one address share a limit that Valve does not name
    sees = (
        "Every review in all languages, with its thumb, edits, votes and the developer's answer; no deletions. "
        "Tried on recorded reviews, not yet on Valve's new address."
    )
    sees_answers = "yes"
    proven = "documentation"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what changed last. A change is never older than its review, so `since` is early enough."""
        until = int(since.time.timestamp()) if since.time else None
        yield self._request({"cursor": "*", "until": until, "seen": 0, "total": None, "tries": 1})

    def parse(self, response: Response) -> Page:
        """Read one page."""
        body, asked = response.json()["response"], response.request.context
        if "cursor" not in asked:  # a re-check: what it does not show proves nothing
            return Page.read(body.get("reviews", ()), self._review)
        if not body:
            app = self.config.app_id
            raise FetchError(f"Steam knows no app {app}: compare `app_id` with the store's address", code="refused")
        reviews = body["reviews"] if "reviews" in body else _none(body)
        page = Page.read(reviews, self._review, totals=_totals(body))
        total = number(body.get("total_matching"))
        reached = {**asked, "seen": asked["seen"] + len(reviews), "total": asked["total"] if total is None else total}
        if not reviews:
            return self._again(reached)
        if _is_before([mention.updated_at for mention in page.mentions], asked["until"]):
            return page
        if body["cursor"] == asked["cursor"]:
            return replace(page, problems=page.problems + _unshown(reached))
        return replace(page, follow=(self._request({**reached, "cursor": body["cursor"], "tries": 1}),))

    def refused(self, response: Response) -> Refusal | None:
        """Read 401 and 403 as a door that is shut today: there is no key whose renewal would help."""
        if response.status in (401, 403):
            why = f"Steam answered {response.status}: it lets this address in no more; a longer `every` may help"
            return Refusal(Outcome.FAILED, why, response.retry_after())
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for the second in which each was written. Where Steam ignores that, it shows the newest ones."""
        for mention in mentions:
            if mention.published_at is not None:
                second = int(mention.published_at.timestamp())
                span = {"date_range_start": second, "date_range_end": second + 1}
                yield self._ask({"filter": BY_CREATION, "num_per_page": PER_PAGE, **span}, {})

    def _again(self, asked: Mapping[str, Any]) -> Page:
        """Ask again for a page that was empty although there should be more, and at last say what was not shown."""
        complete = asked["total"] is not None and asked["seen"] >= asked["total"]
        if complete or asked["tries"] >= TRIES:
            return Page(problems=_unshown(asked))
        return Page(follow=(self._request({**asked, "tries": asked["tries"] + 1}),))

    def _request(self, context: dict[str, Any]) -> Request:
        size = PER_PAGE + 1 - context["tries"]
        return self._ask({"filter": BY_CHANGE, "num_per_page": size, "cursor": context["cursor"]}, context)

    def _ask(self, question: Mapping[str, Any], context: dict[str, Any]) -> Request:
        asked = {"appid": int(self.config.app_id), **EVERYTHING, **question}
        return Request(REVIEWS, {"input_json": json.dumps(asked, separators=(",", ":"))}, context=context)

    def _review(self, item: Mapping[str, Any]) -> RawMention:
        author, votes = item["author"], item["votes_up"]
        address = PAGE.format(person=author["steamid"], app=self.config.app_id)
        return RawMention(
            external_id=str(item["recommendationid"]),
            url=address,
            text=_plain(item["review"]),
            author=Author(author.get("personaname"), str(author["steamid"]), PROFILE.format(person=author["steamid"])),
            published_at=parse_when(item["timestamp_created"]),
            updated_at=parse_when(item["timestamp_updated"]),
            rating=Rating(float(item["voted_up"]), best=1, worst=0),
            language=LANGUAGES.get(item["language"]),
            audience=Audience(votes, "helpful votes") if 0 <= votes < MOST_VOTES else None,
            subject=Subject(product=self.config.product),
            reply=_reply(item),
            answer_url=address,
        )


def _none(body: Mapping[str, Any]) -> Sequence[Any]:
    """Return no reviews where Steam says that there are none."""
    count = body["query_summary"]["num_reviews"]
    if count:
        raise ParseError(f"the answer counts {count} reviews and shows none")
    return ()


def _totals(body: Mapping[str, Any]) -> tuple[SiteTotal, ...]:
    """Return how many reviews there are; Steam says it on the first page only."""
    count = body.get("query_summary", {}).get("total_reviews")
    return () if count is None else (SiteTotal(count, None),)


def _unshown(asked: Mapping[str, Any]) -> tuple[ItemProblem, ...]:
    """Name what an early end has left out, from a page on: the counts of a site are often a little off."""
    seen, total = asked["seen"], asked["total"]
    if total is None or total - seen < PER_PAGE:
        return ()
    return (ItemProblem(f"Steam ended its list after {seen:,} of {total:,.0f} reviews"),)


def _is_before(changes: Sequence[datetime | None], until: int | None) -> bool:
    """Say whether a page reaches behind `until`; where it is not in the order that was asked for, all of it has to."""
    if until is None:
        return False
    times = [change.timestamp() for change in changes if change]
    in_order = times == sorted(times, reverse=True)
    return bool(times) and (min(times) if in_order else max(times)) < until


def _plain(text: str) -> str:
    """Return a review without Steam's markup; what else stands in brackets are the reviewer's words."""
    return _INLINE.sub("", _CELL.sub(" ", _BREAK.sub("\n", text)))


def _reply(item: Mapping[str, Any]) -> Reply | None:
    said = item.get("developer_response")
    # The time of an old answer is 0 in recordings: not known.
    return Reply(_plain(said), published_at=parse_when(item.get("timestamp_dev_responded"))) if said else None
