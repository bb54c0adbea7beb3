"""Reviews on any page, found by CSS selectors from the configuration.

The page is read without running its scripts. Where reviews carry no id, a fingerprint takes its place, so
an edited review looks like a new one. https://developer.mozilla.org/docs/Web/CSS/Reference/Selectors
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import re2
import soupsieve
from bs4 import BeautifulSoup, Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from monitor.connector import (
    Author,
    Brand,
    Connector,
    Page,
    ParseError,
    Rating,
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
    nothing_found,
    page_of,
    plain,
    site_of,
)
from monitor.text import fingerprint, from_html, parse_when, safe_link

MAX_ITEMS = 500  # on one page; more is not a list of reviews
FEWEST_ALIKE = 4  # entries that say one and the same thing; fewer may be chance

_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_QUIET = re2.Options()
_QUIET.log_errors = False
_NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:[.,]\d+)?")
_WIDTH = re.compile(r"width\s*:\s*(\d+(?:\.\d+)?)\s*%")


def _selector(value: str) -> str:
    try:
        soupsieve.compile(value)
    except (soupsieve.SelectorSyntaxError, NotImplementedError) as error:
        raise ValueError(f"`{value}` is not a CSS selector: {str(error).splitlines()[0]}") from error
    return value


def _pattern(value: str) -> str:
    try:
        re2.compile(value, _QUIET)
    except re2.error as error:
        raise ValueError(f"`{value}` is not an RE2 pattern: {error.args[0].decode()}") from error
    return value


def _format(value: str) -> str:
    try:
        _read(datetime(2001, 12, 31, 23, 59, 58, tzinfo=UTC).strftime(value), value)
    except ValueError as error:
        raise ValueError(f"`{value}` is not a date format: {error}") from error
    if "%Y" not in value and "%y" not in value:
        raise ValueError(f"`{value}` has no year (%Y): next year it would mean another day")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"`{value}` is no time zone; one is called Europe/Berlin") from error
    return value


def _read(value: str, form: str) -> datetime:
    return datetime.strptime(value, form)  # noqa: DTZ007  the caller adds the zone that the value lacks


Selector = Annotated[str, AfterValidator(_selector)]


class Part(BaseModel):
    """Where one part of a review stands: in which element of it, and what of the element to take.

    A plain string is the selector. Without one, the element of the review itself is meant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    select: Selector | None = None
    take: str = Field(default="text", pattern=r"^(text|html|attr:[A-Za-z_:][\w:.-]*)$")
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"select": value} if isinstance(value, str) else value

    def elements(self, item: Tag) -> Sequence[Tag]:
        """Return the elements of a review that are meant."""
        return item.select(self.select) if self.select else [item]

    def value(self, item: Tag) -> str | None:
        """Return what stands there, or None when nothing does."""
        found = next((self.taken(element) for element in self.elements(item)), None)
        if found and self.pattern:
            match = re2.compile(self.pattern, _QUIET).search(found)
            found = match and match[1 if match.groups() else 0]
        return found or None

    def words(self, item: Tag) -> str | None:
        """Return the same for people to read."""
        found = self.value(item)
        return from_html(found) if found and self.take == "html" else found

    def taken(self, element: Tag) -> str | None:
        """Return what is to be taken of one element."""
        if self.take.startswith("attr:"):
            return " ".join(map(str, element.get_attribute_list(self.take[5:], default="")))
        inside = element.decode_contents()
        return inside if self.take == "html" else from_html(inside)


class When(Part):
    """Where the date stands: in its words, or in `datetime` of a time element.

    `format` is that of strptime, with English names; without it dates in seven languages are understood.
    """

    format: Annotated[str, AfterValidator(_format)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None

    def taken(self, element: Tag) -> str | None:
        """Return what is to be taken of one element."""
        exact = element.get("datetime") if self.take == "text" else None
        return str(exact) if exact else super().taken(element)

    def moment(self, item: Tag) -> datetime | None:
        """Return the time, or None for what names no day of its own, such as "2 days ago"."""
        found = self.value(item)
        if not found or not self.format:
            return parse_when(found, self.timezone)
        try:
            moment = _read(found, self.format)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.timezone or "UTC"))


