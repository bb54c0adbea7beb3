"""What the templates may say of a mention, a fact and a reader: ready words, made only when asked for.

Names and titles of strangers come out of here in one line and short, so that they cannot imitate our
layout. They stay raw otherwise: each channel encodes for itself.
"""

# ruff: noqa: D102 - a property is named after what it says

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from monitor.models import CLEARED, NOT_KEPT, CaseState, Kind, Person, Reason, ReplyState, Severity, Why
from monitor.render.facts import Facts
from monitor.render.inline import inline, person, quoted
from monitor.render.phrases import (
    KINDS,
    Times,
    at_time,
    begun,
    count,
    crowd,
    ended,
    listed,
    mark,
    moved,
    span,
    standing,
    stars,
)
from monitor.render.values import Past, Told
from monitor.text import shorten

MAX_SNIPPET = 60  # characters of the text in a subject line
MAX_WORDS = 3  # quoted words a reason shows
MAX_REASONS = 6
# Topics as one says them behind "it is about"; the others are said as they are.
ABOUT = {
    "broken": "something broken",
    "closed account": "a closed account",
    "discrimination": "being treated worse than others",
    "ignored": "being ignored",
    "legal": "the law",
    "nobody responsible": "nobody being responsible",
    "not listened to": "not being listened to",
    "outage": "something that does not work",
    "price": "the price",
    "refund": "a refund",
    "rude": "rudeness",
    "staff did not know": "staff who did not know",
}


def why_words(reasons: Sequence[Why]) -> str:
    """Return reasons as one line: 1 star; waiting ("waited 40 minutes")."""
    parts = []
    for reason in reasons[:MAX_REASONS]:
        words = ", ".join(quoted(inline(word)) for word in reason.words[:MAX_WORDS])
        parts.append(inline(reason.text) + (f" ({words})" if words else ""))
    return "; ".join(parts)


