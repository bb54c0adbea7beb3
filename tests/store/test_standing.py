"""What is refused, with advice, and left exactly as it was (hostile inputs 12.7)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import StoreError
from monitor.store import Store, open_store, schema
from monitor.store.migrations import Migrations
from monitor.store.standing import network_share
from tests import postgres
from tests.builders import NOON

NOBODY = 65534


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def refused(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url, now=NOON)
    assert caught.value.permanent
    return str(caught.value)


def other_program(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE bookmarks (url)")
        conn.execute("CREATE TABLE urls (url)")
        conn.commit()


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder that everybody may enter and only its owner may write to, seen by somebody else."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    open_store(at(folder / "monitor.db"), now=NOON).close()
    (folder / "monitor.db").chmod(0o644)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    else:
        folder.chmod(0o555)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    words = refused(at(tmp_path / "gone" / "monitor.db"))

    assert f"folder {tmp_path / 'gone'}" in words
    assert not (tmp_path / "gone").exists()


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    assert "is a folder" in refused(at(tmp_path))


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "does not exist" in refused(at(tmp_path / "file" / "monitor.db"))


def test_a_folder_that_may_not_be_written_to(as_nobody: Path) -> None:
    assert "read-only for this user" in refused(at(as_nobody / "monitor.db"))
    assert "read-only for this user" in refused(at(as_nobody / "new.db"))


def test_a_file_that_may_not_be_written_to(as_nobody: Path) -> None:
    if os.geteuid() == NOBODY:
        os.seteuid(0)
    as_nobody.chmod(0o777)
    (as_nobody / "monitor.db").chmod(0o444)
    if os.getuid() == 0:
        os.seteuid(NOBODY)

    assert "monitor.db is read-only" in refused(at(as_nobody / "monitor.db"))


def test_no_database_where_none_is_to_be_made(tmp_path: Path, postgres_url: str) -> None:
    for url in (at(tmp_path / "monitor.db"), postgres_url):
        with pytest.raises(StoreError, match="monitor run"):
            open_store(url, now=NOON, create=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (b"SQL", "not an SQLite database"),
        (b"id,source,text\n1,shop,hello\n" * 100, "not an SQLite database"),
        (b"\x7fELF" + bytes(5000), "not an SQLite database"),
        (b"SQLite format 3\x00" + b"\xff" * 5000, "not an SQLite database|damaged"),
        (b"SQLite format 3\x00", "not an SQLite database|without any tables|damaged"),
    ],
    ids=["zero-length", "three bytes", "a csv", "a program", "right start, wrong rest", "only the start"],
)
def test_a_file_that_is_no_database_of_ours_is_left_as_it_was(tmp_path: Path, content: bytes, words: str) -> None:
    import re

    path = tmp_path / "monitor.db"
    path.write_bytes(content)

    assert re.search(words, refused(at(path)))
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["monitor.db"]


def test_a_damaged_database_points_to_restore(file_store: Store) -> None:
    path = file_store.path
    assert path is not None
    file_store.close()
    content = bytearray(path.read_bytes())
    content[100:4096] = os.urandom(3996)
    path.write_bytes(content)

    assert "monitor restore" in refused(at(path))
    assert path.read_bytes() == content


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    other_program(path)
    before = path.read_bytes()

    assert "another program (it has the tables bookmarks, urls)" in refused(at(path))
    assert path.read_bytes() == before


def test_a_database_with_no_tables_at_all(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "monitor.db")) as conn:
        conn.execute("PRAGMA user_version=7")

    assert "without any tables" in refused(at(tmp_path / "monitor.db"))


def test_another_programs_tables_on_postgres(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE cases (id int)"))
    engine.dispose()

    assert "another program (it has the tables cases)" in refused(postgres_url)


def test_a_postgres_database_that_cannot_hold_every_text(postgres_databases: postgres.Databases) -> None:
    from sqlalchemy.engine import make_url

    url = make_url(postgres_databases.make())
    name = f"{url.database}_latin"
    postgres_databases._run(f"create database {name} encoding 'LATIN1' locale 'C' template template0")
    address = url.set(database=name).render_as_string(hide_password=False)
    try:
        assert "LATIN1" in refused(address)
    finally:
        postgres_databases.drop(address)
        postgres_databases.drop(url.render_as_string(hide_password=False))


def test_a_newer_database_is_refused_and_says_which_version_wrote_it(store: Store, full_url: str) -> None:
    with store.write() as conn:
        conn.execute(sa.text("UPDATE monitor_version SET version_num = '0099'"))
        conn.execute(schema.meta.update().where(schema.meta.c.key == "program_version").values(value="9.1.0"))
    store.close()

    words = refused(full_url)

    assert "written by version 9.1.0" in words
    assert "tables 0099" in words


def test_a_database_upgraded_while_waiting_for_the_lock_is_not_run_by_the_older_program(store: Store) -> None:
    with store.write() as conn:
        conn.execute(sa.text("UPDATE monitor_version SET version_num = '0099'"))

    with pytest.raises(StoreError, match="0099"):
        store.lock(NOON)
    assert store.lock_holder() is None


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM monitor_version",
        "INSERT INTO monitor_version VALUES ('0000')",
        "DROP TABLE meta",
        "DROP TABLE silences",
        "CREATE TABLE _alembic_tmp_mentions (id INTEGER)",
    ],
)
def test_a_half_migrated_database_is_refused(store: Store, full_url: str, damage: str) -> None:
    with store.write() as conn:
        conn.execute(sa.text(damage))
    store.close()

    assert "half-way" in refused(full_url)


MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
nas:/volume1 /srv/our\\040share nfs4 rw 0 0
//nas/photos /srv/photos cifs rw 0 0
me@host: /srv/me/remote fuse.sshfs rw 0 0
/dev/vdb /srv/our\\040share/local ext4 rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/our share", "nfs4"),
        ("/srv/our share/deeper", "nfs4"),
        ("/srv/photos", "cifs"),
        ("/srv/me/remote/x", "fuse.sshfs"),
        ("/srv/our share/local", None),
        ("/srv", None),
        ("/srv/photos2", None),
    ],
)
def test_a_network_share_is_known_by_where_it_is_mounted(tmp_path: Path, folder: str, kind: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)

    assert network_share(Path(folder) / "monitor.db", mounts) == kind


def test_a_database_on_a_network_share_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/x {tmp_path} nfs rw 0 0\n")

    with pytest.raises(StoreError, match="network share"):
        open_store(at(tmp_path / "monitor.db"), now=NOON, mounts=mounts)

    assert not (tmp_path / "monitor.db").exists()


def test_a_system_without_a_list_of_mounts_is_no_reason_to_refuse(tmp_path: Path) -> None:
    open_store(at(tmp_path / "monitor.db"), now=NOON, mounts=tmp_path / "none").close()

    assert (tmp_path / "monitor.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me@host/x", "kind 'mysql'"),
        ("monitor.db", "cannot be read"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_an_address_of_another_kind(url: str, words: str) -> None:
    assert words in refused(url)


def test_the_name_of_a_file_may_hold_anything(tmp_path: Path) -> None:
    folder = tmp_path / "a folder? with #100% ü"
    folder.mkdir()

    with open_store(at(folder / "my db?.db"), now=NOON) as store, store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.mentions)) == 0
    assert (folder / "my db?.db").stat().st_size > 0


def test_what_a_later_version_made_is_left_alone(tmp_path: Path, later: Migrations) -> None:
    open_store(at(tmp_path / "monitor.db"), now=NOON, migrations=later).close()

    assert f"tables {later.head}" in refused(at(tmp_path / "monitor.db"))
