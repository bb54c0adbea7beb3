"""One mailbox: logged in to once a bite, opened to read only, its messages fetched without marking them as seen.

https://www.rfc-editor.org/rfc/rfc9051 (IMAP), rfc6154 (which folder holds what was sent),
https://developers.google.com/gmail/imap/xoauth2-protocol.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.folder import FolderInfo
from imap_tools.mailbox import BaseMailBox

from monitor import tls
from monitor.clock import Clock, now
from monitor.errors import FetchError, LookError, RefusedError
from monitor.exchange import MailItem, MailLogin, MailRequest, MailResponse
from monitor.mailbox.line import Errand, Line, secured
from monitor.text import parse_when

DEADLINE = timedelta(seconds=60)  # of one question, log-in included
MAX_MAIL = 512 * 1024  # bytes that are read of one message: its words come before its attachments
MAX_MAILS = 50  # in one answer
MAX_ANSWER = 4 * 1024 * 1024  # bytes after which an answer is full
BUSY = timedelta(minutes=10)  # until a server that has no room for us is asked again
SENT = "\\Sent"
_SENT_NAMES = (
    *("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente"),
    *("envoyés", "éléments envoyés", "enviados", "elementos enviados", "inviata", "posta inviata", "verzonden items"),
)
_CODE = re.compile(r"\[([A-Z-]{3,30})[ \]]")
_COME_BACK = {"UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "OVERQUOTA", "THROTTLED"}
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,15})\b")
_DATE = re.compile(rb'\bINTERNALDATE "([^"]{1,60})"')
_SAID = 160  # characters of what a server says that are shown
_PORTS = {"https": 993, "http": 143}


class Connect(Protocol):
    """Return a socket connected to a host, its address looked up and checked. Raises FetchError."""

    def __call__(  # noqa: D102  # the class says it
        self, host: str, port: int, *, seconds: float, allow_private: bool
    ) -> socket.socket: ...


class _Box(BaseMailBox):
    """imap_tools over a line that is open already."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._line


