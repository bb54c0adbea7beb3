"""Pictures of a card and of a mail as pages of their own: for the demo and the documentation."""

from __future__ import annotations

from markupsafe import Markup

from monitor.notifier import Message
from monitor.render import templates
from monitor.text import safe_link, shown

CARD_TEXT = 600  # characters of a quote on a card
CARD_LINES = 30


def card_html(message: Message) -> str:
    """Return a page that shows the message as the card a chat channel shows. Self-contained, all words escaped."""
    return templates.page("card.html", {"title": shown(message.subject), "card": _card(message)})


def mail_page(message: Message) -> str:
    """Return a page that shows the message as a mail in somebody's inbox. Self-contained, all words escaped."""
    parts = message.html.split(templates.BODY)
    # Only our own template writes the marks, and it has escaped what stands between them.
    body = Markup(parts[1]) if len(parts) == 3 else None  # noqa: S704
    context = {
        "title": shown(message.subject),
        "to": shown(message.to or ""),
        "body": body,
        "text": shown(message.text),
        "files": [shown(file.name) for file in message.attachments],
    }
    return templates.page("mail_page.html", context)


def _card(message: Message) -> dict[str, object]:
    return {
        "headline": shown(message.headline),
        "tag": bool(message.tag),
        "quotes": [templates.quote(quote, CARD_TEXT) for quote in message.quotes],
        "lines": [shown(line) for line in message.lines],
        "buttons": [(shown(a.label), url) for a in message.actions if (url := safe_link(a.url))],
        "commands": [(shown(a.label), shown(a.command)) for a in message.actions if a.command and not a.url],
        "tone": str(message.data.get("tone", "calm")),
    }
