"""What works and is probably not meant: a rule that never matches, a channel nobody uses, a time that is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from monitor.config import grammar
from monitor.config.findings import Findings, key_name
from monitor.config.positions import Path
from monitor.config.settings import Settings, SourceSettings, listens
from monitor.models import Rule

LOWEST_STARS = 1
LOWEST_GOOD = 3  # stars; a good review has four or five

_Warn = Callable[[Path, str, Path], None]


def with_warnings(settings: Settings, findings: Findings) -> Settings:
    """Return the settings with their warnings, those found while reading included."""
    _house(settings, findings.tables.get("monitor", {}), findings.warn)
    if "rules" in findings.tables:
        _rules(settings, findings.warn)
    _channels(settings, findings.warn)
    _sources(settings, findings.warn)
    _times(settings, findings.warn)
    return replace(settings, warnings=tuple(findings.warnings()))


def _house(settings: Settings, written: Mapping[str, Any], warn: _Warn) -> None:
    if isinstance(written.get("database"), str) and urlsplit(settings.database).password:
        what = '`database` holds a password: put the whole address into a variable, database = { env = "DATABASE_URL" }'
        warn(("monitor",), what, ("database",))
    if not written.get("operator"):
        names = ", ".join(f"`{name}`" for name in settings.operator)
        what = f"`operator` is missing: when a site cannot be read, all channels hear of it ({names})"
        warn(("monitor",), what, ())
    if settings.contact is None:
        warn(
            ("monitor",), "`contact` is missing: sites like to know whom to write to before they shut somebody out", ()
        )


# --- rules ---------------------------------------------------------------------------------------


def _rules(settings: Settings, warn: _Warn) -> None:
    for number, rule in enumerate(settings.rules):
        owner = ("rules", number)
        for key, why in _never(rule, settings.sources):
            warn(owner, f"this rule never matches: {why}", (key,))
        if earlier := next((one for one in settings.rules[:number] if one.stop and _covers(one, rule)), None):
            warn(owner, f'this rule is never reached: "{earlier.name}" above it takes all that it would, and stops', ())
        if rule.when == "any" and not any(_conditions(rule)):
            warn(owner, "this rule matches everything, good mentions too", ("when",))


def _never(rule: Rule, sources: Sequence[SourceSettings]) -> Iterator[tuple[str, str]]:
    if rule.rating_at_most is not None and rule.rating_at_most < LOWEST_STARS:
        yield "rating_at_most", "nothing has less than 1 star, and no stars are not zero stars"
    elif rule.rating_at_most is not None and rule.when == "good" and rule.rating_at_most < LOWEST_GOOD:
        yield "rating_at_most", "a good review has 4 or 5 stars"
    if (rule.sources or rule.brands) and not any(listens(rule, source) for source in sources):
        yield "brands" if rule.brands else "sources", "no source of it watches for a brand of it"


def _conditions(rule: Rule) -> tuple[object, ...]:
    return (
        rule.severity,
        rule.sources,
        rule.brands,
        rule.subjects,
        rule.topics,
        rule.languages,
        rule.rating_at_most is not None,
        rule.contains,
    )


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Say whether everything that `narrow` matches is matched by `wide`."""
    lists = ("sources", "brands", "subjects", "topics", "languages", "contains")
    return (
        wide.when in ("any", narrow.when)
        and all(
            not getattr(wide, name)
            or (getattr(narrow, name) and set(getattr(narrow, name)) <= set(getattr(wide, name)))
            for name in lists
        )
        and (wide.severity is None or (narrow.severity is not None and narrow.severity.rank <= wide.severity.rank))
        and (
            wide.rating_at_most is None
            or (narrow.rating_at_most is not None and narrow.rating_at_most <= wide.rating_at_most)
        )
    )


# --- channels, sources, times --------------------------------------------------------------------


def _channels(settings: Settings, warn: _Warn) -> None:
    used = {name for rule in settings.rules for name in rule.channels}
    used.update(settings.operator)
    used.update(name for team in settings.teams.values() for name in team.channels)
    used.update(channel.instead for channel in settings.channels if channel.instead)
    for number, channel in enumerate(settings.channels):
        if channel.name not in used:
            warn(("channels", number), "nothing is sent here: no rule, team or operator names it", ())


def _sources(settings: Settings, warn: _Warn) -> None:
    if not settings.sources:
        warn((), "there is no source, so nothing is watched. Write [[sources]]", ())
    for number, source in enumerate(settings.sources):
        if not any(listens(rule, source) for rule in settings.rules):
            warn(("sources", number), "no rule listens to it: what it finds is stored and nobody is told", ())
        if source.kind.pushed_only and settings.listen is None:
            what = 'nothing can be posted to it unless I listen: write listen = "127.0.0.1:8080" into [monitor]'
            warn(("sources", number), what, ())
    accounts = {source.account for source in settings.sources}
    for number, name in enumerate(settings.accounts):
        if name not in accounts:
            warn(("accounts", number), "no source uses it", ())


def _times(settings: Settings, warn: _Warn) -> None:
    for owner, key, moment, zone in _named_times(settings):
        if found := grammar.skipped(moment, zone):
            day, jump = found
            what = (
                f"`{key_name(key)}`: {moment:%H:%M} does not exist in {zone} on the day the clocks go forward "
                f"({day.day} {day:%B %Y}); then it counts as {jump:%H:%M}"
            )
            warn(owner, what, key)


def _named_times(settings: Settings) -> Iterator[tuple[Path, Path, time, str]]:
    digest = settings.digest
    for key, moment in (("at", digest.at), ("weekly", digest.weekly[1]), ("report", digest.report[1])):
        yield ("monitor",), ("digest", key), moment, settings.zone
    for number, team in enumerate(settings.teams.values()):
        for moment in (team.quiet.start, team.quiet.end) if team.quiet else ():
            yield ("teams", number), ("quiet",), moment, settings.hours[team.hours or "office"].zone
    for name, hours in settings.hours.items():
        for moment in {moment for day in hours.week for span in day for moment in (span.start, span.end)}:
            yield ("hours", name), ("open",), moment, hours.zone
