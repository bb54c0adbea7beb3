"""Secrets come from variables and files. Messages name them and never show them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.config.secrets import MAX_BYTES
from tests.config.conftest import Town

BELL = """
[[channels]]
name = "bell"
notifier = "bell"
rope = {rope}
"""
WHERE = 'monitor.toml:14: channels[1] "bell": `rope`: '


def secret_file(town: Town, body: bytes, mode: int = 0o600) -> Path:
    path = town.folder / "rope.txt"
    path.write_bytes(body)
    path.chmod(mode)
    return path


def rope_of(town: Town, written: str, env: dict[str, str] | None = None) -> str:
    settings = town.load(BELL.format(rope=written), env)
    value = settings.channels[1].options.rope  # type: ignore[attr-defined]  # the made-up channel has it
    return str(value.get_secret_value())


@pytest.mark.parametrize("text", ["s3cret-rope", "s3cret-rope\n", "s3cret-rope\r\n", 'with"quote'])
def test_a_secret_is_read_from_a_variable(town: Town, text: str) -> None:
    assert rope_of(town, '{ env = "ROPE" }', {"ROPE": text}) == text.rstrip("\r\n")


@pytest.mark.parametrize("body", [b"s3cret-rope", b"s3cret-rope\n", b"s3cret-rope\r\n"])
def test_a_secret_is_read_from_a_file_beside_the_configuration(town: Town, body: bytes) -> None:
    secret_file(town, body)

    assert rope_of(town, '{ file = "rope.txt" }') == "s3cret-rope"


def test_a_secret_file_may_have_an_absolute_path(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("keys") / "key"
    path.write_text("s3cret-rope")
    path.chmod(0o600)

    assert rope_of(town, f'{{ file = "{path}" }}') == "s3cret-rope"


@pytest.mark.parametrize(
    "text",
    ["-----BEGIN PRIVATE KEY-----\nMII+abc=\n-----END PRIVATE KEY-----\n", '{"type": "service_account", "a": 1}'],
)
def test_a_key_file_is_a_secret_as_it_stands(town: Town, text: str) -> None:
    secret_file(town, text.encode())

    assert rope_of(town, '{ file = "rope.txt" }') == text.rstrip("\n")


def test_no_repr_and_no_print_shows_a_secret(town: Town) -> None:
    people = '[[people]]\nname = "ana"\nphone_webhook = { env = "PHONE" }\n'
    accounts = '[[accounts]]\nname = "a"\ntoken = { env = "ROPE" }\n'

    settings = town.load(
        BELL.format(rope='{ env = "ROPE" }') + people + accounts,
        {"ROPE": "s3cret-rope", "PHONE": "https://phone.example/s3cret"},
    )

    assert "s3cret" not in repr(settings) + str(settings)
    assert settings.people["ana"].phone_webhook == "https://phone.example/s3cret"


FLAWS = [
    ("", "is empty"),
    ("   ", "is empty"),
    ("\n", "is empty"),
    (" s3cret-rope", "has spaces at its beginning or end; take them away"),
    ("s3cret-rope ", "has spaces at its beginning or end; take them away"),
    ("s3cret rope", "has spaces in it; an app password that is shown in groups is written without them"),
    ('"s3cret-rope"', "has quotes around it; the secret stands without them"),
    ("'s3cret-rope'", "has quotes around it; the secret stands without them"),
    (
        "s3crét-rope",
        "has letters beyond plain ASCII in it, which no service takes in a secret; was it copied from a page?",
    ),
    (
        "“s3cret-rope”",
        "has letters beyond plain ASCII in it, which no service takes in a secret; was it copied from a page?",
    ),
    ("s3cret\x00rope", "has line breaks or control characters in it; one secret a variable or file"),
    ("s3cret\nrope", "has line breaks or control characters in it; one secret a variable or file"),
]


@pytest.mark.parametrize(("text", "why"), FLAWS)
def test_a_variable_with_a_flaw_is_refused_by_its_name(town: Town, text: str, why: str) -> None:
    problems = town.problems(BELL.format(rope='{ env = "ROPE" }'), {"ROPE": text})

    assert problems == [f"{WHERE}the variable ROPE {why}"]


@pytest.mark.parametrize(("text", "why"), FLAWS)
def test_a_file_with_a_flaw_is_refused_by_its_name(town: Town, text: str, why: str) -> None:
    secret_file(town, text.encode())

    problems = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problems == [f"{WHERE}the file rope.txt {why}"]


def test_bytes_that_are_no_text_are_refused(town: Town) -> None:
    secret_file(town, b"s3cret\xff\xfe")

    [problem] = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problem.startswith(f"{WHERE}the file rope.txt has letters beyond plain ASCII")


def test_a_variable_that_is_not_set_is_named(town: Town) -> None:
    problems = town.problems(BELL.format(rope='{ env = "ROPE" }'))

    assert problems == [f"{WHERE}the variable ROPE is not set where the monitor was started"]


@pytest.mark.parametrize("written", ["xoxb-12345-s3cret", "https://hooks.example/s3cret", "s3cret rope", "1s3cret"])
def test_a_secret_in_place_of_a_variable_is_not_shown(town: Town, written: str) -> None:
    [problem] = town.problems(BELL.format(rope=f'{{ env = "{written}" }}'))

    assert problem == f"{WHERE}`env` takes the name of a variable, such as SLACK_TOKEN, and what stands there is none"


@pytest.mark.parametrize("written", ["a" * 1001, "a\\u0000b", "a\\nb"])
def test_a_file_without_a_possible_name_is_refused(town: Town, written: str) -> None:
    [problem] = town.problems(BELL.format(rope=f'{{ file = "{written}" }}'))

    assert problem == f"{WHERE}`file` takes the path of a file, and what stands there is none"


def test_a_file_that_is_not_there_is_named(town: Town) -> None:
    problems = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problems == [f"{WHERE}there is no file rope.txt (looked for {town.folder / 'rope.txt'})"]


def test_a_folder_is_no_secret(town: Town) -> None:
    (town.folder / "rope.txt").mkdir()

    problems = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problems == [f"{WHERE}the file rope.txt cannot be read: is a directory"]


def test_a_file_that_cannot_be_opened_is_named(town: Town) -> None:
    problems = town.problems(BELL.format(rope='{ file = "monitor.toml/rope" }'))

    assert problems == [f"{WHERE}the file monitor.toml/rope cannot be read: not a directory"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(town: Town) -> None:
    secret_file(town, b"s3cret-rope", 0o000)

    problems = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problems == [f"{WHERE}the file rope.txt cannot be read: permission denied"]


def test_a_file_without_end_is_no_secret(town: Town) -> None:
    secret_file(town, b"x" * (MAX_BYTES + 1))

    problems = town.problems(BELL.format(rope='{ file = "rope.txt" }'))

    assert problems == [f"{WHERE}the file rope.txt is larger than 64 KiB, which no secret is"]


def test_a_secret_file_that_all_may_read_is_warned_of(town: Town) -> None:
    secret_file(town, b"s3cret-rope", 0o644)

    warnings = town.warnings(BELL.format(rope='{ file = "rope.txt" }'))

    assert warnings[1:] == [f"{WHERE}every user of this machine can read the file rope.txt. Run: chmod 600 rope.txt"]


@pytest.mark.parametrize("written", ['"s3cret-rope"', "12345", '""'])
def test_a_secret_in_plain_text_is_refused_with_the_way_to_mend(town: Town, written: str) -> None:
    problems = town.problems(BELL.format(rope=written))

    [problem] = problems
    assert problem == (
        'monitor.toml:14: channels[1] "bell": `rope` is a secret and stands here in plain text. '
        'Put it into a variable or a file and write rope = { env = "BELL_ROPE" } '
        'or rope = { file = "secrets/bell_rope" }'
    )


@pytest.mark.parametrize("written", ['{ evn = "ROPE" }', '{ env = "A", file = "B" }', "{ env = 5 }", '["a"]'])
def test_a_secret_written_in_another_way_is_refused(town: Town, written: str) -> None:
    problems = town.problems(BELL.format(rope=written), {"ROPE": "s3cret"})

    assert problems == [
        'monitor.toml:14: channels[1] "bell": `rope` is a secret: write it as { env = "NAME" } or { file = "PATH" }'
    ]


def test_a_plugin_that_repeats_a_secret_is_not_repeated(town: Town) -> None:
    text = """
        [[brands]]
        name = "acme"
        terms = ["Acme"]
        [[sources]]
        name = "talk"
        connector = "town_talk"
        token = { env = "TALK" }
    """

    problems = town.problems(text, {"TALK": "s3cret-of-mine"})

    assert problems == [
        'monitor.toml:17: sources[0] "talk": `token`: *** is no token of Town Talk: one begins with tt-'
    ]


def test_what_is_no_secret_may_come_from_a_variable_too(town: Town) -> None:
    text = """
        [[channels]]
        name = "bell"
        notifier = "bell"
        rope = { env = "ROPE" }
        place = { env = "PLACE" }
        helpers = ["ben", { env = "HELPER" }]
    """

    settings = town.load(text, {"ROPE": "s3cret-rope", "PLACE": "gate", "HELPER": "ana"})

    assert settings.channels[1].options.model_dump(exclude={"rope"}) == {"place": "gate", "helpers": ["ben", "ana"]}


def test_the_address_of_the_database_may_come_from_a_variable(town: Town) -> None:
    base = '[monitor]\ndatabase = { env = "DB" }\n[[channels]]\nname = "p"\nnotifier = "paper"\n'

    settings = town.load("", {"DB": "postgresql://monitor:s3cret@db.example/reviews"}, base=base)

    assert settings.database == "postgresql+psycopg://monitor:s3cret@db.example/reviews"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("value", ["hook.example/s3cret", "ftp://hook.example/s3cret", "https://u:s3cret@hook.example"])
def test_a_heartbeat_address_that_is_none_is_refused_without_showing_it(town: Town, value: str) -> None:
    base = '[monitor]\nheartbeat_url = { env = "BEAT" }\n[[channels]]\nname = "p"\nnotifier = "paper"\n'

    problems = town.problems("", {"BEAT": value}, base=base)

    assert problems == [
        "monitor.toml:2: [monitor]: `heartbeat_url` holds no web address; one begins with https://",
    ]
