"""Named complaints and words of danger, found in one pass over the words of a text.

The phrases stand in phrases.toml, which tells how they are written. Each is kept under its first two
words, so that a word that begins no phrase costs one look-up; separate regular expressions cost
two thirds of a scorer's time.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice, product
from typing import Literal, NamedTuple

from monitor.scoring.cutting import TOKEN

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


class _Third:
    """What begins with the same two words. Many pairs of words have the same, and share it."""

    __slots__ = ("after", "open", "whole")

    def __init__(self, phrases: Sequence[_Phrase]) -> None:
        self.whole = [phrase for phrase in phrases if not phrase.rest]  # the two words are all of it
        longer = [phrase for phrase in phrases if phrase.rest]
        # A number or any word may be the third.
        self.open = [phrase for phrase in longer if not phrase.rest[0].isdisjoint((NUMBER, ANY))]
        self.after: dict[str, list[_Phrase]] = {}  # by the third word
        for phrase in longer:
            if phrase not in self.open:
                for word in phrase.rest[0]:
                    self.after.setdefault(word, []).append(phrase)


class _Second:
    """What begins with the same word."""

    __slots__ = ("after", "alone", "open")

    def __init__(self, alone: list[_Phrase], after: dict[str, _Third]) -> None:
        self.alone = alone
        self.after = after  # by the second word
        self.open = NUMBER in after or ANY in after  # a number or any word may be the second


class Spans:
    """Where the words of a text stand, looked up when somebody asks."""

    __slots__ = ("_lowered", "_spans", "_text", "_tokens")

    def __init__(self, text: str, tokens: Sequence[str]) -> None:
        self._text = text
        self._lowered = ""
        self._tokens = tokens
        self._spans: list[tuple[int, int]] = []

    def between(self, first: int, second: int) -> str:
        """Return what stands between two words, in lower case."""
        start, end = self._span(first)[1], self._span(second)[0]
        return self._lowered[start:end]

    def shown(self, start: int, end: int) -> str:
        """Return the text from one word to before another, as it was written, with one space between words."""
        lowered = self._lower()
        text = self._text if len(self._text) == len(lowered) else lowered
        plain = " ".join(self._tokens[start:end])
        place = lowered.find(plain)
        if place >= 0 and lowered.find(plain, place + 1) < 0:  # no need to count words: what is shown is the same
            return text[place : place + len(plain)]
        begin, finish = self._span(start)[0], self._span(end - 1)[1]
        return " ".join(text[begin:finish].split())

    def _span(self, at: int) -> tuple[int, int]:
        lowered, spans = self._lower(), self._spans
        end = spans[-1][1] if spans else 0
        for token in islice(self._tokens, len(spans), at + 1):
            start = lowered.index(token, end)  # between two words is nothing that a word may begin with
            end = start + len(token)
            spans.append((start, end))
        return spans[at]

    def _lower(self) -> str:
        if not self._lowered:
            self._lowered = self._text.lower()
        return self._lowered


_Hit = tuple[_Phrase, int, int]  # from its first word to one past its last


class Phrases:
    """A table of phrases, ready to be looked for."""

    def __init__(
        self, table: dict[str, dict[str, dict[str, list[str]]]], kinds: tuple[Kind, ...] = ("danger", "topic")
    ) -> None:
        found = [
            phrase
            for kind in kinds
            for name, entry in table.get(kind, {}).items()
            for written in entry["phrases"]
            for phrase in _read(kind, name, written)
        ]
        self._starts = _by_their_words(found)
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

    def find(self, text: str, tokens: Sequence[str]) -> list[Found]:
        """Return what is found, dangers first, then in the order of the text. `tokens` are in lower case."""
        return self.among(tokens, Spans(text, tokens))

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
                token = tokens[at + 1]
                if third := second.after.get(token):
                    _longer(third, tokens, at, hits)
                if second.open:
                    if _is_number(token) and (third := second.after.get(NUMBER)):
                        _longer(third, tokens, at, hits)
                    if third := second.after.get(ANY):
                        _longer(third, tokens, at, hits)
        return hits


@cache
def phrases(*, opinions: bool = False) -> Phrases:
    """Return the phrases that ship with the product, read once; with complaints and praise where `opinions`."""
    content = resources.files("monitor.scoring").joinpath("phrases.toml").read_text(encoding="utf-8")
    return Phrases(tomllib.loads(content), _KINDS if opinions else _KINDS[:2])


# --- reading the table ---------------------------------------------------------------------------


def _read(kind: Kind, name: str, written: str) -> Iterator[tuple[Slot, Slot | None, _Phrase]]:
    """Yield each way to say a phrase: its first word, its second one if there is one, and all of it."""
    for slots in _variants(written):
        negates = any(slot & _NEGATORS or any("n't" in word for word in slot) for slot in slots)
        yield slots[0], slots[1] if len(slots) > 1 else None, _Phrase(kind, name, slots[2:], negates)


def _by_their_words(found: Iterable[tuple[Slot, Slot | None, _Phrase]]) -> dict[str, _Second]:
    alone: dict[str, list[_Phrase]] = {}
    after: dict[str, dict[str, list[_Phrase]]] = {}
    for first, second, phrase in found:
        for word in first:
            if second is None:
                alone.setdefault(word, []).append(phrase)
            for follower in second or ():
                after.setdefault(word, {}).setdefault(follower, []).append(phrase)
    shared: dict[tuple[int, ...], _Third] = {}
    starts = {}
    for word in alone | after:
        thirds = {}
        for follower, phrases in after.get(word, {}).items():
            same = tuple(map(id, phrases))
            if same not in shared:
                shared[same] = _Third(phrases)
            thirds[follower] = shared[same]
        starts[word] = _Second(alone.get(word, []), thirds)
    return starts


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
    if base not in (NUMBER, ANY) and not TOKEN.fullmatch(base):
        raise ValueError(f"`{word}` is not one word")
    forms = {base}
    if word.endswith("~"):
        stem = base.removesuffix("e")
        forms |= {f"{base}s", f"{base}es", f"{base}d", f"{base}ed", f"{base}'s", f"{stem}ing"}
        forms |= {f"{base[:-1]}ies", f"{base[:-1]}ied"} if base.endswith("y") else set()
    return forms | {form.replace("'", "") for form in forms}


# --- looking -------------------------------------------------------------------------------------


def _longer(third: _Third, tokens: Sequence[str], at: int, hits: list[_Hit]) -> None:
    """Add the phrases whose first two words stand at a place and whose others follow."""
    after = at + 2
    if third.whole:
        hits += [(phrase, at, after) for phrase in third.whole]
    if after == len(tokens):
        return
    for phrase in (*third.after.get(tokens[after], ()), *third.open):
        end = after + len(phrase.rest)
        if end <= len(tokens) and all(map(_fits, phrase.rest, tokens[after:end])):
            hits.append((phrase, at, end))


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
