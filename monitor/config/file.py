"""The file itself: bytes → the tables of TOML, or the one reason why it cannot be read."""

from __future__ import annotations

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

from monitor.config.positions import Positions
from monitor.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32  # levels of a key or a value; the deepest of ours has four

_PART = r"(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
# tomllib needs seconds for a key of 20,000 parts, and no key of ours has more than four.
_LONG_KEY = re.compile(rf"^[ \t]*\[?\[?[ \t]*(?:{_PART}[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}", re.MULTILINE)

_SENTENCES: tuple[tuple[str, str], ...] = (
    ("Expected '=' after a key", "a line is written `key = value`; here the `=` is missing"),
    ("Invalid value (at end of document)", "the file ends within a list or text that is opened and not closed"),
    ("Invalid value", 'the value is not TOML. Text stands in quotes: name = "app-us"'),
    ("Unclosed array", "a list is opened with `[` and not closed with `]`"),
    ("Unclosed inline table", "a table is opened with `{` and not closed with `}` on the same line"),
    ("Unterminated string", "a text is opened with a quote and not closed"),
    ("Expected newline or end of document", "there is more on the line than one `key = value`"),
    ("Expected ']' at the end", "a table is opened with `[` and not closed with `]`"),
    ("Expected ']]' at the end", "a table of a list is opened with `[[` and not closed with `]]`"),
    ("Unescaped '\\' in a string", r"a backslash in double quotes is written twice; in single quotes once"),
    ("Illegal character '\\n'", "a text is opened with a quote and not closed on the same line"),
    ("Illegal character", "there is a control character in the text"),
    ("Found invalid character", "there is a control character on the line"),
    ("Invalid date", "that is no date or time. Dates of ours stand in quotes"),
    ("Invalid initial character for a key", 'a key has letters, digits, `_` and `-`; any other stands in quotes: "…"'),
    ("Invalid statement", "the line is neither `key = value` nor a table such as [monitor] or [[sources]]"),
    ("Cannot declare", "this table is there already, or its name is taken by a key"),
    ("Cannot overwrite a value", "this key is there already"),
    ("Duplicate inline table key", "a key stands twice in the same `{ … }`"),
    ("Cannot mutate immutable namespace", "a table written as `{ … }` cannot be added to further down"),
    ("Cannot redefine namespace", "this table is there already"),
    ("Exceeds the limit", "a number has thousands of digits"),
)


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text and the tables of a configuration file. Raises ConfigError with the line."""
    text = _text(path)
    if found := _LONG_KEY.search(text):
        raise _refused(path, f"a key has more than {MAX_DEPTH} parts", text.count("\n", 0, found.end()) + 1)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _refused(path, f"lists or tables are nested deeper than {MAX_DEPTH} levels", _deep_line(text)) from None
    except ValueError as error:
        raise _syntax(path, text, str(error)) from None
    if _depth(tables) > MAX_DEPTH:
        raise _refused(path, f"lists or tables are nested deeper than {MAX_DEPTH} levels", _deep_line(text))
    if not tables:
        raise _refused(path, "the file is empty. `monitor init` writes one that works")
    return text, tables


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            body = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(
            path,
            "there is no such file. `monitor init` writes one; or name yours with --config FILE or $MONITOR_CONFIG",
        ) from None
    except OSError as error:
        raise _refused(path, f"the file cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(body) > MAX_BYTES:
        raise _refused(path, f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB, which no configuration is")
    body = body.removeprefix(codecs.BOM_UTF8)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:64]:
        raise _refused(path, "the file is UTF-16. Save it as UTF-8 (Notepad: Save as, Encoding)", 1)
    try:
        return body.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _refused(path, "the file is not UTF-8: an editor saved it in another encoding", line) from None


def _syntax(path: Path, text: str, message: str) -> ConfigError:
    twice = Positions(text).twice
    if twice:
        return ConfigError([_twice(path, *found) for found in twice])
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    line = int(found[1]) if found else text.rstrip().count("\n") + 1
    reason = re.sub(r" \(at .*\)$", "", message)
    sentence = next((ours for theirs, ours in _SENTENCES if theirs in message), f"not TOML: {reason[:80]}")
    if reason.startswith(("Invalid statement", "Expected '='")) and re.search(r"^[\w-]+:( |$)|^- ", text, re.MULTILINE):
        sentence += ". This looks like YAML; the file is TOML"
    return _refused(path, sentence, line)


def _twice(path: Path, key: tuple[str | int, ...], first: int, second: int) -> Problem:
    name = next(part for part in reversed(key) if isinstance(part, str))
    return Problem(f"{path.name}:{second}", f"`{name}` is there twice, first in line {first}. Keep one")


def _depth(tables: dict[str, Any]) -> int:
    # With a list of its own in place of calls: the file decides how deep it is.
    deepest = 0
    left: list[tuple[Any, int]] = [(tables, 1)]
    while left:
        value, depth = left.pop()
        deepest = max(deepest, depth)
        inside = value.values() if isinstance(value, dict) else value
        left += [(item, depth + 1) for item in inside if isinstance(item, (dict, list))]
    return deepest


def _deep_line(text: str) -> int:
    """Return the first line on which MAX_DEPTH brackets are open (brackets in texts count: a hint only)."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        for mark in re.findall(r"[\[\]{}]", line):
            depth += 1 if mark in "[{" else -1
            if depth >= MAX_DEPTH:
                return number
    return 1


def _refused(path: Path, what: str, line: int | None = None) -> ConfigError:
    return ConfigError([Problem(f"{path.name}:{line}" if line else path.name, what)])
