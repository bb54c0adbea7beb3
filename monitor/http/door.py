"""The door: sessions that send requests and bring back whole, decoded answers, or a FetchError that says why not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta

from monitor import tls
from monitor.clock import Clock, now
from monitor.exchange import Request, Response, Signed
from monitor.http.address import Address, read_url
from monitor.http.cookies import Jar
from monitor.http.errand import Errand
from monitor.http.line import Answer, Client, ask
from monitor.http.names import NAME_LIMIT, Names, Resolver
from monitor.http.pacing import Pacing
from monitor.http.question import Question, Validators, question_of
from monitor.http.robots import NAME, Robots
from monitor.http.transport import Switchboard
from monitor.http.trust import Trust
from monitor.http.walk import REDIRECTS, Step, first_step, message, next_step
from monitor.http.walls import wall
from monitor.http.wire import connect

DEADLINE = timedelta(seconds=30)
GAP = timedelta(seconds=1)
MAX_REDIRECTS = 5


class Door:
    """The one way to the web: one pool of connections, one table of turns, one name for itself.

    `contact` goes into the User-Agent. `resolver` gives the addresses of a host (tests bring their own);
    a look-up ends after `name_limit`. `pacing` keeps the turns at hosts. Thread-safe; each source or channel
    takes its own session.
    """

    def __init__(
        self,
        *,
        contact: str | None,
        version: str,
        clock: Clock = now,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        name_limit: timedelta = NAME_LIMIT,
        pacing: Pacing | None = None,
    ) -> None:
        self.clock = clock
        self.user_agent = _user_agent(version, contact)
        self.names = Names(resolver, name_limit)
        self.switchboard = Switchboard(self.names, _tls(ssl_context))
        self.client = Client(self.switchboard)
        self.pacing = pacing or Pacing()
        self.robots = Robots()

    def session(
        self,
        name: str,
        *,
        base_url: str | None = None,
        allow_private: bool = False,
        hosts: Iterable[str] = (),
        named: Iterable[str] = (),
        gap: timedelta = GAP,
        robots: bool = False,
    ) -> Session:
        """Return a session for one source or channel.

        `base_url`: every request goes to this origin, path and query kept. `hosts`: where secrets may
        go, as `host` (at its usual port) or `host:port`; `named`: whole addresses the operator wrote into
        the configuration, whose origins may have them, too. Without any of these, only the origin of the
        first request.
        `allow_private` lets the session reach private addresses at `base_url`, or else at `hosts` and
        `named`; never anywhere else. `gap` lies between two requests to one host, from whatever session.
        Raises FetchError (refused_address) for an address that cannot be used.
        """
        trust = Trust(base_url, allow_private=allow_private, hosts=hosts, named=named)
        return Session(self, name, trust, gap, robots=robots)

    def connect(self, host: str, port: int, *, seconds: float, allow_private: bool) -> socket.socket:
        """Return a bare socket to a host, for what speaks something else than HTTP; its address is checked as ever.

        Raises FetchError (refused_address, dns, dns_timeout, connect, deadline).
        """
        address = read_url(f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
        errand = Errand(address.host, timedelta(seconds=seconds))
        return connect(address, errand, self.names, allow_private=allow_private)

    def is_closed(self) -> bool:
        """Say whether the program is stopping."""
        return self.pacing.is_stopped()

    def close(self) -> None:
        """Close all connections. Requests under way, or waiting for their turn, end with FetchError (stopped)."""
        self.pacing.stop()
        self.client.close()


class Session:
    """The requests of one source or channel: own cookies, own trust, everything else shared. Thread-safe."""

    def __init__(self, door: Door, name: str, trust: Trust, gap: timedelta, *, robots: bool) -> None:
        self.name = name
        self.cookies = Jar()
        self._door = door
        self._trust = trust
        self._gap = gap
        self._robots = robots

    def fetch(
        self, request: Request | Signed, *, validators: Validators | None = None, deadline: timedelta = DEADLINE
    ) -> Response:
        """Send a request and return the whole answer, decoded and within the limits.

        `deadline` counts from the turn at the host to the last byte, look-up and redirects included.
        Answers of 400 to 599 come back as they are; status 304 only when `validators` were given.
        Raises FetchError: its code says what went wrong, its text names no more of an address than the host.
        """
        question = question_of(request)
        self._trust.begin(question.address)
        asked = validators.headers() if validators and question.method == "GET" else {}
        gap = self._ask_robots(question.address, deadline)
        self._door.pacing.wait(question.address.host, max(gap, self._gap))
        errand = Errand(question.address.host, deadline)
        answer, address = self._walk(question, asked, errand, polite=self._robots)
        _judge(answer, question.method, errand, conditional=bool(asked))
        url = question.shown if address == question.address else question.hide(address.url)
        headers = tuple(pair for pair in answer.headers if pair[0] != "set-cookie")
        return Response(question.request, answer.status, headers, answer.body, self._door.clock(), url)

    def _walk(
        self, question: Question, asked: Mapping[str, str], errand: Errand, *, polite: bool
    ) -> tuple[Answer, Address]:
        """Ask, and follow redirects to the end. Returns the answer and the address it belongs to."""
        step = first_step(question)
        seen = {self._mark(step)}
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(step, asked, errand)
            if answer.status not in REDIRECTS:
                return answer, step.address
            step = next_step(step, answer, self._trust, errand)
            if self._mark(step) in seen:
                raise errand.failed("redirect", "it sends us round in a circle")
            seen.add(self._mark(step))
            if polite:
                self._ask_robots(step.address, timedelta(seconds=errand.left()))
        raise errand.failed("redirect", f"it sends us on more than {MAX_REDIRECTS} times")

    def _ask(self, step: Step, asked: Mapping[str, str], errand: Errand) -> Answer:
        there = self._trust.way_to(step.address)
        extra = {"User-Agent": self._door.user_agent, "Cookie": self.cookies.header(there), **asked}
        allow_private = self._trust.allows_private(there)
        answer = ask(self._door.client, message(step, self._trust, extra), errand, allow_private=allow_private)
        self.cookies.take(there, answer.values("set-cookie"), self._door.clock())
        return answer

    def _mark(self, step: Step) -> tuple[str, str, str | None]:
        # The same place with another cookie is no circle: so pages find out whether cookies work.
        there = self._trust.way_to(step.address)
        return (step.method, there.url, self.cookies.header(there))

    def _ask_robots(self, address: Address, deadline: timedelta) -> timedelta:
        """Return the gap that robots.txt asks for. Raises FetchError (robots) where it closes the page to us."""
        if not self._robots:
            return timedelta(0)

        def ask(file: Address) -> tuple[int, bytes]:
            question = question_of(Request(file.url))
            answer, _ = self._walk(question, {}, Errand(file.host, deadline), polite=False)
            return answer.status, answer.body

        site = (address.origin, self._trust.way_to(address).origin)
        return self._door.robots.check(address, site, ask, self._door.clock())


def _judge(answer: Answer, method: str, errand: Errand, *, conditional: bool) -> None:
    """Refuse what is an answer by the rules of HTTP, and none to our question."""
    status = answer.status
    if 400 <= status < 600 or (status == 304 and conditional):
        return
    if status == 304:
        raise errand.failed("protocol", "it says 'not modified', which we did not ask", status=status)
    if status == 206:
        raise errand.failed("protocol", "it sends a part, which we did not ask for", status=status)
    if not 200 <= status < 300:
        raise errand.failed(f"http_{status}", f"it answers with the status {status}", status=status)
    if method == "GET":
        _judge_page(answer, errand)


def _judge_page(answer: Answer, errand: Errand) -> None:
    begin = answer.body[:1024].lstrip() or answer.body.strip()
    if not begin:
        raise errand.failed("empty", "the answer is empty", status=answer.status)
    kind = next(iter(answer.values("content-type")), "").partition(";")[0].strip().lower()
    if "json" in kind and begin.startswith(b"<"):
        what = "the answer says it is JSON and begins like a page"
        raise errand.failed("unexpected_type", what, status=answer.status)
    if wanted := wall(answer.body, kind):
        what = f"instead of the page it shows one that wants {wanted}"
        raise errand.failed("blocked", what, status=answer.status)


def _user_agent(version: str, contact: str | None) -> str:
    safe = "".join(letter for letter in contact or "" if "!" <= letter <= "~" and letter not in "()")
    return f"{NAME}/{version} (+{safe})" if safe else f"{NAME}/{version}"


def _tls(given: ssl.SSLContext | None) -> ssl.SSLContext:
    context = tls.alike(given) if given else tls.client_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
