"""Whether a rule asks for a mention.

Patterns of users run on RE2: their time grows with the text, whatever the pattern.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Protocol

import re2

from monitor.models import Label, Level, Mention, Rule, Score, Severity

MAX_PATTERN = 1_000  # characters of a user's pattern


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """Return something when the text matches, or None."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Pattern:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    compiled: Pattern = re2.compile(pattern, options)
    return compiled


def pattern_problem(pattern: str) -> str | None:
    """Return in words why a `contains` pattern cannot be used, or None when it can."""
    if len(pattern) > MAX_PATTERN:
        return f"is longer than {MAX_PATTERN} characters"
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return None


def asks_for(
    rule: Rule,
    mention: Mention,
    score: Score,
    severity: Severity | None,
    source: str,
    *,
    worse: bool = False,
) -> bool:
    """Say whether every condition of the rule holds. `worse` tells that the mention was edited to worse."""
    return (
        _when(rule, score, severity, worse=worse)
        and (rule.severity is None or (severity is not None and severity.rank <= rule.severity.rank))
        and (not rule.sources or source in rule.sources)
        and (not rule.brands or not set(rule.brands).isdisjoint(mention.brands))
        and (not rule.topics or not set(rule.topics).isdisjoint((*score.topics, *score.dangers)))
        and (not rule.subjects or _about(rule.subjects, mention))
        and (not rule.languages or _in_language(rule.languages, mention, score))
        and (rule.rating_at_most is None or _rated_at_most(rule.rating_at_most, mention))
        and (not rule.contains or _contains(rule.contains, mention))
    )


def unmet(
    rule: Rule,
    mention: Mention,
    score: Score,
    severity: Severity | None,
    source: str,
    *,
    worse: bool = False,
) -> tuple[str, ...]:
    """Return the names of the conditions that do not hold; none where the rule asks for the mention."""
    alone: tuple[tuple[str, Rule], ...] = (
        ("when", replace(_EMPTY, when=rule.when, severity=rule.severity if rule.severity is Severity.LOW else None)),
        ("severity", replace(_EMPTY, when="any", severity=rule.severity)),
        ("sources", replace(_EMPTY, when="any", sources=rule.sources)),
        ("brands", replace(_EMPTY, when="any", brands=rule.brands)),
        ("topics", replace(_EMPTY, when="any", topics=rule.topics)),
        ("subjects", replace(_EMPTY, when="any", subjects=rule.subjects)),
        ("languages", replace(_EMPTY, when="any", languages=rule.languages)),
        ("rating_at_most", replace(_EMPTY, when="any", rating_at_most=rule.rating_at_most)),
        ("contains", replace(_EMPTY, when="any", contains=rule.contains)),
    )
    return tuple(name for name, one in alone if not asks_for(one, mention, score, severity, source, worse=worse))


_EMPTY = Rule("", ())


def is_bad(score: Score, severity: Severity | None, *, worse: bool = False) -> bool:
    """Say whether staff are told now: alert level, anything critical, and what was edited down to the watch level."""
    return score.level is Level.ALERT or severity is Severity.CRITICAL or (worse and score.level is Level.WATCH)


def _when(rule: Rule, score: Score, severity: Severity | None, *, worse: bool) -> bool:
    if rule.when == "any":
        return True
    if rule.when == "good":
        return score.label is Label.GOOD
    # Who writes severity = "low" into a rule wants the watch level now and not in the digest.
    wants_watch = rule.severity is Severity.LOW and score.level is Level.WATCH
    return wants_watch or is_bad(score, severity, worse=worse)


def _about(subjects: tuple[str, ...], mention: Mention) -> bool:
    names = {name.casefold() for name in (mention.subject.place, mention.subject.product) if name}
    return any(subject.casefold() in names for subject in subjects)


def _in_language(languages: tuple[str, ...], mention: Mention, score: Score) -> bool:
    language = (score.language or mention.language or "").lower()
    primary = language.partition("-")[0]
    return any(wanted.lower().replace("_", "-") in (language, primary) for wanted in languages)


def _rated_at_most(limit: float, mention: Mention) -> bool:
    stars = mention.rating.stars if mention.rating else None
    return stars is not None and stars <= limit


def _contains(patterns: tuple[str, ...], mention: Mention) -> bool:
    text = f"{mention.title}\n{mention.text}" if mention.title else mention.text
    return any(_compiled(pattern).search(text) for pattern in patterns)
