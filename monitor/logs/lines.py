"""An event as one line: what strangers or libraries wrote forges nothing, and is never longer than the limit."""

from __future__ import annotations

import io
import json
import math
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

from monitor import clock
from monitor.logs.masking import MASK, masked, names_a_secret

MAX_LINE = 8 * 1024  # bytes
LOOKED_AT = 64 * 1024  # characters of one value; the rest is not even searched for secrets
MOST_FACTS = 30
LIMITS = (3000, 400, 60)  # characters of a value, shorter and shorter until the line fits

Event = MutableMapping[str, Any]


def stamp(_: Any, method: str, event: Event) -> Event:
    """Add level and time."""
    event["level"] = "error" if method == "exception" else method
    event["at"] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def fault(_: Any, method: str, event: Event) -> Event:
    """Turn an exception into text: its frames, not their variables, which may hold texts and secrets."""
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else None
    if error is None and (info is True or method == "exception"):
        error = sys.exc_info()[1]
    elif isinstance(info, tuple):
        error = info[1]
    if error is not None:
        buffer = io.StringIO()
        traceback.print_exception(error, file=buffer)
        event["fault"] = buffer.getvalue()
    return event


def as_json(_: Any, __: str, event: Event) -> str:
    """Return the event as one line of ASCII JSON."""
    for limit in LIMITS:
        facts = _facts(event, limit)
        line = json.dumps(facts, ensure_ascii=True, allow_nan=False)
        if len(line) <= MAX_LINE:
            return line
    kept = {name: facts[name] for name in ("at", "level", "event") if name in facts}
    return json.dumps(kept | {"shortened": True}, ensure_ascii=True)


def as_text(_: Any, __: str, event: Event) -> str:
    """Return the event for a terminal: time, event, key=value, and below it the frames of an exception."""
    facts = _facts(event, LIMITS[0])
    at, level = str(facts.pop("at", ""))[11:19], facts.pop("level", "info")
    name, frames = facts.pop("event", ""), facts.pop("fault", None)
    parts = [f"{_plain(key)}={_quoted(value)}" for key, value in facts.items()]
    mark = "" if level == "info" else f"{level}: "
    line = f"{at}  {mark}{_plain(name)}  {'  '.join(parts)}".rstrip()[:MAX_LINE]
    rows = str(frames).splitlines() if frames else []
    return "\n".join([line, *(f"    {_plain(row)}" for row in rows)])


def _facts(event: Event, limit: int) -> dict[str, Any]:
    """Return what is shown of an event: masked, shortened, the time and the words first."""
    first = [key for key in ("at", "level", "event") if key in event]
    keys = [*first, *(key for key in event if key not in first)]
    return {_text(key)[:100]: _fact(key, event[key], limit) for key in keys[:MOST_FACTS]}


def _fact(key: str, value: object, limit: int) -> Any:
    if key == "fault":  # the end of it says what happened
        return masked(_text(value)[-LOOKED_AT:])[-2 * limit :]
    if isinstance(value, str | bytes) and names_a_secret(key):
        return MASK
    return _value(value, limit)


def _value(value: object, limit: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 64 else _cut(f"{value:#x}", limit)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {_text(key)[:100]: _fact(_text(key), one, limit) for key, one in list(value.items())[:MOST_FACTS]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(one, limit) for one in list(value)[:MOST_FACTS]]
    return _cut(masked(_text(value)[:LOOKED_AT]), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]} [shortened, {len(text)} characters]"


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # a value that cannot be shown is no reason to lose the line
        return f"({type(value).__name__}: {type(error).__name__})"


def _plain(value: object) -> str:
    return _text(value).encode("unicode_escape").decode("ascii")


def _quoted(value: object) -> str:
    text = _plain(value)
    return f'"{text}"' if " " in text or not text else text
