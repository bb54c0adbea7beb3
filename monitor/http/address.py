"""Where a request may go: URLs read strictly, and addresses sorted into public, private and never.

Browsers, `urllib` and the C library each read odd spellings differently, and every difference is a
way round a gate. So what is odd is refused, not mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import BaseModel, SecretStr

from monitor.errors import FetchError
from monitor.http.lean import httpx

MAX_URL = 16 * 1024  # characters
MAX_HOST = 253
PORTS = {"http": 80, "https": 443}

IPAddress = IPv4Address | IPv6Address
Origin = tuple[str, str, int]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# The old and the new rules for international names give different hosts for these letters.
_AMBIGUOUS = re.compile("[ßς\u200c\u200d]")


class Reach(Enum):
    """Who can be at an address."""

    PUBLIC = "public"
    PRIVATE = "private"  # the operator's own network or machine: only where the operator said so
    NEVER = "never"  # metadata services, multicast, addresses that hide another


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that has passed: lower-case ASCII host (IPv6 without brackets), path and query as httpx writes them."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)  # path and query as they go into the request line
    known: httpx.URL | None = field(default=None, repr=False, compare=False)  # the same, where httpx has read it

    @property
    def origin(self) -> Origin:
        """Return scheme, host and port: what may share a connection, a cookie and a secret."""
        return (self.scheme, self.host, self.port)

    @property
    def authority(self) -> str:
        """Return host and port as they go into the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def place(self) -> httpx.URL:
        """Return it for httpx."""
        return self.known or httpx.URL(self.url)

    def join(self, location: str) -> Address:
        """Return where a link on this page leads. Raises FetchError (refused_address)."""
        _refuse_controls(location)
        # urljoin takes `http:x` for a path on this host.
        is_whole = _SCHEME.match(location) is not None or _split(location) is None
        return read_url(location if is_whole else urljoin(self.url, location))

    def at(self, target: str) -> Address:
        """Return another path and query at the same place."""
        return replace(self, target=target, known=None)

    def under(self, base: Address) -> Address:
        """Return the same path and query at `base`, below its own path."""
        prefix = base.target.partition("?")[0].rstrip("/")
        path = self.target.partition("?")[0]
        if self.origin == base.origin and (not prefix or f"{path}/".startswith(f"{prefix}/")):
            return self
        return base.at(prefix + self.target)


def refused(what: str, *, permanent: bool = True) -> FetchError:
    """Return the error for an address that no request may go to."""
    return FetchError(what, code="refused_address", permanent=permanent)


def read_url(url: str) -> Address:
    """Return `url` in its parts. Raises FetchError (refused_address); the text shows no more than the host."""
    _refuse_controls(url)
    parts = _split(url)
    if parts is None:
        raise refused("an address that cannot be read")
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise refused("an address that is neither http nor https")
    if "@" in parts.netloc:
        raise refused("an address with a user name in it; put credentials into an account")
    match = _AUTHORITY.fullmatch(parts.netloc)
    if match is None:
        raise refused("an address without a readable host")
    host = _read_host(match[1])
    port = int(match[2]) if match[2] else PORTS[scheme]
    if not 0 < port < 65536:
        raise refused(f"{host}: port {port} does not exist")
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A lone surrogate cannot be written as UTF-8.
    read = Address(scheme, host, port, target.encode("utf-8", "replace").decode()).place
    return Address(scheme, host, port, read.raw_path.decode("ascii"), read)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # its text may quote the address: it is not even kept as a cause
        return None


def _refuse_controls(url: str) -> None:
    if len(url) > MAX_URL:
        raise refused(f"an address of {len(url)} characters")
    if _CONTROLS.search(url):
        raise refused("an address with a control character or a backslash in it")
    if url != url.strip():
        raise refused("an address with white space around it")


def _read_host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1]))
        except AddressValueError as error:
            raise refused("an address whose host is no IPv6 address") from error
    host = _ascii(text.lower())
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(_is_label(label) for label in labels):
        raise refused("an address whose host is no host name")
    # What ends in a number is an IPv4 address to some readers, and then in any spelling: 127.1, 0x7f000001.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) and (not text.isascii() or literal(host) is None):
        raise refused("an address whose host is a number, written in an unusual way")
    return host


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    if _AMBIGUOUS.search(host):
        raise refused("an address whose host can be read in two ways; write it with xn--")
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise refused("an address whose host is no host name") from error


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.startswith("xn--"):
        return True
    try:
        label.encode("ascii").decode("idna")
    except UnicodeError:
        return False
    return len(label) > len("xn--")


# --- addresses -----------------------------------------------------------------------------------

_PRIVATE_4 = [
    ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
]
# https://www.iana.org/assignments/iana-ipv4-special-registry
_NEVER_4 = [
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
_PRIVATE_6 = [ip_network("::1/128"), ip_network("fc00::/7")]
_PUBLIC_6 = ip_network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry: Teredo, 6to4, documentation, segment routing
_NEVER_6 = [ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = ip_network("64:ff9b::/96")


def reach(address: IPAddress) -> Reach:
    """Return who can be at `address`.

    An IPv6 address that carries an IPv4 one is never used, but for NAT64: that is how a machine
    without IPv4 reaches the rest of the world, so there the inner address must be public.
    """
    if isinstance(address, IPv4Address):
        if any(address in net for net in _PRIVATE_4):
            return Reach.PRIVATE
        return Reach.NEVER if any(address in net for net in _NEVER_4) else Reach.PUBLIC
    if any(address in net for net in _PRIVATE_6):
        return Reach.PRIVATE
    if address in _NAT64:
        inner = reach(IPv4Address(int(address) & 0xFFFFFFFF))
        return inner if inner is Reach.PUBLIC else Reach.NEVER
    if address not in _PUBLIC_6 or any(address in net for net in _NEVER_6):
        return Reach.NEVER
    return Reach.PUBLIC


def literal(host: str) -> IPAddress | None:
    """Return the address that `host` is, or None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def admit(host: str, addresses: list[str], *, allow_private: bool) -> list[IPAddress]:
    """Return the addresses of `host`, all of them checked. Raises FetchError (refused_address).

    One bad address among good ones refuses the name: whoever mixes them wants us to pick the wrong one.
    """
    is_written = literal(host) is not None  # what a name server says may change
    found = [ip_address(text) for text in addresses]
    for where in map(reach, found):
        if where is Reach.NEVER:
            raise refused(f"{host} is at an address that no request may go to", permanent=is_written)
        if where is Reach.PRIVATE and not allow_private:
            what = "is at a private address; your own are reached with `allow_private = true`"
            raise refused(f"{host} {what}", permanent=is_written)
    return found


def check_url(url: str, *, allow_private: bool = False) -> None:
    """Check a configured address without looking its name up. Raises FetchError (refused_address)."""
    address = read_url(url)
    if literal(address.host) is not None:
        admit(address.host, [address.host], allow_private=allow_private)


def addresses_in(options: object) -> Iterator[str]:
    """Yield the web addresses in somebody's options, secret ones too: what an operator has named by writing it down."""
    if isinstance(options, SecretStr):
        options = options.get_secret_value()
    if isinstance(options, str):
        with suppress(FetchError):
            read_url(options)
            yield options
    elif isinstance(options, BaseModel):
        for _, value in options:
            yield from addresses_in(value)
    elif isinstance(options, Mapping):
        yield from addresses_in(tuple(options.values()))
    elif isinstance(options, (list, tuple, set, frozenset)):
        for value in options:
            yield from addresses_in(value)
