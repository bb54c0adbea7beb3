"""Numbers and times in words people use. Everything takes `now` and the reader's zone; nothing asks for the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.models import Audience, Kind, Rating, SiteTotal

# English whatever the machine's locale says.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July",
          "August", "September", "October", "November", "December")  # fmt: skip

KINDS = {Kind.REVIEW: "review", Kind.POST: "post", Kind.COMMENT: "comment", Kind.MESSAGE: "message"}


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; UTC when there is none (the configuration has refused it already)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Times:
    """Says when things are, as seen at `now` in `zone`."""

    now: datetime
    zone: str

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the reader's zone."""
        return moment.astimezone(zone_of(self.zone))

    def _days(self, moment: datetime) -> int:
        return (self.local(moment).date() - self.local(self.now).date()).days

    def ago(self, moment: datetime, *, long: bool = False) -> str:
        """Return "14 min ago" or "14 minutes ago"; from yesterday on the day and the time."""
        seconds = (self.now - moment).total_seconds()
        if seconds < 60:
            return "just now"
        if seconds < 3600:
            return f"{_span(int(seconds // 60), 'minute', 'min', long=long)} ago"
        if seconds < 86400 and (self._days(moment) == 0 or seconds < 12 * 3600):
            return f"{_span(int(seconds // 3600), 'hour', 'h', long=long)} ago"
        when = self.at(moment) if self._days(moment) > -7 else self.day(moment)
        return at_time(when) if long else when

    def at(self, moment: datetime) -> str:
        """Return "09:40", "yesterday 09:40", "tomorrow 09:00", "Friday 18:02", "3 December 09:00" or "3 May 2025"."""
        local = self.local(moment)
        clock = f"{local:%H:%M}"
        days = self._days(moment)
        if days in (-1, 0, 1):
            return {-1: f"yesterday {clock}", 0: clock, 1: f"tomorrow {clock}"}[days]
        if abs(days) < 7:
            return f"{WEEKDAYS[local.weekday()]} {clock}"
        if local.year == self.local(self.now).year or abs(days) < 60:
            return f"{self.day(moment)} {clock}"
        return self.day(moment)

    def day(self, moment: datetime) -> str:
        """Return "3 May", with the year when it is another one."""
        local = self.local(moment)
        year = "" if local.year == self.local(self.now).year else f" {local.year}"
        return f"{local.day} {MONTHS[local.month - 1]}{year}"

    def in_month(self, moment: datetime) -> str:
        """Return "in May", "in May 2025"; within the last four weeks the day: "on 3 November"."""
        local = self.local(moment)
        days = self._days(moment)
        if days > -1:
            return "today"
        if days == -1:
            return "yesterday"
        if days > -28:
            return f"on {self.day(moment)}"
        year = "" if local.year == self.local(self.now).year else f" {local.year}"
        return f"in {MONTHS[local.month - 1]}{year}"

    def today(self) -> str:
        """Return "Tuesday 24 November"."""
        local = self.local(self.now)
        return f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"

    def left(self, due: datetime) -> str:
        """Return "35 min left", "3 h left", or "16:30 has passed"."""
        seconds = (due - self.now).total_seconds()
        if seconds <= 0:
            return f"{self.at(due)} has passed"
        if seconds < 3600:
            return f"{_span(max(int(seconds // 60), 1), 'minute', 'min', long=False)} left"
        if seconds < 86400:
            return f"{_span(int(seconds // 3600), 'hour', 'h', long=False)} left"
        return f"until {self.at(due)}"


def _span(number: int, word: str, short: str, *, long: bool) -> str:
    return count(number, word) if long else f"{number} {short}"


def span(length: timedelta, *, long: bool = True) -> str:
    """Return a length of time in its largest fitting unit: "25 min", "3 hours", "12 days"."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return _span(max(minutes, 1), "minute", "min", long=long)
    if minutes < 2 * 1440:
        return _span(minutes // 60, "hour", "h", long=long)
    return count(minutes // 1440, "day")


def count(number: int, word: str) -> str:
    """Return "1 review", "412 reviews", "12,000 followers"."""
    if number == 1:
        return f"1 {word}"
    plural = f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"
    return f"{number:,} {plural}"


def figure(value: float) -> str:
    """Return a number without needless digits: 4, 4.5, 4.37."""
    return f"{round(value, 2):g}" if abs(value) < 1e6 else f"{value:,.0f}"


def _thumb(rating: Rating) -> bool:
    return rating.best == 1 and rating.worst == 0


def mark(rating: Rating | None) -> str:
    """Return "1 of 5", "thumb down"; nothing when there is no mark or it does not fit its own scale."""
    if rating is None or rating.stars is None:
        return ""
    if _thumb(rating):
        return "thumb up" if rating.value else "thumb down"
    return f"{figure(rating.value)} of {figure(rating.best)}"


def stars(rating: Rating | None) -> str:
    """Return "1 star", "2 stars" on a scale of five, else as `mark`: "3 of 10"."""
    if rating is None or rating.stars is None or _thumb(rating) or rating.best != 5:
        return mark(rating)
    return "1 star" if rating.value == 1 else f"{figure(rating.value)} stars"


def moved(now: Rating | None, before: Rating | None) -> str:
    """Return "now 1 of 5, was 4"; nothing when a mark is missing or the same."""
    new, old = mark(now), mark(before)
    if not new or not old or new == old:
        return ""
    assert now is not None
    assert before is not None
    same_scale = not _thumb(now) and (now.best, now.worst) == (before.best, before.worst)
    return f"now {new}, was {figure(before.value) if same_scale else old}"


def average(value: float | None) -> str:
    """Return an average with one digit: "4.4"."""
    return "" if value is None else f"{value:.1f}"


def crowd(audience: Audience | None, site: str) -> str:
    """Return how many may read it: "about 12,000 followers", or that the site does not say."""
    if audience is None:
        return f"{site} does not say"
    word = audience.kind.rstrip("s") or "reader"
    return f"about {count(audience.size, word)}" if audience.size >= 100 else count(audience.size, word)


def standing(total: SiteTotal | None, what: str) -> str:
    """Return "the place has 412 reviews, average 4.4"; nothing when the site says nothing."""
    if total is None or (not total.count and total.average is None):
        return ""
    value = average(total.average) + ("" if total.best == 5 or total.average is None else f" of {figure(total.best)}")
    if not total.count:
        return f"{what} stands at {value}"
    return f"{what} has {count(total.count, 'review')}{f', average {value}' if value else ''}"


def at_time(time: str) -> str:
    """Return "at 16:30", but "yesterday 16:30" and "on Friday 18:02"; nothing for nothing."""
    if not time or time.startswith(("yesterday", "tomorrow")):
        return time
    return f"at {time}" if time[2:3] == ":" else f"on {time}"


def listed(parts: Sequence[str]) -> str:
    """Return "waiting", "waiting and price", "waiting, price and taste"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def begun(sentence: str) -> str:
    """Return the sentence with its first letter large, unless it begins with the name of a machine."""
    first = sentence.partition(" ")[0].rstrip(".,:;")
    return sentence if "." in first or "@" in first else sentence[:1].upper() + sentence[1:]


def ended(sentence: str) -> str:
    """Return the sentence with a full stop, if it has no end of its own."""
    sentence = sentence.strip()
    return sentence if not sentence or sentence[-1] in ".?…:" else f"{sentence}."
