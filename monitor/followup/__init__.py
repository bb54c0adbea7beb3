"""Following up: looking again at what open cases are about, and the messages that come by the clock."""

from monitor.followup.absence import Absence, note_alive
from monitor.followup.climbing import climb
from monitor.followup.digest import digest
from monitor.followup.heartbeat import beat
from monitor.followup.recheck import Batch, due_rechecks

__all__ = [
    "Absence",
    "Batch",
    "beat",
    "climb",
    "digest",
    "due_rechecks",
    "note_alive",
    "people_now",
    "said_away",
    "say_away",
]
