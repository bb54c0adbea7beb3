"""The gate: no request goes to an address that is not public, however it is written or reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from monitor.errors import FetchError
from monitor.exchange import Request
from monitor.http import Door, Session, addresses_in, check_url
from monitor.http.address import MAX_URL, Reach, reach, read_url
from monitor.notifier import NotifierConfig
from tests.http.conftest import SITE, PhoneBook, a_session, failure, get
from tests.http.raw_server import RawServer, always, answer

Serve = Callable[..., RawServer]

UNREADABLE = {
    "file": "file:///etc/passwd",
    "gopher": "gopher://site.test/1",
    "data": "data:text/html,<b>hello</b>",
    "javascript": "javascript:alert(1)",
    "ftp": "ftp://site.test/reviews",
    "no scheme": "site.test/reviews",
    "no host": "http:///reviews",
    "only a path": "/reviews",
    "nothing": "",
    "user and password": "http://user:password@site.test/",
    "user": "http://user@site.test/",
    "host in the user name": "http://site.test@127.0.0.1/",
    "backslash": "http://site.test\\@127.0.0.1/",
    "backslash in the path": "http://site.test/a\\b",
    "tab": "http://site\t.test/",
    "newline": "http://site.test/\nX-Evil:1",
    "carriage return": "http://site.test/\rX-Evil:1",
    "NUL": "http://site.test/\x00",
    "space before": " http://site.test/",
    "space in the host": "http://site .test/",
    "dot at the end": "http://site.test./",
    "two dots": "http://a..b/",
    "dot before": "http://.site.test/",
    "hyphen before": "http://-site.test/",
    "bare xn--": "http://xn--/",
    "bad xn--": "http://xn--\u00fc.test/",
    "unreadable xn--": "http://xn--a-ecp.xn--ls8h-.test/",
    "label of 300 bytes": f"http://{'a' * 300}.test/",
    "label of 64 bytes": f"http://{'a' * 64}.test/",
    "host of 300 bytes": f"http://{'a.' * 150}test/",
    "percent in the host": "http://127.0.0.1%2f@site.test/",
    "zone in the host": "http://[fe80::1%25eth0]/",
    "broken bracket": "http://[::1/",
    "text in brackets": "http://[site.test]/",
    "letters that are two": "http://stra\u00dfe.test/",
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "hexadecimal": "http://0x7f000001/",
    "hexadecimal parts": "http://0x7f.0x0.0x0.0x1/",
    "short": "http://127.1/",
    "very short": "http://0/",
    "five parts": "http://127.0.0.1.1/",
    "out of range": "http://127.0.0.256/",
    "full-width digits": "http://\uff11\uff12\uff17.0.0.1/",
    "circled digits": "http://\u2460\u2461\u2466.0.0.1/",
    "ideographic dot": "http://127\u30020\u30020\u30021/",
    "port 0": "http://site.test:0/",
    "port 65536": "http://site.test:65536/",
    "port 99999": "http://site.test:99999/",
    "port 100000": "http://site.test:100000/",
    "negative port": "http://site.test:-1/",
    "port with letters": "http://site.test:80a/",
    "too long": "http://site.test/" + "a" * MAX_URL,
}

NOT_PUBLIC = {
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "this host": "0.0.0.0",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "carrier": "100.64.0.1",
    "link-local": "169.254.1.1",
    "cloud metadata": "169.254.169.254",
    "protocol assignments": "192.0.0.8",
    "documentation": "203.0.113.7",
    "benchmarks": "198.18.0.1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "loopback 6": "::1",
    "unspecified 6": "::",
    "link-local 6": "fe80::1",
    "site-local 6": "fec0::1",
    "unique local": "fd00::1",
    "cloud metadata 6": "fd00:ec2::254",
    "multicast 6": "ff02::1",
    "documentation 6": "2001:db8::1",
    "new documentation 6": "3fff::1",
    "segment routing": "5f00::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped public": "::ffff:93.184.215.14",
    "compatible": "::127.0.0.1",
    "translated": "::ffff:0:127.0.0.1",
    "6to4 loopback": "2002:7f00:1::",
    "6to4 metadata": "2002:a9fe:a9fe::",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 private": "64:ff9b::a00:1",
    "local NAT64": "64:ff9b:1::7f00:1",
    "Teredo": "2001:0:7f00:1::1",
}

PUBLIC = [
    "93.184.215.14",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:2800:220:1::1",
    "2a00:1450:4001::1",
    "64:ff9b::808:808",
]


def in_url(address: str) -> str:
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"


@pytest.mark.parametrize("url", UNREADABLE.values(), ids=UNREADABLE)
def test_an_address_written_oddly_is_refused(session: Session, url: str) -> None:
    error = failure(session, Request(url))

    assert error.code == "refused_address"
    assert error.permanent
    with pytest.raises(FetchError):
        check_url(url, allow_private=True)


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(session: Session, address: str) -> None:
    error = failure(session, Request(in_url(address)))

    assert error.code == "refused_address"
    with pytest.raises(FetchError):
        check_url(in_url(address))


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_a_name_at_an_address_that_is_not_public_is_refused(session: Session, names: PhoneBook, address: str) -> None:
    names.entries["evil.test"] = [address]

    error = failure(session, Request("http://evil.test/secret"))

    assert error.code == "refused_address"
    assert "secret" not in str(error)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
@pytest.mark.parametrize("last", [True, False], ids=["public first", "public last"])
def test_a_name_with_a_public_and_another_address_is_refused(
    session: Session, names: PhoneBook, address: str, last: bool
) -> None:
    names.entries["mixed.test"] = [PUBLIC[0], address] if last else [address, PUBLIC[0]]

    assert failure(session, Request("http://mixed.test/")).code == "refused_address"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    check_url(in_url(address))

    assert reach(ip_address(address)) is Reach.PUBLIC


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.31.255.255", "100.64.0.1", "::1", "fd00::1"]
)
def test_a_private_address_passes_where_the_operator_allows_it(address: str) -> None:
    check_url(in_url(address), allow_private=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::ffff:127.0.0.1"])
def test_some_addresses_pass_nowhere(address: str) -> None:
    with pytest.raises(FetchError):
        check_url(in_url(address), allow_private=True)


@given(st.integers(0, 2**32 - 1))
def test_what_the_library_calls_private_is_never_public(number: int) -> None:
    address = ip_address(number)

    if not address.is_global or address.is_multicast:
        assert reach(address) is not Reach.PUBLIC


@given(st.integers(0, 2**128 - 1))
def test_what_the_library_calls_private_is_never_public_in_ipv6(number: int) -> None:
    address = ip_address(number)

    if not address.is_global or address.is_multicast:
        assert reach(address) is not Reach.PUBLIC


@pytest.mark.parametrize(
    "url, expected",
    [
        ("HTTP://Site.TEST", "http://site.test/"),
        ("https://site.test:443/a?b#c", "https://site.test/a?b"),
        ("http://site.test:8080/a/../b", "http://site.test:8080/b"),
        ("http://site.test/a b?q=ö&r=%20", "http://site.test/a%20b?q=%C3%B6&r=%20"),
        ("http://münchen.test/", "http://xn--mnchen-3ya.test/"),
        ("http://xn--mnchen-3ya.test/", "http://xn--mnchen-3ya.test/"),
        ("http://under_score.test/", "http://under_score.test/"),
        ("http://[2606:2800:0220::1]:81/", "http://[2606:2800:220::1]:81/"),
        ("http://site.test:", "http://site.test/"),
        ("http://site.test/\ud800", "http://site.test/?"),
    ],
)
def test_an_address_is_read_in_one_way(url: str, expected: str) -> None:
    assert read_url(url).url == expected


@given(st.text(), st.sampled_from(["http://site.test/", "https://site.test:8443/?", "http://site.test", "http://"]))
def test_what_was_checked_is_what_httpx_sends(text: str, before: str) -> None:
    try:
        address = read_url(before + text)
    except FetchError:
        return

    again = httpx.URL(address.url)

    assert (again.raw_path.decode(), again.netloc.decode()) == (address.target, address.authority)
    assert read_url(address.url) == address


# --- at the socket -------------------------------------------------------------------------------


def test_a_private_address_needs_the_operators_word(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    session = door.session("cafe", base_url=server.at("127.0.0.1"))

    error = failure(session, Request("https://public.test/reviews"))

    assert error.code == "refused_address"
    assert "allow_private = true" in str(error)
    assert server.connections == 0


def test_allowing_private_addresses_opens_the_named_places_only(serve: Serve, door: Door, names: PhoneBook) -> None:
    trap = serve(always(answer()))
    session = a_session(door, 80, named=("http://nas.test:8080/feed",))
    names.entries["nas.test"] = ["127.0.0.1"]

    for url in (trap.at(SITE), trap.at("127.0.0.1"), trap.at("other.test"), trap.at("nas.test"), trap.at("localhost")):
        assert failure(session, Request(url)).code in ("refused_address", "dns")

    assert trap.connections == 0


def test_an_address_named_in_the_configuration_may_be_private(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    session = a_session(door, server, hosts=(), named=(server.at(SITE, "/feed"),))

    assert get(session, server).status == 200


def test_naming_an_address_does_not_open_it_without_the_word(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    session = a_session(door, server, named=(server.at(SITE, "/feed"),), allow_private=False)

    assert failure(session, server).code == "refused_address"
    assert server.connections == 0


def test_a_connection_of_one_session_opens_no_private_address_to_another(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    get(a_session(door, server), server)

    error = failure(door.session("stranger", gap=timedelta(0)), server)

    assert error.code == "refused_address"
    assert len(server.requests) == 1


def test_a_name_that_changes_its_address_is_looked_up_once(serve: Serve, session: Session, names: PhoneBook) -> None:
    server = serve(always(answer()))
    addresses = iter([["127.0.0.1"], ["169.254.169.254"]])
    names.entries[SITE] = lambda: next(addresses)

    assert get(session, server).status == 200
    assert names.asked == [SITE]


def test_a_name_that_became_private_is_refused_at_the_next_connection(
    serve: Serve, session: Session, names: PhoneBook
) -> None:
    server = serve(always(answer(headers={"Connection": "close"})))
    get(session, server)
    names.entries[SITE] = ["169.254.169.254"]

    assert failure(session, server).code == "refused_address"


class Options(NotifierConfig):
    webhook_url: SecretStr = SecretStr("https://hooks.test/s3cr3t")
    feeds: tuple[str, ...] = ("http://nas.test:8080/feed", "not an address")
    more: dict[str, list[str]] = Field({"a": ["https://b.test/", "ftp://c.test/", "http://user:pass@d.test/"]})
    name: str = "cafe"
    count: int = 3


def test_the_addresses_in_options_are_those_the_operator_wrote() -> None:
    assert list(addresses_in(Options())) == [
        "https://hooks.test/s3cr3t",
        "http://nas.test:8080/feed",
        "https://b.test/",
    ]


# --- base_url ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base, url, path",
    [
        ("", "https://api.public.test/v1/reviews?page=2", "/v1/reviews?page=2"),
        ("/", "https://api.public.test", "/"),
        ("/proxy", "https://api.public.test/v1/reviews?page=2", "/proxy/v1/reviews?page=2"),
        ("/proxy/", "https://api.public.test/v1", "/proxy/v1"),
        ("/?ignored=1", "https://api.public.test/v1?a=1", "/v1?a=1"),
        ("", "http://169.254.169.254/latest/meta-data", "/latest/meta-data"),
    ],
)
def test_with_a_base_url_everything_goes_there(serve: Serve, door: Door, base: str, url: str, path: str) -> None:
    server = serve(always(answer()))
    session = door.session("cafe", base_url=server.at("127.0.0.1", base), allow_private=True)

    response = session.fetch(Request(url))

    assert server.paths == [path]
    assert server.header("Host") == f"127.0.0.1:{server.port}"
    assert response.url == url


def test_a_link_that_is_already_below_the_base_url_is_not_moved_again(serve: Serve, door: Door) -> None:
    server = serve(always(answer()))
    session = door.session("cafe", base_url=server.at("127.0.0.1", "/proxy"), allow_private=True)

    session.fetch(Request(server.at("127.0.0.1", "/proxy/page2")))

    assert server.paths == ["/proxy/page2"]


@pytest.mark.parametrize("base_url", ["ftp://site.test", "http://user:pass@site.test", "site.test", "http://127.1/"])
def test_a_base_url_that_cannot_be_used_is_refused_at_once(door: Door, base_url: str) -> None:
    with pytest.raises(FetchError) as caught:
        door.session("cafe", base_url=base_url)

    assert "pass" not in str(caught.value)
