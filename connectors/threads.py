"""What is said about you on Threads: posts that tag your account, replies below your newest posts, and a search.

Without Meta's approval a search covers your own posts only, and says nothing of it: an empty answer proves nothing. It
takes neither phrases nor exclusions, and what it brings is matched again here. Lists take `since`; in which order they
come is not documented. Of others there are no likes, views or followers. A token lasts sixty days: it is renewed
every week, and the renewed one counts until another is configured. Whether a post of others can be asked for by
its id is not documented, so nothing is ever taken for deleted.
https://developers.facebook.com/docs/threads, https://github.com/fbsamples/threads_api (the official requests)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import Field, SecretStr

from monitor.connector import (
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Kind,
    Mention,
    Page,
    RawMention,
    Refusal,
    Reply,
    ReplyState,
    Request,
    Response,
    Since,
)
from monitor.connector.auth import SelfRenewing
from monitor.connector.graph import ends_behind, refused
from monitor.text import parse_when

API = "https://graph.threads.net/v1.0"
RENEWAL = "https://graph.threads.net/refresh_access_token"
FIELDS = "id,text,timestamp,permalink,username,has_replies"
REPLY = f"{FIELDS},is_reply_owned_by_me,root_post,replied_to"
AT_ONCE, POSTS = 50, 25


class ThreadsConfig(ConnectorConfig):
    """Settings of one account."""

    token: SecretStr = Field(description="a long-lived token of your account")
    search: bool = Field(False, description="search for the terms of your brands, once Meta has approved it")


class Threads(Connector[ThreadsConfig]):
    """Read what names an account, what is said below its posts, and its own answers."""

    Config = ThreadsConfig
    title = "Threads"
    hosts = ("graph.threads.net",)
    names_gaps = True  # what came since a time is all shown
    may_be_empty = True  # nobody may name us for days; and a search that is not approved is empty
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)  # 2,200 searches in 24 hours
    sees = (
        "Posts that tag your account, replies below your newest 25 posts and, once Meta has approved it, posts that a "
        "search finds; your answers; no deletions, no reach. Never tried on a real account."
    )
    sees_answers = "yes"
    reply_limit = 500  # told by people, not in the documents at hand
    needs = "an app of yours at Meta with the Threads use case (free); for the search, Meta's approval"
    ready_in = "an hour, and weeks for the search"
    steps = (
        "On developers.facebook.com make an app with the use case Access the Threads API, you being its tester.",
        "Give it threads_basic, threads_manage_mentions, threads_read_replies; threads_keyword_search for `search`.",
        "Add threads_content_publish and threads_manage_replies only if I am to answer for you.",
        "Accept that in the settings of Threads, and make `token` as docs/connectors.md#threads says.",
    )

    def __init__(self, config: ThreadsConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.words = {term.strip("@ "): None for brand in brands for term in brand.terms} if config.search else {}

    def auth(self) -> SelfRenewing:
        """Return the token, which renews itself."""
        return SelfRenewing(self.config.token, RENEWAL, {"grant_type": "th_refresh_token"})

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what tags the account, for its newest posts, and for what each search finds."""
        until = int(since.time.timestamp()) if since.time else None
        span = {"limit": AT_ONCE} | ({"since": until} if until else {})
        yield self._ask("me/mentions", FIELDS, {"list": True}, **span)
        yield self._ask("me/threads", "id,has_replies", {"posts": until}, limit=POSTS)
        for word in self.words:
            yield self._ask("keyword_search", FIELDS, {"list": True}, q=word, search_type="RECENT", **span)

    def parse(self, response: Response) -> Page:
        """Read one page of posts or replies, or which posts of ours have replies."""
        body, asked = response.json(), response.request
        entries, after = body["data"], body.get("paging", {}).get("cursors", {}).get("after")
        if "posts" in asked.context:
            here = [post["id"] for post in entries if post["has_replies"]]
            return Page(follow=tuple(self._below(post, {"until": asked.context["posts"]}) for post in here))
        reader = self._post if "list" in asked.context else self._own if "one" in asked.context else self._reply
        page = Page.read(entries, reader)
        if (
            not after
            or not entries
            or ends_behind((one.published_at for one in page.mentions), asked.context.get("until"))
        ):
            return page
        return replace(page, follow=(replace(asked, params={**asked.params, "after": after}),))

    def refused(self, response: Response) -> Refusal | None:
        """Read Meta's errors by their code."""
        return refused(response, self.title, "`token`")

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for what was said below each: our own words count."""
        return (self._below(mention.external_id, {"one": mention.external_id}) for mention in mentions)

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that answers a post, and publishes the answer at once."""
        said = {"media_type": "TEXT", "text": text, "reply_to_id": mention.external_id, "auto_publish_text": "true"}
        return Request(f"{API}/me/threads", said, method="POST")

    def replied(self, response: Response) -> Reply:
        """Read that the answer was taken; the id is that of its container, and it is shown a moment later."""
        response.json()["id"]
        return Reply(response.request.params["text"], ReplyState.PENDING)

    def _ask(self, path: str, fields: str, context: Mapping[str, Any], **params: Any) -> Request:
        return Request(f"{API}/{path}", {"fields": fields, **params}, context=dict(context))

    def _below(self, post: str, context: Mapping[str, Any]) -> Request:
        return self._ask(f"{post}/conversation", REPLY, context, reverse="true")

    def _own(self, item: Mapping[str, Any]) -> RawMention | None:
        return self._reply(item) if item["is_reply_owned_by_me"] else None

    def _reply(self, item: Mapping[str, Any]) -> RawMention:
        """Return a reply with its place; what we say ourselves answers what it replies to."""
        above, root = item["replied_to"]["id"], item["root_post"]["id"]
        said, own = self._post(item), item["is_reply_owned_by_me"]
        return replace(said, kind=Kind.COMMENT, parent_id=above, thread_id=root, own=own)

    def _post(self, item: Mapping[str, Any]) -> RawMention:
        name, address = item["username"], item["permalink"]
        return RawMention(
            external_id=item["id"],
            url=address,
            text=item.get("text") or "",  # a post may be nothing but a photo
            kind=Kind.POST,
            author=Author(name, id=name, url=f"https://www.threads.net/@{name}"),
            published_at=parse_when(item["timestamp"]),
            answer_url=address,
            thread_id=item["id"],
        )
