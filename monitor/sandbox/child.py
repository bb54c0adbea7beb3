"""The other side: the nursery and the parsers it forks. Runs in processes of its own."""

from __future__ import annotations

import gc
import json
import os
import pickle
import resource
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NoReturn

from monitor.sandbox.speech import LENGTH, Answer, Limits, Place, exactly, receive, send

GROWN = 64 * 1024 * 1024  # bytes; a parser that has grown by more is replaced, as memory is rarely given back
NICE = 5  # a page made to burn time burns less of everybody else's


def nursery(descriptor: int, idle: float) -> None:
    """Fork a parser at each order, until there is nothing to do or nobody to do it for."""
    control = socket.socket(fileno=descriptor)
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent stops us, when it has what it wants
        signal.signal(number, signal.SIG_IGN)
    children: set[int] = set()
    waiting = select.poll()
    waiting.register(control, select.POLLIN)
    while True:
        is_order = waiting.poll(idle * 1000)
        children -= {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]}
        if is_order:
            order = _order(control)
            if order is None:
                break
            children.add(_fork(control, *order))
        elif not children:
            return
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _order(control: socket.socket) -> tuple[Place, Limits, socket.socket] | None:
    head, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, 1)
    if len(head) < LENGTH.size or not descriptors:
        return None
    order = exactly(control, LENGTH.unpack(head)[0])
    if order is None:
        return None
    module, file, *limits = json.loads(order)
    return Place(module, file), Limits(*limits), socket.socket(fileno=descriptors[0])


def _fork(control: socket.socket, place: Place, limits: Limits, sock: socket.socket) -> int:
    with suppress(Exception):  # the parser meets it again, and tells
        place.load()
    gc.collect()
    gc.freeze()  # what is shared stays shared
    pid = os.fork()
    if pid == 0:
        control.close()
        try:
            _work(sock, limits)
        finally:
            os._exit(0)
    sock.close()
    send(control, str(pid).encode())
    return pid


def _work(sock: socket.socket, limits: Limits) -> None:
    """Answer calls until there are none. The kernel ends this process at its limits."""
    _shut_in(limits)
    begun_with = _memory()
    sock.settimeout(limits.idle)
    while (call := receive(sock)) is not None:
        signal.setitimer(signal.ITIMER_REAL, limits.seconds)
        answer = _answer(call, limits)
        signal.setitimer(signal.ITIMER_REAL, 0)
        is_last = answer.is_last or _memory() - begun_with > GROWN
        send(sock, answer.packed(is_last=is_last))
        if is_last:
            return


def _answer(call: bytes, limits: Limits) -> Answer:
    try:
        place, payload = pickle.loads(call)  # noqa: S301  # from our own parent
        place.load()
        function, args = pickle.loads(payload)  # noqa: S301
        return Answer.good(function(*args))
    except (MemoryError, RecursionError):
        return Answer.bad(limits.passed(), is_last=True)
    except Exception as error:  # noqa: BLE001  # whatever a parser raises goes to the one who asked
        return Answer.bad(error)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# --- what a parser may not -----------------------------------------------------------------------

_CODE = (".py", ".pyc", ".so")
_READABLE = (sys.prefix, sys.base_prefix, "/usr/share/zoneinfo", "/dev/null", "/dev/urandom")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.remove", "os.rename")


def _shut_in(limits: Limits) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel's own end: no code of ours has to run for it
    os.nice(NICE)
    for kind, value in ((resource.RLIMIT_AS, limits.memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(kind, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    """Let a parser open code and nothing else, and talk to nobody: a library may mean well and fetch a link."""
    if event == "open":
        path, _, flags = args
        name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if flags & _WRITING or not (name.endswith(_CODE) or name.startswith(_READABLE)):
            _no("open a file")
    elif event.startswith(_REFUSED):
        _no("do that")


def _no(what: str) -> NoReturn:
    raise PermissionError(f"a parser may not {what}")
