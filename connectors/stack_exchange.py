"""Questions and answers on one site of Stack Exchange: those under your tags, or those that a search for you finds.

Every answer comes in a wrapper that may say `backoff`: so many seconds nobody may ask that method again. So the lists
are read one after the other; where it comes, the walk ends, and the next look goes on from the page in the bookmark.
How a search matches is not documented: what it brings is matched again here. Questions and answers share their numbers,
comments have others; comments cannot be searched. What was deleted is missing when it is asked for by its number.
A site may be named by its domain. https://api.stackexchange.com/docs, https://api.stackexchange.com/docs/throttle, https://api.stackexchange.com/docs/wrapper,
https://api.stackexchange.com/docs/excerpt-search, https://api.stackexchange.com/docs/questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
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
    Subject,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import QueryKey
from monitor.text import parse_when

API = "https://api.stackexchange.com/2.3"
AT_ONCE = 100  # a page, and the numbers in one question
LONGEST_WAIT = timedelta(hours=24)  # the quota is that of a day

_WAIT = re.compile(r"available in (\d{1,9}) seconds")

Site = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(pattern=r"^[\w.#+-]{1,50}$", strip_whitespace=True)]


class StackExchangeConfig(ConnectorConfig):
    """Settings of one source on one site."""

    site: Site = Field("stackoverflow.com", description="the address of the site, without https://")
    key: SecretStr | None = Field(None, description="the key of an app: 10,000 questions a day instead of 300")
    tags: tuple[Tag, ...] = Field((), description="read the questions under these tags; without, search")
    terms: tuple[str, ...] = Field((), description="what to search for; empty: the terms of your brands")
    product: str | None = Field(None, description="the product that it is about")


class StackExchange(Connector[StackExchangeConfig]):
    """Find questions and answers about a brand, and our own answers and comments to them."""

    Config = StackExchangeConfig
    title = "Stack Exchange"
    hosts = ("api.stackexchange.com",)
    names_gaps = True  # there are none: what is newer than a time is all shown
    default_every = timedelta(minutes=15)
    fastest = timedelta(minutes=5)
    sees = (
        "Questions under your tags with their views and edits, or questions and answers that a search finds; your "
        "answers and comments; no comments of others. Tried on one recorded page of questions."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "nothing; a free key for more than 300 requests a day"

    def __init__(self, config: StackExchangeConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = not config.tags
        self.ours = {person for brand in brands for person in brand.own_accounts.get("stack_exchange", ())}
        if not self.ours:
            self.sees_answers = "no"

    def auth(self) -> Auth | None:
        """Return the key, where there is one."""
        return QueryKey(self.config.key, "key") if self.config.key else None

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the first list; where the last look had to wait, first for what it has left."""
        after = int(since.time.timestamp()) if since.time else None
        terms = self.config.terms or tuple(term for brand in self.brands for term in brand.terms)
        words = (term.replace('"', " ").strip("@ ") for term in terms)
        wanted = self.config.tags or tuple(dict.fromkeys(word for word in words if word))
        if not wanted:
            raise UsageError("stack_exchange has nothing to look for: give the source `terms` or `tags`, or a brand")
        left = (since.bookmark or {}).get("left", [])
        yield self._next([*left, *({"for": one, "after": after, "page": 1} for one in wanted)])

    def parse(self, response: Response) -> Page:
        """Read one page of a list, or what a re-check asked for."""
        body, asked = response.json(), response.request.context
        items, more, wait = body["items"], body["has_more"], body.get("backoff")
        if "these" in asked:
            return self._still_there(items, asked["these"])
        if "ours" in asked:
            page, params = Page.read(items, self._own), response.request.params
            further = replace(response.request, params={**params, "page": params["page"] + 1})
            return replace(page, follow=(further,)) if more and not wait else page
        page = Page.read(items, self._post)
        here, *rest = asked["lists"]
        left = [*rest, {**here, "page": here["page"] + 1}] if more else rest
        if left and not wait:
            return replace(page, follow=(self._next(left),))
        return replace(page, bookmark={"left": left})

    def refused(self, response: Response) -> Refusal | None:
        """Read what the wrapper calls an error; asked too often comes as 400 and names the seconds to wait."""
        body = response.json() if response.body.lstrip()[:1] == b"{" else {}
        if "error_id" in body:
            name, said = body.get("error_name"), str(body.get("error_message"))
            why = f"Stack Exchange answered {response.status} ({name})"
            if name == "throttle_violation":
                wait = _WAIT.search(said)
                span = min(timedelta(seconds=int(wait[1])), LONGEST_WAIT) if wait else response.retry_after()
                return Refusal(Outcome.THROTTLED, f"{why}: asked too often; a `key` allows more", span)
            if response.status < 500 and response.status != 429:
                return Refusal(Outcome.FAILED, f"{why}: look at `site` and `key`")
        if response.status in (401, 403):
            why = f"Stack Exchange answered {response.status}: it lets this address in no more for now"
            return Refusal(Outcome.FAILED, why, response.retry_after())
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask which posts still stand and, where we have accounts, for answers and comments, a hundred at once."""
        for start in range(0, len(mentions), AT_ONCE):
            some = mentions[start : start + AT_ONCE]
            these = [one.external_id for one in some]
            yield self._ask(f"/posts/{';'.join(these)}", {"these": these})
            if self.ours:
                yield self._ask(f"/posts/{';'.join(these)}/comments", {"ours": True}, filter="withbody")
            questions = [one.external_id for one in some if one.kind is Kind.POST]
            if self.ours and questions:
                yield self._ask(f"/questions/{';'.join(questions)}/answers", {"ours": True}, filter="withbody")

    def _still_there(self, items: Sequence[Mapping[str, Any]], these: Sequence[str]) -> Page:
        """Return as gone what did not come although it was asked for alone; of many, ask for each by itself first."""
        there = {str(item["post_id"]) for item in items}
        missing = [one for one in these if one not in there]
        if len(these) == 1:
            return Page(gone=tuple(missing))
        return Page(follow=tuple(self._ask(f"/posts/{one}", {"these": [one]}) for one in missing))

    def _next(self, lists: Sequence[Mapping[str, Any]]) -> Request:
        """Return the request for the first of some lists; the others wait in its context."""
        here, context = lists[0], {"lists": [dict(one) for one in lists]}
        name, after, page = here["for"], here["after"], here["page"]
        if self.config.tags:
            wanted = {"tagged": name, "sort": "activity", "min": after, "filter": "withbody"}
            return self._ask("/questions", context, page=page, **wanted)
        return self._ask("/search/excerpts", context, page=page, q=f'"{name}"', sort="creation", fromdate=after)

    def _ask(self, path: str, context: Mapping[str, Any], *, page: int = 1, **params: Any) -> Request:
        asked = {"site": self.config.site, "pagesize": AT_ONCE, "order": "desc", "page": page, **params}
        return Request(API + path, {name: value for name, value in asked.items() if value is not None}, context=context)

    def _post(self, item: Mapping[str, Any]) -> RawMention:
        """Return a question of the list by tags, or a question or an answer that a search has found."""
        answer, question, views = item.get("item_type") == "answer", str(item["question_id"]), item.get("view_count")
        number = str(item["answer_id"]) if answer else question
        address = f"https://{self.config.site}/{'a' if answer else 'q'}/{number}"
        return RawMention(
            external_id=number,
            url=address,
            title=None if answer else item["title"],
            text=_words(item),
            kind=Kind.COMMENT if answer else Kind.POST,
            author=_author(item),
            published_at=parse_when(item["creation_date"]),
            updated_at=parse_when(item.get("last_edit_date")),
            audience=None if views is None else Audience(views, "views"),
            subject=Subject(product=self.config.product),
            answer_url=address,
            thread_id=question,
            parent_id=question if answer else None,
            html=True,
        )

    def _own(self, item: Mapping[str, Any]) -> RawMention | None:
        """Return an answer or a comment of ours, and what it is below; None for one by somebody else."""
        author, comment = _author(item), "comment_id" in item
        if author is None or author.id not in self.ours:
            return None
        return RawMention(
            external_id=f"comment-{item['comment_id']}" if comment else str(item["answer_id"]),
            text=_words(item),
            kind=Kind.COMMENT,
            author=author,
            published_at=parse_when(item["creation_date"]),
            parent_id=str(item["post_id" if comment else "question_id"]),
            html=True,
        )


def _words(item: Mapping[str, Any]) -> str:
    """Return the body, which is HTML, or the excerpt of a search; some filters give markdown instead."""
    if "body" not in item and "body_markdown" in item:
        return escape(unescape(item["body_markdown"]), quote=False)
    return str(item["excerpt"] if "item_type" in item and not item.get("body") else item["body"])


def _author(item: Mapping[str, Any]) -> Author | None:
    """Return who wrote it. An account that was deleted has no number left."""
    owner = item.get("owner") or {}
    number = owner.get("user_id")
    name = unescape(owner.get("display_name") or "") or None
    return Author(name, None if number is None else str(number), owner.get("link")) if owner else None
