"""A mailbox: what customers write to you, and the notices of platforms that have no other way in.

Messages are read after the last UID, oldest first, and stay unread; with another UIDVALIDITY the newest are begun
with again, and known ones stay what they are, as the key is the Message-ID. An id that is missing, or too plain to
be anybody's own, is replaced by the content. Mail can be forged: stars count, and mail in our name is ours, only
where our own mail server vouches for the sender (`authserv`). Answers are found in the folder of what was sent.
No mail address is kept: authors have their names, ids are hashes. A mail has no address to open it at.
https://www.rfc-editor.org/rfc/rfc9051, rfc5322, rfc8601, https://developers.google.com/gmail/imap/xoauth2-protocol,
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from monitor.connector import (
    Auth,
    Author,
    Brand,
    Connector,
    Kind,
    MailItem,
    MailLogin,
    MailRequest,
    MailResponse,
    Page,
    RawMention,
    Since,
    Subject,
)
from monitor.connector.letters import Letter, is_vouched_for, key_of, new_text, read_letter
from monitor.connector.mailboxes import Line, MailboxConfig
from monitor.connector.notices import KNOWN_SENDERS, NoticeRule, Senders, comes_from, link_of, rule_for, unwrapped
from monitor.text import fingerprint

NEWEST = 500  # messages of a folder that are begun with
DOUBT = timedelta(hours=24)  # a Date further from when the server got the mail is not believed
NOT_VERIFIED = "(sender not verified) "
_OWN_ID = re.compile(r"(?=.*\d)\S{10,}")  # "contact-form@shop.example" is everybody's


class ImapMailboxConfig(MailboxConfig):
    """Settings of one mailbox."""

    ours: Senders = Field((), description="your own domains or mail addresses; `user` is one of them")
    authserv: Line | None = Field(None, description="the name your mail server signs its checks with")
    customers: bool = Field(True, description="false: read notices only, not what people write")
    notices: Senders = Field((), description="further senders whose mails are told though no rule reads them")
    rules: tuple[NoticeRule, ...] = Field((), description="how notices are read: `monitor learn MAIL.eml` writes them")


class ImapMailbox(Connector[ImapMailboxConfig]):
    """Read a mailbox: customers' mails, notices of platforms, and our own answers."""

    Config = ImapMailboxConfig
    title = "mail"
    hosts = ("oauth2.googleapis.com", "login.microsoftonline.com")
    default_every = timedelta(minutes=2)
    fastest = timedelta(minutes=1)
    markup = True  # letters are taken apart in the killable child
    sees = (
        "New mail in the folders you name, from people and from platforms, and your answers to people in the folder of "
        "what was sent; not what was moved before it looked, and stars of notices only by a rule you teach. "
        "No real notice was at hand to try, and no login at Google or Microsoft."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "the login of the mailbox"
    ready_in = "5 minutes"
    proven = "server"
    steps = (
        "Make a mailbox or a folder of its own for this, and let notices and customers' mails be forwarded to it.",
        "Give its password as `password`; where the provider has app passwords (Google, Yahoo, iCloud), make one.",
        'With Microsoft 365 register an app in Entra ID that may IMAP.AccessAsUser.All; set login = "microsoft".',
        "Give the id of that app as `client_id`, and as `client_secret` its secret where it has one.",
        "Set `authserv` to the name at the beginning of the Authentication-Results header of any mail you received.",
        "Teach a rule from one notice of each platform: monitor learn MAIL.eml",
    )

    def __init__(self, config: ImapMailboxConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.ours = (*config.ours, *([config.user.lower()] if "@" in config.user else []))
        self.senders = (*KNOWN_SENDERS, *config.notices, *(one for rule in config.rules for one in rule.sender))
        if not config.sent:
            self.sees_answers = "no"

    def mailbox(self) -> MailLogin:
        """Return where the mailbox is and how one gets in."""
        return self.config.way_in()

    def auth(self) -> Auth | None:
        """Return how the access is renewed, where Google or Microsoft give it."""
        return self.config.access()

    def start(self, since: Since) -> Iterable[MailRequest]:
        """Ask each folder for what came after the last message; what was sent comes last, behind what it answers."""
        known = since.bookmark or {}
        for folder in (*self.config.folders, *([self.config.sent] if self.config.sent else [])):
            validity, uid = known.get(folder, (None, 0))
            yield MailRequest(folder, uid, validity, newest=NEWEST)

    def parse(self, response: MailResponse) -> Page:
        """Read some messages."""
        asked = response.request
        letters = [(item, read_letter(item.raw)) for item in response.items]
        twice = {key for key, count in Counter(letter.message_id for _, letter in letters).items() if count > 1}
        known = asked.after_uid if asked.validity in (None, response.validity) else 0
        last = max((item.uid for item in response.items), default=known)
        more = [MailRequest(asked.folder, last, response.validity, newest=NEWEST)] if response.more else []
        reader = self._sent if asked.folder == self.config.sent else self._received
        return Page.read(
            letters,
            lambda pair: reader(*pair, own_id=pair[1].message_id not in twice),
            more,
            bookmark={asked.folder: [response.validity, last]},
        )

    # --- one message

    def _received(self, item: MailItem, letter: Letter, *, own_id: bool) -> RawMention | None:
        vouched = is_vouched_for(letter, self.config.authserv)
        if vouched and comes_from(letter, self.ours):
            if letter.inner is None or not comes_from(letter.inner, self.senders):
                return self._sent(item, letter, own_id=own_id)
            letter = letter.inner  # one of us forwards a notice, and stands for it
        if comes_from(letter, self.senders):
            return self._notice(item, letter, vouched=vouched, own_id=own_id)
        if letter.automatic or not letter.sender or not self.config.customers:
            return None
        text = new_text(letter)
        unread = not letter.is_whole or (not text and item.size is not None and item.size > len(item.raw))
        return self._mention(item, letter, own_id=own_id, text=text, unread=unread)

    def _sent(self, item: MailItem, letter: Letter, *, own_id: bool) -> RawMention | None:
        """Return an answer of ours. What answers nothing is nobody's business, and a machine's answer is none."""
        if not letter.answers or letter.automatic:
            return None
        parent = key_of(letter.answers[0])
        return self._mention(item, letter, own_id=own_id, text=new_text(letter), parent_id=parent, own=True)

    def _notice(self, item: MailItem, letter: Letter, *, vouched: bool, own_id: bool) -> RawMention | None:
        """Return what a rule reads in a notice; without a rule that can, its subject and link, for a person to see."""
        rule = rule_for(letter, self.config.rules)
        if rule is not None and rule.skip:
            return None
        found = rule.read(letter) if rule else None
        site = {"kind": Kind.REVIEW, "answers_unseen": True}  # it is answered over there
        counts = vouched or (rule is not None and not rule.check_sender)
        mark = "" if counts else NOT_VERIFIED
        link = unwrapped((found.link if found and counts else None) or link_of(letter, vouched=vouched))
        if found is None:
            said = {"title": mark + (letter.subject or f"a mail from {letter.domain}"), "author": None, **site}
            return self._mention(item, letter, own_id=own_id, **said, url=link, unread=True)
        return self._mention(
            item,
            letter,
            own_id=own_id,
            text=found.text,
            title=mark + (found.title or letter.subject),
            author=Author(found.author) if found.author else None,
            rating=found.rating if counts else None,
            subject=Subject(place=found.place, product=found.product),
            url=link,
            answer_url=link,
            same_as=link if found.link else None,
            **site,
        )

    def _mention(self, item: MailItem, letter: Letter, *, own_id: bool, **rest: Any) -> RawMention:
        known = own_id and _OWN_ID.fullmatch(letter.message_id) is not None
        content = fingerprint(letter.message_id, letter.sender, str(letter.sent_at), letter.subject, letter.text)
        return RawMention(
            **{"kind": Kind.MESSAGE, "title": letter.subject or None, "author": Author(letter.name or None), **rest},
            external_id=key_of(letter.message_id) if known else f"mail-{content}",
            published_at=_when(letter.sent_at, item.received_at),
            thread_id=key_of(letter.root) if letter.root and (known or letter.answers) else None,
        )


def _when(said: datetime | None, received: datetime) -> datetime:
    """Return when a mail was written; a date that is far from when it came would hide it among the old ones."""
    return said if said and timedelta(0) <= received - said <= DOUBT else received
