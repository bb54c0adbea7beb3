"""Open hours and due times in any zone, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import calendar
from monitor.models import Hours, Span, Target
from tests.builders import NOON

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
BERLIN, LONDON = "Europe/Berlin", "Europe/London"
# Clocks that change at midnight, by half an hour, southwards, twice around Ramadan, backwards, or never.
ZONES = [
    "UTC", BERLIN, LONDON, "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana",
    "America/Santiago", "America/Asuncion", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Gaza",
    "Asia/Kathmandu", "Asia/Tokyo", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Pacific/Chatham", "America/Sao_Paulo",
]  # fmt: skip
FIRST, DAYS = date(2026, 1, 1), 731

FOUR_WORKING_HOURS = Target(4 * HOUR, working=True)
NEXT_WORKING_DAY = Target(timedelta(0), next_working_day=True)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def hours(zone: str, *week: str, holidays: str | None = None) -> Hours:
    """Seven days, "09:00-12:00 14:00-18:00" each; one day stands for all."""
    days = week if len(week) == 7 else week * 7
    return Hours("h", zone, tuple(tuple(map(_span, day.split())) for day in days), holidays)


def _span(text: str) -> Span:
    start, end = text.split("-")
    return Span(time.fromisoformat(start), time.fromisoformat(end))


OFFICE = calendar.office_hours(BERLIN)
SHOP = calendar.shop_hours(BERLIN)
SPLIT = hours(BERLIN, "09:00-12:00 14:00-18:00")
BAR = hours(BERLIN, "18:00-03:00")
ALWAYS = hours(BERLIN, "00:00-00:00")
NEVER = Hours("never", BERLIN, ((),) * 7)


# --- open and closed


@pytest.mark.parametrize(
    "which, at, is_open",
    [
        (OFFICE, "2026-11-24T09:00", True),
        (OFFICE, "2026-11-24T08:59:59", False),
        (OFFICE, "2026-11-24T17:59:59", True),
        (OFFICE, "2026-11-24T18:00", False),
        (OFFICE, "2026-11-28T12:00", False),
        (SHOP, "2026-11-28T12:00", True),
        (SHOP, "2026-11-29T07:59", False),
        (SPLIT, "2026-11-24T12:00", False),
        (SPLIT, "2026-11-24T13:59", False),
        (SPLIT, "2026-11-24T14:00", True),
        (BAR, "2026-11-24T02:59", True),
        (BAR, "2026-11-24T03:00", False),
        (BAR, "2026-11-24T23:59", True),
        (ALWAYS, "2026-11-24T00:00", True),
        (ALWAYS, "2026-11-24T23:59:59", True),
        (NEVER, "2026-11-24T12:00", False),
    ],
)
def test_open_hours_begin_with_their_first_minute_and_end_before_their_last(
    which: Hours, at: str, is_open: bool
) -> None:
    assert calendar.is_open(which, local(BERLIN, at)) is is_open


@pytest.mark.parametrize(
    "which, at, opens",
    [
        (OFFICE, "2026-11-24T10:00", "2026-11-24T10:00"),
        (OFFICE, "2026-11-27T18:00", "2026-11-30T09:00"),
        (SPLIT, "2026-11-24T12:30", "2026-11-24T14:00"),
        (BAR, "2026-11-24T12:00", "2026-11-24T18:00"),
    ],
)
def test_the_next_opening_is_now_or_later(which: Hours, at: str, opens: str) -> None:
    assert calendar.next_open(which, local(BERLIN, at)) == local(BERLIN, opens)


def test_hours_that_never_open_have_no_next_opening() -> None:
    assert calendar.next_open(NEVER, NOON) is None


def test_on_a_holiday_nobody_is_there_but_whoever_came_the_evening_before_stays() -> None:
    office = hours(BERLIN, "09:00-18:00", holidays="DE-BE")
    bar = hours(BERLIN, "18:00-03:00", holidays="DE-BE")

    assert not calendar.is_open(office, local(BERLIN, "2026-12-25T12:00"))
    assert calendar.next_open(office, local(BERLIN, "2026-12-25T12:00")) == local(BERLIN, "2026-12-27T09:00")
    assert calendar.is_open(bar, local(BERLIN, "2026-12-25T02:00"))
    assert not calendar.is_open(bar, local(BERLIN, "2026-12-25T20:00"))


@pytest.mark.parametrize(
    "code, day, free",
    [
        ("DE-BE", date(2027, 3, 8), True),  # Women's Day, a holiday in Berlin
        ("DE-HH", date(2027, 3, 8), False),
        ("DE", date(2026, 10, 3), True),
        ("GB-ENG", date(2026, 8, 31), True),
        ("GB-SCT", date(2026, 8, 31), False),
        ("US", date(2026, 11, 26), True),
        ("us", date(2026, 11, 26), True),
    ],
)
def test_holidays_are_those_of_the_region(code: str, day: date, free: bool) -> None:
    assert (day in calendar.holidays_of(code, day.year)) is free


@pytest.mark.parametrize("code", ["", "XX", "DE-ZZ", "Germany"])
def test_an_unknown_region_is_refused_in_words(code: str) -> None:
    with pytest.raises(ValueError, match="no holidays are known for"):
        calendar.holidays_of(code, 2026)


def test_open_time_between_two_instants_leaves_out_nights_and_breaks() -> None:
    start, end = local(BERLIN, "2026-11-24T11:00"), local(BERLIN, "2026-11-25T15:00")

    assert calendar.open_time(SPLIT, start, end) == 1 * HOUR + 4 * HOUR + 3 * HOUR + 1 * HOUR
    assert calendar.open_time(SPLIT, end, start) == timedelta(0)
    assert calendar.open_time(NEVER, start, end) == timedelta(0)


# --- due times


@pytest.mark.parametrize(
    "target, which, opened, due",
    [
        (Target(HOUR), OFFICE, "2026-11-28T03:00", "2026-11-28T04:00"),
        (FOUR_WORKING_HOURS, OFFICE, "2026-11-24T10:00", "2026-11-24T14:00"),
        (FOUR_WORKING_HOURS, OFFICE, "2026-11-24T14:00", "2026-11-24T18:00"),
        (FOUR_WORKING_HOURS, OFFICE, "2026-11-24T17:00", "2026-11-25T12:00"),
        (FOUR_WORKING_HOURS, OFFICE, "2026-11-27T17:00", "2026-11-30T12:00"),
        (FOUR_WORKING_HOURS, OFFICE, "2026-11-28T12:00", "2026-11-30T13:00"),
        (FOUR_WORKING_HOURS, SPLIT, "2026-11-24T11:00", "2026-11-24T17:00"),
        (FOUR_WORKING_HOURS, BAR, "2026-11-24T22:00", "2026-11-25T02:00"),
        (FOUR_WORKING_HOURS, BAR, "2026-11-25T01:00", "2026-11-25T20:00"),
        (Target(100 * HOUR, working=True), ALWAYS, "2026-11-24T11:00", "2026-11-28T15:00"),
        (Target(timedelta(0), working=True), OFFICE, "2026-11-28T12:00", "2026-11-30T09:00"),
        (FOUR_WORKING_HOURS, NEVER, "2026-11-24T10:00", "2026-11-24T14:00"),
        (NEXT_WORKING_DAY, OFFICE, "2026-11-24T10:00", "2026-11-25T18:00"),
        (NEXT_WORKING_DAY, OFFICE, "2026-11-24T23:00", "2026-11-25T18:00"),
        (NEXT_WORKING_DAY, OFFICE, "2026-11-27T10:00", "2026-11-30T18:00"),
        (NEXT_WORKING_DAY, OFFICE, "2026-11-28T10:00", "2026-11-30T18:00"),
        (NEXT_WORKING_DAY, SPLIT, "2026-11-28T10:00", "2026-11-29T18:00"),
        (NEXT_WORKING_DAY, BAR, "2026-11-24T20:00", "2026-11-26T03:00"),
        (NEXT_WORKING_DAY, NEVER, "2026-11-24T10:00", "2026-11-25T10:00"),
    ],
)
def test_an_answer_is_due_in_working_time(target: Target, which: Hours, opened: str, due: str) -> None:
    assert calendar.due_at(target, which, local(BERLIN, opened)) == local(BERLIN, due)


def test_holidays_put_off_what_is_due() -> None:
    office = Hours("o", BERLIN, OFFICE.week, "DE-BE")
    opened = local(BERLIN, "2026-12-24T17:00")  # Friday and Saturday are Christmas, then Sunday

    assert calendar.due_at(FOUR_WORKING_HOURS, office, opened) == local(BERLIN, "2026-12-28T12:00")
    assert calendar.due_at(NEXT_WORKING_DAY, office, opened) == local(BERLIN, "2026-12-28T18:00")


@pytest.mark.parametrize(
    "target, share, at",
    [
        (FOUR_WORKING_HOURS, 0.5, "2026-11-24T18:00"),
        (FOUR_WORKING_HOURS, 1.0, "2026-11-25T11:00"),
        (FOUR_WORKING_HOURS, 1.5, "2026-11-25T13:00"),
        (Target(2 * HOUR), 1.5, "2026-11-24T19:00"),
        (NEXT_WORKING_DAY, 1.0, "2026-11-25T18:00"),
        (NEXT_WORKING_DAY, 0.5, "2026-11-25T12:30"),  # of 2 hours today and 9 tomorrow
        (NEXT_WORKING_DAY, 1.5, "2026-11-26T14:30"),
    ],
)
def test_half_time_and_overtime_are_counted_like_the_target_itself(target: Target, share: float, at: str) -> None:
    opened = local(BERLIN, "2026-11-24T16:00")

    assert calendar.share_at(target, OFFICE, opened, share) == local(BERLIN, at)


# --- clock changes


def test_a_time_that_is_skipped_happens_in_the_moment_of_the_jump() -> None:
    before = local(BERLIN, "2026-03-29T01:00")

    assert calendar.next_daily(time(2, 30), BERLIN, before) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert calendar.next_daily(time(3, 0), BERLIN, before) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_what_comes_daily_comes_once_when_its_time_comes_twice() -> None:
    first = calendar.next_daily(time(2, 30), BERLIN, local(BERLIN, "2026-10-25T00:00"))

    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.next_daily(time(2, 30), BERLIN, first) == local(BERLIN, "2026-10-26T02:30")


def test_a_span_ends_at_the_second_of_two_equal_times() -> None:
    assert calendar.quiet_until(Span(time(21), time(2, 30)), BERLIN, local(BERLIN, "2026-10-25T01:00")) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


def test_four_working_hours_are_four_hours_although_the_night_was_shorter() -> None:
    bar = hours(BERLIN, "23:00-06:00")

    assert calendar.due_at(FOUR_WORKING_HOURS, bar, local(BERLIN, "2026-03-28T23:00")) == local(
        BERLIN, "2026-03-29T04:00"
    )
    assert calendar.due_at(FOUR_WORKING_HOURS, bar, local(BERLIN, "2026-10-24T23:00")) == local(
        BERLIN, "2026-10-25T02:00", 1
    )


def test_a_zone_that_skipped_a_whole_day_loses_no_timer() -> None:
    moment, seen = datetime(2011, 12, 28, tzinfo=UTC), []
    for _ in range(5):
        moment = calendar.next_daily(time(9), "Pacific/Apia", moment)
        seen.append(moment.astimezone(ZoneInfo("Pacific/Apia")).strftime("%d %H:%M"))

    assert seen == ["28 09:00", "29 09:00", "31 00:00", "31 09:00", "01 09:00"]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(8, 30), time(23, 59)])
def test_for_two_years_what_comes_daily_comes_once_on_every_day_and_in_its_time(zone: str, at: time) -> None:
    named = ZoneInfo(zone)
    moment = datetime(2026, 1, 1, tzinfo=named).astimezone(UTC) - timedelta(seconds=1)
    days = []
    for _ in range(DAYS):
        moment = calendar.next_daily(at, zone, moment)
        shown = moment.astimezone(named)
        days.append(shown.date())
        jumped = (moment - timedelta(seconds=1)).astimezone(named).utcoffset() != shown.utcoffset()
        assert shown.time() == at or (jumped and shown.time() > at)

    assert days == [FIRST + number * DAY for number in range(DAYS)]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_for_two_years_quiet_hours_hold_the_whole_night_and_hand_over_in_the_morning(zone: str) -> None:
    named, quiet = ZoneInfo(zone), Span(time(21), time(8))
    moment = datetime(2026, 1, 1, tzinfo=named).astimezone(UTC)
    end = moment + DAYS * DAY
    while moment < end:
        shown = moment.astimezone(named).time()
        until = calendar.quiet_until(quiet, zone, moment)
        assert (until is not None) == (shown >= time(21) or shown < time(8))
        if until is not None:
            assert until > moment
            assert until.astimezone(named).time() == time(8)
            assert until - moment <= 12 * HOUR
        moment += 97 * MINUTE


@pytest.mark.parametrize("zone", ZONES)
def test_for_two_years_nothing_is_due_in_the_night(zone: str) -> None:
    office, named = calendar.office_hours(zone), ZoneInfo(zone)
    moment = datetime(2026, 1, 1, tzinfo=named).astimezone(UTC)
    for _ in range(500):
        for target in (FOUR_WORKING_HOURS, NEXT_WORKING_DAY):
            due = calendar.due_at(target, office, moment)
            shown = due.astimezone(named)
            assert due > moment
            assert shown.weekday() < 5
            assert time(9) < shown.time() <= time(18)
        moment += 35 * HOUR


_SPANS = st.lists(
    st.tuples(st.integers(0, 47), st.integers(0, 47)).map(
        lambda pair: Span(time(pair[0] // 2, pair[0] % 2 * 30), time(pair[1] // 2, pair[1] % 2 * 30))
    ),
    max_size=3,
).map(tuple)
_HOURS = st.builds(
    lambda zone, week: Hours("h", zone, tuple(week)),
    st.sampled_from(ZONES),
    st.lists(_SPANS, min_size=7, max_size=7),
)
_MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(_HOURS, _MOMENTS, st.integers(0, 60 * 40))
@settings(max_examples=150)
def test_a_due_time_uses_up_exactly_the_open_time_it_was_given(which: Hours, opened: datetime, minutes: int) -> None:
    within = minutes * MINUTE
    due = calendar.due_at(Target(within, working=True), which, opened)

    if calendar.next_open(which, opened) is None:
        assert due == opened + within
    else:
        assert calendar.open_time(which, opened, due) == within
        assert not within or calendar.is_open(which, due - timedelta(microseconds=1))


@given(_HOURS, _MOMENTS)
@settings(max_examples=150)
def test_the_next_opening_is_open_and_nothing_before_it_is(which: Hours, at: datetime) -> None:
    opens = calendar.next_open(which, at)

    assert calendar.is_open(which, at) == (opens == at)
    if opens is not None:
        assert opens >= at
        assert calendar.is_open(which, opens)
        assert calendar.open_time(which, at, opens) == timedelta(0)


@given(_HOURS, _MOMENTS, st.integers(1, 60 * 72))
@settings(max_examples=150)
def test_a_later_start_is_never_due_earlier(which: Hours, opened: datetime, minutes: int) -> None:
    for target in (FOUR_WORKING_HOURS, NEXT_WORKING_DAY, Target(HOUR)):
        if calendar.next_open(which, opened) is not None:
            assert calendar.due_at(target, which, opened) <= calendar.due_at(target, which, opened + minutes * MINUTE)


# --- weekly and monthly


@pytest.mark.parametrize(
    "weekday, now, expected",
    [
        (0, "2026-11-23T08:29", "2026-11-23T08:30"),
        (0, "2026-11-23T08:30", "2026-11-30T08:30"),
        (0, "2026-11-24T12:00", "2026-11-30T08:30"),
        (6, "2026-11-24T12:00", "2026-11-29T08:30"),
    ],
)
def test_what_comes_weekly_comes_on_its_weekday(weekday: int, now: str, expected: str) -> None:
    assert calendar.next_weekly(weekday, time(8, 30), LONDON, local(LONDON, now)) == local(LONDON, expected)


@pytest.mark.parametrize(
    "day, now, expected",
    [
        (1, "2026-11-01T08:59", "2026-11-01T09:00"),
        (1, "2026-11-01T09:00", "2026-12-01T09:00"),
        (1, "2026-12-31T23:59", "2027-01-01T09:00"),
        (31, "2026-11-24T12:00", "2026-11-30T09:00"),
        (31, "2027-02-01T12:00", "2027-02-28T09:00"),
        (30, "2028-01-31T12:00", "2028-02-29T09:00"),
    ],
)
def test_what_comes_monthly_comes_on_its_day_or_the_last_there_is(day: int, now: str, expected: str) -> None:
    assert calendar.next_monthly(day, time(9), LONDON, local(LONDON, now)) == local(LONDON, expected)


def test_no_quiet_hours_are_never_quiet() -> None:
    assert calendar.quiet_until(None, LONDON, NOON) is None
