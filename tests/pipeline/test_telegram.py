"""Telegram through the whole driver: messages shown once, a stop in between, edits, answers, a bot that is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor import polling
from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import telegram
from tests.pipeline.driving import Drive, Driver, source
from tests.town import START, Answer, Asked, Site

TOKEN = "123456:made-up"
COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
BRAND = '[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = { telegram = ["77"] }'


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("telegram"), "limits", Limits(gap=timedelta(0)))


class Bot:
    """Updates by number, a hundred at once; asking from one on destroys those before it."""

    def __init__(self, site: Site) -> None:
        self.updates: list[dict[str, Any]] = []
        self.offsets: list[int] = []
        site.routes[f"/bot{TOKEN}/getUpdates"] = self.answer

    def gets(self, number: int, kind: str = "message", **changes: Any) -> None:
        """Take a message in."""
        here = {"date": int((START + timedelta(minutes=number)).timestamp()), "text": "Lovely.", **changes}
        self.updates.append(
            {"update_id": 9000 + len(self.offsets) * 1000 + number, kind: telegram.message(number, **here)}
        )

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        offset = int(asked.query.get("offset", 0))
        self.offsets.append(offset)
        self.updates = [one for one in self.updates if one["update_id"] >= offset]
        return Answer(telegram.told(*self.updates[:100]))


@pytest.fixture
def bot(site: Site) -> Bot:
    return Bot(site)


def watched(site: Site, drive: Drive) -> Driver:
    return drive(BRAND, source("bot", "telegram", site, token='{ env = "BOT" }'), BOT=TOKEN)


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def a_complaint(site: Site, drive: Drive, bot: Bot) -> Driver:
    """Return a driver with one open case about message 3."""
    bot.gets(-60)
    driver = watched(site, drive)
    driver.walk("bot")
    bot.gets(3, text=COMPLAINT)
    driver.walk("bot", minutes=5)
    assert states(driver) == ["open"]
    return driver


def test_nothing_is_destroyed_before_it_is_stored(site: Site, drive: Drive, bot: Bot) -> None:
    for number in range(-250, 0):
        bot.gets(number)
    driver = watched(site, drive)

    driver.look("bot")
    stored, left = len(driver.ids()), len(bot.updates)
    driver.walk("bot")

    assert (stored, left) == (100, 250)  # saved, and not yet confirmed
    assert (len(driver.ids()), bot.updates) == (250, [])


def test_a_monitor_that_is_killed_before_it_stored_is_shown_everything_again(
    site: Site, drive: Drive, bot: Bot
) -> None:
    bot.gets(-2)
    bot.gets(-1)
    driver = watched(site, drive)
    polling.look(driver.by_name["bot"], driver.state("bot"), driver.tools)  # and nothing is taken in

    driver.walk("bot")

    assert len(driver.ids()) == 2


def test_a_quiet_look_is_one_request_and_nothing_is_missed_between_looks(site: Site, drive: Drive, bot: Bot) -> None:
    bot.gets(-1)
    driver = watched(site, drive)
    driver.walk("bot")
    first = len(bot.offsets)

    [quiet] = driver.walk("bot", minutes=1)
    bot.gets(2)
    driver.walk("bot", minutes=1)

    assert (first, quiet.look.requests, quiet.look.error) == (2, 1, None)
    assert (len(driver.ids()), len(bot.offsets) - first) == (2, 3)
    assert driver.rows("select * from gaps") == []


def test_a_reply_by_our_people_ends_the_case_and_that_of_somebody_else_does_not(
    site: Site, drive: Drive, bot: Bot
) -> None:
    driver = a_complaint(site, drive, bot)
    complaint = telegram.message(3)
    bot.gets(8, text="Same here.", reply_to_message=complaint)
    driver.walk("bot", minutes=5)
    by_another = states(driver)
    bot.gets(12, text="We are sorry.", reply_to_message=complaint, **{"from": telegram.person(77, "Bo")})

    driver.walk("bot", minutes=5)

    assert by_another == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_an_edit_for_the_worse_is_told(site: Site, drive: Drive, bot: Bot) -> None:
    bot.gets(-60)
    driver = watched(site, drive)
    driver.walk("bot")
    changed = int((START + timedelta(minutes=4)).timestamp())
    bot.gets(-60, "edited_message", text=COMPLAINT, edit_date=changed)

    driver.walk("bot", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]


def test_a_bot_that_is_gone_is_told(site: Site, drive: Drive, bot: Bot) -> None:
    driver = watched(site, drive)
    driver.walk("bot")
    site.routes[f"/bot{TOKEN}/getUpdates"] = lambda asked: Answer({"ok": False, "error_code": 401}, 401)

    looked = driver.look("bot", minutes=1)

    assert getattr(looked.look.error, "code", None) == "reconnect"
    assert TOKEN not in str(looked.look.error)
