"""Mail: what stands in it, whom it goes to, and what every answer of a mail server means."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import ValidationError

from monitor.clock import monotonic
from monitor.models import Receipt
from monitor.notifier import Attachment, DeliveryError, Message, Quote
from monitor.notifiers._mail import PROVIDERS
from monitor.notifiers.email import MAX_SUBJECT, Email, EmailConfig
from tests.http.raw_server import RawServer
from tests.notifiers.messages import a_message, hostile
from tests.notifiers.smtp import Postman, dripping, lost, silent

OPTIONS = {
    "to": "mara@example.org",
    "from": "Review Monitor <reviews@acme.example>",
    "host": "127.0.0.1",
    "security": "none",
}


def an_email(port: int = 25, **changes: Any) -> Email:
    return Email(EmailConfig.model_validate({**OPTIONS, "port": port, **changes}))


def problem(**changes: Any) -> str:
    """Return what is said of options that cannot be used."""
    with pytest.raises(ValidationError) as caught:
        EmailConfig.model_validate({**OPTIONS, **changes})
    return str(caught.value)


@pytest.fixture
def post(serve):
    """Send a message to a mail server that says what it is told to; returns the result and the server."""

    def send(message: Message | None = None, *, options: dict[str, Any] | None = None, total: float = 5, **server: Any):
        postman = Postman(**server)
        notifier = an_email(serve(postman).port, **(options or {}))
        notifier.total = total
        try:
            return notifier.send(message or a_message(), None), postman
        except DeliveryError as error:
            return error, postman

    return send


# --- what a mail is made of ------------------------------------------------------------------------


def test_a_mail_has_a_text_and_an_html_part_and_says_that_a_program_wrote_it(post):
    receipt, postman = post()

    [mail] = postman.read
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail["Subject"] == a_message().subject
    assert mail["From"] == "Review Monitor <reviews@acme.example>"
    assert mail["To"] == "mara@example.org"
    assert mail["Message-ID"] == "<0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d@acme.example>" == receipt.id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Date"].datetime.tzinfo is not None
    assert postman.senders == ["reviews@acme.example"]
    assert receipt.channel == "mara@example.org"


def test_a_later_mail_stands_in_the_thread_of_the_first(post):
    first = Receipt("<d1@acme.example>", "mara@example.org")

    receipt, postman = post(a_message(id="d2", thread=Receipt("<d1b@acme.example>", "mara@example.org", first.id)))

    [mail] = postman.read
    assert mail["In-Reply-To"] == "<d1b@acme.example>"
    assert mail["References"] == "<d1@acme.example> <d1b@acme.example>"
    assert receipt.thread == first.id


def test_a_receipt_of_another_kind_makes_no_thread(post):
    _, postman = post(a_message(thread=Receipt("1764000000.000100\r\nBcc: x@example.org", "C1")))

    [mail] = postman.read
    assert mail["In-Reply-To"] is None
    assert mail["Bcc"] is None


def test_a_list_travels_as_a_file(post):
    rows = "\ufeffid,text\r\nm1,\u00fc\r\n".encode()

    _, postman = post(a_message(attachments=(Attachment("reviews.csv", "text/csv", rows),)))

    [mail] = postman.read
    [file] = mail.iter_attachments()
    assert file.get_filename() == "reviews.csv"
    assert file.get_content_type() == "text/csv"
    assert file.get_payload(decode=True) == rows


def test_without_html_the_text_goes_alone(post):
    _, postman = post(a_message(html=""))

    [mail] = postman.read
    assert mail.get_content_type() == "text/plain"


def test_logging_in_uses_the_senders_address_unless_told_otherwise(post):
    post_one, postman = post(options={"password": "hunter2hunter2"})

    assert isinstance(post_one, Receipt)
    assert postman.logins == ["\0reviews@acme.example\0hunter2hunter2"]


def test_a_real_mail_server_takes_it():
    taken: list[Any] = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            taken.append(envelope)
            return "250 fine"

    # Port 0 would be asked for at once by aiosmtpd: take a free one instead.
    free = RawServer(lambda talk: None)
    free.close()
    controller = Controller(Handler(), hostname="127.0.0.1", port=free.port)
    controller.start()
    try:
        receipt = an_email(free.port).send(a_message(), None)
    finally:
        controller.stop()

    assert receipt.id == "<0f3a9c0d5b7e41aa8c1d2e3f4a5b6c7d@acme.example>"
    assert taken[0].rcpt_tos == ["mara@example.org"]
    assert b"Jonas K. wrote this" in taken[0].content


# --- subject and headers ---------------------------------------------------------------------------

SUBJECTS = {
    "cr": "one\rBcc: x@example.org",
    "lf": "one\nBcc: x@example.org",
    "crlf": "one\r\nBcc: x@example.org\r\n\r\nbody",
    "vt": "one\x0bBcc: x",
    "ff": "one\x0cBcc: x",
    "fs": "one\x1cBcc: x",
    "nel": "one\x85Bcc: x",
    "line separator": "one\u2028Bcc: x",
    "paragraph separator": "one\u2029Bcc: x",
    "nul": "one\x00two",
    "encoded word": "=?utf-8?q?=0d=0aBcc=3a_x=40example.org?=",
    "encoded word in base64": "=?utf-8?b?DQpCY2M6IHhAZXhhbXBsZS5vcmc=?=",
    "3000 characters": "word " * 600,
    "3000 without a blank": "x" * 3000,
    "300 emoji": "\U0001f600" * 300,
    "lone surrogate": "one \ud800 two",
    "right to left": "\u202eevil\u202c \u0645\u0642\u0647\u0649",
    "combining": "a" + "\u0301" * 500,
    "nothing": "",
    "blanks": "   ",
}


@pytest.mark.parametrize("words", SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_is_one_line_and_brings_no_header(post, words):
    receipt, postman = post(a_message(subject=words))

    assert isinstance(receipt, Receipt)
    [raw], [mail] = postman.mails, postman.read
    assert 0 < len(mail["Subject"]) <= MAX_SUBJECT
    assert "\n" not in mail["Subject"]
    assert mail["Bcc"] is None
    assert mail.get_all("Subject") == [mail["Subject"]]
    assert set(mail.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_an_encoded_word_is_shown_as_it_was_typed_but_for_a_blank(post):
    _, postman = post(a_message(subject="See =?utf-8?q?this?= one"))

    assert postman.read[0]["Subject"] == "See = ?utf-8?q?this?= one"


@pytest.mark.parametrize(
    "author",
    [
        '"CEO" <ceo@yourcompany.example>',
        "a, b; c: d",
        "[brackets] (and) <angles>",
        "x@example.org",
        "Bcc: x@example.org",
    ],
)
def test_an_author_never_becomes_a_sender_or_a_recipient(post, author):
    _, postman = post(hostile(author))

    [mail] = postman.read
    for name in ("From", "To", "Reply-To", "Sender", "Cc", "Bcc"):
        assert "ceo@" not in str(mail[name])
    assert mail["From"] == "Review Monitor <reviews@acme.example>"
    assert mail["Reply-To"] is None
    assert postman.recipients == ["mara@example.org"]


# --- the text arrives as it was written ------------------------------------------------------------

TEXTS = {
    "a dot alone": "before\n.\nafter\n..\n.x\n",
    "from at the start": "From me\n>From you\nFrom \n",
    "100 kB without a blank": "x" * 100_000 + "\n",
    "long with letters of four bytes": "\U0001f600" * 20_000 + "\n",
    "eight bits": "café, naïve, Zürich, ſtraße\n",
    "astral": "\U0001d54f \U0001f468\u200d\U0001f469 \U00020000\n",
    "blanks at the end": "one   \ntwo\t\n   \n",
    "equals": "a=b =3D =\n",
    "no end": "without a line end",
    "many line ends": "\n\n\n\n",
}


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_a_text_arrives_byte_for_byte(post, words):
    _, postman = post(a_message(text=words, html=f"<p>{words}</p>"))

    [raw], [mail] = postman.mails, postman.read
    plain, page = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert plain == (words if words.endswith("\n") else words + "\n")
    assert page == f"<p>{words}</p>\n"
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_half_a_letter_is_replaced_and_the_rest_arrives(post):
    _, postman = post(a_message(text="one \ud800 two\n", quotes=(Quote("\udfff"),)))

    assert "two" in postman.read[0].get_body(("plain",)).get_content()


# --- what a server's answers mean ------------------------------------------------------------------

PASSING = {
    "421 at the greeting": {"greeting": b"421 4.3.2 not now"},
    "451 at the greeting": {"greeting": b"451 greylisted"},
    "450 for the recipient": {"rcpt": b"450 4.2.0 mailbox busy"},
    "452 too many": {"rcpt": b"452 4.5.3 too many"},
    "421 for the recipient": {"rcpt": b"421 4.7.0 slow down"},
    "451 for the sender": {"mail": b"451 4.1.8 try later"},
    "451 for the text": {"data": b"451 4.3.0 not now"},
    "452 after the dot": {"dot": b"452 4.3.1 no room"},
    "454 for the log-in": {"auth": b"454 4.7.0 not now"},
    "the day's mails used up": {"rcpt": b"550 5.4.5 Daily user sending limit exceeded"},
    "lost at the greeting": {"greeting": lost},
    "lost at the recipient": {"rcpt": lost},
    "lost before the text": {"data": lost},
}


@pytest.mark.parametrize("says", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(post, says):
    error, postman = post(says=says, options={"password": "hunter2hunter2"})

    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.uncertain, error.whole_channel) == (False, False, False)
    assert not postman.mails or "dot" in says


def test_when_the_days_mails_are_used_up_it_waits_an_hour(post):
    error, _ = post(says=PASSING["the day's mails used up"])

    assert error.retry_after == timedelta(hours=1)


FOR_THIS_ONE = {
    "550 for the recipient": {"rcpt": b"550 5.1.1 no such user"},
    "553 for the recipient": {"rcpt": b"553 not here"},
    "554 for the recipient": {"rcpt": b"554 5.7.1 Relay access denied"},
    "552 too large": {"mail": b"552 5.3.4 too large"},
    "552 after the dot": {"dot": b"552 5.3.4 too large"},
    "554 after the dot": {"dot": b"554 5.7.1 looks like spam"},
    "550 after the dot": {"dot": b"550 5.7.1 no"},
    "554 for the text": {"data": b"554 no"},
}


@pytest.mark.parametrize("says", FOR_THIS_ONE.values(), ids=FOR_THIS_ONE)
def test_a_refusal_of_one_mail_leaves_the_channel_open(post, says):
    error, _ = post(says=says)

    assert (error.permanent, error.uncertain, error.whole_channel) == (True, False, False)


FOR_ALL = {
    "554 at the greeting": {"greeting": b"554 5.7.1 you are on a list"},
    "535 wrong password": {"auth": b"535 5.7.8 Username and Password not accepted"},
    "534 app password needed": {"auth": b"534 5.7.9 Application-specific password required"},
    "550 basic log-in off": {"auth": b"550 5.7.30 Basic authentication is not supported for Client Submission."},
    "530 for the sender": {"mail": b"530 5.7.0 Authentication Required"},
    "553 for the sender": {"mail": b"553 5.7.1 sender address rejected: not owned by user"},
    "no log-in offered": {"ehlo": b"250-mail.test\r\n250 8BITMIME"},
    "a log-in nobody knows": {"ehlo": b"250-mail.test\r\n250 AUTH GSSAPI"},
}


@pytest.mark.parametrize("says", FOR_ALL.values(), ids=FOR_ALL)
def test_what_no_other_mail_would_pass_either_closes_the_channel(post, says):
    error, postman = post(says=says, options={"password": "hunter2hunter2"})

    assert (error.permanent, error.uncertain, error.whole_channel) == (True, False, True)
    assert not postman.mails
    assert "hunter2" not in str(error)


def test_a_refused_password_comes_with_the_providers_advice(post):
    error, _ = post(
        says={"auth": b"535 5.7.8 no"},
        options={"provider": "gmail", "host": "127.0.0.1", "security": "none", "password": "hunter2hunter2"},
    )

    assert "https://myaccount.google.com/apppasswords" in str(error)


@pytest.mark.parametrize("end", [lost, silent], ids=["lost", "silent"])
def test_an_end_after_the_final_dot_leaves_it_uncertain(post, end):
    error, postman = post(says={"dot": end}, total=0.4)

    assert (error.permanent, error.uncertain) == (False, True)
    assert len(postman.mails) == 1


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("how", [silent, dripping], ids=["silent", "drips"])
def test_a_server_that_never_comes_to_an_end_is_left_at_the_deadline(post, step, how):
    began = monotonic()

    error, _ = post(says={step: how}, total=0.25)

    assert monotonic() - began < 10
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.uncertain) == (False, False)


def test_a_mail_that_was_taken_is_taken_even_if_the_server_never_says_goodbye(post):
    began = monotonic()

    receipt, _ = post(says={"quit": silent}, total=25)

    assert isinstance(receipt, Receipt)
    assert monotonic() - began < 20


def test_a_watchdog_never_stays_behind(post):
    post(total=60)
    post(says={"auth": b"535 no", "rcpt": b"550 no"}, total=60)

    watchdogs = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for watchdog in watchdogs:
        watchdog.join(10)  # one that was called off ends at once
    assert not [watchdog for watchdog in watchdogs if watchdog.is_alive()]


# --- TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (ca.pem) and certificates: good, for another name, and out of date."""
    x509 = pytest.importorskip("cryptography.x509", reason="certificates are made with the package cryptography")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("certificates")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def name(text: str) -> Any:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def make(subject: str, names: list[Any], issuer: Any, key: Any, signer: Any, *, days: int, ca: bool = False) -> Any:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(signer, hashes.SHA256())
        )

    root = ec.generate_private_key(ec.SECP256R1())
    authority = make(
        "Test Authority", [x509.DNSName("ca.test")], name("Test Authority"), root, root, days=36500, ca=True
    )
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    for file, names, days in (
        ("good", here, 36500),
        ("name", [x509.DNSName("mail.other.test")], 36500),
        ("old", here, -30),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        made = make(file, names, authority.subject, key, root, days=days)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{file}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return folder


def server_tls(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    return context


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_a_mail_goes_over_a_secure_line(post, certificates, monkeypatch, at_once):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))

    receipt, postman = post(
        tls=server_tls(certificates, "good"),
        at_once=at_once,
        options={"security": "tls" if at_once else "starttls", "password": "hunter2hunter2"},
    )

    assert isinstance(receipt, Receipt)
    assert len(postman.mails) == 1
    assert ("starttls" in postman.steps) is not at_once
    assert postman.logins == ["\0reviews@acme.example\0hunter2hunter2"]


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize("name", ["name", "old"])
def test_a_certificate_that_is_not_right_closes_the_channel(post, certificates, monkeypatch, name, at_once):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))

    error, postman = post(
        tls=server_tls(certificates, name),
        at_once=at_once,
        options={"security": "tls" if at_once else "starttls", "password": "hunter2hunter2"},
    )

    assert (error.permanent, error.whole_channel) == (True, True)
    assert "certificate" in str(error)
    assert not postman.logins
    assert not postman.mails


