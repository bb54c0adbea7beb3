"""Everything out as CSV that anybody can read, and back in: to leave, to analyse, to change the database."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.errors import StoreError, UsageError
from monitor.store import connecting, dump, schema, standing, upgrade
from monitor.store.engine import Store, where
from monitor.store.files import telling
from monitor.text.cells import GUARDS

NEVER_EXPORTED = frozenset({"tokens"})


@dataclass(frozen=True, slots=True)
class Key:
    """A key that still works after one has left: its name in the configuration, and where to revoke it."""

    name: str  # accounts[0] "x-acme": token
    where: str  # https://developer.x.com, "your app", "Keys and tokens"


def export_all(store: Store, folder: Path, *, now: datetime, keys: Collection[Key] = ()) -> dump.Manifest:
    """Write every table as CSV into a new folder, with a README; tokens stay out. Returns what was written.

    The folder appears when it is complete. Raises UsageError: it is there and not empty, no room.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: name a new folder")
    with telling(folder):
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name[:50]}.", dir=folder.absolute().parent))
        try:
            with store.read() as conn:
                manifest = dump.write(conn, dump.folder_to_write(part), now=now, leave_out=NEVER_EXPORTED)
            (part / "README.md").write_text(readme(manifest, keys), encoding="utf-8")
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return manifest


def import_all(store: Store, folder: Path) -> dump.Manifest:
    """Read a folder that `export_all` wrote into an empty database, all or nothing. Returns what was read.

    An export of an older version is brought up to date on the way.
    Raises UsageError when the database is in use already, StoreError for a folder that is none.
    """
    manifest = dump.Manifest.read(dump.folder_to_read(folder), str(folder))
    if manifest.revision not in store.migrations.revisions:
        found = standing.Standing(manifest.revision, manifest.program_version)
        raise StoreError(standing.newer_words(str(folder), found, store.migrations))
    with tempfile.TemporaryDirectory(prefix="monitor-import-") as scratch:
        if manifest.revision != store.migrations.head:
            folder = _brought_up(store, folder, Path(scratch))
        member = dump.folder_to_read(folder)
        with store.write() as conn:
            _check_empty(conn, where(store.engine))
            dump.load(conn, member, dump.Manifest.read(member, str(folder)))
    return manifest


def _brought_up(store: Store, folder: Path, scratch: Path) -> Path:
    """Return an older export as one of today: through a database of its own revision."""
    member = dump.folder_to_read(folder)
    manifest = dump.Manifest.read(member, str(folder))
    path = scratch / "older.db"
    upgrade.make_sqlite(path, store.migrations, revision=manifest.revision)
    engine = connecting.sqlite_engine(path, pragmas=connecting.UPGRADE_PRAGMAS)
    newer = scratch / "newer"
    newer.mkdir()
    try:
        with engine.begin() as conn:
            dump.load(conn, member, manifest)
            upgrade.climb(conn, store.migrations, store.migrations.head)
        with engine.begin() as conn:
            made = datetime.fromisoformat(manifest.made_at)
            dump.write(conn, dump.folder_to_write(newer), now=made, leave_out=NEVER_EXPORTED)
    finally:
        engine.dispose()
    return newer


def _check_empty(conn: Connection, name: str) -> None:
    for table in schema.metadata.sorted_tables:
        if table.name != "meta" and conn.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise UsageError(f"{name} holds data already (in `{table.name}`): import into a new, empty database")


# --- the README of an export ---------------------------------------------------------------------

_PANDAS = {"text": "string", "json": "string", "boolean": "boolean", "integer": "Int64", "float": "Float64"}

_HOW = """# An export of Review Monitor

Written by version {program} at {made} (tables {revision}). `monitor import --all` reads this
folder back into an empty database, also of the other kind; leave the files as they are for that.

## Reading it with pandas

A cell is empty where there is nothing. Where a spreadsheet might run a text as a formula, an
apostrophe stands before the sign; an empty text is a lone apostrophe. `read` takes them away again
and gives every column its type; a JSON column holds text for `json.loads`.

```python
import re
import pandas as pd

GUARD = re.compile({guard})


def read(name, types, times=()):
    frame = pd.read_csv(
        name,
        dtype=types | dict.fromkeys(times, "string"),
        keep_default_na=False,
        na_values=[""],
    )
    for column in (column for column, kind in types.items() if kind == "string"):
        frame[column] = frame[column].map(lambda cell: GUARD.sub(lambda m: m[0][:-1], cell), na_action="ignore")
    for column in times:
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    return frame
```

## Tables

"""


def readme(manifest: dump.Manifest, keys: Collection[Key]) -> str:
    """Return what somebody needs who has only this folder: how to read it, and what to revoke."""
    values = {
        "program": manifest.program_version,
        "made": manifest.made_at,
        "revision": manifest.revision,
        "guard": ascii(GUARDS),
    }
    how = _HOW
    for name, value in values.items():
        how = how.replace(f"{{{name}}}", value)
    return how + "".join(_table_text(table) for table in manifest.tables) + _keys_text(keys)


def _table_text(table: dump.TableFile) -> str:
    types = {name: _PANDAS[kind] for name, kind in table.columns.items() if kind in _PANDAS}
    times = [name for name, kind in table.columns.items() if kind == "time"]
    jsons = ", ".join(f"`{name}`" for name, kind in table.columns.items() if kind == "json")
    note = f"\nJSON: {jsons}.\n" if jsons else ""
    call = f'{table.name} = read("{table.name}.csv", {json.dumps(types)}, {json.dumps(times)})'
    return f"### {table.name}: {table.rows} rows\n\n```python\n{call}\n```\n{note}\n"


def _keys_text(keys: Collection[Key]) -> str:
    if not keys:
        return "## Keys to revoke\n\nNone are configured.\n"
    lines = "\n".join(f"- {key.name}: {key.where}" for key in keys)
    return f"## Keys to revoke\n\nThese work until you end them. None of them is in this folder.\n\n{lines}\n"
