"""Reading reviews from a file: CSV, JSON or JSON Lines, with a mapping of its columns to ours.

One row that cannot be read is named with its line and left out; the rest comes in. The same file
twice adds nothing: rows without an id are known again by their fingerprint.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import intake
from monitor.clock import now as present
from monitor.config import Settings, SourceSettings
from monitor.connector import Connector, ConnectorConfig
from monitor.errors import ParseError, Problem, UsageError
from monitor.exchange import read_json
from monitor.match import Matcher
from monitor.models import Author, Json, Kind, Rating, RawMention, Reply, Subject
from monitor.scoring import scorer
from monitor.store import Store
from monitor.text import decode, number, parse_when

FIELDS = (
    "id", "text", "title", "rating", "author", "author_id", "published_at", "updated_at", "url", "answer_url",
    "language", "kind", "place", "product", "app_version", "country", "reply_text", "replied_at", "thread_id",
    "parent_id",
)  # fmt: skip
NEEDED = ("text", "rating", "title")  # one of these at least, or there is nothing to judge
AT_ONCE = 1_000  # rows in one transaction
MAX_FILE = 1 << 30  # bytes
MAX_FIELD = 1 << 20  # characters of one cell


class Imported(Connector[ConnectorConfig]):
    """Stands for a file, where a connector is asked for."""

    title = "a file"
    sees = "What the file holds."
    sees_answers = "no"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did."""

    new: int
    edited: int
    known: int
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the counts and the rows that could not be read."""
        unreadable = [str(problem) for problem in self.problems]
        return {"new": self.new, "edited": self.edited, "known": self.known, "unreadable": unreadable}


def mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Return our field → their column from `text=Review Text` pairs. Raises UsageError."""
    found: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        field = field.strip()
        if not equals or not column:
            raise UsageError(f"`{pair}` is no mapping; write text=Review Text (our field, =, your column)")
        if field not in FIELDS:
            near = difflib.get_close_matches(field, FIELDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise UsageError(f"there is no field `{field}`.{hint} Known: {', '.join(FIELDS)}.")
        found[field] = column.strip()
    return found


def run(
    store: Store,
    settings: Settings,
    file: Path,
    *,
    source: str,
    mapping: Mapping[str, str],
    best: float = 5.0,
    worst: float = 1.0,
    zone: str | None = None,
    tell: bool = False,
    now: datetime | None = None,
) -> Result:
    """Read a file into the store under the name `source`. Raises UsageError when it cannot be read at all."""
    if any(watched.name == source for watched in settings.sources):
        raise UsageError(f"`{source}` is watched already; choose another name with --source")
    if best <= worst:
        raise UsageError(f"the best mark ({best:g}) must be above the worst ({worst:g})")
    moment = now or present()
    reader = _Reader(file, mapping, best, worst, _zone(zone))
    place = SourceSettings(
        name=source,
        connector="import",
        options=ConnectorConfig(),
        every=timedelta(days=1),
        brands=settings.brands,
        kind=Imported,
        options_hash="",
    )
    routing, judge, matcher = intake.Routing.of(settings), scorer(settings.scorer), Matcher(settings.brands)
    new = edited = known = 0
    rows = reader.mentions()
    while batch := list(islice(rows, AT_ONCE)):
        read = intake.normalised(batch, place, place.build(), matcher, moment)
        reader.problems += [Problem(file.name, problem.what) for problem in read.problems]
        judged = intake.judge(read.mentions, judge)
        with store.write() as conn:
            taken = intake.take(conn, place, judged, routing=routing, now=moment, first_look=not tell)
        new, edited, known = new + taken.new, edited + taken.edited, known + taken.known
    return Result(new, edited, known, tuple(reader.problems))


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"there is no time zone `{name}`; write one like Europe/Berlin") from error


