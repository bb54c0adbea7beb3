"""Facebook Page: posts with their comments inside, the page's own sayings among them, errors with a code."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand
from tests.connectors.kit import Answer, Cases

PAGE = "1000200030004"
NIA, JO = {"id": "7001", "name": "Nia"}, {"id": "7002", "name": "Jo"}
US = {"id": PAGE, "name": "Acme Coffee"}
TOKEN, SECRET = "made-up-page-token", "made-up-app-secret"  # nobody's
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"facebook_page": ("1000200030009",)})


def at(minute: int, day: int = 23) -> str:
    """Return a time as Facebook writes it."""
    return f"2026-11-{day:02}T{9 + minute // 60:02}:{minute % 60:02}:00+0000"


def post(number: int = 1, *comments: Any, more: str | None = None, by: Any = US, **changes: Any) -> dict[str, Any]:
    """Return a post of the Page with some comments; a field given as None is left out."""
    fields = {
        "id": f"{PAGE}_{number}",
        "message": "We open at nine.",
        "created_time": at(number),
        "from": by,
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{number}",
        "reactions": {"data": [], "summary": {"total_count": 12}},
        "comments": edge(*comments, more=more) if comments else None,
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def comment(number: int = 11, *, below: int = 1, by: Any = NIA, **changes: Any) -> dict[str, Any]:
    """Return a comment; `below` is the post's number."""
    fields = {
        "id": f"{below}_{number}",
        "message": f"Waited forty minutes. ({number})",
        "created_time": at(number),
        "from": by,
        "like_count": 3,
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{below}/?comment_id={number}",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def ours(number: int = 20, **changes: Any) -> dict[str, Any]:
    """Return what the Page itself says, by default below comment 11."""
    return comment(number, **{"by": US, "message": "We are sorry.", "parent": {"id": "1_11"}, **changes})


def edge(*entries: Any, more: str | None = None) -> dict[str, Any]:
    """Return a list; `more` is where it goes on."""
    paging = {"cursors": {"before": "b", "after": "a"}} | ({"next": more} if more else {})
    return {"data": list(entries), "paging": paging}


def error(code: int, subcode: int | None = None, message: str = "No.") -> dict[str, Any]:
    """Return an error."""
    fields = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return {"error": fields | ({"error_subcode": subcode} if subcode else {})}


NEXT = f"https://graph.facebook.com/v25.0/{PAGE}/feed?access_token={TOKEN}&limit=25&until=1795400000&__paging_token=p"
VISITOR = post(2, by=JO, message="Lovely place.")
COMMENTED = post(1, comment(12, by=JO, message="Nice."), comment(11))

CASES = Cases(
    options={"page": PAGE, "token": TOKEN, "app_secret": SECRET},
    secrets=(TOKEN, SECRET),
    brands=(ACME,),
    bad_options=(
        {},
        {"page": PAGE},
        {"page": "acme", "token": TOKEN},
        {"page": "", "token": TOKEN},
        {"page": PAGE, "token": TOKEN, "version": "25"},
    ),
    first=Answer(edge(VISITOR, COMMENTED, more=NEXT)),
    first_ids=(f"{PAGE}_2", "1_12", "1_11"),
    next=Answer(edge(post(3, comment(31, below=3)))),
    empty=Answer({"data": []}),
    broken=Answer(
        edge(VISITOR, {**COMMENTED, "comments": edge(*COMMENTED["comments"]["data"], comment(message=None))})
    ),
    unknown=Answer({**edge(VISITOR | {"mood": 1}, COMMENTED | {"icon": "x"}, more=NEXT), "summary": {"mood": 1}}),
    drift=(
        Answer({"items": [VISITOR]}),
        Answer({"data": None}),
        Answer({"data": "none"}),
        Answer({"data": [1, 2]}),
        Answer(edge(*(post(number, by=NIA, id=None) for number in range(3)))),
        Answer(edge(*(post(number, by=NIA, created_time=None) for number in range(3)))),
        Answer(edge(post(1, *(comment(number, message=None) for number in range(3))))),
        Answer(edge({**COMMENTED, "comments": {"items": []}})),
    ),
    edited=Answer(edge(VISITOR, post(1, comment(12, by=JO, message="Not nice."), comment(11)), more=NEXT)),
    gone="A list leaves out what was deleted and what may not be seen; the error 100/33 for a single thing says it.",
    own="What the Page and `own_accounts` say is no mention of its own: it is the answer to what stands above it.",
    answered=Answer(edge(post(1, ours(), comment(11)))),
)
