"""What the pages of a bite brought, normalised and judged as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from monitor import intake
from monitor.config import SourceSettings
from monitor.connector import Connector
from monitor.exchange import ItemProblem, Page
from monitor.models import Mention, RawMention, SiteTotal
from monitor.polling.tools import Tools
from monitor.polling.walk import Walk
from monitor.scoring.offset import Offset
from monitor.store import mentions


@dataclass(frozen=True, slots=True)
class Shown:
    """Entries of a page, as the driver needs them to decide whether to read on."""

    count: int = 0
    known: bool = True  # each is stored, and unchanged
    earliest: datetime | None = None


class Catch:
    """What a bite holds so far: what is new or changed, what it shows of answers, how far back it goes."""

    def __init__(self, source: SourceSettings, connector: Connector[Any], tools: Tools, walk: Walk) -> None:
        self._source = source
        self._connector = connector
        self._tools = tools
        self.newest, self.oldest, self.met = walk.newest_at, walk.oldest_at, walk.met
        self.gap = walk.gap
        self.bookmark = dict(walk.bookmark)
        self.judged: dict[str, intake.Judged] = {}
        self.observed: dict[str, Mention] = {}
        self.seen: set[str] = set()
        self.gone: list[str] = []
        self.totals: list[SiteTotal] = []
        self.problems: list[ItemProblem] = []

    def entries(self) -> int:
        """Return how many entries there are to be stored."""
        return len(self.judged) + len(self.observed)

    def keep(self, raws: Sequence[RawMention]) -> Shown:
        """Judge some entries of a page and keep what is new, changed or answered."""
        now = self._tools.clock()
        normalised = intake.normalised(raws, self._source, self._connector, self._tools.matcher, now)
        self.problems += normalised.problems
        here = normalised.mentions
        ids = [mention.external_id for mention in here]
        hashes = self._tools.read(lambda conn: mentions.known_hashes(conn, self._source.name, ids))
        self._judge(self._fresh(here, hashes))
        self.seen.update(ids)
        self.met = self.met or bool(hashes)
        self._note_times(here, now)
        known = all(hashes.get(mention.external_id) == mention.content_hash for mention in here)
        times = [mention.published_at for mention in here if mention.published_at]
        return Shown(len(here), known, min(times, default=None))

    def keep_rest(self, page: Page) -> None:
        """Keep what a page says beside its entries."""
        self.problems += page.problems
        self.gone += page.gone
        self.totals += page.totals
        self.bookmark |= page.bookmark or {}
        self.gap = page.gap or self.gap

    def _judge(self, fresh: Sequence[Mention]) -> None:
        if not fresh:
            return
        for judged in intake.judge(fresh, self._tools.scorer, self._offset):
            self.judged[judged.mention.external_id] = judged

    @cached_property
    def _offset(self) -> Offset | None:
        """What staff have taught us about this source; asked for once a bite, and only when something is new."""
        return self._tools.read(lambda conn: intake.offset_of(conn, self._source.name, self._tools.scorer))

    def _fresh(self, page: Sequence[Mention], hashes: Mapping[str, str]) -> list[Mention]:
        """Return what is new or changed; of the rest remember what it shows of answers."""
        shows_answers = self._connector.sees_answers != "no"
        fresh = []
        for mention in page:
            earlier = self.judged.get(mention.external_id)
            if earlier is not None:
                fresh.append(intake.merged(earlier.mention, mention))
            elif hashes.get(mention.external_id) != mention.content_hash:
                fresh.append(mention)
            elif mention.own or (shows_answers and "reply" not in mention.absent):
                self.observed[mention.external_id] = mention
        return fresh

    def _note_times(self, page: Sequence[Mention], now: datetime) -> None:
        times = [min(mention.published_at, now) for mention in page if mention.published_at]
        if times:
            self.newest = max(filter(None, (self.newest, *times)))
            self.oldest = min(filter(None, (self.oldest, *times)))
