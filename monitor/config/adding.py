"""A key put into the text of a configuration file, every other letter of it left as it is.

Nothing here is believed: the new text is read again, and has to mean the old one with that one key in it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from monitor.config.positions import Path, Positions
from monitor.models import Json

_REFERENCE = re.compile(r"\{[^{}\n]*\}")


def line_of(key: str, value: Json) -> str:
    """Return the line that one writes for a key: a text, or a reference to a secret."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name} = {_quoted(item)}" for name, item in value.items())
        return f"{key} = {{ {inside} }}"
    return f"{key} = {_quoted(value)}"


def with_key(text: str, owner: Path, key: str, value: Json) -> str | None:
    """Return the text with a key in one of its tables, in place of the one there; None where that cannot be done.

    `owner` is the table's path: ("sources", 2). Line ends and comments stay.
    """
    places = Positions(text.replace("\r\n", "\n"))
    lines = text.split("\n")
    end = "\r" if lines[0].endswith("\r") else ""
    wanted = _meant(text, owner, key, value)
    if wanted is None:
        return None
    if (there := places.lines.get((*owner, key))) is not None:
        lines[there - 1] = _REFERENCE.sub(lambda _: line_of("", value).removeprefix(" = "), lines[there - 1], count=1)
        return _if_meant(lines, wanted)
    keys = {line for path, line in places.lines.items() if path[: len(owner)] == owner and len(path) == len(owner) + 1}
    for line in sorted(keys, reverse=True):
        indent = re.match(r"[ \t]*", lines[line - 1])
        added = f"{indent[0] if indent else ''}{line_of(key, value)}{end}"
        if (found := _if_meant([*lines[:line], added, *lines[line:]], wanted)) is not None:
            return found
    return None


def _meant(text: str, owner: Path, key: str, value: Json) -> dict[str, Any] | None:
    wanted = _read(text)
    if wanted is None:
        return None
    table: Any = wanted
    for part in owner:
        table = table[part]
    table[key] = value
    return wanted


def _if_meant(lines: list[str], wanted: dict[str, Any]) -> str | None:
    text = "\n".join(lines)
    return text if _read(text) == wanted else None


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _quoted(value: object) -> str:
    # JSON escapes as TOML does, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
