"""What staff do with cases, and in which order it is worth doing.

acting     claim, assign, note, snooze, answer, close, reopen: one event each, with who, when and through what
worth      what an answer is worth now, with the reasons: pure
listing    the cases that wait, in that order
"""

from monitor.inbox.acting import act
from monitor.inbox.listing import waiting
from monitor.inbox.worth import Entry, Waiting, Worth, worth

__all__ = ["Entry", "Waiting", "Worth", "act", "waiting", "worth"]
