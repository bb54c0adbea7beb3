"""docs/connectors.md says of every connector what its code says."""

from __future__ import annotations

import pytest

from tests.connectors.kit import NAMES, class_of
from tests.connectors.table import PAGE, PASSES_BEGIN, PASSES_END, passes, section, table, written


def test_the_table_has_the_facts_of_every_connector() -> None:
    assert written(PAGE.read_text()) == table(), "write it anew: python -m tests.connectors.table"


def test_the_table_of_the_exam_says_what_each_is_asked_and_why_some_are_not() -> None:
    there = written(PAGE.read_text(), PASSES_BEGIN, PASSES_END)

    assert there == passes(), "write it anew: python -m tests.connectors.table"


@pytest.mark.parametrize("name", NAMES)
def test_every_connector_has_its_section_with_every_option(name: str) -> None:
    said = section(PAGE.read_text(), name)

    assert said, f"docs/connectors.md has no section `## {name}`"
    missing = [option for option in class_of(name).Config.model_fields if f"`{option}`" not in said]
    assert not missing


@pytest.mark.parametrize("name", NAMES)
def test_every_section_shows_a_source_that_can_be_copied(name: str) -> None:
    assert f'connector = "{name}"' in section(PAGE.read_text(), name)
