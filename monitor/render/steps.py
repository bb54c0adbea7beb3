"""What happens next to a case by the clock, as a sentence."""

from __future__ import annotations

from datetime import datetime

from monitor.cases import CaseValue
from monitor.models import CaseState, Step, Team
from monitor.render.inline import person
from monitor.render.phrases import Times, at_time, begun


def next_step(
    case: CaseValue, steps: tuple[Step, ...], next_at: datetime | None, team: Team | None, times: Times
) -> str:
    """Return "At 15:00 I remind Ana.", or nothing where nothing is to happen."""
    if next_at is None:
        return ""
    if case.state is CaseState.SNOOZED and next_at > times.now:
        return f"It is put off until {times.at(next_at)}."
    # What has come already waits for nothing but the monitor to run.
    when = at_time(times.at(next_at)) if next_at > times.now else "as soon as I run"
    step = next((one for one in steps if one.at == next_at), None)
    if step is None:
        # No step of the ladder stands there: nobody is on duty before then, or all have been taken.
        waits = any(one.at <= times.now for one in steps) and any(one.at > times.now for one in steps)
        return f"I remind again {when}." if waits else "It stands in the digest until it is answered."
    if step.to == "unverified":
        return f"Unless you tell me, I close it as unverified {when}."
    if step.to == "manager" and team is not None and team.manager:
        return f"{begun(when)} it goes to {person(team.manager)}."
    holder = person(case.assignee) if case.assignee and step.to == "holder" else ""
    return f"{begun(when)} I remind {holder or 'the team'}."
