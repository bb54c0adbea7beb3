"""What the connectors share that read Meta's Graph API: its token, its pages, its refusals and what it pushes.

Errors come with HTTP 400, mostly, and are told apart by a code. The next page is named by an address that holds the
token. Limits are percentages without a time; only Pages and Instagram say in minutes when they take questions again.
What is pushed is signed over the raw body with the secret of the app.
https://developers.facebook.com/docs/graph-api/results, …/guides/error-handling, …/guides/secure-requests,
…/overview/rate-limiting, …/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Brand,
    Connector,
    ConnectorConfig,
    Outcome,
    Page,
    ParseError,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import Auth
from monitor.errors import FetchError
from monitor.exchange import Signed, Token, read_json
from monitor.text import number, parse_when

GRAPH = "https://graph.facebook.com"
SECRET_PARAMS = ("access_token", "appsecret_proof")
THROTTLED = {4, 17, 32, 613, 80001, 80002}
ENDED = {458: "the app was removed", 460: "the password was changed", 463: "the token has run out"}
GONE = (100, 33)
TOO_MUCH = "reduce the amount of data"
ROLLING = timedelta(hours=1)  # the window of app limits, for which no time is named
LONGEST = timedelta(hours=24)
NEARLY_SPENT = 80  # per cent
LATE = timedelta(hours=48)  # how far behind the last walk comments are read again

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}$", strip_whitespace=True)]


class GraphConfig(ConnectorConfig):
    """What every source of Meta's needs."""

    token: SecretStr = Field(description="the access token of the Page")
    app_secret: SecretStr | None = Field(
        None, description="the secret of your app: proves requests, and what is pushed"
    )
    version: Annotated[str, StringConstraints(pattern=r"^v[0-9]{2}\.0$")] = Field(
        "v25.0", description="the version of the Graph API; Meta ends each after two years or so"
    )


G = TypeVar("G", bound=GraphConfig)
Reader = Callable[[Any], RawMention | None]


@dataclass(frozen=True)
class GraphToken(Auth):
    """The token as a parameter and, where the secret of the app is known, the proof that the request is its own."""

    token: SecretStr
    app_secret: SecretStr | None = None

    def sign(self, request: Request, token: Token | None, now: datetime) -> Signed:
        """Add the parameters."""
        access = self.token.get_secret_value()
        proof = {"appsecret_proof": _hmac(self.app_secret, access.encode())} if self.app_secret else {}
        return Signed(request, params={"access_token": access, **proof})


def _hmac(secret: SecretStr, message: bytes) -> str:
    return hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()


# --- pages ---------------------------------------------------------------------------------------


