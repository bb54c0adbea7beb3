"""A message as Slack's blocks.

Words of strangers stand in rich text elements, which Slack shows as they are: it reads no mentions, links, emoji
or emphasis in them (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block). Text objects, where only
our own words stand, are escaped as https://docs.slack.dev/messaging/formatting-message-text asks.
"""

from __future__ import annotations

import re

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
)
from slack_sdk.models.blocks.basic_components import MarkdownTextObject

from monitor.models import Json
from monitor.notifier import Message, Quote
from monitor.notifiers import NAME, commands, cut_quote, lead, links, one_line
from monitor.text import safe_link, shorten

# Slack takes 50 blocks and, undocumented, about 13,200 characters of them (msg_blocks_too_long):
# https://github.com/slackapi/bolt-js/issues/2509. Counted with & < > as the entities they become.
ALL_QUOTES = 6000  # characters of all quotes together
ONE_QUOTE = 2500
ALL_LINES = 3500
ONE_LINE = 1000
HEADLINE = 600
FRAME = 150  # what the JSON around one text takes
MAX_LABEL = 75  # characters on a button
MAX_BUTTONS = 10
MAX_FALLBACK = 500  # the notification's text

_TEXT = RichTextElementParts.Text
_BOLD = RichTextElementParts.TextStyle(bold=True)
_CODE = RichTextElementParts.TextStyle(code=True)
_SOFT = RichTextElementParts.TextStyle(italic=True)


def payload_of(message: Message) -> dict[str, Json]:
    """Return what is posted: blocks, and the one line a notification shows. Nothing in it is parsed or unfurled."""
    return {
        "text": _escaped(one_line(message.headline) or NAME, MAX_FALLBACK),
        "blocks": [block.to_dict() for block in blocks_of(message)],
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def blocks_of(message: Message) -> list[Block]:
    """Return the card: whom it is for, headline, quotes, lines, buttons, what to type."""
    blocks: list[Block] = []
    if mentions := [f"<@{member}>" for member in message.tag if re.fullmatch(r"[UW][A-Z0-9]{2,30}", member)]:
        blocks.append(SectionBlock(text=MarkdownTextObject(text=" ".join(mentions[:20]), verbatim=True)))
    blocks.append(RichTextBlock(elements=[_headline(message)]))
    budget = ALL_QUOTES
    for quote in message.quotes:
        elements, used = _quote(quote, min(budget, ONE_QUOTE))
        budget -= used
        blocks.append(RichTextBlock(elements=elements))
        if budget < 2 * FRAME:
            break
    if lines := _lines(message):
        blocks.append(RichTextBlock(elements=lines))
    if buttons := _buttons(message):
        blocks.append(ActionsBlock(elements=buttons))
    if typed := _typed(message):
        blocks.append(RichTextBlock(elements=[typed]))
    return blocks


def _headline(message: Message) -> RichTextElement:
    first, rest = lead(_fitted(one_line(message.headline) or NAME, HEADLINE))
    parts = [_TEXT(text=first, style=_BOLD)]
    if rest:
        parts.append(_TEXT(text=rest))
    return RichTextSectionElement(elements=parts)


def _quote(quote: Quote, limit: int) -> tuple[list[RichTextElement], int]:
    """Return the marked area of one quote, and how much of the budget it took."""
    text, cut = cut_quote(quote, limit)
    short = _fitted(text, limit)
    author = _fitted(one_line(quote.author or "", 80), 120)
    heading = _fitted(one_line(quote.heading or "", 200), 250)
    inner: list[RichTextElement] = [_TEXT(text=short)]
    if author:
        inner += [_TEXT(text="\n"), _TEXT(text=author, style=_SOFT)]
    elements: list[RichTextElement] = []
    if heading:
        elements.append(RichTextSectionElement(elements=[_TEXT(text=heading, style=_SOFT)]))
    elements.append(RichTextQuoteElement(elements=inner))
    if (cut or short != text) and quote.more is not None:
        elements.append(RichTextSectionElement(elements=_more(quote)))
    return elements, sum(map(_grown, (short, author, heading))) + 3 * FRAME


def _more(quote: Quote) -> list[RichTextElement]:
    assert quote.more is not None
    if url := safe_link(quote.more.url):
        return [RichTextElementParts.Link(url=url, text=one_line(quote.more.label, 70) or "Show all")]
    if quote.more.command:
        return [_TEXT(text="All of it: "), _TEXT(text=one_line(quote.more.command, 200), style=_CODE)]
    return [_TEXT(text="(shortened)")]


def _lines(message: Message) -> list[RichTextElement]:
    sections: list[RichTextElement] = []
    budget = ALL_LINES
    for line in message.lines:
        words = _fitted(one_line(line), min(ONE_LINE, budget)) if budget > FRAME else ""
        if not words:
            continue
        budget -= _grown(words) + FRAME
        # Sections run together: each begins a line of its own.
        start = [_TEXT(text="\n")] if sections else []
        sections.append(RichTextSectionElement(elements=[*start, _TEXT(text=words)]))
    return sections


def _buttons(message: Message) -> list[ButtonElement]:
    found = links(message)[:MAX_BUTTONS]
    return [
        ButtonElement(
            text=PlainTextObject(text=_escaped(label, MAX_LABEL), emoji=False),
            url=url,
            action_id=f"link_{place}",
            style="primary" if place == 0 and not message.test else None,
        )
        for place, (label, url) in enumerate(found)
    ]


def _typed(message: Message) -> RichTextElement | None:
    parts: list[RichTextElement] = []
    for label, command in commands(message)[:MAX_BUTTONS]:
        joint = ", " if parts else "Or type "
        parts += [_TEXT(text=joint), _TEXT(text=command, style=_CODE), _TEXT(text=f" ({label})")]
    return RichTextSectionElement(elements=parts) if parts else None


def _grown(text: str) -> int:
    """Return how long a text is in JSON and with its entities."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">")) + sum(map(text.count, '\n"\\'))


def _fitted(text: str, limit: int) -> str:
    """Return what of a text fits, measured as it grows."""
    while (size := _grown(text)) > limit and text:
        text = shorten(text, min(len(text) * limit // size, len(text) - 1))
    return text


def _escaped(text: str, limit: int) -> str:
    """Return text for a text object, escaped once and within the limit after it."""
    return _fitted(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
