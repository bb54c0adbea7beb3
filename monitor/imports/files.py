"""A file → its columns, and its rows one after the other. CSV is streamed; JSON is read as a whole."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from monitor.errors import ParseError, UsageError
from monitor.exchange import read_json
from monitor.text.cells import unguard

MAX_FILE = 1 << 30  # bytes of a CSV
MAX_JSON = 1 << 28  # bytes of JSON
MAX_FIELD = 1 << 20  # characters of one cell
MAX_LINES = 1_000  # of one row: more mean that a quote is missing, and that the rest of the file is in it
MAX_COLUMNS = 2_000
DELIMITERS = ",;\t|"
LEVELS = 3  # of objects in objects, whose keys are joined with a dot
CHUNK = 1 << 20
# Columns by which our own export is known.
OURS = {"external_id", "connector", "first_seen_at", "badness", "scorer"}

_QUOTED = re.compile(r'"(?:[^"]|"")*"?')


class Unreadable(ValueError):
    """A row that cannot be read; the message says why."""


Rows = Iterator[tuple[int, Mapping[str, Any] | Unreadable]]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, each with its line, or with its number where lines mean nothing."""

    name: str
    columns: Sequence[str]
    rows: Rows
    counts_lines: bool = True

    @property
    def is_ours(self) -> bool:
        """Say whether it is our own export."""
        return set(self.columns) >= OURS

    def where(self, line: int) -> str:
        """Return the place of a row in words."""
        return f"{self.name}:{line}" if self.counts_lines else f"{self.name}: entry {line}"


@contextmanager
def opened(file: Path) -> Iterator[Table]:
    """Open a file by what stands in it. Raises UsageError when it cannot be read at all."""
    try:
        with file.open("rb") as stream:
            yield _table(file, stream if stream.seekable() else io.BytesIO(stream.read(MAX_FILE + 1)))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error


def _table(file: Path, stream: BinaryIO) -> Table:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    if not head.strip():
        raise UsageError(f"{file.name} is empty")
    ending = file.suffix.lower()
    is_json = ending in (".json", ".jsonl", ".ndjson") or head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
    most = MAX_JSON if is_json else MAX_FILE
    if size > most:
        raise UsageError(f"{file.name} is larger than {most >> 20} MiB; cut it into parts")
    if not is_json:
        return _csv(file, stream)
    body = stream.read()
    if ending in (".jsonl", ".ndjson"):
        return _objects(file, _json_lines(body), counts_lines=True)
    return _json(file, body)


# --- JSON ----------------------------------------------------------------------------------------


def _json(file: Path, body: bytes) -> Table:
    try:
        value = read_json(body)
    except ParseError as error:
        lines = list(_json_lines(body))
        if len(lines) > 1 and not isinstance(lines[0][1], Unreadable):
            return _objects(file, lines, counts_lines=True)  # JSON Lines under another name
        raise UsageError(f"{file.name}: {error}") from error
    if isinstance(value, Mapping):
        lists = [found for found in value.values() if isinstance(found, list)]
        if len(lists) != 1:
            raise UsageError(f"{file.name}: expected a list of reviews, or an object that holds one list")
        [value] = lists
    if not isinstance(value, list):
        raise UsageError(f"{file.name}: expected a list of reviews")
    return _objects(file, enumerate(value, 1), counts_lines=False)


def _json_lines(body: bytes) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(body.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        if line.strip():
            try:
                yield number, read_json(line)
            except ParseError as error:
                yield number, Unreadable(str(error))


def _objects(file: Path, values: Iterable[tuple[int, Any]], *, counts_lines: bool) -> Table:
    rows: list[tuple[int, Mapping[str, Any] | Unreadable]] = []
    columns: dict[str, None] = {}
    for number, value in values:
        row = value
        if isinstance(value, Mapping):
            row = dict(_flat(value))
            columns |= dict.fromkeys(row)
        elif not isinstance(value, Unreadable):
            row = Unreadable("is no object")
        rows.append((number, row))
    if len(columns) > MAX_COLUMNS:
        raise UsageError(f"{file.name} has {len(columns)} different keys, which no list of reviews has")
    if not columns:
        raise UsageError(f"{file.name} holds no review")
    return Table(file.name, list(columns), iter(rows), counts_lines)


def _flat(value: Mapping[str, Any], before: str = "", level: int = 1) -> Iterator[tuple[str, Any]]:
    """Yield the keys of an object; those of an object in it with a dot between: author.name."""
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, Mapping) and level < LEVELS:
            yield from _flat(inner, f"{name}.", level + 1)
        else:
            yield name, inner


# --- CSV -----------------------------------------------------------------------------------------


def _csv(file: Path, stream: BinaryIO) -> Table:
    encoding = _encoding(stream)
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
    lines = (line.replace("\0", "\ufffd") for line in text)
    head = next((line for line in lines if line.strip()), "")
    before = 1
    if stated := re.fullmatch(r"sep=(.)\s*", head):  # what Excel writes for Excel
        delimiter, before, head = stated[1], 2, next(lines, "")
    else:
        delimiter = _delimiter(head)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(_again(head, lines), delimiter=delimiter)
    try:
        columns = [column.strip() for column in next(reader, [])]
    except csv.Error as error:
        raise UsageError(f"{file.name}: the first line cannot be read: {error}") from error
    if not any(columns) or len(columns) > MAX_COLUMNS:
        raise UsageError(f"{file.name}: the first line names no columns")
    table = Table(file.name, [column for column in columns if column], iter(()))
    return Table(file.name, table.columns, _csv_rows(reader, columns, before - 1, ours=table.is_ours))


def _again(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield head
    yield from lines


def _csv_rows(reader: Any, columns: Sequence[str], before: int, *, ours: bool) -> Rows:
    """Yield each row with the line it begins in."""
    while True:
        line = reader.line_num + before + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Unreadable(f"{error}; is a quote missing? Nothing behind it was read")
            return
        if not any(cells):
            continue
        yield line, _csv_row(cells, columns, reader.line_num + before + 1 - line, ours=ours)


def _csv_row(cells: list[str], columns: Sequence[str], lines: int, *, ours: bool) -> Mapping[str, Any] | Unreadable:
    if lines > MAX_LINES:
        return Unreadable(f"goes over {lines:,} lines; is a quote missing?")
    if any(cells[len(columns) :]):
        return Unreadable(f"has {len(cells)} cells where the first line names {len(columns)}; is a quote missing?")
    read = map(unguard, cells) if ours else cells
    return {column: cell for column, cell in zip(columns, read, strict=False) if column}


def _delimiter(head: str) -> str:
    """Return what stands most often between the names of the columns."""
    plain = _QUOTED.sub("", head)
    return max(DELIMITERS, key=plain.count)


def _encoding(stream: BinaryIO) -> str:
    """Return how the text is coded: by its mark, else UTF-8 when it is that, else windows-1252."""
    head = stream.read(4096)
    stream.seek(0)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if head.count(0) > len(head) // 4:  # UTF-16 without its mark: every second byte of plain text is nothing
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    found = _utf8_or_other(stream)
    stream.seek(0)
    return found


def _utf8_or_other(stream: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    multibyte = False
    try:
        while chunk := stream.read(CHUNK):
            multibyte = not decoder.decode(chunk).isascii() or multibyte
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # Letters of UTF-8 before the fault: it is that, with a fault in it.
        return "utf-8" if multibyte or not error.object[: error.start].isascii() else "cp1252"
    return "utf-8"
