"""Every command as somebody types it: what it prints, how it ends, what it says when something is mistyped."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import __version__, config
from monitor.cli import GROUPS, commands
from monitor.cli.check import ADVICE
from monitor.cli.screen import counting
from monitor.store import alerts, open_store, schema
from monitor.store.sources import put_meta
from tests.builders import NOON
from tests.cli.conftest import SECRET, Run, Shop
from tests.reports.mentions import put_alert, put_case, put_mention, put_reply
from tests.town import Town, a_town, bad, free_port, review

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name, command in commands().commands.items() if not command.hidden]


# --- help ----------------------------------------------------------------------------------------

HEAVY = {
    "alembic", "bs4", "feedparser", "holidays", "httpcore", "jinja2", "lxml", "numpy", "pandas", "prometheus_client",
    "py3langid", "pydantic", "re2", "rich", "slack_sdk", "sqlalchemy", "structlog", "vaderSentiment",
}  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "monitor", "--help"], cwd=ROOT, capture_output=True, text=True
    )

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "monitor" in loaded
    assert loaded & HEAVY == set()


def test_help_shows_every_command_in_its_group_with_a_whole_sentence(run: Run) -> None:
    done = run("--help")

    assert done.code == 0
    for group in GROUPS:
        assert f"\n{group}:\n" in done.out
    for name in NAMES:
        assert re.search(rf"^  {name} +[A-Z][^.]+\.( .+\.)?$", done.out, re.MULTILINE), name
    assert "..." not in done.out.replace("[ARGS]...", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_ends_with_an_example_of_it(run: Run, name: str) -> None:
    done = run(name, "--help")

    assert done.code == 0
    assert done.out.startswith(f"Usage: monitor {name} ")
    assert f"Example: monitor {name}" in done.out


def test_the_version_is_that_of_the_program(run: Run) -> None:
    assert run("--version").out == f"Review Monitor {__version__}\n"


def test_no_command_at_all_shows_the_help_and_is_a_mistake(run: Run) -> None:
    done = run()

    assert done.code == 2
    assert "Usage: monitor" in done.err


def test_no_secret_is_ever_given_on_the_command_line() -> None:
    taken = {
        option
        for command in commands().commands.values()
        for parameter in command.params
        for option in getattr(parameter, "opts", ())
    }

    assert not [option for option in taken if re.search("token|secret|password|key|webhook|credential", option)]


# --- what is mistyped ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["frob"], "monitor: no such command `frob`. `monitor --help` shows how it is used."),
        (["mention"], "monitor: no such command `mention`. Did you mean `mentions`?"),
        (["show"], "monitor show: missing argument `ID`. `monitor show --help` shows how it is used."),
        (["show", "m1", "m2"], "monitor show: got unexpected extra argument"),
        (["mentions", "--limit", "-1"], "monitor mentions: invalid value for `--limit`"),
        (["mentions", "--limit", "many"], "monitor mentions: invalid value for `--limit`"),
        (["mentions", "--lmit", "3"], "monitor mentions: no such option: --lmit"),
        (["mentions", "--since", "soon"], "`soon` is no span of time and no day; write 12h, 7d, 4w or 2026-11-01"),
        (["mentions", "--since", "2026-02-30"], "`2026-02-30` is no span of time and no day"),
        (["mentions", "--since", "999999w"], "`999999w` ago there was no calendar"),
        (["mentions", "--source", "shp"], "there is no source `shp`. Did you mean `shop`? Known: shop."),
        (["mentions", "--batch", "zz"], "there is no message `zz` (8 characters of its id at least)"),
        (["show", "m999"], "there is no mention m999"),
        (["show", "c999"], "there is no case c999"),
        (["show", "12x"], "`12x` is no id here; ids look like m12"),
        (["show", "c"], "`c` is no id here; ids look like c12"),
        (["show", "m" + "9" * 19], "is no id here"),
        (["show", "m\u0661"], "is no id here"),
        (["poll", "shp"], "there is no source `shp`. Did you mean `shop`? Known: shop."),
        (["poll", "--backfill", "lots"], "`lots` is no span of time; write 30min, 12h, 7d or 4w"),
        (["poll", "--json"], "--json belongs to --dry-run"),
        (["run", "--log-level", "loud"], "`loud` is no log level; debug, info, warning or error are"),
        (["run", "--workers", "0"], "monitor run: invalid value for `--workers`"),
        (["run", "--health-port", "70000"], "monitor run: invalid value for `--health-port`"),
        (["send-test", "suport"], "there is no channel `suport`. Did you mean `support`? Known: support."),
        (["score", "x", "--stars", "9"], "monitor score: invalid value for `--stars`"),
        (["score", "x", "--scorer", "best"], "there is no scorer `best`."),
        (["deliveries", "resend"], "`resend` is nothing one can do with deliveries; `retry` is"),
        (["export"], "say where to: --output reviews.csv, or --all FOLDER for every table"),
        (["export", "-o", "a.csv", "--all", "b"], "say where to"),
        (["export", "--all", "b", "--bad"], "--all writes everything: leave --since, --bad, --format and --excel out"),
        (["export", "-o", "a.csv", "--format", "pdf"], "there is no format 'pdf'. Known: csv, jsonl, xlsx, parquet"),
        (["import"], "name one file to import, or --all FOLDER"),
        (["import", "a.csv", "--all", "b"], "name one file to import, or --all FOLDER"),
        (["import", "no.csv"], "cannot read no.csv: No such file or directory"),
        (["restore", "no.db"], "no.db cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_said_with_what_there_is_and_ends_with_2(
    shop: Shop, run: Run, arguments: list[str], words: str
) -> None:
    done = run(*arguments)

    assert done.code == 2
    assert words in done.err
    assert done.out == ""


# --- where the configuration is ------------------------------------------------------------------

OTHER = 'name = "other"\nconnector = "apple_rss"\napp_id = "1459969523"'


@pytest.fixture
def two(shop: Shop, tmp_path: Path) -> Path:
    """A second configuration beside the first."""
    path = tmp_path / "other.toml"
    text = shop.config.read_text().replace('name = "shop"\nconnector = "apple_rss"\napp_id = "1459969523"', OTHER)
    path.write_text(text, encoding="utf-8")
    return path


def watched(done: Any) -> list[str]:
    return [source["source"] for source in json.loads(done.out)["sources"]]


def test_the_file_beside_one_is_used_when_none_is_named(shop: Shop, run: Run) -> None:
    assert watched(run("status", "--json")) == ["shop"]


def test_the_file_may_be_named_before_or_behind_the_command(two: Path, run: Run) -> None:
    assert watched(run("--config", two, "status", "--json")) == ["other"]
    assert watched(run("status", "--config", two, "--json")) == ["other"]
    assert watched(run("--config", "no.toml", "status", "--config", two, "--json")) == ["other"]


def test_the_variable_names_the_file_and_the_option_goes_before_it(
    two: Path, shop: Shop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_CONFIG", str(two))

    assert watched(run("status", "--json")) == ["other"]
    assert watched(run("--config", shop.config, "status", "--json")) == ["shop"]


def test_everything_that_is_wrong_with_the_file_is_said_at_once(shop: Shop, run: Run) -> None:
    shop.config.write_text(shop.config.read_text().replace("app_id", "ap_id").replace("timezone", "timezome"))

    done = run("status")

    assert done.code == 2
    assert "unknown key `ap_id`. Did you mean `app_id`?" in done.err
    assert "unknown key `timezome`. Did you mean `timezone`?" in done.err


def test_a_file_that_is_not_there_is_said_with_the_command_that_writes_one(shop: Shop, run: Run) -> None:
    shop.config.unlink()

    done = run("mentions")

    assert done.code == 2
    assert "monitor.toml: there is no such file. `monitor init` writes one" in done.err


def test_a_secret_is_never_part_of_what_is_printed(shop: Shop, run: Run) -> None:
    shop.config.write_text(shop.config.read_text() + '\n[[channels]]\nname = "x"\nnotifier = "nothing"\n')

    done = run("check")

    assert done.code == 2
    assert SECRET not in done.all


def test_scoring_and_listing_need_no_configuration_and_survive_a_broken_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = run("connectors"), run("score", "Great.")
    (tmp_path / "monitor.toml").write_text("[[sources]\n")
    broken = run("connectors"), run("score", "Great.")
    named = run("connectors", "--config", "monitor.toml")

    assert [done.code for done in (*without, *broken, named)] == [0, 0, 0, 0, 2]
    assert broken[0].out == without[0].out
    assert "monitor.toml cannot be used as it is" in broken[0].err


# --- the database --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["status", "mentions", "cases", "deliveries", "audit", "report", "show m1"])
def test_looking_makes_no_database(shop: Shop, run: Run, name: str) -> None:
    (shop.folder / "monitor.db").unlink()

    done = run(*name.split())

    assert done.code == 1
    assert "there is no database at" in done.err
    assert "`monitor run` makes it" in done.err
    assert not (shop.folder / "monitor.db").exists()


def test_another_programs_file_is_refused_and_left_as_it_was(shop: Shop, run: Run) -> None:
    (shop.folder / "monitor.db").write_bytes(b"something else, of another program" * 100)

    done = run("mentions")

    assert done.code == 1
    assert "it was left as it is" in done.err
    assert (shop.folder / "monitor.db").read_bytes().startswith(b"something else")


@pytest.mark.parametrize(
    "name", ["status", "mentions", "cases", "deliveries", "audit", "report", "connectors", "check"]
)
def test_an_empty_database_is_said_in_words_and_lists_nothing_as_json(shop: Shop, run: Run, name: str) -> None:
    plain, as_json = run(name), run(name, "--json")

    assert plain.code == as_json.code == 0
    assert plain.out.strip()
    assert as_json.out.isascii()
    json.loads(as_json.out)


# --- status --------------------------------------------------------------------------------------


def put_source(shop: Shop, *names: str, **values: object) -> None:
    row = {"connector": "x", "options_hash": "", "added_at": NOON, "next_poll_at": NOON, "health": "ok", "active": True}
    with shop.writing() as conn:
        conn.execute(
            schema.sources.insert(),
            [row | {"name": name, "last_look_at": NOON, "last_good_at": NOON} | values for name in names],
        )


def test_running_is_who_holds_the_lock_and_not_who_was_alive_a_minute_ago(shop: Shop, run: Run) -> None:
    with shop.writing() as conn:
        put_meta(conn, "alive_at", (datetime.now(UTC) - timedelta(seconds=5)).isoformat())
        put_meta(conn, "alive_since", "2026-11-24T09:00:00+00:00")
    stopped = run("status")
    with shop.opened() as store:
        assert store.lock(NOON)
        running = run("status")

    assert stopped.out.startswith("Not running; last alive just now. Start it: ")
    assert running.out.startswith("Running since 2026-11-24 09:00 (Europe/London).\n")


def test_one_that_holds_the_lock_and_gives_no_sign_of_life_is_said_to(shop: Shop, run: Run) -> None:
    with shop.opened() as store:
        with store.write() as conn:
            put_meta(conn, "alive_at", (datetime.now(UTC) - timedelta(minutes=20)).isoformat())
        assert store.lock(NOON)
        done = run("status")

    assert "it last gave a sign of life 20 min ago: look at its log (pid " in done.out


def test_a_source_that_was_never_looked_at_is_listed_as_new(shop: Shop, run: Run) -> None:
    done = run("status")

    assert re.search(r"^shop +new +never$", done.out, re.MULTILINE)


def test_a_broken_source_says_why_and_since_when_it_is_not_seen(shop: Shop, run: Run) -> None:
    put_source(shop, "shop", health="broken", last_error="the site answered 403 twice")
    with shop.writing() as conn:
        conn.execute(schema.gaps.insert().values(source="shop", from_at=NOON, why="403"))

    done = run("status")

    assert re.search(r"^shop +broken .* since 11-24 12:00  the site answered 403 twice$", done.out, re.MULTILINE)


def test_many_sources_are_still_one_screen(shop: Shop, run: Run) -> None:
    put_source(shop, "shop", *(f"fine-{number}" for number in range(400)))
    put_source(shop, *(f"bad-{number}" for number in range(20)), health="broken", last_error="it is away")

    done = run("status")

    assert len(done.out.splitlines()) < 30
    assert "And 5 more sources in trouble." in done.out
    assert "Fine: 401 sources" in done.out


def test_what_waits_and_what_was_given_up_is_counted(shop: Shop, run: Run) -> None:
    with shop.writing() as conn:
        for number, state in enumerate(("pending", "held", "sending", "uncertain", "dead", "sent", "dead")):
            put_mention(conn, number + 1)
            put_alert(conn, number + 1, NOON, delivery=f"{number:032}")
            told = schema.deliveries.c.id == f"{number:032}"
            conn.execute(schema.deliveries.update().where(told).values(state=state))
        put_case(conn, 1, due_at=datetime.now(UTC) - timedelta(hours=1))
        put_case(conn, 2, due_at=datetime.now(UTC) + timedelta(hours=1))

    done = run("status")

    assert "To answer: 2, 1 of them overdue. Messages waiting: 4. Given up: 2 (see " in done.out


# --- what was said -------------------------------------------------------------------------------


@pytest.fixture
def said(shop: Shop) -> Shop:
    """A shop with four mentions."""
    now = datetime.now(UTC)
    with shop.writing() as conn:
        put_mention(conn, 1, published_at=now - timedelta(days=40), author="Nia", author_id="u-1")
        put_mention(
            conn, 2, published_at=now - timedelta(days=3), label="good", level="quiet", rating=5.0, author="Ole"
        )
        put_mention(
            conn, 3, published_at=now - timedelta(hours=2), source="mill", title="Cold", text="All cold.", author="Nia"
        )
        put_mention(conn, 4, published_at=now - timedelta(minutes=5), text="", rating=1.0)
        put_alert(conn, 3, NOON, delivery="feedc0de" + "0" * 24)
        put_case(conn, 3, due_at=now - timedelta(hours=1), assignee="ana")
        put_case(conn, 4, due_at=now + timedelta(hours=3, minutes=1))
    return shop


@pytest.mark.parametrize(
    "options, ids",
    [
        ([], ["m4", "m3", "m2", "m1"]),
        (["--bad"], ["m4", "m3", "m1"]),
        (["--source", "mill"], ["m3"]),
        (["--since", "7d"], ["m4", "m3", "m2"]),
        (["--since", "90 min"], ["m4"]),
        (["--since", "2020-01-01"], ["m4", "m3", "m2", "m1"]),
        (["--since", "2100-01-01"], []),
        (["--author", "Nia"], ["m3", "m1"]),
        (["--author", "u-1"], ["m1"]),
        (["--limit", "1"], ["m4"]),
        (["--limit", "0"], ["m4", "m3", "m2", "m1"]),
        (["--batch", "feedc0de"], ["m3"]),
        (["--batch", "feedc0de0000"], ["m3"]),
    ],
)
def test_mentions_are_listed_by_what_is_asked_for(said: Shop, run: Run, options: list[str], ids: list[str]) -> None:
    plain, as_json = run("mentions", *options), run("mentions", *options, "--json")

    assert [line.split()[0] for line in plain.out.splitlines() if line.startswith("m")] == ids
    assert [row["id"] for row in json.loads(as_json.out)] == ids


def test_a_day_begins_at_midnight_where_the_reader_is(shop: Shop, run: Run) -> None:
    shop.config.write_text(shop.config.read_text().replace("Europe/London", "America/New_York"))
    with shop.writing() as conn:
        put_mention(conn, 1, published_at=datetime(2026, 7, 1, 3, 59, tzinfo=UTC))
        put_mention(conn, 2, published_at=datetime(2026, 7, 1, 4, 0, tzinfo=UTC))

    assert [row["id"] for row in json.loads(run("mentions", "--since", "2026-07-01", "--json").out)] == ["m2"]


def test_that_there_are_more_is_said_only_when_there_are(said: Shop, run: Run) -> None:
    assert run("mentions", "--limit", "4").err == ""
    assert run("mentions", "--limit", "3").err == "The newest 3; --limit 0 shows all.\n"


def test_a_list_without_anything_of_that_kind_says_so(said: Shop, run: Run) -> None:
    assert run("mentions", "--author", "Nobody").out == "Nothing of that kind is stored.\n"


def test_a_mention_is_shown_with_its_versions_answers_and_messages(said: Shop, run: Run) -> None:
    with said.writing() as conn:
        put_reply(conn, 3, "We are sorry.", author="Acme")
        later = {
            "content_hash": "1",
            "seen_at": NOON,
            "title": "Cold",
            "text": "All cold.",
            "text_length": 9,
            "rating": 1.0,
        }
        first = schema.versions.c.mention_id == 3
        conn.execute(schema.versions.update().where(first).values(title=None, text="All warm.", rating=4.0))
        conn.execute(schema.versions.insert().values(mention_id=3, version=2, rating_best=5.0, **later))
        conn.execute(schema.mentions.update().where(schema.mentions.c.id == 3).values(version=2))

    out = run("show", "M3").out

    assert out.startswith("m3: bad, high. On mill, 2 h ago.\n1 of 5 by Nia:\n  │ Cold\n  │ All cold.\n")
    for words in (
        "told        yes, one message",
        "case        c3",
        "version 1, seen 2026-11-24 12:00: 4 of 5\n  │ All warm.",
    ):
        assert words in out
    assert "answer by Acme, 2026-11-24 12:00: visible\n  │ We are sorry." in out
    assert re.search(r"^feedc0de0000 +new +c +t +sent", out, re.MULTILINE)


def test_a_case_is_shown_with_its_mention_and_its_steps(said: Shop, run: Run) -> None:
    with said.writing() as conn:
        event = {"case_id": 3, "key": "k", "at": NOON, "event": "claimed", "who": "ana", "through": "cli", "facts": {}}
        conn.execute(schema.case_events.insert().values(event))

    out = run("show", "c3").out

    assert out.startswith("c3: open, high. ana has it.\n")
    assert "about      m3 mill" in out
    assert re.search(r"^2026-11-24 12:00 +claimed +ana +cli$", out, re.MULTILINE)


def test_cases_are_listed_the_overdue_one_by_its_lateness(said: Shop, run: Run) -> None:
    lines = run("cases").out.splitlines()[2:]

    assert re.match(r"c3 +m3 +mill +high +overdue, 1 h ago +ana$", lines[0])
    assert re.match(r"c4 +m4 +shop +high +in 3 h +nobody yet$", lines[1])


def test_that_more_waits_than_is_listed_is_said(said: Shop, run: Run) -> None:
    assert run("cases", "--limit", "1").err == "The most pressing 1; --limit 0 shows all.\n"
    assert run("cases", "--limit", "2").err == run("cases", "--limit", "0").err == ""


def test_a_text_is_judged_with_its_reasons(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("score", "Waited 40 minutes for two coffees.", "--stars", "2")

    assert done.out == 'bad: people are told at once\n- 2 stars\n- waiting ("Waited 40 minutes")\n'
    assert json.loads(run("score", "Waited.", "--stars", "2", "--json").out)["label"] == "bad"


# --- messages ------------------------------------------------------------------------------------


def test_messages_are_listed_with_why_they_did_not_arrive(said: Shop, run: Run) -> None:
    with said.writing() as conn:
        conn.execute(schema.deliveries.update().values(state="dead", last_error="Slack refused the webhook (no_team)"))

    assert re.search(
        r"^feedc0de0000 .* c +t +dead +1 +Slack refused the webhook \(no_team\)$", run("deliveries").out, re.MULTILINE
    )


def test_what_was_given_up_is_due_again_after_retry(said: Shop, run: Run) -> None:
    with said.writing() as conn:
        conn.execute(schema.deliveries.update().values(state="dead"))

    done, again = run("deliveries", "retry"), run("deliveries", "retry")

    assert done.out.startswith("1 message due now. To send them: ")
    with said.opened() as store, store.read() as conn:
        assert alerts.counts(conn) == {"pending": 1}
    assert again.code == 0


def test_retry_without_anything_to_send_says_so(said: Shop, run: Run) -> None:
    assert run("deliveries", "retry").out == "No message waits and none was given up.\n"


# --- in and out ----------------------------------------------------------------------------------


def test_an_export_goes_where_it_is_told_to(said: Shop, run: Run) -> None:
    done = run("export", "--output", "out.csv", "--since", "7d", "--bad")

    assert done.out == "2 mentions in out.csv\n"
    with (said.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["id"] for row in csv.DictReader(stream)] == ["3", "4"]


@pytest.mark.parametrize(
    "target, words",
    [
        ("folder", "folder is a folder: name a file in it"),
        ("nowhere/out.csv", "nowhere/out.csv was not written: that folder does not exist"),
        ("monitor.toml/out.csv", "monitor.toml/out.csv was not written: a part of that path is a file, not a folder"),
        ("circle", "circle is a link that leads in a circle"),
        ("x" * 300, "was not written: that name is too long"),
    ],
)
@pytest.mark.parametrize("command", [["export", "--output"], ["backup"]])
def test_a_place_that_cannot_be_written_is_named(
    said: Shop, run: Run, command: list[str], target: str, words: str
) -> None:
    (said.folder / "folder").mkdir()
    (said.folder / "circle").symlink_to("circle")
    before = _names(said.folder)

    done = run(*command, target)

    assert done.code == 2
    assert words in done.err
    assert _names(said.folder) == before


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("monitor.db-")}


def test_everything_goes_out_and_comes_back(said: Shop, run: Run) -> None:
    out = run("export", "--all", "everything")
    full = run("import", "--all", "everything")
    (said.folder / "monitor.db").unlink()
    back = run("import", "--all", "everything")

    assert re.match(r"\d+ rows in everything; its README says what is what, and what to revoke where\.", out.out)
    assert 'channels "support": url' in (said.folder / "everything" / "README.md").read_text()
    assert SECRET not in "".join(path.read_text() for path in (said.folder / "everything").iterdir())
    assert full.code == 2
    assert "holds data already" in full.err
    assert back.code == 0
    assert [row["id"] for row in json.loads(run("mentions", "--json").out)] == ["m4", "m3", "m2", "m1"]


def test_a_folder_that_is_there_is_not_written_into(said: Shop, run: Run) -> None:
    (said.folder / "full").mkdir()
    (said.folder / "full" / "mine.txt").write_text("mine")

    assert run("export", "--all", "full").code == 2
    assert [path.name for path in (said.folder / "full").iterdir()] == ["mine.txt"]


def test_a_file_of_reviews_is_read_and_its_broken_rows_are_named(shop: Shop, run: Run) -> None:
    (shop.folder / "old.csv").write_text("Review Text,Stars\nCold.,1\nFine.,9\n")

    done, again = run("import", "old.csv"), run("import", "old.csv", "--json")

    assert done.code == 0
    assert (
        done.out
        == "1 new, 0 edited, 0 known already, 1 unreadable\nRead: text from `Review Text`, rating from `Stars`.\n"
    )
    assert done.err == "old.csv:3: the mark 9 is not between 1 and 5; see --best and --worst\n"
    assert json.loads(again.out)["known"] == 1


def test_an_import_of_which_nothing_can_be_read_has_failed(shop: Shop, run: Run) -> None:
    (shop.folder / "old.csv").write_text("text,stars\n" + "x,9\n" * 12)

    done = run("import", "old.csv")

    assert done.code == 1
    assert done.err.splitlines()[-1] == "and 2 more rows that could not be read; --json names them all"


def test_a_restore_asks_once_and_no_is_an_answer(
    said: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("backup", "copy.db")
    with said.writing() as conn:
        put_mention(conn, 5)
    answers = tmp_path / "answers"

    def restored(words: str, *options: str) -> Any:
        answers.write_text(words)
        with answers.open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            return run("restore", "copy.db", *options)

    no, nothing, yes = restored("n\n"), restored(""), restored("y\n")

    assert [no.code, nothing.code, yes.code] == [1, 1, 0]
    assert "Replace the 5 mentions there now" in no.out
    assert no.out.endswith("Nothing was changed.\n")
    assert "Where nobody can answer, say --yes." in nothing.err
    assert yes.out.endswith("Restored from copy.db.\n")
    assert len(json.loads(run("mentions", "--json").out)) == 4


def test_nothing_is_restored_under_a_running_daemon(said: Shop, run: Run) -> None:
    run("backup", "copy.db")
    with said.opened() as store:
        assert store.lock(NOON)
        done = run("restore", "copy.db", "--yes")

    assert done.code == 1
    assert "stop that daemon first; nothing was changed" in done.err


def test_figures_of_a_month_are_shown_by_source(said: Shop, run: Run) -> None:
    lines = run("report").out.splitlines()

    assert lines[0].split() == ["month", "source", "mentions", "stars", "bad", "in", "time"]
    assert any(re.search(r"mill +1 +1\.00 +1 +0 of 1", line) for line in lines)


class _Watched:
    """A terminal that keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        """Nothing is held back."""


