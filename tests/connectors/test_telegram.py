"""What is special about Telegram: messages shown once, chats with and without addresses, who speaks in whose name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Outcome, Page, Request, Since
from tests.builders import NOON
from tests.connectors.cases.telegram import CHANNEL, GROUP, SMALL, TOKEN, WRITTEN, message, person, told, update
from tests.connectors.kit import Answer, first_request, made, read, response_to


@pytest.fixture
def bot() -> Connector[Any]:
    return made("telegram")


def test_a_message_is_read_whole(bot: Connector[Any]) -> None:
    [said] = read(bot, Answer(told(update(11, **{"from": person(last_name="Ito", username="nia_i")})))).mentions

    assert (said.external_id, said.kind, said.parent_id) == ("-1001234567890/11", Kind.POST, None)
    assert said.text == "The grinder broke again, and nobody answers. (11)"
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Nia Ito", "5")
    assert said.published_at == datetime.fromtimestamp(WRITTEN + 11, UTC)
    assert said.updated_at is None
    assert said.url == said.answer_url == "https://t.me/acme_users/11"
    assert (said.own, said.answers_unseen) == (False, False)


@pytest.mark.parametrize(
    ("chat", "address"),
    [
        (GROUP, "https://t.me/acme_users/11"),
        (GROUP | {"username": None}, "https://t.me/c/1234567890/11"),
        (CHANNEL, "https://t.me/c/9876543210/11"),
        (SMALL, None),
        ({"id": 5, "type": "private", "username": "nia_i"}, None),
    ],
)
def test_only_large_groups_and_channels_have_addresses(
    bot: Connector[Any], chat: dict[str, Any], address: str | None
) -> None:
    [said] = read(bot, Answer(told(update(11, chat=chat)))).mentions

    assert said.url == address


def test_what_is_written_to_the_bot_alone_is_answered_where_nobody_sees_it(bot: Connector[Any]) -> None:
    [said] = read(bot, Answer(told(update(11, chat={"id": 5, "type": "private"})))).mentions

    assert (said.kind, said.own, said.answers_unseen) == (Kind.MESSAGE, False, True)


def test_an_edit_and_a_photo_with_words_are_messages(bot: Connector[Any]) -> None:
    changed = update(11, "edited_message", edit_date=WRITTEN + 99)

    edited, photo = read(bot, Answer(told(changed, update(12, text=None, caption="Broken.")))).mentions

    assert edited.updated_at == datetime.fromtimestamp(WRITTEN + 99, UTC)
    assert photo.text == "Broken."


@pytest.mark.parametrize(
    "item",
    [
        update(11, text=None),
        update(11, text=None, migrate_to_chat_id=-100),
        update(11, is_automatic_forward=True),
        {"update_id": 9011, "my_chat_member": {"chat": SMALL}},
    ],
)
def test_what_has_no_words_is_passed_over_and_confirmed(bot: Connector[Any], item: dict[str, Any]) -> None:
    page = read(bot, Answer(told(item)))

    assert (page.mentions, page.problems, page.commit) == ((), (), True)
    assert (page.bookmark or {})["offset"] == 9012


def test_a_reply_answers_the_message_in_its_own_chat(bot: Connector[Any]) -> None:
    [said] = read(bot, Answer(told(update(12, chat=SMALL, reply_to_message=message(11, SMALL))))).mentions

    assert (said.kind, said.parent_id) == (Kind.COMMENT, "-55/11")


@pytest.mark.parametrize(
    ("kind", "changes", "author", "ours"),
    [
        ("message", {"sender_chat": GROUP}, ("Acme users", "-1001234567890"), True),
        ("message", {"sender_chat": CHANNEL}, ("Acme news", "-1009876543210"), False),
        (
            "channel_post",
            {"chat": CHANNEL, "sender_chat": CHANNEL, "from": None},
            ("Acme news", "-1009876543210"),
            True,
        ),
        ("channel_post", {"chat": CHANNEL, "from": None}, ("Acme news", "-1009876543210"), True),
    ],
)
def test_what_a_chat_says_in_its_own_name_is_ours(
    bot: Connector[Any], kind: str, changes: dict[str, Any], author: tuple[str, str], ours: bool
) -> None:
    [said] = read(bot, Answer(told(update(11, kind, **changes)))).mentions

    assert said.author is not None
    assert ((said.author.name, said.author.id), said.own) == (author, ours)


# --- what is shown once --------------------------------------------------------------------------


def test_messages_are_saved_before_the_next_ones_are_asked_for(bot: Connector[Any]) -> None:
    page = read(bot, Answer(told(update(11), update(12))))
    [request] = page.follow

    assert page.commit
    assert isinstance(request, Request)
    assert (request.params["offset"], request.params["limit"]) == (9013, 100)
    assert page.bookmark == {"offset": 9013, "at": NOON.timestamp()}
    assert first_request(bot, Since(bookmark=page.bookmark)) == request


def test_the_first_look_asks_for_everything_that_is_kept(bot: Connector[Any]) -> None:
    request = first_request(bot)

    assert request.url == "https://api.telegram.org/bot{key}/getUpdates"
    assert "offset" not in request.params
    assert json.loads(request.params["allowed_updates"]) == [
        "message", "edited_message", "channel_post", "edited_channel_post",
    ]  # fmt: skip
    auth = bot.auth()
    assert auth is not None
    assert auth.sign(request, None, NOON).url == f"https://api.telegram.org/bot{TOKEN}/getUpdates"


@pytest.mark.parametrize(("hours", "gap"), [(0.1, False), (23.9, False), (24.1, True), (None, False)])
def test_a_rest_of_more_than_a_day_is_a_gap(bot: Connector[Any], hours: float | None, gap: bool) -> None:
    known = {} if hours is None else {"offset": 5, "at": (NOON - timedelta(hours=hours)).timestamp()}

    empty: Page = read(bot, Answer(told()), first_request(bot, Since(bookmark=known)))
    some: Page = read(bot, Answer(told(update(11))), first_request(bot, Since(bookmark=known)))

    assert [page.gap is not None for page in (empty, some)] == [gap, gap]
    assert empty.bookmark == {"at": NOON.timestamp()}


# --- what is no answer ---------------------------------------------------------------------------


def test_telegram_says_in_the_answer_how_long_to_wait(bot: Connector[Any]) -> None:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 33}}
    request = first_request(bot)

    refusal = bot.refused(response_to(request, Answer(body, 429)))
    bare = bot.refused(replace(response_to(request, Answer({"ok": False}, 429)), headers=(("retry-after", "7"),)))

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(seconds=33))
    assert bare is not None
    assert bare.wait == timedelta(seconds=7)


def test_a_second_reader_of_the_same_bot_is_named(bot: Connector[Any]) -> None:
    refusal = bot.refused(response_to(first_request(bot), Answer({"ok": False, "error_code": 409}, 409)))

    assert refusal is not None
    assert "webhook" in refusal.why
