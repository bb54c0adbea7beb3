"""The three ways to look: a walk over a source, a re-check of some mentions, and what a site pushed to us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.config import SourceSettings
from monitor.errors import LookError, UsageError
from monitor.exchange import Page
from monitor.models import Mention
from monitor.polling.bite import Bite
from monitor.polling.reading import readable
from monitor.polling.tools import Tools
from monitor.polling.walk import Look, Walk, walk_of
from monitor.store.sources import SourceState

OLDEST_PUSH = timedelta(minutes=5)  # between signing and coming, either way: clocks differ; more is a replay


def look(source: SourceSettings, state: SourceState, tools: Tools) -> Look:
    """Read one bite of a source. Never raises for what a site does: the error is part of the Look."""
    connector = source.build()
    walk = walk_of(connector, state, source.every, tools.clock())
    return Bite(source, connector, tools, walk).run()


def recheck(source: SourceSettings, wanted: Sequence[Mention], tools: Tools, *, standing: bool = False) -> Look | None:
    """Look at some mentions of a source again; None when the site has no way to ask for them.

    With `standing` only whether they are still there, which may cost less than their answers, too.
    """
    connector = source.build()
    requests = tuple(connector.reread(wanted) if standing else connector.recheck(wanted))
    if not requests:
        return None
    walk = Walk(requests, since=None, full=False, started_at=tools.clock())
    return Bite(source, connector, tools, walk, everything=True).run()


def believe(source: SourceSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> Page:
    """Return what a site pushed to us. Raises UsageError when it is not believed, ParseError for another shape."""
    connector = source.build()
    with readable("what was pushed to us"):
        page = connector.receive(headers, body)
        signed_at = connector.pushed_at(headers)
    if signed_at is not None and abs(now - signed_at) > OLDEST_PUSH:
        raise UsageError("it was signed more than five minutes ago, or ahead of our clock: sign anew, or set the clock")
    return page


def pursue(source: SourceSettings, page: Page, tools: Tools) -> Look:
    """Ask for what a push leads to. Never raises for what a site does: the error is part of the Look."""
    walk = Walk((), since=None, full=False, started_at=tools.clock())
    bite = Bite(source, source.build(), tools, walk, everything=True)
    bite.take(page)
    return bite.run()


def receive(source: SourceSettings, headers: Mapping[str, str], body: bytes, tools: Tools) -> Look:
    """Read what a site pushed to us, and what it leads to. Raises LookError or UsageError when it is not believed."""
    return pursue(source, believe(source, headers, body, tools.clock()), tools)


def broken_look(source: SourceSettings, error: Exception, now: datetime) -> Look:
    """Return a look that ended in a fault of ours: it counts like any other failure of the source."""
    walk = Walk((), since=None, full=False, started_at=now)
    fault = LookError(f"{type(error).__name__} while reading; the log has the details", code="fault")
    return Look(source.name, now, now, walk, done=False, error=fault)
