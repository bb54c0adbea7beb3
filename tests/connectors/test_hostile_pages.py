"""Markup made to cost time, as the two connectors read it that take any page there is."""

from __future__ import annotations

import contextlib
from time import process_time
from typing import Any

import pytest

from monitor.errors import LookError
from tests.connectors.kit import Answer, made, read

MOST = 2 * 1024 * 1024  # bytes
LIMIT = 10.0  # seconds: then the parser child is killed
SMALL = 0.05  # of the size, for the quick run

SCRIPT = '<script type="application/ld+json">'

# What is repeated, how often, and what stands before it.
HOSTILE: dict[str, tuple[str, int, str]] = {
    "open tags": ("<a ", 200_000, ""),
    "open comments": ("<!--", 200_000, ""),
    "open ends": ("</", 200_000, ""),
    "open declarations": ("<![", 200_000, ""),
    "ampersands": ("&", 1_000_000, ""),
    "a long entity": ("1", 100_000, "&#"),
    "nested blocks": ("<div>", 50_000, ""),
    "nested tables": ("<table>", 50_000, ""),
    "nested cells": ("<table><tr><td>", 50_000, ""),
    "nested entries": ('<div class="review">', 50_000, ""),
    "attributes": (" a{n}=1", 200_000, "<div"),
    "nested things": ('<div itemscope itemtype="Review" itemprop="review">', 40_000, ""),
    "nested properties": ('<p itemprop="reviewBody">', 80_000, '<div itemscope itemtype="Review">'),
    "many properties": ("<i itemprop=reviewBody>x<b>y</b></i>", 50_000, '<div itemscope itemtype="Review">'),
    "relations": ('<div rel="v:review">', 100_000, '<div typeof="v:Thing">'),
    "references": ("<i itemscope itemtype=Review itemref=x></i>", 40_000, "<p id=x>" + "<i itemprop=name>x</i>" * 900),
    "classes": ('<i class="hreview description rating">', 50_000, ""),
    "scripts": (f"{SCRIPT}{{}}</script>", 40_000, ""),
    "brackets in a script": ("[", 2_000_000, SCRIPT),
    "objects in a script": ('{"a":', 400_000, SCRIPT),
    "quotes in a script": ('"', 2_000_000, f"{SCRIPT}{{"),
    "commas in a script": (",", 2_000_000, f"{SCRIPT}["),
    "reviews in a script": ('{"@type":"Review","reviewBody":"b"},', 55_000, f"{SCRIPT}["),
    "other reviews in a script": ('{"@type":"Review","reviewBody":"{n}"},', 50_000, f"{SCRIPT}["),
    "names in a script": ('{"@id":"{n}","review":{"@id":"1{n}"}},', 45_000, f"{SCRIPT}["),
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "schema_org": {},
    "web_page": {"item": "div.review", "text": "p", "rating": {"select": "i.on", "rule": "count"}},
}


def markup(kind: str, share: float) -> bytes:
    piece, times, before = HOSTILE[kind]
    numbered = (piece.replace("{n}", str(at)) for at in range(int(times * share)))
    return (before + "".join(numbered)).encode()[: MOST - 3] + b" >x"


def seconds(name: str, body: bytes) -> float:
    """Return what reading a page costs in processor time; what it brings does not matter here."""
    subject = made(name, **OPTIONS[name])
    began = process_time()
    with contextlib.suppress(LookError):
        read(subject, Answer(body, content_type="text/html"))
    return process_time() - began


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", OPTIONS)
def test_hostile_markup_costs_time_in_step_with_its_length(name: str, kind: str) -> None:
    assert seconds(name, markup(kind, SMALL)) < LIMIT * SMALL


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", OPTIONS)
def test_two_mebibytes_of_hostile_markup_are_read_before_the_parser_is_killed(name: str, kind: str) -> None:
    body = markup(kind, 1)

    took = seconds(name, body)

    print(f"{name}: {kind}: {len(body):,} bytes in {took:.2f} s")
    assert took < LIMIT
