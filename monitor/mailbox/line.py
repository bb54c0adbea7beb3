"""imaplib over a socket of ours: every byte counts against one deadline and one size.

imaplib's own time limit begins anew with each packet, so a server that drips holds it for ever; and it reads as
many bytes as the server announces.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from monitor.clock import monotonic
from monitor.errors import FetchError

MAX_RECEIVED = 48 * 1024 * 1024  # bytes of everything a server says to one question
MAX_LINE = 8 * 1024 * 1024  # bytes; the numbers of a million messages
CHUNK = 64 * 1024
PATIENCE = 0.5  # seconds


class Errand:
    """The time left, and the words for what goes wrong. Used by one thread."""

    def __init__(self, host: str, span: timedelta, stopped: Callable[[], bool] = lambda: False) -> None:
        self.host = host
        self.span = span.total_seconds()
        self._stopped = stopped
        self._ends = monotonic() + self.span

    def left(self) -> float:
        """Return the seconds left. Raises FetchError: deadline when there are none, stopped when the program ends."""
        if self._stopped():
            raise self.failed("stopped", "not read to the end, the program is stopping")
        left = self._ends - monotonic()
        if left <= 0:
            raise self.too_late()
        return left

    def is_half_over(self) -> bool:
        """Say whether it is time to be content with what there is."""
        return self._ends - monotonic() < self.span / 2

    def too_late(self) -> FetchError:
        """Return the error for a deadline that has passed."""
        return self.failed("deadline", f"no whole answer within {self.span:g} s")

    def failed(self, code: str, what: str, *, permanent: bool | None = None) -> FetchError:
        """Return an error that names the host."""
        return FetchError(f"{self.host}: {what}", code=code, permanent=permanent)


class Line(imaplib.IMAP4):
    """One connection. `begin` gives it the errand whose time it counts against. Raises FetchError, and imaplib's."""

    def __init__(self, sock: socket.socket, errand: Errand) -> None:
        self._wire = sock
        self._waiting = bytearray()
        self.begin(errand)
        super().__init__(errand.host)

    def begin(self, errand: Errand) -> None:
        """Turn to the next errand on this connection."""
        self._errand = errand
        self._received = 0

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Take the socket that is connected already."""
        self.host, self.port, self.sock = host, port, self._wire

    def read(self, size: int) -> bytes:
        """Return so many bytes."""
        if size > MAX_RECEIVED:
            raise self._errand.failed("too_large", f"it announces {size} bytes in one piece")
        while len(self._waiting) < size:
            self._more()
        return self._taken(size)

    def readline(self) -> bytes:
        """Return one line with its end."""
        searched = 0
        while (end := self._waiting.find(b"\n", searched)) < 0:
            searched = len(self._waiting)
            if searched > MAX_LINE:
                raise self._errand.failed("too_large", "it sends a line without an end")
            self._more()
        return self._taken(end + 1)

    def send(self, data: Any) -> None:
        """Send all of `data`."""
        rest = memoryview(data)
        try:
            while rest:
                self.sock.settimeout(self._errand.left())
                rest = rest[self.sock.send(rest) :]
        except TimeoutError:
            raise self._errand.too_late() from None
        except OSError as error:
            raise self._errand.failed("truncated", f"the connection broke ({type(error).__name__})") from error

    def shutdown(self) -> None:
        """Close the socket."""
        with suppress(OSError):  # it ended by itself
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on over TLS, as the server has agreed to. What it said before its time is an attack, and refused."""
        status, _ = self._simple_command("STARTTLS")
        if status != "OK":
            raise self._errand.failed("tls", "it offers STARTTLS and then refuses it")
        if self._waiting:
            raise self._errand.failed("tls", "somebody speaks before TLS has begun")
        self.sock = self._wire = secured(self.sock, context, self._errand)
        self._tls_established = True
        self._get_capabilities()

    def _taken(self, size: int) -> bytes:
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        return data

    def _more(self) -> None:
        data = self._heard()
        if not data:
            raise self._errand.failed("truncated", "the server closed the connection")
        self._received += len(data)
        if self._received > MAX_RECEIVED:
            raise self._errand.failed("too_large", f"it says more than {MAX_RECEIVED} bytes to one question")
        self._waiting += data

    def _heard(self) -> bytes:
        """Wait for the next bytes, looking up now and then whether the program ends."""
        while True:
            try:
                self.sock.settimeout(min(self._errand.left(), PATIENCE))
                return self.sock.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError as error:
                raise self._errand.failed("truncated", f"the connection broke ({type(error).__name__})") from error


def secured(sock: socket.socket, context: ssl.SSLContext, errand: Errand) -> ssl.SSLSocket:
    """Return the socket with TLS on it, the server's certificate checked. Raises FetchError (tls, deadline)."""
    try:
        sock.settimeout(errand.left())
        return context.wrap_socket(sock, server_hostname=errand.host)
    except TimeoutError:
        raise errand.too_late() from None
    except ssl.SSLCertVerificationError as error:
        raise errand.failed("tls", f"its certificate is not accepted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise errand.failed("tls", f"no TLS connection ({error.reason or 'closed by the other side'})") from error
    except OSError as error:
        raise errand.failed("tls", f"no TLS connection ({error.strerror or type(error).__name__})") from error
