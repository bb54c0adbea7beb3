"""Queries over answers that we post for people: written down before they leave, so that a crash posts nothing twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import schema as t

SENDING, UNCERTAIN, POSTED, REFUSED = "sending", "uncertain", "posted", "refused"


def begin(conn: Connection, mention_id: int, text: str, who: str | None, now: datetime) -> int:
    """Note that an answer is about to leave. Committed before its first byte does. Returns its number."""
    values = {"mention_id": mention_id, "text": text, "who": who, "state": SENDING, "started_at": now}
    [key] = conn.execute(t.outgoing_replies.insert().values(values)).inserted_primary_key or (0,)
    return int(key)


def end(conn: Connection, number: int, state: str, now: datetime, error: str | None = None) -> None:
    """Note how it ended: posted, refused, or uncertain where nobody knows whether it stands there."""
    values = {"state": state, "ended_at": now, "error": error and error[:500]}
    conn.execute(t.outgoing_replies.update().where(t.outgoing_replies.c.id == number).values(values))


def doubtful(conn: Connection, mention_id: int) -> Any:
    """Return the newest answer to a mention that may stand there although nobody knows, or None.

    One that is still `sending` is of somebody who is at it, or who died at it.
    """
    o = t.outgoing_replies.c
    query = sa.select(t.outgoing_replies).where(o.mention_id == mention_id, o.state.in_((SENDING, UNCERTAIN)))
    return conn.execute(query.order_by(o.id.desc()).limit(1)).first()
