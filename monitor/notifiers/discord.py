"""Discord, by a webhook: one address, nothing to install. Nobody is ever mentioned.

Words of strangers stand in the embed with every sign of Discord's markdown escaped. A look-up is not possible:
a webhook can read only messages the ids of which it knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr, field_validator

from monitor.errors import FetchError, ParseError
from monitor.models import Json
from monitor.notifier import DeliveryError, Fetch, Message, Notifier, NotifierConfig, Quote, Receipt, Request, Response
from monitor.notifier import Signed as SignedRequest
from monitor.notifiers import NAME, ask, checked_url, commands, cut_quote, lead, links, one_line, temporary, wait_of
from monitor.text import safe_link, shorten

HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
MAX_TITLE = 256  # characters
MAX_DESCRIPTION = 4096
ALL_QUOTES = 2600  # characters of all quotes together, escaped
ONE_QUOTE = 1400
MAX_LINES = 1000  # characters of all lines together, escaped
MAX_LINKS = 5
LONGEST_WAIT = 86_400.0  # seconds; what is asked on top is not believed

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
CHANNEL_CODES = {
    10003: "the channel is gone",
    10004: "the server is gone",
    10015: "the webhook was removed",
    40001: "the webhook's token is not valid",
    50001: "the webhook may not write there",
    50013: "the webhook may not write there",
    50027: "the webhook's token is not valid",
    220001: "the channel is a forum, in which this webhook cannot open posts",
    220003: "the channel is a forum, in which this webhook cannot open posts",
}
TONES = {"bad": 0xB5573C, "good": 0x3D7F5C, "broken": 0xA8791C}
CALM = 0x48687C

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


class DiscordConfig(NotifierConfig):
    """Options of a Discord channel."""

    webhook_url: SecretStr

    @field_validator("webhook_url")
    @classmethod
    def _a_webhook(cls, value: SecretStr) -> SecretStr:
        url = checked_url(value.get_secret_value(), HOSTS)
        if not re.search(r"/api/(v\d+/)?webhooks/\d+/[\w-]+/?(\?[\w=&-]*)?$", url):
            raise ValueError("a webhook's address has /api/webhooks/, a number and a token; copy all of it")
        return SecretStr(url)


class Discord(Notifier[DiscordConfig]):
    """Post to one Discord channel."""

    Config = DiscordConfig
    gap = timedelta(seconds=2)  # Discord takes 30 messages a minute and channel
    storm_limit = 15
    says = "Posts to one Discord channel by a webhook; nobody is mentioned, and nothing can be looked up."

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Post the message and wait until Discord has stored it."""
        url = self.config.webhook_url.get_secret_value()
        url += "&wait=true" if "?" in url else "?wait=true"
        request = Request(f"https://{url.split('/')[2]}/api/webhooks", method="POST", json=payload_of(message))
        response = ask(fetch, SignedRequest(request, url=url), "Discord")
        answer = _object(response)
        if not 200 <= response.status < 300:
            raise refusal(response, answer)
        if response.status == 204:  # stored, and told without its id
            return Receipt(message.id)
        found = answer.get("id") if answer else None
        if not isinstance(found, str):
            raise temporary(f"Discord answered {response.status} with something that is not its own", response)
        channel = answer.get("channel_id") if answer else None
        return Receipt(found, channel if isinstance(channel, str) else None)

    def describe(self) -> str:
        """Return where it posts, without a secret."""
        return "Discord, by a webhook"


def _object(response: Response) -> Mapping[str, Any] | None:
    try:
        answer = response.json()
    except (FetchError, ParseError):
        return None
    return answer if isinstance(answer, Mapping) else None


