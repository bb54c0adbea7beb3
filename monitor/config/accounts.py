"""Accounts: credentials that several sources share, lent to each that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, SecretStr

from monitor.config.explain import unknown_key
from monitor.config.positions import Path
from monitor.config.schema import AccountTable
from monitor.config.secrets import keys_of, takes_secret
from monitor.config.settings import AccountSettings
from monitor.config.tables import Tables, split


@dataclass
class Accounts:
    """The accounts of one file. Their keys are those of the connectors that use them."""

    tables: Tables
    found: dict[str, AccountSettings] = field(default_factory=dict)  # those that can be read
    _values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _known: dict[str, set[str] | None] = field(default_factory=dict)  # keys its sources know; None: one is unreadable

    def read(self) -> dict[str, AccountSettings]:
        """Return the accounts by name."""
        for owner, raw in self.tables.entries("accounts"):
            common, own = split(raw, AccountTable)
            values = {key: self.tables.secrets.any(value, owner, (key,)) for key, value in own.items()}
            if isinstance(name := raw.get("name"), str) and name in self.tables.names["accounts"]:
                self._values[name] = values
            if table := self.tables.read(AccountTable, common, owner):
                budget, currency = table.daily_budget or (None, "USD")
                secrets = {key: value for key, value in values.items() if isinstance(value, SecretStr)}
                options = {key: value for key, value in values.items() if key not in secrets}
                self.found[table.name] = AccountSettings(table.name, secrets, options, budget, currency, table.ends)
        return self.found

    def named_by(self, source: Mapping[str, Any]) -> str | None:
        """Return the account that a source's table names, or None when it names none that is there."""
        name = source.get("account")
        return name if isinstance(name, str) and name in self._values else None

    def owner(self, account: str | None) -> Path:
        """Return where an account stands in the file."""
        return ("accounts", self.tables.names["accounts"][account or ""])

    def lent(self, account: str | None, model: type[BaseModel], raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an account fills in: keys that the options know and the source does not say itself."""
        values = self._values.get(account or "", {})
        fields = keys_of(model)
        return {
            key: self._as_wanted(account, key, values[key], secret=takes_secret(info.annotation))
            for key, info in fields.items()
            if key in values and key not in raw
        }

    def _as_wanted(self, account: str | None, key: str, value: Any, *, secret: bool) -> Any:
        owner = self.owner(account)
        if secret and isinstance(value, str) and not self.tables.told(owner, (key,)):
            self.tables.secrets.plain(owner, (key,))
        return value.get_secret_value() if isinstance(value, SecretStr) and not secret else value

    def used_by(self, account: str | None, options: type[BaseModel] | None) -> None:
        """Note that a source with these options uses an account; None when its connector cannot be loaded."""
        if account is None:
            return
        known = self._known.setdefault(account, set())
        if options is None:
            self._known[account] = None
        elif known is not None:
            known.update(keys_of(options))

    def check(self) -> None:
        """Tell of keys that none of an account's sources knows."""
        for account, known in self._known.items():
            if known is None:
                continue
            for key in self._values[account].keys() - known:
                sentence = unknown_key(key, sorted(known), list(keys_of(AccountTable)))
                self.tables.findings.problem(self.owner(account), sentence, (key,))
