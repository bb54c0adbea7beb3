"""The table of all connectors in docs/connectors.md, made from their facts.

python -m tests.connectors.table      writes it anew
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.connectors.kit import NAMES, class_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"
HEAD = (
    "| connector | what it sees | your answers | looks | fastest | needs | ready in | proven on |\n|"
    + "---|" * 8
    + "\n"
)


def table() -> str:
    """Return the table, one row a connector."""
    return HEAD + "".join(f"{row(name)}\n" for name in NAMES)


def row(name: str) -> str:
    """Return one connector's facts as a row."""
    kind = class_of(name)
    facts = (
        f"[`{name}`](#{name})",
        kind.sees,
        kind.sees_answers,
        "when it is posted" if kind.pushed_only else f"every {span(kind.default_every)}",
        "" if kind.pushed_only else span(kind.fastest),
        kind.needs,
        kind.ready_in,
        kind.proven,
    )
    return f"| {' | '.join(facts)} |"


def span(time: timedelta) -> str:
    """Return a span as people say it."""
    minutes = round(time.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def written(page: str) -> str:
    """Return the table that stands in a page."""
    return page.partition(BEGIN)[2].partition(END)[0]


def section(page: str, name: str) -> str:
    """Return what a page says of one connector."""
    return page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


if __name__ == "__main__":
    text = PAGE.read_text()
    PAGE.write_text(text.replace(BEGIN + written(text) + END, BEGIN + table() + END))
