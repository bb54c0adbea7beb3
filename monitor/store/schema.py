"""The tables. One word per thing, plural, the same words as everywhere else.

Natural keys where there are some. Times are aware UTC and refused when naive. The JSON columns
hold small values that are read whole; what is asked for in queries has a column of its own.
Texts have no length here: they are shortened at the door, and one that slipped through must not
take its batch with it on PostgreSQL alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An instant. `timestamptz` on PostgreSQL; on SQLite ISO text of fixed length, so that it sorts."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the column type of the backend."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(32))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what is stored. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is not UTC:
            if value.tzinfo is None:
                raise ValueError("a time without a zone is not stored")
            value = value.astimezone(UTC)
        return value.isoformat(timespec="microseconds") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC instant."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # the driver's value is a datetime


class TextJson(sqlite.JSON):
    """JSON on SQLite in a column of type TEXT."""


@compiles(TextJson, "sqlite")
def _text_json(_type: TextJson, _compiler: Any, **_: Any) -> str:
    # SQLite takes "JSON" for a numeric type and makes a float of a long id that stands alone.
    return "TEXT"


Json = sa.JSON().with_variant(TextJson(), "sqlite")


def _id() -> sa.Column[int]:
    # SQLite only counts up by itself in a column of type INTEGER.
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def _ref(column: str, target: str, **rest: Any) -> sa.Column[int]:
    return sa.Column(column, sa.BigInteger, sa.ForeignKey(target, ondelete=rest.pop("ondelete", "CASCADE")), **rest)


# --- watching ------------------------------------------------------------------------------------

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("connector", sa.String, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("options_hash", sa.String, nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("bookmark", Json),
    sa.Column("newest_at", UtcTime),  # newest published time seen in a finished walk
    sa.Column("walk", Json),  # unfinished: {"requests": […], "bookmark": {…}, "started_at": …, "full": …}
    sa.Column("walk_ids", Json),  # external ids seen so far by an unfinished full walk
    sa.Column("next_poll_at", UtcTime, nullable=False),
    sa.Column("not_before", UtcTime),  # the site asked us to wait
    sa.Column("next_full_at", UtcTime),
    sa.Column("health", sa.String, nullable=False, server_default="new"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", UtcTime),
    sa.Column("last_error", sa.String),
    sa.Column("error_code", sa.String),
    sa.Column("last_look_at", UtcTime),
    sa.Column("last_good_at", UtcTime),
    sa.Column("told_at", UtcTime),  # when the operator was last told that it is broken
    sa.Column("introduced_at", UtcTime),  # when its first look was summarised
    sa.Column("backfill_since", UtcTime),  # be told about bad ones since then, although it is the first look
    sa.Column("usual_rate", sa.Float),  # bad mentions in ten minutes, smoothed
    sa.Column("lease_until", UtcTime),
    sa.Column("leased_by", sa.String),
    sa.Index("ix_sources_due", "active", "next_poll_at"),
)

validators = sa.Table(
    "validators",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("request", sa.String, primary_key=True),  # hash of method, address and parameters
    sa.Column("etag", sa.String),
    sa.Column("last_modified", sa.String),
    sa.Column("fetched_at", UtcTime, nullable=False),  # the last unconditional answer
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False, server_default="ok"),  # ok, reconnect, over_budget
    sa.Column("why", sa.String),
    sa.Column("since", UtcTime),
    sa.Column("not_before", UtcTime),
    sa.Column("told_at", UtcTime),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("token", Json, nullable=False),  # never exported
    sa.Column("ends_at", UtcTime),
    sa.Column("renewed_at", UtcTime, nullable=False),
)

spend = sa.Table(
    "spend",
    metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("bucket", sa.String, primary_key=True),  # money, requests…
    sa.Column("window", sa.String, primary_key=True),  # 2026-11-24
    sa.Column("amount", sa.BigInteger, nullable=False, server_default="0"),
)

polls = sa.Table(
    "polls",
    metadata,
    _id(),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("ms", sa.Integer, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
    sa.Column("edited", sa.Integer, nullable=False),
    sa.Column("problems", sa.Integer, nullable=False),
    sa.Column("not_modified", sa.Boolean, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Column("error_code", sa.String),
    sa.Index("ix_polls_source_at", "source", "at"),
)

gaps = sa.Table(
    "gaps",
    metadata,
    _id(),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("from_at", UtcTime, nullable=False),
    sa.Column("to_at", UtcTime),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("caught_up_at", UtcTime),
    sa.Column("caught_up", sa.Integer),  # mentions found afterwards
    sa.Index("ix_gaps_source", "source", "from_at"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    _id(),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("external_id", sa.String),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("raw", sa.Text),
    sa.Index("ix_quarantine_source", "source", "at"),
)

# --- what was said -------------------------------------------------------------------------------

mentions = sa.Table(
    "mentions",
    metadata,
    _id(),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("external_id", sa.String, nullable=False),
    sa.Column("connector", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("same_as", sa.String),
    sa.Column("url", sa.Text),
    sa.Column("answer_url", sa.Text),
    sa.Column("author", sa.String),
    sa.Column("author_id", sa.String),
    sa.Column("place", sa.String),
    sa.Column("product", sa.String),
    sa.Column("app_version", sa.String),
    sa.Column("device", sa.String),
    sa.Column("country", sa.String),
    sa.Column("thread_id", sa.String),
    sa.Column("parent_id", sa.String),
    sa.Column("audience", sa.BigInteger),
    sa.Column("audience_kind", sa.String),
    sa.Column("own", sa.Boolean, nullable=False),
    sa.Column("flags", Json),
    sa.Column("published_at", UtcTime),
    sa.Column("sort_at", UtcTime, nullable=False),  # published_at, or else first_seen_at
    sa.Column("first_seen_at", UtcTime, nullable=False),
    sa.Column("last_seen_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime),
    sa.Column("looks_missed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deleted_at", UtcTime),
    sa.Column("why_not_told", sa.String),  # a bad one without an alert has its reason here
    sa.Column("case_id", sa.BigInteger),
    # The current version, repeated here because every list and every decision asks for it.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("level", sa.String, nullable=False),
    sa.Column("severity", sa.String),
    sa.Column("badness", sa.Float),
    sa.Column("scorer", sa.String),  # whose score of the current version this is
    sa.UniqueConstraint("source", "external_id"),
    sa.Index("ix_mentions_sort", "sort_at", "id"),
    sa.Index("ix_mentions_label_sort", "label", "sort_at"),
    sa.Index("ix_mentions_thread", "thread_id"),
    sa.Index("ix_mentions_same_as", "same_as"),
    sa.Index("ix_mentions_author", "connector", "author_id"),
    sa.Index("ix_mentions_case", "case_id"),
    sqlite_autoincrement=True,  # m12 is spoken: the number of an erased mention is not given again
)

mention_brands = sa.Table(
    "mention_brands",
    metadata,
    _ref("mention_id", "mentions.id", primary_key=True),
    sa.Column("brand", sa.String, primary_key=True),
    sqlite_with_rowid=False,
)

versions = sa.Table(
    "versions",
    metadata,
    _ref("mention_id", "mentions.id", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content_hash", sa.String, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime),
    sa.Column("title", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_length", sa.Integer, nullable=False),
    sa.Column("language", sa.String),
    sa.Column("rating", sa.Float),
    sa.Column("rating_best", sa.Float),
    sa.Column("rating_worst", sa.Float),
)

scores = sa.Table(
    "scores",
    metadata,
    sa.Column("mention_id", sa.BigInteger, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("scorer", sa.String, primary_key=True),
    sa.Column("badness", sa.Float),
    sa.Column("level", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("severity", sa.String),
    sa.Column("topics", Json, nullable=False),
    sa.Column("dangers", Json, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("language", sa.String),
    sa.ForeignKeyConstraint(["mention_id", "version"], ["versions.mention_id", "versions.version"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

replies = sa.Table(
    "replies",
    metadata,
    _id(),
    _ref("mention_id", "mentions.id", nullable=False),
    sa.Column("external_id", sa.String, nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.String),
    sa.Column("url", sa.Text),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("published_at", UtcTime),
    sa.Column("first_seen_at", UtcTime, nullable=False),
    sa.Column("last_seen_at", UtcTime, nullable=False),
    sa.Column("looks_missed", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("mention_id", "external_id"),
)

site_totals = sa.Table(
    "site_totals",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("subject", sa.String, primary_key=True),
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("count", sa.BigInteger),
    sa.Column("average", sa.Float),
    sa.Column("best", sa.Float, nullable=False),
)

marks = sa.Table(
    "marks",
    metadata,
    _id(),
    _ref("mention_id", "mentions.id", nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("mark", sa.String, nullable=False),  # false_alarm, missed, right
    sa.Column("level", sa.String, nullable=False),  # what was thought of it when it was marked
    sa.Column("who", sa.String),
    sa.Column("note", sa.Text),
    sa.Column("at", UtcTime, nullable=False),
    sa.UniqueConstraint("mention_id"),
)

offsets = sa.Table(
    "offsets",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("scorer", sa.String, primary_key=True),
    sa.Column("slope", sa.Float, nullable=False),
    sa.Column("shift", sa.Float, nullable=False),
    sa.Column("marks", sa.Integer, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

# --- telling -------------------------------------------------------------------------------------

alerts = sa.Table(
    "alerts",
    metadata,
    _id(),
    sa.Column("key", sa.String, nullable=False, unique=True),  # the same decision is made once
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("rule", sa.String),
    sa.Column("severity", sa.String),
    _ref("mention_id", "mentions.id"),
    sa.Column("version", sa.Integer),
    sa.Column("case_id", sa.BigInteger),
    sa.Column("source", sa.String),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("facts", Json, nullable=False),  # what the words are made of: before, counts, spans
    sa.Index("ix_alerts_mention", "mention_id"),
    sa.Index("ix_alerts_source_created", "source", "created_at"),
    sqlite_autoincrement=True,
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False, server_default="ok"),  # ok, failing, refused
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", UtcTime),
    sa.Column("not_before", UtcTime),  # the channel waits, not each delivery
    sa.Column("last_sent_at", UtcTime),
    sa.Column("last_error", sa.String),
    sa.Column("told_at", UtcTime),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.String, primary_key=True),  # deterministic: the same message is the same row
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("severity", sa.String),
    sa.Column("source", sa.String),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempt_started_at", UtcTime),
    sa.Column("lease_until", UtcTime),
    sa.Column("held_reason", sa.String),
    sa.Column("last_error", sa.String),
    sa.Column("sent_at", UtcTime),
    sa.Column("receipt", Json),
    sa.Column("instead_of", sa.String),  # the delivery this one took over from
    sa.Column("alert_count", sa.Integer, nullable=False, server_default="1"),
    sa.Index("ix_deliveries_due", "state", "channel", "due_at"),
    sa.Index("ix_deliveries_sent", "channel", "sent_at"),
)

delivery_alerts = sa.Table(
    "delivery_alerts",
    metadata,
    sa.Column("delivery_id", sa.String, sa.ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    _ref("alert_id", "alerts.id", primary_key=True),
    sa.Index("ix_delivery_alerts_alert", "alert_id"),
    sqlite_with_rowid=False,
)

# --- following up --------------------------------------------------------------------------------

cases = sa.Table(
    "cases",
    metadata,
    _id(),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("team", sa.String),
    sa.Column("assignee", sa.String),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime),
    sa.Column("snoozed_until", UtcTime),
    sa.Column("claimed_at", UtcTime),
    sa.Column("answered_at", UtcTime),
    sa.Column("answer_seen_at", UtcTime),
    sa.Column("closed_at", UtcTime),
    sa.Column("resolution", sa.String),  # apology, repaired, refund… or unverified, deleted
    sa.Column("ladder", Json, nullable=False),  # the steps as they were when it was opened
    sa.Column("step", sa.Integer, nullable=False, server_default="0"),
    sa.Column("messages", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_step_at", UtcTime),
    sa.Column("recheck_at", UtcTime),
    sa.Column("rechecks", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_cases_state_due", "state", "due_at"),
    sa.Index("ix_cases_next_step", "next_step_at"),
    sa.Index("ix_cases_recheck", "recheck_at"),
    sqlite_autoincrement=True,
)

case_events = sa.Table(
    "case_events",
    metadata,
    _id(),
    _ref("case_id", "cases.id", nullable=False),
    sa.Column("key", sa.String, nullable=False, unique=True),  # idempotency: one press, one effect
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("who", sa.String),
    sa.Column("through", sa.String, nullable=False),  # cli, slack, mail, site, clock
    sa.Column("facts", Json, nullable=False),
    sa.Index("ix_case_events_case", "case_id", "at"),
)

outgoing_replies = sa.Table(
    "outgoing_replies",
    metadata,
    _id(),
    _ref("mention_id", "mentions.id", nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("who", sa.String),
    sa.Column("state", sa.String, nullable=False),  # sending, uncertain, posted, refused
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("error", sa.String),
)

silences = sa.Table(
    "silences",
    metadata,
    _id(),
    sa.Column("what", Json, nullable=False),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("who", sa.String),
    sa.Column("from_at", UtcTime, nullable=False),
    sa.Column("until_at", UtcTime, nullable=False),
)

asks = sa.Table(
    "asks",
    metadata,
    sa.Column("key", sa.String, primary_key=True),  # asked once
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("facts", Json, nullable=False),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("key", sa.String, primary_key=True),  # hash of source and id: what was erased does not come back
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("why", sa.String, nullable=False),
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", Json),
)
