"""Stack Exchange: the questions under a tag; searches, answers and the wrapper's words stand in the test of its own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://api.stackexchange.com/2.3"
KEY = "made-up-key"
ACME = Brand("acme", ("Acme Widgets",), own_accounts={"stack_exchange": ("77",)})


def owner(number: int = 5, **changes: Any) -> dict[str, Any]:
    """Return an account."""
    link = f"https://stackoverflow.com/users/{number}/nia"
    return {"user_id": number, "user_type": "registered", "display_name": "Nia &amp; Co", "link": link, **changes}


def question(number: int = 500, **changes: Any) -> dict[str, Any]:
    """Return a question; a field given as `...` is left out."""
    fields = {
        "question_id": number,
        "title": "Acme Widgets lose &quot;everything&quot;",
        "body": "<p>It <b>ate</b> my data.</p>\n",
        "link": f"https://stackoverflow.com/questions/{number}/acme",
        "owner": owner(),
        "score": -1,
        "view_count": 120,
        "answer_count": 0,
        "is_answered": False,
        "creation_date": 1795514400 + number,
        "last_activity_date": 1795514400 + number,
        "tags": ["acme"],
        "content_license": "CC BY-SA 4.0",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def found(number: int = 500, answer: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return what a search finds: a question, or an answer to it."""
    fields = {
        "item_type": "question" if answer is None else "answer",
        "question_id": number,
        "title": "Acme Widgets lose &quot;everything&quot;",
        "excerpt": '<span class="highlight">Acme Widgets</span> ate my data',
        "body": "Acme Widgets ate my data.",
        "owner": owner(),
        "score": 0,
        "creation_date": 1795514400 + number,
        **({} if answer is None else {"answer_id": answer}),
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def answer(number: int = 600, by: int = 77, **changes: Any) -> dict[str, Any]:
    """Return an answer to question 500."""
    body = {"body": "<p>We are sorry.</p>", "creation_date": 1795515400}
    return {"answer_id": number, "question_id": 500, "owner": owner(by), **body, **changes}


def wrapped(*items: Any, more: bool = False, **changes: Any) -> dict[str, Any]:
    """Return items in the wrapper."""
    return {"items": list(items), "has_more": more, "quota_max": 300, "quota_remaining": 290, **changes}


ONE = Request(f"{API}/posts/500", {"page": 1}, context={"these": ["500"]})
ANSWERS = Request(f"{API}/questions/500/answers", {"page": 1}, context={"ours": True})
GOOD = (question(), question(499))

CASES = Cases(
    options={"tags": ["acme"], "key": KEY},
    secrets=(KEY,),
    brands=(ACME,),
    bad_options=({"site": "stackoverflow"}, {"site": "a.b/c"}, {"tags": ["two words"]}, {"tags": "acme"}),
    first=Answer(wrapped(*GOOD, more=True)),
    first_ids=("500", "499"),
    next=Answer(wrapped(question(498))),
    empty=Answer(wrapped()),
    broken=Answer(wrapped(*GOOD, question(3, title=...), more=True)),
    unknown=Answer(wrapped(*(one | {"mood": 1, "collectives": [{"slug": "x"}]} for one in GOOD), more=True, total=2)),
    drift=(
        Answer({"questions": list(GOOD), "has_more": False}),
        Answer({"items": list(GOOD)}),
        Answer(wrapped() | {"items": None}),
        Answer(wrapped() | {"items": {"0": question()}}),
        Answer(wrapped(1, 2)),
        *(
            Answer(wrapped(*(question(number, **{key: ...}) for number in (3, 2))))
            for key in ("question_id", "title", "body", "creation_date")
        ),
        Answer({"error_id": 502, "error_name": "throttle_violation", "error_message": "too many requests"}),
    ),
    edited=Answer(wrapped(question(body="<p>Found it.</p>", last_edit_date=1795520000), GOOD[1], more=True)),
    gone=Answer(wrapped(), to=ONE),
    own=Answer(wrapped(question(owner=owner(77)))),
    answered=Answer(wrapped(answer()), to=ANSWERS),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