class Mailbox:
    """The questions of one source to one mailbox, on one connection. Used by one thread.

    `base_url` sends everything to another server: `https://` speaks TLS there, `http://` nothing, and that only to
    this machine. `allow_private` as for the web. When `stopped` says so, reading ends. Raises LookError; no message
    holds the password or token.
    """

    def __init__(
        self,
        login: MailLogin,
        connect: Connect,
        *,
        base_url: str | None = None,
        allow_private: bool = False,
        context: ssl.SSLContext | None = None,
        clock: Clock = now,
        deadline: timedelta = DEADLINE,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._login = login
        self._connect = connect
        self._allow_private = allow_private
        self._context = context
        self._clock = clock
        self._deadline = deadline
        self._stopped = stopped
        self._host, self._port, self._security = login.host, login.port, login.security
        if base_url:
            parts = urlsplit(base_url)
            self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
            self._security = "tls" if parts.scheme == "https" else "plain"
        self._box: _Box | None = None
        self._line: Line | None = None
        self._folders: dict[str, str] = {}

    def fetch(self, request: MailRequest, token: str | None = None) -> MailResponse:
        """Return the messages behind `request.after_uid`, oldest first, as many as one answer holds.

        With another UIDVALIDITY than the request names, or none, the newest `request.newest` are begun with. `token`
        is the access token where the login has no password. Raises FetchError (deadline, tls, truncated, too_large,
        protocol, folder and those of a connection) and RefusedError (reconnect, throttled).
        """
        errand = Errand(self._host, self._deadline, self._stopped)
        with self._told(errand, token):
            box = self._ready(errand, token)
            validity, count = self._examine(box, self._folder(box, request.folder, errand), errand)
            uids = self._uids(box, request, validity, count)
            items, more = self._fetched(box, uids, errand)
        return MailResponse(request, validity, tuple(items), self._clock(), more=more)

    def close(self) -> None:
        """Log out. Never raises: what was read is read."""
        box, self._box = self._box, None
        line, self._line = self._line, None
        if line is None:
            return
        line.begin(Errand(self._host, timedelta(seconds=5)))
        if box is not None:
            with suppress(imaplib.IMAP4.error, ImapToolsError, FetchError, OSError):
                box.logout()
        line.shutdown()

    # --- the way in

    def _ready(self, errand: Errand, token: str | None) -> _Box:
        if self._box is not None and self._line is not None:
            self._line.begin(errand)
            return self._box
        self._line = self._dialled(errand)
        box = _Box(self._line)
        self._log_in(box, errand, token)
        self._box = box
        return box

    def _dialled(self, errand: Errand) -> Line:
        sock = self._connect(self._host, self._port, seconds=errand.left(), allow_private=self._allow_private)
        try:
            if self._security == "plain" and not ip_address(sock.getpeername()[0]).is_loopback:
                what = 'passwords go over TLS, and without it to this machine only: use security = "tls"'
                raise errand.failed("tls", what, permanent=True)
            if self._security == "tls":
                sock = secured(sock, self._tls(), errand)
            line = Line(sock, errand)
            if self._security == "starttls":
                if "STARTTLS" not in line.capabilities:
                    raise errand.failed("tls", 'it offers no STARTTLS; try security = "tls"')
                line.secure(self._tls())
            return line
        except BaseException:
            sock.close()
            raise

    def _tls(self) -> ssl.SSLContext:
        self._context = self._context or tls.client_context()
        return self._context

    def _log_in(self, box: _Box, errand: Errand, token: str | None) -> None:
        user, password = self._login.user, self._login.password
        can = box.client.capabilities
        try:
            if token is not None:
                box.xoauth2(user, token, initial_folder=None)
            elif ("AUTH=PLAIN" in can and "SASL-IR" in can) or not f"{user}{password}".isascii():
                box.login_utf8(user, password or "", initial_folder=None)
            elif "LOGINDISABLED" in can:
                raise errand.failed("tls", 'it takes no password without TLS; use security = "tls"', permanent=True)
            else:
                box.login(user, password or "", initial_folder=None)
        except imaplib.IMAP4.abort:  # the line is gone: that says nothing of the password
            raise
        except (imaplib.IMAP4.error, UnexpectedCommandStatusError) as error:
            raise self._refused(errand, error, token) from None

    def _refused(self, errand: Errand, error: Exception, token: str | None) -> LookError:
        said = self._said(error, token)
        code = _CODE.search(said)
        if code and code[1] in _COME_BACK:
            what = f"{errand.host}: the mail server has no room for us now ({said})"
            return RefusedError(what, code="throttled", retry_after=BUSY)
        what = "the access token" if token is not None else "user or password"
        return RefusedError(f"{errand.host}: the mail server refused {what} ({said})", code="reconnect", permanent=True)

    # --- the folder

    def _folder(self, box: _Box, wanted: str, errand: Errand) -> str:
        """Return the name of a folder; that of what was sent is found by its mark, or by its usual names."""
        if wanted != SENT:
            return wanted
        if wanted not in self._folders:
            there = box.folder.list()
            marked = [one.name for one in there if SENT.lower() in (flag.lower() for flag in one.flags)]
            named = [one.name for one in there if one.name.rpartition(one.delim)[2].lower() in _SENT_NAMES]
            if not marked and not named:
                what = f'no folder is marked as Sent; name it: sent = "…", or "" for none. It has {_names(there)}'
                raise errand.failed("folder", what)
            self._folders[wanted] = (marked or named)[0]
        return self._folders[wanted]

    def _examine(self, box: _Box, folder: str, errand: Errand) -> tuple[int, int]:
        try:
            _, found = box.folder.set(folder, readonly=True)
        except UnexpectedCommandStatusError:
            there = _names(box.folder.list())
            raise errand.failed("folder", f"there is no folder {folder!r} in the mailbox. It has {there}") from None
        count, validity = _number(found), _number(box.client.response("UIDVALIDITY")[1])
        if validity is None:
            raise errand.failed("protocol", "it gives the folder no UIDVALIDITY, so nothing could be found again")
        return validity, count or 0

    # --- the messages

    def _uids(self, box: _Box, request: MailRequest, validity: int, count: int) -> list[int]:
        if count == 0:
            return []
        after = request.after_uid if request.validity in (None, validity) else 0
        if after:
            criteria = f"UID {after + 1}:*"
        else:
            criteria = f"{max(1, count - request.newest + 1)}:*" if request.newest else "ALL"
        found = {int(uid) for uid in box.uids(criteria, None) if uid.isdigit() and len(uid) <= 10}
        return sorted(uid for uid in found if uid > after)  # `n:*` names the newest even where it is before n

    def _fetched(self, box: _Box, uids: list[int], errand: Errand) -> tuple[list[MailItem], bool]:
        items: list[MailItem] = []
        size = 0
        for position, uid in enumerate(uids):
            if len(items) >= MAX_MAILS or size >= MAX_ANSWER or (items and errand.is_half_over()):
                return items, position < len(uids)
            if (item := self._message(box, uid, errand)) is not None:
                items.append(item)
                size += len(item.raw)
        return items, False

    def _message(self, box: _Box, uid: int, errand: Errand) -> MailItem | None:
        """Return one message, or None for one that was deleted meanwhile."""
        parts = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{MAX_MAIL}>)"  # PEEK: it stays unread
        status, found = box.client.uid("FETCH", str(uid), parts)
        if status != "OK":
            raise errand.failed("protocol", "it lists a message and then refuses to show it")
        for at, one in enumerate(found):
            if not isinstance(one, tuple):
                continue
            after = found[at + 1] if at + 1 < len(found) and isinstance(found[at + 1], bytes) else b""
            head, raw = one[0] + b" " + after, one[1]
            named = _UID.search(head)
            if named and int(named[1]) == uid:
                full = _SIZE.search(head)
                return MailItem(uid, self._date(head), raw[:MAX_MAIL], int(full[1]) if full else None)
        return None

    def _date(self, head: bytes) -> datetime:
        found = _DATE.search(head)
        return (parse_when(found[1].decode("ascii", "replace")) if found else None) or self._clock()

    # --- what goes wrong

    @contextmanager
    def _told(self, errand: Errand, token: str | None) -> Iterator[None]:
        """Turn what the libraries raise into our words; whatever failed, the connection is not used again."""
        try:
            yield
        except BaseException as error:
            self._drop()
            told = self._in_our_words(errand, error, token)
            if told is None:
                raise
            raise told from None  # theirs may quote what we have sent

    def _in_our_words(self, errand: Errand, error: BaseException, token: str | None) -> LookError | None:
        if isinstance(error, (imaplib.IMAP4.error, ImapToolsError)):
            said = self._said(error, token)
            code = _CODE.search(said)
            if code and code[1] in _COME_BACK:
                return RefusedError(f"{errand.host}: {said}", code="throttled", retry_after=BUSY)
            return errand.failed("protocol", f"the mail server said something unexpected ({said})")
        if isinstance(error, (OSError, ValueError, LookupError, TypeError, AttributeError)):
            return errand.failed("protocol", f"the mail server cannot be understood ({type(error).__name__})")
        return None

    def _said(self, error: BaseException, token: str | None) -> str:
        """Return what the server said, without our secrets in any form in which we have sent them."""
        told: object = error
        if isinstance(error, UnexpectedCommandStatusError):
            told = next((part for part in error.command_result[1] if isinstance(part, bytes)), b"")
        elif error.args:
            told = error.args[0]
        text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        user, password = self._login.user, self._login.password
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        bearer = base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()
        for secret in filter(None, (password, token, plain, bearer)):
            text = text.replace(secret, "***")
        return "".join(letter if letter.isprintable() else " " for letter in text[:_SAID]).strip()

    def _drop(self) -> None:
        line, self._line, self._box = self._line, None, None
        if line is not None:
            line.shutdown()


def _number(found: object) -> int | None:
    value = found[0] if isinstance(found, list) and found else None
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) <= 10 else None


def _names(folders: Sequence[FolderInfo]) -> str:
    return ", ".join(one.name for one in folders[:12]) or "no folder at all"
