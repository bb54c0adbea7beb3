"""What one source needs, told although it cannot be loaded yet; and the settings for that source alone.

Whoever is about to connect a source has a file in which its secrets are missing. What is wrong elsewhere in
the file is not theirs to mend now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from monitor.config.load import Reading
from monitor.config.positions import Path
from monitor.config.secrets import is_reference, is_secret, is_text, keys_of
from monitor.config.settings import Settings
from monitor.connector import Connector
from monitor.errors import ConfigError, Problem, UsageError
from monitor.models import Json


@dataclass(frozen=True, slots=True)
class Key:
    """One key a source needs or takes: what it is called, where it stands or belongs, and whether it can be read.

    All its secrets, and those texts that are missing.
    """

    name: str
    owner: Path  # ("sources", 2), or ("accounts", 0) where several share it
    reference: Mapping[str, str] | None = field(hash=False)  # what stands there: { env = "…" } or { file = "…" }
    there: bool
    required: bool
    about: str  # the connector's words for it
    secret: bool = True


@dataclass(frozen=True, slots=True)
class Needs:
    """What a source needs before it can be looked at."""

    source: str
    kind: type[Connector[Any]]
    keys: tuple[Key, ...]
    account: str | None = None
    sharing: tuple[str, ...] = ()  # the other sources of its account
    ends: date | None = None  # when somebody wrote down that its key ends

    @property
    def owner_name(self) -> str:
        """Return whose the secrets are: the account's, or the source's own."""
        return self.account or self.source


def needs(path: FilePath, env: Mapping[str, str], name: str) -> Needs:
    """Return what a source needs. Raises UsageError for an unknown one, ConfigError for what else is wrong with it.

    What its options say together (one of two keys, say) is left to `load_one`: a missing key may be why.
    """
    reading = Reading.of(path, env)
    owner, raw = _found(reading, name)
    reading.settings()
    kind = reading.kind(raw)
    if kind is None:
        raise ConfigError(_problems(reading, owner, raw))
    account = reading.accounts.named_by(raw)
    keys = tuple(_keys(reading, kind, owner, raw, account))
    asked = {(*place, key.name) for key in keys if not key.there for place in (key.owner, owner)} | {owner}
    if problems := _problems(reading, owner, raw, asked):
        raise ConfigError(problems)
    lender = reading.accounts.found.get(account or "")
    listed = [entry for _, entry in reading.tables.entries("sources")]
    others = [str(one["name"]) for one in listed if account and one.get("account") == account and one is not raw]
    return Needs(name, kind, keys, account, tuple(others), lender.ends if lender else reading.ends_of(raw))


def load_one(path: FilePath, env: Mapping[str, str], name: str, given: Mapping[Path, Json] | None = None) -> Settings:
    """Return the settings for one source; what is wrong with others is left out of them.

    `given` are values and references to secrets, by their place, that do not stand in the file yet. Raises UsageError
    for an unknown source, ConfigError with what is wrong with this one, its account, the brands or the house.
    """
    reading = Reading.of(path, env, given=given)
    owner, raw = _found(reading, name)
    settings = reading.settings()
    if problems := _problems(reading, owner, raw):
        raise ConfigError(problems)
    return settings()


def _found(reading: Reading, name: str) -> tuple[Path, dict[str, Any]]:
    numbers = reading.tables.names["sources"]
    if name not in numbers:
        raise UsageError(f"there is no source `{name[:60]}`. {reading.findings.nearest(name, numbers)}")
    return ("sources", numbers[name]), reading.tables.raw["sources"][numbers[name]]


def _problems(reading: Reading, owner: Path, raw: Mapping[str, Any], asked: Collection[Path] = ()) -> list[Problem]:
    """Return what is wrong with a source, its account, the brands or the house, but for keys that are asked for."""
    account = reading.accounts.named_by(raw)
    mine = {owner, ("monitor",), reading.accounts.owner(account) if account else owner}
    return reading.findings.problems(
        lambda of, key: (of in mine or of[:1] == ("brands",)) and (*of, *key[:1]) not in asked
    )


def _keys(
    reading: Reading, kind: type[Connector[Any]], owner: Path, raw: Mapping[str, Any], account: str | None
) -> list[Key]:
    shared = reading.accounts.owner(account) if account else owner
    lent = reading.tables.raw["accounts"][shared[1]] if account else {}
    found = []
    for key, info in keys_of(kind.Config).items():
        place, table = (owner, raw) if key in raw or not account else (shared, lent)
        value = table.get(key)
        if not is_secret(info.annotation):
            if value is None and is_text(info.annotation):
                about = info.description or ""
                found.append(Key(key, place, None, False, info.is_required(), about, secret=False))
            continue
        there = value is not None and (*place, key) not in reading.secrets.failed
        reference = value if is_reference(value) else None
        if value is not None and not there and reference is None:
            continue  # a secret in plain text: that is told as what it is
        found.append(Key(key, place, reference, there, info.is_required(), info.description or ""))
    return found
