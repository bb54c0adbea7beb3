"""Accounts: every kind of access against a small token server, tokens that rotate, and secrets that stay secret."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from monitor import polling
from tests.pipeline.driving import Drive, Driver, source
from tests.town import Answer, Asked, Site, review
from tests.town.sites import Keys

SECRET = "made-up-s3cret/value+1"
NEXT = "https://keys.town.example/keys"


def pem(key: Any) -> str:
    """Return a private key as its owner keeps it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def rsa_key() -> Any:
    """A key as a service account has one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def ec_key() -> Any:
    """A key as an app store gives one."""
    return ec.generate_private_key(ec.SECP256R1())


def account(site: Site, way: str, *names: str, **options: Any) -> list[str]:
    """Return the tables of an account and of the sources that share it."""
    head = '[[accounts]]\nname = "acme"\nkey = { env = "KEY" }'
    return [head, *(source(name, "town_keys", site, account="acme", way=way, **options) for name in names or ("one",))]


def opened(site: Site, drive: Drive, way: str, *names: str, key: str = SECRET, **options: Any) -> tuple[Driver, Keys]:
    """Return a driver with an account, and the site behind the door."""
    keys = Keys(site)
    keys.reviews = [review(1)]
    return drive(*account(site, way, *names, **options), KEY=key), keys


def grants(**more: Any) -> Callable[[Asked], Answer]:
    """Return a token server that gives access-1, access-2, … and, where asked for, refresh tokens that rotate."""
    count = iter(range(1, 100))

    def give(asked: Asked) -> Answer:
        number = next(count)
        return Answer({"access_token": f"access-token-{number}", "expires_in": 3600, **more})

    return give


class Rotating:
    """A token server whose refresh tokens work once; `known` is the only one it takes."""

    def __init__(self, known: str = SECRET) -> None:
        self.known, self.number, self.life = known, 0, 3600
        self.access: set[str] = set()

    def __call__(self, asked: Asked) -> Answer:
        """Give a new pair for the old one."""
        if asked.form.get("refresh_token") != self.known:
            return Answer({"error": "invalid_grant"}, 400)
        self.number += 1
        self.known = f"refresh-token-{self.number}"
        access = f"access-token-{self.number}"
        self.access.add(access)
        return Answer({"access_token": access, "refresh_token": self.known, "expires_in": self.life})

    def lets_in(self, asked: Asked) -> bool:
        """Let in whoever has a token of ours."""
        return asked.headers.get("authorization", "").removeprefix("Bearer ") in self.access


# --- each kind -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "shows"),
    [
        ("bearer", lambda asked: asked.headers["authorization"] == f"Bearer {SECRET}"),
        ("header", lambda asked: asked.headers["x-key"] == SECRET),
        ("query", lambda asked: asked.query["api_key"] == SECRET),
        ("path", lambda asked: asked.path == "/keys/made-up-s3cret%2Fvalue%2B1/reviews"),
        ("basic", lambda asked: base64.b64decode(asked.headers["authorization"][6:]) == f"ana:{SECRET}".encode()),
    ],
)
def test_a_fixed_secret_opens_the_door(way: str, shows: Callable[[Asked], bool], site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, way)
    keys.lets_in = shows

    looked = driver.look("one")

    assert looked.look.error is None
    assert driver.ids() == ["r1"]
    assert keys.token_requests == []


def test_name_and_password_give_a_session(site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, "session")
    keys.gives = lambda asked: (
        Answer({"accessJwt": "session-token-1"})
        if json.loads(asked.body) == {"user": "ana", "password": SECRET}
        else Answer(b"no", 401)
    )
    keys.lets_in = lambda asked: asked.headers.get("authorization") == "Bearer session-token-1"

    driver.look("one")
    driver.look("one", minutes=5)

    assert driver.ids() == ["r1"]
    assert len(keys.token_requests) == 1


def test_client_credentials_give_a_token_until_it_ends(site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, "client")
    keys.gives = grants()

    for minutes in (0, 30, 24, 2):  # renewed five minutes before the hour is over
        driver.look("one", minutes=minutes)

    [first, second] = keys.token_requests
    assert first.form == {"grant_type": "client_credentials", "scope": "reviews"}
    assert base64.b64decode(second.headers["authorization"][6:]) == f"our-app:{SECRET}".encode()
    used = [asked.headers["authorization"] for asked in keys.read_requests]
    assert used == ["Bearer access-token-1"] * 3 + ["Bearer access-token-2"]


def test_a_service_account_exchanges_a_signed_assertion(site: Site, drive: Drive, rsa_key: Any) -> None:
    key = json.dumps({"client_email": "bot@acme.example", "private_key": pem(rsa_key), "private_key_id": "k1"})
    driver, keys = opened(site, drive, "service", key=key)
    keys.gives = grants()

    driver.look("one")

    claims = jwt.decode(
        keys.token_requests[0].form["assertion"], rsa_key.public_key(), ["RS256"],
        audience=f"{NEXT}/token", options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    assert (claims["iss"], claims["scope"]) == ("bot@acme.example", "reviews")
    assert driver.ids() == ["r1"]


def test_an_es256_key_signs_its_own_short_tokens(site: Site, drive: Drive, ec_key: Any) -> None:
    driver, keys = opened(site, drive, "es256", key=pem(ec_key))

    for _ in range(3):
        driver.look("one", minutes=8)

    tokens = [asked.headers["authorization"].removeprefix("Bearer ") for asked in keys.read_requests]
    claims = jwt.decode(
        tokens[0], ec_key.public_key(), ["ES256"], audience="appstoreconnect-v1",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    assert claims["iss"] == "issuer-1"
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert tokens[0] == tokens[1] != tokens[2]
    assert keys.token_requests == []


@pytest.mark.parametrize("way", ["es256", "service"])
@pytest.mark.parametrize("key", ["not-a-key", '{"client_email": "a@b.example"}', "-----BEGIN PRIVATE KEY-----\nQUJD\n"])
def test_a_key_that_is_none_is_told_in_words(way: str, key: str, site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, way, key=key)

    looked = driver.look("one")

    assert looked.look.error is not None
    assert looked.look.error.code == "reconnect"
    assert "key" in str(looked.look.error)
    assert keys.read_requests == []


# --- tokens that rotate --------------------------------------------------------------------------


def test_a_new_token_is_committed_before_it_is_used(site: Site, drive_both: Drive) -> None:
    driver, keys = opened(site, drive_both, "refresh")
    keys.gives = Rotating()
    stored: list[str] = []
    keys.lets_in = lambda asked: not stored.extend(str(row.token) for row in driver.rows("select token from tokens"))

    driver.look("one")

    assert len(stored) == 1
    assert "access-token-1" in stored[0]
    assert "refresh-token-1" in stored[0]


def test_a_token_is_kept_over_a_restart_and_its_refresh_token_wins_over_the_configured_one(
    site: Site, drive_both: Drive
) -> None:
    first, keys = opened(site, drive_both, "refresh")
    server = Rotating()
    keys.gives, keys.lets_in = server, server.lets_in
    first.look("one")
    first.close()

    again = drive_both(*account(site, "refresh"), KEY=SECRET, clock=first.clock)
    again.look("one", minutes=10)
    without_renewal = len(keys.token_requests)
    looked = again.look("one", hours=1)

    assert without_renewal == 1
    assert keys.token_requests[1].form["refresh_token"] == "refresh-token-1"
    assert looked.look.error is None


def test_a_program_killed_right_after_a_renewal_goes_on_with_the_new_token(site: Site, drive: Drive) -> None:
    first, keys = opened(site, drive, "refresh")
    server = Rotating()
    keys.gives, keys.lets_in = server, server.lets_in
    polling.look(first.by_name["one"], first.state("one"), first.tools)  # and nothing of it is stored
    first.close()

    again = drive(*account(site, "refresh"), KEY=SECRET, clock=first.clock)
    looked = again.look("one", hours=2)

    assert looked.look.error is None
    assert server.number == 2


def test_eight_threads_renew_a_token_once(site: Site, drive_both: Drive) -> None:
    names = [f"source-{number}" for number in range(8)]
    driver, keys = opened(site, drive_both, "refresh", *names)
    server = Rotating()
    keys.gives, keys.lets_in = server, server.lets_in
    together = threading.Barrier(8)
    looks: list[polling.Look] = []

    def look(name: str) -> None:
        state = driver.state(name)
        together.wait()
        looks.append(polling.look(driver.by_name[name], state, driver.tools))

    for _ in range(2):
        threads = [threading.Thread(target=look, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        driver.clock.advance(hours=1)

    assert [one.error for one in looks] == [None] * 16
    assert len(keys.token_requests) == 2
    assert driver.one("select count(*) from tokens") == 1


def test_a_token_that_the_site_ended_early_is_renewed_and_the_request_asked_again(site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, "refresh")
    server = Rotating()
    keys.gives, keys.lets_in = server, server.lets_in
    driver.look("one")
    server.access.clear()

    looked = driver.look("one", minutes=5)

    assert looked.look.error is None
    assert server.number == 2
    assert driver.told() == ["summary"]


def test_a_site_that_refuses_every_token_is_asked_for_one_new_token_a_bite(site: Site, drive: Drive) -> None:
    driver, keys = opened(site, drive, "refresh", pages=4)
    keys.gives = Rotating()
    keys.lets_in = lambda asked: False

    looked = driver.look("one")

    assert looked.look.error is not None
    assert looked.look.error.code == "reconnect"
    assert len(keys.token_requests) == 2
    assert len(keys.read_requests) == 2


def test_a_revoked_access_is_told_and_mended_by_a_new_secret_in_the_configuration(site: Site, drive: Drive) -> None:
    first, keys = opened(site, drive, "refresh")
    server = Rotating()
    keys.gives, keys.lets_in = server, server.lets_in
    first.look("one")
    server.known = "a-secret-of-the-future"
    looked = first.look("one", hours=2)
    first.close()

    again = drive(*account(site, "refresh"), KEY="a-secret-of-the-future", clock=first.clock)
    again.look("one", minutes=30)

    assert looked.look.error is not None
    assert str(looked.look.error) == "the site no longer accepts this access"
    assert looked.taken.health == "paused"
    assert again.told() == ["summary", "source_broken", "recovered"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(b"later", 503, {"Retry-After": "60"}), "throttled"),
        (Answer({"token": "another shape"}), "shape"),
        (Answer({"error": "invalid_grant"}), "reconnect"),
        (Answer(b"<html>maintenance</html>"), "unexpected_type"),
        (Answer({"access_token": "access-token-1", "expires_in": "soon"}), "shape"),
    ],
)
def test_a_token_server_that_is_out_of_order_is_an_error_of_its_kind(
    answer: Answer, code: str, site: Site, drive: Drive
) -> None:
    driver, keys = opened(site, drive, "client")
    keys.gives = lambda asked: answer

    looked = driver.look("one")

    assert looked.look.error is not None
    assert looked.look.error.code == code
    assert keys.read_requests == []
    assert driver.rows("select 1 from tokens") == []


def test_a_site_that_is_asked_too_often_rests_for_every_source_of_the_account(site: Site, drive_both: Drive) -> None:
    driver, _ = opened(site, drive_both, "bearer", "one", "two")
    site.routes["/keys"] = lambda asked: Answer(b"slowly", 429, {"Retry-After": "7200"})

    driver.look("one")

    assert driver.state("two").not_before == driver.state("one").not_before == driver.clock() + timedelta(hours=2)
    driver.clock.advance(hours=1, minutes=59)
    assert not driver.is_due("two")
    driver.clock.advance(minutes=2)
    assert driver.is_due("two")


def test_a_source_without_that_account_does_not_wait_with_it(site: Site, drive: Drive) -> None:
    Keys(site)
    apart = ['[[accounts]]\nname = "other"\nkey = { env = "KEY" }', source("two", "town_keys", site, account="other")]
    driver = drive(*account(site, "bearer"), *apart, KEY=SECRET)
    site.routes["/keys"] = lambda asked: Answer(b"slowly", 429, {"Retry-After": "7200"})

    driver.look("one")

    assert driver.state("two").not_before is None


# --- secrets -------------------------------------------------------------------------------------


@pytest.fixture
def everything_logged() -> Iterator[list[str]]:
    """Every line that is logged, of the program and of its packages, at every level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, root = Keep(level=0), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(0)
    with structlog.testing.capture_logs() as captured:
        yield lines
    lines += [str(entry) for entry in captured]
    root.removeHandler(handler)
    root.setLevel(before)


