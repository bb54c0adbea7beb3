"""Words that somebody points at in one mail → patterns that find their like in the next ones. Pure.

A pattern is the words' place: what stands before and behind them, with figures, addresses and the other words that
were pointed at left open. Several are made, from the strictest to the loosest; the mails of the same sender decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.connector.letters import Letter
from monitor.connector.notices import KNOWN_SENDERS, NoticeRule, body_of, find, is_star_signs, stars_of

NEAR = 60  # characters of a line that are taken as context
GAP = re.compile(r"\s*(?:\.\.\.|…)\s*")
_RATED = re.compile(r"star|stern|étoile|estrella|stell|rating|rated|bewert|not[ae]\b|[/★☆⭐]|out of|von", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_OPEN = re.compile(r"https?://\S+|\d+(?:[.,]\d+)*|\s+")


class NotThere(ValueError):
    """The words do not stand in the mail."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where some words stand in the body of a mail."""

    start: int
    end: int


def rule_of(letter: Letter, shown: Mapping[str, str], others: Sequence[Letter], **fixed: object) -> NoticeRule:
    """Return the rule that finds these words (by part: stars, text, author…) here and in the most of `others`.

    `fixed` are further keys of the rule. Raises NotThere, whose text is a sentence, for words that are not there.
    """
    body = body_of(letter)
    places = {part: place_of(body, part, words, letter.subject) for part, words in shown.items() if part != "link"}
    values = {part: body[place.start : place.end] for part, place in places.items()}
    patterns = {
        part: _best(candidates(body, part, place, values), part, values[part], body, others)
        for part, place in places.items()
    }
    if "link" in shown:
        patterns["link"] = link_pattern(shown["link"])
    return NoticeRule.model_validate({"sender": [sender_of(letter)], **patterns, **fixed})


def sender_of(letter: Letter) -> str:
    """Return whose mails the rule is for: a domain, or the address where a domain sends all sorts of mails."""
    shared = {one.rpartition("@")[2] for one in KNOWN_SENDERS if "@" in one}
    return letter.sender if letter.domain in shared else letter.domain


def subject_pattern(subject: str) -> str:
    """Return a pattern for subjects like this one."""
    return f"^{_open(subject, ())}$"


def link_pattern(link: str) -> str:
    """Return a pattern for links like this one: the same site and path, with what looks like an id left open."""
    parts = urlsplit(link)
    steps = [
        "[^/?#]+" if re.search(r"\d", step) or len(step) > 20 else _escaped(step) for step in parts.path.split("/")
    ]
    return f"^{parts.scheme}://{_escaped(parts.netloc)}{'/'.join(steps)}"


def place_of(body: str, part: str, words: str, subject: str = "") -> Place:
    """Return where words stand: below the subject rather than in it. "first ... last" means all that lies between."""
    first, *rest = GAP.split(words.strip(), maxsplit=1)
    found = _all(body, first)
    behind = [place for place in found if place.start > len(subject)] or found
    if part == "stars":
        behind = [place for place in behind if _RATED.search(_line(body, place))] or behind
    if not behind:
        raise NotThere(f'"{first[:60]}" does not stand in the mail; type the words as they stand there')
    start = behind[0]
    if not rest or not rest[0]:
        return start
    last = [place for place in _all(body, rest[0]) if place.start >= start.end]
    if not last:
        raise NotThere(f'"{rest[0][:60]}" does not stand behind "{first[:60]}" in the mail')
    return Place(start.start, last[0].end)


def _all(body: str, words: str) -> list[Place]:
    if not words:
        return []
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    border = (r"(?<!\w)" if words[0].isalnum() else "") + pattern + (r"(?!\w)" if words[-1].isalnum() else "")
    found = [Place(*one.span()) for one in re.finditer(border, body)]
    return found or [Place(*one.span()) for one in re.finditer(border, body, re.IGNORECASE)]


def _line(body: str, place: Place) -> str:
    end = body.find("\n", place.end)
    return body[body.rfind("\n", 0, place.start) + 1 : end if end >= 0 else len(body)]


# --- patterns ------------------------------------------------------------------------------------


