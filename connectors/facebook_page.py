"""What is said on your own Facebook Page: comments at all levels, visitors' posts, posts that tag it; hidden ones, too.

Meta lets nobody search public posts: a program sees what happens on Pages whose token it has. The feed comes newest
post first, with the newest comments of each, and a new comment does not move an old post up: posts of thirty days are
read at every look, all of them once a day, and of each the comments back to two days before the last walk. What the
Page says is no mention but the answer to the comment it stands below or, where it tags somebody, to what that person
said there last. A push says what to read again; where Facebook does not show that, the words that were pushed count.
Each thing is asked for by itself: one that is gone would spoil the answer for the others.
Recommendations (`/ratings`) are not read: Meta refuses them from v22.0 on, and v21.0 ends on 2027-01-21.
https://developers.facebook.com/docs/graph-api/reference/page/feed, .../reference/comment, .../webhooks/reference/page
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import Field

from monitor.connector import (
    Audience,
    Author,
    Kind,
    Mention,
    Page,
    RawMention,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
)
from monitor.connector.graph import Digits, GraphConfig, GraphConnector, Said, pushed
from monitor.text import parse_when

# Checked against Meta's object specifications of v25.0 (Page, PagePost, Comment).
COMMENT = "id,message,created_time,from,parent{id},like_count,permalink_url,message_tags"
POST = "id,message,created_time,from,permalink_url,reactions.limit(0).summary(total_count)"
NEWEST = ".order(reverse_chronological).limit(50)"
POSTS = 25  # at once: with fifty comments each, more is what Facebook calls too much data
THINGS = ("comment", "post", "status", "photo", "video", "share")


class FacebookPageConfig(GraphConfig):
    """Settings of one Page."""

    page: Digits = Field(coerce_numbers_to_str=True, description="the number of the Page")
    tags: bool = Field(True, description="read posts elsewhere that tag the Page, too")
    place: str | None = Field(None, description="the place that the Page is about")


class FacebookPage(GraphConnector[FacebookPageConfig]):
    """Read what others say on a Page, and what the Page answers."""

    Config = FacebookPageConfig
    title = "Facebook"
    id_option, own_option, own_key, time_key = "page", "page", "facebook_page", "created_time"
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=2)  # calls are counted by how many people the Page engages
    reply_limit = 8_000  # told by people, not by Meta; a longer one would be refused there
    sees = (
        "Your own Page only: comments (hidden ones, too), visitors' posts, tags, your answers. No recommendations, "
        "groups, profiles or search: Meta lets no program read them. Never tried on a real Page."
    )
    needs = "an app of yours at Meta (free) and a token of your Page"
    ready_in = "an hour"
    steps = (
        "On developers.facebook.com make an app of the type Business; whoever makes tokens needs a role in it.",
        "In its Graph API Explorer add pages_show_list, pages_read_engagement and pages_read_user_content.",
        "Add pages_manage_engagement, too, if I am to answer for you, and generate a token.",
        "Open that token in the Access Token Debugger and extend it, or it ends within hours.",
        "With it ask the Explorer for me/accounts: the access_token of your Page is `token`, its id is `page`.",
        "Copy the app secret (App settings, Basic) into `app_secret`.",
        "For your own Page that is usually all. For Pages of others Meta reviews your app and business first.",
    )

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest posts with their comments, for posts that tag the Page and, once a day, for its stars."""
        page, back = self.config.page, self.back(since)
        feed, fields = {"list": "feed", "first": True, **back}, f"{POST},comments.filter(stream){NEWEST}{{{COMMENT}}}"
        yield self.ask(f"{page}/feed", feed, fields=fields, limit=POSTS, include_hidden="true")
        if self.config.tags:
            yield self.ask(f"{page}/tagged", {"list": "tagged", **back}, fields=POST, limit=POSTS)
        if since.time is None:
            yield self.ask(page, {"list": "totals"}, fields="overall_star_rating,rating_count")

    def read(self, response: Response) -> Page:
        """Read posts, more comments of one, one post or comment with what is below it, or the Page's stars."""
        body, asked = response.json(), response.request.context
        if "one" in asked:
            return Page.read(self._with_below(body, asked["one"]), self._mention)
        if asked["list"] == "totals":
            count, average = body.get("rating_count"), body.get("overall_star_rating")
            total = SiteTotal(count, average, subject=self.config.place or "")
            return Page(totals=(total,) if count and average else ())  # Pages may switch their stars off
        entries, thread = body["data"], asked.get("thread")
        if asked["list"] == "comments":
            comments = self.placed([(comment, thread, False) for comment in entries], thread=thread)
            return Page.read(comments, self._mention, self.more(body, asked))
        if asked["list"] == "tagged":
            return self.posts(response, entries, self._mention)
        items = [item for post in entries for item in self._with_below(post)]
        return self.posts(response, items, self._mention, self.more_below(entries, "comments", asked))

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each mention with what stands below it and, where it answers a comment, what stands beside it."""
        for mention in mentions:
            thread = mention.thread_id or mention.external_id
            yield self._one(mention.external_id, thread)
            if mention.parent_id and mention.parent_id != thread:
                yield self._one(mention.parent_id, thread)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Page:
        """Read what Facebook pushed of the fields `feed` and `mention`: what was said, and what to read anew."""
        changes = pushed(headers, body, self.config.app_secret, "page", self.config.page)
        told = [value for field, value in changes if field in ("feed", "mention") and value["item"] in THINGS]
        said = [value for value in told if value["verb"] in ("add", "edited", "edit")]
        gone = tuple(_id_of(value) for value in told if value["verb"] == "remove")
        return Page.read(said, self._pushed, [request for value in said for request in self._to_read(value)], gone=gone)

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer below a comment or post, as the Page."""
        return self.post(f"{mention.external_id}/comments", message=text)

    def said(self, thing: Mapping[str, Any], above: str) -> Said:
        """Return a post or comment as far as it must be known to tell who answers whom."""
        parent = None if thing["id"] == above else thing.get("parent", {}).get("id", above)
        tags = frozenset(str(tag["id"]) for tag in thing.get("message_tags", ()) if "id" in tag)
        words, link = thing.get("message", ""), thing.get("permalink_url")
        return Said(thing["id"], parent, _author(thing).id, self.written(thing), words, link, tags)

    def _one(self, thing: str, thread: str) -> Request:
        """Ask for one post or comment with what stands below. Only on the Page itself, what is not shown is gone."""
        fields = f"{POST if thing == thread else COMMENT},comments{NEWEST}{{{COMMENT}}}"
        about = (thing,) if thread.startswith(f"{self.config.page}_") else ()
        return replace(self.ask(thing, {"one": thread}, fields=fields), about=about)

    def _to_read(self, value: Mapping[str, Any]) -> Iterable[Request]:
        """Return what to read after a push: what was said or, where we said it, what that answers."""
        thing = value.get("parent_id") if _author(value).id in self.ours else _id_of(value)
        return (replace(self._one(thing, value["post_id"]), about=()),) if thing else ()  # it may not be there yet

    # --- reading

    def _with_below(self, thing: Any, thread: str | None = None) -> list[Any]:
        """Return a post or comment and the comments below it, each with its place."""
        if not isinstance(thing, Mapping) or "id" not in thing:
            return [thing]
        below, here = thing.get("comments", {"data": []}), thing["id"]
        # What answers a comment may stand beside it, too: only a whole thread shows that there is no answer.
        whole = thread in (None, here) and "next" not in below.get("paging", {})
        return self.placed([(one, here, whole) for one in (thing, *below["data"])], thread=thread or here)

    def _mention(self, item: Mapping[str, Any]) -> RawMention | None:
        """Read a post or comment; what the Page itself says is no mention."""
        author, here, thread = _author(item), item["id"], item.get("thread", item["id"])
        opens, below = here == thread, item.get("above") if item.get("above") != here else thread
        likes = item["reactions"]["summary"]["total_count"] if "reactions" in item else item.get("like_count")
        if author.id in self.ours:
            return None
        return RawMention(
            external_id=here,
            url=item.get("permalink_url"),
            text=item.get("message", "") if opens else item["message"],  # a post may be nothing but a photo
            kind=Kind.POST if opens else Kind.COMMENT,
            author=author,
            published_at=parse_when(item["created_time"]),
            audience=None if likes is None else Audience(likes, "likes"),
            subject=Subject(place=self.config.place),
            reply=item.get("answer"),
            answer_url=item.get("permalink_url"),
            thread_id=thread,
            parent_id=None if opens else item.get("parent", {}).get("id", below),
            absent=frozenset() if item.get("whole") or item.get("answer") else frozenset({"reply"}),
        )

    def _pushed(self, value: Mapping[str, Any]) -> RawMention | None:
        """Read what was pushed, in case it cannot be read anew; what has no words only can."""
        thread, thing = value["post_id"], _id_of(value)
        page, _, post = thread.partition("_")
        comment = "" if thing == thread else f"?comment_id={thing.partition('_')[2]}"
        link = f"https://www.facebook.com/{page}/posts/{post}/{comment}"
        place = {"id": thing, "thread": thread, "above": value.get("parent_id", thread), "permalink_url": link}
        return self._mention({"created_time": None, **value, **place}) if value.get("message") else None


def _author(thing: Mapping[str, Any]) -> Author:
    """Return who said it, with an id that holds on this Page only. Older pushes name the sender, mentions nobody."""
    who = thing.get("from") or {"id": thing.get("sender_id"), "name": thing.get("sender_name")}
    return Author(who.get("name"), id=str(who["id"]) if who.get("id") else None)


def _id_of(value: Mapping[str, Any]) -> str:
    return str(value["comment_id"] if value["item"] == "comment" else value["post_id"])
