"""Whatever a page does to its parser, the page is an error and the next one is read."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest

from monitor import plugins
from monitor.connector import Brand, Request, Response
from monitor.errors import FetchError, MonitorError, ParseError, RefusedError
from monitor.models import Kind
from monitor.sandbox import Sandbox, pool
from monitor.sandbox.speech import Answer
from tests import sandboxed
from tests.builders import NOON

MakeSandbox = Callable[..., Sandbox]
Parser = Callable[[bytes], Any]

MIB = 1024 * 1024
SHORT = 0.15  # seconds
SLACK = 5  # seconds that a busy machine may add


@pytest.fixture(scope="module")
def make_sandbox() -> Iterator[MakeSandbox]:
    made = []

    def make(**changes: Any) -> Sandbox:
        made.append(Sandbox(**changes))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture(scope="module")
def roomy(make_sandbox: MakeSandbox) -> Sandbox:
    return make_sandbox(seconds=2, memory=300 * MIB)


@pytest.fixture(scope="module")
def sandbox(make_sandbox: MakeSandbox) -> Sandbox:
    return make_sandbox()


@pytest.fixture(scope="module")
def hurried(make_sandbox: MakeSandbox) -> Sandbox:
    return make_sandbox(seconds=SHORT)


def failure(sandbox: Sandbox, function: Callable[..., Any], *args: Any) -> MonitorError:
    with pytest.raises(MonitorError) as caught:
        sandbox.call(function, *args)
    return caught.value


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        threading.Event().wait(0.01)
    return holds()


# --- what goes in and out ------------------------------------------------------------------------


def test_a_function_is_called_in_another_process(sandbox: Sandbox) -> None:
    assert sandbox.call(sandboxed.add, 1, 2) == 3
    assert sandbox.call(sandboxed.process) != os.getpid()


def test_the_same_child_reads_one_page_after_the_other(sandbox: Sandbox) -> None:
    assert len({sandbox.call(sandboxed.process) for _ in range(5)}) == 1


def test_code_that_is_loaded_first_is_loaded_for_all(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=5)
    first = sandbox.call(sandboxed.process)

    sandbox.call(dedent, "  x")
    second = sandbox.call(sandboxed.process)

    assert second != first
    assert sandbox.call(sandboxed.process) == second


@pytest.mark.parametrize("size", [0, 1, 4000, 4096, 4097, 100_000, 10 * MIB])
def test_large_and_small_answers_go_in(sandbox: Sandbox, size: int) -> None:
    assert sandbox.call(sandboxed.size, b"x" * size) == size


def test_a_page_comes_out_as_it_is(sandbox: Sandbox) -> None:
    assert sandbox.call(sandboxed.page) == sandboxed.page()


@pytest.mark.parametrize(
    "function, expected",
    [
        (
            sandboxed.raise_our_own,
            FetchError("site.test: no", code="unexpected_type", status=200, permanent=True),
        ),
        (sandboxed.raise_refused, RefusedError("asked too often", code="throttled")),
        (sandboxed.raise_odd, ParseError("another shape")),
        (sandboxed.raise_syntax, ParseError("the answer cannot be read (SyntaxError)")),
    ],
)
def test_an_error_of_ours_passes_with_its_words(
    sandbox: Sandbox, function: Callable[..., Any], expected: MonitorError
) -> None:
    error = failure(sandbox, function)

    facts = {name: value for name, value in vars(error).items() if name != "__notes__"}
    assert (type(error), error.args, facts) == (type(expected), expected.args, vars(expected))


def test_a_missing_key_passes_with_its_name(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError, match="reviews"):
        sandbox.call(sandboxed.raise_key)


@pytest.mark.parametrize("function", [sandboxed.raise_value, sandboxed.raise_unicode])
def test_what_an_error_says_of_the_page_stays_in_the_child(sandbox: Sandbox, function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="in the parser, sandboxed.py") as caught:
        sandbox.call(function)

    assert "Anna" not in repr(caught.value) + repr(vars(caught.value))


@pytest.mark.parametrize("function", [sandboxed.return_code, sandboxed.return_rogue])
def test_a_child_cannot_make_us_run_anything(sandbox: Sandbox, function: Callable[..., Any]) -> None:
    with pytest.raises(Exception, match="no plain value"):
        sandbox.call(function)


# --- connectors ----------------------------------------------------------------------------------


def an_answer(body: bytes = b"<p>cold</p>") -> Response:
    return Response(Request("https://site.test/"), 200, (), body, NOON)


def test_a_connector_parses_without_its_secrets(sandbox: Sandbox) -> None:
    brand = Brand("acme", ("Acme Coffee",))

    page = sandbox.parse(sandboxed.Loud, sandboxed.LoudConfig(), [brand], an_answer())

    assert page.mentions[0].text == f"cafe '' {(brand,)} b'<p>cold</p>'"


OWN = """
from monitor.connector import Connector, ConnectorConfig, Page, RawMention

