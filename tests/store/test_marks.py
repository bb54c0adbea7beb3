"""What is marked is kept once a mention, on each kind of database, and teaches its own source only."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitor import intake
from monitor.models import Level, Rating
from monitor.scoring import scorer
from monitor.store import Connection, Store, marks, schema
from tests.builders import NOON
from tests.reports.mentions import put_mention

JUDGE = scorer("stars-vader")
DOUBTFUL = "Not as good as it was last year"  # alerts, by little


def put_posts(conn: Connection, first: int, count: int, source: str = "shop", text: str = DOUBTFUL) -> list[int]:
    """Store posts without stars."""
    ids = list(range(first, first + count))
    for number in ids:
        put_mention(conn, number, rating=None, source=source, text=text, badness=0.63)
    return ids


def put(conn: Connection, ids: list[int], mark: str, **values: str | None) -> None:
    marks.put(conn, ids, mark, who=values.get("who"), note=values.get("note"), now=NOON)


def test_a_mark_keeps_who_said_what_when_and_at_which_level(store: Store) -> None:
    with store.write() as conn:
        put_posts(conn, 1, 1)
        put(conn, [1], "false_alarm", who="ana", note="a joke of ours")

    with store.read() as conn:
        [mark] = marks.every(conn)
    assert mark == (1, "shop", "false_alarm", Level.ALERT, "ana", "a joke of ours", NOON)
    assert (mark.alerted, mark.bad, mark.wrong) == (True, False, True)


def test_marking_again_replaces_the_mark_and_taking_it_back_leaves_none(store: Store) -> None:
    with store.write() as conn:
        put_posts(conn, 1, 2)
        put(conn, [1, 2], "false_alarm", who="ana", note="a joke of ours")
        put(conn, [1], "right", who="ben")
        replaced = marks.of(conn, [1, 2])
        marks.remove(conn, [1])
        left = marks.of(conn, [1, 2])

    assert [(one.mark, one.who, one.note) for one in replaced.values()] == [
        ("right", "ben", None),
        ("false_alarm", "ana", "a joke of ours"),
    ]
    assert list(left) == [2]


@pytest.mark.parametrize(
    "mark, level, bad, wrong",
    [
        ("false_alarm", "alert", False, True),
        ("false_alarm", "watch", False, False),
        ("missed", "quiet", True, True),
        ("missed", "alert", True, False),
        ("right", "alert", True, False),
        ("right", "watch", False, False),
    ],
)
def test_what_a_mark_says_depends_on_what_was_thought_then(
    file_store: Store, mark: str, level: str, bad: bool, wrong: bool
) -> None:
    with file_store.write() as conn:
        put_mention(conn, 1, level=level)
        put(conn, [1], mark)
        conn.execute(sa.update(schema.mentions).values(level="quiet"))  # scored again since
        [found] = marks.every(conn)

    assert (found.bad, found.wrong) == (bad, wrong)


def test_marks_are_found_by_source_and_time_the_newest_first(store: Store) -> None:
    with store.write() as conn:
        put_posts(conn, 1, 2)
        put_posts(conn, 3, 1, "forum")
        for number in (1, 2, 3):
            at = NOON + timedelta(days=number)
            marks.put(conn, [number], "right", who=None, note=None, now=at)

        assert [one.mention_id for one in marks.every(conn)] == [3, 2, 1]
        assert [one.mention_id for one in marks.every(conn, source="shop")] == [2, 1]
        assert [one.mention_id for one in marks.every(conn, since=NOON + timedelta(days=2))] == [3, 2]


def test_what_is_scored_again_is_the_version_that_was_marked(store: Store) -> None:
    with store.write() as conn:
        put_mention(conn, 1, rating=3.0, title="So so", text="It was fine.")
        put(conn, [1], "right")
        edited = {"mention_id": 1, "version": 2, "content_hash": "01", "seen_at": NOON, "text": "New", "text_length": 3}
        conn.execute(schema.versions.insert().values(edited))
        conn.execute(sa.update(schema.mentions).values(version=2))

        [(mark, item)] = marks.texts(conn, "shop")

    assert mark.mention_id == 1
    assert (item.text, item.rating, item.language) == ("So so\nIt was fine.", Rating(3.0), "en")


# --- offsets


def test_fifty_false_alarms_move_the_offset_of_their_source_only(store: Store) -> None:
    with store.write() as conn:
        ids = put_posts(conn, 1, 50)
        put(conn, [*ids, *put_posts(conn, 100, 10, "forum")], "false_alarm")
        moved = [intake.learn(conn, source, JUDGE, NOON) for source in ("shop", "forum")]

    assert moved[0].shift == pytest.approx(-1.0)
    assert (moved[1].shift, moved[1].marks) == (0.0, 10)
    with store.read() as conn:
        assert intake.offset_of(conn, "shop", JUDGE) == moved[0]
        assert intake.offset_of(conn, "forum", JUDGE) is None
        assert intake.offset_of(conn, "elsewhere", JUDGE) is None
        assert intake.offset_of(conn, "shop", scorer("vader")) is None  # it is learned anew for another scorer


def test_marks_of_what_stars_decide_do_not_count_for_it(store: Store) -> None:
    with store.write() as conn:
        for number in range(1, 61):
            put_mention(conn, number, rating=1.0, text=DOUBTFUL)
        put(conn, list(range(1, 61)), "false_alarm")

        assert intake.learn(conn, "shop", JUDGE, NOON).marks == 0


def test_an_offset_has_no_part_in_the_next_one(store: Store) -> None:
    with store.write() as conn:
        put(conn, put_posts(conn, 1, 60), "false_alarm")
        first = intake.learn(conn, "shop", JUDGE, NOON)
        conn.execute(sa.update(schema.mentions).values(badness=0.3))  # as they are judged with it

        assert intake.learn(conn, "shop", JUDGE, NOON) == first


def test_the_offset_goes_with_the_last_mark(store: Store) -> None:
    with store.write() as conn:
        ids = put_posts(conn, 1, 50)
        put(conn, ids, "false_alarm")
        intake.learn(conn, "shop", JUDGE, NOON)
        marks.remove(conn, ids)
        intake.learn(conn, "shop", JUDGE, NOON)

        assert marks.offset(conn, "shop", JUDGE.id) is None


def test_another_scorer_learns_from_the_same_marks(store: Store) -> None:
    other = scorer("vader")
    with store.write() as conn:
        put(conn, put_posts(conn, 1, 50, text="The worst coffee in town"), "false_alarm")
        intake.learn(conn, "shop", JUDGE, NOON)
        assert marks.unlearned(conn, JUDGE.id) == []
        assert marks.unlearned(conn, other.id) == ["shop"]

        intake.catch_up(conn, other, NOON)

        assert marks.unlearned(conn, other.id) == []
        assert (marks.offset(conn, "shop", other.id) or (0, 0))[0] < 0
        assert (marks.offset(conn, "shop", JUDGE.id) or (0, 0))[0] < 0
