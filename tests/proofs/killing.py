"""Kill the real daemon again and again while a site keeps publishing, and count what is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from monitor.store import open_store
from tests.proofs.phased import NAMES, POINTS, phase_in
from tests.town import START, Town, bad

READY_WITHIN = 60.0
EXTRA = 60  # kills, at the most, until each phase has had its share
AIMED = tuple(name for name in NAMES if name != "look up")
# Three kills in four are aimed; the short phases are aimed at more often, for some shots come too late.
AIMS = ("take", "settle", "claim", "take", "settle", "look", "take", "settle", "send", "take", "settle", "idle")


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    by_point: Counter[str] = field(default_factory=Counter)
    repeats_a_crash: list[int] = field(default_factory=list)
    published: int = 0
    lost_mentions: int = 0
    lost_alerts: int = 0
    twice_stored: int = 0

    def lines(self) -> list[str]:
        """Return the tally for people."""
        phases = ", ".join(f"{name} {self.by_phase[name]}" for name in AIMED)
        points = ", ".join(f"{name} {self.by_point[name]}" for name in POINTS)
        repeats = Counter(self.repeats_a_crash)
        return [
            f"kills {self.kills}; reviews published {self.published}",
            f"killed in: {phases}",
            f"killed at: {points}",
            f"mentions lost {self.lost_mentions}, stored twice {self.twice_stored}, alerts lost {self.lost_alerts}",
            f"repeats a crash: {dict(sorted(repeats.items()))}",
        ]


class Publisher:
    """Publishes a bad review every few milliseconds until it is told to stop."""

    def __init__(self, town: Town, every: float) -> None:
        self.town, self.every = town, every
        self.count = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        from datetime import UTC, datetime

        while not self._end.wait(self.every):
            self.count += 1
            now = datetime.now(UTC).isoformat()
            self.town.site.publishes("quay", bad(self.count, created=now))


class Monitor:
    """One run of the daemon as a process of its own."""

    def __init__(self, town: Town, phases: Path, die_at: str | None = None, die_in: str | None = None) -> None:
        command = [sys.executable, "-m", "tests.proofs.phased", str(phases)]
        if die_at:
            command += ["--die-at", die_at]
        if die_in:
            command += ["--die-in", die_in]
        command += ["--", "run", "--config", str(town.folder / "monitor.toml")]
        env = {**os.environ, **town.env, "PYTHONUNBUFFERED": "1"}
        root = Path(__file__).parents[2]
        self.log = (town.folder / "daemon.log").open("ab")
        self.process = subprocess.Popen(  # our own program
            command, cwd=root, env=env, stdout=self.log, stderr=subprocess.PIPE
        )
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.write(line)
            if b'"event": "ready"' in line:
                self._ready.set()
        self._ready.set()
        self.log.flush()

    def wait_ready(self) -> bool:
        """Wait for the line `ready`; False when the process ended before."""
        self._ready.wait(READY_WITHIN)
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill it, as hard as there is."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it in good order."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def run(town: Town, database: str, kills: int, seed: int, *, at_least: int = 5, points_each: int = 5) -> Tally:
    """Kill `kills` times at random, then at each named point, and let the last run finish."""
    chance = random.Random(seed)
    town.configure(places=("quay",), every="1s", database=database, channels=("slack",), channel="max_per_day = 1000")
    town.site.shows("quay", *(bad(-n, created=START.isoformat()) for n in range(1, 4)))
    phases = town.folder / "phases"
    phases.write_bytes(bytes(64))
    _first_look(town, phases)
    tally = Tally()
    publisher = Publisher(town, every=0.1)
    publisher.start()
    posts_before = len(town.slack.posts)
    turn = 0
    while turn < kills or (_lacking(tally, at_least) and turn < kills + EXTRA):
        aim = AIMS[turn % len(AIMS)] if turn % 4 else None
        if turn >= kills:
            aim = chance.choice(_lacking(tally, at_least))
        _kill_once(town, phases, aim, chance, tally)
        posts_before = _count_repeats(town, tally, posts_before)
        turn += 1
    for point in POINTS:
        for turn in range(points_each):
            monitor = Monitor(town, phases, die_at=f"{point}:{turn % 3 + 1}")
            monitor.wait_ready()
            if monitor.process.wait(READY_WITHIN) == -signal.SIGKILL:
                tally.by_point[point] += 1
                tally.kills += 1
            posts_before = _count_repeats(town, tally, posts_before)
    publisher.stop()
    tally.published = publisher.count
    _let_finish(town, phases, database, tally)
    _count_repeats(town, tally, posts_before)
    _count_losses(town, database, tally)
    return tally


def _lacking(tally: Tally, at_least: int) -> list[str]:
    """Return the phases that too few kills have fallen into."""
    return [phase for phase in AIMED if tally.by_phase[phase] < at_least]


def _kill_once(town: Town, phases: Path, aim: str | None, chance: random.Random, tally: Tally) -> None:
    """Kill at a random time from `ready`; when aiming, some way into a time of that phase."""
    die_in = f"{aim}:{chance.randint(2, 4)}:{chance.uniform(0, 0.5):.3f}" if aim else None
    monitor = Monitor(town, phases, die_in=die_in)
    if aim is None:
        assert monitor.wait_ready(), "the daemon ended by itself"
        time.sleep(chance.uniform(0.0, 1.2))
        monitor.kill()
    assert monitor.process.wait(READY_WITHIN) == -signal.SIGKILL
    tally.by_phase[phase_in(phases)] += 1
    tally.kills += 1


def _first_look(town: Town, phases: Path) -> None:
    """Let the source be introduced before anything is published."""
    monitor = Monitor(town, phases)
    assert monitor.wait_ready()
    _until(lambda: any("I now watch" in text for text in town.slack.texts()), 30)
    assert monitor.stop() == 0


def _until(holds: object, seconds: float, step: float = 0.02) -> bool:
    assert callable(holds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(step)
    return False


def _count_repeats(town: Town, tally: Tally, since: int) -> int:
    """Count the messages since the last crash that had been there before, by their id."""
    ids = [delivery_id(post) for post in town.slack.posts]
    tally.repeats_a_crash.append(sum(1 for n in range(since, len(ids)) if ids[n] in set(ids[:n])))
    return len(ids)


def delivery_id(post: dict[str, object]) -> str:
    """Return the id a message carries."""
    blocks = post["blocks"]
    assert isinstance(blocks, list)
    return str(blocks[0]["block_id"])


def _let_finish(town: Town, phases: Path, database: str, tally: Tally) -> None:
    monitor = Monitor(town, phases)
    assert monitor.wait_ready()
    _until(lambda: _all_told(town, database, tally.published), 120, step=0.5)
    assert monitor.stop() == 0


def _all_told(town: Town, database: str, published: int) -> bool:
    stored, alerted, sent = _numbers(town, database)
    return len(stored) >= published and alerted >= published and sent >= published


def _numbers(town: Town, database: str) -> tuple[list[str], int, int]:
    import sqlalchemy as sa

    from monitor.clock import now
    from monitor.store import schema as t

    url = database.replace("sqlite:///monitor.db", f"sqlite:///{town.folder / 'monitor.db'}")
    store = open_store(url, now=now())
    try:
        with store.read() as conn:
            stored = list(
                conn.scalars(sa.select(t.mentions.c.external_id).where(~t.mentions.c.external_id.like("r-%")))
            )
            alerted = conn.scalar(
                sa.select(sa.func.count(sa.distinct(t.alerts.c.mention_id))).where(t.alerts.c.mention_id.is_not(None))
            )
            sent = conn.scalar(
                sa.select(sa.func.count(sa.distinct(t.alerts.c.mention_id)))
                .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == t.alerts.c.id)
                .join(t.deliveries, t.deliveries.c.id == t.delivery_alerts.c.delivery_id)
                .where(t.deliveries.c.state == "sent", t.alerts.c.mention_id.is_not(None))
            )
    finally:
        store.close()
    return stored, int(alerted or 0), int(sent or 0)


def _count_losses(town: Town, database: str, tally: Tally) -> None:
    stored, _, sent = _numbers(town, database)
    wanted = {f"r{number}" for number in range(1, tally.published + 1)}
    tally.lost_mentions = len(wanted - set(stored))
    tally.twice_stored = len(stored) - len(set(stored))
    tally.lost_alerts = len(wanted) - sent