class OwnConfig(ConnectorConfig):
    shop: str

class Own(Connector[OwnConfig]):
    Config = OwnConfig

    def parse(self, response):
        return Page((RawMention(external_id="1", text=self.config.shop),))
"""


def test_a_connector_from_ones_own_folder_parses_in_the_child(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "own_site.py").write_text(OWN)
    kind = plugins.connector("own_site", tmp_path)

    page = sandbox.parse(kind, kind.Config(shop="cafe"), [], an_answer())  # type: ignore[call-arg]  # its own

    assert page.mentions[0].text == "cafe"


# --- limits --------------------------------------------------------------------------------------


def test_a_call_that_takes_too_long_is_ended(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=0.5)

    began = time.monotonic()
    error = failure(sandbox, sandboxed.spin)

    assert error.code == "parser_limit"  # type: ignore[attr-defined]
    assert time.monotonic() - began < 0.5 + SLACK
    assert sandbox.call(sandboxed.add, 1, 2) == 3


def test_a_call_that_takes_too_much_is_ended(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(memory=256 * MIB, seconds=5)
    before = psutil.Process().memory_info().rss

    error = failure(sandbox, sandboxed.eat)

    assert str(error) == "the page cannot be read within 5 s and 256 MiB, or it breaks the parser"
    assert sandbox.call(sandboxed.add, 1, 2) == 3
    assert psutil.Process().memory_info().rss - before < 20 * MIB


def test_the_limits_are_ten_seconds_and_half_a_gibibyte() -> None:
    assert (pool.SECONDS, pool.MEMORY) == (10.0, 512 * MIB)


@pytest.mark.parametrize("function", [sandboxed.crash, sandboxed.leave, sandboxed.recurse])
def test_a_page_that_breaks_the_parser_is_an_error(make_sandbox: MakeSandbox, function: Callable[..., Any]) -> None:
    sandbox = make_sandbox(seconds=5)

    assert failure(sandbox, function).code == "parser_limit"  # type: ignore[attr-defined]
    assert sandbox.call(sandboxed.add, 1, 2) == 3


def test_a_child_that_outlives_its_alarm_is_ended_by_hand(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=0.1, grace=0.2)
    process = sandbox.call(sandboxed.process)

    assert failure(sandbox, sandboxed.ignore_the_alarm).code == "parser_limit"  # type: ignore[attr-defined]
    assert wait_until(lambda: not is_running(process))


def test_a_parser_that_has_grown_is_replaced(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox()
    first = sandbox.call(sandboxed.process)

    assert sandbox.call(sandboxed.grow, 100 * MIB) == 100 * MIB
    assert sandbox.call(sandboxed.process) != first


# --- deaths --------------------------------------------------------------------------------------


def test_a_child_killed_while_idle_is_replaced_without_a_word(sandbox: Sandbox) -> None:
    parser = sandbox.call(sandboxed.process)
    os.kill(parser, signal.SIGKILL)
    assert wait_until(lambda: not is_running(parser))

    assert sandbox.call(sandboxed.process) != parser


def test_when_everything_over_there_is_killed_it_starts_anew(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox()
    dead = [sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process)]
    for process in dead:
        os.kill(process, signal.SIGKILL)
    assert wait_until(lambda: not any(map(is_running, dead)))

    assert sandbox.call(sandboxed.add, 1, 2) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_of_the_whole_group_lets_the_page_be_read(make_sandbox: MakeSandbox, number: signal.Signals) -> None:
    sandbox = make_sandbox()
    processes = [sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process)]

    for process in processes:
        os.kill(process, number)

    assert [sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process)] == processes


PARENT = """
import sys, threading, time
from monitor.sandbox import Sandbox, pool
from tests import sandboxed
sandbox = Sandbox()
print(sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process), flush=True)
if sys.argv[1] == "busy":
    threading.Thread(target=sandbox.call, args=(sandboxed.spin,), daemon=True).start()
    time.sleep(0.1)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_the_children_end_with_their_parent(state: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, state], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        assert parent.stdout.readline() == "ready\n"
        assert all(map(is_running, children))

        parent.kill()

    assert wait_until(lambda: not any(map(is_running, children)))


