"""What is special about Discord: times that are ids, threads, texts that are hidden, who answers whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.connector import Connector, Kind, Mention, Outcome, Request, Since
from monitor.errors import FetchError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.discord import (
    ACME,
    API,
    BELOW,
    CHANNEL,
    LIST,
    MESSAGES,
    ONE,
    OURS,
    SERVER,
    THREAD,
    TOKEN,
    answer,
    joined,
    message,
    mid,
    person,
    threads,
)
from tests.connectors.kit import Answer, first_request, made, read, response_to

IN_THREAD = Request(f"{API}/channels/{THREAD}/messages", {"limit": 100}, context={"thread": THREAD})


@pytest.fixture
def guild() -> Connector[Any]:
    return made("discord")


def known(item: dict[str, Any], to: Request | None = None) -> Mention:
    """Return a mention as it is stored."""
    [said] = read(made("discord"), Answer([item]), to).mentions
    return normalise(said, connector="discord", brands=(ACME,), now=NOON)


def asked_of(page: Any) -> list[Request]:
    return [one for one in page if isinstance(one, Request)]


def test_a_message_is_read_whole(guild: Connector[Any]) -> None:
    [said] = read(guild, Answer([message(author=person(global_name="Nia Ito"))])).mentions

    assert (said.external_id, said.kind, said.parent_id, said.thread_id) == (mid(11), Kind.POST, None, None)
    assert said.text == "It lost my work **again**, and nobody answers. (11)"
    assert said.author is not None
    assert (said.author.name, said.author.id) == ("Nia Ito", "200000000000000005")
    assert said.published_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert said.updated_at is None
    assert said.url == said.answer_url == f"https://discord.com/channels/{SERVER}/{CHANNEL}/{mid(11)}"


@pytest.mark.parametrize(
    "item",
    [
        joined(11),
        message(content="", attachments=[{"id": "1"}]),
        message(author=person("200000000000000009", "helper", bot=True)),
    ],
)
def test_notes_pictures_and_other_programs_are_left_out(guild: Connector[Any], item: dict[str, Any]) -> None:
    assert read(guild, Answer([item])).mentions == ()


def test_our_own_bot_counts(guild: Connector[Any]) -> None:
    [said] = read(guild, Answer([answer(12, 11, author=person(OURS, "bot", bot=True))])).mentions

    assert (said.own, said.parent_id) == (True, mid(11))


def test_a_forwarded_message_answers_nothing(guild: Connector[Any]) -> None:
    [said] = read(guild, Answer([message(message_reference={"type": 1, "message_id": mid(1)})])).mentions

    assert (said.kind, said.parent_id) == (Kind.POST, None)


def test_what_opens_a_thread_is_a_post_and_the_rest_stands_below_it(guild: Connector[Any]) -> None:
    opens, says, replies = read(
        guild, Answer([message(100, channel_id=THREAD), message(101), answer(102, 101)]), IN_THREAD
    ).mentions

    assert (opens.external_id, opens.kind, opens.parent_id) == (THREAD, Kind.POST, None)
    assert (says.kind, says.parent_id) == (Kind.COMMENT, THREAD)
    assert replies.parent_id == mid(101)
    assert {opens.thread_id, says.thread_id, replies.thread_id} == {THREAD}


def test_texts_that_are_hidden_from_the_bot_are_no_silence(guild: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="Message Content Intent"):
        read(guild, Answer([joined(12), message(content="")]))


# --- asking --------------------------------------------------------------------------------------


def test_a_time_is_the_id_that_a_message_of_it_would_have(guild: Connector[Any]) -> None:
    moment = datetime(2016, 4, 30, 11, 18, 25, 796000, tzinfo=UTC)  # the example of Discord's own documentation

    channel, listed = asked_of(guild.start(Since(moment)))

    assert (channel.url, channel.params["limit"]) == (MESSAGES, 100)
    assert int(channel.params["after"]) >> 22 == 175928847299117063 >> 22
    assert (listed.url, listed.context) == (LIST.url, {"after": channel.params["after"]})


def test_it_leads_upwards_from_what_is_known_and_downwards_at_first(guild: Connector[Any]) -> None:
    full = Answer([joined(number) for number in range(100, 0, -1)])
    since = Request(MESSAGES, {"limit": 100, "after": mid(0)}, context={"thread": None})

    [up], [down] = read(guild, full, since).follow, read(guild, full).follow

    assert isinstance(up, Request)
    assert isinstance(down, Request)
    assert up.params == {"limit": 100, "after": mid(100)}
    assert down.params == {"limit": 100, "before": mid(1)}
    assert "after" not in first_request(guild).params


def test_only_threads_with_news_are_read(guild: Connector[Any]) -> None:
    since = Request(LIST.url, context={"after": mid(50)})

    some, every = read(guild, Answer(threads(49, 51, None)), since), read(guild, Answer(threads(49, 51)), LIST)

    urls = [f"{API}/channels/{int(THREAD) + at}/messages" for at in range(3)]
    assert [one.url for one in asked_of(some.follow)] == urls[1:]
    assert [one.params for one in asked_of(some.follow)] == [{"limit": 100, "after": mid(50)}] * 2
    assert [one.url for one in asked_of(every.follow)] == urls[:2]


def test_the_token_is_that_of_a_bot(guild: Connector[Any]) -> None:
    auth = guild.auth()
    assert auth is not None

    assert auth.sign(ONE, None, NOON).headers == {"Authorization": f"Bot {TOKEN}"}


# --- looking again and answering -----------------------------------------------------------------


def test_a_message_is_asked_for_by_itself_with_what_came_after_it(guild: Connector[Any]) -> None:
    said = known(message(101, channel_id=THREAD), IN_THREAD)

    one, later = asked_of(guild.recheck([said]))

    assert (one.url, one.about) == (f"{API}/channels/{THREAD}/messages/{mid(101)}", (mid(101),))
    assert (later.url, later.params["after"]) == (f"{API}/channels/{THREAD}/messages", mid(101))
    assert [mention.external_id for mention in read(guild, Answer(message(101)), one).mentions] == [mid(101)]


def test_in_a_channel_an_answer_points_at_what_it_answers_and_in_a_thread_it_need_not(guild: Connector[Any]) -> None:
    by_us = {"author": person(OURS, "bo")}
    later = Answer([answer(15, 11, **by_us), message(14, **by_us), answer(13, 12, **by_us), answer(12, 11)])
    thread = Request(BELOW.url, BELOW.params, context={"thread": THREAD, "below": mid(11)})

    channel_page, thread_page = read(guild, later, BELOW), read(guild, later, thread)

    assert [one.external_id for one in channel_page.mentions] == [mid(15)]
    assert [one.external_id for one in thread_page.mentions] == [mid(15), mid(14), mid(13)]
    assert {one.parent_id for one in (*channel_page.mentions, *thread_page.mentions)} == {mid(11)}


def test_an_answer_points_at_the_message_and_calls_nobody(guild: Connector[Any]) -> None:
    request = guild.reply(known(message()), "Sorry, @everyone.")
    said = guild.replied(response_to(request, Answer(answer(15, 11, content="Sorry, @everyone."))))

    assert (request.method, request.url) == ("POST", MESSAGES)
    assert request.json == {
        "content": "Sorry, @everyone.",
        "message_reference": {"message_id": mid(11)},
        "allowed_mentions": {"parse": []},
    }
    assert (said.text, said.external_id) == ("Sorry, @everyone.", mid(15))


@pytest.mark.parametrize(("seconds", "wait"), [(1.5, 1.5), (0, 1), (64.57, 64.57)])
def test_discord_says_in_the_answer_how_long_to_wait(guild: Connector[Any], seconds: float, wait: float) -> None:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}

    refusal = guild.refused(response_to(first_request(guild), Answer(body, 429)))

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(seconds=wait))
