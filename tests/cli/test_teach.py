"""A rule for the notices of a platform, made from one of its mails as somebody types it, and tried on the others."""

from __future__ import annotations

import io
import json
import mailbox
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.patterns import link_pattern, place_of, rule_of, subject_pattern
from monitor.connector.letters import read_letter
from monitor.connector.notices import NoticeRule, body_of
from tests.cli.conftest import Run
from tests.mailbox.letters import NOTICE, OURS, mail, notice
from tests.mailbox.server import PASSWORD, USER, a_mail_server

OTHERS = (
    ("Ana Bird", "4", "Nice place.\nA bit slow on Sundays."),
    ("Y. O'Neil", "2", 'They said "come back later". I did not.'),
    ("李娜", "5", "Best flat white in town"),
)
WORDS = ("--stars", "1", "--author", "Jonas K.", "--text", "Waited 40 ... were cold.", "--place", "Quay Street")


def other(number: int, name: str, stars: str, text: str) -> bytes:
    """Return a notice like the first one, about something else."""
    changed = NOTICE.replace("Jonas K.", name).replace("1-star", f"{stars}-star").replace("8841", f"90{number}")
    changed = changed.replace("Waited 40 minutes for two coffees, then they were cold.", text)
    return notice(changed.replace("Quay Street", f"Mill Lane {number}"), key=f"n-20000{number}@stars.example")


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The mail that the rule is made from."""
    file = tmp_path / "notice.eml"
    file.write_bytes(notice())
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of other mails: three like it, one of another kind, and one of somebody else."""
    place = tmp_path / "mails"
    place.mkdir()
    for number, (name, stars, text) in enumerate(OTHERS):
        (place / f"{number}.eml").write_bytes(other(number, name, stars, text))
    (place / "week.eml").write_bytes(notice("Your week: 3 reviews", subject="Your week", key="n-300001@stars.example"))
    (place / "else.eml").write_bytes(mail())
    return place


def the_rule(output: str) -> NoticeRule:
    """Return the rule in what was printed, read as the configuration reads it."""
    [table] = tomllib.loads(output)["sources"]["rules"] if "[sources" in output else [{}]
    return NoticeRule.model_validate(table)


def test_a_rule_is_made_from_one_mail_and_proven_on_the_others(run: Run, first: Path, folder: Path) -> None:
    done = run("learn", str(first), *WORDS, "--mails", str(folder))

    assert done.code == 0
    rule = the_rule(done.out)
    for number, (name, stars, text) in enumerate(OTHERS):
        found = rule.read(read_letter(other(number, name, stars, text)))
        assert found is not None
        assert found.rating is not None
        assert (found.rating.value, found.author, found.place) == (float(stars), name, f"Mill Lane {number}")
        assert found.text == text
        assert found.link == f"https://reviews.stars.example/r/90{number}?utm=mail"
    assert "It reads 3 of 4 other mails of stars.example." in done.err
    assert "not: Your week" in done.err
    assert f'authserv = "{OURS}"' in done.err


def test_an_mbox_will_do_as_well(run: Run, first: Path, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "all.mbox")
    for number, one in enumerate(OTHERS):
        box.add(other(number, *one))
    box.flush()

    done = run("learn", str(first), *WORDS, "--mails", str(tmp_path / "all.mbox"), "--json")

    said: dict[str, Any] = json.loads(done.out)
    assert (said["mails"], said["fit"], said["misses"]) == (3, 3, [])
    assert said["found"]["stars"] == 1
    assert said["authserv"] == OURS
    assert the_rule(said["toml"]).sender == ("stars.example",)


