"""The fitted tables of the scorer "reviews": one small file, read without numpy.

`reviews.json` says where the numbers come from and holds the few that have a name; `reviews.bin`
holds, for each language, the groups of words and one signed byte each. Both are written by
bench/fit_scorer.py.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from sys import intern
from typing import Any

Group = str | tuple[str, str]
"""A word, or two that stand beside each other. A pair is no string, because making one takes longer than a look-up."""

MANIFEST, TABLES = "reviews.json", "reviews.bin"


@dataclass(frozen=True, slots=True)
class Table:
    """What a language's words weigh."""

    bias: float
    scale: float  # of one step of a group's byte, in log-odds
    groups: Mapping[Group, int]
    numbers: tuple[float, ...] = ()
    phrases: Mapping[str, float] | None = None  # by "kind:name"


@cache
def manifest() -> dict[str, Any]:
    """Return what is known of the tables: sets, rows, the command, figures, sections of the file."""
    read: dict[str, Any] = json.loads(resources.files("monitor.scoring").joinpath(MANIFEST).read_text("utf-8"))
    return read


def table(language: str) -> Table | None:
    """Read the table of a two-letter language; None where there is none."""
    entry = manifest()["tables"].get(language)
    if entry is None:
        return None
    start, size = entry["section"]
    with resources.files("monitor.scoring").joinpath(TABLES).open("rb") as file:
        file.seek(start)
        content = file.read(size)
    return Table(
        entry["bias"],
        entry["scale"],
        {from_words(words): weight for words, weight in unpacked(content).items()},
        tuple(entry.get("numbers", ())),
        entry.get("phrases"),
    )


def packed(groups: Sequence[str], weights: Sequence[int]) -> bytes:
    """Return groups and their bytes as one section. The same content is the same bytes."""
    names = "\n".join(groups).encode()
    return zlib.compress(len(names).to_bytes(4, "big") + names + array("b", weights).tobytes(), 9)


def unpacked(section: bytes) -> dict[str, int]:
    """Return what `packed` wrote."""
    content = zlib.decompress(section)
    end = 4 + int.from_bytes(content[:4], "big")
    return dict(zip(content[4:end].decode().split("\n"), array("b", content[end:]), strict=True))


def in_words(group: Group) -> str:
    """Return a group as it stands in the file."""
    return group if isinstance(group, str) else " ".join(group)


def from_words(words: str) -> Group:
    """Return the group that `in_words` wrote."""
    first, space, second = words.partition(" ")
    return (intern(first), intern(second)) if space else intern(first)
