"""Whether a text is about one of our brands: terms, handles, hashtags and domains, less what only sounds like us.

All terms are looked for at once, word by word, so the time grows with the text and not with the
number of brands. A match begins and ends at a word: "acme" is not in "acmesque".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
        pattern = _ASCII_TOKEN if content.isascii() else _TOKEN  # the same tokens in half the time
        if first.keys().isdisjoint(pattern.findall(content)):
            return set()
        tokens = _Tokens(content, pattern)
        terms: list[tuple[_Term, int, int]] = []
        for at, word in enumerate(tokens.words):
            if word in first:
                terms += [(term, at, end) for term, end in self._ends(tokens, at) if _stands(term, tokens, at, end)]
        excluded = [(term.brand, start, end) for term, start, end in terms if term.excludes]
        return {
            term.brand
            for term, start, end in terms
            if not term.excludes
            and not any(term.brand == brand and start < to and begin < end for brand, begin, to in excluded)
        }

    def _ends(self, tokens: _Tokens, start: int) -> Iterator[tuple[_Term, int]]:
        """Yield every term that begins at a token, with the position after its last one."""
        words = tokens.words
        places = [(self._root.glued[words[start]], start + 1)]
        while places:
            node, at = places.pop()
            yield from ((term, at) for term in node.ends)
            if at >= len(words):
                continue
            if words[at] in node.glued and tokens.glued(at):
                places.append((node.glued[words[at]], at + 1))
            if not node.spaced:
                continue
            if words[at] in node.spaced and not tokens.glued(at):
                places.append((node.spaced[words[at]], at + 1))
            if words[at] in _JOINERS and at + 1 < len(words) and words[at + 1] in node.spaced:
                places.append((node.spaced[words[at + 1]], at + 2))

    def _add(self, term: str, brand: int, *, excludes: bool) -> None:
        tokens = _Tokens(_plain(term.strip()), _TOKEN)
        words = tokens.words
        if not words:
            return
        handle = words[0] in "@#"
        domain = not handle and _DOMAIN.fullmatch(term.strip()) is not None
        glued = [tokens.glued(at) for at in range(len(words))]
        self._put(words, glued, _Term(brand, excludes, handle, domain))
        if len(words) > 1 and all(word.isalnum() for word in words):
            self._put(["".join(words)], [True], _Term(brand, excludes, hashtag_only=True))

    def _put(self, words: Sequence[str], glued: Sequence[bool], term: _Term) -> None:
        node = self._root
        for at, word in enumerate(words):
            branch = node.glued if glued[at] or at == 0 else node.spaced
            node = branch.setdefault(word, _Node())
        node.ends.append(term)


class _Tokens:
    """The words and signs of a text, and which of them stand close together."""

    __slots__ = ("_found", "words")

    def __init__(self, content: str, pattern: re.Pattern[str]) -> None:
        self._found = list(pattern.finditer(content))
        self.words = [found[0] for found in self._found]

    def glued(self, at: int) -> bool:
        """Say whether nothing stands between a token and the one before."""
        return at > 0 and self._found[at].start() == self._found[at - 1].end()


def _stands(term: _Term, tokens: _Tokens, start: int, end: int) -> bool:
    """Say whether what stands around a match leaves it what it is."""
    words = tokens.words
    before = words[start - 1] if tokens.glued(start) else ""
    if term.hashtag_only:
        return before == "#"
    if term.handle and _is_word(before):
        return False  # a mail address, not a handle
    if not (term.handle or term.domain):
        return True
    if term.domain and before == "-":
        return False
    # "@acme.other.example" and "acme.example.evil.org" are somebody else; a full stop ends only a sentence.
    longer = end + 1 < len(words) and words[end] in ".-" and tokens.glued(end) and tokens.glued(end + 1)
    return not (longer and _is_word(words[end + 1]))


def _is_word(token: str) -> bool:
    return token[:1].isalnum() or token[:1] == "_"


def _plain(content: str) -> str:
    """Return a text in which case, width, look-alikes and accents make no difference."""
    folded = text.fold(content, _LONGEST).replace("’", "'")
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFD", folded)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f"))
