"""Posts and comments on Lemmy that name us, as far as they reached one server, from its search; no account.

The search has no dates and no phrases: it is asked newest first, and what it brings is matched again here. Posts and
comments have numbers of their own on each server; `ap_id` is one everywhere. A comment's `path` names those above it,
0 being the post. What was deleted or removed stays in lists with a mark, or cannot be found; errors are told by a
word, some with 400. Written for version 0.19 (API v3); servers with 1.0 have renamed most of it.
https://join-lemmy.org/api/classes/LemmyHttp.html, https://github.com/LemmyNet/lemmy-js-client (0.19.9, the types)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
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
    UsageError,
    refused_by_status,
)
from monitor.connector.pages import SiteUrl
from monitor.text import parse_when

AT_ONCE = 50  # the most a page may have
GONE = (b'"couldnt_find_post"', b'"couldnt_find_comment"')


class LemmyConfig(ConnectorConfig):
    """Settings of one server."""

    url: SiteUrl = Field(description="the address of the server")


class Lemmy(Connector[LemmyConfig]):
    """Find the posts and comments that name a brand, and our own answers to them."""

    Config = LemmyConfig
    title = "Lemmy"
    newest_first = True
    searches = True
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)  # it is somebody's own server, and searches are counted
    sees = (
        "Posts and comments that name you, with their points, as far as they reached this server; your answers and "
        "deletions of open cases only. Built on the types of version 0.19, never tried on a real server."
    )
    sees_answers: Literal["yes", "no"] = "yes"

    def __init__(self, config: LemmyConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.ours = {account for brand in brands for account in brand.own_accounts.get("lemmy", ())}
        self.sees_answers = "yes" if self.ours else "no"

    def start(self, since: Since) -> Iterable[Request]:
        """Search for each term among posts and among comments; the driver stops where everything is known."""
        words = {term.strip("@ "): None for brand in self.brands for term in brand.terms}
        if not words:
            raise UsageError("lemmy has no words to look for: give the source a brand with terms")
        for word in words:
            for kind in ("Posts", "Comments"):
                yield self._ask("/search", {"q": word, "type_": kind, "sort": "New", "listing_type": "All", "page": 1})

    def parse(self, response: Response) -> Page:
        """Read one page of finds, one post or comment, or the comments below one."""
        body, asked = response.json(), response.request
        if "one" in asked.context:
            return self._read([body[asked.context["one"]]])
        if "below" in asked.context:
            return self._read([one for one in body["comments"] if one["creator"]["actor_id"] in self.ours])
        items = body[asked.params["type_"].lower()]
        further = replace(asked, params={**asked.params, "page": asked.params["page"] + 1})
        return replace(self._read(items), follow=(further,) if len(items) >= AT_ONCE else ())

    def refused(self, response: Response) -> Refusal | None:
        """Read the word that tells the error."""
        status, about = response.status, response.request.about
        if status >= 400 and b'"rate_limit_error"' in response.body:
            return Refusal(Outcome.THROTTLED, "the server is asked too often", response.retry_after())
        if status >= 400 and about and any(word in response.body for word in GONE):
            return Refusal(Outcome.GONE, "the server no longer has it", gone=about)
        if status in (401, 403, 404) and not about and not response.retry_after():
            why = f"the server answered {status}: `url` has to be a Lemmy server (0.19) that shows itself to visitors"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each whether it still stands and, where we have accounts, for the newest comments below it."""
        for mention in mentions:
            kind, _, number = mention.external_id.partition("-")
            asked = self._ask(f"/{kind}", {"id": number}, one=f"{kind}_view")
            yield replace(asked, about=(mention.external_id,))
            if self.ours:
                above = "parent_id" if kind == "comment" else "post_id"
                yield self._ask("/comment/list", {above: number, "type_": "All", "sort": "New"}, below=True)

    def _ask(self, path: str, params: Mapping[str, Any], **context: Any) -> Request:
        limit = {} if "one" in context else {"limit": AT_ONCE}
        return Request(f"{self.config.url}/api/v3{path}", {**params, **limit}, context=context)

    def _read(self, items: Any) -> Page:
        """Read posts or comments; those that were taken down are gone."""
        things = [one.get("comment") or one.get("post") or {} for one in items if isinstance(one, Mapping)]
        down = [one for one in things if "id" in one and (one.get("deleted") or one.get("removed"))]
        return Page.read(
            items, self._said, gone=tuple(_name("comment" if "path" in one else "post", one["id"]) for one in down)
        )

    def _said(self, item: Mapping[str, Any]) -> RawMention | None:
        post, said, who = item["post"], item.get("comment"), item["creator"]
        thing, thread = said or post, _name("post", post["id"])
        if thing["deleted"] or thing["removed"]:
            return None
        kind = "comment" if said else "post"
        above = said["path"].split(".")[-2] if said else ""
        address = f"{self.config.url}/{kind}/{thing['id']}"
        return RawMention(
            external_id=_name(kind, thing["id"]),
            url=address,
            title=None if said else post["name"],
            text=said["content"]
            if said
            else post.get("body") or post.get("url") or "",  # of a bare link, where it leads
            kind=Kind.COMMENT if said else Kind.POST,
            author=Author(who.get("display_name") or who["name"], who["actor_id"], who["actor_id"]),
            published_at=parse_when(thing["published"]),
            updated_at=parse_when(thing.get("updated")),
            audience=Audience(item["counts"]["score"], "points"),
            answer_url=address,
            thread_id=thread,
            parent_id=None if not said else thread if above == "0" else _name("comment", above),
            same_as=thing["ap_id"],
        )


def _name(kind: str, number: int | str) -> str:
    return f"{kind}-{number}"
