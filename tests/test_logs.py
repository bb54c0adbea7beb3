"""What is logged: one line each, nothing forged, no secret, no flood, and never a reason to stop."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from monitor import logs
from monitor.logs import masking
from monitor.logs.flood import Flood
from monitor.logs.lines import as_text

SECRET = 'pä"ss\\wörd 7%/+'
HOOK = "https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/made-up-secret"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging and what is hidden as they were."""
    configured, forms, pattern = structlog.get_config(), set(masking._known.forms), masking._known.pattern
    handlers = list(logging.getLogger().handlers)
    yield
    structlog.configure(**configured)
    logging.getLogger().handlers = handlers
    logging.captureWarnings(False)
    masking._known.forms, masking._known.pattern = forms, pattern


@pytest.fixture
def lines() -> Callable[[], list[dict[str, Any]]]:
    """Log as JSON; the function returns the lines so far, each checked to be one line of ASCII within the limit."""
    stream = io.StringIO()
    logs.use("debug", stream, json_lines=True)

    def read() -> list[dict[str, Any]]:
        text = stream.getvalue()
        assert text.isascii()
        rows = text.split("\n")[:-1]
        assert all(len(row) <= logs.MAX_LINE for row in rows)
        return [json.loads(row) for row in rows]

    return read


Lines = Callable[[], list[dict[str, Any]]]
log = structlog.get_logger()


# --- one line ------------------------------------------------------------------------------------

HOSTILE = {
    "a forged line": 'late\n{"at": "2026-11-24T09:00:00Z", "level": "info", "event": "ready"}',
    "a forged line after a return": "late\r2026-11-24 ready",
    "an escape": "\x1b[2J\x1b]0;owned\x07 red \x9b31m",
    "other line ends": "one\u2028two\u2029three\x85four\x0bfive\x0csix",
    "a megabyte": "a" * 1_000_000,
    "a megabyte that grows twelvefold": "\U0001f600" * 1_000_000,
    "a lone surrogate": "caf\udce9 \ud83d",
    "bytes": b"\xff\x00\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_is_logged_is_one_line_of_ascii_within_the_limit(text: Any, lines: Lines) -> None:
    log.error("source not polled", source="quay", why=text, more={"deep": [text]})

    [line] = lines()
    assert (line["event"], line["source"]) == ("source not polled", "quay")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_an_exception_says_is_one_line_of_ascii_within_the_limit(text: Any, lines: Lines) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("job failed", kind="ValueError")

    [line] = lines()
    assert line["event"] == "job failed"
    assert "in test_whatever_an_exception" in line["fault"] or "shortened" in line or len(text) == 1_000_000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_on_a_terminal_nothing_is_forged_either(text: Any) -> None:
    line = as_text(None, "error", {"at": "2026-11-24T09:00:00Z", "level": "error", "event": "late", "why": text})

    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= logs.MAX_LINE


def test_the_words_of_an_event_cannot_forge_a_line_either(lines: Lines) -> None:
    log.info("late\n{}\x1b")

    assert lines()[0]["event"] == "late\n{}\x1b"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**20_000, object(), {1, 2}, Path("/x"), None, True],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_value_is_valid_json(value: Any, lines: Lines) -> None:
    log.info("measured", value=value)

    assert "value" in lines()[0]


def test_a_value_that_cannot_be_shown_does_not_lose_the_line(lines: Lines) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no")

    log.info("measured", value=Mute())

    assert lines()[0]["value"] == "(Mute: RuntimeError)"


@pytest.mark.parametrize("length, shortened", [(2999, False), (3000, False), (3001, True)])
def test_a_long_value_is_shortened_with_a_mark(length: int, shortened: bool, lines: Lines) -> None:
    log.info("measured", value="x" * length)

    assert ("[shortened, " in lines()[0]["value"]) is shortened


def test_of_a_long_traceback_the_end_is_kept(lines: Lines) -> None:
    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError("the cause")
        try:
            dive(depth - 1)
        except ValueError as error:
            raise ValueError(f"level {depth}") from error

    try:
        dive(60)
    except ValueError:
        log.exception("job failed")

    assert lines()[0]["fault"].rstrip().endswith("level 60")


def test_a_traceback_shows_no_variables(lines: Lines) -> None:
    try:
        review_text = "Waited 40 minutes"
        raise ValueError(len(review_text))
    except ValueError:
        log.exception("job failed")

    assert "Waited 40 minutes for" not in json.dumps(lines())
    assert lines()[0]["fault"].startswith("Traceback")


# --- secrets -------------------------------------------------------------------------------------

