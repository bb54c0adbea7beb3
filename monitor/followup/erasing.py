"""Erasing for good: what somebody said, or one thing that was said, out of the tables, the files and our own copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor import intake
from monitor.cases import Event, EventKind
from monitor.models import Json
from monitor.store import Connection, Store, cases, mentions, purging, scouring
from monitor.store.mentions import RowMapping


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be erased: a mention by its number, or everything by an author, on one source or by an id."""

    mention_id: int | None = None
    author: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was erased, and what could not be reached. `trouble` says what is left to do, in words."""

    mentions: int
    cases_closed: int
    called_off: int
    told: tuple[tuple[str, int], ...]
    copies: scouring.Copies
    trouble: str | None

    def as_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        return {
            "mentions": self.mentions,
            "cases_closed": self.cases_closed,
            "called_off": self.called_off,
            "messages_sent": dict(self.told),
            "copies_rewritten": list(self.copies.rewritten),
            "copies_deleted": list(self.copies.deleted),
            "files_that_may_hold_it": list(self.copies.may_hold),
            "trouble": self.trouble,
        }


def to_erase(conn: Connection, wanted: Wanted) -> list[RowMapping]:
    """Return the full rows of what would be erased: also copies in other places, and posts of ours that answer it."""
    full = mentions.full(conn, purging.with_kin(conn, _found(conn, wanted)))
    return [full[mention_id] for mention_id in sorted(full)]


def erase(store: Store, ids: Sequence[int], wanted: Wanted, *, folder: Path, now: datetime) -> Outcome:
    """Erase these mentions from the database and from the copies that we made; the monitor may run meanwhile.

    Cases about nothing else are closed, what waits to be sent about them is called off, and a tombstone keeps each
    from coming back. `folder` is the configuration's. Raises StoreError when the database is busy for long or gone.
    """
    with store.write() as conn:
        ids = purging.with_kin(conn, ids)
        closed = _close(conn, ids, now)
        done = purging.erase(conn, ids, now)
    trouble = scouring.scour(store)

    def again(copy: Connection) -> None:
        there = {*purging.of_keys(copy, done.keys), *_found(copy, wanted)}
        purging.erase(copy, purging.with_kin(copy, sorted(there)), now, done.words)

    copies = scouring.in_copies(store, folder, again, now)
    if copies.left:
        room = f"there was no room to rewrite {', '.join(copies.left)}: they still hold it"
        trouble = f"{trouble}; {room}" if trouble else room
    words = [*(name for name in done.words.names if len(name) >= purging.SHORTEST_NAME), *done.words.texts]
    copies = replace(copies, may_hold=scouring.others(store, folder, words, copies.rewritten))
    return Outcome(done.mentions, closed, done.called_off, done.told, copies, trouble)


def _found(conn: Connection, wanted: Wanted) -> list[int]:
    if wanted.author is not None:
        return purging.of_author(conn, wanted.author, wanted.source)
    return list(mentions.full(conn, [wanted.mention_id] if wanted.mention_id is not None else []))


def _close(conn: Connection, ids: Sequence[int], now: datetime) -> int:
    """Close the cases that are about nothing else; returns how many."""
    rows = mentions.full(conn, ids)
    about = {row["case_id"] for row in rows.values() if row["case_id"] is not None}
    closed = 0
    for case_id in sorted(about):
        if purging.only_about(conn, case_id, ids):
            event = Event(EventKind.DELETED, now, through="cli", text="erased")
            before = cases.get(conn, case_id)
            intake.happen(conn, case_id, event, key=f"erased:{case_id}:{now.isoformat()}")
            closed += before is not None and before.state != "closed"
    return closed
