"""The door to mailboxes: what it reads, what it never does, and what it says when a server is rude."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from monitor.connector.letters import read_letter
from monitor.errors import FetchError, LookError, RefusedError
from monitor.exchange import MailRequest
from monitor.http import Door
from monitor.mailbox import MAX_MAIL, Mailbox
from tests.http.test_tls import Party, _party
from tests.mailbox.letters import mail
from tests.mailbox.server import PASSWORD, MailServer, a_mail_server

Open = Callable[..., Mailbox]
INBOX = MailRequest("INBOX")


def uids(box: Mailbox, request: MailRequest = INBOX) -> list[int]:
    """Return the numbers of the messages an answer holds."""
    return [item.uid for item in box.fetch(request).items]


def failure(box: Mailbox, request: MailRequest = INBOX, token: str | None = None) -> LookError:
    """Return the error a question ends in."""
    with pytest.raises(LookError) as caught:
        box.fetch(request, token)
    assert PASSWORD not in str(caught.value)
    return caught.value


# --- reading -------------------------------------------------------------------------------------


def test_messages_come_whole_oldest_first_with_the_time_the_server_got_them(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail("one"))
    server.inbox.add(mail("two"))

    answer = opened().fetch(INBOX)

    assert [(item.uid, item.size) for item in answer.items] == [(1, len(mail("one"))), (2, len(mail("two")))]
    assert [read_letter(item.raw).text for item in answer.items] == ["one", "two"]
    assert answer.items[0].received_at == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert (answer.validity, answer.more) == (7, False)


def test_nothing_is_changed_in_the_mailbox(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail())

    opened().fetch(INBOX)

    assert not any(command.startswith(("SELECT", "STORE", "UID STORE", "EXPUNGE")) for command in server.asked)
    assert all("BODY.PEEK[" in command for command in server.asked if "FETCH" in command)


def test_only_what_came_after_the_last_message_is_read(server: MailServer, opened: Open) -> None:
    server.inbox.mails = {3: mail("a"), 8: mail("b"), 9: mail("c")}
    box = opened()

    assert uids(box, MailRequest("INBOX", 3, 7)) == [8, 9]
    assert uids(box, MailRequest("INBOX", 9, 7)) == []  # though `10:*` names the newest
    assert server.connections == 1


def test_another_uidvalidity_begins_with_the_newest(server: MailServer, opened: Open) -> None:
    server.inbox.mails = {number: mail(str(number)) for number in range(1, 9)}

    answer = opened().fetch(MailRequest("INBOX", 500, validity=6, newest=3))

    assert [item.uid for item in answer.items] == [6, 7, 8]
    assert answer.validity == 7


def test_many_messages_come_in_several_answers(server: MailServer, opened: Open) -> None:
    server.inbox.mails = {number: mail(str(number)) for number in range(1, 121)}
    box = opened()
    found: list[int] = []
    request = INBOX
    more = True
    while more:
        answer = box.fetch(request)
        found += [item.uid for item in answer.items]
        request, more = MailRequest("INBOX", found[-1], answer.validity), answer.more

    assert found == list(range(1, 121))


def test_of_a_huge_message_the_beginning_is_read(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail("x" * 3_000_000))

    [item] = opened().fetch(INBOX).items

    assert len(item.raw) == MAX_MAIL
    assert item.size is not None
    assert item.size > 3_000_000


def test_a_message_deleted_meanwhile_is_no_error(server: MailServer, opened: Open) -> None:
    server.inbox.mails = {1: mail("a"), 2: mail("b")}
    server.rude = lambda command: b"TAG OK done\r\n" if command.startswith("UID FETCH 1 ") else None

    assert uids(opened()) == [2]


def test_the_folder_of_what_was_sent_is_found_by_its_mark(server: MailServer, opened: Open) -> None:
    server.folders["[Gmail]/Gesendet"] = server.folders.pop("Sent")
    server.folders["[Gmail]/Gesendet"].add(mail("ours"))

    assert len(uids(opened(), MailRequest("\\Sent"))) == 1


def test_without_a_mark_its_usual_name_will_do_and_without_either_one_is_told(server: MailServer, opened: Open) -> None:
    server.folders["Sent"].flags = ""
    assert uids(opened(), MailRequest("\\Sent")) == []

    del server.folders["Sent"]
    error = failure(opened(), MailRequest("\\Sent"))

    assert error.code == "folder"
    assert "INBOX" in str(error)


def test_a_folder_that_is_not_there_is_named_with_those_that_are(opened: Open) -> None:
    error = failure(opened(), MailRequest('Suppört "x"'))

    assert error.code == "folder"
    assert "It has INBOX, Sent" in str(error)


# --- logging in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN", "IMAP4rev1 SASL-IR AUTH=PLAIN"])
def test_a_password_opens_the_mailbox_however_the_server_wants_it(
    capabilities: str, server: MailServer, opened: Open
) -> None:
    server.capabilities = capabilities

    assert uids(opened()) == []
    assert server.asked[-1] != "LOGOUT"


def test_a_wrong_password_is_reconnect_and_stands_nowhere(opened: Open) -> None:
    error = failure(opened(password="wr0ng-s3cret"))

    assert isinstance(error, RefusedError)
    assert (error.code, error.permanent) == ("reconnect", True)
    assert "wr0ng-s3cret" not in str(error)
    assert "wr0ng-s3cret" not in repr(opened(password="wr0ng-s3cret")._login)


def test_an_access_token_opens_it_too(server: MailServer, opened: Open) -> None:
    server.token = "ya29.made-up"

    assert opened(password=None).fetch(INBOX, "ya29.made-up").items == ()

    error = failure(opened(password=None), token="ya29.old-one")
    assert error.code == "reconnect"
    assert "ya29.old-one" not in str(error)
    assert base64.b64encode(b"auth=Bearer ya29.old").decode()[:12] not in str(error)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "LIMIT", "INUSE"])
def test_a_server_without_room_is_asked_later(code: str, server: MailServer, opened: Open) -> None:
    server.refuses = f"TAG NO [{code}] too many\r\n".encode()

    error = failure(opened())

    assert error.code == "throttled"
    assert error.retry_after == timedelta(minutes=10)


def test_a_password_never_goes_in_the_clear_to_another_machine(server: MailServer, door: Door, opened: Open) -> None:
    class Elsewhere:
        def __init__(self, sock: object) -> None:
            self._sock = sock

        def getpeername(self) -> tuple[str, int]:
            return "192.0.2.7", 143

        def __getattr__(self, name: str) -> object:
            return getattr(self._sock, name)

    box = opened()
    box._connect = lambda *where, **how: Elsewhere(door.connect(*where, **how))  # type: ignore[assignment]

    error = failure(box)

    assert (error.code, error.permanent) == ("tls", True)
    assert server.asked == []


def test_a_private_address_needs_the_operators_word(opened: Open) -> None:
    assert failure(opened(allow_private=False)).code == "refused_address"


def test_base_url_sends_everything_to_another_server(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail())

    assert uids(opened(host="imap.elsewhere.example", port=993, security="tls", base_url=server.url)) == [1]


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Party:
    return _party("Our authority", None, is_authority=True, begins=datetime.now(UTC) - timedelta(days=1))


def contexts(authority: Party, name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's side and ours."""
    party = authority.issue(name)
    file = folder / "server.pem"
    file.write_bytes(
        party.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + party.certificate.public_bytes(serialization.Encoding.PEM)
    )
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(file)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.load_verify_locations(cadata=authority.certificate.public_bytes(serialization.Encoding.PEM).decode())
    return theirs, ours