def test_long_work_is_counted_on_a_terminal_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Watched()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("monitor.cli.screen.SHOW_EVERY", 0)

    with counting("rows read") as show:
        assert show is not None
        for count in (1_000, 25_000):
            show(count)

    assert terminal.text.split("\r") == ["", "1,000 rows read", "25,000 rows read", " " * 16, ""]


def test_long_work_is_not_counted_where_nobody_watches(run: Run) -> None:
    with counting("rows read") as show:
        assert show is None


@pytest.mark.slow
def test_all_of_it_works_on_postgresql_as_well(shop: Shop, run: Run, postgres_url: str) -> None:
    shop.config.write_text(shop.config.read_text().replace("sqlite:///monitor.db", postgres_url))
    (shop.folder / "old.csv").write_text("id,text,stars\n1,Cold.,1\n2,Fine.,5\n")

    done = {
        line: run(*line.split())
        for line in (
            "import old.csv", "mentions --bad --json", "show m1", "cases", "deliveries", "deliveries retry", "audit",
            "report", "export --output out.csv", "export --all everything", "backup copy.zip",
            "restore copy.zip --yes", "status",
        )
    }  # fmt: skip
    with open_store(postgres_url, now=NOON) as store:
        assert store.lock(NOON)
        running = json.loads(run("status", "--json").out)

    assert {line: one.err for line, one in done.items() if one.code} == {}
    assert [row["text"] for row in json.loads(done["mentions --bad --json"].out)] == ["Cold."]
    assert done["export --output out.csv"].out == "2 mentions in out.csv\n"
    assert done["status"].out.startswith("Not running yet. Start it: ")
    assert running["running"] is True