class View:
    """One mention, ready to be spoken of."""

    def __init__(self, told: Told, times: Times, reader: Person | None = None, facts: Facts | None = None) -> None:
        self.told = told
        self.times = times
        self.reader = reader
        self.facts = facts or Facts({})

    # --- what and where

    @cached_property
    def ref(self) -> str:
        return self.told.ref

    @cached_property
    def site(self) -> str:
        return inline(self.told.site) or inline(self.told.source)

    @cached_property
    def kind(self) -> str:
        return KINDS[self.told.kind]

    @cached_property
    def where(self) -> str:
        return inline(self.told.place) or inline(self.told.product)

    @cached_property
    def site_where(self) -> str:
        return f"{self.site}, {self.where}" if self.where else self.site

    @cached_property
    def author(self) -> str:
        return inline(self.told.author)

    @cached_property
    def somebody(self) -> str:
        return self.author or "Somebody"

    @cached_property
    def someone(self) -> str:
        return self.author or "somebody"

    @cached_property
    def opening(self) -> str:
        """ "Jonas K. wrote this on Google 14 minutes ago:", "somebody left 1 of 5 on Google, without a text:"."""
        if self.told.text.strip() or self.told.title or not self.mark or self.not_here:
            return f"{self.someone} wrote this on {self.site} {self.ago_long}:"
        left = self.mark if self.mark[0].isdigit() else f"a {self.mark}"
        return f"{self.someone} left {left} on {self.site} {self.ago_long}, without a text:"

    @cached_property
    def not_here(self) -> str:
        """Why the text cannot be shown although there may be one; empty where it can."""
        if NOT_KEPT in self.told.flags:
            return f"{begun(self.site)} does not allow me to keep its texts and names: read it there."
        return "I no longer keep the text and the name." if CLEARED in self.told.flags else ""

    @cached_property
    def mark(self) -> str:
        return mark(self.told.rating)

    @cached_property
    def stars(self) -> str:
        return stars(self.told.rating)

    @cached_property
    def mark_on_site(self) -> str:
        """ "1 of 5 on Google", "Thumb down on Steam", "A post on Bluesky"."""
        return begun(f"{self.mark or f'a {self.kind}'} on {self.site}")

    @cached_property
    def moved(self) -> str:
        return moved(self.told.rating, self.told.before.rating) if self.told.before else ""

    @cached_property
    def moved_stars(self) -> str:
        """ "now 1 star, was 4", for a subject line."""
        if not self.moved or self.told.before is None:
            return ""
        was = self.moved.partition(", was ")[2]
        return f"now {self.stars}, was {was}"

    @cached_property
    def snippet(self) -> str:
        """The first words, for a subject line: the title, or the first sentence."""
        words = inline(self.told.title, MAX_SNIPPET)
        if not words:
            text = inline(self.told.text, MAX_SNIPPET * 4)
            first = re.split(r"(?<=[.!?…])\s|, ", text, maxsplit=1)[0]
            words = _shortened(first.rstrip(".,;:") if len(first) > 12 else text)
        return quoted(words) if words else ""

    # --- when and who

    @cached_property
    def since(self) -> datetime:
        return self.told.published_at or self.told.first_seen_at

    @cached_property
    def ago(self) -> str:
        return self.times.ago(self.since)

    @cached_property
    def ago_long(self) -> str:
        return self.times.ago(self.since, long=True)

    @cached_property
    def edited_ago(self) -> str:
        """When it was changed, as far as is known: by its own time, else when I saw it."""
        when = self.facts.when("edited_at")
        return self.times.ago(when) if when else ""

    @cached_property
    def case(self) -> str:
        return self.told.case.ref if self.told.case else ""

    @cached_property
    def case_again(self) -> str:
        """ "case c118 is open again, answer by 17:00"."""
        case = self.told.case
        if case is None or case.state is CaseState.CLOSED:
            return ""
        again = self.facts.flag("reopened") or case.answered_at is not None or self.told.reply is not None
        by = f", answer {'was due ' + at_time(self.due) if self.overdue else 'by ' + self.due}" if self.due else ""
        return f"case {case.ref} is open{' again' if again else ''}{by}"

    @cached_property
    def next_step(self) -> str:
        return ended(inline(self.told.case.next_step, 200)) if self.told.case else ""

    @cached_property
    def due(self) -> str:
        case = self.told.case
        return self.times.at(case.due_at) if case and case.due_at else ""

    @cached_property
    def overdue(self) -> bool:
        case = self.told.case
        return bool(case and case.due_at and case.due_at <= self.times.now)

    @cached_property
    def answered(self) -> bool:
        case, reply = self.told.case, self.told.reply
        visible = reply is not None and reply.state is ReplyState.VISIBLE
        return visible or bool(case and case.state in (CaseState.ANSWERED, CaseState.CLOSED))

    @cached_property
    def answered_after(self) -> str:
        """ "answered after 25 min": how long it stood there alone."""
        at = self.told.case.answered_at if self.told.case else None
        if not self.answered or (at is None and self.told.reply is None):
            return ""
        return f"answered after {span(at - self.since, long=False)}" if at and at > self.since else "answered"

    @cached_property
    def answer_by(self) -> str:
        """ "please answer by 16:30", "an answer was due at 16:30"."""
        if not self.due or self.answered:
            return ""
        return f"an answer was due {at_time(self.due)}" if self.overdue else f"please answer by {self.due}"

    @cached_property
    def left(self) -> str:
        case = self.told.case
        return self.times.left(case.due_at) if case and case.due_at else ""

    @cached_property
    def holder(self) -> str:
        return person(self.told.case.assignee) if self.told.case else ""

    @cached_property
    def who(self) -> str:
        """ "nobody has it yet", "Ana has it", "you have it"."""
        case = self.told.case
        if case is None or self.answered:
            return ""
        if not case.assignee:
            return "nobody has it yet"
        mine = self.reader is not None and self.reader.name == case.assignee
        return "you have it" if mine else f"{self.holder} has it"

    # --- why

    @cached_property
    def urgent(self) -> bool:
        return self.told.severity is Severity.CRITICAL

    @cached_property
    def why(self) -> str:
        return why_words(self.told.reasons or self.facts.whys("why"))

    @cached_property
    def new_words(self) -> str:
        """What an edit brought that was not there before."""
        return why_words(self.facts.whys("new"))

    @cached_property
    def unheard(self) -> bool:
        """Say whether the author writes of having heard nothing from us."""
        return any("follow" in why.code or "follow-up" in why.text for why in self.told.reasons)

    @cached_property
    def you_answered(self) -> str:
        """For the reader who answered it last time: why this comes to them first."""
        case = self.told.case
        if self.reader is None or case is None or case.answered_by != self.reader.name:
            return ""
        when = f" {self.times.in_month(case.answered_at)}" if case.answered_at else ""
        first = f"you answered {self.author or 'this'}{when}, so this comes to you first."
        return f"{first} The {self.kind} has been rewritten:"

    @cached_property
    def about(self) -> str:
        """What it is about, for a sentence: "waiting and being ignored"."""
        found = [why.text for why in self.told.reasons if why.code.startswith(("topic", "danger"))]
        return listed([ABOUT.get(name, inline(name)) for name in found[:MAX_REASONS]])

    @cached_property
    def readers(self) -> str:
        """ "Readers: Google does not say; the place has 412 reviews, average 4.4."."""
        total = standing(self.told.total, "the place" if self.told.place else "it")
        if self.told.kind is Kind.MESSAGE and self.told.audience is None:
            return ""
        return f"Readers: {crowd(self.told.audience, self.site)}{f'; {total}' if total else ''}."

    @cached_property
    def history(self) -> str:
        """Earlier mentions of the same author, as facts: "Jonas K. wrote once before, in May: 5 stars."."""
        past = sorted(self.told.history, key=lambda one: one.when)
        if not past:
            return ""
        last = past[-1]
        when = self.times.in_month(last.when)
        end = ended(_past_words(last))
        if len(past) == 1:
            return f"{self.somebody} wrote once before, {when}{end}"
        marks = [stars(one.rating) for one in past[:-1] if stars(one.rating)]
        earlier = f" (before that: {', '.join(marks[-5:])})" if marks else ""
        return f"{self.somebody} wrote {len(past)} times before, last {when}{earlier}{end}"

    @cached_property
    def answer_there(self) -> str:
        """What is to be said of our own answer under it."""
        reply = self.told.reply
        if reply is None:
            return ""
        of = f" of {self.times.day(reply.published_at)}" if reply.published_at else ""
        return {
            ReplyState.VISIBLE: f"Our answer{of} stands under it.",
            ReplyState.OUTDATED: f"Our answer{of} stands under it and no longer fits.",
            ReplyState.PENDING: f"Our answer{of} waits for {self.site} to show it.",
            ReplyState.REJECTED: f"{self.site} has not let our answer{of} through.",
            ReplyState.GONE: f"Our answer{of} no longer stands under it.",
        }[reply.state]

    @cached_property
    def notes(self) -> str:
        """What was mended on the way in and changes how one reads it."""
        first_seen = at_time(self.times.at(self.told.first_seen_at))
        said = {
            "no_time": f"{begun(self.site)} gives no time; I saw it first {first_seen}.",
            "time_clamped": f"The time {self.site} gives lies in the future.",
        }
        found = [said[flag] for flag in self.told.flags if flag in said]
        late = self.told.published_at and (self.told.first_seen_at - self.told.published_at).total_seconds() > 3 * 3600
        if late and not found:
            found.append(f"{self.site} showed it to me only {first_seen}.")
        return " ".join(found)

    @cached_property
    def one_line(self) -> str:
        """For lists: "Quay Street, 1 star, waiting, by 10:30, nobody yet"."""
        case = self.told.case
        who = ""
        if case is not None and not self.answered:
            who = f"{self.holder} has it" if case.assignee else "nobody yet"
        by = f"{'due since' if self.overdue else 'by'} {self.due}" if self.due and not self.answered else ""
        what = self.stars or self.kind
        topic = next((inline(why.text, 40) for why in self.told.reasons if why.code.startswith("topic")), "")
        return ", ".join(part for part in (self.where or self.site, what, topic, by, who) if part)

    @cached_property
    def heading(self) -> str:
        """Over a quote among several: "1 of 5 on Google, Quay Street, 14:02, m12"."""
        return ", ".join(part for part in (self.mark_on_site, self.where, self.times.at(self.since), self.ref) if part)


