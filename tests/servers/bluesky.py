"""Install and start the AT Protocol development network, the software that Bluesky runs, and run the tests against it.

python -m tests.servers.bluesky [FOLDER]      FOLDER keeps what was installed (360 MB) for the next time

It needs node with npm (from 20 on), and redis-server; PostgreSQL comes with the test tools.
https://github.com/bluesky-social/atproto/tree/main/packages/dev-env
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests import postgres

PACKAGE = "@atproto/dev-env@0.3.215"  # later ones want a node of 22 or more
NETWORK = Path(__file__).with_name("bluesky_network.mjs")
TESTS = Path(__file__).with_name("test_bluesky.py")


def missing() -> str | None:
    """Return a sentence about the first program that is not here, or None."""
    absent = [name for name in ("node", "npm", "redis-server") if shutil.which(name) is None]
    return f"the development network of Bluesky needs {absent[0]}, and it is not here" if absent else None


def installed(folder: Path) -> Path:
    """Return the folder, with the package in it. Raises SystemExit where it cannot be installed."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / "@atproto" / "dev-env").is_dir():
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", PACKAGE], cwd=folder, check=False)
        if done.returncode:
            raise SystemExit(f"{PACKAGE} could not be installed; npm says why above")
    return folder


@contextmanager
def redis() -> Iterator[str]:
    """Run a Redis that keeps nothing, for the time of a `with`; gives its host and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], **quiet
    ) as server:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


@contextmanager
def running(folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run the network for the time of a `with`; gives where it is. Raises SystemExit when it does not begin."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(["node", str(NETWORK)], cwd=folder, env={**os.environ, **env}, **pipes) as network:
        try:
            for line in network.stdout or ():
                if line.startswith('{"server"'):
                    yield line
                    return
            raise SystemExit("the development network of Bluesky did not begin; node says why above")
        finally:
            network.terminate()


def main() -> int:
    """Run the tests; returns what pytest does."""
    if why := missing():
        raise SystemExit(why)
    with tempfile.TemporaryDirectory() as temporary, postgres.server() as server, redis() as host:
        folder = installed(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())
        databases = postgres.Databases(server)
        try:
            address = databases.make().replace("+psycopg", "")
            with running(folder, {"DB_POSTGRES_URL": address, "REDIS_HOST": host}) as where:
                tests = [sys.executable, "-m", "pytest", "-q", "-m", "server", str(TESTS)]
                return subprocess.run(tests, env={**os.environ, "MONITOR_BLUESKY": where}, check=False).returncode
        finally:
            databases.close()


if __name__ == "__main__":
    sys.exit(main())
