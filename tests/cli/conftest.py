"""The command line in a folder of its own, called in this process: what it prints, what it says, how it ends."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection

from monitor.cli import main
from monitor.store import Store, open_store
from tests.builders import NOON

CONFIG = """
[monitor]
database = "sqlite:///monitor.db"
timezone = "Europe/London"

[[sources]]
name = "shop"
connector = "apple_rss"
app_id = "1459969523"

[[channels]]
name = "support"
notifier = "webhook"
url = { env = "SUPPORT_HOOK" }
"""
SECRET = "https://hooks.example/made-up-secret-address"


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything it printed."""
        return self.out + self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs one command, as somebody who pipes its output would."""
    monkeypatch.delenv("COLUMNS", raising=False)
    hook, zone = sys.excepthook, os.environ.get("TZ")

    def one(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    yield one
    sys.excepthook = hook
    structlog.reset_defaults()
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "monitor.db"
    open_store(f"sqlite:///{path}", now=NOON).close()
    return path


class Shop:
    """A folder with a configuration and a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "monitor.toml"
        self.config.write_text(CONFIG, encoding="utf-8")

    def opened(self) -> Store:
        """Open the database."""
        return open_store(f"sqlite:///{self.folder}/monitor.db", now=NOON)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that writes."""
        with self.opened() as store, store.write() as conn:
            yield conn


@pytest.fixture
def shop(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A folder one stands in, with a configuration and an empty database."""
    shutil.copy(empty_database, tmp_path / "monitor.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUPPORT_HOOK", SECRET)
    return Shop(tmp_path)
