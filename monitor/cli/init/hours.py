"""When somebody is there, as people type it → open hours and a zone of the configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.config import grammar

Open = Mapping[str, list[str]]

DAILY = "mon-sun"
USUAL: Open = {DAILY: ["08:00-20:00"]}

_TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?"
_SPAN = re.compile(rf"{_TIME}\s*(?:-|–|—|to|till|until)\s*{_TIME}", re.IGNORECASE)
_ZONE = re.compile(r"\b(UTC|[A-Za-z]+(?:/[A-Za-z0-9_+-]+)+)\s*$")
_EVERY_DAY = {"", "daily", "every day", "all days", "each day"}
_ALWAYS = {"always", "24/7", "24 hours", "round the clock"}
_GROUPS = {"weekdays": "mon-fri", "weekend": "sat-sun", "weekends": "sat-sun"}


@dataclass(frozen=True, slots=True)
class Hours:
    """Open hours by days, and the zone they are meant in when one was named."""

    open: Open
    zone: str | None = None


def read(typed: str) -> Hours:
    """Read `mon-fri 9-18, sat 10-16 Europe/Berlin`, `daily 8-20`, `always`; nothing is daily from 8 to 20.

    Raises ValueError with how to write it.
    """
    text, zone = typed.strip(), None
    if found := _ZONE.search(text):
        zone, text = grammar.zone(found[1]), text[: found.start()].rstrip(" ,;")
    if text.casefold() in _ALWAYS:
        return Hours({DAILY: ["00:00-24:00"]}, zone)
    if not text:
        return Hours(USUAL, zone)
    week: dict[str, list[str]] = {}
    for part in re.split(r"[,;\n]| and (?=[a-z])", text, flags=re.IGNORECASE):
        days, spans = _part(part.strip(), next(reversed(week), None))
        week.setdefault(days, []).extend(spans)
    try:
        grammar.week(week)
    except ValueError as error:
        raise ValueError(f"{str(error)[:1].upper()}{str(error)[1:]}. {HOW}") from None
    return Hours(week, zone)


HOW = "Write it like: mon-fri 9-18, sat 10-16. Or: daily 8-20. Or: always."


def _part(part: str, before: str | None) -> tuple[str, list[str]]:
    first = _SPAN.search(part)
    if first is None:
        raise ValueError(f"I see no hours in {grammar.shown(part)}. {HOW}")
    days = part[: first.start()].strip(" :").casefold()
    if not days and before is not None:
        days = before  # "mon-fri 9-12, 13-18"
    elif days in _EVERY_DAY:
        days = DAILY
    days = re.sub(r"\s*-\s*", "-", _GROUPS.get(days, days)).replace(" ", ",")
    spans = [f"{_clock(*found[:3])}-{_clock(*found[3:], end=True)}" for found in _SPAN.findall(part)]
    return days, spans


def _clock(hour: str, minute: str, half: str, *, end: bool = False) -> str:
    number = int(hour)
    if half and 1 <= number <= 12:
        number = number % 12 + (12 if half.lower() == "pm" else 0)
    if number > 24 or int(minute or 0) > 59 or (number == 24 and not end):
        raise ValueError(f"{hour}{f':{minute}' if minute else ''} is no time of day. {HOW}")
    return f"{number:02}:{minute or '00'}"


def zone_of_this_machine(
    env: Mapping[str, str] = os.environ, link: Path = Path("/etc/localtime"), file: Path = Path("/etc/timezone")
) -> str:
    """Return the zone this machine is set to, or UTC."""
    names = [env.get("TZ", "").removeprefix(":"), _written(file), str(link.resolve()).partition("zoneinfo/")[2]]
    return next((name for name in names if name not in ("", "Etc/UTC") and _is_zone(name)), "UTC")


def _written(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


def _is_zone(name: str) -> bool:
    try:
        grammar.zone(name)
    except ValueError:
        return False
    return True
