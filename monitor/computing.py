"""One thread at a time does what needs the processor: judging a page, and filling a transaction on SQLite.

Python runs one thread at a time in any case. But SQLite's driver gives the turn away at every row, and against a
thread that computes it waits five milliseconds to have it back: a hundred rows took half a second. So both ask for
this lock. Waiting for the network, for a commit and for a server happens without it. ADR 0009 has the figures.
"""

from __future__ import annotations

import threading

computing = threading.RLock()
