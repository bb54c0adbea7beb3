"""Named complaints and words of danger, found in one pass over the words of a text.

The phrases stand in phrases.toml, which tells how they are written. Each is kept under its first two
words, so that a word that begins no phrase costs one look-up; separate regular expressions cost
two thirds of a scorer's time.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import product
from typing import Literal, NamedTuple

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?;:\n]")
_NUMBER_WORDS = frozenset(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "thirty"]
)
_FIRST_NUMBERS = _NUMBER_WORDS | set(map(str, range(1_000)))  # those that a phrase may begin with
_NEGATORS = frozenset(["not", "no", "never", "without", "hardly", "nor", "neither", "cannot", "zero"])
_NEGATION_REACH = 3  # words before a phrase
_NO_NEGATION = frozenset(["only", "just", "even", "so", "this", "such", "been", "mention"])  # "not only", "never so"
_SHOWN = 3  # phrases kept of one name
_LONGEST_SHOWN = 80  # characters of one

Slot = frozenset[str]
Kind = Literal["danger", "topic", "complaint", "praise"]
_KINDS: tuple[Kind, ...] = ("danger", "topic", "complaint", "praise")
NUMBER, ANY, NOBODY = "#", "*", "nobody"
_WITH_NOBODY = re.compile(r"\S*\bnobody\b\S*")


def tokens_of(text: str) -> list[str]:
    """Return the words of a lower-cased text, apostrophes inside words kept."""
    return _TOKEN.findall(text)


class Found(NamedTuple):
    """One name with the words of the text that carry it, as written there."""

    kind: Kind
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: Kind
    name: str
    rest: tuple[Slot, ...]  # after the first two words
    negates: bool  # holds a word like "no" itself


@dataclass(slots=True)
class _Second:
    """What may follow a first word."""

    alone: list[_Phrase] = field(default_factory=list)
    after: dict[str, list[_Phrase]] = field(default_factory=dict)
    open: bool = False  # a number or any word may follow


class Spans:
    """Where the words of a text stand, looked up when somebody asks. `lowered` is the text in lower case."""

    __slots__ = ("_lowered", "_spans", "_text")

    def __init__(self, text: str, lowered: str) -> None:
        self._text = text if len(text) == len(lowered) else lowered
        self._lowered = lowered
        self._spans: list[tuple[int, int]] | None = None

    def between(self, first: int, second: int) -> str:
        """Return what stands between two words."""
        return self._lowered[self._span(first)[1] : self._span(second)[0]]

    def shown(self, start: int, end: int) -> str:
        """Return the text from one word to before another, as it was written, with one space between words."""
        return " ".join(self._text[self._span(start)[0] : self._span(end - 1)[1]].split())

    def _span(self, at: int) -> tuple[int, int]:
        if self._spans is None:
            self._spans = [found.span() for found in _TOKEN.finditer(self._lowered)]
        return self._spans[at]


_Hit = tuple[_Phrase, int, int]  # from its first word to one past its last


class Phrases:
    """A table of phrases, ready to be looked for."""

    def __init__(
        self, table: dict[str, dict[str, dict[str, list[str]]]], kinds: tuple[Kind, ...] = ("danger", "topic")
    ) -> None:
        self._starts: dict[str, _Second] = {}
        for kind in kinds:
            for name, entry in table.get(kind, {}).items():
                for phrase in entry["phrases"]:
                    self._add(kind, name, phrase)
        if numbers := self._starts.get(NUMBER):
            # One look-up a word: a number that begins a phrase is found like any other word.
            self._starts |= {number: numbers for number in _FIRST_NUMBERS if number not in self._starts}

    def beginnings(self) -> Iterator[str | tuple[str, str]]:
        """Yield the words that may begin a phrase whatever follows them, and all others with each word that must."""
        for word, second in self._starts.items():
            if second.alone or second.open or word in _FIRST_NUMBERS:
                yield word
            else:
                yield from ((word, follower) for follower in second.after)

    def find(self, text: str, lowered: str, tokens: Sequence[str]) -> list[Found]:
        """Return what is found, dangers first, then in the order of the text.

        `tokens` are those of `lowered`, which is `text` in lower case.
        """
        return self.among(tokens, Spans(text, lowered))

    def among(self, tokens: Sequence[str], places: Spans, starts: Iterable[int] | None = None) -> list[Found]:
        """Return the same of tokens whose places are known; `starts` are the only ones where a phrase may begin."""
        hits = self._valid_hits(tokens, places, starts)
        return _gathered(hits, places) if hits else []

    def names(self, tokens: Sequence[str], places: Spans, starts: Iterable[int] | None = None) -> set[tuple[Kind, str]]:
        """Return kinds and names of what `among` would find, for who does not need the words."""
        return {(phrase.kind, phrase.name) for phrase, _, _ in self._valid_hits(tokens, places, starts)}

    def _valid_hits(self, tokens: Sequence[str], places: Spans, starts: Iterable[int] | None) -> list[_Hit]:
        hits = self._hits(tokens, starts)
        return [hit for hit in hits if hit[0].negates or not _negated(hit[1], tokens, places)] if hits else hits

    def _hits(self, tokens: Sequence[str], places: Iterable[int] | None) -> list[_Hit]:
        starts = self._starts
        hits: list[_Hit] = []
        last = len(tokens) - 1
        if places is None:
            places = [at for at, token in enumerate(tokens) if token in starts]
        for at in places:
            second = starts[tokens[at]]
            if second.alone:
                hits += [(phrase, at, at + 1) for phrase in second.alone]
            if at < last:
                next_token = tokens[at + 1]
                if next_token in second.after:
                    _longer(second.after[next_token], tokens, at, hits)
                if second.open:
                    _open(second, tokens, at, hits)
        return hits

    def _add(self, kind: Kind, name: str, phrase: str) -> None:
        for slots in _variants(phrase):
            negates = any(slot & _NEGATORS or any("n't" in word for word in slot) for slot in slots)
            found = _Phrase(kind, name, slots[2:], negates)
            for first in slots[0]:
                second = self._starts.setdefault(first, _Second())
                if len(slots) == 1:
                    second.alone.append(found)
                    continue
                second.open |= NUMBER in slots[1] or ANY in slots[1]
                for word in slots[1]:
                    second.after.setdefault(word, []).append(found)


@cache
def phrases(*, opinions: bool = False) -> Phrases:
    """Return the phrases that ship with the product, read once; with complaints and praise where `opinions`."""
    content = resources.files("monitor.scoring").joinpath("phrases.toml").read_text(encoding="utf-8")
    return Phrases(tomllib.loads(content), _KINDS if opinions else _KINDS[:2])


# --- reading the table ---------------------------------------------------------------------------


def _variants(phrase: str) -> Iterator[tuple[Slot, ...]]:
    """Yield the phrase with and without each of its optional places."""
    if NOBODY in phrase and "noone" not in phrase:
        yield from _variants(_WITH_NOBODY.sub("no one", phrase))
        phrase = phrase.replace(NOBODY, f"{NOBODY}|noone")
    places = []
    for part in re.findall(r"\[[^\]]*\]|\S+", phrase):
        optional = part.startswith("[")
        slot = _slot(part.strip("[]").replace(" ", "|"))
        places.append([(slot,), ()] if optional else [(slot,)])
    for chosen in product(*places):
        slots = tuple(slot for choice in chosen for slot in choice)
        if slots:
            yield slots


def _slot(part: str) -> Slot:
    return frozenset(form for word in part.split("|") for form in _forms(word))


def _forms(word: str) -> Iterable[str]:
    base = word.removesuffix("~")
    if base not in (NUMBER, ANY) and not _TOKEN.fullmatch(base):
        raise ValueError(f"`{word}` is not one word")
    forms = {base}
    if word.endswith("~"):
        stem = base.removesuffix("e")
        forms |= {f"{base}s", f"{base}es", f"{base}d", f"{base}ed", f"{base}'s", f"{stem}ing"}
        forms |= {f"{base[:-1]}ies", f"{base[:-1]}ied"} if base.endswith("y") else set()
    return forms | {form.replace("'", "") for form in forms}


# --- looking -------------------------------------------------------------------------------------


def _longer(phrases: Sequence[_Phrase], tokens: Sequence[str], at: int, hits: list[_Hit]) -> None:
    """Add the phrases whose first two words stand at a place and whose others follow."""
    after = at + 2
    size = len(tokens) - after
    for phrase in phrases:
        rest = phrase.rest
        if not rest:
            hits.append((phrase, at, after))
        elif len(rest) <= size and _fits(rest[0], tokens[after]):
            end = after + len(rest)
            if all(map(_fits, rest, tokens[after:end])):
                hits.append((phrase, at, end))


def _open(second: _Second, tokens: Sequence[str], at: int, hits: list[_Hit]) -> None:
    if _is_number(tokens[at + 1]):
        _longer(second.after.get(NUMBER, ()), tokens, at, hits)
    _longer(second.after.get(ANY, ()), tokens, at, hits)


def _is_number(token: str) -> bool:
    return token.isdigit() or token in _NUMBER_WORDS


def _fits(slot: Slot, token: str) -> bool:
    return token in slot or ANY in slot or (NUMBER in slot and _is_number(token))


def _negated(start: int, tokens: Sequence[str], places: Spans) -> bool:
    for at in range(start - 1, max(start - 1 - _NEGATION_REACH, -1), -1):
        token = tokens[at]
        if token in _NEGATORS or "n't" in token:
            emphatic = not _NO_NEGATION.isdisjoint(tokens[at + 1 : start])
            return not emphatic and not _SENTENCE_END.search(places.between(at, start))
    return False


def _order(hit: _Hit) -> tuple[int, int, int]:
    return _KINDS.index(hit[0].kind), hit[1], -hit[2]


def _gathered(hits: Sequence[_Hit], places: Spans) -> list[Found]:
    if len(hits) == 1:
        [(phrase, start, end)] = hits
        return [Found(phrase.kind, phrase.name, (places.shown(start, end)[:_LONGEST_SHOWN],))]
    words: dict[tuple[Kind, str], list[str]] = {}
    taken: dict[tuple[str, str], int] = {}
    for phrase, start, end in sorted(hits, key=_order):
        key = phrase.kind, phrase.name
        if start < taken.get(key, 0):
            continue  # inside a longer one of the same name
        taken[key] = end
        shown = places.shown(start, end)[:_LONGEST_SHOWN]
        kept = words.setdefault(key, [])
        if len(kept) < _SHOWN and shown not in kept:
            kept.append(shown)
    return [Found(kind, name, tuple(kept)) for (kind, name), kept in words.items()]
