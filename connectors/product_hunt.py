"""Comments on a launch on Product Hunt, with replies, from its GraphQL interface; of its reviews only the average.

Comments come newest first by definition, replies inside them; a reply to an old comment is found when all is walked.
Clients tell that ids and names of others are taken out ("0", "[REDACTED]"), but not those of the token's own account:
what that wrote is ours, and what the makers of the launch wrote as far as their ids are shown. Nothing tells of edits
but the words. An error of GraphQL comes with 200 and a list of `errors`; what is not there is null.
https://api.producthunt.com/v2/docs, https://github.com/producthunt/producthunt-api
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Connector,
    ConnectorConfig,
    FetchError,
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
from monitor.connector.auth import HeaderKey
from monitor.text import parse_when

API = "https://api.producthunt.com/v2/api/graphql"
POST = "post(slug: $slug) { name reviewsRating makers { id }"
PAGE = "pageInfo { hasNextPage endCursor }"
SAID = "id body createdAt url parentId userId votesCount user { name url isViewer }"
COMMENT = f"{SAID} replies(first: 20, after: $replies) {{ edges {{ node {{ {SAID} }} }} {PAGE} }}"
ALL = (
    f"query($slug: String!, $after: String, $replies: String) {{ {POST} "
    f"comments(first: 20, after: $after, order: NEWEST) {{ edges {{ node {{ {COMMENT} }} }} {PAGE} }} }} }}"
)
ONE = f"query($slug: String!, $id: ID!, $replies: String) {{ {POST} }} comment(id: $id) {{ {COMMENT} }} }}"
NOBODY = "0"  # stands for the id of whoever is not shown


def _slug(value: Any) -> str:
    return str(value).strip().rpartition("/posts/")[2].partition("?")[0].strip("/")


Slug = Annotated[str, BeforeValidator(_slug), StringConstraints(pattern=r"^[a-z0-9-]{1,200}$")]


class ProductHuntConfig(ConnectorConfig):
    """Settings of one launch."""

    post: Slug = Field(description="what stands behind `producthunt.com/posts/` in the address of the launch")
    token: SecretStr = Field(description="the developer token, of the account that answers")


class ProductHunt(Connector[ProductHuntConfig]):
    """Read the comments on one launch, and our own answers to them."""

    Config = ProductHuntConfig
    title = "Product Hunt"
    hosts = ("api.producthunt.com",)
    newest_first = True
    lists_all = True
    full_every = timedelta(days=1)
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Comments on the launch you name, replies to old ones within a day, the average of its reviews, and answers of "
        "the token's account; not the reviews, mostly no names. Built on the schema, never tried on real answers."
    )
    sees_answers = "yes"
    needs = "a developer token; for commercial use one asks Product Hunt first"
    ready_in = "5 minutes"
    steps = (
        "Ask Product Hunt for its leave where your use is commercial: by default it is not allowed.",
        "Sign in with the account that answers, make an application in the API dashboard, and make a developer token.",
        "Put it where only you can read it and name it as `token`.",
    )

    def auth(self) -> Auth:
        """Return the token."""
        return HeaderKey(self.config.token)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest comments."""
        yield self._ask(ALL)

    def parse(self, response: Response) -> Page:
        """Read one page of comments, or one comment with its replies."""
        body, asked = response.json(), response.request
        if body.get("errors"):
            raise FetchError(f"Product Hunt refused the question: {str(body['errors'])[:120]}", code="refused")
        post = body["data"]["post"]
        if post is None:
            raise FetchError(f"Product Hunt knows no launch {self.config.post}: compare `post`", code="refused")
        if asked.about and body["data"]["comment"] is None:
            return Page(gone=asked.about)
        listed = post.get("comments", {"pageInfo": {"hasNextPage": False}})
        comments = [body["data"]["comment"]] if asked.about else [edge["node"] for edge in listed["edges"]]
        follow = [
            self._ask(ONE, (one["id"],), id=one["id"], replies=one["replies"]["pageInfo"]["endCursor"])
            for one in comments
            if one["replies"]["pageInfo"]["hasNextPage"]
        ]
        if listed["pageInfo"]["hasNextPage"]:
            follow.append(self._ask(ALL, after=listed["pageInfo"]["endCursor"]))
        said = [*comments, *(edge["node"] for one in comments for edge in one["replies"]["edges"])]
        ours = {maker["id"] for maker in post["makers"]} - {NOBODY}
        total = SiteTotal(None, post["reviewsRating"] or None, subject=post["name"])
        return Page.read(said, lambda item: _comment(item, ours, post["name"]), follow, totals=(total,))

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each comment with its replies."""
        for mention in mentions:
            yield self._ask(ONE, (mention.external_id,), id=mention.external_id)

    def _ask(self, query: str, about: tuple[str, ...] = (), **variables: str) -> Request:
        asked = {"query": query, "variables": {"slug": self.config.post, **variables}}
        return Request(API, method="POST", json=asked, about=about)


def _comment(item: Mapping[str, Any], ours: set[str], product: str) -> RawMention:
    who, number, body, above = item["user"], item["userId"], item["body"], item["parentId"]
    shown = number != NOBODY
    return RawMention(
        external_id=item["id"],
        url=item["url"],
        text=body,
        kind=Kind.COMMENT,
        author=Author(who["name"], number, who["url"]) if shown else None,
        published_at=parse_when(item["createdAt"]),
        audience=Audience(item["votesCount"], "likes"),
        subject=Subject(product=product),
        answer_url=item["url"],
        thread_id=above or item["id"],
        parent_id=above,
        own=who["isViewer"] or number in ours,
        html="</" in body or "<br" in body,  # nothing says which of both it is
    )
