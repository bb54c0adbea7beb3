"""A week in a shop, and what came of it: the real daemon, a mail server, Slack's door, sites that change.

The messages stand in `week.txt`, to be read. `MONITOR_GOLDEN=write` writes it anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor import inbox
from monitor.cases import CaseValue, EventKind
from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review

Begin = Callable[..., Watch]

GOLDEN = Path(__file__).parent / "week.txt"
TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)  # the town lives by London's clocks
TEAM = """
[hours.shop]
open = { mon-sun = ["08:00-20:00"] }
[[people]]
name = "ana"
mail = "ana@town.example"
slack = "U0ANA"
[[people]]
name = "ben"
mail = "ben@town.example"
slack = "U0BEN"
[[people]]
name = "mara"
mail = "mara@town.example"
[[teams]]
name = "front"
people = ["ana", "ben"]
manager = "mara"
hours = "shop"
quiet = "21:00-08:00"
channels = ["slack", "mail"]

[[sources]]
name = "fair"
connector = "town_reviews"
place = "fair"
answers = false
every = "1 h"
team = "front"
base_url = "SITE"
allow_private = true
"""
SLOW = "Waited 40 minutes for two coffees, then they were cold. Nobody said a word."


def on(day: int, clock: str) -> datetime:
    """Return an instant of the week: 0 is Tuesday."""
    hour, minute = clock.split(":")
    return TUESDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


class Week:
    """The shop's week, told hour by hour, with everything that anybody got to read."""

    def __init__(self, town: Town, watch: Begin) -> None:
        self.town = town
        self.lines: list[str] = []
        self.earlier = self.by_jonas(on(-200, "12:00"), number=2, stars=5, text="Nice place.")
        town.site.shows("quay", self.earlier, review(1))
        town.site.shows("fair", review(7, stars=4))
        extra = TEAM.replace("SITE", town.site.url)
        self.monitor = watch(at=on(0, "21:30"), every="10 min", source='team = "front"', extra=extra)
        self._tick()

    def by_jonas(self, at: datetime, **more: Any) -> dict[str, Any]:
        """Return a review by Jonas K."""
        number = more.pop("number", 3)
        return bad(number, **{"text": SLOW, "author": "Jonas K.", "created": at.isoformat(), **more})

    def goes_on(self, until: datetime) -> None:
        """Let time pass: every half hour of the first days, every four hours later."""
        while self.monitor.clock() < until:
            step = timedelta(minutes=30) if self.monitor.clock() < on(3, "12:00") else timedelta(hours=4)
            self.monitor.clock.set(min(self.monitor.clock() + step, until))
            self._tick()

    def says(self, words: str) -> None:
        """Note what people do."""
        self.lines.append(f"\n{self.monitor.clock():%a %d %b %H:%M}  {words}\n")

    def does(self, kind: EventKind, who: str, case: int = 1, **how: Any) -> None:
        """Let somebody of the team do something with a case."""
        now = self.monitor.clock()
        with self.monitor.store.write() as conn:
            routing = self.monitor.daemon.routing
            after = inbox.act(conn, routing, case, kind, now=now, who=who, through="cli", **how)
        assert isinstance(after, CaseValue), after

    def case(self, number: int = 1) -> Any:
        """Return a case as it stands."""
        [row] = self.monitor.rows("select * from cases where id = :id", id=number)
        return row

    def _tick(self) -> None:
        self.monitor.daemon._minute()
        self.monitor.daemon.until_idle()
        when = f"{self.monitor.clock():%a %d %b %H:%M}"
        for words in sorted(map(_words, self.town.slack.posts)):  # which of two comes first is left to the threads
            self.lines.append(f"{when}  SLACK\n{_indented(words)}\n")
        for mail in sorted(self.town.mail.received, key=lambda mail: (str(mail["To"]), str(mail["Subject"]))):
            body = mail.get_body(("plain",))
            text = body.get_content() if body is not None else ""
            self.lines.append(f"{when}  MAIL to {mail['To']}: {mail['Subject']}\n{_indented(text)}\n")
        self.town.slack.posts.clear()
        self.town.mail.received.clear()


def _words(post: dict[str, Any]) -> str:
    """Return what stands in a Slack post, as one reads it."""
    return re.sub(r" *\n *", "\n", "".join(_texts(post.get("blocks", []))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        if value.get("type") == "user":
            yield f"@{value['user_id']} "
        text = value.get("text")
        if isinstance(text, str):
            yield text
        elif text is not None:
            yield from _texts(text)
        yield from _texts(value.get("elements", []))
        if value.get("type") in ("rich_text_section", "rich_text_quote", "section", "context", "button", "actions"):
            yield "\n"


def _indented(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(f"    {line}".rstrip() for line in lines)


def test_a_week_in_a_shop(town: Town, watch_here: Begin) -> None:
    week = Week(town, watch_here)

    week.goes_on(on(0, "22:10"))
    week.says("Jonas K. writes. The shop is closed, and its people are left alone until eight.")
    written = week.monitor.clock()
    town.site.shows("quay", week.by_jonas(written), week.earlier, review(1))
    week.goes_on(on(1, "08:30"))
    assert week.case().state == "open"

    week.says("Ana takes it, and gets busy with other things.")
    week.does(EventKind.CLAIMED, "ana")
    week.says("At the fair, which shows no answers, somebody complains, too.")
    town.site.publishes("fair", bad(9, text="Cold soup, and no word of sorry.", created=on(1, "08:35").isoformat()))
    week.goes_on(on(1, "15:00"))
    climbed = week.monitor.rows("select reason from alerts where case_id = 1 order by id")
    assert [row.reason for row in climbed] == ["new", "reminder", "reminder", "escalation"]

    week.says("Mara asks, and Ana answers on the site.")
    answer = {"text": "I am sorry, Jonas. Your next two are on me.", "at": on(1, "15:00").isoformat()}
    town.site.shows("quay", week.by_jonas(written, reply=answer), week.earlier, review(1))
    week.goes_on(on(2, "09:00"))
    assert (week.case().state, week.case().next_step_at) == ("answered", None)

    week.says("Jonas has come back, and changes his review.")
    better = week.by_jonas(written, reply=answer, stars=4, text="They made it right. Good coffee, too.")
    town.site.shows("quay", better, week.earlier, review(1))
    week.goes_on(on(2, "12:00"))
    assert week.monitor.rows("select 1 from alerts where reason = 'won_back'")

    week.says("The site loses our answer.")
    del better["reply"]
    town.site.shows("quay", better, week.earlier, review(1))
    week.goes_on(on(3, "08:30"))
    assert week.case().state == "claimed"

    week.says("Ana answers again.")
    town.site.shows("quay", {**better, "reply": answer}, week.earlier, review(1))
    week.goes_on(on(3, "12:00"))
    assert week.case().state == "answered"

    week.says("Two weeks go by. Nobody says whether the one at the fair was answered.")
    week.goes_on(on(16, "12:00"))
    assert (week.case(2).state, week.case(2).resolution) == ("closed", "unverified")
    fair = week.monitor.rows("select reason from alerts where case_id = 2 order by id")
    assert [row.reason for row in fair] == ["new", "reminder", "reminder"]
    assert week.monitor.rows("select 1 from alerts where reason = 'damage'") == []

    told = "\n".join(week.lines).strip() + "\n"
    told = re.sub(r"127\.0\.0\.1:\d+", "the town", told)
    if os.environ.get("MONITOR_GOLDEN") == "write":
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8")
