"""A mailbox on a real Dovecot: nothing is marked as read; complaints, answers, and a mailbox with new numbers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from monitor.connector.letters import read_letter
from monitor.errors import LookError
from monitor.exchange import MailLogin, MailRequest
from monitor.http import Door
from monitor.mailbox import Mailbox
from monitor.models import Reason
from tests.mailbox.letters import answer, mail
from tests.pipeline.driving import START, Drive, a_door
from tests.servers.dovecot import PASSWORD, Dovecot, running, why_not

pytestmark = pytest.mark.slow

BAD = "This is the worst shop ever. My order never came, nobody answers, and I want a refund. Terrible, awful service."
NUMBERS = count(1)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """The server."""
    if why := why_not():
        pytest.skip(why)
    with running() as server:
        yield server


@pytest.fixture
def user() -> str:
    """Somebody with an empty mailbox."""
    return f"user{next(NUMBERS)}"


@pytest.fixture
def door() -> Iterator[Door]:
    """The door that looks names up and checks addresses."""
    made = a_door()
    yield made
    made.close()


def box(dovecot: Dovecot, user: str, door: Door, **changes: Any) -> Mailbox:
    """Return a mailbox, in the clear unless `security` says otherwise."""
    security = changes.pop("security", "plain")
    port = dovecot.secure_port if security == "tls" else dovecot.port
    context = ssl.create_default_context(cafile=str(dovecot.certificate))
    login = MailLogin("localhost", port, security, user, changes.pop("password", PASSWORD))
    return Mailbox(login, door.connect, allow_private=True, context=context, **changes)


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_every_way_in_reads_and_leaves_the_mail_unread(security: str, dovecot: Dovecot, user: str, door: Door) -> None:
    dovecot.deliver(user, mail("one"))
    dovecot.deliver(user, mail("two"))
    mailbox = box(dovecot, user, door, security=security)

    answer_ = mailbox.fetch(MailRequest("INBOX"))
    mailbox.close()

    assert [read_letter(item.raw).text for item in answer_.items] == ["one", "two"]
    assert [item.uid for item in answer_.items] == [1, 2]
    assert abs(answer_.items[0].received_at.timestamp() - time.time()) < 120
    with dovecot.client(user) as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "UNSEEN") == ("OK", [b"1 2"])


def test_a_certificate_of_nobody_we_know_is_refused(dovecot: Dovecot, user: str, door: Door) -> None:
    login = MailLogin("localhost", dovecot.secure_port, "tls", user, PASSWORD)

    with pytest.raises(LookError) as caught:
        Mailbox(login, door.connect, allow_private=True).fetch(MailRequest("INBOX"))

    assert caught.value.code == "tls"


def test_a_wrong_password_is_reconnect(dovecot: Dovecot, user: str, door: Door) -> None:
    with pytest.raises(LookError) as caught:
        box(dovecot, user, door, password="wr0ng").fetch(MailRequest("INBOX"))

    assert caught.value.code == "reconnect"
    assert "AUTHENTICATIONFAILED" in str(caught.value)


@pytest.mark.parametrize("password", [PASSWORD, "pässwörd"])
def test_names_of_folders_and_passwords_may_have_any_letters(
    password: str, dovecot: Dovecot, user: str, door: Door
) -> None:
    with dovecot.client(user) as client:
        client.create('"Stammg&AOQ-ste &- Lob"')
    dovecot.deliver(user, mail("lob"), '"Stammg&AOQ-ste &- Lob"')
    mailbox = box(dovecot, user, door, password=password)

    if password == PASSWORD:
        assert len(mailbox.fetch(MailRequest("Stammgäste & Lob")).items) == 1
    else:
        with pytest.raises(LookError) as caught:
            mailbox.fetch(MailRequest("INBOX"))
        assert caught.value.code == "reconnect"


def test_only_what_is_new_comes_and_never_the_newest_again(dovecot: Dovecot, user: str, door: Door) -> None:
    dovecot.deliver(user, mail("one"))
    mailbox = box(dovecot, user, door)
    first = mailbox.fetch(MailRequest("INBOX"))
    again = mailbox.fetch(MailRequest("INBOX", 1, first.validity))
    dovecot.deliver(user, mail("two"))
    later = mailbox.fetch(MailRequest("INBOX", 1, first.validity))

    assert ([item.uid for item in again.items], [item.uid for item in later.items]) == ([], [2])


def test_the_sent_folder_is_found_by_its_mark(dovecot: Dovecot, user: str, door: Door) -> None:
    dovecot.deliver(user, answer(), "Sent")

    assert len(box(dovecot, user, door).fetch(MailRequest("\\Sent")).items) == 1


def test_of_a_huge_mail_the_beginning_is_read(dovecot: Dovecot, user: str, door: Door) -> None:
    dovecot.deliver(user, mail("x" * 990 + "\n" + "y\n" * 700_000))

    [item] = box(dovecot, user, door).fetch(MailRequest("INBOX")).items

    assert len(item.raw) == 512 * 1024
    assert read_letter(item.raw).text.startswith("x" * 990)


def test_a_thousand_mails_are_read_to_the_end(dovecot: Dovecot, user: str, door: Door) -> None:
    with dovecot.client(user) as client:
        for number in range(1000):
            client.append("INBOX", "", None, mail(str(number), key=f"bulk-{number:05}@x.example"))  # type: ignore[arg-type]
    mailbox = box(dovecot, user, door)
    began = time.monotonic()
    request, found, more = MailRequest("INBOX"), 0, True
    while more:
        got = mailbox.fetch(request)
        found, more = found + len(got.items), got.more
        request = MailRequest("INBOX", got.items[-1].uid, got.validity)

    assert found == 1000
    print(f"a thousand mails in {time.monotonic() - began:.1f} s")


def table(dovecot: Dovecot, user: str) -> str:
    """Return the source's table."""
    return (
        '[[sources]]\nname = "post"\nconnector = "imap_mailbox"\nhost = "127.0.0.1"\nsecurity = "plain"\n'
        f'port = {dovecot.port}\nuser = "{user}"\npassword = {{ env = "PASSWORD" }}\nallow_private = true\n'
        'folders = ["Reviews"]\n'
    )


