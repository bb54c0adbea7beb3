"""Watching: one look at a source, and taking in what it brought.

`look` talks to the network and to nothing else; `take` writes to the database and talks to nobody.
A walk over a source is cut into bites, each one look and one transaction, so that a kill at any
instant costs at most the bite under way. What must survive lies in the source's row: the requests
still to be asked (`walk`), the bookmark, the validators, when to look again.
"""

from __future__ import annotations

import contextlib
import random
import shlex
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from monitor import intake, policy
from monitor.clock import Clock
from monitor.config import AccountSettings, Settings, SourceSettings
from monitor.connector import Connector, Outcome, Refusal
from monitor.errors import FetchError, LookError, ParseError, RefusedError
from monitor.exchange import (
    AnyRequest,
    ItemProblem,
    MailRequest,
    Page,
    Request,
    Response,
    Signed,
    Since,
    Token,
    request_from_json,
)
from monitor.http import Door, Session, Validators, addresses_in, request_key, validators_of
from monitor.match import Matcher
from monitor.models import Health, Json, Mention, Reason, SiteTotal
from monitor.sandbox import Sandbox
from monitor.scoring import Scorer
from monitor.store import Connection, mentions, sources
from monitor.store.sources import Poll, SourceState, Validator

BITE_TIME = timedelta(seconds=60)
BITE_REQUESTS = 200
BITE_ITEMS = 5_000
FIRST_LOOK_ITEMS = 500
FIRST_LOOK_SPAN = timedelta(days=730)
LEASE = timedelta(minutes=5)
UNCONDITIONAL_EVERY = timedelta(hours=24)
MOST_UNREADABLE = 0.20  # of the entries of a bite; more means that the site has changed
ANNOUNCE_WITHIN = timedelta(seconds=60)  # of the first look, so that its summary is there within two minutes
TRY_AGAIN_AFTER = 2  # failures of a walk that was resumed; then it starts anew

T = TypeVar("T")


class Write(Protocol):
    """Run some work inside one transaction, on the one thread that writes, and return its result."""

    def __call__(self, work: Callable[[Connection], T]) -> T: ...


class Read(Protocol):
    """Run some work on a connection that only reads."""

    def __call__(self, work: Callable[[Connection], T]) -> T: ...


