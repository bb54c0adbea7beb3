"""The door to monitor/templates: read and compiled once, at the first message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from monitor.notifier import Quote
from monitor.render.phrases import begun, ended
from monitor.text import safe_link, shorten, shown

FOLDER = Path(__file__).parent.parent / "templates"
NO_TEXT = "(no text)"
BODY = "<!--words-->"  # a mail's body stands between two of these, so that a page can show it
LONGEST_LINES = 30  # lines of one quote

_SPACES = re.compile(r"[ \t]+")


class QuoteWords(TypedDict):
    """One quote, ready to be laid out."""

    heading: str
    lines: list[str]
    author: str
    more: str | None  # where the whole of it stands
    hint: str  # the words to type for the whole of it


@cache
def _plain() -> Environment:
    # Words only: every channel encodes for itself, once. Pages are made by `pages`, which escapes.
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        auto_reload=False,
    )
    environment.filters |= {"pre": _pre, "begun": begun, "small": _small, "ended": ended, "filled": _filled}
    return environment


@cache
def pages() -> Environment:
    """Return the environment of everything that becomes HTML: it escapes all it is given."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _pre(text: str, before: str, after: str = "") -> str:
    return f"{before}{text}{after}" if text else ""


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _filled(parts: list[str]) -> list[str]:
    return [part for part in parts if part]


@cache
def _blocks(name: str) -> tuple[Template, dict[str, Any]]:
    layout = _plain().get_template("words/layout.txt")
    template = _plain().get_template(f"words/{name}.txt")
    return template, {**layout.blocks, **template.blocks}


def words(name: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template says, block by block.

    subject and headline are text; lines, opening, after and closing are tuples of lines. Empty lines vanish.
    """
    template, blocks = _blocks(name)
    given = template.new_context(dict(context))
    said: dict[str, Any] = {block: _lines("".join(render(given))) for block, render in blocks.items()}
    said["subject"] = " ".join(said["subject"])
    said["headline"] = " · ".join(said["headline"])
    return said


def _lines(text: str) -> tuple[str, ...]:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return tuple(line for line in lines if line)


def quote(one: Quote, limit: int) -> QuoteWords:
    """Return a quote cut to what one reads in a mail, with the way to the whole of it."""
    whole = shown(one.text).strip()
    lines = [line.rstrip() for line in whole.split("\n")]
    short = shorten("\n".join(lines[:LONGEST_LINES]), limit)
    cut = short != "\n".join(lines)
    more = one.more if cut else None
    return {
        "heading": one.heading or "",
        "lines": short.split("\n") if short else [NO_TEXT],
        "author": shorten(" ".join(shown(one.author or "").split()), 80),
        "more": safe_link(more.url) if more else None,
        "hint": (more.command or "") if more else "",
    }


def mail_text(mail: Mapping[str, Any]) -> str:
    """Return the plain part of a mail."""
    parts: list[str] = ["\n\n".join(mail["opening"])]
    if mail["items"]:
        parts.append("\n".join(f"- {words}{f': {url}' if url else ''}" for words, url in mail["items"]))
    parts += [_plain_quote(one) for one in mail["quotes"]]
    parts += mail["after"]
    if mail["links"]:
        parts.append("\n".join(f"{words}: {url}" for words, _, url in mail["links"]))
    parts += mail["closing"]
    if mail["refs"]:
        parts.append(mail["refs"])
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain_quote(one: QuoteWords) -> str:
    lines = [f"> {line}".rstrip() for line in one["lines"]]
    if one["heading"]:
        lines.insert(0, f"{one['heading']}:")
    if one["author"]:
        lines.append(f"> ({one['author']})")
    if one["more"] or one["hint"]:
        lines.append(f"All of it: {one['more'] or one['hint']}")
    return "\n".join(lines)


def mail_html(mail: Mapping[str, Any]) -> str:
    """Return the HTML part of a mail: inline styles, nothing from outside, every word escaped."""
    return _page("mail.html").render(mail, body=BODY)


@cache
def _page(name: str) -> Template:
    return pages().get_template(name)


def page(name: str, context: Mapping[str, Any]) -> str:
    """Return one page of the templates, every word escaped."""
    return _page(name).render(context)
