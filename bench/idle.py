"""What the daemon weighs when nothing happens, and how long the command line takes to say hello.

    python3 bench/idle.py

Prints the memory of an idle daemon with its parser child (PSS, from the kernel; asked for: at most 100 MB together)
and the start-up of `monitor --help` beside `python -c "import pandas"` in the same run (asked for: under half).
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CONFIGURATION = """
[monitor]
database = "sqlite:///monitor.db"
timezone = "UTC"
[[sources]]
name = "blog"
connector = "feed"
url = "http://127.0.0.1:9/feed"
base_url = "http://127.0.0.1:{port}"
allow_private = true
[[channels]]
name = "out"
notifier = "console"
"""
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>x</title><link>https://x.example</link>
<item><guid>1</guid><title>A good day</title><description>All fine here, thank you.</description></item>
</channel></rss>"""


def serve() -> int:
    """Serve one feed on loopback and return the port."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(FEED)))
            self.end_headers()
            self.wfile.write(FEED)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        found += [int(child) for child in children.read_text().split()] if children.exists() else []
    return found


def memory(pid: int) -> tuple[float, float]:
    """Return PSS and RSS in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss, rss = (int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1]) for name in ("Pss", "Rss"))  # type: ignore[index]
    return pss / 1024, rss / 1024


def idle() -> None:
    """Start the daemon, let it read one feed, and weigh it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "monitor.toml"
        path.write_text(CONFIGURATION.format(port=serve()), encoding="utf-8")
        command = [sys.executable, "-m", "monitor", "run", "--config", str(path)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            if "source polled" in line:
                break
        time.sleep(3)
        total = 0.0
        for pid in family(process.pid):
            pss, rss = memory(pid)
            total += pss
            what = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:60]
            print(f"  pid {pid}: {pss:.0f} MiB PSS, {rss:.0f} MiB RSS  {what}")
        print(f"idle daemon with its parser child: {total:.0f} MiB (asked for: at most 100)")
        process.terminate()
        process.wait(20)


def seconds(command: list[str], runs: int = 7) -> float:
    """Return the median time of a command."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env={**os.environ, "COLUMNS": "80"})
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    idle()
    hello = seconds([sys.executable, "-m", "monitor", "--help"])
    pandas = seconds([sys.executable, "-c", "import pandas"])
    ratio = hello / pandas
    print(f"monitor --help {hello:.2f} s, import pandas {pandas:.2f} s: ratio {ratio:.2f} (asked for: under 0.5)")


if __name__ == "__main__":
    main()
