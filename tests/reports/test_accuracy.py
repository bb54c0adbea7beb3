"""How right the alerts were: shares with honest intervals, and what another threshold would have meant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor import intake
from monitor.reports.accuracy import Share, accuracy
from monitor.scoring import scorer
from monitor.store import Store, marks
from tests.builders import NOON
from tests.reports.mentions import put_mention

JUDGE = scorer("stars-vader")


@pytest.mark.parametrize(
    "hits, of, low, high",
    [  # by statsmodels.stats.proportion.proportion_confint(hits, of, method="wilson")
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    interval = Share(hits, of).interval

    assert interval is not None
    assert interval == pytest.approx((low, high), abs=0.0001)


def test_of_nothing_nothing_is_known() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)


def test_precision_and_recall_are_those_of_the_marks(store: Store) -> None:
    with store.write() as conn:
        for number in range(1, 16):
            put_mention(conn, number, level="alert" if number <= 10 else "quiet", rating=None)
        for mark, ids in (("right", range(1, 8)), ("false_alarm", range(8, 11)), ("missed", range(11, 13)),
                          ("right", range(13, 16))):  # fmt: skip
            marks.put(conn, list(ids), mark, who="ana", note=None, now=NOON)
        intake.learn(conn, "shop", JUDGE, NOON)

    [shop] = accuracy(store, JUDGE, now=NOON)

    assert shop.marks == {"false_alarm": 3, "missed": 2, "right": 10}
    assert shop.precision == Share(7, 10)
    assert shop.recall == Share(7, 9)
    assert shop.offset is not None
    assert (shop.offset.marks, shop.offset.in_use) == (15, False)


def test_all_sources_together_come_last_and_one_that_is_asked_for_alone(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, source="shop")
        put_mention(conn, 2, source="forum")
        marks.put(conn, [1, 2], "right", who=None, note=None, now=NOON)

    assert [one.source for one in accuracy(store, JUDGE, now=NOON)] == ["forum", "shop", None]
    assert accuracy(store, JUDGE, now=NOON)[-1].precision == Share(2, 2)
    assert [one.source for one in accuracy(store, JUDGE, now=NOON, source="shop")] == ["shop"]


def test_marks_from_before_are_left_out(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        marks.put(conn, [1], "right", who=None, note=None, now=NOON - timedelta(days=40))

    [shop] = accuracy(store, JUDGE, now=NOON, since=NOON - timedelta(days=30))

    assert shop.precision == Share(0, 0)


def test_another_threshold_is_counted_over_the_last_thirty_days(store: Store) -> None:
    def put(number: int, days: float, badness: float, **values: float | None) -> None:
        level = "alert" if badness >= 0.5 else "watch"
        published = NOON - timedelta(days=days)
        put_mention(
            conn,
            number,
            badness=badness,
            level=level,
            published_at=published,
            language="en",
            **{"rating": None, **values},
        )

    with store.write() as conn:
        for number, badness in enumerate((0.4, 0.45, 0.55, 0.6, 0.9), 1):
            put(number, number, badness)
        put(6, 6, 0.5, rating=1.0)  # stars decide, whatever the threshold
        put(7, 31, 0.9)  # too long ago
        put_mention(conn, 8, own=True)

    [shop] = accuracy(store, JUDGE, now=NOON, at=[0.57])

    weeks = 30 / 7
    alerts = {line: round(count * weeks, 6) for line, count in shop.a_week.items()}
    assert alerts == {0.35: 6, 0.5: 4, 0.57: 3, 0.65: 2}
    assert shop.days == 30


def test_a_source_that_is_younger_is_counted_over_its_own_days(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, published_at=NOON - timedelta(days=14))
        put_mention(conn, 2, published_at=NOON - timedelta(days=1))

    [shop] = accuracy(store, JUDGE, now=NOON)

    assert shop.days == 14
    assert shop.a_week[0.5] == pytest.approx(1.0)
