"""Worker threads for the network: started when there is work, never waited for at the end.

The standard pool joins its threads at exit; one that hangs in a look would then hold up a clean stop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import structlog

Task = Callable[[], None]

log = structlog.get_logger()


class Crew:
    """Up to `size` threads that work off tasks in the order they came."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0

    def free(self) -> int:
        """Return how many more tasks would start at once."""
        with self._lock:
            return self._size - self._busy

    def busy(self) -> int:
        """Return how many tasks are under way or waiting."""
        with self._lock:
            return self._busy

    def start(self, task: Task) -> None:
        """Have a task done. What it raises is logged; the crew stays whole."""
        with self._lock:
            self._busy += 1
            if self._threads < min(self._busy, self._size):
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                task()
            except Exception as error:
                log.exception("task failed", kind=type(error).__name__)
            finally:
                with self._lock:
                    self._busy -= 1
