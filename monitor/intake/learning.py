"""What staff have marked becomes the offset of a source, and that is counted in from then on."""

from __future__ import annotations

from datetime import datetime

from monitor.scoring import Scorer
from monitor.scoring.offset import Evidence, Offset, fitted, log_odds
from monitor.store import Connection, marks


def offset_of(conn: Connection, source: str, scorer: Scorer) -> Offset | None:
    """Return the offset that counts for a source; None where there is none or its marks are too few."""
    stored = marks.offset(conn, source, scorer.id)
    if stored is None:
        return None
    offset = Offset(stored.shift, stored.marks)
    return offset if offset.in_use and offset.shift else None


def learn(conn: Connection, source: str, scorer: Scorer, now: datetime) -> Offset:
    """Fit the offset of a source to its marks and store it, in the caller's transaction.

    The marked texts are scored again, so that an earlier offset has no part in the next one.
    """
    marked = marks.texts(conn, source)
    evidence = []
    for (mark, item), score in zip(marked, scorer.score([item for _, item in marked]), strict=True):
        if (odds := log_odds(score, item.rating)) is not None:
            evidence.append(Evidence(odds, mark.wrong, mark.bad))
    offset = fitted(evidence)
    if marked:
        marks.put_offset(conn, source, scorer.id, offset.shift, offset.marks, now)
    else:
        marks.forget_offsets(conn, source)
    return offset


def catch_up(conn: Connection, scorer: Scorer, now: datetime) -> None:
    """Learn from the marks of all sources that were made under another scorer."""
    for source in marks.unlearned(conn, scorer.id):
        learn(conn, source, scorer, now)
