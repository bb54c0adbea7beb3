"""What the commands share: where the configuration is, how the database is opened, how things are asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import say
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.store import Store

NAMED = "monitor.config"  # where the --config that stands before the command is kept


def named_before(context: typer.Context, path: Path | None) -> Path | None:
    """Return the file named at this place, or else the one named before the command."""
    if path is not None:
        context.meta[NAMED] = path
    found: Path | None = context.meta.get(NAMED)
    return found


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=named_before,
        help="The configuration file; else $MONITOR_CONFIG, else monitor.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_SPAN = re.compile(r"(\d{1,6}) ?(m|min|h|d|w)")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def load(path: Path | None, log_level: str = "warning") -> Settings:
    """Return the configuration. Raises ConfigError with all its problems."""
    from monitor import config, logs

    logs.use(log_level)
    settings = config.load(config.find(path, os.environ), os.environ)
    logs.hide(config.secret_values(settings))
    return settings


def load_if_there(path: Path | None) -> Settings | None:
    """Return the configuration, or None where none is needed and none can be read."""
    from monitor import config
    from monitor.errors import ConfigError

    found = config.find(path, os.environ)
    try:
        return load(path) if path is not None or found.exists() else None
    except ConfigError:
        if path is not None:
            raise
        say(f"{found} cannot be used as it is (`monitor check` says why); this goes on without it")
        return None


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Store]:
    """Open the database of a configuration, brought up to date, and close it at the end."""
    from monitor import clock
    from monitor.store import open_store

    store = open_store(
        settings.database, now=clock.now(), say=say, create=create, copies=settings.path.absolute().parent
    )
    try:
        yield store
    finally:
        store.close()


# --- what people type ----------------------------------------------------------------------------


def span(text: str) -> timedelta:
    """Return "7d", "12h" or "30min" as a span. Raises UsageError."""
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise UsageError(f"`{text}` is no span of time; write 30min, 12h, 7d or 4w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def since(text: str | None, now: datetime, zone: str) -> datetime | None:
    """Return when "7d" ago was, or the beginning of a day such as 2026-11-01 in that zone. Raises UsageError."""
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    if _SPAN.fullmatch(text.strip()):
        try:
            return now - span(text)
        except OverflowError as error:
            raise UsageError(f"`{text}` ago there was no calendar; write 30min, 12h, 7d or 4w") from error
    try:
        day = date.fromisoformat(text.strip())
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(now.tzinfo)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"`{text}` is no span of time and no day; write 12h, 7d, 4w or 2026-11-01") from error


def number(text: str, letter: str) -> int:
    """Return the number of an id as it is spoken: m12, c3, or just 12. Raises UsageError."""
    match = re.fullmatch(rf"{letter}?(\d{{1,18}})", text.strip().lower(), re.ASCII)
    if not match:
        raise UsageError(f"`{text}` is no id here; ids look like {letter}12")
    return int(match[1])


def known(what: str, name: str, names: Iterable[str]) -> str:
    """Return a name that is there. Raises UsageError with the nearest one and all of them."""
    import difflib

    there = list(names)
    if name in there:
        return name
    near = difflib.get_close_matches(name, there, 1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise UsageError(f"there is no {what} `{name}`.{hint} Known: {', '.join(there) or 'none'}.")


# --- words ---------------------------------------------------------------------------------------


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago or how far ahead a moment is, in words people use."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    ahead, seconds = seconds < 0, abs(seconds)
    for size, least, unit in ((86_400, 2, "days"), (3600, 1, "h"), (60, 1, "min")):
        if seconds >= size * least:
            words = f"{seconds // size} {unit}"
            return f"in {words}" if ahead else f"{words} ago"
    return f"in {seconds} s" if ahead else "just now"


def local(moment: datetime | None, zone: str) -> str:
    """Return a moment as the reader's clock shows it."""
    from zoneinfo import ZoneInfo

    return "" if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return "1 message" or "1,200 messages"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
