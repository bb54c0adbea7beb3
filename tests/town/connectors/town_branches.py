"""Reviews of several branches of one company in a made-up town, page by page, from a made-up JSON API.

An error is an answer with status 200 and a word for what is wrong. Each branch has a mark of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.connector import (
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Limits,
    Mention,
    Outcome,
    Page,
    Rating,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    refused_by_status,
)

API = "https://branches.town.example/branches"


class BranchesConfig(ConnectorConfig):
    """Settings of one company. What a real connector knows of its site is an option here."""

    branches: tuple[str, ...]
    newest_first: bool = False
    lists_all: bool = False
    full_hours: int | None = None
    overlap_hours: int = 48
    sees_answers: bool = True
    elsewhere: dict[str, str] | None = None  # whole addresses of branches with a site of their own


class TownBranches(Connector[BranchesConfig]):
    """Read the reviews of each branch."""

    Config = BranchesConfig
    title = "Branches"
    limits = Limits(gap=timedelta(0))
    default_every = timedelta(minutes=1)
    fastest = timedelta(seconds=1)
    sees = "Everything."

    def __init__(self, config: BranchesConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.newest_first = config.newest_first  # type: ignore[misc]  # a fact of a real site
        self.lists_all = config.lists_all  # type: ignore[misc]
        self.full_every = timedelta(hours=config.full_hours) if config.full_hours else None  # type: ignore[misc]
        self.overlap = timedelta(hours=config.overlap_hours)  # type: ignore[misc]
        self.sees_answers = "yes" if config.sees_answers else "no"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the first page of each branch, from its mark on."""
        marks, elsewhere = since.bookmark or {}, self.config.elsewhere or {}
        for branch in self.config.branches:
            params = {"from": marks[branch]} if branch in marks else {}
            yield Request(elsewhere.get(branch, f"{API}/{branch}"), params, context=branch)

    def parse(self, response: Response) -> Page:
        """Read one page."""
        body = response.json()
        branch = response.request.context
        follow = [Request(body["next"], context=branch)] if body.get("next") else []
        bookmark = {branch: body["mark"]} if "mark" in body else None
        return Page.read(body["reviews"], self._review, follow, bookmark=bookmark, gone=tuple(body.get("gone", ())))

    def refused(self, response: Response) -> Refusal | None:
        """Read an error object, whatever the status."""
        if response.content_type != "application/json" or "error" not in (body := response.json()):
            return refused_by_status(response)
        wait = timedelta(seconds=body["wait"]) if "wait" in body else None
        instead = tuple(Request(url, context=response.request.context) for url in body.get("instead", ()))
        return Refusal(Outcome(body["error"]), body.get("why", "the site says no"), wait, instead=instead)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for up to twenty at once."""
        ids = [mention.external_id for mention in mentions]
        for start in range(0, len(ids), 20):
            some = ids[start : start + 20]
            yield Request(f"{API}/some", {"ids": ",".join(some)}, about=tuple(some))

    def _review(self, item: dict[str, Any]) -> RawMention:
        reply = item.get("reply")
        return RawMention(
            external_id=item["id"],
            text=item["text"],
            author=Author(item["author"], item["author"]) if item["author"] else None,
            published_at=datetime.fromisoformat(item["created"]) if item["created"] else None,
            updated_at=datetime.fromisoformat(item["updated"]) if item.get("updated") else None,
            rating=Rating(item["stars"]) if item["stars"] is not None else None,
            language=item.get("language"),
            reply=Reply(reply["text"], published_at=datetime.fromisoformat(reply["at"])) if reply else None,
        )
