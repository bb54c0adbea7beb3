"""A mailbox through the whole driver: complaints, notices, our answers, a mailbox made anew, an access that ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.connector.letters import key_of
from monitor.delivery.scene import told as told_of
from monitor.errors import FetchError
from monitor.exchange import Page, Token
from monitor.models import Reason
from tests.connectors.test_letters import HOSTILE
from tests.mailbox.letters import OURS, RULE, answer, mail, notice
from tests.mailbox.server import PASSWORD, USER, MailServer, a_mail_server
from tests.pipeline.driving import START, Drive, Driver

pytestmark = pytest.mark.slow  # what is special about it stands in the quick tests of its connector

RULES = '[[rules]]\nname = "bad"\nwhen = "bad"\nchannels = ["screen"]\n'
BAD = "This is the worst shop ever. My order never came, nobody answers, and I want a refund. Terrible, awful service."


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server."""
    with a_mail_server() as running:
        yield running


def dated(minutes: float = 0) -> str:
    """Return a date so long after the start, as mails have it."""
    return f"{START + timedelta(minutes=minutes):%a, %d %b %Y %H:%M:%S} +0000"


def toml(value: Any) -> str:
    """Return a value as TOML."""
    return "'''" + value + "'''" if isinstance(value, str) else str(value).lower()


def table(server: MailServer, *lines: str, rule: dict[str, Any] | None = None) -> str:
    """Return the source's table, with a rule below it."""
    head = [
        "[[sources]]",
        'name = "post"',
        'connector = "imap_mailbox"',
        'host = "imap.acme.example"',
        f'user = "{USER}"',
        f'base_url = "{server.url}"',
        "allow_private = true",
        f'authserv = "{OURS}"',
        *lines,
    ]
    if not any(line.startswith("login") for line in lines):
        head.append('password = { env = "PASSWORD" }')
    if rule is not None:
        head += ["[[sources.rules]]", *(f"{key} = {toml(value)}" for key, value in rule.items())]
    return "\n".join(head) + "\n"


def told(driver: Driver) -> list[str]:
    """Return the reasons of all alerts but the summary of the first look."""
    return [reason for reason in driver.told() if reason != Reason.SUMMARY]


@pytest.fixture
def post(server: MailServer, drive: Drive) -> Driver:
    """A driver that has looked at an empty mailbox once."""
    driver = drive(table(server, rule=RULE), RULES, PASSWORD=PASSWORD)
    assert driver.look("post").look.error is None
    return driver


def test_a_complaint_alerts_and_an_answer_from_the_sent_folder_ends_its_case(server: MailServer, post: Driver) -> None:
    server.inbox.add(mail(BAD, date=dated()))
    looked = post.look("post", minutes=2)

    assert looked.look.error is None
    assert told(post) == [Reason.NEW]
    assert post.one("select state from cases") == "open"

    server.folders["Sent"].add(answer())
    post.look("post", minutes=2)

    assert post.one("select state from cases") in ("answered", "closed")
    assert "it goes out today" in post.one("select text from replies")
    assert "wrote" not in post.one("select text from replies")


def test_nothing_new_costs_one_log_in_and_a_search_a_folder(server: MailServer, post: Driver) -> None:
    server.inbox.add(mail(BAD, date=dated()))
    post.look("post", minutes=2)
    server.asked.clear()

    post.look("post", minutes=2)

    kinds = [command.split(" ")[0] for command in server.asked]
    assert kinds == ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID", "LIST", "EXAMINE", "LOGOUT"]


def test_a_notice_brings_stars_text_author_and_link_by_its_rule(server: MailServer, post: Driver) -> None:
    server.inbox.add(notice())
    post.look("post", minutes=2)

    [row] = post.rows("select * from mentions")
    [version] = post.rows("select * from versions")
    assert row.kind == "review"
    assert row.url == "https://reviews.stars.example/r/8841?utm=mail"
    assert row.author == "Jonas K."
    assert version.rating == 1
    assert version.text.startswith("Waited 40 minutes")
    assert told(post) == [Reason.NEW]


def test_a_notice_that_fits_no_rule_alerts_with_its_subject_and_link(server: MailServer, post: Driver) -> None:
    changed = notice(
        "Somebody wrote about you: https://reviews.stars.example/r/9", subject="A review awaits", key="n-2x4567@s"
    )
    server.inbox.add(changed)
    post.look("post", minutes=2)

    [row] = post.rows("select * from mentions")
    assert row.url == "https://reviews.stars.example/r/9"
    assert post.one("select title from versions") == "A review awaits"
    assert told(post) == [Reason.NEW]
    assert "I cannot make out what it says" in str(post.one("select reasons from scores"))


def test_a_notice_is_answered_elsewhere_so_its_case_waits_to_be_told(server: MailServer, post: Driver) -> None:
    server.inbox.add(notice())
    server.inbox.add(mail(BAD, date=dated()))
    post.look("post", minutes=2)

    ends = {
        row.kind: any(step["to"] == "unverified" for step in json.loads(row.ladder))
        for row in post.rows("select m.kind, c.ladder from cases c join mentions m on m.case_id = c.id")
    }
    assert ends == {"review": True, "message": False}
    [alert] = post.rows(
        "select a.mention_id from alerts a join mentions m on m.id = a.mention_id where m.kind = 'review'"
    )
    [told_] = post.read(lambda conn: told_of(conn, [alert.mention_id], post.routing, post.clock()))
    assert told_.sees_answers == "no"


