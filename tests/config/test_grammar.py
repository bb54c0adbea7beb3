"""What people write for times, spans, zones and money."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from monitor.config import addresses, grammar
from monitor.config.grammar import EVERY, KEPT
from monitor.models import Span, Target

MORNING = Span(time(8), time(20))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("15 min", 900),
        ("90s", 90),
        ("1 day", 86400),
        ("1.5 h", 5400),
        ("1h 30min", 5400),
        ("1 Hour, 30 Minutes", 5400),
        ("1 week", 604800),
        (" 10 MIN ", 600),
        ("1s", 1),
        ("30 days", 2592000),
    ],
)
def test_a_span_of_time_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert grammar.span(text, EVERY) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        *["0", "-5", "1ms", "1e9 d", "every blue moon", "", "5", 5, 5.0, True, None, [], "0s", "31 days", "2 months"],
        *["h", "9" * 400 + "h", "1h" * 100, "٣h", "½h"],
    ],
)
def test_a_span_beyond_what_is_allowed_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.span(value, EVERY)

    assert str(refused.value) == (
        f"{grammar.shown(value)} is no span of time between 1 second and 30 days. "
        'Write it like "90s", "15 min", "2h" or "1 day"'
    )


@pytest.mark.parametrize(
    ("text", "days"), [("25 months", 761), ("14d", 14), ("90 days", 90), ("2 years", 731), ("1 month", 31)]
)
def test_what_is_kept_is_counted_in_days_months_or_years(text: str, days: int) -> None:
    assert grammar.span(text, KEPT, long=True) == timedelta(days=days)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=761), "25 months"),
        (timedelta(days=90), "90 days"),
        (timedelta(days=731), "2 years"),
        (timedelta(days=30), "30 days"),
    ],
)
def test_a_span_is_told_in_words(span: timedelta, words: str) -> None:
    assert grammar.in_words(span) == words


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("1h", Target(timedelta(hours=1))),
        ("4 working hours", Target(timedelta(hours=4), working=True)),
        ("1 working hour", Target(timedelta(hours=1), working=True)),
        ("90 working minutes", Target(timedelta(minutes=90), working=True)),
        ("Next  Working Day", Target(timedelta(), next_working_day=True)),
        ("2 days", Target(timedelta(days=2))),
    ],
)
def test_a_time_to_answer_is_read(text: str, target: Target) -> None:
    assert grammar.target(text) == target


@pytest.mark.parametrize("value", ["soon", "working hours", "2 working days", "0h", "1s", "61 days", 4, None])
def test_a_time_to_answer_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.target(value)

    assert str(refused.value) == (
        f'{grammar.shown(value)} is no time to answer in. Write "1h" (round the clock), "4 working hours" '
        'or "next working day"; between 1 minute and 60 days'
    )


@pytest.mark.parametrize(("text", "found"), [("08:30", time(8, 30)), ("8:05", time(8, 5)), ("00:00", time(0))])
def test_a_time_of_day_is_read(text: str, found: time) -> None:
    assert grammar.time_of_day(text) == found


@pytest.mark.parametrize("value", ["25:61", "24:00", "8", "8.30", "08:30:00", "8:5", "noon", 830, None, "-1:00"])
def test_a_time_of_day_that_is_none_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.time_of_day(value)

    assert str(refused.value) == f'{grammar.shown(value)} is no time of day. Allowed: "00:00" to "23:59"'


def test_a_span_of_a_day_may_end_at_midnight() -> None:
    assert grammar.day_span("08:00-24:00") == Span(time(8), time(0))
    assert grammar.day_span("21:00 - 08:00") == Span(time(21), time(8))


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon-sat", [0, 1, 2, 3, 4, 5]),
        ("sun", [6]),
        ("mon,wed", [0, 2]),
        ("Monday, Wednesday-friday", [0, 2, 3, 4]),
        ("sat-mon", [5, 6, 0]),
        ("tues", [1]),
    ],
)
def test_days_are_named_one_by_one_or_from_to(key: str, days: list[int]) -> None:
    assert grammar.weekdays(key) == days


def test_open_hours_are_read_for_the_seven_days() -> None:
    week = grammar.week({"mon-sat": ["08:00-20:00"], "sun": "14:00-18:00"})

    assert week == ((MORNING,),) * 6 + ((Span(time(14), time(18)),),)


def test_a_split_shift_is_put_in_order() -> None:
    week = grammar.week({"mon": ["14:00-18:00", "08:00-12:00"], "tue": []})

    assert week[0] == (Span(time(8), time(12)), Span(time(14), time(18)))
    assert week[1] == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"mon": "08:00-20:00", "mon-fri": []}, "mon is named twice; put all its spans into one list"),
        ({"moon": "08:00-20:00"}, '"moon" is no day of the week. Known: mon, tue, wed, thu, fri, sat, sun'),
        ({"m": "08:00-20:00"}, '"m" is no day of the week. Known: mon, tue, wed, thu, fri, sat, sun'),
        ({"mon": ["08:00-12:00", "11:00-18:00"]}, "on mon, 08:00-12:00 and 11:00-18:00 overlap"),
        ({"mon": "20:00-04:00", "tue": "03:00-09:00"}, "on mon, 20:00-04:00 and 03:00-09:00 overlap"),
        ({"sun": "20:00-04:00", "mon": "03:00-09:00"}, "on sun, 20:00-04:00 and 03:00-09:00 overlap"),
        ({"mon": "25:00-26:00"}, '"25:00" is no time of day. Allowed: "00:00" to "23:59"'),
        ({"mon": "08:00"}, '"08:00" is no span of a day. Write it like "08:00-20:00"'),
        ({}, "there is not one open hour in the week"),
        ("always", '"always" are no open hours. Write them like { mon-sat = ["08:00-20:00"] }'),
    ],
)
def test_open_hours_that_make_no_sense_are_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.week(value)

    assert str(refused.value) == why


def test_round_the_clock_is_no_overlap() -> None:
    assert grammar.week({"mon-sun": "00:00-24:00"}) == ((Span(time(0), time(0)),),) * 7
    assert grammar.week({"mon": "20:00-04:00", "tue": "04:00-09:00"})[1] == (Span(time(4), time(9)),)


def test_days_and_times_of_summaries_are_read() -> None:
    assert grammar.weekly("mon 08:30") == (0, time(8, 30))
    assert grammar.weekly("Friday  17:00") == (4, time(17))
    assert grammar.monthly("1st 09:00") == (1, time(9))
    assert grammar.monthly("22nd 9:00") == (22, time(9))
    assert grammar.monthly("3 09:00") == (3, time(9))


@pytest.mark.parametrize("value", ["31st 09:00", "29th 09:00", "0 09:00", "first 09:00", "1st", "", 1])
def test_a_day_that_some_month_lacks_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="allowed: 1st to 28th, the days that every month has"):
        grammar.monthly(value)


@pytest.mark.parametrize(
    ("value", "dates"),
    [
        ("2026-12-20..2027-01-03", ((date(2026, 12, 20), date(2027, 1, 3)),)),
        ("2026-12-24", ((date(2026, 12, 24), date(2026, 12, 24)),)),
        (date(2026, 12, 24), ((date(2026, 12, 24), date(2026, 12, 24)),)),
        (
            ["2026-12-24", "2027-05-01..2027-05-02"],
            ((date(2026, 12, 24), date(2026, 12, 24)), (date(2027, 5, 1), date(2027, 5, 2))),
        ),
    ],
)
def test_dates_of_absence_are_read(value: Any, dates: Any) -> None:
    assert grammar.away(value) == dates


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2027-01-03..2026-12-20", '"2027-01-03..2026-12-20" ends before it begins'),
        ("2026-02-30", '"2026-02-30" are no dates. Write them like "2026-12-20..2027-01-03"'),
        ("christmas", '"christmas" are no dates. Write them like "2026-12-20..2027-01-03"'),
        (7, '7 are no dates. Write them like "2026-12-20..2027-01-03"'),
    ],
)
def test_dates_that_are_none_are_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.away(value)

    assert str(refused.value) == why


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata"])
def test_a_zone_is_a_place(name: str) -> None:
    assert grammar.zone(name) == name


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (
            "CEST",
            '"CEST" is no time zone. A zone is named after a place, and summer time follows by itself: "Europe/Berlin"',
        ),
        (
            "Mars/Base",
            (
                '"Mars/Base" is no time zone. Write a place from the list of zones, '
                'such as "Europe/Berlin" or "America/New_York"'
            ),
        ),
        ("Europe/Berln", '"Europe/Berln" is no time zone. Did you mean "Europe/Berlin"?'),
        ("europe/london", '"europe/london" is no time zone. Did you mean "Europe/London"?'),
        (1, '1 is no time zone. Write a place, such as "Europe/Berlin"'),
    ],
)
def test_a_zone_that_is_none_is_refused_with_a_hint(value: Any, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.zone(value)

    assert str(refused.value) == why


@pytest.mark.parametrize(
    "value", ["../../etc/passwd", "/etc/localtime", "Europe", "", "\0", "a" * 5000, "Europe/Berlin\n"]
)
def test_a_zone_is_never_a_path(value: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        grammar.zone(value)


def test_a_time_that_the_clocks_skip_is_known() -> None:
    assert grammar.skipped(time(2, 30), "Europe/Berlin") == (date(2027, 3, 28), time(3))
    assert grammar.skipped(time(2, 30), "America/New_York") == (date(2027, 3, 14), time(3))
    assert grammar.skipped(time(1, 59), "Europe/Berlin") is None
    assert grammar.skipped(time(3), "Europe/Berlin") is None
    assert grammar.skipped(time(2, 30), "UTC") is None


def test_holidays_are_those_of_a_country_or_its_region() -> None:
    assert grammar.holidays_of("DE-BE") == "DE-BE"
    assert grammar.holidays_of("de-by") == "DE-BY"
    assert grammar.holidays_of("US") == "US"
    assert grammar.holidays_of("DE-augsburg") == "DE-Augsburg"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("XX", '"XX" is no country whose holidays I know. Write "DE", or with its region "DE-BE"'),
        (["DE"], '[\'DE\'] is no country whose holidays I know. Write "DE", or with its region "DE-BE"'),
        ("DE-XX", '"DE-XX": DE has no such region. Known: BB, BE, BW, '),
    ],
)
def test_holidays_of_nowhere_are_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.holidays_of(value)

    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1 USD", (1_000_000, "USD")),
        ("0.50 EUR", (500_000, "EUR")),
        ("0.000001USD", (1, "USD")),
        ("500 calls", (500_000_000, "calls")),
    ],
)
def test_money_is_counted_in_millionths(text: str, found: tuple[int, str]) -> None:
    assert grammar.money(text) == found


@pytest.mark.parametrize(
    "value", ["1", "$1", "1 usd", "-1 USD", "0 USD", "1e3 USD", "1,50 EUR", 1, "1000001 USD", "1 US"]
)
def test_money_without_a_currency_or_beyond_reason_is_refused(value: Any) -> None:
    with pytest.raises(ValueError) as refused:
        grammar.money(value)

    assert str(refused.value) == (
        f'{grammar.shown(value)} is no sum of money. Write it like "1 USD" or "0.50 EUR", up to 1,000,000 a day, '
        'or "500 calls" for a site that counts calls'
    )


@pytest.mark.parametrize(
    "text", ["ana@example.org", "Ana+reviews@Example.ORG", "root@localhost", "a.b@café.example", "x@münchen.example"]
)
def test_a_mail_address_is_read(text: str) -> None:
    assert addresses.mail_address(text) == text


@pytest.mark.parametrize(
    "value",
    [
        *["ana", "ana@", "@example.org", "Ana <ana@example.org>", "a@b@", "a b@example.org", "a@-x.org", 5, None],
        *["a@example.org\r\nBcc: x@y.z", "a..b@example.org", "a@example..org", "a@" + "x" * 64 + ".org"],
        "x" * 65 + "@example.org",
    ],
)
def test_a_mail_address_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is no mail address"):
        addresses.mail_address(value)


@pytest.mark.parametrize("text", ["https://example.org", "http://127.0.0.1:8080/x", "https://[::1]:9/"])
def test_a_web_address_is_read(text: str) -> None:
    assert addresses.web_address(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ftp://example.org", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("javascript:alert(1)", "must begin with"),
        ("example.org", "must begin with"),
        ("https://", "must begin with"),
        ("https://user:hunter22@example.org", "secrets have keys of their own"),
        ("https://example.org/?token=abc", 'must end before any "?"'),
        ("https://example.org/#x", 'must end before any "?"'),
        ("https://exa mple.org", "spaces, backslashes or control characters"),
        ("https://example.org\\@evil.example", "spaces, backslashes or control characters"),
        ("https://example.org:99999", "is no web address"),
        ("https://example.org:0", "must begin with"),
        ("https://[::1", "is no web address"),
    ],
)
def test_a_web_address_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        addresses.web_address(text)
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://example.org", False),
        ("https://8.8.8.8", False),
        ("http://127.0.0.1", True),
        ("http://10.1.2.3:80", True),
        ("http://169.254.169.254", True),
        ("http://[::1]", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://localhost:8000", True),
        ("http://wordpress", True),
        ("http://shop.lan", True),
        ("http://nas.local.", True),
        ("http://2130706433", True),
        ("http://100.64.0.1", True),
    ],
)
def test_an_address_on_a_private_net_is_known(address: str, private: bool) -> None:
    assert addresses.is_private(address) is private


@pytest.mark.parametrize("value", ["ops@example.org", "https://example.org/contact"])
def test_a_contact_is_a_mail_or_web_address(value: str) -> None:
    assert addresses.contact(value) == value


@pytest.mark.parametrize("value", ["ops@example.org\r\nX: y", "me", "ops@münchen.example", 5])
def test_a_contact_that_fits_no_header_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        addresses.contact(value)


@pytest.mark.parametrize("text", ["refund", "(a+)+$", "^never again", "a{1,5}"])
def test_a_pattern_runs_in_linear_time(text: str) -> None:
    assert grammar.pattern(text) == text


@pytest.mark.parametrize("value", ["(?=a)", r"(a)\1", "(", "(a{1000}){1000}", "", 5, "x" * 1001])
def test_a_pattern_that_could_be_slow_is_refused_with_the_reason(value: Any) -> None:
    with pytest.raises(ValueError, match="is no pattern"):
        grammar.pattern(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\nb\x1b", '"a�b�"'), ("x" * 50, f'"{"x" * 40}…"'), (True, "true"), (5, "5"), (None, "None")],
)
def test_a_wrong_value_is_shown_short_and_without_control_characters(value: Any, text: str) -> None:
    assert grammar.shown(value) == text


# --- where we listen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, address",
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:1", ("::1", 1)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
        ("monitor.local:80", ("monitor.local", 80)),
    ],
)
def test_an_address_to_listen_at_is_read(text: str, address: tuple[str, int]) -> None:
    assert grammar.listening(text) == address


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", "a b:1", "", 8080]
)
def test_what_is_no_address_to_listen_at_is_refused_with_one_that_is(text: object) -> None:
    with pytest.raises(ValueError, match='Write it like "127.0.0.1:8080"'):
        grammar.listening(text)
