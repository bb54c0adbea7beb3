"""Reviews on any page, found by CSS selectors from the configuration.

The page is read without running its scripts. Where reviews carry no id, a fingerprint takes its place, so
an edited review looks like a new one. https://developer.mozilla.org/docs/Web/CSS/Reference/Selectors
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import Field, model_validator

from monitor.connector import (
    Author,
    Brand,
    Connector,
    Page,
    ParseError,
    RawMention,
    Reply,
    Request,
    Response,
    Since,
    Subject,
)
from monitor.connector.pages import (
    KEY_WORDS,
    MAX_PAGES,
    PagesConfig,
    address_of,
    breaks_off,
    nothing_found,
    page_of,
    plain,
    site_of,
)
from monitor.connector.parts import Part, Selector, Stars, When
from monitor.text import fingerprint, safe_link
from monitor.text.selecting import Element, base_of, elements, seen

MAX_ITEMS = 500  # on one page; more is not a list of reviews
FEWEST_ALIKE = 4  # entries that say one and the same thing; fewer may be chance


class WebPageConfig(PagesConfig):
    """Settings of one web_page source: pages, the selector of one review, and where its parts stand in it."""

    item: Selector
    text: Part | None = None
    title: Part | None = None
    author: Part | None = None
    date: When | None = None
    rating: Stars | None = None
    id: Part | None = None
    link: Part | None = None
    reply: Part | None = None
    pages: int = Field(default=1, ge=1, le=MAX_PAGES)
    first_page: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> WebPageConfig:
        if self.text is None and self.rating is None:
            raise ValueError("a review has `text` or `rating`: say where one of them stands")
        numbered = ["{page}" in address for address in self.addresses]
        if self.pages > 1 and not all(numbered):
            raise ValueError(f"`pages` is {self.pages}, but an address has no {{page}} to put the number in")
        return self


class WebPage(Connector[WebPageConfig]):
    """Read the reviews that selectors find on a page."""

    Config = WebPageConfig
    default_every = timedelta(hours=6)
    fastest = timedelta(hours=1)
    markup = True
    robots = True
    sees = (
        "What the source of the page holds and the selectors name; nothing that scripts load later, no deletions. "
        "Answers only where `reply` says where they stand; without ids an edited review looks like a new one."
    )
    needs = "pages that are yours, or whose owner allows it"
    ready_in = "10 minutes"
    proven = "recordings"

    def __init__(self, config: WebPageConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        if config.reply is not None:
            self.sees_answers = "late"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the first page of every list."""
        for address in self.config.addresses:
            yield self._request(address, self.config.first_page)

    def parse(self, response: Response) -> Page:
        """Read one page. Raises ParseError when the selector finds nothing, or what cannot be reviews."""
        markup = page_of(response)
        whole = seen(markup)
        address = address_of(response)
        base = base_of(whole, address)
        items = elements(whole, self.config.item, MAX_ITEMS + 1)
        where = response.request.context or {}
        number_of_page = where.get("page", self.config.first_page)
        if not items and number_of_page > self.config.first_page:
            return Page()  # behind the last page
        self._check_items(items, markup)
        page = Page.read(items, lambda item: self._review(item, address, base), self._next(where))
        return replace(page, repaired=breaks_off(markup), mentions=tuple(_named(page.mentions, site_of(response))))

    def _request(self, address: str, page: int) -> Request:
        return Request(address.replace("{page}", str(page)), context={"address": address, "page": page})

    def _next(self, where: Mapping[str, Any]) -> Iterator[Request]:
        following = where.get("page", self.config.first_page) + 1
        if where and following < self.config.first_page + self.config.pages:
            yield self._request(where["address"], following)

    def _check_items(self, items: Sequence[Element], markup: str) -> None:
        name = f'`item = "{self.config.item}"`'
        if not items:
            raise nothing_found(
                markup,
                f"{name} finds nothing in the page source: the page has changed, or builds its reviews with "
                "JavaScript. See docs/connectors.md#web_page",
            )
        if len(items) > MAX_ITEMS:
            raise ParseError(f"{name} finds more than {MAX_ITEMS} entries on one page: it means more than reviews")

    def _review(self, item: Element, address: str, base: str) -> RawMention:
        parts = self.config
        text, title, author, reply = (
            part.words(item) if part else None for part in (parts.text, parts.title, parts.author, parts.reply)
        )
        rating = parts.rating.rating(item) if parts.rating else None
        if not (text or title or rating):
            raise ParseError("an entry without text and without a mark")
        link = safe_link(parts.link.value(item), base) if parts.link else None
        return RawMention(
            external_id=(parts.id.value(item) if parts.id else None) or "",
            text=text or "",
            title=title,
            url=link or address,
            author=Author(author) if author else None,
            published_at=parts.date.moment(item) if parts.date else None,
            rating=rating,
            subject=Subject(place=parts.place, product=parts.product),
            reply=Reply(reply) if reply else None,
            absent=frozenset() if parts.reply else frozenset({"reply"}),
        )


def _named(mentions: Sequence[RawMention], site: str) -> Iterator[RawMention]:
    """Yield the reviews with their ids: the page's own, where each belongs to one review, else a fingerprint.

    Raises ParseError when all of several say the same and nothing tells them apart.
    """
    says = {id(mention): (plain(mention.text or mention.title), _who(mention)) for mention in mentions}
    owners: dict[str, set[tuple[str, str]]] = {}
    for mention in mentions:
        owners.setdefault(mention.external_id, set()).add(says[id(mention)])
    if len(mentions) >= FEWEST_ALIKE and len(owners) == 1 and len(set(says.values())) == 1:
        raise ParseError(f"all {len(mentions)} entries say the same: the selectors do not mean reviews")
    times: Counter[str] = Counter()
    for mention in mentions:
        words, who = says[id(mention)]
        own = mention.external_id if len(owners[mention.external_id]) == 1 else ""
        key = own or fingerprint(site, who, words[:KEY_WORDS])
        times[key] += 1
        if times[key] == 1:
            yield replace(mention, external_id=key)
        elif not own:  # two people may say the same; one review may stand on a page twice
            yield replace(mention, external_id=f"{key}-{times[key]}")


def _who(mention: RawMention) -> str:
    """Return what tells equal texts apart: the name, the date, the mark."""
    rating = mention.rating
    return fingerprint(
        plain(mention.author.name if mention.author else ""),
        mention.published_at.isoformat() if mention.published_at else "",
        f"{rating.value:g}/{rating.best:g}" if rating else "",
    )
