"""What is special about a mailbox: whose mail counts as what, who is believed, and what is never kept."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.connector import Connector, Kind, MailRequest, Page, Rating, Since
from monitor.connector.letters import key_of
from monitor.connector.notices import NoticeRule, stars_of, unwrapped
from tests.connectors.cases.imap_mailbox import CASES, OPTIONS, SENT
from tests.connectors.kit import Mails, made, read
from tests.connectors.test_letters import HOSTILE
from tests.mailbox.letters import NOTICE, OURS, RULE, answer, mail, notice, vouched


def mailbox(**options: Any) -> Connector[Any]:
    """Return the connector with the options of its cases, or others."""
    return made("imap_mailbox", CASES, **options)


def page(*mails: bytes, to: MailRequest | None = None, **options: Any) -> Page:
    """Return what is read in some mails."""
    return read(mailbox(**options), Mails(mails, to=to))


def only(*mails: bytes, to: MailRequest | None = None, **options: Any) -> Any:
    """Return the one mention in some mails."""
    [found] = page(*mails, to=to, **options).mentions
    return found


# --- where it looks ------------------------------------------------------------------------------


def test_each_folder_is_asked_from_its_own_last_message_and_what_was_sent_comes_last() -> None:
    box = mailbox(folders=["INBOX", "Reviews"])

    asked = list(box.start(Since(bookmark={"INBOX": [7, 41]})))

    assert [(one.folder, one.after_uid, one.validity) for one in asked if isinstance(one, MailRequest)] == [
        ("INBOX", 41, 7),
        ("Reviews", 0, None),
        ("\\Sent", 0, None),
    ]


def test_without_a_folder_of_what_was_sent_no_answers_are_promised() -> None:
    assert mailbox().sees_answers == "yes"
    assert mailbox(sent="").sees_answers == "no"
    assert len(list(mailbox(sent="").start(Since()))) == 1


def test_the_bookmark_stays_where_nothing_came_and_begins_anew_with_the_numbers() -> None:
    assert page(to=MailRequest("INBOX", 41, 7)).bookmark == {"INBOX": [7, 41]}
    assert page(to=MailRequest("INBOX", 41, 6)).bookmark == {"INBOX": [7, 0]}
    assert page(mail(), mail(key="c1f0a9d2-78@x"), to=MailRequest("INBOX")).bookmark == {"INBOX": [7, 2]}


def test_ports_follow_the_way_in() -> None:
    logins = [mailbox(security=one, host="localhost").mailbox() for one in ("tls", "starttls", "plain")]

    assert [one.port for one in logins if one] == [993, 143, 143]
    assert "made-up-s3cret" not in repr(logins)


def test_google_and_microsoft_are_asked_for_a_token() -> None:
    box = mailbox(password=None, login="microsoft", client_id="app-1", refresh_token="r")
    login, auth = box.mailbox(), box.auth()

    assert login is not None
    assert login.password is None
    assert getattr(auth, "token_url", "").startswith("https://login.microsoftonline.com/")
    assert mailbox().auth() is None


# --- customers -----------------------------------------------------------------------------------


def test_a_customers_mail_is_a_message_with_a_name_and_no_address() -> None:
    found = only(mail("It broke.\n\nOn Mon, 30 Nov 2026, Ana wrote:\n> Hello"))

    assert (found.kind, found.title, found.text) == (Kind.MESSAGE, "Where is my order?", "It broke.")
    assert (found.author.name, found.author.id, found.url) == ("Jonas Keller", None, None)
    assert "customer.example" not in repr(found)


@pytest.mark.parametrize(
    "more",
    [{"Auto-Submitted": "auto-replied"}, {"Precedence": "list"}, {"List-Unsubscribe": "<x>"}, {"Return-Path": "<>"}],
)
def test_what_machines_send_is_left_out(more: dict[str, str]) -> None:
    assert page(mail(more=more)).mentions == ()


def test_a_mail_that_cannot_be_taken_apart_is_told_by_its_subject() -> None:
    deep = HOSTILE["deep parts"]

    assert (only(deep).unread, only(deep).title) == (True, "deep")
    assert not only(mail("")).unread


def test_customers_can_be_left_out() -> None:
    assert len(page(mail(), notice(), customers=False).mentions) == 1


def test_the_same_mail_in_two_folders_is_one_mention() -> None:
    inbox, archive = only(mail()), only(mail(), to=MailRequest("Archive"))

    assert inbox == archive


@pytest.mark.parametrize("key", [None, "contact-form@acme.example", "1@x"])
def test_an_id_that_is_missing_or_everybodys_is_replaced_by_the_content(key: str | None) -> None:
    one, other = page(mail("First.", key=key)), page(mail("Second.", key=key))

    assert one.mentions[0].external_id != other.mentions[0].external_id
    assert one.mentions[0].thread_id is None
    assert one == page(mail("First.", key=key))


def test_an_id_that_two_mails_share_tells_neither_from_the_other() -> None:
    found = page(mail("First."), mail("Second."), mail("Third.", key="c1f0a9d2-90@customer.example")).mentions

    assert len({one.external_id for one in found}) == 3
    assert found[2].external_id == key_of("c1f0a9d2-90@customer.example")


@pytest.mark.parametrize(
    "date", ["Mon, 30 Nov 1970 09:00:00 +0000", "Fri, 30 Nov 2096 09:00:00 +0000", "yesterday", ""]
)
def test_a_date_far_from_when_the_mail_came_hides_nothing(date: str) -> None:
    received = only(mail(date=date)).published_at

    assert received.year == 2026


# --- our own -------------------------------------------------------------------------------------


def test_what_lies_in_the_folder_of_sent_mail_answers_what_it_refers_to() -> None:
    found = only(answer(), to=SENT)

    assert found.own
    assert found.parent_id == only(mail()).external_id
    assert found.text == "Dear Jonas, it goes out today."


def test_what_we_send_to_nobodys_mail_or_by_machine_is_not_kept() -> None:
    assert page(mail(), answer(**{"Auto-Submitted": "auto-replied"}), to=SENT).mentions == ()


def test_mail_in_our_name_is_ours_only_where_our_server_vouches_for_it() -> None:
    ours = {"Authentication-Results": vouched("acme.example")}

    assert only(answer(**ours)).own
    assert not only(answer()).own
    assert only(answer()).kind is Kind.MESSAGE


# --- notices -------------------------------------------------------------------------------------


def test_a_rule_reads_a_notice() -> None:
    found = only(notice())

    assert (found.kind, found.rating, found.author.name) == (Kind.REVIEW, Rating(1.0), "Jonas K.")
    assert found.text == "Waited 40 minutes for two coffees, then they were cold."
    assert (found.url, found.subject.place) == ("https://reviews.stars.example/r/8841?utm=mail", "Quay Street")
    assert found.same_as == found.url
    assert found.answers_unseen
    assert not only(mail()).answers_unseen


def test_stars_without_words_are_read_too() -> None:
    found = only(notice(NOTICE.replace('"Waited 40 minutes for two coffees, then they were cold."\n\n', "")))

    assert (found.rating, found.text, found.unread) == (Rating(1.0), "", False)


def test_where_the_rule_no_longer_fits_a_person_has_to_look() -> None:
    found = only(notice(NOTICE.replace("1-star review", "review with one star")))

    assert found.unread
    assert (found.title, found.url) == ("New review for Quay Street", "https://reviews.stars.example/r/8841?utm=mail")
    assert (found.text, found.rating) == ("", None)


def test_a_known_platform_without_a_rule_is_told_and_anybody_elses_list_is_not() -> None:
    trustpilot = mail("A review", sender="noreply@trustpilot.com", more={"Precedence": "bulk"})
    other = mail("A review", sender="news@shop.example", more={"Precedence": "bulk"})

    assert only(trustpilot, other).unread
    assert len(page(other, notices=["shop.example"]).mentions) == 1


def test_a_rule_can_say_that_a_kind_of_notice_does_not_matter() -> None:
    skip = {"sender": "stars.example", "subject": "^Your week", "skip": True}

    assert page(notice(subject="Your week in stars"), rules=[skip, RULE]).mentions == ()
    assert len(page(notice(), rules=[skip, RULE]).mentions) == 1


@pytest.mark.parametrize("by", ["", "evil.example"])
def test_the_stars_of_a_sender_nobody_vouches_for_do_not_count(by: str) -> None:
    found = only(notice(by=by))

    assert found.rating is None
    assert found.title == "(sender not verified) New review for Quay Street"
    assert only(notice(by=by), rules=[{**RULE, "check_sender": False}]).rating == Rating(1.0)
    assert only(notice(), authserv=None).rating is None


def test_a_forged_notice_leads_nowhere_but_to_the_domain_it_pretends_to_be() -> None:
    forged = NOTICE.replace("https://reviews.stars.example/r/8841?utm=mail", "https://evil.example/r/8841")

    assert only(notice(forged, by="")).url is None
    assert only(notice(by="")).url == "https://reviews.stars.example/r/8841?utm=mail"


def test_a_name_that_looks_like_a_platform_is_a_customers() -> None:
    found = only(mail(sender='"no-reply@stars.example" <evil@evil.example>'))

    assert found.kind is Kind.MESSAGE


def test_links_that_count_clicks_are_followed_on_paper_only() -> None:
    assert unwrapped("https://c.example/l?id=1&url=https%3A%2F%2Fs.example%2Fr%2F1") == "https://s.example/r/1"
    assert unwrapped("https://c.example/l?url=javascript:alert(1)") == "https://c.example/l?url=javascript:alert(1)"
    assert unwrapped(None) is None


def test_a_notice_one_of_us_forwards_counts_as_the_platforms() -> None:
    inner = notice(by="").decode()
    outer = (
        f"Authentication-Results: {vouched('acme.example')}\r\nFrom: Ana <ana@acme.example>\r\nSubject: Fwd\r\n"
        "Message-ID: <f-100001@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n"
        f"--f\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--f--\r\n"
    ).encode()

    assert only(outer, ours=["acme.example"]).rating == Rating(1.0)


@pytest.mark.parametrize(
    ("words", "stars"),
    [
        ("2", 2), ("4,5 of 5", 4.5), ("★★☆☆☆", 2), ("⭐⭐⭐", 3), ("two", 2), ("Eine", 1), ("5 Sterne", 5),
        ("0", None), ("9", None), ("many", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_stars_are_read_from_numbers_words_and_signs(words: str | None, stars: float | None) -> None:
    found = stars_of(words)

    assert (found.value if found else None) == stars


def test_a_pattern_that_would_run_for_ever_elsewhere_ends_here() -> None:
    rule = NoticeRule.model_validate({"sender": "stars.example", "text": "(a+)+$|(a|aa)+b|Jonas.*(x+x+)+y"})

    assert len(page(notice("a" * 60_000), rules=[rule.model_dump(exclude_none=True)]).mentions) == 1


def test_options_that_only_change_how_mails_are_read_start_nothing_anew() -> None:
    plain = mailbox(rules=[]).config

    assert plain.options_hash() == mailbox(notices=["x.example"], authserv=OURS).config.options_hash()
    assert plain.options_hash() != mailbox(folders=["Reviews"]).config.options_hash()
    assert "rules" not in OPTIONS