@pytest.mark.parametrize("starttls", [False, True], ids=["tls", "starttls"])
def test_over_tls_the_certificate_is_checked(starttls: bool, authority: Party, tmp_path: Path, opened: Open) -> None:
    theirs, ours = contexts(authority, "localhost", tmp_path)
    security = "starttls" if starttls else "tls"
    with a_mail_server(theirs, starttls=starttls) as secure:
        secure.inbox.add(mail())

        good = opened(server=secure, host="localhost", security=security, context=ours)
        stranger = opened(server=secure, host="localhost", security=security, context=ssl.create_default_context())
        another = opened(server=secure, host="127.0.0.1", security=security, context=ours)

        assert uids(good) == [1]
        assert failure(stranger).code == "tls"
        assert failure(another).code == "tls"
    assert sum("AUTHENTICATE" in command for command in secure.asked) == 1  # strangers get no password


def test_starttls_that_is_not_offered_ends_it_before_the_password(server: MailServer, opened: Open) -> None:
    assert failure(opened(security="starttls")).code == "tls"
    assert not any("LOGIN" in command or "AUTHENTICATE" in command for command in server.asked)


def test_what_is_said_before_tls_has_begun_is_an_attack(authority: Party, tmp_path: Path, opened: Open) -> None:
    theirs, ours = contexts(authority, "localhost", tmp_path)
    with a_mail_server(theirs, starttls=True) as secure:
        secure.rude = lambda command: b"TAG OK begin\r\n* PREAUTH slipped in\r\n" if command == "STARTTLS" else None

        assert failure(opened(server=secure, host="localhost", security="starttls", context=ours)).code == "tls"


