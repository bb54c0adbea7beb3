"""The finder of lines: every way TOML has of writing a key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.positions import Positions

SAMPLE = '''\
# a comment with "quotes" and [brackets]
title = "top"
[monitor]
digest = { at = "08:30", weekly = "mon 08:30" }
"quoted key" = 1
'single.quoted' = 2
targets.high = "4h"
targets . "low" = "1h"
long = """
first [[sources]]
key = "no key"
"""
raw = \'\'\'
x = 1 # no comment
\'\'\'
list = [
  "one", # first
  "two]",
  { name = "three", deep = [1,
    2] },
]
date = 2026-12-20T08:00:00Z
space = 1979-05-27 07:32:00

[hours.shop]
open = { "mon,wed" = ["08:00-20:00"], sun = [] }
[[sources]]
name = "a"
[[sources]]
name = "b"
  [sources.mapping]
  text = "body"
  [[sources.fields]]
  name = "f1"
  [[sources.fields]]
  name = "f2"
[[sources]]
name = "c"
'''
PLACES = [
    (("title",), 2),
    (("monitor",), 3),
    (("monitor", "digest"), 4),
    (("monitor", "digest", "weekly"), 4),
    (("monitor", "quoted key"), 5),
    (("monitor", "single.quoted"), 6),
    (("monitor", "targets", "high"), 7),
    (("monitor", "targets", "low"), 8),
    (("monitor", "long"), 9),
    (("monitor", "raw"), 13),
    (("monitor", "list"), 16),
    (("monitor", "list", 0), 17),
    (("monitor", "list", 1), 18),
    (("monitor", "list", 2, "name"), 19),
    (("monitor", "list", 2, "deep", 1), 20),
    (("monitor", "date"), 22),
    (("monitor", "space"), 23),
    (("hours", "shop"), 25),
    (("hours", "shop", "open", "mon,wed"), 26),
    (("sources", 0), 27),
    (("sources", 1, "name"), 30),
    (("sources", 1, "mapping", "text"), 32),
    (("sources", 1, "fields", 0, "name"), 34),
    (("sources", 1, "fields", 1), 35),
    (("sources", 2), 37),
    (("sources", 2, "name"), 38),
]


@pytest.mark.parametrize(("path", "line"), PLACES)
def test_every_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert Positions(SAMPLE).line(path) == line


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    found = Positions(SAMPLE)

    assert found.line(("sources", 2, "connector")) == 37
    assert found.line(("channels", 0)) is None


def test_every_value_that_toml_reads_has_a_line() -> None:
    found = Positions(SAMPLE)

    missing = [path for path in paths(tomllib.loads(SAMPLE)) if path not in found.lines]

    assert missing == []


def test_the_example_file_has_a_line_for_every_value() -> None:
    text = (Path(__file__).parents[2] / "config.example.toml").read_text()
    found = Positions(text)
    lines = text.split("\n")

    for path in paths(tomllib.loads(text)):
        assert path in found.lines
        if isinstance(path[-1], str):
            assert path[-1] in lines[found.lines[path] - 1]


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("a = 1\nb = 2\na = 3\n", [(("a",), 1, 3)]),
        ("[x]\n[y]\n[x]\n", [(("x",), 1, 3)]),
        ("[[s]]\nn = 1\n[[s]]\nn = 1\nn = 2\n", [(("s", 1, "n"), 4, 5)]),
        ("a = { b = 1, b = 2 }\n", [(("a", "b"), 1, 1)]),
        ("a.b = 1\na.b = 2\na.c = 3\n", [(("a", "b"), 1, 2)]),
        ("a = 1\nA = 2\n", []),
    ],
)
def test_what_stands_twice_is_found(text: str, twice: list[Any]) -> None:
    assert Positions(text).twice == twice


@pytest.mark.parametrize("text", ["a = [1, 2", "a = {b = 1", 'a = "open', "[a", "[[a]", "a", "= 1", "a = [" * 5000, ""])
def test_a_text_that_is_no_toml_is_read_as_far_as_it_goes(text: str) -> None:
    assert Positions("first = 1\n" + text).line(("first",)) == 1


_KEY = st.one_of(st.from_regex(r"[a-z_-]{1,5}", fullmatch=True), st.text(max_size=5).filter(lambda s: s.isprintable()))
_LEAF = st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=8).filter(lambda s: s.isprintable()))
_VALUE = st.recursive(
    _LEAF, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=3)), max_leaves=8
)


@settings(max_examples=40)
@given(st.dictionaries(_KEY, _VALUE, max_size=4), st.lists(st.dictionaries(_KEY, _VALUE, max_size=3), max_size=3))
def test_any_file_has_a_line_for_every_value(top: dict[str, Any], listed: list[dict[str, Any]]) -> None:
    lines = [f"{quoted(key)} = {written(value)}" for key, value in top.items()]
    expected = {(key,): number for number, key in enumerate(top, 1)}
    for number, table in enumerate(listed):
        lines.append('[["a list"]]')
        for key, value in table.items():
            lines.append(f"{quoted(key)} = {written(value)}")
            expected["a list", number, key] = len(lines)  # type: ignore[index]  # a path of three
    text = "\n".join(lines)

    found = Positions(text)

    assert set(paths(tomllib.loads(text))) <= set(found.lines)
    assert {path: found.lines[path] for path in expected} == expected


def paths(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*at, key)
        yield from paths(item, (*at, key))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(written(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{quoted(key)} = {written(item)}' for key, item in value.items())} }}"
    return str(value)
