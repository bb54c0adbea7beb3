"""History scored again beside a running watch: the figures change, and no look and no audit tells it anew."""

from __future__ import annotations

from collections.abc import Callable

from monitor import rescoring, scoring
from monitor.rescoring import NOT_AGAIN, Which
from tests.pipeline.conftest import Watch
from tests.town import Town, bad, review

Begin = Callable[..., Watch]
OLD, NEW = 'scorer = "vader"', 'scorer = "stars-vader"'  # the second knows by name that something keeps crashing
LATER = "2026-11-24T09:01:00+00:00"


def _told(monitor: Watch) -> list[tuple[object, ...]]:
    tables = ("alerts", "deliveries", "delivery_alerts", "cases", "case_events")
    return [tuple(monitor.rows(f"select count(*) from {table}")[0]) for table in tables]


def test_what_is_bad_by_the_new_scorer_only_is_never_told(town: Town, watch: Begin) -> None:
    town.site.shows("quay", review(1))
    before = watch(monitor=OLD)
    before.look()
    town.site.publishes(
        "quay", review(2, stars=3, text="It keeps crashing.", created=LATER), bad(3, created=LATER, author="Jonas K.")
    )
    before.look(minutes=2)
    told, posts = _told(before), len(town.slack.posts)
    before.close()

    monitor = watch(monitor=NEW, at=before.clock())
    scorer = scoring.scorer(monitor.settings.scorer)
    result = rescoring.run(monitor.store, scorer, Which(scorer.id), monitor.clock())
    for _ in range(3):
        monitor.look(minutes=2)
        monitor.minute()

    assert (result.scored, result.up, result.left) == (3, 1, 0)
    labels = monitor.rows("select external_id, label, why_not_told from mentions order by external_id")
    assert [tuple(row) for row in labels[1:]] == [("r2", "bad", NOT_AGAIN), ("r3", "bad", None)]
    assert _told(monitor) == told
    assert len(town.slack.posts) == posts


def test_an_edit_that_is_worse_is_told_also_of_one_that_was_scored_anew(town: Town, watch_here: Begin) -> None:
    town.site.shows("quay", review(1, stars=3, text="It keeps crashing."))
    monitor = watch_here(monitor=OLD)
    monitor.look()
    scorer = scoring.scorer("stars-vader")
    rescoring.run(monitor.store, scorer, Which(scorer.id), monitor.clock())

    town.site.shows("quay", review(1, stars=1, text="It keeps crashing. Never again.", updated=LATER))
    monitor.look(minutes=5)

    assert "now 1 of 5, was 3" in town.slack.texts()[-1]
