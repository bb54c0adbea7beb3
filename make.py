"""Everything one does with a clone of this project. Needs python3 (3.11 or newer) and nothing else.

    python3 make.py demo            see the whole product at work, without an account anywhere
    python3 make.py test [...]      run the tests; what follows goes to pytest
    python3 make.py check [PART..]  what must be green before a commit: format, style, types, layers, packages, tests
    python3 make.py fix             put the code into its format and mend what can be mended
    python3 make.py bench [NAME..]  measure; all of bench/, or the ones named
    python3 make.py lock [...]      renew the lock files (needs uv); --upgrade goes to newer versions
    python3 make.py monitor ...     run the program itself, as in: python3 make.py monitor status

The first command builds `.venv` beside this file, from a lock file with hashes; a later one does so again only when
pyproject.toml or a lock has changed. Your own package index, certificates and proxy are used as pip knows them.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "make.py needs Python 3.11 or newer, and this is {}.{} ({}). Start it with a newer one\n"
        "(python3.12 make.py ...), or let uv bring one (uv run --python 3.12 make.py ...).".format(
            sys.version_info[0], sys.version_info[1], sys.executable
        )
    )

import base64
import configparser
import hashlib
import os
import re
import shlex
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CORE_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
CONTAINER_LOCK = "requirements-container.lock"
CONTAINER_EXTRAS = ("keys", "notify", "postgres", "xlsx")

# Only for a machine that has neither uv nor any pip. Both lines change together.
PIP_WHEEL = "pip-25.3-py3-none-any.whl"
PIP_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"

NO_PIP = """There is no pip on this machine, and I could not get one. Any one of these helps:
  - install it: on Debian and Ubuntu `apt install python3-venv`, elsewhere the package that brings pip;
  - install uv, and start again;
  - name a package index that this machine reaches: PIP_INDEX_URL=... python3 make.py ..."""

# One more than there are cores: tests wait, too, for programs that they start and servers that hang.
SIDE_BY_SIDE = ("--numprocesses", str((os.cpu_count() or 1) + 1), "--dist", "worksteal")

CHECKS: dict[str, Sequence[str]] = {
    "format": ("-m", "ruff", "format", "--check", "--quiet", "."),
    "style": ("-m", "ruff", "check", "--quiet", "."),
    "types": ("-m", "mypy", "--no-error-summary"),
    "layers": (
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
        "--no-logo",
    ),
    "packages": ("-m", "deptry", "."),
    "tests": ("-m", "pytest", "-q", *SIDE_BY_SIDE),
}


class Trouble(Exception):
    """A step that cannot be done; the message says what to do."""


# --- the environment -----------------------------------------------------------------------------


class Venv:
    """The `.venv` of one clone: builds it, and knows whether it is still the right one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.stamp = self.folder / "made-from"

    def wanted(self, *, dev: bool) -> str:
        """Return what the stamp says when all is well: how much is installed, and from what."""
        content = hashlib.sha256()
        for name in ("pyproject.toml", CORE_LOCK, DEV_LOCK):
            content.update(hashlib.sha256((self.root / name).read_bytes()).digest())
        # A clone that was moved, or a Python that was replaced under it, makes a new one necessary.
        content.update(f"{self.root}\n{os.path.realpath(self.python)}".encode())
        return f"{'dev' if dev else 'core'} {content.hexdigest()}\n"

    def is_ready(self, *, dev: bool) -> bool:
        """Say whether everything a command needs is there. What develops also runs."""
        if not self.python.exists() or not self.stamp.is_file():
            return False
        said = self.stamp.read_text()
        return said == self.wanted(dev=True) or (not dev and said == self.wanted(dev=False))

    def build(self, *, dev: bool) -> None:
        """Make it, or bring it up to date, and say how long that took."""
        # Once the tests could be run here they still can be after an update.
        dev = dev or (self.stamp.is_file() and self.stamp.read_text().startswith("dev "))
        self.stamp.unlink(missing_ok=True)
        began = time.monotonic()
        if not self.works():
            say(f"making {self.folder} with Python {sys.version_info.major}.{sys.version_info.minor}")
            shutil.rmtree(self.folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", "--without-pip", str(self.folder)])
        with tempfile.TemporaryDirectory() as scratch:
            name, install, env = installer(self.python, Path(scratch))
            lock = DEV_LOCK if dev else CORE_LOCK
            say(f"installing {lock} with {name} (a minute or two the first time)")
            run([*install, "--require-hashes", "--no-deps", "-r", str(self.root / lock)], env=env)
        self.link()
        self.stamp.write_text(self.wanted(dev=dev))
        say(f"ready after {time.monotonic() - began:.0f} s")

    def works(self) -> bool:
        """Say whether there is an environment whose Python still is the one it was made with."""
        site = self.site()
        return site is not None and self.folder in site.parents and site.is_dir()

    def site(self) -> Path | None:
        """Return the folder its packages are in, or None when its Python does not start."""
        found = output([str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        return Path(found.strip()) if found else None

    def link(self) -> None:
        """Let the environment find this clone's own code, and give it the command `monitor`."""
        site = self.site()
        if site is None:
            raise Trouble(f"{self.python} does not start. Remove {self.folder} and begin again.")
        (site / "review-monitor-clone.pth").write_text(f"{self.root}\n")
        command = self.folder / "bin" / "monitor"
        command.write_text(f"#!{self.python}\nimport sys\nfrom monitor.cli import main\nsys.exit(main())\n")
        command.chmod(0o755)


def ensure(*, dev: bool) -> Path:
    """Return the environment's Python, after building it where that is necessary."""
    venv = Venv(ROOT)
    if not venv.is_ready(dev=dev):
        venv.build(dev=dev)
    return venv.python


Installer = tuple[str, list[str], dict[str, str]]


def installer(python: Path, scratch: Path) -> Installer:
    """Return the best way to install packages here: its name, the command, and its environment.

    uv, pip, or, on a machine that has neither, pip's own wheel.
    """
    if uv := shutil.which("uv"):
        return "uv", [uv, "pip", "install", "--quiet", "--python", str(python)], uv_environment()
    quiet = ["install", "--quiet", "--no-input", "--no-compile", "--disable-pip-version-check"]
    inside = [str(python), "-m", "pip"]
    if output([*inside, "--version"]) is not None:
        return "pip", [*inside, *quiet], {}
    if output([str(python), "-m", "ensurepip"]) is not None:
        return "pip", [*inside, *quiet], {}
    outside = [sys.executable, "-m", "pip", "--python", str(python)]
    if output([*outside, "--version"]) is not None:
        return "pip", [*outside, *quiet], {}
    wheel = pip_wheel(scratch)
    return "pip's wheel", [str(python), f"{wheel}/pip", *quiet], {}


# --- pip, where there is none --------------------------------------------------------------------


def pip_wheel(scratch: Path) -> Path:
    """Return a wheel of pip: from the index that is configured, or else from the system's own packages."""
    if index := pip_setting("index-url"):
        say(f"fetching {PIP_WHEEL} from the configured package index")
        return wheel_from_index(index, scratch)
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        say("fetching pip from the system's package archive (installs nothing there)")
        if wheel := wheel_from_apt(scratch):
            return wheel
    raise Trouble(NO_PIP)


def wheel_from_index(index: str, scratch: Path) -> Path:
    """Download pip's wheel from a package index; its hash must be the one that stands in this file."""
    page_url = f"{index.rstrip('/')}/pip/"
    try:
        page = fetch(page_url).decode("utf-8", "replace")
        links = re.findall(r'href\s*=\s*["\']([^"\']+)', page)
        link = next((one for one in links if PIP_WHEEL in one), None)
        if link is None:
            raise Trouble(f"The configured package index does not have {PIP_WHEEL}.\n{NO_PIP}")
        content = fetch(urllib.parse.urljoin(page_url, link.partition("#")[0]))
    except (OSError, ValueError) as error:
        raise Trouble(f"The configured package index does not answer ({error}).\n{NO_PIP}") from error
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise Trouble(f"{PIP_WHEEL} from the configured package index is not the file it should be: not used.")
    wheel = scratch / PIP_WHEEL
    wheel.write_bytes(content)
    return wheel


def wheel_from_apt(scratch: Path) -> Path | None:
    """Take pip's wheel out of Debian's package; apt itself checks its signature. None where that fails."""
    download = ["apt-get", "-q", "download", "python3-pip-whl"]
    if output(download, cwd=scratch) is None:
        # No package lists on this machine, as in a fresh container: fetch them into our own folder.
        lists = [
            *("-o", f"Dir::State::lists={scratch}/lists"),
            *("-o", f"Dir::Cache={scratch}/cache"),
            *("-o", "Debug::NoLocking=1"),
        ]
        (scratch / "lists" / "partial").mkdir(parents=True)
        (scratch / "cache" / "archives" / "partial").mkdir(parents=True)
        output(["apt-get", "-q", *lists, "update"], cwd=scratch)
        output([download[0], *lists, *download[1:]], cwd=scratch)
    for package in scratch.glob("python3-pip-whl*.deb"):
        output(["dpkg-deb", "-x", str(package), str(scratch / "package")])
    return next((scratch / "package").glob("usr/share/python-wheels/pip-*.whl"), None)


def fetch(url: str) -> bytes:
    """Return what stands at an address. Proxies come from the environment or pip's settings."""
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(url)
    if parts.username:
        login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        request = urllib.request.Request(urllib.parse.urlunsplit(bare))
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    context = ssl.create_default_context(cafile=pip_setting("cert"))
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
    if proxy := pip_setting("proxy"):
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    with urllib.request.build_opener(*handlers).open(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def pip_setting(name: str) -> str | None:
    """Return one of the user's own pip settings: from the environment, or else from pip's files."""
    if value := os.environ.get("PIP_" + name.upper().replace("-", "_")):
        return value
    home = Path.home()
    files = [
        *(Path(folder) / "pip" / "pip.conf" for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")),
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf",
        home / "Library" / "Application Support" / "pip" / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE") or os.devnull),
    ]
    parser = configparser.RawConfigParser(strict=False)
    parser.read(files)
    for section in ("install", "global"):
        if value := parser.get(section, name, fallback=None):
            return value.strip()
    return None


def uv_environment() -> dict[str, str]:
    """Return pip's settings under the names that uv knows; what is set for uv itself comes first."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "find-links": "UV_FIND_LINKS",
        "no-index": "UV_NO_INDEX",
        "trusted-host": "UV_INSECURE_HOST",
        "cert": "SSL_CERT_FILE",
        "proxy": "ALL_PROXY",
    }
    found = {uv: pip_setting(pip) for pip, uv in names.items()}
    found["UV_FIND_LINKS"] = ",".join((found["UV_FIND_LINKS"] or "").split())  # pip puts spaces between them
    return {name: value for name, value in found.items() if value and name not in os.environ}


# --- running things ------------------------------------------------------------------------------


def say(line: str) -> None:
    """Tell about a step, beside the output of the command itself."""
    print(f"make.py: {line}", file=sys.stderr, flush=True)


def run(command: Sequence[str], env: dict[str, str] | None = None) -> None:
    """Run a step that must succeed. Raises Trouble with the command that did not."""
    status = subprocess.run(command, env={**os.environ, **(env or {})}).returncode
    if status:
        raise Trouble(f"this did not work (exit code {status}): {shlex.join(command)}")


def output(command: Sequence[str], cwd: Path | None = None) -> str | None:
    """Return what a program prints, or None when it is not there or does not succeed."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def become(python: Path, arguments: Sequence[str]) -> int:
    """Turn into another program, so that signals and exit codes are its own."""
    # So that the program can say what to type next.
    os.environ["MONITOR_STARTED_AS"] = f"{shlex.join(sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1])} monitor"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [str(python), *arguments])


# --- the commands --------------------------------------------------------------------------------


def demo(arguments: Sequence[str]) -> int:
    """Show the whole product at work."""
    return become(ensure(dev=False), ["-m", "monitor", "demo", *arguments])


def monitor(arguments: Sequence[str]) -> int:
    """Run the program itself, in the folder one stands in."""
    return become(ensure(dev=False), ["-m", "monitor", *arguments])


def keep_bytecode() -> None:
    """Let Python keep what it has compiled, in the environment's own folder: each of the tests' processes needs it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".venv" / "pycache"))


def test(arguments: Sequence[str]) -> int:
    """Run the tests: all of them side by side; those that are asked for as pytest would."""
    python = ensure(dev=True)
    keep_bytecode()
    os.chdir(ROOT)
    return become(python, ["-m", "pytest", *(arguments or SIDE_BY_SIDE)])


def check(arguments: Sequence[str]) -> int:
    """Run every part, or the ones named, to the end; say at last which failed."""
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"make.py check: there is no part {unknown[0]!r}. Known: {', '.join(CHECKS)}.", file=sys.stderr)
        return 2
    python = str(ensure(dev=True))
    keep_bytecode()
    parts = list(arguments) or list(CHECKS)
    failed = []
    for name in parts:
        say(f"check {name}")
        if subprocess.run([python, *CHECKS[name]], cwd=ROOT).returncode:
            failed.append(name)
    verdict = f"failed: {', '.join(failed)}" if failed else "all green"
    print(f"check: {len(parts) - len(failed)} of {len(parts)} parts passed, {verdict}", flush=True)
    return 1 if failed else 0


def fix(arguments: Sequence[str]) -> int:
    """Mend what can be mended, then format."""
    python = str(ensure(dev=True))
    mended = subprocess.run([python, "-m", "ruff", "check", "--fix", ".", *arguments], cwd=ROOT).returncode
    formatted = subprocess.run([python, "-m", "ruff", "format", "."], cwd=ROOT).returncode
    return mended or formatted


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks named, or all; options go to each of them."""
    known = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py")) if not path.stem.startswith("_")}
    options = [one for one in arguments if one.startswith("-")]
    names = [one for one in arguments if not one.startswith("-")] or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"make.py bench: there is no {unknown[0]!r}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    python = str(ensure(dev=True))
    failed = [name for name in names if subprocess.run([python, str(known[name]), *options], cwd=ROOT).returncode]
    if failed:
        print(f"bench: failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def lock(arguments: Sequence[str]) -> int:
    """Write the lock files anew: for every platform, every Python from 3.11 on, without the name of any index."""
    uv = shutil.which("uv")
    if uv is None:
        raise Trouble("The lock files are written by uv, and there is none on PATH. Install it and start again.")
    compile_ = [
        *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-find-links", "--annotation-style", "line"),
        *("--custom-compile-command", "python3 make.py lock"),
        *arguments,
        "pyproject.toml",
    ]
    os.chdir(ROOT)
    run([*compile_, "--all-extras", "--output-file", DEV_LOCK], env=uv_environment())
    # The core is a part of it: the tests run what the users run.
    run([*compile_, "--constraints", DEV_LOCK, "--output-file", CORE_LOCK], env=uv_environment())
    extras = [f"--extra={name}" for name in CONTAINER_EXTRAS]
    run([*compile_, *extras, "--constraints", DEV_LOCK, "--output-file", CONTAINER_LOCK], env=uv_environment())
    say(f"wrote {DEV_LOCK}, {CORE_LOCK} and {CONTAINER_LOCK}")
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    command.__name__: command for command in (demo, test, check, fix, bench, lock, monitor)
}


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns 2 and says how it is used when there is no such command."""
    if arguments and arguments[0] in ("help", "-h", "--help"):
        print(__doc__)
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        if arguments:
            print(f"make.py: there is no command {arguments[0]!r}.\n", file=sys.stderr)
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except Trouble as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
