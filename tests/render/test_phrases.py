"""Numbers and times in the words people use, in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import Audience, Rating, SiteTotal
from monitor.render.phrases import Times, average, count, crowd, ended, figure, listed, mark, moved, standing, stars
from tests.render.scenes import at

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""A Tuesday."""
LONDON = Times(NOON, "Europe/London")


@pytest.mark.parametrize(
    "span, short, long",
    [
        (timedelta(seconds=-30), "just now", "just now"),
        (timedelta(days=-1), "just now", "just now"),
        (timedelta(seconds=59), "just now", "just now"),
        (timedelta(seconds=60), "1 min ago", "1 minute ago"),
        (timedelta(minutes=14, seconds=59), "14 min ago", "14 minutes ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago", "59 minutes ago"),
        (timedelta(hours=1), "1 h ago", "1 hour ago"),
        (timedelta(hours=11, minutes=59), "11 h ago", "11 hours ago"),
        (timedelta(hours=14, minutes=20), "yesterday 21:40", "yesterday 21:40"),
        (timedelta(days=3), "Saturday 12:00", "on Saturday 12:00"),
        (timedelta(days=6), "Wednesday 12:00", "on Wednesday 12:00"),
        (timedelta(days=7), "17 November", "on 17 November"),
        (timedelta(days=200), "8 May", "on 8 May"),
        (timedelta(days=400), "20 October 2025", "on 20 October 2025"),
    ],
)
def test_how_long_ago(span, short, long):
    assert LONDON.ago(NOON - span) == short
    assert LONDON.ago(NOON - span, long=True) == long


@pytest.mark.parametrize(
    "moment, words",
    [
        (at(16, 30), "16:30"),
        (at(9, 0), "09:00"),
        (at(9, 0, day=25), "tomorrow 09:00"),
        (at(21, 40, day=23), "yesterday 21:40"),
        (at(9, 0, day=26), "Thursday 09:00"),
        (at(9, 0, day=30), "Monday 09:00"),
        (at(9, 0, day=3, month=12), "3 December 09:00"),
        (at(9, 0, day=5, month=1, year=2027), "5 January 2027 09:00"),
        (at(9, 0, day=5, month=6, year=2027), "5 June 2027"),
        (at(9, 0, day=3, month=5, year=2025), "3 May 2025"),
    ],
)
def test_when_something_is_due(moment, words):
    assert LONDON.at(moment) == words


@pytest.mark.parametrize(
    "zone, words",
    [
        ("Europe/London", "16:30"),
        ("Europe/Berlin", "17:30"),
        ("America/New_York", "11:30"),
        ("Asia/Kolkata", "22:00"),
        ("Pacific/Auckland", "05:30"),
        ("Pacific/Kiritimati", "06:30"),
        ("No/Such", "16:30"),
        ("", "16:30"),
    ],
)
def test_times_are_the_readers_own(zone, words):
    assert Times(NOON, zone).at(at(16, 30)).removeprefix("tomorrow ") == words


def test_the_day_is_the_readers_own():
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)

    assert Times(late, "Europe/London").at(late - timedelta(hours=1)) == "22:30"
    assert Times(late, "Europe/Berlin").at(late - timedelta(hours=1)) == "yesterday 23:30"
    assert Times(late, "Pacific/Auckland").today() == "Wednesday 25 November"


@pytest.mark.parametrize(
    "now, moment, words",
    [
        # The clocks go back at 02:00 on 25 October 2026 in London; the hour from 01:00 comes twice.
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 9, tzinfo=UTC), "tomorrow 09:00"),
        # And forward on 29 March.
        (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 8, tzinfo=UTC), "tomorrow 09:00"),
    ],
)
def test_times_are_right_when_the_clocks_change(now, moment, words):
    assert Times(now, "Europe/London").at(moment) == words


