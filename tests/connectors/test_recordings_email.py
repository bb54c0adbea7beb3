"""Real mails: what their senders wrote, read out of what their programs made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.connector.letters import Letter, new_text, read_letter
from tests.connectors.recordings import name_of, recordings, why_absent
from tests.samples import MISSING, samples_folder

MAILS = recordings("email", "*.eml")


def letter(name: str) -> Letter:
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    return read_letter((folder / "email" / name).read_bytes())


@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_every_recorded_mail_has_a_sender_a_subject_and_words(path: Path) -> None:
    if why := why_absent(path):
        pytest.skip(why)

    found = read_letter(path.read_bytes())

    assert "@" in found.sender
    assert found.subject
    assert found.is_whole
    assert new_text(found) or found.inner


@pytest.mark.parametrize("name", ["gmail.eml", "iphone.eml"])
def test_of_an_answer_only_the_new_words_are_kept(name: str) -> None:
    assert new_text(letter(name)) == "Hello"


def test_the_history_that_outlook_copies_below_is_left_out() -> None:
    found = letter("outlook.eml")

    assert new_text(found) in ("Hello", "Allo! Follow up MIME!")
    assert found.answers == ()


def test_headers_that_stand_there_twice_are_no_trouble() -> None:
    found = letter("double_fields.eml")

    assert (found.sender, found.name) == ("kaukinvk@yandex.ru", "Каукин Владимир")
    assert found.message_id == "8872861556695229@myt5-262fb1897c00.qloud-c.yandex.net"
    assert found.text == "double_fields"


def test_a_forwarded_mail_is_found_inside() -> None:
    found = letter("forwarded_message.eml")

    assert found.inner is not None
    assert (found.inner.sender, found.inner.subject) == ("group@company.ru", "статус")
    assert "Новый заказ №28922" in found.inner.text
    assert any("/ru/order/28922/process/" in link for link in found.inner.links)
    assert found.answers == ("20171011085432.15374.20485@web.hades.company",)


def test_an_attachment_that_is_named_in_its_type_only_is_not_taken_for_the_text() -> None:
    found = letter("att_name_in_content_type.eml")

    assert found.text.startswith("Daily Data: D09.ZPH (Averaged data)\nEmail generated:")
    assert "123" not in found.text.splitlines()
