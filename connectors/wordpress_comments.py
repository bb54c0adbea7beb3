"""Comments on a WordPress site, from its own REST API: no key, full text, whom each one answers.

Newest first, a hundred a page; only what is approved, and only real comments: reviews of products, pingbacks and
notes are of other types. There is no time of the last change: an edit shows in the words. A comment that is on
hold or in the trash answers 401 (`rest_cannot_read`) to who asks for it alone, one that was deleted 404. Stars,
where a theme has them, are no part of it. Times are UTC without saying so. Sites at WordPress.com have another
API. https://developer.wordpress.org/rest-api/reference/comments/

Tried on WordPress 6.1: comments of posts that not everybody may see are counted and left out, and answer alone like
one on hold; so do those in spam. A list that is asked for by post is refused whole when one of the posts is private,
behind a password or in the trash (`rest_cannot_read_post`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, PositiveInt

from monitor.connector import (
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
    refused_by_status,
)
from monitor.connector.wordpress import (
    FULL_PAGE,
    PLAIN,
    AnySiteUrl,
    asked,
    has_plain_permalinks,
    page_of,
    shut,
    still_there,
)
from monitor.text import from_html, parse_when

COMMENTS = "/wp-json/wp/v2/comments"
NOT_SHOWN = {404: b'"rest_comment_invalid_id"', 401: b'"rest_cannot_read"', 403: b'"rest_cannot_read"'}


class WordPressCommentsConfig(ConnectorConfig):
    """Settings of one WordPress site."""

    url: AnySiteUrl = Field(description="the address of the site")
    posts: tuple[PositiveInt, ...] = Field((), description="the numbers of the posts or pages; empty: all")
    match_brand: bool = Field(False, description="keep only comments that name one of your brands")


class WordPressComments(Connector[WordPressCommentsConfig]):
    """Read the comments on a site, our own answers among them."""

    Config = WordPressCommentsConfig
    newest_first = True
    lists_all = True
    full_every = timedelta(days=7)
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=5)  # it is somebody's own server
    sees = (
        "All approved comments and what they answer; none on hold, no stars. Answers only where `own_accounts` names "
        "who writes them."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    proven = "server"

    def __init__(self, config: WordPressCommentsConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand
        self.answers = any(brand.own_accounts.get("wordpress_comments") for brand in self.brands)
        if not self.answers:
            self.sees_answers = "no"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page; the driver stops where everything is known."""
        posts = list(self.config.posts)
        yield self._list({"post[]": posts} if posts else {})

    def parse(self, response: Response) -> Page:
        """Read one page of comments, some comments, or one."""
        context = response.request.context
        if context["one"]:
            return Page.read([response.json()], _comment)
        if context["these"]:
            return still_there(response, _comment, self._one)
        return page_of(response, _comment)

    def refused(self, response: Response) -> Refusal | None:
        """Tell a comment that is no longer shown from a site that is shut."""
        code, about = NOT_SHOWN.get(response.status), response.request.about
        if about and code and code in response.body:
            return Refusal(Outcome.GONE, "the site no longer shows the comment", gone=about)
        if response.status in (401, 403) and b'"rest_cannot_read_post"' in response.body:
            why = "the site does not (or no longer) show one of the posts to everybody, so it refuses all of them"
            return Refusal(Outcome.FAILED, f"{why}; take it out of `posts`")
        if has_plain_permalinks(response):
            why = f"the permalinks of the site are plain: give its address as {self.config.url}{PLAIN}/"
            return Refusal(Outcome.FAILED, why)
        also = f", whether its permalinks are plain (then `url` has to end with {PLAIN}/)"
        return shut(response, COMMENTS, "comments", also) or refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for the comments themselves and for what answers them, a hundred at once."""
        ids = [mention.external_id for mention in mentions]
        for some in (ids[start : start + FULL_PAGE] for start in range(0, len(ids), FULL_PAGE)):
            yield self._list({"include[]": some}, these=some)
            if self.answers:
                yield self._list({"parent[]": some})

    def _list(self, params: Mapping[str, Any], these: Sequence[str] = ()) -> Request:
        order = {"orderby": "date_gmt", "order": "desc", "per_page": FULL_PAGE, "page": 1}
        context = {"these": list(these), "one": False}
        return asked(self.config.url, COMMENTS, {**order, **params}, context=context)

    def _one(self, external_id: str) -> Request:
        context = {"these": [], "one": True}
        return asked(self.config.url, f"{COMMENTS}/{external_id}", {}, context=context, about=(external_id,))


def _comment(item: Mapping[str, Any]) -> RawMention:
    return RawMention(
        external_id=str(item["id"]),
        url=item["link"],
        text=item["content"]["rendered"],
        kind=Kind.COMMENT,
        author=Author(from_html(item["author_name"]), id=str(item["author"]) if item["author"] else None),
        published_at=parse_when(item["date_gmt"]),
        answer_url=item["link"],
        parent_id=str(item["parent"]) if item["parent"] else None,
        html=True,
    )
