"""Comments on YouTube: on the videos of a channel, on chosen videos, or on videos that a search finds; by a free key.

Threads come newest first, a hundred a page, with at most five replies each, and a new reply does not move its thread:
between the daily walks over everything, more replies are asked for in threads of the last days only. Comments say
nothing of their readers, so videos are asked for their views first. A search gives the fifty newest videos; in those
whose title or description has the term, comments are searched for it. Google gives a project 10,000 units and 100
searches a day (Pacific time) and does not say what is left: a request costs one here, a search a hundred. A comment or
video is gone when a question for it alone brings none.
https://developers.google.com/youtube/v3/docs/commentThreads/list and comments/list, search/list, videos/list,
https://developers.google.com/youtube/v3/determine_quota_cost, and youtube.v3.json of google-api-python-client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, StringConstraints, model_validator

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    ItemProblem,
    Kind,
    Limits,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    Subject,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import QueryKey
from monitor.text import number, parse_when

API = "https://youtube.googleapis.com/youtube/v3"
WATCH = "https://www.youtube.com/watch?v="
UNIT = 1_000_000  # millionths: a budget is written as "9000 calls"
SEARCH = 100 * UNIT
AT_ONCE = 50  # ids in one question, videos of one search
PLAIN = {"part": "snippet", "textFormat": "plainText"}
PACIFIC = ZoneInfo("America/Los_Angeles")
_REASON = re.compile(rb'"reason"\s*:\s*"(\w{3,60})"')
UNSHOWN = ("videoNotFound", "channelNotFound", "forbidden")

Channel = Annotated[str, StringConstraints(pattern=r"^UC[\w-]{22}$", strip_whitespace=True)]
Video = Annotated[str, StringConstraints(pattern=r"^[\w-]{11}$", strip_whitespace=True)]


class YouTubeConfig(ConnectorConfig):
    """Settings of one source: channels and videos, or a search."""

    api_key: SecretStr = Field(description="a key of Google Cloud with the YouTube Data API")
    channels: tuple[Channel, ...] = Field((), description="ids of channels whose videos to watch; they begin with UC")
    videos: tuple[Video, ...] = Field((), description="what stands behind `v=` in the addresses of videos")
    terms: tuple[str, ...] = Field((), description="what to search videos for; without anything: your brands")
    product: str | None = Field(None, description="the product they are about")

    @model_validator(mode="after")
    def _one_way_to_look(self) -> YouTubeConfig:
        if self.terms and (self.channels or self.videos):
            raise ValueError("of a search only what names you is kept, of channels and videos everything: two sources")
        return self


class YouTube(Connector[YouTubeConfig]):
    """Read comments, and our own answers among them."""

    Config = YouTubeConfig
    title = "YouTube"
    hosts = ("youtube.googleapis.com",)
    full_every = timedelta(days=1)
    limits = Limits(gap=timedelta(milliseconds=200))
    default_every = timedelta(minutes=30)
    fastest = timedelta(minutes=5)
    sees = (
        "Comments and replies, of named and found videos with their views; replies in older threads within a day. Of a "
        "search only videos and comments that name you; nothing that is held back. Tried on recordings of 2019."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "a key of Google Cloud, free"
    ready_in = "10 minutes"
    steps = (
        "Open console.cloud.google.com and make a project, or choose one.",
        "Under APIs and Services, Library, switch on YouTube Data API v3.",
        "Under Credentials make an API key, limit it to that API, and put it where `api_key` names it.",
        "Copy the id of your channel (it begins with UC) to `channels`, and to `own_accounts` of your brand.",
    )
    reread_within = timedelta(days=30)
    proven = "recordings"

    def __init__(self, config: YouTubeConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = not (config.channels or config.videos)
        if not any(brand.own_accounts.get("youtube") for brand in self.brands):
            self.sees_answers = "no"

    def auth(self) -> Auth:
        """Return the key."""
        return QueryKey(self.config.api_key)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the threads of channels and for videos, whose threads follow; or search for each term."""
        context = {"until": since.time.isoformat() if since.time else None}
        for channel in self.config.channels:
            yield _threads({"allThreadsRelatedToChannelId": channel}, context)
        yield from _listed("videos", self.config.videos, context)
        terms = self.config.terms or tuple(term for brand in self.brands for term in brand.terms)
        if self.searches and not terms:
            raise UsageError("youtube has nothing to look for: give it `channels`, `videos`, `terms` or a brand")
        for term in dict.fromkeys(term.strip("@ ") for term in terms) if self.searches else ():
            params = {"part": "snippet", "type": "video", "q": term, "order": "date", "maxResults": AT_ONCE}
            yield Request(f"{API}/search", params, context={**context, "what": "search", "term": term}, cost=SEARCH)

    def parse(self, response: Response) -> Page:
        """Read what was found, the views of videos, threads, replies, or what a re-check asked for."""
        body, asked = response.json(), response.request.context
        items, until = body["items"], parse_when(asked.get("until"))
        if asked["what"] == "search":
            return Page(follow=tuple(_listed("videos", [item["id"]["videoId"] for item in items], asked)))
        page = Page.read(items, partial(self._video if asked["what"] == "videos" else self._said, asked))
        missing = sorted(set(asked.get("ids", ())) - {one.external_id for one in page.mentions})
        if "urls" in asked:  # a re-check: what a list lacks is asked for alone
            if len(asked["ids"]) == 1:
                return replace(page, gone=tuple(missing))
            return replace(page, follow=tuple(one for some in missing for one in _listed(asked["what"], [some], asked)))
        if asked["what"] == "videos":
            return _watched(page, asked, missing)
        begun = [one.published_at for one in page.mentions if one.published_at]
        if asked["what"] == "threads":
            page = self._with_replies(page, asked, items, until)
        token = body.get("nextPageToken")
        if not token or (asked["what"] == "threads" and until and begun and min(begun) < until):
            return page
        onward = replace(response.request, params={**response.request.params, "pageToken": token})
        return replace(page, follow=(*page.follow, onward))

    def refused(self, response: Response) -> Refusal | None:
        """Read the reason: comments that are off are no error, and a spent quota ends with the day in California."""
        found = _REASON.search(response.body) if response.status >= 400 else None
        reason = found[1].decode() if found else ""
        why = f"YouTube answered {response.status} ({reason or 'no reason'})"
        if reason == "commentsDisabled" or (reason in UNSHOWN and response.request.context.get("term")):
            return Refusal(Outcome.NOTHING, f"{why}: no comments are shown there")
        if reason in ("quotaExceeded", "dailyLimitExceeded"):
            return Refusal(Outcome.OVER_BUDGET, f"{why}: the quota of the day is spent", _rest_of_day(response))
        if reason in ("rateLimitExceeded", "userRateLimitExceeded"):
            return Refusal(Outcome.THROTTLED, f"{why}: asked too often", response.retry_after())
        if reason in ("keyInvalid", "accessNotConfigured"):
            what = "look whether `api_key` is whole and its project has the YouTube Data API"
            return Refusal(Outcome.RECONNECT, f"{why}: it does not accept the key; {what}")
        if reason in UNSHOWN or (response.status == 403 and b'"SERVICE_UNAVAILABLE"' in response.body):
            return Refusal(Outcome.FAILED, f"{why}: it does not show what was asked for; compare `channels`, `videos`")
        return refused_by_status(response)

    def reread(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for comments and videos, fifty at once."""
        for what, kind in (("comments", Kind.COMMENT), ("videos", Kind.POST)):
            urls = {mention.external_id: mention.url for mention in mentions if mention.kind is kind}
            yield from _listed(what, list(urls), {"urls": urls})

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask whether they stand, and for the replies in threads where we may have answered."""
        yield from self.reread(mentions)
        threads = {mention.thread_id: mention.url for mention in mentions if mention.kind is Kind.COMMENT}
        for thread, url in threads.items() if self.sees_answers == "yes" else ():
            yield _replies(thread, (url or "").partition("v=")[2].partition("&")[0])

    def _with_replies(
        self, page: Page, asked: Mapping[str, Any], threads: Sequence[Any], until: datetime | None
    ) -> Page:
        """Add the replies that came with threads, and ask for those that did not, in old threads on full walks only."""
        begun = {one.external_id: one.published_at for one in page.mentions}
        good = [thread for thread in threads if isinstance(thread, Mapping) and thread.get("id") in begun]
        came = [one for thread in good for one in thread.get("replies", {}).get("comments", ())]
        more = [
            _replies(thread["id"], thread["snippet"].get("videoId"), asked.get("views"))
            for thread in good
            if thread["snippet"]["totalReplyCount"] > len(thread.get("replies", {}).get("comments", ()))
            and (until is None or (begun[thread["id"]] or until) >= until)
        ]
        return replace(page.merged(Page.read(came, partial(self._said, asked))), follow=tuple(more))

    def _said(self, asked: Mapping[str, Any], item: Mapping[str, Any]) -> RawMention:
        comment = item["snippet"].get("topLevelComment", item)
        said, one = comment["snippet"], comment["id"]
        video, parent, views = said.get("videoId") or asked.get("video"), said.get("parentId"), asked.get("views")
        url = f"{WATCH}{video}&lc={one}" if video else asked.get("urls", {}).get(one)
        return RawMention(
            external_id=one,
            url=url,
            text=said["textDisplay"],
            kind=Kind.COMMENT,
            author=Author(said.get("authorDisplayName"), said.get("authorChannelId", {}).get("value")),
            published_at=parse_when(said["publishedAt"]),
            updated_at=parse_when(said["updatedAt"]),
            audience=None if views is None else Audience(views, "views"),
            subject=Subject(product=self.config.product),
            answer_url=url,
            thread_id=parent or one,
            parent_id=parent,
        )

    def _video(self, asked: Mapping[str, Any], item: Mapping[str, Any]) -> RawMention:
        said, views, url = item["snippet"], number(item["statistics"].get("viewCount")), f"{WATCH}{item['id']}"
        return RawMention(
            external_id=item["id"],
            url=url,
            title=said["title"],
            text=said["description"],
            kind=Kind.POST,
            author=Author(said["channelTitle"], said["channelId"]),
            published_at=parse_when(said["publishedAt"]),
            audience=None if views is None else Audience(int(views), "views"),
            subject=Subject(product=self.config.product),
            answer_url=url,
        )


def _watched(page: Page, asked: Mapping[str, Any], missing: Sequence[str]) -> Page:
    """Ask for the threads of videos; of found ones, which are mentions themselves, only where they name the term."""
    term, follow = asked.get("term"), []
    for one in page.mentions:
        if not term or term.casefold() in f"{one.title} {one.text}".casefold():
            which = {"videoId": one.external_id} | ({"searchTerms": term} if term else {})
            follow.append(_threads(which, {**asked, "views": one.audience.size if one.audience else None}))
    if term:
        return replace(page, follow=tuple(follow))
    unseen = tuple(ItemProblem(f"YouTube shows no video {one}: compare `videos`") for one in missing)
    return replace(page, mentions=(), follow=tuple(follow), problems=page.problems + unseen)


def _listed(what: str, ids: Sequence[str], context: Mapping[str, Any]) -> Iterable[Request]:
    shown = {"part": "snippet,statistics"} if what == "videos" else PLAIN
    for some in (list(ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE)):
        asked = {**context, "what": what, "ids": some}
        yield Request(f"{API}/{what}", {**shown, "id": ",".join(some)}, context=asked, cost=UNIT)


def _threads(which: Mapping[str, str], context: Mapping[str, Any]) -> Request:
    params = {**PLAIN, "part": "snippet,replies", "order": "time", "maxResults": 100, **which}
    asked = {"what": "threads", **{key: context.get(key) for key in ("until", "term", "views")}}
    return Request(f"{API}/commentThreads", params, context=asked, cost=UNIT)


def _replies(thread: str | None, video: str | None, views: int | None = None) -> Request:
    asked = {"what": "replies", "video": video, "views": views}
    return Request(f"{API}/comments", {**PLAIN, "parentId": thread, "maxResults": 100}, context=asked, cost=UNIT)


def _rest_of_day(response: Response) -> timedelta:
    here = response.received_at.astimezone(PACIFIC) + timedelta(days=1)
    return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC) - response.received_at