def test_a_certificate_of_an_unknown_authority_closes_the_channel(post, certificates):
    error, postman = post(tls=server_tls(certificates, "good"), options={"security": "starttls"})

    assert (error.permanent, error.whole_channel) == (True, True)
    assert not postman.mails


def test_a_server_without_starttls_gets_nothing(post):
    error, postman = post(options={"security": "starttls", "password": "hunter2hunter2"})

    assert (error.permanent, error.whole_channel) == (True, True)
    assert not postman.mails
    assert not postman.logins
    assert "STARTTLS" in str(error)


def test_a_refused_starttls_gets_nothing(post, certificates):
    error, postman = post(
        says={"starttls": b"454 4.7.0 TLS not available"},
        tls=server_tls(certificates, "good"),
        options={"security": "starttls"},
    )

    assert not error.permanent
    assert not postman.mails


def test_a_port_without_tls_is_named(post):
    error, _ = post(options={"security": "tls"})

    assert (error.permanent, error.whole_channel) == (True, True)
    assert 'security = "starttls"' in str(error)


def test_a_log_in_never_goes_over_an_open_line_to_another_machine():
    assert "relay on this machine" in problem(host="mail.example.org", password="hunter2hunter2")


# --- recipients ------------------------------------------------------------------------------------


def test_each_recipient_is_a_delivery_of_its_own(post):
    options = {"to": ["mara@example.org", "ana@example.org"]}

    receipt, postman = post(a_message(to="ana@example.org"), options=options)

    assert an_email(**options).targets() == ("mara@example.org", "ana@example.org")
    assert postman.recipients == ["ana@example.org"]
    assert receipt.channel == "ana@example.org"


