"""Mail by SMTP: one delivery per recipient, one connection per message, text and HTML, a stable Message-ID.

smtplib is used here and nowhere else. Its steps are taken one by one, because how a failure is read depends on
the step: before the final dot nothing was handed over, after it nobody knows. A watchdog closes the connection
when the whole takes too long, since a socket's own timeout starts anew with every byte that drips in.
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, formataddr, localtime, parseaddr
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from monitor import tls
from monitor.notifier import DeliveryError, Fetch, Message, Notifier, NotifierConfig, Receipt
from monitor.notifiers import NAME
from monitor.notifiers._mail import PROVIDERS, address, is_loopback
from monitor.text import shorten, shown

TOTAL = 60.0  # seconds for everything, from the greeting to the answer after the final dot
ONE_STEP = 30.0  # seconds of silence
MAX_SUBJECT = 150  # characters
MAX_RECIPIENTS = 500
# What providers say when the mails of the hour or the day are used up, as a refusal for good.
USED_UP = {"5.4.5": timedelta(hours=1), "4.7.28": timedelta(hours=1)}
NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")

_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ENHANCED = re.compile(rb"(?:^|\n)\s*([245]\.\d{1,3}\.\d{1,3})\b")


# --- configuration -------------------------------------------------------------------------------


class EmailConfig(NotifierConfig):
    """Options of a mail channel. `provider` fills host, port and security of the large ones."""

    to: tuple[Annotated[str, AfterValidator(address)], ...]
    sender: str = Field(alias="from")
    provider: str | None = None
    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, values: Any) -> Any:
        """Fill from the provider what is not said, and the port from the security."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        name = values.get("provider")
        if isinstance(name, str):
            if name not in PROVIDERS:
                known_names = ", ".join(PROVIDERS)
                raise ValueError(f"unknown provider `{name[:40]}`. Known: {known_names}; or give host and port")
            known = PROVIDERS[name]
            values = {"host": known.host, "port": known.port, "security": known.security, **values}
        usual = {"tls": 465, "none": 25}.get(str(values.get("security")), 587)
        return {"port": usual, **values}

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("to")
    @classmethod
    def _recipients(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("nobody is named; give at least one address")
        if len(value) > MAX_RECIPIENTS:
            raise ValueError(f"{len(value)} recipients; at most {MAX_RECIPIENTS}, or one address of a mailing list")
        found: dict[str, str] = {}
        for one in value:
            found.setdefault(one.casefold(), one)
        return tuple(found.values())

    @field_validator("sender")
    @classmethod
    def _from(cls, value: str) -> str:
        name, found = parseaddr(value)
        if "<" in value and not found:
            raise ValueError("`from` is an address, or: Review Monitor <reviews@example.org>")
        clean = address(found if "<" in value else value)
        name = _SPACES.sub(" ", name).strip() if "<" in value else ""
        return formataddr((name, clean)) if name else clean

    @field_validator("username")
    @classmethod
    def _one_word(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or re.search(r"[\x00-\x1f\x7f]", value)):
            raise ValueError("the user name is empty or holds a control character")
        return value

    @model_validator(mode="after")
    def _whole(self) -> EmailConfig:
        if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", self.host):
            raise ValueError('name a host ("mail.example.org") or a provider')
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                'security = "none" would send the text readable through the net; it is for a relay on this machine'
            )
        if self.username and self.password is None:
            raise ValueError("a username needs a password")
        if self.provider and self.password is None:
            raise ValueError(f"{self.provider} needs a password. {PROVIDERS[self.provider].advice}")
        return self

    @property
    def sender_address(self) -> str:
        """Return the bare address of `from`."""
        return parseaddr(self.sender)[1]


# --- the notifier --------------------------------------------------------------------------------


