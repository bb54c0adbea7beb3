"""The example file and the page about the configuration show every setting, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.config import load
from monitor.config.schema import LISTS, HoursTable, MonitorTable
from monitor.config.secrets import keys_of, models_in
from monitor.plugins import connector, connectors, notifier, notifiers

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
PAGE = ROOT / "docs" / "configuration.md"
MADE_UP = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/made-up",
    "SLACK_TOKEN": "xoxb-000-made-up",
    "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123/made-up",
    "WEBHOOK_SECRET": "0123456789abcdef" * 4,
    "MAIL_PASSWORD": "made-up-password",
}


def built_in(kind: str) -> list[str]:
    found = connectors() if kind == "connector" else notifiers()
    return [name for name in found if found.origin(name) == "built-in"]


def example_env() -> dict[str, str]:
    names = re.findall(r'env = "(\w+)"', EXAMPLE.read_text())
    return {name: MADE_UP.get(name, "https://made-up.example.org/x") for name in names}


def all_keys(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a table and of the tables in it."""
    for key, field in keys_of(model).items():
        yield key
        for inner in models_in(field.annotation):
            yield from all_keys(inner)


def tables() -> list[tuple[str, str, type[BaseModel]]]:
    """Return every table of the file: its name here, how a block of the example for it is known, its model."""
    found: list[tuple[str, str, type[BaseModel]]] = [
        ("[monitor]", r"\[monitor\]", MonitorTable),
        ("[hours.NAME]", r"\[hours\.\w+\]", HoursTable),
    ]
    found += [(f"[[{name}]]", rf"\[\[{name}\]\]", model) for name, model in LISTS.items()]
    found += [(name, rf'connector = "{name}"', connector(name).Config) for name in built_in("connector")]
    found += [(name, rf'notifier = "{name}"', notifier(name).Config) for name in built_in("notifier")]
    return found


CASES = [(name, block, key) for name, block, model in tables() for key in dict.fromkeys(all_keys(model))]


def test_the_example_loads_and_is_warned_of_nothing() -> None:
    settings = load(EXAMPLE, example_env())

    assert settings.warnings == ()
    assert {source.connector for source in settings.sources} == set(built_in("connector"))
    assert {channel.notifier for channel in settings.channels} == set(built_in("notifier"))


@pytest.mark.parametrize(("name", "block", "key"), CASES, ids=[f"{name} {key}" for name, _, key in CASES])
def test_the_example_shows_every_setting(name: str, block: str, key: str) -> None:
    # A setting that excludes another, or needs a folder, stands behind a comment mark.
    blocks = re.split(r"(?m)^(?=(?:# )?\[)", EXAMPLE.read_text())

    shown = [text for text in blocks if re.search(block, text)]

    assert any(re.search(rf'(?m)(?:^(?:# )?|[{{,] )"?{re.escape(key)}"? = ', text) for text in shown)


@pytest.mark.parametrize(("name", "block", "key"), CASES, ids=[f"{name} {key}" for name, _, key in CASES])
def test_the_page_tells_of_every_setting(name: str, block: str, key: str) -> None:
    assert key in documented().get(name, ())


def test_the_page_tells_of_no_setting_that_is_not_there() -> None:
    known = {name: set(all_keys(model)) for name, _, model in tables()}

    for name, keys in documented().items():
        assert keys <= known.get(name, set())


def test_the_examples_on_the_page_are_toml_that_loads(tmp_path: Path) -> None:
    text = "\n".join(re.findall(r"(?m)^    (.*)$", PAGE.read_text().split("## `[monitor]`")[1]))
    text = re.sub(r"(?ms)^\[\[accounts\]\].*?(?=^\[)", "", text)  # of a connector that is not built in
    people = '[[people]]\nname = "ben"\n[[channels]]\nname = "ops-mail"\nnotifier = "console"\n'
    path = tmp_path / "monitor.toml"
    path.write_text(text + "\n" + people)

    settings = load(path, example_env())

    assert settings.teams["front"].people == ("ana", "ben")


def documented() -> dict[str, set[str]]:
    """Return the keys of the page's tables by heading; inner tables belong to the section around them."""
    found: dict[str, set[str]] = {}
    section = ""
    for line in PAGE.read_text().splitlines():
        if heading := re.fullmatch(r"(##+) `(.+)`", line):
            inner = heading[1] == "###" and heading[2] in keys_of(MonitorTable)
            section = section if inner else heading[2]
        elif line.startswith("#"):
            section = ""
        elif section and (row := re.match(r"\| `(\w+)` \|", line)):
            found.setdefault(section, set()).add(row[1])
    return found
