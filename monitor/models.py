"""The words of the product as plain frozen values. No behaviour beyond what a value knows of itself.

Times are aware UTC. Ids are text, as the site gives them. Unknown is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal

Json = Any  # a value that json.dumps takes: None, bool, int, float, str, list, dict

ANSWERS_UNSEEN = "answers_unseen"  # the flag of a mention whose answer stands where we cannot see it

CLEARED = "cleared"  # the flag of a mention whose text and names are no longer kept
NOT_KEPT = "not_kept"  # of one whose site does not allow keeping them


# --- what a site shows ---------------------------------------------------------------------------


class Kind(StrEnum):
    """What sort of thing was said."""

    REVIEW = "review"
    POST = "post"
    COMMENT = "comment"
    MESSAGE = "message"


class ReplyState(StrEnum):
    """Whether the public can see an answer."""

    VISIBLE = "visible"
    PENDING = "pending"
    REJECTED = "rejected"
    OUTDATED = "outdated"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Rating:
    """A mark on the site's own scale. A thumb is Rating(1 or 0, best=1, worst=0). No mark is None, not zero."""

    value: float
    best: float = 5.0
    worst: float = 1.0

    @property
    def stars(self) -> float | None:
        """Return the mark as 1…5, or None when it does not fit its own scale."""
        if self.best <= self.worst or not self.worst <= self.value <= self.best:
            return None
        return 1.0 + 4.0 * (self.value - self.worst) / (self.best - self.worst)


@dataclass(frozen=True, slots=True)
class Author:
    """Who said it: the public name and id only. Mail, phone and address are dropped at the door."""

    name: str | None = None
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """How many may read it, and what was counted: followers, views, members, subscribers, points, reviews."""

    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a mention is about."""

    place: str | None = None
    product: str | None = None
    app_version: str | None = None
    device: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The company's public answer to a mention."""

    text: str
    state: ReplyState = ReplyState.VISIBLE
    published_at: datetime | None = None
    author: str | None = None
    external_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class RawMention:
    """One review or post as the site shows it: not cleaned, not judged.

    `external_id` is the site's own id as text; a site without ids leaves it empty and the
    normaliser makes a fingerprint. `parts` names fields this answer does not carry although
    the site has them (a listing without replies, say): they must not count as removed.
    """

    external_id: str
    text: str = ""
    url: str | None = None
    title: str | None = None
    kind: Kind = Kind.REVIEW
    author: Author | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    rating: Rating | None = None
    language: str | None = None
    audience: Audience | None = None
    subject: Subject = Subject()
    reply: Reply | None = None
    answer_url: str | None = None
    thread_id: str | None = None
    parent_id: str | None = None
    same_as: str | None = None  # one key for one text in many places: a federated uri, an unwrapped address
    verified: bool | None = None
    html: bool = False  # `text` and `title` are markup and are turned into text once, by the normaliser
    absent: frozenset[str] = frozenset()  # fields this answer cannot carry, e.g. {"reply"}
    own: bool = False  # the site itself shows that it is ours, as a folder of sent mail does
    unread: bool = False  # nothing could make out what it says: a person has to look, whatever its words
    answers_unseen: bool = False  # an answer to it cannot be seen here, though the connector sees those to others


@dataclass(frozen=True, slots=True)
class SiteTotal:
    """The site's own average and count for a place or product."""

    count: int | None
    average: float | None
    best: float = 5.0
    subject: str = ""


# --- what we make of it --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mention:
    """A normalised mention: cleaned text, one language tag, stable key, content hash of the raw fields."""

    external_id: str
    kind: Kind
    text: str
    text_length: int  # characters before shortening
    title: str | None
    url: str | None
    author: Author | None
    published_at: datetime | None
    updated_at: datetime | None
    rating: Rating | None
    language: str | None
    audience: Audience | None
    subject: Subject
    reply: Reply | None
    answer_url: str | None
    thread_id: str | None
    parent_id: str | None
    same_as: str | None
    content_hash: str
    own: bool = False  # written by one of our own accounts
    brands: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # what was mended on the way in: "time_clamped", "shortened", "no_time"…
    absent: frozenset[str] = frozenset()


class Level(StrEnum):
    """Who is told: somebody now, the digest, nobody."""

    ALERT = "alert"
    WATCH = "watch"
    QUIET = "quiet"


class Label(StrEnum):
    """The reading of a mention, for people and tables."""

    BAD = "bad"
    MIXED = "mixed"
    NEUTRAL = "neutral"
    GOOD = "good"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How much hurry. Order is that of the members, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Why:
    """One reason in words people use, with the words of the text that caused it."""

    code: str  # stars, topic:waiting, danger:safety, sentence, words, audience
    text: str  # "waiting"
    words: tuple[str, ...] = ()  # ("waited 40 minutes",)

    def as_json(self) -> dict[str, Json]:
        """Return the reason as a JSON object: code, text, words."""
        return {"code": self.code, "text": self.text, "words": list(self.words)}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Why:
        """Return the reason that `as_json` wrote."""
        return cls(value["code"], value["text"], tuple(value.get("words", ())))