def kept(driver: Driver) -> bytes:
    """Return every byte of the database's files."""
    return b"".join(path.read_bytes() for path in driver.folder.glob("monitor.db*"))


@pytest.mark.parametrize("way", ["bearer", "header", "query", "path", "basic", "session", "refresh", "client"])
@pytest.mark.parametrize("ending", ["well", "refused", "broken"])
def test_no_secret_is_stored_logged_or_told(
    way: str, ending: str, site: Site, drive: Drive, everything_logged: list[str]
) -> None:
    driver, keys = opened(site, drive, way, pages=3)
    server = Rotating()
    keys.gives = lambda asked: Answer({"accessJwt": "session-token-1"}) if way == "session" else grant(server, asked)
    keys.lets_in = lambda asked: ending != "refused"
    if ending == "broken":
        site.answer = resets
    driver.bites(requests=1)

    looks = [driver.look("one").look, driver.look("one", minutes=30).look]

    said = " ".join([*everything_logged, *(repr(one) for one in looks), *(str(one.error) for one in looks)])
    tokens = ("access-token-1", "session-token-1", "refresh-token-1")
    for secret in (SECRET, "made-up-s3cret%2Fvalue%2B1", base64.b64encode(f"ana:{SECRET}".encode()).decode()):
        assert secret not in said
        assert secret.encode() not in kept(driver)
    for token in tokens:
        assert token not in said
    tables = [row.name for row in driver.rows("select name from sqlite_master where type = 'table'")]
    for table in set(tables) - {"tokens"}:
        content = str(driver.rows(f'select * from "{table}"'))
        assert not any(token in content for token in (*tokens, SECRET)), table


