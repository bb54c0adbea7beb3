"""Mail and web addresses as people type them: read, or refused with what is allowed. Pure; no name is looked up."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.config.grammar import shown

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def mail_address(value: Any) -> str:
    """Read one address, without a name around it. The domain may have letters of any script."""
    text = value.strip() if isinstance(value, str) else ""
    local, at, domain = text.rpartition("@")
    try:
        labels = domain.encode("idna").decode().split(".") if at else []
    except UnicodeError:
        labels = []
    if not (_LOCAL.fullmatch(local) and len(local) <= 64 and len(text) <= 254):
        labels = []
    if not labels or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(
            f'{shown(value)} is no mail address. Write it like "ana@example.org", without a name around it'
        )
    return text


def web_address(value: Any, *, query: bool = False) -> str:
    """Read an http(s) address without user and password."""
    text = value.strip() if isinstance(value, str) else ""
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("is no web address: it has spaces, backslashes or control characters in it")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError('is no web address. Write it like "https://reviews.example.org"') from None
    if parts.username or parts.password:
        raise ValueError("has a user or password in the address; secrets have keys of their own")
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError(f'{shown(value)} is no web address: it must begin with "https://" or "http://"')
    if not query and (parts.query or parts.fragment):
        raise ValueError('must end before any "?" or "#"')
    return text


_PRIVATE_ENDS: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "home", "corp", "test")


def is_private(address: str) -> bool:
    """Say whether an address names a host that is not on the public internet, as far as its text shows it."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:  # no address at all, which is told elsewhere
        return False
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:  # a name
        return "." not in host or host.endswith(tuple(f".{end}" for end in _PRIVATE_ENDS))


def contact(value: Any) -> str:
    """Read a mail or web address for the User-Agent."""
    is_web = isinstance(value, str) and "://" in value
    text = web_address(value) if is_web else mail_address(value)
    if not text.isascii():
        raise ValueError(
            f"{shown(value)} goes into a header of every request, where only plain ASCII letters may stand"
        )
    return text
