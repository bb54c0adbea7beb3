"""The project's own shell: make.py, the lock files, what is written down about it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from monitor import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-container.lock", "requirements-dev.lock")


@pytest.fixture
def make() -> ModuleType:
    """A copy of make.py of this test's own."""
    spec = importlib.util.spec_from_file_location("make_under_test", ROOT / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the files the environment is made from, and an environment that is only a stamp away."""
    for name in ("pyproject.toml", *LOCKS):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A package index on this machine: its address and its folder."""
    folder = tmp_path / "index"
    (folder / "pip").mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


def tracked() -> list[Path]:
    """Return the files that are part of the project."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is not a git clone: which files belong to the project is not known")
    names = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


# --- make.py -------------------------------------------------------------------------------------


def run_make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "make.py", *arguments], capture_output=True, text=True, timeout=30)


def test_an_unknown_command_shows_how_it_is_used_and_ends_with_2():
    done = run_make("dmeo")

    assert done.returncode == 2
    assert "there is no command 'dmeo'" in done.stderr
    assert "python3 make.py demo" in done.stderr
    assert done.stdout == ""


def test_no_command_at_all_ends_with_2():
    assert run_make().returncode == 2


def test_asking_for_help_is_no_error():
    done = run_make("--help")

    assert done.returncode == 0
    assert "python3 make.py test" in done.stdout


def test_an_unknown_part_of_check_is_named_with_those_that_exist(make, capsys):
    assert make.check(["typs"]) == 2

    assert "'typs'. Known: format, style, types, layers, packages, tests" in capsys.readouterr().err


def test_check_runs_every_part_and_ends_with_one_line(make, capfd):
    make.ensure = lambda *, dev: Path(sys.executable)
    make.CHECKS = {"one": ("-c", "raise SystemExit(1)"), "two": ("-c", "print('two ran')"), "three": ("-c", "1/0")}

    status = make.check([])

    output = capfd.readouterr().out
    assert status == 1
    assert "two ran" in output
    assert output.splitlines()[-1] == "check: 1 of 3 parts passed, failed: one, three"


def test_every_command_stands_in_the_usage_text(make):
    for name in make.COMMANDS:
        assert f"python3 make.py {name} " in make.__doc__


def test_an_older_python_is_told_so_in_a_sentence():
    # The first lines are all that an older Python runs; they must not need a newer one.
    head, found, _ = (ROOT / "make.py").read_text().partition("import base64")
    assert found
    old = head.replace("import sys\n", "import sys\nsys.version_info = (3, 9, 2)\n", 1)

    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True)

    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and this is 3.9" in done.stderr


class TestStamp:
    def test_an_environment_without_a_stamp_is_not_ready(self, make, clone):
        assert not make.Venv(clone).is_ready(dev=False)

    @pytest.mark.parametrize("dev", [False, True])
    def test_an_environment_made_from_these_files_is_ready(self, make, clone, dev):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=dev))

        assert venv.is_ready(dev=dev)

    def test_the_demo_runs_in_the_developers_environment(self, make, clone):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=True))

        assert venv.is_ready(dev=False)

    def test_the_tests_need_more_than_the_core(self, make, clone):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=False))

        assert not venv.is_ready(dev=True)

    @pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "requirements-dev.lock"])
    def test_a_changed_file_makes_it_build_again(self, make, clone, name):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=True))

        (clone / name).write_text("changed")

        assert not venv.is_ready(dev=True)

    def test_a_clone_that_was_moved_builds_again(self, make, clone, tmp_path):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=True))
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        for part in ("pyproject.toml", *LOCKS, ".venv"):
            (clone / part).rename(elsewhere / part)

        assert not make.Venv(elsewhere).is_ready(dev=True)

    def test_an_environment_whose_python_is_gone_builds_again(self, make, clone):
        venv = make.Venv(clone)
        venv.stamp.write_text(venv.wanted(dev=True))
        venv.python.unlink()

        assert not venv.is_ready(dev=True)
        assert not venv.works()


class TestSettingsOfPip:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        for name in ("PIP_INDEX_URL", "PIP_PROXY", "PIP_CERT", "UV_DEFAULT_INDEX", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
        return tmp_path

    def test_a_setting_of_pips_file_is_used(self, make, home):
        (home / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")

        assert make.pip_setting("index-url") == "https://packages.example/simple"
        assert make.uv_environment()["UV_DEFAULT_INDEX"] == "https://packages.example/simple"

    def test_the_environment_outranks_the_file(self, make, home, monkeypatch):
        (home / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")
        monkeypatch.setenv("PIP_INDEX_URL", "https://other.example/simple")

        assert make.pip_setting("index-url") == "https://other.example/simple"

    def test_what_is_set_for_uv_itself_stays(self, make, home, monkeypatch):
        (home / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")

        assert "UV_DEFAULT_INDEX" not in make.uv_environment()

    def test_a_percent_sign_in_a_password_is_no_riddle(self, make, home):
        (home / "pip.conf").write_text("[global]\nindex-url = https://ana:p%40ss@packages.example/simple\n")

        assert make.pip_setting("index-url") == "https://ana:p%40ss@packages.example/simple"


class TestPipsOwnWheel:
    @pytest.fixture(autouse=True)
    def no_proxy(self, monkeypatch):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.delenv("PIP_PROXY", raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "")

    def test_it_is_taken_from_the_configured_index_when_its_hash_is_right(self, make, index, tmp_path):
        address, folder = index
        content = b"a wheel"
        make.PIP_SHA256 = hashlib.sha256(content).hexdigest()
        (folder / "files").mkdir()
        (folder / "files" / make.PIP_WHEEL).write_bytes(content)
        link = f'<a href="../files/{make.PIP_WHEEL}#sha256=0">{make.PIP_WHEEL}</a>'
        (folder / "pip" / "index.html").write_text(f"<html>{link}</html>")

        wheel = make.wheel_from_index(f"{address}/", tmp_path)

        assert wheel.read_bytes() == content

    def test_a_wheel_that_is_not_the_one_is_refused(self, make, index, tmp_path):
        address, folder = index
        (folder / "pip" / make.PIP_WHEEL).write_bytes(b"something else")
        (folder / "pip" / "index.html").write_text(f'<a href="{make.PIP_WHEEL}">pip</a>')

        with pytest.raises(make.Trouble, match="not the file it should be"):
            make.wheel_from_index(address, tmp_path)

        assert not (tmp_path / make.PIP_WHEEL).exists()

    def test_an_index_without_it_says_what_would_help(self, make, index, tmp_path):
        address, folder = index
        (folder / "pip" / "index.html").write_text("<html></html>")

        with pytest.raises(make.Trouble, match="apt install python3-venv"):
            make.wheel_from_index(address, tmp_path)

    def test_an_index_that_is_away_says_what_would_help(self, make, tmp_path):
        with pytest.raises(make.Trouble, match="does not answer"):
            make.wheel_from_index("http://127.0.0.1:9/simple", tmp_path)


# --- the lock files ------------------------------------------------------------------------------


def locked(name: str) -> dict[str, set[str]]:
    """Return the versions of each package of a lock file."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


def names(requirements: list[str]) -> set[str]:
    """Return the names of packages as a lock file spells them."""
    found = {re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0] for one in requirements}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found} - {"review-monitor"}


