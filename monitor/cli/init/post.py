"""The mailbox that is read where a site takes an access first: whose it is, and what it needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.cli.init import tellings
from monitor.cli.init.asking import Asker
from monitor.cli.init.sites import NotYet, Watched
from monitor.notifiers._mail import address

# Servers for incoming mail, by the names under which those for outgoing mail are known.
_SERVERS = {
    "gmail": "imap.gmail.com",
    "icloud": "imap.mail.me.com",
    "fastmail": "imap.fastmail.com",
    "yahoo": "imap.mail.yahoo.com",
    "zoho": "imap.zoho.com",
    "gmx": "imap.gmx.net",
    "web.de": "imap.web.de",
    "mailbox.org": "imap.mailbox.org",
    "posteo": "posteo.de",
}
_APP_PASSWORDS = {
    "gmail": "turn on 2-Step Verification, then open https://myaccount.google.com/apppasswords.",
    "icloud": "https://account.apple.com, Sign-In and Security, App-Specific Passwords.",
    "fastmail": "Settings, Privacy & Security, Connected apps & API tokens, New app password, access: IMAP.",
    "yahoo": "https://login.yahoo.com/account/security, Generate app password.",
}
_VOUCHES = {"gmail": "mx.google.com"}
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
MOST_NAMES = 4


def offer(asker: Asker, waiting: Sequence[NotYet], typed: str | None) -> Watched | None:
    """Ask for a mailbox, and for what it needs; None when there shall be none. `typed` is an address given already."""
    if typed is None:
        typed = asker.ask(_question(waiting), _address, more=_MORE)
    if not typed:
        return None
    provider = tellings.provider_of(typed)
    if provider == tellings.NO_PASSWORDS:
        asker.screen.note(
            "Microsoft takes no passwords there; docs/connectors.md#imap_mailbox says how else. I leave it out."
        )
        return None
    host = _SERVERS.get(provider or "") or asker.ask(
        "The name of its server for incoming mail (IMAP), such as imap.example.org:", _host
    )
    if provider in _APP_PASSWORDS:
        asker.screen.note(f"It takes an app password instead of your usual one: {_APP_PASSWORDS[provider]}")
    password = asker.ask_secret("Its password, which is not shown while you type:", _password)
    options = {"host": host, "user": typed}
    if provider in _VOUCHES:
        options["authserv"] = _VOUCHES[provider]
    return Watched(
        "mailbox",
        "imap_mailbox",
        options,
        "Mails of customers and notices of sites, looked at every two minutes.",
        hint=_HINT if "authserv" in options else f'authserv = "…"   # {_AUTHSERV}; and: {_HINT}',
        to_try=True,
        secrets={"password": password},
    )


_HINT = "monitor learn MAIL.eml teaches me to read stars and words out of the notices of a site"
_AUTHSERV = "the first word behind Authentication-Results: in a mail you received; without it no stars count"
_MORE = (
    "Google, Facebook, Trustpilot and the others mail you when somebody has written about you. I read those mails, and "
    "what customers write, without marking them as read. Best is a mailbox or a folder of its own."
)


def _question(waiting: Sequence[NotYet]) -> str:
    names = [site.name for site in waiting]
    shown = ", ".join(names[:MOST_NAMES]) + (" and others" if len(names) > MOST_NAMES else "")
    if not names:
        return "The address of the mailbox I shall read; nothing for none."
    return (
        f"Until I can read {shown}: sites mail you what is new, and I can read those mails today. The address of the "
        "mailbox they go to; nothing for none."
    )


def _address(typed: str) -> str:
    return address(typed) if typed else ""


def _host(typed: str) -> str:
    host = typed.strip().lower()
    if not _HOST.fullmatch(host):
        raise ValueError("That is no name of a server. It looks like imap.example.org; your provider's help has it.")
    return host


def _password(typed: str) -> str:
    # Google shows its app passwords in groups of four, and takes them without the gaps.
    text = typed.replace(" ", "") if re.fullmatch(r"(?:[a-z]{4} ){3}[a-z]{4}", typed) else typed
    if not text or not text.isprintable() or " " in text:
        raise ValueError("Without a password I do not get in. It has letters, digits and signs, and no blanks.")
    return text
