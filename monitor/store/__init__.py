"""The door to the database. SQLite and PostgreSQL through the same code.

`open_store` gives a Store; its `read()` and `write()` give a Connection, and every query function
of this room takes that Connection first.
"""

from __future__ import annotations

from sqlalchemy import Connection

from monitor.store.backups import backup, daily_backup, restore
from monitor.store.engine import Say, Store, insert, open_store, upsert

__all__ = ["Connection", "Say", "Store", "backup", "daily_backup", "insert", "open_store", "restore", "upsert"]
