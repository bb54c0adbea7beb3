"""What the tests of the sandbox have called in the child: parsers as connectors use them, and bad ones."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pydantic import SecretStr

from monitor.connector import Connector, ConnectorConfig
from monitor.errors import FetchError, ParseError, RefusedError
from monitor.exchange import Page, Request
from monitor.models import RawMention


class OddError(ParseError):
    """An error of our tree whose class stands elsewhere."""


def html_by_lxml(body: bytes) -> int:
    from lxml import etree, html

    tree = html.document_fromstring(body, parser=html.HTMLParser(no_network=True, encoding="utf-8"))
    assert isinstance(tree, etree._Element)
    return sum(len(text) for text in tree.itertext())


def html_by_soup(body: bytes) -> int:
    from bs4 import BeautifulSoup

    return len(BeautifulSoup(body, "lxml").get_text())


def xml_by_lxml(body: bytes) -> int:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return len("".join(etree.fromstring(body, parser).itertext()))


def feed(body: bytes) -> list[str]:
    import feedparser

    return [str(entry.get("title")) + str(entry.get("summary")) for entry in feedparser.parse(BytesIO(body)).entries]


class LoudConfig(ConnectorConfig):
    shop: str = "cafe"
    key: SecretStr = SecretStr("s3cr3t")


class Loud(Connector[LoudConfig]):
    Config = LoudConfig

    def parse(self, response: Any) -> Page:
        text = f"{self.config.shop} {self.config.key.get_secret_value()!r} {self.brands} {response.body!r}"
        return Page((RawMention(external_id="1", text=text),))


def add(one: int, other: int) -> int:
    return one + other


def process() -> int:
    return os.getpid()


def nursery() -> int:
    return os.getppid()


def size(body: bytes) -> int:
    return len(body)


def echo(value: Any) -> Any:
    return value


def page() -> Page:
    return Page((RawMention(external_id="1", text="cold"),), follow=(Request("https://site.test/2"),))


def spin() -> None:
    while True:
        pass


def wait(seconds: float) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return os.getpid()


def ignore_the_alarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(10_000_000))


def grow(size: int) -> int:
    return len(bytearray(size))


def recurse() -> None:
    recurse()


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    os._exit(0)


def raise_our_own() -> None:
    raise FetchError("site.test: no", code="unexpected_type", status=200, permanent=True)


def raise_refused() -> None:
    raise RefusedError("asked too often", code="throttled")


def raise_odd() -> None:
    raise OddError("another shape")


def raise_key() -> None:
    {}["reviews"]


def raise_value() -> None:
    raise ValueError("Anna wrote this")


def raise_syntax() -> None:
    raise SyntaxError("Anna wrote this")


def raise_unicode() -> None:
    b"\xff".decode("ascii")


def return_code() -> Callable[..., Any]:
    return os.system


class Rogue:
    """A result that would run something where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("true",))


def return_rogue() -> Rogue:
    return Rogue()


def environment() -> list[str]:
    return sorted(os.environ)


def descriptors() -> list[str]:
    open_now = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd") if int(name) > 2]
    return [os.readlink(name) for name in open_now if os.path.islink(name)]  # without that of the listing itself


def read_file(path: str) -> str:
    with open(path) as file:
        return file.read()


def write_file(path: str) -> None:
    with open(path, "w") as file:
        file.write("x")


def connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port))


def look_up(host: str) -> Any:
    return socket.getaddrinfo(host, 80)


def run_a_program() -> None:
    subprocess.run(["true"], check=True)


def summer_time() -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return str(datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset())


def decode_oddly() -> str:
    return b"caf\xe9".decode("cp1252")
