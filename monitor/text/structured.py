"""What a page says in words for machines: JSON-LD, microdata, RDFa and the old microformats, as one kind of value.

Pages in the wild are broken in every way, and one broken block must not hide the others. So JSON is read
twice: as it is, then mended. Types and property names lose their vocabulary and their capitals, because
sites write `schema:Review`, `http://schema.org/review` and `ReviewRating` for the same things.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from monitor.text.lenient_json import MAX_DEPTH, read_documents
from monitor.text.markup import from_html

MAX_NESTED = 8  # properties whose words lie in those of others, each of which is read again

JSON_LD, MICRODATA, RDFA, MICROFORMATS = "json-ld", "microdata", "rdfa", "microformats"


@dataclass(slots=True, eq=False)
class Thing:
    """Something that a page describes. Types and names are lower case, without their vocabulary.

    A value is text, a number, true or false, or another Thing. `whole` is False where the page broke off.
    """

    types: frozenset[str]
    props: dict[str, list[Any]] = field(default_factory=dict)
    id: str | None = None
    syntax: str = JSON_LD
    whole: bool = True

    def values(self, *names: str) -> Iterator[Any]:
        """Yield the values of these properties, those of the first name first."""
        for name in names:
            yield from self.props.get(name, ())

    def things(self, *names: str) -> Iterator[Thing]:
        """Yield the values of these properties that are things."""
        return (value for value in self.values(*names) if isinstance(value, Thing))

    def text(self, *names: str) -> str | None:
        """Return the first of these properties that says something in words."""
        values = (value for value in self.values(*names) if isinstance(value, str | int | float))
        words = (str(value).strip() for value in values if not isinstance(value, bool))
        return next(filter(None, words), None)


@dataclass(slots=True)
class Described:
    """All that a page describes, in its order: the outermost things of each syntax, and what was mended."""

    things: list[Thing] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # JSON-LD blocks of which nothing could be read
    mended: bool = False


def described(markup: str) -> Described:
    """Return what a page describes. Never raises for what a page holds."""
    soup = BeautifulSoup(markup, "lxml")
    result = Described()
    for block in _blocks(soup):
        try:
            documents, mended = read_documents(block)
        except ValueError:
            result.unreadable.append(block)
        else:
            result.mended = result.mended or mended
            result.things += [thing for document in documents for thing in _things(document)]
    _resolve(result.things)
    for syntax in _SYNTAXES:
        if any(syntax.types(tag) is not None for tag in soup.find_all(True)):
            result.things += _Walk(soup, syntax).things()
    return result


# --- JSON-LD -------------------------------------------------------------------------------------


def _blocks(soup: BeautifulSoup) -> Iterator[str]:
    for script in soup.find_all("script", type=re.compile(r"ld\+json", re.IGNORECASE)):
        if script.string and not script.find_parent("template"):
            yield str(script.string)


def _things(document: Any, depth: int = 0) -> Iterator[Thing]:
    """Yield the outermost things of a JSON document: those of a list and of `@graph` each by itself."""
    if isinstance(document, list) and depth < MAX_DEPTH:
        for part in document:
            yield from _things(part, depth + 1)
    elif isinstance(document, dict) and document and depth < MAX_DEPTH:
        thing = _thing(document, depth)
        graph = thing.props.pop("@graph", [])
        if thing.props or thing.types:
            yield thing
        yield from (part for part in graph if isinstance(part, Thing))


def _thing(value: dict[str, Any], depth: int) -> Thing:
    keys = {str(key).lower(): content for key, content in value.items()}
    types = keys.get("@type", keys.get("type"))
    thing = Thing(_types(_flat(types)), whole="@broken" not in keys)
    name = keys.get("@id", keys.get("id"))
    thing.id = str(name) if isinstance(name, str | int) and not isinstance(name, bool) else None
    for key, content in value.items():
        low = str(key).lower()
        if low not in ("@type", "@id", "@context", "@broken"):
            name = low if low.startswith("@") else _local(low)
            thing.props.setdefault(name, []).extend(_values(content, depth + 1))
    return thing


def _values(content: Any, depth: int) -> Iterator[Any]:
    for part in _flat(content, depth):
        if isinstance(part, dict):
            if "@value" in part:
                yield from _values(part["@value"], depth + 1)
            elif "@list" in part or "@set" in part:
                yield from _values(part.get("@list", part.get("@set")), depth + 1)
            elif depth < MAX_DEPTH:
                yield _thing(part, depth)
        elif isinstance(part, str):
            yield _readable(part)
        elif part is not None:
            yield part


def _flat(content: Any, depth: int = 0) -> Iterator[Any]:
    if not isinstance(content, list):
        yield content
    elif depth < MAX_DEPTH:
        for part in content:
            yield from _flat(part, depth + 1)


_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|ul|ol|li|a|h[1-6]|img|blockquote|font)(?:\s[^<>]*)?/?>", re.IGNORECASE
)


def _readable(text: str) -> str:
    """Return a string of JSON-LD as words: sites write plain text there, HTML, or text with entities."""
    if "<" in text and _MARKUP.search(text):
        return from_html(text)
    return html.unescape(text) if "&" in text else text


def _resolve(things: Iterable[Thing]) -> None:
    """Put the things that are only named (`{"@id": …}`) in the place of their names."""
    everything = list(walk(things))
    named = {thing.id: thing for thing in reversed(everything) if thing.id and thing.props}
    for thing in everything:
        for values in thing.props.values():
            for at, value in enumerate(values):
                if isinstance(value, Thing) and not value.props and value.id in named:
                    values[at] = named[value.id]


def walk(things: Iterable[Thing]) -> Iterator[Thing]:
    """Yield these things and all inside them, each once, in the order of the page."""
    seen: set[int] = set()
    waiting = list(things)[::-1]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            yield thing
            inside = [value for values in thing.props.values() for value in values if isinstance(value, Thing)]
            waiting.extend(reversed(inside))


def _types(names: Iterable[Any]) -> frozenset[str]:
    return frozenset(_local(name.lower()) for name in names if isinstance(name, str) and name)


def _local(name: str) -> str:
    """Return a name without its vocabulary: `schema:Review` and `http://schema.org/Review` are one."""
    return re.split(r"[/#:]", name.strip().rstrip("/#:"))[-1]


# --- microdata, RDFa, microformats -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How a tag says that it is a thing, of which types, and which property it holds."""

    name: str
    types: Callable[[Tag], frozenset[str] | None]
    properties: Callable[[Tag], list[str]]
    ids: tuple[str, ...] = ()


