"""A connector of one's own: a file that works on a made-up site, a sample of what that answers, and its exam."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor import config
from monitor.cli.screen import show
from monitor.errors import UsageError
from monitor.plugins import connectors

FOLDER = "my_connectors"
"""What the folder is called where the configuration names none."""
PARTS = {"connector.txt": "{name}.py", "sample.json": "tests/{name}.json", "exam.txt": "tests/test_{name}.py"}


def run(name: str, file: Path, command: str) -> None:
    """Write the three files of a connector and say what to do with them. Raises UsageError: a name that cannot be."""
    house = _house(file)
    named = house.get("own_connectors")
    folder = file.parent / (named if isinstance(named, str) and named else FOLDER)
    _check(name, folder)
    words = {"@NAME@": name, "@TITLE@": name.replace("_", " ").capitalize(), "@CLASS@": _class(name)}
    written = [_write(folder / place.format(name=name), part, words) for part, place in PARTS.items()]
    for path, what in zip(written, ("the connector", "an answer of the site", "its exam"), strict=True):
        show(f"{path}: {what}")
    if not named:
        show(_name_folder(file, house))
    print()
    show(f"It reads a made-up site, and its exam is green: python -m pytest {written[2]}")
    show("Put an answer of your site into the sample, and change the connector until the exam is green again.")
    show("docs/connectors.md leads through it, under “A connector of your own”.")
    show(f'A source with connector = "{name}" uses it; {command} poll SOURCE --dry-run shows what it brings.')


def _house(file: Path) -> Mapping[str, Any]:
    """Return `[monitor]` of a configuration; nothing where there is none yet. Raises ConfigError: no TOML."""
    tables = config.read_file(file)[1] if file.exists() else {}
    house = tables.get("monitor")
    return house if isinstance(house, dict) else {}


def _check(name: str, folder: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name) or keyword.iskeyword(name):
        raise UsageError(f"`{name[:60]}` is no name for a connector: small letters, digits and _, such as our_forum")
    known = connectors(folder if folder.is_dir() else None)
    if name in known:
        where = folder / f"{name}.py" if known.origin(name) == "own" else "the program"
        raise UsageError(f"there is a connector `{name}` already, in {where}: choose another name")
    for place in PARTS.values():
        if (path := folder / place.format(name=name)).exists():
            raise UsageError(f"{path} is there already: choose another name, or move it away")


def _write(path: Path, part: str, words: Mapping[str, str]) -> Path:
    text = Path(__file__).with_name(part).read_text(encoding="utf-8")
    for mark, word in words.items():
        text = text.replace(mark, word)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _class(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _name_folder(file: Path, house: Mapping[str, Any]) -> str:
    """Write into the configuration where own connectors are; return that, or which line to write."""
    line = config.line_of("own_connectors", FOLDER)
    text = file.read_text(encoding="utf-8") if house else ""
    changed = config.with_key(text, ("monitor",), "own_connectors", FOLDER) if house else None
    if changed is None:
        return f"Write {line} into [monitor] of {file}, which stands beside that folder."
    file.write_text(changed, encoding="utf-8")
    return f"{file}: has {line} now"
