"""The contract of a connector: one kind of site, in one file, without any I/O.

A connector says what to ask (`start`, `recheck`, `reply`) and reads what came (`parse`, `receive`,
`refused`). Timeouts, pacing, retries, redirects, secrets in logs and the database are the
driver's business. It keeps no state: what it must remember goes through the bookmark.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from monitor.connector.auth import Auth
from monitor.errors import FetchError, ParseError, UsageError
from monitor.exchange import (
    AnyRequest,
    AnyResponse,
    ItemProblem,
    MailItem,
    MailLogin,
    MailRequest,
    MailResponse,
    Page,
    Request,
    Response,
    Since,
    Token,
)
from monitor.models import (
    Audience,
    Author,
    Brand,
    Kind,
    Mention,
    Rating,
    RawMention,
    Reply,
    ReplyState,
    SiteTotal,
    Subject,
)

__all__ = [
    "AnyRequest",
    "AnyResponse",
    "Audience",
    "Auth",
    "Author",
    "Brand",
    "Connector",
    "ConnectorConfig",
    "FetchError",
    "ItemProblem",
    "Kind",
    "MailItem",
    "MailLogin",
    "MailRequest",
    "MailResponse",
    "Mention",
    "Outcome",
    "Page",
    "ParseError",
    "Rating",
    "RawMention",
    "Refusal",
    "Reply",
    "ReplyState",
    "Request",
    "Response",
    "Since",
    "SiteTotal",
    "Subject",
    "Token",
    "UsageError",
]


class ConnectorConfig(BaseModel):
    """The connector's own options. Unknown keys are refused; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def options_hash(self) -> str:
        """Return a hash of the options. When it changes, the source starts anew; secrets do not count."""
        options = self.model_dump(mode="json")  # a SecretStr dumps as stars
        return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:16]


C = TypeVar("C", bound=ConnectorConfig)


