"""Start WordPress on this machine, in a folder of its own, and run the tests against it.

python -m tests.servers.wordpress      installs it where it is missing and may be (Debian, as root)

A database (MariaDB) and PHP's own web server, both on loopback, with a site that is set up anew each time; nothing of
the system's own servers is touched. https://wordpress.org/documentation/
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

PACKAGES = ("wordpress", "mariadb-server", "php-cli", "php-mysql")
SOFTWARE = Path("/usr/share/wordpress")
FUNCTIONS = Path(__file__).with_suffix(".php")
TESTS = Path(__file__).with_name("test_wordpress.py")
USER = "mysql"  # whose name the servers run under when root starts them
PATIENCE = 60  # seconds until something has to answer
# Small, and without a care for what a power cut would leave.
DATABASE = (
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-log-bin",
    "--skip-networking",
)

CONFIG = """<?php
define('DB_NAME', 'site');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{folder}/database/socket');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_DEFAULT_THEME', 'tests');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
require ABSPATH . 'wp-settings.php';
"""
# Guests may write as fast as a test does, nobody gets mail, and an option shuts the API to who is not logged in.
# https://developer.wordpress.org/rest-api/frequently-asked-questions/#require-authentication-for-all-requests
FOR_TESTS = """<?php
add_filter('comment_flood_filter', '__return_false');
add_filter('pre_wp_mail', '__return_true');
add_filter('rest_authentication_errors', function ($result) {
    $shut = get_option('for_members_only') && !is_user_logged_in();
    return $shut ? new WP_Error('rest_not_logged_in', 'You are not logged in.', array('status' => 401)) : $result;
});
"""
THEME = {
    "style.css": "/* Theme Name: Tests */",
    "index.php": "<!doctype html><html><head><?php wp_head(); ?></head><body>Welcome.</body></html>",
}


@dataclass(frozen=True)
class WordPress:
    """A site that runs."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://127.0.0.1:{self.port}"

    def calls(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Run functions of WordPress inside the site, each a name with its arguments; returns what each one gave."""
        command = ["php", str(FUNCTIONS), str(self.folder / "site")]
        done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        results: list[Any] = json.loads(done.stdout)
        return results

    def call(self, name: str, *arguments: Any) -> Any:
        """Run one function of WordPress inside the site; returns what it gave."""
        return self.calls([[name, *arguments]])[0]

    def sends(self, path: str, **form: str) -> bytes:
        """Send a form of the site's pages; returns the page that comes. Raises HTTPError where it is refused."""
        with urlopen(self.address + path, urlencode(form).encode(), timeout=PATIENCE) as answer:
            page: bytes = answer.read()
            return page


def why_not() -> str | None:
    """Return the sentence that says why it cannot be started here, or None."""
    if not SOFTWARE.is_dir() or any(shutil.which(name) is None for name in ("mariadbd", "mariadb-install-db", "php")):
        return f"WordPress is not installed here: as root, python -m tests.servers.wordpress ({', '.join(PACKAGES)})."
    return None


@contextmanager
def running() -> Iterator[WordPress]:
    """Run a new site for the time of a `with`: one post, its comment, and the user number 1."""
    with tempfile.TemporaryDirectory(prefix="wordpress-") as temporary, ExitStack() as servers:
        folder = Path(temporary)
        folder.chmod(0o755)
        site = WordPress(folder, _free_port())
        _copy(folder)
        servers.enter_context(_database(folder))
        servers.enter_context(_pages(site))
        who = {"user_name": "boss", "admin_email": "boss@acme.example", "blog_public": "1"}
        password = secrets.token_hex()
        form = {**who, "weblog_title": "Acme", "admin_password": password, "admin_password2": password}
        site.sends("/wp-admin/install.php?step=2", **form)
        yield site


def _copy(folder: Path) -> None:
    """Copy the software: where it lies, it reads the system's own settings."""
    shutil.copytree(SOFTWARE, folder / "site", ignore_dangling_symlinks=True)
    (folder / "site" / "wp-config.php").write_text(CONFIG.format(folder=folder))
    content = folder / "site" / "wp-content"
    files = {"mu-plugins/tests.php": FOR_TESTS} | {f"themes/tests/{name}": text for name, text in THEME.items()}
    for name, text in files.items():
        (content / name).parent.mkdir(exist_ok=True)
        (content / name).write_text(text)


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    where = [f"--datadir={folder}/database", *([f"--user={USER}"] if _user() else [])]
    with (folder / "database.log").open("wb") as log:
        quiet: dict[str, Any] = {"stdout": log, "stderr": log}
        make = ["mariadb-install-db", "--no-defaults", *where, "--auth-root-authentication-method=normal"]
        subprocess.run([*make, "--skip-test-db"], check=True, **quiet)
        command = [
            "mariadbd",
            "--no-defaults",
            *where,
            f"--socket={folder}/database/socket",
            f"--pid-file={folder}/database/pid",
        ]
        server = subprocess.Popen([*command, *DATABASE], **quiet)
        try:
            _wait_for(server, str(folder / "database" / "socket"), folder / "database.log")
            make = ["mariadb", "--no-defaults", f"--socket={folder}/database/socket", "--user=root"]
            subprocess.run([*make, "--execute=create database site character set utf8mb4"], check=True, **quiet)
            yield
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _pages(site: WordPress) -> Iterator[None]:
    """Run PHP's web server, in a session of its own: its two workers are ended with it."""
    command = ["php", "-d", "display_errors=0", "-S", f"127.0.0.1:{site.port}", "-t", str(site.folder / "site")]
    with (site.folder / "pages.log").open("wb") as log:
        workers = {**os.environ, "PHP_CLI_SERVER_WORKERS": "2"}  # setting up, the site asks itself for a page
        server = subprocess.Popen(command, stdout=log, stderr=log, env=workers, user=_user(), start_new_session=True)
        try:
            _wait_for(server, ("127.0.0.1", site.port), site.folder / "pages.log")
            yield
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # its workers, too: they outlive it
            server.wait()


def _user() -> str | None:
    return USER if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(server: subprocess.Popen[bytes], address: str | tuple[str, int], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as knocking:
            if knocking.connect_ex(address) == 0:
                return
        time.sleep(0.1)  # another program starts
    raise AssertionError(f"{server.args!r} did not answer: {log.read_text(errors='replace')}")


def main() -> int:
    """Install it where it is missing, and run the tests; returns what pytest does."""
    if why_not() and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES], check=True)
    tests = [sys.executable, "-m", "pytest", "-q", "-m", "slow or server", str(TESTS)]
    return subprocess.run(tests, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
