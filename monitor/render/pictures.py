"""Pictures of a card and of a mail as pages of their own: for the demo and the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from monitor.notifier import Message
from monitor.notifiers import lead, one_line
from monitor.render import templates
from monitor.text import safe_link, shown

CARD_TEXT = 600  # characters of a quote on a card


@dataclass(frozen=True, slots=True)
class Picture:
    """A message to be shown on a page: as a card, or as the mail it makes."""

    caption: str
    message: Message
    as_mail: bool = False


def gallery(title: str, intro: Sequence[str], pictures: Sequence[Picture]) -> str:
    """Return one page that shows several messages. Without an intro there is no heading. Self-contained, escaped."""
    shown_ones = [
        {
            "caption": shown(picture.caption),
            "mail": _mail(picture.message) if picture.as_mail else None,
            "card": _card(picture.message),
        }
        for picture in pictures
    ]
    context = {"title": shown(title), "intro": [shown(line) for line in intro], "pictures": shown_ones}
    return templates.page("gallery.html", context)


def card_html(message: Message) -> str:
    """Return a page that shows the message as the card a chat channel shows. Self-contained, all words escaped."""
    return templates.page("card.html", {"title": shown(message.subject), "card": _card(message)})


def mail_page(message: Message) -> str:
    """Return a page that shows the message as a mail in somebody's inbox. Self-contained, all words escaped."""
    return templates.page("mail_page.html", _mail(message))


def _mail(message: Message) -> dict[str, object]:
    parts = message.html.split(templates.BODY)
    return {
        "title": shown(message.subject),
        "to": shown(message.to or ""),
        # Only our own template writes the marks, and it has escaped what stands between them.
        "body": Markup(parts[1]) if len(parts) == 3 else None,  # noqa: S704
        "text": shown(message.text),
        "files": [shown(file.name) for file in message.attachments],
    }


def _card(message: Message) -> dict[str, object]:
    first, rest = lead(one_line(message.headline))
    return {
        "lead": first,
        "rest": rest,
        "tag": bool(message.tag),
        "quotes": [templates.quote(quote, CARD_TEXT) for quote in message.quotes],
        "lines": [one_line(line) for line in message.lines],
        "buttons": [(shown(a.label), url) for a in message.actions if (url := safe_link(a.url))],
        "commands": [(shown(a.label), shown(a.command)) for a in message.actions if a.command and not a.url],
        "tone": str(message.data.get("tone", "calm")),
    }
