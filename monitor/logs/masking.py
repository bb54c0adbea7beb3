"""What must not be read by others: known secrets in every form, and what gives itself away by its shape."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

SHORTEST = 4  # characters; masking less would leave nothing to read
SHORTEST_ROW = 16  # of a secret of several rows, such as a key file

MASK = "***"
_IS = r"['\"]?\s*[:=]\s*(?:b?['\"])?"  # between a name and its value
_OR = r"['\"]?\s*[:=,]\s*(?:b?['\"])?"  # likewise, also in a list of pairs
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key"
_KEY_FILE = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.{1,20000}?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_SHAPES = (
    # To the end of the row: what follows may belong to it.
    (re.compile(rf"(?i)\b({_HEADERS})({_OR})[^\n\r]{{1,4000}}"), r"\1\2***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@'\"]{1,300}@"), r"\1***@"),
    (re.compile(r"(?i)(hooks\.slack(?:-gov)?\.com/)[^\s'\"<>]+"), r"\1***"),
    (re.compile(r"(?i)(discord(?:app)?\.com/api/(?:v\d+/)?webhooks/)[^\s'\"<>]+"), r"\1***"),
    (re.compile(r"(?i)(/services/)T[A-Z0-9]{2,20}/B[A-Z0-9]{2,20}/[^\s'\"<>]+"), r"\1***"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s'\"?#<>]{1,300})[?#][^\s'\"<>]*"), r"\1?***"),
    (
        re.compile(
            r"(?i)(\b|_)(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signature)"
            rf"({_IS})[^\s,'\"}}&]{{1,500}}"
        ),
        r"\1\2\3***",
    ),
    (re.compile(r"(?i)\b(AUTH[ =]+(?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5|OAUTHBEARER))[ '\",]+\S+"), r"\1 ***"),
    (re.compile(r"\b(xox[a-z]-|xapp-|gh[pousr]_|sk-)[A-Za-z0-9-]{6,}"), r"\1***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(_KEY_FILE, re.DOTALL), MASK),
)  # fmt: skip
_NAMES = re.compile(r"(?i)pass(?:word|wd|phrase)?$|secret|token|api_?key|authorization|cookie|credential")


@dataclass(slots=True)
class _Known:
    """The secrets of this process, and one pattern for all of them."""

    forms: set[str] = field(default_factory=set)
    pattern: re.Pattern[str] | None = None


_known = _Known()


def hide(secrets: Iterable[str]) -> None:
    """Mask these values in every line from now on, however they are written."""
    _known.forms.update(form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST)
    longest_first = sorted(_known.forms, key=len, reverse=True)
    _known.pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may stand in a text: plain, in an address, in a dialogue, inside quotes."""
    if len(secret) < SHORTEST:
        return
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    rows = [row.strip() for row in secret.splitlines()]
    if len(rows) > 1:
        yield from (row for row in rows if len(row) >= SHORTEST_ROW)


def masked(text: str) -> str:
    """Return the text without what looks like, or is known to be, a secret."""
    if _known.pattern is not None:
        text = _known.pattern.sub(MASK, text)
    for shape, mask in _SHAPES:
        text = shape.sub(mask, text)
    return text


def names_a_secret(key: str) -> bool:
    """Say whether a fact of this name is better not shown."""
    return _NAMES.search(key) is not None
