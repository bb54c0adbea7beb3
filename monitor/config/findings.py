"""What was found wrong, each with its place: file, line, table, name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from monitor.config.positions import Path, Positions
from monitor.errors import Problem

NAMES_SHOWN = 12
NAME_SHOWN = 60  # characters
# Likeness to thousands of names costs 0.1 s each; a file with a thousand misspelt ones needs no hint for every one.
HINTS = 50


@dataclass
class Findings:
    """Problems and warnings about one file, told in the order of its lines.

    `owner` is the path of a table: ("sources", 2), ("monitor",), ("hours", "shop").
    `key` is the path inside it: ("every",), ("digest", "at").
    """

    file: FilePath
    text: str
    tables: Mapping[str, Any]
    moved: dict[Path, Path] = field(default_factory=dict)  # new path of a renamed key → where it stands in the file
    hidden: set[str] = field(default_factory=set)  # values of secrets: never in a message
    _problems: list[tuple[Path, Path, str]] = field(default_factory=list)
    _warnings: list[tuple[Path, Path, str]] = field(default_factory=list)
    _hints: int = 0

    @cached_property
    def _positions(self) -> Positions:
        return Positions(self.text)

    def problem(self, owner: Path, what: str, key: Path = ()) -> None:
        """Note something that refuses the file."""
        self._problems.append((owner, key, what))

    def warn(self, owner: Path, what: str, key: Path = ()) -> None:
        """Note something that works and is probably not meant."""
        self._warnings.append((owner, key, what))

    def problems(self, about: Callable[[Path, Path], bool] | None = None) -> list[Problem]:
        """Return all problems in file order, or those of some owners and keys."""
        return self._told([found for found in self._problems if about is None or about(found[0], found[1])])

    def warnings(self) -> list[Problem]:
        """Return all warnings in file order."""
        return self._told(self._warnings)

    def line(self, path: Path) -> int | None:
        """Return the line of a path, or of the nearest thing around it."""
        return self._positions.line(self.moved.get(path, path))

    def nearest(self, name: str, known: Collection[str]) -> str:
        """Return a hint at the nearest name, and the known ones (a dozen at most)."""
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) if self._hints < HINTS else []
        if len(known) > NAMES_SHOWN:
            self._hints += 1
        hint = f"Did you mean `{close[0]}`? " if close else ""
        shown = ", ".join(one[:NAME_SHOWN] for one in list(known)[:NAMES_SHOWN]) or "none"
        rest = f" and {len(known) - NAMES_SHOWN:,} more" if len(known) > NAMES_SHOWN else ""
        return f"{hint}Known: {shown}{rest}."

    def _told(self, found: list[tuple[Path, Path, str]]) -> list[Problem]:
        placed = [(self.line((*owner, *key)), owner, what) for owner, key, what in found]
        placed.sort(key=lambda entry: entry[0] or 0)
        return list(dict.fromkeys(self._one(line, owner, what) for line, owner, what in placed))

    def _one(self, line: int | None, owner: Path, what: str) -> Problem:
        where = f"{self.file.name}:{line}" if line else self.file.name
        table = self.label(owner)
        for secret in self.hidden:
            what = what.replace(secret, "***")
        return Problem(f"{where}: {table}" if table else where, what)

    def label(self, owner: Path) -> str:
        """Return a table as people read it: `sources[2] "shop-us"`, `[hours.shop]`."""
        if not owner:
            return ""
        if len(owner) == 2 and isinstance(owner[1], int):
            listed = self.tables.get(str(owner[0]))
            entry = listed[owner[1]] if isinstance(listed, list) and owner[1] < len(listed) else None
            name = entry.get("name") if isinstance(entry, Mapping) else None
            shown = f' "{name[:NAME_SHOWN]}"' if isinstance(name, str) and name.isprintable() and name else ""
            return f"{owner[0]}[{owner[1]}]{shown}"
        return f"[{'.'.join(str(part) for part in owner)}]"


def key_name(key: Path) -> str:
    """Return a key as one writes it: `digest.at`, `to[1]`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
