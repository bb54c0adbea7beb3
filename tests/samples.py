"""Recorded answers of real sites. They hold people's words, so they are not part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MISSING = "recorded answers of real sites are not here: point MONITOR_SHARED at the folder that holds platforms/samples"


def samples_folder() -> Path | None:
    """Return the folder with one folder a site in it, or None where there is none."""
    shared = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared")
    folder = shared / "platforms" / "samples"
    return folder if folder.is_dir() else None
