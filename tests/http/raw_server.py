"""A server that sends exactly the bytes it is told to, one thread for each connection."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Mapping

LOOPBACK = "127.0.0.1"


class Talk:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, server: RawServer) -> None:
        self.sock = sock
        self._server = server

    def request(self) -> bytes:
        """Return the next request, head and body, or nothing when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := self.sock.recv(65536)):
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *([0-9]+)", head)
        while length and len(body) < int(length[1]):
            body += self.sock.recv(65536)
        self._server.requests.append(head + b"\r\n\r\n" + body)
        return self._server.requests[-1]

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """Send it byte by byte."""
        for at in range(len(data)):
            self.sock.sendall(data[at : at + 1])
            self.pause(every)

    def pause(self, seconds: float) -> None:
        """Be silent for a while, or until the test is over."""
        self._server.over.wait(seconds)

    def hang(self) -> None:
        """Say nothing until the client goes or the test is over."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Drop the connection with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Talk], None]


class RawServer:
    """Listens on loopback and plays `script` on every connection. `requests` holds what was asked."""

    def __init__(
        self,
        script: Script,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        listener: socket.socket | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._script = script
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = listener or socket.create_server((host, port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.scheme = "https" if tls else "http"
        threading.Thread(target=self._listen, daemon=True).start()

    def at(self, host: str, path: str = "/") -> str:
        """Return the address of a path under a host name of the test's choice."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """Return the paths asked for, in order."""
        return [request.split(b" ", 2)[1].decode() for request in self.requests]

    def header(self, name: str, request: int = -1) -> str | None:
        """Return a header of a request."""
        found = re.search(rf"(?im)^{name}: *(.*?)\r$", self.requests[request].decode("latin-1"))
        return found[1] if found else None

    def close(self) -> None:
        """Stop listening and drop all connections."""
        self.over.set()
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            self._script(Talk(sock, self))
        except OSError:
            pass  # the client has gone
        finally:
            sock.close()


def answer(
    body: bytes = b'{"reviews": []}',
    status: str = "200 OK",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    length: int | None = None,
) -> bytes:
    """Return the bytes of a good answer; what is given changes it."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in pairs)]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def says(*answers: bytes) -> Script:
    """Return a script that gives these answers, one a request, on any number of connections, and then closes."""
    lock = threading.Lock()
    left = list(answers)

    def play(talk: Talk) -> None:
        while talk.request():
            with lock:
                if not left:
                    return
                data = left.pop(0)
            talk.send(data)

    return play


def always(data: bytes) -> Script:
    """Return a script that gives the same answer to every request."""

    def play(talk: Talk) -> None:
        while talk.request():
            talk.send(data)

    return play


def ends_with(data: bytes) -> Script:
    """Return a script that gives an answer and closes the connection."""

    def play(talk: Talk) -> None:
        talk.request()
        talk.send(data)

    return play


def by_path(pages: Mapping[str, bytes]) -> Script:
    """Return a script that gives the answer that stands for the path."""

    def play(talk: Talk) -> None:
        while request := talk.request():
            talk.send(pages.get(request.split(b" ", 2)[1].decode(), answer(b"none", "404 Not Found")))

    return play
