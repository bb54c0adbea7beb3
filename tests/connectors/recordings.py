"""Which recorded answers there are, and what plain means make of their text.

What a recording holds is worked out here by other means than the connectors use, so that both must be wrong
in the same way to agree.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from tests.samples import MISSING, samples_folder

ABSENT = Path("absent")


def recordings(site: str, pattern: str = "*") -> list[Path]:
    """Return a site's recordings for `parametrize`; where there are none, one path that stands for them."""
    folder = samples_folder()
    found = sorted((folder / site).glob(pattern)) if folder else []
    return [path for path in found if path.name != "SOURCES.md" and not path.name.endswith(".headers.txt")] or [ABSENT]


def name_of(path: Path) -> str:
    """Return the name of a test's recording."""
    return path.name


def why_absent(path: Path) -> str | None:
    """Return the sentence with which a test is skipped, or None when its recording is there."""
    return MISSING if path == ABSENT else None


def words(markup: str) -> list[str]:
    """Return the words of some markup: tags cut out by force, entities unescaped, spaces forgotten."""
    return html.unescape(re.sub(r"<[a-zA-Z/!][^>]*>", " ", markup)).split()


def squeezed(text: str) -> str:
    """Return a text without any space, for comparing where tags stood between letters."""
    return re.sub(r"\s", "", text)
