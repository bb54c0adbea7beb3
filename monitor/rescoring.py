"""Scoring history again, when the scorer or its version has changed. Nobody is told of anything by it.

In small batches, the newest first, one short transaction each: a running monitor goes on beside it, and what is
done has the scorer's id, so that after a kill the rest goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor import intake, policy
from monitor.models import Json, Label, Level
from monitor.policy.decide import NotTold
from monitor.scoring import Scorer
from monitor.scoring.offset import Offset
from monitor.store import Store, marks, rescored
from monitor.store.mentions import RowMapping, as_mention
from monitor.store.rescored import Rescored, Which

__all__ = ["AT_ONCE", "NOT_AGAIN", "Moved", "Result", "Which", "preview", "run"]

AT_ONCE = 300  # mentions in one transaction: some ten milliseconds
EXAMPLES = 5
NOT_AGAIN = "scored anew; not told again"  # why nobody is told of one that is bad only now
_UNFIT = (NotTold.QUIET.value, NotTold.DIGEST.value)  # reasons that a bad one cannot have
_GRAVITY = {Level.QUIET: 0, Level.WATCH: 1, Level.ALERT: 2}

Progress = Callable[[int, int], None]
"""Is told how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A mention whose level changed."""

    id: int
    source: str
    was: Level
    now: Level

    @property
    def graver(self) -> bool:
        """Say whether it is nearer to an alert than before."""
        return _GRAVITY[self.now] > _GRAVITY[self.was]


@dataclass(frozen=True, slots=True)
class Result:
    """What scoring again did, or would do. `left` counts those whose score is still another scorer's."""

    scorer: str
    scored: int
    up: int  # nearer to an alert than before
    down: int
    examples: tuple[Moved, ...]
    left: int

    def as_json(self) -> dict[str, Json]:
        """Return the counts, and the examples by their spoken ids."""
        return {
            "scorer": self.scorer,
            "scored": self.scored,
            "up": self.up,
            "down": self.down,
            "examples": [
                {"id": f"m{one.id}", "source": one.source, "was": one.was, "now": one.now} for one in self.examples
            ],
            "left": self.left,
        }


@dataclass
class _Tally:
    """Counts what moved, and keeps the first few of it."""

    scored: int = 0
    up: int = 0
    down: int = 0
    examples: list[Moved] = field(default_factory=list)

    def add(self, scored: Sequence[Moved]) -> None:
        changed = [one for one in scored if one.was is not one.now]
        self.scored += len(scored)
        self.up += sum(one.graver for one in changed)
        self.down += sum(not one.graver for one in changed)
        self.examples += changed[: EXAMPLES - len(self.examples)]

    def result(self, store: Store, which: Which) -> Result:
        with store.read() as conn:
            left = rescored.count(conn, replace(which, everything=False))
        return Result(which.scorer, self.scored, self.up, self.down, tuple(self.examples), left)


def run(
    store: Store,
    scorer: Scorer,
    which: Which,
    now: datetime,
    *,
    at_once: int = AT_ONCE,
    progress: Progress | None = None,
) -> Result:
    """Score mentions again and make the new scores the current ones; the old ones stay beside them.

    What staff have marked counts as it does for new mentions. No alert, delivery or case comes of it. What somebody
    else changes at the same moment is tried once more at the end. Raises StoreError when the database is busy for
    long or gone; what was done is kept.
    """
    _learn(store, scorer, now)
    judge, tally = _Judge(store, scorer), _Tally()
    missed: list[int] = []
    for rows, done, total in _batches(store, which, at_once):
        written = _put(store, rows, judge)
        tally.add(written)
        missed += {row["id"] for row in rows} - {one.id for one in written}
        if progress is not None:
            progress(done, total)
    for start in range(0, len(missed), at_once):
        with store.read() as conn:
            rows = rescored.again(conn, which, missed[start : start + at_once])
        tally.add(_put(store, rows, judge))
    return tally.result(store, which)


def preview(
    store: Store, scorer: Scorer, which: Which, *, at_once: int = AT_ONCE, progress: Progress | None = None
) -> Result:
    """Return what `run` would do, and change nothing. Marks made under another scorer do not count in it yet."""
    judge, tally = _Judge(store, scorer), _Tally()
    for rows, done, total in _batches(store, which, at_once):
        tally.add(_moves(rows, judge.scored(rows)))
        if progress is not None:
            progress(done, total)
    return tally.result(store, which)


def _learn(store: Store, scorer: Scorer, now: datetime) -> None:
    """Learn from marks that were made under another scorer, as the daemon does at its start; a source at a time."""
    with store.read() as conn:
        sources = marks.unlearned(conn, scorer.id)
    for source in sources:
        with store.write() as conn:
            intake.learn(conn, source, scorer, now)


def _batches(store: Store, which: Which, at_once: int) -> Iterator[tuple[list[RowMapping], int, int]]:
    """Yield the rows of each batch, with how many that makes, of how many."""
    with store.read() as conn:
        total = rescored.count(conn, which)
    done, below = 0, None
    while True:
        with store.read() as conn:
            rows = rescored.batch(conn, which, below, at_once)
        if not rows:
            return
        done, below = done + len(rows), rows[-1]["id"]
        yield rows, done, max(total, done)


class _Judge:
    """Scores rows as new mentions of their sources are scored."""

    def __init__(self, store: Store, scorer: Scorer) -> None:
        self._store, self._scorer = store, scorer
        self._offsets: dict[str, Offset | None] = {}

    def scored(self, rows: Sequence[RowMapping]) -> list[Rescored]:
        """Return the new score of each row, source by source."""
        by_source: dict[str, list[RowMapping]] = {}
        for row in rows:
            by_source.setdefault(row["source"], []).append(row)
        return [one for source, some in by_source.items() for one in self._of_source(some, self._offset(source))]

    def _of_source(self, rows: Sequence[RowMapping], offset: Offset | None) -> Iterator[Rescored]:
        judged = intake.judge([as_mention(row) for row in rows], self._scorer, offset)
        for row, one in zip(rows, judged, strict=True):
            yield Rescored(
                id=row["id"],
                version=row["version"],
                before=row["scorer"],
                was=Label(row["label"]),
                score=one.score,
                severity=policy.severity(one.score, one.mention)[0],
            )

    def _offset(self, source: str) -> Offset | None:
        if source not in self._offsets:
            with self._store.read() as conn:
                self._offsets[source] = intake.offset_of(conn, source, self._scorer)
        return self._offsets[source]


def _put(store: Store, rows: Sequence[RowMapping], judge: _Judge) -> list[Moved]:
    """Score some rows and store that; returns those that were written."""
    if not rows:
        return []
    scored = judge.scored(rows)
    with store.write() as conn:
        written = rescored.put(conn, scored, why_not_told=NOT_AGAIN, instead_of=_UNFIT)
    return _moves(rows, written)


def _moves(rows: Sequence[RowMapping], scored: Sequence[Rescored]) -> list[Moved]:
    """Return what became of the rows that have a new score, in their order."""
    new = {one.id: one.score.level for one in scored}
    return [Moved(row["id"], row["source"], Level(row["level"]), new[row["id"]]) for row in rows if row["id"] in new]
