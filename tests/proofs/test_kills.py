"""kill -9 at any instant of poll, store and notify: nothing is lost, and at most one message comes again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.proofs import killing
from tests.town import a_town

KILLS = int(os.environ.get("MONITOR_KILLS", "100"))
AT_LEAST = 5  # kills in each phase and at each point, or the proof has proven nothing


@pytest.mark.slow
def test_no_kill_loses_a_mention_or_an_alert_or_repeats_more_than_one_message(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_town(tmp_path) as town:
        tally = killing.run(town, database_url, KILLS, seed=20261124, at_least=AT_LEAST)

    with capsys.disabled():
        print("", *tally.lines(), sep="\n")
    assert (tally.lost_mentions, tally.twice_stored, tally.lost_alerts) == (0, 0, 0)
    assert max(tally.repeats_a_crash) <= 1
    assert all(tally.by_phase[phase] >= AT_LEAST for phase in killing.AIMED), tally.lines()
    assert all(tally.by_point[point] >= AT_LEAST for point in killing.POINTS), tally.lines()
