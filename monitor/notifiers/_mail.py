"""What mail needs to know beforehand: the large providers, and what an address is."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from monitor.text import shorten, shown

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a large provider takes mail, and what one must know before the first failure."""

    host: str
    port: int
    security: Literal["starttls", "tls"]
    advice: str


_APP = "Your normal password is refused; make an app password and use that."
PROVIDERS = {
    "gmail": Provider(
        "smtp.gmail.com", 587, "starttls",
        f"{_APP} Turn on 2-Step Verification first, then open https://myaccount.google.com/apppasswords. It ends "
        "when you change your Google password. About 500 mails a day (Workspace: 2,000).",
    ),
    "outlook": Provider(
        "smtp-mail.outlook.com", 587, "starttls",
        "Microsoft takes no passwords from programs for outlook.com, hotmail.com and live.com since September 2024, "
        "app passwords included. Send from another mailbox; mail to Outlook addresses works as usual.",
    ),
    "microsoft365": Provider(
        "smtp.office365.com", 587, "starttls",
        "An administrator has to allow Authenticated SMTP for this mailbox (Microsoft 365 admin centre, user, Mail, "
        "Manage email apps). Microsoft turns passwords off by default at the end of December 2026; ask whether your "
        "organisation keeps them on, or send through another provider or your own relay.",
    ),
    "icloud": Provider(
        "smtp.mail.me.com", 587, "starttls",
        f"{_APP} It is made at https://account.apple.com under Sign-In and Security, App-Specific Passwords.",
    ),
    "fastmail": Provider(
        "smtp.fastmail.com", 465, "tls",
        f"{_APP} Settings, Privacy & Security, Connected apps & API tokens, New app password, access: SMTP.",
    ),
    "yahoo": Provider(
        "smtp.mail.yahoo.com", 465, "tls",
        f"{_APP} Account security, Generate app password: https://login.yahoo.com/account/security",
    ),
    "zoho": Provider(
        "smtp.zoho.com", 465, "tls",
        "With two-factor login an app password is needed: https://accounts.zoho.com under Security. Accounts in "
        "Europe use host = \"smtp.zoho.eu\", paid ones with an own domain smtppro.zoho.com or smtppro.zoho.eu.",
    ),
    "gmx": Provider(
        "mail.gmx.net", 587, "starttls",
        "Programs must be allowed once: in the mailbox under E-Mail, Settings, POP3/IMAP. With two-factor login an "
        "app password is needed. gmx.com addresses use host = \"mail.gmx.com\".",
    ),
    "web.de": Provider(
        "smtp.web.de", 587, "starttls",
        "Programs must be allowed once: in the mailbox under E-Mail, Settings, POP3/IMAP. With two-factor login an "
        "app password is needed.",
    ),
    "mailbox.org": Provider(
        "smtp.mailbox.org", 465, "tls",
        "With two-factor login an app password is needed: Settings, Security, Application passwords.",
    ),
    "posteo": Provider(
        "posteo.de", 465, "tls",
        "The mailbox's password works, unless additional mailbox protection is on: turn that off for this mailbox.",
    ),
    "proton": Provider(
        "smtp.protonmail.ch", 587, "starttls",
        "Needs a paid plan with an own domain and an SMTP token: Settings, IMAP/SMTP, SMTP tokens. The token is the "
        "password, its address the user name. With Proton Bridge leave provider out and use its host and port.",
    ),
    "ionos": Provider(
        "smtp.ionos.com", 465, "tls",
        "The mailbox's own password is used. German contracts use host = \"smtp.ionos.de\".",
    ),
}  # fmt: skip


def address(value: str) -> str:
    """Return a mail address in the form in which it is used: the domain in lower case and in ASCII.

    A display name is not taken. Raises ValueError with what is wrong.
    """
    text = value.strip()
    local, found, domain = text.rpartition("@")
    if not found or not local or not domain:
        raise ValueError(f"`{shorten(shown(text), 80)}` is no mail address")
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise ValueError(f"`{shorten(shown(text), 80)}`: the part before the @ holds what mail servers do not take")
    return f"{local}@{_domain(domain, text)}"


def _domain(domain: str, whole: str) -> str:
    lowered = domain.casefold() if domain.isascii() else domain.lower()
    try:
        ascii_domain = lowered.encode("idna").decode("ascii") if not lowered.isascii() else lowered
        # The standard library knows the older rule for such names, in which ß and a few others become another name.
        if not lowered.isascii() and ascii_domain.encode("ascii").decode("idna") != lowered:
            raise ValueError(f"`{shorten(shown(whole), 80)}`: write the domain in its xn-- form")
    except UnicodeError as error:
        raise ValueError(f"`{shorten(shown(whole), 80)}`: what stands behind the @ is no domain") from error
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(f"`{shorten(shown(whole), 80)}`: what stands behind the @ is no domain")
    return ascii_domain


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
