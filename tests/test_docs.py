"""The pages say what the program does, all of it and nothing else."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from monitor.cli import GROUPS, Mistake, commands
from monitor.config.schema import LISTS, HoursTable, MonitorTable
from monitor.config.secrets import keys_of
from monitor.delivery.scene import OFFERS
from monitor.imports import FIELDS
from monitor.models import DeliveryState, Health, Reason
from monitor.plugins import connector, connectors, notifier, notifiers
from monitor.push import Watched, listening
from monitor.store import open_store
from monitor.store.export import COLUMNS
from tests.builders import NOON
from tests.test_push import put_source, samples

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
CODE = [*sorted((ROOT / "monitor").rglob("*.py")), *sorted((ROOT / "connectors").glob("*.py"))]
# Words of the design that are no commands yet: nothing may advise them.
LATER = {
    "accuracy", "answer", "assign", "away", "claim", "close", "connect", "draft", "inbox", "mark",
    "new-connector", "note", "reopen", "reply", "rules", "snooze",
}  # fmt: skip


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, heading: str, below: str = "") -> str:
    """Return what stands under a heading of a page, up to the next one of its level; the first one `below` another."""
    level = heading.split(" ")[0]
    text = re.sub(r"^```.*?^```", _without_headings, read(name), flags=re.MULTILINE | re.DOTALL)
    text = text[text.index(f"\n{below}\n") :] if below else text
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"{name} has no section `{heading}`"
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def _without_headings(block: re.Match[str]) -> str:
    return block[0].replace("\n#", "\n #")  # a comment of a shell or a TOML file


def visible() -> dict[str, Any]:
    return {name: command for name, command in commands().commands.items() if not command.hidden}


# --- commands ------------------------------------------------------------------------------------


def parameters(command: Any) -> Iterator[str]:
    """Yield what may follow a command: its long options, and its arguments by the names they are shown under."""
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield from (option for option in parameter.opts if option.startswith("--"))
        else:
            yield parameter.metavar or parameter.name.upper()


@pytest.mark.parametrize("name", visible())
def test_every_command_has_its_section_with_all_its_options_and_an_example(name: str) -> None:
    text = section("docs/commands.md", f"### {name}")

    documented = {
        shown for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for shown in re.findall("`(.+?)`", row)
    }
    documented = {shown for shown in documented if not re.fullmatch("-[a-z]", shown)}
    assert documented == set(parameters(visible()[name])) - {"--help"}
    assert re.search(rf"^    monitor {name}( |$)", text, re.MULTILINE), "an example is missing"


def test_every_section_is_a_command_and_stands_in_its_group() -> None:
    found = re.findall(r"^(##|###) (.+)$", read("docs/commands.md"), re.MULTILINE)
    groups: dict[str, list[str]] = {}
    for level, title in found:
        if level == "##":
            groups[title] = []
        else:
            groups[list(groups)[-1]].append(title)

    there = {group: [] for group in GROUPS}
    for name, command in visible().items():
        there[command.rich_help_panel].append(name)
    assert groups == there


def test_the_options_before_the_command_are_documented() -> None:
    head = read("docs/commands.md").partition("\n## ")[0]

    for option in ("--config FILE", "--version", "--help"):
        assert option in head


def test_every_field_of_an_import_is_listed() -> None:
    text = section("docs/commands.md", "### import")
    listed = text.partition("The fields: ")[2].partition(" One of text")[0]

    assert tuple(re.findall(r"`(\w+)`", listed)) == FIELDS


def words_after_monitor(line: str) -> list[str] | None:
    """Return what is typed behind `monitor` in a line of a shell, or None where nothing is."""
    found = re.findall(r"(?<![\w./-])(?:\S*/)?monitor (?=[a-z-])(.*)$", line)
    if not found:
        return None
    rest = re.split(r"(?<![\w./-])monitor (?=[a-z-])", found[-1])[-1]  # docker compose exec monitor monitor status
    return shlex.split(re.split(r"\s#\s|\s{3,}| [&|>]", rest)[0], comments=True)


def shell_lines(page: Path) -> Iterator[str]:
    """Yield the lines of a page that are for a shell: in blocks, and in sentences where they begin with the command."""
    text = page.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language in ("", "sh"):
            yield from block.splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"^    (\S.*)$", prose, re.MULTILINE)
    yield from re.findall(r"`((?:python3 make\.py |uv run )?monitor [^`]+)`", prose)


OTHERS = [
    ROOT / name for name in ("config.example.toml", "Dockerfile", "compose.yaml", "packaging/review-monitor.service")
]


def typed() -> list[tuple[str, str]]:
    found = [(str(page.relative_to(ROOT)), line) for page in PAGES for line in shell_lines(page)]
    for path in OTHERS:
        for line in path.read_text(encoding="utf-8").splitlines():
            found += [(path.name, code) for code in re.findall(r"`(monitor [^`]+)`", line)]
            found += [(path.name, code) for code in re.findall(r"^#\s+((?:docker .*)?monitor [a-z].*)$", line)]
            found += [(path.name, code) for code in re.findall(r"^ExecStart=(.*)$", line)]
    return [(page, line) for page, line in dict.fromkeys(found) if words_after_monitor(line)]


@pytest.mark.parametrize("page, line", typed())
def test_every_line_of_a_shell_in_the_docs_can_be_typed(page: str, line: str) -> None:
    arguments = words_after_monitor(line)
    assert arguments is not None

    with suppress(typer.Exit), commands().make_context("monitor", list(arguments)) as context:  # Exit: --help
        name, command, rest = commands().resolve_command(context, [*context._protected_args, *context.args])
        try:
            command.make_context(name, list(rest), parent=context).close()
        except Mistake as error:
            # In a sentence a command may be named without what must follow it.
            if type(error).__name__ != "MissingParameter":
                pytest.fail(f"{page}: {line}: {error}", pytrace=False)


def test_the_lines_of_shells_were_found() -> None:
    pages = {page for page, _ in typed()}

    assert {"README.md", "docs/commands.md", "docs/operations.md", "docs/store.md", "docs/csv.md"} <= pages
    assert {"compose.yaml", "config.example.toml", "review-monitor.service"} <= pages
    assert len(typed()) > 80


def strings(path: Path) -> Iterator[str]:
    """Yield the texts of a program, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [node.body for node in ast.walk(tree) if hasattr(node, "body") and isinstance(node.body, list)]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@cache
