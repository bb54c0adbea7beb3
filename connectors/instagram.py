"""What is said to your professional account on Instagram: comments, photos that tag it, mentions, hashtags you choose.

Read through the Page that the account is linked to ("Instagram API with Facebook Login"). Nobody may search strangers'
words. A new comment does not move its post up: posts of thirty days are read at every look, all of them once a day,
and of each the comments back to two days before the last walk. Comments have no address of their own. Mentions cannot
be listed: Instagram pushes a number, and only with that the words may be asked for. A hashtag shows the public posts
of 24 hours without their authors; its number never changes, and its cursor stays the same on every page, so that
pages are told apart by their size. Two days of silence lose nothing but hashtags and mentions.
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/comment-moderation,
.../instagram-graph-api/reference/ig-user/mentioned_comment, .../instagram-graph-api/reference/ig-hashtag/recent-media
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

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
    Subject,
    UsageError,
)
from monitor.connector.graph import Digits, GraphConfig, GraphConnector, Said, next_of, pushed
from monitor.text import parse_when

# Checked against Meta's object specifications of v25.0 (IGUser, IGMedia, IGComment).
WORDS = "id,text,timestamp,username,from,like_count"
COMMENT = f"{WORDS},parent_id,replies.limit(50){{{WORDS},parent_id}}"
MEDIA = "id,caption,timestamp,permalink,like_count"
MENTIONED = "id,text,timestamp,username,like_count,media{id,permalink}"
POSTS, HASHTAG = 25, 50  # at once; 50 is the most a hashtag gives
NAMES = re.compile(r"@([\w.]{1,30})")

Handle = Annotated[str, StringConstraints(pattern=r"^@?[\w.]{1,30}$", strip_whitespace=True, to_lower=True)]
Hashtag = Annotated[str, StringConstraints(pattern=r"^#?\w{1,100}$", strip_whitespace=True, to_lower=True)]


class InstagramConfig(GraphConfig):
    """Settings of one account."""

    user: Digits = Field(coerce_numbers_to_str=True, description="the number of the professional account")
    username: Handle = Field(description="its name, which your answers carry")
    tags: bool = Field(True, description="read photos and videos that tag the account, too")
    hashtags: tuple[Hashtag, ...] = Field((), max_length=30, description="hashtags to watch: thirty in a week at most")
    place: str | None = Field(None, description="the place that the account is about")


class Instagram(GraphConnector[InstagramConfig]):
    """Read what others say to one account, and what it answers."""

    Config = InstagramConfig
    title = "Instagram"
    id_option, own_option, own_key, time_key = "user", "username", "instagram", "timestamp"
    fastest = timedelta(minutes=5)  # calls are counted by how often the account is seen
    reply_limit = 2_200  # told by people, not by Meta; a longer one would be refused there
    sees = (
        "Your own professional account: comments and your answers, photos that tag it, and hashtags of the last 24 "
        "hours without their authors; mentions by @name only where Instagram can push. Never tried on a real account."
    )
    needs = "a professional account linked to a Page, an app of yours at Meta (free), and the token of that Page"
    ready_in = "an hour"
    steps = (
        "Make the account a professional one, and link it to your Page (Instagram: Settings, Business).",
        "Take the steps of `facebook_page`, and add instagram_basic and instagram_manage_comments before generating.",
        "Ask the Graph API Explorer for your Page's number with ?fields=instagram_business_account: its id is `user`.",
        "For `hashtags` Meta has to approve the feature Instagram Public Content Access of your app.",
    )

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest posts with their comments, for what tags the account, and for each hashtag."""
        back, user = self.back(since), self.config.user
        fields = f"{MEDIA},comments.limit(50){{{COMMENT}}}"
        yield self.ask(f"{user}/media", {"list": "media", "first": True, **back}, fields=fields, limit=POSTS)
        if self.config.tags:
            yield self.ask(f"{user}/tags", {"list": "tags", **back}, fields=f"{MEDIA},username", limit=POSTS)
        for tag in (name.lstrip("#") for name in self.config.hashtags):
            known = (since.bookmark or {}).get(f"#{tag}")
            search = self.ask("ig_hashtag_search", {"list": "search", "tag": tag}, user_id=user, q=tag)
            yield self._recent(known) if known else search

    def read(self, response: Response) -> Page:
        """Read a page of posts, of comments or of a hashtag, the number of one, or one thing that was asked for."""
        body, asked = response.json(), response.request.context
        if "one" in asked:
            return Page.read(self._alone(body, asked), self._mention)
        entries = body["data"]
        match asked["list"]:
            case "search":
                number = str(entries[0]["id"])
                return Page(follow=(self._recent(number),), bookmark={f"#{asked['tag']}": number})
            case "hashtag":
                return Page.read(entries, self._mention, _next_of_hashtag(body, response.request) if entries else ())
            case "comments":
                comments, more = self._comments(body, asked, whole=False)
                return Page.read(comments, self._mention, more)
            case "tags":
                return self.posts(response, entries, self._mention)
        items, follow = list[Any](), list[Request]()
        for media in entries:
            known = isinstance(media, Mapping) and "id" in media
            edge = (
                media.get("comments", {"data": []}) if known else {"data": [media]}
            )  # a post that is none is a problem
            here = {"media": media["id"], "link": media.get("permalink")} if known else {"media": "", "link": None}
            comments, more = self._comments(edge, {**asked, "list": "comments", **here, "above": here["media"]})
            items, follow = items + comments, follow + more
        return self.posts(response, items, self._mention, follow)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each comment and each mention; posts of others have no answer here, and may not be asked for."""
        for mention in mentions:
            here, above, thread = mention.external_id, mention.parent_id, mention.thread_id
            if above is not None:
                yield replace(self._comment(here), about=(here,))
                if above != thread:
                    yield replace(self._comment(above), about=(above,))
            elif thread is not None:
                yield self._mentioned(thread, here if here != thread else None)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Page:
        """Read what Instagram pushed of the fields `comments` and `mentions`: words, and what to ask for."""
        changes = pushed(headers, body, self.config.app_secret, "instagram", self.config.user)
        told = [value for field, value in changes if field == "mentions"]
        said = [value for field, value in changes if field == "comments"]
        follow = [self._mentioned(value["media_id"], value.get("comment_id")) for value in told]
        to_read = [value.get("parent_id") if _name(value) in self.ours else value["id"] for value in said]
        follow += map(self._comment, filter(None, to_read))
        return Page.read(said, self._pushed, follow)

    def reply(self, mention: Mention, text: str) -> Request:
        """Answer below a comment, in its thread by name, or where the account was mentioned."""
        here, above, thread = mention.external_id, mention.parent_id, mention.thread_id
        if thread is None:
            raise UsageError("Instagram takes no answer to this post through its API; use the link of the mention")
        if above is None:
            form = {"media_id": thread, "message": text} | ({"comment_id": here} if here != thread else {})
            return self.post(f"{self.config.user}/mentions", **form)
        name = f"@{mention.author.name} " if above != thread and mention.author else ""
        return self.post(f"{here if above == thread else above}/replies", message=name + text)

    def said(self, thing: Mapping[str, Any], above: str) -> Said:
        """Return a comment as far as it must be known to tell who answers whom: people are called by their @name."""
        words = thing.get("text", "")
        names = frozenset(name.lower().rstrip(".") for name in NAMES.findall(words))
        return Said(thing["id"], thing.get("parent_id") or above, _name(thing), self.written(thing), words, names=names)

    def _comment(self, comment: str) -> Request:
        return self.ask(comment, {"one": "comment"}, fields=f"{COMMENT},media{{id,permalink}}")

    def _mentioned(self, media: str, comment: str | None) -> Request:
        """Ask for the words in which the account was mentioned."""
        post = ("media", media, f"{MEDIA},username")
        kind, number, fields = post if comment is None else ("comment", comment, MENTIONED)
        asked = f"mentioned_{kind}.{kind}_id({number}){{{fields}}}"
        return self.ask(self.config.user, {"one": f"mentioned_{kind}", "media": media}, fields=asked)

    def _recent(self, number: str) -> Request:
        user = self.config.user
        return self.ask(f"{number}/recent_media", {"list": "hashtag"}, user_id=user, fields=MEDIA, limit=HASHTAG)

    # --- reading

    def _comments(
        self, edge: Mapping[str, Any], asked: Mapping[str, Any], *, whole: bool = True
    ) -> tuple[list[Any], list[Request]]:
        """Return comments and the replies to each with their place, and the requests for more of both."""
        things, follow = list[tuple[Any, str, bool]](), list(self.more(edge, asked))
        whole = whole and not follow
        for comment in edge["data"]:
            things.append((comment, asked["above"], whole))
            if isinstance(comment, Mapping) and "replies" in comment:
                above, replies = comment["id"], comment["replies"]
                more = self.more(replies, {**asked, "above": above})
                things += [(reply, above, whole and not more) for reply in replies["data"]]
                follow += more
        return self.placed(things, thread=asked["media"], permalink=asked["link"]), follow

    def _alone(self, body: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Any]:
        """Return one thing that was asked for by itself: a mention stands below nothing of ours."""
        kind = asked["one"]
        if kind == "comment":
            media = body["media"]
            here = {"media": media["id"], "link": media.get("permalink"), "above": media["id"], "late": None}
            return self._comments({"data": [body]}, here, whole=False)[0]
        found = body[kind]
        place = {"thread": asked["media"], "above": None, "permalink": found.get("media", {}).get("permalink")}
        return [{**place, **found}]

    def _pushed(self, value: Mapping[str, Any]) -> RawMention | None:
        """Read what was pushed, in case it cannot be read anew."""
        media = value["media"]["id"]
        return self._mention({"timestamp": None, **value, "thread": media, "above": media})

    def _mention(self, item: Mapping[str, Any]) -> RawMention | None:
        """Read a comment or somebody's post; what the account itself says is no mention."""
        name, thread = _name(item), item.get("thread")
        if name in self.ours:
            return None
        opens = thread in (None, item["id"])
        likes, link = item.get("like_count"), item.get("permalink")
        return RawMention(
            external_id=item["id"],
            url=link,
            text=item.get("caption", "") if opens else item["text"],
            kind=Kind.POST if opens else Kind.COMMENT,
            author=Author(name, id=name, url=f"https://www.instagram.com/{name}/") if name else None,
            published_at=parse_when(item.get("timestamp") if opens else item["timestamp"]),
            audience=None if likes is None else Audience(likes, "likes"),
            subject=Subject(place=self.config.place),
            reply=item.get("answer"),
            answer_url=link,
            thread_id=thread,
            parent_id=None if opens else item.get("parent_id") or item["above"],
            absent=frozenset() if item.get("whole") or item.get("answer") else frozenset({"reply"}),
        )


def _next_of_hashtag(body: Mapping[str, Any], request: Request) -> list[Request]:
    """Return the request for the next page, smaller by one: its cursor is that of this page."""
    size = int(request.params["limit"]) - 1
    return [replace(one, params={**one.params, "limit": size}) for one in next_of(body, request.context) if size]


def _name(thing: Mapping[str, Any]) -> str | None:
    name = thing.get("username") or (thing.get("from") or {}).get("username")
    return name.lower() if name else None
