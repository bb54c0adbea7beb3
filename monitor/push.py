"""The listener: /healthz and /metrics, and later the hooks that sites push to.

`/healthz` answers 200 while the loop ticks, 503 when it stands still: a container or a load balancer
may then start it anew. `/metrics` speaks the Prometheus text format; labels are names from the
configuration, never anything a site sent. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor import __version__
from monitor.clock import Clock
from monitor.errors import UsageError
from monitor.store import Connection, Store, alerts, cases, sources

STANDS_STILL = timedelta(minutes=3)
MOST_LABELS = 1_000  # series of one metric; more sources than that are counted by health only
READ_TIMEOUT = 5  # seconds for a request line and its headers


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


def _handler(watched: Watched, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = f"ReviewMonitor/{__version__}"
        sys_version = ""
        timeout = READ_TIMEOUT

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":
                self._healthz()
            elif path == "/metrics":
                self._answer(200, generate_latest(registry), "text/plain; version=0.0.4; charset=utf-8")
            else:
                self._answer(404, b"not found\n", "text/plain; charset=utf-8")

        def _healthz(self) -> None:
            still = watched.now() - watched.beaten_at()
            well = still < STANDS_STILL
            body = {"status": "ok" if well else "stands still", "ticked_seconds_ago": int(still.total_seconds())}
            self._answer(200 if well else 503, json.dumps(body).encode() + b"\n", "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep scrapes out of the log."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no fault of ours."""


@contextmanager
def listening(watched: Watched, host: str, port: int) -> Iterator[tuple[str, int]]:
    """Listen while the block runs; yields the address. Raises UsageError when it cannot be had."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(watched))
    try:
        server = _Server((host, port), _handler(watched, registry))
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    threading.Thread(target=server.serve_forever, name="listener", daemon=True).start()
    try:
        yield _address(server.server_address)
    finally:
        server.shutdown()
        server.server_close()


def _address(address: Sequence[Any]) -> tuple[str, int]:
    return str(address[0]), int(address[1])