class _Reader:
    """Turns the rows of one file into raw mentions, and keeps what could not be read."""

    def __init__(
        self, file: Path, mapping: Mapping[str, str], best: float, worst: float, zone: ZoneInfo | None
    ) -> None:
        self.file = file
        self.best, self.worst, self.zone = best, worst, zone
        self.problems: list[Problem] = []
        columns, self._rows = _rows(file)
        self._columns = _matched(file, columns, mapping)

    def mentions(self) -> Iterator[RawMention]:
        """Yield what can be read."""
        for line, row in self._rows:
            try:
                yield self._mention(row)
            except (ValueError, TypeError, AttributeError) as error:
                self.problems.append(Problem(f"{self.file.name}:{line}", str(error)))

    def _mention(self, row: Mapping[str, Any]) -> RawMention:
        get = {field: _text(row.get(column)) for field, column in self._columns.items()}
        text, title = get.get("text") or "", get.get("title")
        rating = self._rating(get.get("rating"))
        if not text and not title and rating is None:
            raise ValueError("neither a text nor a mark")
        reply = get.get("reply_text")
        author, author_id = get.get("author"), get.get("author_id")
        return RawMention(
            external_id=get.get("id") or "",
            text=text,
            title=title,
            url=get.get("url"),
            answer_url=get.get("answer_url"),
            kind=_kind(get.get("kind")),
            author=Author(author, author_id) if author or author_id else None,
            published_at=self._time(get.get("published_at"), "published_at"),
            updated_at=self._time(get.get("updated_at"), "updated_at"),
            rating=rating,
            language=get.get("language"),
            subject=Subject(
                place=get.get("place"),
                product=get.get("product"),
                app_version=get.get("app_version"),
                country=get.get("country"),
            ),
            reply=Reply(reply, published_at=self._time(get.get("replied_at"), "replied_at")) if reply else None,
            thread_id=get.get("thread_id"),
            parent_id=get.get("parent_id"),
        )

    def _rating(self, value: str | None) -> Rating | None:
        if value is None:
            return None
        found = number(value)
        if found is None:
            raise ValueError(f"`{value[:40]}` is no mark")
        if not self.worst <= found <= self.best:
            raise ValueError(f"the mark {found:g} is not between {self.worst:g} and {self.best:g}; see --best, --worst")
        return Rating(found, self.best, self.worst)

    def _time(self, value: str | None, field: str) -> datetime | None:
        if value is None:
            return None
        zone = self.zone.key if self.zone else "UTC"
        found = parse_when(value, zone)
        if found is None:
            raise ValueError(f"`{value[:40]}` is no time we can read ({field}); write 2026-11-24T09:30:00+01:00")
        return found.astimezone(UTC)


def _kind(value: str | None) -> Kind:
    if value is None:
        return Kind.REVIEW
    try:
        return Kind(value.casefold())
    except ValueError as error:
        raise ValueError(f"`{value[:40]}` is no kind; review, post, comment and message are") from error


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    text = str(value).strip()
    return text or None


def _matched(file: Path, columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return our field → their column: as mapped, or where the names agree."""
    folded = {column.strip().casefold().replace(" ", "_"): column for column in columns}
    found = {field: folded[field] for field in FIELDS if field in folded}
    for field, column in wanted.items():
        if column not in columns:
            near = difflib.get_close_matches(column, columns, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise UsageError(f"{file.name} has no column `{column}`.{hint} It has: {', '.join(columns)[:500]}.")
        found[field] = column
    if not any(field in found for field in NEEDED):
        raise UsageError(
            f"{file.name}: no column is mapped to text, title or rating. Say which: --map 'text=…'. "
            f"It has: {', '.join(columns)[:500]}."
        )
    return found


def _rows(file: Path) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    """Return the columns of a file and its rows with their line numbers."""
    try:
        size = file.stat().st_size
        if size > MAX_FILE:
            raise UsageError(f"{file.name} is larger than {MAX_FILE >> 30} GiB; cut it into parts")
        body = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file.name}: {error.strerror or error}") from error
    if not body.strip():
        raise UsageError(f"{file.name} is empty")
    if file.suffix.lower() == ".jsonl":
        return _objects(file, _json_lines(file, body))
    if file.suffix.lower() == ".json" or body.lstrip()[:1] in (b"[", b"{"):
        return _objects(file, _json(file, body))
    return _csv(file, body)


def _json(file: Path, body: bytes) -> list[tuple[int, Any]]:
    try:
        value = read_json(body)
    except ParseError as error:
        raise UsageError(f"{file.name}: {error}") from error
    if isinstance(value, Mapping):
        lists = [found for found in value.values() if isinstance(found, list)]
        if len(lists) != 1:
            raise UsageError(f"{file.name}: expected a list of reviews, or an object that holds one list")
        [value] = lists
    return list(enumerate(value, 1))


def _json_lines(file: Path, body: bytes) -> list[tuple[int, Any]]:
    rows: list[tuple[int, Any]] = []
    for line, text in enumerate(body.split(b"\n"), 1):
        if text.strip():
            try:
                rows.append((line, json.loads(text)))
            except ValueError as error:
                raise UsageError(f"{file.name}:{line}: not JSON") from error
    return rows


def _objects(file: Path, rows: list[tuple[int, Any]]) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    columns: dict[str, None] = {}
    for line, row in rows:
        if not isinstance(row, Mapping):
            raise UsageError(f"{file.name}: entry {line} is no object")
        columns |= dict.fromkeys(map(str, row))
    return list(columns), iter(rows)


def _csv(file: Path, body: bytes) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any]]]]:
    text = decode(body, None)
    csv.field_size_limit(MAX_FIELD)
    sample = text[:20_000]
    try:
        dialect: Any = csv.Sniffer().sniff(sample.splitlines()[0], delimiters=",;\t|")
    except (csv.Error, IndexError):
        dialect = csv.excel
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    columns = [column for column in reader.fieldnames or () if column]
    if not columns:
        raise UsageError(f"{file.name}: the first line names no columns")
    return columns, _csv_rows(file, reader)


def _csv_rows(file: Path, reader: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines: Any = reader
    try:
        for row in reader:
            yield lines.line_num, row
    except csv.Error as error:
        raise UsageError(f"{file.name}:{lines.line_num}: {error}") from error
