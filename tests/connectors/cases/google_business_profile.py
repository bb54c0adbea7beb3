"""Google Business Profile: accounts lead to places, places to pages of reviews with words for stars."""

from __future__ import annotations

from typing import Any

from monitor.connector import Outcome, Request
from tests.connectors.kit import Answer, Cases

QUAY = "accounts/11/locations/21"
MILL = "accounts/11/locations/22"
MAPS = "https://maps.google.com/maps?cid=21"
SECRETS = {"client_id": "our-app.apps.googleusercontent.com", "client_secret": "GOCSPX-made-up-secret"}
REFRESH = "1//made-up-refresh-token"


def review(number: int = 31, at: str = QUAY, **changes: Any) -> dict[str, Any]:
    """Return a review; a field given as None is left out."""
    fields = {
        "name": f"{at}/reviews/AbFv{number}",
        "reviewId": f"AbFv{number}",
        "reviewer": {"displayName": "Nia K", "profilePhotoUrl": "https://lh3.googleusercontent.com/a-/none"},
        "starRating": "ONE",
        "comment": "Waited 40 minutes for two coffees.",
        "createTime": "2026-11-20T10:47:32.807Z",
        "updateTime": "2026-11-20T10:47:32.807Z",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def page(*reviews: Any, token: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a page of a place's list."""
    body = {"reviews": list(reviews), "averageRating": 4.4, "totalReviewCount": 412, **changes}
    return body | ({"nextPageToken": token} if token else {})


def place(number: int = 21, **changes: Any) -> dict[str, Any]:
    """Return a place as the list of places has it."""
    return {
        "name": f"locations/{number}",
        "title": "Acme Coffee",
        "storefrontAddress": {"regionCode": "GB", "addressLines": [f"{number} Quay Street"], "locality": "Bristol"},
        "metadata": {"mapsUri": f"https://maps.google.com/maps?cid={number}", "hasVoiceOfMerchant": True},
        **changes,
    }


TITLE = "Acme Coffee, 21 Quay Street, Bristol"
LIST = Request(
    f"https://mybusiness.googleapis.com/v4/{QUAY}/reviews",
    {"pageSize": 50, "orderBy": "updateTime desc"},
    context={"list": "reviews", "name": QUAY, "title": TITLE, "maps": MAPS, "had": False},
)
GOOD = (review(32, starRating="FIVE", comment="Lovely."), review())


def listed(*reviews: Any, **changes: Any) -> Answer:
    """Return a page as the answer to the question for it."""
    return Answer(page(*reviews, **changes), to=LIST)


CASES = Cases(
    options=SECRETS | {"refresh_token": REFRESH},
    secrets=(SECRETS["client_secret"], REFRESH),
    bad_options=(
        {},
        {"client_id": "x"},
        SECRETS | {"places": ["Quay Street"]},
        SECRETS | {"subscription": "reviews"},
    ),
    first=listed(*GOOD, token="more"),
    first_ids=(f"{QUAY}/reviews/AbFv32", f"{QUAY}/reviews/AbFv31"),
    next=Answer(page(review(30))),
    empty=Answer({}, to=LIST),
    broken=listed(*GOOD, review(33, starRating="SIX"), token="more"),
    unknown=listed(*(one | {"mood": 1} for one in GOOD), token="more", mood=2),
    drift=(
        Answer({"locations": []}),
        Answer({"accounts": [{"title": "x"}]}),
        Answer({"reviews": "none"}, to=LIST),
        Answer({"items": list(GOOD)}, to=LIST),
        Answer({"totalReviewCount": 3, "averageRating": 4}, to=LIST),
        listed(1, 2),
        *(
            listed(*(review(number, **{gone: None}) for number in range(3)))
            for gone in ("name", "starRating", "createTime", "updateTime")
        ),
        listed(*(review(number, starRating=5) for number in range(3))),
    ),
    edited=listed(GOOD[0], review(starRating="FOUR", updateTime="2026-11-21T08:00:00Z"), token="more"),
    gone="Google is told to answer 404 at random, so only two walks over all reviews prove that one is deleted.",
    own="Google has the owner's words as a part of the review, never as a review of the owner.",
    answered=listed(review(reviewReply={"comment": "Sorry, Nia.", "updateTime": "2026-11-20T11:03:45.142Z"})),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