def test_every_dependency_is_locked():
    assert names(PROJECT["project"]["dependencies"]) <= set(locked("requirements.lock")), "python3 make.py lock"


def test_every_extra_is_locked_for_the_developers():
    for extra in PROJECT["project"]["optional-dependencies"].values():
        assert names(extra) <= set(locked("requirements-dev.lock")), "python3 make.py lock"


def test_the_container_has_its_extras(make):
    for extra in make.CONTAINER_EXTRAS:
        wanted = names(PROJECT["project"]["optional-dependencies"][extra])
        assert wanted <= set(locked("requirements-container.lock")), "python3 make.py lock"


@pytest.mark.parametrize("part", ["requirements.lock", "requirements-container.lock"])
def test_users_run_the_versions_that_were_tested(part):
    tested = locked("requirements-dev.lock")

    assert locked(part) == {name: tested[name] for name in locked(part)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash_and_no_address(name):
    text = (ROOT / name).read_text()
    packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]

    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_the_core_is_small():
    heavy = {"apprise", "cryptography", "psycopg", "pyarrow", "pytest", "xlsxwriter"}

    assert not heavy & set(locked("requirements.lock"))


# --- what is written down ------------------------------------------------------------------------

# A file name or host that only one machine knows. Spelled in halves, so that this file does not find itself.
FORBIDDEN = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/tmp" + "/plan",
    "files.python" + "hosted",
    "pypi" + ".org",
    "registry.npm" + "js",
    "deb." + "debian",
    "blue" + "print",
]


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_file_names_a_machine_or_a_registry(word):
    found = [str(path.relative_to(ROOT)) for path in tracked() if word.encode() in path.read_bytes()]

    assert not found


