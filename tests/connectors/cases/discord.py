"""Discord: messages of a channel or thread, newest first within a page, and the threads of a server."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome, Request
from tests.connectors.kit import Answer, Cases

API = "https://discord.com/api/v10"
TOKEN = "made-up.bot.token"
SERVER, CHANNEL = "100000000000000001", "100000000000000002"
THREAD = "1510000000000000100"
OURS = "200000000000000077"
ACME = Brand("acme", ("Acme Widgets",), own_accounts={"discord": (OURS,)})


def mid(number: int) -> str:
    """Return the id of a message; greater ones are younger."""
    return str(1510000000000000000 + number)


def person(number: str = "200000000000000005", name: str = "nia", **changes: Any) -> dict[str, Any]:
    """Return who wrote it."""
    return {"id": number, "username": name, "global_name": None, "avatar": None, "discriminator": "0", **changes}


def message(number: int = 11, **changes: Any) -> dict[str, Any]:
    """Return a message; a field given as `...` is left out."""
    fields = {
        "id": mid(number),
        "channel_id": CHANNEL,
        "type": 0,
        "author": person(),
        "content": f"It lost my work **again**, and nobody answers. ({number})",
        "timestamp": "2026-11-24T10:00:00.123000+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mentions": [],
        "attachments": [],
        "embeds": [],
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def answer(number: int, to: int, **changes: Any) -> dict[str, Any]:
    """Return a message that replies to another one."""
    reference = {"message_id": mid(to), "channel_id": CHANNEL, "guild_id": SERVER}
    return message(number, **{"type": 19, "message_reference": reference, **changes})


def joined(number: int) -> dict[str, Any]:
    """Return Discord's note that somebody came."""
    return message(number, type=7, content="")


def threads(*last: int | None) -> dict[str, Any]:
    """Return the threads of the server, by their last message."""
    here = [
        {"id": str(int(THREAD) + at), "parent_id": CHANNEL, "last_message_id": None if number is None else mid(number)}
        for at, number in enumerate(last)
    ]
    return {"threads": here, "members": [], "has_more": False}


MESSAGES = f"{API}/channels/{CHANNEL}/messages"
ONE = Request(f"{MESSAGES}/{mid(11)}", context={"thread": None}, about=(mid(11),))
BELOW = Request(MESSAGES, {"limit": 100, "after": mid(11)}, context={"thread": None, "below": mid(11)})
LIST = Request(f"{API}/guilds/{SERVER}/threads/active", context={"after": None})
GOOD = (message(12), message(11), *(joined(number) for number in range(10, -88, -1)))  # a page that is full

CASES = Cases(
    options={"token": TOKEN, "server": SERVER, "channels": [CHANNEL]},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=(
        {},
        {"token": TOKEN},
        {"token": TOKEN, "server": "acme"},
        {"token": TOKEN, "server": SERVER, "channels": "1"},
    ),
    first=Answer(list(GOOD)),
    first_ids=(mid(12), mid(11)),
    next=Answer([message(-100)]),
    empty=Answer([]),
    broken=Answer([*GOOD, message(13, timestamp=...)]),
    unknown=Answer([one | {"mood": 1, "nonce": "x"} for one in GOOD]),
    drift=(
        Answer({"messages": list(GOOD)}),
        Answer({"code": 0, "message": "no"}),
        Answer([1, 2]),
        Answer([message(number, content="") for number in (3, 2)]),
        *(
            Answer([message(number, **{key: ...}) for number in (3, 2)])
            for key in ("id", "type", "author", "content", "timestamp", "edited_timestamp", "channel_id")
        ),
        Answer([answer(3, 1, message_reference=...)]),
        Answer({"items": []}, to=LIST),
        Answer({"threads": [{"id": THREAD}]}, to=LIST),
    ),
    edited=Answer([message(12, content="Works.", edited_timestamp="2026-11-24T11:00:00+00:00"), *GOOD[1:]]),
    gone=Answer({"code": 10008, "message": "Unknown Message"}, 404, to=ONE),
    own=Answer([message(author=person(OURS, "bo"))]),
    answered=Answer([answer(13, 11, author=person(OURS, "bo"))], to=BELOW),
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
