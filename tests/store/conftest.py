"""An opened database of each kind, and the migrations of a later version."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.store import Store, open_store
from monitor.store.migrations import OWN, Migrations
from monitor.store.moving import export_all
from tests import postgres
from tests.builders import NOON
from tests.store.rows import fill

WHOLE = ("test_backup.py", "test_moving.py", "test_rescored.py", "test_upgrade.py")
"""Files that copy, move or go over whole databases: their half on PostgreSQL runs with the long proofs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark that half."""
    for item in items:
        if item.path.name in WHOLE and item.path.parent == Path(__file__).parent and "postgres" in item.name:
            item.add_marker(pytest.mark.slow)


class Templates:
    """Databases that are made once and copied for every test, which is much quicker than making them."""

    def __init__(self, folder: Path, databases: Callable[[], postgres.Databases]) -> None:
        self._folder = folder
        self._databases = databases
        self._made: dict[tuple[str, bool], str] = {}

    def copy(self, kind: str, path: Path, *, filled: bool = False) -> str:
        """Return the address of a copy: a file at `path`, or a PostgreSQL database of any name."""
        template = self._made.get((kind, filled)) or self._make(kind, filled)
        if kind == "sqlite":
            shutil.copy(template, path)
            return f"sqlite:///{path}"
        return self._databases().make(template)

    def drop(self, url: str) -> None:
        """Remove a copy from the server. Files go with their folder."""
        if not url.startswith("sqlite"):
            self._databases().drop(url)

    def _make(self, kind: str, filled: bool) -> str:
        path = self._folder / f"{kind}-{filled}.db"
        url = f"sqlite:///{path}" if kind == "sqlite" else self._databases().make()
        with open_store(url, now=NOON) as store:
            if filled:
                with store.write() as conn:
                    fill(conn)
        self._made[kind, filled] = str(path) if kind == "sqlite" else url
        return self._made[kind, filled]


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Databases to be copied; PostgreSQL is started only when one of its kind is wanted."""
    return Templates(tmp_path_factory.mktemp("templates"), lambda: request.getfixturevalue("postgres_databases"))


@pytest.fixture(params=["sqlite", "postgres"])
def full_url(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[str]:
    """The address of a database with all tables and nothing in them; or with rows, where `filled` is asked for."""
    if request.param == "postgres":
        request.getfixturevalue("postgres_databases")
    filled = "filled" in request.fixturenames or "exported" in request.fixturenames
    url = templates.copy(request.param, tmp_path / "monitor.db", filled=filled)
    yield url
    templates.drop(url)


@pytest.fixture
def store(full_url: str) -> Iterator[Store]:
    """That database, opened."""
    opened = open_store(full_url, now=NOON)
    yield opened
    opened.close()


@pytest.fixture
def filled(store: Store) -> Store:
    """A database with rows in every table."""
    return store


@pytest.fixture
def file_store(templates: Templates, tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite database with all tables, opened."""
    opened = open_store(templates.copy("sqlite", tmp_path / "monitor.db"), now=NOON)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
def new_store(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[Store]:
    """A second empty database, of either kind."""
    if request.param == "postgres":
        request.getfixturevalue("postgres_databases")
    url = templates.copy(request.param, tmp_path / "new.db")
    opened = open_store(url, now=NOON)
    yield opened
    opened.close()
    templates.drop(url)


@pytest.fixture(scope="session")
def later(tmp_path_factory: pytest.TempPathFactory) -> Migrations:
    """The migrations of a later version: ours and one more, which makes the table of mentions anew."""
    folder = tmp_path_factory.mktemp("later")
    shutil.copytree(OWN.folder, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    number = f"{int(OWN.head) + 1:04}"
    text = (Path(__file__).parent / "mood.txt").read_text(encoding="utf-8")
    step = folder / "migrations" / "versions" / f"{number}_mood.py"
    step.write_text(text.format(revision=number, before=OWN.head), encoding="utf-8")
    return Migrations(folder / "migrations")


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory, later: Migrations) -> Migrations:
    """The same, but its last step fails half-way."""
    folder = tmp_path_factory.mktemp("failing") / "migrations"
    shutil.copytree(later.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "versions" / f"{later.head}_mood.py").open("a", encoding="utf-8") as file:
        file.write("    raise RuntimeError('half-way')\n")
    return Migrations(folder)


@pytest.fixture(scope="session")
def an_export(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a database with rows in every table; to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("an-export")
    with open_store(templates.copy("sqlite", folder / "monitor.db", filled=True), now=NOON) as store:
        export_all(store, folder / "out", now=NOON)
    return folder / "out"