class Email(Notifier[EmailConfig]):
    """Send mails, each to one recipient."""

    Config = EmailConfig
    storm_limit = 6
    attaches = True
    threads = True
    says = "Sends mails over SMTP, one to each recipient, with text and HTML; a flood comes with its list as CSV."

    total: float = TOTAL
    """Seconds after which a connection is closed, whatever it is doing."""

    def targets(self) -> tuple[str, ...]:
        """Return the recipients, each once."""
        return self.config.to

    @property
    def advice(self) -> str:
        """Return what one must know of the provider before the first failure; empty where nothing is special."""
        return PROVIDERS[self.config.provider].advice if self.config.provider else ""

    def describe(self) -> str:
        """Return whom it writes to, without a secret."""
        to = self.config.to
        others = f" and {len(to) - 1} more" if len(to) > 1 else ""
        return f"mail to {to[0]}{others} through {self.config.host}"

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Send to `message.to`. SMTP goes its own way: `fetch` is not used."""
        to = self._recipient(message)
        raw = self.raw_of(message, to)
        talk = _Talk(self.config, self.total)
        with talk.connected():
            talk.log_in()
            talk.hand_over(self.config.sender_address, to, raw)
        return Receipt(self._message_id(message.id), to, _root(message))

    def _recipient(self, message: Message) -> str:
        if message.to is None and len(self.config.to) == 1:
            return self.config.to[0]
        try:
            return address(message.to or "")
        except ValueError as error:
            raise DeliveryError(f"the mail has no recipient: {error}", permanent=True) from error

    def raw_of(self, message: Message, to: str) -> bytes:
        """Return the mail as it goes out. The same message always has the same Message-ID."""
        line = header(message.subject, MAX_SUBJECT) or NAME
        # Encoded here as a whole: the library would encode only the words that need it, and doubles blanks there.
        subject = Header(line, "us-ascii" if line.isascii() else "utf-8", header_name="Subject")
        return (
            b"Subject: " + subject.encode(linesep="\r\n").encode("ascii") + b"\r\n" + self._rest(message, to).as_bytes()
        )

    def _rest(self, message: Message, to: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = self.config.sender
        mail["To"] = to
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = self._message_id(message.id)
        if message.thread is not None:
            roots = [message.thread.thread, message.thread.id]
            ids = list(dict.fromkeys(one for one in roots if one and _is_message_id(one)))
            if ids:
                mail["In-Reply-To"] = ids[-1]
                mail["References"] = " ".join(ids)
        # So that no out-of-office answers, and no answer to it comes back as if from a person.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(_body(message.text or message.headline), cte="quoted-printable")
        if message.html:
            mail.add_alternative(_body(message.html), subtype="html", cte="quoted-printable")
        for file in message.attachments:
            kind, _, subtype = file.content_type.partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype or "plain", filename=_file(file.name))
        return mail

    def _message_id(self, delivery_id: str) -> str:
        name = re.sub(r"[^A-Za-z0-9._-]", "-", delivery_id).strip(".") or "message"
        return f"<{name}@{self.config.sender_address.rpartition('@')[2]}>"


def header(text: str, limit: int) -> str:
    """Return text as one header line: nothing ends it early, nothing in it is read as an encoded word."""
    line = _SPACES.sub(" ", shown(text)).replace("=?", "= ?").strip()
    return shorten(line, limit)


def _body(text: str) -> str:
    """Return a body the line ends of which are certain."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")


def _file(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80] or "file"


