"""What another program pushes to us: signed with HMAC-SHA256 over the time and the raw body, as we sign ourselves.

`X-Review-Monitor-Timestamp` holds the seconds since 1970, `X-Review-Monitor-Signature` the word `sha256=` and the HMAC
of the timestamp, a full stop and the body, in hexadecimal. The webhook notifier sends the same.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from monitor.errors import ParseError, UsageError
from monitor.exchange import kind_of, read_json

SIGNATURE = "x-review-monitor-signature"
TIMESTAMP = "x-review-monitor-timestamp"
MOST_ENTRIES = 500  # in one push


def signature(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """Return the signature of a body at a time."""
    return f"sha256={_hmac(secret, timestamp, body)}"


def believed(headers: Mapping[str, str], body: bytes, secrets: Sequence[SecretStr]) -> None:
    """Return when the push is signed with one of the secrets. Raises UsageError with what is missing or wrong."""
    timestamp, given = header(headers, TIMESTAMP), header(headers, SIGNATURE)
    if not timestamp or not given:
        raise UsageError("not signed: the headers X-Review-Monitor-Timestamp and X-Review-Monitor-Signature are needed")
    # All are tried, so that the time it takes tells nothing of which one is old.
    matches = [hmac.compare_digest(given.encode(), signature(secret, timestamp, body).encode()) for secret in secrets]
    if not any(matches):
        raise UsageError("the signature does not belong to this body, this timestamp and our secret")


def signed_at(headers: Mapping[str, str]) -> datetime:
    """Return the time that was signed. Raises UsageError for what is none."""
    timestamp = header(headers, TIMESTAMP)
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise UsageError("X-Review-Monitor-Timestamp holds the seconds since 1970, in digits")
    return datetime.fromtimestamp(int(timestamp), UTC)


def entries(body: bytes) -> Sequence[Any]:
    """Return what was pushed: the list under `reviews`, or the one object. Raises ParseError."""
    told = read_json(body)
    if not isinstance(told, Mapping):
        raise ParseError(f"expected an object, found {kind_of(told)}")
    listed = told.get("reviews", [told])
    if not isinstance(listed, list) or not listed:
        raise ParseError("`reviews` holds a list with at least one review")
    if len(listed) > MOST_ENTRIES:
        raise ParseError(f"{len(listed):,} reviews are too many for one push: {MOST_ENTRIES} at most")
    return listed


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header, whatever its capitals; empty when it is not there."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _hmac(secret: SecretStr, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.get_secret_value().encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
