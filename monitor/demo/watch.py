"""The real monitor over the town: its own configuration, database and daemon, with a clock that the story sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from monitor import __version__, audit, clock, config, delivery, render, reports
from monitor.cases import EventKind
from monitor.config import Settings
from monitor.daemon import Daemon
from monitor.http import Door, Pacing
from monitor.models import Person, Reason
from monitor.notifier import Message
from monitor.store import Store, alerts, cases, open_store
from monitor.store.alerts import Delivery

TUESDAY = 1
ENDS = time(16, 0)
LOOK_WITHIN = timedelta(seconds=20)


@dataclass(frozen=True)
class Told:
    """One message that went out: why, about which case."""

    delivery: Delivery
    reason: Reason
    case_id: int | None


@dataclass(frozen=True)
class Happened:
    """What the monitor did after one scene."""

    told: tuple[Told, ...] = ()
    answered: tuple[int, ...] = ()  # cases whose answer was seen

    @property
    def kinds(self) -> frozenset[Reason | EventKind]:
        """Return the reasons for which somebody was told, and what happened to cases."""
        seen: set[Reason | EventKind] = {EventKind.ANSWER_SEEN} if self.answered else set()
        return frozenset(seen | {one.reason for one in self.told})

    def of(self, reason: Reason) -> Told | None:
        """Return the message for a reason, if there was one."""
        return next((one for one in self.told if one.reason is reason), None)


class Day:
    """The day of the story: the last Tuesday that is over. Working hours and a watch's schedule fit any other, too."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone = ZoneInfo(zone)
        here = now.astimezone(self.zone)
        day = here.date() - timedelta(days=(here.weekday() - TUESDAY) % 7)
        self.date = day if datetime.combine(day, ENDS, self.zone) <= now else day - timedelta(days=7)

    def at(self, text: str) -> datetime:
        """Return a time of the day as an instant."""
        return datetime.combine(self.date, time.fromisoformat(text), self.zone).astimezone(ZoneInfo("UTC"))


class _NoGaps(Pacing):
    """Turns at the sites of the town: between two looks an hour of the story passes, so nobody has to wait."""

    def wait(self, host: str, gap: timedelta) -> None:
        """Go ahead."""


class Watch:
    """The daemon and its database; `go_on` lets it be a certain time and waits until there is nothing left to do."""

    def __init__(self, settings: Settings, store: Store, day: Day) -> None:
        self.settings = settings
        self.store = store
        self.day = day
        self.now = day.at("09:00")
        door = Door(contact=settings.contact, version=__version__, clock=lambda: self.now, pacing=_NoGaps())
        self.daemon = Daemon(settings, store, now=lambda: self.now, door=door, env={})
        self.daemon.prepare()

    def go_on(self, to: str) -> Happened:
        """Let it be that time, look at what is due, tell what is to be told. Returns what happened."""
        self.now = self.day.at(to)
        self.daemon.turn(LOOK_WITHIN)
        return self._happened()

    def _happened(self) -> Happened:
        with self.store.read() as conn:
            sent = [one for one in alerts.last_sent(conn, 50) if one.created_at == self.now and one.sent_at is not None]
            told = [
                Told(one, Reason(row.reason), row.case_id)
                for one in reversed(sent)
                for row in alerts.alerts_of(conn, one.id)
            ]
            answered = [
                event.case_id
                for case in self.cases_so_far()
                for event in cases.events(conn, case)
                if event.at == self.now and event.event == EventKind.ANSWER_SEEN
            ]
        return Happened(tuple(told), tuple(answered))

    def cases_so_far(self) -> list[int]:
        """Return the numbers of all cases, oldest first."""
        with self.store.read() as conn:
            found = {row.case_id for one in alerts.last_sent(conn, 500) for row in alerts.alerts_of(conn, one.id)}
        return sorted(case for case in found if case is not None)

    def case(self, number: int) -> dict[str, Any]:
        """Return a case as it stands."""
        with self.store.read() as conn:
            return dict(cases.get(conn, number)._mapping)

    def message(self, told: Told, reader: Person | None = None) -> Message:
        """Return what a message says when it is rendered now: as it was sent, or with what has happened since."""
        with self.store.read() as conn:
            scene = delivery.scene(conn, told.delivery, self.daemon.routing, self.now)
        return render.message(replace(scene, reader=reader, stops=self._stopped(told)))

    def _stopped(self, told: Told) -> str:
        if told.case_id is None or (seen := self.case(told.case_id)["answer_seen_at"]) is None:
            return ""
        return f"Seen at {self.local(seen)}, so I have stopped. If it vanishes or the review gets worse, I write again."

    def local(self, moment: datetime) -> str:
        """Return a time of the day, with the day when it is another one."""
        local = moment.astimezone(self.day.zone)
        return f"{local:%H:%M}" if local.date() == self.day.date else f"{local:%a %H:%M}"

    def is_clean(self) -> bool:
        """Say whether every bad mention was told, or has a reason why not."""
        with self.store.read() as conn:
            return audit.findings(conn, self.now + timedelta(minutes=10)).clean

    def export(self, path: Path) -> int:
        """Write all mentions as CSV, and return how many."""
        return reports.export(self.store, path)


@contextmanager
def watching(path: Path, town_url: str) -> Iterator[Watch]:
    """Write the configuration, load it as anybody's, and watch with it for the time of a block."""
    template = Path(__file__).with_name("town.toml").read_text(encoding="utf-8")
    path.write_text(template.replace("{town}", town_url), encoding="utf-8")
    settings = config.load(path, {})
    day = Day(settings.zone, clock.now())
    store = open_store(settings.database, now=day.at("09:00"))
    try:
        watch = Watch(settings, store, day)
        try:
            yield watch
        finally:
            watch.daemon.close()
    finally:
        store.close()
