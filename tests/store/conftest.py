"""An opened database of each kind, and the migrations of a later version."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from monitor.store import Store, open_store
from monitor.store.migrations import OWN, Migrations
from monitor.store.moving import export_all
from tests import postgres
from tests.builders import NOON
from tests.store.rows import fill


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied: quicker than making them for every test."""
    path = tmp_path_factory.mktemp("tables") / "monitor.db"
    open_store(f"sqlite:///{path}", now=NOON).close()
    return path


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_databases: postgres.Databases) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables, to be copied."""
    url = postgres_databases.make()
    open_store(url, now=NOON).close()
    yield str(make_url(url).database)
    postgres_databases.drop(url)


@pytest.fixture(params=["sqlite", "postgres"])
def full_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with all tables and nothing in them."""
    url: str = request.getfixturevalue(f"full_{request.param}_url")
    return url


@pytest.fixture
def full_sqlite_url(sqlite_with_tables: Path, tmp_path: Path) -> str:
    """The same, on SQLite."""
    shutil.copy(sqlite_with_tables, tmp_path / "monitor.db")
    return f"sqlite:///{tmp_path}/monitor.db"


@pytest.fixture
def full_postgres_url(request: pytest.FixtureRequest) -> str:
    """The same, on PostgreSQL."""
    return _copied_postgres(request)


@pytest.fixture(params=["sqlite", "postgres"])
def new_store(request: pytest.FixtureRequest, sqlite_with_tables: Path, tmp_path: Path) -> Iterator[Store]:
    """A second empty database, of either kind."""
    if request.param == "sqlite":
        shutil.copy(sqlite_with_tables, tmp_path / "new.db")
        url = f"sqlite:///{tmp_path}/new.db"
    else:
        url = _copied_postgres(request)
    opened = open_store(url, now=NOON)
    yield opened
    opened.close()


def _copied_postgres(request: pytest.FixtureRequest) -> str:
    databases: postgres.Databases = request.getfixturevalue("postgres_databases")
    url = make_url(databases.make())
    databases._run(f"drop database {url.database}")
    databases._run(f"create database {url.database} template {request.getfixturevalue('postgres_with_tables')}")
    address = url.render_as_string(hide_password=False)
    request.addfinalizer(lambda: databases.drop(address))
    return address


@pytest.fixture
def store(full_url: str) -> Iterator[Store]:
    """An empty database with all tables."""
    opened = open_store(full_url, now=NOON)
    yield opened
    opened.close()


@pytest.fixture
def file_store(full_sqlite_url: str) -> Iterator[Store]:
    """The same, on SQLite only."""
    opened = open_store(full_sqlite_url, now=NOON)
    yield opened
    opened.close()


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


@pytest.fixture
def filled(store: Store) -> Store:
    """A database with rows in every table."""
    with store.write() as conn:
        fill(conn)
    return store


@pytest.fixture(scope="session")
def an_export(tmp_path_factory: pytest.TempPathFactory, sqlite_with_tables: Path) -> Path:
    """The export of a database with rows in every table; to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("an-export")
    shutil.copy(sqlite_with_tables, folder / "monitor.db")
    with open_store(f"sqlite:///{folder}/monitor.db", now=NOON) as store:
        with store.write() as conn:
            fill(conn)
        export_all(store, folder / "out", now=NOON)
    return folder / "out"
