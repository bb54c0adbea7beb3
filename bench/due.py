"""A thousand sources due at once: how much of the time is spent waiting for the sites.

    python3 bench/due.py [--sources 1000] [--workers 32]

1,000 sources on 1,000 host names, one local server that takes 200 ms to answer, 32 workers: the real daemon from
due to stored. The bound is sources × 0.2 s ÷ workers; bound ÷ measured is printed, at least 0.8 is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor import clock, config, logs
from monitor.daemon import Daemon
from monitor.http import Door
from monitor.store import open_store

ANSWERS_IN = 0.2  # seconds


class Server:
    """Answers every request after 200 ms with one review, whatever the host name."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True).start()
        started.wait()

    async def _serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                number = self.asked
                await asyncio.sleep(ANSWERS_IN)
                item = {"id": f"r{number}", "content_text": f"All fine, {number}."}
                body = json.dumps({"items": [item]}).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/feed+json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def configuration(count: int, port: int) -> str:
    """Return a configuration of so many sources, each on a host of its own."""
    parts = ['[monitor]\ndatabase = "sqlite:///monitor.db"\ntimezone = "UTC"\nown_connectors = "own"\n']
    parts.append('[[channels]]\nname = "out"\nnotifier = "webhook"\nurl = { env = "HOOK" }\n')
    for number in range(count):
        url = f"http://site{number}.town.example:{port}/feed"
        parts.append(
            f'[[sources]]\nname = "s{number}"\nconnector = "one_page"\nurl = "{url}"\n'
            f'base_url = "http://site{number}.town.example:{port}"\nallow_private = true\n'
        )
    return "\n".join(parts)


CONNECTOR = '''"""One page of a made-up site."""

from collections.abc import Iterable

from monitor.connector import Connector, ConnectorConfig, Page, RawMention, Request, Response, Since


class OnePageConfig(ConnectorConfig):
    """Settings."""

    url: str


class OnePage(Connector[OnePageConfig]):
    """Read one page."""

    Config = OnePageConfig
    sees = "One page."

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for it."""
        yield Request(self.config.url)

    def parse(self, response: Response) -> Page:
        """Read it."""
        return Page.read(response.json()["items"], lambda item: RawMention(item["id"], item["content_text"]))
'''


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--sources", type=int, default=1000)
    arguments.add_argument("--workers", type=int, default=32)
    given = arguments.parse_args()
    logs.use("error")
    server = Server()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "own").mkdir()
        (folder / "own" / "one_page.py").write_text(CONNECTOR, encoding="utf-8")
        path = folder / "monitor.toml"
        path.write_text(configuration(given.sources, server.port), encoding="utf-8")
        settings = config.load(path, {"HOOK": "https://out.example/hook"})
        store = open_store(settings.database, now=clock.now())
        door = Door(contact=None, version="bench", resolver=lambda _: ["127.0.0.1"])
        daemon = Daemon(settings, store, workers=given.workers, door=door)
        daemon.prepare()
        daemon.until_idle(timedelta(minutes=5))  # the first look at each, with its summary
        before = daemon.counts.looks
        daemon.make_all_due()
        began = time.perf_counter()
        daemon.until_idle(timedelta(minutes=2))
        seconds = time.perf_counter() - began
        daemon.close()
        looks, new, failed = daemon.counts.looks - before, daemon.counts.new, daemon.counts.failed_looks
        store.close()
    bound = given.sources * ANSWERS_IN / given.workers
    print(f"{looks} looks, {new} new, {failed} failed in {seconds:.2f} s; the bound is {bound:.2f} s")
    print(f"bound ÷ measured: {bound / seconds:.2f} (asked for: 0.8)")


if __name__ == "__main__":
    main()