def grant(server: Rotating, asked: Asked) -> Answer:
    """Give a token whatever kind of grant is asked for."""
    return server(asked) if "refresh_token" in asked.form else Answer({"access_token": "access-token-1"})


def resets(path: str, handler: Any) -> bool:
    """Break the line without a word."""
    handler.close_connection = True
    return True


@pytest.mark.parametrize(
    ("way", "link"),
    [
        ("query", f"{NEXT}/reviews?cursor=two&api_key={SECRET.replace('/', '%2F').replace('+', '%2B')}"),
        ("path", f"{NEXT}/{SECRET.replace('/', '%2F').replace('+', '%2B')}/reviews?cursor=two"),
        ("bearer", f"{NEXT}/reviews?cursor=two&access_token={SECRET.replace('/', '%2F').replace('+', '%2B')}"),
    ],
)
def test_a_next_link_that_carries_our_key_is_stored_without_it_and_asked_with_it(
    way: str, link: str, site: Site, drive: Drive
) -> None:
    driver, keys = opened(site, drive, way)
    keys.extra = {"next": link}
    driver.bites(requests=1)

    driver.look("one")
    stored = kept(driver)
    keys.extra = {}
    driver.look("one")

    assert b"made-up-s3cret" not in stored
    assert b"cursor=two" in stored
    first, second = keys.read_requests
    assert second.query["cursor"] == "two"
    assert second.path == first.path
    assert second.query.get("api_key") == first.query.get("api_key")
    assert "access_token" not in second.query
