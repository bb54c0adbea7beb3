"""What Alembic runs: the steps, on the connection and in the transaction it was given."""

from __future__ import annotations

from alembic import context

from monitor.store import schema
from monitor.store.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a column by making the table anew
    transactional_ddl=True,  # our SQLite connections begin by themselves, so its DDL is undone like all else
)
with context.begin_transaction():
    context.run_migrations()
