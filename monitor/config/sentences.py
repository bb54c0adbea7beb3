"""The configuration in sentences, for somebody who wants to know what will happen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from monitor.config.grammar import LONG_DAYS, in_words
from monitor.config.settings import Settings, SourceSettings, listens, push_address
from monitor.models import Rule, Severity, Span, Target, Team

SHOWN = 6  # names in one sentence; the rest is counted
_KINDS = {"bad": "A bad review", "good": "A good review", "any": "Every mention"}


def sentences(settings: Settings) -> list[str]:
    """Return what these settings mean, one sentence an entry."""
    return [
        *_watched(settings),
        *_told(settings),
        *_night(settings),
        *_answers(settings),
        *_summaries(settings),
        *_broken(settings),
        *_kept(settings),
    ]


# --- what is watched -----------------------------------------------------------------------------


def _watched(settings: Settings) -> Iterator[str]:
    if not settings.sources:
        yield "Nothing is watched yet."
        return
    together: dict[tuple[str, timedelta], list[SourceSettings]] = defaultdict(list)
    for source in settings.sources:
        together[source.connector, source.every].append(source)
    for (connector, every), sources in together.items():
        names, kind = _names(source.name for source in sources), sources[0].kind
        verb = "is" if kind.title or len(sources) == 1 else "are"
        what = f"{kind.title} ({names})" if kind.title else f"{names} ({connector})"
        sees = f" {kind.sees.rstrip('.')}." if kind.sees else ""
        yield f"{what} {'waits for what is posted' if kind.pushed_only else f'{verb} looked at {_each(every)}'}.{sees}"
    yield from _pushed(settings)
    for account in settings.accounts.values():
        if account.daily_budget is not None:
            amount = f"{account.daily_budget / 1_000_000:g} {account.currency}"
            yield f"Looking through {account.name} costs at most {amount} a day; then it waits for the next day."


def _pushed(settings: Settings) -> Iterator[str]:
    for source in settings.sources:
        connector = source.build()
        if connector.receives and (settings.listen or connector.pushed_only):
            word = connector.greeting()
            token = f", with the verify token {word}" if word else ""
            yield f"What is pushed for {source.name} goes to {push_address(settings, source)}{token}."
    if settings.listen and not settings.public_url and any(one.build().receives for one in settings.sources):
        yield "Others reach that address only with `public_url` and something in front of it that speaks TLS."


def _title(source: SourceSettings) -> str:
    return source.kind.title or source.connector


def _each(span: timedelta) -> str:
    return f"every {in_words(span).removeprefix('1 ')}"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) <= SHOWN:
        return ", ".join(listed)
    return f"{', '.join(listed[:SHOWN])} and {len(listed) - SHOWN:,} more"


# --- who is told ---------------------------------------------------------------------------------


def _told(settings: Settings) -> Iterator[str]:
    for rule in settings.rules:
        sources = [source for source in settings.sources if listens(rule, source)]
        where = _both([_channel(settings, name) for name in rule.channels])
        last = " It opens a case although it is not bad." if rule.case and rule.when != "bad" else ""
        last += " No rule after it is asked." if rule.stop else ""
        yield f"{_KINDS[rule.when]}{_conditions(rule)} goes to {where}{_within(sources)}.{last}"
    for channel in settings.channels:
        if channel.instead:
            other = _channel(settings, channel.instead)
            yield f"When {_channel(settings, channel.name)} refuses for good, {other} has its messages within a minute."
    yield f"Nobody gets more than {_most(settings)}; what comes on top is in the morning summary."


def _most(settings: Settings) -> str:
    first, *others = sorted({channel.max_per_day for channel in settings.channels}, reverse=True)
    said = [f"{number} through {_limited_to(settings, number)}" for number in others]
    return ", ".join([f"{first} single alerts a day", *said])


def _limited_to(settings: Settings, most: int) -> str:
    return _names(channel.name for channel in settings.channels if channel.max_per_day == most)


def _channel(settings: Settings, name: str) -> str:
    found = next((channel for channel in settings.channels if channel.name == name), None)
    return f"{name} ({found.build().describe()})" if found else name


def _conditions(rule: Rule) -> str:
    parts = []
    if rule.severity not in (None, Severity.LOW):
        parts.append(f"{rule.severity}{'' if rule.severity is Severity.CRITICAL else ' or worse'}")
    if rule.rating_at_most is not None:
        parts.append(f"at most {rule.rating_at_most:g} stars")
    for word, values in (
        ("in", rule.languages),
        ("about", rule.topics),
        ("on", rule.subjects),
        ("of", rule.brands),
        ("from", rule.sources),
        ("saying", [f"“{pattern}”" for pattern in rule.contains]),
    ):
        if values:
            parts.append(f"{word} {_either(values)}")
    return f" ({', '.join(parts)})" if parts else ""


def rule_in_words(rule: Rule) -> str:
    """Return what a rule asks for: "Bad ones (high or worse, about waiting)"."""
    return f"{_KINDS[rule.when]}{_conditions(rule)}"


def _within(sources: Sequence[SourceSettings]) -> str:
    if not sources:
        return ""
    sources = [source for source in sources if not source.kind.pushed_only]
    if not sources:
        return " as soon as it is posted"
    spans = sorted({source.every for source in sources})
    slowest: dict[str, timedelta] = {}
    for source in sorted(sources, key=lambda source: source.every):
        slowest.setdefault(_title(source), source.every)
    looks = _names(f"{title} {_each(every)}" for title, every in slowest.items())
    return f" within {in_words(spans[-1])} (looked at: {looks})"


def _both(names: Sequence[str]) -> str:
    return _joined(names, "and")


def _either(names: Sequence[str]) -> str:
    return _joined(names, "or")


def _joined(names: Sequence[str], word: str) -> str:
    if len(names) <= 1:
        return "".join(names)
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} {word} {len(names) - SHOWN} more"
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


# --- when ----------------------------------------------------------------------------------------


def _night(settings: Settings) -> Iterator[str]:
    if not settings.teams:
        yield "There are no teams, so there are no quiet hours: messages come whenever something is seen."
    for team in settings.teams.values():
        yield _quiet(team, settings.hours[team.hours or "office"].zone)


def _quiet(team: Team, zone: str) -> str:
    people = _both(team.people)
    if team.quiet is None:
        return f"{team.name} ({people}) has no quiet hours: messages come at any time."
    span, after = _span(team.quiet), f"{team.quiet.end:%H:%M}"
    if team.may_wake:
        return (
            f"{team.name} ({people}) is left alone from {span} ({zone}), but woken when somebody speaks of danger; "
            f"everything else comes at {after}."
        )
    return (
        f"{team.name} ({people}) is left alone from {span} ({zone}): "
        f"nobody is woken, and what came up is told at {after}."
    )


def _span(span: Span) -> str:
    return f"{span.start:%H:%M} to {span.end:%H:%M}"


def _answers(settings: Settings) -> Iterator[str]:
    targets = settings.targets
    yield (
        f"An answer should be there {_target(targets[Severity.CRITICAL])} when it is critical, "
        f"{_target(targets[Severity.HIGH])} when it is high, else {_target(targets[Severity.NORMAL])}."
    )


def _target(target: Target) -> str:
    if target.next_working_day:
        return "by the end of the next working day"
    return f"within {in_words(target.within)}{' of working time' if target.working else ''}"


def _summaries(settings: Settings) -> Iterator[str]:
    digest = settings.digest
    when = "" if digest.when_empty else " when there is something to say"
    day = LONG_DAYS[digest.weekly[0]]
    yield (
        f"The summary comes at {digest.at:%H:%M} ({settings.zone}){when}, on {day} at {digest.weekly[1]:%H:%M} always, "
        f"and the report on the {_ordinal(digest.report[0])} of the month at {digest.report[1]:%H:%M}."
    )


def _ordinal(number: int) -> str:
    end = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{end}"


def _broken(settings: Settings) -> Iterator[str]:
    where = _both([_channel(settings, name) for name in settings.operator])
    yield f"When a site cannot be read, {where} hears of it at once, then once a day, and once when it works again."
    ends = [(account.name, account.ends) for account in settings.accounts.values()]
    ends += [(source.name, source.ends) for source in settings.sources]
    for name, day in ends:
        if day is not None:
            yield f"The key of {name} ends on {day.day} {day:%B %Y}: {where} hears of it 14, 3 and 1 days before."
    if settings.heartbeat_url:
        yield "While all is well, the heartbeat address is called each minute, so that a silence is noticed there."
    else:
        yield "There is no heartbeat address: if this machine stops, nobody is told."


def _kept(settings: Settings) -> Iterator[str]:
    kept = settings.retention
    yield (
        f"Texts and names go after {in_words(kept.text)}, raw answers of sites after {in_words(kept.raw)}, recipients "
        f"and receipts of messages after {in_words(kept.sent)}; earlier where a site's terms ask for it or it deletes "
        "something itself. Figures stay."
    )
