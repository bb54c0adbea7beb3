"""The words of every message, kept as files one can read. `MONITOR_GOLDEN=write` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.models import Reason
from monitor.notifier import Message
from monitor.render import message
from tests.render.scenes import SCENES

GOLDEN = Path(__file__).parent / "golden"


def as_text(done: Message) -> str:
    """Return a message as one reads it: the card, then the mail."""
    card = [f"{'@' + ' @'.join(done.tag) + ' ' if done.tag else ''}{done.headline}"]
    for quote in done.quotes:
        card += [f"  {quote.heading}:"] if quote.heading else []
        card += [f"  | {line}" for line in (quote.text or "(no text)").split("\n")]
        card += [f"  | ({quote.author})"] if quote.author else []
    card += list(done.lines)
    card.append(" ".join(f"[{action.label}]" for action in done.actions))
    card += [f"    {action.label}: {action.url or action.command}" for action in done.actions]
    files = [f"Attached: {file.name}" for file in done.attachments]
    mail = [f"Subject: {done.subject}", "", done.text.rstrip(), *files]
    return "\n".join(["CARD", *card, "", "MAIL", *mail]) + "\n"


@pytest.mark.parametrize("name", SCENES)
def test_the_words_of_every_message_are_those_agreed(name):
    said = as_text(message(SCENES[name]))

    file = GOLDEN / f"{name}.txt"
    if os.environ.get("MONITOR_GOLDEN") == "write":
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")


def test_every_reason_has_its_message():
    shown = {scene.reason for scene in SCENES.values()}

    assert shown == set(Reason)


def test_no_golden_file_is_left_over():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(SCENES)
