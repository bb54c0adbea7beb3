"""Rows of mentions as they stand in the tables, valid by default."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import schema
from tests.builders import NOON

SCORER = "stars-vader/2"


def put_mention(conn: Connection, mention_id: int, *, rating: float | None = 1.0, **values: Any) -> None:
    """Store a mention with one version and its score; every column of the three tables may be given."""
    mention: dict[str, Any] = {
        "id": mention_id,
        "source": "shop",
        "external_id": f"r-{mention_id}",
        "connector": "example_reviews",
        "kind": "review",
        "own": False,
        "published_at": NOON - timedelta(hours=2),
        "sort_at": values.get("published_at") or NOON - timedelta(hours=2),
        "first_seen_at": NOON - timedelta(hours=1),
        "last_seen_at": NOON,
        "version": 1,
        "content_hash": "00",
        "label": "bad",
        "level": "alert",
        "severity": "high",
        "badness": 0.9,
        "scorer": SCORER,
    }
    version: dict[str, Any] = {
        "mention_id": mention_id,
        "version": values.get("version", 1),
        "content_hash": "00",
        "seen_at": NOON,
        "text": "Waited 40 minutes.",
        "text_length": len(values.get("text", "Waited 40 minutes.")),
        "language": "en",
        "rating": rating,
        "rating_best": 5.0 if rating is not None else None,
        "rating_worst": 1.0 if rating is not None else None,
    }
    score: dict[str, Any] = {
        "mention_id": mention_id,
        "version": values.get("version", 1),
        "scorer": SCORER,
        "level": "alert",
        "label": "bad",
        "topics": ["waiting"],
        "dangers": [],
        "reasons": [{"code": "stars", "text": "1 star", "words": []}],
    }
    for table, row in ((schema.mentions, mention), (schema.versions, version), (schema.scores, score)):
        row.update({name: value for name, value in values.items() if name in table.c and name != "mention_id"})
        conn.execute(table.insert().values(row))


def put_case(conn: Connection, mention_id: int, **values: Any) -> None:
    """Store a case and give it to a mention; both have the same number."""
    case: dict[str, Any] = {
        "id": mention_id,
        "state": "open",
        "severity": "high",
        "opened_at": NOON - timedelta(hours=1),
        "ladder": [],
    }
    conn.execute(schema.cases.insert().values(case | values))
    conn.execute(sa.update(schema.mentions).where(schema.mentions.c.id == mention_id).values(case_id=mention_id))


def put_alert(conn: Connection, mention_id: int, at: datetime, *, reason: str = "new", delivery: str = "") -> None:
    """Store an alert, and a delivery that carries it when one is named."""
    alert = {"key": f"{mention_id} {at} {reason}", "reason": reason, "mention_id": mention_id, "created_at": at}
    alert_id = conn.scalar(schema.alerts.insert().values(facts={}, **alert).returning(schema.alerts.c.id))
    if delivery:
        known = conn.scalar(sa.select(schema.deliveries.c.id).where(schema.deliveries.c.id == delivery))
        row = {"id": delivery, "channel": "c", "target": "t", "state": "sent", "created_at": at, "due_at": at}
        if not known:
            conn.execute(schema.deliveries.insert().values(row))
        conn.execute(schema.delivery_alerts.insert().values(delivery_id=delivery, alert_id=alert_id))


def put_reply(conn: Connection, mention_id: int, text: str, **values: Any) -> None:
    """Store an answer to a mention."""
    reply = {"mention_id": mention_id, "text": text, "state": "visible", "first_seen_at": NOON, "last_seen_at": NOON}
    conn.execute(schema.replies.insert().values(reply | {"external_id": text} | values))
