"""Scoring history again, when the scorer or its version has changed. Nobody is told of anything by it.

In small batches, the newest first, one short transaction each: a running monitor goes on beside it, and what is
done has the scorer's id, so that after a kill the rest goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor import intake, policy
from monitor.models import Json, Label, Level
from monitor.policy.decide import NotTold
from monitor.scoring import Scorer
from monitor.store import Store, rescored
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
    store: Store, scorer: Scorer, which: Which, *, at_once: int = AT_ONCE, progress: Progress | None = None
) -> Result:
    """Score mentions again and make the new scores the current ones; the old ones stay beside them.

    No alert, delivery or case comes of it. What somebody else changes at the same moment is tried once more at the
    end. Raises StoreError when the database is busy for long or gone; what was done is kept.
    """
    tally = _Tally()
    missed: list[int] = []
    for rows, done, total in _batches(store, which, at_once):
        written = _put(store, rows, scorer)
        tally.add(written)
        missed += {row["id"] for row in rows} - {one.id for one in written}
        if progress is not None:
            progress(done, total)
    for start in range(0, len(missed), at_once):
        with store.read() as conn:
            rows = rescored.again(conn, which, missed[start : start + at_once])
        tally.add(_put(store, rows, scorer))
    return tally.result(store, which)


def preview(
    store: Store, scorer: Scorer, which: Which, *, at_once: int = AT_ONCE, progress: Progress | None = None
) -> Result:
    """Return what `run` would do, and change nothing."""
    tally = _Tally()
    for rows, done, total in _batches(store, which, at_once):
        tally.add([_moved(row, one) for row, one in zip(rows, _scored(rows, scorer), strict=True)])
        if progress is not None:
            progress(done, total)
    return tally.result(store, which)


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


def _scored(rows: Sequence[RowMapping], scorer: Scorer) -> list[Rescored]:
    judged = intake.judge([as_mention(row) for row in rows], scorer)
    return [
        Rescored(
            id=row["id"],
            version=row["version"],
            before=row["scorer"],
            was=Label(row["label"]),
            score=one.score,
            severity=policy.severity(one.score, one.mention)[0],
        )
        for row, one in zip(rows, judged, strict=True)
    ]


def _put(store: Store, rows: Sequence[RowMapping], scorer: Scorer) -> list[Moved]:
    """Score some rows and store that; returns those that were written."""
    if not rows:
        return []
    scored = _scored(rows, scorer)
    with store.write() as conn:
        written = rescored.put(conn, scored, why_not_told=NOT_AGAIN, instead_of=_UNFIT)
    by_id = {row["id"]: row for row in rows}
    return [_moved(by_id[one.id], one) for one in written]


def _moved(row: RowMapping, one: Rescored) -> Moved:
    return Moved(row["id"], row["source"], Level(row["level"]), one.score.level)
