"""A stranger begins a connector: three files, green at once, and a configuration that knows them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor import config
from monitor.cli import own
from monitor.errors import UsageError
from monitor.plugins import connector

ROOT = Path(__file__).parents[2]
FILE = '[monitor]\ncontact = "a@b.example"   # us\n\n[[channels]]\nname = "here"\nnotifier = "console"\n'
Begin = Callable[..., list[str]]


@pytest.fixture
def begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Begin:
    """Return a function that begins a connector beside a configuration, and returns what was said."""

    def run(name: str = "our_forum", text: str | None = FILE) -> list[str]:
        file = tmp_path / "monitor.toml"
        if text is not None and not file.exists():
            file.write_text(text)
        own.run(name, file, "monitor")
        return capsys.readouterr().out.splitlines()

    return run


def exam(folder: Path, name: str = "our_forum") -> dict[str, Any]:
    """Take the exam as its owner does; return how many questions went how, and the end of what was said."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/test_{name}.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    passed = re.search(r"(\d+) passed", done.stdout)
    return {"status": done.returncode, "said": done.stdout, "passed": int(passed[1]) if passed else 0}


def test_what_is_begun_is_green_at_once(begin: Begin, tmp_path: Path) -> None:
    begin()

    taken = exam(tmp_path / "my_connectors")

    assert taken["status"] == 0, taken["said"]
    assert taken["passed"] > 35


@pytest.mark.slow
def test_a_default_that_hides_a_missing_key_fails_the_exam(begin: Begin, tmp_path: Path) -> None:
    begin()
    file = tmp_path / "my_connectors" / "our_forum.py"
    file.write_text(file.read_text().replace('entry["text"]', 'entry.get("text", "")'))

    taken = exam(tmp_path / "my_connectors")

    assert taken["status"] == 1
    assert "test_a_site_that_changes_its_shape_is_an_error" in taken["said"]
    assert "assert False" in taken["said"]  # the question shows what it found


def test_the_configuration_knows_it_at_once_and_keeps_its_other_words(begin: Begin, tmp_path: Path) -> None:
    said = begin()
    file = tmp_path / "monitor.toml"
    with file.open("a") as more:
        more.write('[[sources]]\nname = "forum"\nconnector = "our_forum"\nurl = "https://forum.example"\n')

    settings = config.load(file, {})

    assert settings.sources[0].kind.title == "Our forum"
    assert file.read_text().startswith('[monitor]\ncontact = "a@b.example"   # us\nown_connectors = "my_connectors"\n')
    assert any("monitor poll SOURCE --dry-run" in line for line in said)


def test_the_folder_that_is_named_is_used(begin: Begin, tmp_path: Path) -> None:
    text = FILE.replace("[monitor]", '[monitor]\nown_connectors = "ours"')

    begin(text=text)

    assert (tmp_path / "ours" / "our_forum.py").is_file()
    assert (tmp_path / "monitor.toml").read_text() == text
    assert connector("our_forum", tmp_path / "ours").title == "Our forum"


@pytest.mark.parametrize("text", [None, '[[channels]]\nname = "here"\nnotifier = "console"\n'])
def test_without_a_place_for_the_key_the_line_is_said(begin: Begin, tmp_path: Path, text: str | None) -> None:
    said = " ".join(begin(text=text))

    assert 'own_connectors = "my_connectors"' in said
    assert text is None or (tmp_path / "monitor.toml").read_text() == text


@pytest.mark.parametrize("name", ["steam", "Our-Forum", "2fast", "x", "a" * 50, "../evil", "our forum", "class"])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(begin: Begin, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        begin(name)

    assert not (tmp_path / "my_connectors").exists()


def test_what_is_there_is_never_written_over(begin: Begin, tmp_path: Path) -> None:
    begin()
    before = {path: path.read_text() for path in (tmp_path / "my_connectors").rglob("*") if path.is_file()}

    with pytest.raises(UsageError, match="there is a connector `our_forum` already"):
        begin()

    assert {path: path.read_text() for path in before} == before


def test_the_sample_is_an_answer(begin: Begin, tmp_path: Path) -> None:
    begin()

    sample = json.loads((tmp_path / "my_connectors" / "tests" / "our_forum.json").read_text())

    assert len(sample["reviews"]) == 2
