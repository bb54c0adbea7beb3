"""TOML → pydantic → the frozen values of the house. Every problem is found, not the first only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from monitor.config import doubts, file, grammar, schema
from monitor.config.accounts import Accounts
from monitor.config.addresses import is_private, web_address
from monitor.config.explain import explain
from monitor.config.findings import Findings
from monitor.config.positions import Path
from monitor.config.renamed import RENAMED, Renamed, apply
from monitor.config.secrets import Secrets, is_secret, keys_of, takes_secret
from monitor.config.settings import ChannelSettings, Settings, SourceSettings
from monitor.config.tables import USUAL_HOURS, Tables, split
from monitor.connector import Connector, ConnectorConfig
from monitor.errors import ConfigError, UsageError
from monitor.models import Brand, DigestTimes, Hours, Json, Person, Retention, Rule, Severity, Team
from monitor.notifier import Notifier, NotifierConfig
from monitor.plugins import Plugins, connectors, notifiers

T = TypeVar("T", bound=BaseModel)

FILE_NAME = "monitor.toml"
USUAL_RULE = "bad reviews"
"""The rule that is there when the file has none: bad reviews, to all channels."""


def find(path: FilePath | None, env: Mapping[str, str]) -> FilePath:
    """Return which file to load: the named one, else $MONITOR_CONFIG, else monitor.toml here."""
    return path or FilePath(env.get("MONITOR_CONFIG") or FILE_NAME)


def load(path: FilePath, env: Mapping[str, str], *, renamed: Sequence[Renamed] = RENAMED) -> Settings:
    """Return the settings that a file holds; secrets come from `env` and from the files it names.

    Raises ConfigError with all problems in file order. What works and is probably not meant is in
    `Settings.warnings`.
    """
    reading = Reading.of(path, env, renamed=renamed)
    settings = reading.settings()
    if problems := reading.findings.problems():
        raise ConfigError(problems)
    return doubts.with_warnings(settings(), reading.findings)


@dataclass
class Reading:
    """One reading of one file: tables in, values out, what is wrong goes to the findings."""

    path: FilePath
    tables: Tables
    findings: Findings
    secrets: Secrets
    accounts: Accounts
    broken: set[tuple[str, str]] = field(default_factory=set)  # plug-ins whose fault is told already

    @classmethod
    def of(
        cls,
        path: FilePath,
        env: Mapping[str, str],
        *,
        renamed: Sequence[Renamed] = RENAMED,
        given: Mapping[Path, Json] | None = None,
    ) -> Reading:
        """Open a file. `given` are values by their place, as if they stood in it."""
        text, raw = file.read(path)
        findings = Findings(path, text, raw)
        apply(renamed, raw, findings)
        for (kind, number, key), value in (given or {}).items():
            raw[str(kind)][number][key] = value
        secrets = Secrets(findings, env, path.absolute().parent)
        tables = Tables(raw, findings, secrets)
        return cls(path, tables, findings, secrets, Accounts(tables))

    def settings(self) -> Callable[[], Settings]:
        """Read everything; return what makes the settings, to be called when nothing is wrong."""
        self.tables.check_shape()
        monitor = self._monitor()
        hours = self._hours(monitor.timezone)
        people = self._people()
        teams = self._teams()
        brands = self._brands()
        accounts = self.accounts.read()
        channels = self._channels()
        sources = self._sources(brands)
        rules = self._rules(teams)
        self.accounts.check()
        self.tables.check_references()

        def made() -> Settings:
            return Settings(
                path=self.path,
                database=self._database(monitor.database),
                zone=monitor.timezone,
                contact=monitor.contact,
                operator=monitor.operator or tuple(channel.name for channel in channels),
                heartbeat_url=monitor.heartbeat_url,
                heartbeat_allow_private=monitor.heartbeat_allow_private,
                own_connectors=self._own_folder,
                digest=DigestTimes(**dict(monitor.digest)),
                targets={severity: getattr(monitor.targets, severity.value) for severity in Severity},
                retention=Retention(**dict(monitor.retention)),
                hours=hours,
                people=people,
                teams=teams,
                brands=tuple(brands.values()),
                accounts=accounts,
                sources=tuple(sources),
                channels=tuple(channels),
                rules=tuple(rules),
                scorer=monitor.scorer,
                listen=monitor.listen,
                public_url=monitor.public_url,
            )

        return made

    # --- the house

    def _monitor(self) -> schema.MonitorTable:
        raw = self.tables.raw.get("monitor", {})
        table = self.tables.read(schema.MonitorTable, raw, ("monitor",)) if isinstance(raw, dict) else None
        found = table or self._what_can_be_read(raw)
        self._check_secret_address(("monitor",), "heartbeat_url", found.heartbeat_url)
        if isinstance(raw, dict) and found.own_connectors is not None and self._own_folder is None:
            what = f"`own_connectors`: there is no folder {grammar.shown(found.own_connectors)} beside this file"
            self.findings.problem(("monitor",), what, ("own_connectors",))
        return found

    def _what_can_be_read(self, raw: Any) -> schema.MonitorTable:
        # One bad key must not make the others look absent: the zone is needed to read on.
        good = {}
        for key, value in raw.items() if isinstance(raw, dict) else ():
            try:
                schema.MonitorTable.model_validate({key: value})
            except ValidationError:
                continue
            good[key] = value
        return schema.MonitorTable.model_validate(good)

    @cached_property
    def _own_folder(self) -> FilePath | None:
        raw = self.tables.raw.get("monitor")
        name = raw.get("own_connectors") if isinstance(raw, dict) else None
        folder = self.path.absolute().parent / name if isinstance(name, str) and name else None
        # Not the method of the path, which raises for a name that no file system takes.
        return folder if folder is not None and os.path.isdir(folder) else None

    def _database(self, url: str) -> str:
        scheme, slashes, name = url.partition("sqlite:///")
        return url if scheme else f"{slashes}{self.path.absolute().parent / name}"

    def _check_secret_address(self, owner: Path, key: str, value: SecretStr | None) -> None:
        if value is None or self.tables.told(owner, (key,)):
            return
        try:
            web_address(value.get_secret_value(), query=True)
        except ValueError:
            # Its words may repeat what they found, and this is a secret.
            self.findings.problem(owner, f"`{key}` holds no web address; one begins with https://", (key,))

    def _hours(self, zone: str) -> dict[str, Hours]:
        found = {name: make(zone) for name, make in USUAL_HOURS.items()}
        raw = self.tables.raw.get("hours")
        for name, entry in raw.items() if isinstance(raw, dict) else ():
            if not isinstance(entry, dict) or name in keys_of(schema.HoursTable):
                continue
            if table := self.tables.read(schema.HoursTable, entry, ("hours", name)):
                found[name] = Hours(name, table.timezone or zone, table.open, table.holidays)
        return found

    def _people(self) -> dict[str, Person]:
        found = {}
        for owner, raw in self.tables.entries("people"):
            if isinstance(raw.get("name"), str) and raw.get("stand_in") == raw["name"]:
                self.findings.problem(owner, "`stand_in`: nobody stands in for themselves", ("stand_in",))
            if not (table := self.tables.read(schema.PersonTable, raw, owner)):
                continue
            self._check_secret_address(owner, "phone_webhook", table.phone_webhook)
            phone = table.phone_webhook.get_secret_value() if table.phone_webhook else None
            found[table.name] = Person(table.name, table.mail, table.slack, phone, table.away, table.stand_in)
        return found

    def _teams(self) -> dict[str, Team]:
        read = (self.tables.read(schema.TeamTable, raw, owner) for owner, raw in self.tables.entries("teams"))
        return {table.name: Team(**{**dict(table), "hours": table.hours or "office"}) for table in read if table}

    def _brands(self) -> dict[str, Brand]:
        found = {}
        for owner, raw in self.tables.entries("brands"):
            accounts = raw.get("own_accounts")
            for name in accounts if isinstance(accounts, dict) else ():
                self.tables.among(owner, ("own_accounts", name), name, self._connectors, "is no connector")
            if table := self.tables.read(schema.BrandTable, raw, owner):
                found[table.name] = Brand(**dict(table))
        return found

    # --- plug-ins with options of their own

    @cached_property
    def _connectors(self) -> Plugins[Connector[Any]]:
        return connectors(self._own_folder)

    @cached_property
    def _notifiers(self) -> Plugins[Notifier[Any]]:
        return notifiers()

    def _plugin(self, plugins: Plugins[Any], owner: Path, key: str, name: Any) -> type[Any] | None:
        if not isinstance(name, str) or (key, name) in self.broken:
            return None
        if name not in plugins:
            self.tables.among(owner, (key,), name, list(plugins), f"is no {key}")
            return None
        try:
            return plugins[name]
        except UsageError as error:
            self.broken.add((key, name))
            self.findings.problem(owner, str(error), (key,))
            return None

    def kind(self, raw: Mapping[str, Any]) -> type[Connector[Any]] | None:
        """Return the connector of a source's table, or None where it names none that can be loaded."""
        name = raw.get("connector")
        known = isinstance(name, str) and name in self._connectors and ("connector", name) not in self.broken
        return self._connectors[str(name)] if known else None

    def ends_of(self, raw: Mapping[str, Any]) -> date | None:
        """Return the day on which the key of a source's table ends, where one stands there that can be read."""
        return grammar.day(raw["ends"]) if "ends" in raw else None

    def _options(
        self, model: type[T], raw: dict[str, Any], owner: Path, common: Sequence[str], account: str | None = None
    ) -> T | None:
        filled = self.secrets.fill(model, raw, owner)
        lent = self.accounts.lent(account, model, raw)
        try:
            return model.model_validate({**lent, **filled})
        except ValidationError as error:
            for key, sentence in explain(error, model, {**lent, **filled}, list(common)):
                lender = self.accounts.owner(account) if key and key[0] in lent else owner
                if not self.tables.told(lender, key):
                    asked = self.secrets.asked_for(lender) if _is_missing_secret(model, key, lent, filled) else ""
                    self.findings.problem(lender, sentence.rstrip(".") + asked if asked else sentence, key)
        return None

    def _channels(self) -> list[ChannelSettings]:
        found = []
        for owner, raw in self.tables.entries("channels"):
            common, own = split(raw, schema.ChannelTable)
            table = self.tables.read(schema.ChannelTable, common, owner)
            kind = self._plugin(self._notifiers, owner, "notifier", raw.get("notifier"))
            options = self._options(kind.Config, own, owner, list(keys_of(schema.ChannelTable))) if kind else None
            self._check_base_url(owner, raw)
            if table and kind and isinstance(options, NotifierConfig):
                found.append(ChannelSettings(kind=kind, options=options, **dict(table)))
        self._check_circles()
        if not self.tables.names["channels"] and not isinstance(self.tables.raw.get("channels"), dict):
            self.findings.problem((), "there is no channel, so nobody would be told. Write one [[channels]] at least")
        return found

    def _check_circles(self) -> None:
        after = {
            entry["name"]: entry.get("instead")
            for _, entry in self.tables.entries("channels")
            if isinstance(entry.get("name"), str)
        }
        for name, number in self.tables.names["channels"].items():
            seen, following = [name], after[name]
            while isinstance(following, str) and following in after and following not in seen:
                seen.append(following)
                following = after[following]
            if following == name:
                way = " → ".join(f"`{step}`" for step in [*seen, name])
                self.findings.problem(("channels", number), f"`instead` leads in a circle: {way}", ("instead",))

    def _sources(self, brands: Mapping[str, Brand]) -> list[SourceSettings]:
        return [
            source
            for owner, raw in self.tables.entries("sources")
            if (source := self._source(owner, raw, brands)) is not None
        ]

    def _source(self, owner: Path, raw: dict[str, Any], brands: Mapping[str, Brand]) -> SourceSettings | None:
        common, own = split(raw, schema.SourceTable)
        table = self.tables.read(schema.SourceTable, common, owner)
        kind = self._plugin(self._connectors, owner, "connector", raw.get("connector"))
        account = self.accounts.named_by(raw)
        self.accounts.used_by(account, kind.Config if kind else None)
        options = self._options(kind.Config, own, owner, list(keys_of(schema.SourceTable)), account) if kind else None
        self._check_source(owner, raw, kind)
        self._check_end(owner, raw, kind, account)
        self._check_money(owner, kind, account)
        if not kind or not isinstance(options, ConnectorConfig):
            return None
        # Asked of the instance: whether a feed is searched is one of its options.
        searches = kind(options).searches
        if searches and not self.tables.names["brands"]:
            title = kind.title or str(raw["connector"])
            what = f'{title} is searched by words, and there is no [[brands]]: write one with terms = ["…"]'
            self.findings.problem(owner, what, ("connector",))
        if not table:
            return None
        names = (table.brand,) if table.brand else table.brands
        chosen = tuple(brands[name] for name in names or brands if name in brands)
        return SourceSettings(
            name=table.name,
            connector=table.connector,
            options=options,
            every=table.every or kind.default_every,
            brands=chosen,
            kind=kind,
            options_hash=_options_hash(table.connector, options, chosen if searches else ()),
            account=table.account,
            team=table.team,
            base_url=table.base_url,
            allow_private=table.allow_private,
            ends=table.ends,
        )

    def _check_end(
        self, owner: Path, raw: Mapping[str, Any], kind: type[Connector[Any]] | None, account: str | None
    ) -> None:
        if kind is None or "ends" not in raw:
            return
        secret = {key for key, info in keys_of(kind.Config).items() if takes_secret(info.annotation)}
        if account is not None and not secret & raw.keys():
            what = f"`ends`: it has no key of its own. Write it in the [[accounts]] table `{account[:60]}`"
            self.findings.problem(owner, what, ("ends",))
        elif not secret:
            what = f"`ends`: {kind.title or raw['connector']} takes no key, so none can end"
            self.findings.problem(owner, what, ("ends",))

    def _check_source(self, owner: Path, raw: Mapping[str, Any], kind: type[Connector[Any]] | None) -> None:
        self._check_base_url(owner, raw)
        if "brand" in raw and "brands" in raw:
            self.findings.problem(owner, "`brand` and `brands` are both there. Keep `brands`", ("brand",))
        if kind is None:
            return
        title = kind.title or str(raw["connector"])
        if (wanted := _span_or_none(raw.get("every"))) is not None and wanted < kind.fastest:
            limit, usual = grammar.in_words(kind.fastest), grammar.in_words(kind.default_every)
            about = f" ({kind.sees.rstrip('.')})" if kind.sees else ""
            what = (
                f"`every`: {grammar.shown(raw['every'])} is faster than {title} takes{about}. "
                f"Allowed: {limit} or more; without the key it is {usual}"
            )
            self.findings.problem(owner, what, ("every",))

    def _check_money(self, owner: Path, kind: type[Connector[Any]] | None, account: str | None) -> None:
        """Where each request costs money, nothing is asked without a limit that somebody has set."""
        if kind is None or kind.paid is None:
            return
        lender = self.accounts.found.get(account or "")
        if account is not None and lender is None:
            return  # the account itself is unreadable, and that is told
        if lender is not None and lender.daily_budget is not None and lender.currency == kind.paid:
            return
        what = (
            f"{kind.title} charges for what is read, in {kind.paid}: it needs an [[accounts]] table with "
            f'daily_budget = "1 {kind.paid}", which the source names as its `account`'
        )
        self.findings.problem(owner, what, ("account",))

    def _check_base_url(self, owner: Path, raw: Mapping[str, Any]) -> None:
        address = raw.get("base_url")
        if isinstance(address, str) and raw.get("allow_private") is not True and is_private(address):
            what = (
                f"`base_url`: {grammar.shown(address)} is not on the public internet. "
                "If that is meant, add allow_private = true"
            )
            self.findings.problem(owner, what, ("base_url",))

    # --- who is told

    def _rules(self, teams: Mapping[str, Team]) -> list[Rule]:
        everybody = tuple(self.tables.names["channels"])
        found = []
        for owner, raw in self.tables.entries("rules"):
            if not raw.get("channels") and raw.get("team") is None:
                example = next(iter(self.tables.names["channels"]), "support-slack")
                self.findings.problem(
                    owner, f'`channels` is missing: whom does it tell? Write channels = ["{example}"]'
                )
            if table := self.tables.read(schema.RuleTable, raw, owner):
                team = teams.get(table.team or "")
                told = table.channels or (team.channels if team else ()) or everybody
                found.append(Rule(**{**dict(table), "channels": told}))
        return found or [Rule(USUAL_RULE, everybody)]


def _is_missing_secret(model: type[BaseModel], key: Path, *tables: Mapping[str, Any]) -> bool:
    info = keys_of(model).get(str(key[0])) if len(key) == 1 else None
    return info is not None and is_secret(info.annotation) and not any(key[0] in table for table in tables)


def _span_or_none(value: Any) -> timedelta | None:
    try:
        return grammar.span(value, grammar.EVERY)
    except ValueError:
        return None


def _options_hash(connector: str, options: ConnectorConfig, searched: Sequence[Brand]) -> str:
    # Where a site is searched, the words are as much an option as any other.
    words = [[*brand.terms] for brand in searched]
    return hashlib.sha256(f"{connector} {options.options_hash()} {words}".encode()).hexdigest()[:16]
