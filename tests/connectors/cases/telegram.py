"""Telegram: updates with one message each, of a group, a channel or one person."""

from __future__ import annotations

from typing import Any

from monitor.connector import Brand, Outcome
from tests.connectors.kit import Answer, Cases

TOKEN = "123456:made-up-token"
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Acme users", "username": "acme_users"}
SMALL = {"id": -55, "type": "group", "title": "Acme beta"}
CHANNEL = {"id": -1009876543210, "type": "channel", "title": "Acme news"}
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"telegram": ("77",)})
WRITTEN = 1795514400


def person(number: int = 5, first: str = "Nia", **changes: Any) -> dict[str, Any]:
    """Return who wrote it."""
    return {"id": number, "is_bot": False, "first_name": first, **changes}


def message(number: int = 11, chat: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a message, by default in the public group; a field given as None is left out."""
    fields = {
        "message_id": number,
        "date": WRITTEN + number,
        "chat": chat or GROUP,
        "from": person(),
        "text": f"The grinder broke again, and nobody answers. ({number})",
        "entities": [{"type": "bold", "offset": 4, "length": 7}],
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def update(number: int, kind: str = "message", /, **changes: Any) -> dict[str, Any]:
    """Return an update with one message."""
    return {"update_id": 9000 + number, kind: message(number, **changes)}


def told(*updates: Any, **changes: Any) -> dict[str, Any]:
    """Return an answer."""
    return {"ok": True, "result": list(updates), **changes}


GOOD = (update(11), update(12))

CASES = Cases(
    options={"token": TOKEN},
    secrets=(TOKEN,),
    brands=(ACME,),
    bad_options=({}, {"token": TOKEN, "match_brand": "acme"}),
    first=Answer(told(*GOOD)),
    first_ids=("-1001234567890/11", "-1001234567890/12"),
    next=Answer(told(update(13))),
    empty=Answer(told()),
    broken=Answer(told(*GOOD, update(13, chat={"type": "group"}))),
    unknown=Answer(told(*(one | {"mood": 1} for one in GOOD), version=2)),
    drift=(
        Answer({"ok": True}),
        Answer({"ok": True, "result": None}),
        Answer({"ok": True, "result": {"0": update(1)}}),
        Answer(told(1, 2)),
        Answer(told({"message": message()}, {"message": message(12)})),
        *(
            Answer(told({"update_id": 1, "message": {k: v for k, v in message().items() if k != key}}))
            for key in ("message_id", "chat", "date")
        ),
    ),
    edited=Answer(told(update(11, "edited_message", text="Works again.", edit_date=WRITTEN + 90), GOOD[1])),
    gone="Telegram tells nobody of deletions.",
    own=Answer(told(update(11, **{"from": person(77, "Bo")}))),
    answered=Answer(told(update(12, **{"from": person(77, "Bo")}, reply_to_message=message()))),
    refusals={
        400: Outcome.FAILED,
        401: Outcome.RECONNECT,
        403: Outcome.RECONNECT,
        404: Outcome.RECONNECT,
        409: Outcome.FAILED,
        429: Outcome.THROTTLED,
        500: Outcome.FAILED,
        503: Outcome.THROTTLED,
    },
)
