"""What all tests share: a closed network, a clock, databases of both kinds."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import postgres
from tests.builders import FakeClock
from tests.network import ClosedNetwork
from tests.samples import MISSING, samples_folder

# The same cases at every run; a slow machine is no failure.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

os.environ.pop("MONITOR_CONFIG", None)  # the tests never read somebody's real configuration

QUICK = "not slow"  # what is run when nothing is asked for, as pyproject.toml says

_network = ClosedNetwork()
_modes: postgres.FolderModes | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run, once: parallel workers leave folder modes and signals to the process that started them."""
    global _modes
    _network.close()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A run in the background is told to take no Ctrl-C, and so would be the programs that tests end with it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        if config.option.markexpr == QUICK and config.option.basetemp is None and (memory := postgres.memory()):
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))  # the long proofs' files are too large for it
        _modes = postgres.FolderModes()
        # A run that is told to end stops its servers first, as it does for Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Take the thousands of tests themselves out of what is looked through for garbage."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Leave the machine as it was found."""
    if _modes is not None:
        _modes.restore()


@pytest.fixture(autouse=True)
def closed_network() -> Iterator[ClosedNetwork]:
    """Fail a test that wanted to leave this machine, also when the code under test swallowed the error."""
    _network.tried.clear()
    yield _network
    if _network.tried:
        pytest.fail(_network.tried[0], pytrace=False)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at NOON until it is told to go on."""
    return FakeClock()


@pytest.fixture(scope="session")
def shared_samples() -> Path:
    """The folder of recorded answers, one folder a site; without it the test is skipped."""
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    return folder


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[postgres.Databases]:
    """The run's own PostgreSQL server (one for each parallel worker)."""
    with postgres.server() as url:
        databases = postgres.Databases(url)
        yield databases
        databases.close()


@pytest.fixture
def postgres_url(postgres_databases: postgres.Databases) -> Iterator[str]:
    """The address of an empty PostgreSQL database, this test's own."""
    url = postgres_databases.make()
    yield url
    postgres_databases.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet, this test's own."""
    return f"sqlite:///{tmp_path}/monitor.db"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: Any) -> str:
    """The address of an empty database: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
