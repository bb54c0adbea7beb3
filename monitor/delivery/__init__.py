"""Telling: what is due goes to its channel, once, and what became of it is written down.

`claim` picks the next message of a channel and commits that it is about to go out; `hand_over`
talks to the channel and to nothing else; `settle` writes how it ended. One message at a time is
under way per channel: a kill can leave at most one of which nobody knows whether it arrived.
"""

from monitor.delivery.outbox import Handed, Parcel, claim, hand_over, settle, turn_on
from monitor.delivery.removed import hand_on
from monitor.delivery.scene import scene, told
from monitor.delivery.trial import trials

__all__ = ["Handed", "Parcel", "claim", "hand_on", "hand_over", "scene", "settle", "told", "trials", "turn_on"]
