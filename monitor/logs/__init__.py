"""Log lines: one a poll and one a delivery; a short past-tense event and facts as keys.

key=value on a terminal, one line of ASCII JSON otherwise, at most 8 KiB, secrets masked, and a
fault that repeats ten thousand times a minute makes twenty lines and a counter. A log that cannot
be written (disk full, terminal gone, nobody reads) never stops the watch.

masking    what must not be read by others
flood      how many lines a minute
lines      an event as text or JSON
stream     where they go
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog

from monitor.logs.flood import LINES_A_MINUTE, Flood
from monitor.logs.lines import MAX_LINE, as_json, as_text, fault, stamp
from monitor.logs.masking import hide, masked
from monitor.logs.stream import Stream

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class _Present:
    """What `use` has set up last."""

    flood = Flood()


def use(level: str = "info", stream: TextIO | None = None, *, json_lines: bool | None = None) -> None:
    """Set logging up for this process: our own lines, and the warnings of libraries."""
    stream = stream or sys.stderr  # None where a program was started without one
    if json_lines is None:
        json_lines = stream is None or not _is_terminal(stream)
    _Present.flood, sink = Flood(), Stream(stream)
    structlog.configure(
        processors=[_Present.flood, stamp, fault, as_json if json_lines else as_text],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Libraries)]
    root.addHandler(_Libraries(logging.WARNING))
    logging.captureWarnings(True)


def count_left_out(*, everything: bool = False) -> None:
    """Log how many lines were left out since, of each kind whose minute is over (or of every kind)."""
    log = structlog.get_logger()
    for kind, count in _Present.flood.left_out(everything=everything):
        log.info("log lines left out", count=count, **kind)


@contextmanager
def unforeseen() -> Iterator[None]:
    """Log what nobody caught in a thread, instead of printing it as it is."""
    before = threading.excepthook, sys.unraisablehook

    def in_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None and what.exc_type is not SystemExit:
            name = what.thread.name if what.thread else "?"
            structlog.get_logger().error("thread ended", thread=name, exc_info=what.exc_value)

    def unraisable(what: Any) -> None:
        if what.exc_value is not None:
            structlog.get_logger().error("clean-up failed", kind=what.exc_type.__name__, exc_info=what.exc_value)

    threading.excepthook, sys.unraisablehook = in_thread, unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


class _Libraries(logging.Handler):
    """Passes on what libraries say through Python's own logging, so that it is masked like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        try:
            said = record.getMessage()
        except (TypeError, ValueError):
            said = str(record.msg)
        event = "library failed" if record.levelno >= logging.ERROR else "library warned"
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(record.levelno, event, library=record.name, said=said, exc_info=error)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False  # closed


__all__ = ["LEVELS", "LINES_A_MINUTE", "MAX_LINE", "count_left_out", "hide", "masked", "unforeseen", "use"]
