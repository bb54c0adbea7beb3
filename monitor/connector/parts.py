"""Options that say where the parts of a review stand on a page: an element, and what of it to take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from monitor.connector import Rating
from monitor.text import from_html, parse_when
from monitor.text.selecting import Element, checked_pattern, checked_selector, elements, taken

_NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:[.,]\d+)?")
_WIDTH = re.compile(r"width\s*:\s*(\d+(?:\.\d+)?)\s*%")


def _format(value: str) -> str:
    if "%Y" not in value and "%y" not in value:
        raise ValueError(f"`{value}` has no year (%Y): next year it would mean another day")
    try:
        _read(datetime(2001, 12, 31, 23, 59, 58, tzinfo=UTC).strftime(value), value)
    except ValueError as error:
        raise ValueError(f"`{value}` is not a date format: {error}") from error
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"`{value}` is no time zone; one is called Europe/Berlin") from error
    return value


def _read(value: str, form: str) -> datetime:
    return datetime.strptime(value, form)  # noqa: DTZ007  the caller adds the zone that the value lacks


Selector = Annotated[str, AfterValidator(checked_selector)]


class Part(BaseModel):
    """Where one part of a review stands. A plain string is the selector; without one, the whole review is meant.

    `take` is "text", "html" or "attr:NAME"; `pattern` (RE2) cuts out its first group.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    select: Selector | None = None
    take: Annotated[str, Field(pattern=r"^(text|html|attr:[A-Za-z_:][\w:.-]*)$")] = "text"
    pattern: Annotated[str, AfterValidator(checked_pattern)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"select": value} if isinstance(value, str) else value

    def value(self, item: Element) -> str | None:
        """Return what stands in the first element that is found, or None when nothing does."""
        return next((taken(element, self.take, self.pattern) for element in elements(item, self.select, 1)), None)

    def words(self, item: Element) -> str | None:
        """Return the same for people to read."""
        found = self.value(item)
        return from_html(found) if found and self.take == "html" else found


class When(Part):
    """Where the date stands. The `datetime` of a time element counts more than its words.

    `format` is that of strptime, with English names; without it, dates in seven languages are understood.
    `timezone` is that of times without one; without it they are UTC.
    """

    format: Annotated[str, AfterValidator(_format)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None

    def moment(self, item: Element) -> datetime | None:
        """Return the time, or None for what names no day of its own, such as "2 days ago"."""
        if self.take == "text":
            exact = next((taken(element, "attr:datetime") for element in elements(item, self.select, 1)), None)
            if (moment := parse_when(exact, self.timezone)) is not None:
                return moment
        found = self.value(item)
        if not found or not self.format:
            return parse_when(found, self.timezone)
        try:
            moment = _read(found, self.format)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.timezone or "UTC"))
        return moment.astimezone(UTC)


class Stars(Part):
    """Where the mark stands and how it is written.

    Rules: "number" (the first number), "x of y" (two numbers), "count" (as many as elements match),
    "class" (looked up in `map` by class name), "width" (a bar's width in per cent of the best mark).
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

    def rating(self, item: Element) -> Rating | None:
        """Return the mark, or None where there is none that fits its scale: no mark is not a bad one."""
        value, best = self._mark(item)
        rating = Rating(value, best, self.worst) if value is not None else None
        return rating if rating and rating.stars is not None else None

    def _mark(self, item: Element) -> tuple[float | None, float]:
        if self.rule == "count":
            return float(len(elements(item, self.select))) or None, self.best
        if self.rule == "class":
            found = [name for element in elements(item, self.select) for name in self._classes(element)]
            return next((self.map[name] for name in found if name in self.map), None), self.best
        if self.rule == "width":
            styles = (taken(element, "attr:style") or "" for element in elements(item, self.select))
            share = next(filter(None, map(_WIDTH.search, styles)), None)
            return float(share[1]) * self.best / 100 if share else None, self.best
        numbers = [float(found.replace(",", ".")) for found in _NUMBER.findall((self.value(item) or "")[:200])]
        if self.rule == "x of y":
            return (numbers[0], numbers[1]) if len(numbers) > 1 else (None, self.best)
        return (numbers[0] if numbers else None), self.best

    @staticmethod
    def _classes(element: Element) -> list[str]:
        return (taken(element, "attr:class") or "").split()
