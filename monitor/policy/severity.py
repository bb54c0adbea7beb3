"""How much hurry a mention has, and the facts that say so."""

from __future__ import annotations

from monitor.models import Audience, Level, Mention, Rating, Score, Severity, Why

CRITICAL_AUDIENCE = 100_000
HIGH_AUDIENCE = 10_000
HIGH_BADNESS = 0.85
ONE_STAR = 1.5  # 1 of 5, 1 or 2 of 10, half a star


def severity(score: Score, mention: Mention) -> tuple[Severity | None, tuple[Why, ...]]:
    """Return the severity and what caused it, the weightiest first; None for what nobody has to act on.

    Words of danger or an audience of 100,000 are critical; 1 star, badness .85 or an audience of
    10,000 are high; the alert level is normal, the watch level low. A thumb has no 1 star: down is normal.
    """
    if score.level is Level.QUIET:
        return None, ()
    dangers = tuple(why for why in score.reasons if why.code.startswith("danger:"))
    reach = _reach(mention.audience)
    if score.dangers or (reach and reach >= CRITICAL_AUDIENCE):
        return Severity.CRITICAL, dangers + _audience_why(mention.audience)
    if _one_star(mention.rating):
        stars = tuple(why for why in score.reasons if why.code == "stars")
        return Severity.HIGH, stars + _audience_why(mention.audience)
    if (score.badness is not None and score.badness >= HIGH_BADNESS) or (reach and reach >= HIGH_AUDIENCE):
        return Severity.HIGH, _audience_why(mention.audience)
    return (Severity.NORMAL if score.level is Level.ALERT else Severity.LOW), ()


def _one_star(rating: Rating | None) -> bool:
    if rating is None or rating.best - rating.worst == 1:
        return False
    return rating.stars is not None and rating.stars < ONE_STAR


def _reach(audience: Audience | None) -> int | None:
    return audience.size if audience else None


def _audience_why(audience: Audience | None) -> tuple[Why, ...]:
    if audience is None or audience.size < HIGH_AUDIENCE:
        return ()
    return (Why("audience", f"{audience.size:,} {audience.kind}"),)
