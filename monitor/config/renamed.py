"""Keys that have a new name. The old one works for one major version, with a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.config.findings import Findings
from monitor.config.positions import Path


@dataclass(frozen=True, slots=True)
class Renamed:
    """One key that has a new name.

    `table` is the table as one writes it: `monitor`, `monitor.digest`, `hours` (each of them),
    `sources` (each of them). `only` limits it to the sources of one connector or the channels of
    one notifier. `until` is the version that no longer knows the old name.
    """

    table: str
    old: str
    new: str
    until: str
    only: str | None = None


RENAMED: tuple[Renamed, ...] = ()
"""What has been renamed so far, oldest first."""


def apply(renames: Sequence[Renamed], tables: Mapping[str, Any], findings: Findings) -> None:
    """Put the values of old keys under their new names, in place, and warn of each."""
    for renamed in renames:
        for owner, inside, table in _tables(renamed, tables):
            if renamed.old in table:
                _move(renamed, owner, inside, table, findings)


def _move(renamed: Renamed, owner: Path, inside: Path, table: dict[str, Any], findings: Findings) -> None:
    old, new = (*inside, renamed.old), (*inside, renamed.new)
    if renamed.new in table:
        findings.problem(
            owner, f"`{renamed.old}` is the old name of `{renamed.new}`, and both are there. Keep one", old
        )
    else:
        findings.moved[(*owner, *new)] = (*owner, *old)
        table[renamed.new] = table[renamed.old]
        findings.warn(
            owner,
            f"`{renamed.old}` is now called `{renamed.new}`. The old name works until version {renamed.until}",
            old,
        )
    del table[renamed.old]


def _tables(renamed: Renamed, tables: Mapping[str, Any]) -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    first, *rest = renamed.table.split(".")
    value = tables.get(first)
    if first == "hours" and isinstance(value, dict):
        owners: list[tuple[Path, Any]] = [((first, name), entry) for name, entry in value.items()]
    elif isinstance(value, list):
        owners = [((first, number), entry) for number, entry in enumerate(value)]
    else:
        owners = [((first,), value)]
    for owner, entry in owners:
        if renamed.only and not (
            isinstance(entry, dict) and renamed.only in (entry.get("connector"), entry.get("notifier"))
        ):
            continue
        for part in rest:
            entry = entry.get(part) if isinstance(entry, dict) else None
        if isinstance(entry, dict):
            yield owner, tuple(rest), entry
