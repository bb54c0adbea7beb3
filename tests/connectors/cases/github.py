"""GitHub: issues and comments of a repository in two lists, each by its last change."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API, SITE = "https://api.github.com", "https://github.com"
TOKEN = "github_pat_made-up"
ACME = Brand("acme", ("Acme Widgets",), own_accounts={"github": ("Acme", "bo-of-acme")})
REACTIONS = {"url": f"{API}/reactions", "total_count": 3, "+1": 2, "-1": 1}


def user(login: str = "nia", kind: str = "User") -> dict[str, Any]:
    """Return a person, or a bot."""
    return {"login": login, "id": 5, "node_id": "MDQ6", "html_url": f"{SITE}/{login}", "type": kind}


def issue(number: int = 12, **changes: Any) -> dict[str, Any]:
    """Return an issue of acme/widgets; a field given as `...` is left out."""
    fields = {
        "url": f"{API}/repos/acme/widgets/issues/{number}",
        "repository_url": f"{API}/repos/acme/widgets",
        "html_url": f"{SITE}/acme/widgets/issues/{number}",
        "id": 9000 + number,
        "node_id": "MDU6",
        "number": number,
        "title": "Acme Widgets lose my settings",
        "user": user(),
        "labels": [],
        "state": "open",
        "locked": False,
        "comments": 1,
        "created_at": "2026-11-24T10:00:00Z",
        "updated_at": "2026-11-24T12:00:00Z",
        "closed_at": None,
        "author_association": "NONE",
        "body": "It is *gone* after each start.",
        "reactions": REACTIONS,
        "state_reason": None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def comment(number: int = 700, on: int = 12, **changes: Any) -> dict[str, Any]:
    """Return a comment below an issue."""
    fields = {
        "url": f"{API}/repos/acme/widgets/issues/comments/{number}",
        "html_url": f"{SITE}/acme/widgets/issues/{on}#issuecomment-{number}",
        "issue_url": f"{API}/repos/acme/widgets/issues/{on}",
        "id": number,
        "node_id": "MDEy",
        "user": user("lee"),
        "created_at": "2026-11-24T11:00:00Z",
        "updated_at": "2026-11-24T11:00:00Z",
        "author_association": "NONE",
        "body": "Same here.",
        "reactions": {**REACTIONS, "total_count": 0},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def found(*issues: Any, **changes: Any) -> dict[str, Any]:
    """Return what a search found."""
    return {"total_count": len(issues), "incomplete_results": False, "items": list(issues), **changes}


SAME = {"per_page": 100, "page": 1}
SEARCH = Request(f"{API}/search/issues", {"q": "acme", **SAME}, context={})
ONE = Request(f"{API}/repos/acme/widgets/issues/12", context={"one": True}, about=("9012",))
BELOW = Request(
    f"{API}/repos/acme/widgets/issues/12/comments",
    {"since": "2026-11-24T10:00:00Z", **SAME},
    context={"below": "9012"},
)
GOOD = (issue(), issue(11), *(issue(number, pull_request={}) for number in range(100, 198)))  # a page that is full

CASES = Cases(
    options={"repositories": ["acme/widgets"], "token": TOKEN},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=({"repositories": "acme/widgets"}, {"repositories": ["widgets"]}, {"repositories": ["a/b/c"]}),
    first=Answer(list(GOOD)),
    first_ids=("9012", "9011"),
    next=Answer([issue(10)]),
    empty=Answer([]),
    broken=Answer([*GOOD, issue(9, title=...)]),
    unknown=Answer([one | {"mood": 1, "sub_issues_summary": {"total": 0}} for one in GOOD]),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"message": "Moved Permanently"}),
        Answer([1, 2]),
        *(
            Answer([issue(number, **{key: ...}) for number in (3, 2)])
            for key in ("id", "html_url", "user", "title", "body", "created_at", "author_association")
        ),
        Answer({"total_count": 2, "items": [issue()]}, to=SEARCH),
        Answer({"total_count": 2, "incomplete_results": False, "results": [issue()]}, to=SEARCH),
    ),
    edited=Answer([issue(body="Found it: my mistake."), *GOOD[1:]]),
    gone=Answer({"message": "This issue was deleted", "documentation_url": "https://docs.github.com"}, 410, to=ONE),
    own=Answer([issue(user=user("bo-of-acme"))]),
    answered=Answer([comment(user=user("lea"), author_association="MEMBER")], to=BELOW),
    refusals={
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        410: Outcome.FAILED,
        422: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