# --- rude servers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "said", "code"),
    [
        ("GREETING", b"* BYE go away\r\n", "protocol"),
        ("GREETING", b"HTTP/1.1 200 OK\r\n\r\n", "protocol"),
        ("GREETING", b"\x00\xff\xfe\r\n", "protocol"),
        ("EXAMINE", b"* BYE shutting down\r\nTAG OK done\r\n", "protocol"),
        ("EXAMINE", b"* 3 EXISTS\r\nTAG OK done\r\n", "protocol"),
        ("UID SEARCH", b"* SEARCH x y -1 99999999999999999999\r\nTAG OK done\r\n", None),
        ("UID SEARCH", b"TAG NO [UNAVAILABLE] later\r\n", "throttled"),
        ("UID FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {9999999999999}\r\nx", "too_large"),
        ("UID FETCH", b"TAG NO I will not\r\n", "protocol"),
        ("UID FETCH", b'* 1 FETCH (UID 1 BODY[]<0> "")\r\nTAG OK done\r\n', None),
        ("UID FETCH", b"* 1 FETCH (UID 9 BODY[]<0> {2}\r\nxx)\r\nTAG OK done\r\n", None),
    ],
)
def test_a_rude_server_is_an_error_with_a_name(
    command: str, said: bytes, code: str | None, server: MailServer, opened: Open
) -> None:
    server.inbox.add(mail())
    server.rude = lambda asked: said if asked.startswith(command) else None
    box = opened(deadline=timedelta(seconds=2))

    if code is None:
        assert uids(box) == []
    else:
        assert failure(box).code == code


def test_a_server_that_drips_ends_by_the_deadline(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail())

    def drip(command: str) -> bytes | None:
        if command.startswith("UID SEARCH"):
            time.sleep(0.6)  # the other side of the line: the deadline is one of real time
            return b"* "
        return None

    server.rude = drip
    began = time.monotonic()

    error = failure(opened(deadline=timedelta(seconds=0.4)))

    assert error.code == "deadline"
    assert time.monotonic() - began < 1.5


def test_a_line_that_is_lost_is_opened_anew_for_the_next_question(server: MailServer, opened: Open) -> None:
    server.inbox.add(mail())
    server.rude = lambda asked: b"* BYE bye\r\n" if asked.startswith("UID SEARCH") else None
    box = opened(deadline=timedelta(seconds=1))
    assert isinstance(failure(box), FetchError)
    server.rude = lambda asked: None

    assert uids(box) == [1]
    assert server.connections == 2


def test_when_the_program_stops_nobody_waits_for_a_silent_server(server: MailServer, door: Door, opened: Open) -> None:
    server.inbox.add(mail())

    def silent(command: str) -> bytes | None:
        if command.startswith("UID SEARCH"):
            door.close()
            return b"* SEARCH"
        return None

    server.rude = silent
    began = time.monotonic()

    assert failure(opened(stopped=door.is_closed, deadline=timedelta(seconds=20))).code == "stopped"
    assert time.monotonic() - began < 3


def test_closing_logs_out_and_says_nothing_of_what_fails(server: MailServer, opened: Open) -> None:
    box = opened()
    box.fetch(INBOX)
    box.close()
    box.close()

    assert server.asked[-1] == "LOGOUT"
