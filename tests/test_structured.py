"""Structured data out of broken pages: nothing that a page holds is an exception, and time stays linear."""

from __future__ import annotations

import contextlib
import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.lenient_json import MAX_DEPTH, read_documents
from monitor.text.structured import described, walk

DOCUMENT = {
    "@graph": [
        {"@type": "Review", "reviewBody": 'Said "no", \\ and left; {[,]} // really', "author": {"name": "Nia"}},
        {"@type": "Review", "reviewBody": "Two", "reviewRating": {"ratingValue": 4.5, "best": [5, None, True]}},
    ]
}
BLOCK = json.dumps(DOCUMENT)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.text(max_size=8), values, min_size=1, max_size=3)


def mended(block: str) -> list[Any]:
    documents, was_mended = read_documents(block)
    assert was_mended
    return documents


@given(objects)
def test_good_json_is_taken_as_it_is(value: dict[str, Any]) -> None:
    assert read_documents(json.dumps(value)) == ([value], False)


@given(objects, objects)
def test_mending_changes_no_value(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert mended(f"/* one */ {json.dumps(first)}; {json.dumps(second)} // two") == [first, second]


@given(st.text(alphabet='{}[],:"\\/*-<>!;x1 \n', max_size=60))
def test_any_rubbish_is_read_or_refused(block: str) -> None:
    try:
        read_documents(block)
    except ValueError:
        return


@given(st.text(alphabet="<>/ =\"'{}[],:@abcdiprvstemoypl-ty&;", max_size=120))
def test_no_page_is_an_exception(markup: str) -> None:
    described(f'<div itemscope><script type="application/ld+json">{markup}</script>{markup}')


@pytest.mark.parametrize("length", range(1, len(BLOCK)))
def test_wherever_a_block_breaks_off_only_whole_things_count_as_whole(length: int) -> None:
    try:
        documents, _ = read_documents(BLOCK[:length])
    except ValueError:
        return
    things = described(f'<script type="application/ld+json">{BLOCK[:length]}</script>').things

    reviews = [thing for thing in walk(things) if "review" in thing.types and thing.whole]
    assert documents == [] or documents[0]["@broken"] is True
    assert [thing.text("reviewbody") for thing in reviews] == [
        review["reviewBody"] for review, end in zip(DOCUMENT["@graph"], _ends(), strict=True) if length >= end
    ]


def _ends() -> list[int]:
    """Return where in the block each review has its last bracket."""
    first = BLOCK.index(', {"@type": "Review", "reviewBody": "Two"')
    return [first, len(BLOCK) - 2]


@pytest.mark.parametrize(
    "block, document",
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}),
        ('{"a": [1, 2}', {"a": [1, 2]}),  # a bracket is missing
        ('{"a": 1}}]', {"a": 1}),
        ('{"a": "x" /* why */, "b": 2} // end', {"a": "x", "b": 2}),
        ('{"a": "http://x/*y*/", }', {"a": "http://x/*y*/"}),
        ('<!-- {"a": 1} -->', {"a": 1}),
        ('<!-- note --> {"a": <!-- what? --> 1}', {"a": 1}),
        ("{&quot;a&quot;: &quot;x &amp;amp; y&quot;}", {"a": "x &amp; y"}),
        ('{"a": "it\\\'s", }', {"a": "it's"}),
        ('{"a": "\\x41\\u00e9\\q\\u12"}', {"a": "A\u00e9\\q\\u12"}),
        ('{"a": "say "yes" or "no""}', {"a": 'say "yes" or "no"'}),
        ('{"a": "<p style="x: y;">z</p>"}', {"a": '<p style="x: y;">z</p>'}),
        ('{"a": NaN, "b": Infinity, "c": 1e999, }', {"a": None, "b": None, "c": None}),
        ('{"a": ' + "9" * 5000 + ", }", {"a": "9" * 5000}),
    ],
)
def test_what_is_wrong_in_a_known_way_is_mended(block: str, document: Any) -> None:
    assert mended(block) == [document]


@pytest.mark.parametrize("depth, whole", [(MAX_DEPTH - 1, True), (MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_brackets_are_mended_to_a_depth(depth: int, whole: bool) -> None:
    block = "[" * depth + "]" * depth + "// mend this"

    if whole:
        assert mended(block)
    else:
        with pytest.raises(ValueError, match="levels"):
            read_documents(block)


def test_a_thousand_levels_are_no_exception() -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900

    assert described(f'<script type="application/ld+json">{deep}</script>').things


def test_things_in_a_circle_are_walked_once() -> None:
    block = json.dumps({"@graph": [{"@id": "#a", "x": {"@id": "#b"}}, {"@id": "#b", "x": {"@id": "#a"}}]})

    found = list(walk(described(f'<script type="application/ld+json">{block}</script>').things))

    assert sorted(thing.id or "" for thing in found if thing.props) == ["#a", "#b"]


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "{", '{"a":', ",", '"', '" ', "\\", "/", "/*", "//\n", "<!--", " ", "'", "}", '{"a":1}', ";", "\\x"),
        *('\\"', '"\\', '"a" '),
    ],
)
def test_mending_takes_time_in_step_with_the_length(piece: str) -> None:
    def seconds(length: int) -> float:
        block = '{"a": 1, "b": [' + piece * (length // len(piece))
        began = process_time()
        with contextlib.suppress(ValueError):
            read_documents(block)
        return process_time() - began

    seconds(1_000)

    assert seconds(200_000) < 0.5  # quadratic time would be minutes
