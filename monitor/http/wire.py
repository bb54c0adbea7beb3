"""The socket: dialled to a checked address, read and written within the time left, its heads read strictly.

httpcore and h11 speak HTTP over it; what they let pass and this program does not is refused here.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import httpcore

from monitor.errors import FetchError
from monitor.http.address import Address, IPAddress, admit, literal
from monitor.http.errand import Errand
from monitor.http.names import Names

MAX_ADDRESSES = 4
MAX_HEAD = 256 * 1024  # bytes of status line and headers, interim answers included
MAX_HEADERS = 6_000  # some pages do set thousands of cookies: the jar drops them, the page is read
MAX_INTERIM = 100  # 1xx answers before the real one
MAX_RECEIVED = 12 * 1024 * 1024  # bytes of one answer on the line: the body's cap and its chunk marks

_HEAD_END = re.compile(rb"\n\r?\n")
_LONE = re.compile(rb"\x00|(?<!\r)\n|\r(?=[^\n])")
_START = re.compile(rb"HTTP/1\.[01] [0-9]{3}(?=[ \r])")
_STARTS = b"HTTP/1."


class Wire(httpcore.NetworkStream):
    """One connected socket. `begin` gives it the errand whose time it counts against."""

    def __init__(self, sock: socket.socket, errand: Errand) -> None:
        self._sock = sock
        self.begin(errand)

    def begin(self, errand: Errand) -> None:
        """Turn to the next errand on this connection."""
        self._errand = errand
        self.received = 0  # bytes of this errand's answer
        self.ended = False  # the other side closed or dropped the connection
        self._head: bytearray | None = bytearray()  # None once the body has begun
        self._heads = 0  # bytes of the heads before this one
        self._interim = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, or nothing when the other side has ended. Ignores httpcore's time-outs."""
        self._errand.sent = True  # httpcore reads when it has written everything
        data = self._receive(max_bytes)
        self.received += len(data)
        self.ended = not data
        if self.received > MAX_RECEIVED:
            raise self._errand.failed("too_large", f"the answer is larger than {MAX_RECEIVED} bytes on the line")
        if data and self._head is not None:
            self._check_heads(self._head, data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        rest = memoryview(buffer)
        try:
            while rest:
                self._sock.settimeout(self._errand.left())
                rest = rest[self._sock.send(rest) :]
        except TimeoutError:
            raise self._errand.too_late() from None
        except OSError as error:
            self.ended = True
            raise httpcore.WriteError(type(error).__name__) from error

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def stop(self) -> None:
        """End a read in another thread, at once."""
        with suppress(OSError):  # it ended by itself
            self._sock.shutdown(socket.SHUT_RDWR)

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore whether the other side has closed an idle connection."""
        if info != "is_readable":
            return None
        waiting = select.poll()
        waiting.register(self._sock, select.POLLIN)
        return bool(waiting.poll(0))

    def _receive(self, max_bytes: int) -> bytes:
        try:
            self._sock.settimeout(self._errand.left())
            return self._sock.recv(max_bytes)
        except TimeoutError:
            raise self._errand.too_late() from None
        except OSError as error:  # TLS that ends without its closing word, too: the rest may be missing
            self.ended = True
            raise httpcore.ReadError(type(error).__name__) from error

    def _check_heads(self, head: bytearray, data: bytes) -> None:
        searched = max(len(head) - 3, 0)  # where a line end may have begun in what came before
        head += data
        while True:
            if head[: len(_STARTS)] != _STARTS[: len(head)]:
                raise self._errand.failed("protocol", "the answer is no HTTP")
            end = _HEAD_END.search(head, searched)
            size = end.end() if end else len(head)
            if self._heads + size > MAX_HEAD or head.count(b"\n", 0, end.end() if end else 0) > MAX_HEADERS:
                raise self._errand.failed("protocol", "the headers of the answer are larger than any page needs")
            if _LONE.search(head, searched, size):
                raise self._errand.failed("protocol", "the headers hold a NUL or half a line end")
            if end is None:
                return
            if not self._is_interim(head):
                self._head = None
                return
            self._heads += size
            del head[:size]
            searched = 0

    def _is_interim(self, head: bytearray) -> bool:
        start = _START.match(head)
        if start is None:
            raise self._errand.failed("protocol", "the answer begins with no status line")
        status = int(start[0][-3:])
        if status >= 200:
            return False
        if not 100 <= status < 200 or status == 101:
            raise self._errand.failed("protocol", f"the answer has the status {status}, which nobody asked for")
        self._interim += 1
        if self._interim > MAX_INTERIM:  # they could go on until the deadline
            raise self._errand.failed("deadline", f"{MAX_INTERIM} times 'wait', and no answer")
        return True


# --- dialling ------------------------------------------------------------------------------------


def dial(address: Address, errand: Errand, names: Names, tls: ssl.SSLContext, *, allow_private: bool) -> Wire:
    """Connect to `address` and return the wire.

    The name is looked up once, every address found is checked, and the connection goes to the
    very address that was checked. Raises FetchError.
    """
    sock = connect(address, errand, names, allow_private=allow_private)
    try:
        return Wire(_secured(sock, address.host, errand, tls) if address.scheme == "https" else sock, errand)
    except BaseException:
        sock.close()
        raise


def connect(address: Address, errand: Errand, names: Names, *, allow_private: bool) -> socket.socket:
    """Return a socket connected to the very address that was looked up and checked. Raises FetchError."""
    sock = _connect(_look_up(address, errand, names, allow_private=allow_private), address.port, errand)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _look_up(address: Address, errand: Errand, names: Names, *, allow_private: bool) -> list[IPAddress]:
    if literal(address.host) is not None:
        return admit(address.host, [address.host], allow_private=allow_private)
    left = errand.left()
    try:
        found = names.addresses(address.host, min(left, names.limit))
    except FetchError as error:
        if error.code == "dns_timeout" and left < names.limit:
            raise errand.too_late() from error
        raise
    return _both_kinds(admit(address.host, found, allow_private=allow_private))


def _both_kinds(addresses: list[IPAddress]) -> list[IPAddress]:
    """Return the first few, IPv4 and IPv6 by turns, so that one broken kind does not use up all tries."""
    first = [address for address in addresses if address.version == addresses[0].version]
    second = [address for address in addresses if address.version != addresses[0].version]
    mixed = [address for pair in zip_longest(first, second) for address in pair if address is not None]
    return mixed[:MAX_ADDRESSES]


def _connect(addresses: list[IPAddress], port: int, errand: Errand) -> socket.socket:
    why: OSError | None = None
    for waiting, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        # A dead address leaves time for those behind it.
        seconds = errand.left() / waiting
        try:
            return _call(address, port, seconds)
        except OSError as error:
            why = error
    errand.left()  # when the time is up, that is the reason
    what = "no connection in time" if isinstance(why, TimeoutError) else f"no connection ({_words(why)})"
    raise errand.failed("connect", what) from why


def _call(address: IPAddress, port: int, seconds: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def _words(error: OSError | None) -> str:
    return (error.strerror if error else None) or type(error).__name__


def _secured(sock: socket.socket, host: str, errand: Errand, tls: ssl.SSLContext) -> ssl.SSLSocket:
    try:
        sock.settimeout(errand.left())
        # suppress_ragged_eofs=False: an answer cut by a stranger must not look complete.
        return tls.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False)
    except TimeoutError:
        raise errand.too_late() from None
    except ssl.SSLCertVerificationError as error:
        what = f"its certificate is not accepted: {error.verify_message}"
        raise errand.failed("tls", what) from error
    except ssl.SSLError as error:
        raise errand.failed("tls", f"no TLS connection ({error.reason or 'closed by the other side'})") from error
    except OSError as error:
        raise errand.failed("tls", f"no TLS connection ({_words(error)})") from error
