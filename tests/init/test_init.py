"""`monitor init` as somebody uses it: answers through a pipe and in a terminal, and what lies in the folder then."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor import config
from tests.terminal import CONTROL_C, CONTROL_D, Terminal

ROOT = Path(__file__).resolve().parents[2]
INIT = (sys.executable, "-m", "monitor", "init")
ENV = {"PYTHONPATH": str(ROOT), "TZ": "Europe/London"}
HOOK = "https://hooks.slack.com/services/T000/B000/made-up-secret"

ANSWERS = ("Quay Coffee, @quaycoffee", "id1459969523", "", HOOK, "mon-fri 9-18", "yes")
"""The five answers; the second question takes one a line, until an empty one."""


def init(folder: Path, answers: Sequence[str], *more: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it with answers through a pipe."""
    return subprocess.run(
        [*INIT, *more],
        cwd=folder,
        env={**ENV, **env},
        input="".join(f"{answer}\n" for answer in answers),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_five_answers_make_a_folder_that_loads(tmp_path):
    done = init(tmp_path, ANSWERS)

    assert (done.returncode, done.stderr) == (0, "")
    settings = config.load(tmp_path / "review-monitor" / "monitor.toml", {})
    assert [brand.terms for brand in settings.brands] == [("Quay Coffee", "@quaycoffee")]
    assert [(source.name, source.connector, source.team) for source in settings.sources] == [
        ("app-store", "apple_rss", "staff")
    ]
    assert [channel.notifier for channel in settings.channels] == ["slack"]
    assert settings.zone == "Europe/London"
    assert settings.teams["staff"].may_wake
    assert sum(map(len, settings.hours["ours"].week)) == 5


def test_a_secret_lies_in_a_file_of_its_own_and_nowhere_else(tmp_path):
    done = init(tmp_path, ANSWERS)

    folder = tmp_path / "review-monitor"
    secret = folder / "secrets" / "slack-webhook-url"
    assert secret.read_text() == f"{HOOK}\n"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [path for path in folder.rglob("*") if path.is_file() and "made-up" in path.read_text()] == [secret]
    assert "made-up" not in done.stdout


def test_it_ends_with_what_the_file_means_and_the_lines_to_type(tmp_path):
    done = init(tmp_path, ANSWERS)

    said = " ".join(done.stdout.split())
    assert "A bad review goes to slack (Slack, by a webhook) within 1 hour" in said
    assert "but woken when somebody speaks of danger" in said
    lines = done.stdout.splitlines()
    assert lines[-1] == f"{sys.executable} -m monitor check --live --config review-monitor/monitor.toml"
    assert f"  {sys.executable} -m monitor run --config review-monitor/monitor.toml" in lines


@pytest.mark.slow
def test_check_has_nothing_against_it_but_what_it_says_itself(tmp_path):
    init(tmp_path, (*ANSWERS[:3], "ana@fastmail.com", "", "app-password", *ANSWERS[4:]))

    settings = config.load(tmp_path / "review-monitor" / "monitor.toml", {})

    assert settings.warnings == ()
    assert settings.contact == "ana@fastmail.com"


def test_nonsense_is_asked_again_with_what_would_be_taken(tmp_path):
    answers = (
        ",", "Quay Coffee", "facbook", "facebook", "shop.example.org/beans", "", "", "somewhere", "here", "whenever",
        "daily 7-19", "perhaps", "no",
    )  # fmt: skip
    done = init(tmp_path, answers)

    said = " ".join(done.stdout.split())
    assert done.returncode == 0
    for words in (
        "I need at least one name to look for.",
        "I do not know facbook. Did you mean Facebook?",
        "Facebook: I read it with an access of yours; docs/connectors.md#facebook_page says how you get one.",
        "That is no place where I can write to.",
        "I see no hours in",
        "yes or no?",
        "Not watched yet, but noted in monitor.toml: Facebook.",
        "monitor poll shop-example-org --dry-run --config review-monitor/monitor.toml",
    ):
        assert words in said
    text = (tmp_path / "review-monitor" / "monitor.toml").read_text()
    assert "# - Facebook: I read it with an access of yours" in text


def test_where_a_site_takes_an_access_its_mails_are_offered(tmp_path):
    answers = (
        "Quay Coffee", "facebook", "trustpilot", "", "reviews@quay.example", "nowhere", "IMAP.quay.example",
        "made-up s3cret", "made-up-s3cret", "here", "", "no",
    )  # fmt: skip
    done = init(tmp_path, answers)

    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "review-monitor"
    assert "Until I can read Facebook, Trustpilot: sites mail you what is new" in " ".join(done.stdout.split())
    [source] = config.load(folder / "monitor.toml", {}).sources
    assert (source.name, source.connector, source.team) == ("mailbox", "imap_mailbox", "staff")
    assert (source.options.host, source.options.user) == ("imap.quay.example", "reviews@quay.example")
    assert source.options.password.get_secret_value() == "made-up-s3cret"
    assert (folder / "secrets" / "mailbox-password").stat().st_mode & 0o777 == 0o600
    assert "made-up" not in done.stdout + (folder / "monitor.toml").read_text()
    assert "monitor learn MAIL.eml" in (folder / "monitor.toml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["mail", "quay@gmail.com"])
def test_a_mailbox_can_be_asked_for_by_name_or_address(tmp_path, typed):
    asked = [] if "@" in typed else ["quay@gmail.com"]
    done = init(tmp_path, ("Quay Coffee", typed, "", *asked, "abcd efgh ijkl mnop", "here", "", "no"))

    assert (done.returncode, done.stderr) == (0, "")
    [source] = config.load(tmp_path / "review-monitor" / "monitor.toml", {}).sources
    assert (source.options.host, source.options.authserv) == ("imap.gmail.com", "mx.google.com")
    assert source.options.password.get_secret_value() == "abcdefghijklmnop"


@pytest.mark.slow
def test_a_mailbox_that_takes_no_passwords_is_left_out_with_the_reason(tmp_path):
    done = init(tmp_path, ("Quay Coffee", "quay@outlook.com", "hn", "", "here", "", "no"))

    assert "Microsoft takes no passwords there" in " ".join(done.stdout.split())
    assert [one.name for one in config.load(tmp_path / "review-monitor" / "monitor.toml", {}).sources] == [
        "hacker-news"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 2, 5])
def test_answers_that_end_too_early_leave_nothing(tmp_path, number):
    done = init(tmp_path, ANSWERS[:number])

    assert done.returncode == 2
    assert done.stderr == "the answers ended before the last question; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_has_a_configuration_is_left_as_it_is(tmp_path):
    (tmp_path / "monitor.toml").write_text("mine")

    done = init(tmp_path, ANSWERS, str(tmp_path))

    assert done.returncode == 2
    assert "holds monitor.toml already, and nothing is overwritten." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["monitor.toml"]
    assert (tmp_path / "monitor.toml").read_text() == "mine"


@pytest.mark.slow
def test_a_folder_with_other_things_in_it_takes_the_files(tmp_path):
    (tmp_path / "lost+found").mkdir()

    done = init(
        tmp_path, ANSWERS, ".", MONITOR_CONFIG="monitor.toml", MONITOR_STARTED_AS="docker compose run --rm monitor"
    )

    assert done.returncode == 0
    assert (tmp_path / "monitor.toml").is_file()
    assert done.stdout.splitlines()[-1] == "docker compose run --rm monitor check --live"


@pytest.mark.slow
def test_names_with_signs_of_toml_stay_names(tmp_path):
    init(tmp_path, ('Café "Quay" \\ [x] = #1', *ANSWERS[1:]))

    settings = config.load(tmp_path / "review-monitor" / "monitor.toml", {})
    assert [brand.terms for brand in settings.brands] == [('Café "Quay" \\ [x] = #1',)]


def test_in_a_terminal_a_password_is_not_shown(tmp_path):
    env = {**ENV, "TERM": "xterm", "LANG": "C.UTF-8"}
    with Terminal(INIT, folder=tmp_path, env=env, columns=60) as terminal:
        for question, answer in (
            ("@quaycoffee", "Quay"), ("or a name.", "?"), ("noted in the file.", "hn"), ("minutes.", ""),
            ("terminal.", "ana@gmail.com"), ("[ana@gmail.com]", ""), ("while you type:", "abcd efgh ijkl mnop"),
            ("8-20]", ""), ("[yes or no]", "no"),
        ):  # fmt: skip
            terminal.wait_for(question)
            terminal.wait_for("> ")
            terminal.type(f"{answer}\n")
        code = terminal.end()

    assert code == 0
    assert "abcd" not in terminal.shown
    assert "https://myaccount.google.com/apppasswords" in terminal.shown
    assert (tmp_path / "review-monitor" / "secrets" / "mail-password").read_text() == "abcdefghijklmnop\n"
    long = [line for line in terminal.shown.splitlines() if len(line) > 60 and not line.lstrip().startswith("/")]
    assert long == []


@pytest.mark.parametrize("sign, code", [(CONTROL_C, 130), (CONTROL_D, 2)])
def test_stopping_in_the_middle_leaves_nothing(tmp_path, sign, code):
    with Terminal(INIT, folder=tmp_path, env={**ENV, "TERM": "xterm", "LANG": "C.UTF-8"}) as terminal:
        terminal.wait_for("@quaycoffee")
        terminal.wait_for("> ")
        terminal.type("Quay\n")
        terminal.wait_for("or a name.")
        terminal.wait_for("> ")
        ended = terminal.interrupt(sign)

    assert ended == code
    assert "Traceback" not in terminal.shown
    assert "othing was written" in terminal.shown
    assert list(tmp_path.iterdir()) == []
