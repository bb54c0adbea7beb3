"""How right the alerts of each source were, by what staff have marked, and what another threshold would have meant."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.scoring import Scorer
from monitor.scoring.offset import Offset, alerts_at
from monitor.scoring.stars import ALERT_AT
from monitor.store import Store, marks
from monitor.store.marks import Marked

THRESHOLDS = (0.35, ALERT_AT, 0.65)
SPAN = timedelta(days=30)
Z = 1.959964  # of a normal distribution, 95 of 100 lie within this many deviations
LEAST_SPAN = timedelta(days=1)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the interval in which the true share lies 95 times of 100; without any, unknown."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """Return the share itself."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return Wilson's interval, which stays honest for few marks and for shares near 0 and 1.

        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
        """
        if not self.of:
            return None
        share, of = self.hits / self.of, self.of
        middle = share + Z * Z / (2 * of)
        reach = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
        low, high = ((middle + way * reach) / (1 + Z * Z / of) for way in (-1, 1))
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the marks of one source say, or of all (`source` is None), and how many alerts a week there would be."""

    source: str | None
    marks: Mapping[str, int]  # by false_alarm, missed, right
    precision: Share  # of the marked ones that alerted: those that should have
    recall: Share  # of the marked ones that should have alerted: those that did
    offset: Offset | None  # None for all, and where nothing was marked
    a_week: Mapping[float, float]  # alerts a week by threshold
    days: float  # that they are counted over


def accuracy(
    store: Store,
    scorer: Scorer,
    *,
    now: datetime,
    source: str | None = None,
    since: datetime | None = None,
    at: Iterable[float] = (),
) -> list[Accuracy]:
    """Return the accuracy of each source, by name, and of all together last.

    `since` is for the marks; what alerts is counted over the last 30 days, or since the oldest mention of a source.
    Thresholds of `at` come beside those that are always there. A source without marks and mentions is left out.
    """
    thresholds = sorted({*THRESHOLDS, *at})
    with store.read() as conn:
        marked: dict[str, list[Marked]] = {}
        for mark in marks.every(conn, source=source, since=since):
            marked.setdefault(mark.source, []).append(mark)
        counts: Counter[tuple[str, float]] = Counter()
        there = set(marked)
        for one in marks.judgements(conn, now - SPAN, source=source):
            there.add(one.source)
            counts.update((one.source, line) for line in thresholds if alerts_at(one.score, one.rating, line))
        oldest = marks.oldest(conn)
        offsets = marks.offsets(conn, scorer.id)
    found = []
    for name in sorted(there):
        span = min(SPAN, max(LEAST_SPAN, now - oldest[name]))
        a_week = {line: counts[name, line] * (WEEK / span) for line in thresholds}
        stored = offsets.get(name)
        offset = Offset(stored.shift, stored.marks) if stored else None
        found.append(_of(marked.get(name, ()), name, offset, a_week, span))
    if source is None and len(found) > 1:
        sums = {line: sum(one.a_week[line] for one in found) for line in thresholds}
        every = [mark for some in marked.values() for mark in some]
        found.append(_of(every, None, None, sums, SPAN))
    return found


def _of(
    marked: Sequence[Marked], source: str | None, offset: Offset | None, a_week: Mapping[float, float], span: timedelta
) -> Accuracy:
    hits = sum(mark.alerted and mark.bad for mark in marked)
    return Accuracy(
        source=source,
        marks={name: sum(mark.mark == name for mark in marked) for name in marks.MARKS},
        precision=Share(hits, sum(mark.alerted for mark in marked)),
        recall=Share(hits, sum(mark.bad for mark in marked)),
        offset=offset,
        a_week=a_week,
        days=round(span / timedelta(days=1), 1),
    )
