"""What staff have marked on a source counts for what is new on it, and for no other source."""

from __future__ import annotations

from typing import Any

from monitor import intake
from monitor.store import Connection, marks
from tests.pipeline.driving import Drive, source
from tests.town import Site, review
from tests.town.sites import Branches, at

FEW_WORDS = "Not as good as it was last year"  # with three stars an alert, by little


def three_stars(number: int, **values: Any) -> dict[str, Any]:
    return review(number, **{"stars": 3, "text": f"{FEW_WORDS}.", "created": at(-number), **values})


def test_false_alarms_on_a_source_let_new_ones_of_it_be_watched_and_no_others(site: Site, drive_both: Drive) -> None:
    branches = Branches(site)
    branches.shows("quay", [three_stars(n, id=f"q{n}") for n in range(50)])
    branches.shows("mill", [three_stars(1, id="m1")])
    driver = drive_both(
        source("quay", "town_branches", site, branches=["quay"]),
        source("mill", "town_branches", site, branches=["mill"]),
    )
    driver.walk("quay")
    driver.walk("mill")
    assert {row.level for row in driver.rows("select level from mentions")} == {"alert"}

    def mark(conn: Connection) -> None:
        ids = [row.mention_id for row in driver.rows("select id as mention_id from mentions where source = 'quay'")]
        marks.put(conn, ids, "false_alarm", who="ana", note=None, now=driver.clock())
        intake.learn(conn, "quay", driver.tools.scorer, driver.clock())

    driver.write(mark)
    branches.shows("quay", [three_stars(0, id="q-new", created=at(1)), review(1, id="q-bad", stars=1, created=at(1))])
    branches.shows("mill", [three_stars(0, id="m-new", created=at(1))])
    driver.walk("quay", minutes=5)
    driver.walk("mill")

    levels = {
        row.external_id: row.level
        for row in driver.rows("select external_id, level from mentions where external_id like '%-%'")
    }
    assert levels == {"q-new": "watch", "q-bad": "alert", "m-new": "alert"}
    reasons = driver.one(
        "select s.reasons from scores s join mentions m on m.id = s.mention_id where m.external_id = 'q-new'"
    )
    assert "after 50 marks of your staff on this source" in str(reasons)
