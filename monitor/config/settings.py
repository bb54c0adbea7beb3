"""The configuration as the rest of the house sees it: frozen, checked, secrets unreadable in a repr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from monitor.connector import Connector, ConnectorConfig
from monitor.errors import Problem
from monitor.models import (
    Brand,
    DigestTimes,
    Hours,
    Json,
    Person,
    Retention,
    Rule,
    Severity,
    Target,
    Team,
)
from monitor.notifier import Notifier, NotifierConfig


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Credentials that several sources share, and what they may spend a day (in millionths of the currency)."""

    name: str
    secrets: Mapping[str, SecretStr]
    options: Mapping[str, Json] = field(default_factory=dict)  # what is not secret: an id, a user name
    daily_budget: int | None = None
    currency: str = "USD"
    ends: date | None = None  # the day on which its key ends, as somebody wrote it down


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured place to watch."""

    name: str
    connector: str
    options: ConnectorConfig
    every: timedelta
    brands: tuple[Brand, ...]
    kind: type[Connector[Any]]
    options_hash: str  # changes when the source has to start anew
    account: str | None = None
    team: str | None = None
    base_url: str | None = None
    allow_private: bool = False
    ends: date | None = None  # the day on which a key of its own ends

    @property
    def holder(self) -> str:
        """Return under which name its tokens are kept: that of its account, which others may share."""
        return self.account or f"source:{self.name}"

    def build(self) -> Connector[Any]:
        """Return the connector, ready to ask."""
        return self.kind(self.options, self.brands)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One configured way to tell people."""

    name: str
    notifier: str
    options: NotifierConfig
    kind: type[Notifier[Any]]
    base_url: str | None = None
    allow_private: bool = False
    instead: str | None = None  # where its messages go when it refuses for good
    max_per_day: int = 12  # single alerts a person; the rest waits for the digest

    def build(self) -> Notifier[Any]:
        """Return the notifier, ready to send."""
        return self.kind(self.options)


def listens(rule: Rule, source: SourceSettings) -> bool:
    """Say whether a rule may match what a source finds, going by source and brand."""
    if rule.sources and source.name not in rule.sources:
        return False
    return not rule.brands or any(brand.name in rule.brands for brand in source.brands)


def secret_values(settings: Settings) -> Iterator[str]:
    """Yield every secret of the configuration, for whoever must mask them."""
    holders = [*(source.options for source in settings.sources), *(channel.options for channel in settings.channels)]
    secrets = [secret for account in settings.accounts.values() for secret in account.secrets.values()]
    secrets += [value for holder in holders for value in dict(holder).values() if isinstance(value, SecretStr)]
    secrets += [SecretStr(person.phone_webhook) for person in settings.people.values() if person.phone_webhook]
    if settings.heartbeat_url is not None:
        secrets.append(settings.heartbeat_url)
    yield from (secret.get_secret_value() for secret in secrets)


def push_address(settings: Settings, source: SourceSettings) -> str:
    """Return where things for a source are pushed to, as far as we know from where others reach us."""
    host, port = settings.listen or ("HOST", "PORT")
    base = settings.public_url or f"http://{f'[{host}]' if ':' in str(host) else host}:{port}"
    return f"{base.rstrip('/')}/push/{quote(source.name, safe='')}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the file decides."""

    path: Path
    database: str = field(repr=False)  # an address that may hold a password; the path of SQLite is absolute
    zone: str
    contact: str | None
    operator: tuple[str, ...]  # channels; all of them when none is named
    heartbeat_url: SecretStr | None
    own_connectors: Path | None
    digest: DigestTimes
    targets: Mapping[Severity, Target]
    retention: Retention
    hours: Mapping[str, Hours]  # always has "shop" and "office"
    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    brands: tuple[Brand, ...]
    accounts: Mapping[str, AccountSettings]
    sources: tuple[SourceSettings, ...]
    channels: tuple[ChannelSettings, ...]
    rules: tuple[Rule, ...]  # never empty; `channels` of each is filled in
    scorer: str = "reviews"
    listen: tuple[str, int] | None = None  # where the daemon answers /healthz, /metrics and /push/
    public_url: str | None = None  # how others reach that
    heartbeat_allow_private: bool = False
    warnings: tuple[Problem, ...] = ()
