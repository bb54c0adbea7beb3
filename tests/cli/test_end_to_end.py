"""The whole command line over the made-up town, as real processes: watch, look, carry out, bring back."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from monitor.cli import main
from tests.town import Town, a_town, bad, free_port, review

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Story:
    """What each command did, in the order in which they were typed."""

    town: Town
    done: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)
    mails: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where one stands."""
        return self.town.folder

    def type(self, name: str, *arguments: str) -> None:
        """Run a command, and keep what it did under a name."""
        command = [sys.executable, "-m", "monitor", *arguments]
        self.done[name] = subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=60
        )
        self.posts[name], self.mails[name] = len(self.town.slack.posts), len(self.town.mail.received)
        with sqlite3.connect(f"file:{self.folder}/monitor.db?mode=ro", uri=True) as conn:
            [self.counts[name]] = conn.execute("select count(*) from mentions").fetchone()

    def type_here(self, name: str, *arguments: str) -> None:
        """Run a command that only reads or copies in this process, which is much quicker."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            for variable, value in self.town.env.items():
                patch.setenv(variable, value)
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        self.done[name] = subprocess.CompletedProcess(
            arguments, int(ended.value.code or 0), out.getvalue(), err.getvalue()
        )

    def environment(self) -> dict[str, str]:
        """Return what a process is started with."""
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.town.env}

    def json(self, name: str) -> Any:
        """Return what a command printed as JSON."""
        return json.loads(self.done[name].stdout)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A day, told once."""
    now = datetime.now(UTC)
    with a_town(tmp_path_factory.mktemp("town")) as town:
        told = Story(town)
        town.site.shows("quay", *(review(n, created=(now - timedelta(hours=n)).isoformat()) for n in range(1, 6)))
        town.configure(every="1h")
        told.type("first", "run", "--once")
        fresh = (now - timedelta(minutes=2)).isoformat()
        town.site.publishes("quay", bad(10, created=fresh), review(11, created=fresh))
        told.type("second", "run", "--once")
        told.type("third", "run", "--once")
        told.type_here("check", "check", "--json")
        told.type("status", "status")
        told.type_here("bad ones", "mentions", "--bad", "--json")
        told.type_here("one", "show", told.json("bad ones")[0]["id"])
        told.type_here("export", "export", "--output", "out.csv")
        told.type_here("backup", "backup", "copy.db")
        town.site.publishes("quay", review(12, created=fresh))
        told.type("fourth", "--config", "monitor.toml", "poll", "quay")
        told.type("restore", "restore", "copy.db", "--yes")
        _watch_the_daemon(told)
        yield told


def _watch_the_daemon(told: Story) -> None:
    port = free_port()
    command = [sys.executable, "-m", "monitor", "run", "--health-port", str(port)]
    with subprocess.Popen(command, cwd=told.folder, env=told.environment(), stderr=-1, text=True) as daemon:
        assert daemon.stderr is not None
        lines = iter(daemon.stderr.readline, "")
        assert any('"ready"' in line for line in lines)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            told.seen["health"] = json.load(answer)
        told.type("status of the running one", "status", "--json")
        told.type("poll beside it", "poll", "quay")
        told.seen["processes"] = _processes()
        daemon.send_signal(signal.SIGTERM)
        told.seen["code"] = daemon.wait(20)


def _processes() -> str:
    """Return the command lines of what was started here, as everybody on this machine may read them."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found.append(" ".join(process.cmdline()))
    return "\n".join(found)


@pytest.mark.slow
def test_every_command_ends_well(story: Story) -> None:
    assert {name: done.returncode for name, done in story.done.items() if done.returncode} == {}
    assert {name for name, done in story.done.items() if "Traceback" in done.stderr} == set()


def test_the_first_round_stores_what_is_there_and_sends_one_summary_a_channel(story: Story) -> None:
    assert story.counts["first"] == 5
    assert (story.posts["first"], story.mails["first"]) == (1, 1)
    assert "I now watch" in story.town.slack.texts()[0]
    assert story.done["first"].stderr.splitlines()[-1] == "1 look, 5 new, 0 edited, 2 messages sent"


def test_a_bad_review_reaches_slack_and_mail(story: Story) -> None:
    assert story.counts["second"] == 7
    assert (story.posts["second"], story.mails["second"]) == (2, 2)
    assert "Waited 40 minutes for two coffees" in story.town.slack.texts()[1]
    assert "Waited 40 minutes for two coffees" in str(story.town.mail.received[1].get_body(("plain",)))


def test_looking_again_adds_nothing_and_tells_nothing(story: Story) -> None:
    assert story.counts["third"] == 7
    assert (story.posts["third"], story.mails["third"]) == (2, 2)
    assert story.done["third"].stderr.splitlines()[-1] == "1 look, 0 new, 0 edited, 0 messages sent"


def test_check_repeats_the_configuration(story: Story) -> None:
    found = story.json("check")

    assert any(sentence.startswith("A bad review goes to slack") for sentence in found["sentences"])
    assert found["asked"] == []


def test_status_says_that_nothing_runs_and_what_is_open(story: Story) -> None:
    lines = story.done["status"].stdout.splitlines()

    assert lines[0].startswith("Not running; last alive just now. Start it: ")
    assert lines[1] == "To answer: 1. Messages waiting: 0."
    assert any(line.split()[:2] == ["quay", "ok"] for line in lines)


def test_the_bad_one_is_listed_and_shown_whole(story: Story) -> None:
    [line] = story.json("bad ones")

    assert (line["rating"], line["source"], line["case"]) == ("1 of 5", "quay", "c1")
    shown = story.done["one"].stdout
    assert "Waited 40 minutes for two coffees, then they were cold. Table 10." in shown
    assert "yes, 2 messages" in " ".join(shown.split())


def test_the_export_holds_every_mention(story: Story) -> None:
    with (story.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))

    assert len(rows) == 7
    assert [row["rating"] for row in rows if row["label"] == "bad"] == ["1.0"]


def test_what_came_after_the_backup_is_gone_after_the_restore(story: Story) -> None:
    assert story.counts["fourth"] == 8
    assert story.counts["restore"] == 7
    assert "is kept as" in story.done["restore"].stderr


def test_the_daemon_answers_and_stops_cleanly(story: Story) -> None:
    assert story.seen["health"]["status"] == "ok"
    assert story.json("status of the running one")["running"] is True
    assert "The running monitor (pid " in story.done["poll beside it"].stdout
    assert story.seen["code"] == 0


def test_no_secret_stands_in_a_list_of_processes_or_in_any_output(story: Story) -> None:
    secret = story.town.env["SLACK_WEBHOOK_URL"].rsplit("/", 1)[1]

    assert "monitor run --health-port" in story.seen["processes"]
    assert secret not in story.seen["processes"]
    assert all(secret not in done.stdout + done.stderr for done in story.done.values())
