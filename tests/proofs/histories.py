"""Many cases live through a random time at once; a model of its own says how each of them must stand.

The model knows what was done and what the site showed, and none of the product's rules in code: it is written from
docs/teams.md. Site, staff, people who are away and silences are made up; everything between is the product as it is.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from monitor import audit, calendar, config, followup, inbox, intake, policy
from monitor.cases import CaseValue, EventKind
from monitor.config import SourceSettings
from monitor.match import Matcher
from monitor.models import Rating, RawMention, Reply, ReplyState
from monitor.scoring import scorer
from monitor.store import Connection, mentions, open_store, silences, sources
from monitor.store import schema as t
from tests.town import CONNECTORS

BEGIN = datetime(2026, 10, 19, 9, 0, tzinfo=UTC)  # in the first week the clocks change
ZONE = ZoneInfo("Europe/Berlin")
STAFF = {"ana": "ben", "ben": "ana", "eve": None}  # and who stands in
TEAM = ("ana", "ben")
SPANS = [timedelta(minutes=n) for n in (1, 7, 30, 55, 125, 300, 540, 900, 1500, 4400)]
WAITS = ("open", "claimed", "snoozed")
CHASES = ("reminder", "escalation")
COUNTED = ("new", "edited_worse", "reply_gone", "reopened", *CHASES)
CONFIGURATION = """
[monitor]
database = "{database}"
timezone = "Europe/Berlin"
own_connectors = "{connectors}"
[hours.shop]
open = {{ mon-sat = ["08:00-12:00", "13:00-20:00"] }}
holidays = "DE-BE"
[[people]]
name = "ana"
mail = "ana@town.example"
stand_in = "ben"
[[people]]
name = "ben"
mail = "ben@town.example"
stand_in = "ana"
[[people]]
name = "eve"
mail = "eve@town.example"
[[teams]]
name = "front"
people = ["ana", "ben"]
manager = "eve"
hours = "shop"
quiet = "21:00-08:00"
channels = ["hook", "mail"]
[[sources]]
name = "quay"
connector = "town_reviews"
place = "quay"
team = "front"
[[sources]]
name = "mute"
connector = "town_reviews"
place = "mute"
answers = false
team = "front"
[[channels]]
name = "hook"
notifier = "webhook"
url = {{ env = "HOOK" }}
[[channels]]
name = "mail"
notifier = "email"
host = "127.0.0.1"
security = "none"
from = "monitor@town.example"
to = ["mara@town.example"]
"""


@dataclass
class Review:
    """One review as the site shows it, or does not."""

    id: str
    stars: int
    created: datetime
    words: int = 0  # which text: every edit has one of its own
    updated: datetime | None = None
    reply: tuple[str, ReplyState, datetime] | None = None
    shown: bool = True

    def raw(self) -> RawMention:
        """Return it as a connector reads it."""
        text = ("Cold coffee and a long wait" if self.stars < 3 else "A lovely place") + f", table {self.words}."
        reply = Reply(self.reply[0], self.reply[1], self.reply[2], "Acme") if self.reply else None
        return RawMention(
            self.id, text, published_at=self.created, updated_at=self.updated, rating=Rating(self.stars), reply=reply,
            language="en",
        )  # fmt: skip


@dataclass
class Model:
    """How a case must stand, from what happened to it. `began` is when its clock began, last."""

    began: datetime
    holder: str | None = None
    said: bool = False
    seen: bool = False
    given: bool = False  # an answer is spoken of, or waits to be shown
    snoozed_until: datetime | None = None
    closed: str | None = None
    handed: set[tuple[str, str]] = field(default_factory=set)
    # What the looks have shown so far.
    words: int = 0
    stars: int = 1
    updated: datetime | None = None
    reply: tuple[str, ReplyState, datetime] | None = None
    reply_missed: int = 0
    missed: int = 0
    deleted: bool = False

    @property
    def state(self) -> str:
        """Return the state in one word."""
        if self.closed:
            return "closed"
        if self.seen or self.said:
            return "answered"
        if self.snoozed_until:
            return "snoozed"
        return "claimed" if self.holder else "open"

    def stands(self) -> tuple[Any, ...]:
        """Return what must be in the row."""
        return self.state, self.holder, self.snoozed_until, self.seen, self.closed

    def open_again(self, now: datetime, *, anew: bool = True) -> None:
        """Wait for an answer again."""
        self.said = self.seen = self.given = False
        self.snoozed_until = self.closed = None
        if anew:
            self.began = now

    # --- staff

    def act(self, kind: EventKind, now: datetime, who: str, to: str, until: datetime) -> bool:
        """Return whether this may be done, and do it."""
        waits, is_open = self.state in WAITS, not self.closed
        allowed = {
            EventKind.CLAIMED: waits and self.holder in (None, who),
            EventKind.ASSIGNED: is_open,
            EventKind.SNOOZED: waits,
            EventKind.ANSWERED_ELSEWHERE: is_open,
            EventKind.CLOSED: is_open,
            EventKind.REOPENED: not waits,
        }
        if not allowed[kind]:
            return False
        if kind is EventKind.CLAIMED:
            self.holder, self.snoozed_until = who, None
        elif kind is EventKind.ASSIGNED:
            self.holder = to
        elif kind is EventKind.SNOOZED:
            self.snoozed_until = until
        elif kind is EventKind.CLOSED:
            self.closed, self.snoozed_until = "called", None
        elif kind is EventKind.REOPENED:
            self.open_again(now)
        elif waits:
            self.holder, self.said, self.given, self.snoozed_until = self.holder or who, True, True, None
        return True

    # --- the site

    def look(self, review: Review, now: datetime) -> None:
        """Take in what a look shows of a review that is known."""
        if not review.shown:
            if not self.deleted:
                self.missed += 1
                if self.missed >= 2:
                    self.deleted = True
                    if not self.closed:
                        self.closed, self.snoozed_until = "deleted", None
            return
        back, self.deleted, self.missed = self.deleted, False, 0
        if review.words != self.words:
            self.words, self.updated = review.words, review.updated
            if review.stars < self.stars:
                self.open_again(now)
            self.stars = review.stars
        self.answers(review, now)
        if back and self.closed == "deleted":
            self.open_again(now)
        if back and review.reply:  # an answer that is shown again with its review counts
            self._counts()

    def answers(self, review: Review, now: datetime) -> None:
        """Take in which answer a look shows."""
        if review.reply is None:
            if self.reply is not None and self.reply[1] is ReplyState.VISIBLE:
                self.reply_missed += 1
                if self.reply_missed >= 2:
                    self.reply = None
                    self._gone(now)
            return
        changed, self.reply, self.reply_missed = review.reply != self.reply, review.reply, 0
        if not changed:
            return
        if self.reply[1] is ReplyState.PENDING:
            if not (self.closed or self.seen):
                self.given = True
        else:
            self._counts()

    def _counts(self) -> None:
        """Let the answer that is shown stop the clock, when it is as new as the text it answers."""
        if self._fits():
            self.seen = self.given = True
            if not self.closed:
                self.snoozed_until = None
            elif self.closed == "unverified":
                self.closed = "answered"

    def _fits(self) -> bool:
        if self.reply is None or self.reply[1] is not ReplyState.VISIBLE:
            return False
        return self.updated is None or self.reply[2] >= self.updated

    def _gone(self, now: datetime) -> None:
        if self.closed == "deleted":
            return
        waits = self.state in WAITS
        if self.seen or (waits and self.given):
            self.open_again(now, anew=self.state not in ("open", "claimed"))

    # --- the clock

    def minute(self, now: datetime, away: dict[str, set[str]], row: Any, *, verifiable: bool) -> None:
        """Let the clock do what it does each minute."""
        day = now.astimezone(ZONE).date().isoformat()
        if self.state in ("claimed", "snoozed") and self.holder and day in away[self.holder]:
            deed = (self.holder, day)
            if deed not in self.handed:
                self.handed.add(deed)
                self.holder = here(self.holder, day, away)
        if self.snoozed_until and self.snoozed_until <= now:
            somebody = any(here(name, day, away) for name in TEAM)
            if somebody or row.state != "snoozed":
                self.snoozed_until = None
        over = not verifiable and now >= self.began + policy.ladder.UNVERIFIED_AFTER
        if over and not (self.closed or self.seen or self.snoozed_until):
            self.closed = "unverified"


def _by_somebody(alert: Any) -> bool:
    """Say whether a person asked for a message: who hands something over wants it told."""
    return "hands this to you" in str(alert.facts.get("handed"))


def here(name: str | None, day: str, away: dict[str, set[str]]) -> str | None:
    """Return somebody, or who stands in for them."""
    asked: set[str] = set()
    while name and name not in asked:
        if day not in away[name]:
            return name
        asked.add(name)
        name = STAFF[name]
    return None


@dataclass
class World:
    """Some reviews, the staff and a clock."""

    folder: Path
    seed: int
    size: int = 50
    steps: int = 14
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.now = BEGIN + timedelta(minutes=self.chance.randrange(14 * 1440))
        path = self.folder / "monitor.toml"
        path.write_text(
            CONFIGURATION.format(database=f"sqlite:///{self.folder}/monitor.db", connectors=CONNECTORS),
            encoding="utf-8",
        )
        self.settings = config.load(path, {"HOOK": "https://out.example/hook"})
        self.routing = intake.Routing.of(self.settings)
        self.judging, self.matcher = scorer("stars-vader"), Matcher(self.settings.brands)
        self.store = open_store(self.settings.database, now=self.now)
        self.sites: dict[str, dict[str, Review]] = {"quay": {}, "mute": {}}
        self.models: dict[int, Model] = {}  # by case
        self.known: dict[tuple[str, str], Model] = {}  # by source and review
        self.review_of: dict[int, tuple[str, Review]] = {}
        self.away: dict[str, set[str]] = {name: set() for name in STAFF}
        self._words = 1_000
        self.story: dict[int, list[str]] = {}  # for whoever has to understand a failure

    def live(self) -> None:
        """Let everything happen, checking after each step; then let all of it end."""
        try:
            with self.store.write() as conn:
                wanted = [sources.Wanted(one.name, one.connector, one.options_hash) for one in self.settings.sources]
                sources.sync(conn, wanted, self.now)
            for _ in range(self.steps):
                self.now += self.chance.choice(SPANS)
                self._something_happens()
                with self.store.write() as conn:
                    for part in self.chance.sample((self._look, self._staff), 2):
                        part(conn)
                    self._minute(conn)
            for span in (timedelta(hours=30), *[timedelta(hours=13)] * 3, timedelta(days=15)):
                self.now += span
                with self.store.write() as conn:
                    self._minute(conn)
        finally:
            self.store.close()

    # --- what happens

    def _something_happens(self) -> None:
        """Let the site change."""
        room = self.size - sum(map(len, self.sites.values()))
        for _ in range(min(room, self.chance.randrange(self.size // 2))):
            name = self.chance.choice(("quay", "quay", "mute"))
            number = len(self.sites["quay"]) + len(self.sites["mute"]) + 1
            created = self.now - timedelta(minutes=self.chance.randrange(1, 50))
            self.sites[name][f"r{number}"] = Review(f"r{number}", self.chance.choice((1, 2)), created, number)
        for name, reviews in self.sites.items():
            for review in reviews.values():
                if self.chance.random() < 0.45:
                    self._change(name, review)

    def _change(self, name: str, review: Review) -> None:
        what = self.chance.choice(
            ("edit", "edit", "hide", "show", "show", "answer", "answer", "pending", "appear", "remove", "again", "old")
        )
        at = self.now - timedelta(minutes=self.chance.randrange(1, 30))
        if what in ("hide", "show"):
            review.shown = what == "show"
        elif what == "edit" and (name, review.id) in self.known:
            review.stars = self.chance.choice((1, 2, 4, 5))
            review.words, review.updated = self._word(), max(at, (review.updated or at) + timedelta(seconds=1))
        elif name == "quay":
            self._answer(what, review, at)
        self.done[what] += 1

    def _answer(self, what: str, review: Review, at: datetime) -> None:
        """Let the company's answer come, wait to be shown, be shown, be rewritten, or go."""
        text, state, when = review.reply or ("", ReplyState.GONE, at)
        if what == "answer":
            review.reply = (f"We are sorry. {self._word()}", ReplyState.VISIBLE, at)
        elif what == "old":
            review.reply = (f"Sorry. {self._word()}", ReplyState.VISIBLE, review.created)
        elif what == "remove":
            review.reply = None
        elif what == "pending" and not text:
            review.reply = (f"We are sorry. {self._word()}", ReplyState.PENDING, at)
        elif what == "appear" and text:
            review.reply = (text, ReplyState.VISIBLE, when)
        elif what == "again" and text:
            review.reply = (f"{text}!", state, at)

    def _word(self) -> int:
        self._words += 1
        return self._words

    def _look(self, conn: Connection) -> None:
        """Look at each source completely, as the driver does."""
        for source in self.settings.sources:
            shown = [review for review in self.sites[source.name].values() if review.shown]
            self._take(conn, source, shown)
        self._meet(conn)

    def _take(self, conn: Connection, source: SourceSettings, shown: list[Review]) -> None:
        raws = [review.raw() for review in shown]
        read = intake.normalised(raws, source, source.build(), self.matcher, self.now)
        assert not read.problems
        judged = intake.judge(read.mentions, self.judging)
        intake.take(conn, source, judged, routing=self.routing, now=self.now)
        seen = {review.id for review in shown}
        intake.observe(conn, source, (), seen, routing=self.routing, now=self.now)
        gone = mentions.missed(conn, source.name, seen)
        intake.removed(conn, source, gone, routing=self.routing, now=self.now)
        for review in self.sites[source.name].values():
            self._understand(source.name, review)

    def _understand(self, name: str, review: Review) -> None:
        """Let the model see what the look has seen."""
        model = self.known.get((name, review.id))
        if model is not None:
            model.look(review, self.now)
        elif review.shown:
            model = self.known[name, review.id] = Model(self.now, words=review.words, stars=review.stars)
            model.answers(review, self.now)
        for case_id, (where, about) in self.review_of.items():
            if (where, about) == (name, review):
                self._tell(case_id, f"look {review}")

    def _meet(self, conn: Connection) -> None:
        """Note which review each new case is about."""
        rows = conn.execute(sa.select(t.mentions.c.case_id, t.mentions.c.source, t.mentions.c.external_id))
        for row in rows:
            if row.case_id is not None and row.case_id not in self.models:
                review = self.sites[row.source][row.external_id]
                self.models[row.case_id] = self.known[row.source, row.external_id]
                self.review_of[row.case_id] = row.source, review
                self._tell(row.case_id, f"met {review}")

    def _staff(self, conn: Connection) -> None:
        if self.chance.random() < 0.3:
            self._go_away(conn)
        if self.chance.random() < 0.15:
            what = self.chance.choice(({"sources": ["quay"]}, {"words": ["wait"]}))
            until = self.now + self.chance.choice(SPANS)
            silences.add(conn, what, why="a test", who="ana", now=self.now, until=until)
        if self.chance.random() < 0.1:
            for silence in silences.active(conn, self.now):
                intake.let_go(conn, silence, self.routing, self.now)
        kinds = (
            EventKind.CLAIMED, EventKind.CLAIMED, EventKind.ASSIGNED, EventKind.SNOOZED, EventKind.ANSWERED_ELSEWHERE,
            EventKind.CLOSED, EventKind.REOPENED,
        )  # fmt: skip
        for case_id, model in self.models.items():
            if self.chance.random() > 0.35:
                continue
            self.now += timedelta(seconds=1)
            kind, who, to = self.chance.choice(kinds), self.chance.choice(TEAM), self.chance.choice(TEAM)
            until = self.now + self.chance.choice(SPANS)
            after = inbox.act(
                conn, self.routing, case_id, kind, now=self.now, who=who, through="cli", to=to, until=until,
                resolution="called",
            )  # fmt: skip
            allowed = model.act(kind, self.now, who, to, until)
            self._tell(case_id, f"{kind} by {who} to {to} until {until}: {allowed}")
            assert isinstance(after, CaseValue) == allowed, self._why(case_id, after)
            self.done[str(kind)] += allowed

    def _go_away(self, conn: Connection) -> None:
        name = self.chance.choice(tuple(STAFF))
        today = self.now.astimezone(ZONE).date()
        spans = () if self.chance.random() < 0.3 else ((today, today + timedelta(days=self.chance.randrange(4))),)
        intake.say_away(conn, name, spans)
        self.away[name] = {
            (first + timedelta(days=n)).isoformat() for first, last in spans for n in range((last - first).days + 1)
        }

    # --- what must hold

    def _minute(self, conn: Connection) -> None:
        followup.climb(conn, self.routing, self.now)
        rows = {row.id: row for row in conn.execute(sa.select(t.cases))}
        for case_id, model in self.models.items():
            verifiable = self.review_of[case_id][0] == "quay"
            model.minute(self.now, self.away, rows[case_id], verifiable=verifiable)
            self._tell(case_id, "a minute")
        self._check_cases(rows)
        told = list(conn.execute(sa.select(t.alerts)))
        self._check_alerts(conn, told, rows)
        self._deliver(conn, {row.id: row for row in told})
        found = audit.run(conn, self.routing, self.now + audit.GRACE)
        assert found.clean, (self.seed, found)
        assert not found.mended, (self.seed, found)

    def _check_cases(self, rows: dict[int, Any]) -> None:
        day = self.now.astimezone(ZONE).date().isoformat()
        for case_id, model in self.models.items():
            row = rows[case_id]
            stands = (row.state, row.assignee, row.snoozed_until, row.answer_seen_at is not None, row.resolution)
            assert stands == model.stands(), self._why(case_id, stands)
            waits = model.state in WAITS or (model.state == "answered" and not model.seen)
            assert (row.next_step_at is not None) == waits, self._why(case_id, row)
            if not waits:
                continue
            assert row.next_step_at > self.now, self._why(case_id, row)
            quiet = model.snoozed_until or not any(here(name, day, self.away) for name in TEAM)
            if not quiet and model.state in ("open", "claimed"):
                steps = intake.steps_of(row)
                assert policy.has_come(steps, row.step, self.now) is None, self._why(case_id, row)
            self.done["waiting"] += 1

    def _check_alerts(self, conn: Connection, told: list[Any], rows: dict[int, Any]) -> None:
        links = sa.select(t.delivery_alerts.c.alert_id, t.deliveries).join(t.deliveries)
        of: dict[int, list[Any]] = {}
        for row in conn.execute(links):
            of.setdefault(row.alert_id, []).append(row)
        by_case: dict[int, list[Any]] = {}
        for alert in told:
            assert of.get(alert.id), (self.seed, alert)
            for one in of[alert.id]:
                why = one.held_reason or one.last_error
                assert one.state in ("pending", "sent") or why, (self.seed, alert, one)
            if alert.case_id is not None:
                by_case.setdefault(alert.case_id, []).append(alert)
        for case_id, some in by_case.items():
            model = self.models[case_id]
            since = [one for one in some if one.created_at >= model.began and one.reason in COUNTED]
            mine = [one for one in since if not _by_somebody(one)]
            assert len(mine) <= policy.MOST_MESSAGES, self._why(case_id, [(one.reason, one.facts) for one in mine])
            steps = Counter(one.facts["step"] for one in since if "step" in one.facts)
            assert steps["team"] <= 1, self._why(case_id, steps)
            assert steps["manager"] <= 1, self._why(case_id, steps)

    def _deliver(self, conn: Connection, told: dict[int, Any]) -> None:
        """Send what is due, and see that none of it should not be sent."""
        d = t.deliveries.c
        due = sa.and_(d.state.in_(("pending", "held")), d.due_at <= self.now)
        found = conn.execute(sa.select(t.delivery_alerts.c.alert_id, t.deliveries).join(t.deliveries).where(due))
        for one in found:
            alert = told[one.alert_id]
            self.done[alert.reason] += 1
            quiet = calendar.quiet_until(self.settings.teams["front"].quiet, str(ZONE), one.due_at)
            assert quiet is None, self._why(alert.case_id or 0, ("in the night", one))
            if alert.reason not in CHASES:
                continue
            model, by_somebody = self.models[alert.case_id], _by_somebody(alert)
            assert by_somebody or not (model.seen or model.closed), self._why(alert.case_id, ("chased", alert.facts))
            assert "handed" in alert.facts or not model.snoozed_until, self._why(alert.case_id, ("chased", alert.facts))
        conn.execute(t.deliveries.update().where(due).values(state="sent", sent_at=self.now))

    def _tell(self, case_id: int, what: str) -> None:
        self.story.setdefault(case_id, []).append(
            f"{self.now:%m-%d %H:%M:%S} {what} -> {self.models[case_id].stands()}"
        )

    def _why(self, case_id: int, found: Any) -> str:
        lines = [f"seed {self.seed}, case {case_id}: found {found}", *self.story.get(case_id, ())]
        return json.dumps(lines, indent=1, ensure_ascii=False, default=str)
