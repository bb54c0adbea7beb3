"""Values out of strings as sites write them: a time, a number, a key where the site gives none."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

MAX_VALUE = 120  # characters of something that is meant to be a time or a number
FIRST_YEAR = 1971  # 1970 is how programs write "unknown"
LAST_YEAR = 9998

# By their first letters: English, German, Dutch, Scandinavian, French, Spanish, Italian, Portuguese, Polish,
# Turkish and Russian.
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan ene gen sty oca янв",
            "feb fév fev lut şub фев",
            "mar mär maa mrt mrz мар",
            "apr avr abr kwi nis апр",
            "may mai mei mag maj мая май",
            "jun juin giu cze haz июн",
            "jul juil lug lip tem июл",
            "aug aoû aou ago sie ağu авг",
            "sep set wrz eyl сен",
            "oct okt ott out paź eki окт",
            "nov lis kas ноя",
            "dec dez déc dic des gru ara дек",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2,
    "eet": 2, "eest": 3, "msk": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "aest": 10, "aedt": 11,
    "nzst": 12, "nzdt": 13,
}  # fmt: skip

_TIME = re.compile(
    r"(?<![\d:+-])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,12})?)?(?![\d:])"
    r"(?:\s*([ap])\.?m\b\.?)?"
    r"(?:\s*\(?((?:GMT|UTC)?\s?[+\-\u2212]\d{1,2}:?(?:\d{2})?(?!\d)|[A-Z]{1,5}\b|z\b)\)?)?",
    re.IGNORECASE | re.ASCII,
)
_YEAR_FIRST = re.compile(r"(?<![\d+-])(\d{4})([-/.])\s?(\d{1,2})\2\s?(\d{1,2})(?!\d)", re.ASCII)
_COMPACT = re.compile(r"(?<![\d+-])(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(?!\d)", re.ASCII)
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", re.ASCII)
_DAY_MONTH = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|[.º°])?[\s-]+(?:de\s+)?([^\W\d]{3,12})\b")
_MONTH_DAY = re.compile(r"\b([^\W\d]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?!\d)")
_YEAR = re.compile(r"(?<![\d:])(?<!\s[+-])(\d{4})(?![\d:])", re.ASCII)
_SHORT_YEAR = re.compile(r"[\s'-](\d{2})\s*$", re.ASCII)
_EAST_ASIAN = str.maketrans("年月日년월일", "-- -- ")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{12,13}|\d{15,16}", re.ASCII)


def parse_when(value: str | float | None, zone: str | None = None) -> datetime | None:
    """Return the moment that a site's text names, in UTC, or None when it names none that can be.

    Reads ISO 8601, RFC 822, seconds or milliseconds since 1970, and dates in a dozen languages. A time
    without a zone is read in `zone` (an IANA name), else as UTC. 03/04/2026 is None: nobody knows.
    """
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip().translate(_EAST_ASIAN)
    if not text or len(text) > MAX_VALUE:
        return None
    try:
        moment = _epoch(text) if _EPOCH.fullmatch(text) else _written(text, zone)
    except (ValueError, OverflowError, OSError):  # no such day, no such hour, beyond the calendar
        return None
    return moment if moment and FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _epoch(digits: str) -> datetime:
    seconds = float(digits)
    while seconds >= 1e11:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC)


def _written(text: str, zone: str | None) -> datetime | None:
    clock = _TIME.search(text)
    compact = _COMPACT.search(text)
    if compact:
        day = (int(compact[1]), int(compact[2]), int(compact[3]))
        hour, minute, second = (int(compact[group] or 0) for group in (4, 5, 6))
        where: tzinfo | None = _zone(text[compact.end() :].strip()) if compact[4] else None
        if compact[4] and text[compact.end() :].strip() and where is None:
            return None
    else:
        found = _day(_TIME.sub(" ", text) if clock else text)
        if found is None:
            return None
        day = found
        hour, minute, second, where = 0, 0, 0, None
        if clock:
            hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
            if clock[4]:
                hour = hour % 12 + (12 if clock[4].lower() == "p" else 0)
            if clock[5]:
                where = _zone(clock[5])
                if where is None and clock[5].isupper():
                    return None
            else:
                where = _loose_zone(text)
    if where is None:
        where = ZoneInfo(zone) if zone else UTC
    # A leap second is the second before it: Python knows none.
    return datetime(*day, hour, minute, min(second, 59) if second <= 60 else second, tzinfo=where).astimezone(UTC)


def _day(text: str) -> tuple[int, int, int] | None:
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _DAY_FIRST.search(text):
        first, second, year = int(found[1]), int(found[3]), _full_year(found[4])
        if found[2] == "." or first > 12 or first == second:
            return year, second, first
        return (year, first, second) if second > 12 else None
    return _day_in_words(text)


def _day_in_words(text: str) -> tuple[int, int, int] | None:
    for pattern, day_group, month_group in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        for found in pattern.finditer(text):
            month = _month(found[month_group])
            year = _YEAR.search(text) or _SHORT_YEAR.search(text[: found.start()] + " " + text[found.end() :])
            if month and year:
                return _full_year(year[1]), month, int(found[day_group])
    return None


def _month(word: str) -> int | None:
    word = word.lower()
    return _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _zone(name: str) -> timezone | None:
    name = name.lower().replace("\u2212", "-").replace(" ", "")
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    found = re.fullmatch(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d{2})?", name, re.ASCII)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > timedelta(hours=14):
        raise ValueError("no place on earth is so far from Greenwich")
    return timezone(-offset if found[1] == "-" else offset)


def _loose_zone(text: str) -> timezone | None:
    """Return an offset that stands apart from the time: "Wed Apr 06 21:07:47 2022 +0000"."""
    found = re.search(r"(?<=\s)([+-]\d{4})\b", text)
    return _zone(found[1]) if found else None


_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,'\u2019 ])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def number(value: object) -> float | None:
    """Return a finite number from what a site gave: 5, "5.0", "4,5", "1.234,5". None for everything else."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    if not isinstance(value, str) or len(value) > MAX_VALUE:
        return None
    text = value.strip().replace("\xa0", " ").replace("\u202f", " ").replace("\u2212", "-")
    if grouped := _GROUPED.fullmatch(text):
        text = text.replace(grouped[1], "")
    elif not _DECIMAL.fullmatch(text):
        return None
    found = float(text.replace(",", "."))
    return found if math.isfinite(found) else None


def fingerprint(*parts: str | None) -> str:
    """Return 24 letters and digits that stand for these parts: alike for equal ones, None unlike empty."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        content = b"" if part is None else part.encode("utf-8", "surrogatepass")
        digest.update(b"-" if part is None else str(len(content)).encode() + b":" + content)
    return digest.hexdigest()
