"""In which order an answer is worth most: each cause alone moves a case the way it should."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.inbox import Waiting, worth
from monitor.models import CaseState, Kind, Severity
from tests.builders import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CASE = Waiting(CaseState.OPEN, Severity.HIGH, Kind.POST, NOON - HOUR, NOON - HOUR, NOON + 3 * HOUR, audience=5_000)


def value(**changes: Any) -> float:
    return worth(replace(CASE, **changes), NOON).value


@pytest.mark.parametrize(
    "more, less",
    [
        ({"severity": Severity.CRITICAL}, {}),
        ({}, {"severity": Severity.NORMAL}),
        ({"audience": 250_000}, {}),
        ({}, {"audience": 10}),
        ({"audience": None}, {"audience": 3}),  # unknown is not zero
        ({}, {"written_at": NOON - DAY}),  # most have read it
        ({"kind": Kind.REVIEW, "written_at": NOON - DAY}, {"written_at": NOON - DAY}),  # a review is read for months
        ({"kind": Kind.MESSAGE, "written_at": NOON - 30 * DAY}, {"written_at": NOON - 30 * DAY}),
        ({}, {"assignee": "ana", "state": CaseState.CLAIMED}),
        ({"assignee": "ana", "state": CaseState.CLAIMED}, {"state": CaseState.ANSWERED}),
        ({"due_at": NOON + HOUR}, {}),
        ({"due_at": NOON - HOUR}, {"due_at": NOON + HOUR}),
    ],
)
def test_each_cause_alone_moves_a_case(more: dict[str, Any], less: dict[str, Any]) -> None:
    assert value(**more) > value(**less)


def test_what_is_long_overdue_is_worth_no_more_than_twice() -> None:
    assert value(due_at=NOON - 30 * DAY) == pytest.approx(2 * value(due_at=None))


def test_danger_stays_before_what_is_merely_new() -> None:
    old_danger = value(severity=Severity.CRITICAL, written_at=NOON - 30 * DAY)

    assert old_danger > value(severity=Severity.NORMAL)


def test_an_old_post_is_still_worth_something() -> None:
    assert value(written_at=NOON - 365 * DAY) > 0


@pytest.mark.parametrize(
    "changes, reasons",
    [
        ({}, ("high", "5,000 readers", "most readers still to come")),
        ({"severity": Severity.CRITICAL}, ("danger or a very large audience", "5,000 readers",
                                           "most readers still to come")),
        ({"audience": 12, "written_at": NOON - 3 * DAY}, ("high", "most have read it")),
        ({"due_at": NOON - HOUR, "audience": None}, ("high", "most readers still to come", "overdue")),
        ({"due_at": NOON + HOUR / 2, "audience": None},
         ("high", "most readers still to come", "more than half of the time is gone")),
        ({"state": CaseState.ANSWERED, "kind": Kind.MESSAGE, "audience": None}, ("high", "said to be answered")),
    ],
)  # fmt: skip
def test_the_reasons_are_said(changes: dict[str, Any], reasons: tuple[str, ...]) -> None:
    assert worth(replace(CASE, **changes), NOON).reasons == reasons
