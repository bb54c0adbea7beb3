"""How far a walk over a source has come, and what one bite of it brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor import intake
from monitor.connector import Connector
from monitor.errors import LookError
from monitor.exchange import AnyRequest, ItemProblem, Since, request_from_json
from monitor.models import Json, Mention, SiteTotal
from monitor.store.sources import SourceState, Validator

TRY_AGAIN_AFTER = 2  # failures of what is left of a walk; then it starts anew


@dataclass(frozen=True, slots=True)
class BiteSize:
    """Where a bite ends, whichever comes first; and how far the first walk over a source goes back."""

    time: timedelta = timedelta(seconds=60)
    requests: int = 200
    items: int = 5_000
    first_items: int = 500
    first_span: timedelta = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk over a source has come. Lies in the source's row while it is unfinished."""

    requests: tuple[AnyRequest, ...]
    since: datetime | None
    full: bool
    started_at: datetime
    bookmark: Mapping[str, Json] = field(default_factory=dict)
    newest_at: datetime | None = None
    oldest_at: datetime | None = None
    items: int = 0
    asked: frozenset[str] = frozenset()
    skip: Mapping[str, int] = field(default_factory=dict)  # entries already taken of an answer too large for a bite
    first: bool = False  # no walk over this source was ever finished: what it finds is history
    cut: bool = False  # something was left out: what it lacks may still be there
    met: bool = False  # it came to something that was known before
    gap: str = ""  # why the site itself does not show all that came since
    stuck: bool = False  # all that is left was asked, and could not be read
    resumed: bool = False
    aside: Walk | None = None  # the long walk that waits while this one glances at the newest
    glanced_at: datetime | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the walk as a JSON object, without what is empty."""
        value: dict[str, Json] = {
            "requests": [request.as_json() for request in self.requests],
            "asked": sorted(self.asked),
        }
        for name in _TIMES:
            if (moment := getattr(self, name)) is not None:
                value[name] = moment.isoformat()
        for name in _PLAIN:
            if content := getattr(self, name):
                value[name] = dict(content) if isinstance(content, Mapping) else content
        if self.aside is not None:
            value["aside"] = self.aside.as_json()
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Walk:
        """Return the walk that `as_json` wrote, marked as resumed."""
        times = {name: datetime.fromisoformat(value[name]) for name in _TIMES if name in value}
        rest: dict[str, Any] = {"since": None, "full": False, **{name: value[name] for name in _PLAIN if name in value}}
        return cls(
            **{**rest, **times},
            requests=tuple(request_from_json(request) for request in value["requests"]),
            asked=frozenset(value["asked"]),
            aside=cls.from_json(value["aside"]) if "aside" in value else None,
            resumed=True,
        )


_TIMES = ("since", "started_at", "newest_at", "oldest_at", "glanced_at")
_PLAIN = ("full", "bookmark", "items", "skip", "first", "cut", "met", "gap", "stuck")


def walk_of(connector: Connector[Any], state: SourceState, every: timedelta, now: datetime) -> Walk:
    """Return what is to be walked now: the rest of an unfinished walk, a glance at the newest, or a new walk."""
    if not state.walk:
        return _begin(connector, state, now)
    walk = Walk.from_json(state.walk)
    if walk.stuck and state.failures >= TRY_AGAIN_AFTER:
        return _begin(connector, state, now, aside=walk.aside)
    if walk.full and walk.aside is None and state.newest_at and now - (walk.glanced_at or walk.started_at) >= every:
        return _begin(connector, state, now, aside=walk)  # the newest cannot wait until a long walk is done
    return walk


def _begin(connector: Connector[Any], state: SourceState, now: datetime, *, aside: Walk | None = None) -> Walk:
    newest = state.newest_at
    wanted = connector.full_every is not None and (state.next_full_at is None or state.next_full_at <= now)
    full = newest is None or (wanted and aside is None)
    since = None if full or newest is None else newest - connector.overlap
    requests = tuple(connector.start(Since(since, state.bookmark)))
    return Walk(requests, since, full, started_at=now, first=newest is None, aside=aside)


@dataclass(frozen=True, slots=True)
class Look:
    """What one bite of reading a source brought: pages, and an error when something could not be read."""

    source: str
    started_at: datetime
    ended_at: datetime
    walk: Walk
    done: bool  # the walk is finished
    judged: tuple[intake.Judged, ...] = ()  # what is new or changed
    observed: tuple[Mention, ...] = ()  # known and unchanged, but with what the site shows of answers
    seen: frozenset[str] = frozenset()  # every external id
    gone: tuple[str, ...] = ()
    totals: tuple[SiteTotal, ...] = ()
    problems: tuple[ItemProblem, ...] = ()
    validators: Mapping[str, Validator] = field(default_factory=dict)
    requests: int = 0
    answers: int = 0  # requests with an answer that could be used
    not_modified: bool = False
    commit: bool = False  # save the bookmark now, although the walk goes on
    error: LookError | None = None
    partly: bool = False  # the error cost some pages, not the others

    @property
    def ms(self) -> int:
        """Return how long it took, in milliseconds."""
        return int((self.ended_at - self.started_at).total_seconds() * 1000)

    @property
    def at_end(self) -> bool:
        """Say whether nothing is left to ask but what could not be read."""
        return self.done or self.walk.stuck
