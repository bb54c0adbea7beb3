"""Posts and comments on Reddit that name you: through its API with an approved app, or through its feeds.

Since November 2025 Reddit approves each app by hand, and users report refusals; feeds open with the token that every
account has. Search finds posts only and guesses at words, so comments come from the lists of chosen subreddits, and all
is matched again here. A list goes back about 1,000 items, newest first. `before` is not used: when the item it names
was deleted, the answer is empty for ever. The names on the newest page are remembered instead, and a look ends where
one comes again; four times a day it goes on to the end. What is deleted keeps its place and loses its words, and the
terms want it forgotten within two days. Names of accounts cannot be changed, so they serve as ids.
https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki, https://www.reddit.com/dev/api.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Annotated, Any, Literal
from xml.etree import ElementTree

from pydantic import Field, SecretStr, StringConstraints, model_validator

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    FetchError,
    Kind,
    Limits,
    Mention,
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
from monitor.connector.auth import ClientCredentials, QueryKey
from monitor.text import number, parse_when

API, SITE = "https://oauth.reddit.com", "https://www.reddit.com"
TOKENS = f"{SITE}/api/v1/access_token"
PER_PAGE = 100  # also the most that /api/info is asked for at once
LONGEST_QUERY = 512  # characters
NEAR_THE_LIMIT = 900  # of about 1,000 items that a list goes back
GONE = ("[deleted]", "[removed]")
LONGEST_WAIT = timedelta(minutes=10)  # the span in which requests are counted
ATOM = "{http://www.w3.org/2005/Atom}"

_SIGNATURE = re.compile(r"(?:\s|&#32;|<br\s*/?>)*submitted by(?:\s|&#32;)*<a .*", re.DOTALL)

Subreddit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{2,21}$", strip_whitespace=True)]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{3,20}$", strip_whitespace=True)]


class RedditConfig(ConnectorConfig):
    """Settings of one Reddit source: an app's access, or a feed token."""

    username: Username | None = Field(None, description="your account, without u/")
    client_id: str | None = Field(None, description="the id of your approved app")
    client_secret: SecretStr | None = Field(None, description="its secret")
    password: SecretStr | None = Field(None, description="of the account, for mentions and answers")
    feed_token: SecretStr | None = Field(
        None, description="instead of an app: the token in the addresses of your feeds"
    )
    subreddits: tuple[Subreddit, ...] = Field((), description="whose posts and comments to read, without r/")
    search: bool = Field(True, description="search all of Reddit for posts")
    terms: tuple[str, ...] = Field((), description="what to search for; empty: the terms of your brands")
    match_brand: bool = Field(True, description="keep only what names one of your brands")

    @model_validator(mode="after")
    def _can_be_read(self) -> RedditConfig:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("an app has two halves: give both `client_id` and `client_secret`")
        if (self.client_id is None) == (self.feed_token is None):
            raise ValueError("give the `client_id` and `client_secret` of an app, or the `feed_token` of your account")
        if self.feed_token and self.password:
            raise ValueError("`password` belongs to an app; feeds need only the `feed_token`")
        if (self.feed_token or self.password) and not self.username:
            raise ValueError("a `feed_token` or `password` needs the `username` of its account")
        if not self.search and not self.subreddits and not self.password:
            raise ValueError("nothing to read: give `subreddits`, or leave `search` on")
        if self.search and not self.match_brand:
            raise ValueError("a search finds more than it was asked for: `match_brand = false` needs `search = false`")
        return self


