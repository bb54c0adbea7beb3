"""Parts of a page by CSS selectors: what is seen of it, and what of an element is to be taken."""

from __future__ import annotations

import re

import re2
import soupsieve
from bs4 import BeautifulSoup, Tag

from monitor.text.links import safe_link
from monitor.text.markup import from_html

Element = Tag

_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_QUIET = re2.Options()
_QUIET.log_errors = False  # a mistake is told by the exception, not on the terminal


def checked_selector(value: str) -> str:
    """Return a CSS selector. Raises ValueError that says where it is wrong."""
    try:
        soupsieve.compile(value)
    except (soupsieve.SelectorSyntaxError, NotImplementedError) as error:
        raise ValueError(f"`{value}` is not a CSS selector: {str(error).splitlines()[0]}") from error
    return value


def checked_pattern(value: str) -> str:
    """Return a pattern that runs in linear time (RE2). Raises ValueError that says what is wrong."""
    try:
        re2.compile(value, _QUIET)
    except re2.error as error:
        raise ValueError(f"`{value}` is not an RE2 pattern: {error.args[0].decode()}") from error
    return value


def seen(markup: str) -> Element:
    """Return a page without scripts, styles, templates and what is hidden."""
    page = BeautifulSoup(markup, "lxml")
    for unseen in page.find_all(_is_unseen):
        unseen.extract()
    return page


def _is_unseen(tag: Tag) -> bool:
    if tag.name in ("script", "style", "template") or "hidden" in tag.attrs:
        return True
    return "style" in tag.attrs and bool(_UNSEEN.search(str(tag.attrs["style"])))


def base_of(page: Element, address: str) -> str:
    """Return the address against which the links of a page are read."""
    bases = (safe_link(str(tag["href"]), address) for tag in page.find_all("base", href=True))
    return next(bases, None) or address


def elements(inside: Element, selector: str | None, limit: int = 0) -> list[Element]:
    """Return the elements that a selector finds, or without one the element itself. `limit` 0 means all."""
    return inside.select(selector, limit=limit) if selector else [inside]


def taken(element: Element, take: str, pattern: str | None = None) -> str | None:
    """Return what there is to take: "text" as people read it, "html" as it stands, "attr:NAME".

    Of what a pattern matches, the first group is taken, or all of it when it has none. Nothing is None.
    """
    if take.startswith("attr:"):
        found = _attribute(element, take.removeprefix("attr:"))
    else:
        inside = element.decode_contents()
        found = inside.strip() if take == "html" else from_html(inside)
    if found and pattern:
        match = re2.compile(pattern, _QUIET).search(found)
        found = (match[1 if match.groups() else 0] or "").strip() if match else ""
    return found or None


def _attribute(element: Element, name: str) -> str:
    value = element.get(name) or ""  # a list where HTML says that it is one, as with `class`
    return (value if isinstance(value, str) else " ".join(value)).strip()
