"""The example file and the page about the configuration show every setting, and no other."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import BaseModel

from monitor.config import load
from monitor.config.schema import LISTS, HoursTable, MonitorTable
from monitor.config.secrets import keys_of, models_in
from monitor.errors import ConfigError
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
    known: dict[str, set[str]] = {}  # a connector and a notifier may have one name
    for name, _, model in tables():
        known.setdefault(name, set()).update(all_keys(model))

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


def test_a_damaged_example_is_refused_in_words_whatever_the_damage() -> None:
    assert damaged(100) > 60


@pytest.mark.slow
def test_a_damaged_example_is_refused_in_words_whatever_the_damage_at_length() -> None:
    assert damaged(20_000) > 15_000


ODD_VALUES = [
    *["1", "-1", "true", '""', "[]", "{}", '"x"', "[1, {}]", "[[]]", "nan", "1979-05-27T07:32:00Z", "9" * 30],
    *['{ env = "NOPE" }', '{ env = "MAIL_PASSWORD" }', '{ file = "x" }', '"\\u0000"', "{ a = { b = [1] } }"],
    *['["a", "a"]', '"☕"', f'"{"x" * 3000}"'],
]
ODD_TABLES = ["[monitor]", "[[sources]]", "[hours]", "[[x]]", "[sources]", "[[hours.shop]]", "[channels.x]"]


def damaged(times: int) -> int:
    """Damage the example in so many ways and load it; return how many were refused, each in words and by line."""
    chance = random.Random(7)
    env = example_env()
    refused = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "monitor.toml"
        for _ in range(times):
            lines = EXAMPLE.read_text().split("\n")
            for _ in range(chance.randint(1, 4)):
                damage(lines, chance)
            path.write_text("\n".join(lines))
            try:
                load(path, env)
            except ConfigError as error:
                refused += 1
                check_words(error, env)
    return refused


def damage(lines: list[str], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    key = re.match(r"(?:# )?([\w-]+) = ", lines[at])
    match chance.randrange(6):
        case 0 | 1 if key:
            lines[at] = f"{key[1]} = {chance.choice(ODD_VALUES)}"
        case 2 if key:
            lines[at] = f"{key[1][:-1]} = {lines[at][key.end() :]}"
        case 3:
            del lines[at]
        case 4:
            lines.insert(at, lines[chance.randrange(len(lines))])
        case _ if lines[at].startswith("["):
            lines[at] = chance.choice(ODD_TABLES)
        case _:
            cut = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + chance.choice("\"'[]{}=,.#\\\n\t\x00é") + lines[at][cut:]


def check_words(error: ConfigError, env: dict[str, str]) -> None:
    for problem in error.problems:
        assert re.match(r"monitor\.toml(:\d+)?(: |$)", problem.where)
        assert 10 < len(problem.what) < 1200
    for value in set(env.values()) - {"https://made-up.example.org/x"}:
        assert value not in str(error)


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
