"""Who is told what, when, and why not: decisions as pure functions. `now` is always an argument.

severity   how much hurry
rules      which rules ask for a mention
decide     a new or edited mention → who is told, or the reason why nobody is
fold       when many messages become one
retry      when to try again, when to look again
health     how a source is doing, and when to say so
"""

from monitor.policy.decide import Before, Change, Decider, Decision, NotTold, decide
from monitor.policy.fold import WINDOW, Fold, flooded, fold, usual_rate
from monitor.policy.health import HealthBefore, LookOutcome, Verdict, health, reminder
from monitor.policy.retry import next_poll, next_try
from monitor.policy.rules import asks_for, pattern_problem
from monitor.policy.severity import severity

__all__ = [
    "WINDOW",
    "Before",
    "Change",
    "Decider",
    "Decision",
    "Fold",
    "HealthBefore",
    "LookOutcome",
    "NotTold",
    "Verdict",
    "asks_for",
    "decide",
    "flooded",
    "fold",
    "health",
    "next_poll",
    "next_try",
    "pattern_problem",
    "reminder",
    "severity",
    "usual_rate",
]
