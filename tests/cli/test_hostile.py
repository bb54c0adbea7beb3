"""What strangers wrote, in a terminal: shown as it is, changing nothing (hostile inputs 10)."""

from __future__ import annotations

import io
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from monitor.notifiers.console import columns
from monitor.store import open_store, schema
from tests.builders import NOON
from tests.cli.conftest import Run, Shop
from tests.cli.hostile import CONTROLS, EVERYTHING, WIDTHS, raw_in
from tests.reports.mentions import put_alert, put_case, put_mention, put_reply

ROOT = Path(__file__).resolve().parents[2]
LISTS = ("mentions", "cases", "deliveries", "status", "report", "check", "connectors", "audit")
NUMBERS = {name: number for number, name in enumerate(EVERYTHING, 1)}


@pytest.fixture(scope="session")
def crowded_database(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A database where every trick stands in every field that a stranger or a site fills."""
    path = tmp_path_factory.mktemp("crowd") / "monitor.db"
    shutil.copy(empty_database, path)
    with open_store(f"sqlite:///{path}", now=NOON) as store, store.write() as conn:
        for name, text in EVERYTHING.items():
            _put_everywhere(conn, NUMBERS[name], text)
    return path


def _put_everywhere(conn: Connection, number: int, text: str) -> None:
    some = text[:40]
    put_mention(
        conn, number, author=some, title=some, text=f"«{text}", url=f"https://x.example/{text}", place=some,
        product=some, source=f"shop {some}".strip(), external_id=f"r{number} {some}", audience=7, audience_kind=some,
        reasons=[{"code": "topic", "text": "waiting", "words": [some]}],
    )  # fmt: skip
    put_case(conn, number, assignee=some or None, due_at=NOON)
    put_reply(conn, number, text, author=some)
    put_alert(conn, number, NOON, delivery=f"{number:032}")
    told = schema.deliveries.c.id == f"{number:032}"
    conn.execute(schema.deliveries.update().where(told).values(target=some, state="dead", last_error=text[:200]))
    source = {"connector": "x", "options_hash": "", "added_at": NOON, "next_poll_at": NOON, "health": "broken"}
    name = f"shop {some} {number}"
    conn.execute(schema.sources.insert().values(name=name, last_error=text[:200], active=True, **source))


@pytest.fixture
def crowd(shop: Shop, crowded_database: Path) -> Shop:
    """A shop with that database."""
    shutil.copy(crowded_database, shop.folder / "monitor.db")
    return shop


@pytest.mark.parametrize("command", LISTS)
def test_a_list_holds_no_control_and_nothing_invisible(crowd: Shop, run: Run, command: str) -> None:
    done = run(command)

    assert done.code in (0, 1), done.err
    assert raw_in(done.all.replace("\n", "")) == []


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_mention_and_a_case_are_shown_whole_without_any_control(crowd: Shop, run: Run, name: str) -> None:
    mention, case = run("show", f"m{NUMBERS[name]}"), run("show", f"c{NUMBERS[name]}")
    as_json = run("show", f"m{NUMBERS[name]}", "--json")

    assert (mention.code, case.code, as_json.code) == (0, 0, 0)
    assert raw_in((mention.all + case.all + as_json.all).replace("\n", "")) == []
    assert "«" in mention.out
    assert as_json.out.isascii()


@pytest.mark.parametrize("name", [name for name, text in CONTROLS.items() if "\x1b" in text or "\x9b" in text])
def test_a_sequence_is_shown_as_an_escape_that_can_be_read(crowd: Shop, run: Run, name: str) -> None:
    done = run("show", f"m{NUMBERS[name]}")

    assert "\\x1b" in done.out or "\\x9b" in done.out


@pytest.mark.parametrize("text", EVERYTHING.values(), ids=EVERYTHING)
def test_a_judged_text_is_not_repeated_raw(run: Run, text: str) -> None:
    done = run("score", f"terrible {text} scam, waited 40 minutes", "--language", "en")

    assert done.code == 0
    assert raw_in(done.all.replace("\n", "")) == []


MISTYPED = [
    "{}",
    "show x{}",
    "mentions --since x{}",
    "send-test x{}",
    "export -o a.csv --format x{}",
    "--config x{} status",
]


@pytest.mark.parametrize("line", MISTYPED)
def test_what_was_mistyped_is_not_repeated_raw(shop: Shop, run: Run, line: str) -> None:
    for text in (*CONTROLS.values(), *list(WIDTHS.values())[:12]):
        done = run(*(word.format(text.replace("\0", "") or "x") for word in line.split()))

        assert done.code == 2
        assert raw_in(done.all.replace("\n", "")) == []


# --- columns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 200, 500])
def test_the_column_of_texts_begins_at_one_place(
    crowd: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    with crowd.writing() as conn:
        conn.execute(schema.versions.update().values(title=None))
    monkeypatch.setenv("COLUMNS", str(width))

    done = run("mentions")

    begins = {columns(line.partition("«")[0]) for line in done.out.splitlines() if "«" in line}
    assert len([line for line in done.out.splitlines() if "«" in line]) == len(EVERYTHING)
    assert max(begins) - min(begins) <= 1, begins


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200, 500])
def test_no_line_is_wider_than_the_terminal(crowd: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    for command in ("mentions", "cases", "deliveries", "status", "show m1", "show c1"):
        done = run(*command.split())

        # Emoji of several characters are where terminals and tables of widths differ, by one.
        assert max(columns(line) for line in done.out.splitlines()) <= width + 1, command


@pytest.mark.parametrize("name", ["arabic", "hebrew", "marks", "override"])
def test_what_is_written_from_right_to_left_takes_nothing_along(
    crowd: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    done = run("mentions", "--source", f"shop {EVERYTHING[name][:40]}".strip())

    for line in done.out.splitlines()[2:]:
        for place, letter in enumerate(line[:-1]):
            if "\u0590" <= letter <= "\u08ff" and line[place + 1 :].startswith("  "):
                pytest.fail(f"nothing keeps the next column from being drawn before this one: {line!a}")


# --- where the output goes -----------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("command", ["mentions", "status"])
def test_a_terminal_without_utf8_gets_marks_and_no_traceback(
    crowd: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, encoding: str, command: str
) -> None:
    body = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(body, encoding=encoding, write_through=True))

    done = run(*command.split())

    assert done.code == 0
    assert "Traceback" not in done.err
    assert body.getvalue().decode(encoding)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "monitor", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SUPPORT_HOOK": "https://hooks.example/x", **more}


def test_a_reader_who_leaves_early_is_no_error(crowd: Shop) -> None:
    with subprocess.Popen(
        command("mentions", "--limit", "0", "--json"), cwd=crowd.folder, env=environment(), stdout=-1, stderr=-1
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert first == b"[\n"
    assert said == b""
    assert process.returncode == 0


@pytest.mark.slow
def test_the_plainest_locale_and_no_standard_output_at_all(crowd: Shop) -> None:
    plain = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    script = '"$@" mentions; a=$?; "$@" mentions >&-; b=$?; "$@" status > /dev/full; echo $a $b $? >&2'

    done = subprocess.run(
        ["sh", "-c", script, "sh", *command()], cwd=crowd.folder, env=plain, capture_output=True, timeout=60
    )

    assert done.stdout.isascii()
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode("ascii").split("\n")[-2] == "0 0 1"
    assert b"No space left" in done.stderr


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        os.close(end)


def test_a_terminal_is_left_as_it_was_found(crowd: Shop, line: tuple[int, int]) -> None:
    ours, theirs = line
    before = termios.tcgetattr(theirs)

    process = subprocess.Popen(
        command("mentions", "--limit", "0"),
        cwd=crowd.folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    shown = b""
    while process.poll() is None or _waits(ours):
        if _waits(ours):
            shown += os.read(ours, 65_536)

    assert termios.tcgetattr(theirs) == before
    assert process.returncode == 0
    assert raw_in(shown.decode().replace("\r\n", "").replace("\u200e", "")) == []
    assert "«" in shown.decode()


def _waits(end: int) -> bool:
    return bool(select.select([end], [], [], 0.05)[0])
