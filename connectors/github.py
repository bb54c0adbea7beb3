"""Issues on GitHub and the comments below them: in repositories you name, or issues anywhere that a search finds.

Both lists of a repository come by their last change and take `since`, so nothing between two looks is missed; labels
and comments change an issue, too, which is no edit. A pull request is an issue for GitHub: it is left out, as are
bots. A search gives a thousand issues, and may run out of time (`incomplete_results`). Issues and comments have
numbers of their own. Nothing answers a comment: what we say later in the same issue answers it. Discussions have
another interface (GraphQL) and are not read. What is deleted answers 410 (an issue) or 404.
https://docs.github.com/en/rest/issues/issues, https://docs.github.com/en/rest/issues/comments,
https://docs.github.com/en/rest/search/search, https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

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
    Kind,
    Mention,
    Outcome,
    Page,
    RawMention,
    Refusal,
    Reply,
    Request,
    Response,
    Since,
    Subject,
    UsageError,
    refused_by_status,
)
from monitor.connector.auth import HeaderKey
from monitor.text import parse_when

API, SITE = "https://api.github.com", "https://github.com/"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
SEARCH = f"{API}/search/issues"
AT_ONCE, LAST_FOUND = 100, 10  # entries a page; the last page of a search
SECOND = "%Y-%m-%dT%H:%M:%SZ"
STAFF = ("OWNER", "MEMBER", "COLLABORATOR")

Repository = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$", strip_whitespace=True, max_length=200)]


class GitHubConfig(ConnectorConfig):
    """Settings of one source."""

    repositories: tuple[Repository, ...] = Field((), description="owner/name of each to read; without, it searches")
    token: SecretStr | None = Field(None, description="an access token that may read issues")


class GitHub(Connector[GitHubConfig]):
    """Read issues and comments, and our own answers."""

    Config = GitHubConfig
    title = "GitHub"
    hosts = ("api.github.com",)
    names_gaps = True  # what changed since a time is all shown; only a search has an end
    may_be_empty = True  # what changed in two days
    default_every = timedelta(minutes=10)
    fastest = timedelta(minutes=2)
    sees = (
        "Issues and comments of the repositories you name, with edits and reactions, or issues anywhere that name you; "
        "your answers where `own_accounts` names you. No pull requests or discussions. Tried on one recorded search."
    )
    sees_answers: Literal["yes", "no"] = "yes"
    reply_limit = 65_000  # told by people, not by GitHub; a longer one would be refused there
    ready_in = "5 minutes"
    needs = "nothing for 60 requests an hour; a free token for more, for private repositories, and to answer"
    steps = (
        "On github.com open Settings, Developer settings, Personal access tokens, and make a fine-grained one.",
        "Choose your repositories and give it Issues: read-only; read and write only if I am to answer for you.",
        "Copy it into `token`, and write the day on which it ends into `ends`.",
    )

    def __init__(self, config: GitHubConfig, brands: Sequence[Brand] = ()) -> None:
        super().__init__(config, brands)
        self.searches = not config.repositories
        self.ours = {name.lower() for brand in brands for name in brand.own_accounts.get("github", ())}
        self.sees_answers = "yes" if self.ours else "no"

    def auth(self) -> Auth | None:
        """Return the token, where there is one."""
        return HeaderKey(self.config.token) if self.config.token else None

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for what changed in each repository, or search for each term."""
        after = f"{since.time:{SECOND}}" if since.time else ""
        changed = {"sort": "updated", "direction": "desc"} | ({"since": after} if after else {})
        for name in self.config.repositories:
            yield self._list(f"{name}/issues", {"state": "all", **changed})
            yield self._list(f"{name}/issues/comments", changed)
        words = {term.replace('"', " ").strip("@ "): None for brand in self.brands for term in brand.terms}
        if self.searches and not words:
            raise UsageError("github has nothing to look for: give the source `repositories`, or a brand with terms")
        for word in words if self.searches else ():
            query = f'"{word}" in:title,body is:issue' + (f" created:>={after}" if after else "")
            yield self._list(SEARCH, {"q": query, "sort": "created", "order": "desc"})

    def parse(self, response: Response) -> Page:
        """Read one page of a list, one issue or comment, or what was said below one."""
        body, asked = response.json(), response.request
        if "one" in asked.context:
            return Page.read([body], self._post)
        items, gap, number = body["items"] if "q" in asked.params else body, None, asked.params["page"]
        if "q" in asked.params and (body["incomplete_results"] or (number >= LAST_FOUND and len(items) == AT_ONCE)):
            gap = "GitHub's search ended before it had shown all"
        page = replace(Page.read(items, self._post), gap=gap)
        if below := asked.context.get("below"):
            later = (one for one in page.mentions if one.own and f"{one.published_at:{SECOND}}" > asked.params["since"])
            page = replace(page, mentions=tuple(replace(one, parent_id=below) for one in later))
        if gap or len(items) < AT_ONCE:
            return page
        return replace(page, follow=(replace(asked, params={**asked.params, "page": number + 1}),))

    def refused(self, response: Response) -> Refusal | None:
        """Tell a limit from a token that has ended: 403 may be either."""
        status, wait = response.status, response.retry_after()
        if response.header("x-ratelimit-remaining") == "0":
            wait = wait or response.wait_until("x-ratelimit-reset")
        if status == 429 or (status == 403 and (wait or b"secondary rate limit" in response.body)):
            return Refusal(Outcome.THROTTLED, f"GitHub answered {status}: asked too often; a `token` allows more", wait)
        if status in (404, 410, 422) and not response.request.about:
            why = f"GitHub answered {status}: compare `repositories`; private ones need a `token` that may read them"
            return Refusal(Outcome.FAILED, why)
        return refused_by_status(response)

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Request]:
        """Ask for each whether it still stands and, where we have accounts, for what was said later in its issue."""
        for one in mentions:
            issue, _, comment = (one.url or "").removeprefix(SITE).partition("#issuecomment-")
            here = f"{issue.rpartition('/')[0]}/comments/{comment}" if comment else issue
            yield Request(f"{API}/repos/{here}", headers=HEADERS, context={"one": True}, about=(one.external_id,))
            if self.ours and one.published_at:
                since = {"since": f"{one.published_at:{SECOND}}"}
                yield self._list(f"{issue}/comments", since, below=one.external_id)

    def reply(self, mention: Mention, text: str) -> Request:
        """Return the request that says something in the issue."""
        issue = (mention.url or "").removeprefix(SITE).partition("#")[0]
        return Request(f"{API}/repos/{issue}/comments", method="POST", json={"body": text}, headers=HEADERS)

    def replied(self, response: Response) -> Reply:
        """Read our comment as GitHub shows it: at once."""
        said = response.json()
        return Reply(said["body"], external_id=f"comment-{said['id']}", url=said["html_url"])

    def _list(self, path: str, params: Mapping[str, Any], **context: Any) -> Request:
        address = path if path == SEARCH else f"{API}/repos/{path}"
        return Request(address, {**params, "per_page": AT_ONCE, "page": 1}, headers=HEADERS, context=context)

    def _post(self, item: Mapping[str, Any]) -> RawMention | None:
        """Return an issue or a comment; None for what belongs to a pull request, and for bots."""
        address, user, comment = item["html_url"], item["user"] or {}, "issue_url" in item
        if "pull_request" in item or "/pull/" in address or user.get("type") == "Bot":
            return None
        thread, name, reactions = address.removeprefix(SITE).partition("#")[0], user.get("login"), item.get("reactions")
        repository = "/".join(thread.split("/")[:2])
        names = {name, repository.split("/")[0] if item["author_association"] in STAFF else None}
        return RawMention(
            external_id=f"comment-{item['id']}" if comment else str(item["id"]),
            url=address,
            title=None if comment else item["title"],
            text=item["body"] or "",
            kind=Kind.COMMENT if comment else Kind.POST,
            author=Author(name, id=name, url=user.get("html_url")) if name else None,
            published_at=parse_when(item["created_at"]),
            audience=Audience(reactions["total_count"], "reactions") if reactions else None,
            subject=Subject(product=repository),
            answer_url=address,
            thread_id=thread,
            parent_id=thread if comment else None,
            own=any(one.lower() in self.ours for one in names if one),
        )
