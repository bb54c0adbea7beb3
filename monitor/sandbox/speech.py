"""How we talk with the child: whole messages of plain values over a socket."""

from __future__ import annotations

import importlib
import importlib.util
import io
import pickle
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, EnumType
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from monitor.errors import FetchError, MonitorError, ParseError

if TYPE_CHECKING:
    from monitor.connector import Brand, Connector
    from monitor.exchange import AnyResponse, Page

LENGTH = struct.Struct("!Q")
SHORT = 4096  # bytes; a longer message is not copied to stand behind its length


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take (bytes of address space, seconds), and how long a child stays without work."""

    memory: int
    seconds: float
    idle: float

    def passed(self) -> FetchError:
        """Return the error for a page that took more."""
        size = self.memory // 2**20
        what = f"the page cannot be read within {self.seconds:g} s and {size} MiB, or it breaks the parser"
        return FetchError(what, code="parser_limit", sent=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where code stands: a module's name, and its file for those that cannot be imported by name."""

    module: str
    file: str | None

    @classmethod
    def of(cls, thing: Any) -> Place:
        """Return where a function or class was defined."""
        module = thing.__module__
        return cls(module, getattr(sys.modules.get(module), "__file__", None))

    def load(self) -> None:
        """Import the module."""
        if self.module in sys.modules:
            return
        try:
            importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            if error.name != self.module or self.file is None:
                raise
            self._load_file(self.file)

    def _load_file(self, file: str) -> None:
        spec = importlib.util.spec_from_file_location(self.module, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[self.module] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(sys.modules[self.module])
        except BaseException:
            del sys.modules[self.module]
            raise


def parsed(kind: type[Connector[Any]], config: Any, brands: Sequence[Brand], response: AnyResponse) -> Page:
    """Return what a connector reads in an answer. The one function that is mostly called over there."""
    return kind(config, brands).parse(response)


# --- messages ------------------------------------------------------------------------------------


def send(sock: socket.socket, data: bytes) -> None:
    """Send one message."""
    head = LENGTH.pack(len(data))
    if len(data) <= SHORT:
        sock.sendall(head + data)
    else:
        sock.sendall(head)
        sock.sendall(data)


def receive(sock: socket.socket) -> bytes | None:
    """Return one message, or None when the other side has ended."""
    head = exactly(sock, LENGTH.size)
    return None if head is None else exactly(sock, LENGTH.unpack(head)[0])


def exactly(sock: socket.socket, size: int) -> bytes | None:
    """Return so many bytes, or None when the other side has ended before."""
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        count = sock.recv_into(rest)
        if count == 0:
            return None
        rest = rest[count:]
    return bytes(data)


# --- answers -------------------------------------------------------------------------------------

_GOES_ON, _LAST = b"\x00", b"\x01"
_SHAPE_ERRORS = (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError)
_OURS = ("monitor.errors", "monitor.exchange", "monitor.models")
_PLAIN = {
    *(("builtins", error.__name__) for error in _SHAPE_ERRORS),
    *(("builtins", name) for name in ("bytearray", "complex", "frozenset", "set")),
    *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child said: a result or an error, and whether it takes another call."""

    is_last: bool
    pickled: bytes

    @classmethod
    def good(cls, result: Any) -> Answer:
        """Return the answer that holds a result."""
        return cls(is_last=False, pickled=pickle.dumps((True, result), pickle.HIGHEST_PROTOCOL))

    @classmethod
    def bad(cls, error: Exception, *, is_last: bool = False) -> Answer:
        """Return the answer that holds an error, as plain values."""
        return cls(is_last=is_last, pickled=pickle.dumps((False, _told(error)), pickle.HIGHEST_PROTOCOL))

    def packed(self, *, is_last: bool) -> bytes:
        """Return the answer as a message."""
        return (_LAST if is_last else _GOES_ON) + self.pickled

    @classmethod
    def unpacked(cls, data: bytes) -> Answer:
        """Return the answer in a message."""
        return cls(is_last=data[:1] == _LAST, pickled=data[1:])

    def result(self) -> Any:
        """Return the result, or raise the error."""
        is_good, value = _PlainUnpickler(io.BytesIO(self.pickled)).load()
        if is_good:
            return value
        kind, args, state = value
        error = kind.__new__(kind, *args)
        error.__dict__.update(state)
        raise error


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain values only: a child that a page has taken over cannot make us run anything."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that stands for a plain value."""
        if (module, name) == ("builtins", "getattr"):
            return _member
        found = super().find_class(module, name) if (module, name) in _PLAIN or module in _OURS else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"the parser sent a {module}.{name}, which is no plain value")


def _member(kind: Any, name: str) -> Enum:
    """Return a member of an enumeration, and nothing else: Python 3.11 before 3.11.4 pickles members by `getattr`."""
    if isinstance(kind, EnumType) and name in kind.__members__:
        return cast("Enum", kind.__members__[name])
    raise pickle.UnpicklingError("the parser sent what is no member of an enumeration")


def _told(error: Exception) -> tuple[type[BaseException], tuple[Any, ...], dict[str, Any]]:
    """Return class, arguments and attributes of an error; what it says of the page is left out, unless we said it."""
    if isinstance(error, MonitorError):
        kind = next(base for base in type(error).__mro__ if base.__module__ == MonitorError.__module__)
        return kind, error.args, vars(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    note = f"{type(error).__name__} in the parser, {Path(where.filename).name}:{where.lineno}"
    for kind in type(error).__mro__:
        if kind in _SHAPE_ERRORS:
            is_key = kind is KeyError and error.args and isinstance(error.args[0], str)
            return kind, error.args[:1] if is_key else (note,), {"__notes__": [note]}
    told = f"the answer cannot be read ({type(error).__name__})"
    return ParseError, (told,), {"__notes__": [note]}