# --- values --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk over a source has come. Lies in the source's row while it is unfinished."""

    requests: tuple[AnyRequest, ...]
    since: datetime | None
    full: bool
    started_at: datetime
    bookmark: Mapping[str, Json] = field(default_factory=dict)
    newest_at: datetime | None = None
    items: int = 0
    asked: frozenset[str] = frozenset()
    resumed: bool = False

    def as_json(self) -> dict[str, Json]:
        """Return the walk as a JSON object."""
        return {
            "requests": [request.as_json() for request in self.requests],
            "since": self.since and self.since.isoformat(),
            "full": self.full,
            "started_at": self.started_at.isoformat(),
            "bookmark": dict(self.bookmark),
            "newest_at": self.newest_at and self.newest_at.isoformat(),
            "items": self.items,
            "asked": sorted(self.asked),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Walk:
        """Return the walk that `as_json` wrote, marked as resumed."""
        return cls(
            requests=tuple(request_from_json(request) for request in value["requests"]),
            since=_instant(value["since"]),
            full=value["full"],
            started_at=datetime.fromisoformat(value["started_at"]),
            bookmark=value["bookmark"],
            newest_at=_instant(value["newest_at"]),
            items=value["items"],
            asked=frozenset(value["asked"]),
            resumed=True,
        )


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


@dataclass(frozen=True, slots=True)
class Look:
    """What one bite of reading a source brought: pages, and an error when it ended in one."""

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
    not_modified: bool = False
    commit: bool = False  # save the bookmark now, although the walk goes on
    error: LookError | None = None

    @property
    def ms(self) -> int:
        """Return how long it took, in milliseconds."""
        return int((self.ended_at - self.started_at).total_seconds() * 1000)


class Vault:
    """What accounts need to remember: tokens and the money of the day.

    Each write is committed alone and at once: a token before it is used, money before it is spent.
    """

    def __init__(self, read: Read, write: Write, accounts: Mapping[str, AccountSettings]) -> None:
        self._read = read
        self._write = write
        self._accounts = accounts
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def renewing(self, account: str) -> Iterator[None]:
        """Let one thread at a time renew the token of an account."""
        with self._guard:
            lock = self._locks.setdefault(account, threading.Lock())
        with lock:
            yield

    def token(self, account: str) -> Token | None:
        """Return the current token."""
        return self._read(lambda conn: sources.load_token(conn, account))

    def keep(self, account: str, token: Token, now: datetime) -> None:
        """Commit a new token."""
        self._write(lambda conn: sources.save_token(conn, account, token, now))

    def pay(self, account: str | None, cost: int, now: datetime) -> None:
        """Take the cost of a request from the budget of the day. Raises RefusedError when it is spent."""
        if cost <= 0 or account is None:
            return
        settings = self._accounts[account]
        day = now.date().isoformat()

        def book(conn: Connection) -> bool:
            spent = sources.spent(conn, account, day)
            if settings.daily_budget is not None and spent + cost > settings.daily_budget:
                return False
            sources.spend(conn, account, day, cost)
            return True

        if not self._write(book):
            budget = (settings.daily_budget or 0) / 1_000_000
            raise RefusedError(
                f"the budget of the day for {account} is spent ({budget:g} {settings.currency}); "
                "reading goes on at midnight UTC",
                code="over_budget",
                retry_after=_until_midnight(now),
            )

    def correct(self, account: str | None, difference: int, now: datetime) -> None:
        """Book what an answer cost more or less than it was expected to."""
        if account is not None and difference:
            day = now.date().isoformat()
            self._write(lambda conn: sources.spend(conn, account, day, difference))


def _until_midnight(now: datetime) -> timedelta:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight - now


@dataclass(frozen=True)
class Tools:
    """What a look works with; one set for the whole process."""

    settings: Settings
    door: Door
    sandbox: Sandbox
    scorer: Scorer
    matcher: Matcher
    vault: Vault
    read: Read
    clock: Clock

    def session(self, source: SourceSettings, connector: Connector[Any]) -> Session:
        """Return the source's own session at the door."""
        return self.door.session(
            source.name,
            base_url=source.base_url,
            allow_private=source.allow_private,
            hosts=connector.hosts,
            named=tuple(addresses_in(source.options)),
            gap=connector.limits.gap,
            robots=connector.robots,
        )


# --- looking -------------------------------------------------------------------------------------


def look(source: SourceSettings, state: SourceState, tools: Tools) -> Look:
    """Read one bite of a source. Never raises for what a site does: the error is part of the Look."""
    started = tools.clock()
    connector = source.build()
    walk = _walk(connector, source, state, started)
    return _Bite(source, connector, tools, started, walk, first=state.introduced_at is None).run()


def recheck(source: SourceSettings, wanted: Sequence[Mention], tools: Tools) -> Look | None:
    """Look at some mentions of a source again; None when the site has no way to ask for them."""
    started = tools.clock()
    connector = source.build()
    requests = tuple(connector.recheck(wanted))
    if not requests:
        return None
    walk = Walk(requests, since=None, full=False, started_at=started)
    return _Bite(source, connector, tools, started, walk, first=False, everything=True).run()


def receive(source: SourceSettings, headers: Mapping[str, str], body: bytes, tools: Tools) -> Look:
    """Read what a site pushed to us. Raises LookError or UsageError when it is not to be believed."""
    started = tools.clock()
    connector = source.build()
    page = connector.receive(headers, body)
    walk = Walk((), since=None, full=False, started_at=started)
    bite = _Bite(source, connector, tools, started, walk, first=False, everything=True)
    bite.take(page)
    return bite.run()


def _walk(connector: Connector[Any], source: SourceSettings, state: SourceState, now: datetime) -> Walk:
    """Return the unfinished walk of a source, or a new one."""
    if state.walk and not (state.failures >= TRY_AGAIN_AFTER):
        return Walk.from_json(state.walk)
    full = state.newest_at is None or (state.next_full_at is not None and state.next_full_at <= now)
    since = None if full or state.newest_at is None else state.newest_at - connector.overlap
    requests = tuple(connector.start(Since(since, state.bookmark)))
    return Walk(requests, since, full, started_at=now)


class _Bite:
    """One bite under way: a queue of requests, worked off until it is empty or the bite is full."""

    def __init__(
        self,
        source: SourceSettings,
        connector: Connector[Any],
        tools: Tools,
        started: datetime,
        walk: Walk,
        *,
        first: bool,
        everything: bool = False,
    ) -> None:
        self.source = source
        self.connector = connector
        self.tools = tools
        self.started = started
        self.walk = walk
        self.first = first
        self.everything = everything  # a re-check: what is asked for is read whatever is known of it
        self.session = tools.session(source, connector)
        self.queue: deque[AnyRequest] = deque(walk.requests)
        self.asked = set(walk.asked)
        self.bookmark = dict(walk.bookmark)
        self.newest = walk.newest_at
        self.judged: dict[str, intake.Judged] = {}
        self.observed: dict[str, Mention] = {}
        self.hashes: Mapping[str, str] = {}
        self.seen: set[str] = set()
        self.gone: list[str] = []
        self.totals: list[SiteTotal] = []
        self.problems: list[ItemProblem] = []
        self.validators: dict[str, Validator] = {}
        self.stored_validators = tools.read(lambda conn: sources.validators(conn, source.name))
        self.requests = 0
        self.unchanged = 0
        self.commit = False

    def run(self) -> Look:
        """Work the queue off."""
        error: LookError | None = None
        while self.queue and not self._full():
            request = self.queue[0]
            try:
                page = self._ask(request)
            except LookError as raised:
                error = raised
                break
            self.queue.popleft()
            if page is not None:
                self.take(page)
                if page.commit:
                    self.commit = True  # what was shown is destroyed by the next question: save first
                    break
        return self._result(error)

    def _full(self) -> bool:
        return (
            self.tools.clock() - self.started >= BITE_TIME
            or self.requests >= BITE_REQUESTS
            or len(self.judged) >= BITE_ITEMS
        )

    def _result(self, error: LookError | None) -> Look:
        done = not self.queue and error is None
        walk = replace(
            self.walk,
            requests=tuple(self.queue),
            bookmark=self.bookmark,
            newest_at=self.newest,
            items=self.walk.items + len(self.seen),
            asked=frozenset(self.asked),
        )
        return Look(
            source=self.source.name,
            started_at=self.started,
            ended_at=self.tools.clock(),
            walk=walk,
            done=done,
            judged=tuple(self.judged.values()),
            observed=tuple(self.observed.values()),
            seen=frozenset(self.seen),
            gone=tuple(self.gone),
            totals=tuple(self.totals),
            problems=tuple(self.problems),
            validators=self.validators,
            requests=self.requests,
            not_modified=self.unchanged > 0 and self.unchanged == self.requests,
            commit=self.commit,
            error=error,
        )

    # --- one request

    def _ask(self, request: AnyRequest) -> Page | None:
        """Send one request and read the answer; None when it brought nothing new."""
        if isinstance(request, MailRequest):
            raise FetchError("this program has no door to mailboxes yet", code="mailbox", permanent=True)
        key = request_key(request)
        if key in self.asked:
            return None  # a page that names itself, or two pages in a circle
        now = self.tools.clock()
        self.tools.vault.pay(self.source.account, request.cost, now)
        response = self._send(request, key, now)
        self.requests += 1
        if response.status == 304:
            self.unchanged += 1
            self.asked.add(key)
            return None
        refusal = self.connector.refused(response)
        if refusal is not None:
            page = self._refused(refusal, request)
        else:
            page = self._parse(response)
            self._remember_validators(key, response, page)
        self.asked.add(key)
        if page is not None and page.cost is not None:
            self.tools.vault.correct(self.source.account, page.cost - request.cost, now)
        return page

    def _send(self, request: Request, key: str, now: datetime) -> Response:
        stored = self.stored_validators.get(key)
        validators = None
        if stored and request.method == "GET" and now - stored.fetched_at < UNCONDITIONAL_EVERY:
            validators = Validators(stored.etag, stored.last_modified)
        return self.session.fetch(self._signed(request, now), validators=validators)

    def _signed(self, request: Request, now: datetime) -> Request | Signed:
        auth = self.connector.auth()
        if auth is None:
            return request
        vault, account = self.tools.vault, self.source.account or f"source:{self.source.name}"
        token = vault.token(account)
        if (wanted := auth.renew(token, now)) is not None:
            with vault.renewing(account):
                token = vault.token(account)  # another thread may just have done it
                wanted = auth.renew(token, now)
                if isinstance(wanted, Signed):
                    answer = self.session.fetch(wanted)
                    self.requests += 1
                    fresh = auth.read(answer, now).after(token)
                    vault.keep(account, fresh, now)
                    token = fresh
                elif wanted is not None:
                    vault.keep(account, wanted, now)
                    token = wanted
        return auth.sign(request, token, now)

    def _refused(self, refusal: Refusal, request: Request) -> Page | None:
        """Turn a refusal into a page or an error."""
        match refusal.outcome:
            case Outcome.NOTHING:
                return Page()
            case Outcome.GONE:
                return Page(gone=refusal.gone or request.about)
            case Outcome.TRY_OTHER:
                return Page(follow=refusal.instead)
            case Outcome.FAILED:
                raise FetchError(refusal.why, code="refused", retry_after=refusal.wait)
            case Outcome.THROTTLED:
                raise RefusedError(refusal.why, code="throttled", retry_after=refusal.wait)
            case Outcome.OVER_BUDGET:
                raise RefusedError(refusal.why, code="over_budget", retry_after=refusal.wait)
            case Outcome.RECONNECT:
                raise RefusedError(refusal.why, code="reconnect", permanent=True)

    def _parse(self, response: Response) -> Page:
        try:
            if self.connector.markup:
                connector = self.connector
                return self.tools.sandbox.parse(
                    type(connector), connector.config, connector.brands, response
                )
            page: Page = self.connector.parse(response)
            return page
        except KeyError as error:
            key = str(error.args[0])[:80]
            raise ParseError(f"the answer has no `{key}`; the site may have changed its shape") from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            what = f"{type(error).__name__} in {self.source.connector}"
            raise ParseError(f"the answer has another shape than expected ({what})") from error

    def _remember_validators(self, key: str, response: Response, page: Page) -> None:
        if page.problems:
            return  # ask again: what could not be read today may be readable after an update
        if (fresh := validators_of(response)) is not None:
            self.validators[key] = Validator(fresh.etag, fresh.last_modified, self.tools.clock())

    # --- one page

    def take(self, page: Page) -> None:
        """Keep what a page brought, and ask for what follows it unless this branch has gone far enough."""
        now = self.tools.clock()
        normalised = intake.normalised(page.mentions, self.source, self.connector, self.tools.matcher, now)
        self.problems += page.problems
        self.problems += normalised.problems
        self.gone += page.gone
        self.totals += page.totals
        self.bookmark |= page.bookmark or {}
        for judged in intake.judge(self._fresh(normalised.mentions), self.tools.scorer):
            self.judged[judged.mention.external_id] = judged
        self.seen.update(mention.external_id for mention in normalised.mentions)
        self._note_newest(normalised.mentions, now)
        if not self._far_enough(normalised.mentions):
            self.queue.extend(page.follow)

    def _fresh(self, page: Sequence[Mention]) -> list[Mention]:
        """Return what is new or changed; of the rest remember what it shows of answers."""
        ids = [mention.external_id for mention in page]
        self.hashes = self.tools.read(lambda conn: mentions.known_hashes(conn, self.source.name, ids))
        shows_answers = self.connector.sees_answers != "no"
        fresh = []
        for mention in page:
            earlier = self.judged.get(mention.external_id)
            if earlier is not None:
                fresh.append(intake.merged(earlier.mention, mention))
            elif self.hashes.get(mention.external_id) != mention.content_hash:
                fresh.append(mention)
            elif mention.own or (shows_answers and "reply" not in mention.absent):
                self.observed[mention.external_id] = mention
        return fresh

    def _note_newest(self, page: Iterable[Mention], now: datetime) -> None:
        times = [mention.published_at for mention in page if mention.published_at]
        if times:
            newest = min(max(times), now)
            self.newest = max(newest, self.newest) if self.newest else newest

    def _far_enough(self, page: Sequence[Mention]) -> bool:
        """Say whether nothing behind this page is of interest although it names a next one."""
        times = [mention.published_at for mention in page if mention.published_at]
        if self.first and not self.everything:
            counted = self.walk.items + len(self.seen)
            old = bool(times) and self.connector.newest_first and min(times) < self.started - FIRST_LOOK_SPAN
            if counted >= FIRST_LOOK_ITEMS or old:
                return True
        if not (self.connector.newest_first and page) or self.walk.full or self.everything:
            return False
        known = all(self.hashes.get(mention.external_id) == mention.content_hash for mention in page)
        # Late and back-dated items stand further down: a known page ends the walk only behind the overlap.
        behind = self.walk.since is None or not times or min(times) < self.walk.since
        return known and behind


# --- taking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """What a look changed in the database."""

    new: int = 0
    edited: int = 0
    known: int = 0
    alerts: int = 0
    health: Health = Health.OK
    told: Reason | None = None


def take(
    conn: Connection,
    look: Look,
    source: SourceSettings,
    routing: intake.Routing,
    now: datetime,
) -> Taken:
    """Store what a look brought and decide, in the caller's one transaction."""
    state = sources.get(conn, source.name)
    if state is None or not state.active:
        return Taken()
    error = look.error or _changed_shape(look)
    first = state.introduced_at is None
    taken = intake.take(
        conn,
        source,
        look.judged,
        routing=routing,
        now=now,
        first_look=first,
        backfill_since=state.backfill_since,
    )
    intake.observe(conn, source, look.observed, look.seen, routing=routing, now=now)
    for total in look.totals:
        mentions.put_total(conn, source.name, total, now)
    mentions.delete(conn, mentions.ids_of(conn, source.name, look.gone), now)
    sources.quarantined(conn, source.name, look.problems, now)
    _save_progress(conn, look, source, state, error, now)
    if error is None:
        sources.put_validators(conn, source.name, look.validators)
    _note_rate(conn, state, taken.alerts, now)
    poll = Poll(
        at=look.started_at,
        ms=look.ms,
        requests=look.requests,
        seen=len(look.seen),
        new=taken.new,
        edited=taken.edited,
        problems=len(look.problems),
        not_modified=look.not_modified,
        done=look.done,
        error_code=error.code if error else None,
    )
    health, told = _health(conn, state, poll, error, source, routing, taken.new, now)
    sources.add_poll(conn, source.name, poll)
    if first and error is None and (look.done or now - state.added_at >= ANNOUNCE_WITHIN):
        introduce(conn, source, routing, now)
    return Taken(taken.new, taken.edited, taken.known, taken.alerts, health, told)


def _note_rate(conn: Connection, state: SourceState, told: int, now: datetime) -> None:
    """Keep how many alerts a source usually causes, so that a flood is known when it comes."""
    elapsed = now - (state.last_look_at or state.added_at)
    sources.update(conn, state.name, usual_rate=policy.usual_rate(state.usual_rate, told, elapsed))


def _changed_shape(look: Look) -> LookError | None:
    unreadable = len(look.problems)
    if unreadable and unreadable > MOST_UNREADABLE * (unreadable + len(look.seen)):
        total = unreadable + len(look.seen)
        return ParseError(f"{unreadable} of {total} entries could not be read; the first: {look.problems[0].what}")
    return None


def _save_progress(
    conn: Connection,
    look: Look,
    source: SourceSettings,
    state: SourceState,
    error: LookError | None,
    now: datetime,
) -> None:
    """Write the walk, and the bookmark when it is finished. An error moves neither cursor nor bookmark."""
    connector = source.kind
    values: dict[str, object] = {"lease_until": None, "last_look_at": now}
    walked = _walked(look, state)
    if error is not None:
        keep = look.walk.requests and look.walk.asked and not isinstance(error, ParseError)
        values |= {"walk": look.walk.as_json() if keep else None, "walk_ids": walked if keep else None}
        values["next_poll_at"] = policy.next_poll(
            source.every, now, state.failures + 1, error.retry_after, chance=random.random()
        )
        values["not_before"] = now + error.retry_after if error.retry_after else None
    elif look.done:
        newest = max(filter(None, (look.walk.newest_at, state.newest_at)), default=None)
        bookmark = {**(state.bookmark or {}), **look.walk.bookmark}
        values |= {
            "walk": None,
            "walk_ids": None,
            "bookmark": bookmark or None,
            "newest_at": newest or now,
            "next_poll_at": policy.next_poll(source.every, now, fastest=connector.fastest, chance=random.random()),
            "not_before": None,
        }
        if look.walk.full and connector.full_every:
            values["next_full_at"] = now + connector.full_every
        if look.walk.full and connector.lists_all and look.seen and not look.not_modified:
            mentions.missed(conn, source.name, set(walked), now)
    else:
        values |= {"walk": look.walk.as_json(), "walk_ids": walked, "next_poll_at": now, "not_before": None}
        if look.commit:
            values["bookmark"] = {**(state.bookmark or {}), **look.walk.bookmark}
    sources.update(conn, source.name, **values)


def _walked(look: Look, state: SourceState) -> list[str]:
    earlier = state.walk_ids if state.walk and look.walk.resumed else None
    return sorted({*(earlier or ()), *look.seen}) if look.walk.full else []


def _health(
    conn: Connection,
    state: SourceState,
    poll: Poll,
    error: LookError | None,
    source: SourceSettings,
    routing: intake.Routing,
    new: int,
    now: datetime,
) -> tuple[Health, Reason | None]:
    """Work out how the source is doing, write it down, and tell the operator what changed."""
    past = sources.last_polls(conn, source.name)
    verdict = policy.health(
        policy.HealthBefore(state.health, state.failures, state.failing_since, state.told_at),
        policy.LookOutcome(
            ok=error is None,
            seen=poll.seen,
            not_modified=poll.not_modified,
            reconnect=error is not None and error.code == "reconnect",
            over_budget=error is not None and error.code == "over_budget",
        ),
        [policy.LookOutcome(p.error_code is None, p.seen, p.not_modified) for p in past if p.done or p.error_code],
        now,
    )
    values: dict[str, object] = {
        "health": verdict.health,
        "failures": verdict.failures,
        "failing_since": verdict.failing_since,
        "told_at": verdict.told_at,
        "last_error": str(error)[:500] if error else None,
        "error_code": error.code if error else None,
    }
    if error is None and verdict.health in (Health.OK, Health.NEW):
        values["last_good_at"] = now
    sources.update(conn, source.name, **values)
    if error is not None or verdict.health is Health.EMPTY:
        why = str(error) if error else "the site answers, but with nothing where there always was something"
        sources.open_gap(conn, source.name, state.last_good_at or state.added_at, why)
        caught_up = None
    else:
        caught_up = new if sources.close_gap(conn, source.name, now, new) is not None else None
    if verdict.tell is not None:
        intake.tell_operator(
            conn,
            routing,
            verdict.tell,
            key=("source", source.name, verdict.tell, state.failing_since or now, now.date()),
            source=source.name,
            facts=_health_facts(conn, source, state, error, caught_up, now),
            now=now,
        )
    return verdict.health, verdict.tell


def _health_facts(
    conn: Connection,
    source: SourceSettings,
    state: SourceState,
    error: LookError | None,
    caught_up: int | None,
    now: datetime,
) -> dict[str, Json]:
    after = sources.get(conn, source.name) or state
    others = [other for other in sources.all_active(conn) if other.name != source.name]
    fine = [other for other in others if other.health in (Health.OK, Health.NEW)]
    seen = [other.last_good_at for other in fine if other.last_good_at]
    return {
        "source": source.name,
        "site": source.kind.title or source.name,
        "since": (state.last_good_at or state.added_at).isoformat(),
        "why": str(error) if error else "it answers, but with nothing where there always was something",
        "code": error.code if error else "empty",
        "permanent": bool(error and error.permanent),
        "mend": _mend(source, error),
        "others_fine": len(fine),
        "others_all": len(others),
        "others_seen_at": max(seen).isoformat() if seen else None,
        "until": now.isoformat(),
        "next_try": after.next_poll_at.isoformat(),
        "caught_up": caught_up,
    }


def _mend(source: SourceSettings, error: LookError | None) -> str:
    if error is not None and error.code == "reconnect":
        return f"monitor connect {shlex.quote(source.name)}"
    return f"monitor poll {shlex.quote(source.name)} --dry-run"


def introduce(conn: Connection, source: SourceSettings, routing: intake.Routing, now: datetime) -> None:
    """Tell once what the first look at a source found."""
    facts = mentions.first_look_facts(conn, source.name, now - timedelta(days=30))
    total = mentions.last_total(conn, source.name)
    sources.update(conn, source.name, introduced_at=now, backfill_since=None)
    intake.tell_owners(
        conn,
        routing,
        Reason.SUMMARY,
        key=("first", source.name, now),
        source=source.name,
        facts={
            **facts,
            "average": total.average if total and total.average is not None else facts["average"],
            "site_count": total.count if total else None,
            "site": source.kind.title or source.name,
            "source": source.name,
            "would_have_sent": intake.would_have_sent(conn, source, routing, now - timedelta(days=30), now),
        },
        now=now,
    )


def take_recheck(conn: Connection, look: Look, source: SourceSettings, routing: intake.Routing, now: datetime) -> Taken:
    """Store what a re-check showed; the source's own walk and health are not touched."""
    taken = intake.take(conn, source, look.judged, routing=routing, now=now)
    intake.observe(conn, source, look.observed, look.seen, routing=routing, now=now)
    mentions.delete(conn, mentions.ids_of(conn, source.name, look.gone), now)
    return Taken(taken.new, taken.edited, taken.known, taken.alerts)


def broken_look(source: SourceSettings, error: Exception, now: datetime) -> Look:
    """Return a look that ended in a fault of ours: it counts like any other failure of the source."""
    walk = Walk((), since=None, full=False, started_at=now)
    fault = LookError(f"{type(error).__name__} while reading; the log has the details", code="fault")
    return Look(source.name, now, now, walk, done=False, error=fault)


__all__ = [
    "LEASE",
    "Look",
    "Taken",
    "Tools",
    "Vault",
    "Walk",
    "broken_look",
    "introduce",
    "look",
    "receive",
    "recheck",
    "take",
    "take_recheck",
]