class Outcome(StrEnum):
    """What a refusal means for the walk."""

    FAILED = "failed"  # an error that may pass
    GONE = "gone"  # the things asked about are deleted
    THROTTLED = "throttled"  # wait until
    RECONNECT = "reconnect"  # the access has ended: a person must act
    OVER_BUDGET = "over_budget"  # money or quota of the day is spent
    TRY_OTHER = "try_other"  # ask `instead`
    NOTHING = "nothing"  # an error by its number, an empty answer by its meaning


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a connector reads an answer that is no answer. `why` is a sentence for the operator."""

    outcome: Outcome
    why: str
    wait: timedelta | None = None
    gone: tuple[str, ...] = ()
    instead: tuple[Request, ...] = ()
    cost: int | None = None  # what the refusal did cost, where that is known better than `request.cost`


@dataclass(frozen=True, slots=True)
class Limits:
    """What one host takes: the gap between two requests."""

    gap: timedelta = timedelta(seconds=1)


class Connector(Generic[C]):
    """One kind of site. Subclass it, name the facts, write `start` and `parse`."""

    Config: ClassVar[type[ConnectorConfig]] = ConnectorConfig

    title: ClassVar[str] = ""
    """The site as people call it: "Google", "App Store". Empty: the source's own name."""
    hosts: ClassVar[tuple[str, ...]] = ()
    """Where requests may carry credentials to. Empty: only the host of the first request."""
    newest_first: ClassVar[bool] = False
    """The driver stops at a page whose items are all known and unchanged."""
    lists_all: ClassVar[bool] = False
    """A finished full walk names everything there is: what it lacks twice is deleted."""
    full_every: ClassVar[timedelta | None] = None
    """How often to walk it all although `start` could begin at the newest."""
    overlap: ClassVar[timedelta] = timedelta(hours=48)
    """How far behind the newest known time the next look begins. Shorter needs a reason beside it."""
    names_gaps: ClassVar[bool] = False
    """What a walk could not show it says itself (`Page.gap`): that it came to nothing known means nothing."""
    may_be_empty: ClassVar[bool] = False
    """The site shows a short span only: an answer with nothing after many with something is no trouble."""
    pushed_only: ClassVar[bool] = False
    """Nothing is asked for: all it sees is pushed to it. `start` yields no request, and `parse` is never called."""
    one_address: ClassVar[bool] = False
    """An app pushes for all of its accounts to one address: what comes to one source is offered to its likes."""
    limits: ClassVar[Limits] = Limits()
    reply_limit: ClassVar[int | None] = None
    """Characters an answer may have; None: this site takes none from us."""
    default_every: ClassVar[timedelta] = timedelta(minutes=15)
    fastest: ClassVar[timedelta] = timedelta(minutes=1)
    """Asking for faster looks is refused with this number."""
    searches: bool = False
    """Finds things by words, so that what it brings must name one of our brands. Options may decide it."""
    finds_places: ClassVar[bool] = False
    """Finds out for itself which places there are, by their totals: one that is new is announced, once."""
    markup: ClassVar[bool] = False
    """`parse` reads HTML or XML: it runs in the killable child."""
    robots: ClassVar[bool] = False
    """Reads pages made for people: robots.txt is asked first."""
    sees: ClassVar[str] = ""
    """One honest sentence: what it sees and what it cannot."""
    sees_answers: Literal["yes", "late", "no"] = "no"
    """Whether the company's public answer can be seen there. An instance may know better than its class."""
    needs: ClassVar[str] = "nothing"
    """What one has to have or apply for: an account, a key, money."""
    steps: ClassVar[tuple[str, ...]] = ()
    """What a person does to get the access, in order: which page, which permission, what to paste where."""
    reread_within: ClassVar[timedelta | None] = None
    """Everything stored is asked for again within this span: the site demands that what is deleted there goes here."""
    paid: ClassVar[str | None] = None
    """The currency in which the site charges for what it shows: a source needs an account with a `daily_budget`."""
    keeps_for: ClassVar[timedelta | None] = None
    """How long the site's terms allow keeping texts and names, where that is shorter than our users may want."""
    keeps_text: ClassVar[bool] = True
    """Whether the site's terms allow keeping texts and names; else only id, rating, times and link are kept."""
    ready_in: ClassVar[str] = "2 minutes"
    """How long it takes a person until the first look."""
    proven: ClassVar[Literal["recordings", "documentation", "server"]] = "documentation"
    """On what the reading was tried."""

    def __init__(self, config: C, brands: Sequence[Brand] = ()) -> None:
        self.config = config
        self.brands = tuple(brands)

    # --- reading

    def start(self, since: Since) -> Iterable[AnyRequest]:
        """Yield the first requests of a walk that covers everything after `since`."""
        raise NotImplementedError  # the one method, with `parse`, that every connector has

    def parse(self, response: Any) -> Page:
        """Read one good answer. A missing key may raise KeyError: it becomes a ParseError with its name."""
        raise NotImplementedError

    def refused(self, response: Response) -> Refusal | None:
        """Read an answer that is not 2xx, or a 2xx that is an error; None means that it is a good one."""
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[AnyRequest]:
        """Yield requests that show these mentions as they are now, batched where the site allows it."""
        return ()

    @property
    def receives(self) -> bool:
        """Whether things can be pushed to it: with these options, a signature can be checked."""
        return type(self).receive is not Connector.receive

    def reread(self, mentions: Sequence[Mention]) -> Iterable[AnyRequest]:
        """Yield requests that show only whether these stand, for `reread_within`. No answers are sought."""
        return self.recheck(mentions)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Page:
        """Read what the site pushed to us, after checking its signature over the raw body.

        Raises UsageError for what is not to be believed, ParseError for another shape.
        """
        raise UsageError(f"{type(self).__name__} takes nothing that is pushed to it")

    def pushed_at(self, headers: Mapping[str, str]) -> datetime | None:
        """Return when a push was signed, where the signature covers a time; an old one is a replay, and refused."""
        return None

    def greet(self, params: Mapping[str, str]) -> str:
        """Return what the site wants to read at our address before it pushes. Raises UsageError for anybody else."""
        raise UsageError(f"{type(self).__name__} is not asked for; things are posted to it")

    def greeting(self) -> str | None:
        """Return the word by which `greet` knows the site, for a person to give it; None where there is none."""
        return None

    def mailbox(self) -> MailLogin | None:
        """Return the mailbox that a MailRequest goes to, where the source reads one."""
        return None

    # --- answering

    def auth(self) -> Auth | None:
        """Return how requests are signed, or None when the site is open."""
        return None

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that answers a mention in public."""
        raise UsageError(f"{type(self).__name__} cannot answer for you; use the link of the mention")

    def replied(self, response: Response) -> Reply:
        """Read what the site said to our answer. 200 is not yet visible: say pending where it is."""
        raise UsageError(f"{type(self).__name__} cannot answer for you; use the link of the mention")


def refused_by_status(response: Response) -> Refusal | None:
    """Return what a status code means where the site has no rules of its own."""
    status = response.status
    if 200 <= status < 300:
        return None
    if status in (404, 410) and response.request.about:
        return Refusal(Outcome.GONE, f"the site answered {status}", gone=response.request.about)
    if status in (429, 503) or (status == 403 and response.header("retry-after")):
        return Refusal(Outcome.THROTTLED, f"the site answered {status}: asked too often", response.retry_after())
    if status in (401, 403):
        why = f"the site answered {status}: the access is not (or no longer) allowed"
        return Refusal(Outcome.RECONNECT, why)
    if status == 402:
        return Refusal(Outcome.OVER_BUDGET, "the site answered 402: it wants to be paid first")
    return Refusal(Outcome.FAILED, f"the site answered {status}", response.retry_after())
