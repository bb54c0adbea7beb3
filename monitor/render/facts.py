"""What the templates may say of a source, a first look, an absence or a day: made of the facts of an alert."""

# ruff: noqa: D102 - a property is named after what it says

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

from monitor.models import Json, Why
from monitor.render.inline import inline, quoted
from monitor.render.phrases import Times, at_time, average, begun, count, ended, figure, listed, span

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
MAX_ROWS = 6  # rows of a list that a message spells out
MAX_LINES = 10  # cases a digest names one by one


class Facts:
    """The facts of an alert, read with care: what is missing or has another type is simply not said."""

    def __init__(self, facts: Mapping[str, Json]) -> None:
        self._facts = facts

    def text(self, key: str, limit: int = 300) -> str:
        """Return a fact that is text, in one line."""
        value = self._facts.get(key)
        return inline(value, limit) if isinstance(value, str) else ""

    def number(self, key: str) -> float | None:
        """Return a fact that is a number."""
        value = self._facts.get(key)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def whole(self, key: str) -> int:
        """Return a fact that is a whole number, 0 when it is missing."""
        return int(self.number(key) or 0)

    def flag(self, key: str) -> bool:
        """Say whether a fact is true."""
        return self._facts.get(key) is True

    def denied(self, key: str) -> bool:
        """Say whether a fact is false, as against not known."""
        return self._facts.get(key) is False

    def when(self, key: str) -> datetime | None:
        """Return a fact that is a time, from its ISO text."""
        return moment(self._facts.get(key))

    def rows(self, key: str) -> list[Facts]:
        """Return a fact that is a list of objects."""
        value = self._facts.get(key)
        return [Facts(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []

    def texts(self, key: str) -> list[str]:
        """Return a fact that is a list of texts, each in one line."""
        value = self._facts.get(key)
        return [inline(row, 300) for row in value if isinstance(row, str)] if isinstance(value, list) else []

    def whys(self, key: str) -> tuple[Why, ...]:
        """Return a fact that is a list of reasons."""
        value = self._facts.get(key)
        rows = value if isinstance(value, list) else []
        return tuple(Why.from_json(row) for row in rows if isinstance(row, Mapping) and {"code", "text"} <= set(row))


def moment(value: Json) -> datetime | None:
    """Return an aware instant from ISO text; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class SourceView:
    """One source that broke, recovered, is new, or whose key will end."""

    def __init__(self, facts: Facts, times: Times) -> None:
        self.facts = facts
        self.times = times

    def _at(self, key: str) -> str:
        when = self.facts.when(key)
        return self.times.at(when) if when else ""

    @cached_property
    def site(self) -> str:
        return begun(self.facts.text("site", 60) or self.facts.text("source", 60) or "a source")

    @cached_property
    def name(self) -> str:
        """ "Facebook (Harbour Café)"; without a place the source's own name."""
        place = self.facts.text("place", 60) or self.facts.text("source", 60)
        return f"{self.site} ({place})" if place and place.casefold() != self.site.casefold() else self.site

    @cached_property
    def since(self) -> str:
        return self._at("since")

    @cached_property
    def until(self) -> str:
        return self._at("until")

    @cached_property
    def minutes(self) -> str:
        minutes = self.facts.whole("minutes")
        return count(minutes, "minute") if minutes else ""

    @cached_property
    def empty(self) -> bool:
        return self.facts.text("code") == "empty"

    @cached_property
    def cannot(self) -> str:
        since = f" since {self.since}" if self.since else ""
        if self.empty:
            return f"{self.name} answers, but{since} with nothing where there always was something."
        if self.spent:
            return f"I have stopped reading {self.name} for today."
        return f"I can read only a part of {self.name}{since}." if self.partly else f"I cannot read {self.name}{since}."

    @cached_property
    def partly(self) -> bool:
        return self.facts.text("code") == "partly"

    @cached_property
    def spent(self) -> bool:
        return self.facts.text("code") == "over_budget"

    @cached_property
    def unseen(self) -> str:
        if self.partly:
            return "Nothing already stored is lost; the rest of it is being seen."
        if self.spent:
            return "Nothing already stored is lost; new posts there are seen when I read on."
        return "Nothing already stored is lost; new posts there are not being seen."

    @cached_property
    def meanwhile(self) -> str:
        return "" if self.spent else "Until then please look at the page yourself once a day."

    @cached_property
    def unwatched(self) -> str:
        if self.spent:
            return "is not being watched for the rest of the day"
        return f"is {'being watched only in part' if self.partly else 'not being watched'} since {self.since}"

    @cached_property
    def still_cannot(self) -> str:
        since = f", since {self.since}" if self.since else ""
        if self.empty:
            return f"{self.name} still answers with nothing where there always was something{since}."
        can = "I can still read only a part of" if self.partly else "I still cannot read"
        return f"{can} {self.name}{since}."

    @cached_property
    def why(self) -> str:
        return "" if self.empty else ended(begun(self.facts.text("why")))

    @cached_property
    def by_itself(self) -> str:
        if self.facts.flag("permanent"):
            return "It will not mend by itself."
        if self.spent:
            on = f" {at_time(self._at('next_try'))}" if self._at("next_try") else ""
            return f"I read on{on}{f', from {self.since} on' if self.since else ''}."
        return f"It may mend by itself; I look again {at_time(self._at('next_try'))}." if self._at("next_try") else ""

    @cached_property
    def mend(self) -> str:
        mend = self.facts.text("mend")
        if self.spent:
            return ""
        after = f"Then I read on from {self.since} and list what was missed." if self.since else ""
        if not mend:
            return after.replace("Then I", "When it works again I", 1)
        if self.facts.flag("permanent"):
            return f"To mend{f', about {self.minutes}' if self.minutes else ''}: {mend}. {after}"
        return f"To see what it says: {mend}. {after.replace('Then I', 'When it works again I', 1)}"

    @cached_property
    def others(self) -> str:
        fine, others = self.facts.whole("others_fine"), self.facts.whole("others_all")
        seen = self._at("others_seen_at")
        if not others:
            return ""
        if fine == others:
            words = "The other source is fine" if others == 1 else f"The other {others} sources are fine"
        else:
            are = "none is" if not fine else "1 is" if fine == 1 else f"{fine} are"
            words = f"Of {count(others, 'other source')} {are} fine"
        return f"{words}{f' ({seen})' if seen and fine else ''}."

    @cached_property
    def also(self) -> str:
        """Other sources in the same state, when several were folded into one message."""
        rows = [SourceView(row, self.times) for row in self.facts.rows("also")]
        parts = [f"{row.name}{f' since {row.since}' if row.since else ''}" for row in rows[:MAX_ROWS]]
        rest = f", and {len(rows) - MAX_ROWS} more: monitor status" if len(rows) > MAX_ROWS else ""
        return f"Also: {', '.join(parts)}{rest}." if parts else ""

    @cached_property
    def gap(self) -> str:
        return f"{self.since} to {self.until}" if self.since and self.until else ""

    @cached_property
    def caught_up(self) -> str:
        found = self.facts.number("caught_up")
        gap = f"What was written from {self.gap} " if self.gap else "What was written meanwhile "
        if found is None:
            return f"{gap}is being read now."
        if not found:
            return f"{gap}is caught up: nothing new."
        bad = self.facts.whole("bad")
        return f"{gap}is caught up: {int(found)} found{f', {bad} of them bad' if bad else ''}."

    @cached_property
    def lost(self) -> str:
        return ended(self.facts.text("lost"))

    @cached_property
    def ends(self) -> str:
        """ "in 3 days, on 27 November"."""
        when = self.facts.when("ends_at")
        if when is None:
            return "soon"
        days = (self.times.local(when).date() - self.times.local(self.times.now).date()).days
        if days < 1:
            return f"today at {self.times.local(when):%H:%M}" if days == 0 else f"ended on {self.times.day(when)}"
        return f"{'tomorrow' if days == 1 else f'in {days} days'}, on {self.times.day(when)}"


class ChannelView:
    """A channel that refused: all messages, or one."""

    def __init__(self, facts: Facts, times: Times) -> None:
        self.facts = facts
        self.times = times

    @cached_property
    def name(self) -> str:
        return self.facts.text("where", 100) or self.facts.text("channel", 60) or "A channel"

    @cached_property
    def since(self) -> str:
        when = self.facts.when("since")
        return self.times.at(when) if when else ""

    @cached_property
    def one_only(self) -> bool:
        return self.facts.denied("permanent") and not self.facts.whole("waiting")

    @cached_property
    def cannot(self) -> str:
        instead = self.facts.text("instead", 100)
        if self.one_only:
            rest = f"It went to {instead} instead." if instead else "It was not delivered: monitor deliveries shows it."
            return f"{self.name} did not take one message{f' ({self.since})' if self.since else ''}. {rest}"
        since = f" since {self.since}" if self.since else ""
        return f"I cannot hand messages to {self.name}{since}. Nothing is lost: {self._waits(instead)}"

    def _waits(self, instead: str) -> str:
        waiting = self.facts.whole("waiting")
        if instead:
            return f"what goes there now goes to {instead}."
        waits = "1 message waits" if waiting == 1 else f"{waiting:,} messages wait" if waiting else "messages wait"
        return f"{waits} and {'goes' if waiting == 1 else 'go'} out when it works again."

    @cached_property
    def why(self) -> str:
        why = ended(begun(self.facts.text("why")))
        return f"{why} It will not mend by itself." if self.facts.flag("permanent") else why

    @cached_property
    def mend(self) -> str:
        if self.one_only:
            return "Other messages go on as before."
        command = self.facts.text("mend", 100) or f"monitor send-test {self.facts.text('channel', 60)}"
        return f"To mend: put it right in the configuration, then {command}."


class FirstView:
    """What the first look at a source found."""

    def __init__(self, facts: Facts, unanswered: int) -> None:
        self.facts = facts
        self.shown = unanswered

    @cached_property
    def found(self) -> int:
        return self.facts.whole("found")

    @cached_property
    def found_words(self) -> str:
        best = self.facts.number("best")
        scale = f" of {figure(best)}" if best and best != 5 else ""
        value = average(self.facts.number("average"))
        words = count(self.found, self.facts.text("unit", 20) or "review")
        return f"{words}{f', average {value}{scale}' if value else ''}"

    @cached_property
    def found_line(self) -> str:
        if self.facts.flag("new_place"):
            return f"It is new on the site, which counts {self.found_words} there; what comes from now on is told."
        if not self.found:
            return "Found nothing yet; what comes from now on is told."
        site = self.facts.whole("site_count")
        more = f" The site itself counts {site:,}." if site > self.found else ""
        return f"Found {self.found_words}; nothing to do for old ones unless you say so.{more}"

    @cached_property
    def unanswered(self) -> str:
        if not self.found or self.facts.flag("new_place"):
            return ""
        if not self.shown:
            return "None of the last 30 days waits for an answer."
        number = NUMBERS[self.shown] if self.shown < len(NUMBERS) else str(self.shown)
        return f"{number} unanswered {'one' if self.shown == 1 else 'ones'} of the last 30 days:"

    @cached_property
    def would(self) -> str:
        number = self.facts.number("would_have_sent")
        if number is None or not self.found:
            return ""
        words = "no alert" if not number else count(int(number), "alert")
        return f"With today's settings the last 30 days would have sent you {words}."


class AwayView:
    """A time in which nobody looked, and what became of it."""

    def __init__(self, facts: Facts, times: Times) -> None:
        self.facts = facts
        self.times = times

    def _at(self, key: str) -> str:
        when = self.facts.when(key)
        return self.times.at(when) if when else "an unknown time"

    @cached_property
    def start(self) -> str:
        return self._at("from")

    @cached_property
    def end(self) -> str:
        return self._at("to")

    @cached_property
    def short(self) -> str:
        lost = len(self.facts.rows("lost"))
        found = f"{self.facts.whole('found'):,} found"
        return f"{found}, {count(lost, 'gap')} left" if lost else f"{found}, nothing is missing"

    @cached_property
    def found(self) -> str:
        found, bad = self.facts.whole("found"), self.facts.whole("bad")
        sources = self.facts.whole("sources_seen")
        of = f" from {count(sources, 'source')}" if sources else ""
        if not found:
            return f"Caught up: nothing new{of}."
        if self.facts.number("bad") is None:
            return f"Caught up: {found:,} new{of}."
        return f"Caught up: {found:,} new{of}, {f'{bad:,} of them bad' if bad else 'none of them bad'}."

    @cached_property
    def by_source(self) -> str:
        rows = self.facts.rows("sources")
        parts = []
        for row in rows[:MAX_ROWS]:
            bad = row.whole("bad")
            parts.append(f"{SourceView(row, self.times).name}: {row.whole('found'):,}{f' ({bad} bad)' if bad else ''}")
        rest = f"; and {count(len(rows) - MAX_ROWS, 'other source')}" if len(rows) > MAX_ROWS else ""
        return f"{'; '.join(parts)}{rest}." if parts else ""

    @cached_property
    def lost(self) -> str:
        rows = self.facts.rows("lost")
        if not rows:
            return "Nothing is missing."
        parts = []
        for row in rows[:MAX_ROWS]:
            source = SourceView(row, self.times)
            since, until = row.when("from"), row.when("to")
            gap = f" from {self.times.at(since)} {f'to {self.times.at(until)}' if until else 'on'}" if since else ""
            why = row.text("why")
            parts.append(f"{source.name}{gap}{f' ({why})' if why else ''}")
        return f"Cannot be caught up: {'; '.join(parts)}."


class DayView:
    """A day in a few lines: what waits, what went well, how the stars stand, what was seen."""

    def __init__(self, facts: Facts, times: Times, lines: Sequence[str]) -> None:
        self.facts = facts
        self.times = times
        self.lines = lines  # what is to be answered, one line each

    @cached_property
    def waiting(self) -> int:
        return max(self.facts.whole("waiting"), len(self.lines))

    @cached_property
    def won(self) -> list[str]:
        return [_won(row) for row in self.facts.rows("won_back")]

    @cached_property
    def sources(self) -> str:
        """ "all sources seen", "5 of 6 sources seen"."""
        seen, total = self.facts.whole("seen"), self.facts.whole("total")
        if not total:
            return ""
        return "all sources seen" if self.all_seen else f"{seen} of {total} sources seen"

    @cached_property
    def all_seen(self) -> bool:
        caught_up = all(row.flag("caught_up") for row in self.facts.rows("gaps"))
        return caught_up and self.facts.whole("seen") >= self.facts.whole("total")

    @cached_property
    def subject(self) -> str:
        seen, total = self.facts.whole("seen"), self.facts.whole("total")
        if not self.waiting and not self.won and self.all_seen:
            return f"All quiet: {f'{seen} of {total} sources seen, ' if total else ''}nothing to answer"
        waits = f"{self.waiting} to answer" if self.waiting else "nothing to answer"
        parts = [waits, f"{len(self.won)} won back" if self.won else "", self.sources]
        return f"{self.hello}: {', '.join(part for part in parts if part)}"

    @cached_property
    def hello(self) -> str:
        hour = self.times.local(self.times.now).hour
        return "Good morning" if hour < 12 else "Good afternoon" if hour < 18 else "Good evening"

    @cached_property
    def greeting(self) -> str:
        return f"{self.hello}, {self.times.today()}.{self._praise}"

    @cached_property
    def _praise(self) -> str:
        for best in self.facts.rows("best"):
            if words := best.text("text", 120):
                about = ", ".join(part for part in (best.text("mark", 20), best.text("place", 60)) if part)
                return f" {quoted(words)}{f' ({about})' if about else ''}."
        return ""

    @cached_property
    def to_answer_head(self) -> str:
        return f"To answer, {self.waiting}:" if self.waiting else "Nothing waits for an answer."

    @cached_property
    def to_answer(self) -> str:
        if not self.lines:
            return self.to_answer_head
        rest = self.waiting - len(self.lines[:MAX_LINES])
        more = f" · and {rest} more: monitor cases" if rest > 0 else ""
        return f"{self.to_answer_head} {' · '.join(self.lines[:MAX_LINES])}{more}"

    @cached_property
    def yesterday(self) -> str:
        answered, fastest = self.facts.whole("answered"), self.facts.number("fastest_minutes")
        thanks, of = self.facts.whole("thanks"), self.facts.whole("of")
        quick = f", fastest {span(timedelta(minutes=fastest), long=fastest >= 120)}" if fastest else ""
        parts = [
            f"{answered} answered{quick}" if answered else "",
            f"won back: {'; '.join(self.won)}" if self.won else "",
            f"{count(thanks, 'thank-you')} to write" if thanks else "",
        ]
        words = " · ".join(part for part in parts if part)
        target = f"Last week {self.facts.whole('met')} of {of} within our target." if of else ""
        return f"{f'Yesterday: {words}.' if words else ''} {target}".strip()

    @cached_property
    def stars(self) -> str:
        parts = [
            f"{row.text('place', 60) or row.text('site', 60)} {average(row.number('average'))}{_change(row)}"
            for row in self.facts.rows("stars")[:MAX_ROWS]
        ]
        return f"Stars: {', '.join(parts)}." if parts else ""

    @cached_property
    def seen(self) -> str:
        seen, total, when = self.facts.whole("seen"), self.facts.whole("total"), self.facts.when("seen_at")
        by = f" by {self.times.at(when)}" if when else ""
        words = f"Seen: {seen} of {total} sources{by}." if total else ""
        gaps = [self._gap(row) for row in self.facts.rows("gaps")]
        if not gaps:
            return words
        number = NUMBERS[len(gaps)] if len(gaps) < len(NUMBERS) else str(len(gaps))
        return f"{words} {number} {'gap' if len(gaps) == 1 else 'gaps'}: {'; '.join(gaps[:MAX_ROWS])}.".strip()

    def _gap(self, row: Facts) -> str:
        since, until = row.when("from"), row.when("to")
        state = ", caught up" if row.flag("caught_up") else ", not caught up" if until else ", until now"
        times = f", {self.times.at(since)}" if since else ""
        if since and until:
            same_day = self.times.local(since).date() == self.times.local(until).date()
            times += f" to {self.times.local(until):%H:%M}" if same_day else f" to {self.times.at(until)}"
        return f"{SourceView(row, self.times).site}{times}{state}"

    @cached_property
    def rest(self) -> str:
        """What was kept for the digest: watched ones, and what came on top of the day's messages."""
        watch, held = self.facts.whole("watch"), self.facts.whole("held")
        parts = [f"{watch} to keep an eye on" if watch else "", f"{held} held back for this digest" if held else ""]
        words = listed([part for part in parts if part])
        return f"Also {words}: monitor mentions." if words else ""


def _won(row: Facts) -> str:
    who, before, now = row.text("author", 60) or "somebody", row.text("from", 20), row.text("to", 20)
    return f"{who}, {before} to {now}" if before and now else who


def _change(row: Facts) -> str:
    change = row.number("change")
    if change is None:
        return ""
    return " (same as 30 days ago)" if abs(change) < 0.05 else f" ({'up' if change > 0 else 'down'} {abs(change):.1f})"
