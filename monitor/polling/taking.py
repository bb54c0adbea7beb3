"""What a look brought, stored and decided in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import intake, policy
from monitor.config import SourceSettings
from monitor.errors import LookError, ParseError
from monitor.models import Health, Reason
from monitor.polling import condition, progress
from monitor.polling.walk import Look
from monitor.store import Connection, mentions, sources
from monitor.store.sources import Poll, SourceState

LEASE = timedelta(minutes=5)
MOST_UNREADABLE = 0.20  # of the entries of a bite; more means that the site has changed
# After that long, the bite that ends next writes the summary. With the longest bite it is there within two minutes.
ANNOUNCE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a look changed in the database."""

    new: int = 0
    edited: int = 0
    known: int = 0
    alerts: int = 0
    health: Health = Health.OK
    told: Reason | None = None


def take(conn: Connection, look: Look, source: SourceSettings, routing: intake.Routing, now: datetime) -> Taken:
    """Store what a look brought and decide, in the caller's one transaction."""
    state = sources.get(conn, source.name)
    if state is None or not state.active:
        return Taken()
    error = look.error or _changed_shape(look)
    taken = _take_in(conn, look, source, state, routing, now)
    progress.save(conn, look, source, state, error, routing, now)
    _note_rate(conn, state, taken.alerts, now)
    poll = _poll(look, taken, error)
    health, told = condition.judge(conn, look, poll, error, source, state, routing, now)
    sources.add_poll(conn, source.name, poll)
    something = look.error is None or look.answers > 0
    if something and not state.introduced and (look.at_end or now - state.added_at >= ANNOUNCE_AFTER):
        introduce(conn, source, state, routing, now)
    return Taken(taken.new, taken.edited, taken.known, taken.alerts, health, told)


def _take_in(
    conn: Connection, look: Look, source: SourceSettings, state: SourceState, routing: intake.Routing, now: datetime
) -> intake.Taken:
    first = look.walk.first
    taken = intake.take(
        conn,
        source,
        look.judged,
        routing=routing,
        now=now,
        history=intake.History(state.added_at, introduced=state.introduced) if first else None,
        backfill_since=state.backfill_since if first else None,
    )
    if source.kind.finds_places and state.introduced:
        _announce_places(conn, look, source, routing, now)
    _take_rest(conn, look, source, routing, now)
    return taken


def _announce_places(
    conn: Connection, look: Look, source: SourceSettings, routing: intake.Routing, now: datetime
) -> None:
    """Tell once of each place that a source has found since it was added."""
    known = mentions.places_of(conn, source.name)
    for total in look.totals:
        if known and total.subject and total.subject not in known:
            intake.tell_owners(
                conn,
                routing,
                Reason.SUMMARY,
                key=("place", source.name, total.subject),
                source=source.name,
                facts={
                    "new_place": True,
                    "source": source.name,
                    "site": source.kind.title or source.name,
                    "place": total.subject,
                    "found": total.count or 0,
                    "average": total.average,
                    "best": total.best,
                },
                now=now,
            )


def _take_rest(conn: Connection, look: Look, source: SourceSettings, routing: intake.Routing, now: datetime) -> None:
    """Store what a look brought beside new and changed mentions."""
    intake.observe(conn, source, look.observed, look.seen, routing=routing, now=now)
    for total in look.totals:
        mentions.put_total(conn, source.name, total, now)
    intake.removed(conn, source, mentions.ids_of(conn, source.name, look.gone), routing=routing, now=now)
    problems = look.problems
    if not source.kind.keeps_text:
        problems = tuple(replace(problem, raw=None) for problem in problems)
    sources.quarantined(conn, source.name, problems, now)


def _poll(look: Look, taken: intake.Taken, error: LookError | None) -> Poll:
    return Poll(
        at=look.started_at,
        ms=look.ms,
        requests=look.requests,
        seen=look.walk.items if look.done else len(look.seen),  # of a walk in bites, all that it saw
        new=taken.new,
        edited=taken.edited,
        problems=len(look.problems),
        not_modified=look.not_modified,
        done=look.done,
        error_code=error.code if error else None,
    )


def _note_rate(conn: Connection, state: SourceState, told: int, now: datetime) -> None:
    """Keep how many alerts a source usually causes, so that a flood is known when it comes."""
    elapsed = now - (state.last_look_at or state.added_at)
    sources.update(conn, state.name, usual_rate=policy.usual_rate(state.usual_rate, told, elapsed))


def _changed_shape(look: Look) -> LookError | None:
    unreadable = len(look.problems)
    if unreadable and unreadable > MOST_UNREADABLE * (unreadable + len(look.seen)):
        total = unreadable + len(look.seen)
        return ParseError(f"{unreadable} of {total} entries could not be read; the first: {look.problems[0].what}")
    return None


def introduce(
    conn: Connection, source: SourceSettings, state: SourceState, routing: intake.Routing, now: datetime
) -> None:
    """Tell once what the first look at a source found; nothing when only its options have changed."""
    sources.update(conn, source.name, introduced_at=now)
    if state.introduced_at is not None or source.kind.pushed_only:
        return
    facts = mentions.first_look_facts(conn, source.name, now - timedelta(days=30))
    total = mentions.last_total(conn, source.name)
    intake.tell_owners(
        conn,
        routing,
        Reason.SUMMARY,
        key=("first", source.name, now),
        source=source.name,
        facts={
            **facts,
            "average": total.average if total and total.average is not None else facts["average"],
            "site_count": total.count if total else None,
            "site": source.kind.title or source.name,
            "source": source.name,
            "would_have_sent": intake.would_have_sent(conn, source, routing, now - timedelta(days=30), now),
        },
        now=now,
    )


def take_recheck(conn: Connection, look: Look, source: SourceSettings, routing: intake.Routing, now: datetime) -> Taken:
    """Store what a re-check or a push showed. The source's own walk and health are not touched.

    What the site asked us to wait is believed all the same, and that there is no money left is told.
    """
    taken = intake.take(conn, source, look.judged, routing=routing, now=now)
    _take_rest(conn, look, source, routing, now)
    if look.error is not None and look.error.retry_after:
        sources.update(conn, source.name, not_before=now + look.error.retry_after)
        progress.share_wait(conn, source, look.error, routing, now)
        if (state := sources.get(conn, source.name)) is not None:
            condition.tell_spent(conn, look.error, source, state, routing, now)
    return Taken(taken.new, taken.edited, taken.known, taken.alerts)
