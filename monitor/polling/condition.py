"""How a source is doing: worked out after each look, written down, and told to the operator when it changed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

from monitor import intake, policy
from monitor.config import SourceSettings
from monitor.errors import LookError
from monitor.models import Health, Json, Reason
from monitor.polling.walk import Look
from monitor.store import Connection, sources
from monitor.store.sources import Poll, SourceState

EMPTY = "it answers, but with nothing where there always was something"
FINE = (Health.OK, Health.NEW)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a source, in words and as a fixed word."""

    why: str = EMPTY
    code: str = "empty"
    permanent: bool = False

    @classmethod
    def of(cls, error: LookError | None) -> Trouble:
        """Return the trouble an error stands for; without one, the site had nothing."""
        return cls(str(error)[:500], error.code, error.permanent) if error else cls()

    @classmethod
    def remembered(cls, state: SourceState) -> Trouble:
        """Return the trouble that the last look wrote down."""
        if state.last_error is None or state.error_code is None:
            return cls()
        return cls(state.last_error, state.error_code, permanent=state.error_code == "reconnect")


def judge(
    conn: Connection,
    look: Look,
    poll: Poll,
    error: LookError | None,
    source: SourceSettings,
    state: SourceState,
    routing: intake.Routing,
    now: datetime,
) -> tuple[Health, Reason | None]:
    """Work out how a source is doing after a look, write it down, and tell the operator what changed."""
    if error is not None and error.code == "throttled" and look.answers:
        error = None  # it is being read, as fast as the site allows
    verdict = policy.health(
        policy.HealthBefore(state.health, state.failures, state.failing_since, state.told_at),
        _outcome(look, poll, error, may_be_empty=source.kind.may_be_empty),
        [_past(one) for one in sources.last_polls(conn, source.name) if one.done or one.error_code],
        now,
    )
    trouble = Trouble.of(error)
    well = error is None and verdict.health is not Health.EMPTY
    sources.update(
        conn,
        source.name,
        health=verdict.health,
        failures=verdict.failures,
        failing_since=verdict.failing_since,
        told_at=verdict.told_at,
        last_error=None if well else trouble.why,
        error_code=None if well else trouble.code,
        last_good_at=now if well else state.last_good_at,
    )
    caught_up = _note_gap(conn, state, poll, trouble, well=well, now=now)
    if verdict.tell is not None:
        _tell(conn, routing, source, state, verdict.tell, trouble, now, caught_up)
    if error is not None:
        tell_spent(conn, error, source, state, routing, now)
    return verdict.health, verdict.tell


def _outcome(look: Look, poll: Poll, error: LookError | None, *, may_be_empty: bool) -> policy.LookOutcome:
    return policy.LookOutcome(
        ok=error is None,
        seen=poll.seen,
        # The rest of the walk may have something, or the site shows a short span in which nothing came.
        not_modified=poll.not_modified or not look.done or may_be_empty,
        reconnect=error is not None and error.code == "reconnect",
        over_budget=error is not None and error.code == "over_budget",
    )


def _past(poll: Poll) -> policy.LookOutcome:
    return policy.LookOutcome(poll.error_code is None, poll.seen, poll.not_modified)


def _note_gap(
    conn: Connection, state: SourceState, poll: Poll, trouble: Trouble, *, well: bool, now: datetime
) -> int | None:
    """Open a gap, or close the one there was; returns what was found then."""
    if not well:
        sources.open_gap(conn, state.name, state.last_good_at or state.added_at, trouble.why)
        return None
    return poll.new if sources.close_gap(conn, state.name, now, poll.new) is not None else None


def _tell(
    conn: Connection,
    routing: intake.Routing,
    source: SourceSettings,
    state: SourceState,
    reason: Reason,
    trouble: Trouble,
    now: datetime,
    caught_up: int | None = None,
) -> None:
    """Tell the operator. `state` is that before the look: it knows since when."""
    intake.tell_operator(
        conn,
        routing,
        reason,
        key=("source", source.name, reason, state.failing_since or now, now.date()),
        source=source.name,
        facts=_facts(conn, source, state, trouble, now) | {"caught_up": caught_up},
        now=now,
    )


def tell_spent(
    conn: Connection,
    error: LookError,
    source: SourceSettings,
    state: SourceState,
    routing: intake.Routing,
    now: datetime,
) -> None:
    """Tell the operator, once a day and account, that its money or quota is spent; nothing for any other error."""
    if error.code != "over_budget":
        return
    intake.tell_operator(
        conn,
        routing,
        Reason.SOURCE_BROKEN,
        key=("over budget", source.account or source.name, now.date()),
        source=source.name,
        facts=_facts(conn, source, state, Trouble.of(error), now) | {"mend": ""},
        now=now,
    )


def remind(conn: Connection, routing: intake.Routing, now: datetime) -> int:
    """Remind the operator once a day of sources that are told as broken, looked at or not. Returns how many."""
    by_name = {source.name: source for source in routing.settings.sources}
    reminded = 0
    for state in sources.told(conn):
        before = policy.HealthBefore(state.health, state.failures, state.failing_since, state.told_at)
        reason = policy.reminder(before, now)
        if reason is None or state.name not in by_name:
            continue
        sources.update(conn, state.name, told_at=now)
        _tell(conn, routing, by_name[state.name], state, reason, Trouble.remembered(state), now)
        reminded += 1
    return reminded


def _facts(
    conn: Connection, source: SourceSettings, before: SourceState, trouble: Trouble, now: datetime
) -> dict[str, Json]:
    after = sources.get(conn, source.name) or before
    others = [other for other in sources.all_active(conn) if other.name != source.name]
    fine = [other for other in others if other.health in FINE]
    seen = [other.last_good_at for other in fine if other.last_good_at]
    return {
        "source": source.name,
        "site": source.kind.title or source.name,
        "since": (before.last_good_at or before.added_at).isoformat(),
        "why": trouble.why,
        "code": trouble.code,
        "permanent": trouble.permanent,
        "mend": _mend(source, trouble),
        "others_fine": len(fine),
        "others_all": len(others),
        "others_seen_at": max(seen).isoformat() if seen else None,
        "until": now.isoformat(),
        "next_try": max(filter(None, (after.next_poll_at, after.not_before))).isoformat(),
    }


def _mend(source: SourceSettings, trouble: Trouble) -> str:
    if trouble.code == "reconnect":
        return f"monitor connect {shlex.quote(source.name)}"
    return f"monitor poll {shlex.quote(source.name)} --dry-run"
