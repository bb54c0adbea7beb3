"""Where somebody wants to be told, as they type it → channels of the configuration, and their secrets apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from monitor import plugins
from monitor.cli.init.asking import Asker
from monitor.notifiers._mail import PROVIDERS, address

HOW = 'A Slack webhook (https://hooks.slack.com/services/…), a mail address, or "here" for this terminal.'

_HERE = {"here", "terminal", "this terminal", "console", "screen"}
_BY_DOMAIN = {
    "gmail": ("gmail.com", "googlemail.com"),
    "outlook": ("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de", "hotmail.co.uk"),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "fastmail": ("fastmail.com", "fastmail.fm"),
    "yahoo": ("yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.fr", "ymail.com"),
    "zoho": ("zoho.com", "zohomail.com", "zoho.eu"),
    "gmx": ("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
    "web.de": ("web.de",),
    "mailbox.org": ("mailbox.org",),
    "posteo": ("posteo.de", "posteo.net"),
}
NO_PASSWORDS = "outlook"  # takes none from programs


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the configuration. `secrets` holds key → value; they go into files of their own."""

    name: str
    notifier: str
    options: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    mail: str | None = None


def read(typed: str) -> list[Channel]:
    """Read one or several places, with blanks or commas between. Raises ValueError with what would be taken.

    A mail channel still lacks the mailbox it is sent from.
    """
    words = [word for word in re.split(r"[\s,]+", typed.strip()) if word.casefold() not in ("and", "", "this")]
    if typed.strip().casefold() in _HERE:
        words = ["here"]
    if not words:
        raise ValueError(HOW)
    found = [_place(word) for word in words]
    mails = [channel.mail for channel in found if channel.mail]
    rest = {channel.name: channel for channel in found if not channel.mail}
    together = [Channel("mail", "email", {"to": list(dict.fromkeys(mails))}, mail=mails[0])] if mails else []
    return [*rest.values(), *together]


def _place(word: str) -> Channel:
    if word.casefold() in _HERE:
        return Channel("terminal", "console")
    if "hooks.slack" in word:
        return _by_webhook("slack", word)
    if "discord" in word and "/webhooks/" in word:
        return _by_webhook("discord", word)
    if "@" in word and "://" not in word:
        return Channel("mail", "email", mail=address(word))
    if word.startswith("#"):
        raise ValueError(f"For {word} I need an incoming webhook of Slack: docs/notifiers.md#slack says how. {HOW}")
    raise ValueError(f"That is no place where I can write to. {HOW}")


def _by_webhook(kind: str, url: str) -> Channel:
    check(kind, {"webhook_url": url})
    return Channel(kind, kind, secrets={"webhook_url": url})


def check(notifier: str, options: Mapping[str, object]) -> None:
    """Let a notifier judge its options. Raises ValueError with its own words, and without the secret."""
    try:
        plugins.notifier(notifier).Config.model_validate(dict(options))
    except ValidationError as error:
        words = error.errors(include_input=False, include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{words[:1].upper()}{words[1:]}.") from None


# --- the mailbox that sends ----------------------------------------------------------------------


def with_mailbox(channel: Channel, asker: Asker) -> Channel:
    """Ask from which mailbox the mails are sent, and for what it needs."""
    to = str(channel.mail)
    if provider_of(to) == NO_PASSWORDS:
        asker.screen.note(PROVIDERS[NO_PASSWORDS].advice)
    sender = asker.ask(
        f"From which mailbox shall I send? [{to}]" if provider_of(to) != NO_PASSWORDS else "From which mailbox?",
        lambda typed: _sender(typed or (to if provider_of(to) != NO_PASSWORDS else "")),
        more="I log in to it like a mail program does, and send; I never read it.",
    )
    server: dict[str, Any] = {"provider": provider} if (provider := provider_of(sender)) else _server(asker)
    if advice := PROVIDERS[server["provider"]].advice if "provider" in server else "":
        asker.screen.note(advice)
    password = asker.ask_secret("Its password, which is not shown while you type:", _password)
    options = {**channel.options, "from": sender, **server, "username": sender}
    check("email", {**options, "password": password})
    return Channel("mail", "email", options, {"password": password}, mail=to)


def _sender(typed: str) -> str:
    if not typed:
        raise ValueError("Type the address of another mailbox, one that lets programs send.")
    found = address(typed)
    if provider_of(found) == NO_PASSWORDS:
        raise ValueError(PROVIDERS[NO_PASSWORDS].advice)
    return found


def provider_of(mail: str) -> str | None:
    """Return who keeps a mailbox, by the domain of its address."""
    domain = mail.rpartition("@")[2]
    return next((name for name, domains in _BY_DOMAIN.items() if domain in domains), None)


def _server(asker: Asker) -> dict[str, Any]:
    known = ", ".join(name for name in PROVIDERS if name != NO_PASSWORDS)
    return asker.ask(f"Who keeps that mailbox? One of {known}; or the name of its outgoing server (SMTP).", _keeper)


def _keeper(typed: str) -> dict[str, Any]:
    name = {
        "google": "gmail",
        "google workspace": "gmail",
        "microsoft": "microsoft365",
        "office365": "microsoft365",
    }.get(typed.casefold(), typed.casefold())
    if name in PROVIDERS:
        return {"provider": name}
    found = re.fullmatch(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::(\d{1,5}))?", name)
    if not found:
        raise ValueError("That is neither one of them nor a server such as smtp.example.org (or smtp.example.org:465).")
    port = int(found[2] or 587)
    return {"host": found[1], "port": port, "security": "tls" if port == 465 else "starttls"}


def _password(typed: str) -> str:
    # Google shows its app passwords in groups of four, and takes them without the gaps.
    text = typed.replace(" ", "") if re.fullmatch(r"(?:[a-z]{4} ){3}[a-z]{4}", typed) else typed
    if not text:
        raise ValueError("Nothing was typed. Without a password no mail server takes mails from me.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("A password that programs may use has only plain letters, digits and signs, and no blanks.")
    return text
