"""What comes in is judged, stored and decided in one place, whichever way it came: poll, re-check, push, import.

judging    pure: raw entries → mentions with a score; runs where the page was read
routing    who hears of what, from the configuration
taking     the one transaction: mention, version, score, case, alert and deliveries, or nothing
answers    the company's answers that a site shows, and what they do to a case
duty       who is away
again      deciding again about what is stored
silence    what staff asked not to be told of for a while
casework   an event and the new state of its case, written together
mending    what the audit does about a case that cannot stand as it does
telling    messages about the watch itself, about a source, about a case
learning   what staff marked moves what alerts on a source
"""

from monitor.intake.again import Again, backfill, decide_again, replayed, tell_again, would_have_sent
from monitor.intake.answers import observe, posted, removed
from monitor.intake.casework import happen, plan, steps_of, value_of
from monitor.intake.duty import people_now, said_away, say_away
from monitor.intake.judging import Judged, Normalised, judge, merged, normalised
from monitor.intake.learning import catch_up, learn, offset_of
from monitor.intake.mending import give_case, give_mention, record, see_answers, set_right
from monitor.intake.routing import QUIET, Routing
from monitor.intake.silence import HELD as SILENCE
from monitor.intake.silence import held_reason, let_go, matches
from monitor.intake.taking import History, Taken, take
from monitor.intake.telling import hand_over, route_again, tell_case, tell_operator, tell_owners

__all__ = [
    "QUIET",
    "SILENCE",
    "Again",
    "History",
    "Judged",
    "Normalised",
    "Routing",
    "Taken",
    "backfill",
    "catch_up",
    "decide_again",
    "give_case",
    "give_mention",
    "hand_over",
    "happen",
    "held_reason",
    "judge",
    "learn",
    "let_go",
    "matches",
    "merged",
    "normalised",
    "observe",
    "offset_of",
    "people_now",
    "plan",
    "posted",
    "record",
    "removed",
    "replayed",
    "route_again",
    "said_away",
    "say_away",
    "see_answers",
    "set_right",
    "steps_of",
    "take",
    "tell_again",
    "tell_case",
    "tell_operator",
    "tell_owners",
    "value_of",
    "would_have_sent",
]
