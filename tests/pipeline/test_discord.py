"""Discord through the whole driver: channels and threads, pages, edits, answers, deletions, a switch that is off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.connector import Limits
from monitor.plugins import connector
from tests.connectors.cases import discord
from tests.connectors.cases.discord import CHANNEL, OURS, SERVER, person
from tests.pipeline.driving import Drive, Driver, source
from tests.pipeline.test_rechecks import recheck
from tests.town import START, Answer, Asked, Site

COMPLAINT = "Dirty, broken, and they took my money twice. Nobody answers."
BRAND = f'[[brands]]\nname = "acme"\nterms = ["Acme"]\nown_accounts = {{ discord = ["{OURS}"] }}'
BY_US = {"author": person(OURS, "bo")}


@pytest.fixture(autouse=True)
def _no_gap_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector("discord"), "limits", Limits(gap=timedelta(0)))


def mid(minutes: float) -> str:
    """Return the id of a message that was written so many minutes after the start."""
    milliseconds = int((START + timedelta(minutes=minutes)).timestamp() * 1000)
    return str((milliseconds - 1_420_070_400_000) << 22)


class Guild:
    """A server with one channel, and threads by their number."""

    def __init__(self, site: Site) -> None:
        self.channels: dict[str, dict[str, dict[str, Any]]] = {CHANNEL: {}}
        self.blind = False
        self.asked: list[Asked] = []
        site.routes["/api/v10/"] = self.answer

    def puts(self, minutes: float, channel: str = CHANNEL, to: float | None = None, **changes: Any) -> str:
        """Take a message in."""
        when = {"timestamp": (START + timedelta(minutes=minutes)).isoformat(), "content": "Lovely."}
        place: dict[str, Any] = {"id": mid(minutes), "channel_id": channel}
        if to is not None:
            place |= {"type": 19, "message_reference": {"message_id": mid(to)}}
        self.channels.setdefault(channel, {})[mid(minutes)] = discord.message(**{**when, **place, **changes})
        return mid(minutes)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        path = asked.path.removeprefix("/api/v10/").split("/")
        if path[0] == "guilds":
            here = [{"id": one, "last_message_id": max(said)} for one, said in self.channels.items() if one != CHANNEL]
            return Answer({"threads": here, "members": []})
        said = self.channels[path[1]]
        if len(path) == 4:
            found = said.get(path[3])
            return Answer(found) if found else Answer({"code": 10008, "message": "Unknown Message"}, 404)
        some = sorted(said.values(), key=lambda one: int(one["id"]))
        if "after" in asked.query:
            some = [one for one in some if int(one["id"]) > int(asked.query["after"])][:100]
        else:
            before = int(asked.query.get("before", 2**63))
            some = [one for one in some if int(one["id"]) < before][-100:]
        shown = [one | ({"content": ""} if self.blind else {}) for one in reversed(some)]
        return Answer(shown)


@pytest.fixture
def guild(site: Site) -> Guild:
    return Guild(site)


def watched(site: Site, drive: Drive) -> Driver:
    options = {"token": '{ env = "BOT" }', "server": SERVER, "channels": [CHANNEL], "every": "5 min"}
    driver = drive(BRAND, source("guild", "discord", site, **options), BOT="made-up.bot.token")
    driver.walk("guild")
    return driver


def states(driver: Driver) -> list[str]:
    return [row.state for row in driver.rows("select state from cases order by id")]


def test_history_is_read_downwards_and_news_upwards(site: Site, drive: Drive, guild: Guild) -> None:
    for number in range(250):
        guild.puts(-number - 1)
    driver = watched(site, drive)
    first = len(guild.asked)
    for number in range(150):
        guild.puts(number / 100)

    driver.walk("guild", minutes=5)
    news = len(guild.asked)
    quiet = driver.look("guild", minutes=5)

    assert first == 4  # three pages of the channel, and the threads
    assert len(driver.ids()) == 400
    assert news - first == 4  # an hour back are three pages now
    assert (quiet.taken.new, quiet.look.error) == (0, None)


def test_a_quiet_look_takes_one_request_a_channel_and_one_for_all_threads(
    site: Site, drive: Drive, guild: Guild
) -> None:
    guild.puts(-100, channel=mid(-100))
    guild.puts(-1)
    driver = watched(site, drive)
    first = len(guild.asked)

    looked = driver.look("guild", minutes=5)

    assert len(driver.ids()) == 2
    assert (len(guild.asked) - first, looked.taken.new) == (2, 0)


def test_our_reply_ends_the_case_and_that_of_somebody_else_does_not(site: Site, drive: Drive, guild: Guild) -> None:
    guild.puts(-1)
    driver = watched(site, drive)
    guild.puts(3, content=COMPLAINT)
    driver.look("guild", minutes=5)
    guild.puts(8, to=3, content="Same here.")
    guild.puts(9, content="We have a sale.", **BY_US)
    recheck(driver, minutes=15)
    by_others = states(driver)
    guild.puts(18, to=3, content="We are sorry.", **BY_US)

    recheck(driver, minutes=15)

    assert by_others == ["open"]
    assert states(driver)[0] in ("answered", "closed")
    assert driver.one("select text from replies") == "We are sorry."


def test_in_a_thread_what_we_say_later_answers_it(site: Site, drive: Drive, guild: Guild) -> None:
    guild.puts(-1)
    driver = watched(site, drive)
    thread = mid(3)
    guild.puts(3, channel=thread, content=COMPLAINT)
    driver.look("guild", minutes=5)
    before = states(driver)
    guild.puts(8, channel=thread, content="We are sorry.", **BY_US)

    recheck(driver, minutes=15)

    assert before == ["open"]
    assert states(driver)[0] in ("answered", "closed")


def test_a_message_that_was_deleted_ends_its_case(site: Site, drive: Drive, guild: Guild) -> None:
    guild.puts(-1)
    driver = watched(site, drive)
    said = guild.puts(4, content=COMPLAINT)
    driver.look("guild", minutes=5)
    del guild.channels[CHANNEL][said]

    recheck(driver, minutes=15)

    assert states(driver) == ["closed"]


def test_an_edit_for_the_worse_is_told(site: Site, drive: Drive, guild: Guild) -> None:
    said = guild.puts(-1)
    driver = watched(site, drive)
    changed = {"content": COMPLAINT, "edited_timestamp": (START + timedelta(minutes=4)).isoformat()}
    guild.channels[CHANNEL][said] |= changed

    driver.look("guild", minutes=5)

    assert driver.told()[-1:] == ["edited_worse"]


def test_a_switch_that_is_off_is_told_and_no_silence(site: Site, drive: Drive, guild: Guild) -> None:
    guild.puts(-1)
    guild.blind = True
    driver = watched(site, drive)

    looked = driver.look("guild", minutes=5)

    assert "Message Content Intent" in str(looked.look.error)
