"""The daemon: ticks, hands work to threads, and is the one thread that writes.

`schedule` only ticks. What is due is a query, a unit of work is one function with a name or an id,
and no state lives in the process: a restart, a second process and `monitor poll --due` agree.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import schedule
import structlog

from monitor import audit, clock, config, delivery, followup, intake, polling
from monitor.clock import Clock
from monitor.config import ChannelSettings, Settings, SourceSettings
from monitor.crew import Crew
from monitor.errors import ConfigError, MonitorError, StoreError
from monitor.http import Door, Session, addresses_in
from monitor.match import Matcher
from monitor.models import Reason
from monitor.sandbox import Sandbox
from monitor.scoring import scorer
from monitor.store import Connection, Store, alerts, sources
from monitor.store.sources import SourceState

TICK = 1  # seconds
AT_ONCE = 64  # looks taken in with one commit
MINUTE = timedelta(seconds=60)
STOP_WITHIN = timedelta(seconds=15)  # of the twenty a service manager should be given
WORKERS = 16
SENDERS = 8

T = TypeVar("T")
log = structlog.get_logger()


@dataclass
class Counts:
    """What happened since the start, for the closing line and for /metrics."""

    looks: int = 0
    failed_looks: int = 0
    new: int = 0
    edited: int = 0
    alerts: int = 0
    sent: int = 0
    failed_sends: int = 0
    started_at: datetime = field(default_factory=clock.now)


class Daemon:
    """One running monitor: one database, one lock, worker threads around one writer."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        now: Clock = clock.now,
        workers: int = WORKERS,
        door: Door | None = None,
        only: frozenset[str] | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.store = store
        self.now = now
        self.only = only  # look at these sources and no others
        self.env = dict(os.environ) if env is None else env
        self.counts = Counts(started_at=now())
        self.beaten_at = now()
        self.door = door or Door(contact=settings.contact, version=_version())
        self.sandbox = Sandbox()
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._arrived: queue.SimpleQueue[tuple[SourceSettings, polling.Look | Exception]] = queue.SimpleQueue()
        self._lookers = Crew(workers, "look")
        self._senders = Crew(SENDERS, "send")
        self._looking: set[str] = set()
        self._sending: set[str] = set()
        self._stopping = threading.Event()
        self._writer = threading.get_ident()
        self._beat = schedule.Scheduler()
        self._absence: followup.Absence | None = None
        self._wake_at: datetime | None = None
        self.use(settings)

    def totals(self) -> dict[str, int]:
        """Return what happened since the start, by name."""
        counts = asdict(self.counts)
        return {name: value for name, value in counts.items() if isinstance(value, int)}

    def use(self, settings: Settings) -> None:
        """Work with this configuration from now on."""
        self.settings = settings
        self.routing = intake.Routing.of(settings)
        self.by_name = {source.name: source for source in settings.sources}
        accounts = settings.accounts
        self.tools = polling.Tools(
            settings=settings,
            door=self.door,
            sandbox=self.sandbox,
            scorer=scorer(settings.scorer),
            matcher=Matcher(settings.brands),
            vault=polling.Vault(self.read, self.write, accounts),
            read=self.read,
            clock=self.now,
        )

    # --- one thread writes

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run some work on a connection that only reads, on the calling thread."""
        with self.store.read() as conn:
            return work(conn)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run some work in one transaction on the writing thread, and wait for its result."""
        if threading.get_ident() == self._writer:
            with self.store.write() as conn:
                return work(conn)
        done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def job() -> None:
            try:
                with self.store.write() as conn:
                    done.put((work(conn), None))
            except Exception as error:  # noqa: BLE001  # handed to the thread that asked
                done.put((None, error))

        self._jobs.put(job)
        result, error = done.get()
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # what `work` returned

    # --- life

    def prepare(self) -> None:
        """Make the database agree with the configuration, and doubt what a dead predecessor left."""
        self._writer = threading.get_ident()
        now = self.now()

        def work(conn: Connection) -> None:
            doubted = alerts.doubt_all(conn)
            sources.release_all(conn)
            for name, state in alerts.channel_states(conn).items():
                if state.state == "refused":  # somebody may have mended it: it gets one try
                    alerts.put_channel(conn, name, state="failing", not_before=None, told_at=None)
            self._sync(conn, now)
            self._absence = followup.Absence.since(conn, list(self.by_name), now)
            sources.put_meta(conn, "alive_since", now.isoformat())
            followup.note_alive(conn, now)
            if doubted:
                log.info("uncertain deliveries found", count=doubted)

        self.write(work)

    def _sync(self, conn: Connection, now: datetime) -> None:
        wanted = [
            sources.Wanted(source.name, source.connector, source.options_hash) for source in self.settings.sources
        ]
        sources.sync(conn, wanted, now)

    def _until_next(self) -> float:
        """Return the seconds until the next tick, or until a source is due before it."""
        seconds = max(0.0, self._beat.idle_seconds or 0.0)
        if self._wake_at is not None:
            seconds = min(seconds, max(0.0, (self._wake_at - self.now()).total_seconds()))
        return seconds

    def make_all_due(self) -> None:
        """Let every source (of those this process looks at) be looked at now."""
        now, names = self.now(), self.only or frozenset(self.by_name)

        def work(conn: Connection) -> None:
            self._sync(conn, now)
            for name in names:
                sources.update(conn, name, next_poll_at=now, not_before=None)

        self.write(work)

    def backfill(self, span: timedelta) -> None:
        """Tell about the bad ones of that span, too, although they are history."""
        now, names = self.now(), self.only or frozenset(self.by_name)

        def work(conn: Connection) -> None:
            self._sync(conn, now)
            for name in names:
                intake.backfill(conn, self.by_name[name], self.routing, now - span, now)

        self.write(work)

    def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Watch until told to stop."""
        self.prepare()
        self._beat.every(TICK).seconds.do(self._guarded, self._tick)
        self._beat.every(60).seconds.do(self._guarded, self._minute)
        notify("READY=1")
        log.info("ready", sources=len(self.by_name), channels=len(self.settings.channels))
        ready()
        self._guarded(self._tick)
        self._guarded(self._minute)
        while not self._stopping.is_set():
            self._beat.run_pending()
            self._work(timeout=self._until_next())
            if self._wake_at is not None and self._wake_at <= self.now():
                self._start_looks()
        self.close()

    def run_once(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Look at everything that is due, tell what is to be told, and return."""
        self.prepare()
        self.turn(within)
        self.close()

    def turn(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Do what is due now and what is done each minute, until nothing is left. For a clock that others set."""
        self.until_idle(within)
        self._guarded(self._minute)
        self.until_idle(within)

    def until_idle(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Work until nothing is due and nothing is under way."""
        end = clock.monotonic() + within.total_seconds()
        while clock.monotonic() < end and not self._stopping.is_set():
            self._tick()
            busy = self._lookers.busy() or self._senders.busy() or self._looking or self._sending
            if not busy and self._jobs.empty() and not self._has_work():
                return
            self._work(timeout=0.05)

    def _has_work(self) -> bool:
        now = self.now()
        names = self.only or frozenset(self.by_name)

        def work(conn: Connection) -> bool:
            states = alerts.channel_states(conn)
            channels = alerts.channels_with_work(conn, now)
            waiting = {name for name, s in states.items() if s.not_before and s.not_before > now}
            due = any(
                s.next_poll_at <= now and not (s.not_before and s.not_before > now)
                for s in sources.all_active(conn)
                if s.name in names
            )
            return due or bool((channels & set(self.routing.channels)) - waiting)

        return self.read(work)

    def stop(self, *_: object) -> None:
        """End soon: finish what is under way, begin nothing new. Safe to call from a signal handler."""
        self._stopping.set()
        self._jobs.put(lambda: None)

    def close(self) -> None:
        """Let what is under way end, for some seconds, and let go of everything."""
        notify("STOPPING=1")
        self._stopping.set()
        end = clock.monotonic() + STOP_WITHIN.total_seconds()
        while (self._looking or self._sending) and clock.monotonic() < end:
            self._work(timeout=0.1)
        while not self._jobs.empty():
            self._work(timeout=0)
        self.sandbox.close()
        self.door.close()
        log.info("stopped", looks=self.counts.looks, new=self.counts.new, sent=self.counts.sent)

    def _work(self, timeout: float) -> None:
        """Do one job for the writing thread, waiting for it at most that long."""
        try:
            job = self._jobs.get(timeout=timeout) if timeout else self._jobs.get_nowait()
        except queue.Empty:
            return
        self._guarded(job)

    def _guarded(self, job: Callable[[], None]) -> None:
        """Run a job of the loop: one that raises must not end the watch."""
        try:
            job()
        except StoreError:
            raise
        except Exception as error:  # one job that fails must not end the watch
            log.exception("job failed", kind=type(error).__name__)

    # --- ticking

    def _tick(self) -> None:
        self.beaten_at = self.now()
        self._start_looks()
        self._start_sends()

    def _minute(self) -> None:
        now = self.now()

        def work(conn: Connection) -> bool:
            followup.note_alive(conn, now)
            followup.digest(conn, self.routing, now)
            return audit.run(conn, self.routing, now).clean

        clean = self.write(work)
        if clean:
            notify("WATCHDOG=1")
            self._heartbeat()
        self._start_rechecks(now)
        if self._absence is not None and self._absence.over(now):
            self._welcome_back(now)

    def _heartbeat(self) -> None:
        url = self.settings.heartbeat_url
        if url is not None:
            self._senders.start(lambda: followup.beat(self.door, url))

    def _welcome_back(self, now: datetime) -> None:
        absence, self._absence = self._absence, None
        if absence is not None:
            self.write(lambda conn: absence.tell(conn, self.routing, now))
            self._start_sends()

    # --- looking

    def _start_looks(self) -> None:
        free = self._lookers.free()
        if free <= 0 or self._stopping.is_set():
            self._wake_at = None  # the next look that ends asks again
            return
        now = self.now()
        self._wake_at = self.read(lambda conn: sources.next_due(conn, now, self.only))
        if self._wake_at is not None and self._wake_at <= now:
            self._begin(self.write(lambda conn: self._lease(conn, free, now)), now)

    def _lease(self, conn: Connection, free: int, now: datetime) -> list[SourceState]:
        if free <= 0 or self._stopping.is_set():
            return []
        return sources.claim_due(
            conn, now=now, lease=polling.LEASE, holder=self.holder, limit=free, only=self.only
        )

    def _begin(self, leased: Sequence[SourceState], now: datetime) -> None:
        for state in leased:
            source = self.by_name.get(state.name)
            if source is not None:
                self._start_look(source, state)
        self._wake_at = self.read(lambda conn: sources.next_due(conn, now, self.only))

    def _start_look(self, source: SourceSettings, state: SourceState) -> None:
        self._looking.add(source.name)
        tools = self.tools

        def task() -> None:
            try:
                look: polling.Look | Exception = polling.look(source, state, tools)
            except Exception as error:  # noqa: BLE001  # per source is one of the three places where everything is caught
                look = error
            self._arrived.put((source, look))
            self._jobs.put(self._looked)

        self._lookers.start(task)

    def _looked(self) -> None:
        """Take in all looks that have arrived, and lease what is due, in one transaction.

        A commit waits for the disk; a hundred looks that share one wait once. Should one of them
        fail, each is taken in by itself, so that the others lose nothing.
        """
        arrived = self._drain()
        if not arrived:
            return
        now, free = self.now(), self._lookers.free()

        def work(conn: Connection) -> tuple[list[polling.Taken], list[SourceState]]:
            taken = [polling.take(conn, look, source, self.routing, now) for source, look in arrived]
            return taken, self._lease(conn, free, now)

        try:
            taken, leased = self.write(work)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # one job that fails must not end the watch
            log.warning("looks taken in one by one", count=len(arrived), kind=type(error).__name__)
            for source, look in arrived:
                self._guarded(partial(self._take_one, source, look, now))
        else:
            for (source, look), one in zip(arrived, taken, strict=True):
                self._took(source, look, one, now)
            self._begin(leased, now)
        self._start_sends()

    def _drain(self) -> list[tuple[SourceSettings, polling.Look]]:
        arrived: list[tuple[SourceSettings, polling.Look]] = []
        while len(arrived) < AT_ONCE:
            try:
                source, look = self._arrived.get_nowait()
            except queue.Empty:
                break
            self._looking.discard(source.name)
            if isinstance(look, Exception):
                log.error("look failed", source=source.name, kind=type(look).__name__, exc_info=look)
                look = polling.broken_look(source, look, self.now())
            arrived.append((source, look))
        return arrived

    def _take_one(self, source: SourceSettings, look: polling.Look, now: datetime) -> None:
        taken = self.write(lambda conn: polling.take(conn, look, source, self.routing, now))
        self._took(source, look, taken, now)

    def _took(self, source: SourceSettings, look: polling.Look, taken: polling.Taken, now: datetime) -> None:
        self.counts.looks += 1
        self._count(taken, look)
        if self._absence is not None and (look.done or look.error):
            self._absence = self._absence.with_look(source.name, look, taken)
            if self._absence.complete:
                self._welcome_back(now)

    def _count(self, taken: polling.Taken, look: polling.Look) -> None:
        self.counts.new += taken.new
        self.counts.edited += taken.edited
        self.counts.alerts += taken.alerts
        self.counts.failed_looks += look.error is not None
        facts: dict[str, object] = {
            "source": look.source,
            "new": taken.new,
            "edited": taken.edited,
            "known": max(0, len(look.seen) - taken.new - taken.edited),
            "problems": len(look.problems),
            "ms": look.ms,
        }
        if look.error is None:
            log.info("source polled", **facts)
        else:
            log.warning("source not polled", code=look.error.code, why=str(look.error)[:300], **facts)

    def _start_rechecks(self, now: datetime) -> None:
        """Look again at what open cases are about."""
        if self._stopping.is_set():
            return
        batches = self.write(lambda conn: followup.due_rechecks(conn, now))
        for name, batch in batches.items():
            source = self.by_name.get(name)
            if source is None or name in self._looking:
                continue
            self._start_recheck(source, batch)

    def _start_recheck(self, source: SourceSettings, batch: followup.Batch) -> None:
        tools = self.tools

        def task() -> None:
            try:
                look = polling.recheck(source, batch.mentions, tools)
            except Exception as error:  # noqa: BLE001  # per source
                log.error("re-check failed", source=source.name, kind=type(error).__name__)
                return
            if look is not None:
                self._jobs.put(lambda: self._rechecked(source, look))

        self._lookers.start(task)

    def _rechecked(self, source: SourceSettings, look: polling.Look) -> None:
        now = self.now()
        self.write(lambda conn: polling.take_recheck(conn, look, source, self.routing, now))
        self._start_sends()

    # --- sending

    def _start_sends(self) -> None:
        if self._stopping.is_set():
            return
        now = self.now()
        waiting = self.read(lambda conn: alerts.channels_with_work(conn, now))
        for name in sorted(waiting - self._sending):
            channel = self.routing.channels.get(name)
            if channel is not None:
                self._send_next(channel)

    def _send_next(self, channel: ChannelSettings) -> None:
        if channel.name in self._sending or self._stopping.is_set():
            return
        now = self.now()
        parcel = self.write(lambda conn: delivery.claim(conn, channel, self.routing, now))
        if parcel is None:
            return
        self._sending.add(channel.name)
        fetch = self.session_for(channel).fetch

        def task() -> None:
            handed = delivery.hand_over(parcel, fetch)
            self._jobs.put(lambda: self._handed(channel, parcel, handed))

        self._senders.start(task)

    def session_for(self, channel: ChannelSettings) -> Session:
        """Return a channel's own session at the door."""
        return self.door.session(
            f"channel:{channel.name}",
            base_url=channel.base_url,
            allow_private=channel.allow_private,
            named=tuple(addresses_in(channel.options)),
            gap=channel.kind.gap,
        )

    def try_channel(self, channel: ChannelSettings) -> MonitorError | None:
        """Send a test message now; returns what went wrong. A success turns a refused channel on again."""
        now = self.now()
        for parcel in self.read(lambda conn: delivery.trials(conn, channel, self.routing, now)):
            handed = delivery.hand_over(parcel, self.session_for(channel).fetch)
            if handed.error is not None:
                return handed.error
        self.write(lambda conn: delivery.turn_on(conn, channel.name))
        return None

    def _handed(self, channel: ChannelSettings, parcel: delivery.Parcel, handed: delivery.Handed) -> None:
        self._sending.discard(channel.name)
        now = self.now()
        self.write(lambda conn: delivery.settle(conn, parcel, handed, self.routing, now))
        if handed.error is None:
            self.counts.sent += 1
        else:
            self.counts.failed_sends += 1
        self._send_next(channel)
        if handed.error is not None:
            self._start_sends()  # another channel may have taken over

    # --- a changed configuration

    def reload(self, *_: object) -> None:
        """Read the configuration again, soon. Safe to call from a signal handler."""
        self._jobs.put(self._reload)

    def _reload(self) -> None:
        path = self.settings.path
        try:
            fresh = config.load(path, self.env)
        except ConfigError as error:
            log.error("configuration not changed", problems=len(error.problems))
            self._tell_bad_configuration(path, error)
            return
        self.use(fresh)
        now = self.now()
        self.write(lambda conn: self._sync(conn, now))
        log.info("configuration changed", sources=len(self.by_name))
        self._tick()

    def _tell_bad_configuration(self, path: Path, error: ConfigError) -> None:
        now = self.now()
        facts = {"path": path.name, "problems": [str(problem) for problem in error.problems[:5]]}
        self.write(
            lambda conn: intake.tell_operator(
                conn,
                self.routing,
                Reason.CONFIG_BROKEN,
                key=("config", now.isoformat()),
                facts=facts,
                now=now,
            )
        )
        self._start_sends()


def _version() -> str:
    from monitor import __version__

    return __version__


@contextmanager
def signals(daemon: Daemon, *, also: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the daemon (and call `also`), and SIGHUP make it read its configuration again."""

    def end(*_: object) -> None:
        also()
        daemon.stop()

    handlers = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: daemon.reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def notify(state: str) -> None:
    """Tell the service manager how we are.

    https://www.freedesktop.org/software/systemd/man/sd_notify.html
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(address)
            sender.sendall(state.encode())
    except OSError as error:
        log.warning("service manager not reached", why=str(error))


def hold_lock(store: Store, *, now: Clock, say: Callable[[str], None], stop: threading.Event) -> bool:
    """Wait until this process is the one that runs, and say so. False when it was stopped meanwhile."""
    said = False
    while not store.lock(now()):
        if not said:
            say("another monitor is running on this database; waiting for it to end")
            said = True
        if stop.wait(1.0):
            return False
    return True


__all__ = ["Counts", "Daemon", "MonitorError", "hold_lock", "notify", "signals"]