class Stars(Part):
    """Where the mark stands and how it is written.

    Rules: `number` (the first number), `x of y` (two numbers), `count` (as many as elements match),
    `class` (looked up in `map` by class name), `width` (a bar's width in per cent of the best mark).
    """

    rule: Literal["number", "x of y", "count", "class", "width"] = "number"
    best: float = 5.0
    worst: float = 1.0
    map: Mapping[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Stars:
        if self.best <= self.worst:
            raise ValueError(f"`best` ({self.best:g}) must be above `worst` ({self.worst:g})")
        if (self.rule == "class") != bool(self.map):
            raise ValueError('rule "class" needs `map`, such as { "stars-4" = 4 }; no other rule takes it')
        if self.rule == "count" and not self.select:
            raise ValueError('rule "count" needs `select`: the elements to count, such as "i.star.full"')
        return self

    def rating(self, item: Tag) -> Rating | None:
        """Return the mark, or None where there is none that fits its scale: no mark is not a bad one."""
        value, best = self._mark(item)
        rating = Rating(value, best, self.worst) if value is not None else None
        return rating if rating and rating.stars is not None else None

    def _mark(self, item: Tag) -> tuple[float | None, float]:
        if self.rule == "count":
            return float(len(self.elements(item))) or None, self.best
        if self.rule == "class":
            classes = [str(name) for element in self.elements(item) for name in element.get_attribute_list("class")]
            return next((self.map[name] for name in classes if name in self.map), None), self.best
        if self.rule == "width":
            style = next((str(element.get("style", "")) for element in self.elements(item)), "")
            share = _WIDTH.search(style)
            return float(share[1]) * self.best / 100 if share else None, self.best
        numbers = [float(found.replace(",", ".")) for found in _NUMBER.findall((self.value(item) or "")[:200])]
        if self.rule == "x of y":
            return (numbers[0], numbers[1]) if len(numbers) > 1 else (None, self.best)
        return (numbers[0] if numbers else None), self.best


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
        soup = BeautifulSoup(markup, "lxml")
        address = address_of(response)
        base = next((safe_link(str(tag["href"]), address) for tag in soup.find_all("base", href=True)), None)
        for hidden in soup.find_all(_is_unseen):
            hidden.extract()
        items = soup.select(self.config.item, limit=MAX_ITEMS + 1)
        where = response.request.context or {}
        number_of_page = where.get("page", self.config.first_page)
        if not items and number_of_page > self.config.first_page:
            return Page()  # behind the last page
        self._check_items(items, markup)
        page = Page.read(items, lambda item: self._review(item, address, base or address), self._next(where))
        return replace(page, mentions=tuple(_named(page.mentions, site_of(response))))

    def _request(self, address: str, page: int) -> Request:
        return Request(address.replace("{page}", str(page)), context={"address": address, "page": page})

    def _next(self, where: Mapping[str, Any]) -> Iterator[Request]:
        following = where.get("page", self.config.first_page) + 1
        if where and following < self.config.first_page + self.config.pages:
            yield self._request(where["address"], following)

    def _check_items(self, items: Sequence[Tag], markup: str) -> None:
        name = f'`item = "{self.config.item}"`'
        if not items:
            raise nothing_found(
                markup,
                f"{name} finds nothing in the page source: the page has changed, or builds its reviews with "
                "JavaScript. See docs/connectors.md#web_page",
            )
        if len(items) > MAX_ITEMS:
            raise ParseError(f"{name} finds more than {MAX_ITEMS} entries on one page: it means more than reviews")

    def _review(self, item: Tag, address: str, base: str) -> RawMention:
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


def _is_unseen(tag: Tag) -> bool:
    if tag.name in ("script", "style", "template") or "hidden" in tag.attrs:
        return True
    return "style" in tag.attrs and bool(_UNSEEN.search(str(tag.attrs["style"])))


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
