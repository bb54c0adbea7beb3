"""The steps from one shape of the tables to the next, in order; each file in `versions` is one.

A file's name begins with its revision (0001, 0002…), so that it is known without Alembic which
one is the newest: importing Alembic costs more than opening a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

VERSION_TABLE = "monitor_version"
PROGRAM_VERSION = "program_version"  # the row of `meta` that says which version made the tables what they are


@dataclass(frozen=True)
class Migrations:
    """A folder of migrations: `env.py` and `versions/NNNN_what.py`."""

    folder: Path

    @cached_property
    def revisions(self) -> tuple[str, ...]:
        """Return the revisions, oldest first."""
        files = (self.folder / "versions").glob("[0-9]*.py")
        return tuple(sorted(file.name.partition("_")[0] for file in files))

    @property
    def head(self) -> str:
        """Return the newest revision."""
        return self.revisions[-1]


OWN = Migrations(Path(__file__).parent)
