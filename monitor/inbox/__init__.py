"""What staff do with cases: claim, assign, note, snooze, answer, close, reopen."""

from monitor.inbox.acting import act, hand_over

__all__ = ["act", "hand_over"]
