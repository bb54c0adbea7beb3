"""What is done when: ticks, work handed to threads, results taken in by the one thread that writes.

What is due is a query, a unit of work is one function with a name or an id, and no state lives in the
process: a restart, a second process and `monitor poll --due` agree.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from monitor import audit, clock, config, delivery, followup, intake, logs, polling
from monitor.clock import Clock
from monitor.config import ChannelSettings, Settings, SourceSettings
from monitor.crew import Crew
from monitor.daemon import alarm, pulse, service
from monitor.daemon.pulse import Pulse
from monitor.daemon.service import notify
from monitor.daemon.writing import Writer
from monitor.errors import ConfigError, MonitorError, StoreError
from monitor.http import Door, Session, addresses_in
from monitor.match import Matcher
from monitor.models import Json, Reason
from monitor.sandbox import Sandbox
from monitor.scoring import scorer
from monitor.store import Connection, Store, alerts, clocks, daily_backup, sources
from monitor.store.sources import SourceState

TICK = 1  # seconds
AT_ONCE = 64  # looks taken in with one commit
STOP_WITHIN = timedelta(seconds=14)  # of the twenty a service manager should be given
WORKERS = 16
SENDERS = 8

T = TypeVar("T")
log = structlog.get_logger()


class TakenOverError(StoreError):
    """Another monitor has become the daemon of this database."""


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
    pushes: int = 0
    refused_pushes: int = 0
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
        self.writer = Writer(store)
        self.read, self.write = self.writer.read, self.writer.write
        lookers, senders = service.threads_that_fit(workers, SENDERS)
        self._arrived: queue.SimpleQueue[tuple[SourceSettings, polling.Look]] = queue.SimpleQueue()
        self._lookers = Crew(lookers, "look")
        self._senders = Crew(senders, "send")
        self._copiers = Crew(1, "backup")
        self._rereaders = Crew(1, "reread")  # of its own, so that no look waits for it
        self._looking: set[str] = set()
        self._rereading: set[str] = set()
        self._sending: set[str] = set()
        self._stopping = threading.Event()
        self._hurry = False
        self._locked = False
        self._lost: StoreError | None = None  # the database, for good
        self._pulse = Pulse(now)
        self._absence: followup.Absence | None = None
        self._wake_at: datetime | None = None
        self._copied_on: date | None = None
        self._connected_at: str | None = None  # when somebody connected a source, as far as the keys in use know
        self._refused_file: str | None = None  # what was wrong with the file that was told last
        self.use(settings)

    def totals(self) -> dict[str, int]:
        """Return what happened since the start, by name."""
        counts = asdict(self.counts)
        return {name: value for name, value in counts.items() if isinstance(value, int)}

    def use(self, settings: Settings) -> None:
        """Work with this configuration from now on; when it cannot be used, with the earlier one."""
        routing = intake.Routing.of(settings)
        tools = polling.Tools(
            settings=settings,
            door=self.door,
            sandbox=self.sandbox,
            scorer=scorer(settings.scorer),
            matcher=Matcher(settings.brands),
            vault=polling.Vault(self.read, self.write, settings.accounts),
            read=self.read,
            clock=self.now,
        )
        self.settings, self.routing, self.tools = settings, routing, tools
        self.by_name = {source.name: source for source in settings.sources}
        self.used_since = self.now()

    # --- life

    def prepare(self) -> None:
        """Make the database agree with the configuration, and doubt what a dead predecessor left."""
        self.writer.adopt()
        self._locked = self.store.lock_alive()
        now = self.now()

        def work(conn: Connection) -> None:
            self._set_right(conn, now)
            doubted = alerts.doubt_all(conn)
            sources.release_all(conn)
            for name, state in alerts.channel_states(conn).items():
                if state.state == "refused":  # somebody may have mended it: it gets one try
                    alerts.put_channel(conn, name, state="failing", not_before=None)
            self._sync(conn, now)
            delivery.hand_on(conn, self.routing, now)
            self._connected_at = polling.connected_at(conn)
            self._absence = followup.Absence.since(conn, list(self.by_name), now)
            sources.put_meta(conn, "alive_since", now.isoformat())
            followup.note_alive(conn, now)
            if doubted:
                log.info("uncertain deliveries found", count=doubted)

        self.write(work)

    def _set_right(self, conn: Connection, now: datetime) -> None:
        """Let a clock that was set back while nobody ran delay nothing."""
        alive_at = sources.get_meta(conn, "alive_at")
        if alive_at is not None and (ahead := datetime.fromisoformat(alive_at) - now) > pulse.BACK:
            self._set_back(conn, ahead, now)

    def _set_back(self, conn: Connection, span: timedelta, now: datetime) -> None:
        log.warning("clock was set back", seconds=int(span.total_seconds()))
        clocks.set_back(conn, span, now)
        followup.note_alive(conn, now)

    def _sync(self, conn: Connection, now: datetime) -> None:
        wanted = [
            sources.Wanted(source.name, source.connector, source.options_hash) for source in self.settings.sources
        ]
        sources.sync(conn, wanted, now)
        intake.catch_up(conn, self.tools.scorer, now)

    def _until_next(self) -> float:
        """Return the seconds until the next tick, or until a source is due before it."""
        seconds = self._pulse.wait()
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
        """Watch until told to stop. Raises StoreError when the database is lost for good."""
        service.warn_of_root()
        self.prepare()
        for seconds, job in ((TICK, self._tick), (60, self._minute), (60, self._back_up)):
            self._pulse.every(seconds, partial(self.writer.guarded, job))
        notify("READY=1")
        log.info("ready", sources=len(self.by_name), channels=len(self.settings.channels))
        ready()
        try:
            for job in (self._tick, self._minute, self._back_up):
                self.writer.guarded(job)
            while not self._stopping.is_set():
                self.step()
        except StoreError as error:
            self._lost = error
            self._say_last_words(error)
            raise
        finally:
            self.close()

    def step(self) -> None:
        """Do what is due and one job; wait for it at most until the next is due."""
        if (leap := self._pulse.jump()) is not None:
            self.writer.guarded(partial(self._jumped, leap))
        self._pulse.beat()
        self.writer.work(self._until_next())
        if self._wake_at is not None and self._wake_at <= self.now():
            self.writer.guarded(self._start_looks)

    def run_once(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Look at everything that is due, tell what is to be told, and return."""
        self.prepare()
        try:
            self.turn(within)
        finally:
            self.close()

    def turn(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Do what is due now and what is done each minute, until nothing is left. For a clock that others set."""
        self.until_idle(within)
        self.writer.guarded(self._minute)
        self.until_idle(within)

    def until_idle(self, within: timedelta = timedelta(minutes=10)) -> None:
        """Work until nothing is due and nothing is under way."""
        end = clock.monotonic() + within.total_seconds()
        while clock.monotonic() < end and not self._stopping.is_set():
            self.writer.guarded(self._tick)
            busy = self._lookers.busy() or self._senders.busy() or self._looking or self._sending or self._rereading
            if not busy and self.writer.idle and not self._has_work():
                return
            self.writer.work(0.05)

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

    @property
    def takes_more(self) -> bool:
        """Say whether something that comes now would be written down soon."""
        return self.writer.trouble is None and not self._stopping.is_set()

    def send_soon(self) -> None:
        """Have what is due sent by the thread that writes. Safe to call from any thread."""
        self.writer.put(self._start_sends)

    def unsent(self) -> dict[str, str]:
        """Return the channels that something still waits for although it is due, each with why."""
        now = self.now()
        return self.read(lambda conn: alerts.stuck(conn, now))

    def stop(self, *_: object) -> None:
        """End soon: finish what is under way, begin nothing new. Safe to call from a signal handler."""
        self._stopping.set()
        self.writer.put(lambda: None)

    def hurry(self) -> None:
        """End now: what is under way is not waited for."""
        self._hurry = True

    def close(self) -> None:
        """Let what is under way end, for some seconds, and let go of everything."""
        notify("STOPPING=1")
        self._stopping.set()
        try:
            self._finish()
            self._let_go()
        except StoreError as error:
            log.warning("not everything written down", why=str(error))
        finally:
            self.door.close()
            self.sandbox.close()
            logs.count_left_out(everything=True)
            log.info("stopped", looks=self.counts.looks, new=self.counts.new, sent=self.counts.sent)

    def _finish(self) -> None:
        end = clock.monotonic() + STOP_WITHIN.total_seconds()
        while self._writes() and not self._hurry and clock.monotonic() < end:
            if not (self._looking or self._sending) and self.writer.idle:
                return
            self.writer.work(0.1)

    def _writes(self) -> bool:
        return self._lost is None and self.writer.trouble is None

    def _let_go(self) -> None:
        """Leave no lease behind, and no message of which it is not said that nobody knows."""
        now = self.now()

        def work(conn: Connection) -> None:
            alerts.doubt_all(conn)
            sources.release_all(conn)
            followup.note_alive(conn, now)

        if self._writes():
            self.write(work)

    def _say_last_words(self, error: StoreError) -> None:
        """Tell the operator, past the database, that the watch has ended."""
        log.error("watch ended", why=str(error))
        if not isinstance(error, TakenOverError):
            facts = {"why": str(error), "since": self.beaten_at.isoformat()}
            alarm.tell_at_once(
                self.routing, Reason.STORE_BROKEN, facts, self.now(), lambda channel: self.session_for(channel).fetch
            )

    # --- ticking

    def _tick(self) -> None:
        now = self.beaten_at = self.now()
        if pulse.is_wrong(now):
            log.warning("clock cannot be right", says=now.isoformat())
            return
        if self.writer.trouble is not None:
            self._keep_lock()
            if not self.writer.recover():
                return
        self._start_looks()
        self._start_sends()

    def _minute(self) -> None:
        logs.count_left_out()
        now = self.now()
        if self.writer.trouble is not None or pulse.is_wrong(now):
            notify("WATCHDOG=1")  # the loop turns; nobody is helped by a new start
            return
        self._keep_lock()

        def work(conn: Connection) -> bool:
            followup.note_alive(conn, now)
            alerts.doubt_expired(conn, now, but=self._sending)
            delivery.hand_on(conn, self.routing, now)
            followup.climb(conn, self.routing, now)
            followup.digest(conn, self.routing, now)
            polling.remind(conn, self.routing, now)
            polling.announce(conn, self.routing, now)
            followup.late(conn, self.routing, now)
            followup.keep(conn, self.settings, now)
            return audit.run(conn, self.routing, now).clean

        if self.write(work):
            notify("WATCHDOG=1")
            self._heartbeat()
        self._use_new_keys()
        self._start_rechecks(now)
        self._start_rereads(now)
        if self._absence is not None and self._absence.over(now):
            self._welcome_back(now)

    def _keep_lock(self) -> None:
        """Take a lock that was lost again. Raises TakenOverError when another monitor was faster."""
        if not self._locked or self.store.lock_alive():
            return
        self.store.unlock()
        if not self.store.lock(self.now()):
            holder = self.store.lock_holder()
            raise TakenOverError(
                f"the lock on the database was lost, and another monitor{f' ({holder})' if holder else ''} "
                "has taken over: this one ends"
            )
        log.warning("lock was lost and is taken again")

    def _jumped(self, leap: timedelta) -> None:
        """Make up for a clock that was set back, or for the time that was slept away."""
        now = self.now()
        if leap < timedelta(0):
            self.beaten_at = now
            self.write(lambda conn: self._set_back(conn, -leap, now))
        elif self._absence is None:
            names = list(self.by_name)
            self._absence = self.read(lambda conn: followup.Absence.since(conn, names, now))

    def _back_up(self) -> None:
        """Have today's backup made, on a thread of its own."""
        now = self.now()
        if self._copied_on == now.date() or self.writer.trouble is not None or pulse.is_wrong(now):
            return
        self._copied_on = now.date()
        beside = self.store.path.parent if self.store.path else self.settings.path.absolute().parent

        def task() -> None:
            try:
                if made := daily_backup(self.store, beside / "backups", now):
                    log.info("backup made", file=made.name)
            except (MonitorError, OSError) as error:
                log.error("backup not made", why=str(error))
                left = [f"today's backup could not be made: {error}"]
                self.writer.put(partial(self._tell, Reason.DAMAGE, ("backup", now.date()), {"left": left}))

        self._copiers.start(task)

    def _tell(self, reason: Reason, key: Sequence[object], facts: dict[str, Json]) -> None:
        """Tell the operator, once for each key."""
        now = self.now()
        self.write(lambda conn: intake.tell_operator(conn, self.routing, reason, key=key, facts=facts, now=now))
        self._start_sends()

    def _heartbeat(self) -> None:
        url, private = self.settings.heartbeat_url, self.settings.heartbeat_allow_private
        if url is not None:
            self._senders.start(lambda: followup.beat(self.door, url, allow_private=private))

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
        return sources.claim_due(conn, now=now, lease=polling.LEASE, holder=self.holder, limit=free, only=self.only)

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
                look = polling.look(source, state, tools)
            except StoreError as error:  # no fault of the source
                log.warning("look broken off", source=source.name, why=str(error))
                self.writer.put(partial(self._look_again, source.name))
                return
            except Exception as error:  # per source is one of the three places where everything is caught
                log.error("look failed", source=source.name, kind=type(error).__name__, exc_info=error)
                look = polling.broken_look(source, error, self.now())
            self._arrived.put((source, look))
            self.writer.put(self._looked)

        self._lookers.start(task)

    def _look_again(self, name: str) -> None:
        self.write(lambda conn: sources.update(conn, name, lease_until=None))
        self._looking.discard(name)

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
            taken = [self._take(conn, source, look, now) for source, look in arrived]
            return taken, self._lease(conn, free, now)

        try:
            taken, leased = self.write(work)
        except StoreError:
            for pair in arrived:  # they are taken in when the database answers again
                self._arrived.put(pair)
            raise
        except Exception as error:  # noqa: BLE001  # each is tried again by itself, and its error logged there
            log.warning("looks taken in one by one", count=len(arrived), kind=type(error).__name__)
            for source, look in arrived:
                self.writer.guarded(partial(self._take_one, source, look, now))
        else:
            for (source, look), one in zip(arrived, taken, strict=True):
                self._took(source, look, one, now)
            self._begin(leased, now)
        self._start_sends()

    def _drain(self) -> list[tuple[SourceSettings, polling.Look]]:
        arrived: list[tuple[SourceSettings, polling.Look]] = []
        while len(arrived) < AT_ONCE:
            try:
                arrived.append(self._arrived.get_nowait())
            except queue.Empty:
                break
        return arrived

    def _take(self, conn: Connection, source: SourceSettings, look: polling.Look, now: datetime) -> polling.Taken:
        """Take a look in, unless its source has been changed meanwhile: then it belongs to nothing any more."""
        wanted = self.by_name.get(source.name)
        if wanted is None or wanted.options_hash != source.options_hash:
            sources.update(conn, source.name, lease_until=None)
            return polling.Taken()
        return polling.take(conn, look, wanted, self.routing, now)

    def _take_one(self, source: SourceSettings, look: polling.Look, now: datetime) -> None:
        try:
            taken = self.write(lambda conn: self._take(conn, source, look, now))
        finally:
            self._looking.discard(source.name)
        self._took(source, look, taken, now)

    def _took(self, source: SourceSettings, look: polling.Look, taken: polling.Taken, now: datetime) -> None:
        self._looking.discard(source.name)
        self.counts.looks += 1
        self._count(taken, look)
        if self._absence is not None:
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
            event = "source polled in part" if look.partly else "source not polled"
            log.warning(event, code=look.error.code, why=str(look.error)[:300], **facts)

    def _start_rechecks(self, now: datetime) -> None:
        """Look again at what open cases are about."""
        if self._stopping.is_set():
            return
        batches = self.write(lambda conn: followup.due_rechecks(conn, now, busy=self._looking))
        for name, batch in batches.items():
            if (source := self.by_name.get(name)) is not None:
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
                self.writer.put(lambda: self._rechecked(source, look))

        self._lookers.start(task)

    def _rechecked(self, source: SourceSettings, look: polling.Look) -> None:
        now = self.now()
        wanted = self.by_name.get(source.name)
        if wanted is not None and wanted.options_hash == source.options_hash:
            self.write(lambda conn: polling.take_recheck(conn, look, wanted, self.routing, now))
            self._start_sends()

    def _start_rereads(self, now: datetime) -> None:
        """Ask again about what is stored, where the site demands it, unless that is still under way."""
        if self._stopping.is_set() or self._rereading:
            return
        wanted = self.write(lambda conn: followup.due_rereads(conn, self.settings, now, busy=self._looking))
        for name, asked in wanted.items():
            self._start_reread(self.by_name[name], asked)

    def _start_reread(self, source: SourceSettings, asked: followup.Rereading) -> None:
        self._rereading.add(source.name)
        tools = self.tools

        def task() -> None:
            try:
                if self._stopping.is_set():
                    return
                look = polling.recheck(source, asked.mentions, tools, standing=True)
                self.writer.put(lambda: self._reread(source, asked, look))
            except Exception as error:  # noqa: BLE001  # per source
                log.error("re-reading failed", source=source.name, kind=type(error).__name__)
                look = polling.broken_look(source, error, self.now())
                self.writer.put(lambda: self._reread(source, asked, look))
            finally:
                self.writer.put(lambda: self._rereading.discard(source.name))

        self._rereaders.start(task)

    def _reread(self, source: SourceSettings, asked: followup.Rereading, look: polling.Look | None) -> None:
        now = self.now()
        wanted = self.by_name.get(source.name)
        if wanted is not None and wanted.options_hash == source.options_hash:
            self.write(lambda conn: followup.reread(conn, look, wanted, asked, self.routing, now))
            self._start_sends()

    # --- sending

    def _start_sends(self) -> None:
        if self._stopping.is_set():
            return
        now = self.now()
        waiting = self.read(lambda conn: alerts.channels_with_work(conn, now))
        for name in sorted(waiting - self._sending):
            self._send_next(name)

    def _send_next(self, name: str) -> None:
        channel = self.routing.channels.get(name)
        if channel is None or name in self._sending or self._stopping.is_set():
            return
        now = self.now()
        parcel = self.write(lambda conn: delivery.claim(conn, channel, self.routing, now))
        if parcel is None:
            return
        self._sending.add(name)
        fetch = self.session_for(channel).fetch

        def task() -> None:
            handed = delivery.hand_over(parcel, fetch)
            self.writer.put(lambda: self._handed(parcel, handed))

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

    def _handed(self, parcel: delivery.Parcel, handed: delivery.Handed) -> None:
        name, now = parcel.channel.name, self.now()
        try:
            self.write(lambda conn: delivery.settle(conn, parcel, handed, self.routing, now))
        except StoreError:
            raise  # settled when the database answers again; until then the channel is left alone
        except Exception:
            self._sending.discard(name)
            raise
        self._sending.discard(name)
        if handed.error is None:
            self.counts.sent += 1
        else:
            self.counts.failed_sends += 1
        self._send_next(name)
        if handed.error is not None:
            self._start_sends()  # another channel may have taken over

    # --- a changed configuration

    def reload(self, *_: object) -> None:
        """Read the configuration again, soon. Safe to call from a signal handler."""
        self.writer.put(self._reload)

    def _use_new_keys(self) -> None:
        """Read the configuration again when somebody has connected a source meanwhile."""
        at = self.read(polling.connected_at)
        if at != self._connected_at:
            self._connected_at = at
            self._reload()

    def _reload(self) -> None:
        before = self.settings.database
        try:
            fresh = config.load(self.settings.path, self.env)
            logs.hide(config.secret_values(fresh))
            self.use(fresh)
        except MonitorError as error:
            self._refuse(error)
            return
        self._refused_file = None
        if fresh.database != before:
            log.warning("database not changed", advice="another database is used after a new start only")
        now = self.now()
        self.write(lambda conn: self._changed(conn, now))
        log.info("configuration changed", sources=len(self.by_name), channels=len(self.settings.channels))
        self._tick()

    def _changed(self, conn: Connection, now: datetime) -> None:
        self._sync(conn, now)
        delivery.hand_on(conn, self.routing, now)

    def _refuse(self, error: MonitorError) -> None:
        """Go on with the configuration that works, and tell the operator once what is wrong with the other."""
        problems = error.problems if isinstance(error, ConfigError) else ()
        words = [str(problem) for problem in problems] or [str(error)]
        log.error("configuration not changed", problems=len(words))
        if self._refused_file == (wrong := alerts.hashed(*words)):
            return
        facts: dict[str, Json] = {
            "path": self.settings.path.name,
            "problems": list(words[:5]),
            "since": self.used_since.isoformat(),
        }
        self._tell(Reason.CONFIG_BROKEN, ("config", wrong, self.used_since), facts)
        self._refused_file = wrong


def _version() -> str:
    from monitor import __version__

    return __version__