def refusal(response: Response, answer: Mapping[str, Any] | None) -> DeliveryError:
    """Return how an answer that is no yes is read: by Discord's own code where there is one, else by its status."""
    status = response.status
    code = answer.get("code") if answer else None
    if status == 429:
        return DeliveryError("Discord asks us to wait", permanent=False, retry_after=_wait(response, answer))
    if isinstance(code, int) and code in CHANNEL_CODES:
        reason = f"Discord refused the message ({code}): {CHANNEL_CODES[code]}"
        return DeliveryError(reason, permanent=True, whole_channel=True)
    if status in (401, 404) and answer is not None:
        return DeliveryError(f"Discord no longer knows this webhook ({status})", permanent=True, whole_channel=True)
    if status in (400, 413) and answer is not None:
        return DeliveryError(f"Discord does not take this message ({code or status})", permanent=True)
    # A page instead of JSON comes from what stands before Discord, and passes.
    return temporary(f"Discord answered {status}", response)


def _wait(response: Response, answer: Mapping[str, Any] | None) -> timedelta | None:
    """Return how long to wait: the body says it in seconds with parts of them, the header in whole ones."""
    seconds = answer.get("retry_after") if answer else None
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
        return timedelta(seconds=min(max(float(seconds), 1.0), LONGEST_WAIT))
    return wait_of(response)


# --- the embed -----------------------------------------------------------------------------------


def payload_of(message: Message) -> dict[str, Json]:
    """Return what is posted: one embed, in which nothing of a stranger's is read as markdown."""
    first, rest = lead(one_line(message.headline, 500) or NAME)
    parts = [_fitted(rest.removeprefix(" · ").strip(), 600)] if rest else []
    parts += _quotes(message)
    parts += _lines(message)
    found = links(message)[:MAX_LINKS]
    parts += [" · ".join(f"[{_escaped(label)}]({_bracketed(url)})" for label, url in found)] if found else []
    if typed := commands(message):
        parts.append(_fitted("Or type " + ", ".join(f"{command} ({label})" for label, command in typed), 500))
    embed: dict[str, Json] = {
        "title": _fitted(first, MAX_TITLE),
        "description": _whole("\n\n".join(part for part in parts if part)),
        "color": TONES.get(str(message.data.get("tone")), CALM),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _quotes(message: Message) -> list[str]:
    parts, budget = [], ALL_QUOTES
    for quote in message.quotes:
        if budget < 100:
            break
        parts.append(_quote(quote, min(budget, ONE_QUOTE)))
        budget -= len(parts[-1])
    return parts


def _quote(quote: Quote, limit: int) -> str:
    text, cut = cut_quote(quote, limit)
    while len(_marked(text)) > limit and len(text) > 1:
        text, cut = shorten(text, max(len(text) * limit // len(_marked(text)) - 1, 1)), True
    lines = [f"*{_escaped(one_line(quote.heading, 200))}*"] if quote.heading else []
    lines.append(_marked(text))
    if author := one_line(quote.author or "", 80):
        lines.append(f"> *{_escaped(author)}*")
    if cut and quote.more is not None:
        url = safe_link(quote.more.url)
        lines.append(f"[{_escaped(one_line(quote.more.label, 70))}]({_bracketed(url)})" if url else "(shortened)")
    return "\n".join(lines)


def _marked(text: str) -> str:
    return "\n".join(f"> {_escaped(line)}" for line in text.split("\n"))


def _lines(message: Message) -> list[str]:
    parts, budget = [], MAX_LINES
    for line in message.lines:
        words = _fitted(one_line(line), budget) if budget > 20 else ""
        budget -= len(words)
        parts.append(words)
    return ["\n".join(part for part in parts if part)] if any(parts) else []


def _escaped(text: str) -> str:
    """Return text in which no sign is markdown. Discord shows an escaped sign as the sign."""
    return _MARKDOWN.sub(r"\\\1", text)


def _fitted(text: str, limit: int) -> str:
    """Return text escaped, and within the limit after it."""
    while len(_escaped(text)) > limit:
        text = shorten(text, max(len(text) * limit // len(_escaped(text)) - 1, 1))
    return _escaped(text)


def _bracketed(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")


def _whole(description: str) -> str:
    # The parts are measured; this only guards against their sum.
    return description if len(description) <= MAX_DESCRIPTION else shorten(description, MAX_DESCRIPTION)
