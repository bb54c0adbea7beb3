"""Markup to readable text, in one pass.

A reader of its own: it runs in the daemon's process on text from strangers, and a tag with 200,000
attributes kept libxml2 busy for seven minutes. Here every character is looked at a fixed number of times.
"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

MAX_MARKUP = 1_048_576  # characters; the rest is not read

# No group has a possessive `*+`: the releases of Python before 3.11.5 then match what is not there. What is not
# possessive keeps a note of every turn, so the turns are counted.
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*+)([^>"']*+(?:(?:"[^"]*+"|'[^']*+')[^>"']*+){0,100})>""")
_PLAIN_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)([^>]*)>")
_SPACE = re.compile("[ \t\r\n\f\xa0]+")
_SPACES = re.compile("[ \t\f\xa0]{2,}")
_MANY_LINES = re.compile("\n{3,}")
_QUOTED = re.compile(r"""=\s*(?:"[^"]*"|'[^']*')""")
_HIDDEN = re.compile(r"(?:^|[\s/])hidden(?![\w-])", re.IGNORECASE)
_STYLE = re.compile(r"""(?:^|[\s"'/])style\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)""", re.IGNORECASE)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ALT = re.compile(r"""(?:^|[\s"'/])alt\s*=\s*("[^"]{1,16}"|'[^']{1,16}')""", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{100,}|[xX][0-9a-fA-F]{100,});?")

_RAW = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"})
_DROPPED = frozenset({"template", "noscript", "object", "svg", "math", "canvas", "audio", "video", "select"})
_OPEN_ENDED = frozenset({"p", "li", "dd", "dt", "td", "th", "tr", "option"})  # their end tags may be left out
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_PARAGRAPHS = ("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul")
_LINES = (
    *("address", "article", "aside", "br", "caption", "dd", "details", "dialog", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "option", "section"),
    *("summary", "tbody", "tfoot", "thead", "tr"),
)
_BREAKS = dict.fromkeys(_PARAGRAPHS, "\n\n") | dict.fromkeys(_LINES, "\n") | dict.fromkeys(("td", "th"), " ")


def from_html(markup: str) -> str:
    """Return the words that a person would see, with paragraphs and lines kept apart.

    Scripts, styles, comments, templates and hidden elements are dropped. Entities are unescaped
    once: what was escaped twice stays escaped once. An image counts by its `alt` when that is an
    emoji. Never raises; linear in the length of the markup.
    """
    text = "".join(_Reader(markup[:MAX_MARKUP]).pieces())
    text = _SPACES.sub(" ", text)
    text = "\n".join(line.strip(" ") for line in text.split("\n"))
    return _MANY_LINES.sub("\n\n", text).strip("\n ")


