"""Who hears of what, and when: worked out once from the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from monitor import calendar, policy
from monitor.config import ChannelSettings, Settings
from monitor.models import Severity
from monitor.store.alerts import Route


@dataclass(frozen=True)
class Routing:
    """Who hears of what, worked out once from the configuration."""

    settings: Settings
    targets: Mapping[str, tuple[str, ...]]  # recipients by channel

    @classmethod
    def of(cls, settings: Settings) -> Routing:
        """Work out the routing of a configuration."""
        targets = {channel.name: channel.build().targets() for channel in settings.channels}
        return cls(settings, targets)

    @cached_property
    def decider(self) -> policy.Decider:
        """Return the rules, compiled."""
        return policy.Decider(self.settings.rules, self.settings.teams)

    @cached_property
    def channels(self) -> Mapping[str, ChannelSettings]:
        """Return the channels by name."""
        return {channel.name: channel for channel in self.settings.channels}

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

    def due_at(self, team: str | None, severity: Severity, opened: datetime) -> datetime | None:
        """Return by when an answer should be there."""
        target = self.settings.targets.get(severity)
        if target is None:
            return None
        found = self.settings.teams.get(team) if team else None
        hours = self.settings.hours.get(found.hours) if found and found.hours else None
        return calendar.due_at(target, hours or calendar.office_hours(self.zone_of(team)), opened)
