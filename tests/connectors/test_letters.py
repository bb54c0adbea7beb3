"""Mail as people read it, from whatever their programs made of it; and from what nobody should ever send."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.connector.letters import (
    MAX_TEXT,
    Letter,
    are_aligned,
    is_vouched_for,
    new_text,
    read_letter,
    vouching_server,
)
from tests.mailbox.letters import OURS, mail, vouched


def parts(*bodies: tuple[str, str], kind: str = "alternative") -> bytes:
    """Return a mail of several parts, each with its type."""
    inside = "".join(f"--b\r\nContent-Type: {type_}\r\n\r\n{body}\r\n" for type_, body in bodies)
    return f"From: a@b.example\r\nContent-Type: multipart/{kind}; boundary=b\r\n\r\n{inside}--b--\r\n".encode()


# --- headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?q?_an_alle?=", "Grüße an alle"),
        ("=?iso-8859-1?Q?Gr=FC=DFe?= und mehr", "Grüße und mehr"),
        ("=?x-unknown?Q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?!!!?=", "=?UTF-8?B?!!!?="),
        ("=?UTF-8?Q?broken", "=?UTF-8?Q?broken"),
        ("two\r\n lines", "two lines"),
        ("", ""),
    ],
)
def test_a_subject_is_read_however_it_is_written(written: str, read: str) -> None:
    found = read_letter(f"Subject: {written}\r\nFrom: a@b.example\r\n\r\nx".encode()).subject

    assert found == read or (read.startswith("=?UTF-8?B") and "\ufffd" not in found)


@pytest.mark.parametrize(
    ("written", "sender", "name"),
    [
        ("Jonas Keller <Jonas@Customer.example>", "jonas@customer.example", "Jonas Keller"),
        ('"no-reply@stars.example" <evil@evil.example>', "evil@evil.example", "no-reply@stars.example"),
        (
            "=?utf-8?q?=3Cno-reply=40stars.example=3E?= <evil@evil.example>",
            "evil@evil.example",
            "<no-reply@stars.example>",
        ),
        ("jonas@customer.example", "jonas@customer.example", ""),
        ("nobody", "", ""),
        ("", "", ""),
    ],
)
def test_a_sender_is_who_the_address_says_whatever_the_name_pretends(written: str, sender: str, name: str) -> None:
    found = read_letter(f"From: {written}\r\n\r\nx".encode())

    assert (found.sender, found.name) == (sender, name)


def test_answers_and_threads_are_read_from_their_headers() -> None:
    found = read_letter(mail(more={"In-Reply-To": "<b@x.example>", "References": "<a@x.example>\r\n <b@x.example>"}))

    assert found.answers == ("b@x.example", "a@x.example")
    assert found.root == "a@x.example"
    assert read_letter(mail()).root == "c1f0a9d2-77@customer.example"


@pytest.mark.parametrize(
    "header",
    [
        {"Auto-Submitted": "auto-replied (vacation)"},
        {"Precedence": "bulk"},
        {"X-Auto-Response-Suppress": "All"},
        {"List-Id": "<news.shop.example>"},
        {"Return-Path": "<>"},
    ],
)
def test_what_a_machine_sends_is_known_by_its_headers(header: dict[str, str]) -> None:
    assert read_letter(mail(more=header)).automatic
    assert not read_letter(mail(more={"Auto-Submitted": "no"})).automatic


def test_a_bounce_is_a_machines() -> None:
    assert read_letter(parts(("text/plain", "could not be delivered"), kind="report")).automatic
    assert read_letter(mail(sender="MAILER-DAEMON@mx.example")).automatic


# --- words ---------------------------------------------------------------------------------------


def test_the_plain_part_is_read_unless_it_says_far_less_than_the_other() -> None:
    long = "<p>" + "What was wrong with the delivery. " * 30 + "</p>"

    assert (
        read_letter(parts(("text/plain", "Plain words."), ("text/html", "<p>Plain words.</p>"))).text == "Plain words."
    )
    assert read_letter(parts(("text/plain", "Use another program."), ("text/html", long))).text.startswith("What was")
    assert read_letter(parts(("text/plain", " "), ("text/html", "<p>Only here.</p>"))).text == "Only here."


def test_markup_gives_its_words_its_pictures_words_and_its_links() -> None:
    page = (
        '<style>p{}</style><div style="display:none">preheader</div><img src="https://t.example/1.gif" width="1">'
        '<img alt="1 star" src="https://s.example/1.png"><p>Cold&nbsp;coffee</p>'
        '<a href="https://s.example/r/1?a=1&amp;b=2">Read</a><a href="javascript:alert(1)">x</a>'
    )
    found = read_letter(mail(page, html=True))

    assert found.text.split() == ["1", "star", "Cold", "coffee", "Readx"]
    assert "preheader" not in found.text
    assert found.links == ("https://s.example/r/1?a=1&b=2",)


def test_an_unknown_charset_and_broken_bytes_lose_single_letters_at_most() -> None:
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\n"
    raw = head + b"Sehr schlecht\x00: \xff\xfe caf\xc3\xa9"

    assert read_letter(raw).text.startswith("Sehr schlecht: ")
    assert "caf" in read_letter(raw).text


def test_broken_base64_is_no_error() -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!"

    assert read_letter(raw).sender == "a@b.example"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It broke.\n\nOn Mon, 30 Nov 2026, Ana wrote:\n> Hello\n> there", "It broke."),
        ("It broke.\n\nAm 30.11.2026 um 09:00 schrieb Ana\n<ana@acme.example>:\n\n> Hallo", "It broke."),
        ("It broke.\n\n-----Original Message-----\nFrom: Ana\nHello", "It broke."),
        ("Kaputt.\n\nVon: Ana\nGesendet: Montag\nAn: Jonas\nBetreff: Hallo\n\nHallo", "Kaputt."),
        ("It broke.\n-- \nJonas Keller\nTel. 0123", "It broke."),
        ("It broke.\n\nSent from my iPhone", "It broke."),
        ("> Hello\n> there\n\nIt broke.", "It broke."),
        ("On Mon, 30 Nov 2026, Ana wrote:\n> Where was it?\nAt the door.\n> When?\nAt nine.", "At the door.\nAt nine."),
        ("> only what you wrote", "> only what you wrote"),
        ("Your boss wrote:\nWe do not care.\nSo I left.", "Your boss wrote:\nWe do not care.\nSo I left."),
        (
            "From: the moment I came in, nobody said a word.\nI left.",
            "From: the moment I came in, nobody said a word.\nI left.",
        ),
        (
            "On Monday I wrote: no answer. On Tuesday again.\nI give up.",
            "On Monday I wrote: no answer. On Tuesday again.\nI give up.",
        ),
    ],
)
def test_only_what_is_new_is_kept(text: str, kept: str) -> None:
    assert new_text(read_letter(mail(text))) == kept


def test_only_what_is_new_is_kept_of_markup() -> None:
    page = '<div>It broke.</div><div class="gmail_quote">On Monday Ana wrote:<blockquote>Hello</blockquote></div>'

    assert new_text(read_letter(mail(page, html=True))) == "It broke."


# --- who vouches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "is_good"),
    [
        ([vouched("stars.example")], True),
        ([vouched("mail.stars.example")], True),
        ([f"{OURS}; spf=pass smtp.mailfrom=x@stars.example; dmarc=pass header.from=stars.example"], True),
        ([f"{OURS} 1; dkim=pass (2048-bit key) header.d=stars.example header.s=s1"], True),
        ([], False),
        ([vouched("evil.example")], False),
        ([vouched("stars.example", "mx.evil.example")], False),
        ([f"{OURS}; dkim=fail header.d=stars.example"], False),
        ([f"{OURS}; spf=pass smtp.mailfrom=x@stars.example"], False),
        ([f"{OURS}; dkim=none", vouched("stars.example")], False),  # the second is the forger's
        ([f'{OURS}; spf=fail smtp.mailfrom="; dkim=pass header.d=stars.example "@evil.example'], False),
        ([f"{OURS}; spf=fail (sender said; dkim=pass header.d=stars.example) smtp.mailfrom=x@evil.example"], False),
        ([f"{OURS}; dkim=pass header.d=example"], False),
        ([f"{OURS}; dkim=pass header.d=evilstars.example"], False),
    ],
)
def test_only_our_own_server_vouches_for_a_sender(headers: list[str], is_good: bool) -> None:
    raw = "".join(f"Authentication-Results: {one}\r\n" for one in headers) + "From: no-reply@stars.example\r\n\r\nx"

    assert is_vouched_for(read_letter(raw.encode()), OURS) is is_good
    assert not is_vouched_for(read_letter(raw.encode()), None)


def test_nobody_vouches_for_two_senders_at_once() -> None:
    raw = f"Authentication-Results: {vouched('stars.example')}\r\nFrom: a@stars.example, b@evil.example\r\n\r\nx"

    assert not is_vouched_for(read_letter(raw.encode()), OURS)


def test_the_name_of_the_vouching_server_is_shown() -> None:
    assert vouching_server(read_letter(mail(more={"Authentication-Results": vouched("x.example")}))) == OURS
    assert vouching_server(read_letter(mail(more={"Authentication-Results": "spf=pass smtp.mailfrom=x"}))) is None
    assert vouching_server(Letter()) is None


def test_domains_are_aligned_label_by_label() -> None:
    assert are_aligned("mail.stars.example", "stars.example")
    assert not are_aligned("evilstars.example", "stars.example")
    assert not are_aligned("example", "stars.example")


# --- what nobody should send ---------------------------------------------------------------------


def nested(depth: int) -> bytes:
    """Return parts inside parts."""
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{at}"\r\n\r\n--b{at}\r\n' for at in range(depth))
    return f"From: a@b.example\r\nSubject: deep\r\n{head}Content-Type: text/plain\r\n\r\nhello\r\n".encode()


def letters_in_letters(depth: int) -> bytes:
    """Return mails inside mails."""
    return b"From: a@b.example\r\nSubject: deep\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nhello"


HOSTILE = {
    "nothing": b"",
    "no headers": b"\r\n\r\nhello",
    "zeros": b"\0" * 100_000,
    "deep parts": nested(3_000),
    "deep parts, many lines": nested(200) + b"x\r\n" * 150_000,
    "deep letters": letters_in_letters(10_000),
    "many parts": parts(*[("text/plain", "x")] * 5_000, kind="mixed"),
    "one header": b"Subject: " + b"a" * 500_000 + b"\r\n\r\nx",
    "many headers": b"X: y\r\n" * 80_000 + b"\r\nx",
    "many encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 30_000 + b"\r\n\r\nx",
    "half encoded words": b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\r\n\r\nx",
    "many senders": b"From: " + b"a@b.example, " * 40_000 + b"\r\n\r\nx",
    "open brackets": b"From: " + b'"(<' * 100_000 + b"\r\n\r\nx",
    "comments": b"Authentication-Results: " + b"(" * 300_000 + b"\r\nFrom: a@b.example\r\n\r\nx",
    "many ids": b"References: " + b"<a@b> " * 80_000 + b"\r\n\r\nx",
    "half tags": mail("<a href='" * 50_000, html=True),
    "half pictures": mail('<img alt="' * 50_000, html=True),
    "quotes": mail("> " * 200_000),
    "attributions": mail("On Monday x\n" * 40_000),
    "wrote": mail("On " + "a wrote " * 60_000),
    "boundary of nothing": b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n--\r\n',
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"x" * 300_000),
    "a name of a million": b'Content-Type: text/plain; name="' + b"a" * 400_000 + b'"\r\n\r\nx',
    "continued name": b"Content-Type: text/plain; " + b"".join(b"n*%d=a;" % n for n in range(30_000)) + b"\r\n\r\nx",
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_is_read_in_a_moment(raw: bytes) -> None:
    began = time.perf_counter()

    found = read_letter(raw[: 512 * 1024])
    new_text(found)

    assert time.perf_counter() - began < 4  # the parser child is ended after ten seconds; this one shares its core
    assert len(found.text) <= MAX_TEXT


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from([mail(), nested(3), parts(("text/html", "<p>x</p>"), ("text/plain", "y"))]),
    st.integers(0, 400),
)
def test_no_bytes_make_it_fail(noise: bytes, raw: bytes, at: int) -> None:
    for damaged in (noise, raw[:at] + noise + raw[at:], raw[:at] + noise):
        found = read_letter(damaged)
        new_text(found)
        is_vouched_for(found, OURS)
