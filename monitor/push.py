"""The listener: /healthz and /metrics, and later the hooks that sites push to.

`/healthz` answers 200 while the loop ticks, 503 when it stands still: a container or a load balancer
may then start it anew. `/metrics` speaks the Prometheus text format; labels are names from the
configuration, never anything a site sent. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor import __version__
from monitor.clock import Clock
from monitor.errors import MonitorError, UsageError
from monitor.store import Connection, Store, alerts, cases, sources

STANDS_STILL = timedelta(minutes=3)
MOST_LABELS = 1_000  # series of one metric; more sources than that are counted by health only
LONGEST = 5.0  # seconds for a whole request, and again for its answer
MOST_AT_ONCE = 16  # connections; one more is closed at once
MOST_UNREAD = 64 * 1024  # bytes of a body that nobody asked for
TEXT = "text/plain; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Watched:
    """What the listener asks the daemon for. `counts` gives totals since the start by name."""

    store: Store
    now: Clock
    counts: Callable[[], dict[str, int]]
    beaten_at: Callable[[], datetime]


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
        """Answer the two paths there are."""
        self._end.cancel()
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._healthz()
        elif path == "/metrics":
            self._metrics()
        else:
            self._answer(404, b"not found\n", TEXT)

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

    def _answer(self, status: int, body: bytes, content_type: str, *, allow: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if allow is not None:
            self.send_header("Allow", allow)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep scrapes out of the log."""


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
            f"cannot listen on {host}:{port}: {why}. Choose another --health-port or --health-host"
        ) from error
    threading.Thread(target=server.serve_forever, args=(0.1,), name="listener", daemon=True).start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