def candidates(body: str, part: str, place: Place, values: Mapping[str, str]) -> list[str]:
    """Return patterns for what stands at a place, the strictest first."""
    others = [value for name, value in values.items() if name != part]
    before, after = body[: place.start], body[place.end :]
    prefix, suffix = before[before.rfind("\n") + 1 :], after.partition("\n")[0]
    above, below = _near_line(before[: len(before) - len(prefix)], -1), _near_line(after[len(suffix) :], 0)
    group = _group(part, body[place.start : place.end])
    if part == "text":
        return _for_text(prefix, suffix, above, below, others)
    found = []
    if prefix.strip() or suffix.strip():
        for size in (NEAR, 24, 12, 6):
            left, right = _tail(prefix, size), _head(suffix, size)
            starts = "^" if left == prefix else ""
            ends = "$" if right == suffix else ""
            found.append(f"(?m){starts}{_open(left, others)}{group}{_open(right, others)}{ends}")
    if above:
        found.append(f"(?m)^{_open(above, others)}\\n+{_open(prefix, others)}{group}{_open(suffix, others)}$")
    if below:
        found.append(f"(?m)^{_open(prefix, others)}{group}{_open(suffix, others)}\\n+{_open(below[:24], others)}")
    return found or [f"(?m)^{group}$"]


def _for_text(prefix: str, suffix: str, above: str, below: str, others: Sequence[str]) -> list[str]:
    near, far = _open(prefix, others), _open(suffix, others)
    heads = [f"{_open(_tail(above, size), others)}\\s*\\n\\s*{near}" for size in (NEAR, 24)] if above else []
    heads += [near] if prefix.strip() else []
    tails = [f"{far}\\s*\\n\\s*{_open(_head(below, size), others)}" for size in (NEAR, 24, 12, 6)] if below else []
    tails += [far] if suffix.strip() else []
    return [f"{head}((?s:.+?)){tail}" for head in heads or [r"\A"] for tail in tails or [r"\s*\z"]]


def _group(part: str, value: str) -> str:
    if part != "stars":
        return "(.+?)"
    if is_star_signs(value):
        return r"([★☆⭐🌟✩✭\x{fe0f} ]+)"
    if number := _NUMBER.search(value):
        left, right = value[: number.start()], value[number.end() :]
        return rf"{_escaped(left)}(\d+(?:[.,]\d+)?){_escaped(right)}"
    return r"(\pL+)" if value.isalpha() else "(.+?)"


def _open(text: str, others: Sequence[str]) -> str:
    """Return text as a pattern, with figures, addresses, blanks and what else was pointed at left open."""
    pieces = [one for one in sorted(others, key=len, reverse=True) if len(one) > 1 and one in text]
    if pieces:
        before, _, after = text.partition(pieces[0])
        return f"{_open(before, others)}.+?{_open(after, others)}"
    out, at = [], 0
    for found in _OPEN.finditer(text):
        out.append(_escaped(text[at : found.start()]))
        out.append(r"\s+" if found[0].isspace() else r"\S+" if "//" in found[0] else r"\d+(?:[.,]\d+)*")
        at = found.end()
    return "".join([*out, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _near_line(text: str, which: int) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return lines[which][:200] if lines else ""


def _tail(text: str, size: int) -> str:
    return text if len(text) <= size else text[-size:].partition(" ")[2] or text[-size:]


def _head(text: str, size: int) -> str:
    return text if len(text) <= size else text[:size].rpartition(" ")[0] or text[:size]


# --- which one -----------------------------------------------------------------------------------


def _best(found: Sequence[str], part: str, value: str, body: str, others: Sequence[Letter]) -> str:
    """Return the pattern that finds the value here and something in the most others; the strictest of equal ones."""
    right = [one for one in found if len(one) <= 1_000 and _same(part, find(one, body), value)]
    if not right:
        raise NotThere(f"I find no pattern for the {part}; point at fewer words, or at others")
    return max(right, key=lambda one: sum(_reads(part, one, other) for other in others))  # the first of equal ones


def _same(part: str, found: str | None, value: str) -> bool:
    if found is None:
        return False
    return stars_of(found, 100, 0) == stars_of(value, 100, 0) if part == "stars" else found.split() == value.split()


def _reads(part: str, pattern: str, letter: Letter) -> bool:
    found = find(pattern, body_of(letter))
    return stars_of(found, 100, 0) is not None if part == "stars" else bool(found)