def test_one_refused_recipient_does_not_stop_the_others(post):
    options = {"to": ["mara@example.org", "ana@example.org"]}

    refused, _ = post(a_message(to="mara@example.org"), options=options, says={"rcpt": b"550 5.1.1 unknown"})
    receipt, postman = post(a_message(to="ana@example.org"), options=options)

    assert refused.permanent
    assert not refused.whole_channel
    assert isinstance(receipt, Receipt)
    assert postman.recipients == ["ana@example.org"]


def test_a_message_for_nobody_is_refused_here():
    with pytest.raises(DeliveryError) as caught:
        an_email(to=["mara@example.org", "ana@example.org"]).send(a_message(), None)

    assert caught.value.permanent


def test_the_list_of_recipients_has_each_once():
    to = ["mara@example.org", "MARA@example.org", "mara@EXAMPLE.org", "mara+acme@example.org", " ana@example.org "]

    assert an_email(to=to).targets() == ("mara@example.org", "mara+acme@example.org", "ana@example.org")


@pytest.mark.parametrize(
    "written, used",
    [
        ("mara@münchen.example", "mara@xn--mnchen-3ya.example"),
        ("mara@xn--mnchen-3ya.example", "mara@xn--mnchen-3ya.example"),
        ("Mara.Lind@Example.ORG", "Mara.Lind@example.org"),
        ("o'neil+tag@example.org", "o'neil+tag@example.org"),
    ],
)
def test_an_address_is_used_in_one_form(written, used):
    assert an_email(to=[written]).targets() == (used,)


