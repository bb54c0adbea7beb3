"""An access that ends: told at once, once a day, mended by hand, and announced before where its end is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import polling
from monitor.connector.auth import RefreshToken
from monitor.exchange import Request, Response, Token
from monitor.store import sources
from tests.pipeline.conftest import Watch
from tests.pipeline.driving import Drive, Driver, source
from tests.town import START, Site, Town, bad, review
from tests.town.sites import ConsentSite, Keys

# --- one that ends without warning ---------------------------------------------------------------


def allow(monitor: Watch, consent: ConsentSite, name: str) -> None:
    """Allow an access as `monitor connect` does, on the watch's own clock."""
    daemon = monitor.daemon
    wanted = daemon.by_name[name]
    invitation = polling.invite(wanted)
    assert invitation is not None
    polling.redeem(wanted, invitation, invitation.code_in(consent.browse(invitation.address)), daemon.tools)
    daemon.write(lambda conn: polling.note_connected(conn, daemon.settings, wanted, daemon.now()))


def mails(town: Town) -> list[str]:
    """Return what the operator got by mail, subject and words."""
    return [
        f"{mail['Subject']}\n{' '.join(mail.get_body(('plain',)).get_content().split())}" for mail in town.mail.received
    ]


@pytest.mark.slow
def test_a_revoked_access_is_told_at_once_once_a_day_and_read_on_from_there_when_it_is_mended(
    town: Town, watch: Callable[..., Watch]
) -> None:
    consent = ConsentSite(town.site)
    consent.reviews = [review(1)]
    (town.folder / "client-secret").write_text(ConsentSite.SECRET)
    access = {"client_id": ConsentSite.CLIENT, "client_secret": '{ file = "client-secret" }'}
    monitor = watch(places=(), extra=source("place", "town_consent", town.site, **access))
    allow(monitor, consent, "place")
    monitor.look()
    town.mail.received.clear()

    consent.revoke()
    consent.reviews = [bad(2, created=(START + timedelta(minutes=30)).isoformat()), review(1)]
    monitor.look(minutes=1)
    at_once = mails(town)
    for _ in range(47):
        monitor.look(hours=1)
        monitor.minute()
    reminders = [one for one in mails(town)[1:] if "Consent is" in one.partition("\n")[0]]
    before = len(town.mail.received)
    allow(monitor, consent, "place")
    monitor.look()

    [alarm] = at_once
    assert "I cannot read Consent (place) since 09:00." in alarm
    assert "The site no longer accepts this access." in alarm
    assert "It will not mend by itself. To mend: monitor connect place. Then I read on from 09:00" in alarm
    [reminder] = reminders
    assert "I still cannot read Consent (place), since yesterday 09:00." in reminder
    assert "To mend: monitor connect place." in reminder
    [all_clear, missed] = [one for one in mails(town)[before:] if "Consent" in one]
    assert all_clear.startswith("Consent is being watched again")
    assert "is caught up: 1 found" in all_clear
    assert missed.startswith("1 star:")
    assert [row.external_id for row in monitor.rows("select external_id from mentions order by id")] == ["r1", "r2"]


def test_a_source_that_nobody_has_connected_yet_is_told_as_that(town: Town, watch_here: Callable[..., Watch]) -> None:
    ConsentSite(town.site)
    (town.folder / "client-secret").write_text(ConsentSite.SECRET)
    access = {"client_id": ConsentSite.CLIENT, "client_secret": '{ file = "client-secret" }'}
    monitor = watch_here(places=(), extra=source("place", "town_consent", town.site, **access))

    monitor.look()

    [alarm] = mails(town)
    assert "Nobody has connected this account yet." in alarm
    assert "To mend: monitor connect place." in alarm


def test_a_running_monitor_takes_up_a_new_key_within_a_minute(town: Town, watch_here: Callable[..., Watch]) -> None:
    keys = Keys(town.site)
    keys.reviews = [review(1)]
    keys.lets_in = lambda asked: asked.headers["authorization"] == "Bearer the-new-key"
    secret = town.folder / "key"
    secret.write_text("the-old-key")
    monitor = watch_here(places=(), extra=source("shop", "town_keys", town.site, key='{ file = "key" }'))
    monitor.look()

    secret.write_text("the-new-key")
    daemon = monitor.daemon
    daemon.write(lambda conn: polling.note_connected(conn, daemon.settings, daemon.by_name["shop"], monitor.clock()))
    monitor.minute()

    assert [row.external_id for row in monitor.rows("select external_id from mentions")] == ["r1"]
    assert [row.health for row in monitor.rows("select health from sources where name = 'shop'")] == ["ok"]


# --- one whose end is known ----------------------------------------------------------------------


def announced(driver: Driver, **span: float) -> list[str]:
    """Let time pass hour by hour, and return when a key's end was announced."""
    end = driver.clock() + timedelta(**span)
    while driver.clock() <= end:
        driver.write(lambda conn: polling.announce(conn, driver.routing, driver.clock()))
        driver.clock.advance(hours=1)
    found = driver.rows("select created_at from alerts where reason = 'key_ends' order by id")
    return [f"{datetime.fromisoformat(row.created_at):%d %H}" for row in found]


def with_account(site: Site, ends: str, *names: str) -> list[str]:
    """Return an account whose key ends on a day, and its sources."""
    account = f'[[accounts]]\nname = "acme"\nkey = {{ env = "KEY" }}\nends = {ends}'
    return [account, *(source(name, "town_keys", site, account="acme") for name in names or ("one",))]


def test_the_end_that_was_written_down_is_announced_three_times_whoever_shares_it(site: Site, drive: Drive) -> None:
    driver = drive(*with_account(site, "2026-12-09", "one", "two"), KEY="made-up-secret")

    assert announced(driver, days=20) == ["25 09", "06 09", "08 09"]


