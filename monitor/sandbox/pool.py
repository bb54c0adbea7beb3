"""The children as seen from here: kept while there is work, counted, replaced when they die."""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from monitor.clock import monotonic
from monitor.errors import FetchError
from monitor.sandbox.speech import LENGTH, Answer, Limits, Place, parsed, receive, send

if TYPE_CHECKING:
    from monitor.connector import Brand, Connector, ConnectorConfig
    from monitor.exchange import AnyResponse, Page

R = TypeVar("R")

MEMORY = 512 * 1024 * 1024  # bytes of address space
SECONDS = 10.0  # of one call
GRACE = 5.0  # seconds after which a child that the kernel should have ended is ended by hand
MOST = 6  # parsers at once: five bad pages leave one for the good ones
PATIENCE = 0.03  # seconds a call waits for a busy parser before another one is forked
IDLE = timedelta(seconds=15)  # memory is worth more than the half second of a new start
START = 60.0  # seconds for the nursery to answer, on the most loaded machine

_START_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from monitor.sandbox.child import nursery; nursery(int(sys.argv[2]), float(sys.argv[3]))"
)


class Sandbox:
    """Calls functions in a child with limits. Thread-safe; starts the child when it is first needed.

    `memory` is the address space of the child in bytes, `seconds` the time of one call (waiting for a
    free child does not count; `grace` later it is ended from here), `most` the children at once, `idle`
    how long they stay without work.
    """

    def __init__(
        self,
        memory: int = MEMORY,
        seconds: float = SECONDS,
        *,
        most: int = MOST,
        idle: timedelta = IDLE,
        grace: float = GRACE,
    ) -> None:
        self._limits = Limits(memory, seconds, idle.total_seconds())
        self._grace = grace
        self._most = most
        self._nursery = _NurseryKeeper()
        self._free = threading.Condition()
        self._idle: list[_Parser] = []
        self._count = 0
        self._closed = False

    def parse(
        self,
        kind: type[Connector[Any]],
        config: ConnectorConfig,
        brands: Sequence[Brand],
        response: AnyResponse,
    ) -> Page:
        """Return what a connector of this kind reads in an answer. The child is given no secret of `config`.

        Raises FetchError (parser_limit) when it took too much, and what the connector raises: errors of
        our tree as they are, built-in ones that speak of shape (KeyError, ValueError…), else ParseError.
        """
        return self._call(Place.of(kind), parsed, kind, _without_secrets(config), tuple(brands), response)

    def call(self, function: Callable[..., R], *args: Any) -> R:
        """Return `function(*args)`, called in the child; it, its arguments and its result are picklable and plain.

        Raises as `parse` does.
        """
        return self._call(Place.of(function), function, *args)

    def close(self) -> None:
        """End the children."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._free.notify_all()
        for parser in idle:
            parser.close()
        self._nursery.close()

    def _call(self, place: Place, function: Callable[..., R], *args: Any) -> R:
        payload = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        parser = self._take(place)
        answer = None
        try:
            answer = parser.ask(place, payload, self._limits.seconds + self._grace)
        finally:
            self._give_back(parser, fit=answer is not None and not answer.is_last)
        if answer is None:
            if self._closed:
                raise FetchError("not read, the program is stopping", code="stopped")
            raise self._limits.passed()
        return answer.result()  # type: ignore[no-any-return]  # it comes from the function

    def _take(self, place: Place) -> _Parser:
        """Return a free parser: at once, after a moment, or a new one."""
        since = monotonic()
        with self._free:
            while True:
                if self._closed:
                    raise FetchError("not read, the program is stopping", code="stopped")
                had = self._count
                if (parser := self._pop(place)) is not None:
                    return parser
                waited = monotonic() - since
                is_few = self._count == 0 or self._count < had
                if is_few or (self._count < self._most and waited >= PATIENCE):
                    self._count += 1
                    break
                self._free.wait(max(PATIENCE - waited, 0) if self._count < self._most else None)
        try:
            return self._nursery.fork(place, self._limits)
        except BaseException:
            self._forget()
            raise

    def _pop(self, place: Place) -> _Parser | None:
        """Return an idle parser that has the code at `place`. Those that will not do are let go."""
        while self._idle:
            parser = self._idle.pop()
            if parser.is_fit_for(place):
                return parser
            parser.close()
            self._count -= 1
        return None

    def _give_back(self, parser: _Parser, *, fit: bool) -> None:
        if fit and not self._closed:
            with self._free:
                self._idle.append(parser)
                self._free.notify()
        else:
            parser.close()
            self._forget()

    def _forget(self) -> None:
        with self._free:
            self._count -= 1
            self._free.notify()


def _without_secrets(config: ConnectorConfig) -> ConnectorConfig:
    from pydantic import SecretStr

    secrets = [name for name, value in config if isinstance(value, SecretStr)]
    return config.model_copy(update={name: SecretStr("") for name in secrets}) if secrets else config


class _Parser:
    """One parser child, as seen from here. Used by one thread at a time."""

    def __init__(self, sock: socket.socket, pid: int, limits: Limits, places: frozenset[Place]) -> None:
        self._sock = sock
        self._pid = pid
        self._limits = limits
        self._places = places  # whose code it was born with
        self._used_at = monotonic()

    def is_fit_for(self, place: Place) -> bool:
        """Say whether it has the code, lives, and will long enough to be asked."""
        if place not in self._places or monotonic() - self._used_at > self._limits.idle / 2:
            return False
        waiting = select.poll()
        waiting.register(self._sock, select.POLLIN)
        return not waiting.poll(0)  # it speaks only when asked: what is there to be read is its end

    def ask(self, place: Place, payload: bytes, seconds: float) -> Answer | None:
        """Return the answer, or None when the child has been killed; after `seconds` it is killed from here."""
        self._sock.settimeout(seconds)
        try:
            send(self._sock, pickle.dumps((place, payload), pickle.HIGHEST_PROTOCOL))
            data = receive(self._sock)
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            return None
        except OSError:
            return None
        self._used_at = monotonic()
        return None if data is None else Answer.unpacked(data)

    def close(self) -> None:
        """Let it end."""
        self._sock.close()


class _NurseryKeeper:
    """Starts the nursery and asks it for parsers. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._places: frozenset[Place] = frozenset()

    def fork(self, place: Place, limits: Limits) -> _Parser:
        """Return a new parser with the code at `place`. Raises FetchError when none can be had."""
        try:
            return self._born(place, limits)
        except OSError as error:
            raise FetchError(f"no parser could be started ({error.strerror})", code="parser_limit") from error

    def close(self) -> None:
        """End the nursery."""
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None

    def _born(self, place: Place, limits: Limits) -> _Parser:
        with self._lock:
            ours, theirs = socket.socketpair()
            with theirs:
                pid = self._asked(place, limits, theirs) or self._asked(place, limits, theirs)
            if pid is None:
                ours.close()
                raise ChildProcessError(0, "the nursery ends at once")
            self._places |= {place}
            return _Parser(ours, pid, limits, self._places)

    def _asked(self, place: Place, limits: Limits, theirs: socket.socket) -> int | None:
        """Ask the nursery, a new one if there is none; None when it had just ended."""
        if self._control is None:
            self._control = _start_nursery(limits.idle)
            self._places = frozenset()
        order = json.dumps([place.module, place.file, limits.memory, limits.seconds, limits.idle]).encode()
        try:
            socket.send_fds(self._control, [LENGTH.pack(len(order)) + order], [theirs.fileno()])
            reply = receive(self._control)
        except (BrokenPipeError, ConnectionResetError):
            reply = None
        if reply is None:
            self._control.close()
            self._control = None
            return None
        return int(reply)


def _start_nursery(idle: float) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START_CODE, json.dumps(sys.path), str(theirs.fileno()), str(idle)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # No secret of the environment, and nothing that changes how Python runs.
            env={name: os.environ[name] for name in ("TZ", "LANG", "LC_ALL", "TMPDIR") if name in os.environ},
        )
    # Somebody has to hear of its end, or it stays in the process table.
    threading.Thread(target=process.wait, name="nursery", daemon=True).start()
    ours.settimeout(START)
    return ours