def test_children_without_work_end_and_leave_nothing(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(idle=timedelta(seconds=0.2))
    first = [sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process)]

    assert wait_until(lambda: not any(map(psutil.pid_exists, first)))  # not even as a zombie
    assert sandbox.call(sandboxed.add, 1, 2) == 3


def test_closing_ends_the_children(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox()
    children = [sandbox.call(sandboxed.nursery), sandbox.call(sandboxed.process)]

    sandbox.close()

    assert wait_until(lambda: not any(map(is_running, children)))
    assert failure(sandbox, sandboxed.add, 1, 2).code == "stopped"  # type: ignore[attr-defined]


def test_closing_ends_a_call_under_way(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=30)
    sandbox.call(sandboxed.process)
    threading.Timer(0.1, sandbox.close).start()

    assert failure(sandbox, sandboxed.spin).code == "stopped"  # type: ignore[attr-defined]


# --- several at once -----------------------------------------------------------------------------


def test_many_threads_share_the_children(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(32) as workers:
        assert list(workers.map(lambda n: sandbox.call(sandboxed.add, n, n), range(500))) == [2 * n for n in range(500)]


def test_bad_pages_do_not_delay_the_good_ones(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=60)

    with ThreadPoolExecutor(5) as workers:
        bad = [workers.submit(failure, sandbox, sandboxed.spin) for _ in range(5)]
        threading.Event().wait(0.2)
        good = sandbox.call(sandboxed.add, 1, 2)
        under_way = [call for call in bad if not call.done()]
        sandbox.close()

    assert good == 3
    assert under_way == bad


def test_waiting_for_a_child_does_not_count(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(seconds=1, most=1)

    with ThreadPoolExecutor(4) as workers:
        processes = set(workers.map(sandbox.call, [sandboxed.wait] * 4, [0.3] * 4))

    assert len(processes) == 1


def test_children_are_not_more_than_the_most(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(most=2)

    with ThreadPoolExecutor(8) as workers:
        processes = set(workers.map(sandbox.call, [sandboxed.wait] * 6, [0.05] * 6))

    assert len(processes) == 2


@pytest.mark.slow
def test_a_call_costs_little(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox()
    sandbox.call(sandboxed.add, 1, 2)

    began = time.monotonic()
    for _ in range(1000):
        sandbox.call(sandboxed.add, 1, 2)
    each = time.monotonic() - began

    print(f"{each:.3f} ms a call")
    assert each < 0.3


# --- what it may not -----------------------------------------------------------------------------


def test_a_child_knows_no_environment_and_no_descriptor_of_ours(
    make_sandbox: MakeSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("X_TOKEN", "s3cr3t")
    with open(tmp_path / "monitor.db", "w") as database:
        os.set_inheritable(database.fileno(), True)
        sandbox = make_sandbox()

        assert "X_TOKEN" not in sandbox.call(sandboxed.environment)
        [only] = [name for name in sandbox.call(sandboxed.descriptors) if not name.startswith("/proc/")]

    assert only.startswith("socket:")


@pytest.mark.parametrize(
    "function, args",
    [
        (sandboxed.read_file, ("/etc/passwd",)),
        (sandboxed.read_file, ("monitor.toml",)),
        (sandboxed.write_file, ("/tmp/x.py",)),
        (sandboxed.connect, (9,)),
        (sandboxed.look_up, ("localhost",)),
        (sandboxed.run_a_program, ()),
    ],
    ids=["a file", "our settings", "a new file", "a connection", "a name", "a program"],
)
def test_a_parser_may_not_reach_out(sandbox: Sandbox, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    error = failure(sandbox, function, *args)

    assert str(error) == "the answer cannot be read (PermissionError)"


def test_a_parser_may_use_zones_and_charsets(sandbox: Sandbox) -> None:
    assert sandbox.call(sandboxed.summer_time) == "2:00:00"
    assert sandbox.call(sandboxed.decode_oddly) == "café"


# --- hostile pages -------------------------------------------------------------------------------

SLOW_PARSERS = [sandboxed.html_by_soup, sandboxed.feed]
PARSERS = [*SLOW_PARSERS, sandboxed.html_by_lxml, sandboxed.xml_by_lxml]

PAGES = {
    "200,000 <a": b"<a " * 200_000,
    "200,000 <!--": b"<!--" * 200_000,
    "200,000 </": b"</" * 200_000,
    "200,000 <![": b"<![" * 200_000,
    "1,000,000 &": b"&" * 1_000_000,
    "&# with 100,000 digits": b"&#" + b"1" * 100_000 + b";",
    "50,000 nested blocks": b"<div>" * 50_000,
    "50,000 nested and closed blocks": b"<div>" * 50_000 + b"x" + b"</div>" * 50_000,
    "50,000 nested tables": b"<table><tr><td>" * 50_000,
    "200,000 nested tags": b"<b>" * 200_000,
    "100,000 attributes": b"<a " + b" ".join(b"a%d=1" % number for number in range(100_000)) + b">",
    "200,000 attributes": b"<a " + b" ".join(b"a%d=1" % number for number in range(200_000)) + b">",
    "200,000 equal attributes": b"<a " + b"a=1 " * 200_000 + b">",
    "text of 10 MB": b"<rss><channel><item><title>" + b"x" * 10_000_000,
    "1,000,000 empty items": b"<rss><channel>" + b"<item/>" * 1_000_000,
}


def outcome(sandbox: Sandbox, parser: Parser, body: bytes) -> str:
    """Return what was read, or how it ended; any other end is a failure."""
    try:
        return str(sandbox.call(parser, body))
    except ParseError as error:
        return str(error)
    except FetchError as error:
        return error.code


@pytest.mark.parametrize("parser", SLOW_PARSERS, ids=lambda parser: parser.__name__)
@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_page_made_to_burn_time_ends_at_the_limit(hurried: Sandbox, body: bytes, parser: Parser) -> None:
    began = time.monotonic()
    outcome(hurried, parser, body)

    assert time.monotonic() - began < SHORT + SLACK


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_hostile_page_is_read_or_ended_within_the_real_limits(
    make_sandbox: MakeSandbox, body: bytes, parser: Parser
) -> None:
    sandbox = make_sandbox()
    before = psutil.Process().memory_info().rss

    began = time.monotonic()
    outcome(sandbox, parser, body)

    assert time.monotonic() - began < 10 + SLACK
    assert psutil.Process().memory_info().rss - before < 40 * MIB
    sandbox.close()


def rss(title: str, doctype: str = "", before: str = "") -> bytes:
    inside = f"<channel><item><title>{title}</title></item></channel>"
    return f'<?xml version="1.0"?>{before}{doctype}<rss version="2.0">{inside}</rss>'.encode()


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
    return rss("&lol9;", f'<!DOCTYPE lolz [<!ENTITY lol0 "lol">{entities}]>')


HOSTILE_XML = {
    "billion laughs": laughs(),
    "quadratic blow-up": rss("&a;" * 50_000, f'<!DOCTYPE q [<!ENTITY a "{"a" * 50_000}">]>'),
    "external entity": rss("&x;", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "parameter entity": rss("&x;", '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>'),
    "external DTD": rss("x", '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "XInclude": rss('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'),
    "stylesheet": rss("x", before='<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>'),
    "path": b"/etc/passwd",
    "address of a file": b"file:///etc/passwd",
    "address": b"http://127.0.0.1:9/feed",
}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@pytest.mark.parametrize("body", HOSTILE_XML.values(), ids=HOSTILE_XML)
def test_nothing_in_a_page_opens_anything_or_grows(roomy: Sandbox, body: bytes, parser: Parser) -> None:
    read = outcome(roomy, parser, body)

    assert "root:" not in read
    assert len(read) < 500_000


class Getattr:
    """Stands for what a parser that a page has taken over might send."""

    def __reduce__(self) -> tuple[object, tuple[object, str]]:
        return getattr, (Kind, "mro")


class Member:
    """Pickled as the first releases of Python 3.11 pickle a member of an enumeration."""

    def __reduce__(self) -> tuple[object, tuple[object, str]]:
        return getattr, (Kind, "REVIEW")


def test_a_member_of_an_enumeration_comes_through_however_this_python_pickles_it() -> None:
    sent = Answer.unpacked(b"." + pickle.dumps((True, Member())))

    assert sent.result() is Kind.REVIEW


def test_nothing_else_is_reached_by_that_way() -> None:
    sent = Answer.unpacked(b"." + pickle.dumps((True, Getattr())))

    with pytest.raises(pickle.UnpicklingError):
        sent.result()
