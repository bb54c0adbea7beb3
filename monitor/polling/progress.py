"""What must survive a look, written down: the rest of the walk, the bookmark, when to look again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from monitor import intake, policy
from monitor.config import SourceSettings
from monitor.connector import Connector, Outcome
from monitor.errors import LookError
from monitor.models import Json
from monitor.polling.walk import Look
from monitor.store import Connection, mentions, sources
from monitor.store.sources import SourceState

RECENT = 5  # looks that tell what a source usually shows
NOT_ALL_SHOWN = "more was published meanwhile than the site shows at once"


def save(
    conn: Connection,
    look: Look,
    source: SourceSettings,
    state: SourceState,
    error: LookError | None,
    routing: intake.Routing,
    now: datetime,
) -> None:
    """Write how far the walk has come, and the bookmark when it is finished.

    An error moves neither bookmark nor validators; what a site destroys once it was shown is the exception.
    """
    connector = source.build()
    values: dict[str, object] = {"lease_until": None, "last_look_at": now, "not_before": None}
    if look.commit:
        values["bookmark"] = _bookmark(look, state)
    if error is not None:
        values |= _failed(look, source, state, error, now)
        share_wait(conn, source, error, routing, now)
    elif look.done:
        values |= _finished(look, source, connector, state, now)
        _absent(conn, look, source, connector, state, routing, now)
        _note_unreached(conn, look, connector, state)
    else:
        values |= {"walk": look.walk.as_json(), "walk_ids": _walked(look, state), "next_poll_at": now}
    if error is None:
        sources.put_validators(conn, source.name, look.validators)
    sources.update(conn, source.name, **values)


def _bookmark(look: Look, state: SourceState) -> Mapping[str, Json] | None:
    return {**(state.bookmark or {}), **look.walk.bookmark} or None


def _failed(
    look: Look, source: SourceSettings, state: SourceState, error: LookError, now: datetime
) -> dict[str, object]:
    keep = look.error is not None and look.walk.requests  # too much that is unreadable: that walk is begun anew
    return {
        "walk": look.walk.as_json() if keep else None,
        "walk_ids": _walked(look, state) if keep else None,
        "next_poll_at": _after_failure(look, source, state, error, now),
        "not_before": now + error.retry_after if error.retry_after else None,
    }


def share_wait(
    conn: Connection, source: SourceSettings, error: LookError, routing: intake.Routing, now: datetime
) -> None:
    """Let the other sources of an account wait, too, when the site says that it is asked too often with it."""
    if source.account is None or error.code != Outcome.THROTTLED or not error.retry_after:
        return
    until = now + error.retry_after
    for other in routing.settings.sources:
        if other.account == source.account and other.name != source.name:
            state = sources.get(conn, other.name)
            if state is not None and (state.not_before is None or state.not_before < until):
                sources.update(conn, other.name, not_before=until)


def _after_failure(look: Look, source: SourceSettings, state: SourceState, error: LookError, now: datetime) -> datetime:
    """Return when to look again: where only some pages failed, the others are looked at as ever."""
    if look.partly and not look.walk.stuck:
        return now
    fastest = source.kind.fastest
    chance = _chance()
    later = policy.next_poll(source.every, now, state.failures + 1, error.retry_after, fastest=fastest, chance=chance)
    return min(later, policy.next_poll(source.every, now, fastest=fastest, chance=chance)) if look.partly else later


def _chance() -> float:
    return random.random()  # noqa: S311  # so that sources do not march in step; no secret


def _finished(
    look: Look, source: SourceSettings, connector: Connector[Any], state: SourceState, now: datetime
) -> dict[str, object]:
    walk = look.walk
    values: dict[str, object] = {
        "bookmark": _bookmark(look, state),
        "newest_at": max(filter(None, (walk.newest_at, state.newest_at)), default=None) or now,
        "next_poll_at": policy.next_poll(source.every, now, fastest=connector.fastest, chance=_chance()),
    }
    if walk.first:
        values["backfill_since"] = None
    if walk.aside is not None:
        rest = replace(walk.aside, glanced_at=now)
        return values | {"walk": rest.as_json(), "walk_ids": _walked(look, state), "next_poll_at": now}
    if walk.full and connector.full_every:
        values["next_full_at"] = now + connector.full_every
    return values | {"walk": None, "walk_ids": None}


def _walked(look: Look, state: SourceState) -> list[str]:
    """Return every id that an unfinished full walk has seen, or a glance meanwhile; unreadable entries too."""
    walk = look.walk
    if not (walk.full or walk.aside):
        return []
    earlier: list[str] = (state.walk_ids or []) if walk.resumed or walk.aside else []
    unread = {problem.external_id for problem in look.problems if problem.external_id}
    return sorted(look.seen | unread | set(earlier))


def _absent(
    conn: Connection,
    look: Look,
    source: SourceSettings,
    connector: Connector[Any],
    state: SourceState,
    routing: intake.Routing,
    now: datetime,
) -> None:
    """Count what a finished walk over everything has lacked; a site that shows nothing at all proves nothing."""
    if look.walk.full and connector.lists_all and look.walk.items and not look.walk.cut:
        gone = mentions.missed(conn, source.name, set(_walked(look, state)))
        intake.removed(conn, source, gone, routing=routing, now=now)


def _note_unreached(conn: Connection, look: Look, connector: Connector[Any], state: SourceState) -> None:
    """Note a gap where the site says so, or where a walk ended before it came to anything that was known."""
    oldest, newest = look.walk.oldest_at, state.newest_at
    if look.walk.gap and newest is not None:
        sources.note_gap(conn, look.source, newest, max(newest, oldest or look.ended_at), look.walk.gap)
        return
    if connector.names_gaps or look.walk.met or newest is None or oldest is None or oldest <= newest:
        return
    if _showed_nothing(conn, look.source):
        return  # there was nothing to come to
    if connector.newest_first or _usually_meets(conn, look.source):
        sources.note_gap(conn, look.source, newest, oldest, NOT_ALL_SHOWN)


def _showed_nothing(conn: Connection, source: str) -> bool:
    """Say whether the last good looks found a site on which there was nothing yet."""
    good = [poll for poll in sources.last_polls(conn, source, RECENT) if poll.done and poll.error_code is None]
    return bool(good) and not any(poll.seen or poll.not_modified for poll in good)


def _usually_meets(conn: Connection, source: str) -> bool:
    """Say whether a source shows what is known, too; one that goes by its bookmark shows only what is new."""
    polls = sources.last_polls(conn, source, RECENT)
    whole = (poll for poll, before in pairwise(polls) if poll.done and before.done)  # walks of a single bite
    return any(poll.seen > poll.new + poll.edited for poll in whole)
