"""Following up: looking again at what open cases are about, and the messages that come by the clock."""

from monitor.followup.absence import Absence, note_alive
from monitor.followup.digest import digest
from monitor.followup.heartbeat import beat
from monitor.followup.recheck import Batch, due_rechecks

__all__ = ["Absence", "Batch", "beat", "digest", "due_rechecks", "note_alive"]
