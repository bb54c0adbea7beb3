"""Reading, writing, taking turns."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from monitor.errors import StoreError
from monitor.store import Connection, Store, open_store, schema, upsert
from monitor.store.locks import DAEMON
from tests.builders import NOON
from tests.store.processes import together

meta = schema.meta


def put(conn: Connection, key: str, value: object) -> None:
    conn.execute(meta.insert().values(key=key, value=value))


def value_of(conn: Connection, key: str) -> object:
    return conn.scalar(sa.select(meta.c.value).where(meta.c.key == key))


def test_what_was_written_is_read(store: Store) -> None:
    with store.write() as conn:
        put(conn, "a", {"ü": [1, None]})

    with store.read() as conn:
        assert value_of(conn, "a") == {"ü": [1, None]}


def test_a_block_that_fails_leaves_nothing_behind(store: Store) -> None:
    def fail() -> None:
        with store.write() as conn:
            put(conn, "a", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with store.read() as conn:
        assert value_of(conn, "a") is None


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    with store.read() as reader:
        before = value_of(reader, "a")
        with store.write() as writer:
            put(writer, "a", 1)
        after = value_of(reader, "a")

    assert (before, after) == (None, None)


def test_a_writer_inside_a_writer_is_told_so_instead_of_waiting_for_itself(file_store: Store) -> None:
    with file_store.write(), pytest.raises(RuntimeError, match="inside another one"), file_store.write():
        pass


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = datetime(2026, 11, 24, 12, 0)  # noqa: DTZ001  # the point

    with pytest.raises(sa.exc.StatementError, match="without a zone"), store.write() as conn:
        conn.execute(schema.asks.insert().values(key="a", at=naive, facts={}))


def test_times_come_back_in_utc_and_sort_as_they_pass(store: Store) -> None:
    times = [NOON + timedelta(microseconds=1), NOON, NOON + timedelta(days=400), NOON - timedelta(seconds=1)]
    with store.write() as conn:
        conn.execute(schema.asks.insert(), [{"key": str(n), "at": at, "facts": {}} for n, at in enumerate(times)])

    with store.read() as conn:
        found = list(conn.scalars(sa.select(schema.asks.c.at).order_by(schema.asks.c.at)))

    assert found == sorted(times)
    assert {at.utcoffset() for at in found} == {timedelta(0)}


def test_a_known_key_is_updated_and_a_new_one_added(store: Store) -> None:
    with store.write() as conn:
        upsert(conn, meta, [{"key": "a", "value": 1}], ["key"])
        upsert(conn, meta, [{"key": "a", "value": 2}, {"key": "b", "value": 3}], ["key"])
        upsert(conn, meta, [{"key": "b", "value": 4}], ["key"], update=[])
        upsert(conn, meta, [], ["key"])

    with store.read() as conn:
        assert (value_of(conn, "a"), value_of(conn, "b")) == (2, 3)


def test_ids_come_back_in_the_order_of_the_rows(store: Store) -> None:
    rows = [{"source": f"s{n}", "from_at": NOON, "why": str(n)} for n in range(2000)]
    with store.write() as conn:
        ids = list(conn.scalars(schema.gaps.insert().returning(schema.gaps.c.id, sort_by_parameter_order=True), rows))
        found = dict(conn.execute(sa.select(schema.gaps.c.id, schema.gaps.c.why)).all())

    assert [found[row_id] for row_id in ids] == [row["why"] for row in rows]


def test_the_number_of_an_erased_mention_is_not_given_again(store: Store) -> None:
    case = {"state": "open", "severity": "high", "opened_at": NOON, "ladder": []}
    with store.write() as conn:
        first = conn.scalar(schema.cases.insert().values(case).returning(schema.cases.c.id))
        conn.execute(schema.cases.delete())
        second = conn.scalar(schema.cases.insert().values(case).returning(schema.cases.c.id))

    assert (first, second) == (1, 2)


def test_a_row_that_belongs_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError), store.write() as conn:
        conn.execute(schema.mention_brands.insert().values(mention_id=99, brand="acme"))


def test_a_long_number_that_stands_alone_in_json_keeps_all_its_digits(store: Store) -> None:
    with store.write() as conn:
        put(conn, "offset", 12345678901234567890)

    with store.read() as conn:
        assert value_of(conn, "offset") == 12345678901234567890


def test_errors_do_not_repeat_what_was_to_be_stored(store: Store) -> None:
    with store.write() as conn:
        put(conn, "a", 1)

    with pytest.raises(sa.exc.IntegrityError) as caught, store.write() as conn:
        conn.execute(meta.insert().values(key="a", value="a secret"))

    assert "a secret" not in str(caught.value)


def test_a_test_can_listen_to_what_the_database_is_asked(store: Store) -> None:
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    with store.read() as conn:
        value_of(conn, "a")

    assert any("FROM meta" in statement for statement in asked)


def test_sqlite_keeps_what_it_promises(file_store: Store) -> None:
    with file_store.read() as conn:
        found = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "cache_size")
        }

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "cache_size": -16384,
    }


def test_an_sqlite_file_is_for_its_owner_only(file_store: Store) -> None:
    assert file_store.path is not None

    assert file_store.path.stat().st_mode & 0o777 == 0o600


def test_erased_text_is_no_longer_in_the_file(file_store: Store) -> None:
    with file_store.write() as conn:
        put(conn, "a", "a very telling sentence")
    with file_store.write() as conn:
        conn.execute(meta.delete().where(meta.c.key == "a"))

    file_store.close()

    assert file_store.path is not None
    assert b"telling" not in file_store.path.read_bytes()


def test_many_threads_read_while_one_writes(store: Store) -> None:
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            with store.read() as conn:
                keys = [value_of(conn, "left"), value_of(conn, "right")]
            if keys[0] != keys[1]:
                wrong.append(keys)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(25):
        with store.write() as conn:
            upsert(conn, meta, [{"key": "left", "value": number}], ["key"])
            upsert(conn, meta, [{"key": "right", "value": number}], ["key"])
    stop.set()
    for reader in readers:
        reader.join()

    assert wrong == []


def test_many_threads_that_write_wait_for_one_another(store: Store) -> None:
    with store.write() as conn:
        put(conn, "count", 0)

    def add() -> None:
        for _ in range(5):
            with store.write() as conn:
                count = conn.scalar(sa.select(meta.c.value).where(meta.c.key == "count").with_for_update())
                conn.execute(meta.update().where(meta.c.key == "count").values(value=count + 1))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.read() as conn:
        assert value_of(conn, "count") == 30


@pytest.mark.slow
def test_several_processes_write_without_losing_anything(store: Store, full_url: str) -> None:
    with store.write() as conn:
        put(conn, "count", 0)

    together(
        """
