"""The file itself: missing, damaged, hostile. Each is refused with its line, and quickly."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import find, load
from monitor.config.file import MAX_BYTES, MAX_DEPTH, read
from monitor.errors import ConfigError
from tests.config.conftest import BASE, Town


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(path)
    return [str(problem) for problem in error.value.problems]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.toml"


def test_a_missing_file_is_named_with_the_ways_to_have_one(path: Path) -> None:
    [problem] = refused(path)

    assert problem == (
        "monitor.toml: there is no such file. "
        "`monitor init` writes one; or name yours with --config FILE or $MONITOR_CONFIG"
    )


def test_a_folder_is_no_file(path: Path) -> None:
    path.mkdir()

    assert refused(path) == ["monitor.toml: the file cannot be read: is a directory"]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"# only a comment\n", b"\xef\xbb\xbf", b"\r\n"])
def test_an_empty_file_is_refused(path: Path, body: bytes) -> None:
    path.write_bytes(body)

    assert refused(path) == ["monitor.toml: the file is empty. `monitor init` writes one that works"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[monitor]\ntimezone\n", "2: a line is written `key = value`; here the `=` is missing"),
        ("[monitor]\ntimezone = Berlin\n", '2: the value is not TOML. Text stands in quotes: name = "app-us"'),
        ("a = 1\n\nb = [1,\n", "3: the file ends within a list or text that is opened and not closed"),
        ("a = 1\n\nb = [1\n", "3: a list is opened with `[` and not closed with `]`"),
        ('a = 1\nb = """x\n\n', "2: a text is opened with a quote and not closed"),
        ("a = {b = 1\n", "1: a table is opened with `{` and not closed with `}` on the same line"),
        ('a = "open\nb = 1\n', "1: a text is opened with a quote and not closed on the same line"),
        ("a = 1 b = 2\n", "1: there is more on the line than one `key = value`"),
        ("[monitor\n", "1: a table is opened with `[` and not closed with `]`"),
        ("[[sources]\n", "1: a table of a list is opened with `[[` and not closed with `]]`"),
        ('path = "C:\\data"\n', "1: a backslash in double quotes is written twice; in single quotes once"),
        ("a = 2026-13-45\n", "1: "),
        ("!x = 1\n", "1: the line is neither `key = value` nor a table such as [monitor] or [[sources]]"),
        (
            "\tname = 1\n \t[monitor]\n\t  zone = x\n",
            '3: the value is not TOML. Text stands in quotes: name = "app-us"',
        ),
        ('a = "tab\x01"\n', "1: there is a control character in the text"),
        ("a = 1\n[b]\n[a]\n", "3: "),
        ("a = " + "9" * 5000, "1: a number has thousands of digits"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_line_and_sentence(path: Path, text: str, problem: str) -> None:
    path.write_text(text)

    [found] = refused(path)

    assert found.startswith(f"monitor.toml:{problem}")


def test_yaml_is_recognised(path: Path) -> None:
    path.write_text("sources:\n  - &a [x, x]\n  - &b [*a, *a, *a]\n  - [*b, *b, *b, *b]\n")

    [found] = refused(path)

    assert found.startswith("monitor.toml:1: ")
    assert found.endswith("This looks like YAML; the file is TOML")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            '[monitor]\ntimezone = "UTC"\ncontact = "x"\ntimezone = "UTC"\n',
            ["monitor.toml:4: `timezone` is there twice, first in line 2. Keep one"],
        ),
        ("[monitor]\n[hours.a]\n[monitor]\n", ["monitor.toml:3: `monitor` is there twice, first in line 1. Keep one"]),
        (
            "a = 1\na = 2\nb = 1\nb = 2\n",
            [
                "monitor.toml:2: `a` is there twice, first in line 1. Keep one",
                "monitor.toml:4: `b` is there twice, first in line 3. Keep one",
            ],
        ),
        ("x = { a = 1, a = 2 }\n", ["monitor.toml:1: `a` is there twice, first in line 1. Keep one"]),
    ],
)
def test_a_key_that_is_there_twice_is_named_with_both_lines(path: Path, text: str, problems: list[str]) -> None:
    path.write_text(text)

    assert refused(path) == problems


