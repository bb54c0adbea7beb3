"""The listener: /healthz and /metrics, and /push/NAME for what sites and programs push to the source of that name.

A push is answered with 2xx only when what it brought is stored, and with a reason otherwise: 401 not believed, 404 no
such source, 405, 411, 413 and 415 no JSON body of a known and bearable length, 422 another shape, 429 too many, 503 not
now.

`/healthz` answers 200 while the loop ticks, 503 when it stands still: a container or a load balancer
may then start it anew. `/metrics` speaks the Prometheus text format; labels are names from the
configuration, never anything a site sent. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor import __version__
from monitor.clock import Clock
from monitor.errors import MonitorError, ParseError, RefusedError, UsageError
from monitor.polling import Taken
from monitor.store import Connection, Store, alerts, cases, sources

STANDS_STILL = timedelta(minutes=3)
MOST_LABELS = 1_000  # series of one metric; more sources than that are counted by health only
LONGEST = 5.0  # seconds for a whole request, and again for its answer
MOST_AT_ONCE = 16  # connections; one more is closed at once
MOST_PUSHES = 12  # of them that bring something: whoever asks whether all is well finds a free one
MOST_UNREAD = 64 * 1024  # bytes of a body that nobody asked for
MOST_PUSHED = 1024 * 1024  # bytes of a push
MOST_DRAINED = 16 * MOST_PUSHED  # bytes of a longer one that are read so that its sender hears why it was refused
GREETING = re.compile(r"[A-Za-z0-9._~-]{1,200}")  # what a site may ask us to repeat
PUSH = "/push/"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


class Postbox(Protocol):
    """Takes in what is pushed. What is not taken raises a MonitorError whose kind says why."""

    def takes(self, name: str) -> bool:
        """Say whether there is a source of that name to which things are pushed."""

    def greet(self, name: str, params: Mapping[str, str]) -> str:
        """Return what a site wants to read before it pushes."""

    def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Store what was pushed."""

    def refuse(self, name: str, why: str) -> None:
        """Count what was refused before it was read."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the listener asks the daemon for. `counts` gives totals since the start by name."""

    store: Store
    now: Clock
    counts: Callable[[], dict[str, int]]
    beaten_at: Callable[[], datetime]
    postbox: Postbox | None = None