LEAKS = {
    "an address with a token": ("GET https://api.example/v1?token=s3cr3t-tok&x=1 failed", "s3cr3t-tok"),
    "an address with a password": ("https://mara:s3cr3t-pw@shop.example/feed", "s3cr3t-pw"),
    "a database address": ("postgresql+psycopg://monitor:s3cr3t-pw@db/monitor", "s3cr3t-pw"),
    "an Authorization header": ("Authorization: Bearer s3cr3t.tok-en", "s3cr3t"),
    "a header in a list": ("[(b'Authorization', b'Digest s3cr3t, nonce=1'), (b'Accept', b'*/*')]", "s3cr3t"),
    "a header in a table": ("{'authorization': 'Basic czNjcjN0OnMzY3IzdA==', 'accept': '*/*'}", "czNjcjN0"),
    "a cookie": ("Set-Cookie: session=s3cr3t; Path=/", "s3cr3t"),
    "a Slack hook": (f"cannot reach {HOOK}", "made-up-secret"),
    "a Slack hook behind another host": ("POST /services/T0AAAAAAA/B0BBBBBBB/made-up-secret 404", "made-up-secret"),
    "a Discord hook": ("https://discord.com/api/webhooks/123456/s3cr3t-x", "s3cr3t"),
    "a Slack token": ("invalid_auth for xoxb-1234567890-s3cr3tabc", "s3cr3tabc"),
    "an SMTP dialogue": ("send: 'AUTH PLAIN AG1hcmEAczNjcjN0'", "AG1hcmEAczNjcjN0"),
    "another SMTP dialogue": ("AUTH LOGIN bWFyYQ== czNjcjN0", "bWFyYQ=="),
    "a password in words": ('{"user": "mara", "password": "s3cr3t"}', "s3cr3t"),
    "a JSON web token": ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2VjcmV0", "eyJzdWIiOiIxMjM0In0"),
    "a key file": ("-----BEGIN PRIVATE KEY-----\nMIIEs3cr3t\n-----END PRIVATE KEY-----", "MIIEs3cr3t"),
}


@pytest.mark.parametrize("text, secret", LEAKS.values(), ids=LEAKS.keys())
def test_what_looks_like_a_secret_is_masked(text: str, secret: str, lines: Lines) -> None:
    log.debug("source not polled", why=text, inside=[{"deep": text}])
    try:
        raise ConnectionError(text)
    except ConnectionError as error:
        log.exception("job failed", why=str(error))

    assert len(lines()) == 2
    assert secret not in json.dumps(lines())
    assert secret not in as_text(None, "info", {"at": "", "level": "info", "event": text, "why": text, "fault": text})


