"""The console: a card that fits, and text that leaves the terminal as it was."""

from __future__ import annotations

import io
import os
import pty
import re
from typing import Any

import pytest

from monitor.notifier import Action, DeliveryError, Quote
from monitor.notifiers.console import Console, ConsoleConfig, card_of, columns, wrapped
from monitor.render import message as render
from tests.notifiers.messages import INVISIBLE, LAYOUT, LONG, a_message, hostile
from tests.render.scenes import SCENES

ESCAPES = {
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "colour": "\x1b[31mred",
    "cursor": "\x1b[10A\x1b[2K",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "device query": "\x1b[c\x1b[6n",
    "c1": "\x9b31m\x90q\x9c",
    "bell": "\a\a\a",
    "backspaces": "good\b\b\b\bevil",
    "overwrite": "12345\revil",
    "nul": "\x00\x7f",
}


def printed(message: Any, **options: Any) -> str:
    stream = io.StringIO()
    Console(ConsoleConfig(**options), stream).send(message, None)
    return stream.getvalue()


def test_a_card_reads_like_this():
    message = a_message(
        actions=(
            Action("Answer on Google", url="https://business.example/r/12"),
            Action("I'll take it", command="monitor claim c1"),
        )
    )

    assert printed(message, width=60) == (
        "1 of 5 on Google · Quay Street · 14 min ago · please answer\n"
        "by 16:30 · nobody has it yet\n"
        "  │ Waited 40 minutes.\n"
        "  │ (Jonas K.)\n"
        "  Why: 1 star; waiting.\n"
        "  Once Google shows your answer I stop by myself.\n"
        "  Answer on Google: https://business.example/r/12\n"
        "  I'll take it: monitor claim c1\n"
        "\n"
    )


@pytest.mark.parametrize("words", ESCAPES.values(), ids=ESCAPES)
def test_what_would_drive_a_terminal_is_shown_as_letters(words):
    out = printed(hostile(words))

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


@pytest.mark.parametrize("words", [*INVISIBLE.values(), *LONG.values(), "漢字" * 300, "\u0645\u0642\u0647\u0649 " * 50])
@pytest.mark.parametrize("width", [20, 80, 500])
def test_every_line_fits(words, width):
    out = printed(
        a_message(quotes=(Quote(words, words, words),), headline=words or "x", lines=(words,), actions=()), width=width
    )

    assert max(columns(line) for line in out.split("\n")) <= width


@pytest.mark.parametrize("words", LAYOUT)
def test_an_imitation_of_our_layout_stays_behind_the_bar(words):
    out = printed(a_message(quotes=(Quote(words),), headline="h", lines=(), actions=()))

    assert all(line.startswith("  │ ") or line == "  │" for line in out.strip("\n").split("\n")[1:])


@pytest.mark.parametrize("name", SCENES)
def test_every_message_has_a_card(name):
    out = printed(render(SCENES[name]), width=80)

    assert out.endswith("\n\n")
    assert "\x1b" not in out


def test_colour_is_for_a_terminal_only(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    leader, follower = pty.openpty()

    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        Console(ConsoleConfig(), terminal).send(a_message(), None)
        on_terminal = os.read(leader, 65536).decode()
    os.close(leader)

    assert "\x1b[31m\x1b[1m1 of 5 on Google\x1b[0m" in on_terminal
    assert "\x1b" not in printed(a_message())


def test_who_wants_no_colour_gets_none(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    leader, follower = pty.openpty()

    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        Console(ConsoleConfig(), terminal).send(a_message(), None)
        on_terminal = os.read(leader, 65536).decode()
    os.close(leader)

    assert "\x1b" not in on_terminal


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_that_knows_few_letters_gets_replacements(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")

    Console(ConsoleConfig(), stream).send(hostile("漢字 \U0001f600 é"), None)

    assert b"1 of 5 on" in raw.getvalue()


def test_a_reader_that_has_gone_closes_the_channel():
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")

    with pytest.raises(DeliveryError) as caught:
        Console(ConsoleConfig(), stream).send(a_message(), None)

    assert (caught.value.permanent, caught.value.whole_channel) == (True, True)
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_closed_stream_closes_the_channel():
    stream = io.StringIO()
    stream.close()

    with pytest.raises(DeliveryError):
        Console(ConsoleConfig(), stream).send(a_message(), None)


def test_a_long_word_is_broken_and_a_long_link_is_not():
    url = "https://business.example/" + "x" * 200

    card = card_of(a_message(actions=(Action("Answer", url=url),), lines=("y" * 100,)), 40)

    assert url in card
    assert "y" * 38 in card
    assert "y" * 39 not in card


@pytest.mark.parametrize(
    "text, width, lines",
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("漢字漢字", 4, ["漢字", "漢字"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("a  b", 10, ["a  b"]),
    ],
)
def test_text_is_wrapped_by_columns(text, width, lines):
    assert list(wrapped(text, width)) == lines
