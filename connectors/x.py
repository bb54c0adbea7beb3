"""Posts on X that name us, from its paid API (v2): recent search, or the mentions of one account.

What is read is charged by the object: a post 0.5 cent, its author a whole one, so a page is ten posts, and
`since_id` sees to it that each is read once. Search reaches back seven days, 512 characters a question, and AND binds
tighter than OR. An edit is a new post with the old ids in its history: here they are one, known by the first id.
A post of more than 280 characters has its text in `note_tweet`; links are short in the text and whole in `entities`.
The published specification renamed `tweet` to `post` in 2026 while the prose, and all recordings, keep the old names:
both are read, and asked for one after the other. In the new names what a post answers can only be had together with
that post, for money: there the conversation has to do. Deleted and protected posts come in `errors` beside the data.
https://docs.x.com/x-api/posts/search/integrate/build-a-query, https://docs.x.com/x-api/fundamentals/post-cap,
https://docs.x.com/developer-terms/policy (what is deleted there has to go here), https://github.com/xdevplatform/docs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from monitor.connector import (
    Audience,
    Auth,
    Author,
    Brand,
    Connector,
    ConnectorConfig,
    ItemProblem,
    Kind,
    Limits,
    Mention,
    Outcome,
    Page,
    ParseError,
    RawMention,
    Refusal,
    Request,
    Response,
    Since,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import HeaderKey
from monitor.text import parse_when

API = "https://api.x.com/2"
SEARCH, LOOKUP = "/tweets/search/recent", "/tweets"
POST, USER = 5_000, 10_000  # what each costs, in millionths of a dollar
PER_PAGE = 10  # the fewest that search gives: a page is paid for as a whole
PER_LOOKUP = 100
LONGEST_QUERY = 512
ROOM_FOR_TERMS = 256  # of it: what else is excluded is left to our own matcher
AUTHORS = {"expansions": "author_id", "user.fields": "name,public_metrics,username"}
FIELDS = {
    "tweet": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet,public_metrics,"
    "referenced_tweets",
    "post": "conversation_id,created_at,entities,lang,note_post,public_metrics",
}
UNAVAILABLE = ("resource-not-found", "not-authorized-for-resource")

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,19}$", strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class XConfig(ConnectorConfig):
    """Settings of one X source."""

    token: SecretStr = Field(description="the bearer token of your app at X")
    mentions_of: Digits | None = Field(
        None, description="read who mentions this account (its number), without a search"
    )
    languages: tuple[Language, ...] = Field((), description="pay for posts in these languages only; empty: all")


class X(Connector[XConfig]):
    """Find the posts that name a brand, and our own answers to them."""

    Config = XConfig
    title = "X"
    hosts = ("api.x.com",)
    overlap = timedelta(0)  # `since_id` leaves nothing out, and what is read twice is paid for twice
    limits = Limits(gap=timedelta(seconds=2))  # 450 questions in 15 minutes
    paid = "USD"
    reread_within = timedelta(hours=24)
    sees = (
        "Public posts of the last seven days that name you, with followers and edits, and your answers where "
        "`own_accounts` has your number; nothing older, nothing protected, no reposts. Built without an account at X."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    needs = "a developer account with credit: about 1.5 cents a post found, 0.5 a day for each kept"
    ready_in = "30 minutes"
    steps = (
        "Sign in to X's developer portal with the company's account, say what you use it for, and buy some credit.",
        "Set a spending limit there, too: the one in your configuration is ours, not X's.",
        'Make an app and put its bearer token into `token` of an [[accounts]] table that has daily_budget = "1 USD".',
    )

    def __init__(self, config: XConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = config.mentions_of is None
        self.ours = tuple(dict.fromkeys(one for brand in self.brands for one in brand.own_accounts.get("x", ())))
        if not self.ours:
            self.sees_answers = "no"

    def auth(self) -> Auth:
        """Sign with the app's own token."""
        return HeaderKey(self.config.token)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask each question for what came after the newest post that it has found so far."""
        bookmark = since.bookmark or {}
        lists = [(f"/users/{self.config.mentions_of}/mentions", {})] if self.config.mentions_of else self._searches()
        for number, (path, question) in enumerate(lists):
            newest = bookmark.get(str(number))
            after = {"since_id": newest} if newest else {}
            yield _list(path, {**question, **after}, {"list": str(number)}, bookmark.get("names", "tweet"))

    def parse(self, response: Response) -> Page:
        """Read one page of posts, or what has become of some."""
        body, asked = response.json(), response.request.context
        posts = body.get("data", ())
        if not posts and not ("these" in asked and body["errors"]) and body["meta"]["result_count"]:
            raise ParseError("X counts posts and shows none")
        users = body.get("includes", {}).get("users", ())
        cost = len(posts) * POST + len(users) * USER
        if "these" in asked:
            return _still_there(posts, body, asked["these"], cost)
        by_id = {user["id"]: user for user in users}
        problems = (*_left_out(body), *_nameless(posts))
        page = Page.read(posts, lambda post: _mention(post, by_id.get(post.get("author_id"))), cost=cost)
        return replace(page, problems=page.problems + problems, **_onward(response.request, body.get("meta", {})))

    def refused(self, response: Response) -> Refusal | None:
        """Tell spent credit from haste, and a question in names that X no longer takes from a wrong one."""
        if response.status == 402 or (response.status in (403, 429) and b"/problems/usage-capped" in response.body):
            why = "X answers no more: its credit or spending limit is used up. Look at the usage page of its portal"
            return Refusal(Outcome.OVER_BUDGET, why, cost=0)
        if response.status == 400 and (instead := _asked_otherwise(response)):
            return Refusal(Outcome.TRY_OTHER, "X does not take the question in this form", instead=(instead,), cost=0)
        refusal = refused_by_status(response)
        if refusal is None or response.status != 429:
            return replace(refusal, cost=0) if refusal else None
        return replace(refusal, wait=refusal.wait or response.wait_until("x-rate-limit-reset"), cost=0)

    def reread(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask a hundred at once whether they stand."""
        these = {_newest_id(mention): mention.external_id for mention in mentions}
        for some in _lots(list(these.items()), PER_LOOKUP):
            ids = {"ids": ",".join(newest for newest, _ in some)}
            yield Request(API + LOOKUP, ids, context={"these": dict(some)}, cost=len(some) * POST)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask whether they stand, and for our own posts in their conversations."""
        yield from self.reread(mentions)
        threads = list(dict.fromkeys(mention.thread_id for mention in mentions if mention.thread_id))
        if self.ours and threads:
            senders = f" ({' OR '.join(f'from:{account}' for account in self.ours)})"
            for question in _fitted([f"conversation_id:{thread}" for thread in threads], senders):
                yield _list(SEARCH, {"query": question}, {}, "tweet", most_authors=len(self.ours))

    def _searches(self) -> list[tuple[str, dict[str, str]]]:
        """Return the questions of each brand: what it excludes may be what another one is called."""
        fixed = ["-is:retweet", *(f"-from:{account}" for account in self.ours)]
        if self.config.languages:
            fixed.insert(0, f"({' OR '.join(f'lang:{language}' for language in self.config.languages)})")
        questions = []
        for brand in self.brands:
            behind = "".join(f" {part}" for part in fixed)
            for word in filter(None, map(_quoted, brand.exclude)):
                if len(behind) + len(word) + 2 <= LONGEST_QUERY - ROOM_FOR_TERMS:
                    behind += f" -{word}"
            terms = dict.fromkeys(word for term in brand.terms for word in _wordings(term))
            questions += _fitted(list(terms), behind)
        if not questions:
            raise UsageError("x has no words to look for: give the source a brand with `terms`")
        return [(SEARCH, {"query": question}) for question in questions]


def _list(
    path: str, question: Mapping[str, Any], context: Mapping[str, Any], names: str, most_authors: int = PER_PAGE
) -> Request:
    params = {**question, "max_results": PER_PAGE, **_fields(names), **AUTHORS}
    cost = PER_PAGE * POST + most_authors * USER
    return Request(API + path, params, context={**context, "names": names}, cost=cost)


def _onward(request: Request, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the next page, and what the next walk begins with: the newest of the first page."""
    found: dict[str, Any] = {}
    asked, later = request.context, "pagination_token" in request.params
    if token := meta.get("next_token"):
        found["follow"] = (replace(request, params={**request.params, "pagination_token": token}),)
    if "list" in asked:
        newest = {} if later or "newest_id" not in meta else {asked["list"]: meta["newest_id"]}
        found["bookmark"] = {"names": asked["names"], **newest}
    if "out_of_reach" in asked:
        found["gap"] = "X shows seven days, and my last look was before them"
    return found


