"""The figures of a month are small and honest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.reports import Month, monthly
from monitor.store import Store
from tests.builders import NOON
from tests.reports.mentions import put_case, put_mention


def put(store: Store, *mentions: dict[str, Any]) -> None:
    with store.write() as conn:
        for number, values in enumerate(mentions, 1):
            case = values.pop("case", None)
            put_mention(conn, number, **values)
            if case is not None:
                put_case(conn, number, **case)


def test_nothing_has_no_figures(file_store: Store) -> None:
    assert monthly(file_store, now=NOON) == []


def test_stars_are_counted_by_month_and_source(store: Store) -> None:
    october = datetime(2026, 10, 5, tzinfo=UTC)
    put(
        store,
        {"rating": 5.0, "label": "good", "published_at": october},
        {"rating": 2.0, "published_at": october},
        {"rating": None, "label": "neutral", "published_at": october},
        {"rating": 1.0, "source": "forum", "published_at": october},
        {"rating": 4.0, "label": "good", "published_at": NOON},
    )

    found = monthly(store, now=NOON)

    assert [(m.month, m.source, m.mentions, m.rated, m.stars, m.bad) for m in found] == [
        ("2026-10", "forum", 1, 1, 1.0, 1),
        ("2026-10", "shop", 3, 2, 3.5, 1),
        ("2026-11", "shop", 1, 1, 4.0, 0),
    ]


def test_marks_of_other_scales_become_stars_and_impossible_ones_count_as_none(file_store: Store) -> None:
    put(
        file_store,
        {"rating": 1.0, "rating_best": 1.0, "rating_worst": 0.0},
        {"rating": 5.5, "rating_best": 10.0, "rating_worst": 1.0},
        {"rating": 11.0, "rating_best": 10.0, "rating_worst": 1.0},
        {"rating": 3.0, "rating_best": 1.0, "rating_worst": 1.0},
    )

    [month] = monthly(file_store, now=NOON)

    assert (month.mentions, month.rated, month.stars) == (4, 2, 4.0)


def test_only_cases_whose_time_is_over_or_that_were_answered_are_counted(store: Store) -> None:
    hour = timedelta(hours=1)
    put(
        store,
        {"case": {"due_at": NOON, "answered_at": NOON - hour}},
        {"case": {"due_at": NOON, "answered_at": NOON}},
        {"case": {"due_at": NOON - hour, "answered_at": NOON}},
        {"case": {"due_at": NOON - hour}},
        {"case": {"due_at": NOON + hour}},
        {"case": {"due_at": NOON + hour, "answered_at": NOON}},
        {"case": {"due_at": NOON - hour, "answered_at": NOON - 2 * hour, "resolution": "unverified"}},
        {"case": {"due_at": None}},
        {},
    )

    [month] = monthly(store, now=NOON)

    assert (month.due, month.in_time, month.share_in_time, month.unverified) == (5, 3, 0.6, 1)


def test_where_nothing_was_due_there_is_no_share(file_store: Store) -> None:
    put(file_store, {"rating": None})

    assert monthly(file_store, now=NOON) == [
        Month(
            month="2026-11",
            source="shop",
            mentions=1,
            rated=0,
            stars=None,
            bad=1,
            due=0,
            in_time=0,
            share_in_time=None,
            unverified=0,
        )
    ]


@pytest.mark.parametrize(
    ("zone", "month"), [("UTC", "2026-10"), ("Europe/Berlin", "2026-11"), ("America/New_York", "2026-10")]
)
def test_a_month_begins_at_midnight_of_the_zone(file_store: Store, zone: str, month: str) -> None:
    put(file_store, {"published_at": datetime(2026, 10, 31, 23, 30, tzinfo=UTC)})

    assert [m.month for m in monthly(file_store, now=NOON, zone=zone)] == [month]


def test_a_mention_without_a_date_belongs_to_the_month_in_which_it_was_seen(file_store: Store) -> None:
    put(file_store, {"published_at": None, "sort_at": NOON, "first_seen_at": NOON})

    assert [m.month for m in monthly(file_store, now=NOON)] == ["2026-11"]


def test_a_month_in_which_no_site_named_a_time_counts_by_when_it_was_first_seen(file_store: Store) -> None:
    put(file_store, {"rating": 1.0, "published_at": None})

    [month] = monthly(file_store, now=NOON)

    assert (month.month, month.mentions) == ("2026-11", 1)
