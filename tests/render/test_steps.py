"""What happens next to a case, as a sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.cases import CaseValue
from monitor.models import CaseState, Severity, Step, Team
from monitor.render import Times, next_step
from tests.builders import NOON

HOUR = timedelta(hours=1)
STEPS = (Step(NOON + HOUR, "holder"), Step(NOON + 2 * HOUR, "team"), Step(NOON + 3 * HOUR, "manager"))
UNSEEN = (*STEPS[:2], Step(NOON + timedelta(days=14), "unverified"))
FRONT = Team("front", ("ana", "ben"), manager="mara")


def said(at: datetime | None, steps: tuple[Step, ...] = STEPS, *, now: datetime = NOON, **case: Any) -> str:
    opened = CaseValue(**{"state": CaseState.OPEN, "severity": Severity.HIGH, "opened_at": NOON - HOUR, **case})
    return next_step(opened, steps, at, FRONT, Times(now, "Europe/London"))


@pytest.mark.parametrize(
    "at, case, words",
    [
        (STEPS[0].at, {}, "At 13:00 I remind the team."),
        (STEPS[0].at, {"state": CaseState.CLAIMED, "assignee": "ana"}, "At 13:00 I remind Ana."),
        (STEPS[1].at, {"state": CaseState.CLAIMED, "assignee": "ana"}, "At 14:00 I remind the team."),
        (STEPS[2].at, {}, "At 15:00 it goes to Mara."),
        (NOON + timedelta(days=7), {}, "It stands in the digest until it is answered."),
        (NOON + 4 * HOUR, {"state": CaseState.SNOOZED, "snoozed_until": NOON + 4 * HOUR}, "It is put off until 16:00."),
        (None, {"state": CaseState.CLOSED}, ""),
    ],
)
def test_the_next_step_is_said_with_its_time(at: datetime | None, case: dict[str, Any], words: str) -> None:
    assert said(at, **case) == words


def test_what_no_site_shows_is_closed_unless_somebody_tells() -> None:
    assert said(UNSEEN[2].at, UNSEEN) == "Unless you tell me, I close it as unverified on 8 December 12:00."


def test_a_step_that_has_come_waits_for_nothing_but_the_monitor() -> None:
    assert said(STEPS[0].at, now=NOON + 5 * HOUR) == "As soon as I run I remind the team."


def test_while_nobody_is_there_it_says_when_it_goes_on() -> None:
    waits = NOON + timedelta(hours=2, minutes=30)

    assert said(waits, now=NOON + 2 * HOUR) == "I remind again at 14:30."
