"""The built-in notifiers, one file each, and the little they share: how words are shown and how errors are read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.errors import FetchError
from monitor.exchange import Fetch, Request, Response, Signed, read_retry_after
from monitor.notifier import DeliveryError, Message, Quote
from monitor.text import in_order, safe_link, shorten, shown

NAME = "Review Monitor"
NO_TEXT = "(no text)"
LONGEST_LINES = 30  # lines of one quote; more of them could be made to look like our own layout
LONGEST_LINE = 1000

# The exchange reached the other side, and what came back was not a yes.
_ANSWERED = {"redirect", "blocked", "unexpected_type"}
_SPACES = re.compile(r"\s+")
# Up to a full stop that is not one of a name in brackets: I cannot read Google (St. Mary's) since 09:40.
_SENTENCE = re.compile(r"(?:[^.(]|\([^)]*\)|\.(?! [A-Z]))+\.(?= [A-Z])")


# --- words ---------------------------------------------------------------------------------------


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Return words as one line that keeps its order, whatever names stand in it."""
    return in_order(shorten(_SPACES.sub(" ", shown(text)).strip(), limit))


def lead(headline: str) -> tuple[str, str]:
    """Return what stands out of a headline, and the rest: the first part, or the first sentence."""
    first, found, rest = headline.partition(" · ")
    if found:
        return first, found + rest
    sentence = _SENTENCE.match(headline)
    return (headline[: sentence.end()], headline[sentence.end() :]) if sentence else (headline, "")


def cut_quote(quote: Quote, limit: int) -> tuple[str, bool]:
    """Return what of a quote is shown, and whether something was cut. `limit` counts characters."""
    lines = [line.rstrip() for line in shown(quote.text).strip().split("\n")]
    short = shorten("\n".join(lines[:LONGEST_LINES]), limit)
    return short or NO_TEXT, short != "\n".join(lines)


def links(message: Message) -> list[tuple[str, str]]:
    """Return the label and the address of each action that leads somewhere safe."""
    return [(one_line(a.label, 70), url) for a in message.actions if (url := safe_link(a.url))]


def commands(message: Message) -> list[tuple[str, str]]:
    """Return the label and the words to type of each action that has no link."""
    return [(one_line(a.label, 70), one_line(a.command, 200)) for a in message.actions if a.command and not a.url]


# --- the exchange --------------------------------------------------------------------------------


def ask(fetch: Fetch, request: Request | Signed, where: str) -> Response:
    """Fetch, and turn what goes wrong on the way into a DeliveryError: uncertain if it may have arrived."""
    try:
        return fetch(request)
    except FetchError as error:
        refused = error.code == "refused_address"
        raise DeliveryError(
            f"{where}: {error}",
            permanent=refused,
            whole_channel=refused,
            retry_after=error.retry_after,
            uncertain=error.sent and error.code not in _ANSWERED,
        ) from error


def wait_of(response: Response) -> timedelta | None:
    """Return what an answer asks us to wait."""
    return read_retry_after(response.header("retry-after"), response.received_at)


def temporary(reason: str, response: Response | None = None) -> DeliveryError:
    """Return an error that may pass; the answer may say when."""
    return DeliveryError(reason, permanent=False, retry_after=wait_of(response) if response else None)


# --- configuration -------------------------------------------------------------------------------


def checked_url(url: str, hosts: Iterable[str] = ()) -> str:
    """Return an address one may post to. Raises ValueError with what to do, and without the address.

    With `hosts` only https to one of them. Without, https anywhere, and plain http to this machine or a
    private address only: everybody on the way could read it.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("this is no address") from error
    known = tuple(hosts)
    if parts.username or parts.password:
        raise ValueError("the address holds a user name; use a secret of its own")
    if not host or port == 0 or re.search(r"[\s\x00-\x1f\\]", url.strip()):
        raise ValueError("this is no address; it begins with https://")
    if known and host not in known:
        raise ValueError(f"the host is not one of {', '.join(known)} (another one goes into base_url)")
    if parts.scheme == "https" or (parts.scheme == "http" and not known and is_private(host)):
        return url.strip()
    if parts.scheme == "http":
        raise ValueError("with http everybody on the way could read it; use https, or a private address")
    raise ValueError("the address begins with https://")


def is_private(host: str) -> bool:
    """Say whether a host is this machine or an address that does not leave the house."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback
