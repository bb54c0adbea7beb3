"""Topics and replies of one Discourse forum, from its public JSON: no key, whatever a visitor may read.

The newest posts of all topics come fifty at once, the highest id first; `before` leads on. Only public, regular
posts are in the list; recordings of topics hold notes of moderators, too. Older versions may leave gaps in the ids
and end a page early, so a walk goes on until a page is empty. A post tells the number, not the id, of
the one it answers. Nothing is searched: its words for that are not documented, so it is matched locally.
https://docs.discourse.org/, https://github.com/discourse/discourse (posts_controller.rb, latest_posts_query.rb).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any, Literal

from pydantic import Field

from monitor.connector import (
    Audience,
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
    Subject,
    refused_by_status,
)
from monitor.connector.pages import SiteUrl
from monitor.text import parse_when

REGULAR = 1  # notes of moderators and of the forum itself are other types


class DiscourseConfig(ConnectorConfig):
    """Settings of one forum."""

    url: SiteUrl = Field(description="the address of the forum's first page")
    match_brand: bool = Field(False, description="keep only posts that name one of your brands")
    product: str | None = Field(None, description="the product that it is about")


class Discourse(Connector[DiscourseConfig]):
    """Read the newest posts of a forum, and our own answers to them."""

    Config = DiscourseConfig
    newest_first = True
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=2)  # it is somebody's own server
    sees = (
        "What a visitor may read: posts with how many have read them, edits for two days, and your answers where "
        "`own_accounts` names who writes them; of deletions only those of open cases. Tried on one recorded page."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    proven = "recordings"

    def __init__(self, config: DiscourseConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand
        self.ours = {name for brand in self.brands for name in brand.own_accounts.get("discourse", ())}
        if not self.ours:
            self.sees_answers = "no"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest posts; the driver stops where everything is known."""
        yield self._ask("/posts.json", {"before": None})

    def parse(self, response: Response) -> Page:
        """Read one page of posts, one post, or the answers to one."""
        body, asked = response.json(), response.request.context
        if "post" in asked:
            # Without the title of its topic it would look edited: what stands is left as it was found.
            return Page(gone=(asked["post"],) if _is_deleted(body) else ())
        if "answered" in asked:
            page = Page.read(body, self._post)
            return replace(page, mentions=tuple(replace(one, parent_id=asked["answered"]) for one in page.mentions))
        posts = body["latest_posts"]
        page = Page.read(posts, self._post)
        known = [post for post in posts if isinstance(post, Mapping) and "id" in post]
        gone = tuple(str(post["id"]) for post in known if _is_deleted(post))
        page = replace(page, mentions=_with_parents(page.mentions, known), gone=gone)
        lowest = min((int(post["id"]) for post in known), default=None)
        if lowest is None or (asked["before"] is not None and lowest >= asked["before"]):
            return page
        return replace(page, follow=(self._ask("/posts.json", {"before": lowest}, before=lowest),))

    def refused(self, response: Response) -> Refusal | None:
        """Tell a post that is hidden from a forum that is shut: nobody has an access here that could end."""
        status, asked = response.status, response.request.context
        if (status == 403 and "post" in asked) or (status in (403, 404) and "answered" in asked):
            return Refusal(Outcome.NOTHING, "the post is not shown to visitors")
        if status in (401, 403) and response.retry_after() is None:
            why = f"the forum answered {status}: its posts are for members only, or it is closed to programs"
            return Refusal(Outcome.FAILED, why)
        if status == 404 and "post" not in asked:
            why = "the forum answered 404: `url` has to be the first page of a Discourse forum, in its folder if any"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each post whether it still stands and, where we have accounts, for the direct answers to it."""
        for mention in mentions:
            post = mention.external_id
            yield replace(self._ask(f"/posts/{post}.json", {"post": post}), about=(post,))
            if self.ours:
                yield self._ask(f"/posts/{post}/replies.json", {"answered": post})

    def _ask(self, path: str, context: Mapping[str, Any], **params: Any) -> Request:
        return Request(self.config.url + path, params, headers={"Accept": "application/json"}, context=dict(context))

    def _post(self, post: Mapping[str, Any]) -> RawMention | None:
        if post["post_type"] != REGULAR or post.get("hidden") or _is_deleted(post):
            return None
        number, topic, reads = post["post_number"], post["topic_id"], post.get("reads")
        address = f"{self.config.url}/t/{post['topic_slug']}/{topic}/{number}"
        opens = number == 1
        return RawMention(
            external_id=str(post["id"]),
            url=address,
            title=escape(post["topic_title"], quote=False) if opens else None,
            text=post["cooked"],
            kind=Kind.POST if opens else Kind.COMMENT,
            author=Author(post.get("name") or post["username"], id=post["username"]),
            published_at=parse_when(post["created_at"]),
            updated_at=parse_when(post["updated_at"]) if post["version"] > 1 else None,
            audience=None if reads is None else Audience(reads, "readers"),
            subject=Subject(product=self.config.product),
            answer_url=address,
            thread_id=_thread(topic),
            parent_id=None if opens else _thread(topic),
            html=True,
        )


def _thread(topic: int | str) -> str:
    return f"topic-{topic}"  # topics and posts have numbers of their own: 11 may be both


def _is_deleted(post: Mapping[str, Any]) -> bool:
    return bool(post.get("deleted_at") or post.get("user_deleted"))


def _with_parents(mentions: Iterable[RawMention], posts: Iterable[Mapping[str, Any]]) -> tuple[RawMention, ...]:
    """Return the mentions with the post that each answers where the page shows it; else it answers the topic."""
    named = [post for post in posts if {"topic_id", "post_number"} <= post.keys()]
    by_number = {(post["topic_id"], post["post_number"]): str(post["id"]) for post in named}
    answers = {str(post["id"]): (post["topic_id"], post.get("reply_to_post_number") or 1) for post in named}
    parents = {post: by_number.get(answered) for post, answered in answers.items()}
    return tuple(
        replace(one, parent_id=parents.get(one.external_id) or one.parent_id) if one.parent_id else one
        for one in mentions
    )
