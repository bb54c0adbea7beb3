"""The contract of a notifier: one kind of channel. It is given finished words and hands them over.

It sees neither the store nor a mention, and retry is not its business: it returns a Receipt or
raises DeliveryError with what the caller may do. HTTP goes through the `fetch` it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from monitor.errors import DeliveryError
from monitor.exchange import Fetch, Request, Response, Signed
from monitor.models import Json, Receipt

__all__ = [
    "Action",
    "Attachment",
    "DeliveryError",
    "Fetch",
    "Json",
    "Message",
    "Notifier",
    "NotifierConfig",
    "Quote",
    "Receipt",
    "Request",
    "Response",
    "Signed",
]


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a stranger, always shown inside a marked area. Raw: each channel encodes for itself."""

    text: str
    author: str | None = None
    heading: str | None = None  # "Before", "Now"
    more: Action | None = None  # the way to the whole of it, for where it must be cut


@dataclass(frozen=True, slots=True)
class Action:
    """Something one can do: a link, or the words to type where a channel has no buttons."""

    label: str
    url: str | None = None
    command: str | None = None  # monitor claim c3


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """Finished words for one recipient. `id` is the delivery's: the same at every try.

    Cards are built from `headline`, `quotes`, `lines`, `actions`; mails from `subject`, `text`,
    `html`; webhooks from `data`. Names and texts of strangers stand raw in headline, lines and
    quotes: the channel encodes them, once.
    """

    id: str
    subject: str
    headline: str
    text: str  # everything, as plain text
    html: str = field(default="", repr=False)
    quotes: tuple[Quote, ...] = ()
    lines: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    to: str | None = None  # the recipient, where a channel has several
    tag: tuple[str, ...] = ()  # member ids to address so that it makes a sound
    broadcast: bool = False  # a thread is heard only by those in it: show it in the channel, too
    thread: Receipt | None = None
    attachments: tuple[Attachment, ...] = ()
    data: Mapping[str, Json] = field(default_factory=dict)
    test: bool = False


class NotifierConfig(BaseModel):
    """The channel's own options. Unknown keys are refused; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


N = TypeVar("N", bound=NotifierConfig)


class Notifier(Generic[N]):
    """One kind of channel. Subclass it, write `send`."""

    Config: ClassVar[type[NotifierConfig]] = NotifierConfig

    gap: ClassVar[timedelta] = timedelta(0)
    """Between two messages to one channel."""
    storm_limit: ClassVar[int] = 15
    """At most so many messages in ten minutes; what comes on top is folded into one."""
    attaches: ClassVar[bool] = False
    """Takes files: a folded message carries its list as CSV."""
    threads: ClassVar[bool] = False
    """Takes an earlier receipt to answer in its thread."""
    says: ClassVar[str] = ""
    """One sentence for the docs."""

    def __init__(self, config: N) -> None:
        self.config = config

    def targets(self) -> tuple[str, ...]:
        """Return the recipients of this channel: one delivery each. ("",) where it is itself the recipient."""
        return ("",)

    def send(self, message: Message, fetch: Fetch) -> Receipt:
        """Hand the message over. Raises DeliveryError."""
        raise NotImplementedError  # the one method every notifier has

    def edit(self, receipt: Receipt, message: Message, fetch: Fetch) -> Receipt:
        """Replace an earlier message. Raises DeliveryError where the channel cannot."""
        raise DeliveryError("this channel cannot change what it has sent", permanent=True)

    def find(self, delivery_id: str, since: datetime, fetch: Fetch, thread: Receipt | None = None) -> Receipt | None:
        """Look up whether a message arrived, in `thread` if it was for one. None: not found.

        Raises DeliveryError where it cannot look.
        """
        raise DeliveryError("this channel cannot look up what it has sent", permanent=True)

    def describe(self) -> str:
        """Return where messages go, in words and without a secret: `#support on Slack`."""
        return type(self).__name__
