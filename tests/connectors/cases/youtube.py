"""YouTube: threads with their first replies; videos, replies and searches stand in the test of its own."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Request
from tests.connectors.kit import Answer, Cases

API = "https://youtube.googleapis.com/youtube/v3"
CHANNEL = "UC0123456789abcdefghijkl"
OURS = "UCaaaaaaaaaaaaaaaaaaaaaa"
VIDEO = "vid-_000001"
UNIT = 1_000_000


def said(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return what a comment says; a field given as `...` is left out."""
    fields = {
        "authorDisplayName": "@nia77",
        "authorProfileImageUrl": "https://yt3.example/nia",
        "authorChannelUrl": "http://www.youtube.com/@nia77",
        "authorChannelId": {"value": "UCniiiiiiiiiiiiiiiiiiiii"},
        "channelId": CHANNEL,
        "videoId": VIDEO,
        "textDisplay": "It broke after a week, and nobody answers.",
        "textOriginal": "It broke after a week, and nobody answers.",
        "canRate": True,
        "viewerRating": "none",
        "likeCount": 3,
        "publishedAt": f"2026-11-24T08:{number % 60:02}:00Z",
        "updatedAt": f"2026-11-24T08:{number % 60:02}:00Z",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def comment(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a comment."""
    return {"kind": "youtube#comment", "etag": "e", "id": f"Ug{number}", "snippet": said(number, **changes)}


def reply(number: int = 1, to: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a reply in a thread."""
    return {**comment(number, parentId=f"Ug{to}", **changes), "id": f"Ug{to}.{number}"}


def thread(number: int = 1, *replies: dict[str, Any], count: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a thread with some of its replies."""
    whole = {
        "kind": "youtube#commentThread",
        "etag": "e",
        "id": f"Ug{number}",
        "snippet": {
            "channelId": CHANNEL,
            "videoId": VIDEO,
            "topLevelComment": comment(number, **changes),
            "canReply": True,
            "totalReplyCount": len(replies) if count is None else count,
            "isPublic": True,
        },
    }
    return whole | ({"replies": {"comments": list(replies)}} if replies else {})


def video(external_id: str = VIDEO, **changes: Any) -> dict[str, Any]:
    """Return a video with its views."""
    snippet = {
        "publishedAt": "2026-11-20T10:00:00Z",
        "channelId": "UCrrrrrrrrrrrrrrrrrrrrrr",
        "title": "Acme Coffee grinder: an honest test",
        "description": "Five weeks of grinding.",
        "channelTitle": "Kitchen Talk",
    }
    views = {"viewCount": "48213", "likeCount": "900", "commentCount": "77"}
    return {"kind": "youtube#video", "etag": "e", "id": external_id, "snippet": snippet, "statistics": views, **changes}


def hit(external_id: str = VIDEO) -> dict[str, Any]:
    """Return what a search shows of a video."""
    return {
        "kind": "youtube#searchResult",
        "etag": "e",
        "id": {"kind": "youtube#video", "videoId": external_id},
        "snippet": {"publishedAt": "2026-11-20T10:00:00Z", "channelId": "UCr", "title": "Acme &amp; others"},
    }


def page(*items: Any, token: str | None = None) -> dict[str, Any]:
    """Return one page of a list of any kind."""
    more = {"nextPageToken": token} if token else {}
    return {"kind": "x", "etag": "e", "pageInfo": {"totalResults": len(items), "resultsPerPage": 100}, **more} | {
        "items": list(items)
    }


def error(reason: str, code: int = 403) -> dict[str, Any]:
    """Return an error in Google's form."""
    errors = [{"domain": "youtube", "reason": reason, "message": "No"}]
    return {"error": {"errors": errors, "code": code, "message": "No"}}


def alone(external_id: str) -> Request:
    """Return the question for one comment."""
    asked = {"urls": {external_id: None}, "what": "comments", "ids": [external_id]}
    params = {"part": "snippet", "textFormat": "plainText", "id": external_id}
    return Request(f"{API}/comments", params, context=asked, cost=UNIT)


def three(**changes: Any) -> Answer:
    """Return three threads that are changed alike."""
    return Answer(page(*(thread(number, **changes) for number in range(3))))


GOOD = (thread(2, reply(3, 2), textDisplay="Love it."), thread(1))

CASES = Cases(
    options={"api_key": "made-up-api-key", "channels": [CHANNEL]},
    brands=(Brand("acme", ("Acme Coffee",), own_accounts={"youtube": (OURS,)}),),
    secrets=("made-up-api-key",),
    bad_options=(
        {"channels": [CHANNEL]},
        {"api_key": "k", "channels": ["@acme"]},
        {"api_key": "k", "videos": ["https://www.youtube.com/watch?v=1"]},
        {"api_key": "k", "videos": [VIDEO], "terms": ["acme"]},
    ),
    first=Answer(page(*GOOD, token="CDIQ")),
    first_ids=("Ug2", "Ug1", "Ug2.3"),
    next=Answer(page(thread(0))),
    empty=Answer(page()),
    broken=Answer(page(*GOOD, thread(5, textDisplay=...), token="CDIQ")),
    unknown=Answer(page(*(one | {"mood": 1} for one in GOOD), token="CDIQ") | {"visitorId": "v"}),
    drift=(
        Answer({"kind": "x", "threads": []}),
        Answer({"items": None}),
        Answer({"items": {"1": thread()}}),
        Answer(page(*({key: value for key, value in one.items() if key != "snippet"} for one in GOOD))),
        Answer(page(*(one | {"snippet": {"comment": comment()}} for one in GOOD))),
        three(textDisplay=...),
        three(publishedAt=...),
    ),
    edited=Answer(
        page(GOOD[0], thread(1, textDisplay="Now it works.", updatedAt="2026-11-24T09:00:00Z"), token="CDIQ")
    ),
    gone=Answer(page(), to=alone("Ug1")),
    own=Answer(page(thread(1, reply(4, authorChannelId={"value": OURS})))),
    answered=Answer(page(thread(1, reply(4, authorChannelId={"value": OURS}, textDisplay="We are sorry.")))),
)
