"""Several real processes that do the same at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import sqlalchemy as sa
from monitor.errors import MonitorError
from monitor.store import open_store, schema
from monitor.store.migrations import OWN, Migrations
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
"""


def together(code: str, *arguments: str, count: int = 2) -> list[str]:
    """Run Python code in several processes that all have finished their imports; return what each printed."""
    command = [sys.executable, "-c", START + code, *arguments]
    running = [
        subprocess.Popen(command, cwd=ROOT, text=True, stdin=-1, stdout=-1, stderr=subprocess.STDOUT)
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate()[0] for process in running]