def _is_message_id(text: str) -> bool:
    return re.fullmatch(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>", text) is not None


def _root(message: Message) -> str | None:
    return (message.thread.thread or message.thread.id) if message.thread is not None else None


# --- the conversation ----------------------------------------------------------------------------


class _Line(smtplib.SMTP):
    """smtplib's client, with a hand on the socket from its first byte on."""

    def __init__(self, config: EmailConfig, keep: Callable[[socket.socket], None], step: float) -> None:
        self._config = config
        self._keep = keep
        # Named here, because smtplib would ask the name server for our own name.
        own_name = config.sender_address.rpartition("@")[2]
        super().__init__(config.host, config.port, own_name, timeout=step)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        sock = socket.create_connection((host, port), timeout)
        self._keep(sock)
        if self._config.security != "tls":
            return sock
        try:
            return tls.client_context().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


@dataclass
class _Talk:
    """One conversation with a mail server, ended by its own deadline. Raises DeliveryError only."""

    config: EmailConfig
    total: float
    dotted: bool = False  # the final dot has left, and no word has come back
    late: bool = False
    _line: _Line | None = None
    _copy: socket.socket | None = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect, and close whatever happens inside; what is raised inside is read as a DeliveryError."""
        watch = threading.Timer(self.total, self._end)
        watch.daemon = True
        watch.start()
        try:
            self._connect()
            yield
        except DeliveryError:
            raise
        except (OSError, smtplib.SMTPException) as error:
            raise self._read(error) from error
        except (ValueError, AttributeError) as error:
            # A connection that the watchdog closes under smtplib's hands can end in these.
            if not self.late:
                raise
            raise self._read(error) from error
        finally:
            watch.cancel()
            self._close()

    def _connect(self) -> None:
        self._line = line = _Line(self.config, self._hold, min(ONE_STEP, self.total))
        line.ehlo_or_helo_if_needed()
        if self.config.security != "starttls":
            return
        if not line.has_extn("starttls"):
            raise DeliveryError(
                f"{self.config.host} offers no STARTTLS on port {self.config.port}, and the text is not sent "
                'readable for all. Try security = "tls" with port 465',
                permanent=True,
                whole_channel=True,
            )
        code, words = line.starttls(context=tls.client_context())
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        line.ehlo_or_helo_if_needed()

    def log_in(self) -> None:
        """Log in, if there is a password."""
        config, line = self.config, self._line
        if config.password is None or line is None:
            return
        try:
            line.login(config.username or config.sender_address, config.password.get_secret_value())
        except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
            raise
        except smtplib.SMTPException as error:
            reason = f"{config.host} offers no way to log in with a password on port {config.port}"
            raise DeliveryError(reason, permanent=True, whole_channel=True) from error
        except UnicodeError as error:
            reason = "the user name or the password holds a letter that SMTP cannot carry"
            raise DeliveryError(reason, permanent=True, whole_channel=True) from error

    def hand_over(self, sender: str, to: str, raw: bytes) -> None:
        """Name sender and recipient, send the mail, and wait for the word that it was taken."""
        line = self._line
        assert line is not None
        code, words = line.mail(sender, [f"size={len(raw)}"] if line.has_extn("size") else [])
        if code != 250:
            raise self._refused("sender", code, words)
        code, words = line.rcpt(to)
        if code not in (250, 251):
            raise self._refused("recipient", code, words)
        code, words = line.docmd("DATA")
        if code != 354:
            raise self._refused("text", code, words)
        line.send(re.sub(rb"(?m)^\.", b"..", raw if raw.endswith(b"\r\n") else raw + b"\r\n") + b".\r\n")
        self.dotted = True
        code, words = line.getreply()
        if code != -1:
            self.dotted = False
        if code != 250:
            raise self._refused("text", code, words)

    # --- reading what went wrong

    def _refused(self, what: Literal["sender", "recipient", "text"], code: int, words: bytes) -> DeliveryError:
        """Return how a refusal is read: 4xx may pass; 5xx is for the recipient, the text or the whole channel."""
        if code == -1:
            return self._lost(None)
        said, enhanced = self._said(code, words), _enhanced(words)
        if code < 500 or enhanced in USED_UP or enhanced.startswith("4."):
            return DeliveryError(f"{said}: not now", permanent=False, retry_after=USED_UP.get(enhanced))
        if what == "sender" and code != 552:
            reason = f"{said}: it does not send for {self.config.sender_address}"
            return DeliveryError(reason, permanent=True, whole_channel=True)
        if what == "recipient":
            return DeliveryError(f"{said}: it takes no mail for this recipient", permanent=True)
        reason = "the mail is too large" if code == 552 else "it does not take this text"
        return DeliveryError(f"{said}: {reason}", permanent=True)

    def _read(self, error: Exception) -> DeliveryError:
        """Return how an error of the line is read. Nothing that server or user wrote is repeated in it."""
        if self.dotted:
            why = "no answer in time" if self._is_silence(error) else "the connection was lost"
            reason = f"{self.config.host}: {why} after the whole mail was sent; it may have arrived"
            return DeliveryError(reason, permanent=False, uncertain=True)
        if self.late:
            return DeliveryError(f"{self.config.host}: no end within {self.total:g} s", permanent=False)
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return self._login_refused(error)
        if isinstance(error, smtplib.SMTPResponseException):
            return self._not_let_in(error)
        if isinstance(error, ssl.SSLError):
            return self._tls_failed(error)
        return self._lost(error)

    def _login_refused(self, error: smtplib.SMTPAuthenticationError) -> DeliveryError:
        said = self._said(error.smtp_code, _bytes(error))
        if 400 <= error.smtp_code < 500:
            return DeliveryError(f"{said}: no log-in now", permanent=False)
        advice = PROVIDERS[self.config.provider].advice if self.config.provider else ""
        reason = f"{said}: it refused the user name or the password. {advice}".strip()
        return DeliveryError(reason, permanent=True, whole_channel=True)

    def _not_let_in(self, error: smtplib.SMTPResponseException) -> DeliveryError:
        if error.smtp_code == -1:
            return self._lost(None)
        said = self._said(error.smtp_code, _bytes(error))
        if error.smtp_code >= 500:
            return DeliveryError(f"{said} before any mail was sent", permanent=True, whole_channel=True)
        return DeliveryError(f"{said}: not now", permanent=False)

    def _tls_failed(self, error: ssl.SSLError) -> DeliveryError:
        host, port = self.config.host, self.config.port
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"{host}: its certificate is not to be trusted: {error.verify_message}"
            return DeliveryError(reason, permanent=True, whole_channel=True)
        if error.reason in NOT_TLS:
            reason = f'{host} does not speak TLS at once on port {port}; try security = "starttls"'
            return DeliveryError(reason, permanent=True, whole_channel=True)
        return DeliveryError(f"{host}: the secure connection could not be made", permanent=False)

    def _lost(self, error: Exception | None) -> DeliveryError:
        host = self.config.host
        if isinstance(error, socket.gaierror):
            return DeliveryError(f"{host}: the name cannot be found", permanent=False)
        if isinstance(error, ConnectionRefusedError):
            return DeliveryError(f"{host} takes no connection on port {self.config.port}", permanent=False)
        if self._is_silence(error):
            return DeliveryError(f"{host} is silent", permanent=False)
        return DeliveryError(f"{host}: the connection was lost before the mail was sent", permanent=False)

    def _said(self, code: int, words: bytes) -> str:
        enhanced = _enhanced(words)
        return f"{self.config.host} answered {code}{f' {enhanced}' if enhanced else ''}"

    def _is_silence(self, error: Exception | None) -> bool:
        # smtplib makes a "disconnected" of a timeout; what it was stands behind it.
        behind = error.__context__ if error is not None else None
        return self.late or isinstance(error, TimeoutError) or isinstance(behind, TimeoutError)

    # --- the end

    def _hold(self, sock: socket.socket) -> None:
        # A copy of the descriptor: shutting it down ends every read and write on the connection, in TLS too.
        self._copy = socket.socket(fileno=os.dup(sock.fileno()))

    def _end(self) -> None:
        self.late = True
        if self._copy is not None:
            with suppress(OSError):
                self._copy.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._line is not None:
            # Nobody waits for the answer: a server that is slow to say good-bye has already taken the mail.
            with suppress(OSError, smtplib.SMTPException, ValueError, AttributeError):
                self._line.putcmd("quit")
            self._line.close()
        if self._copy is not None:
            self._copy.close()


def _bytes(error: smtplib.SMTPResponseException) -> bytes:
    words = error.smtp_error
    return words if isinstance(words, bytes) else str(words).encode()


def _enhanced(words: bytes) -> str:
    """Return the enhanced status code of an answer: 5.7.8."""
    found = _ENHANCED.search(words)
    return found[1].decode("ascii") if found else ""
