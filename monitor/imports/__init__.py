"""Reading reviews from a file: CSV, JSON or JSON Lines, with a mapping of its columns to ours.

One row that cannot be read is named with its line and left out; the rest comes in. The same file
twice adds nothing: rows without an id are known again by what stands in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import intake
from monitor.clock import now as present
from monitor.config import Settings, SourceSettings
from monitor.connector import Connector, ConnectorConfig
from monitor.errors import Problem, UsageError
from monitor.imports.columns import ALIASES, FIELDS, mapping, matched
from monitor.imports.files import Table, Unreadable, opened
from monitor.imports.rows import Reader, Scale
from monitor.match import Matcher
from monitor.models import Json, RawMention
from monitor.scoring import scorer
from monitor.store import Store

__all__ = ["ALIASES", "AT_ONCE", "FIELDS", "Result", "mapping", "run"]

AT_ONCE = 1_000  # rows in one transaction


class Imported(Connector[ConnectorConfig]):
    """Stands for a file, where a connector is asked for."""

    title = "a file"
    sees = "What the file holds."
    sees_answers = "no"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did. `columns` says which of the file's columns became which field."""

    new: int
    edited: int
    known: int
    problems: tuple[Problem, ...]
    columns: Mapping[str, str]

    def as_json(self) -> dict[str, Json]:
        """Return the counts, the columns and the rows that could not be read."""
        unreadable = [str(problem) for problem in self.problems]
        return {
            "new": self.new,
            "edited": self.edited,
            "known": self.known,
            "columns": dict(self.columns),
            "unreadable": unreadable,
        }


def run(
    store: Store,
    settings: Settings,
    file: Path,
    *,
    source: str,
    mapping: Mapping[str, str],
    best: float = 5.0,
    worst: float = 1.0,
    zone: str = "UTC",
    tell: bool = False,
    now: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Read a file into the store under the name `source`; `progress` is told the number of rows so far.

    `mapping` is our field → their column. Times that name no zone are of `zone`. Raises UsageError when the file
    cannot be read at all.
    """
    _check(settings, source, best, worst)
    moment = now or present()
    place = _place(settings, source)
    with opened(file) as table:
        reader = Reader(matched(table, mapping), Scale(best, worst), _zone(zone), ours=table.is_ours)
        into = _Into(store, settings, place, tell, moment)
        problems: list[Problem] = []
        raws = _readable(table, reader, problems)
        count = 0
        while batch := list(islice(raws, AT_ONCE)):
            problems += into.put(table, batch)
            count += len(batch)
            if progress is not None:
                progress(count)
    return Result(into.new, into.edited, into.known, tuple(problems), reader.columns)


def _check(settings: Settings, source: str, best: float, worst: float) -> None:
    if any(watched.name == source for watched in settings.sources):
        raise UsageError(f"`{source}` is watched already; choose another name with --source")
    if not source.strip() or not source.isprintable() or len(source) > 100:
        raise UsageError("a name has 1 to 100 characters and no line breaks; choose one with --source")
    if not worst < best:
        raise UsageError(f"the best mark ({best:g}) must be above the worst ({worst:g})")


def _place(settings: Settings, source: str) -> SourceSettings:
    return SourceSettings(
        name=source,
        connector="import",
        options=ConnectorConfig(),
        every=timedelta(days=1),
        brands=settings.brands,
        kind=Imported,
        options_hash="",
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"there is no time zone `{name}`; write one like Europe/Berlin") from error


def _readable(table: Table, reader: Reader, problems: list[Problem]) -> Iterator[tuple[int, RawMention]]:
    """Yield what can be read, each with its line; what cannot be read goes to the problems."""
    for line, row in table.rows:
        try:
            if isinstance(row, Unreadable):
                raise row
            yield line, reader.mention(row)
        except (ValueError, TypeError, AttributeError) as error:
            problems.append(Problem(table.where(line), str(error)))


class _Into:
    """Puts batches into the store, and counts."""

    def __init__(self, store: Store, settings: Settings, place: SourceSettings, tell: bool, now: datetime) -> None:
        self.new = self.edited = self.known = 0
        self._store, self._place, self._tell, self._now = store, place, tell, now
        self._routing = intake.Routing.of(settings)
        self._judge, self._matcher = scorer(settings.scorer), Matcher(settings.brands)
        with store.read() as conn:
            self._offset = intake.offset_of(conn, place.name, self._judge)

    def put(self, table: Table, batch: list[tuple[int, RawMention]]) -> list[Problem]:
        """Store a batch in one transaction, and return what could not be kept of it."""
        place = self._place
        raws = [raw for _, raw in batch]
        read = intake.normalised(raws, place, place.build(), self._matcher, self._now)
        judged = intake.judge(read.mentions, self._judge, self._offset)
        with self._store.write() as conn:
            taken = intake.take(conn, place, judged, routing=self._routing, now=self._now, first_look=not self._tell)
        self.new, self.edited = self.new + taken.new, self.edited + taken.edited
        self.known += taken.known + len(raws) - len(read.mentions) - len(read.problems)  # alike rows are one
        lines = {raw.external_id: line for line, raw in batch}
        return [Problem(table.where(lines.get(p.external_id or "", 0)), p.what) for p in read.problems]
