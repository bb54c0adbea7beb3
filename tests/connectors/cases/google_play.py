"""Google Play: reviews as a conversation of two comments, `{}` for nothing, and monthly files in UTF-16."""

from __future__ import annotations

import csv
import io
from typing import Any

from monitor.connector import Outcome
from tests.connectors.kit import Answer, Cases

APP = "com.acme.coffee"
BUCKET = "pubsite_prod_rev_01234567890123456789"
KEY = '{"client_email": "monitor@acme.iam.gserviceaccount.com", "private_key": "made-up-private-key"}'
WRITTEN = 1795514400
HEADER = (
    "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
    "Review Submit Millis Since Epoch,Review Last Update Date and Time,Review Last Update Millis Since Epoch,"
    "Star Rating,Review Title,Review Text,Developer Reply Date and Time,Developer Reply Millis Since Epoch,"
    "Developer Reply Text,Review Link"
)
COLUMNS = HEADER.split(",")


def stamp(second: int, nanos: int = 525000000) -> dict[str, Any]:
    """Return a moment as the API writes it."""
    return {"seconds": str(second), "nanos": nanos}


def review(number: int = 1, *, answer: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a review; a field of the user's comment that is given as None is left out."""
    said = {
        "text": "\tCrashes when I save.",
        "lastModified": stamp(WRITTEN + number),
        "starRating": 1,
        "reviewerLanguage": "en_US",
        "device": "heroqltevzw",
        "androidOsVersion": 36,
        "appVersionCode": 1440,
        "appVersionName": "2.1",
        "thumbsUpCount": 3,
        "thumbsDownCount": 0,
        "deviceMetadata": {"productName": "heroqltevzw (Galaxy S7)", "ramMb": 4096},
        **changes,
    }
    comments: list[dict[str, Any]] = [{"userComment": {key: value for key, value in said.items() if value is not None}}]
    if answer is not None:
        comments.append({"developerComment": {"text": answer, "lastModified": stamp(WRITTEN + number + 3600)}})
    return {"reviewId": f"gp:AOqp{number}", "authorName": "Nia", "comments": comments}


def page(*reviews: Any, token: str | None = None) -> dict[str, Any]:
    """Return a page; without any review nothing is in it."""
    body: dict[str, Any] = {"reviews": list(reviews)} if reviews else {}
    return body | ({"tokenPagination": {"nextPageToken": token}} if token else {})


def row(number: int = 1, **changes: str) -> dict[str, str]:
    """Return a row of a file, of the same review that the API shows under this number."""
    changed = f"{WRITTEN + number}525"
    link = f"https://play.google.com/console/developers/9/app/8/user-feedback/review-details?reviewId=gp%3AAOqp{number}"
    fields = dict.fromkeys(COLUMNS, "") | {
        "Package Name": APP,
        "Reviewer Language": "en",
        "Device": "heroqltevzw",
        "Review Submit Millis Since Epoch": changed,
        "Review Last Update Millis Since Epoch": changed,
        "Star Rating": "1",
        "Review Text": "Crashes when I save.",
        "Review Link": link,
    }
    return {**fields, **{name.replace("_", " "): value for name, value in changes.items()}}


def file(*rows: dict[str, str]) -> bytes:
    """Return a file as it lies in the bucket."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return b"\xff\xfe" + text.getvalue().encode("utf-16-le")


GOOD = (review(2, starRating=5, text="Lovely\tEvery morning."), review())
NEEDED = ("text", "starRating", "lastModified")

CASES = Cases(
    options={"package": APP, "service_account": KEY},
    secrets=(KEY, "made-up-private-key"),
    bad_options=(
        {},
        {"package": APP},
        {"package": "coffee", "service_account": KEY},
        {"package": "https://play.google.com/store/apps/details?id=com.acme.coffee", "service_account": KEY},
        {"package": APP, "service_account": KEY, "bucket": "gs://pubsite_prod_rev_1/reviews/"},
    ),
    first=Answer(page(*GOOD, token="more")),
    first_ids=("gp:AOqp2", "gp:AOqp1"),
    next=Answer(page(review(0))),
    empty=Answer(page()),
    broken=Answer(page(*GOOD, review(3, starRating=None), token="more")),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD), token="more") | {"mood": 2}),
    drift=(
        Answer({"items": list(GOOD)}),
        Answer({"reviews": "none"}),
        Answer({"reviews": [1, 2]}),
        Answer({"pageInfo": {"totalResults": 4}}),
        *(Answer(page(*(review(number, **{gone: None}) for number in range(3)))) for gone in NEEDED),
        Answer(page(*(review(number, lastModified={"seconds": "soon"}) for number in range(3)))),
        Answer(page(*({"reviewId": "gp:1", "comments": [{"developerComment": {}}]} for _ in range(3)))),
    ),
    edited=Answer(page(GOOD[0], review(starRating=4, lastModified=stamp(WRITTEN + 9000)), token="more")),
    gone="A review that is removed leaves the list as one does that is seven days old.",
    own="The developer's words are a part of the review.",
    answered=Answer(page(review(answer="Mended in 2.2."))),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
