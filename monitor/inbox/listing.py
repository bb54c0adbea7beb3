"""The inbox: what waits for an answer, in the order in which an answer is worth most."""

from __future__ import annotations

import heapq
from datetime import datetime

from monitor.inbox.worth import Entry, Waiting, reasons, value
from monitor.models import CaseState, Kind, Severity
from monitor.store import Connection, cases, mentions

# A lookup in a dict takes a tenth of the time of an enum's own: that counts ten thousand times.
_STATES = {str(one): one for one in CaseState}
_SEVERITIES = {str(one): one for one in Severity}
_KINDS = {str(one): one for one in Kind}


def waiting(
    conn: Connection, now: datetime, *, limit: int | None = None, assignee: str | None = None
) -> tuple[list[Entry], int]:
    """Return the cases that wait, the most worth first, and how many there are in all.

    Those put off until later are left out.
    """
    found: dict[int, tuple[float, int, Waiting]] = {}
    for row in cases.waiting_rows(conn, assignee):
        case_id, mention_id, state, severity, kind, opened, written, due, who, audience, audience_kind = row
        if case_id in found:
            continue  # one case in several places is one line
        case = Waiting(
            _STATES[state], _SEVERITIES[severity], _KINDS[kind], opened, written, due, who, audience, audience_kind
        )
        found[case_id] = value(case, now), mention_id, case
    count = len(found)
    best = heapq.nsmallest(count if limit is None else limit, found, key=lambda case_id: (-found[case_id][0], case_id))
    ids = [found[case_id][1] for case_id in best]
    facts, texts = cases.waiting_facts(conn, ids), mentions.current_texts(conn, ids)
    shown = []
    for case_id in best:
        worth, mention_id, case = found[case_id]
        text = texts.get(mention_id, "")
        shown.append(Entry(case_id, mention_id, worth, reasons(case, now), facts[mention_id], text))
    return shown, count