def _still_there(posts: Sequence[Any], body: Mapping[str, Any], these: Mapping[str, str], cost: int) -> Page:
    """Return what is gone, and ask for what has been edited meanwhile; what stands is left as it was found."""
    gone = [these[error["resource_id"]] for error in body.get("errors", ()) if _unavailable(error, these)]
    edited = [_history(post)[-1] for post in posts if _history(post)[-1] != post["id"]]
    page = Page(gone=tuple(dict.fromkeys(gone)), cost=cost, problems=_left_out(body))
    if not edited:
        return page
    ask = {"ids": ",".join(edited), **_fields("tweet"), **AUTHORS}
    again = Request(API + LOOKUP, ask, context={"names": "tweet"}, cost=len(edited) * (POST + USER))
    return replace(page, follow=(again,))


def _mention(post: Mapping[str, Any], user: Mapping[str, Any] | None) -> RawMention | None:
    related = {other["type"]: other["id"] for other in _either(post, "referenced_tweets", "referenced_posts") or ()}
    if "retweeted" in related:
        return None
    thread, note, history = post.get("conversation_id"), _either(post, "note_tweet", "note_post") or {}, _history(post)
    long = note if note.get("text") else post
    name = user["username"] if user else "i/web"
    address, published = f"https://x.com/{name}/status/{post['id']}", parse_when(post.get("created_at"))
    return RawMention(
        external_id=history[0],
        url=address,
        text=_words(long["text"], long.get("entities", {})),
        kind=Kind.POST if thread is None or thread in history else Kind.COMMENT,
        author=_author(post.get("author_id"), user),
        published_at=published,
        updated_at=published if len(history) > 1 else None,
        language=_language(post.get("lang")),
        audience=_audience(post, user),
        answer_url=address,
        thread_id=thread,
        parent_id=related.get("replied_to") or related.get("quoted"),
        same_as=f"x:{history[0]}",
    )


