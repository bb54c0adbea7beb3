"""One bite of a walk: a queue of requests, worked off until it is empty or the bite is full."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from monitor.config import SourceSettings
from monitor.connector import Connector
from monitor.errors import LookError, RefusedError
from monitor.exchange import AnyRequest, Page, Request, Response
from monitor.http import Validators, request_key, validators_of
from monitor.polling.asking import Asking
from monitor.polling.catch import Catch, Shown
from monitor.polling.tools import Tools
from monitor.polling.walk import Look, Walk
from monitor.store import sources
from monitor.store.sources import Validator

UNCONDITIONAL_EVERY = timedelta(hours=24)
REPEATS = 3  # pages in a row, each named by the one before, that hold nothing but what this bite has seen
EMPTY_PAGES = 25  # likewise that hold nothing at all, as an archive by months may
HOPELESS = 5  # failures without a single good answer; then the site is left alone for now
NO_ANSWER = frozenset({"deadline", "dns", "dns_timeout", "connect", "tls"})  # the host is not there for anybody


class Bite:
    """One bite under way.

    A page that cannot be read costs its own branch of the walk: the others go on, and it is asked
    again next time. What holds for the whole site (asked too often, access ended, budget spent) ends the bite.
    """

    def __init__(
        self, source: SourceSettings, connector: Connector[Any], tools: Tools, walk: Walk, *, everything: bool = False
    ) -> None:
        self.source = source
        self.connector = connector
        self.tools = tools
        self.walk = walk
        self.everything = everything  # a re-check: what is asked for is read whatever is known of it
        self.started = tools.clock()
        self.asking = Asking(source, connector, tools)
        self.catch = Catch(source, connector, tools, walk)
        self.stored_validators = tools.read(lambda conn: sources.validators(conn, source.name))
        self.queue: deque[AnyRequest] = deque(walk.requests)
        self.later: list[AnyRequest] = []  # of hosts that are silent
        self.failed: list[AnyRequest] = []
        self.silent: set[str] = set()
        self.asked = set(walk.asked)
        self.skip = dict(walk.skip)
        self.barren: dict[str, int] = {}
        self.led_on: set[str] = set()
        self.validators: dict[str, Validator] = {}
        self.answers = 0
        self.unchanged = 0
        self.errors: list[LookError] = []
        self.stopped = False
        self.cut, self.commit = walk.cut, False

    def run(self) -> Look:
        """Work the queue off."""
        try:
            self._work()
        finally:
            self.asking.close()
        return self._result()

    def _work(self) -> None:
        while self.queue and not self._is_full():
            request = self.queue.popleft()
            if self._host(request) in self.silent:
                self.later.append(request)
            elif not self._step(request):
                break

    def _is_full(self) -> bool:
        size = self.tools.size
        return (
            self.tools.clock() - self.started >= size.time
            or self.asking.requests >= size.requests
            or self.catch.entries() >= size.items
        )

    def _host(self, request: AnyRequest) -> str:
        if self.source.base_url or not isinstance(request, Request):
            return ""
        return urlsplit(request.url).netloc

    # --- one request

    def _step(self, request: AnyRequest) -> bool:
        """Ask one request and take its page; returns whether the bite goes on."""
        key = request_key(request)
        if key in self.asked:
            return True  # a page that names itself, or two pages in a circle
        try:
            page, response = self.asking.ask(request, self._conditions(request, key))
            problems = len(self.catch.problems)
            whole = page is None or self.take(page, key)
        except LookError as error:
            return self._failed(request, error)
        self.answers += 1
        if not whole:
            self.queue.appendleft(request)  # it holds more than a bite: the rest of it comes next time
            return False
        self.asked.add(key)
        if page is None:
            self.unchanged += 1
            return True
        if response is not None and not page.hides_changes and problems == len(self.catch.problems):
            self._remember_validators(key, response)
        self.commit = page.commit
        return not page.commit  # what was shown is destroyed by the next question: save first

    def _failed(self, request: AnyRequest, error: LookError) -> bool:
        """Put a request aside that brought an error; returns whether the others are worth asking."""
        self.errors.append(error)
        if isinstance(error, RefusedError) or error.retry_after or error.code == "stopped":
            self.queue.appendleft(request)
            self.stopped = True
            return False
        self.failed.append(request)
        if error.code in NO_ANSWER:
            self.silent.add(self._host(request))
        return self.answers > 0 or len(self.failed) < HOPELESS

    def _conditions(self, request: AnyRequest, key: str) -> Validators | None:
        """Return what lets the site say that nothing has changed; nothing on a walk that must see everything."""
        stored = self.stored_validators.get(key)
        if stored is None or self.walk.full or not isinstance(request, Request) or request.method != "GET":
            return None
        if self.tools.clock() - stored.fetched_at >= UNCONDITIONAL_EVERY:
            return None
        return Validators(stored.etag, stored.last_modified)

    def _remember_validators(self, key: str, response: Response) -> None:
        # That a page is unchanged says nothing of those it led to.
        if key not in self.led_on and (fresh := validators_of(response)) is not None:
            self.validators[key] = Validator(fresh.etag, fresh.last_modified, self.tools.clock())

    # --- one page

    def take(self, page: Page, key: str = "") -> bool:
        """Keep what a page brought and ask for what follows it. Returns False when it holds more than a bite."""
        at, before = self.skip.pop(key, 0), len(self.catch.seen)
        while True:
            shown = self.catch.keep(page.mentions[at : at + self.tools.size.items])
            at += self.tools.size.items
            if (enough := self._is_enough(shown)) or at >= len(page.mentions):
                break
            if self.catch.entries() >= self.tools.size.items and not self.everything:
                self.skip[key] = at
                return False
        self.catch.keep_rest(page)
        if not enough:
            self._follow(page, key, brought=len(self.catch.seen) > before)
        return True

    def _is_enough(self, shown: Shown) -> bool:
        """Say whether nothing behind these entries is of interest although the page names a next one."""
        if self.everything:
            return False
        if self.walk.first and self._is_history(shown):
            self.cut = True
            return True
        if not (self.connector.newest_first and shown.count) or self.walk.full:
            return False
        # Late and back-dated items stand further down: a known page ends the walk only behind the overlap.
        since, earliest = self.walk.since, shown.earliest
        return shown.known and (since is None or earliest is None or earliest < since)

    def _is_history(self, shown: Shown) -> bool:
        """Say whether the first walk has gone back far enough."""
        size = self.tools.size
        if self.walk.items + len(self.catch.seen) >= size.first_items:
            return True
        oldest = self.started - size.first_span
        return self.connector.newest_first and shown.earliest is not None and shown.earliest < oldest

    def _follow(self, page: Page, key: str, *, brought: bool) -> None:
        # Some sites show their last page, or an empty one, for every number that is asked for, and name a next one.
        barren = 0 if brought else self.barren.get(key, 0) + 1
        if barren >= (REPEATS if page.mentions else EMPTY_PAGES):
            self.cut = True
            return
        for request in page.follow:
            clean = self.asking.unsigned(request)
            self.barren[request_key(clean)] = barren
            self.led_on.add(key)
            self.queue.append(clean)

    # --- what it all comes to

    def _result(self) -> Look:
        catch = self.catch
        left = (*self.queue, *self.later, *self.failed)
        return Look(
            source=self.source.name,
            started_at=self.started,
            ended_at=self.tools.clock(),
            walk=self._walked(left),
            done=not left,
            judged=tuple(catch.judged.values()),
            observed=tuple(catch.observed.values()),
            seen=frozenset(catch.seen),
            gone=tuple(catch.gone),
            totals=tuple(catch.totals),
            problems=tuple(catch.problems),
            validators=self.validators,
            requests=self.asking.requests,
            answers=self.answers,
            not_modified=self.unchanged > 0 and self.unchanged == self.answers,
            commit=self.commit,
            error=self._error(),
            partly=bool(self.errors) and self.answers > 0 and not self.stopped,
        )

    def _walked(self, left: tuple[AnyRequest, ...]) -> Walk:
        catch = self.catch
        return replace(
            self.walk,
            requests=left,
            bookmark=catch.bookmark,
            newest_at=catch.newest,
            oldest_at=catch.oldest,
            items=self.walk.items + len(catch.seen),
            asked=frozenset(self.asked),
            skip=self.skip,
            cut=self.cut or any(problem.external_id is None for problem in catch.problems),
            met=catch.met,
            gap=catch.gap,
            stuck=bool(self.failed) and not self.queue and not self.later,
        )

    def _error(self) -> LookError | None:
        if not self.errors:
            return None
        if self.stopped:
            return self.errors[-1]
        first, lost = self.errors[0], len(self.errors)
        if not self.answers:
            return first
        what = f"{lost} of {lost + self.answers} pages could not be read; the first: {first}"
        return LookError(what, code="partly")
