"""Log lines: one a poll and one a delivery; a short past-tense event and facts as keys.

key=value on a terminal, one line of ASCII JSON otherwise, at most 8 KiB, secrets masked, and a
fault that repeats ten thousand times a minute makes twenty lines and a counter. A log that cannot
be written (disk full, terminal gone) never stops the watch.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from monitor import clock

MAX_LINE = 8 * 1024
LINES_A_MINUTE = 20  # of one event about one source or channel
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

# What gives a secret away by its shape, wherever it stands: in an address, a header, a dialogue.
_SHAPES = (
    (re.compile(r"(?i)\b(authorization|proxy-authorization|cookie|set-cookie|x-api-key)(['\"]?\s*[:=]\s*)[^\n,}]{1,4000}"), r"\1\2***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(?i)(https?://)[^\s/@'\"]{1,300}@"), r"\1***@"),
    (re.compile(r"(?i)(hooks\.slack\.com/(?:services|workflows|triggers)/)[^\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)(discord(?:app)?\.com/api/webhooks/)[^\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)(https?://[^\s'\"?#]{1,300})[?#][^\s'\"]*"), r"\1?***"),
    (re.compile(r"(?i)\b(pass(?:word)?|secret|token|api[_-]?key|access[_-]?key)(['\"]?\s*[:=]\s*)['\"]?[^\s,'\"}]{1,500}"), r"\1\2***"),
    (re.compile(r"(?i)\b(AUTH (?:PLAIN|LOGIN|XOAUTH2))\s+\S+"), r"\1 ***"),
    (re.compile(r"\b(xox[a-z]-)[A-Za-z0-9-]{6,}"), r"\1***"),
)  # fmt: skip

_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Mask these values in every line from now on."""
    _known.update(secret for secret in secrets if len(secret) >= 4)


def masked(text: str) -> str:
    """Return the text without what looks like, or is known to be, a secret."""
    for secret in _known:
        text = text.replace(secret, "***")
    for shape, mask in _SHAPES:
        text = shape.sub(mask, text)
    return text


class _Limiter:
    """Lets the first lines of an event through and counts the rest of the minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[float, int]] = {}

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        key = (method, str(event.get("event")), str(event.get("source", "")), str(event.get("channel", "")))
        now = clock.monotonic()
        with self._lock:
            began, count = self._seen.get(key, (now, 0))
            if now - began >= 60:
                if count > LINES_A_MINUTE:
                    event["left_out"] = count - LINES_A_MINUTE
                began, count = now, 0
            self._seen[key] = (began, count + 1)
            if len(self._seen) > 50_000:
                self._seen.clear()
        if count >= LINES_A_MINUTE:
            raise structlog.DropEvent
        return event


def _stamp(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = method
    event["at"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _fault(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn exc_info into text: the frames, not the locals."""
    info = event.pop("exc_info", None)
    if method == "exception" or info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        buffer = io.StringIO()
        traceback.print_exception(*info, file=buffer)
        event["fault"] = buffer.getvalue()
    return event


def as_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as one line of ASCII JSON, shortened to the limit."""
    text = masked(json.dumps(_ordered(event), default=str, ensure_ascii=True))
    if len(text) <= MAX_LINE:
        return text
    short = {key: str(value)[:400] for key, value in list(_ordered(event).items())[:15]}
    text = masked(json.dumps(short | {"shortened": True}, ensure_ascii=True))
    return text if len(text) <= MAX_LINE else json.dumps({"event": "line too long", "shortened": True})


def as_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event for a terminal: time, event, key=value; controls escaped, so nothing can be forged."""
    facts = dict(_ordered(event))
    at, level = str(facts.pop("at"))[11:19], facts.pop("level")
    name, fault = facts.pop("event", ""), facts.pop("fault", None)
    parts = [f"{key}={_plain(value)}" for key, value in facts.items()]
    mark = "" if level == "info" else f"{level}: "
    line = masked(f"{at}  {mark}{_plain(name, quote=False)}  {'  '.join(parts)}".rstrip())[:MAX_LINE]
    if fault:
        trace = masked(str(fault))[-MAX_LINE:]
        line += "\n" + "\n".join("    " + _plain(row, quote=False) for row in trace.splitlines())
    return line


def _plain(value: object, *, quote: bool = True) -> str:
    text = str(value).encode("unicode_escape").decode("ascii")
    return f'"{text}"' if quote and (" " in text or not text) else text


def _ordered(event: MutableMapping[str, Any]) -> dict[str, Any]:
    first = {key: event[key] for key in ("at", "level", "event") if key in event}
    return first | {key: value for key, value in event.items() if key not in first}


class _Stream:
    """A stream that swallows what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                pass  # disk full, pipe closed, terminal gone: the watch goes on

    debug = info = warning = error = critical = exception = log = msg


def use(level: str = "info", stream: TextIO | None = None, *, json_lines: bool | None = None) -> None:
    """Set logging up for this process."""
    stream = stream or sys.stderr
    if json_lines is None:
        json_lines = not stream.isatty()
    structlog.configure(
        processors=[_Limiter(), _stamp, _fault, as_json if json_lines else as_text],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Stream(stream),
        cache_logger_on_first_use=False,
    )
