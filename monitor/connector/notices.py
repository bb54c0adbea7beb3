"""Rules that read the notices of platforms: whose mail, which words are stars, text, author and link.

Rules are data that a user teaches from one example. Their patterns run on RE2: their time grows with the text,
whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import re2
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from monitor.connector.letters import Letter, are_aligned
from monitor.models import Rating
from monitor.text import safe_link

MAX_PATTERN = 1_000  # characters
MAX_READ = 50_000  # characters of a mail that patterns are tried on
# Who sends notices to many; what they send without a rule is told with its subject and link. None of these addresses
# is documented anywhere: whoever gets notices from others names those.
KNOWN_SENDERS = (
    *("businessprofile-noreply@google.com", "googlealerts-noreply@google.com"),
    *("noreply-play-developer-console@google.com", "no_reply@email.apple.com", "noreply@reddit.com"),
    *("facebookmail.com", "trustpilot.com", "yelp.com", "tripadvisor.com", "disqus.net"),
)
PARTS = ("stars", "text", "title", "author", "link", "place", "product")

_STAR_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "one ein eine einen eins un una une uno",
            "two zwei deux dos due",
            "three drei trois tres tre",
            "four vier quatre cuatro quattro",
            "five fünf cinq cinco cinque",
        ),
        start=1,
    )
    for word in words.split()
}
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,3})?")
_FILLED, _STAR_SIGNS = "★⭐🌟", "★☆⭐🌟✩✭\ufe0f \u00a0"
_NOT_OFFERED = re.compile(
    r"unsubscribe|opt-?out|abmelden|preferences|settings|privacy|terms|legal|imprint|help|support|\.(?:png|gif|jpe?g|css)(?:$|\?)",
    re.IGNORECASE,
)
_LED_TO = ("url", "u", "q", "target", "redirect", "redirect_url", "link", "continue")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def checked_pattern(pattern: str) -> str:
    """Return a pattern that RE2 takes. Raises ValueError with what is wrong with it."""
    if not pattern or len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has 1 to {MAX_PATTERN} characters")
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"is no pattern that RE2 takes ({reason})") from None
    return pattern


def _sender(value: str) -> str:
    text = value.strip().lower().lstrip("@")
    if not re.fullmatch(r"(?:[^@\s]{1,64}@)?[a-z0-9-]+(?:\.[a-z0-9-]+)+", text):
        raise ValueError(f'"{value[:80]}" is neither a domain nor a mail address')
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Pattern = Annotated[str, AfterValidator(checked_pattern)]
Senders = Annotated[tuple[Annotated[str, AfterValidator(_sender)], ...], BeforeValidator(_listed)]


class NoticeRule(BaseModel):
    """One rule. A pattern's first group is the value, or all that it matches where it has no group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: Senders = Field(min_length=1, description="domains or addresses whose mails it reads")
    subject: Pattern | None = Field(None, description="what the subject must match")
    stars: Pattern | None = Field(None, description="where the stars stand: a number, a word, or star signs")
    best: float = Field(5.0, gt=0, le=100, description="the most stars there are")
    worst: float = Field(1.0, ge=0, description="the fewest")
    text: Pattern | None = Field(None, description="where the review stands")
    title: Pattern | None = Field(None, description="where its title stands; empty: the subject of the mail")
    author: Pattern | None = Field(None, description="where the name of its author stands")
    link: Pattern | None = Field(None, description="which of the mail's links leads to it")
    place: Pattern | None = Field(None, description="where the place stands that it is about")
    product: Pattern | None = Field(None, description="where the product stands that it is about")
    skip: bool = Field(False, description="such mails say nothing that matters: leave them out")
    check_sender: bool = Field(True, description="count stars only where the mail server vouches for the sender")

    @model_validator(mode="after")
    def _says_something(self) -> NoticeRule:
        if not self.skip and not (self.stars or self.text):
            raise ValueError("a rule says where `stars` or `text` stand, or `skip = true`")
        if self.best <= self.worst:
            raise ValueError(f"`best` ({self.best:g}) must be above `worst` ({self.worst:g})")
        return self

    def is_for(self, letter: Letter) -> bool:
        """Say whether the rule is about mails like this one."""
        return comes_from(letter, self.sender) and (
            self.subject is None or _find(self.subject, letter.subject) is not None
        )

    def read(self, letter: Letter) -> Notice | None:
        """Return what the rule finds; None when stars or text are not where it says."""
        body = body_of(letter)
        values = {part: _find(pattern, body) for part in PARTS if part != "link" and (pattern := getattr(self, part))}
        rating = stars_of(values.get("stars"), self.best, self.worst)
        if (self.stars and rating is None) or (self.text and not self.stars and not values.get("text")):
            return None
        link = next((one for one in letter.links if self.link and _find(self.link, one) is not None), None)
        return Notice(
            rating,
            values.get("text") or "",
            values.get("title"),
            values.get("author"),
            link,
            values.get("place"),
            values.get("product"),
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """What a rule found in a mail."""

    rating: Rating | None
    text: str
    title: str | None = None
    author: str | None = None
    link: str | None = None
    place: str | None = None
    product: str | None = None


def rule_for(letter: Letter, rules: Sequence[NoticeRule]) -> NoticeRule | None:
    """Return the first rule that is for a mail and can read it, or else the first that is for it."""
    fitting = [rule for rule in rules if rule.is_for(letter)]
    able = (rule for rule in fitting if rule.skip or rule.read(letter) is not None)
    return next(able, fitting[0] if fitting else None)


def comes_from(letter: Letter, senders: Iterable[str]) -> bool:
    """Say whether the sender's address is among these, or its domain is, or lies below one of them."""
    return any(
        letter.sender == one if "@" in one else f".{letter.domain}".endswith(f".{one}")
        for one in senders
        if letter.domain
    )


def body_of(letter: Letter) -> str:
    """Return what patterns are tried on: the subject, and below it the text."""
    return f"{letter.subject}\n{letter.text}"[:MAX_READ]


def find(pattern: str, text: str) -> str | None:
    """Return what a pattern finds first, or None."""
    return _find(pattern, text)


def _find(pattern: str, text: str) -> str | None:
    match = _compiled(pattern).search(text)
    if match is None:
        return None
    value = match.group(1) if match.re.groups else match.group(0)
    return (value or "").strip()


def stars_of(value: str | None, best: float = 5.0, worst: float = 1.0) -> Rating | None:
    """Return the mark that some words name: "2", "4,5 of 5", "★★☆☆☆", "two". None for what fits no scale."""
    if not value:
        return None
    signs = sum(value.count(sign) for sign in _FILLED)
    number = _NUMBER.search(value)
    word = next((_STAR_WORDS[one] for one in re.findall(r"[^\W\d]+", value.lower()) if one in _STAR_WORDS), None)
    count = float(number[0].replace(",", ".")) if number else float(signs or word or 0)
    rating = Rating(count, best, worst)
    return rating if count and rating.stars is not None else None


def is_star_signs(value: str) -> bool:
    """Say whether some words are nothing but star signs."""
    return bool(value) and all(letter in _STAR_SIGNS for letter in value)


def link_of(letter: Letter, *, vouched: bool) -> str | None:
    """Return the link of a mail that most likely leads to what it is about; none that unsubscribes or explains.

    Where nobody vouches for the sender, only one to the domain that it says it comes from: a forger gains nothing.
    """
    offered = [one for one in letter.links if not _NOT_OFFERED.search(one)]
    near = [one for one in offered if are_aligned(_host(one), letter.domain)]
    return next(iter(near), offered[0] if vouched and offered else None)


def unwrapped(link: str | None) -> str | None:
    """Return where a link leads that counts clicks, when it says so itself; nothing is ever asked of it."""
    if link is None:
        return None
    for name, value in parse_qsl(urlsplit(link).query):
        if name.lower() in _LED_TO and value.startswith(("https://", "http://")):
            return safe_link(value) or link
    return link


def _host(link: str) -> str:
    return (urlsplit(link).hostname or "").lower()