def _shortened(words: str) -> str:
    """Return the beginning of a text that ends with a whole word, if that leaves enough of it."""
    short = shorten(words, MAX_SNIPPET)
    at = short.rfind(" ")
    return f"{short[:at].rstrip('.,;:-')}…" if short != words and at > MAX_SNIPPET // 2 else short


def _past_words(past: Past) -> str:
    words = stars(past.rating)
    answer = f"{person(past.answered_by)} answered" if past.answered_by else ""
    if words and answer:
        return f": {words}, and {answer}"
    if words or answer:
        return f": {words or answer}"
    return ""


STANDS_ALONE = {
    Reason.NEW, Reason.EDITED_WORSE, Reason.REMINDER, Reason.ESCALATION, Reason.REPLY_GONE,
    Reason.REOPENED, Reason.WON_BACK, Reason.GOOD_NEWS, Reason.TEST,
}  # fmt: skip
"""Reasons that are about one mention; several of them in one message are folded."""


def plural_kind(told: Sequence[Told], number: int) -> str:
    """Return "37 reviews", "37 posts", "37 reviews and posts"."""
    kinds = list(dict.fromkeys(KINDS[one.kind] for one in told))
    if len(kinds) == 1:
        return count(number, kinds[0])
    return f"{number:,} {listed([f'{kind}s' for kind in kinds])}"


def stars_counts(told: Sequence[Told]) -> str:
    """Return how many had which mark, worst first: "31 with 1 of 5, 4 with 2 of 5, 2 without a mark"."""
    counts: dict[str, tuple[float, int]] = {}
    for one in told:
        words = mark(one.rating)
        order = one.rating.stars if words and one.rating and one.rating.stars is not None else 9.0
        counts[words] = (order, counts.get(words, (order, 0))[1] + 1)
    parts = [
        f"{number:,} with {words}" if words else f"{number:,} without a mark"
        for words, (_, number) in sorted(counts.items(), key=lambda item: item[1][0])
    ]
    return ", ".join(parts[:6]) + (f" and {len(parts) - 6} other marks" if len(parts) > 6 else "")


def source_counts(views: Sequence[View], at_most: int = 5) -> str:
    """Return how many came from where, most first: "Google, Quay Street: 30; Trustpilot: 7"."""
    counts: dict[str, int] = {}
    for view in views:
        counts[view.site_where] = counts.get(view.site_where, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{name}: {number:,}" for name, number in ordered[:at_most]]
    rest = len(ordered) - at_most
    return "; ".join(parts) + (f"; and {count(rest, 'other place')}" if rest > 0 else "")


def worst_first(told: Sequence[Told]) -> list[Told]:
    """Return mentions in the order in which one wants to read them."""

    def order(one: Told) -> tuple[int, float, int]:
        level = one.severity.rank if one.severity else 9
        value = one.rating.stars if one.rating and one.rating.stars is not None else 3.0
        return (level, value, -(one.audience.size if one.audience else 0))

    return sorted(told, key=order)
