"""Steam: reviews inside `response`, with a cursor beside them."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome
from tests.connectors.kit import Answer, Cases

ACME = Brand("acme", ("Acme Farm",), own_accounts={"steam": ("70000000000000001",)})
WRITTEN = 1795514400


def review(number: int = 9001, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as None is left out."""
    fields = {
        "recommendationid": str(number),
        "author": {
            "steamid": "70000000000000077",
            "personaname": "Nia",
            "persona_status": "offline",
            "profile_url": "https://steamcommunity.com/id/nia/",
            "num_games_owned": 3,
            "num_reviews": 1,
            "playtime_forever": 120,
            "playtime_last_two_weeks": 0,
            "playtime_at_review": 60,
            "last_played": WRITTEN,
            "avatar": "00",
        },
        "language": "german",
        "review": "[h1]Crashes[/h1]It closes when I [b]save[/b].",
        "timestamp_created": WRITTEN + number,
        "timestamp_updated": WRITTEN + number,
        "voted_up": False,
        "votes_up": 12,
        "votes_funny": 0,
        "weighted_vote_score": "0.527545452117919922",
        "comment_count": 0,
        "steam_purchase": True,
        "received_for_free": False,
        "refunded": False,
        "written_during_early_access": False,
        "primarily_steam_deck": False,
        "app_release_date": "1494430334",
        "reactions": [],
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def author(steamid: str) -> dict[str, Any]:
    """Return an author as older answers have it: without a name."""
    return {"steamid": steamid, "num_games_owned": 3, "num_reviews": 1, "playtime_forever": 120}


def page(*reviews: Any, cursor: Any = "AoIFQFZu5oAAAAB3wvHmBg==", total: int = 500, **changes: Any) -> dict[str, Any]:
    """Return an answer; without any review the key is not there."""
    return {
        "response": {
            **({"reviews": list(reviews)} if reviews else {}),
            "cursor": cursor,
            "total_matching": total,
            "query_summary": {"num_reviews": len(reviews), "total_reviews": total} if reviews else {"num_reviews": 0},
            **changes,
        }
    }


GOOD = (review(9002, voted_up=True, review="Lovely."), review())

CASES = Cases(
    options={"app_id": "123456"},
    brands=(ACME,),
    bad_options=({}, {"app_id": "acme"}, {"app_id": ""}, {"app_id": "12345678901"}, {"app_id": ["1"]}),
    first=Answer(page(*GOOD)),
    first_ids=("9002", "9001"),
    next=Answer(page(review(8000), cursor="AoIFQFZu")),
    empty=Answer(page(total=0)),
    broken=Answer(page(*GOOD, review(9003, author=None))),
    unknown=Answer(page(*(one | {"mood": 1, "hardware": {"os": "?"}} for one in GOOD), mood=1) | {"version": 2}),
    drift=(
        Answer(page(*GOOD)["response"]),
        Answer({"response": {}}),
        Answer({"response": {"items": list(GOOD), "cursor": "x"}}),
        Answer(page(query_summary={"num_reviews": 2})),
        Answer(page(reviews=None)),
        Answer(page(reviews="none")),
        Answer(page(reviews={"9001": review()})),
        Answer(page(reviews=[1, 2])),
        Answer({"response": {key: value for key, value in page(*GOOD)["response"].items() if key != "cursor"}}),
        *(Answer(page(*(review(number, **{key: None}) for number in range(3)))) for key in ("voted_up", "review")),
        Answer(page(*(review(number, voted_up="no") for number in range(3)))),
        Answer(page(*(review(number, timestamp_updated=None) for number in range(3)))),
    ),
    edited=Answer(page(GOOD[0], review(voted_up=True, timestamp_updated=WRITTEN + 10_000))),
    gone="Steam leaves a deleted review out of its list, and its list is often short for other reasons.",
    own=Answer(page(review(author=author("70000000000000001")))),
    answered=Answer(page(review(developer_response="Mended in [b]1.2[/b].", timestamp_dev_responded=WRITTEN + 9_500))),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.FAILED,
        403: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