@pytest.mark.parametrize(
    "due, words",
    [
        (timedelta(seconds=20), "1 min left"),
        (timedelta(minutes=35), "35 min left"),
        (timedelta(hours=3, minutes=50), "3 h left"),
        (timedelta(days=2), "until Thursday 12:00"),
        (timedelta(0), "12:00 has passed"),
        (timedelta(minutes=-30), "11:30 has passed"),
    ],
)
def test_how_much_time_is_left(due, words):
    assert LONDON.left(NOON + due) == words


@pytest.mark.parametrize(
    "moment, words",
    [
        (at(10, day=3, month=5), "in May"),
        (at(10, day=3, month=5, year=2025), "in May 2025"),
        (at(10, day=3), "on 3 November"),
        (at(10, day=23), "yesterday"),
        (at(10), "today"),
    ],
)
def test_the_past_in_months(moment, words):
    assert LONDON.in_month(moment) == words


@pytest.mark.parametrize(
    "rating, as_mark, as_stars",
    [
        (Rating(1), "1 of 5", "1 star"),
        (Rating(2), "2 of 5", "2 stars"),
        (Rating(4.5), "4.5 of 5", "4.5 stars"),
        (Rating(0, worst=0), "0 of 5", "0 stars"),
        (Rating(3, best=10, worst=1), "3 of 10", "3 of 10"),
        (Rating(40, best=100, worst=0), "40 of 100", "40 of 100"),
        (Rating(0, best=1, worst=0), "thumb down", "thumb down"),
        (Rating(1, best=1, worst=0), "thumb up", "thumb up"),
        (Rating(11), "", ""),
        (Rating(-1), "", ""),
        (Rating(3, best=1, worst=1), "", ""),
        (None, "", ""),
    ],
)
def test_marks_on_every_scale(rating, as_mark, as_stars):
    assert mark(rating) == as_mark
    assert stars(rating) == as_stars


@pytest.mark.parametrize(
    "now, before, words",
    [
        (Rating(1), Rating(4), "now 1 of 5, was 4"),
        (Rating(4), Rating(1), "now 4 of 5, was 1"),
        (Rating(1), Rating(1), ""),
        (Rating(1), None, ""),
        (None, Rating(1), ""),
        (Rating(0, best=1, worst=0), Rating(1, best=1, worst=0), "now thumb down, was thumb up"),
        (Rating(1), Rating(8, best=10, worst=1), "now 1 of 5, was 8 of 10"),
    ],
)
def test_a_mark_that_moved(now, before, words):
    assert moved(now, before) == words


@pytest.mark.parametrize(
    "audience, words",
    [
        (None, "Google does not say"),
        (Audience(0, "followers"), "0 followers"),
        (Audience(1, "followers"), "1 follower"),
        (Audience(99, "views"), "99 views"),
        (Audience(12_400, "followers"), "about 12,400 followers"),
        (Audience(2, ""), "2 readers"),
    ],
)
def test_who_may_read_it(audience, words):
    assert crowd(audience, "Google") == words


@pytest.mark.parametrize(
    "total, words",
    [
        (None, ""),
        (SiteTotal(None, None), ""),
        (SiteTotal(0, None), ""),
        (SiteTotal(412, 4.4), "the place has 412 reviews, average 4.4"),
        (SiteTotal(1, 5.0), "the place has 1 review, average 5.0"),
        (SiteTotal(12_000, None), "the place has 12,000 reviews"),
        (SiteTotal(None, 8.13, best=10), "the place stands at 8.1 of 10"),
    ],
)
def test_how_the_place_stands(total, words):
    assert standing(total, "the place") == words


@pytest.mark.parametrize(
    "number, word, words",
    [(0, "review", "0 reviews"), (2, "reply", "2 replies"), (2, "day", "2 days"), (1234, "post", "1,234 posts")],
)
def test_counting(number, word, words):
    assert count(number, word) == words


@pytest.mark.parametrize(
    "parts, words", [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_listing(parts, words):
    assert listed(parts) == words


def test_small_things():
    assert (figure(4), figure(4.5), figure(4.375), average(4.44), average(None)) == ("4", "4.5", "4.38", "4.4", "")
    assert (ended("x"), ended("x."), ended("x?"), ended(""), ended(" x: ")) == ("x.", "x.", "x?", "", "x:")