def test_a_restart_announces_nothing_twice(site: Site, drive: Drive) -> None:
    tables = with_account(site, '"2026-12-05"')
    first = drive(*tables, KEY="made-up-secret")
    announced(first, hours=1)
    first.close()

    again = drive(*tables, KEY="made-up-secret", clock=first.clock)

    assert announced(again, days=5) == ["24 09"]


def test_who_was_away_hears_of_what_is_left_and_not_of_what_is_past(site: Site, drive: Drive) -> None:
    driver = drive(*with_account(site, "2026-11-26"), KEY="made-up-secret")

    assert announced(driver, days=4) == ["24 09", "25 09"]


def test_it_is_announced_in_the_morning_and_not_at_midnight(site: Site, drive: Drive) -> None:
    driver = drive(*with_account(site, "2026-12-08"), KEY="made-up-secret")
    driver.clock.advance(hours=-9)

    driver.write(lambda conn: polling.announce(conn, driver.routing, driver.clock()))

    assert driver.told() == []


def test_a_new_key_with_its_new_day_ends_the_announcements(site: Site, drive: Drive) -> None:
    first = drive(*with_account(site, "2026-12-01"), KEY="made-up-secret")
    announced(first, days=1)
    first.close()

    again = drive(*with_account(site, "2027-12-01"), KEY="another-secret", clock=first.clock)

    assert announced(again, days=10) == ["24 09"]


def test_the_end_of_a_key_of_its_own_is_written_beside_the_source(site: Site, drive: Drive) -> None:
    own = source("one", "town_keys", site, key='{ env = "KEY" }')
    driver = drive(f"{own}\nends = 2026-11-27", KEY="made-up-secret")

    assert announced(driver, days=6) == ["24 09", "26 09"]


@pytest.mark.parametrize(
    ("token", "days"),
    [
        (Token("a", expires_at=START + timedelta(days=3, hours=2)), ["24 09", "26 09"]),
        (Token("a", refresh="r", expires_at=START + timedelta(hours=1)), []),
        (
            Token("a", refresh="r", expires_at=START, refresh_ends_at=START + timedelta(days=7)),
            ["24 09", "28 09", "30 09"],
        ),
        (Token("a"), []),
        (None, []),
    ],
)
def test_the_end_of_a_token_is_announced_where_nothing_renews_it(
    token: Token | None, days: list[str], site: Site, drive: Drive
) -> None:
    driver = drive(source("one", "town_consent", site, client_id="c", client_secret='{ env = "KEY" }'), KEY="made-up")
    if token is not None:
        driver.write(lambda conn: sources.save_token(conn, "source:one", token, driver.clock()))

    assert announced(driver, days=9) == days


def test_a_token_that_its_site_gives_anew_for_a_secret_is_not_announced(site: Site, drive: Drive) -> None:
    driver = drive(source("one", "town_keys", site, way="client", key='{ env = "KEY" }'), KEY="made-up-secret")
    token = Token("a", expires_at=START + timedelta(days=2))
    driver.write(lambda conn: sources.save_token(conn, "source:one", token, driver.clock()))

    assert announced(driver, days=3) == []


def test_the_announcement_says_when_and_what_to_type(town: Town, watch_here: Callable[..., Watch]) -> None:
    Keys(town.site)
    (town.folder / "key").write_text("made-up-key")
    own = source("shop", "town_keys", town.site, key='{ file = "key" }')
    monitor = watch_here(places=(), extra=f"{own}\nends = 2026-11-27")
    monitor.look()

    monitor.minute()
    monitor.again(minutes=5).minute()

    [mail] = [one for one in mails(town) if "key for" in one]
    assert mail.startswith("The key for Keys ends in 3 days, on 27 November\n")
    assert "To mend: monitor connect shop. I write 14, 3 and 1 days before it ends. A new key stops this." in mail


# --- what a site says of the end -----------------------------------------------------------------

AUTH = RefreshToken("https://x.example/token", "c", None)


def read(**body: Any) -> Token:
    """Return the token that an answer of a token server makes."""
    answer = Response(Request("https://x.example/token"), 200, (), json.dumps(body).encode(), START)
    return AUTH.read(answer, START)


def test_a_refresh_token_that_ends_keeps_its_end_until_there_is_a_new_one() -> None:
    first = read(access_token="a", refresh_token="r", refresh_token_expires_in=604_799)
    renewed = read(access_token="b").after(first)
    rotated = read(access_token="c", refresh_token="s", refresh_token_expires_in=604_799).after(renewed)

    assert first.refresh_ends_at == renewed.refresh_ends_at == START + timedelta(seconds=604_799)
    assert renewed.refresh == "r"
    assert (rotated.refresh, rotated.refresh_ends_at) == ("s", None)


@pytest.mark.parametrize("life", [0, 1800, -1, 10**30, "soon", None, 1.5])
def test_a_life_that_makes_no_sense_is_no_end(life: object) -> None:
    assert read(access_token="a", refresh_token="r", refresh_token_expires_in=life).refresh_ends_at is None


def test_the_end_of_a_refresh_token_is_kept_with_it(site: Site, drive: Drive) -> None:
    driver = drive()
    ends = datetime(2027, 1, 31, 12, tzinfo=UTC)
    token = Token("a", refresh="r", refresh_ends_at=ends)

    driver.write(lambda conn: sources.save_token(conn, "acme", token, driver.clock()))

    assert driver.read(lambda conn: sources.load_token(conn, "acme")) == token
    assert driver.read(sources.tokens) == {"acme": token}