def next_of(edge: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[Request, ...]:
    """Return the request for the next page of a list, if any, without the token that stands in its address."""
    address = edge.get("paging", {}).get("next")
    if address is None:
        return ()
    parts = urlsplit(address)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    params = {name: value for name, value in asked if name not in SECRET_PARAMS}
    return (Request(urlunsplit(parts._replace(query="")), params, context=dict(context)),)


def ends_behind(moments: Iterable[datetime | None], until: int | None) -> bool:
    """Say whether a list whose newest entries come first goes back behind a time.

    One in another order never does: what is new may stand at its end.
    """
    times = [moment.timestamp() for moment in moments if moment]
    return until is not None and bool(times) and times == sorted(times, reverse=True) and times[-1] < until


# --- who answers whom ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One thing that was said, as far as it must be known to tell whom an answer answers.

    `author` is who said it, `names` are those it speaks to, in the same spelling; `parent` is what it stands below.
    """

    id: str
    parent: str | None
    author: str | None
    at: datetime | None
    text: str
    url: str | None = None
    names: frozenset[str] = frozenset()


def answers(said: Iterable[Said], ours: AbstractSet[str]) -> dict[str, Reply]:
    """Return what we said first, by the id of what it answers.

    That is what the person it names said last before it below the same thing, or what anybody did where that thing
    is a comment of ours; else the thing it stands below.
    """
    found: dict[str, Reply] = {}
    timed = sorted(((one.at, one) for one in said if one.at), key=lambda pair: pair[0])
    below_ours = {one.id for _, one in timed if one.author in ours and one.parent is not None}
    for at, one in timed:
        if one.author not in ours or one.parent is None:
            continue
        beside = [other for when, other in timed if when < at and other.parent == one.parent]
        meant = [other for other in beside if other.author in one.names]
        if not meant and one.parent in below_ours:
            meant = [other for other in beside if other.author not in ours]
        found.setdefault(meant[-1].id if meant else one.parent, Reply(one.text, published_at=at, url=one.url))
    return found


# --- what is no answer ---------------------------------------------------------------------------


def refused(response: Response, site: str, ours: str) -> Refusal | None:
    """Read an answer that is none. `ours` names what to compare when nothing is found, such as "`page`".

    That a thing does not exist or may not be seen is one and the same code for Meta. It counts as deleted where
    `about` names it; a thing that is only looked up (`one` in the context) may be somebody else's: nothing is said.
    """
    error = _error(response)
    if error is None:
        return refused_by_status(response)
    code, subcode = (number(error.get(name)) for name in ("code", "error_subcode"))
    asked = response.request
    looked_up = not asked.about and isinstance(asked.context, Mapping) and "one" in asked.context
    if code in THROTTLED:
        wait = response.retry_after() or _wait(response)
        return Refusal(Outcome.THROTTLED, f"{site} answered {code:g}: it is asked too often", wait)
    if code in (102, 190):
        why = ENDED.get(int(subcode or 0), "the token is not, or no longer, valid")
        return Refusal(Outcome.RECONNECT, f"{site} says that the access has ended: {why}; make a new token")
    if code == 10 or (code is not None and 200 <= code <= 299):
        why = f"{site} answered {code:g}: the token lacks {_lacking(error)}"
        outcome = Outcome.FAILED if asked.about else Outcome.NOTHING if looked_up else Outcome.RECONNECT
        return Refusal(outcome, why)
    if code == 803 or (code, subcode) == GONE:
        if asked.about:
            return Refusal(Outcome.GONE, f"{site} no longer shows it", gone=asked.about)
        why = f"{site} does not show it to this token: compare {ours}, and whose token it is"
        return Refusal(Outcome.NOTHING if looked_up else Outcome.FAILED, why)
    if code == 1 and TOO_MUCH in str(error.get("message")) and (less := int(asked.params.get("limit", 0)) // 2):
        smaller = replace(asked, params={**asked.params, "limit": less})
        return Refusal(Outcome.TRY_OTHER, f"{site} wants to be asked for less at once", instead=(smaller,))
    if code == 12:
        return Refusal(Outcome.FAILED, f"{site} has withdrawn what is asked for in this `version`")
    known = f"error {code:g}" if code is not None else f"an error, {response.status}"
    return Refusal(Outcome.FAILED, f"{site} answered with {known}", response.retry_after())


def _error(response: Response) -> Mapping[str, Any] | None:
    """Return the error that an answer holds; some come with 200."""
    if response.status == 200 and b'"error"' not in response.body[:300]:
        return None
    try:
        body = response.json()
    except (FetchError, ParseError):
        return None
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else None


def _lacking(error: Mapping[str, Any]) -> str:
    """Return the permission that an error names, and nothing else of its words: some repeat the token."""
    named = sorted(set(re.findall(r"\b(?:pages|instagram|business)_[a-z_]{3,40}\b", str(error.get("message")))))
    return f"the permission {' or '.join(named)}" if named else "a permission"


def _wait(response: Response) -> timedelta:
    """Return how long to rest: as long as the headers say, or until the window of the limit has moved on."""
    minutes = max((number(one.get("estimated_time_to_regain_access")) or 0 for one in _usage(response)), default=0)
    return min(timedelta(minutes=minutes), LONGEST) if minutes > 0 else ROLLING


def is_nearly_spent(response: Response) -> bool:
    """Say whether an answer comes with the news that most of what Meta allows is used up, in per cent."""
    keys = ("call_count", "total_time", "total_cputime")
    return any((number(one.get(key)) or 0) >= NEARLY_SPENT for one in _usage(response) for key in keys)


def _usage(response: Response) -> list[Mapping[str, Any]]:
    """Return what the headers say of limits; they are not on every answer."""
    found: list[Any] = []
    for name in ("x-app-usage", "x-business-use-case-usage"):
        with suppress(ParseError):
            usage = read_json((response.header(name) or "{}").encode())
            lists = usage.values() if isinstance(usage, Mapping) else ()
            found += [usage, *(one for some in lists if isinstance(some, list) for one in some)]
    return [one for one in found if isinstance(one, Mapping)]


# --- what is pushed ------------------------------------------------------------------------------


def pushed(
    headers: Mapping[str, str], body: bytes, secret: SecretStr | None, thing: str, account: str
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the changes of one account that were pushed to us, each with the field it belongs to.

    An app has one address for all of its Pages: what is of another account is left out. Raises UsageError for what
    is not signed by Meta, KeyError, TypeError or ParseError for another shape.
    """
    if secret is None:
        raise UsageError("what is pushed is believed with its signature only: give the source `app_secret`")
    given = next((value for name, value in headers.items() if name.lower() == "x-hub-signature-256"), "")
    if not hmac.compare_digest(given.encode(), f"sha256={_hmac(secret, body)}".encode()):
        raise UsageError("what was pushed is not signed with the secret of our app: it is not believed")
    told = read_json(body)
    if told["object"] != thing:
        raise ParseError(f"what was pushed is about another kind of thing than `{thing}`")
    entries = [entry for entry in told["entry"] if str(entry["id"]) == account]
    return [(change["field"], change["value"]) for entry in entries for change in entry.get("changes", ())]


# --- posts with comments ---------------------------------------------------------------------------


class GraphConnector(Connector[G]):
    """What a Page and an account share: lists of posts, newest first, with the newest comments of each.

    A new comment does not move an old post up: posts of thirty days are read at every look, all of them once a day,
    and of each the comments back to two days before the last walk. Near a limit the newest page of each list must
    do: what is left is read once there is room again.
    """

    hosts = ("graph.facebook.com",)
    overlap = timedelta(days=30)  # of posts; below them comments go on
    full_every = timedelta(days=1)
    may_be_empty = True  # thirty days without a word are no trouble; a list without any post is, see `posts`
    sees_answers = "yes"
    one_address = True
    id_option: ClassVar[str] = ""
    """The option that names whose posts they are."""
    own_option: ClassVar[str] = ""
    """The option by which what we say is known; beside it counts what stands in `own_accounts` under `own_key`."""
    own_key: ClassVar[str] = ""
    time_key: ClassVar[str] = ""
    """The key of the time at which a thing was said."""

    def __init__(self, config: G, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        accounts = [account for brand in self.brands for account in brand.own_accounts.get(self.own_key, ())]
        self.ours = {name.lstrip("@").lower() for name in (getattr(config, self.own_option), *accounts)}

    def read(self, response: Response) -> Page:
        """Read one good answer."""
        raise NotImplementedError  # each of the two connectors has its own

    @property
    def receives(self) -> bool:
        """Whether a signature can be checked."""
        return self.config.app_secret is not None

    def greeting(self) -> str | None:
        """Return the verify token: made from the app's secret, so that nobody has to think of one or keep it."""
        return _hmac(self.config.app_secret, b"verify token")[:32] if self.config.app_secret else None

    def greet(self, params: Mapping[str, str]) -> str:
        """Return the challenge by which Meta verifies our address.

        https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
        """
        given, word = params.get("hub.verify_token", ""), self.greeting() or ""
        if params.get("hub.mode") != "subscribe" or not word or not hmac.compare_digest(given.encode(), word.encode()):
            raise UsageError("that is not the verify token that `monitor check` says")
        return params["hub.challenge"]

    def parse(self, response: Response) -> Page:
        """Read one good answer, and ask for nothing further near a limit."""
        page = self.read(response)
        return replace(page, follow=()) if is_nearly_spent(response) else page

    def said(self, thing: Mapping[str, Any], above: str) -> Said:
        """Return a comment as far as it must be known to tell who answers whom. `above` is what it stands below."""
        raise NotImplementedError  # each of the two connectors has its own

    def auth(self) -> Auth:
        """Return the token, with the proof of the app where its secret is given."""
        return GraphToken(self.config.token, self.config.app_secret)

    def refused(self, response: Response) -> Refusal | None:
        """Read Meta's errors by their code."""
        return refused(response, self.title, f"`{self.id_option}`")

    def replied(self, response: Response) -> Reply:
        """Read that an answer is there: it is shown at once, and gets an id."""
        return Reply((response.request.form or {})["message"], external_id=response.json()["id"])

    def ask(self, path: str, context: Mapping[str, Any], **params: Any) -> Request:
        """Return a request of the configured version."""
        return Request(f"{GRAPH}/{self.config.version}/{path}", params, context=dict(context))

    def post(self, path: str, **form: str) -> Request:
        """Return a request that says something."""
        return replace(self.ask(path, {}), method="POST", form=form)

    def back(self, since: Since) -> dict[str, Any]:
        """Return how far a walk goes back: `until` for posts, `late` for the comments below them."""
        read_at = parse_when((since.bookmark or {}).get("read_at"))
        late, until = read_at - LATE if read_at else None, since.time
        if until and read_at:
            until = max(until, read_at - self.overlap)  # nobody may have said a word for a year
        moments = {"until": until, "late": late}
        times = {name: int(moment.timestamp()) if moment else None for name, moment in moments.items()}
        return {**times, "had_posts": (since.bookmark or {}).get("had_posts", False)}

    def written(self, thing: Any) -> datetime | None:
        """Return when a thing was said; None of what is none."""
        return parse_when(thing.get(self.time_key)) if isinstance(thing, Mapping) else None

    def posts(self, response: Response, items: Sequence[Any], reader: Reader, below: Iterable[Request] = ()) -> Page:
        """Read a page of posts. `items` is what stands on it, `below` asks for more of their comments.

        Raises FetchError (code empty) when the first page shows no post, although there were some: a permission may
        be gone without an error.
        """
        body, asked = response.json(), response.request.context
        posts, until = body["data"], asked["until"]
        more = next_of(body, {**asked, "first": False})
        if asked.get("first") and asked["had_posts"] and not posts and not more:  # pages with nothing left do occur
            raise FetchError(f"{self.title} shows none of the posts there were: look at the token", code="empty")
        times = [moment for moment in map(self.written, posts) if moment]
        # In another order, all of a page has to be older: posts may be pinned or dated back.
        ends = ends_behind(times, until) or (until is not None and times != [] and max(times).timestamp() < until)
        follow = (*below, *(() if ends else more))
        mark = {"read_at": response.received_at.isoformat(), "had_posts": bool(posts or more)}
        begins = asked.get("first") and not is_nearly_spent(response)
        return Page.read(items, reader, follow, bookmark=mark if begins else None)

    def more(self, edge: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[Request, ...]:
        """Return the request for older comments, unless those of this page were read by the last walk."""
        return () if ends_behind(map(self.written, edge["data"]), asked["late"]) else next_of(edge, asked)

    def more_below(self, posts: Iterable[Any], key: str, asked: Mapping[str, Any]) -> list[Request]:
        """Return the requests for more of what stands below some posts under `key`."""
        known = [post for post in posts if isinstance(post, Mapping) and {"id", key} <= post.keys()]
        return [one for post in known for one in self.more(post[key], {**asked, "list": key, "thread": post["id"]})]

    def placed(self, things: Sequence[tuple[Any, str, bool]], **place: Any) -> list[Any]:
        """Return comments as `reader` is given them, with what they stand below (`above`) and the `answer` seen here.

        Each comes with that, and with whether all is here that could answer it (`whole`).
        """
        known = [(thing, above) for thing, above, _ in things if isinstance(thing, Mapping) and "id" in thing]
        found = answers([self.said(thing, above) for thing, above in known], self.ours)
        return [
            {**thing, **place, "above": above, "whole": whole, "answer": found.get(thing.get("id", ""))}
            if isinstance(thing, Mapping)
            else thing
            for thing, above, whole in things
        ]


__all__ = ["Digits", "GraphConfig", "GraphConnector", "Said", "answers", "next_of", "pushed"]
