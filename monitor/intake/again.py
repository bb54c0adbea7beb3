"""Deciding again about what is stored: for the audit, for a backfill, and to say what other rules would have done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import policy
from monitor.config import SourceSettings
from monitor.intake.routing import Routing
from monitor.intake.silence import hold
from monitor.intake.taking import TOLD_ELSEWHERE, new_alert, new_case
from monitor.models import Label, Reason
from monitor.store import Connection, alerts, cases, mentions, sources
from monitor.store.mentions import RowMapping

NO_SOURCE = "its source is no longer watched"


@dataclass(frozen=True, slots=True)
class Again:
    """A stored mention with the decision that these rules make about it."""

    row: RowMapping
    change: policy.Change
    decision: policy.Decision


def decide_again(
    row: RowMapping,
    brands: Sequence[str],
    source: SourceSettings,
    routing: Routing,
    at: datetime,
    backfill_since: datetime | None = None,
) -> Again:
    """Decide about a stored mention as if it had just come, at a time."""
    mention, score = mentions.as_mention(row, brands), mentions.as_score(row)
    change = policy.Change("new", mention, score, source=source.name, team=source.team)
    decision = routing.decider.decide(change, now=at, backfill_since=backfill_since)
    return Again(row, change, decision)


def tell_again(
    conn: Connection,
    mention_ids: Sequence[int],
    routing: Routing,
    now: datetime,
    backfill_since: datetime | None = None,
) -> int:
    """Decide again about stored mentions of which nobody was told; each gets its alert or its reason."""
    wanted = []
    brands = mentions.brands_of(conn, mention_ids)
    for row in mentions.full(conn, mention_ids).values():
        source = routing.source(row["source"])
        if source is None:
            mentions.note_why_not_told(conn, [row["id"]], NO_SOURCE)
            continue
        again = decide_again(row, brands.get(row["id"], ()), source, routing, row["first_seen_at"], backfill_since)
        decision = again.decision
        if decision.reason is None:
            mentions.note_why_not_told(conn, [row["id"]], decision.why_not_told or "no rule asks for it")
            continue
        case_id = row["case_id"]
        if case_id is not None and cases.get(conn, case_id) is None:
            case_id = None
        if case_id is None and decision.opens_case:
            [case_id] = cases.open_cases(conn, [new_case(decision, source, routing, now)], now)
        mentions.told_after_all(conn, row["id"], case_id)
        wanted.append(new_alert(conn, row["id"], row["version"], case_id, decision, source, routing, now))
    alerts.enqueue(conn, hold(conn, wanted, routing, now), now)
    return len(mention_ids)


def backfill(conn: Connection, source: SourceSettings, routing: Routing, since: datetime, now: datetime) -> None:
    """Tell about bad mentions since then that were, or are to be, stored as history."""
    state = sources.get(conn, source.name)
    if state is None or state.newest_at is None:
        sources.update(conn, source.name, backfill_since=since)  # the walk is still to come, or under way
    rows = mentions.judged_since(conn, source.name, since)
    untold = [row["id"] for row in rows if row["label"] == Label.BAD and _may_be_told(row)]
    tell_again(conn, untold, routing, now, backfill_since=since)


def _may_be_told(row: RowMapping) -> bool:
    why = row["why_not_told"]
    return why is not None and not why.startswith(TOLD_ELSEWHERE) and row["deleted_at"] is None


def would_have_sent(conn: Connection, source: SourceSettings, routing: Routing, since: datetime, now: datetime) -> int:
    """Return how many alerts these settings would have sent for what a source published since then."""
    return sum(one.decision.reason is Reason.NEW for one in replayed(conn, source, routing, since, now))


def replayed(
    conn: Connection, source: SourceSettings, routing: Routing, since: datetime, now: datetime
) -> Iterator[Again]:
    """Yield what a source published since then, each with the decision these rules would have made at the time.

    As it stands now: what an edit brought is decided about as if it had been there from the beginning.
    """
    rows = mentions.judged_since(conn, source.name, since)
    brands: Mapping[int, Sequence[str]] = mentions.brands_of(conn, [row["id"] for row in rows])
    for row in rows:
        at = min(row["published_at"] or row["first_seen_at"], now)
        yield decide_again(row, brands.get(row["id"], ()), source, routing, at)