WRITTEN = {
    "plain": SECRET,
    "in an address": "p%C3%A4%22ss%5Cw%C3%B6rd%207%25%2F%2B",
    "in a form": "p%C3%A4%22ss%5Cw%C3%B6rd+7%25%2F%2B",
    "in a dialogue": base64.b64encode(SECRET.encode()).decode(),
    "in quotes": repr(SECRET),
    "in JSON": json.dumps(SECRET),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_known_secret_is_masked_however_it_is_written(written: str, lines: Lines) -> None:
    logs.hide([SECRET])

    log.info("said", what=f"before {written} after")

    [line] = lines()
    assert line["what"].startswith("before ")
    assert written.strip("'\"=") not in line["what"]
    assert "***" in line["what"]


def test_a_secret_that_begins_like_another_is_masked_whole(lines: Lines) -> None:
    logs.hide(["abcdef", "abcdefghi"])

    log.info("said", what="x abcdefghi y")

    assert lines()[0]["what"] == "x *** y"


@pytest.mark.parametrize("name", ["password", "webhook_token", "api_key", "Authorization", "client_secret"])
def test_a_fact_that_is_named_like_a_secret_is_not_shown(name: str, lines: Lines) -> None:
    log.info("said", **{name: "s3cr3t"}, inside={name: "s3cr3t"})

    assert "s3cr3t" not in json.dumps(lines())


def test_what_is_no_secret_stays_readable(lines: Lines) -> None:
    why = "127.0.0.1: no connection (Connection refused); asked https://shop.example/reviews/page/2"
    log.info("source not polled", why=why, source="quay", tokens=3)

    assert (lines()[0]["why"], lines()[0]["tokens"]) == (why, 3)


# --- floods --------------------------------------------------------------------------------------


@pytest.fixture
def flooded() -> Iterator[tuple[Lines, list[float]]]:
    """Log as JSON, with a clock of seconds that the test sets."""
    stream, seconds = io.StringIO(), [0.0]
    logs.use("info", stream, json_lines=True)
    flood = Flood(lambda: seconds[0])
    logs._Present.flood = flood
    structlog.configure(processors=[flood, *structlog.get_config()["processors"][1:]])
    yield lambda: [json.loads(row) for row in stream.getvalue().splitlines()], seconds
    logs._Present.flood = Flood()


FLOODS = {
    "equal errors": lambda n: log.error("source not polled", source="quay", why="down"),
    "errors of two texts": lambda n: log.error("source not polled", source="quay", why=("down", "up")[n % 2]),
    "two errors": lambda n: log.error(("look failed", "source not polled")[n % 2], source="quay"),
    "errors and warnings": lambda n: (log.error, log.warning)[n % 2]("job failed"),
    "equal lines": lambda n: log.info("delivered", channel="slack"),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_ten_thousand_in_a_minute_make_twenty_lines_and_a_counter(
    flood: Callable[[int], None], flooded: tuple[Lines, list[float]]
) -> None:
    read, seconds = flooded
    for number in range(10_000):
        seconds[0] = number * 0.0059
        flood(number)
    shown = len(read())
    seconds[0] = 61

    logs.count_left_out()

    assert shown <= logs.LINES_A_MINUTE
    *_, counter = read()
    assert counter["event"] == "log lines left out"
    assert counter["count"] == 10_000 - shown
    assert len(read()) == shown + 1


def test_a_new_fault_in_a_flood_is_still_seen(flooded: tuple[Lines, list[float]]) -> None:
    read, _ = flooded
    for _ in range(10_000):
        log.error("job failed")

    log.error("configuration not changed")

    assert read()[-1]["event"] == "configuration not changed"


def test_a_flood_of_one_source_hides_no_other(flooded: tuple[Lines, list[float]]) -> None:
    read, _ = flooded
    for _ in range(100):
        log.error("source not polled", source="quay")

    log.error("source not polled", source="mill")

    assert read()[-1]["source"] == "mill"


def test_the_next_minute_shows_lines_again(flooded: tuple[Lines, list[float]]) -> None:
    read, seconds = flooded
    for _ in range(100):
        log.error("job failed")
    before = len(read())
    seconds[0] = 60

    log.error("job failed")

    assert len(read()) == before + 1


def test_what_a_minute_left_out_is_counted_once_and_at_the_end_at_once(flooded: tuple[Lines, list[float]]) -> None:
    read, _ = flooded
    for _ in range(100):
        log.error("job failed")

    logs.count_left_out()
    early = [line for line in read() if line["event"] == "log lines left out"]
    logs.count_left_out(everything=True)
    logs.count_left_out(everything=True)

    assert early == []
    assert [line["count"] for line in read() if line["event"] == "log lines left out"] == [85]


# --- what others say -----------------------------------------------------------------------------


def test_the_warnings_of_libraries_are_lines_like_ours(lines: Lines) -> None:
    logging.getLogger("some.library").warning("retrying %s", HOOK)
    logging.getLogger("some.library").info("GET %s", HOOK)
    warnings.warn("old\nway", UserWarning, stacklevel=1)

    said = lines()
    assert [line["event"] for line in said] == ["library warned", "library warned"]
    assert said[0]["library"] == "some.library"
    assert "made-up-secret" not in json.dumps(said)


def test_a_library_that_formats_wrongly_costs_no_line(lines: Lines) -> None:
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if isinstance(handler, logs._Libraries)]

    logging.getLogger("some.library").warning("retrying %d", "soon")

    assert lines()[0]["said"] == "retrying %d"


def test_what_nobody_caught_in_a_thread_is_a_line_too(lines: Lines, capfd: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ValueError(HOOK)

    with logs.unforeseen():
        thread = threading.Thread(target=fails, name="look-1")
        thread.start()
        thread.join()

    [line] = lines()
    assert (line["event"], line["thread"]) == ("thread ended", "look-1")
    assert "made-up-secret" not in json.dumps(line)
    assert capfd.readouterr().err == ""


# --- where lines go ------------------------------------------------------------------------------


def test_a_full_disk_a_closed_stream_and_none_at_all_stop_nothing(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        logs.use("info", full, json_lines=True)
        log.info("said")
    log.info("said")  # closed by now
    gone = io.StringIO()
    gone.close()
    logs.use("info", gone)
    log.info("said")
    sys_stderr, sys.stderr = sys.stderr, None  # type: ignore[assignment]  # as where a program is started without one
    try:
        logs.use("info")
        log.info("said")
    finally:
        sys.stderr = sys_stderr


def test_a_pipe_that_nobody_reads_is_waited_for_once_and_then_written_again(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        logs.use("info", stream, json_lines=True)
        began = time.monotonic()
        for number in range(100):
            log.info("said", source=f"s{number}", what="x" * 2900)
        waited = time.monotonic() - began
        first = os.read(reader, 1_000_000)
        log.info("said", source="again")
        second = os.read(reader, 1_000_000)
    os.close(reader)

    assert waited < 20  # once: a second; each time: a hundred
    assert b'"s1"' in first
    assert json.loads(second.splitlines()[-1])["source"] == "again"


def test_a_rotated_file_is_written_on(tmp_path: Path) -> None:
    path, old = tmp_path / "monitor.log", tmp_path / "monitor.log.1"
    with path.open("w") as stream:
        logs.use("info", stream, json_lines=True)
        log.info("first")
        path.rename(old)
        log.info("second")
        old.unlink()
        log.info("third")


@pytest.mark.parametrize("target", ["/dev/full", None], ids=["disk full", "closed"])
def test_a_process_whose_log_cannot_be_written_ends_well(target: str | None) -> None:
    code = "from monitor import logs; import structlog; logs.use(); structlog.get_logger().info('said')"
    redirect = f"2>{target}" if target else "2>&-"

    ended = subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {redirect}', sys.executable, code])

    assert ended.returncode == 0
