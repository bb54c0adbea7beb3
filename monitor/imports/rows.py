"""One row of a file → one raw mention."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from monitor.models import Audience, Author, Kind, Rating, RawMention, Reply, Subject
from monitor.text import fingerprint, number, parse_when

MOST_READERS = 10**12
SHOWN = 40  # characters of a value in a message

_ID_IN_LINK = re.compile(r"[?&#]reviewid=([^&#\s]{1,300})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of the scale where a row names none."""

    best: float
    worst: float


class Reader:
    """Turns rows into raw mentions. `columns` is our field → their column; `ours`: it is our own export."""

    def __init__(self, columns: Mapping[str, str], scale: Scale, zone: ZoneInfo, *, ours: bool = False) -> None:
        self.columns = columns
        self._scale, self._zone, self._ours = scale, zone, ours
        self._made: Counter[str] = Counter()

    def mention(self, row: Mapping[str, Any]) -> RawMention:
        """Return what a row says. Raises ValueError in words when it cannot be read."""
        get = {field: _text(row.get(column)) for field, column in self.columns.items()}
        text, title, rating = get.get("text") or "", get.get("title"), self._rating(get)
        if not text and not title and rating is None:
            raise ValueError("has neither a text nor a mark")
        published = self._time(get, "published_at")
        return RawMention(
            external_id=self._id(get, row, published),
            text=text,
            title=title,
            url=get.get("url"),
            answer_url=get.get("answer_url"),
            kind=_kind(get.get("kind")),
            author=_author(get),
            published_at=published,
            updated_at=self._time(get, "updated_at"),
            rating=rating,
            language=get.get("language"),
            audience=_audience(get),
            subject=Subject(
                place=get.get("place"),
                product=get.get("product"),
                app_version=get.get("app_version"),
                device=get.get("device"),
                country=get.get("country"),
            ),
            reply=self._reply(get),
            thread_id=get.get("thread_id"),
            parent_id=get.get("parent_id"),
        )

    def _id(self, get: Mapping[str, str | None], row: Mapping[str, Any], published: datetime | None) -> str:
        if given := get.get("id"):
            # In our own export two sources may have used one id.
            return f"{row.get('source')}/{given}" if self._ours and self.columns["id"] == "external_id" else given
        if found := _ID_IN_LINK.search(get.get("url") or ""):
            return unquote(found[1])
        made = f"row-{_fingerprint(get, published)}"
        self._made[made] += 1
        return made if self._made[made] == 1 else f"{made}-{self._made[made]}"

    def _rating(self, get: Mapping[str, str | None]) -> Rating | None:
        value = get.get("rating")
        if value is None:
            return None
        found = number(value)
        best, worst = self._end(get, "rating_best", self._scale.best), self._end(get, "rating_worst", self._scale.worst)
        if found is None:
            raise ValueError(f"`{value[:SHOWN]}` is no mark")
        if not worst <= found <= best:
            raise ValueError(f"the mark {found:g} is not between {worst:g} and {best:g}; see --best and --worst")
        return Rating(found, best, worst)

    def _end(self, get: Mapping[str, str | None], field: str, default: float) -> float:
        value = get.get(field)
        found = number(value) if value is not None else None
        return default if found is None else found

    def _reply(self, get: Mapping[str, str | None]) -> Reply | None:
        text = get.get("reply_text")
        return Reply(text, published_at=self._time(get, "replied_at")) if text else None

    def _time(self, get: Mapping[str, str | None], field: str) -> datetime | None:
        value = get.get(field)
        if value is None:
            return None
        is_utc = self.columns[field].casefold().rstrip(") ").endswith("utc")  # "Review Created (UTC)"
        found = parse_when(value, "UTC" if is_utc else self._zone.key)
        if found is None:
            raise ValueError(f"`{value[:SHOWN]}` is no time ({field}); write it like 2026-11-24T09:30:00+01:00")
        return found.astimezone(UTC)


def _fingerprint(get: Mapping[str, str | None], published: datetime | None) -> str:
    """Return by what a row without an id is known again: author and second, or else everything it says."""
    about = (get.get("product"), get.get("place"), get.get("device"))
    who = get.get("author_id") or get.get("author")
    if published is not None and (published.minute or published.second or published.microsecond) and who:
        return fingerprint(*about, who, published.isoformat())
    said = (get.get("title"), get.get("text"), get.get("rating"))
    return fingerprint(*about, who, published.isoformat() if published else None, *said)


def _author(get: Mapping[str, str | None]) -> Author | None:
    name, author_id = get.get("author"), get.get("author_id")
    return Author(name, author_id) if name or author_id else None


def _audience(get: Mapping[str, str | None]) -> Audience | None:
    size = number(get.get("audience"))
    return (
        None
        if size is None or not 0 <= size <= MOST_READERS
        else Audience(int(size), get.get("audience_kind") or "readers")
    )


def _kind(value: str | None) -> Kind:
    if value is None:
        return Kind.REVIEW
    try:
        return Kind(value.casefold())
    except ValueError as error:
        raise ValueError(f"`{value[:SHOWN]}` is no kind; review, post, comment and message are") from error


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    text = str(value).strip()
    return text or None
