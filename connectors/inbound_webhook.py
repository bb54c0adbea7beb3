"""What a form, a program or an automation service posts to us: one review as JSON, or up to 500 under `reviews`.

The fields are those of `monitor import`, so that a file and a push tell the same thing in the same words. A push is
taken as a whole or not at all: with one entry that cannot be read nothing is stored, and the sender hears which one and
why. A misspelt field is such an entry: whoever writes `raiting` would otherwise lose every star without a word. The
same `id` again is the same review, changed or not; an observation with an older `updated_at` changes nothing.
How a push is signed stands in monitor/connector/pushes.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, field_validator

from monitor.connector import (
    AnyRequest,
    Audience,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    Kind,
    Page,
    ParseError,
    Rating,
    RawMention,
    Reply,
    Since,
    Subject,
)
from monitor.connector.pushes import believed, entries, signed_at
from monitor.text import parse_when

SHORTEST_SECRET = 16  # characters

Words = Annotated[str, StringConstraints(max_length=200_000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class InboundWebhookConfig(ConnectorConfig):
    """Options of a source that is posted to."""

    secret: SecretStr = Field(description="with which the sender signs; `openssl rand -hex 32` makes one")
    old_secret: SecretStr | None = Field(None, description="the one before, as long as a sender still signs with it")
    sends_answers: bool = Field(False, description="the sender tells of your answers, too (`reply_text`)")

    @field_validator("secret", "old_secret")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"a secret has {SHORTEST_SECRET} characters or more; `openssl rand -hex 32` makes one")
        return value


class Entry(BaseModel):
    """One review as it is posted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[Short, StringConstraints(min_length=1)] | int
    deleted: bool = False
    text: Words | None = None
    title: Short | None = None
    rating: float | None = None
    rating_best: float = 5.0
    rating_worst: float = 1.0
    author: Short | None = None
    author_id: Short | int | None = None
    published_at: Short | None = None
    updated_at: Short | None = None
    url: Annotated[Short, StringConstraints(pattern="^https?://")] | None = None
    answer_url: Annotated[Short, StringConstraints(pattern="^https?://")] | None = None
    language: Short | None = None
    kind: Literal["review", "post", "comment", "message"] = "review"
    place: Short | None = None
    product: Short | None = None
    app_version: Short | None = None
    device: Short | None = None
    country: Short | None = None
    audience: Annotated[int, Field(ge=0)] | None = None
    audience_kind: Short = "readers"
    reply_text: Words | None = None
    replied_at: Short | None = None
    thread_id: Short | int | None = None
    parent_id: Short | int | None = None

    @field_validator("published_at", "updated_at", "replied_at")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        if value is not None and parse_when(value) is None:
            raise ValueError('no time; write it like "2026-11-24T10:15:00Z"')
        return value


class InboundWebhook(Connector[InboundWebhookConfig]):
    """Reviews that are posted to us."""

    Config = InboundWebhookConfig
    pushed_only = True
    may_be_empty = True  # nothing is asked for
    default_every = timedelta(hours=1)
    sees = "What is posted to it, minutes or days after it was written; that a sender has fallen silent it cannot see."
    needs = "a program that can sign what it posts, and an address of yours that it reaches"
    steps = (
        "Make a secret with `openssl rand -hex 32`, and give it to the sender and to this source.",
        'Write listen = "127.0.0.1:8080" and public_url = "https://…" into [monitor], and lead /push/ there, with TLS.',
        "`monitor check` says the address to give to the sender.",
    )
    ready_in = "15 minutes"
    proven = "server"

    def __init__(self, config: InboundWebhookConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.sees_answers = "yes" if config.sends_answers else "no"

    def start(self, since: Since) -> Iterable[AnyRequest]:
        """Yield nothing: there is nobody to ask."""
        return ()

    def receive(self, headers: Mapping[str, str], body: bytes) -> Page:
        """Read what was posted, all of it. Raises UsageError for a wrong signature, ParseError naming the entry."""
        secrets = [secret for secret in (self.config.secret, self.config.old_secret) if secret]
        believed(headers, body, secrets)
        found = [_entry(value, number) for number, value in enumerate(entries(body), start=1)]
        mentions = tuple(_mention(entry) for entry in found if not entry.deleted)
        return Page(mentions, gone=tuple(str(entry.id) for entry in found if entry.deleted))

    def pushed_at(self, headers: Mapping[str, str]) -> datetime:
        """Return the time that the signature covers."""
        return signed_at(headers)


def _entry(value: Any, number: int) -> Entry:
    try:
        entry = Entry.model_validate(value)
    except ValidationError as error:
        raise ParseError(f"review {number}: {_wrong(error)}; nothing was stored") from error
    if not entry.deleted and entry.rating is None and not (entry.text or entry.title):
        raise ParseError(f"review {number}: one of `text`, `title` and `rating` is needed; nothing was stored")
    if entry.rating is not None and Rating(entry.rating, entry.rating_best, entry.rating_worst).stars is None:
        raise ParseError(f"review {number}: `rating` is not between rating_worst and rating_best; nothing was stored")
    return entry


def _wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return "it is no object"
    field = f"`{str(first['loc'][0])[:60]}`"
    if first["type"] == "extra_forbidden":
        return f"there is no field {field}. Known: {', '.join(Entry.model_fields)}"
    return f"{field}: {first['msg'].removeprefix('Value error, ')[:200]}"


def _mention(entry: Entry) -> RawMention:
    mark = Rating(entry.rating, entry.rating_best, entry.rating_worst) if entry.rating is not None else None
    return RawMention(
        external_id=str(entry.id),
        text=entry.text or "",
        title=entry.title,
        url=entry.url,
        answer_url=entry.answer_url,
        kind=Kind(entry.kind),
        author=Author(entry.author, _id(entry.author_id)) if entry.author or entry.author_id is not None else None,
        published_at=parse_when(entry.published_at),
        updated_at=parse_when(entry.updated_at),
        rating=mark,
        language=entry.language,
        audience=Audience(entry.audience, entry.audience_kind) if entry.audience is not None else None,
        subject=Subject(entry.place, entry.product, entry.app_version, entry.device, entry.country),
        reply=Reply(entry.reply_text, published_at=parse_when(entry.replied_at)) if entry.reply_text else None,
        thread_id=_id(entry.thread_id),
        parent_id=_id(entry.parent_id),
        absent=frozenset() if "reply_text" in entry.model_fields_set else frozenset({"reply"}),
    )


def _id(value: str | int | None) -> str | None:
    return None if value is None else str(value)
