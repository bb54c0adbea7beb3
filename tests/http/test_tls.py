"""A certificate that is not good is named, and never accepted."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitor.exchange import Request
from monitor.http import Door, Session
from tests.http.conftest import SITE, a_session, failure, get
from tests.http.raw_server import RawServer, Talk, always, answer

Serve = Callable[..., RawServer]

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Party:
    """Somebody with a key and a certificate."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(self, name: str, *, is_authority: bool = False, age: timedelta = timedelta(days=1)) -> Party:
        """Return somebody whose certificate this party has signed, valid for a year."""
        return _party(name, self, is_authority=is_authority, begins=datetime.now(UTC) - age)


def _party(name: str, issuer: Party | None, *, is_authority: bool, begins: datetime) -> Party:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = issuer.key if issuer else key
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + YEAR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )
    return Party(name, key, certificate)


@pytest.fixture(scope="module")
def authority() -> Party:
    return _party("Test Authority", None, is_authority=True, begins=datetime.now(UTC) - timedelta(days=1))


@pytest.fixture(scope="module")
def trusting(authority: Party) -> ssl.SSLContext:
    """The context of a door that trusts the authority."""
    return as_made_elsewhere(ssl.create_default_context(cadata=_pem(authority)))


def as_made_elsewhere(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return a context with all that only some releases of Python set."""
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", ssl.Options(0))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@pytest.fixture
def session(make_door: Callable[..., Door], trusting: ssl.SSLContext, port: int) -> Session:
    return a_session(make_door(ssl_context=trusting), port)


def _pem(party: Party) -> str:
    return party.certificate.public_bytes(serialization.Encoding.PEM).decode()


def shown_by(tmp_path: Path, party: Party, *chain: Party) -> ssl.SSLContext:
    """Return the context of a server that shows a certificate and what stands above it."""
    key = party.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "chain.pem").write_text("".join(_pem(one) for one in (party, *chain)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    return context


def test_a_good_certificate_is_accepted(serve: Serve, session: Session, authority: Party, tmp_path: Path) -> None:
    server = serve(always(answer()), tls=shown_by(tmp_path, authority.issue(SITE)))

    assert [get(session, server).status for _ in range(2)] == [200, 200]
    assert server.connections == 1


def test_a_good_chain_is_accepted(serve: Serve, session: Session, authority: Party, tmp_path: Path) -> None:
    between = authority.issue("Between", is_authority=True)
    server = serve(always(answer()), tls=shown_by(tmp_path, between.issue(SITE), between))

    assert get(session, server).status == 200


def test_an_authority_below_another_is_enough_where_it_is_the_one_named(
    serve: Serve, make_door: Callable[..., Door], port: int, authority: Party, tmp_path: Path
) -> None:
    between = authority.issue("Between", is_authority=True)
    trusting = as_made_elsewhere(ssl.create_default_context(cadata=_pem(between)))
    server = serve(always(answer()), tls=shown_by(tmp_path, between.issue(SITE)))

    assert get(a_session(make_door(ssl_context=trusting), port), server).status == 200


@pytest.mark.parametrize(
    "kind, reason",
    [
        ("expired", "certificate has expired"),
        ("not yet valid", "certificate is not yet valid"),
        ("wrong name", "Hostname mismatch"),
        ("self-signed", "self-signed certificate"),
        ("chain incomplete", "unable to get local issuer certificate"),
        ("unknown authority", "unable to get local issuer certificate"),
    ],
)
def test_a_bad_certificate_is_named(
    serve: Serve, session: Session, authority: Party, tmp_path: Path, kind: str, reason: str
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    stranger = _party("Stranger", None, is_authority=True, begins=yesterday)
    shown = {
        "expired": lambda: authority.issue(SITE, age=2 * YEAR),
        "not yet valid": lambda: authority.issue(SITE, age=-YEAR),
        "wrong name": lambda: authority.issue("other.test"),
        "self-signed": lambda: _party(SITE, None, is_authority=False, begins=yesterday),
        "chain incomplete": lambda: authority.issue("Between", is_authority=True).issue(SITE),
        "unknown authority": lambda: stranger.issue(SITE),
    }
    server = serve(always(answer()), tls=shown_by(tmp_path, shown[kind]()))

    error = failure(session, server)

    assert error.code == "tls"
    assert reason in str(error)
    assert str(error).startswith("site.test: its certificate is not accepted")
    assert not error.sent
    assert server.requests == []


@pytest.mark.parametrize(
    "says", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00" * 100], ids=["HTTP", "nothing", "zeros"]
)
def test_a_port_that_speaks_no_tls_is_an_error(serve: Serve, session: Session, port: int, says: bytes) -> None:
    def play(talk: Talk) -> None:
        talk.sock.recv(10)
        talk.send(says)

    serve(play)

    assert failure(session, Request(f"https://{SITE}:{port}/")).code == "tls"


def test_a_port_that_speaks_only_tls_is_an_error(
    serve: Serve, session: Session, authority: Party, tmp_path: Path, port: int
) -> None:
    serve(always(answer()), tls=shown_by(tmp_path, authority.issue(SITE)))

    assert failure(session, Request(f"http://{SITE}:{port}/")).code in ("protocol", "truncated")


def test_an_old_version_of_tls_is_refused(serve: Serve, session: Session, authority: Party, tmp_path: Path) -> None:
    context = shown_by(tmp_path, authority.issue(SITE))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    assert failure(session, serve(always(answer()), tls=context)).code == "tls"


def test_a_page_cut_by_a_stranger_is_not_whole(
    serve: Serve, session: Session, authority: Party, tmp_path: Path
) -> None:
    def play(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n[1, 2")  # ends with the connection, and without TLS's closing word

    server = serve(play, tls=shown_by(tmp_path, authority.issue(SITE)))

    assert failure(session, server).code == "truncated"


def test_a_redirect_from_https_to_http_is_refused(
    serve: Serve, session: Session, authority: Party, tmp_path: Path
) -> None:
    redirect = answer(b"", "302 Found", {"Location": "http://site.test/reviews"})
    server = serve(always(redirect), tls=shown_by(tmp_path, authority.issue(SITE)))

    error = failure(session, server)

    assert (error.code, str(error)) == ("redirect", "site.test: it sends us from https to http")


def test_a_context_of_ones_own_is_asked_for_http_1(trusting: ssl.SSLContext, session: Session) -> None:
    assert trusting.check_hostname
    assert trusting.verify_mode is ssl.CERT_REQUIRED
