"""One row a mention, with the columns everybody builds on."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from monitor.reports import COLUMNS, rows
from monitor.store import Store, schema
from tests.builders import NOON
from tests.reports.mentions import put_alert, put_case, put_mention, put_reply

FIXED = (
    "id,source,connector,brand,kind,external_id,url,author,rating,rating_best,title,text,language,published_at,"
    "first_seen_at,updated_at,version,label,badness,severity,topics,reasons,audience,audience_kind,case_id,case_status,"
    "assignee,alerted_at,replied_at,reply_text,deleted_at,place,product,app_version,country,rating_worst,due_at,"
    "claimed_at,answered_at,answer_seen,resolution,answer_url,thread_id,parent_id,reply_state,scorer"
)


def shown(store: Store, **options: Any) -> list[dict[str, Any]]:
    with store.read() as conn:
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows(conn, **options)]


def test_the_columns_are_those_that_were_promised() -> None:
    assert ",".join(COLUMNS) == FIXED


def test_a_mention_with_nothing_around_it(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, rating=None)

    [row] = shown(store)

    assert {name: value for name, value in row.items() if value is not None} == {
        "id": 1,
        "source": "shop",
        "connector": "example_reviews",
        "kind": "review",
        "external_id": "r-1",
        "text": "Waited 40 minutes.",
        "language": "en",
        "published_at": "2026-11-24T10:00:00.000000+00:00",
        "first_seen_at": "2026-11-24T11:00:00.000000+00:00",
        "version": 1,
        "label": "bad",
        "badness": 0.9,
        "severity": "high",
        "topics": '["waiting"]',
        "reasons": '[{"code": "stars", "text": "1 star", "words": []}]',
        "scorer": "stars-vader/2",
    }


def test_a_mention_with_everything_around_it(store: Store) -> None:
    with store.write() as conn:
        put_mention(
            conn,
            7,
            url="https://a.example/7",
            author="Jonas K.",
            title="Never again",
            updated_at=NOON,
            audience=12,
            audience_kind="followers",
            deleted_at=NOON + timedelta(microseconds=5),
            place="Quay Street",
            product="flat white",
            app_version="1.0",
            country="gb",
            answer_url="https://a.example/7/answer",
            thread_id="t",
            parent_id="p",
        )
        put_case(
            conn,
            7,
            state="closed",
            assignee="ana",
            due_at=NOON + timedelta(hours=4),
            claimed_at=NOON,
            answered_at=NOON + timedelta(hours=1),
            answer_seen_at=NOON + timedelta(hours=1),
            resolution="apology",
        )
        put_alert(conn, 7, NOON + timedelta(minutes=2), reason="reminder")
        put_alert(conn, 7, NOON + timedelta(minutes=1))
        put_alert(conn, 7, NOON, reason="test")
        put_reply(conn, 7, "Sorry.", published_at=NOON + timedelta(minutes=30))
        conn.execute(schema.mention_brands.insert(), [{"mention_id": 7, "brand": b} for b in ("tea", "Acme", "acme")])

    [row] = shown(store)

    assert None not in row.values()
    assert row["brand"] == "Acme,acme,tea"
    assert (row["case_id"], row["case_status"], row["assignee"], row["resolution"]) == (7, "closed", "ana", "apology")
    assert row["alerted_at"] == "2026-11-24T12:01:00.000000+00:00"
    assert row["due_at"] == "2026-11-24T16:00:00.000000+00:00"
    assert row["answered_at"] == "2026-11-24T13:00:00.000000+00:00"
    assert row["answer_seen"] == "true"
    assert (row["reply_text"], row["reply_state"]) == ("Sorry.", "visible")
    assert row["replied_at"] == "2026-11-24T12:30:00.000000+00:00"
    assert row["deleted_at"] == "2026-11-24T12:00:00.000005+00:00"


def test_a_case_whose_answer_nobody_has_seen(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        put_case(conn, 1)

    assert shown(store)[0]["answer_seen"] == "false"


def test_the_current_version_and_its_score_are_shown(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, version=2, text="It broke.", rating=1.0)
        old = {"mention_id": 1, "version": 1, "content_hash": "1", "seen_at": NOON, "text": "Nice.", "text_length": 5}
        conn.execute(schema.versions.insert().values(old | {"rating": 5.0}))
        score = {"mention_id": 1, "version": 1, "scorer": "z/9", "level": "quiet", "label": "good", "dangers": []}
        conn.execute(schema.scores.insert().values(score | {"topics": ["praise"], "reasons": []}))

    [row] = shown(store)

    assert (row["version"], row["text"], row["rating"], row["topics"]) == (2, "It broke.", 1.0, '["waiting"]')


@pytest.mark.parametrize(
    ("named", "topics"), [("stars-vader/2", '["waiting"]'), ("reviews/2", "[]"), (None, '["waiting"]')]
)
def test_of_two_scores_that_one_counts_which_the_mention_names(store: Store, named: str | None, topics: str) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        score = {"mention_id": 1, "version": 1, "scorer": "reviews/2", "level": "alert", "label": "bad"}
        conn.execute(schema.scores.insert().values(score | {"topics": [], "dangers": [], "reasons": []}))
        conn.execute(schema.mentions.update().values(scorer=named))

    assert shown(store)[0]["topics"] == topics


def test_the_newest_answer_that_can_be_seen_is_shown(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        put_reply(conn, 1, "first", published_at=NOON)
        put_reply(conn, 1, "second", published_at=NOON + timedelta(hours=1))
        put_reply(conn, 1, "vanished", published_at=NOON + timedelta(hours=2), state="gone")
        put_mention(conn, 2)
        put_reply(conn, 2, "vanished", state="gone")

    first, second = shown(store)

    assert (first["reply_text"], first["reply_state"]) == ("second", "visible")
    assert (second["reply_text"], second["reply_state"]) == ("vanished", "gone")


def test_rows_are_ordered_by_time_and_then_by_number(store: Store) -> None:
    with store.write() as conn:
        for mention_id, hours in ((1, 3), (2, 1), (3, 3), (4, 2)):
            put_mention(conn, mention_id, published_at=NOON - timedelta(hours=hours))
        put_mention(conn, 5, published_at=None, sort_at=NOON - timedelta(hours=4), first_seen_at=NOON)

    assert [row["id"] for row in shown(store)] == [5, 1, 3, 4, 2]


def test_rows_can_be_chosen(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, published_at=NOON - timedelta(days=2))
        put_mention(conn, 2, label="good", published_at=NOON - timedelta(days=1))
        put_mention(conn, 3, source="forum", published_at=NOON)
        put_alert(conn, 1, NOON, delivery="d1")
        put_alert(conn, 1, NOON, reason="reminder", delivery="d1")
        put_alert(conn, 3, NOON, delivery="d1")

    def ids(**options: Any) -> list[int]:
        return [row["id"] for row in shown(store, **options)]

    assert ids(since=NOON - timedelta(days=1)) == [2, 3]
    assert ids(bad=True) == [1, 3]
    assert ids(sources=["forum", "nothing"]) == [3]
    assert ids(delivery="d1") == [1, 3]
    assert ids(delivery="d2") == []
    assert ids(delivery="d1", bad=True, since=NOON - timedelta(days=1), sources=["shop"]) == []


def test_rows_come_in_pages_and_none_is_lost_between_them(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        for table in (schema.mentions, schema.versions):
            names = [column.name for column in table.columns]
            key = "id" if table is schema.mentions else "mention_id"
            template = dict(conn.execute(sa.select(table)).one()._mapping)
            copies = [{**template, key: n} | ({"external_id": str(n)} if key == "id" else {}) for n in range(2, 2502)]
            conn.execute(table.insert(), [{name: row[name] for name in names} for row in copies])

    with store.read() as conn:
        found = [row[0] for row in rows(conn)]

    assert found == list(range(1, 2502))


def test_what_is_written_meanwhile_does_not_change_an_export(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1)
        put_mention(conn, 2)

    with store.read() as conn:
        reader = rows(conn)
        first = next(reader)
        with store.write() as other:
            put_mention(other, 3)
        rest = list(reader)

    assert [row[0] for row in [first, *rest]] == [1, 2]


def test_a_million_rows_are_not_sorted_but_read_in_order(file_store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(file_store.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))

    for options in ({}, {"since": NOON}, {"bad": True}):
        asked.clear()
        shown(file_store, **options)
        query, values = asked[-1]
        with file_store.read() as conn:
            plan = [step[-1] for step in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]

        assert any("mentions USING INDEX ix_mentions" in step for step in plan)
        assert plan.count("USE TEMP B-TREE FOR ORDER BY") == 1, plan  # of the few answers to one mention


def test_the_docs_describe_every_column_with_its_type() -> None:
    text = (Path(__file__).parents[2] / "docs" / "csv.md").read_text(encoding="utf-8")
    described = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE))
    words = {"float": "number", "json": "JSON"}

    assert described == {name: words.get(kind, kind) for name, kind in COLUMNS.items()}
    assert list(described) == list(COLUMNS)
