"""How this program was started, so that the next line to type is the exact one."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STARTED_AS = "MONITOR_STARTED_AS"
"""Set by whoever starts the program for a person, such as make.py: the words they type before a command."""


def command(
    env: Mapping[str, str] = os.environ, typed: Sequence[str] = tuple(sys.orig_argv), script: str = sys.argv[0]
) -> str:
    """Return what one types before a command: `monitor`, `python3 make.py monitor`, and so on."""
    if started := env.get(STARTED_AS):
        return started
    if env.get("UV_RUN_RECURSION_DEPTH"):
        return "uv run monitor"
    if Path(script).name == "__main__.py":
        return f"{shlex.quote(Path(typed[0]).name if '/' not in typed[0] else typed[0])} -m monitor"
    found = shutil.which("monitor", path=env.get("PATH"))
    if found and Path(found).resolve() == Path(script).resolve():
        return "monitor"
    return shlex.quote(script)
