"""Messages in channels, threads and forums of Discord servers that invited your bot; nobody can search all of Discord.

Ids begin with the milliseconds of the message (from 2015, shifted by 22 bits), so a time is an id: a look goes back an
hour behind the newest one it knows and upwards from there. `after` gives the oldest messages above an id, each page
newest first. A forum has no messages of its own, only threads; what opens one has the id of the thread. Those that
are not archived are listed for the whole server, each with its last message. Without the Message Content intent
every text is empty, which is no silence but a switch. What other programs post is left out.
https://docs.discord.com/developers/resources/message, https://docs.discord.com/developers/resources/channel,
https://github.com/discord/discord-api-spec
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    FetchError,
    Kind,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    refused_by_status,
)
from monitor.connector.auth import HeaderKey
from monitor.text import number, parse_when

API, SITE = "https://discord.com/api/v10", "https://discord.com/channels/"
AT_ONCE = 100
FIRST = 1_420_070_400_000  # milliseconds: Discord counts from 2015
ANSWER = 19
SPOKEN = (0, ANSWER)  # types of messages; the others are notes of Discord's
SHOWN = ("content", "attachments", "embeds", "sticker_items", "poll", "message_snapshots")

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{15,20}$", strip_whitespace=True)]


class DiscordConfig(ConnectorConfig):
    """Settings of one server."""

    token: SecretStr = Field(description="the token of your bot")
    server: Digits = Field(description="the number of the server")
    channels: tuple[Digits, ...] = Field((), description="the numbers of the channels to read, beside all threads")


class Discord(Connector[DiscordConfig]):
    """Read the messages of some channels and forums, and the answers of our people."""

    Config = DiscordConfig
    title = "Discord"
    hosts = ("discord.com",)
    overlap = timedelta(hours=1)  # ids are given when a message arrives: none comes late
    names_gaps = True  # there are none: `after` leads on from the last one
    may_be_empty = True  # nobody may say anything for an hour
    default_every = timedelta(minutes=5)
    fastest = timedelta(minutes=1)
    sees = (
        "Messages in the channels you name, and in all threads and forums the bot may see, with edits of an hour; your "
        "people's answers where `own_accounts` names them; deletions of open cases. Never tried on a real server."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    reply_limit = 2_000  # told by people, not in the documents at hand
    needs = "a bot that the server has invited, free"
    ready_in = "10 minutes"
    steps = (
        "On discord.com/developers make an application, open Bot, turn on Message Content Intent, and copy the token.",
        "Invite it with the scope bot and View Channels and Read Message History; Send Messages if I am to answer.",
        "In Discord turn on Developer Mode, right-click the server and the channels, and copy their ids.",
    )

    def __init__(self, config: DiscordConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.ours = {person for brand in brands for person in brand.own_accounts.get("discord", ())}
        self.sees_answers = "yes" if self.ours else "no"

    def auth(self) -> Auth:
        """Return the token."""
        return HeaderKey(self.config.token, prefix="Bot ")

    def start(self, since: Since) -> Iterable[Request]:
        """Ask each channel for what is new, and the server for its threads."""
        after = _id_at(since.time) if since.time else None
        for channel in self.config.channels:
            yield self._messages(channel, after, {"thread": None})
        yield Request(f"{API}/guilds/{self.config.server}/threads/active", context={"after": after})

    def parse(self, response: Response) -> Page:
        """Read messages, one of them, what came after it, or the list of threads."""
        body, asked = response.json(), response.request
        if "after" in asked.context:
            after = asked.context["after"]
            news = [one["id"] for one in body["threads"] if int(one["last_message_id"] or 2**63) > int(after or 0)]
            return Page(follow=tuple(self._messages(thread, after, {"thread": thread}) for thread in news))
        thread, below, items = asked.context["thread"], asked.context.get("below"), [body] if asked.about else body
        page = Page.read(items, lambda item: self._message(item, thread))
        if below:  # in a thread people answer without pointing at what they answer
            later = (one for one in page.mentions if one.own and (thread or one.parent_id == below))
            return replace(page, mentions=tuple(replace(one, parent_id=below) for one in later))
        if not page.mentions and any(_is_blank(item) for item in items):
            raise FetchError("Discord shows no texts: turn on Message Content Intent for your bot", code="refused")
        if asked.about or len(items) < AT_ONCE:
            return page
        ids = sorted((item["id"] for item in items), key=int)
        further = {"after": ids[-1]} if "after" in asked.params else {"before": ids[0]}
        return replace(page, follow=(replace(asked, params={"limit": AT_ONCE, **further}),))

    def refused(self, response: Response) -> Refusal | None:
        """Read how long to wait, and what is not shown to the bot."""
        if response.status == 429 and b'"retry_after"' in response.body:
            wait = timedelta(seconds=number(response.json()["retry_after"]) or 1)
            return Refusal(Outcome.THROTTLED, "Discord is asked too often", wait)
        if response.status == 404 and not response.request.about:
            return Refusal(Outcome.FAILED, "Discord answered 404: compare `server` and `channels`")
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each message whether it still stands and, where we have accounts, for what came after it."""
        for one in mentions:
            here, place = one.external_id, {"thread": one.thread_id}
            yield Request(f"{API}/channels/{_channel(one)}/messages/{here}", context=place, about=(here,))
            if self.ours:
                yield self._messages(_channel(one), here, {**place, "below": here})

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that answers a message in its channel and calls nobody."""
        place: dict[str, Any] = {"message_reference": {"message_id": mention.external_id}}
        said = {"content": text, **place, "allowed_mentions": {"parse": []}}
        return Request(f"{API}/channels/{_channel(mention)}/messages", method="POST", json=said)

    def replied(self, response: Response) -> Reply:
        """Read our answer as Discord shows it: at once."""
        said = response.json()
        return Reply(said["content"], published_at=parse_when(said["timestamp"]), external_id=said["id"])

    def _messages(self, channel: str, after: str | None, context: Mapping[str, Any]) -> Request:
        params = {"limit": AT_ONCE} | ({"after": after} if after else {})
        return Request(f"{API}/channels/{channel}/messages", params, context=dict(context))

    def _message(self, item: Mapping[str, Any], thread: str | None) -> RawMention | None:
        """Return what a person said in words; of programs only ours counts."""
        who, here = item["author"], item["id"]
        if item["type"] not in SPOKEN or not item["content"] or (who.get("bot") and who["id"] not in self.ours):
            return None
        above = item["message_reference"].get("message_id") if item["type"] == ANSWER else None
        parent = above or (thread if thread != here else None)
        address = f"{SITE}{self.config.server}/{item['channel_id']}/{here}"
        return RawMention(
            external_id=here,
            url=address,
            text=item["content"],
            kind=Kind.COMMENT if parent else Kind.POST,
            author=Author(who.get("global_name") or who["username"], who["id"]),
            published_at=parse_when(item["timestamp"]),
            updated_at=parse_when(item["edited_timestamp"]),
            answer_url=address,
            thread_id=thread,
            parent_id=parent,
            own=who["id"] in self.ours,
        )


def _channel(mention: Mention) -> str:
    return (mention.url or "").split("/")[-2]


def _id_at(moment: datetime) -> str:
    """Return the id that a message of that time would have."""
    return str((int(moment.timestamp() * 1000) - FIRST) << 22)


def _is_blank(item: Mapping[str, Any]) -> bool:
    """Say whether a person said this and nothing of it is shown."""
    return item["type"] in SPOKEN and not item["author"].get("bot") and not any(item.get(name) for name in SHOWN)
