"""The tables of monitor.toml as pydantic sees them. Every key of the file that is not a plug-in's own stands here."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    StrictBool,
    StrictInt,
)

from monitor import scoring
from monitor.config import addresses, grammar
from monitor.config.secrets import MAY_BE_SECRET
from monitor.models import Severity, Span, Target

MAX_NAME = 100
MOST_A_DAY = 1000


def _name(value: str) -> str:
    if not value or len(value) > MAX_NAME or not value.isprintable() or value != value.strip():
        raise ValueError(f"a name has 1 to {MAX_NAME} characters, no line breaks, no spaces at its ends")
    return value


def _listed(value: Any) -> Any:
    """Let one thing stand for a list of one."""
    return [value] if isinstance(value, str) else value


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f'{grammar.shown(value)} is no language tag. Write it like "en" or "de"')
    return value.lower()


def _member_id(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", value):
        raise ValueError(f"{grammar.shown(value)} is no member id of Slack: in the profile, More, Copy member ID")
    return value


def _rating(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e6 < value < 1e6:
        raise ValueError(f"{grammar.shown(value)} is no number of stars. Allowed: 1 to 5")
    return float(value)


def _address(value: Any) -> str:
    return addresses.web_address(value)


def _scorer(value: str) -> str:
    if value not in scoring.NAMES:
        known = ", ".join(scoring.NAMES)
        raise ValueError(f"{grammar.shown(value)} is not among what is allowed. Allowed: {known}.")
    return value


def _database(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
        raise ValueError('is no database I know. Write "sqlite:///monitor.db" or "postgresql+psycopg://host/name"')
    if value.rstrip("/") == "sqlite:" or ":memory:" in value:
        raise ValueError('names no file, so nothing would be kept. Write "sqlite:///monitor.db"')
    return value.replace("postgresql://", "postgresql+psycopg://", 1)


Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), AfterValidator(_once)]
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], BeforeValidator(_listed)]
Language = Annotated[str, AfterValidator(_language)]
Pattern = Annotated[str, PlainValidator(grammar.pattern)]
Zone = Annotated[str, PlainValidator(grammar.zone)]
Clock = Annotated[time, PlainValidator(grammar.time_of_day)]
Due = Annotated[Target, PlainValidator(grammar.target)]
Kept = Annotated[timedelta, PlainValidator(grammar.reader(grammar.span, grammar.KEPT, long=True))]
Every = Annotated[timedelta, PlainValidator(grammar.reader(grammar.span, grammar.EVERY))]
Address = Annotated[str, PlainValidator(_address)]
Day = Annotated[date, PlainValidator(grammar.day)]
Mail = Annotated[str, PlainValidator(addresses.mail_address)]


class Table(BaseModel):
    """A table of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DigestTable(Table):
    """`digest = { … }`: when the summaries come, local times."""

    at: Clock = time(8, 30)
    weekly: Annotated[tuple[int, time], PlainValidator(grammar.weekly)] = (0, time(8, 30))
    report: Annotated[tuple[int, time], PlainValidator(grammar.monthly)] = (1, time(9, 0))
    when_empty: StrictBool = False


class TargetsTable(Table):
    """`targets = { … }`: by when an answer should be there."""

    critical: Due = Target(timedelta(hours=1))
    high: Due = Target(timedelta(hours=4), working=True)
    normal: Due = Target(timedelta(), next_working_day=True)
    low: Due = Target(timedelta(), next_working_day=True)


class RetentionTable(Table):
    """`retention = { … }`: how long things are kept."""

    text: Kept = timedelta(days=761)
    raw: Kept = timedelta(days=14)
    sent: Kept = timedelta(days=90)


class MonitorTable(Table):
    """`[monitor]`: what holds for the whole house."""

    database: Annotated[str, PlainValidator(_database), MAY_BE_SECRET] = "sqlite:///monitor.db"
    timezone: Zone = "UTC"
    contact: Annotated[str, PlainValidator(addresses.contact)] | None = None
    operator: Names = ()
    heartbeat_url: SecretStr | None = None
    heartbeat_allow_private: bool = False
    own_connectors: str | None = None
    listen: Annotated[tuple[str, int], PlainValidator(grammar.listening)] | None = None
    public_url: Address | None = None
    scorer: Annotated[str, AfterValidator(_scorer)] = scoring.DEFAULT
    digest: DigestTable = DigestTable()
    targets: TargetsTable = TargetsTable()
    retention: RetentionTable = RetentionTable()


class HoursTable(Table):
    """`[hours.NAME]`: when somebody is there."""

    open: Annotated[tuple[tuple[Span, ...], ...], PlainValidator(grammar.week)]
    holidays: Annotated[str, PlainValidator(grammar.holidays_of)] | None = None
    timezone: Zone | None = None


class PersonTable(Table):
    """`[[people]]`: somebody who may be told."""

    name: Name
    mail: Mail | None = None
    slack: Annotated[str, AfterValidator(_member_id)] | None = None
    phone_webhook: SecretStr | None = None
    away: Annotated[tuple[tuple[date, date], ...], PlainValidator(grammar.away)] = ()
    stand_in: Name | None = None


class TeamTable(Table):
    """`[[teams]]`: people who share work."""

    name: Name
    people: Annotated[Names, Field(min_length=1)]
    manager: Name | None = None
    hours: Name | None = None
    quiet: Annotated[Span | None, PlainValidator(grammar.quiet)] = Span(time(21), time(8))
    may_wake: StrictBool = False
    channels: Names = ()


class BrandTable(Table):
    """`[[brands]]`: what people call us."""

    name: Name
    terms: Annotated[Words, Field(min_length=1)]
    exclude: Words = ()
    own_accounts: dict[Name, Words] = {}


class AccountTable(Table):
    """`[[accounts]]`: what is common to all; the other keys are those of the connectors that use it."""

    name: Name
    daily_budget: Annotated[tuple[int, str], PlainValidator(grammar.money)] | None = None
    ends: Day | None = None


class SourceTable(Table):
    """`[[sources]]`: what is common to all; the other keys are the connector's own."""

    name: Name
    connector: Name
    every: Every | None = None
    brand: Name | None = None
    brands: Names = ()
    account: Name | None = None
    team: Name | None = None
    base_url: Address | None = None
    allow_private: StrictBool = False
    ends: Day | None = None


class ChannelTable(Table):
    """`[[channels]]`: what is common to all; the other keys are the notifier's own."""

    name: Name
    notifier: Name
    base_url: Address | None = None
    allow_private: StrictBool = False
    instead: Name | None = None
    max_per_day: Annotated[StrictInt, Field(ge=1, le=MOST_A_DAY)] = 12


class RuleTable(Table):
    """`[[rules]]`: which mentions matter, to which channels."""

    name: Name
    when: Literal["bad", "good", "any"] = "bad"
    channels: Names = ()
    team: Name | None = None
    severity: Severity | None = None
    sources: Names = ()
    brands: Names = ()
    subjects: Words = ()
    topics: Words = ()
    languages: Annotated[tuple[Language, ...], BeforeValidator(_listed)] = ()
    rating_at_most: Annotated[float, PlainValidator(_rating)] | None = None
    contains: Annotated[tuple[Pattern, ...], BeforeValidator(_listed)] = ()
    stop: StrictBool = False
    case: StrictBool = False


LISTS: dict[str, type[Table]] = {
    "people": PersonTable,
    "teams": TeamTable,
    "brands": BrandTable,
    "accounts": AccountTable,
    "sources": SourceTable,
    "channels": ChannelTable,
    "rules": RuleTable,
}
"""The `[[…]]` lists of tables by name."""