@pytest.mark.parametrize(
    "bad",
    [
        "mara", "mara@", "@example.org", "mara@example..org", "mara lind@example.org", "mara@-example.org",
        "mara@example.org\r\nBcc: x@example.org", "mara@exa mple.org", "<mara@example.org>", "Mara <mara@example.org>",
        "mara@straße.example", "mära@example.org", "a" * 65 + "@example.org", "mara@" + "a" * 64 + ".example", "",
        "mara@example.org,ana@example.org", ".mara@example.org", "mara.@example.org", "mara@[127.0.0.1]",
    ],
)  # fmt: skip
def test_an_address_with_a_mistake_is_refused_when_the_configuration_is_read(bad):
    said = problem(to=["ana@example.org", bad])

    assert "to" in said
    assert "\r" not in said


def test_five_hundred_recipients_are_taken_and_one_more_is_not():
    many = [f"p{number}@example.org" for number in range(501)]

    assert len(an_email(to=many[:500]).targets()) == 500
    assert "501 recipients" in problem(to=many)


def test_no_recipient_at_all_is_refused():
    assert "at least one address" in problem(to=[])


# --- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_fills_what_is_not_said_and_explains_its_passwords(name):
    config = EmailConfig.model_validate(
        {"to": "mara@example.org", "from": "reviews@acme.example", "provider": name, "password": "hunter2hunter2"}
    )

    known = PROVIDERS[name]
    assert (config.host, config.port, config.security) == (known.host, known.port, known.security)
    assert config.security in ("tls", "starttls")
    assert Email(config).advice == known.advice
    assert len(known.advice) > 40
    assert "!" not in known.advice


