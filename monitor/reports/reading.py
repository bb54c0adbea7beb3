"""Reading an exported CSV back, every value as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from monitor.store.export import COLUMNS
from monitor.text.cells import unguard

if TYPE_CHECKING:
    import pandas as pd

TYPES = {
    "text": "string",
    "json": "string",
    "time": "string",
    "boolean": "boolean",
    "integer": "Int64",
    "float": "Float64",
}


def read_csv(path: Path | str) -> pd.DataFrame:
    """Return the rows of an exported CSV as a frame: times in UTC, numbers as numbers, text as it was said.

    An empty cell is <NA>, but `text` is then the empty text. `topics` and `reasons` are text for json.loads.
    """
    import pandas as pd

    types = {name: TYPES[kind] for name, kind in COLUMNS.items()}
    frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    for name, kind in COLUMNS.items():
        if kind in ("text", "json"):
            frame[name] = frame[name].map(unguard, na_action="ignore")
        elif kind == "time":
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    frame["text"] = frame["text"].fillna("")
    return frame
