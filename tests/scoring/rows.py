"""Labelled posts to measure on, when the folder that holds them is here. They are other people's words."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

from tests.samples import ROOT

MISSING = "labelled posts are not here: point MONITOR_SHARED at the folder that holds data/sentiment"


def sentiment_folder() -> Path | None:
    """Return the folder of labelled sets, or None where there is none."""
    shared = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared")
    folder = shared / "data" / "sentiment"
    return folder if folder.is_dir() else None


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """Yield every row with its set's name as `set`."""
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield {**row, "set": path.name.removesuffix(".csv.gz")}
