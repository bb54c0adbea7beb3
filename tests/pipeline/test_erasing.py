"""Erased for good: nothing of it is left in any file of the folder, and it does not come back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import followup
from monitor.errors import UsageError
from monitor.followup import Wanted
from monitor.models import CaseState
from monitor.store import backups, cases, daily_backup, open_store, purging, schema, scouring
from tests.pipeline.driving import Drive, Driver
from tests.pipeline.test_deletions import everything
from tests.pipeline.test_rechecks import Begin
from tests.pipeline.test_walks import begun
from tests.town import Site, Town, bad, review
from tests.town.sites import Branches, at

pytestmark = pytest.mark.slow  # whole files are written anew

NAME = "Zacharias Wunderlich"
TEXT = "The waiter quarrelled with my grandmother about a teaspoon. "
LONG = TEXT * 150  # more than a page of the file: it has pages of its own
ANSWER = f"Dear {NAME}, the teaspoon is on its way."
NOTE = f"Phoned {NAME} about it, he is fine."
WORDS = (NAME, "grandmother", "teaspoon")


def complained(site: Site, drive: Drive) -> tuple[Driver, Branches]:
    """Return a driver that knows a complaint, told, edited, answered and noted, among others."""
    branches = Branches(site)
    others = [review(n) for n in range(10, 60)]
    branches.shows("quay", others)
    driver = begun(drive, branches, "quay")
    mine = {"author": NAME, "created": at(0)}
    branches.shows("quay", [bad(1, text=TEXT, **mine), bad(2, created=at(0)), *others])
    driver.look("company", minutes=1)
    branches.shows("quay", [shown(), bad(2, created=at(0)), *others])
    driver.look("company", minutes=5)
    driver.write(_notes)
    return driver, branches


def shown() -> dict[str, Any]:
    """Return the complaint as the site shows it now."""
    return bad(1, text=LONG, author=NAME, created=at(0), reply={"text": ANSWER, "at": at(3)})


def _notes(conn: Any) -> None:
    now = sa.select(schema.sources.c.added_at).limit(1).scalar_subquery()
    [case_id] = conn.scalars(sa.select(schema.mentions.c.case_id).where(schema.mentions.c.author == NAME))
    added = conn.scalar(sa.select(now))
    cases.add_event(conn, case_id, "noted", key="n", at=added, through="cli", who="ana", facts={"text": NOTE})
    conn.execute(
        schema.quarantine.insert().values(
            source="company", external_id="x", at=added, what="shape", raw=f"{NAME}: {TEXT}"
        )
    )
    facts = {"best": [{"text": TEXT.strip()[:50] + "…"}], "won_back": [{"author": NAME}]}
    conn.execute(schema.alerts.insert().values(id=900, key="day", reason="digest", created_at=added, facts=facts))
    conn.execute(schema.silences.insert().values(what={"words": [NAME]}, why="calm", from_at=added, until_at=added))


def erase(driver: Driver, **wanted: Any) -> followup.Outcome:
    """Erase what is wanted."""
    what = Wanted(**wanted)
    rows = driver.read(lambda conn: followup.to_erase(conn, what))
    return followup.erase(driver.store, [row["id"] for row in rows], what, folder=driver.folder, now=driver.clock())


def found_in(folder: Path, words: tuple[str, ...] = WORDS) -> dict[str, list[str]]:
    """Return the files below a folder that hold some of the words, byte by byte, with those words."""
    held = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if there := [word for word in words if word.encode() in content]:
            held[str(path.relative_to(folder))] = there
    return held


def test_no_byte_of_it_is_left_in_any_file(site: Site, drive: Drive, tmp_path: Path) -> None:
    driver, _ = complained(site, drive)
    daily_backup(driver.store, tmp_path / "backups", driver.clock())
    daily_backup(driver.store, tmp_path / "backups", driver.clock() + timedelta(days=1))
    backups.backup(driver.store, tmp_path / "monitor.db.before-0001-20261124T120000Z", driver.clock())
    (tmp_path / "monitor.db.damaged-20261101T120000Z").write_bytes(b"SQLite format 3\0 torn " + TEXT.encode())
    assert len(found_in(tmp_path)) >= 5
    assert "monitor.db-wal" in found_in(tmp_path)

    done = erase(driver, author=NAME, source="company")

    assert found_in(tmp_path) == {}
    assert (done.mentions, done.cases_closed, done.trouble) == (1, 1, None)
    assert len(done.copies.rewritten) == 3
    assert done.copies.deleted == ("monitor.db.damaged-20261101T120000Z",)
    assert done.copies.may_hold == ()
    assert driver.one("select count(*) from mentions") == 51
    driver.close()
    assert found_in(tmp_path) == {}


def test_copies_that_were_rewritten_are_whole_and_can_be_restored(site: Site, drive: Drive, tmp_path: Path) -> None:
    driver, _ = complained(site, drive)
    made = daily_backup(driver.store, tmp_path / "backups", driver.clock())
    erase(driver, author=NAME, source="company")
    driver.write(lambda conn: conn.execute(schema.mentions.delete()))
    driver.close()
    assert made is not None

    assert backups.restore(f"sqlite:///{tmp_path}/monitor.db", made, lambda _: True, now=driver.clock())

    again = drive(*driver.tables, clock=driver.clock)
    assert again.one("select count(*) from mentions") == 51
    assert again.one("select count(*) from tombstones") == 1
    assert again.one("select count(*) from cases where state <> 'closed'") == 1


def test_it_is_gone_from_every_table_and_does_not_come_back(site: Site, drive_both: Drive) -> None:
    driver, branches = complained(site, drive_both)

    done = erase(driver, author=NAME, source="company")

    assert done.trouble is None
    left = everything(driver)
    for word in WORDS:
        assert word not in left
    assert "Phoned" in left  # the note of staff stays, without the name
    driver.look("company", minutes=5)
    branches.shows("quay", [bad(1, text=LONG + "!", author=NAME, created=at(0)), *branches.pages["quay"][0][1:]])
    driver.look("company", minutes=5)
    assert "r1" not in driver.ids()
    assert NAME not in everything(driver)


def test_what_waits_is_called_off_and_the_case_is_closed(site: Site, drive_both: Drive) -> None:
    driver, _ = complained(site, drive_both)
    [case_id] = [row.case_id for row in driver.rows("select case_id from mentions where external_id = 'r1'")]
    waiting = driver.one("select count(*) from deliveries where state in ('pending', 'held')")

    done = erase(driver, author=NAME, source="company")

    assert done.called_off >= 1
    assert driver.one("select count(*) from deliveries where state in ('pending', 'held')") == waiting - done.called_off
    case = driver.read(lambda conn: cases.get(conn, case_id))
    assert (case.state, case.resolution) == (CaseState.CLOSED, "deleted")
    [other] = driver.rows("select state from cases where id <> :id", id=case_id)
    assert other.state == "open"


def test_one_mention_goes_alone_with_our_answer_to_it(site: Site, drive_both: Drive) -> None:
    driver, _ = complained(site, drive_both)
    [two] = driver.rows("select id from mentions where external_id = 'r2'")
    columns = [column for column in schema.mentions.c if column.name not in ("id", "external_id", "own", "parent_id")]
    copy = sa.select(
        sa.literal("ours"), sa.true(), sa.literal("r2"), *columns
    ).where(schema.mentions.c.id == two.id)  # fmt: skip
    names = ["external_id", "own", "parent_id", *(column.name for column in columns)]
    driver.write(lambda conn: conn.execute(schema.mentions.insert().from_select(names, copy)))
    assert driver.read(lambda conn: len(purging.with_kin(conn, [two.id]))) == 2

    done = erase(driver, mention_id=two.id)

    assert done.mentions >= 1
    assert {"r2", "ours"}.isdisjoint(driver.ids())
    assert "r1" in driver.ids()
    assert NAME in everything(driver)


def test_files_that_are_not_ours_are_named_and_left(site: Site, drive: Drive, tmp_path: Path) -> None:
    driver, _ = complained(site, drive)
    (tmp_path / "reviews.csv").write_text(f"id,author\n1,{NAME}\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("id,author\n1,Somebody\n", encoding="utf-8")
    (tmp_path / "reviews.xlsx").write_bytes(b"PK packed")

    done = erase(driver, author=NAME, source="company")

    assert [Path(name).name for name in done.copies.may_hold] == ["reviews.csv", "reviews.xlsx"]
    assert found_in(tmp_path) == {"reviews.csv": [NAME]}


def test_it_says_where_messages_about_it_stand(site: Site, drive: Drive) -> None:
    driver, _ = complained(site, drive)
    driver.write(lambda conn: conn.execute(schema.deliveries.update().values(state="sent", sent_at=driver.clock())))

    done = erase(driver, author=NAME, source="company")

    assert done.told == (("screen", driver.one("select 1")),)


def test_a_backup_that_somebody_made_beside_it_is_rewritten_and_a_database_in_use_is_left(
    site: Site, drive: Drive, tmp_path: Path
) -> None:
    driver, _ = complained(site, drive)
    backups.backup(driver.store, tmp_path / "mine.db", driver.clock())
    backups.backup(driver.store, tmp_path / "other.db", driver.clock())
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn:
        conn.execute("PRAGMA journal_mode=WAL")

    done = erase(driver, author=NAME, source="company")

    assert done.copies.rewritten == ("mine.db",)
    assert list(found_in(tmp_path)) == ["other.db"]
    assert [Path(name).name for name in done.copies.may_hold] == ["other.db"]


def test_a_copy_for_which_there_is_no_room_stays_and_is_done_the_next_time(
    site: Site, drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, _ = complained(site, drive)
    made = daily_backup(driver.store, tmp_path / "backups", driver.clock())
    assert made is not None

    def full(*_: Any) -> None:
        raise UsageError("there is no room left on that disk")

    with monkeypatch.context() as patch:
        patch.setattr(scouring.copies, "copy_sqlite", full)
        done = erase(driver, author=NAME, source="company")
    assert done.copies.left == (made.name,)
    assert "no room to rewrite" in (done.trouble or "")
    assert list(found_in(tmp_path)) == [f"backups/{made.name}"]

    again = erase(driver, author=NAME, source="company")

    assert (again.mentions, again.trouble, again.copies.rewritten) == (0, None, (made.name,))
    assert found_in(tmp_path) == {}


def test_what_killed_programs_left_half_made_goes_as_well(site: Site, drive: Drive, tmp_path: Path) -> None:
    driver, _ = complained(site, drive)
    (tmp_path / "backups" / ".monitor-erase-xyz").mkdir(parents=True)
    (tmp_path / "backups" / ".monitor-erase-xyz" / "copy.db").write_text(TEXT)
    (tmp_path / "backups" / ".monitor.db.daily-20261101.0a1b2c3d.part").write_text(NAME)

    erase(driver, author=NAME, source="company")

    assert found_in(tmp_path) == {}


def test_it_goes_while_the_monitor_runs(town: Town, watch_here: Begin, tmp_path: Path) -> None:
    town.site.shows("quay", review(2))
    one = watch_here()
    one.look()
    town.site.publishes("quay", bad(1, text=LONG, author=NAME, created=at(0)))
    one.look(minutes=5)
    assert "monitor.db" in " ".join(found_in(tmp_path))

    with open_store(one.settings.database, now=one.clock()) as other:
        with other.read() as conn:
            wanted = Wanted(author=NAME, source="quay")
            ids = [row["id"] for row in followup.to_erase(conn, wanted)]
        done = followup.erase(other, ids, wanted, folder=one.settings.path.parent, now=one.clock())

    assert (done.mentions, done.trouble) == (1, None)
    assert dict(done.told)
    one.look(minutes=5)
    one.minute()
    assert found_in(tmp_path) == {}
    assert one.rows("select 1 from mentions where external_id = 'r1'") == []


@pytest.mark.slow
def test_archives_of_a_postgresql_database_are_rewritten(site: Site, drive_both: Drive, tmp_path: Path) -> None:
    driver, _ = complained(site, drive_both)
    if driver.store.path is not None:
        pytest.skip("an SQLite database has no archives")
    made = daily_backup(driver.store, tmp_path / "backups", driver.clock())
    assert made is not None
    broken = made.with_name("monitor-postgresql.daily-20261101.zip")
    broken.write_bytes(made.read_bytes()[:5000])

    done = erase(driver, author=NAME, source="company")

    assert (done.copies.rewritten, done.copies.deleted) == ((made.name,), (broken.name,))
    unpacked = backups.as_sqlite(made, tmp_path)
    content = unpacked.read_bytes()
    assert not any(word.encode() in content for word in WORDS)
    assert b"Table 2" in content
