"""What people write for a time, a span, a zone, a sum of money → values; and spans back into words.

Pure. Each reader takes the value as TOML gives it and raises ValueError with a sentence that says
what was found and what is allowed, to stand after the key's name.
"""

from __future__ import annotations

import difflib
import math
import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from monitor.models import Span, Target

SHOWN = 40  # characters of a wrong value that are repeated in a message
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EVERY: Final = (timedelta(seconds=1), timedelta(days=30))
WITHIN: Final = (MINUTE, timedelta(days=60))
KEPT: Final = (DAY, timedelta(days=36525))
MAX_MONEY: Final = Decimal(1_000_000)
LONG_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS: Final = tuple(name[:3].lower() for name in LONG_DAYS)
# Any year shows when a zone turns its clocks: the rules repeat.
YEAR_OF_RULES: Final = 2027

_SECONDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 604800),
}
_LONG: Final[Mapping[str, float]] = {
    **dict.fromkeys(("month", "months"), 365.25 / 12),
    **dict.fromkeys(("year", "years"), 365.25),
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([a-z]+)")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MONTHLY = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)? +(\S+)")
_MONEY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Z]{3}|calls)")
# What people write for a zone and what is no place; each with a place that keeps this time.
_ABBREVIATIONS: Final = {
    **dict.fromkeys(("CEST", "MEZ", "MESZ"), "Europe/Berlin"),
    **dict.fromkeys(("BST", "WEST"), "Europe/London"),
    "EEST": "Europe/Athens",
    "EDT": "America/New_York",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    **dict.fromkeys(("PST", "PDT"), "America/Los_Angeles"),
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
}