def said() -> dict[str, list[str]]:
    """Return every text the product may show, by file: of its code and of its templates."""
    found = {str(path.relative_to(ROOT)): list(strings(path)) for path in CODE}
    for path in (ROOT / "monitor" / "templates").rglob("*"):
        if path.is_file() and path.name != "README.md":
            found[str(path.relative_to(ROOT))] = [path.read_text(encoding="utf-8")]
    return found


def test_no_message_advises_a_command_that_is_not_there() -> None:
    offered = {"monitor/render/actions.py", "monitor/render/compose.py"}  # only what the scene says is there
    known = LATER - set(visible())

    advised = [
        (path, word)
        for path, texts in said().items()
        for text in texts
        for word in re.findall(r"\bmonitor ([a-z-]+)\b", text)
        if word in known and path not in offered
    ]
    assert advised == []
    assert set(visible()) >= OFFERS


def test_what_a_message_puts_between_marks_can_be_typed() -> None:
    named = {
        (path, word)
        for path, texts in said().items()
        for text in texts
        for word in re.findall(r"`monitor ([a-z-]+)", text)
    }

    assert {word for _, word in named} <= set(visible()), named
    assert named


# --- settings, connectors, notifiers, columns ----------------------------------------------------

TABLES = {
    "[monitor]": MonitorTable,
    "[hours.NAME]": HoursTable,
    **{f"[[{name}]]": model for name, model in LISTS.items()},
}


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_is_documented(table: str) -> None:
    text = section("docs/configuration.md", f"## `{table}`")

    assert [key for key in keys_of(TABLES[table]) if f"| `{key}` |" not in text] == []


def built_in(known: Any) -> list[str]:
    return [name for name in known if known.origin(name) == "built-in"]


@pytest.mark.parametrize("name", built_in(connectors()))
def test_every_connector_is_documented_with_its_options(name: str) -> None:
    page = section("docs/connectors.md", f"## {name}")
    settings = section("docs/configuration.md", f"### `{name}`", "## `[[sources]]`")

    for key in keys_of(connector(name).Config):
        assert f"`{key}`" in page, key
        assert f"`{key}`" in settings, key


@pytest.mark.parametrize("name", built_in(connectors()))
def test_the_first_page_says_of_every_connector_how_soon_it_is_ready(name: str) -> None:
    row = next(line for line in read("README.md").splitlines() if f"| `{name}` |" in line)

    assert f"| {connector(name).ready_in} |" in row