RULES = '[[rules]]\nname = "bad"\nwhen = "bad"\nchannels = ["screen"]\n'


def test_a_complaint_its_answer_and_a_folder_made_anew(dovecot: Dovecot, user: str, drive: Drive) -> None:
    with dovecot.client(user) as client:
        client.create("Reviews")
    driver = drive(table(dovecot, user), RULES, PASSWORD=PASSWORD)
    date = f"{START + timedelta(minutes=1):%a, %d %b %Y %H:%M:%S} +0000"
    assert driver.look("post").look.error is None

    dovecot.deliver(user, mail(BAD, date=date), "Reviews")
    assert driver.look("post", minutes=2).look.error is None
    assert [one for one in driver.told() if one != Reason.SUMMARY] == [Reason.NEW]

    dovecot.deliver(user, answer(), "Sent")
    driver.look("post", minutes=2)
    assert driver.one("select state from cases") in ("answered", "closed")

    before = driver.state("post").bookmark
    with dovecot.client(user) as client:  # as after a move to another server: the same mails with other numbers
        client.delete("Reviews")
        client.create("Reviews")
    dovecot.deliver(user, mail(BAD, date=date), "Reviews")
    looked = driver.look("post", minutes=2)

    assert looked.look.error is None
    after = driver.state("post").bookmark
    assert before is not None
    assert after is not None
    assert before["Reviews"][0] != after["Reviews"][0]
    assert [one for one in driver.told() if one != Reason.SUMMARY] == [Reason.NEW]
    assert len(driver.ids()) == 2