def test_a_byte_order_mark_and_line_ends_of_windows_are_read(town: Town) -> None:
    text = (BASE + "# the end\n").replace("\n", "\r\n")
    town.path.write_bytes(b"\xef\xbb\xbf" + text.encode())

    settings = load(town.path, {})

    assert settings.contact == "ops@example.org"


def test_lines_are_counted_right_with_line_ends_of_windows(town: Town) -> None:
    town.path.write_bytes((BASE + "[[channels]]\nname = 'x'\nnotifier = 'papr'\n").replace("\n", "\r\n").encode())

    with pytest.raises(ConfigError) as error:
        load(town.path, {})

    assert error.value.problems[0].where == 'monitor.toml:12: channels[1] "x"'


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[monitor]\n# caf\xe9\n", "monitor.toml:2: the file is not UTF-8: an editor saved it in another encoding"),
        ("[monitor]\n".encode("utf-16"), "monitor.toml:1: the file is UTF-16. Save it as UTF-8"),
        ("[monitor]\n".encode("utf-16-le"), "monitor.toml:1: the file is UTF-16. Save it as UTF-8"),
    ],
)
def test_another_encoding_is_refused(path: Path, body: bytes, problem: str) -> None:
    path.write_bytes(body)

    assert refused(path)[0].startswith(problem)


@pytest.mark.parametrize("size", [MAX_BYTES - 1, MAX_BYTES])
def test_a_file_up_to_the_limit_is_read(path: Path, size: int) -> None:
    path.write_bytes(b"[monitor]\n#".ljust(size, b"x"))

    assert read(path)[1] == {"monitor": {}}


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 50 * 1024 * 1024])
def test_a_file_beyond_the_limit_is_refused(path: Path, size: int) -> None:
    path.touch()
    with path.open("r+b") as stream:
        stream.truncate(size)

    assert refused(path) == ["monitor.toml: the file is larger than 1 MiB, which no configuration is"]


def test_lists_are_nested_up_to_the_limit(path: Path) -> None:
    path.write_text(f"a = {'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}")

    assert list(read(path)[1]) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\nb = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "a = 1\nb = " + "[" * 300 + "]" * 300,
        "a = 1\nb = " + "[" * 500_000,
        "a = 1\nb = " + "{x=" * 300_000,
        "a = 1\n" + "x." * 20_000 + "x = 1",
        "a = 1\n[" + "x." * 20_000 + "x]",
        "a = 1\n[[" + '"x".' * 20_000 + "x]]",
    ],
    ids=["just over", "300 lists", "half a million open lists", "open tables", "long key", "long table", "quoted"],
)
def test_deep_nesting_is_refused_with_its_line(path: Path, text: str) -> None:
    path.write_text(text)

    [found] = refused(path)

    assert found in (
        f"monitor.toml:2: lists or tables are nested deeper than {MAX_DEPTH} levels",
        f"monitor.toml:2: a key has more than {MAX_DEPTH} parts",
    )


@pytest.mark.parametrize(
    ("named", "env", "found"),
    [
        (Path("/etc/mine.toml"), {"MONITOR_CONFIG": "other.toml"}, "/etc/mine.toml"),
        (None, {"MONITOR_CONFIG": "other.toml"}, "other.toml"),
        (None, {"MONITOR_CONFIG": ""}, "monitor.toml"),
        (None, {}, "monitor.toml"),
    ],
)
def test_the_named_file_goes_before_the_variable_and_that_before_the_usual_one(
    named: Path | None, env: dict[str, str], found: str
) -> None:
    assert find(named, env) == Path(found)
