"""Install and start mastodon-mock, an imitation of a Mastodon server, and run the tests against it.

python -m tests.servers.mastodon [FOLDER]      FOLDER keeps what was installed for the next time

https://mastodon-mock.readthedocs.io/en/latest/
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "mastodon-mock==0.6.1"
PATIENCE = 60  # seconds until it has to answer
TESTS = Path(__file__).with_name("test_mastodon.py")


def installed(folder: Path) -> Path:
    """Return the interpreter of an environment that has the server; it is made when it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return python


@contextmanager
def running(python: Path) -> Iterator[str]:
    """Run a server with some people on it, for the time of a `with`; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--in-memory", "--demo", "--log-level", "warning"]
    server = subprocess.Popen([str(python), "-m", "mastodon_mock", "serve", *options], cwd=tempfile.gettempdir())
    try:
        wait_for(f"http://127.0.0.1:{port}/api/v2/instance", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when an address answers. Raises SystemExit when the server has ended, or does not begin."""
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)  # another program starts
        else:
            return
    raise SystemExit(f"mastodon-mock did not answer at {address}")


def main() -> int:
    """Run the tests; returns what pytest does."""
    with tempfile.TemporaryDirectory() as temporary:
        python = installed(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())
        with running(python) as address:
            tests = [sys.executable, "-m", "pytest", "-q", "-m", "server", str(TESTS)]
            return subprocess.run(tests, env={**os.environ, "MONITOR_MASTODON": address}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