def test_a_provider_without_a_password_explains_before_the_first_failure():
    said = problem(provider="gmail", host="smtp.gmail.com", security="starttls")

    assert "https://myaccount.google.com/apppasswords" in said


def test_what_is_said_wins_over_the_provider():
    config = EmailConfig.model_validate(
        {
            "to": "m@example.org",
            "from": "r@acme.example",
            "provider": "zoho",
            "host": "smtp.zoho.eu",
            "password": "hunter2hunter2",
        }
    )

    assert (config.host, config.port) == ("smtp.zoho.eu", 465)


@pytest.mark.parametrize("security, port", [("starttls", 587), ("tls", 465)])
def test_the_usual_port_follows_from_the_security(security, port):
    config = EmailConfig.model_validate(
        {"to": "m@example.org", "from": "r@acme.example", "host": "mail.example.org", "security": security}
    )

    assert config.port == port


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"provider": "hotmale"}, "unknown provider"),
        ({"host": ""}, "name a host"),
        ({"host": "mail example"}, "name a host"),
        ({"host": "mail.example.org"}, "relay on this machine"),
        ({"username": "mara"}, "needs a password"),
        ({"username": "  ", "password": "hunter2hunter2"}, "user name"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"security": "ssl"}, "security"),
        ({"from": "Review Monitor"}, "no mail address"),
        ({"from": "Review Monitor <>"}, "from"),
        ({"from": "a@b.example\r\nBcc: x@example.org"}, "from"),
    ],
)
def test_options_that_cannot_work_are_refused_with_what_to_do(changes, said):
    assert said in problem(**changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.9"])
def test_an_open_line_is_for_this_machine_only(host):
    assert an_email(host=host).config.security == "none"


def test_a_senders_name_may_hold_any_letters():
    raw = an_email(**{"from": "Café Möwe <reviews@acme.example>"}).raw_of(a_message(), "m@example.org")

    assert message_from_bytes(raw, policy=default)["From"] == "Café Möwe <reviews@acme.example>"
    assert raw.split(b"\r\n\r\n")[0].isascii()


def test_a_channel_says_whom_it_writes_to():
    to = ["mara@example.org", "ana@example.org", "ben@example.org"]

    assert an_email(to=to).describe() == "mail to mara@example.org and 2 more through 127.0.0.1"
