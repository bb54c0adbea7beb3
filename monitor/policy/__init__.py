"""Who is told what, when, and why not: decisions as pure functions. `now` is always an argument.

severity   how much hurry
ladder     whom to remind, and when, while no answer can be seen
rules      which rules ask for a mention
decide     a new or edited mention → who is told, or the reason why nobody is
fold       when many messages become one
retry      when to try again, when to look again
health     how a source is doing, and when to say so
"""

from monitor.policy.decide import Before, Change, Decider, Decision, NotTold, decide
from monitor.policy.fold import WINDOW, Fold, flooded, fold, usual_rate
from monitor.policy.health import HealthBefore, LookOutcome, Verdict, health, reminder
from monitor.policy.ladder import (
    IN_THE_DIGEST,
    MOST_MESSAGES,
    Timing,
    back_on_duty,
    has_come,
    has_upper,
    is_away,
    is_verifiable,
    next_at,
    present,
    receivers,
    timing,
)
from monitor.policy.retry import next_poll, next_try
from monitor.policy.rules import asks_for, pattern_problem, unmet
from monitor.policy.severity import severity

__all__ = [
    "IN_THE_DIGEST",
    "MOST_MESSAGES",
    "WINDOW",
    "Before",
    "Change",
    "Decider",
    "Decision",
    "Fold",
    "HealthBefore",
    "LookOutcome",
    "NotTold",
    "Timing",
    "Verdict",
    "asks_for",
    "back_on_duty",
    "decide",
    "flooded",
    "fold",
    "has_come",
    "has_upper",
    "health",
    "is_away",
    "is_verifiable",
    "next_at",
    "next_poll",
    "next_try",
    "pattern_problem",
    "present",
    "receivers",
    "reminder",
    "severity",
    "timing",
    "unmet",
    "usual_rate",
]
