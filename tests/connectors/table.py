"""The tables of all connectors in docs/connectors.md: one made from their facts, one from what the exam asks them.

python -m tests.connectors.table      writes them anew
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.connector import Connector
from monitor.exam import Cases
from tests.connectors.kit import NAMES, cases_of, class_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors.md"
CASES = Path(__file__).parent / "cases"  # who has none yet fails the exam, not the table
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"
HEAD = (
    "| connector | what it sees | your answers | looks | fastest | needs | ready in | proven on |\n|"
    + "---|" * 8
    + "\n"
)
PASSES_BEGIN, PASSES_END = "<!-- passes: begin -->\n", "<!-- passes: end -->"
QUESTIONS = {
    "next": "next page",
    "empty": "nothing there",
    "broken": "one broken entry",
    "unknown": "new fields",
    "drift": "changed shape",
    "edited": "edit",
    "gone": "deletion",
    "own": "own account",
    "answered": "your answer",
}
"""What the exam asks of each, by the field of its cases that holds an answer or a sentence."""
COLUMNS = ("connector", *QUESTIONS.values(), "asked again", "answers for you", "is pushed", "charged in", "proven on")
PROVEN = {"recordings": "real recordings", "server": "a real server", "documentation": "documentation only"}


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


def passes() -> str:
    """Return what each connector passes, one row each, and below it why some are not asked something."""
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    found = {name: (class_of(name), cases_of(name)) for name in NAMES if (CASES / f"{name}.py").exists()}
    rows = "".join(f"{_passed(name, *known)}\n" for name, known in found.items())
    reasons = "".join(
        f"- [`{name}`](#{name}): {said}\n" for name, (_, cases) in found.items() if (said := _not_asked(cases))
    )
    return f"{head}{rows}\n{reasons}"


def _passed(name: str, kind: type[Connector[Any]], cases: Cases) -> str:
    asked = [not isinstance(getattr(cases, field), str) for field in QUESTIONS]
    cells = (
        f"[`{name}`](#{name})",
        *map(_mark, asked),
        _mark(kind.recheck is not Connector.recheck),
        f"up to {kind.reply_limit:,}" if kind.reply_limit else "–",
        _mark(kind.receive is not Connector.receive),
        kind.paid or "–",
        PROVEN[kind.proven],
    )
    return f"| {' | '.join(cells)} |"


def _mark(holds: bool) -> str:
    return "✓" if holds else "–"


def _not_asked(cases: Cases) -> str:
    """Return the sentences that stand in place of answers."""
    said = {what: getattr(cases, field) for field, what in QUESTIONS.items() if isinstance(getattr(cases, field), str)}
    return " ".join(f"*{what}*: {sentence}" for what, sentence in said.items())


def span(time: timedelta) -> str:
    """Return a span as people say it."""
    minutes = round(time.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def written(page: str, begin: str = BEGIN, end: str = END) -> str:
    """Return the table that stands in a page between two marks."""
    return page.partition(begin)[2].partition(end)[0]


def section(page: str, name: str) -> str:
    """Return what a page says of one connector."""
    return page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


if __name__ == "__main__":
    for begin, end, fresh in ((BEGIN, END, table()), (PASSES_BEGIN, PASSES_END, passes())):
        text = PAGE.read_text()
        PAGE.write_text(text.replace(begin + written(text, begin, end) + end, begin + fresh + end))
