"""What the commands share: where the configuration is, how the database is opened, how things are shown."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.store import Store

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The configuration file; else $MONITOR_CONFIG, else monitor.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_SPAN = re.compile(r"\s*(\d+)\s*(m|min|h|d|w)\s*")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def load(path: Path | None) -> Settings:
    """Return the configuration. Raises ConfigError with all its problems."""
    from monitor import config, logs

    settings = config.load(config.find(path, os.environ), os.environ)
    logs.hide(config.secret_values(settings))
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the database of a configuration, brought up to date, and close it at the end."""
    from monitor import clock
    from monitor.store import open_store

    store = open_store(settings.database, now=clock.now(), say=say, copies=settings.path.parent)
    try:
        yield store
    finally:
        store.close()


def say(text: str) -> None:
    """Print a line for a person; standard output is for what was asked for."""
    from monitor.text import terminal

    print(terminal(text), file=sys.stderr)


def span(text: str) -> timedelta:
    """Return "7d", "12h" or "30min" as a span. Raises UsageError."""
    match = _SPAN.fullmatch(text)
    if not match:
        raise UsageError(f"`{text}` is no span of time; write 30min, 12h, 7d or 4w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def number(text: str, letter: str) -> int:
    """Return the number of an id as it is spoken: m12, c3, or just 12. Raises UsageError."""
    match = re.fullmatch(rf"{letter}?(\d{{1,18}})", text.strip().lower())
    if not match:
        raise UsageError(f"`{text}` is no id here; ids look like {letter}12")
    return int(match[1])


def show_json(value: Any) -> None:
    """Print a value as JSON, ASCII only, so that it is safe in any terminal and any pipe."""
    print(json.dumps(value, indent=2, default=_jsonable))


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows as a table whose columns stay aligned whatever strangers wrote."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from monitor.text import terminal

    if not rows:
        print(empty)
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("id", "when"))
    for row in rows:
        table.add_row(*(Text(terminal(_cell(value))) for value in row))
    Console(highlight=False, soft_wrap=False, emoji=False, markup=False).print(table)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("\n", " ")


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago or how far ahead a moment is, in words people use."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    ahead, seconds = seconds < 0, abs(seconds)
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "days" else 1):
            words = f"{seconds // size} {unit}"
            return f"in {words}" if ahead else f"{words} ago"
    return f"in {seconds} s" if ahead else "just now"


def progress(words: str) -> Callable[[int], None] | None:
    """Return what shows how far long work has come, on a terminal; None where nobody watches."""
    if not sys.stderr.isatty():
        return None

    def show(count: int) -> None:
        sys.stderr.write(f"\r{count:,} {words} ")
        sys.stderr.flush()

    return show