class _Reader:
    """One walk over the markup. `hidden` is the element whose end we wait for, `inside` what is open within it."""

    def __init__(self, markup: str) -> None:
        self.markup = markup
        self.tag = _TAG
        self.hidden: str | None = None
        self.inside: Counter[str] = Counter()
        self.pre = 0
        # The last places where something can end: beyond them nobody searches again and again.
        self.last = {end: markup.rfind(end) for end in (">", "-->", "]]>")}

    def pieces(self) -> list[str]:
        """Return the words and line breaks."""
        out: list[str] = []
        at = 0
        while (start := self.markup.find("<", at)) != -1:
            self._words(self.markup[at:start], out)
            at = self._construct(start, out)
        self._words(self.markup[at:], out)
        return out

    def _words(self, raw: str, out: list[str]) -> None:
        if not raw or self.hidden:
            return
        words = unescape(_LONG_NUMBER.sub("\ufffd", raw)) if "&" in raw else raw
        words = words.replace("\r\n", "\n").replace("\xa0", " ") if self.pre else _SPACE.sub(" ", words)
        if words != " " or not (out and out[-1].endswith("\n")):
            out.append(words)

    def _construct(self, start: int, out: list[str]) -> int:
        """Read what begins with `<` and return where to go on."""
        follows = self.markup[start + 1 : start + 2]
        if follows in ("!", "?"):
            return self._declaration(start, out)
        if not (follows == "/" or (follows.isascii() and follows.isalpha())):
            self._words("<", out)
            return start + 1
        if start > self.last[">"]:
            return len(self.markup)  # a tag without an end: browsers show nothing of it
        match = self.tag.match(self.markup, start)
        if match is None and self.tag is _TAG:
            if follows == "/":
                match = _PLAIN_TAG.match(self.markup, start)
            else:
                self.tag = _PLAIN_TAG  # a quote that is never closed: from here on quotes mean nothing
                match = self.tag.match(self.markup, start)
        if match is None:  # `</` and no name
            return self.markup.find(">", start) + 1
        closing, name, attributes = match.groups()
        return self._element(bool(closing), name.lower(), attributes, match.end(), out)

    def _declaration(self, start: int, out: list[str]) -> int:
        """Skip a comment or declaration; the inside of a CDATA section counts as words."""
        if self.markup.startswith("<!--", start):
            if self.markup.startswith(("<!-->", "<!--->"), start):
                return self.markup.find(">", start) + 1
            return self._after("-->", start)
        if self.markup.startswith("<![CDATA[", start):
            if start > self.last["]]>"]:
                return start + 9
            end = self.markup.find("]]>", start)
            self._words(self.markup[start + 9 : end].replace("&", "&amp;"), out)
            return end + 3
        return self._after(">", start)

    def _after(self, end: str, start: int) -> int:
        """Return the place after the next `end`, or that of the end of all."""
        if start > self.last[end]:
            return len(self.markup)
        return self.markup.find(end, start) + len(end)

    def _element(self, closing: bool, name: str, attributes: str, end: int, out: list[str]) -> int:
        if not closing and name in _RAW:
            return self._after_raw(name, end)
        if self.hidden and not self._hidden_ends(closing, name):
            return end
        if not closing and self._hides(name, attributes):
            self.hidden, self.inside = name, Counter((name,))
            return end
        if name == "pre":
            self.pre = max(0, self.pre + (-1 if closing else 1))
        if name in _BREAKS:
            # Where one block ends and the next begins is one end of a line; only <br> makes empty ones.
            if name == "br" or not (out and out[-1].endswith(_BREAKS[name])):
                out.append(_BREAKS[name])
        elif name == "img" and (alt := _ALT.search(attributes)):
            self._emoji(alt[1][1:-1], out)
        return end

    def _emoji(self, alt: str, out: list[str]) -> None:
        words = unescape(alt)
        if not any(character.isascii() and character.isalnum() for character in words):
            out.append(words)

    def _hidden_ends(self, closing: bool, name: str) -> bool:
        """Count our way out of a hidden element; say whether this tag is already outside of it."""
        if name in _EMPTY or (closing and not self.inside[name] and self.hidden not in _OPEN_ENDED):
            return False
        if self._is_around(closing, name):
            self.hidden = None
            return True
        self.inside[name] += -1 if closing else 1
        if not self.inside[self.hidden or ""]:
            self.hidden = None
        return False

    def _is_around(self, closing: bool, name: str) -> bool:
        """Say whether a tag ends the hidden element without being its end tag."""
        if self.hidden not in _OPEN_ENDED:
            return False
        if closing:
            return name in _BREAKS and not self.inside[name]
        if self.hidden == "p":
            return name in _BREAKS
        return name == self.hidden and not any(self.inside[list_] for list_ in ("ul", "ol", "dl", "table", "select"))

    def _after_raw(self, name: str, at: int) -> int:
        end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(self.markup, at)
        return self._after(">", end.end()) if end else len(self.markup)

    @staticmethod
    def _hides(name: str, attributes: str) -> bool:
        if name in _EMPTY:
            return False
        if name in _DROPPED:
            return not attributes.endswith("/")
        low = attributes.lower()
        if "hidden" in low and _HIDDEN.search(_QUOTED.sub("=", attributes)):
            return True
        return "style" in low and any(_UNSEEN.search(style) for style in _STYLE.findall(attributes))
