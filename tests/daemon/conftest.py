"""A daemon in this process whose clock the test sets, and the real one as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import conftest as pipeline
from tests.pipeline.conftest import Watch
from tests.town import Town

town, watch = pipeline.town, pipeline.watch  # the same fixtures
on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)

ROOT = Path(__file__).parents[2]

Begin = Callable[..., Watch]


class Process:
    """`monitor run` as a process of its own; what it logs can be waited for."""

    def __init__(self, town: Town, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> None:
        command = [sys.executable, "-m", "monitor", *(arguments or ("run",))]
        command += ["--config", str(town.folder / "monitor.toml")]
        environment = {**os.environ, **town.env, **(env or {})}
        self.began = time.monotonic()
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, **options)
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._more:
                self.lines.append(line.decode())
                self._more.notify_all()

    def wait_for(self, words: str, seconds: float = 30, count: int = 1) -> str:
        """Wait until a line with these words has come (so many times), and return it."""
        end = time.monotonic() + seconds
        with self._more:
            while len(found := [line for line in self.lines if words in line]) < count:
                if not self._more.wait(end - time.monotonic()):
                    pytest.fail(f"no line with {words!r} in {seconds} s:\n{''.join(self.lines)}")
        return found[count - 1]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """Wait for its end and return how it ended."""
        return self._process.wait(seconds)

    def stop(self) -> int:
        """End it in good order."""
        self.tell(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty SQLite database, or with `on_both` once of each kind."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture
def start(town: Town) -> Iterator[Callable[..., Process]]:
    """Return a function that starts the real command over the town; all of them are gone after the test."""
    started: list[Process] = []

    def begin(*arguments: str, **options: Any) -> Process:
        started.append(Process(town, *arguments, **options))
        return started[-1]

    yield begin
    for process in started:
        process.end()


def until(holds: Callable[[], object], seconds: float = 10) -> bool:
    """Wait until something holds; False when it does not in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())