@dataclass(frozen=True, slots=True)
class Scorable:
    """What a scorer is given of one version."""

    text: str
    rating: Rating | None = None
    language: str | None = None  # what the site says; the scorer decides for itself whether to believe it


@dataclass(frozen=True, slots=True)
class Score:
    """What we think of one version."""

    badness: float | None  # 0…1; None when there was neither text we can read nor stars
    level: Level
    label: Label
    scorer: str  # name and version, "reviews/4"
    topics: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()  # safety, legal, money, privacy, discrimination, outage
    reasons: tuple[Why, ...] = ()
    language: str | None = None  # what the text was read as; None: not known


class Reason(StrEnum):
    """Why people are told."""

    NEW = "new"
    EDITED_WORSE = "edited_worse"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    SUMMARY = "summary"  # the first look at a source
    CAUGHT_UP = "caught_up"  # after an absence
    DIGEST = "digest"
    REPLY_GONE = "reply_gone"
    REOPENED = "reopened"
    WON_BACK = "won_back"
    GOOD_NEWS = "good_news"
    SOURCE_BROKEN = "source_broken"
    STILL_BROKEN = "still_broken"
    RECOVERED = "recovered"
    CHANNEL_BROKEN = "channel_broken"
    CONFIG_BROKEN = "config_broken"
    STORE_BROKEN = "store_broken"  # the database is lost: told past it, and the watch ends
    KEY_ENDS = "key_ends"
    DAMAGE = "damage"  # the audit found something it had to mend
    TEST = "test"


class DeliveryState(StrEnum):
    """Where one message to one recipient stands."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DEAD = "dead"


class CaseState(StrEnum):
    """Where the work for staff stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Health(StrEnum):
    """How a source is doing."""

    NEW = "new"
    OK = "ok"
    FAILING = "failing"  # failed, not long enough to disturb anybody
    BROKEN = "broken"  # told
    EMPTY = "empty"  # answers, but with nothing where there always was something
    PAUSED = "paused"  # budget spent or access ended: waits for a person or for a date


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel gave back for a message: enough to find it, answer in its thread, or edit it."""

    id: str  # Slack ts, Message-ID
    channel: str | None = None  # where it stands, as the service names it
    thread: str | None = None  # root of the thread it belongs to

    def as_json(self) -> dict[str, Json]:
        """Return the receipt as a JSON object."""
        return {"id": self.id, "channel": self.channel, "thread": self.thread}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Receipt:
        """Return the receipt that `as_json` wrote."""
        return cls(value["id"], value.get("channel"), value.get("thread"))


# --- what the owner decided ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Brand:
    """What people call us, what only sounds like us, and which accounts are ours (ids, by connector)."""

    name: str
    terms: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    own_accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one time of day to another, local time; an end at or before the start is on the next day."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there: spans by weekday (0 = Monday) in a named zone, less holidays."""

    name: str
    zone: str
    week: tuple[tuple[Span, ...], ...]  # seven entries
    holidays: str | None = None  # "DE-BE": country or country-region of the holidays package


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be told."""

    name: str
    mail: str | None = None
    slack: str | None = None
    phone_webhook: str | None = field(default=None, repr=False)
    away: tuple[tuple[date, date], ...] = ()  # first and last day, both included
    stand_in: str | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """People who share work: their hours, when to leave them alone, who stands above them."""

    name: str
    people: tuple[str, ...]
    manager: str | None = None
    hours: str | None = None
    quiet: Span | None = None
    may_wake: bool = False
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Which mentions matter, to which channels. Every condition that is set must hold."""

    name: str
    channels: tuple[str, ...]
    when: str = "bad"  # bad, good, any
    team: str | None = None
    severity: Severity | None = None  # this or worse
    sources: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    rating_at_most: float | None = None
    contains: tuple[str, ...] = ()  # RE2 patterns, any of them, case ignored
    stop: bool = False
    case: bool = False  # open a case although it is not bad


@dataclass(frozen=True, slots=True)
class Target:
    """By when an answer should be there: a span of time, counted in working hours or round the clock."""

    within: timedelta
    working: bool = False
    next_working_day: bool = False  # end of the next working day; `within` is then not used


StepTo = Literal["holder", "team", "manager", "unverified"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder of a case: at a time somebody is told, or (`unverified`) the case is closed."""

    at: datetime
    to: StepTo

    def as_json(self) -> dict[str, Json]:
        """Return the step as a JSON object."""
        return {"at": self.at.isoformat(), "to": self.to}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Step:
        """Return the step that `as_json` wrote."""
        return cls(datetime.fromisoformat(value["at"]), value["to"])


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept."""

    text: timedelta = timedelta(days=761)  # 25 months, so that years can be compared
    raw: timedelta = timedelta(days=14)
    sent: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DigestTimes:
    """When the summaries come, local times."""

    at: time = time(8, 30)
    weekly: tuple[int, time] = (0, time(8, 30))  # weekday, time
    report: tuple[int, time] = (1, time(9, 0))  # day of the month, time
    when_empty: bool = False
