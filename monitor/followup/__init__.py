"""Following up: looking again at what is stored, messages that come by the clock, and what is kept no longer."""

from monitor.followup.absence import Absence, note_alive
from monitor.followup.climbing import climb
from monitor.followup.digest import digest
from monitor.followup.erasing import Outcome, Wanted, erase, to_erase
from monitor.followup.heartbeat import beat
from monitor.followup.keeping import keep
from monitor.followup.recheck import Batch, due_rechecks
from monitor.followup.rereading import Rereading, due_rereads, late, reread

__all__ = [
    "Absence",
    "Batch",
    "Outcome",
    "Rereading",
    "Wanted",
    "beat",
    "climb",
    "digest",
    "due_rechecks",
    "due_rereads",
    "erase",
    "keep",
    "late",
    "note_alive",
    "people_now",
    "reread",
    "said_away",
    "say_away",
    "to_erase",
]
