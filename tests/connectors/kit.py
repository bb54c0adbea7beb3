"""The exam by the names of the connectors in this repository; `monitor.exam` has its words.

`tests/connectors/cases/NAME.py` holds one `CASES = Cases(…)` with small, made-up answers in the shape of the site.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.connector import Connector
from monitor.exam import (
    Answer,
    AnyAnswer,
    Cases,
    Examined,
    Mails,
    Push,
    asked_first,
    first_request,
    read,
    refusal_of,
    response_to,
)
from monitor.plugins import connector

__all__ = [
    "FOLDER",
    "NAMES",
    "Answer",
    "AnyAnswer",
    "Cases",
    "Mails",
    "Push",
    "asked_first",
    "cases_of",
    "class_of",
    "examined",
    "first_request",
    "made",
    "read",
    "refusal_of",
    "response_to",
]

FOLDER = Path(__file__).resolve().parents[2] / "connectors"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def cases_of(name: str) -> Cases:
    """Return a connector's cases. Fails with what to do when there are none."""
    place = f"tests.connectors.cases.{name}"
    try:
        module: ModuleType = importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name != place:
            raise
        raise AssertionError(f"connectors/{name}.py has no cases: write tests/connectors/cases/{name}.py") from error
    cases: Cases = module.CASES
    return cases


def class_of(name: str) -> type[Connector[Any]]:
    """Return a connector's class, found by its file's name as the program finds it."""
    return connector(name)


def made(name: str, cases: Cases | None = None, **options: Any) -> Connector[Any]:
    """Return a connector with its cases' options, or with others."""
    cases = cases or cases_of(name)
    kind = class_of(name)
    return kind(kind.Config(**{**cases.options, **options}), cases.brands)


def examined(name: str) -> Examined:
    """Return a connector of this repository with its cases."""
    return Examined(name, FOLDER / f"{name}.py", class_of(name), cases_of(name))