store = open_store(sys.argv[1], now=NOON)
meta = schema.meta
for _ in range(20):
    with store.write() as conn:
        count = conn.scalar(sa.select(meta.c.value).where(meta.c.key == "count").with_for_update())
        conn.execute(meta.update().where(meta.c.key == "count").values(value=count + 1))
""",
        full_url,
    )

    with store.read() as conn:
        assert value_of(conn, "count") == 40


# --- the one daemon ------------------------------------------------------------------------------


def test_a_second_daemon_does_not_get_the_lock_and_sees_who_has_it(store: Store, full_url: str) -> None:
    with open_store(full_url, now=NOON) as second:
        assert store.lock(NOON)
        assert store.lock(NOON)

        assert not second.lock(NOON)
        assert "since 2026-11-24T12:00:00Z" in str(second.lock_holder())
        assert (store.lock_alive(), second.lock_alive()) == (True, False)

        store.unlock()

        assert second.lock(NOON)
        assert not store.lock_alive()


def test_nobody_holds_a_lock_that_was_never_taken(store: Store) -> None:
    assert store.lock_holder() is None


def test_the_lock_of_a_closed_store_is_free(store: Store, full_url: str) -> None:
    with open_store(full_url, now=NOON) as second:
        second.lock(NOON)

    assert store.lock(NOON)


def test_a_lock_whose_line_to_the_server_broke_is_noticed(postgres_url: str) -> None:
    with open_store(postgres_url, now=NOON) as store:
        store.lock(NOON)
        with store.write() as conn:
            conn.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND classid = :id"
                ),
                {"id": DAEMON},
            )

        assert not store.lock_alive()


def test_a_lock_whose_file_was_deleted_is_noticed(file_store: Store) -> None:
    file_store.lock(NOON)
    assert file_store.path is not None
    Path(f"{file_store.path}.lock").unlink()

    assert not file_store.lock_alive()


# --- while it runs -------------------------------------------------------------------------------


def test_a_file_that_was_deleted_while_the_program_runs_is_noticed_and_not_written_to(file_store: Store) -> None:
    assert file_store.missing() is None
    assert file_store.path is not None
    file_store.path.unlink()

    assert "deleted or replaced" in str(file_store.missing())
    with pytest.raises(StoreError, match="deleted or replaced"), file_store.write():
        pass
    with pytest.raises(StoreError, match="deleted or replaced"), file_store.read():
        pass
    assert not file_store.path.exists()


def test_a_full_disk_is_said_in_words_and_loses_nothing(file_store: Store) -> None:
    @event.listens_for(file_store.engine, "begin")
    def limit(conn: Connection) -> None:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StoreError, match="no room is left") as caught, file_store.write() as conn:
        put(conn, "a", "x" * 1_000_000)

    assert not caught.value.permanent
    with file_store.read() as conn:
        assert value_of(conn, "a") is None


def test_a_database_that_another_program_keeps_busy_is_tried_again_later(file_store: Store) -> None:
    event.listen(file_store.engine, "connect", lambda line, _: line.execute("PRAGMA busy_timeout=50"))
    assert file_store.path is not None
    file_store.engine.dispose()
    other = open_store(f"sqlite:///{file_store.path}", now=NOON)
    with other, other.write(), pytest.raises(StoreError, match="kept .* busy") as caught, file_store.write():
        pass

    assert not caught.value.permanent


def test_a_server_that_was_restarted_is_met_again(postgres_url: str) -> None:
    with open_store(postgres_url, now=NOON) as store, open_store(postgres_url, now=NOON) as other:
        with other.write() as conn:
            conn.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid != pg_backend_pid() AND datname = current_database()"
                )
            )

        with store.read() as conn:
            assert value_of(conn, "program_version")


def test_a_server_that_does_not_answer_is_said_in_words_without_the_password() -> None:
    with pytest.raises(StoreError, match="does not answer") as caught:
        open_store("postgresql://me:hunter2@127.0.0.1:1/reviews", now=NOON)

    assert not caught.value.permanent
    assert "hunter2" not in str(caught.value)


def test_opening_a_database_that_is_up_to_date_costs_little(file_store: Store, sqlite_url: str) -> None:
    began = time.thread_time()
    open_store(sqlite_url, now=NOON).close()

    assert time.thread_time() - began < 0.06
