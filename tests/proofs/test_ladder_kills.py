"""kill -9 while ladders climb and snoozes end: no timer is lost, and none comes twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import clock, config, intake
from monitor.match import Matcher
from monitor.models import Rating, RawMention, Step
from monitor.scoring import scorer
from monitor.store import Store, open_store
from monitor.store import schema as t
from tests.proofs import killing
from tests.proofs.phased import LADDER_POINTS, POINTS
from tests.town import START, Town, a_town, bad

CASES = 60
KILLS = 10 if os.environ.get("CI_SHORT") else 40
SECONDS = KILLS * 2  # within which the timers come
AIMS = (*LADDER_POINTS, *(point for point in POINTS if not point.startswith(("lease", "take"))))
FRONT = """
[[people]]
name = "ana"
[[people]]
name = "ben"
[[people]]
name = "eve"
[[teams]]
name = "front"
people = ["ana", "ben"]
manager = "eve"
channels = ["slack"]
quiet = "none"  # whatever the hour at which the test runs
"""


@pytest.mark.slow
def test_no_kill_loses_a_step_of_a_ladder_or_the_end_of_a_snooze_or_takes_one_twice(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20261130)
    with a_town(tmp_path) as town:
        path = town.configure(
            every="1 h", database=database_url, channels=("slack",), channel="max_per_day = 1000", extra=FRONT,
            source='team = "front"',
        )  # fmt: skip
        town.site.shows("quay", *(bad(-n, created=START.isoformat()) for n in range(1, 4)))
        phases = tmp_path / "phases"
        phases.write_bytes(bytes(64))
        killing._first_look(town, phases)
        settings = config.load(path, town.env)
        with open_store(settings.database, now=clock.now()) as store:
            last = _open_cases(store, settings, chance)
            tally = killing.Tally()
            seen = len(town.slack.posts)
            for turn in range(KILLS):
                _kill(town, phases, AIMS[turn % len(AIMS)], chance, tally)
                seen = killing._count_repeats(town, tally, seen)
            # The timers are those of a process of its own, with the clock of this machine.
            time.sleep(max(0.0, (last - clock.now()).total_seconds()))
            monitor = killing.Monitor(town, phases)
            assert monitor.wait_ready()
            assert killing._until(lambda: _all_told(store), 90, step=0.5), _open(store)
            assert monitor.stop() == 0
            killing._count_repeats(town, tally, seen)
            told, woken = _told(store), _woken(store)

    with capsys.disabled():
        print(f"\n{tally.kills} kills, at {dict(tally.by_point)}; repeats a crash {Counter(tally.repeats_a_crash)}")
        print(f"steps told: {dict(Counter(step for _, step in told))}, woken {sum(woken.values())}")
    assert tally.kills == KILLS
    assert all(tally.by_point[point] for point in LADDER_POINTS)
    assert max(tally.repeats_a_crash) <= 1
    assert set(told.values()) == {1}
    assert sum(step == "manager" for _, step in told) == CASES
    assert set(woken.values()) == {1}
    assert len(woken) == CASES // 3


def _open_cases(store: Store, settings: Any, chance: random.Random) -> datetime:
    """Open the cases, with timers that come while the kills go on; returns when the last one does."""
    routing = intake.Routing.of(settings)
    [source] = settings.sources
    now = clock.now()
    raws = [RawMention(f"c{n}", f"Cold coffee, table {n}.", published_at=now, rating=Rating(1)) for n in range(CASES)]
    read = intake.normalised(raws, source, source.build(), Matcher(()), now)
    with store.write() as conn:
        judged = intake.judge(read.mentions, scorer("stars-vader"))
        intake.take(conn, source, judged, routing=routing, now=now)
        for number, row in enumerate(conn.execute(sa.select(t.cases.c.id).order_by(t.cases.c.id)).all()):
            times = sorted(now + timedelta(seconds=chance.uniform(1, SECONDS)) for _ in range(3))
            steps = [Step(at, to) for at, to in zip(times, ("holder", "team", "manager"), strict=True)]
            values: dict[str, Any] = {"ladder": [step.as_json() for step in steps], "next_step_at": times[0]}
            if number % 3 == 0:
                until = max(times[-1], now + timedelta(seconds=chance.uniform(1, SECONDS)))
                values |= {"state": "snoozed", "snoozed_until": until, "next_step_at": until}
                conn.execute(
                    t.case_events.insert().values(
                        case_id=row.id, key=f"snoozed:{row.id}", at=now, event="snoozed", through="cli", facts={}
                    )
                )
            conn.execute(t.cases.update().where(t.cases.c.id == row.id).values(values))
    return now + timedelta(seconds=SECONDS)


def _kill(town: Town, phases: Path, point: str, chance: random.Random, tally: killing.Tally) -> None:
    """Let the daemon die at a point; where it does not get there, at some other time."""
    monitor = killing.Monitor(town, phases, die_at=f"{point}:{1 if point in LADDER_POINTS else chance.randint(1, 3)}")
    assert monitor.wait_ready() or monitor.process.returncode == -signal.SIGKILL
    try:
        monitor.process.wait(chance.uniform(2, 4))
        tally.by_point[point] += 1
    except subprocess.TimeoutExpired:
        monitor.kill()
    assert monitor.process.returncode == -signal.SIGKILL
    tally.kills += 1


def _all_told(store: Store) -> bool:
    return not _open(store)


def _open(store: Store) -> list[Any]:
    """Return the cases with a step that is not taken, and the messages that have not been sent."""
    with store.read() as conn:
        waiting = conn.execute(sa.select(t.cases).where(t.cases.c.step < 3)).all()
        unsent = conn.execute(sa.select(t.deliveries).where(t.deliveries.c.state != "sent")).all()
    return [*waiting, *unsent]


def _told(store: Store) -> Counter[tuple[int, str]]:
    """Return how often each step of each case was told."""
    a = t.alerts.c
    with store.read() as conn:
        rows = conn.execute(sa.select(a.case_id, a.facts).where(a.reason.in_(("reminder", "escalation")))).all()
    facts = [(row.case_id, json.loads(row.facts) if isinstance(row.facts, str) else row.facts) for row in rows]
    return Counter((case_id, one["step"]) for case_id, one in facts)


def _woken(store: Store) -> Counter[int]:
    """Return how often each case woke."""
    e = t.case_events.c
    with store.read() as conn:
        return Counter(conn.scalars(sa.select(e.case_id).where(e.event == "woke")))