def test_the_mailbox_itself_will_do_as_well(
    run: Run, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_mail_server() as server:
        for number, one in enumerate(OTHERS):
            server.inbox.add(other(number, *one))
        config = tmp_path / "mail.toml"
        config.write_text(
            f'[[sources]]\nname = "post"\nconnector = "imap_mailbox"\nhost = "127.0.0.1"\nport = {server.port}\n'
            f'security = "plain"\nallow_private = true\nuser = "{USER}"\npassword = {{ env = "PASSWORD" }}\n'
            '[[channels]]\nname = "screen"\nnotifier = "console"\n'
        )
        monkeypatch.setenv("PASSWORD", PASSWORD)

        done = run("learn", str(first), *WORDS, "--source", "post", "--config", str(config))

    assert done.code == 0
    assert "It reads 3 of 3 other mails of stars.example." in done.err


def test_it_asks_when_nothing_is_pointed_at(run: Run, first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = "no such words\n1-star\nWaited ... were cold.\nJonas K.\n1\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))

    done = run("learn", str(first))

    assert done.code == 0
    assert "[1] https://reviews.stars.example/r/8841?utm=mail" in done.err
    assert '"no such words" does not stand in the mail' in " ".join(done.err.split())
    assert the_rule(done.out).read(read_letter(notice())) is not None
    assert "It was tried on no other mail" in done.err


def test_what_does_not_matter_gets_a_rule_that_skips_it(run: Run, tmp_path: Path) -> None:
    week = tmp_path / "week.eml"
    week.write_bytes(notice("…", subject="Your week 47: 3 reviews"))

    rule = the_rule(run("learn", str(week), "--skip").out)

    assert rule.skip
    assert rule.is_for(read_letter(notice("…", subject="Your week 48: 12 reviews")))
    assert not rule.is_for(read_letter(notice()))


def test_a_rule_that_reads_none_of_the_others_fails(run: Run, first: Path, tmp_path: Path) -> None:
    place = tmp_path / "others"
    place.mkdir()
    (place / "a.eml").write_bytes(notice("Something new: five", key="n-400001@stars.example"))

    assert run("learn", str(first), *WORDS, "--mails", str(place)).code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--stars", "seven suns"), '"seven suns" does not stand in the mail'),
        (("--stars", "1", "--link", "9"), "is none of the 2 links of the mail"),
        (("--stars", "1", "--mails", "nowhere"), "nowhere is not there"),
        (("--author", "Jonas K."), "a rule needs the stars or the text"),
        (("--stars", "40", "--best", "5"), "the stars do not fit a scale from 1 to 5"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(options: tuple[str, ...], words: str, run: Run, first: Path) -> None:
    done = run("learn", str(first), *options)

    assert done.code == 2
    assert words in done.err
    assert done.out == ""


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 100, None])
def test_what_is_no_mail_is_refused(content: bytes | None, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.eml"
    if content is not None:
        file.write_bytes(content)

    assert run("learn", str(file), "--stars", "1").code == 2


def test_a_hostile_mail_reaches_the_terminal_in_no_way(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.eml"
    nasty = "\x1b[2J\u202e'quote' \\ \"left\""
    file.write_bytes(notice(NOTICE.replace("Jonas K. left", f"{nasty} left"), subject=f"Hello {nasty}"))

    done = run("learn", str(file), "--stars", "1", "--text", "Waited 40 ... cold.")

    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert the_rule(done.out).read(read_letter(file.read_bytes())) is not None


# --- patterns ------------------------------------------------------------------------------------


def letter(body: str) -> Any:
    """Return a mail of a platform."""
    return read_letter(notice(body))


@pytest.mark.parametrize(
    ("one", "stars", "another", "value"),
    [
        ("Rating: ★☆☆☆☆\nBad", "★☆☆☆☆", "Rating: ★★★★☆\nGood", 4),
        ("Someone gave you two stars today", "two", "Someone gave you five stars today", 5),
        ("Bewertung\n1,5 von 5\nSchlecht", "1,5", "Bewertung\n4 von 5\nGut", 4),
        ("Order 1 of 9\nStars: 1\nBad", "1", "Order 7 of 9\nStars: 3\nOk", 3),
        ("A new 2/5 rating for order 77", "2/5", "A new 4/5 rating for order 12", 4),
    ],
)
def test_stars_are_found_in_the_next_mail(one: str, stars: str, another: str, value: float) -> None:
    found = rule_of(letter(one), {"stars": stars}, []).read(letter(another))

    assert found is not None
    assert found.rating is not None
    assert found.rating.value == value


def test_of_several_ways_the_one_that_fits_the_others_is_taken() -> None:
    one, other_ = letter("Dear Ana, your 1-star review is here"), letter("Dear Ben, your 4-star review is here")

    alone, with_others = rule_of(one, {"stars": "1"}, []), rule_of(one, {"stars": "1"}, [other_])

    assert alone.read(other_) is None
    assert with_others.read(other_) is not None


def test_words_are_found_across_lines_and_whole_words_only() -> None:
    body = body_of(letter("Annabel said:\nthe coffee was\ncold. Anna left."))

    place = place_of(body, "author", "Anna")
    assert body[place.start - 1 : place.end + 5] == " Anna left"
    place = place_of(body, "text", "the ... cold.")
    assert body[place.start : place.end] == "the coffee was\ncold."


def test_patterns_leave_ids_open_and_take_signs_as_they_are() -> None:
    assert link_pattern("https://s.example/r/8841/x?a=1") == r"^https://s\.example/r/[^/?#]+/x"
    assert subject_pattern("[Stars] 3 new (urgent)") == r"^\[Stars\]\s+\d+(?:[.,]\d+)*\s+new\s+\(urgent\)$"
