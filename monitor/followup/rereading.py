"""Asking again about everything that is stored of a site which demands it: what was deleted there goes here.

A round goes over all of a source in the order of its ids and ends within the time the site gives (`reread_within`),
spread evenly over it. How far it has come lies in the database, so that a restart goes on from there. It never asks
while a look at the source is due, and never with money that the looks of the rest of the day may need.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor import intake, polling
from monitor.config import Settings, SourceSettings
from monitor.exchange import Request
from monitor.models import Json, Mention, Reason
from monitor.store import Connection, mentions, rereads, sources
from monitor.store.sources import SourceState

SHARE = 0.75  # of the time the site gives: the rest is for what goes wrong
WORTH_ASKING = 100  # rows; fewer wait for one another, so that a request is not sent for each
AT_ONCE = 2_000  # rows of one source in a minute
WINDOWS = 20  # of rows without a text, in a minute
MOST_REQUESTS = 20  # in a minute and source: a bite is done with them before the next
SOURCES_AT_ONCE = 20
LEAST_BOUGHT = 10  # mentions; with money for fewer it waits until there is more
WAIT_FIRST, WAIT_LONGEST = timedelta(minutes=5), timedelta(hours=1)
TRIES_OF_ONE = 3  # then it is left for the next round


@dataclass(frozen=True, slots=True)
class Round:
    """How far a round has come. `after` is the last external id that was asked about; `most`, how many at once."""

    started_at: datetime
    total: int
    after: str = ""
    done: int = 0
    most: int = AT_ONCE
    failures: int = 0
    not_before: datetime | None = None
    ended: bool = False
    told_on: str | None = None
    why: str | None = None  # what went wrong last

    @classmethod
    def of(cls, value: Mapping[str, Json]) -> Round:
        """Return the round that `as_json` wrote."""
        times = {name: datetime.fromisoformat(value[name]) for name in ("started_at", "not_before") if value.get(name)}
        return cls(**{**value, **times})

    def as_json(self) -> dict[str, Json]:
        """Return it as a JSON object."""
        return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Rereading:
    """Mentions of one source to be asked about, the round they belong to, and where it stands after them."""

    mentions: tuple[Mention, ...]
    round: Round
    upto: str
    rows: int


def due_rereads(
    conn: Connection, settings: Settings, now: datetime, busy: Collection[str] = ()
) -> dict[str, Rereading]:
    """Return what is to be asked again now, by source, and note what needs no asking."""
    wanted = [source for source in settings.sources if source.kind.reread_within is not None]
    if not wanted:
        return {}
    states = {state.name: state for state in sources.all_active(conn)}
    rounds = {name: Round.of(value) for name, value in rereads.progress(conn).items()}
    # Whoever waits longest comes first.
    wanted.sort(key=lambda source: rounds[source.name].started_at if source.name in rounds else now)
    found: dict[str, Rereading] = {}
    planned: dict[str, int] = {}  # money by account: several sources may share one
    for source in wanted:
        state = states.get(source.name)
        one = rounds.get(source.name)
        if state is None or source.name in busy or _must_wait(state, source, one, now):
            continue
        if len(found) >= SOURCES_AT_ONCE:
            break
        if (due := _due(conn, settings, source, one, now, planned)) is not None:
            found[source.name] = due
    return found


def reread(
    conn: Connection,
    look: polling.Look | None,
    source: SourceSettings,
    asked: Rereading,
    routing: intake.Routing,
    now: datetime,
) -> None:
    """Take in what a re-reading showed, and write down how far the round has come.

    What failed is asked again in smaller lots and later; one thing that fails alone is left for the next round.
    """
    if look is None:  # with these options the site cannot be asked so
        rereads.save(conn, source.name, replace(asked.round, ended=True).as_json())
        return
    polling.take_recheck(conn, look, source, routing, now)
    if look.error is None and look.done:
        grown = min(AT_ONCE, asked.round.most * 2)
        after = replace(_beyond(asked.round, asked.upto, asked.rows), most=grown, failures=0, not_before=None, why=None)
    else:
        after = _failed(look, asked, now)
    rereads.save(conn, source.name, after.as_json())


def late(conn: Connection, routing: intake.Routing, now: datetime) -> int:
    """Tell the operator, once a day and source, of what could not be asked again in time. Returns how many sources."""
    told = 0
    wanted = [source for source in routing.settings.sources if source.kind.reread_within is not None]
    rounds = rereads.progress(conn) if wanted else {}
    for source in wanted:
        within, value = source.kind.reread_within, rounds.get(source.name)
        if within is None or value is None:
            continue
        one = Round.of(value)
        if one.ended or now - one.started_at <= within or one.told_on == now.date().isoformat():
            continue
        hours = int(within.total_seconds() // 3600)
        why = f" ({one.why})" if one.why else ""
        left = (
            f"{source.kind.title or source.name} wants all that is stored of {source.name} asked for again within "
            f"{hours} hours, and {max(1, one.total - one.done):,} of {one.total:,} are not yet{why}"
        )
        key = ("reread", source.name, now.date())
        intake.tell_operator(conn, routing, Reason.DAMAGE, key=key, facts={"left": [left]}, now=now)
        rereads.save(conn, source.name, replace(one, told_on=now.date().isoformat()).as_json())
        told += 1
    return told


def _must_wait(state: SourceState, source: SourceSettings, one: Round | None, now: datetime) -> bool:
    """Say whether the site asked us to wait, or a look is due; a round that should have ended waits for none."""
    if state.not_before is not None and state.not_before > now:
        return True
    return state.next_poll_at <= now and one is not None and not one.ended and _passed(one, source, now) < 1


def _passed(one: Round, source: SourceSettings, now: datetime) -> float:
    """Return how much of the time for a round is over: 0 at its beginning, 1 when it should have ended."""
    within = source.kind.reread_within
    return (now - one.started_at) / (SHARE * within) if within else 0.0


def _due(
    conn: Connection,
    settings: Settings,
    source: SourceSettings,
    one: Round | None,
    now: datetime,
    planned: dict[str, int],
) -> Rereading | None:
    if one is None or (one.ended and _passed(one, source, now) >= 1):
        one = Round(now, rereads.count(conn, source.name), told_on=one.told_on if one else None)
        rereads.save(conn, source.name, one.as_json())
    before = one
    if one.ended or (one.not_before is not None and one.not_before > now):
        return None
    for _ in range(WINDOWS):
        if (count := _rows_due(one, _passed(one, source, now))) == 0:
            break
        rows = rereads.following(conn, source.name, one.after, count)
        if not rows:
            one = replace(one, ended=True)
            break
        if kept := [row for row in rows if row[2]]:
            wanted = _mentions(conn, [row[0] for row in kept])
            return _affordable(conn, settings, source, one, rows, wanted, now, planned)
        one = _beyond(one, rows[-1][1], len(rows))
    if one != before:
        rereads.save(conn, source.name, one.as_json())
    return None


def _rows_due(one: Round, passed: float) -> int:
    """Return how many rows an even pace asks for by now; none while they are too few to be worth a request."""
    due = AT_ONCE if passed >= 1 else int(one.total * passed) - one.done
    return min(due, one.most, AT_ONCE) if passed >= 1 or due >= min(WORTH_ASKING, one.most) else 0


def _beyond(one: Round, upto: str, rows: int) -> Round:
    return replace(one, after=upto, done=one.done + rows)


def _mentions(conn: Connection, ids: Sequence[int]) -> list[Mention]:
    full = mentions.full(conn, ids)
    return [mentions.as_mention(full[mention_id]) for mention_id in ids if mention_id in full]


def _affordable(
    conn: Connection,
    settings: Settings,
    source: SourceSettings,
    one: Round,
    rows: Sequence[Any],
    wanted: list[Mention],
    now: datetime,
    planned: dict[str, int],
) -> Rereading | None:
    """Return as many of the mentions as the requests of a minute and the money of the day so far reach for."""
    connector, room, account = source.build(), _room(conn, settings, source, now), source.account or ""
    room = None if room is None else room - planned.get(account, 0)
    whole, cost = len(wanted), 0
    while wanted:
        requests = tuple(connector.reread(wanted))
        cost = sum(request.cost for request in requests if isinstance(request, Request))
        if (len(requests) <= MOST_REQUESTS or len(wanted) == 1) and (room is None or cost <= max(room, 0)):
            break
        wanted = wanted[: len(wanted) // 2]
    if not wanted or (room is not None and len(wanted) < min(LEAST_BOUGHT, whole)):
        why = f"the budget of {source.account} does not reach further: raise `daily_budget`, or shorten `retention`"
        rereads.save(conn, source.name, replace(one, why=why).as_json())
        return None
    planned[account] = planned.get(account, 0) + cost
    if len(wanted) == whole:
        upto, count = rows[-1][1], len(rows)
    else:
        upto = wanted[-1].external_id
        count = next(place for place, row in enumerate(rows, 1) if row[1] == upto)
    return Rereading(tuple(wanted), one, upto, count)


def _room(conn: Connection, settings: Settings, source: SourceSettings, now: datetime) -> int | None:
    """Return what may be spent now, in millionths; None where nothing limits it.

    Of the day's budget, that part which the day has come to, less all that was spent: so the looks that are still to
    come find their share, however much there is to be asked again.
    """
    budget = settings.accounts[source.account].daily_budget if source.account else None
    if budget is None or source.account is None:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    part = (now - midnight) / timedelta(days=1)
    return max(0, int(budget * part) - sources.spent(conn, source.account, now.date().isoformat()))


def _failed(look: polling.Look, asked: Rereading, now: datetime) -> Round:
    one, few = asked.round, max(1, len(asked.mentions) // 2)
    failures = one.failures + 1
    why = str(look.error)[:200] if look.error else "not done in time"
    if len(asked.mentions) == 1 and failures >= TRIES_OF_ONE:
        return replace(_beyond(one, asked.upto, asked.rows), most=1, failures=0, not_before=None, why=why)
    pause = min(WAIT_FIRST * 2 ** min(failures - 1, 8), WAIT_LONGEST)
    if look.error is not None and look.error.retry_after:
        pause = max(pause, look.error.retry_after)
    if look.error is None:
        pause = timedelta()
    return replace(one, most=few, failures=failures, not_before=now + pause, why=why)
