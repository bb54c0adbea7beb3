"""New tables, later tables, and what happens when it goes wrong."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor import __version__
from monitor.errors import StoreError
from monitor.store import Store, open_store, schema
from monitor.store.migrations import OWN, VERSION_TABLE, Migrations
from tests.builders import NOON
from tests.store.processes import ROOT, together


def count(store: Store, name: str) -> int:
    with store.read() as conn:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0)


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store.write() as conn:
        context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE, "compare_type": True})

        assert compare_metadata(context, schema.metadata) == []


def test_tables_have_the_same_options_as_in_the_schema(store: Store) -> None:
    if store.dialect != "sqlite":
        pytest.skip("these options are SQLite's")
    with store.read() as conn:
        texts = dict(conn.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all())

    for table in schema.metadata.sorted_tables:
        options = table.dialect_options["sqlite"]
        assert ("AUTOINCREMENT" in texts[table.name]) == bool(options["autoincrement"]), table.name
        assert ("WITHOUT ROWID" in texts[table.name]) == (options["with_rowid"] is False), table.name


def test_the_file_name_of_each_migration_begins_with_its_revision(later: Migrations) -> None:
    from alembic.script import ScriptDirectory

    for migrations in (OWN, later):
        known = [script.revision for script in ScriptDirectory(str(migrations.folder)).walk_revisions()]

        assert tuple(reversed(known)) == migrations.revisions


def test_a_new_database_knows_which_version_made_it(store: Store) -> None:
    with store.read() as conn:
        found = dict(conn.execute(sa.select(schema.meta.c.key, schema.meta.c.value)).all())

    assert found == {"program_version": __version__}


def test_an_upgrade_keeps_every_row_and_names_the_copy_it_made_before(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    said: list[str] = []

    with open_store(full_url, now=NOON, say=said.append, copies=tmp_path, migrations=later) as store:
        with store.read() as conn:
            moods = list(conn.execute(sa.text("SELECT mood, remarks FROM mentions ORDER BY id")))
        assert [count(store, name) for name in ("mentions", "versions", "scores", "alerts", "marks")] == [12] * 5

    assert [mood for mood, _ in moods] == ["calm"] * 12
    [copy] = [path for path in tmp_path.iterdir() if f"before-{OWN.head}-20261124T120000Z" in path.name]
    assert said == [said[0]]
    assert f"from tables {OWN.head} to {later.head}. A copy is kept as {copy}" in said[0]
    assert copy.stat().st_mode & 0o077 == 0


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    filled: Store, full_url: str, failing: Migrations, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="half-way"):
        open_store(full_url, now=NOON, copies=tmp_path, migrations=failing)

    with open_store(full_url, now=NOON) as store:
        assert count(store, "mentions") == 12
        assert "moods" not in sa.inspect(store.engine).get_table_names()
    assert not [path for path in tmp_path.iterdir() if "before" in path.name]


def test_only_the_last_three_copies_are_kept(filled: Store, full_url: str, later: Migrations, tmp_path: Path) -> None:
    start = "monitor.db" if filled.path else "monitor-postgresql"
    for number in range(5):
        (tmp_path / f"{start}.before-0000-2026010{number}T000000Z{'' if filled.path else '.zip'}").touch()
    (tmp_path / "monitor.db.mine").touch()

    open_store(full_url, now=NOON, copies=tmp_path, migrations=later).close()

    left = sorted(path.name for path in tmp_path.iterdir() if "before" in path.name)
    assert [name.rpartition("-")[2][:8] for name in left] == ["20260103", "20260104", "20261124"]
    assert (tmp_path / "monitor.db.mine").exists()


def test_no_upgrade_happens_under_a_running_daemon(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    with open_store(full_url, now=NOON) as daemon:
        daemon.lock(NOON)

        with pytest.raises(StoreError, match=f"version {__version__} and is in use .*Stop that daemon"):
            open_store(full_url, now=NOON, copies=tmp_path, migrations=later)

    with open_store(full_url, now=NOON) as store:
        assert count(store, "mentions") == 12


OPEN = """
said = []
migrations = Migrations(Path(sys.argv[2]))
store = open_store(sys.argv[1], now=NOON, say=said.append, copies=Path(sys.argv[3]), migrations=migrations)
with store.read() as conn:
    print(len(said), conn.scalar(sa.text("SELECT version_num FROM monitor_version")))
