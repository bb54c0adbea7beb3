"""The daemon: ticks, hands work to threads, and is the one thread that writes.

loop       what is done when
arrivals   what is pushed to us: believed, pursued, and stored before the sender hears that it is
writing    the one thread that writes, and what it does while the database does not answer
pulse      `schedule`, and clocks that jump
changing   a changed configuration
alarm      what is said when nothing can be stored any more
service    the system around it: signals, the service manager, the lock, what the machine allows
"""

from monitor.daemon.arrivals import Arrivals
from monitor.daemon.loop import Counts, Daemon
from monitor.daemon.service import hold_lock, notify, signals

__all__ = ["Arrivals", "Counts", "Daemon", "hold_lock", "notify", "signals"]