def _attribute(tag: Tag, name: str) -> str:
    value = tag.attrs.get(name, "")
    return value if isinstance(value, str) else " ".join(value)


def _microdata_types(tag: Tag) -> frozenset[str] | None:
    return _types(_attribute(tag, "itemtype").split()) if "itemscope" in tag.attrs else None


def _rdfa_types(tag: Tag) -> frozenset[str] | None:
    return _types(_attribute(tag, "typeof").split()) if "typeof" in tag.attrs else None


def _names(attribute: str) -> Callable[[Tag], list[str]]:
    return lambda tag: [_local(name) for name in _attribute(tag, attribute).lower().split()]


# Classes of hReview and h-review: https://microformats.org/wiki/hreview
_CLASS_TYPES = {
    "hreview": "review",
    "h-review": "review",
    "hreview-aggregate": "aggregaterating",
    "h-review-aggregate": "aggregaterating",
}
_CLASS_NAMES = {
    "item": "itemreviewed",
    "p-item": "itemreviewed",
    "summary": "name",
    "p-name": "name",
    "description": "description",
    "e-content": "description",
    "reviewer": "author",
    "p-author": "author",
    "dtreviewed": "datepublished",
    "dt-published": "datepublished",
    "dt-reviewed": "datepublished",
    "value": "ratingvalue",
    "average": "ratingvalue",
    "p-average": "ratingvalue",
    "rating": "rating",
    "p-rating": "rating",
    "best": "bestrating",
    "p-best": "bestrating",
    "worst": "worstrating",
    "p-worst": "worstrating",
    "count": "reviewcount",
    "p-count": "reviewcount",
    "votes": "ratingcount",
    "p-votes": "ratingcount",
}


def _classes(tag: Tag, meanings: dict[str, str]) -> list[str]:
    classes = _attribute(tag, "class").lower().split()
    return [meanings[name] for name in classes if name in meanings]