def test_no_binary_file_is_large():
    large = [path for path in tracked() if path.stat().st_size > 500_000]

    assert not large


def test_the_changelog_has_an_entry_for_this_version():
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_readme_begins_with_the_sentence_and_the_two_commands():
    screen = (ROOT / "README.md").read_text()[:1500]

    assert PROJECT["project"]["description"] in screen
    assert "python3 make.py demo" in screen
    assert "python3 make.py test" in screen


DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_context_and_its_consequences(page):
    text = page.read_text()

    assert text.startswith(f"# {page.name[:4]} ")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_every_decision_has_its_own_number_and_stands_in_the_list():
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()

    assert len({page.name[:4] for page in DECISIONS}) == len(DECISIONS)
    assert [page.name for page in DECISIONS if f"({page.name})" not in listed] == []


LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/adr/README.md"])
def test_links_lead_somewhere(page):
    folder = (ROOT / page).parent
    links = LINK.findall((ROOT / page).read_text())

    assert links
    assert [link for link in links if not (folder / link).exists()] == []


# --- the house -----------------------------------------------------------------------------------


def test_every_room_has_its_layer():
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    known = set(re.findall(r"monitor\.(\w+)", " ".join(layers)))
    rooms = {path.stem for path in (ROOT / "monitor").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}

    assert rooms - known - {"__init__", "__main__"} == set()


def test_no_pattern_has_a_possessive_group():
    """Before Python 3.11.5 such a group matches what is not there; single characters (`[^"]*+`) are right in all."""
    files = [path for folder in ("monitor", "connectors") for path in sorted((ROOT / folder).rglob("*.py"))]

    assert [place for path in files for place in _possessive_groups(path)] == []


def _possessive_groups(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if re.search(r"(?<![\\(])\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>", text):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_ignored_rule_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text()
    rules = re.findall(r'^    "[A-Z]+[0-9]{3,}",(.*)$', text, re.MULTILINE)

    assert rules
    assert all(comment.strip().startswith("# ") for comment in rules)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_the_systemd_unit_is_understood_by_systemd(tmp_path):
    unit = (ROOT / "packaging" / "review-monitor.service").read_text()
    program = re.search(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert program is not None
    here = tmp_path / "review-monitor.service"
    here.write_text(unit.replace(program[1], shutil.which("true") or ""))

    done = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert str(here) not in done.stderr


def test_the_image_and_the_units_start_what_there_is():
    for name in ("Dockerfile", "packaging/review-monitor.service"):
        assert "--health-port" in (ROOT / name).read_text()
    assert "WatchdogSec=" in (ROOT / "packaging" / "review-monitor.service").read_text()
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()