class Reddit(Connector[RedditConfig]):
    """Find posts and comments that name a brand, and our own answers to them."""

    Config = RedditConfig
    title = "Reddit"
    hosts = ("oauth.reddit.com", "www.reddit.com")
    markup = True
    full_every = timedelta(hours=6)
    names_gaps = True
    may_be_empty = True  # of a full page, nothing may name a brand
    limits = Limits(gap=timedelta(seconds=1))  # 100 a minute for an app
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=10)  # oftener, feeds are refused
    sees = (
        "Posts everywhere that a search finds, and the newest 1,000 posts and comments of chosen subreddits, with "
        "subscribers; through an app also edits, deletions and your answers. The feeds were never tried on real data."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    reply_limit = 10_000
    needs = "an app that Reddit has approved, which it rarely does, or the feed token of your account"
    steps = (
        "With feeds, at once: log in on reddit.com and open the page about RSS feeds in the preferences.",
        "Copy what stands behind `feed=` in one of its addresses into `feed_token`, and your name into `username`.",
        "With an app: ask Reddit for access as its Responsible Builder Policy says; it may take weeks, or be refused.",
        "Copy the id and secret of the approved app into `client_id` and `client_secret`.",
        "For mentions and answers put the password of the account that owns a script app into `password`.",
    )
    ready_in = "5 minutes with feeds, weeks with an app"
    reread_within = timedelta(hours=48)
    proven = "recordings"

    def __init__(self, config: RedditConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.match_brand
        self.ours = {name.lower() for brand in brands for name in brand.own_accounts.get("reddit", ())}
        if config.feed_token or not self.ours:
            self.sees_answers = "no"

    def auth(self) -> Auth | None:
        """Return the feed token, or the app with or without its owner."""
        config = self.config
        if config.feed_token is not None:
            return QueryKey(config.feed_token, "feed")
        app, secret = config.client_id or "", config.client_secret or SecretStr("")
        return ClientCredentials(TOKENS, app, secret, user=config.username, password=config.password)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the newest page of each list. A full walk knows nothing, so that it goes to the end."""
        names = since.bookmark or {}
        lists = list(self._lists(first=since.bookmark is None))
        if not lists:
            raise UsageError("reddit has no words to look for: give the source `terms` or a brand")
        for path, params in lists:
            name = f"{path} {params.get('q', '')}".strip()
            known = names.get(name, []) if since.time is not None else []
            yield self._ask(path, {"list": name, "known": known, "seen": 0}, **params)

    def parse(self, response: Response) -> Page:
        """Read a list, some things asked for again, a thread, or a feed."""
        asked = response.request.context
        if "feed" in asked:  # not by the option: where this runs, there are no secrets
            return Page.read(_entries(response.body), _entry)
        body = response.json()
        if "thread" in asked:
            ours = [one for one in _comments(body[1]) if str(one["data"].get("author")).lower() in self.ours]
            return Page.read(ours, _thing)
        children, older = body["data"]["children"], body["data"]["after"]
        page = Page.read(children, _thing)
        names = [str(one["data"]["name"]) for one in children if _is_thing(one)]
        page = replace(
            page, gone=tuple(str(one["data"]["name"]) for one in children if _is_thing(one) and _is_gone(one))
        )
        if "list" not in asked:
            return page
        if not asked["seen"] and names:
            page = replace(page, bookmark={asked["list"]: names})
        reached = {**asked, "seen": asked["seen"] + len(children)}
        if not set(names).isdisjoint(asked["known"]):
            return page
        if not older:
            return replace(page, gap=_unseen(reached))
        further = replace(response.request, params={**response.request.params, "after": older}, context=reached)
        return replace(page, follow=(further,))

    def refused(self, response: Response) -> Refusal | None:
        """Tell a subreddit that is shut from an access that has ended; read the seconds that Reddit names."""
        status, asked = response.status, response.request.context or {}
        if status == 429:
            why = "Reddit answered 429: asked too often"
            return Refusal(Outcome.THROTTLED, why, response.retry_after() or _until_reset(response))
        if "thread" in asked and status in (403, 404):
            return Refusal(Outcome.NOTHING, "the thread is not shown any more")
        moved = "/subreddits/search" in response.url  # where Reddit leads for a name it does not know
        if moved or (status in (403, 404) and asked.get("list", "").startswith("/r/")):
            why = "one of `subreddits` does not exist, or is private, quarantined or banned"
            return Refusal(Outcome.FAILED, f"Reddit answered {404 if moved else status}: {why}")
        return refused_by_status(response)

    def reread(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for a hundred things at once. Feeds cannot be asked so."""
        if self.config.feed_token:
            return
        for start in range(0, len(mentions), PER_PAGE):
            some = mentions[start : start + PER_PAGE]
            yield self._ask("/api/info", {"info": True}, id=",".join(one.external_id for one in some))

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask whether they stand, and for the threads where we may have answered. Feeds show neither."""
        yield from self.reread(mentions)
        for mention in mentions if self.ours and not self.config.feed_token else ():
            post, thing = _bare(mention.thread_id or mention.external_id), mention.external_id
            path = f"/comments/{post}" if thing.startswith("t3_") else f"/comments/{post}/_/{_bare(thing)}"
            yield self._ask(path, {"thread": thing}, sort="new", limit=500)

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that answers as the account whose password is given."""
        if not self.config.password:
            raise UsageError("answers on Reddit need the `password` of your account; use the link of the mention")
        form = {"api_type": "json", "thing_id": mention.external_id, "text": text}
        return Request(f"{API}/api/comment", {"raw_json": 1}, method="POST", form=form)

    def replied(self, response: Response) -> Reply:
        """Read our answer. Raises FetchError with Reddit's reason: it says no with 200, too."""
        said = response.json()["json"]
        if said["errors"]:
            code, *rest = said["errors"][0]
            why = f"Reddit did not take the answer ({code}): {rest[0] if rest else 'no reason given'}"
            raise FetchError(why, code="refused", permanent=code != "RATELIMIT")
        [thing] = said["data"]["things"]
        data = thing["data"]
        when = parse_when(data.get("created_utc"))
        return Reply(data["body"], published_at=when, author=data["author"], external_id=data["name"], url=_url(data))

    def _lists(self, *, first: bool) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield each list to read: its path and parameters."""
        feeds = self.config.feed_token is not None
        words = self.config.terms or tuple(term for brand in self.brands for term in brand.terms)
        for query in _queries(words) if self.config.search else ():
            narrow = {} if feeds else {"type": "link", "t": "all" if first else "week"}
            yield ("/search.rss" if feeds else "/search"), {"q": query, "sort": "new", **narrow}
        if self.config.subreddits:
            joined = "+".join(self.config.subreddits)
            for kind in ("new", "comments"):
                yield f"/r/{joined}/{kind}{'/.rss' if feeds else ''}", {}
        if self.config.password:
            yield "/message/mentions", {}

    def _ask(self, path: str, context: Mapping[str, Any], **params: Any) -> Request:
        if self.config.feed_token:
            params |= {"limit": PER_PAGE, "user": self.config.username}
            return Request(SITE + path, params, context={**context, "feed": True})
        params |= {"raw_json": 1} | ({"limit": PER_PAGE} if "list" in context else {})
        return Request(API + path, params, context=dict(context))


def _queries(words: Iterable[str]) -> Iterable[str]:
    """Yield as few questions as hold all words, each as a phrase."""
    query = ""
    for phrase in dict.fromkeys(f'"{word}"' for word in (word.replace('"', " ").strip() for word in words) if word):
        longer = f"{query} OR {phrase}" if query else phrase
        if len(longer) > LONGEST_QUERY and query:
            yield query
            longer = phrase
        query = longer
    if query:
        yield query


def _is_thing(child: Any) -> bool:
    return isinstance(child, Mapping) and isinstance(child.get("data"), Mapping) and "name" in child["data"]


def _is_gone(child: Mapping[str, Any]) -> bool:
    """Say whether the words, or the account that wrote them, are deleted: the terms want both forgotten."""
    data = child["data"]
    words = data.get("body") or data.get("selftext")
    return words in GONE or data.get("author") in GONE or bool(data.get("removed_by_category"))


def _thing(child: Mapping[str, Any]) -> RawMention | None:
    """Return a post (t3) or a comment (t1), of a list or of the inbox."""
    kind, data = child["kind"], child["data"]
    if kind not in ("t1", "t3"):
        raise ValueError("neither a post nor a comment")
    if _is_gone(child):
        return None
    comment, count, name = kind == "t1", data.get("subreddit_subscribers"), data["author"]
    return RawMention(
        external_id=data["name"],
        url=_url(data),
        title=None if comment else data["title"],
        text=data["body"] if comment else data["selftext"] or data["url"],
        kind=Kind.COMMENT if comment else Kind.POST,
        author=Author(name, name.lower(), f"{SITE}/user/{name}"),
        published_at=parse_when(data["created_utc"]),
        updated_at=parse_when(data.get("edited")),
        audience=None if count is None else Audience(count, "subscribers"),
        answer_url=_url(data),
        thread_id=_thread(data) if comment else data["name"],
        parent_id=data["parent_id"] if comment else None,
        same_as=None if comment else f"reddit:{data.get('crosspost_parent') or data['name']}",
    )


def _unseen(reached: Mapping[str, Any]) -> str | None:
    """Say that a list ended at its limit before it came to anything that was on it at the last look."""
    ended = reached["known"] and reached["seen"] >= NEAR_THE_LIMIT
    return "Reddit shows about 1,000 items of a list, and more came since my last look" if ended else None


def _url(data: Mapping[str, Any]) -> str | None:
    """Return where a thing stands; old lists name no address for comments."""
    path = data.get("permalink") or data.get("context")
    if path:
        return SITE + str(path)
    return f"{SITE}/comments/{_bare(data['link_id'])}/_/{data['id']}/" if "link_id" in data else None


def _thread(data: Mapping[str, Any]) -> str | None:
    """Return the post that a comment is below; in the inbox only the address names it."""
    found = re.search(r"/comments/(\w+)/", data.get("context") or "")
    return data.get("link_id") or (f"t3_{found[1]}" if found else None)


def _bare(fullname: str) -> str:
    return fullname.partition("_")[2]


def _comments(listing: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all comments of a thread that the answer holds; what hides behind "more" it does not."""
    waiting = list(listing["data"]["children"])
    while waiting:
        child = waiting.pop()
        if child["kind"] == "t1":
            yield child
            waiting += child["data"]["replies"]["data"]["children"] if child["data"].get("replies") else ()


def _until_reset(response: Response) -> timedelta | None:
    """Return how long until the limit is lifted: a number of seconds, with a fraction."""
    seconds = number(response.header("x-ratelimit-reset"))
    return None if seconds is None else min(max(timedelta(seconds=seconds), timedelta(seconds=1)), LONGEST_WAIT)


def _entries(body: bytes) -> list[ElementTree.Element]:
    """Return the entries of a feed. Raises ParseError for what is none."""
    try:
        feed = ElementTree.fromstring(body)  # noqa: S314  in the parser child, with an expat that refuses bombs
    except ElementTree.ParseError as error:
        raise ParseError("the answer is no feed: it is not well-formed XML") from error
    if feed.tag != f"{ATOM}feed":
        raise ParseError("the answer is no Atom feed")
    return feed.findall(f"{ATOM}entry")


def _entry(entry: ElementTree.Element) -> RawMention | None:
    """Return a post or a comment as its feed shows it."""
    name, words = _words(entry, "id"), _words(entry, "content")
    author = _words(entry, "author", "name").removeprefix("/u/")
    if author in GONE:
        return None
    comment = name.startswith("t1_")
    link = entry.find(f"{ATOM}link")
    address = None if link is None else link.get("href")
    published = _words(entry, "published") or _words(entry, "updated")
    return RawMention(
        external_id=name,
        url=address,
        title=None if comment else escape(_words(entry, "title"), quote=False),
        text=_SIGNATURE.sub("", words),
        kind=Kind.COMMENT if comment else Kind.POST,
        author=Author(author, author.lower(), f"{SITE}/user/{author}") if author else None,
        published_at=parse_when(published),
        answer_url=address,
        thread_id=None if comment else name,
        same_as=None if comment else f"reddit:{name}",
        html=True,
    )


def _words(entry: ElementTree.Element, *path: str) -> str:
    """Return the text of a part of an entry. Raises KeyError where there is no such part."""
    found = entry.find("/".join(ATOM + step for step in path))
    if found is None and path != ("published",):
        raise KeyError(path[-1])
    return (found.text or "").strip() if found is not None else ""