def shown(value: Any) -> str:
    """Return a value from the file for a message: text in quotes, shortened, without control characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)[:SHOWN]
    text = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    return f'"{"".join(c if c.isprintable() else "�" for c in text)}"'


# --- spans of time -------------------------------------------------------------------------------


def in_words(span: timedelta) -> str:
    """Return a span as people say it: `90 seconds`, `2 hours`, `1 hour 30 minutes`, `25 months`."""
    seconds = round(span.total_seconds())
    months = round(span / DAY / _LONG["month"])
    if months >= 2 and span == _months(months):
        return _count(months // 12, "year") if months % 12 == 0 else _count(months, "month")
    if seconds < 120 and seconds % 60:
        return _count(seconds, "second")
    parts = []
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(_count(number, unit))
    return " ".join(parts) or "0 seconds"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number:,} {unit}s"


def _months(number: float) -> timedelta:
    return timedelta(days=math.ceil(number * _LONG["month"]))


def span(value: Any, allowed: tuple[timedelta, timedelta], *, long: bool = False) -> timedelta:
    """Read `2h`, `15 min`, `1 day 12 h`; with `long` also months and years."""
    low, high = allowed
    found = _span(value, long=long)
    if found is None or not low <= found <= high:
        example = '"14d", "25 months" or "2 years"' if long else '"90s", "15 min", "2h" or "1 day"'
        raise ValueError(
            f"{shown(value)} is no span of time between {in_words(low)} and {in_words(high)}. Write it like {example}"
        )
    return found


def _span(value: Any, *, long: bool) -> timedelta | None:
    text = value.strip().lower() if isinstance(value, str) else ""
    if not text or len(text) > SHOWN or not re.fullmatch(rf"(?:{_PART.pattern}[ ,]*)+", text):
        return None
    total = timedelta()
    for number, unit in _PART.findall(text):
        if unit in _SECONDS:
            total += timedelta(seconds=float(number) * _SECONDS[unit])
        elif long and unit in _LONG:
            total += timedelta(days=math.ceil(float(number) * _LONG[unit]))
        else:
            return None
    return total


def target(value: Any) -> Target:
    """Read by when an answer should be there: `1h`, `4 working hours`, `next working day`."""
    text = " ".join(value.lower().split()) if isinstance(value, str) else ""
    if text == "next working day":
        return Target(timedelta(), next_working_day=True)
    plain = re.sub(r"\bworking (?=(?:hours?|h|minutes?|min)$)", "", text)
    found = _span(plain, long=False)
    if found is None or not WITHIN[0] <= found <= WITHIN[1]:
        raise ValueError(
            f"{shown(value)} is no time to answer in. "
            'Write "1h" (round the clock), "4 working hours" or "next working day"; '
            f"between {in_words(WITHIN[0])} and {in_words(WITHIN[1])}"
        )
    return Target(found, working=plain != text)


# --- times of day, days, dates -------------------------------------------------------------------


def time_of_day(value: Any) -> time:
    """Read `08:30`."""
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError(f'{shown(value)} is no time of day. Allowed: "00:00" to "23:59"')
    return time(int(found[1]), int(found[2]))


def day_span(value: Any) -> Span:
    """Read `08:00-20:00`; an end before the start is on the next day, and `24:00` ends a day."""
    start, dash, end = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not dash:
        raise ValueError(f'{shown(value)} is no span of a day. Write it like "08:00-20:00"')
    return Span(time_of_day(start), time(0) if end.strip() == "24:00" else time_of_day(end))


def quiet(value: Any) -> Span | None:
    """Read quiet hours: a span, or `none`."""
    if value is False or (isinstance(value, str) and value.strip().lower() == "none"):
        return None
    return day_span(value)


def weekday(value: str) -> int:
    """Read `mon` or `Monday`: 0 is Monday."""
    word = value.strip().lower()
    if len(word) >= 3:
        for number, name in enumerate(LONG_DAYS):
            if name.lower().startswith(word):
                return number
    raise ValueError(f"{shown(value)} is no day of the week. Known: {', '.join(DAYS)}")


def weekdays(value: str) -> list[int]:
    """Read `mon-sat`, `sun`, `mon,wed`, `sat-mon`."""
    days: list[int] = []
    for part in value.split(","):
        first, dash, last = part.partition("-")
        start = weekday(first)
        length = (weekday(last) - start) % 7 if dash else 0
        days += [(start + step) % 7 for step in range(length + 1)]
    return days


def week(value: Any) -> tuple[tuple[Span, ...], ...]:
    """Read open hours: lists of spans by days. Seven entries, Monday first."""
    if not isinstance(value, Mapping):
        raise ValueError(f'{shown(value)} are no open hours. Write them like {{ mon-sat = ["08:00-20:00"] }}')  # noqa: TRY004  # one kind of error for all readers
    spans: dict[int, tuple[Span, ...]] = {}
    for key, listed in value.items():
        read = tuple(day_span(item) for item in (listed if isinstance(listed, list) else [listed]))
        for day in weekdays(key):
            if day in spans:
                raise ValueError(f"{DAYS[day]} is named twice; put all its spans into one list")
            spans[day] = read
    found = tuple(tuple(sorted(spans.get(day, ()), key=lambda span: span.start)) for day in range(7))
    _refuse_overlaps(found)
    return found


def _refuse_overlaps(spans: tuple[tuple[Span, ...], ...]) -> None:
    if not any(spans):
        raise ValueError("there is not one open hour in the week")
    marks = sorted(
        (day * 1440 + _minutes(item.start), day, item) for day, listed in enumerate(spans) for item in listed
    )
    for (start, day, item), (following, _, other) in zip(
        marks, [*marks[1:], (marks[0][0] + 10080, *marks[0][1:])], strict=True
    ):
        length = (_minutes(item.end) - _minutes(item.start)) % 1440 or 1440
        if start + length > following and len(marks) > 1:
            raise ValueError(f"on {DAYS[day]}, {_hours(item)} and {_hours(other)} overlap")


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _hours(item: Span) -> str:
    return f"{item.start:%H:%M}-{item.end:%H:%M}"


def weekly(value: Any) -> tuple[int, time]:
    """Read `mon 08:30`."""
    day, _, moment = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    if not moment:
        raise ValueError(f'{shown(value)} is no day and time. Write it like "mon 08:30"')
    return weekday(day), time_of_day(moment)


def monthly(value: Any) -> tuple[int, time]:
    """Read `1st 09:00`: a day that every month has."""
    found = _MONTHLY.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if not found or not 1 <= int(found[1]) <= 28:
        raise ValueError(
            f'{shown(value)} is no day of the month and time. Write it like "1st 09:00"; '
            "allowed: 1st to 28th, the days that every month has"
        )
    return int(found[1]), time_of_day(found[2])


def away(value: Any) -> tuple[tuple[date, date], ...]:
    """Read dates of absence: `2026-12-20..2027-01-03`, one day, or a list of these."""
    listed = value if isinstance(value, list) else [value]
    return tuple(_absence(item) for item in listed)


def _absence(value: Any) -> tuple[date, date]:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value, value
    first, dots, last = value.partition("..") if isinstance(value, str) else ("", "", "")
    try:
        start = date.fromisoformat(first.strip())
        end = date.fromisoformat(last.strip()) if dots else start
    except ValueError:
        raise ValueError(f'{shown(value)} are no dates. Write them like "2026-12-20..2027-01-03"') from None
    if end < start:
        raise ValueError(f"{shown(value)} ends before it begins")
    return start, end


def day(value: Any) -> date:
    """Read one day: `2027-01-31`, with quotes or without."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise ValueError(f"{shown(value)} is no day. Write it like 2027-01-31") from None


