"""Random histories of cases: how a case stands always follows from what happened to it and what the site shows."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.proofs.histories import World

SIZE = 50  # cases in one world
QUICK, LONG = 200, 2_000 if os.environ.get("CI_SHORT") else 10_000
HAPPENS = (
    "reminder", "escalation", "reply_gone", "won_back", "edited_worse", "claimed", "assigned", "snoozed",
    "answered_elsewhere", "closed", "reopened",
)  # fmt: skip


def live(folder: Path, seeds: range, *, steps: int) -> Counter[str]:
    """Let a world live for each seed; returns how often each thing happened."""
    done: Counter[str] = Counter()
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        world = World(place, seed, SIZE, steps)
        world.live()
        done += world.done
        done["cases"] += len(world.models)
    return done


def test_in_random_histories_a_case_stands_as_its_events_and_the_site_say(tmp_path: Path) -> None:
    done = live(tmp_path, range(QUICK // SIZE), steps=8)

    assert done["cases"] >= QUICK * 0.8
    assert all(done[reason] for reason in HAPPENS), done


@pytest.mark.slow
def test_in_thousands_of_longer_histories_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = live(tmp_path, range(1_000, 1_000 + LONG // SIZE), steps=14)

    with capsys.disabled():
        print(f"\n{done['cases']:,} histories: {dict(done)}")
    assert done["cases"] >= LONG * 0.8
    assert all(done[reason] > SIZE for reason in HAPPENS), done
