"""Posts on Bluesky that name us, or those that mention, answer or quote one account; free, with an app password.

Search wants a login and goes to the account's own server, which asks the network. It is ordered by the earlier of the
time a post claims and the time it was indexed, and a post dated back is found where it claims to be. A post's record
is whatever its author sent: places in a text count bytes, not letters, and links stand beside it. Whom a post was
deleted from does not say so: it is missing in a list, and asked for alone it is 400 NotFound. Sessions are few a day
and last hours. An answer needs the fingerprints of two posts and the time, which are not kept here: it is not written.
https://docs.bsky.app/docs/api/app-bsky-feed-search-posts, https://docs.bsky.app/docs/advanced-guides/rate-limits,
https://github.com/bluesky-social/atproto/tree/main/lexicons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Kind,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import SessionLogin
from monitor.connector.pages import SiteUrl
from monitor.text import parse_when, safe_link

SEARCH, POSTS, THREAD = "app.bsky.feed.searchPosts", "app.bsky.feed.getPosts", "app.bsky.feed.getPostThread"
NOTIFICATIONS, LOGIN = "app.bsky.notification.listNotifications", "com.atproto.server.createSession"
PER_PAGE, PER_LOOKUP = 100, 25

Handle = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$", strip_whitespace=True)]


class BlueskyConfig(ConnectorConfig):
    """Settings of one Bluesky source."""

    handle: Handle = Field(description="the name of the account that looks, such as acme.bsky.social")
    app_password: SecretStr = Field(description="an app password of that account, not the one you log in with")
    server: SiteUrl = Field("https://bsky.social", description="the server that the account lives on")
    notifications: bool = Field(False, description="read who mentions, answers or quotes the account, without a search")


class Bluesky(Connector[BlueskyConfig]):
    """Find the posts that name a brand, and our own answers to them."""

    Config = BlueskyConfig
    title = "Bluesky"
    hosts = ("bsky.social",)
    newest_first = True
    default_every = timedelta(minutes=5)
    sees = (
        "Public posts that name you, with edits, likes, deletions and, where `own_accounts` has your id, your answers; "
        "not how many follow the author. Tried on the network's own software, not on the live network."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "an account, which is free, and an app password"
    ready_in = "5 minutes"
    steps = (
        "Log in to Bluesky with the account that is to look, and add an app password in its settings.",
        "Put the account's name into `handle` and the app password into `app_password`.",
    )
    proven = "server"

    def __init__(self, config: BlueskyConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = not config.notifications
        self.ours = {one for brand in self.brands for one in brand.own_accounts.get("bluesky", ())}
        self.sees_answers = "yes" if self.ours else "no"

    def auth(self) -> Auth:
        """Log in for an hour."""
        who = {"identifier": self.config.handle}
        return SessionLogin(f"{self.config.server}/xrpc/{LOGIN}", who, self.config.app_password)

    def start(self, since: Since) -> Iterable[Request]:
        """Search for each term, or ask what happened to the account; the driver stops where everything is known."""
        if self.config.notifications:
            events = {"reasons": ["mention", "reply", "quote"], "limit": PER_PAGE}
            yield self._ask(NOTIFICATIONS, events, list="notifications")
            return
        terms = (term.replace('"', " ").lower().split() for brand in self.brands for term in brand.terms)
        words = dict.fromkeys(f'"{" ".join(term)}"' if len(term) > 1 else term[0] for term in terms if term)
        if not words:
            raise UsageError("bluesky has no words to look for: give the source a brand with `terms`")
        after = {"since": since.time.isoformat().replace("+00:00", "Z")} if since.time else {}
        for word in words:
            yield self._ask(SEARCH, {"q": word, "sort": "latest", "limit": PER_PAGE, **after}, list="posts")

    def parse(self, response: Response) -> Page:
        """Read a page of posts, what has become of some, or the answers below one."""
        body, asked = response.json(), response.request.context
        if "thread" in asked:
            thread = body["thread"]
            replies = [post for post in _below(thread) if post["author"]["did"] in self.ours]
            return Page.read(replies, _mention, gone=(asked["thread"],) if thread.get("notFound") else ())
        page = Page.read(body[asked["list"]], _mention)
        if "these" in asked:
            answers = {post["uri"]: post.get("replyCount", 0) for post in body["posts"]}
            # One that is missing is deleted, or by somebody who blocks the account.
            closer = [uri for uri in asked["these"] if uri not in answers or (answers[uri] and self.ours)]
            below = (self._ask(THREAD, {"uri": uri, "parentHeight": 0}, thread=uri) for uri in closer)
            return replace(page, follow=tuple(below))
        further = {**response.request.params, "cursor": body.get("cursor")}
        return replace(page, follow=(replace(response.request, params=further),) if body.get("cursor") else ())

    def refused(self, response: Response) -> Refusal | None:
        """Read the names of errors: 400 may be a session that ended, or a post that is gone."""
        refusal, asked = refused_by_status(response), response.request.context
        if refusal is None:
            return None
        name = str(response.json().get("error", "")) if response.body.lstrip().startswith(b"{") else ""
        if name in ("ExpiredToken", "InvalidToken", "AuthMissing"):
            return Refusal(Outcome.RECONNECT, f"Bluesky answered {name}: the session has ended")
        if name == "NotFound" and "thread" in asked:
            return Refusal(Outcome.GONE, "the post is not there", gone=(asked["thread"],))
        if response.status in (400, 403):  # the search is shut to programs at times: no access has ended
            what = f"Bluesky answered {response.status} ({name[:60] or 'forbidden'}): it does not take the question now"
            return Refusal(Outcome.FAILED, what, response.retry_after())
        reset = response.wait_until("ratelimit-reset") if response.status == 429 else None
        return replace(refusal, wait=refusal.wait or reset)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for 25 posts at once; those with answers, and those that are missing, are then looked at one by one."""
        uris = [mention.external_id for mention in mentions]
        for some in (uris[start : start + PER_LOOKUP] for start in range(0, len(uris), PER_LOOKUP)):
            yield self._ask(POSTS, {"uris": some}, list="posts", these=some)

    def _ask(self, call: str, params: Mapping[str, Any], **context: Any) -> Request:
        return Request(f"{self.config.server}/xrpc/{call}", params, context=context)


