"""Addresses that strangers put into their texts and sites into their answers."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

MAX_LINK = 2_048  # characters; https://www.sitemaps.org/protocol.html#locdef and old browsers

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029\ud800-\udfff]")
# What would end a link early in Slack, HTML or a mail.
_ENDING = re.compile(r"""[\s"<>`{}|^]""")
# What nearly all of them are, and nothing in it can be wrong: taken as it stands, at a fifth of the cost.
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9/._~%&=?#+,;-]*)?")


def safe_link(url: str | None, base: str | None = None) -> str | None:
    """Return an absolute http or https address, or None for everything else.

    A relative one is resolved against `base`. None too for an address with a user name, a control
    character (a tab inside `java script:` is one), a backslash, an impossible port or no host.
    """
    if not url or len(url) > MAX_LINK:
        return None
    if base is None and _PLAIN.fullmatch(url):
        return url
    url = url.strip(" \t\r\n\f")
    if not url or _FORBIDDEN.search(url):
        return None
    try:
        address = urljoin(base, url) if base else url
        parts = urlsplit(address)
        bad = parts.port == 0
    except ValueError:  # a broken IPv6 address, a port beyond 65535
        return None
    if bad or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    link = parts.scheme + _ENDING.sub(lambda found: quote(found[0]), address[len(parts.scheme) :])
    return link if len(link) <= MAX_LINK else None