def test_a_forged_notice_counts_no_stars_and_offers_no_link_of_the_forger(server: MailServer, post: Driver) -> None:
    forged = notice(
        'Jonas K. left a 1-star review:\n\n"Bad."\n\nRead it: https://evil.example/r/1', key="forged-12345", by=""
    )
    server.inbox.add(forged)
    post.look("post", minutes=2)

    assert post.one("select rating from versions") is None
    assert post.one("select url from mentions") is None
    assert post.one("select title from versions").startswith("(sender not verified)")


def test_the_history_of_a_mailbox_is_read_in_silence(server: MailServer, drive: Drive) -> None:
    for number in range(60):
        server.inbox.add(mail(BAD, key=f"old-{number:05}@customer.example", date=dated(-number)))
    driver = drive(table(server), RULES, PASSWORD=PASSWORD)

    driver.walk("post")

    assert len(driver.ids()) == 60
    assert told(driver) == []


def test_a_mailbox_that_is_numbered_anew_is_read_again_without_telling_anything_twice(
    server: MailServer, post: Driver
) -> None:
    server.inbox.add(mail(BAD, date=dated()))
    post.look("post", minutes=2)
    before = told(post)

    server.inbox.validity, server.inbox.mails = (
        8,
        {41: mail(BAD, date=dated()), 57: mail(BAD, key="new-900x@customer.example", date=dated(3))},
    )
    post.look("post", minutes=4)

    assert before == [Reason.NEW]
    assert told(post) == [Reason.NEW, Reason.NEW]
    assert post.ids() == sorted(map(key_of, ("c1f0a9d2-77@customer.example", "new-900x@customer.example")))
    assert post.state("post").bookmark["INBOX"] == [8, 57]


class Fragile:
    """A parser child that dies of too many messages at once, and of one kind of message always."""

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox

    def parse(self, kind: Any, config: Any, brands: Any, response: Any) -> Page:
        """Read one message, or die."""
        if len(response.items) > 1 or any(b"poison\r\n" in item.raw for item in response.items):
            raise FetchError("the page cannot be read within 10 s", code="parser_limit")
        page: Page = self.sandbox.parse(kind, config, brands, response)
        return page


def test_a_mail_that_breaks_the_parser_hides_none_of_the_others(server: MailServer, post: Driver) -> None:
    for number, text in enumerate((BAD, "poison", BAD)):
        server.inbox.add(mail(text, key=f"many-{number:05}@customer.example", subject=f"Mail {number}", date=dated()))
    post.tools = replace(post.tools, sandbox=Fragile(post.tools.sandbox))  # type: ignore[arg-type]

    looked = post.look("post", minutes=2)

    assert told(post) == [Reason.NEW] * 3  # of the broken one at least its subject
    assert looked.look.error is None
    assert sorted(row.title for row in post.rows("select title from versions")) == ["Mail 0", "Mail 1", "Mail 2"]
    assert looked.look.walk.bookmark["INBOX"] == [7, 3]


def test_hostile_mails_are_read_by_the_parser_child_beside_good_ones(server: MailServer, post: Driver) -> None:
    for name in ("deep parts", "deep letters", "many parts", "many headers", "half pictures", "zeros"):
        server.inbox.add(HOSTILE[name])
    server.inbox.add(mail(BAD, date=dated()))

    looked = post.look("post", minutes=2)

    assert looked.look.error is None
    assert BAD in [row.text for row in post.rows("select text from versions")]
    assert looked.look.walk.bookmark["INBOX"] == [7, 7]


def test_no_mail_address_is_kept_anywhere(server: MailServer, post: Driver) -> None:
    server.inbox.add(mail(BAD, sender='"Jonas (jonas@customer.example)" <jonas@customer.example>', date=dated()))
    post.look("post", minutes=2)

    for (name,) in post.rows("select name from sqlite_master where type = 'table'"):
        content = str([tuple(row) for row in post.rows(f'select * from "{name}"')])
        assert "customer.example" not in content, name
    assert post.one("select author from mentions") == "Jonas"


def test_a_refused_password_is_told_and_a_new_one_reads_on(server: MailServer, drive: Drive) -> None:
    driver = drive(table(server), RULES, PASSWORD="an-0ld-password")

    looked = driver.look("post")

    assert looked.look.error is not None
    assert looked.look.error.code == "reconnect"
    assert "an-0ld-password" not in str(looked.look.error)
    driver.close()

    server.inbox.add(mail(BAD, date=dated()))
    again = Driver(driver.folder, driver.clock, *driver.tables, database=driver.database, PASSWORD=PASSWORD)
    assert again.look("post", hours=1).look.error is None
    again.close()


def test_an_access_token_from_the_vault_opens_the_mailbox(server: MailServer, drive: Drive) -> None:
    server.token = "ya29.made-up"
    login = 'login = "google"\nclient_id = "app-1"\nrefresh_token = { env = "REFRESH" }'
    driver = drive(table(server, login), RULES, REFRESH="refresh-1")
    ends = driver.clock() + timedelta(hours=1)
    driver.tools.vault.keep("source:post", Token("ya29.made-up", expires_at=ends), driver.clock())

    assert driver.look("post").look.error is None


def test_a_new_rule_starts_nothing_anew(server: MailServer, drive: Drive) -> None:
    plain = drive(table(server), RULES, PASSWORD=PASSWORD)
    taught = drive(table(server, rule=RULE), RULES, PASSWORD=PASSWORD)

    assert plain.by_name["post"].options_hash == taught.by_name["post"].options_hash