@pytest.mark.parametrize("name", built_in(notifiers()))
def test_every_notifier_is_documented_with_its_options(name: str) -> None:
    page = section("docs/notifiers.md", f"## {name}")
    settings = section("docs/configuration.md", f"### `{name}`", "## `[[channels]]`")

    for key in keys_of(notifier(name).Config):
        assert f"`{key}`" in page, key
        assert f"`{key}`" in settings, key


def test_every_column_of_the_csv_is_documented_in_its_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", read("docs/csv.md"), re.MULTILINE)

    assert listed == list(COLUMNS)


# --- words of the product ------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_an_alert_is_documented(reason: Reason) -> None:
    assert f"`{reason}`" in section("docs/operations.md", "## Why a message comes")


@pytest.mark.parametrize("health", [health for health in Health if health not in (Health.OK, Health.NEW)])
def test_every_trouble_of_a_source_is_documented(health: Health) -> None:
    assert f"`{health}`" in section("docs/operations.md", "## When something is wrong")


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_message_is_documented(state: DeliveryState) -> None:
    assert f"*{state}*" in section("docs/commands.md", "### deliveries")


def test_every_metric_is_documented(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/monitor.db", now=NOON) as store:
        put_source(store, "shop")
        pushes = ("pushes", "refused_pushes")
        counts = dict.fromkeys(("looks", "failed_looks", "new", "edited", "alerts", "sent", "failed_sends", *pushes), 1)
        with listening(Watched(store, lambda: NOON, lambda: counts, lambda: NOON), "127.0.0.1", 0) as address:
            found = {name for name, _ in samples(address)}

    listed = set(re.findall(r"`(monitor_\w+)`", section("docs/operations.md", "### Metrics")))
    assert found <= listed
    assert listed - found == {"monitor_deliveries"}  # of which there are none here


def test_the_daemon_counts_what_is_documented() -> None:
    from monitor.daemon import Counts

    counted = {name for name, value in Counts().__dict__.items() if type(value) is int}
    listed = set(re.findall(r"`monitor_(\w+)_total`", section("docs/operations.md", "### Metrics")))
    assert counted == listed


OF_THE_SYSTEM = {"PATH", "TZ", "LANG", "LC_ALL", "TMPDIR", "UV_RUN_RECURSION_DEPTH"}  # what every program reads


def test_every_variable_of_the_environment_is_documented() -> None:
    asked = r"""env(?:iron)?(?:\.get\(|\.pop\(|\[)"(\w+)"|"(\w+)" (?:not )?in (?:os\.)?environ|"(MONITOR_[A-Z_]+)\""""
    found = {name for path in CODE for names in re.findall(asked, path.read_text()) for name in names if name}

    head = read("docs/commands.md").partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", head, re.MULTILINE))
    assert {"MONITOR_CONFIG", "MONITOR_STARTED_AS", "NOTIFY_SOCKET"} <= found
    assert found - OF_THE_SYSTEM == listed


# --- links ---------------------------------------------------------------------------------------


@cache
def anchors(path: Path) -> set[str]:
    """Return the anchors that a reader's page of this file has, as GitHub makes them."""
    found: set[str] = set()
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for title in re.findall(r"^#{1,6} (.+?)\s*$", text, re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 1
        while (made := slug if number == 1 else f"{slug}-{number - 1}") in found:
            number += 1
        found.add(made)
    return found


def links(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_inside_the_pages_leads_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(link)

    assert dead == []


def test_links_were_found() -> None:
    assert sum(len(links(page)) for page in PAGES) > 40


def test_every_page_is_linked_from_the_first_one() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if link.partition("#")[0]]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_pages_that_messages_point_to_are_there() -> None:
    named = {
        (path, page, anchor)
        for path, texts in said().items()
        for text in texts
        for page, anchor in re.findall(r"(docs/[\w/-]+\.md|[A-Z]+\.md)(?:#([\w-]+))?", text)
    }

    for path, page, anchor in named:
        assert (ROOT / page).exists(), (path, page)
        assert not anchor or anchor in anchors(ROOT / page), (path, page, anchor)
    assert named


def test_the_pages_call_the_command_by_one_name() -> None:
    other = re.compile(
        r"python3? -m monitor\b(?!\.)|\./monitor |review-monitor (run|status|check)\b|\breview_monitor run\b"
    )

    assert [str(page.relative_to(ROOT)) for page in PAGES if other.search(page.read_text(encoding="utf-8"))] == []
