"""The closed network: nothing in a test leaves this machine."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = {"", "localhost", socket.gethostname()}


class NetworkClosedError(OSError):
    """A test wanted to leave this machine."""


class ClosedNetwork:
    """Refuses every address and name outside loopback, and keeps what was tried.

    It listens to the interpreter's own audit events, so that no library gets around it and
    nothing is patched. Programs a test starts are not covered.
    """

    def __init__(self) -> None:
        self.tried: list[str] = []

    def close(self) -> None:
        """Close the network for the rest of this process."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            self._judge(args[1])
        elif event == "socket.getaddrinfo":
            self._judge((args[0], args[1]))

    def _judge(self, address: Any) -> None:
        if isinstance(address, tuple) and not _is_local(address[0]):
            sentence = f"the network is closed in tests: something asked for {address[0]!r} port {address[1]!r}"
            self.tried.append(sentence)
            raise NetworkClosedError(sentence)


def _is_local(host: Any) -> bool:
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name.lower() in LOCAL_NAMES or name.lower().endswith(".localhost")
    return address.is_loopback or address.is_unspecified