# --- over the made-up town -----------------------------------------------------------------------


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town one stands in."""
    with a_town(tmp_path) as made:
        monkeypatch.chdir(tmp_path)
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


def test_check_live_says_of_each_how_it_went_and_what_helps(town: Town, run: Run) -> None:
    town.site.shows("quay", review(1), bad(2))
    town.site.serves("/api/gone/reviews", b"nothing here", status=404)
    town.configure(places=("quay", "new", "gone"))
    town.mail.refuse = "550 no such user"

    done = run("check", "--live")
    as_json = run("check", "--live", "--json")

    assert done.code == as_json.code == 1
    assert "source quay: answers, and can be read (2 mentions in the first look)\n" in done.out
    assert "source new: answers, and shows nothing yet: if that is wrong" in done.out
    assert "404" in done.out
    assert "channel slack: took a test message (Slack, by a webhook)\n" in done.out
    assert "channel mail: " in done.out
    assert done.out.endswith("\n2 of 5 have trouble.\n")
    trouble = {one["name"]: one["trouble"] is not None for one in json.loads(as_json.out)["asked"]}
    assert trouble == {"quay": False, "new": False, "gone": True, "slack": False, "mail": True}


def test_help_is_given_for_faults_that_there_are() -> None:
    texts = " ".join(path.read_text() for path in (ROOT / "monitor").rglob("*.py") if path.name != "check.py")

    unknown = [code for code in ADVICE if not code.startswith("http_") and f'"{code}"' not in texts]
    assert unknown == []


def test_check_live_says_that_nobody_is_there(town: Town, run: Run) -> None:
    text = town.configure(channels=("slack",)).read_text()
    (town.folder / "monitor.toml").write_text(text.replace(town.site.url, f"http://127.0.0.1:{free_port()}"))

    done = run("check", "--live")

    assert done.code == 1
    assert "no connection (Connection refused)" in done.out
    assert "may this machine reach it (firewall, proxy)?" in done.out


def test_a_test_message_is_the_newest_bad_one_marked_as_a_test(town: Town, run: Run) -> None:
    town.site.shows("quay", bad(2), bad(9, text="An older one."))
    path = town.configure(channels=("slack",))
    run("poll")
    before = len(town.slack.posts)

    done = run("send-test", "slack")

    assert done.code == 0, done.err
    assert done.out == "Sent: a message marked TEST, to Slack, by a webhook.\n"
    [post] = town.slack.texts()[before:]
    assert "TEST" in post
    assert "Table 2" in post
    assert path.exists()


def test_a_test_message_works_before_anything_is_stored_and_says_what_goes_wrong(town: Town, run: Run) -> None:
    town.configure(channels=("slack", "mail"))
    town.mail.refuse = "550 no such user"

    slack, mail = run("send-test", "slack"), run("send-test", "mail")

    assert slack.code == 0
    assert len(town.slack.posts) == 1
    assert mail.code == 1
    assert mail.err.startswith("mail: ")


def test_a_test_message_turns_a_refused_channel_on_again(town: Town, run: Run) -> None:
    path = town.configure(channels=("slack",))
    database = config.load(path, town.env).database
    with open_store(database, now=NOON) as store, store.write() as conn:
        alerts.put_channel(conn, "slack", state="refused", last_error="no_team")

    run("send-test", "slack")

    with open_store(database, now=NOON) as store, store.read() as conn:
        assert alerts.channel_states(conn)["slack"].state == "ok"


def test_a_dry_run_shows_what_would_come_in_and_keeps_nothing(town: Town, run: Run) -> None:
    town.site.shows("quay", bad(2), review(3))
    town.configure()

    done, as_json = run("poll", "quay", "--dry-run"), run("poll", "--dry-run", "--json")

    assert done.code == 0
    assert "quay: 2 mentions seen, 2 of them new or changed" in done.err
    assert re.search(r"quay +1 of 5 +bad +Visitor 2 +Waited 40 minutes.*1 star; waiting", done.out)
    assert [row["label"] for row in json.loads(as_json.out)] == ["bad", "good"]
    assert json.loads(run("mentions", "--json").out) == []
    assert town.slack.posts == []


def test_a_dry_run_of_a_site_that_is_away_has_failed(town: Town, run: Run) -> None:
    town.site.serves("/api/quay/reviews", b"{", status=500)
    town.configure()

    done = run("poll", "--dry-run")

    assert done.code == 1
    assert done.err.startswith("quay: ")


def test_a_look_by_hand_beside_a_running_daemon_is_left_to_it(town: Town, run: Run) -> None:
    town.configure()
    database = config.load(town.folder / "monitor.toml", town.env).database
    run("poll")
    with open_store(database, now=NOON) as store:
        assert store.lock(NOON)
        with store.write() as conn:
            conn.execute(schema.sources.update().values(next_poll_at=NOON + timedelta(days=900)))
        done, backfill = run("poll", "quay"), run("poll", "quay", "--backfill", "7d")
        with store.read() as conn:
            due = conn.scalar(schema.sources.select().with_only_columns(schema.sources.c.next_poll_at))

    assert done.code == 0
    assert re.match(r"The running monitor \(pid \d+ on .*\) looks at quay now\.", done.out)
    assert due < NOON + timedelta(days=800)
    assert backfill.code == 2
    assert "stop it first, or start it with run --backfill 7d" in backfill.err


def test_a_port_that_is_taken_ends_the_run_with_what_to_change(town: Town, run: Run) -> None:
    town.configure()
    port = town.site.server.server_address[1]

    done = run("run", "--health-port", port)

    assert done.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.err


def test_audit_is_clean_or_names_what_nobody_was_told_of(shop: Shop, run: Run) -> None:
    clean = run("audit")
    with shop.writing() as conn:
        put_mention(conn, 7, first_seen_at=NOON - timedelta(days=2), why_not_told=None)

    found, as_json = run("audit"), run("audit", "--json")

    assert clean.code == 0
    assert clean.out.startswith("Clean: ")
    assert found.code == as_json.code == 1
    assert "Bad mentions nobody was told of: m7." in found.out
    assert json.loads(as_json.out)["untold"] == [7]