"""


@pytest.mark.slow
def test_two_processes_that_start_at_once_make_one_database(database_url: str, tmp_path: Path) -> None:
    said = together(OPEN, database_url, str(OWN.folder), str(tmp_path))

    assert said == [f"0 {OWN.head}\n"] * 2
    with open_store(database_url, now=NOON, create=False) as store:
        assert count(store, "mentions") == 0


@pytest.mark.slow
def test_two_processes_that_start_at_once_upgrade_once(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    said = together(OPEN, full_url, str(later.folder), str(tmp_path))

    assert sorted(said) == [f"0 {later.head}\n", f"1 {later.head}\n"]
    with open_store(full_url, now=NOON, migrations=later) as store:
        assert count(store, "mentions") == 12
    assert len([path for path in tmp_path.iterdir() if "before" in path.name]) == 1


KILLED = """
import os, signal
from monitor.store import upgrade
climb = upgrade.climb
def dies(*given):
    climb(*given)
    os.kill(os.getpid(), signal.SIGKILL)
upgrade.climb = dies
open_store(sys.argv[1], now=NOON, copies=Path(sys.argv[3]), migrations=Migrations(Path(sys.argv[2])))
"""


@pytest.mark.slow
def test_a_first_start_that_is_killed_leaves_nothing_that_stands_in_the_way(database_url: str, tmp_path: Path) -> None:
    together(KILLED, database_url, str(OWN.folder), str(tmp_path), count=1)

    with open_store(database_url, now=NOON) as store:
        assert count(store, "mentions") == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_an_upgrade_that_is_killed_is_done_at_the_next_start(
    filled: Store, full_url: str, later: Migrations, tmp_path: Path
) -> None:
    together(KILLED, full_url, str(later.folder), str(tmp_path), count=1)

    with open_store(full_url, now=NOON + timedelta(minutes=1), copies=tmp_path, migrations=later) as store:
        assert (count(store, "mentions"), count(store, "versions")) == (12, 12)


def test_a_copy_for_which_there_is_no_room_stops_the_upgrade(file_store: Store, later: Migrations) -> None:
    path = file_store.path
    assert path is not None
    with file_store.write() as conn:
        conn.execute(schema.meta.insert().values(key="large", value="x" * 3_000_000))
    file_store.close()
    code = (
        "import resource, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from monitor.errors import MonitorError\n"
        "from monitor.store import open_store\n"
        "from monitor.store.migrations import Migrations\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "later = Migrations(Path(sys.argv[2]))\n"
        "try: open_store(sys.argv[1], now=datetime(2026, 11, 24, tzinfo=UTC), migrations=later)\n"
        "except MonitorError as error: print(error)\n"
    )

    run = [sys.executable, "-c", code, f"sqlite:///{path}", str(later.folder)]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "no room" in said or "reports an error" in said
    assert [p.name for p in path.parent.iterdir() if "before" in p.name] == []
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT version_num FROM monitor_version").fetchone() == (OWN.head,)


def test_opening_what_is_up_to_date_does_not_load_alembic(file_store: Store) -> None:
    code = (
        "import sys; from datetime import UTC, datetime; from monitor.store import open_store\n"
        "open_store(sys.argv[1], now=datetime(2026, 11, 24, tzinfo=UTC)).close()\n"
        "print(sorted({'alembic', 'pandas', 'psycopg'} & set(sys.modules)))\n"
    )

    run = [sys.executable, "-c", code, f"sqlite:///{file_store.path}"]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ).stdout

    assert said == "[]\n"


def test_the_next_migration_is_written_from_the_schema(tmp_path: Path) -> None:
    import shutil

    from monitor.store.migrations.__main__ import main

    shutil.copytree(OWN.folder, tmp_path / "m", ignore=shutil.ignore_patterns("__pycache__"))

    written = main("nothing new", Migrations(tmp_path / "m"))

    assert written.name == f"{int(OWN.head) + 1:04}_nothing_new.py"
    assert "    pass" in written.read_text()
    with open_store(f"sqlite:///{tmp_path}/monitor.db", now=NOON, migrations=Migrations(tmp_path / "m")) as store:
        assert count(store, "mentions") == 0
