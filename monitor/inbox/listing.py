"""The inbox: what waits for an answer, in the order in which an answer is worth most."""

from __future__ import annotations

import heapq
from datetime import datetime

from monitor.inbox.worth import Entry, Waiting, worth
from monitor.models import CaseState, Kind, Severity
from monitor.store import Connection, cases, mentions


def waiting(
    conn: Connection, now: datetime, *, limit: int | None = None, assignee: str | None = None
) -> tuple[list[Entry], int]:
    """Return the cases that wait, the most worth first, and how many there are in all.

    Those put off until later are left out.
    """
    entries: dict[int, Entry] = {}
    for row in cases.waiting_rows(conn, assignee):
        if row.id in entries:
            continue  # one case in several places is one line
        found = worth(
            Waiting(
                CaseState(row.state), Severity(row.severity), Kind(row.kind), row.opened_at, row.sort_at,
                row.due_at, row.assignee, row.audience, row.audience_kind,
            ),
            now,
        )  # fmt: skip
        entries[row.id] = Entry(row.id, row.mention_id, found.value, found.reasons, row._mapping)
    count = len(entries)
    best = heapq.nsmallest(
        count if limit is None else limit, entries.values(), key=lambda one: (-one.worth, one.case_id)
    )
    texts = mentions.current_texts(conn, [one.mention_id for one in best])
    shown = [
        Entry(one.case_id, one.mention_id, one.worth, one.reasons, one.facts, texts.get(one.mention_id, ""))
        for one in best
    ]
    return shown, count
