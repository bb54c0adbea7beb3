"""A mail server that says what it is told to, at the step it is told to."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from tests.http.raw_server import Talk

Step = bytes | Callable[[Talk], None]

GOOD: dict[str, bytes] = {
    "greeting": b"220 mail.test ready",
    "ehlo": b"250-mail.test\r\n250-SIZE 20000000\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
    "starttls": b"220 go ahead",
    "auth": b"235 2.7.0 welcome",
    "mail": b"250 2.1.0 fine",
    "rcpt": b"250 2.1.5 fine",
    "data": b"354 go on",
    "dot": b"250 2.0.0 taken",
    "quit": b"221 bye",
}


@dataclass
class Postman:
    """One mail server for the time of a test. `says` changes a step; `mails` holds what was taken."""

    says: Mapping[str, Step] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    at_once: bool = False  # TLS from the first byte
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def __call__(self, talk: Talk) -> None:
        """Play the server's part on one connection."""
        if self.at_once and self.tls is not None:
            talk.sock = self.tls.wrap_socket(talk.sock, server_side=True)
        self._say(talk, "greeting")
        lines = talk.sock.makefile("rb")
        while line := lines.readline():
            verb = line.split()[0].decode("latin-1").lower() if line.strip() else ""
            if verb in ("ehlo", "helo"):
                self._hello(talk)
            elif verb == "starttls" and self.tls is not None:
                self._say(talk, "starttls")
                talk.sock = self.tls.wrap_socket(talk.sock, server_side=True)
                lines = talk.sock.makefile("rb")
            elif verb == "data":
                self._say(talk, "data")
                if not str(self.says.get("data", b"354")).startswith("b'354"):
                    continue
                self.mails.append(_until_dot(lines))
                self._say(talk, "dot")
            else:
                self._note(verb, line)
                self._say(talk, verb)

    def _hello(self, talk: Talk) -> None:
        if (
            "ehlo" not in self.says
            and self.tls is not None
            and not self.at_once
            and not isinstance(talk.sock, ssl.SSLSocket)
        ):
            self.steps.append("ehlo")
            talk.send(b"250-mail.test\r\n250 STARTTLS\r\n")
        else:
            self._say(talk, "ehlo")

    def _note(self, verb: str, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        if verb == "rcpt":
            self.recipients.append(text.partition("<")[2].partition(">")[0])
        if verb == "mail":
            self.senders.append(text.partition("<")[2].partition(">")[0])
        if verb == "auth":
            self.logins.append(base64.b64decode(text.split()[-1] + "==").decode("utf-8", "replace"))

    def _say(self, talk: Talk, step: str) -> None:
        self.steps.append(step)
        said = self.says.get(step, GOOD.get(step, b"502 unknown"))
        if callable(said):
            said(talk)
        else:
            talk.send(said + b"\r\n")

    @property
    def read(self) -> list[EmailMessage]:
        """Return the mails as a mail program reads them."""
        return [message_from_bytes(mail, policy=default) for mail in self.mails]  # type: ignore[misc]


def lost(talk: Talk) -> None:
    """Drop the connection with a reset, although a reader still holds it."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(talk.sock.detach())


def silent(talk: Talk) -> None:
    """Say nothing until the test is over."""
    talk.pause(30)


def dripping(talk: Talk) -> None:
    """Say something endless, one letter at a time."""
    talk.drip(b"220-" + b"a" * 2000, every=0.03)


def _until_dot(lines) -> bytes:
    taken = []
    while (line := lines.readline()) not in (b".\r\n", b""):
        taken.append(line[1:] if line.startswith(b".") else line)
    return b"".join(taken)
