"""Who hears of what, and when: worked out once from the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import SecretStr

from monitor import calendar, plugins, policy
from monitor.config import ChannelSettings, Settings, SourceSettings
from monitor.models import Hours, Person, Severity, Team
from monitor.store.alerts import Route

PHONE = "phone:"  # how the name of a channel begins that makes somebody's phone ring
QUIET = "quiet hours"  # how the reason begins for which a message is held until the morning


@dataclass(frozen=True)
class Routing:
    """Who hears of what, worked out once from the configuration."""

    settings: Settings
    targets: Mapping[str, tuple[str, ...]]  # recipients by channel

    @classmethod
    def of(cls, settings: Settings) -> Routing:
        """Work out the routing of a configuration."""
        targets = {channel.name: channel.build().targets() for channel in settings.channels}
        return cls(settings, targets | dict.fromkeys(_phones(settings), ("",)))

    @cached_property
    def decider(self) -> policy.Decider:
        """Return the rules, compiled."""
        return policy.Decider(self.settings.rules, self.settings.teams)

    @cached_property
    def channels(self) -> Mapping[str, ChannelSettings]:
        """Return the channels by name, those that make a phone ring among them."""
        return {channel.name: channel for channel in self.settings.channels} | self.phones

    @cached_property
    def phones(self) -> dict[str, ChannelSettings]:
        """Return a channel for each person whose phone can be made to ring: `phone:ana`. No rule names them."""
        return _phones(self.settings)

    def ringing(self, people: Sequence[Person], due_at: datetime, held: str | None = None) -> list[Route]:
        """Return the routes to the phones of some people. For danger only."""
        names = [f"{PHONE}{person.name}" for person in people]
        return [Route(name, "", due_at, held) for name in names if name in self.phones]

    @cached_property
    def _verifiable(self) -> dict[str, bool]:
        return {}

    def verifiable(self, source: SourceSettings) -> bool:
        """Say whether an answer can be seen on a source's site, early or late."""
        found = self._verifiable.get(source.name)
        if found is None:
            found = self._verifiable[source.name] = source.build().sees_answers != "no"
        return found

    def source(self, name: str) -> SourceSettings | None:
        """Return a source of the configuration by name, or None."""
        return self._sources.get(name)

    @cached_property
    def _sources(self) -> Mapping[str, SourceSettings]:
        return {source.name: source for source in self.settings.sources}

    def routes(self, channel: str, due_at: datetime, held: str | None = None) -> list[Route]:
        """Return one route a recipient of a channel."""
        return [Route(channel, target, due_at, held) for target in self.targets.get(channel, ())]

    def owner_channels(self, source: str | None) -> tuple[str, ...]:
        """Return the channels that hear of bad mentions of a source: its owners' channels."""
        found: dict[str, None] = {}
        for rule in self.settings.rules:
            if source is None or not rule.sources or source in rule.sources:
                found |= dict.fromkeys(self.rule_channels(rule.channels, rule.team))
        return tuple(found)

    def rule_channels(self, channels: Sequence[str], team: str | None) -> tuple[str, ...]:
        """Return the channels of a rule: its own, or its team's."""
        if channels or team is None:
            return tuple(channels)
        return self.settings.teams[team].channels

    def operator_channels(self) -> tuple[str, ...]:
        """Return the channels of the operator; when none is named, every channel is."""
        return self.settings.operator or tuple(channel.name for channel in self.settings.channels)

    def quiet_until(self, team: str | None, severity: Severity | None, now: datetime) -> datetime | None:
        """Return until when a team is left alone, or None when it may be told now."""
        if team is None or (found := self.settings.teams.get(team)) is None or found.quiet is None:
            return None
        if severity is Severity.CRITICAL and found.may_wake:
            return None
        return calendar.quiet_until(found.quiet, self.zone_of(team), now)

    def zone_of(self, team: str | None) -> str:
        """Return the zone a team lives in."""
        found = self.settings.teams.get(team) if team else None
        hours = self.settings.hours.get(found.hours) if found and found.hours else None
        return hours.zone if hours else self.settings.zone

    def hours_of(self, team: str | None) -> Hours:
        """Return when a team is there; a team that has named no hours, and no team, are there in office hours."""
        found = self.team(team)
        hours = self.settings.hours.get(found.hours) if found and found.hours else None
        return hours or calendar.office_hours(self.zone_of(team))

    def team(self, name: str | None) -> Team | None:
        """Return a team by name, or None."""
        return self.settings.teams.get(name) if name else None

    def due_at(self, team: str | None, severity: Severity, opened: datetime) -> datetime | None:
        """Return by when an answer should be there."""
        return self.timing(team, severity, opened).due_at

    def timing(
        self, team: str | None, severity: Severity, opened: datetime, *, verifiable: bool = True
    ) -> policy.Timing:
        """Return by when an answer should be there, and who hears of it while there is none."""
        target, upper = self.settings.targets.get(severity), policy.has_upper(self.team(team))
        return policy.timing(target, self.hours_of(team), opened, upper=upper, verifiable=verifiable)

    def to_people(
        self, channels: Sequence[str], people: Sequence[Person], due_at: datetime, held: str | None = None
    ) -> list[Route]:
        """Return the routes to some people: their own address where a channel has addresses, else the whole channel.

        Without people, or where none of them has an address, everybody who reads the channels.
        """
        mails = [person.mail for person in people if person.mail]
        routes: list[Route] = []
        for channel in channels:
            by_address = any(self.targets.get(channel, ()))
            if by_address and mails:
                routes += [Route(channel, mail, due_at, held) for mail in mails]
            else:
                routes += self.routes(channel, due_at, held)
        return routes


def _phones(settings: Settings) -> dict[str, ChannelSettings]:
    if not any(person.phone_webhook for person in settings.people.values()):
        return {}
    kind = plugins.notifier("webhook")
    found = {}
    for name, person in settings.people.items():
        if person.phone_webhook:
            options = kind.Config.model_validate({"url": SecretStr(person.phone_webhook)})
            # A gateway in the house is as good as one outside: the address is the owner's own.
            found[f"{PHONE}{name}"] = ChannelSettings(f"{PHONE}{name}", "webhook", options, kind, allow_private=True)
    return found
