"""What is stored is scored again: the old scores stay, nobody is told, and a kill loses nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor import rescoring
from monitor.models import Label, Level, Scorable, Score, Why
from monitor.rescoring import NOT_AGAIN, Which
from monitor.scoring import Scorer, scorer
from monitor.store import Store, marks, rescored, schema
from monitor.store.bulk import insert_many
from monitor.store.mentions import untold_bad
from tests.builders import NOON
from tests.reports.mentions import SCORER as OLD
from tests.reports.mentions import put_alert, put_case, put_mention, put_reply

ROOT = Path(__file__).parents[2]
TELLING = ("alerts", "deliveries", "delivery_alerts", "cases", "case_events", "outgoing_replies")
LABELS = {Level.ALERT: Label.BAD, Level.WATCH: Label.MIXED, Level.QUIET: Label.NEUTRAL}


@dataclass(frozen=True)
class ByWord:
    """A scorer that takes the level from the first word of a text."""

    name: str = "by-word"
    version: int = 1

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}"

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        levels = [Level(item.text.split()[0]) for item in items]
        why = (Why("topic:waiting", "waiting", ("ages",)),)
        badness = {Level.ALERT: 0.9, Level.WATCH: 0.4, Level.QUIET: 0.1}
        return [Score(badness[level], level, LABELS[level], self.id, ("waiting",), (), why) for level in levels]


NEW = ByWord()


def put(conn: Connection, mention_id: int, was: str, now: str, **values: Any) -> None:
    """Store a mention of one level by the old scorer, and another by the new one."""
    label = LABELS[Level(was)]
    put_mention(conn, mention_id, rating=None, **{"text": now, "level": was, "label": label, "severity": None} | values)


def put_many(store: Store, count: int) -> None:
    """Store so many mentions of another scorer, with ids from 1."""
    tables = (schema.mentions, schema.versions, schema.scores)
    with store.write() as conn:
        put_mention(conn, 1, rating=3.0, text="It keeps crashing.", scorer="x/1")
        for table in tables:
            first = dict(conn.execute(sa.select(table)).mappings().one())
            key = "id" if table is schema.mentions else "mention_id"
            rows = [{**first, key: number} for number in range(2, count + 1)]
            if table is schema.mentions:
                rows = [{**row, "external_id": f"r-{row['id']}"} for row in rows]
            insert_many(conn, table, rows)


def current(store: Store, mention_id: int) -> Any:
    with store.read() as conn:
        return conn.execute(sa.select(schema.mentions).where(schema.mentions.c.id == mention_id)).one()


def counts(store: Store) -> dict[str, int]:
    with store.read() as conn:
        return {
            name: conn.scalar(sa.select(sa.func.count()).select_from(schema.metadata.tables[name])) or 0
            for name in TELLING
        }


def rescore(store: Store, new: Scorer = NEW, **asked: Any) -> rescoring.Result:
    return rescoring.run(store, new, Which(new.id, **asked), NOON, at_once=2)


# --- what changes --------------------------------------------------------------------------------


def test_the_new_score_becomes_the_current_one_and_the_old_one_stays_beside_it(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")

    rescore(store)

    now = current(store, 1)
    assert (now.scorer, now.level, now.label, now.badness) == (NEW.id, "alert", "bad", 0.9)
    assert now.severity == "high"  # badness .9
    with store.read() as conn:
        stored = {row.scorer: row for row in conn.execute(sa.select(schema.scores))}
    assert set(stored) == {OLD, NEW.id}
    assert (stored[OLD].level, stored[NEW.id].level) == ("quiet", "alert")
    assert stored[NEW.id].severity == "high"
    assert stored[NEW.id].reasons == [{"code": "topic:waiting", "text": "waiting", "words": ["ages"]}]


def test_the_result_counts_what_went_up_and_down_and_names_five(store: Store) -> None:
    moves = [("quiet", "watch")] * 4 + [("alert", "quiet")] * 3 + [("watch", "watch")] * 2
    with store.write() as conn:
        for number, (was, now) in enumerate(moves, 1):
            put(conn, number, was=was, now=now)
    steps: list[tuple[int, int]] = []

    result = rescoring.run(
        store, NEW, Which(NEW.id), NOON, at_once=4, progress=lambda done, total: steps.append((done, total))
    )

    assert (result.scored, result.up, result.down, result.left) == (9, 4, 3, 0)
    assert [(one.id, one.was, one.now) for one in result.examples[:4]] == [
        (7, "alert", "quiet"), (6, "alert", "quiet"), (5, "alert", "quiet"), (4, "quiet", "watch"),
    ]  # fmt: skip
    assert len(result.examples) == 5
    assert steps == [(4, 9), (8, 9), (9, 9)]


def test_what_the_scorer_has_scored_is_left_alone_unless_all_is_asked_for(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert", scorer=NEW.id)
        put(conn, 2, was="quiet", now="alert")

    first, second, third = rescore(store), rescore(store), rescore(store, everything=True)

    assert [one.id for one in first.examples] == [2]
    assert second.scored == 0
    assert [one.id for one in third.examples] == [1]
    assert third.scored == 2


def test_only_a_source_or_a_span_is_scored_again_where_that_is_asked_for(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert", source="mill")
        put(conn, 2, was="quiet", now="alert", published_at=NOON - timedelta(days=40))
        put(conn, 3, was="quiet", now="alert")

    of_mill, of_late = rescore(store, source="mill"), rescore(store, since=NOON - timedelta(days=30))

    assert [one.id for one in of_mill.examples] == [1]
    assert [one.id for one in of_late.examples] == [3]
    assert current(store, 2).scorer == OLD


def test_a_preview_says_the_same_and_changes_nothing(store: Store) -> None:
    with store.write() as conn:
        for number in range(1, 6):
            put(conn, number, was="quiet", now="alert" if number % 2 else "watch")

    seen = rescoring.preview(store, NEW, Which(NEW.id), at_once=2)

    assert all(current(store, number).scorer == OLD for number in range(1, 6))
    done = rescore(store)
    assert (seen.scored, seen.up, seen.down, seen.examples) == (done.scored, done.up, done.down, done.examples)
    assert (seen.left, done.left) == (5, 0)


def test_only_the_current_version_is_scored_again_and_our_own_posts_stay_unjudged(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
        edit = {"mention_id": 1, "version": 2, "content_hash": "01", "seen_at": NOON, "text": "watch", "text_length": 5}
        conn.execute(schema.versions.insert().values(**edit))
        conn.execute(schema.mentions.update().values(version=2))
        put(conn, 2, was="quiet", now="alert", own=True)

    rescore(store)

    with store.read() as conn:
        new = conn.execute(sa.select(schema.scores).where(schema.scores.c.scorer == NEW.id)).all()
    assert {(row.mention_id, row.version, row.level) for row in new} == {(1, 2, "watch"), (2, 1, "quiet")}


def test_the_same_scorer_on_the_same_text_changes_nothing(store: Store) -> None:
    real = scorer("stars-vader")
    texts = ["It keeps crashing.", "Das Essen war kalt und niemand kam.", "Lovely.", "asdf", ""]
    with store.write() as conn:
        for number, text in enumerate(texts * 2, 1):
            put_mention(conn, number, rating=3.0 if number > len(texts) else None, text=text, scorer="x/1")
    rescore(store, real)
    with store.read() as conn:
        before = conn.execute(sa.select(schema.scores).order_by(schema.scores.c.mention_id)).all()

    result = rescore(store, real, everything=True)

    assert (result.scored, result.up, result.down) == (10, 0, 0)
    with store.read() as conn:
        assert conn.execute(sa.select(schema.scores).order_by(schema.scores.c.mention_id)).all() == before


def test_what_staff_marked_counts_on_its_source_as_it_does_for_new_mentions(store: Store) -> None:
    real = scorer("stars-vader")
    text = "Not as good as it was last year."  # with three stars an alert, by little
    with store.write() as conn:
        for number in range(1, 53):
            put_mention(conn, number, rating=3.0, text=text, source="mill" if number == 52 else "shop", scorer="x/1")
        marks.put(conn, range(1, 51), "false_alarm", who="ana", note=None, now=NOON)

    rescore(store, real)

    assert [current(store, number).level for number in (50, 51, 52)] == ["watch", "watch", "alert"]
    with store.read() as conn:
        [why] = conn.scalars(
            sa.select(schema.scores.c.reasons).where(
                schema.scores.c.mention_id == 51, schema.scores.c.scorer == real.id
            )
        )
    assert why[-1]["code"] == "marks"


# --- nobody is told ------------------------------------------------------------------------------


def test_no_alert_delivery_or_case_comes_of_it_and_an_open_case_stays(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
        put(conn, 2, was="alert", now="quiet")
        put_case(conn, 2, severity="critical")
        put_alert(conn, 2, NOON, delivery="d-1")
        put_reply(conn, 2, "Sorry to hear that.")
    before = counts(store)

    rescore(store)

    assert counts(store) == before
    assert before["alerts"] == before["deliveries"] == before["cases"] == 1
    assert current(store, 2).case_id == 2
    with store.read() as conn:
        [case] = conn.execute(sa.select(schema.cases))
    assert (case.state, case.severity) == ("open", "critical")


@pytest.mark.parametrize(
    "was, why, then",
    [
        ("quiet", None, NOT_AGAIN),
        ("quiet", "nothing to act on", NOT_AGAIN),
        ("watch", "in the digest", NOT_AGAIN),
        ("watch", "older than 72 hours", "older than 72 hours"),
        ("quiet", "the same text is told as m7", "the same text is told as m7"),
        ("alert", "no rule asks for it", "no rule asks for it"),
    ],
)
def test_one_that_is_bad_now_has_a_reason_why_nobody_was_told(
    store: Store, was: str, why: str | None, then: str
) -> None:
    with store.write() as conn:
        put(conn, 1, was=was, now="alert", why_not_told=why)

    rescore(store)

    assert current(store, 1).why_not_told == then
    with store.read() as conn:
        assert untold_bad(conn, older_than=NOON) == []


def test_one_of_which_people_were_told_keeps_that(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
        put_alert(conn, 1, NOON, reason="good_news", delivery="d-1")

    rescore(store)

    assert current(store, 1).why_not_told is None


def test_one_that_was_bad_and_lost_is_still_found_by_the_audit(store: Store) -> None:
    with store.write() as conn:
        put(conn, 1, was="alert", now="alert")

    rescore(store)

    with store.read() as conn:
        assert untold_bad(conn, older_than=NOON) == [1]


# --- beside a running monitor --------------------------------------------------------------------


class Meddling(ByWord):
    """Does something between reading and writing, as a running monitor would."""

    def __init__(self, store: Store, *statements: Any) -> None:
        super().__init__()
        object.__setattr__(self, "_todo", [*statements])
        object.__setattr__(self, "_store", store)

    def score(self, items: Sequence[Scorable]) -> list[Score]:
        if self._todo:  # type: ignore[attr-defined]
            with self._store.write() as conn:  # type: ignore[attr-defined]
                while self._todo:  # type: ignore[attr-defined]
                    conn.execute(self._todo.pop())  # type: ignore[attr-defined]
        return super().score(items)


def test_what_was_edited_or_erased_meanwhile_is_not_overwritten(store: Store) -> None:
    m, v = schema.mentions, schema.versions
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
        put(conn, 2, was="quiet", now="alert")
    edit = {"mention_id": 1, "version": 2, "content_hash": "01", "seen_at": NOON, "text": "watch", "text_length": 5}
    edited = m.update().where(m.c.id == 1).values(version=2, level="watch", label="mixed", scorer=NEW.id)
    erased = m.delete().where(m.c.id == 2)

    result = rescore(store, Meddling(store, erased, edited, v.insert().values(**edit)))

    assert (result.scored, result.left) == (0, 0)
    assert (current(store, 1).level, current(store, 1).version) == ("watch", 2)
    with store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).where(schema.scores.c.scorer == NEW.id)) == 0


def test_what_an_older_monitor_edited_meanwhile_is_scored_at_the_end(store: Store) -> None:
    m, v = schema.mentions, schema.versions
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
    edit = {"mention_id": 1, "version": 2, "content_hash": "01", "seen_at": NOON, "text": "watch", "text_length": 5}

    result = rescore(store, Meddling(store, m.update().values(version=2), v.insert().values(**edit)))

    assert (result.scored, result.left) == (1, 0)
    assert (current(store, 1).level, current(store, 1).scorer) == ("watch", NEW.id)


def test_a_row_that_somebody_else_is_changing_is_not_waited_for(store: Store) -> None:
    if store.dialect == "sqlite":
        pytest.skip("one transaction writes at a time")
    with store.write() as conn:
        put(conn, 1, was="quiet", now="alert")
        put(conn, 2, was="quiet", now="alert")

    with store.write() as conn:
        conn.execute(schema.mentions.update().where(schema.mentions.c.id == 2).values(looks_missed=1))
        held = rescore(store)
    after = rescore(store)

    assert (held.scored, held.left) == (1, 1)
    assert (after.scored, after.left) == (1, 0)


# --- killed --------------------------------------------------------------------------------------

CODE = """
import sys
from datetime import UTC, datetime
from monitor import rescoring, scoring
from monitor.store import open_store
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
with open_store(sys.argv[1], now=NOON) as store:
    scorer = scoring.scorer("stars-vader")
    which = rescoring.Which(scorer.id)
    rescoring.run(store, scorer, which, NOON, at_once=5, progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_where_it_stopped(store: Store, full_url: str) -> None:
    real = scorer("stars-vader")
    count = 3_000
    put_many(store, count)
    running = subprocess.Popen([sys.executable, "-c", CODE, full_url], cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert running.stdout is not None
    while int(running.stdout.readline()) < 50:
        pass
    running.kill()
    running.communicate()

    with store.read() as conn:
        left = rescored.count(conn, Which(real.id))
    result = rescoring.run(store, real, Which(real.id), NOON)
    with store.read() as conn:
        rows = conn.execute(
            sa.select(schema.mentions, schema.scores.c.level.label("scored"))
            .join(schema.scores, schema.scores.c.mention_id == schema.mentions.c.id)
            .where(schema.scores.c.scorer == real.id)
        ).all()

    assert 0 < left <= count - 50
    assert result.left == 0
    assert left - 5 <= result.scored <= left  # the server may have had the last batch on its way
    assert len(rows) == count
    assert all(row.scorer == real.id and row.level == row.scored for row in rows)
    assert counts(store) == dict.fromkeys(TELLING, 0)


# --- a long history ------------------------------------------------------------------------------

LONG = CODE.replace("at_once=5, progress=lambda done, total: print(done, flush=True)", "progress=tell").replace(
    "with open_store",
    """import re
def tell(done, total):
    print(done, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024, flush=True)
with open_store""",
)


@pytest.mark.slow
def test_a_hundred_thousand_take_no_more_memory_than_a_few_and_hold_nobody_up(store: Store, full_url: str) -> None:
    count = 100_000
    put_many(store, count)
    began = time.monotonic()
    running = subprocess.Popen([sys.executable, "-c", LONG, full_url], cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert running.stdout is not None
    megabytes: dict[int, int] = {}
    waits: list[float] = []
    for line in running.stdout:
        done, used = map(int, line.split())
        megabytes[done] = used
        asked = time.monotonic()
        with store.write() as conn:  # what a look at a site writes at least
            conn.execute(schema.mentions.update().where(schema.mentions.c.id == 1).values(looks_missed=0))
        waits.append(time.monotonic() - asked)

    took, longest = time.monotonic() - began, max(waits)
    print(f"{store.dialect}: {took:.1f} s, {megabytes[3_000]} and {megabytes[count]} MB, waits {longest:.3f} s")
    assert running.wait() == 0
    assert megabytes[count] - megabytes[3_000] < 20
    assert longest < 2
    with store.read() as conn:
        assert rescored.count(conn, Which(scorer("stars-vader").id)) == 0