class _Numbers:
    """Collects the numbers anew at every scrape."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        now = self._watched.now()
        with self._watched.store.read() as conn:
            yield from _totals(self._watched.counts())
            ticked = (now - self._watched.beaten_at()).total_seconds()
            yield GaugeMetricFamily("monitor_ticked_seconds_ago", "seconds since the loop ticked", value=ticked)
            yield from _sources(conn, now)
            yield from _work(conn, now)


def _totals(counts: dict[str, int]) -> Iterator[Metric]:
    for name, value in counts.items():
        yield CounterMetricFamily(f"monitor_{name}", f"{name.replace('_', ' ')} since the start", value=value)


def _sources(conn: Connection, now: datetime) -> Iterator[Metric]:
    states = sources.all_active(conn)
    healths = GaugeMetricFamily("monitor_sources", "sources by health", labels=["health"])
    by_health: dict[str, int] = {}
    for state in states:
        by_health[state.health] = by_health.get(state.health, 0) + 1
    for health, count in sorted(by_health.items()):
        healths.add_metric([health], count)
    yield healths
    age = GaugeMetricFamily(
        "monitor_source_seen_seconds_ago", "seconds since a source was last seen completely", labels=["source"]
    )
    for state in states[:MOST_LABELS]:
        if state.last_good_at is not None:
            age.add_metric([state.name], (now - state.last_good_at).total_seconds())
    yield age


def _work(conn: Connection, now: datetime) -> Iterator[Metric]:
    deliveries = GaugeMetricFamily("monitor_deliveries", "messages by state", labels=["state"])
    for state, count in sorted(alerts.counts(conn).items()):
        deliveries.add_metric([state], count)
    yield deliveries
    summary = cases.summary(conn, now)
    yield GaugeMetricFamily("monitor_cases_open", "cases that wait for an answer", value=summary["open"])
    yield GaugeMetricFamily("monitor_cases_overdue", "of these overdue", value=summary["overdue"])


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server_version = f"ReviewMonitor/{__version__}"
    sys_version = ""
    timeout = LONGEST
    error_message_format = "%(code)d\n"  # nothing of the request is repeated
    error_content_type = TEXT
    server: _Server

    def setup(self) -> None:
        """Give the whole request its time: a byte now and then does not keep the line."""
        super().setup()
        self._end = threading.Timer(LONGEST, self._hang_up)
        self._end.daemon = True
        self._end.start()

    def finish(self) -> None:
        """Let go of the line."""
        self._end.cancel()
        super().finish()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def do_GET(self) -> None:
        """Answer the paths there are."""
        self._end.cancel()
        path, _, query = self.path.partition("?")
        if path == "/healthz":
            self._healthz()
        elif path == "/metrics":
            self._metrics()
        elif path.startswith(PUSH):
            self._greet(unquote(path.removeprefix(PUSH)), query)
        else:
            self._answer(404, b"not found\n", TEXT)

    def do_POST(self) -> None:
        """Take in what is pushed."""
        path = self.path.partition("?")[0]
        if not path.startswith(PUSH):
            self._refuse()
            return
        name = unquote(path.removeprefix(PUSH))
        postbox = self.server.watched.postbox
        if postbox is None or not postbox.takes(name):
            self._no(404, "there is no source of this name to which things are pushed")
            self._drain()
        elif (wrong := self._unreadable()) is not None:
            postbox.refuse(name, wrong[1])
            self._no(*wrong)
            self._drain()
        elif not self.server.pushes.acquire(blocking=False):
            postbox.refuse(name, "too many at the same time")
            self._no(503, "too many at the same time: send it again", timedelta(seconds=1))
            self._drain()
        else:
            try:
                self._read(postbox, name)
            finally:
                self.server.pushes.release()

    def _read(self, postbox: Postbox, name: str) -> None:
        body = self.rfile.read(length := int(self.headers["Content-Length"]))
        self._end.cancel()
        if len(body) == length:  # else it was too slow, or went away
            self._take(postbox, name, body)

    def _unreadable(self) -> tuple[int, str] | None:
        """Return why the body is not even read, with the status that says so; None when it is."""
        if self.headers.get_content_type() != JSON:
            return 415, f"send Content-Type: {JSON}"
        length = self.headers.get("Content-Length") or ""
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or len(length) > 12:
            return 411, "say how long the body is: Content-Length, and no Transfer-Encoding"
        if int(length) > MOST_PUSHED:
            return 413, f"more than {MOST_PUSHED // 1024} KiB: send fewer reviews at once"
        return None

    def _take(self, postbox: Postbox, name: str, body: bytes) -> None:
        try:
            taken = postbox.take(name, dict(self.headers.items()), body)
        except MonitorError as error:
            self._no(_status_of(error), str(error), error.retry_after)
        else:
            stored = {"new": taken.new, "edited": taken.edited, "known": taken.known}
            self._answer(200, json.dumps(stored).encode() + b"\n", JSON)

    def _greet(self, name: str, query: str) -> None:
        """Answer a site that asks whether the address is ours."""
        postbox = self.server.watched.postbox
        if postbox is None or not postbox.takes(name):
            self._no(404, "there is no source of this name to which things are pushed")
        elif not query:
            self._no(405, "things are posted here", allow="POST")
        else:
            try:
                words = postbox.greet(name, dict(parse_qsl(query, max_num_fields=20)))
            except (UsageError, ValueError, KeyError) as error:
                self._no(403, str(error) if isinstance(error, UsageError) else "that is no question I know")
            else:
                if GREETING.fullmatch(words):
                    self._answer(200, words.encode(), TEXT)
                else:
                    self._no(403, "that is no question I know")

    def _no(self, status: int, why: str, wait: timedelta | None = None, *, allow: str | None = None) -> None:
        again = {"Retry-After": str(max(1, round(wait.total_seconds())))} if wait else {}
        self._answer(status, json.dumps({"error": why}).encode() + b"\n", JSON, allow=allow, headers=again)

    def _drain(self) -> None:
        """Read what comes behind a refusal, for a while: a line closed with something unread loses the answer."""
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            read = 0
            while read < MOST_DRAINED and (part := self.rfile.read1(MOST_UNREAD)):
                read += len(part)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any other method
            return self.do_GET if name == "do_HEAD" else self._refuse
        raise AttributeError(name)

    def _refuse(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if length.isdecimal():  # a line closed with something unread loses the answer
            self.rfile.read(min(int(length), MOST_UNREAD))
        self._answer(405, b"GET and HEAD only\n", TEXT, allow="GET, HEAD")

    def _healthz(self) -> None:
        watched = self.server.watched
        still = watched.now() - watched.beaten_at()
        well = still < STANDS_STILL
        body = {"status": "ok" if well else "stands still", "ticked_seconds_ago": int(still.total_seconds())}
        self._answer(200 if well else 503, json.dumps(body).encode() + b"\n", "application/json")

    def _metrics(self) -> None:
        try:
            body = generate_latest(self.server.registry)
        except MonitorError as error:
            log.warning("metrics not collected", why=str(error)[:300])
            self._answer(503, b"the database cannot be read\n", TEXT)
        else:
            self._answer(200, body, METRICS)

    def _answer(
        self,
        status: int,
        body: bytes,
        content_type: str,
        *,
        allow: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if allow is not None:
            self.send_header("Allow", allow)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep scrapes out of the log."""


def _status_of(error: MonitorError) -> int:
    """Return what a push is answered with that was not taken."""
    if isinstance(error, UsageError):
        return 401
    if isinstance(error, ParseError):
        return 422
    return 429 if isinstance(error, RefusedError) and error.code == "throttled" else 503


class _Server(socketserver.ThreadingTCPServer):
    """Takes a few connections at a time, each in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = MOST_AT_ONCE

    def __init__(self, host: str, port: int, watched: Watched) -> None:
        self.watched = watched
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(_Numbers(watched))
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pushes = threading.BoundedSemaphore(MOST_PUSHES)
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin with a connection, or close it when there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a fault of ours; a client that goes away in the middle is none."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            log.error("listener failed", kind=type(error).__name__, exc_info=error)


@contextmanager
def listening(watched: Watched, host: str, port: int) -> Iterator[tuple[str, int]]:
    """Listen while the block runs; yields the address. Raises UsageError when it cannot be had."""
    try:
        server = _Server(host, port, watched)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen on {host}:{port}: {why}. Choose another `listen`, --health-port or --health-host"
        ) from error
    threading.Thread(target=server.serve_forever, args=(0.1,), name="listener", daemon=True).start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
