"""Write the next migration from what schema.py says: `python -m monitor.store.migrations "what changed"`.

Read it before you commit it: a change of a column's meaning, or of its name, it cannot know.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext

from monitor.store import connecting, schema, upgrade
from monitor.store.migrations import OWN, VERSION_TABLE, Migrations

HEAD = '''"""{what}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import Json, UtcTime

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
    {steps}
'''


def main(what: str, own: Migrations = OWN) -> Path:
    """Write the file and return its path."""
    before = own.revisions[-1] if own.revisions else None
    revision = f"{int(before or 0) + 1:04}"
    text = HEAD.format(
        what=what[0].upper() + what[1:], revision=revision, before=f'"{before}"' if before else None, steps=_steps(own)
    )
    path = own.folder / "versions" / f"{revision}_{'_'.join(what.lower().split()[:4])}.py"
    path.write_text(text, encoding="utf-8")
    return path


def _steps(own: Migrations) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "now.db"
        path.touch()
        engine = connecting.sqlite_engine(path)
        with engine.execution_options(**connecting.WRITING).begin() as conn:
            if own.revisions:
                upgrade.climb(conn, own, own.head)
            context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE})
            script = produce_migrations(context, schema.metadata)
        engine.dispose()
    assert script.upgrade_ops is not None
    text = render_python_code(script.upgrade_ops, render_as_batch=bool(own.revisions), render_item=_render_item)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("# ###")]
    return "\n".join(lines).replace('sa.text("1")', "sa.true()").replace("sa.text('1')", "sa.true()").strip()


def _render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, schema.UtcTime):
        return "UtcTime()"
    if kind == "type" and isinstance(item, sa.JSON):
        return "Json"
    return False


if __name__ == "__main__":
    print(main(sys.argv[1]))  # noqa: T201  # what it wrote
