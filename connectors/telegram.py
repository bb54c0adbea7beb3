"""What is said in the Telegram groups and channels that your bot is in, and what people write to the bot itself.

There is no public search. `getUpdates` gives each message once, and asking for the next ones destroys those before: so
what came is saved before more is asked for. Telegram keeps messages for 24 hours; what a longer rest has lost is a gap.
A bot sees neither its own messages nor those of other bots, so it could not see an answer of its own: people answer,
by *Reply*. What a group or channel says in its own name is ours. Numbers of messages count in each chat; deletions are
not told. Another program that asks for the same bot's messages, or a webhook, makes Telegram answer 409.
https://core.telegram.org/bots/api#getupdates, https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, SecretStr

from monitor.connector import (
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Kind,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    refused_by_status,
)
from monitor.connector.auth import PathKey
from monitor.text import number, parse_when

UPDATES = "https://api.telegram.org/bot{key}/getUpdates"
KINDS = ("message", "edited_message", "channel_post", "edited_channel_post")
KEPT = timedelta(hours=24)


class TelegramConfig(ConnectorConfig):
    """Settings of one bot."""

    token: SecretStr = Field(description="the token of your bot")
    match_brand: bool = Field(False, description="keep only messages that name one of your brands")


class Telegram(Connector[TelegramConfig]):
    """Read the messages that a bot is shown, and the answers of our people."""

    Config = TelegramConfig
    title = "Telegram"
    hosts = ("api.telegram.org",)
    overlap = timedelta(0)  # what was shown is gone: there is nothing to overlap with
    names_gaps = True  # only after a rest that is longer than Telegram waits
    may_be_empty = True  # nobody may say anything for days
    default_every = timedelta(minutes=1)
    fastest = timedelta(minutes=1)
    sees = (
        "Messages in the groups and channels your bot is in, and to the bot itself, with edits, from the day it is in; "
        "your people's replies where `own_accounts` names them; no deletions. Never tried on Telegram's servers."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "a bot in your groups and channels, free"
    ready_in = "5 minutes"
    steps = (
        "In Telegram write /newbot to @BotFather, and copy the token it gives you into `token`.",
        "Write /setprivacy to @BotFather and turn it off, or the bot is shown only what is written to it.",
        "Then add the bot to your groups; to a channel it has to be added as an administrator.",
        "Use a bot of its own: a second program that reads the same bot takes the messages away.",
    )

    def __init__(self, config: TelegramConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand
        self.ours = {person for brand in brands for person in brand.own_accounts.get("telegram", ())}
        self.sees_answers = "yes" if self.ours else "no"

    def auth(self) -> Auth:
        """Return the token, which stands in the address."""
        return PathKey(self.config.token)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what comes after the bookmark."""
        known = since.bookmark or {}
        yield self._ask(known.get("offset"), known.get("at"))

    def parse(self, response: Response) -> Page:
        """Read some messages; they are saved before the next ones are asked for."""
        updates, at, before = (
            response.json()["result"],
            response.received_at.timestamp(),
            response.request.context["at"],
        )
        late = before is not None and at - before > KEPT.total_seconds()
        gap = "Telegram keeps messages for 24 hours, and the last look was longer ago" if late else None
        page = Page.read(updates, self._update, bookmark={"at": at}, gap=gap)
        if not updates:
            return page
        offset = max(update["update_id"] for update in updates) + 1
        return replace(page, follow=(self._ask(offset, at),), bookmark={"offset": offset, "at": at}, commit=True)

    def refused(self, response: Response) -> Refusal | None:
        """Read a token that is none (404), and who else reads the same bot (409)."""
        status = response.status
        if status in (401, 404):
            return Refusal(Outcome.RECONNECT, f"Telegram answered {status}: it knows no bot with this `token`")
        if status == 409:
            why = "another program reads the messages of this bot, or it has a webhook: give me a bot of my own"
            return Refusal(Outcome.FAILED, why)
        if status == 429 and response.body.lstrip()[:1] == b"{":
            seconds = number(response.json().get("parameters", {}).get("retry_after"))
            wait = timedelta(seconds=seconds) if seconds and seconds > 0 else response.retry_after()
            return Refusal(Outcome.THROTTLED, "Telegram is asked too often", wait)
        return refused_by_status(response)

    def _ask(self, offset: int | None, at: float | None) -> Request:
        params = {"limit": 100, "allowed_updates": json.dumps(KINDS)} | ({"offset": offset} if offset else {})
        return Request(UPDATES, params, context={"at": at})

    def _update(self, update: Mapping[str, Any]) -> RawMention | None:
        """Return what was said; None for what has no words, and for the copy of a channel's post in its group."""
        said: Mapping[str, Any] = next((update[kind] for kind in KINDS if kind in update), {})
        words = said.get("text") or said.get("caption")
        if not words or said.get("is_automatic_forward"):
            return None
        chat, who, above = (
            said["chat"],
            said.get("sender_chat") or said.get("from") or said["chat"],
            said.get("reply_to_message"),
        )
        private, address = chat["type"] == "private", _address(chat, said["message_id"])
        name = who.get("title") or " ".join(filter(None, (who.get("first_name"), who.get("last_name"))))
        return RawMention(
            external_id=f"{chat['id']}/{said['message_id']}",
            url=address,
            text=words,
            kind=Kind.MESSAGE if private else Kind.COMMENT if above else Kind.POST,
            author=Author(name or None, str(who["id"])),
            published_at=parse_when(said["date"]),
            updated_at=parse_when(said.get("edit_date")),
            answer_url=address,
            parent_id=f"{chat['id']}/{above['message_id']}" if above else None,
            own=not private and who["id"] == chat["id"],
            answers_unseen=private,
        )


def _address(chat: Mapping[str, Any], message: int) -> str | None:
    """Return where a message stands; only large groups and channels have addresses, some for their members alone."""
    if chat["type"] not in ("supergroup", "channel"):
        return None
    place = chat.get("username") or f"c/{str(chat['id']).removeprefix('-100')}"
    return f"https://t.me/{place}/{message}"
