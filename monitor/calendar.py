"""Open hours, due times and the next time of something that comes every day: correct when the clocks change.

Hours are local times of day in a named zone; everything that goes in or comes out is an aware
instant. Two rules place a local time where the clocks make it unclear: a time that is skipped
happens in the moment of the jump, and of a time that comes twice a span begins at the first and
ends at the second, while something that comes once a day comes at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor.models import Hours, Span, Target

FARTHEST = 370  # days looked ahead: over a year, so that every holiday and season is met once
_DAY = timedelta(days=1)
_NINE, _EIGHTEEN, _EIGHT, _TWENTY = time(9), time(18), time(8), time(20)


def office_hours(zone: str) -> Hours:
    """Return the hours of a team that has named none: Monday to Friday, 09 to 18."""
    day = (Span(_NINE, _EIGHTEEN),)
    return Hours("office", zone, (day, day, day, day, day, (), ()))


def shop_hours(zone: str) -> Hours:
    """Return the hours of a shop that has named none: daily 08 to 20."""
    return Hours("shop", zone, ((Span(_EIGHT, _TWENTY),),) * 7)


# --- open and closed -----------------------------------------------------------------------------


def is_open(hours: Hours, at: datetime) -> bool:
    """Say whether somebody is there. The moment of closing is closed."""
    start = next_open(hours, at)
    return start == at.astimezone(UTC)


def next_open(hours: Hours, at: datetime) -> datetime | None:
    """Return `at` when it is open then, or else when it opens next; None when it does not within a year."""
    at = at.astimezone(UTC)
    first = next(_spans_after(hours, at), None)
    return max(first[0], at) if first else None


def open_time(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """Return how much of the time between two instants was open. A year at most is looked at."""
    total = timedelta(0)
    for opens, closes in _spans_after(hours, start.astimezone(UTC)):
        if opens >= end:
            break
        total += min(closes, end) - max(opens, start)
    return total


def _spans_after(hours: Hours, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the open spans that end after `at`, in order; those that touch or overlap are one."""
    zone = ZoneInfo(hours.zone)
    day = at.astimezone(zone).date() - _DAY
    waiting: tuple[datetime, datetime] | None = None
    for _ in range(FARTHEST):
        for opens, closes in _spans_of(hours, day):
            if closes <= at:
                continue
            if waiting is None:
                waiting = opens, closes
            elif opens <= waiting[1]:
                waiting = waiting[0], max(waiting[1], closes)
            else:
                yield waiting
                waiting = opens, closes
        day += _DAY
    if waiting is not None:
        yield waiting


@lru_cache(maxsize=4096)
def _spans_of(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans that begin on a local day, as instants, in order. A holiday has none."""
    if hours.holidays is not None and day in holidays_of(hours.holidays, day.year):
        return ()
    zone = ZoneInfo(hours.zone)
    spans = (_span_on(span, day, zone) for span in hours.week[day.weekday()])
    return tuple(sorted((opens, closes) for opens, closes in spans if opens < closes))


def _span_on(span: Span, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    end_day = day if span.end > span.start else day + _DAY
    return _instant(day, span.start, zone), _instant(end_day, span.end, zone, last=True)


@lru_cache(maxsize=512)
def holidays_of(code: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country or region: "US", "DE-BE". Raises ValueError for an unknown one."""
    import holidays

    country, _, region = code.partition("-")
    try:
        return frozenset(holidays.country_holidays(country.upper(), subdiv=region or None, years=year))
    except NotImplementedError as error:
        raise ValueError(f"no holidays are known for `{code}`") from error


# --- by when -------------------------------------------------------------------------------------


def due_at(target: Target, hours: Hours, opened: datetime) -> datetime:
    """Return by when an answer should be there.

    A span is counted round the clock or in open time; "next working day" is the end of the first
    later day that has open hours. Hours that never open count round the clock.
    """
    return share_at(target, hours, opened, 1.0)


def share_at(target: Target, hours: Hours, opened: datetime, share: float) -> datetime:
    """Return when a share of the time to answer is used up: .5 at half time, 1 when it is due, 1.5 when overdue."""
    opened = opened.astimezone(UTC)
    if target.next_working_day:
        end = _end_of_next_working_day(hours, opened)
        if end is None:
            return opened + _DAY * share
        return end if share == 1 else _after_open_time(hours, opened, open_time(hours, opened, end) * share)
    if not target.working:
        return opened + target.within * share
    return _after_open_time(hours, opened, target.within * share)


def _end_of_next_working_day(hours: Hours, opened: datetime) -> datetime | None:
    day = opened.astimezone(ZoneInfo(hours.zone)).date()
    for _ in range(FARTHEST):
        day += _DAY
        if spans := _spans_of(hours, day):
            return max(closes for _, closes in spans)
    return None


def _after_open_time(hours: Hours, opened: datetime, wanted: timedelta) -> datetime:
    left = wanted
    for opens, closes in _spans_after(hours, opened):
        start = max(opens, opened)
        if left <= closes - start:
            return start + left
        left -= closes - start
    return opened + wanted


# --- quiet hours and things that come round ------------------------------------------------------


def quiet_until(span: Span | None, zone: str, at: datetime) -> datetime | None:
    """Return when the quiet hours end that `at` falls into, or None when it falls into none."""
    if span is None:
        return None
    named = ZoneInfo(zone)
    today = at.astimezone(named).date()
    for day in (today - _DAY, today):
        start, end = _span_on(span, day, named)
        if start <= at < end:
            return end
    return None


def at_local(day: date, at: time, zone: str) -> datetime:
    """Return the instant at which local clocks show a time of a day; the first of two."""
    return _instant(day, at, ZoneInfo(zone))


def next_daily(at: time, zone: str, now: datetime) -> datetime:
    """Return the next instant after `now` at which local clocks show `at`: once on every day."""
    return _next(at, zone, now, lambda day: day)


def next_weekly(weekday: int, at: time, zone: str, now: datetime) -> datetime:
    """Return the next instant after `now` on a weekday (0 = Monday) at a local time."""
    return _next(at, zone, now, lambda day: day + _DAY * ((weekday - day.weekday()) % 7))


def next_monthly(day: int, at: time, zone: str, now: datetime) -> datetime:
    """Return the next instant after `now` on a day of the month at a local time; in a shorter month on its last day."""
    return _next(at, zone, now, lambda from_day: _day_of_month(from_day, day))


def _next(at: time, zone: str, now: datetime, on_or_after: Callable[[date], date]) -> datetime:
    named = ZoneInfo(zone)
    day = now.astimezone(named).date() - _DAY
    while True:
        day = on_or_after(day)
        moment = _instant(day, at, named)
        if moment > now:
            return moment
        day += _DAY


def _day_of_month(from_day: date, wanted: int) -> date:
    this = _in_month(from_day.year, from_day.month, wanted)
    if this >= from_day:
        return this
    later = from_day.replace(day=28) + _DAY * 4
    return _in_month(later.year, later.month, wanted)


def _in_month(year: int, month: int, wanted: int) -> date:
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + _DAY * (wanted - 1), first_of_next - _DAY)


def _instant(day: date, at: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """Return the instant at which local clocks show a time; the second of two when `last`."""
    local = datetime.combine(day, at.replace(tzinfo=None), tzinfo=zone)
    early, late = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if late < early:  # skipped: read with the new offset it is earlier than read with the old one
        return _jump(zone, late, early)
    return late if last else early


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the moment, to the second, at which the offset changes between two instants."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
