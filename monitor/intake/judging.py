"""Pure: what a page brought becomes mentions as we keep them, each with what is thought of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor import normalise
from monitor.computing import computing
from monitor.config import SourceSettings
from monitor.connector import Connector
from monitor.exchange import ItemProblem
from monitor.match import Matcher
from monitor.models import Brand, Label, Level, Mention, RawMention, Score, Why
from monitor.scoring import Scorer, scorable
from monitor.scoring.offset import Offset, moved

AT_A_TIME = 100  # mentions that are scored while others wait for the processor: a few milliseconds


@dataclass(frozen=True, slots=True)
class Judged:
    """A mention and what is thought of it."""

    mention: Mention
    score: Score


@dataclass(frozen=True, slots=True)
class Normalised:
    """What was readable of a page, and what was not."""

    mentions: tuple[Mention, ...]
    problems: tuple[ItemProblem, ...]


def normalised(
    raws: Iterable[RawMention],
    source: SourceSettings,
    connector: Connector[Any],
    matcher: Matcher,
    now: datetime,
) -> Normalised:
    """Return the mentions of a page as we keep them; what names none of our brands on a search is left out.

    The same id twice is merged; later known parts win. Entries without ids that look alike are kept apart.
    """
    found: dict[str, Mention] = {}
    problems: list[ItemProblem] = []
    made: Counter[str] = Counter()
    ours = tuple(brand.name for brand in source.brands)
    with computing:
        for raw in raws:
            try:
                mention = normalise.normalise(
                    raw, connector=source.connector, brands=source.brands, now=now, about=ours
                )
            except (ValueError, TypeError, AttributeError) as error:
                what = f"{type(error).__name__} in a field of the entry"
                problems.append(ItemProblem(what, str(raw.external_id)[:80]))
                continue
            mention = normalise.apart(mention, made)
            if connector.searches and not mention.own:
                brands = _named(mention, source.brands, matcher)
                if not brands:
                    continue
                mention = replace(mention, brands=brands)
            earlier = found.get(mention.external_id)
            found[mention.external_id] = merged(earlier, mention) if earlier else mention
    return Normalised(tuple(found.values()), tuple(problems))


def _named(mention: Mention, brands: Sequence[Brand], matcher: Matcher) -> tuple[str, ...]:
    ours = {brand.name for brand in brands}
    named = matcher.brands_in(mention.title or "", mention.text, mention.url or "")
    return tuple(name for name in named if name in ours)


def merged(earlier: Mention, later: Mention) -> Mention:
    """Return two readings of one mention as one: the later reading, its unknown parts filled from the earlier."""
    fields = (
        "title", "url", "author", "published_at", "updated_at", "rating", "language", "audience",
        "reply", "answer_url", "thread_id", "parent_id", "same_as",
    )  # fmt: skip
    missing = {
        name: getattr(earlier, name)
        for name in fields
        if getattr(later, name) is None and getattr(earlier, name) is not None
    }
    if not later.text and earlier.text:
        missing |= {"text": earlier.text, "text_length": earlier.text_length, "content_hash": earlier.content_hash}
    return replace(later, absent=later.absent & earlier.absent, **missing)


def judge(found: Sequence[Mention], scorer: Scorer, offset: Offset | None = None) -> list[Judged]:
    """Score a batch, with what staff have taught us about its source counted in. Our own posts are not judged."""
    own = Score(None, Level.QUIET, Label.NEUTRAL, scorer.id)
    judged: list[Judged] = []
    for start in range(0, len(found), AT_A_TIME):
        some = found[start : start + AT_A_TIME]
        with computing:
            scores = iter(scorer.score([scorable(mention) for mention in some if not mention.own]))
            judged += [Judged(mention, own if mention.own else next(scores)) for mention in some]
    if offset is not None:
        judged = [Judged(one.mention, moved(one.score, one.mention.rating, offset)) for one in judged]
    return [_looked_at(one) if normalise.UNREAD in one.mention.flags else one for one in judged]


def _looked_at(judged: Judged) -> Judged:
    """Let a person look at what nothing could make out: it may be the worst of all."""
    score = judged.score
    reasons = (Why("unread", "I cannot make out what it says"), *score.reasons)
    return Judged(judged.mention, replace(score, level=Level.ALERT, reasons=reasons))
