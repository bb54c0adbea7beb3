"""What somebody sees who runs the demo: the day, the messages, the table, the files, the next line to type."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.conftest import DEMO, ENV, Shown
from tests.terminal import Terminal

PRINTED = (
    "09:00  The watch begins",
    "I now watch Town Guide. Found 6 reviews, average 4.7",
    "10:05  Somebody is happy",
    "5 of 5 on App Store · Quay app · 17 min ago · a thank-you to write",
    "11:10  Somebody is not",
    "1 of 5 on Town Guide · Quay Street · 14 min ago · please answer by 15:10",
    "│ Waited 40 minutes for two coffees, then they were cold.",
    'Why: 1 star; waiting ("Waited 40 minutes")',
    "Town Guide shows answers late: once I see yours there I stop by myself.",
    "Answer on Town Guide: https://townguide.example/quay-street",
    "A post on Hacker News · 3 h ago · please answer by 15:30",
    "12,640 points. Readers: about 12,640 points.",
    "11:50  Mara answers there",
    "so c2 is answered and its clock has stopped by itself.",
    "12:15  She has answered Jonas",
    "Seen on the page: c1 is answered.",
    "now 1 of 5, was 4 · case c3 is open again",
    "Before",
    "│ Nice place, a bit slow.",
    "Now",
    "│ Wrote to them a week ago. No reply. Never again.",
    "Our answer stands under it and no longer fits.",
    "2 of 5 on Bean shop · Harbour Blend · 23 min ago",
    "2 stars; language not scored",
    "nobody is told yet",
    "I cannot read Harbour Forum since 14:25. Nothing already stored is lost",
    "The site answered 500.",
    "Still without an answer, reminder 1: 1 of 5 on Town Guide",
    "At 17:20 I remind the team.",
    "Urgent · A post on Harbour Forum",
    'safety ("piece of glass in")',
    "I can read Harbour Forum again since 16:00. What was written from 14:25 to 16:00 is caught up: 1 found.",
    "What happened",
    "Every bad mention was told.",
)
"""In this order, whatever stands between."""

TABLE = (
    ("09:00", "five sites", "one summary each"),
    ("10:05", "App Store", "a thank-you to write"),
    ("11:10", "Town Guide", "told; c1, answer by 15:10"),
    ("11:30", "Hacker News", "told; c2, answer by 15:30"),
    ("11:50", "Hacker News", "c2 answered, its clock stopped"),
    ("12:15", "Town Guide", "c1 answered, its clock stopped"),
    ("13:20", "Town Guide", "told again; c3, answer by 17:20"),
    ("14:25", "Bean shop", "told; c4"),
    ("14:40", "Harbour Forum", "nobody told yet"),
    ("15:12", "Harbour Forum", "one alarm"),
    ("15:25", "Town Guide", "reminded; c3, answer by 17:20"),
    ("16:00", "Harbour Forum", "one all-clear"),
)


def rows(shown: Shown) -> dict[str, dict[str, str]]:
    """Return the rows of the CSV by the id that the site gave."""
    with (shown.wrote / "reviews.csv").open(newline="", encoding="utf-8") as file:
        return {row["external_id"]: row for row in csv.DictReader(file)}


def test_it_ends_well_and_by_itself_within_thirty_seconds(shown):
    assert (shown.code, shown.err) == (0, "")
    assert shown.seconds < 30


def test_messages_come_in_the_order_of_the_day(shown):
    printed = " ".join(shown.out.split())

    at = 0
    for words in PRINTED:
        found = printed.find(" ".join(words.split()), at)
        assert found >= 0, f"{words!r} is missing, or stands before what should come first"
        at = found


def test_nobody_is_told_anything_else(shown):
    assert len(re.findall(r"^I now watch ", shown.out, re.MULTILINE)) == 5
    assert shown.out.count("nobody has it yet") + shown.out.count("nobody\nhas it yet") == 6
    assert ", 14 messages, in " in " ".join(shown.out.split())


def test_a_table_says_what_happened_and_what_was_done(shown):
    lines = shown.out.partition("What happened")[2].splitlines()

    for at, where, did in TABLE:
        [line] = [line for line in lines if line.startswith(at)]
        assert where in line
        assert did in line


def test_the_last_line_is_the_next_one_to_type(shown):
    assert shown.out.splitlines()[-1] == f"{sys.executable} -m monitor init"


def test_a_pipe_gets_neither_colours_nor_long_lines(shown):
    assert "\x1b" not in shown.out
    assert [line for line in shown.out.splitlines() if len(line) > 80 and "--config" not in line] == []


def test_nothing_is_written_outside_its_folder(shown):
    assert [path.name for path in shown.folder.iterdir()] == ["monitor-demo"]
    assert {path.name for path in shown.wrote.iterdir()} == {
        ".monitor-demo", "cards.html", "monitor.db", "monitor.log", "monitor.toml", "reviews.csv",
    }  # fmt: skip


def test_the_page_shows_the_card_before_and_after_the_answer_and_the_mail(shown):
    page = (shown.wrote / "cards.html").read_text(encoding="utf-8")

    assert page.count("Waited 40 minutes for two coffees, then they were cold.") == 3
    before, after, mail = (page.index(words) for words in ("please answer by", "answered after 79 min", "Hello Mara"))
    assert before < after < mail
    assert "Seen at 12:15, so I have stopped." in page
    assert "I am sorry, Jonas." in page
    assert "1 star, Quay Street: &#34;Waited 40 minutes for two coffees&#34; (answer by 15:10)" in page
    assert "mara@quaycoffee.example" in page
    assert not re.search(r"<script|<img|<link|src=|@import|url\(", page)


def test_the_csv_says_how_everything_ended(shown):
    found = rows(shown)

    assert len(found) == 21
    jonas, petra, heike, many, glass = (
        next(row for row in found.values() if row["author"] == name)
        for name in ("Jonas K.", "Petra S.", "Heike B.", "tq", "vera")
    )
    assert (jonas["rating"], jonas["label"], jonas["case_status"]) == ("1.0", "bad", "answered")
    assert jonas["answer_seen"] == "true"
    assert jonas["reply_text"].startswith("I am sorry, Jonas.")
    assert jonas["alerted_at"] > jonas["published_at"]
    assert (petra["version"], petra["rating"], petra["case_status"]) == ("2", "1.0", "open")
    assert (heike["language"], heike["rating"], heike["label"]) == ("de", "2.0", "bad")
    assert (many["audience"], many["audience_kind"], many["severity"]) == ("12640", "points", "high")
    assert glass["severity"] == "critical"
    assert "safety" in json.loads(glass["topics"]) or "danger:safety" in glass["reasons"]
    assert found["90001"]["alerted_at"] == ""  # old when the watch began


def test_what_the_demo_stored_can_be_looked_at_with_the_line_it_names(shown):
    [line] = [line for line in shown.out.splitlines() if "--config" in line]

    assert line.strip() == f"{sys.executable} -m monitor mentions --config monitor-demo/monitor.toml"


@pytest.mark.slow
def test_a_terminal_of_sixty_columns_gets_short_lines_and_a_quiet_end_at_control_c(tmp_path):
    env = {**ENV, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with Terminal(DEMO, folder=tmp_path, env=env, columns=60) as terminal:
        terminal.wait_for("Nobody said a word.")
        code = terminal.interrupt()

    assert code == 130
    assert "Traceback" not in terminal.shown
    assert "Stopped. What was written so far is in monitor-demo." in terminal.shown
    assert "\x1b[1m" in terminal.raw
    long = [line for line in terminal.shown.splitlines() if len(line) > 60 and "https://" not in line]
    assert long == []
    assert (tmp_path / "monitor-demo" / "monitor.toml").is_file()


@pytest.mark.slow
def test_without_utf_8_there_are_marks_in_place_of_letters(tmp_path):
    env = {**ENV, "TERM": "dumb", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"}
    with Terminal(DEMO, folder=tmp_path, env=env) as terminal:
        terminal.wait_for("17 min ago")
        code = terminal.interrupt()

    assert code == 130
    assert "5 of 5 on App Store ? Quay app ? 17 min ago" in terminal.shown
    assert "\x1b[1m" not in terminal.raw


@pytest.mark.slow
def test_a_second_run_takes_the_place_of_the_first(shown: Shown, tmp_path: Path):
    shutil.copytree(shown.wrote, tmp_path / "monitor-demo")

    done = subprocess.run(DEMO, cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0
    with (tmp_path / "monitor-demo" / "reviews.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 21
