"""Posts on one Mastodon server: those that mention your account, those under your tags, those a search finds.

A server knows only what reached it, so several are watched as several sources; `uri` is the same on all of them and
keeps one post one case. Ids begin with the milliseconds of the post, shifted by 16 bits (seen in recordings), also for
posts that come late from elsewhere: they slip in below the newest one. So a look goes back an hour behind it, and two
days once an hour. `min_id` gives the oldest page above it and leads forward; `since_id` would leave a gap. What a
reader may not see is taken out of a page, so only an empty page is the last one. A list that is switched off is empty,
too: then the server itself is asked. https://docs.joinmastodon.org/methods/timelines/,
https://docs.joinmastodon.org/methods/notifications/, https://docs.joinmastodon.org/methods/search/,
https://docs.joinmastodon.org/entities/Status/, https://docs.joinmastodon.org/api/rate-limits/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, StringConstraints, model_validator

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    FetchError,
    Kind,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import HeaderKey
from monitor.connector.pages import SiteUrl
from monitor.text import fingerprint, from_html, parse_when

AT_ONCE = {"tag": 40, "mentions": 80, "search": 40}  # the most each list gives
AGAIN, ALL_AGAIN = timedelta(hours=1), timedelta(hours=48)
LONGEST_WAIT = timedelta(hours=1)  # the limit is counted in spans of five minutes
PRIVATE = ("private", "direct")
SCOPES = "read:statuses, read:notifications and read:search"

Tag = Annotated[str, StringConstraints(pattern=r"^#?[^\W_][\w]*$", strip_whitespace=True, max_length=100)]


class MastodonConfig(ConnectorConfig):
    """Settings of one server."""

    url: SiteUrl = Field(description="the address of the server")
    token: SecretStr | None = Field(None, description="an access token of your account there")
    tags: tuple[Tag, ...] = Field((), description="tags to watch")
    exclude_tags: tuple[Tag, ...] = Field((), description="posts that have one of these tags, too, are left out")
    search: bool = Field(False, description="search for the terms of your brands, too")
    match_brand: bool = Field(False, description="keep only posts that name one of your brands")

    @model_validator(mode="after")
    def _has_something_to_read(self) -> MastodonConfig:
        if not self.tags and self.token is None:
            raise ValueError("nothing to read: give `tags`, or the `token` of your account, or both")
        if self.search and self.token is None:
            raise ValueError("`search` needs a `token`: servers search for members only")
        if self.token and not self.url.startswith("https://"):
            raise ValueError("a token is sent over https:// only: give the address of the server with https://")
        return self


class Mastodon(Connector[MastodonConfig]):
    """Read the mentions of an account, the posts under some tags, and our own answers."""

    Config = MastodonConfig
    full_every = timedelta(hours=1)
    names_gaps = True  # there are none: `min_id` leads on from the newest, whether it still stands or not
    may_be_empty = True  # nobody may mention us for days; of tags the server says itself whether it shows them
    default_every = timedelta(minutes=5)
    fastest = timedelta(minutes=2)  # it is somebody's own server
    sees = (
        "Mentions of your account, posts under your tags and, where the server searches, posts that name you, as far "
        "as they reached this server; followers; deletions only of open cases."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    reply_limit = 440  # a post has 500, unless the server says otherwise; it begins with the name it answers
    needs = "for mentions and search: an account on the server"
    steps = (
        "Log in to your account on the server and open Preferences, then Development, then New application.",
        "Tick read:statuses, read:notifications and read:search; write:statuses only if I am to answer for you.",
        "Save it, open it again, and copy `Your access token` into `token`.",
    )
    ready_in = "5 minutes"
    proven = "recordings"

    def __init__(self, config: MastodonConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand or config.search
        self.ours = {name.lower() for brand in brands for name in brand.own_accounts.get("mastodon", ())}
        if not self.ours:
            self.sees_answers = "no"

    def auth(self) -> Auth | None:
        """Return the token, where there is one."""
        return HeaderKey(self.config.token) if self.config.token else None

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what is newer than the newest of each list, and on a full walk what the server shows at all."""
        back = ALL_AGAIN if since.time is None else AGAIN
        for name in self._lists():
            newest = (since.bookmark or {}).get(name)
            bound = {"min_id": _before(newest, back)} if newest else {}
            yield self._page({"list": name, "newest": newest, "first": True}, bound)
        if self.config.tags and since.time is None:
            yield self._server()

    def parse(self, response: Response) -> Page:
        """Read one page of a list, one post, the answers to one, or what the server says of itself."""
        body, asked = response.json(), response.request.context
        if "server" in asked:
            self._check_shown(body["configuration"].get("timelines_access"))
            return Page()
        if "post" in asked:
            return Page.read([body], self._post)
        if "answers" in asked:
            return Page.read([one for one in body["descendants"] if self._is_ours(one)], self._post)
        kind, bound = _kind(asked["list"]), response.request.params
        entries = body["statuses"] if kind == "search" else body
        page = Page.read(entries, self._notified if kind == "mentions" else self._post)
        ids = sorted(
            (str(entry["id"]) for entry in entries if isinstance(entry, Mapping) and "id" in entry), key=_order
        )
        if not ids:
            return replace(page, follow=(self._server(),)) if kind == "tag" and asked["first"] else page
        newest = max(ids[-1], asked["newest"] or "", key=_order)
        if kind == "search":
            further = {**_only(bound, "min_id"), "offset": bound.get("offset", 0) + AT_ONCE[kind]}
        else:
            further = {"min_id": ids[-1]} if "min_id" in bound else {"max_id": ids[0]}
        follow = self._page({"list": asked["list"], "newest": newest, "first": False}, further)
        return replace(page, follow=(follow,), bookmark={asked["list"]: newest})

    def refused(self, response: Response) -> Refusal | None:
        """Tell a token that has ended from a server that shows less without one; read the time that it names."""
        status, asked = response.status, response.request.context or {}
        if status == 429:
            why = "the server answered 429: asked too often"
            return Refusal(Outcome.THROTTLED, why, response.retry_after() or _until_reset(response))
        if status == 404 and ("server" in asked or "answers" in asked):
            return Refusal(Outcome.NOTHING, "the server has no such thing to show")
        if status == 404 and "list" in asked:
            return Refusal(Outcome.FAILED, "the server answered 404: `url` has to be that of a Mastodon server")
        if status in (401, 403, 422) and response.retry_after() is None:
            if not self.config.token:
                why = f"the server answered {status}: it shows this to members only; give the `token` of an account"
                return Refusal(Outcome.FAILED, why)
            if status != 422:
                why = f"the server answered {status}: the token has ended, or lacks a permission ({SCOPES})"
                return Refusal(Outcome.RECONNECT, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each post whether it still stands and, where we have accounts, for what was said below it."""
        for mention in mentions:
            post = quote(mention.external_id, safe="")
            about = (mention.external_id,)
            yield Request(f"{self.config.url}/api/v1/statuses/{post}", context={"post": True}, about=about)
            if self.ours:
                yield Request(f"{self.config.url}/api/v1/statuses/{post}/context", context={"answers": True})

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that answers a post: in public, but to a private one in private."""
        if not self.config.token:
            raise UsageError("answers on Mastodon need the `token` of your account; use the link of the mention")
        name = f"@{mention.author.id} " if mention.author and mention.author.id else ""
        form = {
            "status": name + text,
            "in_reply_to_id": mention.external_id,
            "visibility": "direct" if mention.kind is Kind.MESSAGE else "unlisted",
        }
        once = {"Idempotency-Key": fingerprint(mention.external_id, text)}
        return Request(f"{self.config.url}/api/v1/statuses", method="POST", form=form, headers=once)

    def replied(self, response: Response) -> Reply:
        """Read our answer as the server shows it."""
        post = self._post(response.json())
        when, number = post.published_at, post.external_id
        return Reply(from_html(post.text), published_at=when, external_id=number, url=post.url)

    def _lists(self) -> Iterable[str]:
        yield from (f"tag:{tag.lstrip('#').lower()}" for tag in self.config.tags)
        if self.config.token:
            yield "mentions"
        if self.config.search:
            words = (term.replace('"', " ").strip() for brand in self.brands for term in brand.terms)
            yield from dict.fromkeys(f"search:{word}" for word in words if word)

    def _page(self, asked: Mapping[str, Any], bound: Mapping[str, Any]) -> Request:
        kind, words = _kind(asked["list"]), asked["list"].partition(":")[2]
        params = {"limit": AT_ONCE[kind], **bound}
        if kind == "mentions":
            path, params = "/api/v1/notifications", {"types[]": ["mention"], **params}
        elif kind == "search":
            path, params = "/api/v2/search", {"q": f'"{words}"', "type": "statuses", **params}
        else:
            path, without = (
                f"/api/v1/timelines/tag/{quote(words)}",
                [tag.lstrip("#") for tag in self.config.exclude_tags],
            )
            params = ({"none[]": without} if without else {}) | params
        return Request(self.config.url + path, params, context=dict(asked))

    def _server(self) -> Request:
        return Request(f"{self.config.url}/api/v2/instance", context={"server": True})

    def _check_shown(self, access: Mapping[str, Any] | None) -> None:
        """Raise FetchError where the server keeps tags from us; before version 4.5 it does not say."""
        shown = set((access or {}).get("hashtag_feeds", {}).values())
        if "authenticated" in shown and not self.config.token:
            why = "the server shows posts under tags to members only; give the `token` of an account"
            raise FetchError(why, code="refused")
        if shown == {"disabled"}:
            raise FetchError(
                "the server has switched off its lists of posts under tags; take out `tags`", code="refused"
            )

    def _handle(self, account: Mapping[str, Any]) -> str:
        """Return name@server, which is the same everywhere; the ids of accounts are each server's own."""
        name = str(account["acct"]).lower()
        return name if "@" in name else f"{name}@{urlsplit(self.config.url).netloc.lower()}"

    def _is_ours(self, post: Mapping[str, Any]) -> bool:
        return self._handle(post["account"]) in self.ours

    def _notified(self, notification: Mapping[str, Any]) -> RawMention | None:
        if notification["type"] != "mention" or notification["status"] is None:
            return None
        return self._post(notification["status"])

    def _post(self, post: Mapping[str, Any]) -> RawMention:
        post = post.get("reblog") or post
        account, answered = post["account"], post["in_reply_to_id"]
        address = post.get("url") or post["uri"]
        shown = [media.get("description") for media in post.get("media_attachments", ())]
        return RawMention(
            external_id=str(post["id"]),
            url=address,
            title=escape(post["spoiler_text"], quote=False) or None,
            text=post["content"] + "".join(f"<p>{escape(words, quote=False)}</p>" for words in shown if words),
            kind=Kind.MESSAGE if post["visibility"] in PRIVATE else Kind.COMMENT if answered else Kind.POST,
            author=Author(account.get("display_name") or account["acct"], self._handle(account), account.get("url")),
            published_at=parse_when(post["created_at"]),
            updated_at=parse_when(post.get("edited_at")),
            language=post.get("language"),
            audience=_followers(account),
            answer_url=address,
            parent_id=str(answered) if answered else None,
            same_as=post["uri"],
            html=True,
        )


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _only(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: params[name]} if name in params else {}


def _order(post: str) -> tuple[int, str]:
    """Return what sorts ids by age: numbers as numbers; other software has letters, all of one length."""
    return len(post), post


def _before(post: str, span: timedelta) -> str:
    """Return the id that a post would have which is so much older; the id itself where ids hold no time."""
    earlier = int(post) - (int(span.total_seconds() * 1000) << 16) if post.isdecimal() else 0
    return str(earlier) if earlier > 0 else post


def _followers(account: Mapping[str, Any]) -> Audience | None:
    """Return how many follow an account; of one elsewhere, a server that knows of none knows nothing."""
    count = account.get("followers_count")
    if count is None or (count == 0 and "@" in account["acct"]):
        return None
    return Audience(count, "followers")


def _until_reset(response: Response) -> timedelta | None:
    """Return how long until the limit is lifted; Mastodon names the time of day, other sites a number."""
    reset = parse_when(response.header("x-ratelimit-reset"))
    return min(max(reset - response.received_at, timedelta(seconds=1)), LONGEST_WAIT) if reset else None