def _author(number: str | None, user: Mapping[str, Any] | None) -> Author | None:
    if user is None:
        return Author(id=number) if number else None
    return Author(f"{user['name']} (@{user['username']})", number, f"https://x.com/{user['username']}")


def _audience(post: Mapping[str, Any], user: Mapping[str, Any] | None) -> Audience | None:
    followers = (user or {}).get("public_metrics", {}).get("followers_count")
    views = post.get("public_metrics", {}).get("impression_count")
    if followers is not None:
        return Audience(followers, "followers")
    return None if views is None else Audience(views, "views")


def _language(tag: str | None) -> str | None:
    # X has tags of its own for posts without words: qme is only media, qht only hashtags.
    return None if tag is None or (len(tag) == 3 and tag.startswith("q")) else tag


def _words(text: str, entities: Mapping[str, Any]) -> str:
    """Return the text with its links written out: the short ones name nobody, and a link may be to us."""
    for link in entities.get("urls", ()):
        text = text.replace(link["url"], link.get("expanded_url") or link["url"])
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _either(post: Mapping[str, Any], *names: str) -> Any:
    return next((post[name] for name in names if name in post), None)


def _history(post: Mapping[str, Any]) -> Sequence[str]:
    """Return the ids that the post has had, as text, oldest first."""
    return sorted({post["id"], *(_either(post, "edit_history_tweet_ids", "edit_history_post_ids") or ())}, key=int)


def _fields(names: str) -> dict[str, str]:
    return {f"{names}.fields": FIELDS[names]}


def _asked_otherwise(response: Response) -> Request | None:
    """Return the question in the other names, or without an end that lies too far back; None when that is tried."""
    request, asked = response.request, response.request.context
    names = asked.get("names")
    if "since_id" in request.params and b"since_id" in response.body:
        params = {name: value for name, value in request.params.items() if name != "since_id"}
        return replace(request, params=params, context={**asked, "out_of_reach": True})
    if names is None or "renamed" in asked or not any(name.encode() in response.body for name in _fields(names)):
        return None
    other = "post" if names == "tweet" else "tweet"
    params = {name: value for name, value in request.params.items() if name not in _fields(names)}
    return replace(request, params={**params, **_fields(other)}, context={**asked, "names": other, "renamed": True})


def _unavailable(error: Mapping[str, Any], these: Mapping[str, str]) -> bool:
    return str(error.get("type", "")).rpartition("/")[2] in UNAVAILABLE and error.get("resource_id") in these


def _left_out(body: Mapping[str, Any]) -> tuple[ItemProblem, ...]:
    """Name what X says it has left out, but for single posts and people, which may be gone or protected."""
    errors = [error for error in body.get("errors", ()) if "resource_id" not in error]
    return tuple(ItemProblem(f"X left something out: {str(error.get('title'))[:80]}") for error in errors)


def _nameless(posts: Sequence[Any]) -> tuple[ItemProblem, ...]:
    bare = posts and not any({"author_id", "created_at"} & post.keys() for post in posts if isinstance(post, Mapping))
    return (ItemProblem("X sends neither author nor time with its posts; it may have renamed them"),) if bare else ()


def _newest_id(mention: Mention) -> str:
    last = (mention.url or "").rpartition("/")[2]
    return last if last.isdigit() else mention.external_id


def _quoted(words: str) -> str:
    plain = " ".join(words.replace('"', " ").split()).lower()
    return plain if re.fullmatch(r"[@#]\w+", plain) else f'"{plain}"' if plain else ""


def _wordings(term: str) -> list[str]:
    """Return a term as it is written in posts: as a phrase, several words as a hashtag, too, a domain as a link."""
    phrase = _quoted(term)
    bare = phrase.strip('"')
    if " " in bare and bare.replace(" ", "").isalnum():
        return [phrase, f"#{bare.replace(' ', '')}"]
    domain = "." in bare and " " not in bare and not bare.startswith(("@", "#"))
    return [phrase, f"url:{phrase}"] if domain else [phrase] if phrase else []


def _fitted(terms: Sequence[str], behind: str) -> list[str]:
    """Return questions for any of the terms, each within what one question may hold."""
    questions: list[list[str]] = [[]]
    for term in terms:
        if len(_question([term], behind)) > LONGEST_QUERY:
            raise UsageError(f"x cannot look for `{term[:60]}`: a question has room for {LONGEST_QUERY} characters")
        if len(_question([*questions[-1], term], behind)) > LONGEST_QUERY:
            questions.append([])
        questions[-1].append(term)
    return [_question(some, behind) for some in questions if some]


def _question(terms: Sequence[str], behind: str) -> str:
    return f"({' OR '.join(terms)}){behind}"


def _lots(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