# --- places --------------------------------------------------------------------------------------


def zone(value: Any) -> str:
    """Read the name of a time zone: a place such as `Europe/Berlin`."""
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is no time zone. Write a place, such as "Europe/Berlin"')  # noqa: TRY004  # one kind of error for all readers
    try:
        zoneinfo.ZoneInfo(value)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"{shown(value)} is no time zone. {_zone_hint(value)}") from None
    return value


def _zone_hint(value: str) -> str:
    if place := _ABBREVIATIONS.get(value.upper()):
        return f'A zone is named after a place, and summer time follows by itself: "{place}"'
    by_lower = {name.lower(): name for name in zoneinfo.available_timezones()}
    close = difflib.get_close_matches(value.lower(), list(by_lower), n=1, cutoff=0.7)
    if close:
        return f'Did you mean "{by_lower[close[0]]}"?'
    return 'Write a place from the list of zones, such as "Europe/Berlin" or "America/New_York"'


@lru_cache(maxsize=1024)
def skipped(moment: time, name: str) -> tuple[date, time] | None:
    """Return a day on which this local time does not exist, and the time to which the clock jumps then."""
    place = zoneinfo.ZoneInfo(name)
    asked = datetime.combine(date(YEAR_OF_RULES, 1, 1), moment, place)
    for _ in range(366):
        if not _exists(asked, place):
            day = asked.date()
            while not _exists(asked, place):
                asked += MINUTE
            return day, asked.time()
        asked += DAY
    return None


def _exists(asked: datetime, place: zoneinfo.ZoneInfo) -> bool:
    return asked.astimezone(UTC).astimezone(place).replace(tzinfo=None) == asked.replace(tzinfo=None)


def holidays_of(value: Any) -> str:
    """Read a country, or a country and its region, as the holidays package names them: `DE`, `DE-BE`."""
    import holidays  # 170 ms, so only for those who name a country

    country, _, region = value.strip().partition("-") if isinstance(value, str) else ("", "", "")
    country = country.upper()
    known: Mapping[str, list[str]] = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f'{shown(value)} is no country whose holidays I know. Write "DE", or with its region "DE-BE"')
    region = next((name for name in known[country] if name.lower() == region.lower()), region)
    if region and region not in known[country]:
        close = difflib.get_close_matches(region, known[country], n=1, cutoff=0.6)
        hint = f'Did you mean "{country}-{close[0]}"? ' if close else ""
        regions = ", ".join(known[country]) or "none"
        raise ValueError(f"{shown(value)}: {country} has no such region. {hint}Known: {regions}")
    return f"{country}-{region}" if region else country


# --- money, patterns -----------------------------------------------------------------------------


def money(value: Any) -> tuple[int, str]:
    """Read `1 USD`, or `500 calls` where a site counts these: millionths and what is counted."""
    found = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not 0 < Decimal(found[1]) <= MAX_MONEY:
        raise ValueError(
            f'{shown(value)} is no sum of money. Write it like "1 USD" or "0.50 EUR", up to {MAX_MONEY:,} a day, '
            'or "500 calls" for a site that counts calls'
        )
    return int(Decimal(found[1]) * 1_000_000), found[2]


def pattern(value: Any) -> str:
    """Read a search pattern. It must be one the linear engine takes, so that no text can make it slow."""
    from monitor.policy.rules import pattern_problem  # loads re2, which most files do not need

    if not isinstance(value, str) or not value:
        raise ValueError(f"{shown(value)} is no pattern: text in quotes is wanted")
    if problem := pattern_problem(value):
        raise ValueError(
            f"{shown(value)} is no pattern I can search with: {problem}. "
            "Patterns are RE2: no look-ahead, no back-references"
        )
    return value


def reader(read: Callable[..., Any], *args: Any, **rest: Any) -> Callable[[Any], Any]:
    """Return `read` with everything but the value filled in."""
    return lambda value: read(value, *args, **rest)


# --- where we listen -----------------------------------------------------------------------------


def listening(value: Any) -> tuple[str, int]:
    """Read `127.0.0.1:8080` or `[::1]:8080`."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})", str(value).strip())
    port = int(found[3]) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError(f'{shown(value)} is no address to listen at. Write it like "127.0.0.1:8080"')
    return found[1] or found[2], port
