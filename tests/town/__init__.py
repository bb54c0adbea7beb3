"""A made-up town on loopback: sites that change, a Slack-shaped receiver, a mail server, and a configuration.

The fakes stand at the two edges only; everything between is the product as it is.
"""

from __future__ import annotations

import json
import socket
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

CONNECTORS = Path(__file__).parent / "connectors"
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def review(number: int, **changes: Any) -> dict[str, Any]:
    """Return one review as the town's site shows it, valid by default."""
    return {
        "id": f"r{number}",
        "stars": 5,
        "text": f"Lovely place, will come again, visit number {number}.",
        "author": f"Visitor {number}",
        "created": (START - timedelta(minutes=number)).isoformat(),
        "language": "en",
        **changes,
    }


def bad(number: int, **changes: Any) -> dict[str, Any]:
    """Return a one-star review."""
    text = f"Waited 40 minutes for two coffees, then they were cold. Table {number}."
    return review(number, **{"stars": 1, "text": text, **changes})


@dataclass(frozen=True)
class Asked:
    """One request as a made-up site sees it. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Answer:
    """What a made-up site answers. Dicts and lists go out as JSON."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the bytes of the body."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()


Route = Callable[[Asked], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle is what some tests are about."""


class Site:
    """A review site: places with reviews, newest first, and ways to misbehave."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.places: dict[str, list[dict[str, Any]]] = {}
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.routes: dict[str, Route] = {}  # whole sites of their own, by how their paths begin
        self.answer: Callable[[str, BaseHTTPRequestHandler], bool] | None = None
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def shows(self, place: str, *reviews: dict[str, Any]) -> None:
        """Let a place show exactly these."""
        with self.lock:
            self.places[place] = list(reviews)

    def publishes(self, place: str, *reviews: dict[str, Any]) -> None:
        """Let a place show these in front of what it shows."""
        with self.lock:
            self.places[place] = [*reviews, *self.places.get(place, [])]

    def serves(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer a path with these bytes."""
        with self.lock:
            self.pages[path] = (status, {k.replace("_", "-"): v for k, v in headers.items()}, body)

    def _handler(site: Site) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # the server is the outer self
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                site.asked.append(self.path)
                if site.answer is not None and site.answer(self.path, self):
                    return
                self._say(*(site._routed(self, b"") or site._page(self.path)))

            def do_POST(self) -> None:
                site.asked.append(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._say(*(site._routed(self, body) or (404, {}, b"not found")))

            def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler

    def _routed(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        parts = urlsplit(handler.path)
        route = next((found for begin, found in self.routes.items() if parts.path.startswith(begin)), None)
        if route is None:
            return None
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in handler.headers.items()}
        answer = route(Asked(handler.command, parts.path, query, headers, body))
        kind = "text/plain" if isinstance(answer.body, bytes) else "application/json"
        return answer.status, {"Content-Type": kind, **answer.headers}, answer.content()

    def _page(self, path: str) -> tuple[int, dict[str, str], bytes]:
        with self.lock:
            if path in self.pages:
                return self.pages[path]
            parts = urlsplit(path)
            if parts.path in self.pages:
                return self.pages[parts.path]
            steps = parts.path.strip("/").split("/")
            if len(steps) < 3 or steps[0] != "api":
                return 404, {}, b"not found"
            shown = self.places.get(steps[1], [])
            if len(steps) == 4:
                shown = [one for one in shown if one["id"] == steps[3]]
                if not shown:
                    return 404, {}, b"{}"
            query = parse_qs(parts.query)
            size, offset = int(query.get("size", ["100"])[0]), int(query.get("offset", ["0"])[0])
            page = shown[offset : offset + size]
            more = offset + size < len(shown)
            host = "https://reviews.town.example"
            following = f"{host}{parts.path}?size={size}&offset={offset + size}" if more else None
            stars = [one["stars"] for one in shown if one.get("stars") is not None]
            body = {"reviews": page, "next": following}
            if stars and len(steps) < 4:  # one review by itself says nothing of its place
                body["total"] = {"count": len(shown), "average": round(sum(stars) / len(stars), 2)}
            return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


class Slack:
    """Takes what would go to Slack: incoming webhooks, and the two methods a bot token needs."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.posts: list[dict[str, Any]] = []
        self.behave: Callable[[BaseHTTPRequestHandler], bool] | None = None
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop taking."""
        self.server.shutdown()
        self.server.server_close()

    def texts(self) -> list[str]:
        """Return everything that was posted, each as one string."""
        return [json.dumps(post, ensure_ascii=False) for post in self.posts]

    def _handler(slack: Slack) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # the server is the outer self
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if slack.behave is not None and slack.behave(self):
                    return
                with slack.lock:
                    slack.posts.append(json.loads(body))
                answer = b"ok"
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mail:
    """A real mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuse: str | None = None
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        """Stop taking."""
        self._controller.stop()

    async def handle_DATA(  # noqa: N802  # the mail server's name for it
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Keep a message, or refuse it."""
        if self.refuse:
            return self.refuse
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append(message)  # type: ignore[arg-type]  # the default policy makes EmailMessage
        return "250 OK"


@dataclass
class Town:
    """Everything together, and a folder for the configuration and the database."""

    folder: Path
    site: Site = field(default_factory=Site)
    slack: Slack = field(default_factory=Slack)
    mail: Mail = field(default_factory=Mail)

    def close(self) -> None:
        """Stop all servers."""
        for part in (self.site, self.slack, self.mail):
            part.close()

    def configure(
        self,
        *,
        places: Sequence[str] = ("quay",),
        every: str = "1 min",
        database: str | None = None,
        channels: Sequence[str] = ("slack", "mail"),
        extra: str = "",
        monitor: str = "",
        source: str = "",
        channel: str = "",
    ) -> Path:
        """Write a configuration that watches these places and tells these channels."""
        parts = [
            "[monitor]",
            f'database = "{database or "sqlite:///monitor.db"}"',
            'timezone = "Europe/London"',
            'contact = "ops@town.example"',
            f'own_connectors = "{CONNECTORS}"',
            f"operator = {json.dumps([list(channels)[-1]])}" if channels else "",
            monitor,
        ]
        for place in places:
            parts += [
                "[[sources]]",
                f'name = "{place}"',
                'connector = "town_reviews"',
                f'place = "{place}"',
                f'every = "{every}"',
                f'base_url = "{self.site.url}"',
                "allow_private = true",
                source,
            ]
        if "slack" in channels:
            parts += [
                "[[channels]]",
                'name = "slack"',
                'notifier = "slack"',
                'webhook_url = { env = "SLACK_WEBHOOK_URL" }',
                f'base_url = "{self.slack.url}"',
                "allow_private = true",
                channel,
            ]
        if "mail" in channels:
            parts += [
                "[[channels]]",
                'name = "mail"',
                'notifier = "email"',
                'host = "127.0.0.1"',
                f"port = {self.mail.port}",
                'security = "none"',
                'from = "monitor@town.example"',
                'to = ["mara@town.example"]',
                channel,
            ]
        text = "\n".join([*parts, extra]) + "\n"
        tomllib.loads(text)
        path = self.folder / "monitor.toml"
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def env(self) -> dict[str, str]:
        """Return the secrets a configuration of this town names."""
        return {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/made-up-secret"}


@contextmanager
def a_town(folder: Path) -> Iterator[Town]:
    """Open a town for the time of a block."""
    town = Town(folder)
    try:
        yield town
    finally:
        town.close()
