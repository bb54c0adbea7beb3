"""Watching: one look at a source, and taking in what it brought.

`look` talks to the network and to nothing else; `take` writes to the database and talks to nobody.
A walk over a source is cut into bites, each one look and one transaction, so that a kill at any
instant costs at most the bite under way. What must survive lies in the source's row: the requests
still to be asked (`walk`), the bookmark, the validators, when to look again.

walk        how far a walk has come, and what one bite of it brought
vault       tokens and the money of the day
consent     an access that a person allows in a browser
endings     keys that will end, announced before they do
signing     secrets: put on in the moment of sending, taken off what comes back
asking      one request: paid, signed, sent, and what the answer means
catch       what the pages brought, normalised and judged
bite        a queue of requests, worked off
answering   an answer of ours, posted in public
looking     the three ways to look: a walk, a re-check, what a site pushed to us
progress    the walk, the bookmark and the next look, written down
condition   how a source is doing, and when the operator hears of it
taking      what a look brought, stored and decided in one transaction
"""

from monitor.polling.answering import Posted, post, prepared
from monitor.polling.condition import remind
from monitor.polling.consent import Invitation, connected_at, invite, note_connected, redeem
from monitor.polling.endings import announce
from monitor.polling.looking import believe, broken_look, look, pursue, receive, recheck
from monitor.polling.taking import LEASE, Taken, introduce, take, take_recheck
from monitor.polling.tools import Tools
from monitor.polling.vault import Vault
from monitor.polling.walk import BiteSize, Look, Walk

__all__ = [
    "LEASE",
    "BiteSize",
    "Invitation",
    "Look",
    "Posted",
    "Taken",
    "Tools",
    "Vault",
    "Walk",
    "announce",
    "believe",
    "broken_look",
    "connected_at",
    "introduce",
    "invite",
    "look",
    "note_connected",
    "post",
    "prepared",
    "pursue",
    "receive",
    "recheck",
    "redeem",
    "remind",
    "take",
    "take_recheck",
]
