"""Whether a text is about one of our brands: terms, handles, hashtags and domains, less what only sounds like us.

All terms are looked for at once, word by word, so the time grows with the text and not with the
number of brands. A match begins and ends at a word: "acme" is not in "acmesque".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor import text
from monitor.models import Brand

_LONGEST = 2 * text.MAX_TEXT  # a brand named at the end of the longest text is found, too
# Scripts that put no spaces between words are read sign by sign, everything else word by word.
_SIGNS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+|[^\w\s]")
_ASCII_TOKEN = re.compile(r"\w+|[^\w\s]", re.ASCII)
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_JOINERS = frozenset("-_'’")  # between two words of a term these are as good as a space


class _Token(NamedTuple):
    word: str
    glued: bool  # nothing stands between it and the one before


@dataclass(frozen=True, slots=True)
class _Term:
    """A term of one brand, or one of its exclusions."""

    brand: int
    excludes: bool
    handle: bool = False  # starts with @ or #
    domain: bool = False
    hashtag_only: bool = False  # "Acme Coffee" as #acmecoffee


@dataclass(slots=True)
class _Node:
    """One word further into the terms."""

    glued: dict[str, _Node] = field(default_factory=dict)  # the next word follows at once
    spaced: dict[str, _Node] = field(default_factory=dict)  # after space
    ends: list[_Term] = field(default_factory=list)


class Matcher:
    """The brands of a configuration, compiled once; safe to share between threads."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._names = tuple(brand.name for brand in brands)
        self._root = _Node()
        for number, brand in enumerate(brands):
            for term in brand.terms:
                self._add(term, number, excludes=False)
            for term in brand.exclude:
                self._add(term, number, excludes=True)

    def brands_in(self, *texts: str | None) -> tuple[str, ...]:
        """Return the names of the brands that any of the texts is about, in the order of the configuration.

        An exclusion takes away the terms it overlaps: a text that only names "acme corporation" is
        not about "acme" where the first is excluded.
        """
        found: set[int] = set()
        for content in texts:
            if content and len(found) < len(self._names):
                found |= self._brands_of(_plain(content))
        return tuple(self._names[number] for number in sorted(found))

    def _brands_of(self, content: str) -> set[int]:
        first = self._root.glued
        if first.keys().isdisjoint(_pattern_for(content).findall(content)):
            return set()
        tokens = _tokens(content)
        terms: list[tuple[_Term, int, int]] = []
        for at, token in enumerate(tokens):
            if token.word in first:
                terms += [(term, at, end) for term, end in self._ends(tokens, at) if _stands(term, tokens, at, end)]
        excluded = [(term.brand, start, end) for term, start, end in terms if term.excludes]
        return {
            term.brand
            for term, start, end in terms
            if not term.excludes
            and not any(term.brand == brand and start < to and begin < end for brand, begin, to in excluded)
        }

    def _ends(self, tokens: Sequence[_Token], start: int) -> Iterator[tuple[_Term, int]]:
        """Yield every term that begins at a token, with the position after its last one."""
        places = [(self._root.glued[tokens[start].word], start + 1)]
        while places:
            node, at = places.pop()
            yield from ((term, at) for term in node.ends)
            if at >= len(tokens):
                continue
            token = tokens[at]
            if token.glued and token.word in node.glued:
                places.append((node.glued[token.word], at + 1))
            if not node.spaced:
                continue
            if token.word in node.spaced and not token.glued:
                places.append((node.spaced[token.word], at + 1))
            after = tokens[at + 1] if at + 1 < len(tokens) else None
            if token.word in _JOINERS and after is not None and after.word in node.spaced:
                places.append((node.spaced[after.word], at + 2))

    def _add(self, term: str, brand: int, *, excludes: bool) -> None:
        tokens = _tokens(_plain(term.strip()))
        if not tokens:
            return
        handle = tokens[0].word in "@#"
        domain = not handle and _DOMAIN.fullmatch(term.strip()) is not None
        self._put(tokens, _Term(brand, excludes, handle, domain))
        words = [token.word for token in tokens]
        if len(words) > 1 and all(word.isalnum() for word in words):
            hashtag = _Term(brand, excludes, hashtag_only=True)
            self._put([_Token("".join(words), glued=True)], hashtag)

    def _put(self, tokens: Iterable[_Token], term: _Term) -> None:
        node = self._root
        for number, token in enumerate(tokens):
            branch = node.glued if token.glued or number == 0 else node.spaced
            node = branch.setdefault(token.word, _Node())
        node.ends.append(term)


def _stands(term: _Term, tokens: Sequence[_Token], start: int, end: int) -> bool:
    """Say whether what stands around a match leaves it what it is."""
    before = tokens[start - 1].word if start and tokens[start].glued else ""
    if term.hashtag_only:
        return before == "#"
    if term.handle and _is_word(before):
        return False  # a mail address, not a handle
    if not (term.handle or term.domain):
        return True
    if term.domain and before == "-":
        return False
    # "@acme.other.example" and "acme.example.evil.org" are somebody else; a full stop ends only a sentence.
    longer = end + 1 < len(tokens) and tokens[end].glued and tokens[end].word in ".-" and tokens[end + 1].glued
    return not (longer and _is_word(tokens[end + 1].word))


def _is_word(token: str) -> bool:
    return token[:1].isalnum() or token[:1] == "_"


def _plain(content: str) -> str:
    """Return a text in which case, width, look-alikes and accents make no difference."""
    folded = text.fold(content, _LONGEST).replace("’", "'")
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFD", folded)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f"))


def _pattern_for(content: str) -> re.Pattern[str]:
    return _ASCII_TOKEN if content.isascii() else _TOKEN  # the same tokens in half the time


def _tokens(content: str) -> list[_Token]:
    tokens = []
    end = -1
    for found in _pattern_for(content).finditer(content):
        tokens.append(_Token(found[0], found.start() == end))
        end = found.end()
    return tokens
