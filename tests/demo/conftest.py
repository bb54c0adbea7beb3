"""The demo, run once as somebody runs it: in an empty folder, with an empty environment."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = (sys.executable, "-m", "monitor", "demo")
ENV = {"PYTHONPATH": str(ROOT)}  # where the program is; nothing else


@dataclass(frozen=True)
class Shown:
    """What a run of the demo left behind."""

    folder: Path
    code: int
    out: str
    err: str
    seconds: float

    @property
    def wrote(self) -> Path:
        """The folder it made."""
        return self.folder / "monitor-demo"


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo, piped."""
    folder = tmp_path_factory.mktemp("empty")
    began = time.monotonic()
    done = subprocess.run(DEMO, cwd=folder, env=ENV, capture_output=True, text=True, timeout=60)
    return Shown(folder, done.returncode, done.stdout, done.stderr, time.monotonic() - began)
