"""An inbound webhook: one review or a list, signed by a made-up program."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from monitor.connector import Brand
from tests.builders import NOON
from tests.connectors.kit import Cases, Push

SECRET = "made-up-inbound-secret"  # nobody's
ACME = Brand("acme", ("Acme Coffee",), own_accounts={"inbound_webhook": ("team-7",)})


def entry(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return one review; a field given as None is left out."""
    fields = {
        "id": f"form-{number}",
        "text": f"Waited forty minutes. ({number})",
        "rating": 2,
        "author": "Nia",
        "published_at": "2026-11-24T10:15:00Z",
        "url": f"https://forms.example/answers/{number}",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def pushed(told: Any, secret: str = SECRET, at: int | None = None) -> Push:
    """Return what a program pushes."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    timestamp = str(int(NOON.timestamp()) if at is None else at)
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Review-Monitor-Timestamp": timestamp, "X-Review-Monitor-Signature": f"sha256={mac}"}
    return Push(body, headers)


def several(*entries: Any) -> Push:
    """Return several at once."""
    return pushed({"reviews": list(entries)})


CASES = Cases(
    options={"secret": SECRET, "sends_answers": True},
    secrets=(SECRET,),
    brands=(ACME,),
    bad_options=({}, {"secret": "short"}, {"secret": SECRET, "old_secret": "short"}),
    first=several(entry(1), entry(2)),
    first_ids=("form-1", "form-2"),
    next="A push holds all that it tells: there is no next page.",
    empty="A push without a review is refused, so that its sender hears of it.",
    broken="A push is taken as a whole or not at all: its sender hears which entry is wrong, and nothing is stored.",
    unknown="A field it does not know is refused: whoever misspells one would lose it without a word.",
    drift=(
        several(),
        several(entry(1, rating=None, text=None)),
        several(entry(1), entry(2, id=None)),
        several(entry(1, stars=2)),
        several(entry(1, rating="two")),
        several(entry(1, rating=9)),
        several(entry(1, published_at="yesterday or so")),
        several(1, 2),
        pushed({"reviews": None}),
        pushed({"data": [entry(1)]}),
        pushed([entry(1)]),
        pushed(b"not json"),
    ),
    edited=several(entry(1), entry(2, rating=5, text="They called me back.")),
    gone=pushed({"id": "form-1", "deleted": True}),
    own=several(entry(3, author="Mara of Acme", author_id="team-7")),
    answered=several(entry(1, reply_text="We are sorry.", replied_at="2026-11-24T11:00:00Z")),
)
