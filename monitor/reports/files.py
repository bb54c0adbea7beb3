"""Mentions as files: CSV, JSON lines, Excel, Parquet. Streamed: memory does not grow with the rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from monitor.errors import UsageError
from monitor.reports.csv_file import write_csv
from monitor.reports.excel import write_xlsx
from monitor.store import Connection, Store
from monitor.store.export import COLUMNS, pages
from monitor.store.files import replacing

Page = Sequence[Sequence[Any]]
Progress = Callable[[int], None]


def rows(
    conn: Connection,
    *,
    since: datetime | None = None,
    bad: bool = False,
    sources: Sequence[str] = (),
    delivery: str | None = None,
) -> Iterator[Sequence[Any]]:
    """Yield one row a mention, in the order and with the columns of `COLUMNS`, oldest first.

    Times are ISO text in UTC, JSON is text, booleans are the texts true and false, nothing is None.
    """
    for page in pages(conn, since=since, bad=bad, sources=sources, delivery=delivery):
        yield from page


def export(
    store: Store,
    path: Path,
    *,
    format: str | None = None,  # the option's name
    excel: bool = False,
    since: datetime | None = None,
    bad: bool = False,
    sources: Sequence[str] = (),
    delivery: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Write mentions into a file, as of one instant, and return how many rows it has.

    The format is csv, jsonl, xlsx or parquet, by default what the file's name ends with. `excel`
    makes a CSV that Excel takes for UTF-8. `progress` is told the number of rows so far.
    Raises UsageError: unknown format, a folder, read-only, no room, a package that is missing.
    """
    write = _writer(format or path.suffix.removeprefix(".").lower() or "csv", excel=excel)
    with store.read() as conn, replacing(path) as stream:
        found = pages(conn, since=since, bad=bad, sources=sources, delivery=delivery)
        return write(_told(found, progress), stream)


def as_csv(found: Iterable[Page], *, excel: bool = False) -> bytes:
    """Return pages of rows as the bytes of a CSV file, for the attachment of a mail."""
    stream = io.BytesIO()
    write_csv(found, stream, excel=excel)
    return stream.getvalue()


def write_jsonl(found: Iterable[Page], stream: IO[bytes]) -> int:
    """Write one JSON object a line; `topics` and `reasons` are lists, not text."""
    kinds = list(COLUMNS.items())
    count = 0
    for page in found:
        lines = [_json_line(row, kinds) for row in page]
        stream.write("".join(lines).encode())
        count += len(lines)
    return count


def write_parquet(found: Iterable[Page], stream: IO[bytes]) -> int:
    """Write Parquet: times as instants in UTC, numbers and booleans as such, JSON as text."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise UsageError("Parquet needs one more package: pip install 'review-monitor[parquet]'") from error
    types = {
        "text": pyarrow.string(),
        "json": pyarrow.string(),
        "time": pyarrow.timestamp("us", "UTC"),
        "boolean": pyarrow.bool_(),
        "integer": pyarrow.int64(),
        "float": pyarrow.float64(),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    count = 0
    with parquet.ParquetWriter(stream, schema) as writer:
        for some in _together(found, 20):
            arrays = [
                _array(pyarrow, values, field.type)
                for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(some)
    return count


FORMATS: Mapping[str, Callable[[Iterable[Page], IO[bytes]], int]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
}


def _writer(name: str, *, excel: bool) -> Callable[[Iterable[Page], IO[bytes]], int]:
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}. Known: {', '.join(FORMATS)}")
    if excel and name != "csv":
        raise UsageError("the mark for Excel belongs to CSV; for a real Excel file choose the format xlsx")
    if excel:
        return lambda found, stream: write_csv(found, stream, excel=True)
    return FORMATS[name]


def _told(found: Iterable[Page], progress: Progress | None) -> Iterator[Page]:
    count = 0
    for page in found:
        yield page
        count += len(page)
        if progress is not None:
            progress(count)


def _together(found: Iterable[Page], count: int) -> Iterator[list[Sequence[Any]]]:
    """Yield the rows of several pages at once: a group of rows in Parquet wants to be large."""
    some: list[Sequence[Any]] = []
    for number, page in enumerate(found, 1):
        some += page
        if number % count == 0:
            yield some
            some = []
    if some:
        yield some


def _array(pyarrow: Any, values: Sequence[Any], kind: Any) -> Any:
    if kind == pyarrow.bool_():
        return pyarrow.array([None if value is None else value == "true" for value in values], kind)
    if pyarrow.types.is_timestamp(kind):
        return pyarrow.array(values, pyarrow.string()).cast(kind)
    return pyarrow.array(values, kind)


# Some programs take these for the end of a line.
_LINE_ENDS = {ord(char): f"\\u{ord(char):04x}" for char in "\u2028\u2029\x85"}


def _json_line(row: Sequence[Any], kinds: Sequence[tuple[str, str]]) -> str:
    values = {name: _json_value(value, kind) for value, (name, kind) in zip(row, kinds, strict=True)}
    return f"{json.dumps(values, ensure_ascii=False).translate(_LINE_ENDS)}\n"


def _json_value(value: Any, kind: str) -> Any:
    if value is None or kind not in ("json", "boolean"):
        return value
    return json.loads(value)  # true and false are JSON, too
