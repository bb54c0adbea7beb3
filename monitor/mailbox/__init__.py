"""The only door to mailboxes: reads messages after a UID, and changes nothing there, not even what counts as read.

`line` is imaplib over a socket of ours, with one deadline and one size for everything; `door` logs in, asks and
puts together what came.
"""

from monitor.mailbox.door import DEADLINE, MAX_MAIL, Connect, Mailbox

__all__ = ["DEADLINE", "MAX_MAIL", "Connect", "Mailbox"]
