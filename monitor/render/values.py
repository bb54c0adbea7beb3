"""What a message is made of: plain values that whoever delivers fills from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.models import (
    Audience,
    CaseState,
    Json,
    Kind,
    Label,
    Person,
    Rating,
    Reason,
    Reply,
    Severity,
    SiteTotal,
    Why,
)


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier mention by the same author, as a fact: when, the mark, who of us answered."""

    when: datetime
    rating: Rating | None = None
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What a mention said before it was changed."""

    text: str
    rating: Rating | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """Where the work on a mention stands. `next_step` is a sentence: "At 15:00 I remind Ana."."""

    ref: str  # c3
    state: CaseState = CaseState.OPEN
    assignee: str | None = None
    due_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One mention as it is told. Names and texts are those of strangers and stand raw.

    `site` is the name people use ("Google"). `sees_answers` is yes, late or no. `flags` are those
    of the mention: shortened, no_time, time_clamped.
    """

    ref: str  # m12
    source: str
    site: str
    text: str
    first_seen_at: datetime
    kind: Kind = Kind.REVIEW
    place: str | None = None
    product: str | None = None
    author: str | None = None
    title: str | None = None
    rating: Rating | None = None
    language: str | None = None
    published_at: datetime | None = None
    url: str | None = None
    answer_url: str | None = None
    severity: Severity | None = None
    label: Label = Label.BAD
    reasons: tuple[Why, ...] = ()
    audience: Audience | None = None
    total: SiteTotal | None = None
    case: CaseLine | None = None
    sees_answers: str = "no"
    history: tuple[Past, ...] = ()
    before: Before | None = None
    reply: Reply | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything one message is made of.

    `id` is the delivery's. `stops` is the sentence that says what stops the message; empty: a plain
    one is chosen. `offers` names what staff can do from here, besides the links: claim, draft,
    snooze, close, mark, answer (commands) and mail (a reply of one word is read). `tag` are member
    ids that a message which must be heard addresses. With `attach` a folded message carries its list.
    """

    id: str
    reason: Reason
    now: datetime
    zone: str
    told: tuple[Told, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    reader: Person | None = None
    stops: str = ""
    test: bool = False
    batch_command: str = ""
    offers: frozenset[str] = frozenset()
    tag: tuple[str, ...] = ()
    attach: bool = False
