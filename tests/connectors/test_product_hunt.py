"""What is special about Product Hunt: GraphQL, people without names, answers of the token's own account."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.connector import Audience, Author, Connector, Kind, Subject
from monitor.errors import FetchError
from monitor.normalise import normalise
from tests.builders import NOON
from tests.connectors.cases.product_hunt import API, MAKER, NOBODY, alone, comment, launch, reply, user
from tests.connectors.kit import Answer, first_request, made, read
from tests.samples import MISSING, samples_folder


@pytest.fixture
def hunt() -> Connector[Any]:
    return made("product_hunt")


def test_a_comment_and_a_reply_are_read_whole(hunt: Connector[Any]) -> None:
    first, below = read(hunt, Answer(launch(comment(1, reply(101))))).mentions

    assert (first.external_id, first.kind, first.text) == ("1", Kind.COMMENT, "It lost my data, and nobody answers.")
    assert first.author == Author("Nia K.", "77", "https://www.producthunt.com/@nia")
    assert first.published_at == datetime(2026, 11, 24, 22, 10, tzinfo=UTC)
    assert (first.audience, first.subject) == (Audience(3, "likes"), Subject(product="Acme"))
    assert first.url == first.answer_url == "https://www.producthunt.com/posts/acme?comment=1"
    assert (first.thread_id, first.parent_id, first.rating, first.own) == ("1", None, None, False)
    assert (below.external_id, below.thread_id, below.parent_id) == ("101", "1", "1")


def test_who_is_not_shown_is_nobody_and_above_all_not_one_of_the_makers(hunt: Connector[Any]) -> None:
    [said] = read(hunt, Answer(launch(comment(1, userId="0", user=NOBODY)))).mentions

    assert (said.author, said.own) == (None, False)


def test_what_the_account_of_the_token_and_the_makers_wrote_is_ours(hunt: Connector[Any]) -> None:
    viewer = reply(101, userId="0", user=user(isViewer=True))

    said = read(hunt, Answer(launch(comment(1, viewer, reply(102, userId=MAKER), reply(103))))).mentions

    assert [one.own for one in said] == [False, True, True, False]


@pytest.mark.parametrize(("body", "markup"), [("<p>No.</p>", True), ("a<br>b", True), ("I <3 it, 2 < 3", False)])
def test_markup_is_taken_for_what_it_is(hunt: Connector[Any], body: str, markup: bool) -> None:
    [said] = read(hunt, Answer(launch(comment(1, body=body)))).mentions

    assert said.html is markup


def test_the_average_of_the_reviews_is_told_without_their_number(hunt: Connector[Any]) -> None:
    [total] = read(hunt, Answer(launch())).totals
    [new] = read(hunt, Answer(launch(reviewsRating=0.0))).totals

    assert (total.count, total.average, total.subject) == (None, 4.5, "Acme")
    assert (new.count, new.average) == (None, None)


def test_pages_and_long_threads_are_followed_by_their_cursors(hunt: Connector[Any]) -> None:
    found = read(hunt, Answer(launch(comment(1, reply(101), more="below-1"), comment(2), more="page-2")))
    below, onward = found.follow
    rest = read(hunt, Answer(alone(comment(1, reply(102), more="below-2"))), below)

    assert below.json["variables"] == {"slug": "acme", "id": "1", "replies": "below-1"}  # type: ignore[union-attr]
    assert onward.json["variables"] == {"slug": "acme", "after": "page-2"}  # type: ignore[union-attr]
    assert [one.external_id for one in rest.mentions] == ["1", "102"]
    assert rest.follow[0].json["variables"]["replies"] == "below-2"  # type: ignore[union-attr]


def test_a_recheck_shows_the_comment_with_its_answers_or_that_it_is_gone(hunt: Connector[Any]) -> None:
    [raw] = read(hunt, Answer(launch(comment(1)))).mentions

    [asked] = hunt.recheck([normalise(raw, connector="product_hunt", brands=(), now=NOON)])
    still = read(hunt, Answer(alone(comment(1, reply(101, userId=MAKER)))), asked)
    gone = read(hunt, Answer(alone(None)), asked)

    assert [(one.external_id, one.own) for one in still.mentions] == [("1", False), ("101", True)]
    assert gone.gone == ("1",)


def test_an_unknown_launch_and_an_error_with_200_say_what_is_wrong(hunt: Connector[Any]) -> None:
    with pytest.raises(FetchError, match="knows no launch acme: compare `post`"):
        read(hunt, Answer({"data": {"post": None}}))
    with pytest.raises(FetchError, match="refused the question.*complexity"):
        read(hunt, Answer({"data": None, "errors": [{"message": "too much complexity"}]}))


@pytest.mark.parametrize(
    "typed", ["acme-2", " https://www.producthunt.com/posts/acme-2?utm_source=x ", "producthunt.com/posts/acme-2/"]
)
def test_the_launch_is_found_in_what_people_paste(typed: str) -> None:
    assert made("product_hunt", post=typed).config.post == "acme-2"


def test_the_token_goes_into_the_header(hunt: Connector[Any]) -> None:
    asked, auth = first_request(hunt), hunt.auth()
    assert auth is not None

    assert (asked.method, asked.url, asked.json["variables"]) == ("POST", API, {"slug": "acme"})
    assert auth.sign(asked, None, NOON).headers == {"Authorization": "Bearer made-up-token"}


# --- against the schema --------------------------------------------------------------------------


def test_the_questions_fit_the_published_schema(hunt: Connector[Any]) -> None:
    folder = samples_folder()
    if folder is None:
        pytest.skip(MISSING)
    types = types_of((folder / "product_hunt" / "schema.graphql").read_text(encoding="utf-8"))
    [raw] = read(hunt, Answer(launch(comment(1)))).mentions
    [one] = hunt.recheck([normalise(raw, connector="product_hunt", brands=(), now=NOON)])

    for request in (first_request(hunt), one):
        asked = request.json["query"]  # type: ignore[union-attr]
        declared = dict(re.findall(r"\$(\w+): (\w+!?)", asked.partition(")")[0]))
        words = iter(re.findall(r"[{}]|\w+(?:\([^)]*\))?", asked.partition(") ")[2]))
        assert next(words) == "{"
        assert fits(words, "Query", types, declared)
        assert set(request.json["variables"]) <= declared.keys()  # type: ignore[union-attr]


def test_the_schema_would_show_a_wrong_question() -> None:
    types = {"Query": {"post": ("Post", {"slug": "String"})}, "Post": {"name": ("String", {})}}

    for wrong in ("post(slug: $slug) { title } }", "post(id: $slug) { name } }", "launch { name } }"):
        with pytest.raises(AssertionError):
            fits(iter(re.findall(r"[{}]|\w+(?:\([^)]*\))?", wrong)), "Query", types, {"slug": "String!"})


Fields = Mapping[str, tuple[str, Mapping[str, str]]]


def types_of(schema: str) -> dict[str, Fields]:
    """Return the types of a schema: field → its own type, and the types of its arguments, `!` left out."""
    plain = re.sub(r'"""[\s\S]*?"""|#.*', "", schema)
    found: dict[str, Fields] = {}
    for name, body in re.findall(r"^type (\w+)[^{]*\{([\s\S]*?)^\}", plain, re.MULTILINE):
        fields = re.findall(r"(\w+)\s*(?:\(([^)]*)\))?\s*:\s*\[?(\w+)", body)
        found[name] = {one: (kind, dict(re.findall(r"(\w+): (\w+)", given))) for one, given, kind in fields}
    return found


def fits(words: Iterator[str], kind: str, types: Mapping[str, Fields], declared: Mapping[str, str]) -> bool:
    """Check one block of a question, up to its closing brace. Raises AssertionError where it does not fit."""
    last = ""
    for word in words:
        if word == "}":
            return True
        if word == "{":
            fits(words, types[kind][last][0], types, declared)
            continue
        last, _, given = word.partition("(")
        assert last in types[kind], f"{kind} has no {last}"
        known = types[kind][last][1]
        for argument, value in re.findall(r"(\w+): (\$?\w+)", given):
            assert argument in known, f"{kind}.{last} takes no {argument}"
            if value.startswith("$"):
                assert declared[value[1:]].rstrip("!") == known[argument]
    raise AssertionError("a brace is not closed")
