"""A small IMAP server of our own, on loopback: real sockets, real commands, and as rude as a test wants it to be."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "support@acme.example", "made-up-s3cret"
DATE = "30-Nov-2026 09:00:00 +0000"


@dataclass
class Folder:
    """One folder: its messages by UID, its UIDVALIDITY, its marks."""

    validity: int = 7
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: str = "\\HasNoChildren"

    def add(self, raw: bytes) -> int:
        """Put a message at the end."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw
        return uid


class MailServer:
    """What a server knows and what it was asked. `rude` may answer a command in its own way, with bytes."""

    def __init__(self, context: ssl.SSLContext | None = None, *, starttls: bool = False) -> None:
        self.folders = {"INBOX": Folder(), "Sent": Folder(flags="\\HasNoChildren \\Sent")}
        self.capabilities = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2"
        self.token = ""
        self.refuses = b""  # what is said to a log-in that is right
        self.rude: Callable[[str], bytes | None] = lambda command: None
        self.asked: list[str] = []
        self.connections = 0
        self._context, self._starttls = context, starttls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for `base_url`."""
        return f"{'https' if self._context and not self._starttls else 'http'}://127.0.0.1:{self.port}"

    @property
    def inbox(self) -> Folder:
        """The folder where mail arrives."""
        return self.folders["INBOX"]

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):
            if self._context and not self._starttls:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._talk(sock)
        sock.close()

    def _talk(self, sock: socket.socket) -> None:
        folder = Folder()
        sock.sendall(self.rude("GREETING") or b"* OK ready\r\n")
        file = sock.makefile("rb")
        while line := file.readline():
            tag, _, command = line.decode("utf-8", "replace").strip().partition(" ")
            self.asked.append(command)
            said = self.rude(command)
            if said is not None:
                sock.sendall(said.replace(b"TAG", tag.encode()))
                continue
            word, _, rest = command.partition(" ")
            if word == "STARTTLS" and self._context:
                sock.sendall(f"{tag} OK begin\r\n".encode())
                sock = self._context.wrap_socket(sock, server_side=True)
                file = sock.makefile("rb")
                continue
            if word in ("EXAMINE", "SELECT"):
                found = self.folders.get(rest.strip('"'))
                folder = found or folder
                answer = self._examined(found)
            elif word == "AUTHENTICATE" and rest.count(" ") == 0:
                sock.sendall(b"+ \r\n")
                answer = self._lets_in(base64.b64decode(file.readline().strip()).decode())
            else:
                answer = self._answer(word, rest, folder)
            sock.sendall(answer.replace(b"TAG", tag.encode()))
            if word == "LOGOUT":
                return

    def _answer(self, word: str, rest: str, folder: Folder) -> bytes:
        match word:
            case "CAPABILITY":
                extra = " STARTTLS" if self._starttls else ""
                return f"* CAPABILITY {self.capabilities}{extra}\r\nTAG OK done\r\n".encode()
            case "LOGIN":
                return self._lets_in("\0" + "\0".join(part.strip('"') for part in rest.split(" ")))
            case "AUTHENTICATE":
                return self._lets_in(base64.b64decode(rest.split(" ")[1]).decode())
            case "LIST":
                rows = [f'* LIST ({one.flags}) "/" "{name}"\r\n' for name, one in self.folders.items()]
                return "".join(rows).encode() + b"TAG OK done\r\n"
            case "UID":
                return self._search(rest, folder) if rest.startswith("SEARCH") else _fetched(rest, folder)
            case "LOGOUT":
                return b"* BYE bye\r\nTAG OK done\r\n"
        return b"TAG BAD what?\r\n"

    def _lets_in(self, said: str) -> bytes:
        right = [f"\0{USER}\0{PASSWORD}"] + [f"user={USER}\1auth=Bearer {self.token}\1\1"] * bool(self.token)
        if said not in right:
            return f"TAG NO [AUTHENTICATIONFAILED] not {said.split(chr(0))[-1]}\r\n".encode()
        return self.refuses or b"TAG OK welcome\r\n"

    def _examined(self, folder: Folder | None) -> bytes:
        if folder is None:
            return b"TAG NO [NONEXISTENT] no such folder\r\n"
        lines = f"* {len(folder.mails)} EXISTS\r\n* OK [UIDVALIDITY {folder.validity}] x\r\nTAG OK [READ-ONLY] done\r\n"
        return lines.encode()

    def _search(self, rest: str, folder: Folder) -> bytes:
        uids = sorted(folder.mails)
        wanted = re.search(r"(UID )?(\d+):\*", rest)
        if wanted and wanted[1]:
            uids = [uid for uid in uids if uid >= int(wanted[2])] or uids[-1:]  # as real servers do
        elif wanted:
            uids = uids[int(wanted[2]) - 1 :]
        return f"* SEARCH {' '.join(map(str, uids))}\r\nTAG OK done\r\n".encode()


def _fetched(rest: str, folder: Folder) -> bytes:
    found = re.match(r"FETCH (\d+) .*BODY\.PEEK\[\]<0\.(\d+)>", rest)
    assert found, rest
    uid, most = int(found[1]), int(found[2])
    whole = folder.mails.get(uid)
    if whole is None:
        return b"TAG OK done\r\n"
    raw = whole[:most]
    head = f'* 1 FETCH (UID {uid} RFC822.SIZE {len(whole)} INTERNALDATE "{DATE}" BODY[]<0> {{{len(raw)}}}\r\n'
    return head.encode() + raw + b")\r\nTAG OK done\r\n"


@contextmanager
def a_mail_server(context: ssl.SSLContext | None = None, *, starttls: bool = False) -> Iterator[MailServer]:
    """Run a server for the time of a test."""
    server = MailServer(context, starttls=starttls)
    try:
        yield server
    finally:
        server.close()