def _mention(post: Mapping[str, Any]) -> RawMention:
    record, author, uri = post["record"], post["author"], post["uri"]
    did, handle, indexed = author["did"], author["handle"], parse_when(post["indexedAt"])
    claimed, reply = parse_when(record.get("createdAt")), record.get("reply") or {}
    profile = f"https://bsky.app/profile/{did if handle == 'handle.invalid' else handle}"
    address, likes, languages = f"{profile}/post/{uri.rpartition('/')[2]}", post.get("likeCount"), record.get("langs")
    return RawMention(
        external_id=uri,
        url=address,
        text=_words(record),
        kind=Kind.COMMENT if reply else Kind.POST,
        author=Author(f"{author.get('displayName') or handle} (@{handle})", did, profile),
        published_at=min(filter(None, (claimed, indexed)), default=None),
        language=languages[0] if languages else None,
        audience=None if likes is None else Audience(likes, "likes"),
        answer_url=address,
        thread_id=reply["root"]["uri"] if reply else uri,
        parent_id=reply["parent"]["uri"] if reply else _quoted(record),
        same_as=uri,
    )


def _quoted(record: Mapping[str, Any]) -> str | None:
    quoted = (record.get("embed") or {}).get("record") or {}
    uri = (quoted.get("record") or quoted).get("uri")  # one deeper where there are pictures, too
    return uri if uri and "/app.bsky.feed.post/" in uri else None


def _words(record: Mapping[str, Any]) -> str:
    """Return the text with its links written out, and the link of a card below it: they may be to us."""
    end = len(raw := record["text"].encode())
    for facet in sorted(record.get("facets") or (), key=lambda one: one["index"]["byteStart"], reverse=True):
        start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        uri = next(filter(None, (safe_link(feature.get("uri")) for feature in facet["features"])), None)
        if uri and 0 <= start <= stop <= end:
            raw, end = raw[:start] + uri.encode() + raw[stop:], start
    text = raw.decode("utf-8", "replace")
    card = safe_link(((record.get("embed") or {}).get("external") or {}).get("uri"))
    return f"{text}\n{card}".strip() if card and card not in text else text


def _below(thread: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for answer in thread.get("replies") or ():
        if "post" in answer:  # what is deleted or blocked has none
            yield answer["post"]
            yield from _below(answer)
