"""One exam over every connector of this repository: the questions of `monitor.exam`, and what holds for all."""

from __future__ import annotations

import ast
import statistics

import pytest

from monitor.exam import Examined
from monitor.exam.questions import *  # noqa: F403  the questions
from tests.connectors import kit

LONGEST_FILE_OF_THE_MEDIAN = 120  # lines that hold code


@pytest.fixture(params=kit.NAMES)
def examined(request: pytest.FixtureRequest) -> Examined:
    return kit.examined(request.param)


def test_the_median_connector_is_short() -> None:
    lengths = {name: code_lines(name) for name in kit.NAMES}

    assert statistics.median(lengths.values()) <= LONGEST_FILE_OF_THE_MEDIAN, lengths


def code_lines(name: str) -> int:
    """Count the lines that hold code: no blank ones, no comments, docstrings or imports."""
    path = kit.FOLDER / f"{name}.py"
    module = ast.parse(path.read_text())
    skipped: set[int] = set()
    for node in ast.walk(module):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        if documented:
            skipped.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            skipped.update(range(node.lineno, (node.end_lineno or 0) + 1))
    lines = enumerate(path.read_text().splitlines(), start=1)
    return sum(
        1 for number, line in lines if number not in skipped and line.strip() and not line.strip().startswith("#")
    )