_SYNTAXES = (
    _Syntax(MICRODATA, _microdata_types, _names("itemprop"), ("itemid",)),
    _Syntax(RDFA, _rdfa_types, _names("property"), ("resource", "about")),
    _Syntax(
        MICROFORMATS,
        lambda tag: frozenset(_classes(tag, _CLASS_TYPES)) or None,
        lambda tag: _classes(tag, _CLASS_NAMES),
    ),
)
_UNREAD = frozenset({"script", "style", "template"})
_ADDRESSES = frozenset({"url", "sameas", "image", "logo", "photo", "mainentityofpage", "discussionurl"})
_VALUES = {"time": "datetime", "data": "value", "meter": "value", "input": "value", "abbr": "title"}


class _Walk:
    """One walk over a page for one syntax."""

    def __init__(self, soup: BeautifulSoup, syntax: _Syntax) -> None:
        self.soup = soup
        self.syntax = syntax
        self.outermost: list[Thing] = []
        self.tags: list[tuple[Thing, Tag]] = []
        self.waiting: list[tuple[Tag, Thing | None, list[str], int]] = []
        self.referred: set[int] = set()
        self.named: dict[str, Tag] | None = None

    def things(self) -> list[Thing]:
        """Return the things that lie in no other."""
        self._enter(self.soup, None, [], 0)
        reads = 2 * len(self.soup.find_all(True))  # each tag once, and as many again for things that name others
        while self.waiting and reads:
            reads -= 1
            self._read(*self.waiting.pop())
        for thing, tag in self.tags:
            if not thing.props and not tag.find(True):  # only its type is marked: the words are the name
                thing.props["name"] = [_words(tag)]
        return self.outermost

    def _enter(self, tag: Tag, owner: Thing | None, relations: list[str], nested: int) -> None:
        inside = [child for child in tag.contents if isinstance(child, Tag) and child.name not in _UNREAD]
        self.waiting.extend((child, owner, relations, nested) for child in reversed(inside))

    def _read(self, tag: Tag, owner: Thing | None, relations: list[str], nested: int) -> None:
        properties = self.syntax.properties(tag)
        types = self.syntax.types(tag)
        if types is None:
            if owner is not None and properties and nested < MAX_NESTED:
                nested += 1
                for name in properties:
                    owner.props.setdefault(name, []).append(_value(tag, name))
            relations = _relations(tag) or relations if self.syntax.name == RDFA else relations
            self._enter(tag, owner, relations, nested)
            return
        # A review without an item around it, and without a type, is known by its property.
        thing = Thing(types or frozenset(properties), syntax=self.syntax.name, id=self._id(tag))
        self.tags.append((thing, tag))
        if owner is not None and (properties or relations):
            for name in properties or relations:
                owner.props.setdefault(name, []).append(thing)
        else:
            self.outermost.append(thing)
        self._refer(tag, thing)
        self._enter(tag, thing, [], nested)

    def _id(self, tag: Tag) -> str | None:
        return next((_attribute(tag, name) for name in self.syntax.ids if tag.attrs.get(name)), None)

    def _refer(self, tag: Tag, thing: Thing) -> None:
        """Read the elements elsewhere that a thing names as its own."""
        if "itemref" not in tag.attrs or id(tag) in self.referred:
            return
        self.referred.add(id(tag))
        if self.named is None:
            self.named = {_attribute(other, "id"): other for other in self.soup.find_all(id=True)}
        for name in dict.fromkeys(_attribute(tag, "itemref").split()):
            if (other := self.named.get(name)) is not None:
                self.waiting.append((other, thing, [], 0))


def _relations(tag: Tag) -> list[str]:
    """Return RDFa's `rel="v:rating"`, which names the property of the thing inside."""
    return [_local(name) for name in _attribute(tag, "rel").lower().split() if ":" in name]


def _value(tag: Tag, name: str) -> str:
    if "content" in tag.attrs:
        return _attribute(tag, "content").strip()
    attribute = _VALUES.get(tag.name)
    if tag.name == "link" or (tag.name in ("a", "area") and name in _ADDRESSES):
        attribute = "href"
    elif tag.name == "img":
        attribute = "src" if name in _ADDRESSES else "alt"
    return (attribute and _attribute(tag, attribute).strip()) or _words(tag)


def _words(tag: Tag) -> str:
    if len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
        return " ".join(tag.contents[0].split())
    return from_html(tag.decode_contents())
