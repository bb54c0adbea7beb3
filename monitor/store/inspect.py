"""Everything there is about one mention or one case, for people who ask."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import cases as case_table
from monitor.store import mentions as mention_table
from monitor.store import schema as t


def _rows(conn: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.execute(query).mappings()]


def mention(conn: Connection, mention_id: int) -> dict[str, Any] | None:
    """Return a mention with its versions, answers, alerts and messages; None when there is none."""
    row = mention_table.full(conn, [mention_id]).get(mention_id)
    if row is None:
        return None
    v, r, a, d = t.versions.c, t.replies.c, t.alerts.c, t.deliveries.c
    facts: dict[str, Any] = {"id": f"m{mention_id}"} | {k: x for k, x in row.items() if k != "id"}
    facts["case_id"] = f"c{row['case_id']}" if row["case_id"] else None
    facts["reasons"] = "; ".join(_reason(why) for why in row["reasons"] or ())
    k = t.marks.c
    facts["marks"] = _rows(conn, sa.select(k.mark, k.who, k.note, k.at).where(k.mention_id == mention_id))
    facts["versions"] = _rows(
        conn,
        sa.select(v.version, v.seen_at, v.rating, v.rating_best, v.title, v.text)
        .where(v.mention_id == mention_id)
        .order_by(v.version),
    )
    facts["answers"] = _rows(
        conn,
        sa.select(r.state, r.author, r.published_at, r.first_seen_at, r.text).where(r.mention_id == mention_id),
    )
    facts["messages"] = _rows(
        conn,
        sa.select(a.reason, a.rule, d.id, d.channel, d.target, d.state, d.sent_at, d.held_reason, d.last_error)
        .join(t.delivery_alerts, t.delivery_alerts.c.alert_id == a.id)
        .join(t.deliveries, t.delivery_alerts.c.delivery_id == d.id)
        .where(a.mention_id == mention_id)
        .order_by(d.created_at),
    )
    return facts


def _reason(why: dict[str, Any]) -> str:
    words = ", ".join(f'"{word}"' for word in why.get("words", ()))
    return f"{why['text']} ({words})" if words else str(why["text"])


def case(conn: Connection, case_id: int) -> dict[str, Any] | None:
    """Return a case with its mentions and events; None when there is none."""
    row = case_table.get(conn, case_id)
    if row is None:
        return None
    facts = {"id": f"c{case_id}"} | {k: x for k, x in row._mapping.items() if k != "id"}
    places = sa.select(t.mentions.c.id, t.mentions.c.source, t.mentions.c.url).where(t.mentions.c.case_id == case_id)
    facts["mentions"] = [{**place, "id": f"m{place['id']}"} for place in _rows(conn, places)]
    facts["author_before"] = _author_before(conn, [place["id"] for place in _rows(conn, places)])
    facts["events"] = [
        {"at": event.at, "event": event.event, "who": event.who, "through": event.through, "facts": event.facts}
        for event in case_table.events(conn, case_id)
    ]
    return facts


def _author_before(conn: Connection, mention_ids: list[int]) -> list[dict[str, Any]]:
    """Return what the authors of some mentions wrote before, as facts: when, the mark, who of us answered."""
    found: dict[int, dict[str, Any]] = {}
    for row in mention_table.full(conn, mention_ids).values():
        if not row["author_id"]:
            continue
        for past in mention_table.history(conn, row["connector"], row["author_id"], before=row["id"]):
            found[past.id] = {
                "id": f"m{past.id}",
                "at": past.published_at or past.first_seen_at,
                "rating": past.rating,
                "rating_best": past.rating_best,
                "answered_by": past.answered_by,
            }
    return list(found.values())
