"""Queries over what is watched: sources, their walks, validators, polls, gaps, accounts and money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.exchange import ItemProblem, Token
from monitor.models import Health, Json
from monitor.store import schema as t

KEPT_POLLS = 50  # per source; the last twenty decide "gone empty"
KEPT_QUARANTINE = 200  # per source


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source as the configuration has it."""

    name: str
    connector: str
    options_hash: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as the database has it; with only the first five, one that nobody has looked at yet."""

    name: str
    connector: str
    options_hash: str
    added_at: datetime
    next_poll_at: datetime
    bookmark: Json = None
    newest_at: datetime | None = None
    walk: Json = None
    walk_ids: Json = None
    not_before: datetime | None = None
    next_full_at: datetime | None = None
    health: Health = Health.NEW
    failures: int = 0
    failing_since: datetime | None = None
    last_error: str | None = None
    error_code: str | None = None
    last_look_at: datetime | None = None
    last_good_at: datetime | None = None
    told_at: datetime | None = None
    introduced_at: datetime | None = None
    backfill_since: datetime | None = None
    usual_rate: float | None = None
    active: bool = True

    @property
    def introduced(self) -> bool:
        """Say whether its first look, with the options it has now, is over."""
        return self.introduced_at is not None and self.introduced_at >= self.added_at


_STATE = [t.sources.c[name] for name in SourceState.__dataclass_fields__]


def _state(row: Any) -> SourceState:
    values = dict(row._mapping)
    return SourceState(**{**values, "health": Health(values["health"])})


def sync(conn: Connection, wanted: Sequence[Wanted], now: datetime) -> None:
    """Make the table agree with the configuration.

    New sources are due at once. A source whose options changed starts anew, quietly: bookmark and
    walk are dropped, and what it finds then is history without a summary (`introduced_at` stays).
    One that is gone from the configuration rests; its mentions and pending messages stay.
    """
    there = {row.name: row for row in conn.execute(sa.select(t.sources))}
    fresh = [
        {
            "name": source.name,
            "connector": source.connector,
            "options_hash": source.options_hash,
            "active": True,
            "added_at": now,
            "next_poll_at": now,
            "health": Health.NEW,
        }
        for source in wanted
        if source.name not in there
    ]
    if fresh:
        conn.execute(t.sources.insert(), fresh)
    for source in wanted:
        row = there.get(source.name)
        if row is None:
            continue
        if row.options_hash != source.options_hash or row.connector != source.connector:
            conn.execute(
                t.sources.update()
                .where(t.sources.c.name == source.name)
                .values(
                    connector=source.connector,
                    options_hash=source.options_hash,
                    active=True,
                    added_at=now,
                    bookmark=sa.null(),
                    walk=sa.null(),
                    walk_ids=sa.null(),
                    newest_at=None,
                    next_full_at=None,
                    next_poll_at=now,
                    not_before=None,
                    health=Health.NEW,
                    failures=0,
                    failing_since=None,
                )
            )
            conn.execute(t.validators.delete().where(t.validators.c.source == source.name))
        elif not row.active:
            conn.execute(
                t.sources.update().where(t.sources.c.name == source.name).values(active=True, next_poll_at=now)
            )
    names = {source.name for source in wanted}
    gone = [name for name, row in there.items() if row.active and name not in names]
    if gone:
        conn.execute(t.sources.update().where(t.sources.c.name.in_(gone)).values(active=False, lease_until=None))


def get(conn: Connection, name: str) -> SourceState | None:
    """Return one source, or None."""
    row = conn.execute(sa.select(*_STATE).where(t.sources.c.name == name)).first()
    return _state(row) if row else None


def all_active(conn: Connection) -> list[SourceState]:
    """Return the sources of the configuration, by name."""
    rows = conn.execute(sa.select(*_STATE).where(t.sources.c.active).order_by(t.sources.c.name))
    return [_state(row) for row in rows]


def told(conn: Connection) -> list[SourceState]:
    """Return the sources that the operator knows as broken, by name."""
    rows = conn.execute(
        sa.select(*_STATE).where(t.sources.c.active, t.sources.c.told_at.is_not(None)).order_by(t.sources.c.name)
    )
    return [_state(row) for row in rows]


def claim_due(
    conn: Connection,
    *,
    now: datetime,
    lease: timedelta,
    holder: str,
    limit: int,
    only: Collection[str] | None = None,
) -> list[SourceState]:
    """Take a lease on the sources that are due and return them, the longest waiting first."""
    s = t.sources.c
    due = (
        sa.select(s.name)
        .where(
            s.active,
            s.next_poll_at <= now,
            sa.or_(s.not_before.is_(None), s.not_before <= now),
            sa.or_(s.lease_until.is_(None), s.lease_until <= now),
        )
        .order_by(s.next_poll_at)
        .limit(limit)
    )
    if only is not None:
        due = due.where(s.name.in_(only))
    names = list(conn.scalars(due.with_for_update(skip_locked=True)))
    if not names:
        return []
    conn.execute(t.sources.update().where(s.name.in_(names)).values(lease_until=now + lease, leased_by=holder))
    rows = conn.execute(sa.select(*_STATE).where(s.name.in_(names)).order_by(s.next_poll_at))
    return [_state(row) for row in rows]


def claim(conn: Connection, name: str, *, now: datetime, lease: timedelta, holder: str) -> SourceState | None:
    """Take a lease on one source whether it is due or not; None when somebody else is looking."""
    s = t.sources.c
    free = sa.or_(s.lease_until.is_(None), s.lease_until <= now)
    result = conn.execute(
        t.sources.update().where(s.name == name, s.active, free).values(lease_until=now + lease, leased_by=holder)
    )
    return get(conn, name) if result.rowcount else None


def release_all(conn: Connection) -> None:
    """Drop all leases: whoever held them is dead."""
    conn.execute(t.sources.update().where(t.sources.c.lease_until.is_not(None)).values(lease_until=None))


def next_due(conn: Connection, now: datetime, only: Collection[str] | None = None) -> datetime | None:
    """Return when the next source that nobody is looking at is due."""
    s = t.sources.c
    when = sa.case((s.not_before > s.next_poll_at, s.not_before), else_=s.next_poll_at)
    query = sa.select(when.label("at")).where(s.active, sa.or_(s.lease_until.is_(None), s.lease_until <= now))
    if only is not None:
        query = query.where(s.name.in_(only))
    found = conn.scalar(query.order_by(when).limit(1))
    return datetime.fromisoformat(found) if isinstance(found, str) else found


def update(conn: Connection, name: str, **values: Any) -> None:
    """Set columns of a source; JSON columns take None as "nothing there"."""
    for column in ("bookmark", "walk", "walk_ids"):
        if column in values and values[column] is None:
            values[column] = sa.null()
    conn.execute(t.sources.update().where(t.sources.c.name == name).values(**values))


# --- the record of looks -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Poll:
    """One look on the record."""

    at: datetime
    ms: int
    requests: int
    seen: int
    new: int
    edited: int
    problems: int
    not_modified: bool
    done: bool
    error_code: str | None = None


def add_poll(conn: Connection, source: str, poll: Poll) -> None:
    """Put a look on the record and drop the oldest."""
    values = {name: getattr(poll, name) for name in Poll.__dataclass_fields__}
    result = conn.execute(t.polls.insert().values(source=source, **values).returning(t.polls.c.id))
    newest = result.scalar_one()
    if newest % 25 == 0:
        kept = sa.select(t.polls.c.id).where(t.polls.c.source == source).order_by(t.polls.c.id.desc()).limit(KEPT_POLLS)
        oldest = sa.select(sa.func.min(kept.subquery().c.id)).scalar_subquery()
        conn.execute(t.polls.delete().where(t.polls.c.source == source, t.polls.c.id < oldest))


def last_polls(conn: Connection, source: str, limit: int = 20) -> list[Poll]:
    """Return the newest looks first."""
    columns = [t.polls.c[name] for name in Poll.__dataclass_fields__]
    rows = conn.execute(
        sa.select(*columns).where(t.polls.c.source == source).order_by(t.polls.c.id.desc()).limit(limit)
    )
    return [Poll(*row) for row in rows]


def quarantined(conn: Connection, source: str, problems: Sequence[ItemProblem], now: datetime) -> None:
    """Keep what could not be read, so that it can be looked at and read later."""
    if not problems:
        return
    problems = problems[-KEPT_QUARANTINE:]
    q = t.quarantine.c
    again = [problem.external_id for problem in problems if problem.external_id]
    conn.execute(t.quarantine.delete().where(q.source == source, q.external_id.in_(again)))
    rows = [
        {"source": source, "external_id": p.external_id, "at": now, "what": p.what[:500], "raw": p.raw}
        for p in problems
    ]
    conn.execute(t.quarantine.insert(), rows)
    kept = (
        sa.select(t.quarantine.c.id)
        .where(t.quarantine.c.source == source)
        .order_by(t.quarantine.c.id.desc())
        .limit(KEPT_QUARANTINE)
    )
    oldest = sa.select(sa.func.min(kept.subquery().c.id)).scalar_subquery()
    conn.execute(t.quarantine.delete().where(t.quarantine.c.source == source, t.quarantine.c.id < oldest))


def open_gap(conn: Connection, source: str, from_at: datetime, why: str) -> None:
    """Note that a source cannot be seen from then on, unless that is noted already."""
    there = sa.select(t.gaps.c.id).where(t.gaps.c.source == source, t.gaps.c.to_at.is_(None))
    if conn.scalar(there.limit(1)) is None:
        conn.execute(t.gaps.insert().values(source=source, from_at=from_at, why=why[:500]))


def note_gap(conn: Connection, source: str, from_at: datetime, to_at: datetime, why: str) -> None:
    """Note a span that nobody will ever see."""
    conn.execute(t.gaps.insert().values(source=source, from_at=from_at, to_at=to_at, why=why[:500]))


def close_gap(conn: Connection, source: str, now: datetime, caught_up: int) -> Any:
    """Note that a source is seen again; returns the gap that was open, or None."""
    row = conn.execute(sa.select(t.gaps).where(t.gaps.c.source == source, t.gaps.c.to_at.is_(None)).limit(1)).first()
    if row is not None:
        conn.execute(
            t.gaps.update().where(t.gaps.c.id == row.id).values(to_at=now, caught_up_at=now, caught_up=caught_up)
        )
    return row


def gaps_since(conn: Connection, since: datetime) -> list[Any]:
    """Return gaps that were open at or after `since`, oldest first."""
    return list(
        conn.execute(
            sa.select(t.gaps)
            .where(sa.or_(t.gaps.c.to_at.is_(None), t.gaps.c.to_at >= since))
            .order_by(t.gaps.c.from_at)
        )
    )


# --- conditional requests ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validator:
    """What to send back so that the site may say "nothing new"."""

    etag: str | None
    last_modified: str | None
    fetched_at: datetime


def validators(conn: Connection, source: str) -> dict[str, Validator]:
    """Return the validators of a source by request key."""
    rows = conn.execute(sa.select(t.validators).where(t.validators.c.source == source))
    return {row.request: Validator(row.etag, row.last_modified, row.fetched_at) for row in rows}


def put_validators(conn: Connection, source: str, fresh: Mapping[str, Validator]) -> None:
    """Store validators, in the same transaction as the items they stand for."""
    for request, validator in fresh.items():
        key = {"source": source, "request": request}
        values = {name: getattr(validator, name) for name in Validator.__dataclass_fields__}
        where = (t.validators.c.source == source) & (t.validators.c.request == request)
        if not conn.execute(t.validators.update().where(where).values(values)).rowcount:
            conn.execute(t.validators.insert().values(key | values))


# --- accounts ------------------------------------------------------------------------------------


def load_token(conn: Connection, account: str) -> Token | None:
    """Return the current token of an account."""
    row = conn.execute(sa.select(t.tokens).where(t.tokens.c.account == account)).first()
    if row is None:
        return None
    return _token(row)


def tokens(conn: Connection) -> dict[str, Token]:
    """Return the current tokens of all accounts that have one."""
    return {row.account: _token(row) for row in conn.execute(sa.select(t.tokens))}


def forget_token(conn: Connection, account: str) -> None:
    """Let a token go: the secret that it came from has been replaced."""
    conn.execute(t.tokens.delete().where(t.tokens.c.account == account))


def _token(row: Any) -> Token:
    ends = row.token.get("refresh_ends_at")
    return Token(
        row.token["access"],
        refresh=row.token.get("refresh"),
        expires_at=row.ends_at,
        refresh_ends_at=datetime.fromisoformat(ends) if ends else None,
    )


def save_token(conn: Connection, account: str, token: Token, now: datetime) -> None:
    """Store a new token, alone, before it is used."""
    values = {
        "token": {
            "access": token.access,
            "refresh": token.refresh,
            "refresh_ends_at": token.refresh_ends_at.isoformat() if token.refresh_ends_at else None,
        },
        "ends_at": token.expires_at,
        "renewed_at": now,
    }
    where = t.tokens.c.account == account
    if not conn.execute(t.tokens.update().where(where).values(values)).rowcount:
        conn.execute(t.tokens.insert().values(account=account, **values))


def spent(conn: Connection, account: str, day: str, bucket: str = "money") -> int:
    """Return what an account has spent that day, in millionths."""
    s = t.spend.c
    found = conn.scalar(sa.select(s.amount).where(s.account == account, s.bucket == bucket, s.window == day))
    return int(found or 0)


def spend(conn: Connection, account: str, day: str, amount: int, bucket: str = "money") -> None:
    """Add to what an account has spent that day."""
    s = t.spend.c
    where = sa.and_(s.account == account, s.bucket == bucket, s.window == day)
    if not conn.execute(t.spend.update().where(where).values(amount=s.amount + amount)).rowcount:
        conn.execute(t.spend.insert().values(account=account, bucket=bucket, window=day, amount=amount))


# --- small memories ------------------------------------------------------------------------------


def get_meta(conn: Connection, key: str) -> Json:
    """Return a remembered value, or None."""
    return conn.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == key))


def put_meta(conn: Connection, key: str, value: Json) -> None:
    """Remember a value."""
    if not conn.execute(t.meta.update().where(t.meta.c.key == key).values(value=value)).rowcount:
        conn.execute(t.meta.insert().values(key=key, value=value))
